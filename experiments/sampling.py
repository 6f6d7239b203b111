"""A low-discrepancy sequence in exact integers, and the different steps that it gives."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

_BASES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71)  # more than there are axes
_FINEST = 2**32  # distinct coordinates, at least
_IN_VAIN = 1000  # points in a row without a new step: the sequence has given nearly all
Fraction = tuple[int, int]
"""Numerator and denominator of a number from 0 to below 1."""
Step = TypeVar("Step")


class Halton:
    """Halton's sequence in some dimensions, with its digits permuted.

    Coordinate d of point n is the radical inverse of n in the d-th prime b: n = n_0 + n_1 b + ... gives
    p_0(n_0) / b + p_1(n_1) / b^2 + ..., to so many digits that b^digits is at least 2^32. Without the permutations
    p_j of 0..b-1, dimensions of large bases would be correlated. p_j orders the digits by the SHA-256 of the text
    "seed b j digit". The points are exact, so they are the same on every machine.
    """

    def __init__(self, dimensions: int, seed: int) -> None:
        self._axes = [_Axis(base, seed) for base in _BASES[:dimensions]]

    def __getitem__(self, n: int) -> list[Fraction]:
        return [axis[n] for axis in self._axes]


class _Axis:
    def __init__(self, base: int, seed: int) -> None:
        self._base, digits = base, 1
        while base**digits < _FINEST:
            digits += 1
        self._denominator = base**digits
        # The contribution of each digit, the lowest first, and that of zeros from there on.
        self._parts, self._zeros = list[dict[int, int]](), [0]
        for place in range(digits):
            weight = base ** (digits - 1 - place)
            self._parts.append({digit: rank * weight for rank, digit in enumerate(_order(seed, base, place))})
        for parts in reversed(self._parts):
            self._zeros.insert(0, self._zeros[0] + parts[0])

    def __getitem__(self, n: int) -> Fraction:
        numerator, place = 0, 0
        while n:
            n, digit = divmod(n, self._base)
            numerator += self._parts[place][digit]
            place += 1
        return numerator + self._zeros[place], self._denominator


def _order(seed: int, base: int, place: int) -> list[int]:
    """The digits in the order of their hashes."""
    return sorted(range(base), key=lambda digit: hashlib.sha256(f"{seed} {base} {place} {digit}".encode()).digest())


def different_steps(
    n: int, dimensions: int, seed: int, step_at: Callable[[Sequence[Fraction]], Step], rest: Iterable[Step]
) -> list[Step]:
    """The first ``n`` different steps at the points of the sequence; fewer if there are no more.

    When a thousand points in a row have given no new step, nearly all are taken, and those of ``rest`` follow in its
    order. The first n of 2n steps are those of n.
    """
    points, steps = Halton(dimensions, seed), dict[Step, None]()
    place = last = 0
    while len(steps) < n and place - last < _IN_VAIN:
        before = len(steps)
        steps[step_at(points[place])] = None
        place += 1
        last = place if len(steps) > before else last
    following: Iterator[Step] = iter(rest)
    while len(steps) < n and (step := next(following, None)) is not None:
        steps[step] = None
    return list(steps)
