"""The plane of a map, in tiles and windows: which values of the two knobs each pixel has.

The grid of level ``l`` has 64 * 2**l pixels a side over the whole plane, and pixel i of a side has the value at the
fraction i / (64 * 2**l) of its axis. So pixel (i, j) of a level is pixel (2 i, 2 j) of the next one: every pixel of a
coarse map is a pixel of the fine map. Row 0 is the smallest y.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from typing import NamedTuple

from experiments.knobs.knob import SweepError

TILE = 64  # pixels a side of a tile
DEEPEST = 50  # level: beyond, float64 tells neighbouring pixels of no useful range apart
_LARGEST_WINDOW = 2**14  # pixels a side
_CLOSE = 8  # units in the last place of float64 by which neighbouring pixels should differ
_EXACT = Context(prec=40)  # a fraction of level 50 has 17 digits, and a float64 another 17


class Axis(NamedTuple):
    """One of the two knobs of a map."""

    knob: str  # the name of a numeric knob
    kind: str  # "log" or "lin"
    first: float  # the value at fraction 0
    last: float  # the value at fraction 1, which no pixel has

    def __str__(self) -> str:
        return f"{self.knob}={self.kind}:{self.first!r}:{self.last!r}"

    def at(self, numerator: int, denominator: int) -> float:
        """The value at a fraction of the way, of ``log`` on a logarithmic scale.

        Computed exactly, or in decimal, whose results are defined, and rounded once: the same on every machine.
        """
        if numerator == 0:
            return self.first
        if self.kind == "lin":  # with digits cut off, a value halfway between two floats would be rounded twice
            low, high = Fraction(repr(self.first)), Fraction(repr(self.last))
            return float(low + (high - low) * Fraction(numerator, denominator))
        with localcontext(_EXACT):
            start, length = _scale(self)
            # The fraction first: equal ones of different levels are then equal to the last digit.
            return float((start + length * (Decimal(numerator) / denominator)).exp())

    def fraction(self, value: float) -> float:
        """Where a value lies: 0 at the first one, 1 at the last one; outside of the axis below 0 or above 1.

        Of ``log``, a value of 0 or less has no place: nan.
        """
        with localcontext(_EXACT):
            low, length = _scale(self)
            if self.kind == "log" and not value > 0:
                return math.nan
            point = Decimal(repr(float(value)))
            return float(((point.ln() if self.kind == "log" else point) - low) / length)

    def nearest(self, value: float, pixels: int) -> int:
        """The pixel whose value is nearest on the scale of the axis, of so many along the whole axis.

        Computed in decimal, so that it is exact at every level.
        """
        with localcontext(_EXACT):
            low, length = _scale(self)
            point = Decimal(repr(float(value)))
            along = ((point.ln() if self.kind == "log" else point) - low) / length
            return int((along * pixels).to_integral_value())


@functools.lru_cache
def _scale(axis: Axis) -> tuple[Decimal, Decimal]:
    """The start and the length of an axis on its scale. In the exact context."""
    first, last = Decimal(repr(axis.first)), Decimal(repr(axis.last))
    if axis.kind == "log":
        first, last = first.ln(), last.ln()
    return first, last - first


class Plane(NamedTuple):
    """The two knobs of a map."""

    x: Axis
    y: Axis


class Tile(NamedTuple):
    """The pixels 64 x to 64 x + 63 and 64 y to 64 y + 63 of the grid of a level."""

    level: int
    x: int
    y: int

    def __str__(self) -> str:
        return f"{self.level}/{self.x}/{self.y}"

    @property
    def coarser(self) -> Tile | None:
        """The tile of the next coarser level that has a quarter of its pixels; None at level 0."""
        return Tile(self.level - 1, self.x // 2, self.y // 2) if self.level else None

    @property
    def quarter(self) -> tuple[slice, slice]:
        """The rows and columns of ``coarser`` that this tile covers: its pixels with even rows and columns."""
        column, row = TILE // 2 * (self.x % 2), TILE // 2 * (self.y % 2)
        return slice(row, row + TILE // 2), slice(column, column + TILE // 2)

    @property
    def window(self) -> Window:
        """The same pixels as a window."""
        return Window(self.level, TILE * self.x, TILE * self.y, TILE, TILE)

    @property
    def is_of_plane(self) -> bool:
        """Whether there is such a tile."""
        return 0 <= self.level <= DEEPEST and 0 <= self.x < 2**self.level and 0 <= self.y < 2**self.level


class Window(NamedTuple):
    """A rectangle of pixels of the grid of a level."""

    level: int
    x: int
    y: int
    width: int
    height: int

    def tiles(self) -> list[Tile]:
        """The tiles that it touches, row by row."""
        columns = range(self.x // TILE, (self.x + self.width - 1) // TILE + 1)
        rows = range(self.y // TILE, (self.y + self.height - 1) // TILE + 1)
        return [Tile(self.level, x, y) for y in rows for x in columns]

    def coarser(self) -> Window:
        """The pixels of the next coarser level that are also pixels of this one, and those that lie around."""
        x, y = self.x // 2, self.y // 2
        width, height = (self.x + self.width - 1) // 2 + 1 - x, (self.y + self.height - 1) // 2 + 1 - y
        return Window(self.level - 1, x, y, width, height)

    def xs(self, plane: Plane) -> list[float]:
        """The value of each column."""
        return [plane.x.at(self.x + k, TILE << self.level) for k in range(self.width)]

    def ys(self, plane: Plane) -> list[float]:
        """The value of each row, that of the smallest y first."""
        return [plane.y.at(self.y + k, TILE << self.level) for k in range(self.height)]


def levels(window: Window) -> Iterator[Window]:
    """What is trained for a window, coarse to fine: first about a tile's worth of pixels, at last the window itself."""
    stages = [window]
    # One pixel more than a tile, of a window between tiles, is not worth another stage.
    while stages[-1].level and max(stages[-1].width, stages[-1].height) > TILE + 1:
        stages.append(stages[-1].coarser())
    return reversed(stages)


