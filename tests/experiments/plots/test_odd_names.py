"""Nothing is cut off in a picture, and no name is taken for mathematics."""

from __future__ import annotations

import io
import warnings
from types import SimpleNamespace

import pytest
from matplotlib import cbook
from matplotlib.figure import Figure

from experiments.plots.accuracy import plot_accuracy
from experiments.plots.axes import figure_of
from experiments.plots.boundaries import plot_boundaries
from experiments.plots.curves import measures_of, plot_curves
from experiments.plots.data import plot_data
from experiments.plots.heat_map import plot_heat_map
from experiments.plots.style import words
from tests.helpers.tables import (
    every_text,
    legend_texts,
    make_curves,
    make_data,
    make_runs,
    make_summary,
    step_right,
    title,
)


@pytest.fixture(scope="module")
def odd_data() -> SimpleNamespace:
    data = make_data("/a/long path/with $two$ dollars_and_underscores/日本\n" + "x" * 100 + ".csv")
    data.feature_names, data.class_names = ("$x_1$", "_y"), ("_hidden from legends", "日本 $a$ $b$" * 9)
    return data


@pytest.fixture(scope="module")
def odd_pictures(odd_data: SimpleNamespace) -> list[Figure]:
    hidden, rates = ("0", "1", "16x16x16x16"), (0.0, 1e-12, 123456.789)
    runs = make_runs(hidden, rates, dataset=odd_data.name, note="$a$ 日本")
    runs.loc[runs.seed == 1, "status"] = "diverged"
    summary, curves = make_summary(runs, "note"), make_curves(runs)
    return [
        *map(figure_of, [plot_data(odd_data), plot_accuracy(runs, summary), plot_heat_map(summary)]),
        *(plot_curves(curves, measure) for measure in measures_of(curves)),
        plot_boundaries([(words("$a$ 日本 \n"), step_right)] * 3, odd_data),
    ]


def test_odd_names_are_drawn_without_warnings_or_mathematics(odd_pictures: list[Figure]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for figure in odd_pictures:
            figure.savefig(io.BytesIO(), format="png")
            texts = [text for text in every_text(figure) if "$" in text]
            assert texts
            assert not any(cbook.is_math_text(text) for text in texts)


def test_no_text_is_cut_off(odd_pictures: list[Figure]) -> None:
    for figure in odd_pictures:
        figure.draw_without_rendering()
        drawn, page = figure.get_tightbbox(), figure.get_size_inches()
        assert min(drawn.x0, drawn.y0) >= -0.01, title(figure)
        assert drawn.x1 <= page[0] + 0.01, title(figure)
        assert drawn.y1 <= page[1] + 0.01, title(figure)


def test_class_names_that_begin_with_an_underscore_are_in_the_legend(odd_data: SimpleNamespace) -> None:
    assert any("_hidden" in text for text in legend_texts(plot_data(odd_data)))
