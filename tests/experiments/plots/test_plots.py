"""The pictures, by the artists that were drawn: their places, colours and words, never their pixels."""

from __future__ import annotations

import io
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib import cbook
from matplotlib.axes import Axes
from matplotlib.colors import same_color
from matplotlib.figure import Figure
from matplotlib.text import Text

from experiments.cli import plots
from experiments.datasets.loading import load
from experiments.plots import gallery
from experiments.plots.accuracy import MAX_DOTS, MAX_SIZES, plot_accuracy
from experiments.plots.axes import Panels, figure_of
from experiments.plots.boundaries import plot_boundaries
from experiments.plots.choice import evenly
from experiments.plots.curves import MAX_ITERATIONS, MAX_LINES, MAX_PANELS, MEASURES, plot_curves
from experiments.plots.data import plot_data
from experiments.plots.heat_map import plot_heat_map
from experiments.plots.material import Material
from experiments.plots.style import BEST, CLASS_COLOURS, TIED, WORSE, count, counts, number, words
from tests.helpers.tables import (
    ITERATIONS,
    areas,
    fail,
    legend_texts,
    lines,
    make_curves,
    make_data,
    make_results,
    make_runs,
    make_summary,
    shading,
    step_right,
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
OF_TWO_SETTINGS = ("heat_map.png", "parallel.png")
OF_ONE_RUN = [name for name in PICTURES if name not in (*OF_TWO_SETTINGS, "cost_by_size.png")]


# ---------------------------------------------------------------------------------------- small sweeps


def corners(area: Any) -> Any:
    """(corners, 2)"""
    return area.get_paths()[0].vertices


def frames(ax: Axes) -> dict[tuple[int, int], str]:
    """What the frame around each (column, row) of a heat map says."""
    patches: list[Any] = list(ax.patches)
    return {(round(p.get_x() + 0.46), round(p.get_y() + 0.45)): p.get_gid() for p in patches}


def every_text(figure: Figure) -> list[str]:
    return [" ".join(text.get_text().split()) for text in figure.findobj(Text)]


# ----------------------------------------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.03, "0.03"), (5.0, "5"), (0.0, "0"), (1024.0, "1024"), (0.0316227766017, "0.0316"), (1e-05, "1e-05")],
)
def test_a_learning_rate_is_exact_if_short(value: float, text: str) -> None:
    assert number(value) == text


def test_counts_are_plural_only_where_they_are() -> None:
    assert count(1, "seed") == "1 seed"
    assert count(2000, "seed") == "2,000 seeds"
    assert counts([3, 3], "seed") == "3 seeds"
    assert counts([3, 1, 10], "seed") == "1 to 10 seeds"


def test_words_keep_the_ends_of_a_long_text_and_never_part_of_an_escape() -> None:
    assert words("short_name.csv") == "short_name.csv"
    path = words("/home/some/where/far/away/down/in/a/folder/measurements.csv", 40)
    assert len(path) == 40
    assert path.startswith("/home")
    assert path.endswith("folder/measurements.csv")
    assert words("日本", 40) == "\\u65e5\\u672c"
    assert words("日本国憲法の前文", 20) == "\\u65e5…\\u524d\\u6587"
    assert len(words("x" * 100_000, 30)) == 30


def test_words_are_one_line_without_mathematics() -> None:
    text = words("price in $ or $\nper day")
    assert "\n" not in text
    assert not cbook.is_math_text(text)


@pytest.mark.parametrize("n", [1, 2, 12, 13, 100])
@pytest.mark.parametrize("keep", [None, 0, 7, 57])
def test_evenly_chooses_ends_and_what_is_to_be_kept(n: int, keep: int | None) -> None:
    keep = None if keep is None else min(keep, n - 1)
    chosen = evenly(n, 12, keep)
    assert len(chosen) == min(n, 12)
    assert chosen == sorted(set(chosen))
    assert {0, n - 1} <= set(chosen)
    assert keep is None or keep in chosen
    if keep is None and n > 12:
        steps = np.diff(chosen)
        assert steps.max() - steps.min() <= 1


