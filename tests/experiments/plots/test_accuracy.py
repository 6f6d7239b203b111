"""The picture of what a sweep found, by the artists that were drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color
from matplotlib.figure import Figure

from experiments.plots.accuracy import MAX_DOTS, MAX_SIZES, plot_accuracy
from experiments.plots.heat_map import plot_heat_map
from experiments.plots.style import BEST, TIED, WORSE
from tests.helpers.tables import (
    areas,
    corners,
    fail,
    legend_texts,
    lines,
    make_runs,
    make_summary,
    title,
)


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
    assert ax.get_ylabel() == "test accuracy (%)"


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
        expected = f"{row.hidden}\n0.5\n{100 * row.mean_test_accuracy:.1f}\n±{100 * half:.1f}"
        assert ax.get_xticklabels()[x].get_text() == expected
        assert np.mean(lines(ax, "mean")[x].get_xdata()) == pytest.approx(x)
    assert ax.texts[0].get_text() == "hidden units\nlearning rate\nmean (%)\n95 % interval"


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
