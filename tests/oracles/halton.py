"""A Halton sequence with permuted digits, and the points of ranges, in fractions and with mpmath: slow and obvious."""

from __future__ import annotations

import hashlib
from fractions import Fraction

import mpmath

PRIMES = (2, 3, 5, 7, 11, 13)


def permuted(digit: int, place: int, base: int, seed: int) -> int:
    """The rank of a digit among all digits of its place, by the hash of their names."""

    def name(other: int) -> str:
        return hashlib.sha256(f"{seed} {base} {place} {other}".encode()).hexdigest()

    return sum(name(other) < name(digit) for other in range(base))


def coordinate(n: int, dimension: int, seed: int) -> Fraction:
    """0.d0 d1 d2 ... in the base of the dimension, where d0 is the last digit of n; at least 2^32 different ones."""
    base = PRIMES[dimension]
    value, place = Fraction(0), 0
    while base**place < 2**32:
        value += Fraction(permuted(n // base**place % base, place, base, seed), base ** (place + 1))
        place += 1
    return value


def log_point(first: str, last: str, share: Fraction) -> str:
    """The point at a share of the way on a logarithmic scale, with five digits."""
    with mpmath.workdps(60):
        low, high = mpmath.log(mpmath.mpf(first)), mpmath.log(mpmath.mpf(last))
        point = mpmath.exp(low + mpmath.mpf(share.numerator) / share.denominator * (high - low))
        return str(mpmath.nstr(point, 5))


def log_integer(first: int, last: int, share: Fraction) -> int:
    """The same for integers: half of a unit is added at both ends, and the point is rounded."""
    with mpmath.workdps(60):
        low, high = mpmath.log(mpmath.mpf(first) - 0.5), mpmath.log(mpmath.mpf(last) + 0.5)
        return int(mpmath.nint(mpmath.exp(low + mpmath.mpf(share.numerator) / share.denominator * (high - low))))
