"""The pictures of real sweeps at several font sizes and sizes: no text overlaps another, and none leaves the figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from experiments import Sweep
from experiments.plots import gallery
from experiments.plots.axes import new_axes, title_axes
from experiments.plots.boundaries import plot_boundaries
from experiments.plots.material import Material, problems_of
from experiments.plots.names import NAMES, Look
from experiments.plots.output import fit, write_picture
from experiments.plots.overlap import complaint, overlaps, texts_of
from experiments.plots.style import wrap
from experiments.results import Results
from tests.helpers.tables import make_data, step_right

SWEEPS: dict[str, dict[str, Any]] = {
    "grid": {"dataset": "moons", "samples": 60, "hidden": [1, 2, 3, 4, 5, 20, 50], "learning_rate": [0.1, 1.2, 5]},
    "settings": {
        "dataset": "moons", "samples": 60, "hidden": [2, "8x8"], "learning_rate": [0.3, 1.2],
        "activation": ["tanh", "relu"], "l2": [0.0, 0.001], "batch_size": ["all", 32],
    },
    "words": {"dataset": "moons", "samples": 60, "hidden": 3, "activation": ["tanh", "relu", "sigmoid"]},
    "sample": {
        "dataset": "spiral", "samples": 60, "hidden": "1:17", "learning_rate": "log:0.01:5",
        "l2": [0.0, 0.001], "sample": 24,
    },
    "classes": {"dataset": "iris", "hidden": [2, 4], "learning_rate": [0.3, 1.2]},
    "values": {"dataset": "plane", "samples": 60, "hidden": [0, 2, 4], "learning_rate": [0.03, 0.3]},
    "race": {
        "dataset": "moons", "samples": 60, "hidden": [1, 2, 4], "learning_rate": [0.1, 1.2], "until_decided": 0.05,
    },
}  # fmt: skip
LOOKS = [Look(), Look(font_size=18, size=(16, 9), dpi=60), Look(font_size=8, size=(8, 4.5), dpi=100)]
FAST = ("words", "values")  # the others take some ten seconds each
OF_ONE_KIND = ("curves_train", "curves_test", "curves_validation")  # drawn as `curves_cost`


def results_of(name: str) -> Results:
    asked = SWEEPS[name]
    return Sweep(iterations=60, **({} if "until_decided" in asked else {"seed": range(3)}), **asked).run(out=None)


def figures(results: Results) -> dict[str, Figure]:
    material = Material(results, problems_of(results)[0])
    names = [name for name in NAMES if name != "training" and not name.startswith(OF_ONE_KIND)]
    drawn = {name: gallery.picture(name, material) for name in names}
    return {name: figure for name, figure in drawn.items() if figure is not None}


@pytest.mark.parametrize(
    "name", [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in SWEEPS]
)
def test_no_text_overlaps_another(name: str, tmp_path: Path) -> None:
    drawn = figures(results_of(name))
    assert len(drawn) >= 8
    found = {}
    for picture, figure in drawn.items():
        for look in LOOKS:
            write_picture(figure, tmp_path / "picture.png", look)
            assert len(texts_of(figure)) > 3, picture
            if said := overlaps(figure):
                found[picture, look.font_size] = said[:3]
    assert not found


def test_overlaps_and_what_leaves_the_figure_are_found(tmp_path: Path) -> None:
    figure = Figure(figsize=(4, 2))
    figure.text(0.1, 0.5, "one")
    figure.text(0.11, 0.5, "two")
    figure.text(0.5, 0.5, "alone")
    figure.text(0.97, 0.9, "too far right")
    figure.text(0.5, 0.5, "unseen", visible=False)
    write_picture(figure, tmp_path / "picture.png")
    assert overlaps(figure) == [("one", "two"), ("too far right", "")]
    assert complaint(figure) == "some text does not fit, such as 'one': choose a larger --size or a smaller --font-size"
    figure.texts[1].set_position((0.3, 0.5))
    figure.texts[3].set_position((0.6, 0.9))
    assert (overlaps(figure), complaint(figure)) == ([], "")


def test_titles_of_panels_with_many_settings_have_room(tmp_path: Path) -> None:
    name = "8x8 hidden units, learning rate 1.2, output layer 0.3\nactivation relu\nl2 0.001\nbatch size all"
    figure = plot_boundaries([(name, step_right)] * 7, make_data())
    for look in LOOKS:
        write_picture(figure, tmp_path / "picture.png", look)
        assert overlaps(figure) == []
        for ax in figure.axes[:7]:
            box = ax.title.get_window_extent()
            assert not any(box.overlaps(other.get_window_extent()) for other in figure.axes)


def test_a_title_is_wrapped_to_the_figure_it_is_drawn_in() -> None:
    ax = new_axes(6, 4)
    title_axes(ax, "a title of some length, which is one line", ["a note", "and another"])
    figure: Any = ax.figure
    assert figure.get_suptitle() == "a title of some length, which is one line\na note; and another"
    figure.set_size_inches(2.5, 4)
    figure.draw_without_rendering()
    assert figure.get_suptitle().split("\n")[-1] == "a note; and another"
    assert figure.get_suptitle().count("\n") == 2
    title_axes(ax, "usual", ["note"], "asked for")
    assert figure.get_suptitle() == "asked for\nnote"


def test_an_empty_title_leaves_out_the_notes() -> None:
    ax = new_axes(6, 4)
    title_axes(ax, "usual", ["note"], "")
    figure: Any = ax.figure
    assert figure.get_suptitle() == ""


def test_lines_are_as_wide_as_they_may_be() -> None:
    text = "some words of 95 % and averyveryverylongwordthatisnotdivided at the end"
    for width in (0.5, 1.0, 2.0, 9.0):
        lines = wrap(text, width, 10)
        assert "".join("".join(lines).split()) == "".join(text.split())
        assert not any(line.startswith("%") for line in lines) or width < 1
    assert wrap(text, 9.0, 10) == [text]
    assert wrap("", 1.0, 10) == [""]


def test_a_font_size_scales_everything_alike(tmp_path: Path) -> None:
    """A picture at 20 points is that of 10 points, enlarged."""
    results = Sweep(dataset="moons", samples=60, hidden=[1, 2], learning_rate=[0.1, 1], seed=[0], iterations=5).run(
        out=None
    )
    drawn, figure = {}, None
    for font_size, dpi in ((10, 100), (20, 50)):
        figure = gallery.picture("heat_map", Material(results, problems_of(results)[0]))
        assert figure is not None
        write_picture(figure, path := tmp_path / f"{font_size}.png", Look(font_size=font_size, dpi=dpi))
        drawn[font_size] = np.asarray(Image.open(path))
    assert drawn[10].shape == drawn[20].shape
    assert np.abs(drawn[10].astype(int) - drawn[20]).max() < 16  # of 255: a thousandth of a pixel apart
    assert figure is not None
    fit(figure, Look(font_size=20, size=(8, 6)))
    assert figure.get_size_inches().tolist() == [4, 3]
