"""The pictures in a results folder: which are drawn, under which names, and of what."""

from __future__ import annotations

import importlib
import shutil
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from experiments import Sweep, plots
from experiments.datasets.loading import load
from experiments.plots import gallery
from experiments.plots import material as of_problem
from experiments.plots.accuracy import plot_accuracy
from experiments.plots.curves import plot_curves
from experiments.plots.material import Material
from experiments.plots.names import NAMES, Look
from experiments.plots.output import write_picture
from tests.helpers.tables import (
    every_text,
    fail,
    lines,
    make_curves,
    make_results,
    make_runs,
    shading,
    title,
)

PICTURES = [
    "accuracy.png",
    "boundaries.png",
    "boundary_grid.png",
    "convergence.png",
    "cost_by_size.png",
    "curves_cost.png",
    "curves_test_accuracy.png",
    "curves_train_accuracy.png",
    "data.png",
    "distribution.png",
    "heat_map.png",
    "parallel.png",
]
"""What every sweep drew before some of them were to be asked for."""
ASKED = [name.removesuffix(".png") for name in PICTURES]
OF_TWO_SETTINGS = ("heat_map.png", "parallel.png")
OF_ONE_RUN = [name for name in PICTURES if name not in (*OF_TWO_SETTINGS, "cost_by_size.png")]
OF_ONE_RUN_ASKED = [name.removesuffix(".png") for name in OF_ONE_RUN]
OF_NETWORKS = ("hidden_units", "training_strip", "training", "confusion", "roc", "predicted")
USUAL = ["accuracy.png", "boundaries.png", "boundary_grid.png", "heat_map.png", "learning_curves.png"]