def tiles_of(window: Window) -> list[Tile]:
    """The tiles of all these stages, coarse to fine."""
    return [tile for stage in levels(window) for tile in stage.tiles()]


def whole(size: int) -> Window:
    """The whole plane, ``size`` pixels a side. Raises SweepError for a size that is not 64 times a power of two."""
    level = size.bit_length() - TILE.bit_length()
    if level < 0 or size != TILE << level or size > _LARGEST_WINDOW:
        expected = f"64, 128, 256 ... or {_LARGEST_WINDOW:,} pixels a side"
        raise SweepError(f"--size: expected {expected}, got {size:,}")
    return Window(level, 0, 0, size, size)


def zoomed(plane: Plane, size: int, x: float, y: float, factor: int) -> Window:
    """A window of the same size around the values x and y, ``factor`` times as fine, moved to stay within the plane.

    Raises SweepError for a factor that is not a power of two, for more than float64 can tell apart, and for a place
    outside of the plane.
    """
    level = whole(size).level
    if factor < 1 or factor & (factor - 1):
        raise SweepError(f"--zoom: expected a power of two such as 8 as the factor, got {factor:,}")
    level += factor.bit_length() - 1
    if level > DEEPEST:
        most = 2 ** (DEEPEST - whole(size).level)
        raise SweepError(f"--zoom: expected a factor of at most {most:,} with --size {size}, got {factor:,}")
    corner = []
    for axis, value in zip(plane, (x, y), strict=True):
        if not 0 <= axis.fraction(value) <= 1:
            expected = f"a value of {axis.knob.replace('_', ' ')} from {axis.first!r} to {axis.last!r}"
            raise SweepError(f"--zoom: expected {expected}, got {value!r}")
        pixels = TILE << level
        corner.append(min(max(axis.nearest(value, pixels) - size // 2, 0), pixels - size))
    return Window(level, corner[0], corner[1], size, size)


def deepest(plane: Plane) -> int:
    """The last level at which float64 tells any two neighbouring pixels apart by 8 units in the last place."""
    return next((level for level in range(DEEPEST, 0, -1) if all(_are_apart(axis, level) for axis in plane)), 0)


def _are_apart(axis: Axis, level: int) -> bool:
    """Whether the distance of two pixels is large enough wherever on the axis they are."""
    side = TILE << level
    if axis.kind == "log":  # all neighbours have the same ratio
        before, after = axis.first, axis.at(1, side)
    else:
        before = max(axis.first, axis.last, key=abs)
        after = before - (axis.last - axis.first) / side
    return abs(after - before) >= _CLOSE * 2.0**-52 * max(abs(before), abs(after))


def too_close(plane: Plane, window: Window) -> str | None:
    """A warning about neighbouring pixels that float64 does not tell apart well, or None."""
    pairs = [
        ((after - before) / math.ulp(max(abs(before), abs(after))), axis.knob.replace("_", " "), before, after)
        for axis, values in zip(plane, (window.xs(plane), window.ys(plane)), strict=True)
        for before, after in itertools.pairwise(values)
    ]
    steps, name, before, after = min(pairs)
    if steps >= _CLOSE:
        return None
    how = f"differ by less than {_CLOSE} units in the last place" if steps else "are equal"
    return f"neighbouring pixels {how} in float64: {name} {before!r} and {after!r}; zoom less"