@pytest.mark.parametrize(("n", "columns", "rows"), [(1, 1, 1), (3, 3, 1), (5, 3, 2), (7, 4, 2), (12, 4, 3), (20, 5, 4)])
def test_panels_leave_few_places_empty(n: int, columns: int, rows: int) -> None:
    parts = Panels(n, (1, 1), (0, 0), (0, 0, 0))
    assert (parts.columns, parts.rows, len(parts.axes)) == (columns, rows, n)
    assert len(parts.figure.axes) == n


# ------------------------------------------------------------------------------------------------ data


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


# ---------------------------------------------------------------------------------------------- curves


@pytest.mark.parametrize("measure", ["cost", "train_accuracy", "test_accuracy"])
def test_curves_are_medians_and_quartiles_over_seeds(measure: str) -> None:
    curves = make_curves(make_runs())
    figure = plot_curves(curves, measure)
    assert [ax.get_title() for ax in figure.axes] == ["4 hidden units", "8x8 hidden units", "1 hidden unit"]
    for ax, hidden in zip(figure.axes, ["4", "8x8", "1"], strict=True):
        medians, bands = lines(ax, "median"), areas(ax, "quartiles")
        assert len(medians) == len(bands) == 2
        for line, band, rate in zip(medians, bands, [0.5, 2.0], strict=True):
            some = curves[(curves.hidden == hidden) & (curves.learning_rate == rate)]
            table = some.pivot(index="iteration", columns="seed", values=measure).to_numpy()
            np.testing.assert_array_equal(line.get_xdata(), ITERATIONS)
            np.testing.assert_allclose(line.get_ydata(), np.median(table, axis=1))
            edge = corners(band)[:6]
            np.testing.assert_allclose(edge[:3, 1], np.quantile(table, 0.25, axis=1))
            np.testing.assert_allclose(edge[3:, 1], np.quantile(table, 0.75, axis=1)[::-1])
            np.testing.assert_allclose(line.get_color()[:3], band.get_facecolor()[0, :3])
    assert "median over 5 seeds" in title(figure)


def test_curves_have_units_and_rising_learning_rates_from_dark_to_light() -> None:
    figure = plot_curves(make_curves(make_runs(rates=(2.0, 0.03, 0.5))), "test_accuracy")
    assert figure.get_supxlabel() == "iterations"
    assert figure.get_supylabel() == "test accuracy (fraction correct)"
    assert legend_texts(figure) == ["0.03", "0.5", "2"]
    colours = [np.dot(line.get_color()[:3], [0.3, 0.6, 0.1]) for line in lines(figure.axes[0], "median")]
    assert colours == sorted(colours)
    assert len(set(colours)) == 3
    assert plot_curves(make_curves(make_runs()), "cost").get_supylabel() == "cost (nats)"


def test_cost_is_drawn_by_factors_only_if_it_spans_some() -> None:
    curves = make_curves(make_runs())
    assert plot_curves(curves.assign(cost=0.6), "cost").axes[0].get_yscale() == "linear"
    curves["cost"] = 10.0 ** -(curves["iteration"] / 5)
    figure = plot_curves(curves, "cost")
    assert figure.axes[0].get_yscale() == "log"
    low, high = figure.axes[0].get_ylim()
    assert low < 1e-4
    assert high > 1
    ticks = [tick for tick in figure.axes[0].get_yticks() if low <= tick <= high]
    formatted = [figure.axes[0].yaxis.get_major_formatter()(tick) for tick in ticks]
    assert formatted == ["0.0001", "0.001", "0.01", "0.1", "1"]
    curves.loc[curves.iteration == 20, "cost"] = 0.0
    assert plot_curves(curves, "cost").axes[0].get_yscale() == "linear"


@pytest.mark.parametrize("least", [0.0, 0.1])
def test_costs_before_a_divergence_are_cut_off_and_that_is_said(least: float) -> None:
    curves = make_curves(make_runs())
    curves["cost"] = np.where(curves["iteration"] == 20, 1.7e308, least)
    figure = plot_curves(curves, "cost")
    low, high = figure.axes[0].get_ylim()
    figure.draw_without_rendering()
    assert low <= least
    assert 15 < high < 30
    assert "cut off at 20 nats" in title(figure)
    assert "cut off" not in title(plot_curves(make_curves(make_runs()), "cost"))


