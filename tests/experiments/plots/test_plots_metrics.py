"""Pictures of any metric, of folds, of a regression and of empty cells, by the artists that were drawn."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import same_color

from experiments import Sweep
from experiments.plots import gallery
from experiments.plots.accuracy import plot_accuracy
from experiments.plots.boundary_grid import plot_boundary_grid
from experiments.plots.choice import best_curves, best_rows, codes_of, settings, standings, two_axes, values_of
from experiments.plots.convergence import plot_convergence
from experiments.plots.cost_by_size import plot_cost_by_size
from experiments.plots.curves import plot_curves
from experiments.plots.distribution import plot_distribution
from experiments.plots.heat_map import plot_heat_map
from experiments.plots.limits import Cut, draw_baselines, ends
from experiments.plots.material import Material
from experiments.plots.parallel import plot_parallel
from experiments.plots.style import BEST
from experiments.results import Results
from experiments.tables.statistics import median_replicate, summarize
from tests.helpers.tables import (
    CONFIGURATION,
    areas,
    corners,
    join,
    legend_texts,
    lines,
    make_curves,
    make_data,
    make_runs,
    shading,
    step_right,
    title,
)

BASELINES = (("always predicting 'a'", 0.5), ("linear model", 0.8))


def judged_by(runs: pd.DataFrame, metric: str, values: Any, *, larger: bool, **more: Any) -> tuple[Any, pd.DataFrame]:
    """Runs with another metric beside the score, and their summary, which is ranked by it."""
    runs = runs.assign(**{f"test_{metric}": values})
    score = "r2" if "train_r2" in runs else "accuracy"
    measures = [f"test_{metric}", f"test_{score}", f"train_{score}", "cost"]
    knobs = more.pop("knobs", [])
    return runs, summarize(
        runs, [*CONFIGURATION, *knobs], ["dataset"],
        measures=list(dict.fromkeys(measures)), larger_is_better=larger, **more,
    )  # fmt: skip


def by_loss() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The log loss is least for one hidden unit, where the accuracy is not highest."""
    runs = make_runs()
    return judged_by(runs, "log_loss", 0.2 + 0.1 * runs["hidden"].str.len() + 0.01 * runs["seed"], larger=False)


