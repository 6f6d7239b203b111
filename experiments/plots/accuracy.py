"""The ranking metric for each value of one setting, such as the hidden size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from experiments.plots.axes import legend_beside, light_frame, new_axes, text_panel, title_axes
from experiments.plots.choice import (
    Replicates,
    axis_name,
    best_rows,
    codes_of,
    evenly,
    judged,
    left_out,
    listed,
    main_axis,
    merit,
    plural,
    rows_of,
    setting_notes,
    singular,
    tidy,
    titled,
    value_name,
    values_of,
    varied,
    with_value,
)
from experiments.plots.limits import Baselines, Cut, draw_baselines, ends, scale_in_unit
from experiments.plots.style import BEST, INK, NOTHING, SMALL, TIED, WORSE
from experiments.tables.words import axis_label, half, label, metric_of, number, unit

MAX_SIZES, MAX_DOTS = 16, 200  # hidden sizes, replicates of each
COLOURS = {"best": BEST, "tied": TIED, "worse": WORSE}


def plot_accuracy(
    runs: pd.DataFrame,
    summary: pd.DataFrame,
    ax: Axes | None = None,
    x: str | None = None,
    baselines: Baselines = (),
    *,
    title: str | None = None,
) -> Axes:
    """The best test accuracy (y) of each hidden size (x), with replicates and confidence intervals.

    If the summary is ranked by another metric, that is shown instead of the accuracy.

    Each hidden size is shown at the learning rate (and the values of any further setting) with its best mean: a dot
    for each seed, or fold and seed, a line at their mean, a band for its 95 % interval, and the numbers below. Colours
    distinguish the best configuration of the data set, those tied with it, and those that are worse. At most 16 hidden
    sizes are drawn, evenly chosen, including the best. `baselines` are thin lines.

    If hidden sizes do not vary, the setting with most values is used, or the one named by `x`.
    Raises ValueError for an unknown setting, and for rows of several data sets.
    """
    metric = metric_of(summary)
    runs, summary = tidy(runs), judged(summary)
    axis = main_axis(summary, x)
    others = [setting for setting in varied(summary) if setting != axis]
    at_its = f" at its best {listed(others)}" if others else ""
    usual = titled(summary, f"test {label(metric)} of each {singular(axis)}{at_its}")
    best = best_rows(summary, [axis])
    if not best["mean"].notna().any():
        return text_panel(ax or new_axes(*SMALL), usual, f"nothing to show: {NOTHING}", title)
    best = best.iloc[np.argsort(codes_of(best[axis], values_of(best, axis)), kind="stable")]
    chosen = evenly(len(best), MAX_SIZES, keep=int(merit(metric, best["mean"]).argmax()))
    shown = best.iloc[chosen].reset_index(drop=True)
    longest = max(len(value_name(value, 14)) for column in [axis, *others] for value in shown[column])
    ax = ax or new_axes(max(6.0, 3.2 + max(0.58, 0.085 * longest) * len(shown)), 4.6)
    dots = rows_of(runs, shown).dropna(subset=[f"test_{metric}"])
    dots = dots.assign(value=dots[f"test_{metric}"])
    cut = Cut.of(metric, dots["value"])
    for place in range(len(shown)):
        row = shown.iloc[place]
        seeds = with_value(dots, axis, row[axis])
        _draw_seeds(ax, place, seeds.iloc[evenly(len(seeds), MAX_DOTS)], _colour(row), cut)
        _draw_mean(ax, place, row, cut)
    _accuracy_axes(ax, shown, [axis, *others], metric)
    replicates = Replicates.of(dots)
    handles = _accuracy_handles(shown, dots, replicates.noun)
    legend_beside(ax, handles + draw_baselines([ax], baselines, metric))
    notes = _interval_notes(shown, dots.groupby(axis, dropna=False).size(), replicates)
    notes += [*cut.note(dots["value"], replicates.noun), *setting_notes(summary, [axis])]
    title_axes(ax, usual, notes + left_out(plural(axis), shown.index, best.index), title)
    return ax


def _colour(row: pd.Series) -> str:
    return COLOURS.get(row["standing"], WORSE)


def _draw_seeds(ax: Axes, x: int, seeds: pd.DataFrame, colour: str, cut: Cut) -> None:
    """Draw the dots side by side in the order of seeds, so that equal values do not hide each other."""
    at = x + (np.linspace(-0.3, 0.3, len(seeds)) if len(seeds) > 1 else np.zeros(len(seeds)))
    values, diverged = cut.within(seeds["value"]), (seeds["status"] == "diverged").to_numpy()
    style: dict[str, Any] = {"linestyle": "none", "color": colour, "alpha": 0.6, "markersize": 4}
    ax.plot(at[~diverged], values[~diverged], marker="o", markeredgewidth=0, gid="seeds", **style)
    ax.plot(at[diverged], values[diverged], marker="x", gid="diverged seeds", **style)


def _draw_mean(ax: Axes, x: int, row: pd.Series, cut: Cut) -> None:
    low, mean, high = cut.within([row["ci_low"], row["mean"], row["ci_high"]])
    colour, sides = _colour(row), [x - 0.38, x + 0.38]
    if pd.notna(low) and pd.notna(high) and not cut.is_off(row["mean"]):
        ax.fill_between(sides, low, high, color=colour, alpha=0.25, linewidth=0, gid="interval")
    ax.plot(sides, [mean] * 2, color=colour, linewidth=1.4, gid="mean")


def _accuracy_axes(ax: Axes, shown: pd.DataFrame, axes: list[str], metric: str) -> None:
    """Draw the axes, and below them the numbers as a table with one column per position."""
    table = [_accuracy_numbers(shown.iloc[x], axes, metric) for x in range(len(shown))]
    style: dict[str, Any] = {"fontsize": 8.5, "linespacing": 1.35}
    ax.set_xticks(range(len(shown)), table, **style)
    ax.annotate(
        "\n".join([*map(axis_name, axes), f"mean{unit(metric)}", "95 % interval"]),
        (0, 0), (-8, -3.5), xycoords="axes fraction", textcoords="offset points", ha="right", va="top",
        color=INK, **style,
    )  # fmt: skip
    ax.tick_params(axis="x", length=0)
    ax.set_xlim(-0.6, len(shown) - 0.4)
    ax.set_ylim(ends(metric, *ax.get_ylim()))
    scale_in_unit(ax.yaxis, metric)
    ax.set_ylabel(axis_label(metric).replace(", ", "\n"))  # on one line it can be longer than the axis
    light_frame(ax)


def _accuracy_numbers(row: pd.Series, axes: list[str], metric: str) -> str:
    mean, width = row["mean"], row["ci_high"] - row["mean"]
    lines = [value_name(row[axis], 14) for axis in axes]
    lines += ["failed" if pd.isna(mean) else number(metric, mean), "–" if pd.isna(width) else half(metric, mean, width)]
    return "\n".join(lines)


def _accuracy_handles(shown: pd.DataFrame, dots: pd.DataFrame, noun: str) -> list[Line2D]:
    labels = {"best": "best", "tied": "tied with the best", "worse": "worse than the best"}
    handles = [
        Line2D([], [], color=COLOURS[standing], linewidth=3, label=label)
        for standing, label in labels.items()
        if (shown["standing"] == standing).any()
    ]
    diverged = dots["status"] == "diverged"
    marks = {"o": f"a {noun}"} if not diverged.all() else {}
    marks |= {"x": f"a {noun} that diverged"} if diverged.any() else {}
    style: dict[str, Any] = {"color": INK, "linestyle": "none", "markersize": 4, "alpha": 0.8}
    return handles + [Line2D([], [], marker=mark, label=text, **style) for mark, text in marks.items()]


def _interval_notes(shown: pd.DataFrame, sizes: pd.Series, replicates: Replicates) -> list[str]:
    some = [f"at most {MAX_DOTS} dots for each"] if sizes.max() > MAX_DOTS else []
    if not shown["ci_low"].notna().any():
        return [f"one {replicates.noun}: no interval, and ties are unknown", *some]
    return [f"line and band: mean over {replicates.said(sizes)} and its 95 % interval", *some]