def test_curves_of_one_seed_have_no_band_and_say_so() -> None:
    figure = plot_curves(make_curves(make_runs(seeds=range(1))), "cost")
    assert not figure.axes[0].collections
    assert "one seed: no spread" in title(figure)


def test_curves_are_dotted_after_a_seed_has_diverged() -> None:
    curves = make_curves(make_runs(("4",), (0.5,)), (0, 10, 20, 30))
    curves = curves[(curves.seed != 3) | (curves.iteration <= 10)]
    figure = plot_curves(curves, "test_accuracy")
    (whole,), (rest,) = (lines(figure.axes[0], gid) for gid in ("median", "median of the rest"))
    np.testing.assert_array_equal(whole.get_xdata(), [0, 10])
    np.testing.assert_array_equal(rest.get_xdata(), [10, 20, 30])
    last = curves[curves.iteration == 30].test_accuracy
    assert rest.get_ydata()[-1] == pytest.approx(np.median(last))
    assert (whole.get_linestyle(), rest.get_linestyle()) == ("-", ":")
    assert legend_texts(figure) == ["0.5", "after a seed diverged:\nthe other seeds"]


def test_curves_show_some_of_many_and_say_so() -> None:
    hidden, rates = tuple(str(h) for h in range(1, 31)), tuple(0.01 * r for r in range(1, 12))
    runs = make_runs(hidden, rates, range(1))
    figure = plot_curves(make_curves(runs, (0, 10)), "cost")
    assert len(figure.axes) == MAX_PANELS
    assert figure.axes[-1].get_title() == "30 hidden units"
    assert len(lines(figure.axes[0], "median")) == MAX_LINES
    assert f"{MAX_PANELS} of 30 hidden sizes shown; {MAX_LINES} of 11 learning rates shown" in title(figure)


def test_long_curves_keep_their_ends() -> None:
    curves = make_curves(make_runs(("4",), (0.5,), range(1)), tuple(range(0, 20_000, 10)))
    figure = plot_curves(curves, "cost")
    (line,) = lines(figure.axes[0], "median")
    assert len(line.get_xdata()) == MAX_ITERATIONS
    assert (line.get_xdata()[0], line.get_xdata()[-1]) == (0, 19_990)
    assert figure.axes[0].xaxis.get_major_formatter()(10_000) == "10k"


def test_curves_without_training_are_points_at_0() -> None:
    figure = plot_curves(make_curves(make_runs(), (0, 1)).query("iteration == 0"), "cost")
    assert figure.axes[0].get_xlim() == (0, 1)
    assert all(line.get_marker() == "o" for line in lines(figure.axes[0], "median"))
    assert lines(figure.axes[0], "median")
    longer = plot_curves(make_curves(make_runs(), (0, 1)), "cost")
    assert all(line.get_marker() == "None" for line in lines(longer.axes[0], "median"))


def test_curves_are_at_the_best_value_of_a_further_knob() -> None:
    better, worse = make_runs(activation="relu"), make_runs(activation="tanh")
    worse["test_accuracy"] -= 0.02
    worse.loc[worse.hidden == "1", "test_accuracy"] += 0.03
    figure = plot_curves(make_curves(pd.concat([worse, better], ignore_index=True)), "test_accuracy")
    alone = plot_curves(make_curves(better), "test_accuracy")
    other = plot_curves(make_curves(worse), "test_accuracy")
    for ax, expected in zip(figure.axes, [*alone.axes[:2], other.axes[2]], strict=True):
        for line, same in zip(lines(ax, "median"), lines(expected, "median"), strict=True):
            np.testing.assert_array_equal(line.get_ydata(), same.get_ydata())
    assert "each line at its best activation" in title(figure)
    assert "activation relu" in title(alone)


def test_curves_of_no_finished_run_say_so() -> None:
    figure = plot_curves(make_curves(make_runs()).iloc[:0], "cost")
    assert "no run has finished" in figure.axes[0].texts[0].get_text()


def test_an_unknown_measure_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected a measure among cost, .*, got 'loss'"):
        plot_curves(make_curves(make_runs()), "loss")


