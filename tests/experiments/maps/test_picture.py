"""The pictures of a map: a pixel, or a square of pixels, for each network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.layout_engine import LayoutEngine
from PIL import Image

from experiments.knobs.knob import SweepError
from experiments.maps.colours import of_paper, with_scale
from experiments.maps.field import Field
from experiments.maps.measures import measure_of
from experiments.maps.picture import draw, figure_of_map
from experiments.maps.plane import Window, whole, zoomed
from experiments.maps.ticks import ticks_of_x
from experiments.plots.names import Look
from tests.helpers.fields import PLANE, field


def found_in(path: Path, expected: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> list[tuple[int, int]]:
    """Where a picture is in a file, pixel by pixel: rows and columns of its corner."""
    with Image.open(path) as picture:
        whole_picture = np.array(picture.convert("RGB"))
    height, width = expected.shape[:2]
    rows, columns = (outer - inner + 1 for outer, inner in zip(whole_picture.shape, expected.shape[:2], strict=False))
    corner = np.all(whole_picture[:rows, :columns] == expected[0, 0], axis=-1)
    for size in (16, min(height, width)):  # with the first row and the first column, so that few are compared in full
        for k in (size // 2, size - 1):
            corner &= np.all(whole_picture[k : k + rows, :columns] == expected[k, 0], axis=-1)
            corner &= np.all(whole_picture[:rows, k : k + columns] == expected[0, k], axis=-1)
    return [
        (row, column)
        for row, column in zip(*np.nonzero(corner), strict=True)
        if np.array_equal(whole_picture[row : row + height, column : column + width], expected)
    ]


@pytest.mark.parametrize(
    ("size", "side", "look"),
    [
        (64, 10, Look()),
        (128, 5, Look()),
        (512, 1, Look()),
        (64, 16, Look(dpi=200.0)),
        (128, 6, Look(font_size=12.0)),
        (64, 7, Look(size=(5.7, 5.5))),
    ],
    ids=str,
)
@pytest.mark.parametrize("colours", ["paper", "scale"])
def test_every_network_has_a_square_of_pixels(tmp_path: Path, size: int, side: int, look: Look, colours: str) -> None:
    of, path = field(whole(size)), tmp_path / "map.png"
    draw(of, path, colours, look=look)
    picture = (
        of_paper(of.verdicts)
        if colours == "paper"
        else with_scale(of.verdicts, measure_of("paper", of.request)).picture
    )
    enlarged = np.repeat(np.repeat(picture[::-1], side, axis=0), side, axis=1)
    if look.size is not None and colours == "scale":  # the bar leaves less room
        enlarged = np.repeat(np.repeat(picture[::-1], side - 1, axis=0), side - 1, axis=1)
    assert len(found_in(path, enlarged)) == 1
    with Image.open(path) as made:
        assert made.info["dpi"][0] == pytest.approx(look.dpi, rel=1e-3)


def test_a_window_that_is_no_square_keeps_its_shape(tmp_path: Path) -> None:
    of = field(Window(2, 30, 70, 120, 60))
    draw(of, tmp_path / "map.png")
    enlarged = np.repeat(np.repeat(of_paper(of.verdicts)[::-1], 5, axis=0), 5, axis=1)
    assert len(found_in(tmp_path / "map.png", enlarged)) == 1


def texts(of: Field, colours: str, measure: str = "paper", title: str | None = None) -> tuple[list[str], list[str]]:
    """The title and its notes; the labels of the axes and bars."""
    figure = figure_of_map(of, colours, measure, title=title)
    labels = [label for ax in figure.axes for label in (ax.get_xlabel(), ax.get_ylabel()) if label]
    return figure.heading, labels


def test_title_and_labels_say_what_is_drawn() -> None:
    heading, labels = texts(field(), "paper")
    about = (
        "64 × 64 networks with 16 hidden units (tanh), 500 iterations; green to blue: training converges, the bluer the"
        " later; orange to red: it does not, the redder the later; colours are ranks: every shade of a side is equally"
        " frequent"
    )
    assert heading == ["gaussian_random: where training converges", about]
    assert labels == ["learning rate", "output learning rate"]
    heading, labels = texts(field(), "scale", "cost")
    assert heading[0] == "gaussian_random: cost, where training converges"
    assert labels[2:] == ["cost after training", "does not converge: sum of first cost / cost"]
    heading, labels = texts(field(metric="auc"), "scale", "auc")
    assert labels[2] == "test AUC"
    assert texts(field(), "paper", title="Mine")[0][0] == "Mine"
    assert texts(field(), "paper", title="")[0] == []


def test_an_axis_in_another_unit_says_by_what_its_numbers_are_multiplied() -> None:
    figure = figure_of_map(field(), "paper", times=(4.0, 1.0))
    assert [figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()] == ["learning rate × 4", "output learning rate"]
    expected = ticks_of_x(PLANE.x, whole(64), 4.0)
    assert [text.get_text() for text in figure.axes[0].get_xticklabels()] == expected.labels


def test_a_deep_zoom_has_what_its_labels_have_in_common_in_the_name_of_the_axis() -> None:
    _, labels = texts(field(zoomed(PLANE, 64, 1.2345678, 20.0, 2**30)), "paper")
    assert labels[0].startswith("learning rate = 1.23456")
    assert " + n × 10⁻" in labels[0]


@pytest.mark.parametrize("kind", ["pdf", "svg", "png"])
def test_the_same_map_gives_the_same_bytes_in_every_format(tmp_path: Path, kind: str) -> None:
    for name in ("first", "second"):
        draw(field(), tmp_path / f"{name}.{kind}", "scale")
    first, second = ((tmp_path / f"{name}.{kind}").read_bytes() for name in ("first", "second"))
    assert first == second
    assert len(first) > 1000


def test_what_is_asked_for_wrongly_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(SweepError, match="--measure: expected one of paper, cost"):
        draw(field(), tmp_path / "map.png", "scale", "nothing")
    with pytest.raises(ValueError, match="colours='red': expected one of paper, scale"):
        draw(field(), tmp_path / "map.png", "red")
    assert not list(tmp_path.iterdir())


def test_nothing_overlaps_in_a_figure_of_any_measure() -> None:
    for measure in ("paper", "reached", "score"):
        figure = figure_of_map(field(whole(128)), "scale", measure)
        assert isinstance(figure.get_layout_engine(), LayoutEngine)
        figure.draw_without_rendering()
        ax, *bars = figure.axes
        boxes = [ax.get_tightbbox(), *(bar.get_tightbbox() for bar in bars)]
        for k, a in enumerate(boxes):
            assert a is not None
            assert a.x0 >= 0
            assert a.y0 >= 0
            assert a.x1 <= figure.bbox.x1
            assert figure.top is not None
            assert a.y1 <= figure.top.get_window_extent().y0 + 1
            for b in boxes[k + 1 :]:
                assert b is not None
                assert not a.overlaps(b)
