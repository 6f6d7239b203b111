"""Slices and importances: what is drawn of a sample, and that it is what the tables say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from experiments.plots.importance import Importances, importances, plot_importance
from experiments.plots.slices import plot_slices, smooth
from tests.helpers.tables import legend_texts, lines, make_summary, title

N = 60


def sample(of: Any = None, **columns: Any) -> pd.DataFrame:
    """The summary of a sample of three settings whose accuracy depends on the learning rate, or is ``of`` a row."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "dataset": "moons",
            "hidden": [str(n) for n in rng.integers(1, 33, N)],
            "learning_rate": 10 ** rng.uniform(-3, 1, N),
            "l2": np.where(rng.random(N) < 0.4, 0.0, 10 ** rng.uniform(-6, -1, N)),
        }
    ).assign(**columns)
    of = of or (lambda row: 0.9 - 0.1 * abs(np.log10(row.learning_rate) + 1))
    rows = [
        {**row, "seed": seed, "iterations": 9, "status": "ok", "cost": 0.1, "train_accuracy": 0.5,
         "test_accuracy": of(pd.Series(row)) + 0.001 * seed, "error": ""}
        for row in table.to_dict("records") for seed in range(2)
    ]  # fmt: skip
    return make_summary(pd.DataFrame(rows), *map(str, table.columns[3:]))


def panel(figure: Figure, name: str) -> Axes:
    return next(ax for ax in figure.axes if ax.get_title() == name)


def dots(ax: Axes, *gids: str) -> np.ndarray[Any, Any]:
    found = [np.asarray(each.get_offsets()) for each in ax.collections if each.get_gid() in (gids or DOTS)]
    return np.concatenate(found)


DOTS = ("best", "tied", "worse")


