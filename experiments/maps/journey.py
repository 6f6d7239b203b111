"""Where a film goes: windows around one point, each twice as fine as the one before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from experiments.knobs.knob import SweepError
from experiments.maps.plane import DEEPEST, TILE, Plane, Window, whole


class Point(NamedTuple):
    """A pixel of a level, or the corner between four of them."""

    level: int
    x: int
    y: int

    def at(self, level: int) -> Point:
        """The same place on another level; of a coarser one, the pixel that it is in."""
        steps = level - self.level
        return Point(level, _shifted(self.x, steps), _shifted(self.y, steps))

    def window(self, size: int) -> Window:
        """So many pixels a side around it, moved to stay within the plane."""
        side = TILE << self.level
        x, y = (min(max(place - size // 2, 0), side - size) for place in (self.x, self.y))
        return Window(self.level, x, y, size, size)


def _shifted(place: int, steps: int) -> int:
    return place << steps if steps >= 0 else place >> -steps


def deepest_level(size: int, frames: int) -> int:
    """The level of the last frame. Raises SweepError for more frames than there are levels."""
    level = whole(size).level + frames - 1
    if level > DEEPEST:
        most = DEEPEST - whole(size).level + 1
        raise SweepError(f"--film: expected at most {most} with --size {size}, got {frames}")
    return level


def point_at(plane: Plane, level: int, x: float, y: float) -> Point:
    """The pixel of a level that has these values, or nearly."""
    side = TILE << level
    return Point(level, plane.x.nearest(x, side), plane.y.nearest(y, side))


def frames(point: Point, size: int, n: int) -> list[Window]:
    """The windows of a film, from the whole plane towards the point."""
    first = whole(size).level
    return [point.at(level).window(size) for level in range(first, first + n)]


def along_the_boundary(converged: Callable[[Window], npt.NDArray[np.bool_]], level: int) -> Iterator[Point]:
    """Points of the boundary, one for each level up to this one, each near the one before.

    ``converged`` has the verdicts of a window. The first point is that of level 0 nearest to the middle; where there is
    no boundary any more, the point stays.
    """
    point = Point(0, TILE // 2, TILE // 2)
    for following in range(level + 1):
        point = point.at(following)
        window = point.window(TILE)
        verdicts = converged(window)
        here = verdicts[:-1, :-1]
        is_edge = (here != verdicts[1:, :-1]) | (here != verdicts[:-1, 1:]) | (here != verdicts[1:, 1:])
        rows, columns = np.nonzero(is_edge)
        if len(rows):
            away = (rows + window.y + 1 - point.y) ** 2 + (columns + window.x + 1 - point.x) ** 2
            nearest = int(np.argmin(away))  # the first of equals
            point = Point(following, window.x + int(columns[nearest]) + 1, window.y + int(rows[nearest]) + 1)
        yield point
