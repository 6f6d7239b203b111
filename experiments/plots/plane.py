"""Pictures of the plane: the training points, and what networks have learned about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments.plots.axes import Panels
from experiments.plots.style import CLASS_COLOURS, CLASS_MARKERS, LEGEND_SIZE, count, words

MAX_POINTS, MAX_SMALL_POINTS, MAX_NETWORKS = 5000, 1000, 20

# Pure colours would swallow the points of their own class: the shades stop half way to them.
SHADES = LinearSegmentedColormap.from_list("classes", ["#7FB8D8", "#FFFFFF", "#F2CF80"])
PredictProba = Callable[[npt.NDArray[np.float64]], npt.ArrayLike]


def why_no_plane(data: Any) -> str:
    """Why the points of a data set cannot be drawn; nothing if they can."""
    if len(data.X) != 2:
        return f"the data have {count(len(data.X), 'feature')}, a plane shows two"
    # Coordinates of 1e308 have a range that is no number.
    return "" if np.all(np.abs(data.X) < 1e150) else "the values are too large"


def _draw_points(ax: Axes, data: Any, shown: Sequence[int], size: float) -> None:
    points, labels = np.asarray(data.X)[:, shown], np.ravel(data.Y)[shown]
    for label in (0, 1):
        x, y = points[:, labels == label]
        ax.plot(
            x, y, CLASS_MARKERS[label], color=CLASS_COLOURS[label], markersize=size,
            markeredgecolor="white", markeredgewidth=size / 11, gid=f"class {label}",
        )  # fmt: skip


def limits(X: npt.ArrayLike) -> tuple[tuple[float, float], tuple[float, float], bool]:
    """Limits of x and y with a margin around the points; and whether equal scales would not flatten the picture."""
    low, high = np.min(X, axis=1), np.max(X, axis=1)
    span = np.where(high > low, high - low, 1.0)
    (left, bottom), (right, top) = low - 0.08 * span, high + 0.08 * span
    return (left, right), (bottom, top), max(span) < 3 * min(span)


def _fit_plane(ax: Axes, X: npt.ArrayLike) -> None:
    xlim, ylim, equal = limits(X)
    ax.set(xlim=xlim, ylim=ylim)
    if equal:
        ax.set_aspect("equal")


def _class_handles(data: Any) -> list[Line2D]:
    labels = np.ravel(data.Y)
    return [
        Line2D(
            [], [], linestyle="none", marker=CLASS_MARKERS[k], color=CLASS_COLOURS[k], markersize=5,
            label=f"class {words(data.class_names[k], 24)}\n({count(int(np.sum(labels == k)), 'point')})",
        )
        for k in (0, 1)
    ]  # fmt: skip


def _shade(ax: Axes, predict_proba: PredictProba, steps: int = 110) -> Any:
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    x, y = np.linspace(left, right, steps), np.linspace(bottom, top, steps)
    plane = np.stack([np.tile(x, steps), np.repeat(y, steps)])
    probability = np.reshape(np.asarray(predict_proba(plane), dtype=np.float64), (steps, steps))
    image = ax.imshow(
        probability, extent=(left, right, bottom, top), origin="lower", cmap=SHADES, vmin=0, vmax=1,
        aspect=ax.get_aspect(), interpolation="bilinear",
    )  # fmt: skip
    known = probability[np.isfinite(probability)]
    if known.size and known.min() < 0.5 < known.max():
        ax.contour(x, y, probability, levels=[0.5], colors="#222222", linewidths=1.0)
    return image


def _shade_bar(figure: Figure, parts: Panels, image: Any, label: str) -> None:
    """A colour bar below the legend, at the height of the first row's lower half."""
    inch = 1 / figure.get_figwidth()
    box = parts.axes[0].get_position(original=True)
    left = figure.legends[0].get_bbox_to_anchor().transformed(figure.transFigure.inverted()).x0
    place = figure.add_axes((left + 0.05 * inch, box.y0, 0.13 * inch, box.height / 2))
    bar = figure.colorbar(image, cax=place)
    bar.set_ticks([0, 0.5, 1])
    bar.ax.tick_params(labelsize=LEGEND_SIZE)
    bar.ax.set_title(label, loc="left", fontsize=LEGEND_SIZE)
