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

from experiments.plot_parts import (
    FRACTION,
    INK,
    NOTHING,
    SMALL,
    Panels,
    best_curves,
    counts,
    evenly,
    figure_of,
    knob_notes,
    left_out,
    light_frame,
    new_axes,
    number,
    ordered_colours,
    text_panel,
    tidy,
    titled,
    units,
)

MEASURES = {"cost": "cost", "train_accuracy": "training accuracy", "test_accuracy": "test accuracy"}
MAX_PANELS, MAX_LINES, MAX_ITERATIONS = 12, 8, 400  # hidden sizes, learning rates, points of a line
LARGEST = 1e200  # to be drawn as it is: before a divergence costs can be so large that axes overflow

Bands = dict[Any, pd.DataFrame]  # by (hidden, learning rate)


def plot_curves(curves: pd.DataFrame, measure: str) -> Figure:
    """How training went: iterations on x, a measure on y, a panel a hidden size, a line a learning rate.

    `measure` is cost (mean cross-entropy in nats), train_accuracy or test_accuracy. A line is the median over
    seeds, its band reaches from the lower to the upper quartile. From where a seed has diverged on, the line
    is dotted and shows the seeds that are left. Where further knobs vary, each line is drawn at their best
    values. At most 12 hidden sizes, 8 learning rates and 400 iterations are drawn, evenly chosen.

    Raises ValueError for another measure and for rows of several data sets.
    """
    if measure not in MEASURES:
        raise ValueError(f"expected a measure among {', '.join(MEASURES)}, got {measure!r}")
    title = titled(curves, f"{MEASURES[measure]} while training")
    curves = curves[np.isfinite(curves[measure])]
    if curves.empty:
        return figure_of(text_panel(new_axes(*SMALL), title, f"no curves: {NOTHING}"))
    notes = knob_notes(curves, "line")
    curves = tidy(curves).assign(**{measure: curves[measure].clip(upper=LARGEST).to_numpy()})
    sizes, rates = list(curves["hidden"].unique()), sorted(curves["learning_rate"].unique())
    curves = best_curves(curves)
    some_sizes = [sizes[i] for i in evenly(len(sizes), MAX_PANELS)]
    some_rates = [rates[i] for i in evenly(len(rates), MAX_LINES)]
    bands = _bands(_chosen_rows(curves, some_sizes, some_rates), measure)

    parts = Panels(len(some_sizes), (2.3, 1.75), (0.34, 0.5), (0.72, 0.62, 1.3), sharex=True, sharey=True)
    colours = dict(zip(some_rates, ordered_colours(len(some_rates)), strict=True))
    for ax, hidden in zip(parts.axes, some_sizes, strict=True):
        ax.set_title(units(hidden), fontsize=9)
        ax.tick_params(labelsize=9)
        light_frame(ax)
        for rate in some_rates:
            if (hidden, rate) in bands:
                _draw_band(ax, bands[hidden, rate], colours[rate])
    for ax in parts.lowest:  # those above an empty place would otherwise have no numbers below them
        ax.tick_params(labelbottom=True)
    _scale_iterations(parts.axes[0], bands)
    _scale_measure(parts.axes[0], measure, bands)
    notes = [_seeds_note(bands), *notes, *left_out("hidden sizes", some_sizes, sizes)]
    notes += left_out("learning rates", some_rates, rates)
    y_label = "cost (nats)" if measure == "cost" else f"{MEASURES[measure]} {FRACTION}"
    return parts.finish(title, notes, ("iterations", y_label), _rate_handles(colours, bands), "learning rate")


def _chosen_rows(curves: pd.DataFrame, sizes: list[str], rates: list[float]) -> pd.DataFrame:
    iterations = np.sort(curves["iteration"].unique())
    some_iterations = iterations[evenly(len(iterations), MAX_ITERATIONS)]
    keep = np.ones(len(curves), dtype=bool)
    for column, some in (("hidden", sizes), ("learning_rate", rates), ("iteration", some_iterations)):
        if len(some) < curves[column].nunique():
            keep &= curves[column].isin(some).to_numpy()
    return curves if keep.all() else curves[keep]


def _bands(curves: pd.DataFrame, measure: str) -> Bands:
    """For each (hidden, learning rate): low, median, high (quartiles) and number of runs, by iteration."""
    grouped = curves.groupby(["hidden", "learning_rate", "iteration"])[measure]
    table = grouped.quantile(np.array([0.25, 0.5, 0.75])).unstack()
    table.columns = pd.Index(["low", "median", "high"])
    table["runs"] = grouped.size()
    return {key: band.droplevel([0, 1]) for key, band in table.groupby(level=[0, 1])}


def _draw_band(ax: Axes, band: pd.DataFrame, colour: Any) -> None:
    """Solid while every seed is there; dotted, from a cross on, after the first one has diverged."""
    x, median = band.index.to_numpy(), band["median"].to_numpy()
    complete = int((band["runs"] == band["runs"].max()).sum())
    if band["runs"].max() > 1:
        edge = np.concatenate([np.stack([x, band["low"]], 1), np.stack([x, band["high"]], 1)[::-1]])
        # What fill_between draws, without looking for new limits each time, which took half the time.
        area = PolyCollection([edge], facecolor=colour, alpha=0.22, linewidth=0, gid="quartiles")
        ax.add_collection(area, autolim=False)
    ax.plot(x[:complete], median[:complete], color=colour, linewidth=1.5, gid="median")
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


def _rate_handles(colours: dict[float, Any], bands: Bands) -> list[Line2D]:
    handles = [Line2D([], [], color=colour, label=number(rate)) for rate, colour in colours.items()]
    if any(band["runs"].nunique() > 1 for band in bands.values()):
        label = "after a seed diverged:\nthe other seeds"
        handles.append(Line2D([], [], color=INK, linestyle=":", marker="x", markersize=5, label=label))
    return handles


def _seeds_note(bands: Bands) -> str:
    runs = [int(band["runs"].max()) for band in bands.values()]
    if max(runs) == 1:
        return "one seed: no spread to show"
    return f"line: median over {counts(runs, 'seed')}, band: lower to upper quartile"
