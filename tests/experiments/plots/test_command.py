"""python -m experiments.plots, its page of all pictures, and what they import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from PIL import Image

from experiments import Sweep
from experiments.cli import plots
from experiments.plots.page import write_page

OF_ONE_RUN = [
    "accuracy.png",
    "boundaries.png",
    "boundary_grid.png",
    "learning_curves.png",
]


@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_without_results_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], exists: bool
) -> None:
    folder = tmp_path if exists else tmp_path / "missing"
    assert plots.main([str(folder)]) == 2
    said = f"experiments.plots: {folder}: expected the results of a sweep, found no sweep.json\n"
    assert capsys.readouterr() == ("", said)
    assert not list(tmp_path.iterdir())


def test_the_command_draws_the_results_of_a_sweep(tmp_path: Path) -> None:
    Sweep(hidden=[1], learning_rate=[1.2], seed=[0], iterations=1, dataset="moons").run(jobs=1, out=str(tmp_path))
    command = [sys.executable, "-m", "experiments.plots", str(tmp_path)]
    lines_out = subprocess.check_output(command, text=True).splitlines()
    assert lines_out == [str(tmp_path / "plots" / name) for name in OF_ONE_RUN]
    assert all(Path(line).stat().st_size for line in lines_out)


def test_the_command_needs_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        plots.main([])
    assert left.value.code == 2
    assert "DIR" in capsys.readouterr().err


def test_a_page_has_every_picture_in_full(tmp_path: Path) -> None:
    colours = ["#D55E00", "#0072B2", "#009E73", "#CC79A7", "#F0E442"]
    paths = [tmp_path / f"{i}.png" for i in range(5)]
    for path, colour, size in zip(
        paths, colours, [(300, 200), (100, 200), (400, 100), (200, 200), (90, 90)], strict=True
    ):
        Image.new("RGB", size, colour).save(path)
    write_page(paths, tmp_path / "page.png", width=600, per_row=3.0)
    page = np.asarray(Image.open(tmp_path / "page.png").convert("RGB")).astype(int)
    assert page.shape[1] == 600
    boxes = []
    for colour in colours:
        wanted = np.round(255 * np.array(to_rgba(colour)[:3]))
        rows, columns = np.nonzero((np.abs(page - wanted) < 4).all(axis=2))
        boxes.append((rows.min(), columns.min(), rows.max() + 1, columns.max() + 1))
        assert len(rows) == (boxes[-1][2] - boxes[-1][0]) * (boxes[-1][3] - boxes[-1][1])  # nothing covers it
    shapes = [(right - left) / (bottom - top) for top, left, bottom, right in boxes]
    np.testing.assert_allclose(shapes, [1.5, 0.5, 4.0, 1.0, 1.0], rtol=0.05)
    assert boxes[0][0] == boxes[1][0] == boxes[2][0] < boxes[3][0] == boxes[4][0]
    assert boxes[2][3] == pytest.approx(600 - 16, abs=2)


def test_pictures_need_no_pyplot() -> None:
    code = (
        "import sys\nfrom experiments import plots\nfrom tests.helpers.tables import make_curves, make_runs\n"
        "assert plots.plot_curves(make_curves(make_runs())).axes\n"
        "print('matplotlib.figure' in sys.modules, 'matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == ["True", "False"]
