"""The confusion matrix: which classes a network takes for which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from experiments.plots.axes import figure_of, new_axes, text_panel, title_axes
from experiments.plots.choice import every_other
from experiments.plots.limits import scale_in_unit
from experiments.plots.style import SMALL, words
from experiments.plots.trained import Predicted
from experiments.tables.words import number, unit

MAX_NUMBERS, MAX_NAMES = 12, 30  # classes with numbers in the cells, and with names


def plot_confusion(
    predictions: Sequence[Predicted],
    class_names: Sequence[str],
    notes: Sequence[str] = (),
    name: str = "",
    ax: Axes | None = None,
    *,
    title: str | None = None,
) -> Axes:
    """The share of the examples of each class (rows) for which each class is predicted (columns).

    The test examples of all `predictions`, one for each replicate, are counted together. The sum of a row is 1; the
    diagonal is what is right. Numbers of examples are below the shares.
    """
    usual = f"{name}: " * bool(name) + "true and predicted classes"
    k = len(class_names)
    if not k or not predictions:
        why = "there is no trained network" if k else "a regression has no classes"
        return text_panel(ax or new_axes(*SMALL), usual, f"no confusion matrix: {why}", title)
    counts = np.zeros((k, k), np.int64)
    for each in predictions:
        np.add.at(counts, (each.truth.astype(np.int64), each.predicted.astype(np.int64)), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = min(1.2 + 0.72 * min(k, MAX_NUMBERS), 8.0)
    ax = ax or new_axes(max(side + 1.6, 5.0), max(side + 0.8, 3.6))
    image = ax.imshow(shares, cmap="Blues", vmin=0, vmax=1, gid="shares")
    for row, column in np.ndindex(k, k) if k <= MAX_NUMBERS else ():
        text = f"{number('accuracy', shares[row, column])}\n({counts[row, column]:,})" if counts[row].any() else "–"
        colour = "white" if shares[row, column] > 0.55 else "black"
        ax.text(column, row, text, ha="center", va="center", fontsize=8, color=colour, in_layout=False)
    some = every_other(k, MAX_NAMES)
    names = [words(class_names[i], 16) for i in some]
    is_long = max(map(len, names)) * len(names) > 60
    ax.set_xticks(some, names, rotation=90 if is_long else 0)
    ax.set_yticks(some, names)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set(xlabel="predicted class", ylabel="true class")
    bar = figure_of(ax).colorbar(image, ax=ax, aspect=30)
    bar.set_label(f"share of the true class{unit('accuracy')}")
    scale_in_unit(bar.ax.yaxis, "accuracy")
    bar.outline.set_visible(False)
    all_notes = [f"{int(counts.sum()):,} predictions of test examples", *notes]
    title_axes(ax, usual, all_notes, title)
    return ax