def test_several_data_sets_are_refused() -> None:
    runs = pd.concat([make_runs(), make_runs(dataset="flower")], ignore_index=True)
    message = "expected the rows of one data set, got 2: moons, flower"
    with pytest.raises(ValueError, match=message):
        plot_curves(make_curves(runs), "cost")
    with pytest.raises(ValueError, match=message):
        plot_accuracy(runs, make_summary(runs))
    with pytest.raises(ValueError, match=message):
        plot_heat_map(make_summary(runs))


# -------------------------------------------------------------------------------------------- accuracy


def test_accuracy_shows_each_seed_at_the_best_learning_rate() -> None:
    runs = make_runs()
    summary = make_summary(runs)
    ax = plot_accuracy(runs, summary)
    groups = lines(ax, "seeds")
    assert len(groups) == 3
    for x, (dots, hidden) in enumerate(zip(groups, ["4", "8x8", "1"], strict=True)):
        some = runs[(runs.hidden == hidden) & (runs.learning_rate == 0.5)]
        np.testing.assert_array_equal(dots.get_ydata(), some.test_accuracy)
        assert len(set(dots.get_xdata())) == 5
        assert np.abs(dots.get_xdata() - x).max() < 0.38
    assert title(ax).startswith("moons: test accuracy of each hidden size at its best learning rate")
    assert "mean over 5 seeds and its 95 % interval" in title(ax)
    assert ax.get_ylabel() == "test accuracy (fraction correct)"


def test_accuracy_draws_and_writes_mean_and_interval() -> None:
    runs = make_runs()
    summary = make_summary(runs)
    ax = plot_accuracy(runs, summary)
    best = summary[summary.learning_rate == 0.5].reset_index(drop=True)
    bands = areas(ax, "interval")
    for x, (_, row) in enumerate(best.iterrows()):
        assert set(lines(ax, "mean")[x].get_ydata()) == {row.mean_test_accuracy}
        sides = corners(bands[x])
        assert sides[:, 1].min() == pytest.approx(row.ci_low_test_accuracy)
        assert sides[:, 1].max() == pytest.approx(row.ci_high_test_accuracy)
        half = row.ci_high_test_accuracy - row.mean_test_accuracy
        expected = f"{row.hidden}\n0.5\n{row.mean_test_accuracy:.3f}\n±{half:.3f}"
        assert ax.get_xticklabels()[x].get_text() == expected
        assert np.mean(lines(ax, "mean")[x].get_xdata()) == pytest.approx(x)
    assert ax.texts[0].get_text() == "hidden units\nlearning rate\nmean\n95 % interval"


def test_accuracy_axis_ends_where_accuracies_do() -> None:
    runs = make_runs(("4",), (0.5,), range(2))
    runs["test_accuracy"] = [0.4, 0.9]
    summary = make_summary(runs)
    assert summary.ci_high_test_accuracy[0] > 1
    assert summary.ci_low_test_accuracy[0] < 0
    assert plot_accuracy(runs, summary).get_ylim() == (-0.01, 1.01)


def test_accuracy_colours_tell_best_tied_and_worse() -> None:
    runs = make_runs()
    summary = make_summary(runs)
    chosen = summary.learning_rate == 0.5
    summary.loc[chosen, "tied_with_best"] = pd.array([True, True, False], dtype="boolean")
    ax = plot_accuracy(runs, summary)
    for gid in ("mean", "seeds"):
        colours = [line.get_color() for line in lines(ax, gid)]
        assert all(map(same_color, colours, [TIED, BEST, WORSE]))
    assert legend_texts(ax) == ["best", "tied with the best", "worse than the best", "a seed"]


def test_accuracy_of_one_seed_has_no_interval_and_says_so() -> None:
    runs = make_runs(seeds=range(1))
    ax = plot_accuracy(runs, make_summary(runs))
    assert not ax.collections
    assert "one seed: no interval" in title(ax)
    assert [label.get_text().split("\n")[-1] for label in ax.get_xticklabels()] == ["–"] * 3
    np.testing.assert_array_equal([line.get_xdata() for line in lines(ax, "seeds")], [[0], [1], [2]])
    assert legend_texts(ax) == ["best", "a seed"]


def test_accuracy_marks_diverged_seeds() -> None:
    runs = make_runs()
    runs.loc[(runs.hidden == "4") & (runs.seed < 2), "status"] = "diverged"
    ax = plot_accuracy(runs, make_summary(runs))
    assert [len(line.get_xdata()) for line in lines(ax, "diverged seeds")] == [2, 0, 0]
    assert [len(line.get_xdata()) for line in lines(ax, "seeds")] == [3, 5, 5]
    assert legend_texts(ax)[-1] == "a seed that diverged"


