"""The pictures of many configurations, by the artists that were drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import same_color, to_rgba

from experiments.plots.convergence import plot_convergence
from experiments.plots.cost_by_size import plot_cost_by_size
from experiments.plots.distribution import plot_distribution
from experiments.plots.parallel import MAX_LINES, SPREAD, plot_parallel
from experiments.plots.ranked import MAX_CONFIGURATIONS
from experiments.plots.style import BEST, TIED, WORSE
from tests.helpers.tables import (
    areas,
    fail,
    join,
    legend_texts,
    lines,
    make_curves,
    make_runs,
    make_summary,
    title,
)


def labels(ax: Axes) -> list[str]:
    """The names of ranked configurations, from the top down."""
    rows = [text for text in ax.texts if text.xyann[0] == -6 and text.xy[1] in range(100) and text.xyann[1] == 0]  # type: ignore[attr-defined]
    return [text.get_text() for text in sorted(rows, key=lambda text: text.xy[1])]  # type: ignore[attr-defined]


def points(ax: Axes, gid: str) -> Any:
    (marks,) = areas(ax, gid)
    return marks.get_offsets()


# Distribution


def test_distribution_shows_every_seed_in_the_order_of_rank() -> None:
    runs = make_runs()
    summary = make_summary(runs)
    ax = plot_distribution(runs, summary)
    ranked = summary.sort_values("mean_test_accuracy", ascending=False, kind="stable")
    assert labels(ax) == [f"{row.hidden} · {row.learning_rate:g}" for row in ranked.itertuples()]
    found = points(ax, "seeds")
    for place, row in enumerate(ranked.itertuples()):
        some = runs[(runs.hidden == row.hidden) & (runs.learning_rate == row.learning_rate)]
        here = found[np.abs(found[:, 1] - place) < 0.4]
        np.testing.assert_array_equal(here[:, 0], some.test_accuracy)
        assert len(set(here[:, 1])) == 5
    (means,) = areas(ax, "mean")
    np.testing.assert_allclose([segment[0, 0] for segment in means.get_segments()], ranked.mean_test_accuracy)
    (boxes,) = areas(ax, "interval")
    ends = [(path.vertices[:, 0].min(), path.vertices[:, 0].max()) for path in boxes.get_paths()]
    np.testing.assert_allclose(ends, ranked[["ci_low_test_accuracy", "ci_high_test_accuracy"]])
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the best at the top
    assert ax.get_xlabel() == "test accuracy (%)"
    assert "mean over 5 seeds, band: 95 % interval" in title(ax)


def test_distribution_colours_tell_best_tied_and_worse() -> None:
    runs = make_runs(rates=(0.5,))
    summary = make_summary(runs)
    summary["tied_with_best"] = pd.array([True, True, False], dtype="boolean")
    ax = plot_distribution(runs, summary)
    (means,) = areas(ax, "mean")
    ranked = summary.sort_values("rank_test_accuracy")
    colours = [BEST if rank == 1 else TIED if tied else WORSE for rank, tied in
               zip(ranked.rank_test_accuracy, ranked.tied_with_best, strict=True)]  # fmt: skip
    assert {BEST, TIED, WORSE} == set(colours)
    assert all(map(same_color, means.get_colors(), colours))
    (marks,) = areas(ax, "seeds")
    assert same_color(marks.get_facecolors()[0][:3], to_rgba(BEST)[:3])
    assert legend_texts(ax) == ["best", "tied with the best", "worse than the best", "a seed"]


def test_distribution_shows_the_first_of_many_and_what_went_wrong() -> None:
    runs = make_runs(tuple(str(h) for h in range(1, 51)), (0.5,), range(3))
    runs.loc[runs.hidden == "37", "test_accuracy"] = 0.99
    runs.loc[(runs.hidden == "37") & (runs.seed == 1), "status"] = "diverged"
    runs = fail(runs, runs.hidden == "5")
    ax = plot_distribution(runs, make_summary(runs))
    assert len(labels(ax)) == MAX_CONFIGURATIONS
    assert labels(ax)[0] == "37"
    assert "5" not in labels(ax)
    assert len(points(ax, "diverged seeds")) == 1
    assert legend_texts(ax)[-1] == "a seed that diverged"
    assert f"the first {MAX_CONFIGURATIONS} of 49 configurations; 1 configuration failed" in title(ax)


def test_distribution_of_one_seed_has_no_mean_and_says_so() -> None:
    runs = make_runs(seeds=range(1))
    ax = plot_distribution(runs, make_summary(runs))
    assert not areas(ax, "mean")
    assert "one seed: no spread" in title(ax)


# Convergence


def curves_that_reach() -> pd.DataFrame:
    """Seed s of 4 hidden units is at 0.9 from iteration 10 (s + 1) on; that of 2 only if s < 1; that of 1 never."""
    curves = make_curves(make_runs(("1", "2", "4"), (0.5,), range(3)), tuple(range(0, 51, 10)))
    late = curves.iteration >= 10 * (curves.seed + 1)
    there = late & ((curves.hidden == "4") | ((curves.hidden == "2") & (curves.seed < 1)))
    return curves.assign(test_accuracy=np.where(there, 0.9, 0.5))


def test_convergence_shows_when_each_seed_reaches_the_target_and_which_never_do() -> None:
    ax = plot_convergence(curves_that_reach(), target=0.9)
    assert labels(ax) == ["4", "2", "1"]
    reached, never = points(ax, "seeds"), points(ax, "never")
    np.testing.assert_array_equal(reached[:, 0], [10, 20, 30, 10])
    np.testing.assert_array_equal(np.round(reached[:, 1]), [0, 0, 0, 1])
    np.testing.assert_array_equal(never[:, 0], [50] * 5)
    np.testing.assert_array_equal(np.round(never[:, 1]), [1, 1, 2, 2, 2])
    (median,) = areas(ax, "median")
    assert [segment[0, 0] for segment in median.get_segments()] == [20]  # half of the others never get there
    texts = [text.get_text() for text in ax.texts]
    assert [text for text in texts if "never" in text] == ["2 of 3 never", "3 of 3 never"]
    assert title(ax).startswith("moons: iterations until the test accuracy reaches 90 %")
    assert "5 of 9 runs never reach it" in title(ax)
    assert legend_texts(ax)[-1] == "never (drawn at the end of training)"


def test_convergence_chooses_a_target_below_the_best() -> None:
    assert "reaches 88 %" in title(plot_convergence(curves_that_reach()))  # 0.5 + 0.95 (0.9 - 0.5)


def test_convergence_at_the_start_has_a_place_on_the_axis() -> None:
    ax = plot_convergence(curves_that_reach(), target=0.1)
    assert set(points(ax, "seeds")[:, 0]) == {0}
    assert ax.get_xlim()[0] < 0
    assert not areas(ax, "never")
    assert ax.get_xscale() == "symlog"


def test_a_diverged_run_stands_where_its_curve_ends() -> None:
    curves = curves_that_reach()
    curves = curves[(curves.hidden != "1") | (curves.iteration <= 20)]
    never = points(plot_convergence(curves, target=0.9), "never")
    np.testing.assert_array_equal(never[:, 0], [50, 50, 20, 20, 20])


# Parallel coordinates


def parallel_lines(ax: Axes) -> Any:
    (collection,) = areas(ax, "configurations")
    return np.array(collection.get_segments()), np.asarray(collection.get_array())


def test_parallel_lines_pass_each_axis_at_their_values() -> None:
    runs = join(*(make_runs(("1", "8x8", "4"), (0.01, 0.1, 10.0), range(2), l2=l2) for l2 in (0.0, 0.01, 0.1)))
    summary = make_summary(runs, "l2")
    ax = plot_parallel(summary)
    segments, accuracy = parallel_lines(ax)
    assert segments.shape == (27, 4, 2)
    rising = summary.sort_values("mean_test_accuracy", kind="stable")
    np.testing.assert_array_equal(accuracy, rising.mean_test_accuracy)  # the best is drawn last
    heights = segments[:, :, 1]
    half = SPREAD / 2 + 1e-12
    places: list[dict[Any, float]] = [
        {"1": 0, "8x8": 0.5, "4": 1}, {0.01: 0, 0.1: 1 / 3, 10.0: 1}, {0.0: 0, 0.01: 0.5, 0.1: 1},
    ]  # fmt: skip
    for x, (axis, place) in enumerate(zip(("hidden", "learning_rate", "l2"), places, strict=True)):
        assert np.abs(heights[:, x] - rising[axis].map(place)).max() <= half
    np.testing.assert_allclose(heights[:, 3], (accuracy - accuracy[0]) / (accuracy[-1] - accuracy[0]))
    names = [label.get_text().replace("\n", " ") for label in ax.get_xticklabels()]
    assert names == ["hidden units", "learning rate", "l2", "mean test accuracy (%)"]
    assert {"8x8", "0.01", "10"} <= {text.get_text() for text in ax.texts}


def test_parallel_samples_many_configurations_and_says_so() -> None:
    summary = make_summary(make_runs(tuple(map(str, range(1, 61))), tuple(np.arange(1, 41) / 8), range(1)))
    ax = plot_parallel(summary)
    _, accuracy = parallel_lines(ax)
    assert len(accuracy) == MAX_LINES
    assert accuracy[-1] == summary.mean_test_accuracy.max()
    assert f"{MAX_LINES:,} of 2,400 configurations shown" in title(ax)


def test_parallel_counts_what_failed_and_needs_two_settings() -> None:
    runs = make_runs()
    summary = make_summary(fail(runs, (runs.hidden == "4") & (runs.learning_rate == 0.5)))
    assert "1 of 6 configurations failed" in title(plot_parallel(summary))
    one = make_summary(make_runs(rates=(0.5,)))
    assert "fewer than two settings vary" in plot_parallel(one).texts[0].get_text()


# Cost by size


def test_cost_by_size_counts_parameters_and_marks_the_best_of_each() -> None:
    runs = make_runs()
    runs["cost"] *= 3.0**runs.learning_rate
    summary = make_summary(runs)
    ax = plot_cost_by_size(summary, features=3)
    size = {"4": 4 * 3 + 4 + 4 + 1, "8x8": 8 * 3 + 8 + 64 + 8 + 8 + 1, "1": 3 + 1 + 1 + 1}
    (dots,), (best,) = lines(ax, "configurations"), lines(ax, "best of each size")
    np.testing.assert_array_equal(dots.get_xdata(), summary.hidden.map(size))
    np.testing.assert_array_equal(dots.get_ydata(), summary.mean_cost)
    expected = summary[summary.learning_rate == 0.5].set_index("hidden").loc[["1", "4", "8x8"]]
    np.testing.assert_array_equal(best.get_xdata(), [6, 21, 113])
    np.testing.assert_array_equal(best.get_ydata(), expected.mean_cost)
    assert [text.get_text() for text in ax.texts] == ["1", "4", "8x8"]
    (bars,) = areas(ax, "interval")
    ends = [(segment[:, 1].min(), segment[:, 1].max()) for segment in bars.get_segments()]
    np.testing.assert_allclose(ends, expected[["ci_low_cost", "ci_high_cost"]])
    assert ax.get_xscale() == ax.get_yscale() == "log"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("parameters: weights and biases", "final cost (nats)")


def test_cost_by_size_keeps_diverged_costs_at_the_edge() -> None:
    runs = make_runs()
    where = (runs.hidden == "4") & (runs.learning_rate == 2.0)
    runs.loc[where, "cost"] = 1e300
    runs.loc[where, "status"] = "diverged"
    ax = plot_cost_by_size(make_summary(runs), features=2)
    (crosses,) = lines(ax, "with diverged seeds")
    assert list(crosses.get_ydata()) == [20]
    assert "1 configuration above 20 nats" in title(ax)
    assert legend_texts(ax)[-1] == "a configuration with\ndiverged seeds"
