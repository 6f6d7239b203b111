"""The ranking metric of every replicate of every configuration."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from experiments.plots.accuracy import COLOURS, MAX_DOTS
from experiments.plots.axes import new_axes, text_panel, title_axes
from experiments.plots.choice import Replicates, judged, setting_notes, tidy, titled, varied
from experiments.plots.convergence import _first_notes
from experiments.plots.limits import Baselines, Cut, draw_baselines, ends, scale_in_unit
from experiments.plots.ranked import (
    MAX_CONFIGURATIONS,
    _draw_intervals,
    _draw_marks,
    _draw_middles,
    _label_rows,
    _legend_below,
    _mark,
    _marks,
    _new_rows,
)
from experiments.plots.style import NOTHING, SMALL, WORSE, count
from experiments.tables.words import axis_label, label, metric_of


def plot_distribution(
    runs: pd.DataFrame,
    summary: pd.DataFrame,
    ax: Axes | None = None,
    baselines: Baselines = (),
    *,
    title: str | None = None,
) -> Axes:
    """Every seed of every configuration: test accuracy on x, configurations on y, the best at the top.

    If the summary is ranked by another metric, that is shown instead of the accuracy.

    A dot is a seed, or a fold and a seed (a cross if it diverged), a line the mean, a band its 95 % interval. Colours
    distinguish the best configuration, those tied with it, and those that are worse. At most 30 configurations
    are drawn, the first in rank. `baselines` are thin lines. Raises ValueError for rows of several data sets.
    """
    metric, replicates = metric_of(summary), Replicates.of(runs)
    usual = titled(summary, f"test {label(metric)} of every {replicates.noun}")
    runs, summary = tidy(runs), judged(summary)
    finished = summary[summary["mean"].notna()]
    if finished.empty:
        return text_panel(ax or new_axes(*SMALL), usual, f"nothing to show: {NOTHING}", title)
    ranked = finished.iloc[np.argsort(finished["rank"].to_numpy(np.int64), kind="stable")]
    shown = ranked.head(MAX_CONFIGURATIONS).reset_index(drop=True)
    colours = [COLOURS.get(standing, WORSE) for standing in shown["standing"]]
    axes = varied(summary) or ["hidden"]
    ax = ax or _new_rows(shown, axes)
    dots, sizes = _marks(runs.dropna(subset=[f"test_{metric}"]), shown)
    values = dots[f"test_{metric}"]
    cut = Cut.of(metric, values)
    low, mean, high = (cut.within(shown[of]) for of in ("ci_low", "mean", "ci_high"))
    is_off = cut.is_off(shown["mean"])
    _draw_intervals(ax, np.where(is_off, np.nan, low), high, colours)
    if sizes.max() > 1:
        _draw_middles(ax, mean, colours, "mean")
    diverged = (dots["status"] == "diverged").to_numpy()
    for marker, which, gid in (("o", ~diverged, "seeds"), ("x", diverged, "diverged seeds")):
        _draw_marks(ax, cut.within(values[which]), dots[which], marker, colours, gid)
    ax.set_xlim(ends(metric, *ax.get_xlim()))
    scale_in_unit(ax.xaxis, metric)
    ax.set_xlabel(axis_label(metric))
    _label_rows(ax, shown, axes)
    labels = {"best": "best", "tied": "tied with the best", "worse": "worse than the best"}
    handles = [
        Line2D([], [], color=COLOURS[standing], linewidth=3, label=label)
        for standing, label in labels.items()
        if (shown["standing"] == standing).any()
    ]
    noun = replicates.noun
    handles += [_mark("o", f"a {noun}")] + ([_mark("x", f"a {noun} that diverged")] if diverged.any() else [])
    _legend_below(ax, handles + draw_baselines([ax], baselines, metric, "x"))
    notes = [f"one {noun}: no spread to show"]
    if sizes.max() > 1:
        interval = ", band: 95 % interval" if np.isfinite(low).any() else ""
        notes = [f"line: mean over {replicates.said(sizes)}{interval}"]
    notes += [f"at most {MAX_DOTS} dots for each"] if sizes.max() > MAX_DOTS else []
    failed = len(summary) - len(finished)
    notes += cut.note(values, noun)
    notes += [*setting_notes(summary, []), *_first_notes(shown, finished)]
    title_axes(ax, usual, notes + ([f"{count(failed, 'configuration')} failed"] if failed else []), title)
    return ax
