"""Pictures of the plane, by the artists that were drawn: the data, and what networks have learned of them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import same_color
from matplotlib.figure import Figure

from experiments.plots.boundaries import plot_boundaries
from experiments.plots.boundary_grid import GAP, PIXELS, UNSURE, plot_boundary_grid
from experiments.plots.data import plot_data
from experiments.plots.plane import SHADES
from experiments.plots.style import CLASS_COLOURS
from tests.helpers.tables import (
    corners,
    every_text,
    fail,
    legend_texts,
    lines,
    make_data,
    make_runs,
    make_summary,
    shading,
    step_right,
    title,
)

# The data


def test_data_shows_every_point_in_the_colour_of_its_class() -> None:
    data = make_data()
    ax = plot_data(data)
    for label in (0, 1):
        (points,) = lines(ax, f"class {label}")
        expected = data.X[:, data.Y[0] == label]
        np.testing.assert_array_equal(points.get_data(), expected)
        assert same_color(points.get_color(), CLASS_COLOURS[label])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("length_0", "length_1")
    assert title(ax) == "moons: 30 training points"
    assert legend_texts(ax) == ["class red\n(20 points)", "class green\n(10 points)"]


def test_data_takes_flat_labels_and_the_panel_it_is_given() -> None:
    data = make_data()
    data.Y = data.Y.ravel()
    ax = Figure().subplots()
    assert plot_data(data, ax) is ax
    assert sum(len(line.get_xdata()) for line in lines(ax)) == 30


@pytest.mark.parametrize("features", [1, 3, 30])
def test_data_that_is_no_plane_is_not_drawn_and_that_is_said(features: int) -> None:
    ax = plot_data(make_data(features=features))
    assert not ax.get_lines()
    (text,) = ax.texts
    assert f"{features} feature" in text.get_text()


def test_data_too_large_for_axes_is_not_drawn_and_that_is_said() -> None:
    data = make_data()
    data.X[0, :2] = -1e308, 1e308
    assert "too large" in plot_data(data).texts[0].get_text()
    assert "too large" in " ".join(every_text(plot_boundaries([("", step_right)], data)))


def test_data_with_many_points_says_how_many_are_shown() -> None:
    ax = plot_data(make_data(examples=12_000))
    assert sum(len(line.get_xdata()) for line in lines(ax)) == 5000
    assert "5,000 of 12,000 points shown" in title(ax)


def test_scales_are_equal_unless_that_flattens_the_picture() -> None:
    data = make_data()
    assert plot_data(data).get_aspect() == 1
    data.X = data.X * [[1.0], [100.0]]
    assert plot_data(data).get_aspect() == "auto"


def test_a_constant_feature_still_has_a_range() -> None:
    data = make_data()
    data.X[1] = 3.0
    low, high = plot_data(data).get_ylim()
    assert low < 3 < high


# Boundaries


def test_boundaries_shade_the_predicted_probability() -> None:
    data = make_data()
    figure = plot_boundaries([("first", step_right), ("second", lambda X: 1 - step_right(X))], data)
    first, second = figure.axes[:2]
    assert [first.get_title(), second.get_title()] == ["first", "second"]
    image = first.images[0]
    left, right, bottom, top = image.get_extent()
    assert left < data.X[0].min() < data.X[0].max() < right
    assert bottom < data.X[1].min() < data.X[1].max() < top
    values = shading(first)
    ends = np.array([[left, right, left, right], [bottom, bottom, top, top]])
    expected = step_right(ends).ravel()
    found = [values[0, 0], values[0, -1], values[-1, 0], values[-1, -1]]
    np.testing.assert_allclose(found, expected)
    assert image.origin == "lower"
    np.testing.assert_allclose(shading(second), 1 - values)
    assert image.get_clim() == (0, 1)


def test_boundaries_shade_each_class_in_its_own_colour() -> None:
    image = plot_boundaries([("", step_right)], make_data()).axes[0].images[0]
    blue, orange = image.cmap(0.0), image.cmap(1.0)
    assert blue[2] > blue[0]
    assert orange[0] > orange[2]
    assert min(image.cmap(0.5)) > 0.99


def test_boundaries_show_points_and_the_line_where_the_prediction_changes() -> None:
    data = make_data()
    figure = plot_boundaries([("", lambda X: step_right(X) * 0 + (X[:1] > 0.25))], data)
    ax = figure.axes[0]
    assert [len(lines(ax, f"class {k}")[0].get_xdata()) for k in (0, 1)] == [20, 10]
    (line,) = ax.collections
    np.testing.assert_allclose(corners(line)[:, 0], 0.25, atol=0.05)
    assert "black line: probability 0.5" in title(figure)
    assert figure.get_supxlabel() == "length_0"
    assert figure.get_supylabel() == "length_1"
    assert legend_texts(figure) == ["class red\n(20 points)", "class green\n(10 points)"]
    assert figure.axes[-1].get_title(loc="left") == "predicted probability\nof class green"


@pytest.mark.parametrize("value", [0.2, 0.9, np.nan])
def test_boundaries_draw_no_line_where_the_prediction_is_the_same_everywhere(value: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = plot_boundaries([("", lambda X: np.full(X.shape[1], value))], make_data())
    assert not figure.axes[0].collections


def test_boundaries_show_some_of_many_networks_and_say_so() -> None:
    figure = plot_boundaries([(str(i), step_right) for i in range(50)], make_data(), "a note")
    panels = [ax for ax in figure.axes if lines(ax, "class 0")]
    assert len(panels) == 20
    assert panels[-1].get_title() == "49"
    assert "20 of 50 networks shown" in title(figure)
    assert "a note" in title(figure)


def test_boundaries_without_a_plane_or_a_network_say_so() -> None:
    figure = plot_boundaries([("", step_right)], make_data(features=30))
    assert "30 features" in " ".join(every_text(figure))
    assert not figure.axes[0].images
    assert "no trained network" in " ".join(every_text(plot_boundaries([], make_data())))


# The grid of boundaries


def split_at(where: float) -> Any:
    """Class 1 right of a place."""
    return lambda X: np.where(X[:1] > where, 0.9, 0.1)


def grid_of(ax: Axes, row: int, column: int, shape: tuple[int, int]) -> Any:
    picture = np.asarray(ax.images[0].get_array())
    corner = row * (shape[0] + GAP), column * (shape[1] + GAP)
    return picture[corner[0] : corner[0] + shape[0], corner[1] : corner[1] + shape[1]]


def test_boundary_grid_shades_the_mean_and_greys_disagreement() -> None:
    data = make_data()
    data.X = np.array([[-1.0, 1.0, 0.0, 0.5], [-1.0, 1.0, 0.5, 0.0]])
    data.Y = np.array([[0.0, 1.0, 0.0, 1.0]])
    asked = []

    def ensemble(row: pd.Series, most: int) -> list[Any]:
        asked.append((row.hidden, row.learning_rate, most))
        return [split_at(-0.5), split_at(0.5)] if row.hidden == "4" else [split_at(0.0)] * 2

    summary = make_summary(make_runs())
    ax = plot_boundary_grid(summary, ensemble, data)
    assert sorted(set(asked)) == [(h, r, 10) for h in ("1", "4", "8x8") for r in (0.5, 2.0)]
    shape = (PIXELS, PIXELS)
    split, same = grid_of(ax, 0, 0, shape), grid_of(ax, 1, 0, shape)  # the first hidden size, 4, is the lowest row
    middle = PIXELS // 2
    np.testing.assert_allclose(split[middle, middle], UNSURE)  # one seed against the other
    np.testing.assert_allclose(split[middle, 2], SHADES(0.1)[:3])
    np.testing.assert_allclose(split[middle, -3], SHADES(0.9)[:3])
    np.testing.assert_allclose(same[middle, 2], SHADES(0.1)[:3])
    assert not np.isclose(same, np.array(UNSURE)).all(axis=2).any()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["4", "8x8", "1"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0.5", "2"]
    texts = sorted((text.get_position()[1], text.get_position()[0], text.get_text()) for text in ax.texts)
    means = summary.set_index(["hidden", "learning_rate"]).mean_test_accuracy
    assert [text for _, _, text in texts] == [f"{100 * means[h, r]:.1f}" for h in ("4", "8x8", "1") for r in (0.5, 2.0)]
    assert legend_texts(ax)[3] == "seeds disagree"


def test_boundary_grid_limits_rows_and_columns_keeps_the_best_and_says_so() -> None:
    runs = make_runs(tuple(map(str, range(1, 21))), tuple(np.arange(1, 12) / 4), range(2))
    runs.loc[(runs.hidden == "13") & (runs.learning_rate == 1.25), "test_accuracy"] = 0.99
    ax = plot_boundary_grid(make_summary(runs), lambda row, most: [split_at(0.0)], make_data())
    assert len(ax.get_yticks()) == len(ax.get_xticks()) == 8
    assert "13" in [label.get_text() for label in ax.get_yticklabels()]
    assert "1.25" in [label.get_text() for label in ax.get_xticklabels()]
    assert "8 of 20 hidden sizes shown; 8 of 11 learning rates shown" in title(ax)
    assert "one seed" in title(ax)


def test_boundary_grid_says_what_failed_and_asks_for_no_network_of_it() -> None:
    runs = make_runs()
    summary = make_summary(fail(runs, (runs.hidden == "8x8") & (runs.learning_rate == 2.0)))
    asked = []

    def ensemble(row: pd.Series, most: int) -> list[Any]:
        asked.append((row.hidden, row.learning_rate))
        return [split_at(0.0)]

    ax = plot_boundary_grid(summary, ensemble, make_data())
    assert ("8x8", 2.0) not in asked
    assert [text.get_text() for text in ax.texts].count("failed") == 1


def test_boundary_grid_without_a_plane_says_so() -> None:
    ax = plot_boundary_grid(make_summary(make_runs()), lambda row, most: [], make_data(features=3))
    assert "3 features" in " ".join(ax.texts[0].get_text().split())
