"""What a map says: how much of it trains, where the best pixels lie, how far from the edge, and how rough that is."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from experiments.maps.dimension import Dimension, Median, box_counting, median_of, papers_median
from experiments.maps.field import Field
from experiments.maps.measures import PAPER, measure_of, values_of, written
from experiments.maps.plane import Axis, too_close
from experiments.maps.ticks import value_text
from experiments.text import wrapped

BEST = 0.01  # of the pixels that train, which are called the best
_SLIGHT = 0.01  # change of a value, relative to it, that is given in percent instead of as a factor


class Side(NamedTuple):
    """The nearest values of one knob, below and above the best pixel, at which training fails; None: not on the map.

    The other knob stays as it is.
    """

    down: float | None
    up: float | None


class Sequence(NamedTuple):
    """The dimensions of the edge in the windows of a film.

    values: of each window; nan without an edge
    papers: the paper's own figure, the median over all windows and box sizes
    """

    values: tuple[float, ...]
    median: Median
    papers: float


class Findings(NamedTuple):
    """What a window of a map says.

    trains: the share of its pixels that converge
    measure, best: of the pixels that converge, the value of the best one; nan if none converges
    at: the values of x and y there
    box: the smallest and the largest value of x, and of y, of the best 1 %
    edge: x and y of the pixel of the other verdict that is nearest to the best one; None if there is none
    pixels: how far away that is, in pixels; inf likewise
    of_best: half of the best 1 % are at most so many pixels away from the edge
    sides: of x and of y
    saved: the share of all iterations that were not computed, because a network was nan before
    warning: of neighbouring pixels that float64 does not tell apart; None if there is none
    film: None if there is none
    """

    axes: tuple[Axis, Axis]
    level: int  # of the window
    n: int
    trains: float
    measure: str
    best: float
    said: str  # the measure with its value
    at: tuple[float, float]
    box: tuple[tuple[float, float], tuple[float, float]]
    edge: tuple[float, float] | None
    pixels: float
    of_best: float
    sides: tuple[Side, Side]
    dimension: Dimension
    saved: float
    warning: str | None
    film: Sequence | None = None

    def as_dict(self) -> dict[str, Any]:
        """As plain values, in which None stands for what there is not."""
        names = [axis.knob for axis in self.axes]
        found = {
            "n": self.n,
            "trains": self.trains,
            "measure": self.measure,
            "best": self.best,
            "best_at": dict(zip(names, self.at, strict=True)),
            "best_percent": {name: list(ends) for name, ends in zip(names, self.box, strict=True)},
            "edge_at": None if self.edge is None else dict(zip(names, self.edge, strict=True)),
            "edge_pixels": self.pixels,
            "edge_pixels_of_best_percent": self.of_best,
            "fails_at": {name: side._asdict() for name, side in zip(names, self.sides, strict=True)},
            "dimension": self.dimension.value,
            "dimension_interval": [self.dimension.low, self.dimension.high],
            "box_sizes": list(self.dimension.sizes),
            "box_counts": list(self.dimension.counts),
            "saved": self.saved,
            "warning": self.warning,
        }
        if self.film is not None:
            median = self.film.median
            found["dimension_in_film"] = {
                "windows": list(self.film.values),
                "median": median.value,
                "interval": [median.low, median.high],
                "confidence": median.confidence,
                "papers_median": self.film.papers,
            }
        return {name: _plain(value) for name, value in found.items()}

    @property
    def sentences(self) -> list[str]:
        """What it says, a topic each."""
        return [" ".join(topic) for topic in (self._trained(), self._best(), self._edge(), self._dimension()) if topic]

    @property
    def lines(self) -> list[str]:
        """The sentences and the warning, in lines of at most 80 columns."""
        warning = [f"Warning: {self.warning}."] if self.warning else []
        return [line for text in [*self.sentences, *warning] for line in wrapped(text)]

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def _trained(self) -> list[str]:
        text = f"{_share(self.trains)} of {self.n:,} networks train."
        return [text, f"Early ends saved {_share(self.saved)} of the iterations."] if self.saved > 0 else [text]

    def _best(self) -> list[str]:
        if math.isnan(self.best):
            return []
        place = " and ".join(
            f"{_name(axis)} {value_text(axis, at, self.level)}" for axis, at in zip(self.axes, self.at, strict=True)
        )
        box = " and ".join(
            f"{_name(axis)} {value_text(axis, low, self.level)} to {value_text(axis, high, self.level)}"
            for axis, (low, high) in zip(self.axes, self.box, strict=True)
        )
        return [
            f"The best is at {place}: {self.said}.",
            f"The best {_share(BEST)} of those that train have {box}.",
        ]

    def _edge(self) -> list[str]:
        if self.edge is None or math.isnan(self.best):
            return []
        there = [
            f"{_name(axis)} {_change(axis, a, b)}"
            for axis, a, b in zip(self.axes, self.at, self.edge, strict=True)
            if a != b
        ]
        above = [
            f"{_name(axis)} {_change(axis, at, side.up)}"
            for axis, at, side in zip(self.axes, self.at, self.sides, strict=True)
            if side.up is not None
        ]
        return [
            f"The nearest network that does not train is {_pixels(self.pixels)} away: {' and '.join(there)}.",
            *([f"Raising one knob alone, training fails at {' or '.join(above)}."] if above else []),
            f"Half of the best {_share(BEST)} are at most {_pixels(self.of_best)} from the edge.",
        ]

    def _dimension(self) -> list[str]:
        value, low, high = self.dimension[:3]
        if math.isnan(value):
            return []
        interval = "" if math.isnan(low) else f" (95 % interval {low:.2f} to {high:.2f})"
        text = [f"The box-counting dimension of the edge is {value:.2f}{interval}."]
        if self.film is not None and self.film.median.n > 1:
            median = self.film.median
            text.append(
                f"Over {median.n} windows of the film its median is {median.value:.2f}"
                f" ({100 * median.confidence:.0f} % interval {median.low:.2f} to {median.high:.2f});"
                f" as the paper computes it, {self.film.papers:.2f}."
            )
        return text


def findings(field: Field, measure: str = PAPER, film: Iterable[npt.NDArray[np.bool_]] = ()) -> Findings:
    """What a window says; the best pixels are those that converge with the best values of a measure.

    ``film``: what converges in each of a sequence of windows.

    Raises SweepError for a measure that the map does not have.
    """
    wanted = measure_of(measure, field.request)
    converged, iterations = field.verdicts.converged, field.setting("iterations")
    about: dict[str, Any] = {
        "axes": (field.plane.x, field.plane.y),
        "level": field.window.level,
        "n": field.n,
        "trains": float(np.mean(converged)),
        "measure": measure,
        "dimension": box_counting(converged),
        "saved": 1 - float(np.mean(field.verdicts.steps)) / iterations,
        "warning": too_close(field.plane, field.window),
        "film": _sequence(list(film)),
    }
    values = values_of(field.verdicts, wanted)
    badness = np.where(converged & np.isfinite(values), -values if wanted.larger_is_better else values, math.inf)
    xs, ys = field.x, field.y
    if not np.isfinite(badness).any():
        nowhere = (math.nan, math.nan)
        return Findings(
            **about, best=math.nan, said="", at=nowhere, box=(nowhere, nowhere), edge=None, pixels=math.inf,
            of_best=math.inf, sides=(Side(None, None), Side(None, None)),
        )  # fmt: skip
    row, column = (int(place) for place in np.unravel_index(np.argmin(badness), badness.shape))
    rows, columns = _best_of(badness)
    away, nearest = _to_the_edge(converged)
    has_edge = bool(np.isfinite(away[row, column]))
    edge = (xs[nearest[1, row, column]], ys[nearest[0, row, column]]) if has_edge else None
    return Findings(
        **about,
        best=float(values[row, column]),
        said=f"{wanted.said} {written(wanted, float(values[row, column]))}",
        at=(xs[column], ys[row]),
        box=((xs[columns.min()], xs[columns.max()]), (ys[rows.min()], ys[rows.max()])),
        edge=edge,
        pixels=float(away[row, column]),
        of_best=float(np.median(away[rows, columns])),
        sides=(
            _side(xs, converged[row], column),
            _side(ys, converged[:, column], row),
        ),
    )


def _sequence(film: list[npt.NDArray[np.bool_]]) -> Sequence | None:
    if not film:
        return None
    values = tuple(box_counting(converged).value for converged in film)
    return Sequence(values, median_of(values), papers_median(film))


def _best_of(badness: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Rows and columns of the best of all pixels with a finite number, one at least."""
    n = int(np.isfinite(badness).sum())
    chosen = np.argsort(badness, axis=None, kind="stable")[: max(1, math.floor(BEST * n))]
    rows, columns = np.unravel_index(chosen, badness.shape)
    return rows, columns


