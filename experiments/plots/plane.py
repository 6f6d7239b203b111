"""Plots of the plane: training points and predictions of networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgb
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from experiments.plots.panels import Panels
from experiments.plots.style import CLASS_COLOURS, CLASS_MARKERS, LEGEND_SIZE, VALUE_COLOURS, count, words

MAX_POINTS, MAX_SMALL_POINTS, MAX_NETWORKS = 5000, 1000, 20
MAX_CLASSES = 12  # that a legend names
LINE, VALUE_INK = "#222222", "#7A7A7A"

# Full colours would hide the points of their own class, so shades are half as strong.
SHADES = LinearSegmentedColormap.from_list("classes", ["#7FB8D8", "#FFFFFF", "#F2CF80"])
PredictProba = Callable[[npt.NDArray[np.float64]], npt.ArrayLike]
"""The prediction for points (2, n): the probability of class 1, (1, n) or (n,); of every class, (classes, n); or for
regression the standardized value, (1, n) or (n,)."""


def why_no_plane(data: Any) -> str:
    """Why the points of a data set cannot be drawn; an empty string if they can."""
    if len(data.X) != 2:
        return f"the data have {count(len(data.X), 'feature')}, a plane has two"
    # The range of coordinates such as 1e308 is not finite.
    return "" if np.all(np.abs(data.X) < 1e150) else "the values are too large"


def _draw_points(ax: Axes, data: Any, shown: Sequence[int], size: float) -> None:
    points, answers = np.asarray(data.X)[:, shown], np.ravel(data.Y)[shown]
    if data.task == "regression":
        ax.scatter(
            points[0], points[1], size**2, in_units(data, answers), cmap=VALUE_COLOURS, norm=_norm(data),
            edgecolors="white", linewidths=size / 9, zorder=2.1, gid="values",
        )  # fmt: skip
        return
    for k in range(len(data.class_names)):
        x, y = points[:, answers == k]
        ax.plot(
            x, y, _marker(k), color=_colour(k), markersize=size,
            markeredgecolor="white", markeredgewidth=size / 11, gid=f"class {k}",
        )  # fmt: skip


def _colour(k: int) -> str:
    return CLASS_COLOURS[k % len(CLASS_COLOURS)]


def _marker(k: int) -> str:
    """The mark of a class; different for classes of the same colour."""
    return CLASS_MARKERS[(k + k // len(CLASS_COLOURS)) % len(CLASS_MARKERS)]


def in_units(data: Any, Y: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Standardized values of a regression, in units of the target."""
    mean, deviation = data.target_scale
    return np.asarray(mean + deviation * np.asarray(Y, dtype=np.float64))


def _norm(data: Any) -> Normalize:
    """The colour scale, from the lowest to the highest training value."""
    values = in_units(data, data.Y)
    return Normalize(float(values.min()), float(values.max()))


def steps_of(data: Any, most: int = 12) -> npt.NDArray[np.float64]:
    """Round values in equal steps, from the lowest to the highest training value."""
    values = in_units(data, data.Y)
    return np.asarray(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(values.min(), values.max()))


