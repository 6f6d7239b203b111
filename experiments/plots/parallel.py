"""Parallel coordinates: one axis per varying setting, one line per configuration."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from experiments.plots.axes import figure_of, new_axes, text_panel, title_axes
from experiments.plots.choice import (
    axis_name,
    codes_of,
    evenly,
    every_other,
    is_number,
    judged,
    left_out,
    merit,
    setting_notes,
    titled,
    value_name,
    values_of,
    varied,
)
from experiments.plots.limits import Cut, colour_ends, in_unit
from experiments.plots.style import INK, NOTHING, SMALL
from experiments.tables.words import label, larger_is_better, metric_of, number, unit

MAX_LINES, MAX_TICKS = 1000, 10  # configurations, values written beside an axis
SPREAD = 0.05  # of an axis: the spread of lines through the same value
EMPTY_ABOVE = 0.85  # of an axis: where its values end if some lines have no value and cross at the end
Floats = npt.NDArray[np.float64]


def plot_parallel(summary: pd.DataFrame, ax: Axes | None = None, *, title: str | None = None) -> Axes:
    """Parallel coordinates: one vertical axis per setting, one line per configuration.

    The last axis and the colour show the mean of the ranking metric, the best at the top; better lines are drawn over
    worse ones. An axis of numbers is logarithmic if they span a factor of ten or more (0 is then one step below them);
    an axis of words or hidden sizes is evenly divided. Lines without effect of a setting cross its axis at a dash at
    the top. Lines through the same value are spread slightly, in the order of their means. At most 1,000 configurations
    are drawn, evenly chosen by rank. Raises ValueError for rows of several data sets.
    """
    metric = metric_of(summary)
    usual = titled(summary, f"all settings and the mean test {label(metric)}")
    summary = judged(summary)
    axes, finished = varied(summary), summary[summary["mean"].notna()]
    if finished.empty or len(axes) < 2:
        why = f"nothing to show: {NOTHING}" if finished.empty else "fewer than two settings vary"
        return text_panel(ax or new_axes(*SMALL), usual, why, title)
    rising = finished.iloc[np.argsort(merit(metric, finished["mean"]), kind="stable")]
    lines = rising.iloc[evenly(len(rising), MAX_LINES)]
    means = lines["mean"].to_numpy(np.float64)
    cut = Cut.of(metric, means)
    shown = cut.within(means)
    merits = merit(metric, shown)
    low, high = merits.min(), merits.max()
    at_end = (merits - low) / (high - low) if high > low else np.full(len(lines), 0.5)

    ax = ax or new_axes(max(5.6, 1.9 + 1.35 * len(axes)), 4.2)
    heights = np.empty((len(lines), len(axes) + 1))
    for x, axis in enumerate(axes):
        values = values_of(summary, axis)
        at = _places(values, is_number(summary[axis]))
        heights[:, x] = at[codes_of(lines[axis], values)]
        heights[:, x] += SPREAD * (_rank_within(heights[:, x]) - 0.5)
        some = every_other(len(values), MAX_TICKS)
        _draw_axis(ax, x, [(at[i], value_name(values[i], 14)) for i in some])
    heights[:, -1] = at_end
    _draw_axis(ax, len(axes), [(at_end[i], number(metric, shown[i])) for i in ((0, -1) if high > low else (0,))])
    points = np.stack([np.broadcast_to(np.arange(len(axes) + 1.0), heights.shape), heights], axis=2)
    dark_is_good = "cividis_r" if larger_is_better(metric) else "cividis"
    collection = LineCollection(
        list(points), cmap=dark_is_good, linewidths=0.4 if len(lines) > 300 else 0.9, alpha=0.75, gid="configurations"
    )
    collection.set_array(shown)
    collection.set_clim(*colour_ends(metric, shown))
    ax.add_collection(collection, autolim=False)
    _frame(ax, [*map(axis_name, axes), f"mean\ntest {label(metric)}{unit(metric)}"])
    bar = figure_of(ax).colorbar(collection, ax=ax, aspect=30, pad=0.01, format=in_unit(metric))
    bar.set_label(f"mean test {label(metric)}{unit(metric)}")
    bar.outline.set_visible(False)
    bar.set_alpha(1)
    if not larger_is_better(metric):
        bar.ax.invert_yaxis()
    notes = [*left_out("configurations", lines, rising), *cut.note(means, "line")]
    if len(finished) < len(summary):
        notes.append(f"{len(summary) - len(finished):,} of {len(summary):,} configurations failed")
    title_axes(ax, usual, [*notes, *setting_notes(summary, [])], title)
    return ax


def _places(values: list[Any], are_numbers: bool) -> Floats:
    """The position of each value on an axis from 0 to 1; numbers ascend; nan, the last one, is separate."""
    if values[-1] != values[-1]:
        known = _places(values[:-1], are_numbers) if len(values) > 2 else np.zeros(len(values) - 1)
        return np.append(EMPTY_ABOVE * known, 1.0)
    if not are_numbers:
        return np.linspace(0, 1, len(values))
    numbers = np.array(values, dtype=np.float64)
    positive = numbers[numbers > 0]
    if numbers[0] >= 0 and len(positive) > 1 and positive[-1] >= 10 * positive[0]:
        logs = np.log10(np.where(numbers > 0, numbers, 1.0))
        step = (logs[-1] - np.log10(positive[0])) / (len(positive) - 1)
        numbers = np.where(numbers > 0, logs, np.log10(positive[0]) - step)
    places: Floats = (numbers - numbers[0]) / (numbers[-1] - numbers[0])
    return places


def _rank_within(places: Floats) -> Floats:
    """The rank of a line among those through the same position, from 0 to 1; 0.5 for a single one."""
    groups = pd.Series(places).groupby(places)
    last = (groups.transform("size") - 1).to_numpy()
    rank = groups.cumcount().to_numpy()
    return np.where(last > 0, rank / np.maximum(last, 1), 0.5)


def _draw_axis(ax: Axes, x: int, ticks: list[tuple[float, str]]) -> None:
    ax.plot([x, x], [0, 1], color=INK, linewidth=0.8, zorder=3, gid="axis")
    for height, text in ticks:
        ax.annotate(
            text, (x, height), (-5, 0), textcoords="offset points", ha="right", va="center", fontsize=8, zorder=4,
            bbox={"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.8},
        )  # fmt: skip


def _frame(ax: Axes, names: list[str]) -> None:
    two_lines = [name.replace(" ", "\n", 1) if len(name) > 14 and "\n" not in name else name for name in names]
    ax.set_xticks(range(len(names)), two_lines, fontsize=9)
    ax.set_yticks([])
    ax.tick_params(axis="x", length=0)
    ax.spines[:].set_visible(False)
    ax.set(xlim=(-0.45, len(names) - 0.95), ylim=(-0.05, 1.05))
