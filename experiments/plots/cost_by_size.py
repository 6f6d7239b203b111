"""The final cost of every configuration against the size of its network."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from experiments.plots.axes import legend_beside, light_frame, new_axes, text_panel, title_axes
from experiments.plots.choice import Replicates, evenly, finished_of, score_of, setting_notes, tidy, titled
from experiments.plots.limits import HIGHEST_COST
from experiments.plots.style import BEST, NOTHING, SMALL, WORSE, count, words
from experiments.tables.words import cost_unit
from planar_core.choices import count_parameters

MAX_NAMES = 12  # labels of sizes beside their points
NEAREST = 0.06  # of the axis, between two of them


def plot_cost_by_size(
    summary: pd.DataFrame, features: int, ax: Axes | None = None, *, title: str | None = None
) -> Axes:
    """Final cost against the number of parameters, both logarithmic: one dot per configuration.

    The cost is the mean over seeds of the final mean cross-entropy in nats, or for regression half the mean squared
    error of the standardized target. For each number of parameters the configuration with the lowest cost is marked,
    with its 95 % interval and its hidden units. `features` is the number of inputs. Raises
    ValueError for rows of several data sets.
    """
    usual = titled(summary, "final cost against the number of parameters")
    summary = tidy(summary)
    finished = summary[np.isfinite(summary["mean_cost"])]
    if finished.empty:
        return text_panel(ax or new_axes(*SMALL), usual, f"no costs: {NOTHING}", title)
    size_of = {hidden: count_parameters(features, hidden) for hidden in finished["hidden"].unique()}
    sizes = finished["hidden"].map(size_of).to_numpy()
    unit, highest = cost_unit(score_of(summary)), HIGHEST_COST[score_of(summary)]
    costs = finished["mean_cost"].clip(upper=highest)
    best = finished.loc[costs.groupby(sizes).idxmin()]
    at = np.unique(sizes)
    bests = costs[best.index].to_numpy()
    ax = ax or new_axes(6.4, 4.2)
    diverged = (finished["n_diverged"] > 0).to_numpy()
    style: dict[str, Any] = {"linestyle": "none", "color": WORSE, "alpha": 0.6, "markersize": 4}
    ax.plot(sizes[~diverged], costs[~diverged], marker="o", markeredgewidth=0, gid="configurations", **style)
    ax.plot(sizes[diverged], costs[diverged], marker="x", gid="with diverged seeds", **style)
    low, high = best["ci_low_cost"].to_numpy(), best["ci_high_cost"].clip(upper=highest).to_numpy()
    ax.vlines(at, np.maximum(low, 0.2 * bests), high, color=BEST, linewidth=1.2, gid="interval")
    ax.plot(at, bests, color=BEST, marker="D", markersize=5, linewidth=1.0, gid="best of each size")
    for i in _named(at, int(bests.argmin())):
        ax.annotate(
            words(best["hidden"].iloc[i], 12), (at[i], bests[i]), (6, -2), textcoords="offset points", ha="left",
            va="top", fontsize=8.5, color=BEST,
        )  # fmt: skip
    replicates = Replicates.of(summary)
    _scale(ax, at, costs.to_numpy(), unit)
    handles = [
        Line2D(
            [],
            [],
            color=BEST,
            marker="D",
            markersize=5,
            linewidth=1.0,
            label="lowest of its size,\nlabel: hidden units",
        ),
        Line2D([], [], color=WORSE, marker="o", markersize=4, linestyle="none", label="a configuration"),
    ]
    if diverged.any():
        handles.append(
            Line2D(
                [],
                [],
                color=WORSE,
                marker="x",
                markersize=4,
                linestyle="none",
                label=f"a configuration with\ndiverged {replicates.noun}s",
            )
        )
    legend_beside(ax, handles)
    sizes = finished_of(finished)
    notes = [f"mean over {replicates.said(sizes)}"] if sizes.max() > 1 else [f"one {replicates.noun}"]
    notes += ["cost of the standardized target"] if unit != "nats" else []
    notes += ["bar: 95 % interval"] if best["ci_low_cost"].notna().any() else []
    if (beyond := int((finished["mean_cost"] > highest).sum())) > 0:
        notes.append(
            f"{count(beyond, 'configuration')} above {highest:g}{' nats' * (unit == 'nats')} drawn at the upper edge"
        )
    missing = len(summary) - len(finished)
    notes += [f"{count(missing, 'configuration')} failed"] if missing else []
    title_axes(ax, usual, [*notes, *setting_notes(summary, [])], title)
    return ax


def _named(sizes: npt.NDArray[np.int64], best: int) -> list[int]:
    """The sizes to name: evenly chosen, with the best, and none so near to the one before that their names touch."""
    places = np.log(sizes) / (np.log(sizes[-1] / sizes[0]) or 1.0)
    named: list[int] = []
    for i in evenly(len(sizes), MAX_NAMES, best):
        if named and places[i] - places[named[-1]] < NEAREST:
            if i != best:
                continue
            named.pop()
        named.append(i)
    return named


def _scale(ax: Axes, sizes: Any, costs: Any, unit: str) -> None:
    """Logarithmic axes with plain numbers; a linear cost axis if the costs are similar or 0."""
    plain = FuncFormatter(lambda value, _: f"{value:,g}")
    ax.set_xscale("log")
    ax.set_xlim(sizes[0] / 1.25, sizes[-1] * 1.25)
    _mark_decades(ax.xaxis, sizes[-1] / sizes[0])
    ax.xaxis.set_major_formatter(plain)
    low, high = costs.min(), costs.max()
    if low > 0 and high > 2 * low:
        ax.set_yscale("log")
        ax.set_ylim(low / 1.3, high * 1.1)
        _mark_decades(ax.yaxis, high / low)
        ax.yaxis.set_major_formatter(plain)
    else:
        ax.set_ylim(0, 1.1 * high or 1)
    ax.set_xlabel("parameters: weights and biases")
    ax.set_ylabel(f"final cost ({unit})")
    light_frame(ax)


def _mark_decades(axis: Any, factor: float) -> None:
    subs = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0) if factor < 12 else (1.0, 2.0, 5.0) if factor < 300 else (1.0,)
    axis.set_major_locator(LogLocator(subs=subs, numticks=10))
    axis.set_minor_locator(NullLocator())
