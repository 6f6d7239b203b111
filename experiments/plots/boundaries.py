"""Decision boundaries of networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from experiments.plots.axes import figure_of, new_axes, text_panel
from experiments.plots.choice import evenly, left_out
from experiments.plots.panels import Panels
from experiments.plots.plane import (
    MAX_NETWORKS,
    MAX_SMALL_POINTS,
    PredictProba,
    _bar_of,
    _class_handles,
    _draw_points,
    _fit_plane,
    _shade,
    panel_size,
    why_no_plane,
)
from experiments.plots.style import SMALL, words

_LINES = {
    "binary": "black line: probability 0.5",
    "multiclass": "shade: the most likely class, stronger where it is more likely; black lines: class boundaries",
    "regression": "background: the predicted value; points: the true value",
}  # by task


def plot_boundaries(
    networks: Sequence[tuple[str, PredictProba]], data: Any, note: str = "", name: str = "", *, title: str | None = None
) -> Figure:
    """Decision boundaries: one panel per network, a feature on each axis, shaded by predicted class or value.

    `networks` has pairs of a title and a prediction function for points X (2, n): the probability of class 1, (1, n) or
    (n,); of every class, (classes, n); or the standardized value of a regression, which is shown in the units of the
    target. The black line is where the predicted class changes, the points are the training data; `note` is added to
    the title; `name` is a longer name of the data. At most 20 networks are drawn, evenly chosen. If the number of
    features is not two, the figure says that there is nothing to draw.
    """
    usual = f"{name or words(data.name)}: what the networks have learned"
    if reason := why_no_plane(data) or ("" if networks else "there is no trained network"):
        return figure_of(text_panel(new_axes(*SMALL), usual, f"no decision boundaries: {reason}", title))
    chosen = [networks[i] for i in evenly(len(networks), MAX_NETWORKS)]
    parts = Panels(len(chosen), panel_size(data, 2.2), (0.15, 0.2), (0.5, 0.42, 1.75))
    shown = evenly(np.shape(data.X)[1], MAX_SMALL_POINTS)
    for ax, (panel_title, answer) in zip(parts.axes, chosen, strict=True):
        _fit_plane(ax, data.X)
        image = _shade(ax, answer, data)
        _draw_points(ax, data, shown, size=2.8)
        ax.set_title(panel_title, fontsize=8.5)
        ax.set_xticks([])
        ax.set_yticks([])
    notes = [note] if note else []
    notes += [_LINES[data.task], *left_out("networks", chosen, networks)]
    labels = words(data.feature_names[0]), words(data.feature_names[1])
    _bar_of(parts, image, data)
    return parts.finish(usual, notes, labels, _class_handles(data), asked=title)