def _to_the_edge(converged: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.intp]]:
    """For each pixel that converges, the distance to the nearest one that does not, and its row and column."""
    from scipy.ndimage import distance_transform_edt  # a third of a second, which not every command has to wait for

    if converged.all():
        return np.full(converged.shape, math.inf), np.zeros((2, *converged.shape), np.intp)
    away, nearest = distance_transform_edt(converged, return_indices=True)
    return away, nearest


def _side(values: list[float], converged: npt.NDArray[np.bool_], place: int) -> Side:
    """Of one row or column, from the best pixel at a place of it."""
    failed = np.flatnonzero(~converged)
    below, above = failed[failed < place], failed[failed > place]
    return Side(values[below[-1]] if below.size else None, values[above[0]] if above.size else None)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _name(axis: Axis) -> str:
    return axis.knob.replace("_", " ")


def _change(axis: Axis, before: float, after: float) -> str:
    if axis.kind != "log":
        return f"{after - before:+.3g}"
    factor = after / before
    return f"{100 * (after - before) / before:+.2g} %" if abs(factor - 1) < _SLIGHT else f"x {factor:.3g}"


def _share(share: float) -> str:
    return f"{100 * share:.3g} %"


def _pixels(n: float) -> str:
    return f"{n:.0f} pixel" + ("" if round(n) == 1 else "s")
