"""The picture of training, by the artists that were drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from experiments.plots.curves import MAX_ITERATIONS, MAX_LINES, MAX_PANELS, plot_curves
from tests.helpers.tables import (
    ITERATIONS,
    areas,
    corners,
    legend_texts,
    lines,
    make_curves,
    make_runs,
    title,
)


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
    assert figure.get_supylabel() == "test accuracy (%)"
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
    stopped = plot_curves(curves.assign(validation_cost=1.0), "test_accuracy")
    assert legend_texts(stopped) == ["0.5", "after a seed ended early:\nthe other seeds"]


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
