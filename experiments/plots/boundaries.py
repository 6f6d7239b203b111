"""What networks have learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from experiments.plots.axes import Panels, figure_of, new_axes, text_panel
from experiments.plots.choice import evenly, left_out
from experiments.plots.plane import (
    MAX_NETWORKS,
    MAX_SMALL_POINTS,
    PredictProba,
    _class_handles,
    _draw_points,
    _fit_plane,
    _shade,
    _shade_bar,
    why_no_plane,
)
from experiments.plots.style import SMALL, words


def plot_boundaries(networks: Sequence[tuple[str, PredictProba]], data: Any, note: str = "", name: str = "") -> Figure:
    """What networks have learned: a panel each, a feature on each axis, shaded by predicted probability.

    `networks` holds (title, predict_proba) pairs; predict_proba takes X (2, n) and returns (1, n) or (n,).
    The black line is where the prediction changes (probability 0.5), the points are the training data; `note`
    is added to the title; `name` is for a longer name of the data. At most 20 networks are drawn, evenly chosen. A
    problem with any other number of features gets a figure that says there is nothing to draw.
    """
    title = f"{name or words(data.name)}: what the networks have learned"
    if reason := why_no_plane(data) or ("" if networks else "there is no trained network"):
        return figure_of(text_panel(new_axes(*SMALL), title, f"no decision boundaries: {reason}"))
    chosen = [networks[i] for i in evenly(len(networks), MAX_NETWORKS)]
    parts = Panels(len(chosen), (2.2, 2.2), (0.15, 0.5), (0.5, 0.42, 1.75))
    shown = evenly(np.shape(data.X)[1], MAX_SMALL_POINTS)
    for ax, (panel_title, predict_proba) in zip(parts.axes, chosen, strict=True):
        _fit_plane(ax, data.X)
        image = _shade(ax, predict_proba)
        _draw_points(ax, data, shown, size=2.8)
        ax.set_title(panel_title, fontsize=8.5)
        ax.set_xticks([])
        ax.set_yticks([])
    notes = [note] if note else []
    notes += ["black line: probability 0.5", *left_out("networks", chosen, networks)]
    labels = words(data.feature_names[0]), words(data.feature_names[1])
    figure = parts.finish(title, notes, labels, _class_handles(data))
    _shade_bar(figure, parts, image, f"predicted probability\nof class {words(data.class_names[1], 24)}")
    return figure