def by_r2(**far: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    runs = make_runs().rename(columns={"test_accuracy": "test_r2", "train_accuracy": "train_r2"})
    values = runs["test_r2"].copy()
    for hidden, value in far.items():
        values[runs["hidden"] == hidden.removeprefix("of_")] = value
    return judged_by(runs, "r2", values, larger=True)


def in_folds(runs: pd.DataFrame, folds: int = 3) -> pd.DataFrame:
    every = [runs.assign(test_accuracy=runs["test_accuracy"] - 0.001 * fold) for fold in range(folds)]
    for fold, of_fold in enumerate(every):
        of_fold.insert(list(of_fold.columns).index("seed"), "fold", fold)
    return join(*every)


def numbers(ax: Axes, row: int) -> list[str]:
    return [label.get_text().split("\n")[row] for label in ax.get_xticklabels()]


# A smaller one is better


def test_the_best_rows_are_those_of_the_metric_that_ranks() -> None:
    _, summary = by_loss()
    best = best_rows(summary, ["hidden"])
    assert (
        best["mean_test_log_loss"].tolist()
        == summary.groupby("hidden", sort=False)["mean_test_log_loss"].min().tolist()
    )
    first = standings(summary)[summary["rank_test_log_loss"].eq(1)]
    assert first.tolist() == ["best"] + ["tied"] * (len(first) - 1)
    assert len(first) > 1
    assert not standings(summary.drop(first.index)).eq("best").any()


def test_a_loss_is_shown_with_the_lowest_as_the_best() -> None:
    runs, summary = by_loss()
    ax = plot_accuracy(runs, summary)
    assert title(ax).startswith("moons: test log loss of each hidden size")
    assert ax.get_ylabel() == "test log loss (nats)\nsmaller is better"
    lowest = min(lines(ax, "mean"), key=lambda line: line.get_ydata()[0])
    assert same_color(lowest.get_color(), BEST)
    assert numbers(ax, 2) == ["0.3200", "0.5200", "0.3200"]


def test_ranked_configurations_begin_with_the_lowest_loss() -> None:
    runs, summary = by_loss()
    ax = plot_distribution(runs, summary)
    (marks,) = areas(ax, "seeds")
    means = pd.DataFrame(marks.get_offsets(), columns=["x", "y"]).groupby(marks.get_offsets()[:, 1].round())["x"].mean()
    assert means.is_monotonic_increasing
    assert ax.get_xlabel() == "test log loss (nats), smaller is better"


@pytest.mark.parametrize("larger", [True, False])
def test_light_cells_are_better(larger: bool) -> None:
    runs = make_runs()
    metric = "auc" if larger else "log_loss"
    ax = plot_heat_map(judged_by(runs, metric, 0.3 + 0.1 * runs["hidden"].str.len(), larger=larger)[1])
    image = ax.images[0]
    cells = shading(ax)
    light = [sum(image.cmap(image.norm(cells.max() if larger else cells.min()))[:3])]
    dark = [sum(image.cmap(image.norm(cells.min() if larger else cells.max()))[:3])]
    assert light > dark


def test_the_best_lines_end_at_the_top_and_are_drawn_last() -> None:
    ax = plot_parallel(by_loss()[1])
    (drawn,) = areas(ax, "configurations")
    losses = drawn.get_array()
    assert losses[0] == losses.max()
    assert losses[-1] == losses.min()
    heights = [segment[-1][1] for segment in drawn.get_segments()]
    assert (heights[0], heights[-1]) == (0.0, 1.0)


def test_the_cell_with_the_lowest_loss_is_kept_in_a_large_grid() -> None:
    hidden = tuple(str(k) for k in range(1, 31))
    runs = make_runs(hidden, (0.5,), range(1))
    runs, summary = judged_by(runs, "log_loss", (runs["hidden"] != "17").astype(float), larger=False)
    ax = plot_boundary_grid(summary, lambda _row, _most: [step_right], make_data())
    assert "17" in [label.get_text() for label in ax.get_yticklabels() + ax.get_xticklabels()]
    assert "0" in [text.get_text() for text in ax.texts]


def test_further_settings_are_at_the_best_of_the_summary() -> None:
    runs = make_runs(("4",), (0.5, 2.0), range(2))
    both = join(runs.assign(l2=0.0), runs.assign(l2=0.1, test_accuracy=0.1))
    both.insert(4, "l2", both.pop("l2"))
    both, summary = judged_by(both, "auc", 0.5 + both["l2"], larger=True, knobs=["l2"])
    curves = make_curves(both)
    assert set(best_curves(curves, ["learning_rate"])["l2"]) == {0.0}
    assert set(best_curves(curves, ["learning_rate"], summary)["l2"]) == {0.1}


# Values that are far off


def test_a_share_is_never_cut_off_and_ends_at_its_limits() -> None:
    assert Cut.of("accuracy", [0.0, 1.0, 1.0, 1.0]) == Cut("accuracy")
    assert ends("auc", -0.3, 1.4) == (-0.01, 1.01)
    np.testing.assert_array_equal(Cut("auc").within([-0.2, 0.5, 1.3, np.nan]), [0.0, 0.5, 1.0, np.nan])


@pytest.mark.parametrize(
    ("metric", "values", "low", "high"),
    [
        ("r2", [0.9, 0.8, 0.9, -1e300], -0.45, np.inf),
        ("r2", [0.9, 0.8, -0.4], -np.inf, np.inf),
        ("rmse", [10.0, 10.5, 10.2, 1e9], -np.inf, 12.0),
        ("rmse", [10.0, 10.5, 10.2, 13.0], -np.inf, np.inf),
        ("log_loss", [np.nan, 0.5, np.nan], -np.inf, np.inf),
        ("mae", [np.inf, np.nan], -np.inf, np.inf),
    ],
)  # fmt: skip
def test_values_that_are_far_off_are_cut_off(metric: str, values: list[float], low: float, high: float) -> None:
    cut = Cut.of(metric, values)
    assert cut.low == pytest.approx(low, abs=0.06)
    assert cut.high == pytest.approx(high, rel=0.1)


def test_seeds_and_means_that_are_far_off_stand_at_the_edge() -> None:
    runs, summary = by_r2(of_1=-40.0)
    ax = plot_accuracy(runs, summary)
    low, high = ax.get_ylim()
    assert low > -1
    assert high <= 1.02
    heights = np.concatenate([line.get_ydata() for line in lines(ax, "seeds")])
    assert heights.min() > low
    assert "5 seeds beyond -0.47 are drawn at the edge" in title(ax)
    assert "-40.000" in numbers(ax, 2)
    assert len(areas(ax, "interval")) == 2
    ax = plot_heat_map(summary)
    assert shading(ax).min() > -1
    assert "2 cells beyond" in title(ax)
    assert "-40.000" in [text.get_text().split("\n")[0] for text in ax.texts]


def test_intervals_of_shares_end_at_the_limits() -> None:
    runs = make_runs(("4",), (0.5,), range(2))
    runs["test_accuracy"] = [0.99, 0.9]
    _, summary = judged_by(runs, "accuracy", runs["test_accuracy"], larger=True)
    (band,) = areas(plot_distribution(runs, summary), "interval")
    assert summary["ci_high_test_accuracy"].iloc[0] > 1
    assert corners(band)[:, 0].max() == 1.0


# A regression


def test_curves_of_a_regression() -> None:
    runs, _ = by_r2()
    curves = make_curves(runs.assign(test_accuracy=0.0, train_accuracy=0.0, test_cost=runs["cost"])).drop(
        columns=["test_accuracy", "train_accuracy"]
    )
    figure = plot_curves(curves, "test_r2")
    assert figure.get_supylabel() == "test R²"
    assert title(figure).startswith("moons: test R² while training")
    figure = plot_curves(curves, "test_cost")
    assert figure.get_supylabel() == "test cost (half squared error)"
    assert "cost of the standardized target" in title(figure)
    with pytest.raises(ValueError, match="among cost, test_cost, train_r2, test_r2, got 'test_accuracy'"):
        plot_curves(curves, "test_accuracy")
    assert title(plot_convergence(curves, target=0.81)).startswith("moons: iterations until the test R² reaches 0.81")


def test_curves_of_r2_are_cut_off_far_below_0() -> None:
    runs, _ = by_r2()
    curves = make_curves(runs.assign(test_accuracy=0.0, train_accuracy=0.0))
    curves.loc[curves["hidden"] == "1", "test_r2"] = -500.0
    figure = plot_curves(curves.drop(columns=["test_accuracy", "train_accuracy"]), "test_r2")
    assert -1 < figure.axes[0].get_ylim()[0] < 0
    assert "cut off at -0.4" in title(figure)


def test_costs_of_a_regression_are_no_nats() -> None:
    ax = plot_cost_by_size(by_r2()[1], 2)
    assert ax.get_ylabel() == "final cost (half squared error)"
    assert "cost of the standardized target" in title(ax)


# Costs on the test points


def of_costs(test_costs: list[float]) -> pd.DataFrame:
    curves = make_curves(make_runs(("4",), (0.5,), range(2)))
    return curves.assign(test_cost=np.tile(test_costs, 2))


def test_the_lowest_test_cost_of_a_line_that_rises_again_is_marked() -> None:
    figure = plot_curves(of_costs([0.7, 0.3, 0.5]), "test_cost")
    (dot,) = lines(figure.axes[0], "lowest")
    assert (dot.get_xdata().tolist(), dot.get_ydata().tolist()) == ([10], [0.3])
    assert "minimum of a line\nthat rises again" in legend_texts(figure)
    falling = plot_curves(of_costs([0.7, 0.5, 0.3]), "test_cost")
    assert lines(falling.axes[0], "lowest") == []
    assert not any("lowest" in text for text in legend_texts(falling))


@pytest.mark.parametrize(("costs", "is_drawn"), [([0.7, 0.3, 0.5], True), ([np.nan] * 3, False)])
def test_test_costs_are_drawn_if_there_are_any(costs: list[float], is_drawn: bool) -> None:
    material, why = SimpleNamespace(curves=of_costs(costs), runs=make_runs()), "not recorded by this sweep"
    assert gallery.PICTURES["curves_test_cost"].why_not(material) == ("" if is_drawn else why)  # type: ignore[arg-type]
    assert gallery.PICTURES["curves_test_r2"].why_not(material) == why  # type: ignore[arg-type]
    assert gallery.PICTURES["curves_test_accuracy"].why_not(material) == ""  # type: ignore[arg-type]


# What networks are compared with


def test_baselines_are_lines_that_a_legend_names() -> None:
    runs, summary = judged_by(make_runs(), "accuracy", make_runs()["test_accuracy"], larger=True)
    ax = plot_accuracy(runs, summary, baselines=BASELINES)
    (line,) = lines(ax, "baseline")
    assert set(line.get_ydata()) == {0.8}
    assert legend_texts(ax)[-2:] == ["always predicting 'a':\n50.0 % (below)", "linear model:\n80.0 %"]
    ax = plot_distribution(runs, summary, baselines=[("low", 0.6), BASELINES[1]])
    assert [line.get_xdata()[0] for line in lines(ax, "baseline")] == [0.6, 0.8]
    assert "always predicting 'a': 50.0 %; linear model: 80.0 %" in title(plot_heat_map(summary, baselines=BASELINES))
    figure = plot_curves(make_curves(runs), "test_accuracy", baselines=BASELINES)
    assert all(len(lines(panel, "baseline")) == 2 for panel in figure.axes)
    assert lines(plot_curves(make_curves(runs), "cost", baselines=BASELINES).axes[0], "baseline") == []


def test_an_axis_grows_by_a_third_at_most_for_a_baseline() -> None:
    runs, summary = judged_by(make_runs(), "accuracy", make_runs()["test_accuracy"], larger=True)
    low, high = plot_accuracy(runs, summary).get_ylim()
    ax = plot_accuracy(runs, summary, baselines=(("a", low - 0.1 * (high - low)), ("b", -50.0)))
    assert low > ax.get_ylim()[0] > low - 0.4 * (high - low)
    assert len(lines(ax, "baseline")) == 1
    assert draw_baselines([], BASELINES, "accuracy") == []


# Folds and seeds


def test_folds_are_replicates_and_no_setting() -> None:
    runs = in_folds(make_runs())
    _, summary = judged_by(runs, "accuracy", runs["test_accuracy"], larger=True, replicates=["fold", "seed"])
    assert settings(runs) == settings(make_curves(runs)) == ["hidden", "learning_rate"]
    ax = plot_accuracy(runs, summary)
    assert "mean over 3 folds × 5 seeds" in title(ax)
    assert "a replicate" in legend_texts(ax)
    assert sum(len(line.get_xdata()) for line in lines(ax, "seeds")) == 3 * 15
    assert "mean over 3 folds × 5 seeds" in title(plot_distribution(runs, summary))
    assert "over 3 folds × 5 seeds" in title(plot_heat_map(summary))
    assert "mean over 3 folds × 5 seeds" in title(plot_cost_by_size(summary, 2))
    assert "median over 3 folds × 5 seeds" in title(plot_curves(make_curves(runs), "cost"))
    (marks,) = areas(plot_convergence(make_curves(runs), target=0.6), "seeds")
    assert len(marks.get_offsets()) == 3 * 30


def test_folds_of_one_seed_are_called_folds() -> None:
    runs = in_folds(make_runs(seeds=range(1)))
    _, summary = judged_by(runs, "accuracy", runs["test_accuracy"], larger=True, replicates=["fold", "seed"])
    ax = plot_accuracy(runs, summary)
    assert "mean over 3 folds and" in title(ax)
    assert "a fold" in legend_texts(ax)


# Settings that mean nothing


def with_empty_cells() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Of gd no momentum; of momentum two."""
    every = []
    for optimizer, momentum, loss in (("gd", np.nan, 0.02), ("momentum", 0.5, 0.0), ("momentum", 0.9, 0.01)):
        runs = make_runs(("4",), (0.5, 2.0), range(3), optimizer=optimizer, momentum=momentum)
        every.append(runs.assign(test_accuracy=runs["test_accuracy"] - loss))
    return judged_by(
        join(*every), "accuracy", join(*every)["test_accuracy"], larger=True, knobs=["optimizer", "momentum"]
    )


def test_empty_cells_are_a_value_of_their_own_and_the_last() -> None:
    _, summary = with_empty_cells()
    values = values_of(summary, "momentum")
    assert values[:2] == [0.5, 0.9]
    assert np.isnan(values[2])
    assert codes_of(summary["momentum"], values).tolist() == [2, 2, 0, 0, 1, 1]
    words = pd.Series(["all", np.nan, "8"], dtype=object)
    assert codes_of(words, values_of(pd.DataFrame({"batch_size": words}), "batch_size")).tolist() == [1, 2, 0]


def test_every_configuration_with_empty_cells_is_drawn() -> None:
    runs, summary = with_empty_cells()
    curves = make_curves(runs)
    ax = plot_accuracy(runs, summary, x="momentum")
    assert numbers(ax, 0) == ["0.5", "0.9", "–"]
    assert sum(len(line.get_xdata()) for line in lines(ax, "seeds")) == 9
    (marks,) = areas(plot_distribution(runs, summary), "seeds")
    assert len(marks.get_offsets()) == 18
    ax = plot_heat_map(summary, x="momentum", y="optimizer")
    assert np.ma.count(shading(ax)) == 3
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0.5", "0.9", "–"]
    figure = plot_curves(curves, "cost", x="learning_rate", y="momentum")
    assert [panel.get_title() for panel in figure.axes] == ["momentum 0.5", "momentum 0.9", "momentum –"]
    assert all(len(lines(panel, "median")) == 2 for panel in figure.axes)
    (drawn,) = areas(plot_parallel(summary), "configurations")
    assert np.isfinite(np.concatenate(drawn.get_segments())).all()
    assert len(drawn.get_segments()) == 6
    assert len(areas(plot_convergence(curves, target=0.6), "seeds")[0].get_offsets()) == 18
    assert "momentum" in two_axes(summary, y="momentum")


def test_what_means_nothing_is_left_out_of_titles() -> None:
    _, summary = with_empty_cells()
    one = summary["optimizer"] == "gd"
    text = title(plot_heat_map(summary[one], x="learning_rate", y="hidden"))
    assert "optimizer gd" in text
    assert "momentum" not in text


# Sweeps


@pytest.fixture(scope="module")
def results() -> Results:
    """Each fold has data of its own, of two features."""
    return Sweep(
        dataset="iris2", features="x3+x4", hidden=[1, 2], learning_rate=[1.0], seed=[3, 5], split="cv:3",
        metric=["log_loss", "accuracy"], iterations=100,
    ).run(jobs=1, out=None)  # fmt: skip


def test_networks_are_those_of_the_median_replicate_on_its_own_data(results: Results) -> None:
    material = Material(results, {"dataset": "iris2", "features": "x3+x4"})
    first = results.data(results.runs.iloc[0])
    shown = (first.base or first).X
    runs = results.runs[results.runs["hidden"] == "2"]
    median = median_replicate(runs, ["fold", "seed"], "test_log_loss", larger_is_better=False)
    (run,) = (row for _, row in runs.iterrows() if (row["fold"], row["seed"]) == (median["fold"], median["seed"]))
    name, answer = material.networks[1]
    assert f"fold {run['fold']}, seed {run['seed']}: log loss {run['test_log_loss']:.3f}" in name
    # The same flowers, as the replicate of the network standardizes them.
    source = results.source(run)
    train, _ = source.rows_of(3, 0)  # type: ignore[attr-defined]
    own = source.part(int(run["seed"]), int(run["fold"]))
    encoder = source.encoder(int(run["seed"]), int(run["fold"]))  # type: ignore[attr-defined]
    expected = results.network(run).predict_proba(own.inputs(encoder.transform(source.table, train)))  # type: ignore[attr-defined]
    np.testing.assert_allclose(np.asarray(answer(shown), np.float64), np.asarray(expected, np.float64), rtol=1e-9)
    assert "the points are those of fold 0, seed 3" in material.note


def test_an_ensemble_has_replicates_of_every_fold(results: Results) -> None:
    material = Material(results, {"dataset": "iris2", "features": "x3+x4"})
    row = results.summary.iloc[0]
    assert len(material.ensemble(row, 10)) == 6
    assert len(material.ensemble(row, 3)) == 3


def test_pictures_of_a_sweep_have_its_baselines(results: Results) -> None:
    assert "linear model:" in " ".join(legend_texts(results.plot_accuracy()))
    assert not any("linear" in text for text in legend_texts(results.plot_curves("test_accuracy")))
    assert "3 folds × 2 seeds" in title(results.plot_distribution())
