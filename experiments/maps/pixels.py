"""What is known of each pixel: what became of its network. And the bytes in which a tile is stored."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from experiments.maps.plane import TILE

PIXELS = TILE * TILE  # of a tile


class Pixels(NamedTuple):
    """What became of the network of each pixel; arrays of the same shape.

    The fields of ``planar_core.verdicts.Verdicts``, where they are explained, and one more: a metric of the request on
    the test part, which is nan without one, and for a network that is not finite.
    """

    converged: npt.NDArray[np.bool_]
    measure: npt.NDArray[np.float64]
    first: npt.NDArray[np.float64]
    end: npt.NDArray[np.float64]
    steps: npt.NDArray[np.int64]
    reached: npt.NDArray[np.int64]
    cost: npt.NDArray[np.float64]
    score: npt.NDArray[np.float64]
    test_cost: npt.NDArray[np.float64]
    test_score: npt.NDArray[np.float64]
    metric: npt.NDArray[np.float64]

    @staticmethod
    def empty(*shape: int) -> Pixels:
        """Room for so many pixels."""
        return Pixels._make(np.zeros(shape, dtype) for dtype in _DTYPES)

    @staticmethod
    def from_bytes(content: bytes) -> Pixels:
        """The reverse of ``to_bytes``, (64, 64) each. Raises ValueError for bytes of another length."""
        if len(content) != N_BYTES:
            raise ValueError(f"expected {N_BYTES:,} bytes of a tile, got {len(content):,}")
        arrays, start = [], 0
        for stored, dtype in zip(_STORED, _DTYPES, strict=True):
            array = np.frombuffer(content, stored, PIXELS, start).astype(dtype).reshape(TILE, TILE)
            arrays.append(array)
            start += PIXELS * stored.itemsize
        return Pixels._make(arrays)

    def to_bytes(self) -> bytes:
        """The bytes of a tile: one array after the other, little-endian, row by row."""
        return b"".join(
            np.ascontiguousarray(array, stored).tobytes() for array, stored in zip(self, _STORED, strict=True)
        )

    def at(self, rows: slice | npt.NDArray[np.intp], columns: slice | npt.NDArray[np.intp]) -> Pixels:
        """Some of them, from arrays of two dimensions."""
        return Pixels._make(array[rows, columns] for array in self)

    def put(self, rows: slice | npt.NDArray[np.intp], columns: slice | npt.NDArray[np.intp], some: Pixels) -> None:
        """Set some of them."""
        for array, values in zip(self, some, strict=True):
            array[rows, columns] = values

    @property
    def has_both(self) -> bool:
        """Whether some converge and some do not."""
        return bool(self.converged.any() and not self.converged.all())


_KINDS = "?" + 3 * "d" + 2 * "q" + 5 * "d"
_DTYPES = tuple(np.dtype(kind) for kind in _KINDS)
_STORED = tuple(np.dtype({"?": "u1", "d": "<f8", "q": "<i8"}[kind]) for kind in _KINDS)
N_BYTES = PIXELS * sum(dtype.itemsize for dtype in _STORED)
"""The length of a stored tile."""
