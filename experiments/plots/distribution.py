"""Test accuracy of every seed of every configuration."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from experiments.plots.accuracy import COLOURS, MAX_DOTS
from experiments.plots.axes import new_axes, text_panel, title_axes
from experiments.plots.choice import setting_notes, standings, tidy, titled, varied
from experiments.plots.convergence import _first_notes
from experiments.plots.ranked import (
    MAX_CONFIGURATIONS,
    PANEL,
    _draw_intervals,
    _draw_marks,
    _draw_middles,
    _label_rows,
    _legend_below,
    _mark,
    _marks,
    _new_rows,
)
from experiments.plots.style import FRACTION, NOTHING, SMALL, WORSE, count, counts


def plot_distribution(runs: pd.DataFrame, summary: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Every seed of every configuration: test accuracy on x, configurations on y, the best at the top.

    A dot is a seed (a cross if it diverged), a line the mean, a band its 95 % interval. Colours tell the best
    configuration, those that cannot be told from it, and those that are worse. At most 30 configurations are drawn, the
    first in rank. Raises ValueError for rows of several data sets.
    """
    title = titled(summary, "test accuracy of every seed")
    runs, summary = tidy(runs), tidy(summary)
    finished = summary[summary["mean_test_accuracy"].notna()]
    if finished.empty:
        return text_panel(ax or new_axes(*SMALL), title, f"no accuracies: {NOTHING}")
    ranked = finished.iloc[np.argsort(finished["rank_test_accuracy"].to_numpy(np.int64), kind="stable")]
    shown = ranked.head(MAX_CONFIGURATIONS).reset_index(drop=True)
    shown["standing"] = standings(shown)
    colours = [COLOURS.get(standing, WORSE) for standing in shown["standing"]]
    axes = varied(summary) or ["hidden"]
    ax = ax or _new_rows(shown, axes)
    low, mean, high = (shown[f"{of}_test_accuracy"].to_numpy(np.float64) for of in ("ci_low", "mean", "ci_high"))
    _draw_intervals(ax, low, high, colours)
    dots, sizes = _marks(runs.dropna(subset=["test_accuracy"]), shown)
    if sizes.max() > 1:
        _draw_middles(ax, mean, colours, "mean")
    diverged = (dots["status"] == "diverged").to_numpy()
    for marker, which, gid in (("o", ~diverged, "seeds"), ("x", diverged, "diverged seeds")):
        _draw_marks(ax, dots["test_accuracy"][which], dots[which], marker, colours, gid)
    left, right = ax.get_xlim()
    ax.set_xlim(max(left, -0.01), min(right, 1.01))
    ax.set_xlabel(f"test accuracy {FRACTION}")
    _label_rows(ax, shown, axes)
    labels = {"best": "best", "tied": "tied with the best", "worse": "worse than the best"}
    handles = [
        Line2D([], [], color=COLOURS[standing], linewidth=3, label=label)
        for standing, label in labels.items()
        if (shown["standing"] == standing).any()
    ]
    handles += [_mark("o", "a seed")] + ([_mark("x", "a seed that diverged")] if diverged.any() else [])
    _legend_below(ax, handles)
    notes = ["one seed: no spread to show"]
    if sizes.max() > 1:
        interval = ", band: its 95 % interval" if np.isfinite(low).any() else ""
        notes = [f"line: mean over {counts(sizes, 'seed')}{interval}"]
    notes += [f"at most {MAX_DOTS} dots for each"] if sizes.max() > MAX_DOTS else []
    failed = len(summary) - len(finished)
    notes += [*setting_notes(summary, []), *_first_notes(shown, finished)]
    title_axes(ax, title, notes + ([f"{count(failed, 'configuration')} failed"] if failed else []), PANEL)
    return ax
