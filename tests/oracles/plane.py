"""Values along an axis of a map, in integers of a thousand bits: roots by ``math.isqrt``, no logarithm."""

from __future__ import annotations

import math
from fractions import Fraction

BITS = 1000


def at(kind: str, first: str, last: str, numerator: int, level: int) -> float:
    """The value at numerator / (64 * 2**level) of the way from first to last, which are decimal numbers."""
    low, high = Fraction(first), Fraction(last)
    steps = 6 + level  # the denominator is 2**steps
    if kind == "lin":
        return float(low + (high - low) * Fraction(numerator, 2**steps))
    ratio, value = int(high / low * 2**BITS), low
    for k in range(1, steps + 1):
        ratio = math.isqrt(ratio << BITS)  # (high / low) ** (1 / 2**k)
        if numerator >> (steps - k) & 1:
            value = value * Fraction(ratio, 2**BITS)
    return float(value)
