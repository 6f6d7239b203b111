"""The limits of a metric axis: within its possible values, and not dominated by a few extreme values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from experiments.plots.style import INK, count, words
from experiments.tables.words import is_percentage, larger_is_better, limits, said, tick

MARGIN = 0.01  # beyond the possible values, so that marks there are fully visible
HIGHEST_COST = {"accuracy": 20.0, "r2": 2.0}
"""The largest cost shown in plots, by the score of a sweep: that of a probability of e^-20, and four times that of
predicting the mean."""
_FAR = 4.0  # times the distance of the median value from the best
_ROOM = 0.35  # largest extension of an axis for a baseline, relative to the range of the data
_STYLES = ((0, (1, 2)), (0, (5, 2, 1, 2)))  # of the lines of baselines
Baselines = Sequence[tuple[str, float]]
"""Names and values of the baselines: a constant prediction, a linear model."""


class Cut(NamedTuple):
    """The range in which a plot shows a metric; values beyond it are drawn at the edge."""

    metric: str
    low: float = -math.inf
    high: float = math.inf

    @classmethod
    def of(cls, metric: str, values: npt.ArrayLike) -> Cut:
        """The range for values of a metric; unlimited for a bounded metric, such as a share, or without extreme values.

        A value is extreme if its distance to the best is more than four times the median distance; and for R^2 also
        more than 1.5 times the best, for an error more than a quarter of the best.
        """
        numbers = np.asarray(values, np.float64).ravel()
        numbers = numbers[np.isfinite(numbers)]
        is_larger = larger_is_better(metric)
        if not numbers.size or math.isfinite(limits(metric)[0 if is_larger else 1]):
            return cls(metric)
        best = numbers.max() if is_larger else numbers.min()
        off = np.abs(numbers - best)
        far = _FAR * float(np.median(off))
        far = max(far, 1.5 * best if metric == "r2" else 0.25 * best)
        if not 0 < 1.5 * far < off.max():
            return cls(metric)
        return cls(metric, low=_round(best - far)) if is_larger else cls(metric, high=_round(best + far))

    def within(self, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The values, clipped to the range and to the possible values of the metric."""
        least, most = limits(self.metric)
        return np.clip(np.asarray(values, np.float64), max(self.low, least), min(self.high, most))

    def is_off(self, values: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Whether each value is beyond an edge."""
        numbers = np.asarray(values, np.float64)
        return np.asarray((numbers < self.low) | (numbers > self.high))

    def note(self, values: npt.ArrayLike, noun: str, where: str = "at the edge") -> list[str]:
        """A note for the title: `2 seeds beyond -1 are drawn at the edge`."""
        n = int(np.sum(self.is_off(values)))
        edge = self.low if math.isfinite(self.low) else self.high
        return [f"{count(n, noun)} beyond {edge:g} {'is' if n == 1 else 'are'} drawn {where}"] if n else []


def _round(value: float) -> float:
    """To two digits."""
    return float(f"{value:.2g}")


def ends(metric: str, low: float, high: float) -> tuple[float, float]:
    """The limits of an axis, at most slightly beyond the possible values of the metric."""
    least, most = limits(metric)
    margin = MARGIN * (1.0 if math.isfinite(most - least) else high - low)
    return max(low, least - margin), min(high, most + margin)


def colour_ends(metric: str, values: npt.ArrayLike) -> tuple[float, float]:
    """The ends of a colour scale: the smallest and the largest finite value; around them if all are equal."""
    numbers = np.asarray(values, np.float64)
    numbers = numbers[np.isfinite(numbers)]
    low, high = (float(numbers.min()), float(numbers.max())) if numbers.size else (0.0, 1.0)
    if low == high:
        least, most = limits(metric)
        around = MARGIN * max(abs(low), 1.0)
        low, high = max(low - around, least), min(high + around, most)
    return low, high


def in_unit(metric: str) -> FuncFormatter | None:
    """The format of the ticks of a metric that is given in percent; None for matplotlib's own."""
    return FuncFormatter(lambda value, _: tick(metric, value)) if is_percentage(metric) else None


def scale_in_unit(axis: Axis, metric: str) -> None:
    """Give the ticks of an axis the unit of its label."""
    if (form := in_unit(metric)) is not None:
        axis.set_major_formatter(form)


def draw_baselines(axes: Iterable[Axes], baselines: Baselines, metric: str, along: str = "y") -> list[Line2D]:
    """Draw a thin line across each panel for each baseline; return the legend handles.

    `along` is the axis of the metric. It is extended by at most a third: a baseline beyond that is not drawn, and the
    legend says on which side it is.
    """
    panels, handles = list(axes), []
    if not panels or not baselines:
        return []
    low, high = sorted(panels[0].get_ylim() if along == "y" else panels[0].get_xlim())
    room = _ROOM * (high - low)
    shown = [value for _, value in baselines if low - room < value < high + room]
    gap = 0.03 * (high - low)
    wider = ends(metric, min([low, *(v - gap for v in shown)]), max([high, *(v + gap for v in shown)]))
    for (name, value), style in zip(baselines, _STYLES, strict=False):
        look: dict[str, Any] = {"color": INK, "linestyle": style, "linewidth": 1.0}
        where = ""
        if value in shown:
            for ax in panels:
                draw = ax.axhline if along == "y" else ax.axvline
                draw(value, zorder=1.5, gid="baseline", **look)
        else:
            sides = ("below", "above") if along == "y" else ("further left", "further right")
            where = f" ({sides[int(value > high)]})"
        handles.append(Line2D([], [], **look, label=f"{words(name, 34)}:\n{said(metric, value, False)}{where}"))
    if along == "y":
        panels[0].set_ylim(wider)
    else:
        panels[0].set_xlim(wider)
    return handles


def baselines_note(baselines: Baselines, metric: str) -> list[str]:
    """Notes on the baselines for a title, if there is no axis to draw them on."""
    # On one line: a number alone on the next would not be understood.
    return [f"{words(name, 40)}:\u00a0{said(metric, value, False)}" for name, value in baselines]
