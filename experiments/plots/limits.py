"""The ends of an axis of a metric: within what it can be, and so that a few hopeless values do not flatten the rest."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from experiments.plots.style import INK, count, words
from experiments.tables.words import larger_is_better, limits, number

MARGIN = 0.01  # beyond what a metric can be, so that a mark there is seen whole
HIGHEST_COST = {"accuracy": 20.0, "r2": 2.0}
"""The cost, by the score of a sweep, above which pictures do not go, since the rest would be flat: that of a
probability of e^-20, and four times that of always predicting the mean."""
_FAR = 4.0  # times as far from the best as half of all values are
_ROOM = 0.35  # of the range of the data by which an axis may grow for the sake of a baseline
_STYLES = ((0, (1, 2)), (0, (5, 2, 1, 2)))  # of the lines of baselines
Baselines = Sequence[tuple[str, float]]
"""Names and values of what a network is compared with: a constant answer, a linear model."""


class Cut(NamedTuple):
    """The values between which a picture shows a metric; what lies beyond stands at the edge."""

    metric: str
    low: float = -math.inf
    high: float = math.inf

    @classmethod
    def of(cls, metric: str, values: npt.ArrayLike) -> Cut:
        """Nothing is cut off of a metric that cannot be far off, such as a share, or where nothing is.

        Far is four times as far from the best as half of all values are; of R^2 at least half as far below always
        answering the mean as the best is above that, of an error at least a quarter more than the best.
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
        """The values, those beyond an edge at it and within what the metric can be."""
        least, most = limits(self.metric)
        return np.clip(np.asarray(values, np.float64), max(self.low, least), min(self.high, most))

    def is_off(self, values: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Which of the values lie beyond an edge."""
        numbers = np.asarray(values, np.float64)
        return np.asarray((numbers < self.low) | (numbers > self.high))

    def note(self, values: npt.ArrayLike, noun: str, where: str = "at the edge") -> list[str]:
        """What a title says: `2 seeds beyond -1 are drawn at the edge`."""
        n = int(np.sum(self.is_off(values)))
        edge = self.low if math.isfinite(self.low) else self.high
        return [f"{count(n, noun)} beyond {edge:g} {'is' if n == 1 else 'are'} drawn {where}"] if n else []


def _round(value: float) -> float:
    """To two digits."""
    return float(f"{value:.2g}")


def ends(metric: str, low: float, high: float) -> tuple[float, float]:
    """The ends of an axis, no further than a little beyond what the metric can be."""
    least, most = limits(metric)
    margin = MARGIN * (1.0 if math.isfinite(most - least) else high - low)
    return max(low, least - margin), min(high, most + margin)


def draw_baselines(axes: Iterable[Axes], baselines: Baselines, metric: str, along: str = "y") -> list[Line2D]:
    """A thin line across each panel for each baseline; what a legend says of them.

    `along` is the axis of the metric. It grows by a third at most: the line of a baseline beyond that is not drawn, and
    the legend says on which side it would be.
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
        handles.append(Line2D([], [], **look, label=f"{words(name, 34)}:\n{number(metric, value)}{where}"))
    if along == "y":
        panels[0].set_ylim(wider)
    else:
        panels[0].set_xlim(wider)
    return handles


def baselines_note(baselines: Baselines, metric: str) -> list[str]:
    """What a title says of them, where there is no axis to draw them on."""
    return [f"{words(name, 40)}: {number(metric, value)}" for name, value in baselines]