def test_accuracy_of_failed_runs() -> None:
    runs = make_runs()
    some = fail(runs, (runs.hidden == "4") | ((runs.hidden == "1") & (runs.seed == 2)))
    ax = plot_accuracy(some, make_summary(some))
    assert [len(line.get_xdata()) for line in lines(ax, "seeds")] == [0, 5, 4]
    assert ax.get_xticklabels()[0].get_text().split("\n")[2:] == ["failed", "–"]
    assert "mean over 4 to 5 seeds" in title(ax)
    none = fail(runs, runs.seed >= 0)
    assert "no run has finished" in plot_accuracy(none, make_summary(none)).texts[0].get_text()


def test_accuracy_shows_the_best_among_many_hidden_sizes() -> None:
    hidden = tuple(str(h) for h in range(1, 101))
    runs = make_runs(hidden, (0.5,), range(2))
    runs.loc[runs.hidden == "37", "test_accuracy"] = 0.99
    ax = plot_accuracy(runs, make_summary(runs))
    shown = [label.get_text().split("\n")[0] for label in ax.get_xticklabels()]
    assert len(shown) == MAX_SIZES
    assert {"1", "37", "100"} <= set(shown)
    assert f"{MAX_SIZES} of 100 hidden sizes shown" in title(ax)
    (best,) = [line for line in lines(ax, "mean") if same_color(line.get_color(), BEST)]
    assert set(best.get_ydata()) == {0.99}


def test_accuracy_shows_some_of_many_seeds_and_says_so() -> None:
    runs = make_runs(("4",), (0.5,), range(1000))
    ax = plot_accuracy(runs, make_summary(runs))
    assert len(lines(ax, "seeds")[0].get_xdata()) == MAX_DOTS
    assert "mean over 1,000 seeds" in title(ax)
    assert f"at most {MAX_DOTS} dots" in title(ax)


def test_accuracy_shows_the_values_of_further_knobs() -> None:
    relu, tanh = make_runs(activation="relu"), make_runs(activation="tanh")
    relu.loc[relu.hidden == "4", "test_accuracy"] += 0.02
    tanh.loc[tanh.hidden != "4", "test_accuracy"] += 0.02
    runs = pd.concat([relu, tanh], ignore_index=True).assign(momentum=0.9)
    ax = plot_accuracy(runs, make_summary(runs, "activation", "momentum"))
    assert [label.get_text().split("\n")[2] for label in ax.get_xticklabels()] == ["relu", "tanh", "tanh"]
    assert "activation" in ax.texts[0].get_text()
    assert "at its best learning rate and activation" in title(ax)
    assert "momentum 0.9" in title(ax)
    np.testing.assert_array_equal(
        lines(ax, "seeds")[0].get_ydata(),
        relu[(relu.hidden == "4") & (relu.learning_rate == 0.5)].test_accuracy,
    )


def test_accuracy_draws_on_the_panel_it_is_given_and_changes_no_table() -> None:
    runs = make_runs()
    summary = make_summary(runs)
    before = runs.copy(), summary.copy()
    ax = Figure().subplots()
    assert plot_accuracy(runs, summary, ax) is ax
    assert plot_heat_map(summary, Figure().subplots()).images
    pd.testing.assert_frame_equal(runs, before[0])
    pd.testing.assert_frame_equal(summary, before[1])


def test_hidden_sizes_read_as_numbers_are_taken_too() -> None:
    runs = make_runs(("4", "1"))
    runs["hidden"] = runs["hidden"].astype(int)
    ax = plot_accuracy(runs, make_summary(runs))
    assert [label.get_text()[:1] for label in ax.get_xticklabels()] == ["4", "1"]


# -------------------------------------------------------------------------------------------- heat map


def cell_texts(ax: Axes) -> dict[tuple[float, float], str]:
    return {text.get_position(): text.get_text() for text in ax.texts}


