"""What each hidden unit of a network computes over the plane of the two features."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, TwoSlopeNorm
from matplotlib.figure import Figure

from experiments.plots.axes import figure_of, new_axes, text_panel
from experiments.plots.choice import evenly, left_out
from experiments.plots.panels import Panels
from experiments.plots.plane import (
    LINE,
    MAX_SMALL_POINTS,
    PredictProba,
    _class_handles,
    _draw_points,
    _fit_plane,
    _shade,
    _shade_bar,
    panel_size,
    why_no_plane,
)
from experiments.plots.style import SMALL, words

MAX_UNITS = 29  # with the prediction three rows of ten
COLOURS = "PuOr_r"  # purple below, orange above
STEPS = 110
Floats = npt.NDArray[Any]


def plot_hidden_units(
    units: Callable[[Floats], Sequence[Floats]],
    answer: PredictProba,
    data: Any,
    weights: Sequence[float] = (),
    activation: str = "tanh",
    notes: Sequence[str] = (),
    name: str = "",
    *,
    title: str | None = None,
) -> Figure:
    """One panel per hidden unit, coloured by its activation over the plane; the last panel is the prediction.

    `units` returns the activations of each hidden layer, (units, points), for points X (2, points), and `answer` the
    prediction, as in `plot_boundaries`. All units have the same scale of colours. The black line is where the weighted
    sum of a unit is zero: a straight line in the first hidden layer. `weights` are those of the units of the last
    hidden layer in the single output. At most 29 units are drawn, evenly chosen.
    """
    usual = f"{name or words(data.name)}: what each hidden unit computes"
    reason = why_no_plane(data)
    layers = [] if reason else list(units(np.zeros((2, 1))))
    if reason or not layers:
        why = reason or "the network has no hidden units"
        return figure_of(text_panel(new_axes(*SMALL), usual, f"no hidden units: {why}", title))
    sizes = [len(layer) for layer in layers]
    every = [(layer, unit) for layer, size in enumerate(sizes) for unit in range(size)]
    shown = [every[i] for i in evenly(len(every), MAX_UNITS)]
    parts = Panels(len(shown) + 1, panel_size(data, 1.55), (0.15, 0.2), (0.5, 0.42, 1.75))
    points = evenly(np.shape(data.X)[1], MAX_SMALL_POINTS)
    computed, values = _values(parts.axes[0], units, data)
    norm = _norm(activation, [values[layer][unit] for layer, unit in shown])
    for ax, (layer, unit) in zip(parts.axes, shown, strict=False):
        _fit_plane(ax, data.X)
        image = _draw_unit(ax, computed, values[layer][unit], activation, norm)
        lines = [f"unit {unit + 1}" if len(layers) == 1 else f"layer {layer + 1}, unit {unit + 1}"]
        if layer == len(layers) - 1 and len(weights) == sizes[-1]:
            lines.append(f"weight {weights[unit]:+.2g}".replace("-", "−"))
        ax.set_title("\n".join(lines), fontsize=8.5)
    _fit_plane(parts.axes[-1], data.X)
    _shade(parts.axes[-1], answer, data, STEPS)
    _draw_points(parts.axes[-1], data, points, size=2.2)
    parts.axes[-1].set_title("prediction", fontsize=8.5)
    for ax in parts.axes:
        ax.set_xticks([])
        ax.set_yticks([])
    said = [f"colour: activation ({activation}); black line: where the weighted sum of a unit is zero"]
    if len(weights) == sizes[-1]:
        said.append("weight: that of the unit in the output")
    labels = words(data.feature_names[0]), words(data.feature_names[1])
    all_notes = [*notes, *said, *left_out("units", shown, every)]
    _shade_bar(parts, image, "activation")
    return parts.finish(usual, all_notes, labels, _class_handles(data), asked=title)


def _values(
    ax: Axes, units: Callable[[Floats], Sequence[Floats]], data: Any
) -> tuple[tuple[Floats, Floats], list[Floats]]:
    """The coordinates of the columns and rows of a panel, and the activations of each layer there."""
    _fit_plane(ax, data.X)
    x, y = np.linspace(*ax.get_xlim(), STEPS), np.linspace(*ax.get_ylim(), STEPS)
    plane = np.stack([np.tile(x, STEPS), np.repeat(y, STEPS)])
    return (x, y), [layer.reshape(-1, STEPS, STEPS) for layer in units(plane)]


def _norm(activation: str, values: Sequence[Floats]) -> Normalize:
    """A scale of colours whose middle is the activation of a weighted sum of zero."""
    if activation == "tanh":
        return Normalize(-1, 1)
    if activation == "sigmoid":
        return Normalize(0, 1)
    largest = max((float(np.nanmax(np.abs(each))) for each in values), default=1.0)
    largest = largest if np.isfinite(largest) and largest > 0 else 1.0
    return TwoSlopeNorm(0.0, -largest, largest)


def _draw_unit(ax: Axes, at: tuple[Floats, Floats], values: Floats, activation: str, norm: Normalize) -> Any:
    (x, y), middle = at, {"sigmoid": 0.5, "relu": 1e-9}.get(activation, 0.0)
    image = ax.imshow(
        np.ma.masked_invalid(values), extent=(x[0], x[-1], y[0], y[-1]), origin="lower", cmap=COLOURS, norm=norm,
        aspect=ax.get_aspect(), interpolation="bilinear", gid="unit",
    )  # fmt: skip
    known = values[np.isfinite(values)]
    if known.size and known.min() < middle < known.max():
        ax.contour(x, y, values, levels=[middle], colors=LINE, linewidths=0.9)
    return image
