"""Learning curves in one picture, by the artists that were drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import same_color

from experiments.plots.learning_curves import COLOURS, plot_learning_curves
from tests.helpers.tables import (
    areas,
    corners,
    every_text,
    fail,
    legend_texts,
    lines,
    make_curves,
    make_runs,
    make_summary,
    title,
)


def with_test_costs(curves: pd.DataFrame) -> pd.DataFrame:
    return curves.assign(test_cost=curves["cost"] + 0.05)


def panels(runs: pd.DataFrame, **how: object) -> list[Axes]:
    curves = with_test_costs(make_curves(runs))
    return plot_learning_curves(curves, make_summary(runs), **how).axes  # type: ignore[arg-type]


def drawn(ax: Axes, part: str) -> Any:
    (line,) = (line for line in lines(ax, "median") if same_color(line.get_color(), COLOURS[part]))
    return np.asarray(line.get_ydata())


def test_each_hidden_size_has_cost_and_accuracy_of_both_parts_at_its_best_learning_rate() -> None:
    runs = make_runs()
    axes = panels(runs)
    assert [ax.get_title() for ax in axes[:3]] == [
        "4 hidden units\nlearning rate 0.5", "8x8 hidden units\nlearning rate 0.5", "1 hidden unit\nlearning rate 0.5",
    ]  # fmt: skip
    curves = with_test_costs(make_curves(runs))
    for place, hidden in enumerate(("4", "8x8", "1")):
        own = curves[(curves.hidden == hidden) & (curves.learning_rate == 0.5)].groupby("iteration")
        expected = {
            (0, "training"): own.cost, (0, "test"): own.test_cost,
            (3, "training"): own.train_accuracy, (3, "test"): own.test_accuracy,
        }  # fmt: skip
        for (row, part), values in expected.items():
            np.testing.assert_allclose(drawn(axes[row + place], part), values.median())
        band = corners(areas(axes[3 + place], "quartiles")[1])
        np.testing.assert_allclose(sorted({*band[:, 1]}), sorted({*own.test_accuracy.quantile(np.array([0.25, 0.75]))}))
    assert (axes[0].get_ylabel(), axes[3].get_ylabel()) == ("cost\n(nats)", "accuracy\n(%)")
    assert axes[0].get_ylim() == axes[2].get_ylim() != axes[3].get_ylim() == axes[5].get_ylim()


def test_title_and_legend_say_what_is_shown() -> None:
    runs = make_runs()
    curves = with_test_costs(make_curves(runs))
    figure = plot_learning_curves(curves, make_summary(runs), sampled="a note", baselines=[("linear model", 0.8)])
    assert title(figure) == (
        "moons: cost and accuracy while training of each hidden size at its best learning rate "
        "line: median over 5 seeds, band: lower to upper quartile; a note"
    )
    assert legend_texts(figure) == ["training part", "test part", "linear model:\n80.0 %"]
    assert len(lines(figure.axes[3], "baseline")) == 1
    assert not lines(figure.axes[0], "baseline")


def test_of_many_hidden_sizes_some_are_shown_with_the_best() -> None:
    runs = make_runs(tuple(map(str, range(1, 31))), (0.5,), range(2))
    runs.loc[runs.hidden == "13", "test_accuracy"] = 0.99
    axes = panels(runs)
    assert len(axes) == 16
    assert "13 hidden units" in [ax.get_title() for ax in axes]
    assert "8 of 30 hidden sizes shown" in title(axes[0])


def test_a_sample_has_a_column_for_each_of_the_first_in_rank() -> None:
    runs = make_runs(tuple(map(str, range(1, 13))), (0.5,), range(2))
    runs["test_accuracy"] += runs["hidden"].astype(int) / 100
    axes = panels(runs, is_sample=True)
    assert [ax.get_title() for ax in axes[:2]] == ["rank 1\n12 hidden units", "rank 2\n11 hidden units"]
    np.testing.assert_allclose(drawn(axes[8], "test")[-1], runs[runs.hidden == "12"].test_accuracy.median())
    assert "8 of 12 configurations shown" in title(axes[0])


def test_a_seed_that_diverged_is_dotted_and_explained() -> None:
    runs = make_runs(("4",), (0.5,))
    curves = with_test_costs(make_curves(runs))
    curves = curves[(curves.seed > 0) | (curves.iteration == 0)]
    figure = plot_learning_curves(curves, make_summary(runs))
    assert lines(figure.axes[0], "median of the rest")
    assert legend_texts(figure)[2] == "after a seed diverged:\nthe other seeds"


def test_without_test_costs_or_test_scores_only_the_training_part_is_drawn() -> None:
    runs = make_runs()
    curves = make_curves(runs).assign(test_cost=np.nan)
    axes = plot_learning_curves(curves, make_summary(runs)).axes
    assert len(lines(axes[0], "median")) == 1
    assert len(lines(axes[3], "median")) == 2


def test_without_a_finished_run_that_is_said() -> None:
    runs = make_runs()
    every = fail(runs, runs.seed >= 0)
    figure = plot_learning_curves(make_curves(every).assign(cost=np.nan), make_summary(every))
    assert "no run has finished" in " ".join(every_text(figure))


def test_rows_of_several_data_sets_are_refused() -> None:
    runs = pd.concat([make_runs(), make_runs(dataset="circles")], ignore_index=True)
    with pytest.raises(ValueError, match="expected the rows of one data set, got 2"):
        plot_learning_curves(make_curves(runs), make_summary(runs))
