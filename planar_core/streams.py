"""Random streams whose bits never change: the same numbers on every machine, with every version of NumPy.

Uniform numbers are those of ``numpy.random.RandomState``, a generator that NumPy has frozen; they are integers scaled
by a power of two, and so exact. Normal numbers follow the polar method that ``RandomState.randn`` uses, with the
logarithm of ``elementary``: the C library's, which ``randn`` takes, differs in the last bit from CPU to CPU.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planar_core.elementary import evaluate


class Stream:
    """A stream of random numbers that is fixed by ``seed``, an integer from 0 to 2**32 - 1.

    Successive calls go on where the last one stopped, as with ``RandomState``.
    """

    def __init__(self, seed: int) -> None:
        self._state = np.random.RandomState(seed)
        self._left_over = np.empty(0)  # the polar method makes normal numbers in pairs

    def uniform(self, n: int) -> NDArray[np.float64]:
        """``n`` numbers, uniform in [0, 1)."""
        return self._state.random_sample(n)

    def normal(self, n: int) -> NDArray[np.float64]:
        """``n`` standard normal numbers: ``RandomState.randn`` up to the last bit of its logarithm.

        Polar method (Marsaglia and Bray, 1964): for points (u, v) uniform in the unit disc and s = u^2 + v^2,
        u sqrt(-2 log(s) / s) and v sqrt(-2 log(s) / s) are independent standard normal.
        """
        pairs = [np.empty((0, 2))]
        missing = max(0, n - self._left_over.size + 1) // 2
        while missing:
            points = 2.0 * self.uniform(2 * missing).reshape(missing, 2) - 1.0
            square = points[:, 0] * points[:, 0] + points[:, 1] * points[:, 1]
            inside = (square < 1.0) & (square != 0.0)
            square = square[inside]
            scale = np.sqrt(-2.0 * evaluate("log", square) / square)
            pairs.append(points[inside][:, ::-1] * scale[:, np.newaxis])  # randn gives the second one first
            missing -= square.size
        numbers = np.concatenate([self._left_over, np.concatenate(pairs).ravel()])
        self._left_over = numbers[n:]
        return numbers[:n]

    def permutation(self, n: int) -> NDArray[np.int64]:
        """The integers 0 to n - 1 in random order."""
        return self._state.permutation(n)
