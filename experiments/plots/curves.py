"""The picture of training: cost and accuracies against iteration."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from experiments.plots.axes import Panels, figure_of, light_frame, new_axes, text_panel
from experiments.plots.choice import (
    axis_name,
    best_curves,
    evenly,
    left_out,
    plural,
    setting_name,
    setting_notes,
    tidy,
    titled,
    two_axes,
    value_name,
    values_of,
    varied,
)
from experiments.plots.style import FRACTION, INK, NOTHING, SMALL, counts, ordered_colours

NAMES = {"cost": "cost", "train_accuracy": "training accuracy", "test_accuracy": "test accuracy"}
MAX_PANELS, MAX_LINES, MAX_ITERATIONS = 12, 8, 400  # hidden sizes, learning rates, points of a line
LARGEST = 1e200  # before a divergence costs can be so large that axes overflow
HIGHEST = 20.0  # cost on an axis: that of a probability of e^-20; what is above would flatten the rest
Bands = dict[Any, pd.DataFrame]  # by (value of the panel, value of the line)


def plot_curves(
    curves: pd.DataFrame, measure: str = "cost", x: str | None = None, y: str | None = None, sampled: str = ""
) -> Figure:
    """How training went: iterations on x, a measure on y, a panel a hidden size, a line a learning rate.

    `measure` is cost (mean cross-entropy in nats), train_accuracy or test_accuracy. A line is the median over
    seeds, its band reaches from the lower to the upper quartile. From where a seed has diverged on, the line
    is dotted and shows the seeds that are left. Where further settings vary, each line is drawn at their best
    values. At most 12 hidden sizes, 8 learning rates and 400 iterations are drawn, evenly chosen.
    `sampled` is what there is to say of curves that are not here.

    Of other settings than hidden size and learning rate, the two with most values are taken, or those that `x` (lines)
    and `y` (panels) name. Where one setting varies, its lines are in one panel. Raises ValueError for another measure
    or setting, and for rows of several data sets.
    """
    if measure not in NAMES:
        raise ValueError(f"expected a measure among {', '.join(NAMES)}, got {measure!r}")
    title = titled(curves, f"{NAMES[measure]} while training")
    curves = curves[np.isfinite(curves[measure])]
    if curves.empty:
        return figure_of(text_panel(new_axes(*SMALL), title, f"no curves: {NOTHING}"))
    curves = tidy(curves).assign(**{measure: curves[measure].clip(upper=LARGEST).to_numpy()})
    line, panel = two_axes(curves, x, y)
    if x is None and y is None and varied(curves) == [panel]:
        line, panel = panel, line
    panels, lines = values_of(curves, panel), values_of(curves, line)
    some_panels = [panels[i] for i in evenly(len(panels), MAX_PANELS)]
    some_lines = [lines[i] for i in evenly(len(lines), MAX_LINES)]
    chosen = _chosen_rows(best_curves(curves, [panel, line]), {panel: some_panels, line: some_lines})
    bands = _bands(chosen, [panel, line], measure)

    # A single row has to be as high as its label.
    size = (4.4, 3.0) if len(some_panels) == 1 else (2.5, 2.5) if len(some_panels) <= 3 else (2.3, 1.75)
    parts = Panels(len(some_panels), size, (0.34, 0.5), (0.72, 0.62, 1.3), sharex=True, sharey=True)
    colours = dict(zip(some_lines, ordered_colours(len(some_lines)), strict=True))
    for ax, of_panel in zip(parts.axes, some_panels, strict=True):
        ax.set_title(setting_name(panel, of_panel), fontsize=9)
        ax.tick_params(labelsize=9)
        light_frame(ax)
        for of_line in some_lines:
            if (of_panel, of_line) in bands:
                _draw_band(ax, bands[of_panel, of_line], colours[of_line])
    for ax in parts.lowest:  # those above an empty place would otherwise have no numbers below them
        ax.tick_params(labelbottom=True)
    _scale_iterations(parts.axes[0], bands)
    _scale_measure(parts.axes[0], measure, bands)
    notes = [_seeds_note(bands), *setting_notes(curves, [panel, line], "line")]
    if measure == "cost" and max(band["high"].max() for band in bands.values()) > HIGHEST:
        notes.append(f"cut off at {HIGHEST:g} nats")
    notes += left_out(plural(panel), some_panels, panels) + left_out(plural(line), some_lines, lines)
    y_label = "cost (nats)" if measure == "cost" else f"{NAMES[measure]} {FRACTION}"
    notes += [sampled] if sampled else []
    return parts.finish(title, notes, ("iterations", y_label), _line_handles(colours, bands), axis_name(line))


def _chosen_rows(curves: pd.DataFrame, some: dict[str, list[Any]]) -> pd.DataFrame:
    iterations = np.sort(curves["iteration"].unique())
    chosen: dict[str, Any] = {**some, "iteration": iterations[evenly(len(iterations), MAX_ITERATIONS)]}
    keep = np.ones(len(curves), dtype=bool)
    for column, values in chosen.items():
        if len(values) < curves[column].nunique():
            keep &= curves[column].isin(values).to_numpy()
    return curves if keep.all() else curves[keep]


def _bands(curves: pd.DataFrame, axes: list[str], measure: str) -> Bands:
    """For each (panel, line): low, median, high (quartiles) and number of runs, by iteration."""
    grouped = curves.groupby([*axes, "iteration"])[measure]
    table = grouped.quantile(np.array([0.25, 0.5, 0.75])).unstack()
    table.columns = pd.Index(["low", "median", "high"])
    table["runs"] = grouped.size()
    return {key: band.droplevel([0, 1]) for key, band in table.groupby(level=[0, 1])}


def _draw_band(ax: Axes, band: pd.DataFrame, colour: Any) -> None:
    """Solid while every seed is there; dotted, from a cross on, after one has diverged; of one record a dot."""
    x, median = band.index.to_numpy(), band["median"].to_numpy()
    complete = int((band["runs"] == band["runs"].max()).sum())
    if band["runs"].max() > 1:
        edge = np.concatenate([np.stack([x, band["low"]], 1), np.stack([x, band["high"]], 1)[::-1]])
        # What fill_between draws, without looking for new limits each time, which took half the time.
        area = PolyCollection([edge], facecolor=colour, alpha=0.22, linewidth=0, gid="quartiles")
        ax.add_collection(area, autolim=False)
    dot = "o" if len(x) == 1 else None  # of one record there is no line to be seen
    ax.plot(x[:complete], median[:complete], color=colour, linewidth=1.5, marker=dot, markersize=4, gid="median")
    if complete < len(x):
        rest = slice(complete - 1, None)
        ax.plot(
            x[rest], median[rest], ":", color=colour, linewidth=1.5, marker="x", markersize=5, markevery=[0],
            gid="median of the rest",
        )  # fmt: skip


def _scale_iterations(ax: Axes, bands: Bands) -> None:
    last = max(band.index.max() for band in bands.values())
    ax.set_xlim(0, max(last, 1))
    ax.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10], integer=True))
    if last >= 10_000:
        ax.xaxis.set_major_formatter(EngFormatter(sep=""))


def _scale_measure(ax: Axes, measure: str, bands: Bands) -> None:
    """The y axis that all panels share: fractions as they are, costs by factors if they span some."""
    low = min(band["low"].min() for band in bands.values())
    high = max(band["high"].max() for band in bands.values())
    if measure == "cost" and low < HIGHEST:
        high = min(high, HIGHEST)
    decades = np.log10(high) - np.log10(low) if 0 < low < high else 0
    if measure != "cost":
        margin = 0.04 * (high - low) or 0.05
        ax.set_ylim(max(low - margin, -0.01), min(high + margin, 1.01))
    elif decades > 0.6:
        ax.set_yscale("log")
        ax.set_ylim(low / 1.15, 1.15 * high)
        ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if decades < 2.5 else (1.0,), numticks=8))
        ax.yaxis.set_minor_locator(NullLocator())
        ax.yaxis.set_major_formatter(FuncFormatter(lambda cost, _: f"{cost:g}"))
    else:
        ax.set_ylim(0, 1.05 * high or 1)


def _line_handles(colours: dict[Any, Any], bands: Bands) -> list[Line2D]:
    handles = [Line2D([], [], color=colour, label=value_name(value, 24)) for value, colour in colours.items()]
    if any(band["runs"].nunique() > 1 for band in bands.values()):
        label = "after a seed diverged:\nthe other seeds"
        handles.append(Line2D([], [], color=INK, linestyle=":", marker="x", markersize=5, label=label))
    return handles


def _seeds_note(bands: Bands) -> str:
    runs = [int(band["runs"].max()) for band in bands.values()]
    if max(runs) == 1:
        return "one seed: no spread to show"
    return f"line: median over {counts(runs, 'seed')}, band: lower to upper quartile"