def class_shades(probabilities: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """The colour of the most likely class, stronger for higher probability: (..., 3) from (classes, ...)."""
    probabilities = np.asarray(probabilities, dtype=np.float64)
    if len(probabilities) == 2:
        return np.asarray(SHADES(np.nan_to_num(probabilities[1], nan=0.5))[..., :3])
    ends = np.array([to_rgb(_colour(k)) for k in range(len(probabilities))])
    likeliest, least = np.argmax(probabilities, axis=0), 1 / len(probabilities)
    strength = (np.nan_to_num(np.max(probabilities, axis=0), nan=least) - least) / (1 - least) / 2
    return np.asarray(1 - strength[..., np.newaxis] * (1 - ends[likeliest]))


def both_classes(probabilities: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """One row per class, (classes, points); for two classes from the probability of class 1."""
    rows = np.atleast_2d(np.asarray(probabilities, dtype=np.float64))
    return np.concatenate([1 - rows, rows]) if len(rows) == 1 else rows


def draw_class_lines(ax: Axes, x: Any, y: Any, probabilities: npt.NDArray[np.float64], width: float) -> None:
    """Draw lines where the most likely class changes, from (classes, rows, columns)."""
    for k in range(len(probabilities) - 1):
        ahead = probabilities[k] - np.max(np.delete(probabilities, k, axis=0), axis=0)
        if np.nanmin(ahead) < 0 < np.nanmax(ahead):
            ax.contour(x, y, ahead, levels=[0.0], colors=LINE, linewidths=width)


def limits(X: npt.ArrayLike) -> tuple[tuple[float, float], tuple[float, float], bool]:
    """Limits of x and y with a margin; and whether equal scales are possible without flattening the plot."""
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
    """Legend handles of the points: a mark for each class, with the number of points."""
    answers = np.ravel(data.Y)
    if data.task == "regression":
        points = count(len(answers), "training point")
        return [Line2D([], [], linestyle="none", marker="o", color=VALUE_INK, markersize=5, label=points)]
    handles = [
        Line2D(
            [], [], linestyle="none", marker=_marker(k), color=_colour(k), markersize=5,
            label=f"class {words(name, 24)}\n({count(int(np.sum(answers == k)), 'point')})",
        )
        for k, name in enumerate(data.class_names[:MAX_CLASSES])
    ]  # fmt: skip
    left = len(data.class_names) - len(handles)
    return [*handles, Line2D([], [], linestyle="none", label=f"and {count(left, 'more class')}es")] if left else handles


def _shade(ax: Axes, answer: PredictProba, data: Any, steps: int = 110) -> Any:
    """Draw the predictions on the plane as colours, with boundary lines; return the mappable for a colour bar."""
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    x, y = np.linspace(left, right, steps), np.linspace(bottom, top, steps)
    plane = np.stack([np.tile(x, steps), np.repeat(y, steps)])
    answers = np.asarray(answer(plane), dtype=np.float64).reshape(-1, steps, steps)
    if data.task == "regression":
        values, levels = np.ma.masked_invalid(in_units(data, answers[0])), steps_of(data)
        filled = ax.contourf(x, y, values, levels, cmap=VALUE_COLOURS, norm=_norm(data), extend="both")
        ax.contour(x, y, values, levels, colors=LINE, linewidths=0.3, alpha=0.6)
        return filled
    image = ax.imshow(
        answers[0] if len(answers) == 1 else class_shades(answers), extent=(left, right, bottom, top), origin="lower",
        cmap=SHADES, vmin=0, vmax=1, aspect=ax.get_aspect(), interpolation="bilinear",
    )  # fmt: skip
    if len(answers) > 1:
        draw_class_lines(ax, x, y, answers, 1.0)
        return image
    (probability,) = answers
    known = probability[np.isfinite(probability)]
    if known.size and known.min() < 0.5 < known.max():
        ax.contour(x, y, probability, levels=[0.5], colors=LINE, linewidths=1.0)
    return image


def _shade_bar(parts: Panels, image: Any, label: str, ticks: Sequence[float] | None = None) -> None:
    """Draw a colour bar, which has its place below the legend."""
    parts.bar = parts.figure.add_axes((0.9, 0.1, 0.05, 0.3))
    bar = parts.figure.colorbar(image, cax=parts.bar)
    if ticks is not None:
        bar.set_ticks(ticks)
    bar.ax.tick_params(labelsize=LEGEND_SIZE)
    bar.ax.set_title(label, loc="left", fontsize=LEGEND_SIZE)


def _bar_of(parts: Panels, image: Any, data: Any) -> None:
    """The colour bar of predictions; several classes have none."""
    if data.task == "binary":
        label = f"predicted probability\nof class {words(data.class_names[1], 24)}"
        _shade_bar(parts, image, label, [0, 0.5, 1])
    elif data.task == "regression":
        _shade_bar(parts, image, words(data.target_name, 24))


def panel_size(data: Any, side: float) -> tuple[float, float]:
    """The size of a panel of the plane with equal scales, within a square of that side; of any scales, the square."""
    (left, right), (bottom, top), equal = limits(data.X)
    part = (top - bottom) / (right - left) if equal else 1.0
    return side * min(1.0, 1 / part), side * min(1.0, part)
