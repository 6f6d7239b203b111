"""The importance of each setting for the ranking metric."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes

from experiments.plots.axes import new_axes, text_panel, title_axes
from experiments.plots.choice import axis_name, judged, setting_notes, titled, varied
from experiments.plots.limits import Cut
from experiments.plots.style import INK, SMALL, TIED
from experiments.tables.words import label, metric_of

FEWEST = 20  # configurations
MOST = 3000  # of more, some are drawn at random
TREES, PARTS, TIMES = 60, 5, 5  # trees of a forest; parts of a cross-validation; shuffles of a setting
Floats = npt.NDArray[np.float64]


class Importances(NamedTuple):
    """How much of R^2 is lost without each setting, by its name, the largest first; and R^2 with all of them."""

    lost: dict[str, float]
    r2: float


def importances(summary: pd.DataFrame) -> Importances | None:
    """The permutation importance of each varying setting in a random forest (Breiman 2001).

    The forest predicts the mean of the ranking metric of a configuration, within the limits of the plots, from its
    settings. It is trained on four fifths of the configurations and predicts the others, in turn (cross-validation).
    The importance of a setting is by how much their R^2 falls if its values are shuffled among them: 0 if it is of no
    use, up to twice the R^2. None for fewer than 20 configurations that finished, for one value of the metric, or for
    fewer than two settings. The same summary gives the same numbers, with the same version of scikit-learn.
    """
    from sklearn.ensemble import RandomForestRegressor  # scikit-learn takes a second to import
    from sklearn.model_selection import KFold

    table, names = judged(summary), varied(summary)
    table = table[table["mean"].notna()]
    if len(table) < FEWEST or len(names) < 2:
        return None
    randomness = np.random.default_rng(0)
    if len(table) > MOST:
        table = table.iloc[np.sort(randomness.choice(len(table), MOST, replace=False))]
    values = Cut.of(metric_of(summary), table["mean"]).within(table["mean"])
    if values.max() == values.min():
        return None
    settings = np.column_stack([codes(table[name]) for name in names])
    errors = np.zeros(1 + len(names))
    for train, test in KFold(PARTS, shuffle=True, random_state=0).split(settings):
        forest = RandomForestRegressor(TREES, min_samples_leaf=2, random_state=0, n_jobs=1)
        forest.fit(settings[train], values[train])
        errors[0] += ((forest.predict(settings[test]) - values[test]) ** 2).sum()
        for place in range(len(names)):
            shuffled = np.tile(settings[test], (TIMES, 1))
            shuffled[:, place] = np.concatenate([randomness.permutation(settings[test, place]) for _ in range(TIMES)])
            off = forest.predict(shuffled) - np.tile(values[test], TIMES)
            errors[1 + place] += (off**2).sum() / TIMES
    r2 = 1 - errors / ((values - values.mean()) ** 2).sum()
    order = np.argsort(-(r2[0] - r2[1:]), kind="stable")
    return Importances({names[i]: float(r2[0] - r2[1 + i]) for i in order}, float(r2[0]))


def codes(column: pd.Series) -> Floats:
    """The values as numbers that a tree can split: words above all numbers, and a setting without effect below."""
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, copy=True)
    others = np.isnan(numbers)
    low, high = (np.nanmin(numbers), np.nanmax(numbers)) if not others.all() else (0.0, 0.0)
    places, _ = pd.factorize(column[others])
    numbers[others] = np.where(places < 0, low - 1, high + 1 + places)
    return numbers


def plot_importance(summary: pd.DataFrame, ax: Axes | None = None, *, title: str | None = None) -> Axes:
    """A bar for the importance of each varying setting, as `importances` computes it; the largest at the top.

    Raises ValueError for rows of several data sets.
    """
    metric = metric_of(summary)
    usual = titled(summary, f"importance of each setting for the mean test {label(metric)}")
    found = importances(summary)
    if found is None:
        why = f"requires {FEWEST} configurations, with different results, and two settings that vary"
        return text_panel(ax or new_axes(*SMALL), usual, why, title)
    rows = np.arange(len(found.lost))
    ax = ax or new_axes(6.4, 1.7 + 0.32 * max(len(rows), 2))
    bars = ax.barh(rows, [max(lost, 0.0) for lost in found.lost.values()], color=TIED, height=0.6, gid="importance")
    ax.bar_label(bars, [f"{lost:.2f}" for lost in found.lost.values()], padding=4, fontsize=9, color=INK)
    ax.set_yticks(rows, [axis_name(name) for name in found.lost])
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlim(0, 1.12 * max(*found.lost.values(), 0.05))
    ax.set_xlabel("R² lost if the values of the setting are shuffled")
    ax.grid(axis="x", color="#DDDDDD", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    trust = f"a random forest predicts unseen configurations with R² = {found.r2:.2f}"
    if found.r2 <= 0:
        trust += ": no better than their mean, so these numbers say nothing"
    title_axes(ax, usual, [trust, *setting_notes(summary, [])], title)
    return ax
