"""Shortest decimal text of a float64 that reads back as the same number, with the same characters as ``repr``.

The algorithm is Ryu (Adams, "Ryu: fast float-to-string conversion", PLDI 2018). The interval of all decimals that round
to the float64 is scaled by a power of ten, in one multiplication by a 128-bit factor from a table. Trailing digits are
then removed as long as the bounds of the interval still differ. Only integers are used, so the text is exact. The
kernel is about ten times as fast as ``repr``; most of what a sweep writes are such numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from planar_core.compiling import inlined, kernel

Bytes = NDArray[np.uint8]

LONGEST = 25  # characters of the longest number, -2.2250738585072014e-308, and one more
_BITS = 125  # of each table entry


def _halves(numbers: list[int]) -> NDArray[np.uint64]:
    """The lower and upper 64 bits of each number: (numbers, 2)."""
    return np.array([(number & (2**64 - 1), number >> 64) for number in numbers], np.uint64)


# 5^i, and 2^k / 5^q rounded up, with 125 bits each; these are all the powers that a float64 needs
_POWERS = _halves([(5**i << _BITS) >> (5**i).bit_length() for i in range(326)])
_INVERSES = _halves([(1 << ((5**q).bit_length() - 1 + _BITS)) // 5**q + 1 for q in range(292)])


@intrinsic
def _high_product(typingctx: Any, x: Any, y: Any) -> Any:
    """``_high_product(x, y)``: the upper 64 bits of the product of two uint64."""
    if not (x == y == types.uint64):
        return None

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        wide = [builder.zext(arg, ir.IntType(128)) for arg in args]
        return builder.trunc(builder.lshr(builder.mul(*wide), ir.IntType(128)(64)), ir.IntType(64))

    return types.uint64(x, y), codegen


@inlined
def _scaled(m, low, high, shift):
    """(m * factor) >> shift, where low and high are the halves of the factor and 64 < shift < 128."""
    middle = m * high
    total = middle + _high_product(m, low)
    upper = _high_product(m, high) + np.uint64(total < middle)
    return (upper << np.uint64(128 - shift)) | (total >> np.uint64(shift - 64))


@inlined
def _is_multiple_of_power_of_5(number, power):
    count = 0
    while number % np.uint64(5) == np.uint64(0):
        number //= np.uint64(5)
        count += 1
        if count >= power:
            break
    return count >= power


@inlined
def _shortest(bits, powers, inverses):
    """(digits, exponent) of a positive finite float64: digits * 10^exponent, with as few digits as identify it."""
    fraction, exponent = bits & np.uint64(2**52 - 1), np.int64(bits >> np.uint64(52)) & 0x7FF
    m, e2 = fraction, np.int64(1 - 1077)
    if exponent > 0:
        m, e2 = fraction | np.uint64(2**52), exponent - 1077
    is_even = m & np.uint64(1) == np.uint64(0)  # if so, the bounds of the interval also round to the number
    # the number and the bounds, halfway to its neighbours, are v, v + 2 and v - 1 - further, times 2^e2
    v, further = np.uint64(4) * m, np.uint64(fraction != np.uint64(0) or exponent <= 1)
    low_ends_in_0, ends_in_0 = False, False
    if e2 >= 0:
        q = ((e2 * 78913) >> 18) - (e2 > 3)
        shift = -e2 + q + _BITS + (((q * 1217359) >> 19) + 1) - 1
        factor, power = inverses[q], q
        if q <= 21:
            if v % np.uint64(5) == np.uint64(0):
                ends_in_0 = _is_multiple_of_power_of_5(v, q)
            elif is_even:
                low_ends_in_0 = _is_multiple_of_power_of_5(v - np.uint64(1) - further, q)
    else:
        q = ((-e2 * 732923) >> 20) - (-e2 > 1)
        i = -e2 - q
        shift = q - ((((i * 1217359) >> 19) + 1) - _BITS)
        factor, power = powers[i], q + e2
        if q <= 1:
            ends_in_0 = True
            low_ends_in_0 = is_even and further == np.uint64(1)
        elif q < 63:
            ends_in_0 = v & ((np.uint64(1) << np.uint64(q)) - np.uint64(1)) == np.uint64(0)
    digits = _scaled(v, factor[0], factor[1], shift)
    above = _scaled(v + np.uint64(2), factor[0], factor[1], shift)
    below = _scaled(v - np.uint64(1) - further, factor[0], factor[1], shift)
    if not is_even and (
        (e2 >= 0 and q <= 21 and v % np.uint64(5) != np.uint64(0) and _is_multiple_of_power_of_5(v + np.uint64(2), q))
        or (e2 < 0 and q <= 1)
    ):
        above -= np.uint64(1)  # exclude the bound itself
    ten, last = np.uint64(10), np.uint64(0)
    while above // ten > below // ten:
        low_ends_in_0 = low_ends_in_0 and below % ten == np.uint64(0)
        ends_in_0 = ends_in_0 and last == np.uint64(0)
        last = digits % ten
        digits, above, below, power = digits // ten, above // ten, below // ten, power + 1
    if low_ends_in_0:
        while below % ten == np.uint64(0):
            ends_in_0 = ends_in_0 and last == np.uint64(0)
            last = digits % ten
            digits, above, below, power = digits // ten, above // ten, below // ten, power + 1
    if ends_in_0 and last == np.uint64(5) and digits % np.uint64(2) == np.uint64(0):
        last = np.uint64(4)  # halfway: round to even
    is_low = digits == below and not (is_even and low_ends_in_0)
    return digits + np.uint64(is_low or last >= np.uint64(5)), power


@inlined
def _put_integer(out, at, number):
    """Write the digits of an integer, 0 or more; return the position after them."""
    length, rest = 1, number
    while rest >= 10:
        rest //= 10
        length += 1
    for k in range(length):
        out[at + length - 1 - k] = 48 + number % 10
        number //= 10
    return at + length


@inlined
def _put_digits(out, at, digits, point):
    """Write digits with the decimal point after the first ``point`` of them; add zeros before or after as needed."""
    length, rest = 1, digits
    while rest >= np.uint64(10):
        rest //= np.uint64(10)
        length += 1
    before = max(0, 1 - point)  # leading zeros
    start, end = at, at + max(length + before, point) + 1
    if point >= length:  # an integer: 120.0
        end += 1
    for k in range(start, end):
        out[k] = 48
    dot = start + max(point, 1)
    out[dot] = 46
    k = start + before + length - 1
    if k >= dot or before > 0:
        k += 1
    for _ in range(length):
        if k == dot:
            k -= 1
        out[k] = np.uint8(np.uint64(48) + digits % np.uint64(10))
        digits //= np.uint64(10)
        k -= 1
    return end


@inlined
def _put_number(out, at, number, bits, powers, inverses):
    """Write a float64 as ``repr`` does, or nothing for nan; return the position after it."""
    if np.isnan(number):
        return at
    if bits >> np.uint64(63) == np.uint64(1):
        out[at] = 45
        at += 1
        bits &= np.uint64(2**63 - 1)
    if np.isinf(number):
        out[at], out[at + 1], out[at + 2] = 105, 110, 102
        return at + 3
    if bits == np.uint64(0):
        out[at], out[at + 1], out[at + 2] = 48, 46, 48
        return at + 3
    digits, power = _shortest(bits, powers, inverses)
    while digits % np.uint64(10) == np.uint64(0):
        digits //= np.uint64(10)
        power += 1
    length, rest = 1, digits
    while rest >= np.uint64(10):
        rest //= np.uint64(10)
        length += 1
    point = length + power
    if -4 < point <= 16:
        return _put_digits(out, at, digits, point)
    if length == 1:
        out[at] = np.uint8(np.uint64(48) + digits)
        at += 1
    else:
        at = _put_digits(out, at, digits, 1)
    exponent = point - 1
    out[at], out[at + 1] = 101, 43 if exponent > 0 else 45
    exponent = abs(exponent)
    at += 2
    if exponent < 10:
        out[at] = 48
        at += 1
    return _put_integer(out, at, exponent)


@kernel
def _put_lines(prefixes, ends, numbers, values, lengths, powers, inverses, out):
    at = start = 0
    bits = values.view(np.uint64)
    for group in range(values.shape[0]):
        for line in range(lengths[group]):
            for k in range(start, ends[group]):
                out[at] = prefixes[k]
                at += 1
            at = _put_integer(out, at, numbers[line])
            for column in range(values.shape[1]):
                out[at] = 44
                number = values[group, column, line]
                at = _put_number(out, at + 1, number, bits[group, column, line], powers, inverses)
            out[at] = 10
            at += 1
        start = ends[group]
    return at


def lines(
    prefixes: Sequence[bytes],
    numbers: NDArray[np.int64],
    values: NDArray[np.float64],
    lengths: NDArray[np.int64],
) -> Bytes:
    """Return lines of CSV as bytes, several for each group: its prefix, an integer, and a value from each column.

    ``prefixes`` has one for each group, ``values`` the shape (groups, columns, lines), of which a group uses the first
    ``lengths``, (groups,). The integers ``numbers``, (lines,), are not negative. There is a comma before each value,
    and a nan becomes an empty cell.
    """
    values = np.ascontiguousarray(values, np.float64)
    of_prefixes = np.array([len(prefix) for prefix in prefixes], np.int64)
    longest = of_prefixes + LONGEST * (values.shape[1] + 1)
    out = np.empty(int(longest @ lengths), np.uint8)
    text = np.frombuffer(b"".join(prefixes), np.uint8)
    end = _put_lines(text, np.cumsum(of_prefixes), numbers, values, lengths, _POWERS, _INVERSES, out)
    return out[:end]