def draw_only(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """A picture takes a tenth of a second or two, which only one who looks at them need pay."""
    monkeypatch.setattr(gallery, "PICTURES", {name: gallery.PICTURES[name] for name in names})
    monkeypatch.setattr(gallery, "USUAL", names)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A folder that held a picture of its own, and the results that were then drawn into it."""
    folder, results = tmp_path_factory.mktemp("results"), make_results(make_runs())
    (folder / "plots").mkdir()
    (folder / "plots" / "mine.png").write_bytes(b"mine")
    return SimpleNamespace(folder=folder, results=results, written=gallery.draw_all(folder, results, only=ASKED))


@pytest.fixture(scope="module")
def drawn_again(drawn: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """The same folder after another sweep, of one learning rate, in which all networks of a hidden size failed."""
    folder, runs = tmp_path_factory.mktemp("again") / "results", make_runs(("4", "8x8"), (0.5,), range(2))
    shutil.copytree(drawn.folder, folder)
    results = make_results(fail(runs, runs.hidden == "4"))
    said: list[str] = []
    written = gallery.draw_all(folder, results, said.append, only=ASKED)
    assert said == ["moons: not drawn: heat map, parallel: only one setting varies"]
    return SimpleNamespace(folder=folder, results=results, written=written)


def test_draw_all_writes_every_picture_and_touches_no_other_file(drawn: SimpleNamespace) -> None:
    place = drawn.folder / "plots"
    assert drawn.written == [place / name for name in PICTURES]
    assert sorted(path.name for path in place.iterdir()) == sorted([*PICTURES, "mine.png"])
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in drawn.written)
    assert (place / "mine.png").read_bytes() == b"mine"
    assert list(drawn.folder.iterdir()) == [place]


def test_every_picture_has_its_file_and_its_function() -> None:
    files = {"curves" if name.startswith("curves_") else name for name in gallery.PICTURES} - {"training"}
    for name in files:
        function = getattr(importlib.import_module(f"experiments.plots.{name}"), f"plot_{name}")
        assert getattr(plots, function.__name__) is function
    assert sorted(plots.__all__) == sorted(["draw_all", *(f"plot_{name}" for name in files)])
    of_other_sweeps = {
        "race",
        "slices",
        "importance",
        "curves_test_cost",
        "curves_validation_cost",
        "curves_train_r2",
        "curves_test_r2",
        "learning_curves",
        *OF_NETWORKS,
    }
    # These tables have no such columns.
    assert sorted({*gallery.PICTURES} - of_other_sweeps) == ASKED
    assert tuple(gallery.PICTURES) == NAMES


def test_a_sample_has_pictures_of_its_own(tmp_path: Path) -> None:
    results = make_results(make_runs(), sampled=("hidden", "learning_rate"))
    said: list[str] = []
    assert [path.name for path in gallery.draw_all(tmp_path, results)] == ["learning_curves.png", "slices.png"]
    names = {path.name for path in gallery.draw_all(tmp_path, results, said.append, only=[*ASKED, "slices"])}
    of_grids = {"accuracy.png", "boundaries.png", "boundary_grid.png", "heat_map.png", "parallel.png"}
    assert names == {*PICTURES, "slices.png"} - of_grids
    assert said == [
        "moons: not drawn: accuracy, heat map, boundaries, boundary grid, parallel: a sample has slices instead"
    ]


def test_importances_need_some_configurations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw_only(monkeypatch, "importance")
    for n, expected in ((19, []), (20, ["importance.png"])):
        runs = make_runs(tuple(map(str, range(1, n + 1))), (0.5,), range(2))
        runs["learning_rate"] = runs["hidden"].astype(float)
        results = make_results(runs, sampled=("hidden", "learning_rate"))
        assert [path.name for path in gallery.draw_all(tmp_path, results)] == expected


def test_curves_of_a_sample_are_those_of_the_first_in_rank() -> None:
    runs = make_runs(tuple(map(str, range(1, 13))), (0.5,), range(2))
    runs["test_accuracy"] += runs["hidden"].astype(int) / 100
    material = Material(make_results(runs, sampled=("hidden",)), {"dataset": "moons"})
    curves, summary, note = material.first_curves
    assert set(curves["hidden"]) == set(summary["hidden"]) == set(map(str, range(5, 13)))
    assert note == "the first 8 of 12 configurations in rank"
    grid = Material(make_results(runs), {"dataset": "moons"})
    assert len(grid.first_curves[0]) == len(grid.curves)
    assert grid.first_curves[2] == ""


def test_every_picture_is_explained() -> None:
    text = (Path(plots.__file__).parents[2] / "results" / "README.md").read_text(encoding="utf-8")
    names = [f"`{name}.{'gif' if name == 'training' else 'png'}`" for name in gallery.PICTURES]
    assert [name for name in names if name not in text] == []


def test_draw_all_writes_the_same_bytes_for_the_same_tables(drawn: SimpleNamespace, tmp_path: Path) -> None:
    first = [path.read_bytes() for path in drawn.written]
    again = [path.read_bytes() for path in gallery.draw_all(tmp_path, make_results(make_runs()), only=ASKED)]
    assert first == again
    assert not any(b"Software" in picture or b"Matplotlib" in picture for picture in first)


def test_draw_all_draws_the_median_seed_of_each_hidden_size(drawn: SimpleNamespace) -> None:
    # Seeds 0 to 4 lose 0, 2, 4, 1 and 3 times 0.003.
    assert drawn.results.asked == [("moons", hidden, 0.5, 1) for hidden in ("4", "8x8", "1")]


def test_draw_all_leaves_out_the_network_of_a_hidden_size_that_failed(drawn_again: SimpleNamespace) -> None:
    assert len(drawn_again.written) == len(PICTURES) - len(OF_TWO_SETTINGS)
    assert [hidden for _, hidden, _, _ in drawn_again.results.asked] == ["8x8"]


def test_a_picture_that_is_not_drawn_any_more_is_removed(drawn_again: SimpleNamespace) -> None:
    place = drawn_again.folder / "plots"
    assert sorted(path for path in place.iterdir() if path.name != "mine.png") == drawn_again.written
    assert not {*OF_TWO_SETTINGS} & {path.name for path in drawn_again.written}
    assert (place / "mine.png").read_bytes() == b"mine"


def test_draw_all_reads_only_the_networks_it_draws() -> None:
    results = make_results(make_runs(tuple(str(h) for h in range(1, 31)), (0.5,), range(1)))
    material = Material(results, {"dataset": "moons"})
    assert len(material.networks) == len(results.asked) == 20
    assert material.note.endswith("; 20 of 30 hidden sizes shown")
    assert material.networks[-1][0] == "30 hidden units\nseed 0: accuracy 85.0 %"


def test_draw_all_of_several_data_sets_gives_each_its_own_pictures(tmp_path: Path) -> None:
    runs = pd.concat(
        [make_runs(("4",), (0.5,), range(1), name) for name in ("moons", "some/where/my data.csv")],
        ignore_index=True,
    )
    written = [path.name for path in gallery.draw_all(tmp_path, make_results(runs), only=OF_ONE_RUN_ASKED)]
    endings = ("-moons.png", "-my-data.png")
    assert written == sorted(name.replace(".png", ending) for name in OF_ONE_RUN for ending in endings)
    assert written == sorted(written)


def test_draw_all_of_several_problems_names_each_and_draws_twelve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_only(monkeypatch, "accuracy", "curves_cost")

    def noisy(*noises: Any) -> pd.DataFrame:
        return pd.concat([make_runs(("4",), (0.5,), range(1), noise=noise) for noise in noises], ignore_index=True)

    written = [path.name for path in gallery.draw_all(tmp_path / "two", make_results(noisy("auto", "0.1")))]
    endings = ("-moons-noise-auto.png", "-moons-noise-0-1.png")
    assert written == sorted(f"{name}{ending}" for name in gallery.PICTURES for ending in endings)

    draw_only(monkeypatch, "accuracy")
    said: list[str] = []
    written = [path.name for path in gallery.draw_all(tmp_path, make_results(noisy(*range(13))), said.append)]
    assert written == sorted(f"accuracy-moons-noise-{noise}.png" for noise in range(12))
    assert said == ["in the plots: the first 12 of 13 problems"]


def test_a_problem_is_named_in_every_picture() -> None:
    runs = make_runs(("4",), (0.5,), range(2), noise=0.25)
    results = make_results(runs)
    material = Material(results, {"dataset": "moons", "noise": 0.25})
    for name in [name for name in gallery.PICTURES if name not in OF_NETWORKS]:
        if (figure := gallery.picture(name, material)) is not None:
            assert any("moons, noise 0.25: " in text for text in every_text(figure)), name
    with pytest.raises(
        ValueError, match=r"expected the rows of one data set, got 2: moons, noise 0.25, moons, noise 1;"
    ):
        plot_curves(make_curves(pd.concat([runs, runs.assign(noise=1.0)], ignore_index=True)), "cost")


def test_knobs_of_words_and_numbers_are_drawn_together(tmp_path: Path) -> None:
    """A column with a word in it is text; nothing is sorted by it."""
    runs = pd.concat(
        [
            make_runs(("4", "1"), activation=activation, batch_size=size, l2=l2)
            for activation in ("relu", "tanh")
            for size in ("all", "32")
            for l2 in (0.0, 0.30000000000000004)
        ],
        ignore_index=True,
    )
    better = (runs.activation == "relu") & (runs.batch_size == "32") & (runs.l2 > 0)
    runs.loc[better, "test_accuracy"] += 0.01
    results = make_results(runs)
    ax = plot_accuracy(runs, results.summary)
    assert "at its best learning rate, activation, batch size and l2" in " ".join(title(ax).split())
    assert [label.get_text().split("\n")[2:5] for label in ax.get_xticklabels()] == [["relu", "32", "0.3"]] * 2
    networks = Material(results, {"dataset": "moons"}).networks
    assert "activation relu\nbatch size 32\nl2 0.3\n" in networks[0][0]
    assert len(gallery.draw_all(tmp_path, results, only=ASKED)) == len(PICTURES)


def test_draw_all_says_which_data_cannot_be_read_and_draws_the_rest(tmp_path: Path) -> None:
    said: list[str] = []
    results = make_results(make_runs(("4",), (0.5,), range(1)), unreadable="moons")
    assert [path.name for path in gallery.draw_all(tmp_path, results, said.append)] == [USUAL[0], USUAL[-1]]
    assert said == ["moons: not drawn: boundaries, boundary grid: no such file"]


def test_of_three_features_there_is_no_picture_of_a_plane(tmp_path: Path) -> None:
    results = make_results(make_runs(("4",), (0.5,), range(1)), features=3)
    assert [path.name for path in gallery.draw_all(tmp_path, results)] == [USUAL[0], USUAL[-1]]


def test_draw_all_says_that_it_draws_some_curves_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw_only(monkeypatch, "curves_cost")
    monkeypatch.setattr(of_problem, "MAX_CURVE_ROWS", 1)
    said: list[str] = []
    gallery.draw_all(tmp_path, make_results(make_runs(("4",), (0.5,), range(2))), said.append)
    assert said == ["in the plots: no more than 1 rows"]
    gallery.draw_all(tmp_path, make_results(make_runs(("4",), (0.5,), range(2))), said.append, only=["accuracy"])
    assert len(said) == 1  # nothing is said of curves where none are drawn


def test_some_curves_only_is_in_the_titles() -> None:
    results = make_results(make_runs())
    results.some_seeds = lambda most_rows: (5, "curves of 5 of 9 seeds")
    material = Material(results, {"dataset": "moons"})
    of_curves = [
        name for name, picture in gallery.PICTURES.items() if picture.has_curves and not picture.why_not(material)
    ]
    assert len(of_curves) == 5
    for name in of_curves:
        assert "curves of 5 of 9 seeds" in title(figure_of(name, material))


def figure_of(name: str, material: Material) -> Figure:
    figure = gallery.picture(name, material)
    assert figure is not None
    return figure


def test_the_target_is_that_of_the_summary() -> None:
    results = make_results(make_runs())
    results.summary["target_test_accuracy"] = 0.625
    material = Material(results, {"dataset": "moons"})
    assert "reaches 62.5 %" in title(figure_of("convergence", material))


def test_one_of_everything_is_drawn_without_warnings(tmp_path: Path) -> None:
    runs = make_runs(("4",), (0.0,), range(1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in gallery.draw_all(tmp_path, make_results(runs), only=[*OF_ONE_RUN_ASKED, "learning_curves"]):
            assert name.stat().st_size > 1000


def test_the_usual_pictures_remain_alone_and_what_goes_is_said(tmp_path: Path) -> None:
    results, said = make_results(make_runs()), list[str]()
    place = tmp_path / "plots"
    place.mkdir()
    for name in ("convergence.png", "training.gif", "heat_map.pdf", "mine.png", "accuracy-mine.png"):
        (place / name).write_bytes(b"old")
    written = gallery.draw_all(tmp_path, results, said.append)
    assert [path.name for path in written] == USUAL
    assert sorted(path.name for path in place.iterdir()) == sorted([*USUAL, "mine.png", "accuracy-mine.png"])
    assert said == [
        "removed 3 plots not drawn any more: convergence.png, heat_map.pdf, ...",
        f"python -m experiments.plots {tmp_path} --only all draws all that apply",
    ]
    gallery.draw_all(tmp_path, results, said.append)
    assert len(said) == 2


def test_what_is_asked_for_comes_beside_the_others(tmp_path: Path) -> None:
    results = make_results(make_runs())
    gallery.draw_all(tmp_path, results, only=["data"])
    gallery.draw_all(tmp_path, results, only=["accuracy"])
    assert (tmp_path / "plots" / "data.png").exists()
    (tmp_path / "plots" / "data.png").unlink()
    written = gallery.draw_all(tmp_path, results, only=["heat_map"], look=Look(("pdf", "svg")))
    assert [path.name for path in written] == ["heat_map.pdf", "heat_map.svg"]
    assert sorted(path.name for path in (tmp_path / "plots").iterdir()) == [
        "accuracy.png",
        "heat_map.pdf",
        "heat_map.svg",
    ]
    one_setting, said = make_results(make_runs(("4", "1"), (0.5,))), list[str]()
    assert not gallery.draw_all(tmp_path, one_setting, said.append, only=["heat_map"], look=Look(("pdf",)))
    assert said == ["moons: not drawn: heat map: only one setting varies"]
    assert sorted(path.name for path in (tmp_path / "plots").iterdir()) == ["accuracy.png", "heat_map.svg"]


def test_a_title_of_several_problems_names_each(tmp_path: Path) -> None:
    runs = pd.concat([make_runs(dataset=name) for name in ("moons", "circles")], ignore_index=True)
    look = Look(("svg",), title="Mine")
    written = gallery.draw_all(tmp_path, make_results(runs), only=["heat_map"], look=look)
    assert [path.name for path in written] == ["heat_map-circles.svg", "heat_map-moons.svg"]
    for path, name in zip(written, ("circles", "moons"), strict=True):
        assert f"<!-- {name}: Mine" in path.read_text()  # a comment beside the shapes of its letters


def test_a_picture_reads_only_what_it_shows(tmp_path: Path) -> None:
    results = make_results(make_runs(), unreadable="moons")

    def refuse(*_: object) -> None:
        raise AssertionError("curves and networks are not for a heat map")

    results.some_curves = results.network = results.networks = refuse
    assert len(gallery.draw_all(tmp_path, results, only=["heat_map", "accuracy", "distribution", "parallel"])) == 4


def test_a_picture_that_is_not_finished_leaves_the_old_one(tmp_path: Path) -> None:
    class Unfinished(Figure):
        def draw(self, renderer: Any) -> None:
            raise KeyboardInterrupt

    path = tmp_path / "data.png"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt):
        write_picture(Unfinished(), path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("names", "endings"),
    [
        (["anything at all"], [""]),
        (["moons", "flower"], ["-moons", "-flower"]),
        (["a/points.csv", "b/Points.csv", "b/points-2.csv"], ["-points", "-Points-2", "-points-2-2"]),
        (["../..", "日本.csv"], ["-data", "-data-2"]),
        (["x" * 300, "moons"], ["-" + "x" * 40, "-moons"]),
        (["=cmd()", "a b\nc$d.csv"], ["-cmd", "-a-b-c-d"]),
    ],
)
def test_file_names_are_safe_and_different(names: list[str], endings: list[str]) -> None:
    assert gallery.file_endings([{"dataset": name} for name in names]) == endings


def test_file_names_name_what_tells_problems_apart() -> None:
    problems = [
        {"dataset": "a/moons.csv", "noise": noise, "samples": 400, "data_seed": seed, "target": "y"}
        for noise in ("auto", 0.1)
        for seed in (7, 12345678901234567890)
    ]
    assert gallery.file_endings(problems) == [
        "-moons-noise-auto-data_seed-7",
        "-moons-noise-auto-data_seed-1234567890123",
        "-moons-noise-0-1-data_seed-7",
        "-moons-noise-0-1-data_seed-12345678901234",
    ]
    assert gallery.file_endings(problems[:1]) == [""]
    alike = [{"dataset": "x" * 40, "noise": noise} for noise in (0.1, 0.2)]
    assert gallery.file_endings(alike) == ["-" + "x" * 40, "-" + "x" * 40 + "-2"]


def test_computed_features_are_drawn_in_the_plane_of_the_inputs(tmp_path: Path) -> None:
    results = Sweep(
        dataset="moons", features="x1+x2+x1x2", hidden=2, learning_rate=1, seed=0, iterations=50, samples=50
    ).run(out=tmp_path)
    expected = load("moons", samples=50)
    problem = {"dataset": "moons", "samples": 50, "features": "x1+x2+x1x2"}
    assert results.problem_columns == list(problem)
    data = results.data(problem)
    assert data.features == "x1+x2+x1x2"
    assert data.base is not None
    assert data.base.fingerprint == expected.fingerprint
    figures = {name: gallery.picture(name, Material(results, problem)) for name in ("boundaries", "data")}
    assert figures["boundaries"] is not None
    assert figures["data"] is not None
    (ax,) = (ax for ax in figures["boundaries"].axes if ax.images)
    x, y = expected.X
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert left < x.min() < x.max() < right
    assert bottom < y.min() < y.max() < top
    corner = np.array([[left], [bottom], [left * bottom]])
    assert shading(ax)[0, 0] == results.network(results.runs.iloc[0]).predict_proba(corner)[0, 0]
    drawn = np.concatenate([line.get_xydata() for line in lines(figures["data"].axes[0])])
    np.testing.assert_array_equal(np.sort(drawn, axis=0), np.sort(expected.X.T, axis=0))
