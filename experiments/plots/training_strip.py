"""A decision boundary while the network is trained: a film strip, or an animation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from experiments.plots.axes import figure_of, new_axes, text_panel
from experiments.plots.boundaries import _LINES
from experiments.plots.choice import evenly
from experiments.plots.output import FRAMES_PER_SECOND, Film
from experiments.plots.panels import Panels
from experiments.plots.plane import (
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

FRAMES = 30  # of an animation
Moments = Sequence[tuple[str, PredictProba]]
"""A title and the prediction of the network at each moment, as in `plot_boundaries`."""


def plot_training_strip(
    moments: Moments, data: Any, notes: Sequence[str] = (), name: str = "", *, title: str | None = None
) -> Figure:
    """The predictions of one network at some moments of its training: one panel per moment, as in `plot_boundaries`."""
    usual = f"{name or words(data.name)}: what a network learns during training"
    if reason := why_no_plane(data):
        return figure_of(text_panel(new_axes(*SMALL), usual, f"no decision boundaries: {reason}", title))
    parts = Panels(len(moments), panel_size(data, 1.75), (0.15, 0.2), (0.5, 0.42, 1.75))
    for ax, (panel_title, answer) in zip(parts.axes, moments, strict=True):
        image = _draw(ax, answer, data)
        ax.set_title(panel_title, fontsize=8.5)
    return _finish(parts, usual, [*notes, _LINES[data.task]], data, image, title)


def film_of_training(
    moments: Moments, data: Any, notes: Sequence[str] = (), name: str = "", *, title: str | None = None
) -> Film | Figure:
    """The same as an animation, with a frame for each moment; a figure that says why if there is no plane."""
    usual = f"{name or words(data.name)}: what a network learns during training"
    if reason := why_no_plane(data):
        return figure_of(text_panel(new_axes(*SMALL), usual, f"no decision boundaries: {reason}", title))
    parts = Panels(1, panel_size(data, 3.4), (0.15, 0.2), (0.5, 0.42, 1.75))
    (ax,) = parts.axes
    image = _draw(ax, moments[-1][1], data)
    ax.set_title(max((text for text, _ in moments), key=len), fontsize=9)
    figure = _finish(parts, usual, [*notes, _LINES[data.task]], data, image, title)
    stays = FRAMES_PER_SECOND  # the last moment, before the film begins again

    def show(frame: int) -> None:
        text, answer = moments[min(frame, len(moments) - 1)]
        ax.clear()
        _draw(ax, answer, data)
        parts.titles = [text]
        ax.set_title(text, fontsize=9)

    return Film(figure, show, len(moments) + stays)


def _draw(ax: Any, answer: PredictProba, data: Any) -> Any:
    _fit_plane(ax, data.X)
    image = _shade(ax, answer, data)
    _draw_points(ax, data, evenly(np.shape(data.X)[1], MAX_SMALL_POINTS), size=2.4)
    ax.set_xticks([])
    ax.set_yticks([])
    return image


def _finish(parts: Panels, usual: str, notes: list[str], data: Any, image: Any, title: str | None) -> Figure:
    labels = words(data.feature_names[0]), words(data.feature_names[1])
    _bar_of(parts, image, data)
    return parts.finish(usual, notes, labels, _class_handles(data), asked=title)
