"""A long column of numbers in little memory, for what is collected of millions of runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class Packed:
    """A column of numbers of 8 bytes that arrives in parts, in order.

    A part of few different values is kept as these values and the small number of each, or none if all are the same.
    Every bit comes back, also those of -0 and of a nan.
    """

    def __init__(self) -> None:
        # Of each part the different values and the number of each; or all values, and None.
        self._parts: list[tuple[Array, Array | None]] = []

    def add(self, values: Array) -> None:
        """Add the next numbers, float64 or int64: all parts are of one type."""
        different, numbers = np.unique(np.ascontiguousarray(values).view(np.int64), return_inverse=True)
        small = numbers.astype(np.min_scalar_type(max(0, len(different) - 1)))
        if len(different) == 1:
            small = np.broadcast_to(small[0], small.shape)  # which takes no memory
        if different.nbytes + small.nbytes < values.nbytes:
            self._parts.append((different.view(values.dtype), small))
        else:
            self._parts.append((values.copy(), None))

    def __iter__(self) -> Iterator[Array]:
        """The parts, as they were added."""
        return (values if numbers is None else values[numbers] for values, numbers in self._parts)

    def array(self) -> Array:
        """All numbers, as a new array."""
        whole = np.empty(
            sum(len(values if numbers is None else numbers) for values, numbers in self._parts),
            self._parts[0][0].dtype if self._parts else np.float64,
        )
        start = 0
        for part in self:
            whole[start : start + len(part)] = part
            start += len(part)
        return whole
