"""Random streams whose bits never change: the same numbers on every machine, with every version of NumPy.

The generator is the Mersenne Twister of ``numpy.random.RandomState`` (Matsumoto and Nishimura, 1998), and so are the
numbers made of it: integers, exact everywhere. Normal numbers follow the polar method that ``RandomState.randn`` uses,
with the logarithm of ``elementary``: the C library's, which ``randn`` takes, differs in the last bit from CPU to CPU.
It is written out here because a sweep draws initial weights for thousands of seeds: to set up a ``RandomState`` and
draw 17 numbers takes 170 us, and here 3.5.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from planar_core.choices import LARGEST_SEED
from planar_core.compiling import inlined, kernel
from planar_core.elementary import log
from planar_core.simd import first_lane, splat, sqrt, zeros

_N, _M = 624, 397
_POSITION = _N  # index of the position within the state; below it are the N words, above it the numbers made of them
_NUMBERS = _N + 1
STREAM_WORDS = _NUMBERS + _N


@inlined
def set_seed(state, seed):
    """Put the stream, an array of STREAM_WORDS words of 32 bits, at its beginning."""
    word = np.uint64(seed)
    state[0] = word
    for i in range(1, _N):
        word = (np.uint64(1812433253) * (word ^ (word >> np.uint64(30))) + np.uint64(i)) & np.uint64(0xFFFFFFFF)
        state[i] = word
    state[_POSITION] = _N


@inlined
def _renewed(state, i, following, other):
    mixed = (state[i] & np.uint32(0x80000000)) | (state[following] & np.uint32(0x7FFFFFFF))
    # 0x9908B0DF where mixed is odd: a branch would be predicted wrongly every other time
    state[i] = (
        state[other] ^ (mixed >> np.uint32(1)) ^ ((np.uint32(0) - (mixed & np.uint32(1))) & np.uint32(0x9908B0DF))
    )


@inlined
def _renew(state):
    for i in range(_N - _M):
        _renewed(state, i, i + 1, i + _M)
    for i in range(_N - _M, _N - 1):
        _renewed(state, i, i + 1, i + _M - _N)
    _renewed(state, _N - 1, 0, _M - 1)
    for i in range(_N):  # all at once, in vectors
        state[_NUMBERS + i] = _tempered(np.uint64(state[i]))


@inlined
def _tempered(word):
    word ^= word >> np.uint64(11)
    word ^= (word << np.uint64(7)) & np.uint64(0x9D2C5680)
    word ^= (word << np.uint64(15)) & np.uint64(0xEFC60000)
    return word ^ (word >> np.uint64(18))


@inlined
def _next_word(state):
    """The next 32 random bits."""
    if state[_POSITION] == _N:
        _renew(state)
        state[_POSITION] = 0
    word = np.uint64(state[_NUMBERS + state[_POSITION]])
    state[_POSITION] += np.uint32(1)
    return word


@inlined
def _next_uniform(state):
    """53 random bits as a number in [0, 1)."""
    high, low = _next_word(state) >> np.uint64(5), _next_word(state) >> np.uint64(6)
    return (np.float64(high) * 67108864.0 + np.float64(low)) / 9007199254740992.0


@inlined
def _fill_normal(state, left_over, out):
    """Fill ``out``; numbers come in pairs, and ``left_over`` holds the second of a pair, or nan."""
    for k in range(out.shape[0]):
        if not np.isnan(left_over[0]):
            out[k] = left_over[0]
            left_over[0] = np.nan
            continue
        u, v, square = 0.0, 0.0, 0.0
        while square >= 1.0 or square == 0.0:
            u, v = 2.0 * _next_uniform(state) - 1.0, 2.0 * _next_uniform(state) - 1.0
            square = u * u + v * v
        s = splat(zeros(out), square)
        scale = first_lane(sqrt(-2.0 * log(s) / s))
        out[k], left_over[0] = v * scale, u * scale


@inlined
def permute(state, out):
    """Put the entries of ``out`` in random order."""
    mask = np.uint64(0xFFFFFFFF)
    position = np.int64(state[_POSITION])  # in a register: ``out`` might be the state, for all the compiler knows
    i = out.shape[0] - 1
    while i > 0:
        while mask >> np.uint64(1) >= np.uint64(i):
            mask >>= np.uint64(1)
        if position == _N:
            _renew(state)
            position = np.int64(0)
        j = np.int64(state[_NUMBERS + position] & mask)
        position += 1
        # A j above i is drawn again. A branch on that would be predicted wrongly every fourth time: instead, i changes
        # places with itself.
        is_taken = j <= i
        j = j if is_taken else i
        out[i], out[j] = out[j], out[i]
        i -= np.int64(is_taken)
    state[_POSITION] = position


@kernel
def _seeded(state, seed):
    set_seed(state, seed)


@kernel
def _uniform(state, out):
    for k in range(out.shape[0]):
        out[k] = _next_uniform(state)


@kernel
def _normal(state, left_over, out):
    _fill_normal(state, left_over, out)


@kernel
def _normal_rows(seeds, state, left_over, out):
    for row in range(seeds.shape[0]):
        left_over[0] = np.nan
        set_seed(state, seeds[row])
        _fill_normal(state, left_over, out[row])


@kernel
def _shuffle(state, out):
    permute(state, out)


def checked_seed(seed: int) -> int:
    """``seed`` as an int. Raises ValueError where it is no integer from 0 to 2**32 - 1."""
    if not isinstance(seed, int | np.integer) or not 0 <= seed <= LARGEST_SEED:
        raise ValueError(f"seed={seed!r}: expected an integer from 0 to {LARGEST_SEED}")
    return int(seed)


def normal_rows(seeds: Sequence[int], n: int) -> NDArray[np.float64]:
    """The first ``n`` normal numbers of the stream of each seed: (seeds, n)."""
    rows = np.empty((len(seeds), n))
    checked = np.array([checked_seed(seed) for seed in seeds], np.uint32)
    _normal_rows(checked, np.empty(STREAM_WORDS, np.uint32), np.empty(1), rows)
    return rows


class Stream:
    """A stream of random numbers that is fixed by ``seed``, an integer from 0 to 2**32 - 1.

    Successive calls go on where the last one stopped, as with ``RandomState``. Raises ValueError for another seed.
    """

    def __init__(self, seed: int) -> None:
        self._state = np.empty(STREAM_WORDS, np.uint32)
        self._left_over = np.full(1, np.nan)
        _seeded(self._state, np.uint32(checked_seed(seed)))

    def uniform(self, n: int) -> NDArray[np.float64]:
        """``n`` numbers, uniform in [0, 1): those of ``RandomState.random_sample``."""
        numbers = np.empty(n)
        _uniform(self._state, numbers)
        return numbers

    def normal(self, n: int) -> NDArray[np.float64]:
        """``n`` standard normal numbers: ``RandomState.randn`` up to the last bit of its logarithm.

        Polar method (Marsaglia and Bray, 1964): for points (u, v) uniform in the unit disc and s = u^2 + v^2,
        u sqrt(-2 log(s) / s) and v sqrt(-2 log(s) / s) are independent standard normal.
        """
        numbers = np.empty(n)
        _normal(self._state, self._left_over, numbers)
        return numbers

    def permutation(self, n: int) -> NDArray[np.int64]:
        """The integers 0 to n - 1 in random order: ``RandomState.permutation``, for n up to 2**32."""
        numbers = np.arange(n)
        _shuffle(self._state, numbers)
        return numbers
