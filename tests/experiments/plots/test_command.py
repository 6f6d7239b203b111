"""python -m experiments.plots, its page of all pictures, and what they import."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from PIL import Image

from experiments import Sweep
from experiments.cli import plots
from experiments.cli.options import plots_parser
from experiments.plots.names import NAMES
from experiments.plots.page import write_page

AMONG = f"expected all or plots among {', '.join(NAMES)}"
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


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("results")
    asked = {"dataset": "moons", "samples": 50, "hidden": [1, 2], "learning_rate": [0.1, 1.2]}
    Sweep(seed=range(2), iterations=5, **asked).run(jobs=1, out=out, plots=False)
    return out


def test_a_slide_is_a_pdf_of_its_size(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [
        "--only",
        "heat_map",
        "--format",
        "pdf",
        "svg",
        "--font-size",
        "18",
        "--size",
        "16x9",
        "--title",
        "Mine",
    ]
    assert plots.main([str(folder), *arguments]) == 0
    pdf, svg = (folder / "plots" / f"heat_map.{kind}" for kind in ("pdf", "svg"))
    assert capsys.readouterr() == (f"{pdf}\n{svg}\n", "")
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert b"/MediaBox [ 0 0 1152 648 ]" in pdf.read_bytes()
    assert not any(word in pdf.read_bytes() for word in (b"CreationDate", b"ModDate", b"/Producer", b"/Creator"))
    assert 'width="1152pt" height="648pt" viewBox="0 0 640 360"' in svg.read_text()
    assert "Mine" in svg.read_text()  # a comment beside the shapes of its letters
    root = ET.fromstring(svg.read_text())
    assert root.tag.endswith("svg")


def test_pixels_are_those_of_size_and_resolution(folder: Path) -> None:
    for size, font_size, dpi, expected in (("16x9", "18", "75", (1200, 675)), ("5x3.5", "7.5", "100", (500, 350))):
        how = ["--size", size, "--font-size", font_size, "--dpi", dpi]
        assert plots.main([str(folder), "--only", "accuracy", *how]) == 0
        with Image.open(folder / "plots" / "accuracy.png") as image:
            assert image.size == expected
            assert image.info["dpi"] == pytest.approx((float(dpi), float(dpi)), abs=0.1)


def test_the_same_results_give_the_same_bytes_in_another_process(folder: Path) -> None:
    made = []
    for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo")):
        command = [sys.executable, "-m", "experiments.plots", str(folder), "--only", "boundaries", "accuracy"]
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone}
        said = subprocess.check_output([*command, "--format", "pdf", "svg", "png"], text=True, env=environment)
        made.append([Path(line).read_bytes() for line in said.splitlines()])
    assert len(made[0]) == 2 * 3
    assert made[0] == made[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "heatmap"], f"argument --only: {AMONG}, got 'heatmap' (did you mean 'heat_map'?)"),
        (["--only", "accuracy", "xyz"], f"argument --only: {AMONG}, got 'xyz'"),
        (["--page", "x.txt"], "argument --page: expected a file name that ends in .png, .pdf or .svg, got 'x.txt'"),
        (["--size", "16"],
         "argument --size: expected a width and a height of 1 to 100 inches such as 16x9, got '16'"),
        (["--size", "0x9"],
         "argument --size: expected a width and a height of 1 to 100 inches such as 16x9, got '0x9'"),
        (["--font-size", "nan"], "argument --font-size: expected a number from 1 to 200, got 'nan'"),
        (["--dpi", "a"], "argument --dpi: expected a number from 10 to 2400, got 'a'"),
        (["--title", "Mine"], "--title: expected one plot, as in --only heat_map --title TEXT"),
        (["--title", "Mine", "--only", "all"], "--title: expected one plot, as in --only heat_map --title TEXT"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as left:
        plots.main([str(tmp_path), *arguments])
    assert left.value.code == 2
    assert capsys.readouterr() == ("", f"experiments.plots: {said}; --help lists the options\n")
    assert not list(tmp_path.iterdir())


def test_what_does_not_apply_or_does_not_fit_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert plots.main([str(folder), "--only", "slices"]) == 2
    problem = "moons, samples 50"
    assert capsys.readouterr() == ("", f"{problem}: not drawn: slices: only of a sample (--sample)\n")
    assert plots.main([str(folder), "--only", "distribution", "--size", "8x2.2"]) == 0
    remedy = "choose a larger --size or a smaller --font-size"
    assert capsys.readouterr().err == f"distribution.png: labels are left out where they would overlap: {remedy}\n"
    assert plots.main([str(folder), "--only", "accuracy", "--size", "2x1.5", "--font-size", "20"]) == 0
    error = capsys.readouterr().err
    assert error.startswith("accuracy.png: some text does not fit, such as ")
    assert error.endswith(": choose a larger --size or a smaller --font-size\n")
    assert error.count("\n") == 1


@pytest.mark.parametrize("kind", ["pdf", "svg", "png"])
def test_a_page_is_what_its_name_says(folder: Path, tmp_path: Path, kind: str) -> None:
    page = tmp_path / f"page.{kind}"
    arguments = ["--only", "accuracy", "heat_map", "--format", "svg" if kind == "png" else "png", "--page", str(page)]
    assert plots.main([str(folder), *arguments]) == 0
    start = {"pdf": b"%PDF-", "svg": b"<?xml", "png": b"\x89PNG"}[kind]
    content = page.read_bytes()
    assert content.startswith(start)
    if kind == "svg":
        root = ET.fromstring(content.decode())
        drawings = [child for child in root if child.tag.endswith("svg")]
        places = [tuple(float(child.attrib[name].removesuffix("pt")) for name in ("x", "width")) for child in drawings]
        assert len(places) == 2
        assert places[0][0] + places[0][1] < places[1][0] < places[1][0] + places[1][1] < 1080
    if kind == "pdf":
        assert content.count(b"/Type /Page ") == 1
        assert b"/MediaBox [ 0 0 1080 " in content


def test_the_commands_of_the_manual_are_understood() -> None:
    text = (Path(__file__).parents[3] / "docs" / "figures.md").read_text(encoding="utf-8").replace("\\\n", "")
    commands = [line.strip() for line in text.splitlines() if line.startswith("    python -m experiments.plots")]
    assert len(commands) == 5
    for command in commands:
        options = plots_parser().parse(shlex.split(command)[3:])
        assert options.only
        assert {*options.only} <= {*NAMES}


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
