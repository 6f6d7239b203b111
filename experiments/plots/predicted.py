"""Predicted against true values of a regression."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from experiments.plots.axes import legend_beside, new_axes, text_panel, title_axes
from experiments.plots.choice import evenly, left_out
from experiments.plots.plane import MAX_POINTS
from experiments.plots.style import INK, SMALL, TIED, words
from experiments.plots.trained import Predicted


def plot_predicted(
    predictions: Sequence[Predicted],
    target_name: str,
    notes: Sequence[str] = (),
    name: str = "",
    ax: Axes | None = None,
    *,
    title: str | None = None,
) -> Axes:
    """The predicted (y) against the true value (x) of test examples, in units of the target.

    The test examples of all `predictions`, one for each replicate, are drawn together, at most 5,000, evenly chosen. On
    the line the prediction is right. Predictions far outside the range of the true values are drawn at the edge.
    """
    usual = f"{name}: " * bool(name) + "predicted against true values"
    if not predictions:
        return text_panel(ax or new_axes(*SMALL), usual, "no values: the networks predict classes", title)
    truth = np.concatenate([each.truth for each in predictions])
    said = np.concatenate([each.predicted for each in predictions])
    known = np.isfinite(said)
    truth, said = truth[known], said[known]
    shown = evenly(len(truth), MAX_POINTS)
    ax = ax or new_axes(6.0, 4.4)
    low, high = float(truth.min(initial=np.inf)), float(truth.max(initial=-np.inf))
    span = (high - low) or 1.0
    bottom, top = low - 0.5 * span, high + 0.5 * span
    off = int(np.sum((said < bottom) | (said > top)))
    ax.plot(
        truth[shown], np.clip(said, bottom, top)[shown], "o", color=TIED, markersize=3, markeredgewidth=0,
        alpha=0.9 if len(shown) < 200 else 0.35, gid="examples",
    )  # fmt: skip
    ax.plot([low, high], [low, high], color=INK, linewidth=1.0, gid="right")
    ax.set_xlabel(f"true {words(target_name, 40)}")
    ax.set_ylabel(f"predicted {words(target_name, 40)}")
    ax.grid(color="#DDDDDD", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    legend_beside(
        ax,
        [
            Line2D([], [], color=TIED, marker="o", markersize=4, linestyle="none", label="a test example"),
            Line2D([], [], color=INK, linewidth=1.0, label="predicted = true"),
        ],
    )
    notes = [*notes, *left_out("test examples", shown, truth)]
    notes += [f"{off:,} far off drawn at the edge"] if off else []
    title_axes(ax, usual, notes, title)
    return ax
