"""The training points."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from experiments.plots.axes import figure_of, legend_beside, new_axes, text_panel, title_axes
from experiments.plots.choice import evenly, left_out
from experiments.plots.plane import MAX_POINTS, _class_handles, _draw_points, _fit_plane, why_no_plane
from experiments.plots.style import SMALL, count, words


def plot_data(data: Any, ax: Axes | None = None, name: str = "", *, title: str | None = None) -> Axes:
    """The training points of a problem with two features: a feature on each axis, a colour and a mark per class.

    For regression, the colour is the value. `data` has task, name, X (features, examples), Y, feature_names and
    class_names, or target_name and target_scale, the mean and deviation of the standardization; `name` is a longer
    name. If the number of features is not two, the panel says so.
    """
    examples = np.shape(data.X)[1]
    ax = ax or new_axes(*(SMALL if why_no_plane(data) else (5.6, 4.4)))
    usual = f"{name or words(data.name)}: {count(examples, 'training point')}"
    if reason := why_no_plane(data):
        return text_panel(ax, usual, f"no plot: {reason}", title)
    shown = evenly(examples, MAX_POINTS)
    title_axes(ax, usual, left_out("points", shown, range(examples)), title)
    _draw_points(ax, data, shown, size=4.5)
    _fit_plane(ax, data.X)
    ax.set_xlabel(words(data.feature_names[0]))
    ax.set_ylabel(words(data.feature_names[1]))
    if data.task == "regression":
        figure_of(ax).colorbar(ax.collections[0], ax=ax, label=words(data.target_name), shrink=0.8)
    else:
        legend_beside(ax, _class_handles(data))
    return ax
