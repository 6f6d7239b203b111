"""Learning curves: costs and scores against the iteration."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from experiments.knobs.declared import ITERATIONS
from experiments.plots.axes import Panels, figure_of, light_frame, new_axes, text_panel
from experiments.plots.choice import (
    Replicates,
    axis_name,
    best_curves,
    codes_of,
    evenly,
    left_out,
    longest,
    plural,
    score_of,
    setting_name,
    setting_notes,
    tidy,
    titled,
    two_axes,
    value_name,
    values_of,
    varied,
)
from experiments.plots.limits import HIGHEST_COST, Baselines, Cut, draw_baselines, ends
from experiments.plots.style import INK, NOTHING, SMALL, ordered_colours
from experiments.tables.stored import VALIDATION_COST
from experiments.tables.words import cost_unit, label, unit

COSTS = {"cost": "cost", "test_cost": "test cost", VALIDATION_COST: "validation cost"}
PARTS = {"train": "training", "test": "test"}
SCORES = ("accuracy", "r2")  # a sweep records one of them
MEASURES = (*COSTS, *(f"{part}_{score}" for score in SCORES for part in PARTS))
MAX_PANELS, MAX_LINES, MAX_ITERATIONS = 12, 8, 400  # hidden sizes, learning rates, points of a line
LARGEST = 1e200  # before a divergence, costs can be so large that axes overflow
RISE = 1.05  # times the lowest test cost: the final cost from which the minimum is marked
Bands = dict[tuple[int, int], pd.DataFrame]  # by the indices of panel and line


def measures_of(curves: pd.DataFrame) -> list[str]:
    """The measures available in these curves."""
    return [measure for measure in MEASURES if measure in curves]


def measure_name(measure: str) -> str:
    """`cost`, `training accuracy`, `test R²`."""
    if measure in COSTS:
        return COSTS[measure]
    part, _, score = measure.partition("_")
    return f"{PARTS[part]} {label(score)}"


def plot_curves(
    curves: pd.DataFrame,
    measure: str = "cost",
    x: str | None = None,
    y: str | None = None,
    sampled: str = "",
    *,
    summary: pd.DataFrame | None = None,
    baselines: Baselines = (),
) -> Figure:
    """Learning curves: a measure against the iteration, one panel per hidden size, one line per learning rate.

    `measure` is cost, test_cost or, with early stopping, validation_cost (mean cross-entropy in nats), train_accuracy
    or test_accuracy; for regression, costs are half the mean squared error of the standardized target, and train_r2 or
    test_r2 replace the accuracies. A line is the median over seeds, or folds and seeds; its band is the interquartile
    range. After a seed has diverged, or its training was stopped early, the line is dotted and shows the remaining
    seeds. A dot marks the minimum of a test cost that rises again. If other settings vary, each line is drawn at their
    best values: those of the `summary`, if given; of several numbers of iterations, the largest is drawn. At most 12
    hidden sizes, 8 learning rates and 400 records are drawn, evenly chosen. `sampled` is a note on missing curves;
    `baselines` are thin lines.

    If other settings have more values than hidden size and learning rate, they are used instead, or those named by `x`
    (lines) and `y` (panels). If only one setting varies, its lines are in one panel. Raises ValueError for an unknown
    measure or setting, and for rows of several data sets.
    """
    if measure not in curves or measure not in MEASURES:
        raise ValueError(f"expected a measure among {', '.join(measures_of(curves))}, got {measure!r}")
    title = titled(curves, f"{measure_name(measure)} while training")
    if ITERATIONS.name not in (x, y):
        curves, summary = longest(curves), None if summary is None else longest(summary)
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
    best = best_curves(curves, [panel, line], summary)
    chosen = _chosen_rows(best, {panel: some_panels, line: some_lines})
    bands = _bands(chosen, {panel: some_panels, line: some_lines}, measure)

    # A single row must be as high as its label.
    size = {1: (4.4, 3.0), 2: (2.5, 2.5), 3: (2.5, 2.5), 4: (2.3, 2.3)}.get(len(some_panels), (2.3, 1.75))
    parts = Panels(len(some_panels), size, (0.34, 0.5), (0.72, 0.62, 1.3), sharex=True, sharey=True)
    colours, lowest = ordered_colours(len(some_lines)), False
    for i, ax in enumerate(parts.axes):
        ax.set_title(setting_name(panel, some_panels[i]), fontsize=9)
        ax.tick_params(labelsize=9)
        light_frame(ax)
        for k, colour in enumerate(colours):
            if (i, k) in bands:
                _draw_band(ax, bands[i, k], colour)
                lowest |= measure == "test_cost" and _mark_lowest(ax, bands[i, k], colour)
    for ax in parts.lowest:  # panels above an empty place would otherwise have no tick labels
        ax.tick_params(labelbottom=True)
    _scale_iterations(parts.axes[0], bands)
    notes = [_replicates_note(bands, Replicates.of(chosen)), *setting_notes(curves, [panel, line], "line")]
    notes += ["cost of the standardized target"] if measure in COSTS and score_of(curves) == "r2" else []
    notes += _scale_measure(parts.axes[0], measure, bands, score_of(curves))
    notes += left_out(plural(panel), some_panels, panels) + left_out(plural(line), some_lines, lines)
    notes += [sampled] if sampled else []
    handles = [
        Line2D([], [], color=colour, label=value_name(value, 24))
        for value, colour in zip(some_lines, colours, strict=True)
    ]
    ended = "ended early" if VALIDATION_COST in curves else "diverged"
    handles += _further_handles(bands, lowest, Replicates.of(chosen).noun, ended)
    if measure not in COSTS:
        handles += draw_baselines(parts.axes, baselines, measure.partition("_")[2])
    return parts.finish(title, notes, ("iterations", _measure_label(measure, curves)), handles, axis_name(line))


def _measure_label(measure: str, curves: pd.DataFrame) -> str:
    if measure in COSTS:
        return f"{COSTS[measure]} ({cost_unit(score_of(curves))})"
    return f"{measure_name(measure)}{unit(measure.partition('_')[2])}"


def _chosen_rows(curves: pd.DataFrame, some: dict[str, list[Any]]) -> pd.DataFrame:
    iterations = np.sort(curves["iteration"].unique())
    chosen: dict[str, Any] = {**some, "iteration": iterations[evenly(len(iterations), MAX_ITERATIONS)]}
    keep = np.ones(len(curves), dtype=bool)
    for column, values in chosen.items():
        if len(values) < curves[column].nunique(dropna=False):
            keep &= curves[column].isin(values).to_numpy()
    return curves if keep.all() else curves[keep]


def _bands(curves: pd.DataFrame, axes: dict[str, list[Any]], measure: str) -> Bands:
    """For each (panel, line): low, median, high (quartiles) and number of runs, by iteration."""
    at = [codes_of(curves[axis], values) for axis, values in axes.items()]
    grouped = curves.groupby([*at, curves["iteration"].to_numpy()])[measure]
    table = grouped.quantile(np.array([0.25, 0.5, 0.75])).unstack()
    table.columns = pd.Index(["low", "median", "high"])
    table["runs"] = grouped.size()
    bands = table.groupby(level=[0, 1])
    return {(int(i), int(k)): band.droplevel([0, 1]) for (i, k), band in bands}  # type: ignore[call-overload]


def _draw_band(ax: Axes, band: pd.DataFrame, colour: Any) -> None:
    """Draw a line: solid, or dotted after a cross where a seed has ended; a dot for a single record."""
    x, median = band.index.to_numpy(), band["median"].to_numpy()
    complete = int((band["runs"] == band["runs"].max()).sum())
    if band["runs"].max() > 1:
        edge = np.concatenate([np.stack([x, band["low"]], 1), np.stack([x, band["high"]], 1)[::-1]])
        # The same as fill_between, without recomputing the limits each time, which took half the time.
        area = PolyCollection([edge], facecolor=colour, alpha=0.22, linewidth=0, gid="quartiles")
        ax.add_collection(area, autolim=False)
    dot = "o" if len(x) == 1 else None  # a line with one record would be invisible
    ax.plot(x[:complete], median[:complete], color=colour, linewidth=1.5, marker=dot, markersize=4, gid="median")
    if complete < len(x):
        rest = slice(complete - 1, None)
        ax.plot(
            x[rest], median[rest], ":", color=colour, linewidth=1.5, marker="x", markersize=5, markevery=[0],
            gid="median of the rest",
        )  # fmt: skip


def _mark_lowest(ax: Axes, band: pd.DataFrame, colour: Any) -> bool:
    """Mark the minimum of the median if it rises afterwards; return whether it does."""
    median = band["median"].to_numpy()
    at = int(median.argmin())
    if not median[-1] > RISE * median[at]:
        return False
    ax.plot(
        band.index[[at]],
        median[[at]],
        "o",
        color=colour,
        markersize=4.5,
        markeredgecolor="white",
        zorder=3,
        gid="lowest",
    )
    return True


def _scale_iterations(ax: Axes, bands: Bands) -> None:
    last = max(band.index.max() for band in bands.values())
    ax.set_xlim(0, max(last, 1))
    ax.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10], integer=True))
    if last >= 10_000:
        ax.xaxis.set_major_formatter(EngFormatter(sep=""))


def _scale_measure(ax: Axes, measure: str, bands: Bands, score: str) -> list[str]:
    """Scale the common y axis: scores linearly, costs logarithmically if they span a wide range; return notes."""
    low = min(band["low"].min() for band in bands.values())
    high = max(band["high"].max() for band in bands.values())
    notes = []
    highest, unit = HIGHEST_COST[score], cost_unit(score)
    if measure in COSTS and low < highest < high:
        high = highest
        notes = [f"cut off at {highest:g}{' nats' * (unit == 'nats')}"]
    decades = np.log10(high) - np.log10(low) if 0 < low < high else 0
    if measure not in COSTS:
        cut = Cut.of(score, np.concatenate([band["median"] for band in bands.values()]))
        # A band may extend below all medians.
        lowest = min(band["median"].min() for band in bands.values())
        least = max(cut.low, min(-0.5, lowest)) if score == "r2" else low
        notes = [f"cut off at {least:g}"] if low < least else []
        low = max(low, least)
        margin = 0.04 * (high - low) or 0.05
        ax.set_ylim(ends(score, low - margin, high + margin))
    elif decades > 0.6:
        ax.set_yscale("log")
        ax.set_ylim(low / 1.15, 1.15 * high)
        ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if decades < 2.5 else (1.0,), numticks=8))
        ax.yaxis.set_minor_locator(NullLocator())
        ax.yaxis.set_major_formatter(FuncFormatter(lambda cost, _: f"{cost:g}"))
    else:
        ax.set_ylim(0, 1.05 * high or 1)
    return notes


def _further_handles(bands: Bands, lowest: bool, noun: str, ended: str) -> list[Line2D]:
    handles = []
    if any(band["runs"].nunique() > 1 for band in bands.values()):
        text = f"after a {noun} {ended}:\nthe other {noun}s"
        handles.append(Line2D([], [], color=INK, linestyle=":", marker="x", markersize=5, label=text))
    if lowest:
        text = "minimum of a line\nthat rises again"
        handles.append(Line2D([], [], color=INK, linestyle="none", marker="o", markersize=4.5, label=text))
    return handles


def _replicates_note(bands: Bands, replicates: Replicates) -> str:
    runs = [int(band["runs"].max()) for band in bands.values()]
    if max(runs) == 1:
        return f"one {replicates.noun}: no spread to show"
    return f"line: median over {replicates.said(runs)}, band: lower to upper quartile"
