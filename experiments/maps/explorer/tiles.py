"""A tile as bytes, for the page: the values of its axes, and a plane of numbers for each measure.

All numbers are little-endian: the 64 values of x and the 64 of y as float64, so that what is shown and copied is what
was trained, then 64 x 64 float32 for each measure, row by row from the smallest y. That of the paper has the verdict as
its sign: it is negative where training does not converge.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from experiments.maps.measures import PAPER, Measure, values_of
from experiments.maps.pixels import Pixels
from experiments.maps.plane import TILE, Plane, Tile

SAMPLED = 4
"""Of a first look at a tile, every so many columns and rows: a sixteenth of its networks."""
_KEPT_BITS = 12  # of the 23 of a float32's fraction, in a static page: a relative error of at most 1.3e-4


def planes_of(pixels: Pixels, measures: Sequence[Measure]) -> Iterator[NDArray[np.float64]]:
    """The numbers of each measure, (64, 64) each; nan where there is none."""
    for measure in measures:
        values = values_of(pixels, measure)
        yield np.where(pixels.converged, values, -values) if measure.name == PAPER else values


def axes_of(plane: Plane, tile: Tile) -> NDArray[np.float64]:
    """The values of x and y of a tile, as two rows."""
    return np.array([tile.window.xs(plane), tile.window.ys(plane)])


def packed(plane: Plane, tile: Tile, pixels: Pixels, measures: Sequence[Measure]) -> bytes:
    """A tile as bytes."""
    with np.errstate(over="ignore"):
        planes = [values.astype("<f4").tobytes() for values in planes_of(pixels, measures)]
    return b"".join([axes_of(plane, tile).astype("<f8").tobytes(), *planes])


def sample_of(content: bytes) -> bytes:
    """A packed tile in which each pixel of a first look stands for the 4 x 4 pixels that begin with it."""
    axes = np.frombuffer(content, "<f8", 2 * TILE).reshape(2, TILE)[:, ::SAMPLED]
    planes = np.frombuffer(content, "<f4", offset=2 * TILE * 8).reshape(-1, TILE, TILE)[:, ::SAMPLED, ::SAMPLED]
    larger = planes.repeat(SAMPLED, axis=1).repeat(SAMPLED, axis=2)
    return axes.repeat(SAMPLED, axis=1).tobytes() + larger.tobytes()


def compressed(tiles: Iterable[bytes]) -> bytes:
    """Packed tiles, one after the other, as a zlib stream.

    Measures are rounded to 12 bits after the leading one. The first bytes of all words of 32 bits come first, then the
    second ones, the third, the fourth: equal bytes lie together.
    """
    rounded = []
    for tile in tiles:
        axes = 2 * TILE * 8
        words = np.frombuffer(tile, "<u4", offset=axes).astype(np.uint64)
        lost = 23 - _KEPT_BITS
        is_finite = (words >> np.uint64(23)) & np.uint64(255) != 255
        up = ((words + np.uint64(1 << (lost - 1))) >> np.uint64(lost)) << np.uint64(lost)
        kept = np.where(is_finite, up, words).astype("<u4")
        rounded.append(tile[:axes] + kept.tobytes())
    of_words = np.frombuffer(b"".join(rounded), np.uint8).reshape(-1, 4)
    return zlib.compress(np.ascontiguousarray(of_words.T).tobytes(), 9)
