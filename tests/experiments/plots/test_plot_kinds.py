"""The pictures of many configurations, and which settings become axes, by the artists that were drawn."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import same_color, to_rgba
from matplotlib.figure import Figure
from PIL import Image

from experiments import Sweep
from experiments.plots import gallery
from experiments.plots.accuracy import plot_accuracy
from experiments.plots.boundary_grid import GAP, PIXELS, UNSURE, plot_boundary_grid
from experiments.plots.choice import every_other, main_axis, rows_of, two_axes, values_of
from experiments.plots.convergence import plot_convergence
from experiments.plots.cost_by_size import plot_cost_by_size
from experiments.plots.curves import plot_curves
from experiments.plots.distribution import plot_distribution
from experiments.plots.heat_map import plot_heat_map
from experiments.plots.material import Material
from experiments.plots.page import write_page
from experiments.plots.parallel import MAX_LINES, SPREAD, plot_parallel
from experiments.plots.plane import SHADES
from experiments.plots.ranked import MAX_CONFIGURATIONS
from experiments.plots.style import BEST, TIED, WORSE
from experiments.results import Results
from tests.helpers.tables import (
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
    title,
)


def join(*tables_of_runs: pd.DataFrame) -> pd.DataFrame:
    return pd.concat(tables_of_runs, ignore_index=True)


def of_knobs(**knobs: Any) -> pd.DataFrame:
    """One network of one shape at one learning rate, with every combination of two knobs."""
    (a, some), (b, others) = knobs.items()
    runs = [make_runs(("4",), (0.5,), range(3), **{a: value, b: other}) for value in some for other in others]
    for place, of_pair in enumerate(runs):
        of_pair["test_accuracy"] -= 0.01 * place
    return join(*runs)


def labels(ax: Axes) -> list[str]:
    """The names of ranked configurations, from the top down."""
    rows = [text for text in ax.texts if text.xyann[0] == -6 and text.xy[1] in range(100) and text.xyann[1] == 0]  # type: ignore[attr-defined]
    return [text.get_text() for text in sorted(rows, key=lambda text: text.xy[1])]  # type: ignore[attr-defined]


def points(ax: Axes, gid: str) -> Any:
    (marks,) = areas(ax, gid)
    return marks.get_offsets()


# ------------------------------------------------------------------------------------------------ axes


def test_the_two_settings_with_most_values_are_the_axes() -> None:
    usual = make_summary(make_runs())
    assert two_axes(usual) == ("learning_rate", "hidden")
    knobs = make_summary(of_knobs(l2=(0.0, 0.1, 0.2), batch_size=("all", "8")), "l2", "batch_size")
    assert two_axes(knobs) == ("l2", "batch_size")
    assert two_axes(knobs, x="batch_size") == ("batch_size", "l2")
    assert two_axes(knobs, y="l2") == ("batch_size", "l2")
    assert two_axes(knobs, x="hidden", y="l2") == ("hidden", "l2")
    both = of_knobs(activation=("relu", "tanh"), l2=(0.0, 0.1))
    more = make_summary(join(both, both.assign(hidden="2")), "activation", "l2")
    assert two_axes(more)[1] == "hidden"  # of as many values it comes first


def test_settings_in_step_are_not_two_axes() -> None:
    pairs = ((0.0, 1.0), (0.1, 2.0), (0.2, 3.0), (0.3, 4.0))
    runs = [make_runs(("4", "2"), (rate,), range(2), l2=l2) for l2, rate in pairs]
    assert set(two_axes(make_summary(join(*runs), "l2"))) == {"learning_rate", "hidden"}


def test_unknown_axes_are_refused() -> None:
    summary = make_summary(make_runs())
    with pytest.raises(ValueError, match=r"expected an axis among hidden, learning_rate, got 'learning_rat' \(did you"):
        plot_heat_map(summary, x="learning_rat")
    with pytest.raises(ValueError, match="expected two axes, got 'hidden' twice"):
        plot_heat_map(summary, x="hidden", y="hidden")


def test_values_rise_with_words_after_numbers_and_sizes_as_asked_for() -> None:
    table = pd.DataFrame({"hidden": ["8x8", "4", "1"], "batch_size": ["all", "128", "16"], "l2": [0.1, 0.0, 1e-3]})
    assert values_of(table, "hidden") == ["8x8", "4", "1"]
    assert values_of(table, "batch_size") == ["16", "128", "all"]
    assert values_of(table, "l2") == [0.0, 1e-3, 0.1]


def test_the_one_axis_is_hidden_units_or_has_most_values() -> None:
    assert main_axis(make_summary(make_runs())) == "hidden"
    knobs = make_summary(of_knobs(l2=(0.0, 0.1, 0.2), batch_size=("all", "8")), "l2", "batch_size")
    assert main_axis(knobs) == "l2"
    assert main_axis(knobs, "batch_size") == "batch_size"


@pytest.mark.parametrize(("n", "chosen"), [(3, [0, 1, 2]), (17, list(range(0, 17, 2))), (20, list(range(1, 20, 2)))])
def test_every_other_has_equal_steps_and_the_last(n: int, chosen: list[int]) -> None:
    assert every_other(n, 12) == chosen


def test_no_rows_belong_to_no_configuration() -> None:
    runs = make_runs(("4",), (0.5,))
    assert rows_of(runs, make_summary(runs).iloc[:0]).empty


def test_accuracy_and_heat_map_take_what_varies() -> None:
    runs = of_knobs(l2=(0.0, 0.1, 0.2), batch_size=("all", "8"))
    summary = make_summary(runs, "l2", "batch_size")
    ax = plot_accuracy(runs, summary)
    assert [label.get_text().split("\n")[:2] for label in ax.get_xticklabels()] == [
        ["0", "all"],
        ["0.1", "all"],
        ["0.2", "all"],
    ]
    assert title(ax).startswith("moons: test accuracy of each value of l2 at its best batch size")
    assert "4 hidden units; learning rate 0.5" in title(ax)
    ax = plot_heat_map(summary)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("l2", "batch size")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["8", "all"]
    means = summary.set_index(["batch_size", "l2"]).mean_test_accuracy
    expected = [[means[size, l2] for l2 in (0.0, 0.1, 0.2)] for size in ("8", "all")]
    np.testing.assert_array_equal(shading(ax), expected)


def test_curves_take_what_varies_and_one_setting_has_one_panel() -> None:
    runs = of_knobs(l2=(0.0, 0.1, 0.2), batch_size=("all", "8"))
    figure = plot_curves(make_curves(runs), "cost")
    assert [ax.get_title() for ax in figure.axes] == ["batch size 8", "batch size all"]
    assert legend_texts(figure) == ["0", "0.1", "0.2"]
    assert figure.legends[0].get_title().get_text() == "l2"
    (ax,) = plot_curves(make_curves(runs[runs.batch_size == "8"])).axes
    assert len(lines(ax, "median")) == 3
    swapped = plot_curves(make_curves(runs), "cost", x="batch_size", y="l2")
    assert [ax.get_title() for ax in swapped.axes] == ["l2 0", "l2 0.1", "l2 0.2"]


# ---------------------------------------------------------------------------------------- distribution


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
    assert ax.get_xlabel() == "test accuracy (fraction correct)"
    assert "mean over 5 seeds, band: its 95 % interval" in title(ax)


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


# ----------------------------------------------------------------------------------------- convergence


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
    assert title(ax).startswith("moons: iterations until the test accuracy is 90 %")
    assert "5 of 9 runs never get there" in title(ax)
    assert legend_texts(ax)[-1] == "never: at the end of its training"


def test_convergence_chooses_a_target_below_the_best() -> None:
    assert "is 88 %" in title(plot_convergence(curves_that_reach()))  # 0.5 + 0.95 (0.9 - 0.5)


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


# ------------------------------------------------------------------------------------------ parallel


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
    assert names == ["hidden units", "learning rate", "l2", "mean test accuracy"]
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


# ---------------------------------------------------------------------------------------- cost by size


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
    assert "1 configuration beyond 20 nats" in title(ax)
    assert legend_texts(ax)[-1] == "one of which\nseeds diverged"


# --------------------------------------------------------------------------------------- boundary grid


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
    assert [text for _, _, text in texts] == [f"{means[h, r]:.3f}" for h in ("4", "8x8", "1") for r in (0.5, 2.0)]
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


# ----------------------------------------------------------------------------- a folder, and from Python


def test_a_picture_that_is_not_drawn_any_more_is_removed(tmp_path: Path) -> None:
    assert tmp_path / "plots" / "parallel.png" in gallery.draw_all(tmp_path, make_results(make_runs()))
    written = gallery.draw_all(tmp_path, make_results(make_runs(rates=(0.5,))))
    assert sorted((tmp_path / "plots").iterdir()) == written
    assert not {"parallel.png", "heat_map.png"} & {path.name for path in written}


def test_every_picture_is_explained() -> None:
    text = (Path(plots.__file__).parents[1] / "results" / "README.md").read_text(encoding="utf-8")
    assert [name for name in gallery.PICTURES if f"`{name}.png`" not in text] == []


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


def test_some_curves_only_is_in_the_titles() -> None:
    results = make_results(make_runs())
    curves, _ = results.some_curves(10**6)
    material = Material(results, {"dataset": "moons"}, (curves, "curves of 5 of 9 seeds"))
    for function in (plot_curves, plot_convergence):
        assert "curves of 5 of 9 seeds" in title(function(**material.given(function, {})))


def test_the_target_is_that_of_the_summary() -> None:
    results = make_results(make_runs())
    results.summary["target_test_accuracy"] = 0.625
    given = Material(results, {"dataset": "moons"}).given(plot_convergence, {})
    assert "is 62.5 %" in title(plot_convergence(**given))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    sweep = Sweep(hidden=[1, 2], learning_rate=[0.5, 1], seed=range(3), iterations=40, dataset=["moons", "circles"])
    return sweep.run(out=tmp_path_factory.mktemp("results"))


@pytest.mark.parametrize("function", gallery.FUNCTIONS, ids=lambda function: function.__name__)
def test_every_picture_is_a_method_of_results(results: Results, function: Any) -> None:
    method = getattr(results, function.__name__)
    drawn = method(problem=results.summary.iloc[-1])
    assert isinstance(drawn, Axes | Figure)
    assert title(drawn).startswith("circles")
    assert method.__doc__ == function.__doc__
    assert "problem" in inspect.signature(method).parameters
    assert function.__name__ in dir(results)


def test_methods_take_the_other_arguments(results: Results) -> None:
    problem = {"dataset": "moons"}
    assert results.plot_heat_map(x="hidden", y="learning_rate", problem=problem).get_xlabel() == "hidden units"
    assert results.plot_curves("test_accuracy", problem=problem).get_supylabel().startswith("test accuracy")
    ax = Figure().subplots()
    assert results.plot_accuracy(ax, problem=problem) is ax
    assert "is 60 %" in title(results.plot_convergence(target=0.6, problem=problem))


def test_methods_refuse_what_they_cannot_draw(results: Results) -> None:
    with pytest.raises(ValueError, match=r"expected problem=, a row of the summary, .* 2 problems: moons, circles"):
        results.plot_accuracy()
    with pytest.raises(AttributeError, match=r"expected a picture among .*, got plot_heatmap \(did you mean"):
        _ = results.plot_heatmap
    assert not hasattr(results, "heat_map")


def test_networks_of_a_configuration_are_those_of_its_seeds(results: Results) -> None:
    row = results.summary.iloc[5]
    runs = results.runs[(results.runs[["dataset", "hidden", "learning_rate"]] == row[:3]).all(axis=1)]
    X = np.array([[0.1, 0.7, -1.0], [0.3, -0.2, 0.4]])
    expected = [results.network(runs.iloc[i]).predict_proba(X) for i in range(3)]
    np.testing.assert_array_equal([network.predict_proba(X) for network in results.networks(row)], expected)
    np.testing.assert_array_equal([network.predict_proba(X) for network in results.networks(row, 2)], expected[:2])


def test_results_import_no_pictures_until_they_are_asked_for() -> None:
    code = (
        "import sys; from experiments import Sweep\n"
        "results = Sweep(hidden=1, learning_rate=1, seed=0, iterations=1, samples=20).run(out=None)\n"
        "before = 'matplotlib' in sys.modules; results.plot_accuracy(); print(before, 'matplotlib' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == ["False", "True"]
