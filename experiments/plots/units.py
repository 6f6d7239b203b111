"""What the hidden units of a network compute."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from experiments.plots.axes import Panels
from experiments.plots.choice import evenly, left_out
from experiments.plots.plane import (
    MAX_NETWORKS,
    MAX_SMALL_POINTS,
    _class_handles,
    _draw_points,
    _fit_plane,
    _shade,
    _shade_bar,
)
from experiments.plots.style import words
from planar_core import forward
from planar_core.network import Array, Parameters


def plot_units(parameters: Parameters, data: Any) -> Figure:
    """What each tanh unit of a single hidden layer computes, and the output, which adds them up.

    A panel for each unit, shaded by its output from -1 to 1, with the straight line where it is 0; its title has the
    weight of the unit in the output. The last panel is the output: the probability of class 1, with the line where it
    is 1/2. `data` has two features and two classes. At most 19 units are drawn, evenly chosen.
    """
    ((weights, _),) = parameters[1:]
    units = evenly(weights.shape[1], MAX_NETWORKS - 1)
    parts = Panels(len(units) + 1, (2.2, 2.2), (0.15, 0.5), (0.5, 0.42, 1.75))
    shown = evenly(np.shape(data.X)[1], MAX_SMALL_POINTS)

    def unit(k: int) -> Any:
        return lambda X: (1 + forward(parameters, X).A[0][k]) / 2

    def output(X: Array) -> Array:
        return forward(parameters, X).A[-1]

    panels = [(f"unit {k + 1}, weight {weights[0, k]:+.1f}".replace("-", "−"), unit(k)) for k in units]
    for ax, (title, answer) in zip(parts.axes, [*panels, ("the output: their weighted sum", output)], strict=True):
        _fit_plane(ax, data.X)
        image = _shade(ax, answer, data)
        _draw_points(ax, data, shown, size=2.8)
        ax.set_title(title, fontsize=8.5)
        ax.set_xticks([])
        ax.set_yticks([])
    notes = ["black line: a unit is 0, the output is 1/2", *left_out("units", units, range(weights.shape[1]))]
    labels = words(data.feature_names[0]), words(data.feature_names[1])
    figure = parts.finish(f"{words(data.name)}: what each hidden unit computes", notes, labels, _class_handles(data))
    _shade_bar(figure, parts, image, "output of a unit (of\nthe network)", [0, 0.5, 1])
    figure.axes[-1].set_yticklabels(["−1 (0)", "0 (1/2)", "1 (1)"])
    return figure
