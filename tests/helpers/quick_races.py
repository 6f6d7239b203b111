"""The symmetric mode of ``experiments.race`` for many simulated races, in compiled loops: the same bits, much faster.

Scores must be finite. ``tests/experiments/test_races_simulated.py`` compares the two.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from experiments.race import FEWEST_FOR_MARGIN, LEVEL, PER_UNIT, SHARES, SIZES, STAKED
from planar_core.elementary import _OVER_ARRAY
from planar_core.simd import LANES

_tanh: Any = _OVER_ARRAY["tanh"]
_LANES = LANES["float64"]
_SIZES, _SHARES = np.array(SIZES), np.array(SHARES)


def ruled_out(x: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """As ``experiments.race.ruled_out``, of scores (replicates, races, configurations): (races, configurations)."""
    whole = np.ascontiguousarray(np.rint(x * PER_UNIT).transpose(1, 0, 2))
    out = np.zeros((whole.shape[0], whole.shape[2]), np.int64)
    _ruled_out(whole, out)
    return out


def passed_after(
    x: npt.NDArray[np.float64], out: npt.NDArray[np.int64], margin: float, threshold: float
) -> npt.NDArray[np.int64]:
    """As ``experiments.race.passed_after``, up to where one of the pair is `out`, of `ruled_out`; 0 after that."""
    whole = np.ascontiguousarray(np.rint(x * PER_UNIT).transpose(1, 0, 2))
    passed = np.zeros((whole.shape[0], whole.shape[2], whole.shape[2]), np.int64)
    _passed_after(whole, out, margin, threshold, passed)
    return passed


def _buffer(n: int) -> Any:
    return np.zeros(-(-n // _LANES) * _LANES)


_buffer = numba.njit(_buffer)


@numba.njit(error_model="numpy")  # type: ignore[untyped-decorator]
def _ruled_out(x: Any, out: Any) -> None:
    races, n, k = x.shape
    parts = len(_SIZES)
    arguments = _buffer(parts * k)
    total, seen, d, capital = np.empty(k), np.empty(k), np.empty(k), np.empty((parts, k))
    for r in range(races):
        total[:] = x[r, 0]
        capital[:] = 1.0
        leader, left = -1, k
        for t in range(1, n):
            before, leader = leader, -1
            for j in range(k):
                if out[r, j] == 0 and (leader < 0 or total[j] > total[leader]):
                    leader = j
            if leader != before:
                seen[:] = 0.0
                for s in range(t):
                    for j in range(k):
                        seen[j] += min(abs((x[r, s, leader] - x[r, s, j]) / PER_UNIT), 1.0)
            m = 0
            for j in range(k):
                d[j] = (x[r, t, leader] - x[r, t, j]) / PER_UNIT
                if out[r, j] == 0 and total[j] < total[leader]:
                    scale = seen[j] / t if seen[j] > 0 else np.inf
                    for i in range(parts):
                        arguments[m] = _SIZES[i] / scale * d[j]
                        m += 1
            _tanh(arguments, arguments)
            m = 0
            for j in range(k):
                if out[r, j] == 0 and total[j] < total[leader]:
                    e = 0.0
                    for i in range(parts):
                        capital[i, j] *= 1.0 + STAKED * arguments[m]
                        e += capital[i, j]
                        m += 1
                    if e / parts >= 1.0 / LEVEL:
                        out[r, j] = t + 1
                        left -= 1
                seen[j] += min(abs(d[j]), 1.0)
            if left == 1:
                break
            for j in range(k):
                total[j] += x[r, t, j]


@numba.njit(error_model="numpy")  # type: ignore[untyped-decorator]
def _passed_after(x: Any, out: Any, margin: float, threshold: float, passed: Any) -> None:
    races, n, k = x.shape
    parts = len(_SHARES)
    one, other, until = np.empty(k * k, np.int64), np.empty(k * k, np.int64), np.empty(k * k, np.int64)
    arguments = _buffer(parts * k * k)
    d, seen, capital = np.empty(k * k), np.empty(k * k), np.empty((k * k, parts))
    for r in range(races):
        m = 0
        for b in range(k):
            for c in range(k):
                one[m], other[m], until[m] = b, c, n
                for j in (b, c):
                    if out[r, j] > 0:
                        until[m] = min(until[m], out[r, j])
                if b != c:
                    m += 1
        seen[:] = 0.0
        capital[:] = 1.0
        for t in range(n):
            for p in range(m):
                d[p] = margin + (x[r, t, one[p]] - x[r, t, other[p]]) / PER_UNIT
            if t >= FEWEST_FOR_MARGIN:
                for p in range(m):
                    square = seen[p] / (t - FEWEST_FOR_MARGIN + 1.0) if seen[p] > 0 else np.inf
                    for i in range(parts):
                        arguments[parts * p + i] = _SHARES[i] * margin / square * d[p]
                _tanh(arguments[: -(-parts * m // _LANES) * _LANES], arguments)
            going_on = 0
            for p in range(m):
                e = 0.0
                for i in range(parts):
                    if t >= FEWEST_FOR_MARGIN:
                        capital[p, i] *= 1.0 + STAKED * arguments[parts * p + i]
                    e += capital[p, i]
                has_passed = t >= FEWEST_FOR_MARGIN and e / parts >= threshold
                if has_passed:
                    passed[r, one[p], other[p]] = t + 1
                elif t + 1 < until[p]:
                    least = min(abs(d[p]), 1.0)
                    q = going_on
                    one[q], other[q], until[q], seen[q] = one[p], other[p], until[p], seen[p] + least * least
                    for i in range(parts):
                        capital[q, i] = capital[p, i]
                    going_on += 1
            m = going_on
            if m == 0:
                break
