"""Which settings become the axes of a picture, and which of many values are shown."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.plots.accuracy import plot_accuracy
from experiments.plots.choice import evenly, every_other, main_axis, rows_of, two_axes, values_of
from experiments.plots.curves import plot_curves
from experiments.plots.heat_map import plot_heat_map
from tests.helpers.tables import (
    join,
    legend_texts,
    lines,
    make_curves,
    make_runs,
    make_summary,
    shading,
    title,
)


def of_knobs(**knobs: Any) -> pd.DataFrame:
    """One network of one shape at one learning rate, with every combination of two knobs."""
    (a, some), (b, others) = knobs.items()
    runs = [make_runs(("4",), (0.5,), range(3), **{a: value, b: other}) for value in some for other in others]
    for place, of_pair in enumerate(runs):
        of_pair["test_accuracy"] -= 0.01 * place
    return join(*runs)


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


@pytest.mark.parametrize(("n", "chosen"), [(3, [0, 1, 2]), (17, list(range(0, 17, 2))), (20, list(range(1, 20, 2)))])
def test_every_other_has_equal_steps_and_the_last(n: int, chosen: list[int]) -> None:
    assert every_other(n, 12) == chosen


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


def test_several_data_sets_are_refused() -> None:
    runs = pd.concat([make_runs(), make_runs(dataset="flower")], ignore_index=True)
    message = "expected the rows of one data set, got 2: moons, flower"
    with pytest.raises(ValueError, match=message):
        plot_curves(make_curves(runs), "cost")
    with pytest.raises(ValueError, match=message):
        plot_accuracy(runs, make_summary(runs))
    with pytest.raises(ValueError, match=message):
        plot_heat_map(make_summary(runs))
