"""The heat map, by the artists that were drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from experiments.plots.heat_map import plot_heat_map
from experiments.plots.parallel import plot_parallel
from tests.helpers.tables import (
    fail,
    lines,
    make_runs,
    make_summary,
    shading,
    title,
)


def frames(ax: Axes) -> dict[tuple[int, int], str]:
    """What the frame around each (column, row) of a heat map says."""
    patches: list[Any] = list(ax.patches)
    return {(round(p.get_x() + 0.46), round(p.get_y() + 0.45)): p.get_gid() for p in patches}


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
            assert texts[column, row].split("\n")[0] == f"{100 * expected[row][column]:.1f}"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("learning rate", "hidden units")
    assert ax.get_ylim() == (-0.5, 2.5)  # the first row is the lowest
    bar = ax.figure.axes[1]
    assert bar.get_ylabel() == "mean test accuracy (%)"
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
    assert "one seed: ties are unknown" in title(ax)
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


@pytest.mark.parametrize("mean", [0.962, 1.0])
def test_equal_means_have_a_scale_of_possible_values(mean: float) -> None:
    summary = make_summary(make_runs())
    summary["mean_test_accuracy"] = mean
    for drawn in (plot_heat_map(summary), plot_parallel(summary)):
        low, high = drawn.figure.axes[1].get_ylim()
        assert 0 <= low < mean <= high <= 1
        assert high - low <= 0.02001