def test_heat_map_holds_the_means_in_the_order_asked_for() -> None:
    runs = make_runs()
    summary = make_summary(runs)
    ax = plot_heat_map(summary)
    means = summary.set_index(["hidden", "learning_rate"]).mean_test_accuracy
    expected = [[means[h, r] for r in (0.5, 2.0)] for h in ("4", "8x8", "1")]
    np.testing.assert_array_equal(shading(ax), expected)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["4", "8x8", "1"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0.5", "2"]
    texts = cell_texts(ax)
    assert len(texts) == 6
    for row in range(3):
        for column in range(2):
            assert texts[column, row].split("\n")[0] == f"{expected[row][column]:.3f}"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("learning rate", "hidden units")
    assert ax.get_ylim() == (-0.5, 2.5)  # the first row is the lowest
    bar = ax.figure.axes[1]
    assert bar.get_ylabel() == "mean test accuracy\n(fraction correct)"
    assert title(ax) == "moons: mean test accuracy over 5 seeds"


def test_heat_map_frames_the_best_and_its_ties() -> None:
    summary = make_summary(make_runs())
    summary["tied_with_best"] = pd.array([False, True, False, True, False, False], dtype="boolean")
    ax = plot_heat_map(summary)
    assert frames(ax) == {(0, 1): "best", (0, 0): "tied"}
    texts = cell_texts(ax)
    assert texts[0, 1].endswith("\nbest")
    assert texts[0, 0].endswith("\ntied")
    assert texts[1, 1].count("\n") == 0


def test_heat_map_says_what_diverged_and_what_failed() -> None:
    runs = make_runs()
    runs.loc[(runs.hidden == "1") & (runs.learning_rate == 2.0) & (runs.seed < 2), "status"] = "diverged"
    runs = fail(runs, (runs.hidden == "4") & (runs.learning_rate == 2.0))
    runs = fail(runs, (runs.hidden == "8x8") & (runs.learning_rate == 2.0) & (runs.seed < 1))
    ax = plot_heat_map(make_summary(runs))
    texts = cell_texts(ax)
    assert texts[1, 2].endswith("2 of 5 diverged")
    assert "diverged" not in texts[0, 2]
    assert texts[1, 0] == "failed"
    assert texts[1, 1].endswith("1 of 5 failed")
    assert "failed" not in texts[0, 1]
    assert "over 4 to 5 seeds" in title(ax)
    assert shading(ax).mask.tolist() == [[False, True], [False, False], [False, False]]


def test_heat_map_leaves_cells_without_a_configuration_empty() -> None:
    runs = make_runs()
    summary = make_summary(runs[~((runs.hidden == "4") & (runs.learning_rate == 2.0))])
    ax = plot_heat_map(summary)
    assert (1, 0) not in cell_texts(ax)
    assert len(ax.texts) == 5


def test_heat_map_of_one_seed_says_that_ties_are_unknown() -> None:
    ax = plot_heat_map(make_summary(make_runs(seeds=range(1))))
    assert "one seed: no telling what is tied" in title(ax)
    assert list(frames(ax).values()) == ["best"]


def test_heat_map_text_is_white_on_dark_and_black_on_light() -> None:
    ax = plot_heat_map(make_summary(make_runs()))
    by_mean = sorted(ax.texts, key=lambda text: text.get_text())
    assert (by_mean[0].get_color(), by_mean[-1].get_color()) == ("white", "black")


def test_large_heat_map_marks_cells_instead_of_writing_in_them() -> None:
    hidden, rates = tuple(str(h) for h in range(1, 31)), tuple(0.5 * r for r in range(1, 21))
    runs = make_runs(hidden, rates, range(2))
    runs.loc[runs.hidden == "17", "test_accuracy"] -= 0.3
    runs.loc[(runs.hidden == "20") & (runs.learning_rate == 3.0), "test_accuracy"] = 0.99
    runs.loc[runs.seed == 1, "status"] = "diverged"
    ax = plot_heat_map(make_summary(runs))
    assert not ax.texts
    (best,) = lines(ax, "best")
    assert (best.get_xdata()[0], best.get_ydata()[0]) == (5, 19)
    assert "star: best" in title(ax)
    assert "600 of 1,200 runs diverged" in title(ax)
    assert len(ax.get_xticklabels()) <= 12
    assert ax.get_xticklabels()[-1].get_text() == "10"
    assert shading(ax).shape == (30, 20)


def test_heat_map_cells_are_at_the_best_value_of_a_further_knob() -> None:
    relu, tanh = make_runs(activation="relu"), make_runs(activation="tanh")
    tanh["test_accuracy"] += 0.01
    runs = pd.concat([relu, tanh], ignore_index=True)
    summary = make_summary(runs, "activation")
    ax = plot_heat_map(summary)
    expected = summary[summary.activation == "tanh"].mean_test_accuracy.max()
    assert shading(ax).max() == expected
    assert len(ax.texts) == 6
    assert "each cell at its best activation" in title(ax)


def test_heat_map_of_no_finished_run_says_so() -> None:
    runs = make_runs()
    none = fail(runs, runs.seed >= 0)
    assert "no run has finished" in plot_heat_map(make_summary(none)).texts[0].get_text()


# ------------------------------------------------------------------------------------------ boundaries


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


# -------------------------------------------------------------------------- nothing cut off, nothing odd


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
        *(plot_curves(curves, measure) for measure in MEASURES),
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


def test_one_of_everything_is_drawn_without_warnings(tmp_path: Path) -> None:
    runs = make_runs(("4",), (0.0,), range(1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in gallery.draw_all(tmp_path, make_results(runs)):
            assert name.stat().st_size > 1000


# -------------------------------------------------------------------------------------- a results folder


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A folder that held a picture of its own, and the results that were then drawn into it."""
    folder, results = tmp_path_factory.mktemp("results"), make_results(make_runs())
    (folder / "plots").mkdir()
    (folder / "plots" / "mine.png").write_bytes(b"mine")
    return SimpleNamespace(folder=folder, results=results, written=gallery.draw_all(folder, results))


def test_draw_all_writes_every_picture_and_touches_no_other_file(drawn: SimpleNamespace) -> None:
    place = drawn.folder / "plots"
    assert drawn.written == [place / name for name in PICTURES]
    assert sorted(path.name for path in place.iterdir()) == sorted([*PICTURES, "mine.png"])
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in drawn.written)
    assert (place / "mine.png").read_bytes() == b"mine"
    assert list(drawn.folder.iterdir()) == [place]


def test_draw_all_documents_the_names_it_writes() -> None:
    assert plots.__doc__ is not None
    assert [word for word in plots.__doc__.split() if word.endswith(".png")] == PICTURES


def test_draw_all_writes_the_same_bytes_for_the_same_tables(drawn: SimpleNamespace, tmp_path: Path) -> None:
    first = [path.read_bytes() for path in drawn.written]
    again = [path.read_bytes() for path in gallery.draw_all(tmp_path, make_results(make_runs()))]
    assert first == again
    assert not any(b"Software" in picture or b"Matplotlib" in picture for picture in first)


def test_draw_all_draws_the_median_seed_of_each_hidden_size(drawn: SimpleNamespace) -> None:
    # Seeds 0 to 4 lose 0, 2, 4, 1 and 3 times 0.003.
    assert drawn.results.asked == [("moons", hidden, 0.5, 1) for hidden in ("4", "8x8", "1")]


def test_draw_all_leaves_out_the_network_of_a_hidden_size_that_failed(tmp_path: Path) -> None:
    runs = make_runs(("4", "8x8"), (0.5,), range(2))
    results = make_results(fail(runs, runs.hidden == "4"))
    assert len(gallery.draw_all(tmp_path, results)) == len(PICTURES) - len(OF_TWO_SETTINGS)
    assert [hidden for _, hidden, _, _ in results.asked] == ["8x8"]


def test_draw_all_reads_only_the_networks_it_draws() -> None:
    results = make_results(make_runs(tuple(str(h) for h in range(1, 31)), (0.5,), range(1)))
    material = Material(results, {"dataset": "moons"})
    assert len(material.networks) == len(results.asked) == 20
    assert material.note.endswith("; 20 of 30 hidden sizes shown")
    assert material.networks[-1][0] == "30 hidden units\nseed 0: 0.850 correct"


def test_draw_all_of_several_data_sets_gives_each_its_own_pictures(tmp_path: Path) -> None:
    runs = pd.concat(
        [make_runs(("4",), (0.5,), range(1), name) for name in ("moons", "some/where/my data.csv")],
        ignore_index=True,
    )
    written = [path.name for path in gallery.draw_all(tmp_path, make_results(runs))]
    endings = ("-moons.png", "-my-data.png")
    assert written == sorted(name.replace(".png", ending) for name in OF_ONE_RUN for ending in endings)
    assert written == sorted(written)


def test_draw_all_of_several_problems_names_each_and_draws_twelve(tmp_path: Path) -> None:
    def noisy(*noises: Any) -> pd.DataFrame:
        return pd.concat([make_runs(("4",), (0.5,), range(1), noise=noise) for noise in noises], ignore_index=True)

    written = [path.name for path in gallery.draw_all(tmp_path / "two", make_results(noisy("auto", "0.1")))]
    endings = ("-moons-noise-auto.png", "-moons-noise-0-1.png")
    assert written == sorted(name.replace(".png", ending) for name in OF_ONE_RUN for ending in endings)

    said: list[str] = []
    written = [path.name for path in gallery.draw_all(tmp_path, make_results(noisy(*range(13))), said.append)]
    assert len(written) == 12 * len(OF_ONE_RUN)
    assert not any("noise-12" in name for name in written)
    assert "in the pictures: the first 12 of 13 problems" in said


def test_a_problem_is_named_in_every_picture() -> None:
    runs = make_runs(("4",), (0.5,), range(2), noise=0.25)
    results = make_results(runs)
    for picture, figure in gallery.pictures(Material(results, {"dataset": "moons", "noise": 0.25})):
        assert any("moons, noise 0.25: " in text for text in every_text(figure)), picture
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
    assert len(gallery.draw_all(tmp_path, results)) == len(PICTURES)


def test_draw_all_says_which_data_cannot_be_read_and_draws_the_rest(tmp_path: Path) -> None:
    said: list[str] = []
    results = make_results(make_runs(("4",), (0.5,), range(1)), unreadable="moons")
    written = [path.name for path in gallery.draw_all(tmp_path, results, said.append)]
    assert written == [name for name in OF_ONE_RUN if name not in ("data.png", "boundaries.png", "boundary_grid.png")]
    assert said == ["moons: not drawn: data, boundaries, boundary grid: no such file"]


def test_draw_all_says_that_it_draws_some_curves_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.plots.material.MAX_CURVE_ROWS", 1)
    said: list[str] = []
    gallery.draw_all(tmp_path, make_results(make_runs(("4",), (0.5,), range(2))), said.append)
    assert said == ["in the pictures: no more than 1 rows"]


def test_a_picture_that_is_not_finished_leaves_the_old_one(tmp_path: Path) -> None:
    class Unfinished(Figure):
        def draw(self, renderer: Any) -> None:
            raise KeyboardInterrupt

    path = tmp_path / "data.png"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt):
        gallery.write_picture(Unfinished(), path)
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


def test_computed_features_are_drawn_in_the_plane_of_the_inputs(tmp_path: Path) -> None:
    from experiments import Sweep

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
    figures = dict(gallery.pictures(Material(results, problem)))
    (ax,) = (ax for ax in figures["boundaries"].axes if ax.images)
    x, y = expected.X
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert left < x.min() < x.max() < right
    assert bottom < y.min() < y.max() < top
    corner = np.array([[left], [bottom], [left * bottom]])
    assert shading(ax)[0, 0] == results.network(results.runs.iloc[0]).predict_proba(corner)[0, 0]
    drawn = np.concatenate([line.get_xydata() for line in lines(figures["data"].axes[0])])
    np.testing.assert_array_equal(np.sort(drawn, axis=0), np.sort(expected.X.T, axis=0))


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


@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_without_results_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], exists: bool
) -> None:
    folder = tmp_path if exists else tmp_path / "missing"
    assert plots.main([str(folder)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("python -m experiments.plots: ")
    assert str(folder) in err
    assert not list(tmp_path.iterdir())


def test_the_command_draws_the_results_of_a_sweep(tmp_path: Path) -> None:
    from experiments import Sweep

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


def test_pictures_need_neither_pyplot_nor_a_compiler() -> None:
    unwanted = "{'matplotlib.pyplot', 'numba'}"
    code = f"import sys, experiments.plots; print(sorted({unwanted} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
