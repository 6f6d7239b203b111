"""Learning curves in one picture: cost and score, of the training and of the test examples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, MaxNLocator

from experiments.plots.axes import figure_of, light_frame, new_axes, text_panel
from experiments.plots.choice import (
    Replicates,
    best_curves,
    best_rows,
    codes_of,
    evenly,
    left_out,
    listed,
    main_axis,
    merit,
    plural,
    rows_of,
    score_of,
    setting_name,
    setting_names,
    setting_notes,
    singular,
    tidy,
    titled,
    values_of,
    varied,
)
from experiments.plots.curves import (
    LARGEST,
    MAX_ITERATIONS,
    Bands,
    _bands,
    _draw_band,
    _further_handles,
    _replicates_note,
    _scale_measure,
)
from experiments.plots.limits import Baselines, draw_baselines
from experiments.plots.panels import Panels
from experiments.plots.style import BEST, INK, NOTHING, SMALL
from experiments.tables.stored import VALIDATION_COST
from experiments.tables.words import cost_unit, label, metric_of, unit

MAX_COLUMNS = 8  # hidden sizes, or configurations of a sample
COLOURS = {"training": INK, "test": BEST}


def plot_learning_curves(
    curves: pd.DataFrame,
    summary: pd.DataFrame,
    x: str | None = None,
    sampled: str = "",
    *,
    is_sample: bool = False,
    baselines: Baselines = (),
    title: str | None = None,
) -> Figure:
    """Cost (above) and accuracy, or R^2, (below) against the iteration: a column for each hidden size.

    Grey is the training part, red the test part: a gap between them is overfitting, and a line that still moves at the
    end has not finished learning. A line is the median over seeds, or folds and seeds; its band is the interquartile
    range. Each hidden size is shown at the best values of all other settings, by the `summary`. At most 8 are drawn,
    evenly chosen. If hidden sizes do not vary, the setting with most values is used, or the one named by `x`. With
    `is_sample`, a column is a configuration, in the order of rank. `sampled` is a note on missing curves; `baselines`
    are thin lines.

    Raises ValueError for an unknown setting, and for rows of several data sets.
    """
    score = score_of(curves)
    axis = "" if is_sample and x is None else main_axis(summary, x)
    others = [name for name in varied(summary) if name != axis] if axis else []
    at_its = f" of each {singular(axis)}{f' at its best {listed(others)}' if others else ''}" if axis else ""
    usual = titled(curves, f"cost and {label(score)} while training{at_its}")
    curves, summary = tidy(curves), tidy(summary)
    finite = np.isfinite(curves["cost"])
    if not finite.any():
        return figure_of(text_panel(new_axes(*SMALL), usual, f"no curves: {NOTHING}", title))
    curves = curves[finite]
    chosen, names, notes = _of_ranks(curves, summary) if not axis else _of_values(curves, summary, axis)
    iterations = np.sort(chosen["iteration"].unique())
    if len(iterations) > MAX_ITERATIONS:
        chosen = chosen[chosen["iteration"].isin(iterations[evenly(len(iterations), MAX_ITERATIONS)])]

    parts = Panels(
        2 * len(names), (1.3 if len(names) > 3 else 2.2, 1.75), (0.22, 0.28), (0.8, 0.55, 1.2), "xr", len(names)
    )
    above, below = parts.axes[: len(names)], parts.axes[len(names) :]
    measures = {"cost": ("cost", "test_cost"), score: (f"train_{score}", f"test_{score}")}
    every: Bands = {}
    for row, (what, pair) in zip((above, below), measures.items(), strict=True):
        bands: Bands = {}
        for part, measure in enumerate(pair):
            if measure in chosen and (there := chosen[np.isfinite(chosen[measure])]).size:
                known = there.assign(**{measure: there[measure].clip(upper=LARGEST)})
                bands |= _bands(known.assign(part=part), {"place": list(range(len(names))), "part": [0, 1]}, measure)
        for (place, part), band in bands.items():
            _draw_band(row[place], band, list(COLOURS.values())[part])
        notes += _scale_measure(row[0], pair[1] if what == score else "cost", bands, score)
        row[0].set_ylabel(
            f"cost\n({cost_unit(score)})" if what == "cost" else f"{label(score)}{unit(score)}".replace(" (", "\n(")
        )
        every |= bands
    for ax, name in zip(above, names, strict=True):
        ax.set_title(name, fontsize=9)
    for ax in parts.axes:
        ax.tick_params(labelsize=9)
        light_frame(ax)
    _scale_iterations(above[0], int(chosen["iteration"].max()))
    ended = "ended early" if VALIDATION_COST in curves else "diverged"
    replicates = Replicates.of(chosen)
    handles = [Line2D([], [], color=colour, linewidth=1.5, label=f"{part} part") for part, colour in COLOURS.items()]
    handles += _further_handles(every, False, replicates.noun, ended)
    handles += draw_baselines(below, baselines, score)
    notes = [_replicates_note(every, replicates), *notes, *(["cost of the standardized target"] * (score == "r2"))]
    notes += [sampled] if sampled else []
    return parts.finish(usual, notes, ("iterations", ""), handles, asked=title)


def _of_values(curves: pd.DataFrame, summary: pd.DataFrame, axis: str) -> tuple[pd.DataFrame, list[str], list[str]]:
    """The curves to draw with the `place` of each, a title for each place, and notes."""
    values = values_of(curves, axis)
    metric = metric_of(summary)
    best = best_rows(summary, [axis])
    leader = best.iloc[[int(merit(metric, best[f"mean_test_{metric}"]).argmax())]]
    at = int(codes_of(leader[axis], values)[0])
    shown = [values[i] for i in evenly(len(values), MAX_COLUMNS, at if at >= 0 else None)]
    rows = best_curves(curves, [axis], summary)
    rows = rows.assign(place=codes_of(rows[axis], shown))
    names = []
    others = [name for name in varied(summary) if name != axis]
    for value in shown:
        row = best.iloc[[int(codes_of(pd.Series([value]), list(best[axis]))[0])]].iloc[0]
        names.append("\n".join([setting_name(axis, value), *setting_names(row, others)]))
    notes = [*setting_notes(summary, [axis]), *left_out(plural(axis), shown, values)]
    return rows[rows["place"] >= 0], names, notes


def _of_ranks(curves: pd.DataFrame, summary: pd.DataFrame) -> tuple[pd.DataFrame, list[str], list[str]]:
    ranked = summary.iloc[np.argsort(summary[f"rank_test_{metric_of(summary)}"].fillna(np.inf), kind="stable")]
    first = ranked.head(MAX_COLUMNS).reset_index(drop=True)
    parts, names, axes = [], [], varied(summary)
    for place in range(len(first)):
        parts.append(rows_of(curves, first.iloc[[place]]).assign(place=place))
        names.append("\n".join([f"rank {place + 1}", *setting_names(first.iloc[place], axes)]))
    return pd.concat(parts, ignore_index=True), names, left_out("configurations", first, summary)


def _scale_iterations(ax: Any, last: int) -> None:
    ax.set_xlim(0, max(last, 1))
    ax.xaxis.set_major_locator(MaxNLocator(nbins=2, steps=[1, 2, 2.5, 5, 10], integer=True))
    ax.xaxis.set_major_formatter(EngFormatter(sep=""))