def test_every_configuration_is_a_dot_in_every_panel() -> None:
    summary = sample(momentum=[0.5, np.nan] * (N // 2), activation=["tanh", "relu", "tanh"] * (N // 3))
    figure = plot_slices(summary)
    assert [ax.get_title() for ax in figure.axes] == ["hidden units", "learning rate", "l2", "momentum", "activation"]
    for ax in figure.axes:
        found = dots(ax)
        assert sorted(found[:, 1]) == pytest.approx(sorted(summary["mean_test_accuracy"]))
        assert np.isfinite(found).all()
        assert ((found[:, 0] > -0.04) & (found[:, 0] < 1.04)).all()
        assert dots(ax, "best")[:, 1] == pytest.approx([summary["mean_test_accuracy"].max()])
    assert {"best", "worse than the best"} <= set(legend_texts(figure))


def test_dots_are_in_the_order_of_the_values_on_the_more_even_scale() -> None:
    summary = sample()
    found = dots(panel(plot_slices(summary), "learning rate"))
    by_mean = dict(zip(summary["mean_test_accuracy"].round(9), summary["learning_rate"], strict=True))
    rates = np.array([by_mean[round(mean, 9)] for mean in found[:, 1]])
    assert found[:, 0] == pytest.approx(
        np.log(rates / rates.min()) / np.log(rates.max() / rates.min())
    )  # a logarithmic range
    sizes = summary["hidden"].astype(int)
    place = sorted(dots(panel(plot_slices(summary), "hidden units"))[:, 0])
    assert place == pytest.approx(sorted((sizes - sizes.min()) / (sizes.max() - sizes.min())))  # a linear one


def test_zero_words_and_no_effect_have_places_of_their_own() -> None:
    summary = sample(momentum=[0.5, 0.6, np.nan] * (N // 3), batch_size=["all", "8", "32"] * (N // 3))
    figure = plot_slices(summary)
    texts = {
        name: [text.get_text() for text in panel(figure, name).get_xticklabels()]
        for name in ("l2", "momentum", "batch size")
    }
    assert texts["l2"].count("0") == 1
    assert texts["momentum"][-1] == "–"
    assert texts["batch size"][-1] == "all"
    zeros = (summary["l2"] == 0).sum()
    assert (dots(panel(figure, "l2"))[:, 0] < 0.1).sum() == zeros
    for name, expected in (("l2", summary["l2"] == 0), ("batch size", summary["batch_size"] == "all")):
        (median,) = lines(panel(figure, name), "median")
        assert median.get_ydata()[0] == pytest.approx(summary.loc[expected, "mean_test_accuracy"].median())


def test_the_line_is_a_local_linear_regression() -> None:
    rng = np.random.default_rng(1)
    x, y, at = rng.random(40), rng.random(40), np.array([0.1, 0.5, 0.9])
    for place, computed in zip(at, smooth(x, y, at), strict=True):
        distance = np.abs(x - place)
        width = 1.001 * sorted(distance)[19]
        root = np.sqrt(np.maximum(0, 1 - (distance / width) ** 3) ** 3)
        design = np.column_stack([np.ones(40), x])
        (constant, slope), *_ = np.linalg.lstsq(design * root[:, None], y * root, rcond=None)
        assert computed == pytest.approx(constant + slope * place)
    assert smooth(x, 2 + 3 * x, at) == pytest.approx(2 + 3 * at)
    assert smooth(np.zeros(9), np.arange(9.0), np.zeros(1)) == pytest.approx([4])
    (line,) = lines(panel(plot_slices(sample()), "learning rate"), "line")
    best = line.get_xdata()[line.get_ydata().argmax()]
    assert 0.3 < best < 0.7  # at a learning rate of 0.1, in the middle


def test_nothing_to_show() -> None:
    summary = sample()
    summary["mean_test_accuracy"] = np.nan
    assert "no run has finished" in plot_slices(summary).axes[0].texts[0].get_text()
    one = plot_slices(sample().head(1))
    assert [ax.get_title() for ax in one.axes] == ["hidden units"]
    assert len(dots(one.axes[0])) == 1
    few = plot_slices(sample().head(3))
    assert [len(dots(ax)) for ax in few.axes] == [3] * len(few.axes)
    assert not lines(few.axes[0], "line")
    whole = plot_slices(sample().assign(l2=1.0).head(3))
    assert not any("smoothed" in text for text in legend_texts(whole))
    ticks = [text.get_text() for text in panel(whole, "hidden units").get_xticklabels()]
    assert ticks == [str(int(tick)) for tick in ticks]


def test_several_problems_are_refused() -> None:
    for plot in (plot_slices, plot_importance):
        with pytest.raises(ValueError, match="expected the rows of one data set, got 2"):
            plot(sample(dataset=["moons", "xor"] * (N // 2)))


@pytest.fixture(scope="module")
def found() -> Importances:
    found = importances(sample())
    assert found is not None
    return found


def test_the_setting_on_which_the_metric_depends_is_the_important_one(found: Importances) -> None:
    assert next(iter(found.lost)) == "learning_rate"
    assert found.lost["learning_rate"] > 0.8
    assert max(found.lost["hidden"], found.lost["l2"]) < 0.1
    assert found.r2 > 0.7


def test_words_and_settings_without_effect_are_important_too() -> None:
    words = importances(
        sample(
            lambda row: 0.9 if row.activation == "relu" else 0.7 if row.momentum > 0 else 0.5,
            activation=["tanh", "relu"] * (N // 2),
            momentum=[0.1, 0.5, np.nan] * (N // 3),
        )
    )
    assert words is not None
    assert list(words.lost)[:2] == ["activation", "momentum"]
    assert words.lost["momentum"] > 0.1


def test_bars_are_the_importances_and_the_same_each_time(found: Importances) -> None:
    ax = plot_importance(sample())
    widths = [bar.get_width() for bar in ax.patches if isinstance(bar, Rectangle)]
    assert widths == [max(0, lost) for lost in found.lost.values()]
    assert ax.get_yticklabels()[0].get_text() == "learning rate"
    assert f"predicts unseen configurations with R² = {found.r2:.2f}" in title(ax).replace("\n", " ")


def test_importances_that_say_nothing_are_called_so() -> None:
    rng = np.random.default_rng(3)
    ax = plot_importance(sample(lambda row: rng.random()))
    assert "no better than their mean, so these numbers say nothing" in title(ax).replace("\n", " ")


@pytest.mark.parametrize("summary", [sample().head(19), sample(lambda row: 0.5)], ids=["few", "equal"])
def test_importances_that_cannot_be_computed(summary: pd.DataFrame) -> None:
    summary["mean_test_accuracy"] = summary["mean_test_accuracy"].round(2)
    assert importances(summary) is None
    assert "requires 20 configurations" in plot_importance(summary).texts[0].get_text()
