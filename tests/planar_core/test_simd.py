"""Each operation of the vector type against NumPy, or against exact arithmetic where rounding is the point."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import pytest

from planar_core import simd
from planar_core.simd import (
    AT_ONCE,
    LANES,
    absolute,
    copysign,
    fma,
    horizontal_sum,
    lanes_of,
    load,
    load_as,
    numbers,
    polynomial,
    repeated,
    rows,
    select,
    shift_to_exponent,
    splat,
    split_exponent,
    sqrt,
    store,
    zeros,
    zeros_at_once,
)

Array = npt.NDArray[Any]

DTYPES = ("float64", "float32")
MANTISSA_BITS = {"float64": 52, "float32": 23}
BIAS = {"float64": 1023, "float32": 127}


def jit(function: Callable[..., Any]) -> Any:
    return numba.njit(error_model="numpy")(function)


def special(dtype: str) -> list[float]:
    info = np.finfo(dtype)
    tiny, smallest = float(info.tiny), float(info.smallest_subnormal)
    largest, step = float(info.max), float(info.eps)
    positive = [0.0, smallest, 3 * smallest, tiny, 0.5, 1.0, 1 + step, 1.5, 3.0, 1e10, largest, math.inf, math.nan]
    return positive + [-x for x in positive]


@pytest.fixture(params=DTYPES)
def dtype(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def pairs(dtype: str) -> tuple[Array, Array]:
    """Every pair of special numbers, then random ones of every magnitude; as many as make whole vectors."""
    values = special(dtype)
    random = np.random.RandomState(7)
    largest = {"float64": 300, "float32": 37}[dtype]
    x, y = ((random.randn(2000) * 10.0 ** random.uniform(-largest, largest, 2000)) for _ in range(2))
    every = np.array([(a, b) for a in values for b in values])
    x, y = np.append(every[:, 0], x), np.append(every[:, 1], y)
    whole = len(x) // LANES[dtype] * LANES[dtype]
    return x[:whole].astype(dtype), y[:whole].astype(dtype)


def assert_same_bits(computed: Array, expected: Array) -> None:
    """Equal bit for bit, the sign of zero included; any nan equals any other."""
    assert computed.dtype == expected.dtype
    assert computed.shape == expected.shape
    is_nan = np.isnan(expected)
    np.testing.assert_array_equal(np.isnan(computed), is_nan)
    bits = f"u{expected.itemsize}"
    wrong = np.flatnonzero(((computed.view(bits) != expected.view(bits)) & ~is_nan).ravel())
    assert not wrong.size, f"{computed.ravel()[wrong[:5]]} instead of {expected.ravel()[wrong[:5]]}"


# --- one operation on two vectors -------------------------------------------------------------------------

# name -> row of the result; the mask of a comparison is stored as 1 and 0
BINARY: dict[str, Callable[[Array, Array], Array]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    "neg": lambda x, y: -x,
    "absolute": lambda x, y: np.abs(x),
    "sqrt": lambda x, y: np.sqrt(x),
    "copysign": np.copysign,
    "select": lambda x, y: np.where(x > y, x, y),
}


@jit
def apply_binary(x: Any, y: Any, out: Any) -> None:
    for block in range(x.shape[0] // lanes_of(x)):
        a, b = load(x, 0, block), load(y, 0, block)
        one, zero = splat(a, 1), zeros(x)
        store(out, 0, block, a + b)
        store(out, 1, block, a - b)
        store(out, 2, block, a * b)
        store(out, 3, block, a / b)
        store(out, 4, block, select(a > b, one, zero))
        store(out, 5, block, select(a >= b, one, zero))
        store(out, 6, block, select(a < b, one, zero))
        store(out, 7, block, select(a <= b, one, zero))
        store(out, 8, block, select(a == b, one, zero))
        store(out, 9, block, select(a != b, one, zero))
        store(out, 10, block, -a)
        store(out, 11, block, absolute(a))
        store(out, 12, block, sqrt(a))
        store(out, 13, block, copysign(a, b))
        store(out, 14, block, select(a > b, a, b))


@pytest.mark.parametrize("name", BINARY)
def test_operation_equals_numpy(name: str, dtype: str, pairs: tuple[Array, Array]) -> None:
    x, y = pairs
    with np.errstate(all="ignore"):
        expected = BINARY[name](x, y).astype(dtype)
    computed = np.empty((len(BINARY), x.size), dtype)
    apply_binary(x, y, computed)
    assert_same_bits(computed[list(BINARY).index(name)], expected)


# --- a number beside a vector -----------------------------------------------------------------------------


@jit
def apply_mixed(x: Any, number: Any, out: Any) -> None:
    for block in range(x.shape[0] // lanes_of(x)):
        a = load(x, 0, block)
        store(out, 0, block, a + number)
        store(out, 1, block, number + a)
        store(out, 2, block, a - number)
        store(out, 3, block, number - a)
        store(out, 4, block, a * number)
        store(out, 5, block, number * a)
        store(out, 6, block, a / number)
        store(out, 7, block, number / a)
        store(out, 8, block, select(a > number, a, number))
        store(out, 9, block, select(number > a, number, a))
        store(out, 10, block, copysign(a, number))
        store(out, 11, block, copysign(number, a))
        store(out, 12, block, splat(a, number))
        store(out, 13, block, fma(a, number, 1))
        store(out, 14, block, fma(number, 2.0, a))


# 0.1 in float64 is rounded to the dtype of the vector before it is used, as NumPy does with a Python number
@pytest.mark.parametrize("number", [0.1, -3], ids=["float", "int"])
def test_number_beside_a_vector_is_a_vector_of_that_number(number: float, dtype: str) -> None:
    x = np.linspace(-4, 4, 6 * LANES[dtype], dtype=dtype)
    n = np.full_like(x, number)
    computed = np.empty((15, x.size), dtype)
    apply_mixed(x, number, computed)
    once_rounded = [(x.astype("g") * n + 1).astype(dtype), (n.astype("g") * 2 + x).astype(dtype)]
    expected = [
        *(x + n, n + x, x - n, n - x, x * n, n * x, x / n, n / x),
        *(np.maximum(x, n), np.maximum(x, n), np.copysign(x, n), np.copysign(n, x), n),
    ]
    assert_same_bits(computed[:13], np.array(expected))
    np.testing.assert_allclose(computed[13:], once_rounded, rtol=1e-15 if dtype == "float64" else 1e-7)


def test_vectors_of_different_dtypes_are_refused() -> None:
    @jit
    def mix(x: Any, y: Any) -> None:
        store(x, 0, 0, load(x, 0, 0) + load(y, 0, 0))

    with pytest.raises(numba.TypingError):
        mix(np.zeros(16, "float64"), np.zeros(16, "float32"))


# --- fma ------------------------------------------------------------------------------------------------


def nearest(exact: Fraction, dtype: str) -> Any:
    """The number of ``dtype`` that is nearest to ``exact``, ties to even: what IEEE 754 asks of every operation."""
    scalar = np.dtype(dtype).type
    near = scalar(float(exact))
    with np.errstate(over="ignore"):
        candidates = [np.nextafter(near, scalar(-np.inf)), near, np.nextafter(near, scalar(np.inf))]
    bits = f"u{near.nbytes}"
    return min(
        (c for c in candidates if np.isfinite(c)),
        key=lambda c: (abs(Fraction(float(c)) - exact), int(c.view(bits)) & 1),
    )


@jit
def apply_fma(x: Any, y: Any, z: Any, out: Any) -> None:
    for block in range(x.shape[0] // lanes_of(x)):
        store(out, 0, block, fma(load(x, 0, block), load(y, 0, block), load(z, 0, block)))


def computed_fma(x: Array, y: Array, z: Array) -> Array:
    out = np.empty_like(x)
    apply_fma(x, y, z, out)
    return out


def test_fma_is_rounded_once(dtype: str) -> None:
    random = np.random.RandomState(3)
    n = 100 * LANES[dtype]
    x, y = random.randn(2, n).astype(dtype)
    z = (-x * y).astype(dtype)  # all that is left is the rounding error of the product
    z[::2] = random.randn(n // 2) * 10.0 ** random.randint(-9, 9, n // 2)
    expected = np.array(
        [
            nearest(Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c)), dtype)
            for a, b, c in zip(x, y, z, strict=True)
        ]
    )
    assert_same_bits(computed_fma(x, y, z), expected)
    assert np.count_nonzero(x * y + z != expected) > n // 3  # two roundings would have been seen


def test_fma_into_the_subnormal_numbers_is_rounded_once(dtype: str) -> None:
    random = np.random.RandomState(4)
    n = 20 * LANES[dtype]
    half = {"float64": 2.0**-520, "float32": 2.0**-70}[dtype]
    smallest = Fraction(float(np.finfo(dtype).smallest_subnormal))
    x, y = (random.uniform(-1, 1, n) * half).astype(dtype), (random.uniform(-1, 1, n) * half).astype(dtype)
    z = (random.randint(-99, 99, n) * float(smallest)).astype(dtype)
    expected = np.array(
        [
            nearest(Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c)), dtype)
            for a, b, c in zip(x, y, z, strict=True)
        ]
    )
    assert_same_bits(computed_fma(x, y, z), expected)


def test_fma_of_special_numbers(dtype: str) -> None:
    inf, nan, big = math.inf, math.nan, float(np.finfo(dtype).max)
    cases = [
        # x, y, z, x * y + z
        (1.0, 1.0, -1.0, 0.0),
        (-1.0, 1.0, 1.0, 0.0),
        (-1.0, 0.0, -0.0, -0.0),
        (-1.0, 0.0, 0.0, 0.0),
        (big, 2.0, -big, big),  # the product alone would overflow
        (big, 2.0, big, inf),
        (inf, 0.0, 1.0, nan),
        (inf, 1.0, -inf, nan),
        (inf, -1.0, 1.0, -inf),
        (nan, 0.0, 0.0, nan),
        (0.0, nan, 0.0, nan),
        (0.0, 0.0, nan, nan),
        (2.0, 3.0, -inf, -inf),
        (0.1, 10.0, 1.0, 2.0),
        (1.0, -0.0, -0.0, -0.0),
        (-0.0, -0.0, -0.0, 0.0),
    ]
    x, y, z, expected = np.array(cases, dtype).T.copy()
    assert_same_bits(computed_fma(x, y, z), expected)


# --- whole functions --------------------------------------------------------------------------------------


@jit
def spread(x: Any, out: Any) -> None:
    """A little of everything that works lane by lane."""
    for block in range(x.shape[0] // lanes_of(x)):
        a = load(x, 0, block)
        b = fma(a, a, 0.3) / (a - 0.7)
        store(out, 0, block, select(b > a, sqrt(absolute(b)) * 1.7 + a, copysign(b, -a)))


def test_result_of_a_lane_does_not_depend_on_the_other_lanes(dtype: str) -> None:
    lanes = LANES[dtype]
    random = np.random.RandomState(5)
    values = np.append(random.randn(40), special(dtype)).astype(dtype)
    for value in values:
        alone, among = np.full(lanes, value), random.choice(values, (lanes, lanes))
        np.fill_diagonal(among, value)
        expected, computed = np.empty_like(alone), np.empty(lanes * lanes, dtype)
        spread(alone, expected)
        spread(among.ravel(), computed)
        assert_same_bits(np.diagonal(computed.reshape(lanes, lanes)).copy(), expected)


def test_lanes_and_zeros(dtype: str) -> None:
    @jit
    def ask(x: Any, out: Any) -> int:
        store(out, 0, 0, zeros(x))
        return int(lanes_of(x))

    out = np.ones(LANES[dtype], dtype)
    assert ask(out, out) == LANES[dtype]
    assert_same_bits(out, np.zeros_like(out))


@jit
def copy_block(x: Any, out: Any, row: Any, block: Any, out_row: Any, out_block: Any) -> None:
    store(out, out_row, out_block, load(x, row, block))


def test_load_and_store_address_rows_and_blocks(dtype: str) -> None:
    lanes = LANES[dtype]
    x = np.arange(3 * 4 * lanes, dtype=dtype).reshape(3, 4 * lanes)
    for row in range(3):
        for block in range(4):
            out = np.full((2, 5 * lanes), -1, dtype)
            expected = out.copy()
            expected[1, 2 * lanes : 3 * lanes] = x[row, block * lanes : (block + 1) * lanes]
            copy_block(x, out, row, block, 1, 2)
            assert_same_bits(out, expected)


def test_load_and_store_at_any_alignment(dtype: str) -> None:
    lanes = LANES[dtype]
    x = np.arange(4 * lanes, dtype=dtype)
    for start in range(lanes + 1):
        for out_start in (0, 1, lanes - 1):
            out = np.full(4 * lanes, -1, dtype)
            expected = out.copy()
            expected[out_start + lanes : out_start + 2 * lanes] = x[start + lanes : start + 2 * lanes]
            copy_block(x[start:], out[out_start:], 0, 1, 0, 1)
            assert_same_bits(out, expected)


def test_load_of_a_strided_array_is_refused(dtype: str) -> None:
    with pytest.raises(numba.TypingError):
        copy_block(np.zeros(64, dtype)[::2], np.zeros(64, dtype), 0, 0, 0, 0)


@jit
def copy_by_rows(x: Any, out: Any, row: Any, block: Any, more_rows: Any, more_blocks: Any, again: Any) -> None:
    part = rows(rows(x, row, block), more_rows, more_blocks)
    store(rows(out, 0, 0), 0, 0, load(repeated(part) if again else part, 1, 1))


def test_rows_of_an_array_and_of_rows(dtype: str) -> None:
    lanes = LANES[dtype]
    x = np.arange(5 * 6 * lanes, dtype=dtype).reshape(5, 6 * lanes)
    out = np.zeros(lanes, dtype)
    for row, block, more_rows, more_blocks, again in ((1, 2, 2, 1, 0), (0, 0, 3, 4, 0), (1, 2, 2, 1, 1)):
        copy_by_rows(x, out, row, block, more_rows, more_blocks, bool(again))
        first = (block + more_blocks + 1) * lanes
        assert_same_bits(out, x[row + more_rows + 1 - again, first : first + lanes])
    copy_by_rows(x[0], out, 0, 1, 0, 2, True)
    assert_same_bits(out, x[0, 4 * lanes : 5 * lanes])


def test_numbers_from_one_on(dtype: str) -> None:
    @jit
    def ask(x: Any, index: Any, i: Any) -> Any:
        return numbers(numbers(x, index), 1)[i]

    x = np.arange(20, dtype=dtype)
    assert [float(ask(x, index, i)) for index, i in ((0, 0), (3, 4), (7, -1))] == [1, 8, 7]


def test_blocks_side_by_side_are_computed_as_one_by_one(dtype: str) -> None:
    @jit
    def halve(x: Any, out: Any, first: Any) -> None:
        both = load_as(zeros_at_once(x), x, 0, first)
        store(out, 0, first, select(both > 3.0, both, both * 0.5))

    lanes = LANES[dtype]
    x = np.arange(6 * lanes, dtype=dtype) % 7
    out = np.full_like(x, -1)
    halve(x, out, 2)
    expected, part = np.full_like(x, -1), slice(2 * lanes, (2 + AT_ONCE) * lanes)
    expected[part] = np.where(x[part] > 3, x[part], x[part] / 2)
    assert_same_bits(out, expected)


@jit
def add_lanes(x: Any, out: Any) -> None:
    for block in range(x.shape[0] // lanes_of(x)):
        out[block] = horizontal_sum(load(x, 0, block))


def tree_sum(values: Array) -> Any:
    while values.size > 1:
        half = values.size // 2
        values = values[:half] + values[half:]
    return values[0]


def test_horizontal_sum_adds_halves(dtype: str) -> None:
    lanes = LANES[dtype]
    random = np.random.RandomState(6)
    x = (random.randn(300, lanes) * 10.0 ** random.randint(-3, 8, (300, lanes))).astype(dtype)
    computed = np.empty(300, dtype)
    add_lanes(x.ravel(), computed)
    expected = np.array([tree_sum(row) for row in x])
    assert_same_bits(computed, expected)
    in_turn = np.cumsum(x, axis=1, dtype=dtype)[:, -1]
    assert np.count_nonzero(in_turn != expected) > 30  # another order would have been seen


@jit
def power_of_two(x: Any, out: Any) -> None:
    for block in range(x.shape[0] // lanes_of(x)):
        store(out, 0, block, shift_to_exponent(load(x, 0, block)))


def test_shift_to_exponent_makes_every_power_of_two(dtype: str) -> None:
    bits, bias = MANTISSA_BITS[dtype], BIAS[dtype]
    k = np.arange(1 - bias, bias + 1)
    k = np.resize(k, -(-k.size // LANES[dtype]) * LANES[dtype])
    x = (k + 1.5 * 2.0**bits + bias).astype(dtype)
    computed = np.empty_like(x)
    power_of_two(x, computed)
    assert_same_bits(computed, np.ldexp(np.ones_like(x), k))


@jit
def split(x: Any, offset: Any, mantissa: Any, exponent: Any) -> None:
    for block in range(x.shape[0] // lanes_of(x)):
        a = load(x, 0, block)
        m, e = split_exponent(a, splat(a, offset))
        store(mantissa, 0, block, m)
        store(exponent, 0, block, e)


@pytest.mark.parametrize("offset", [math.sqrt(0.5), 1.0, 0.75])
def test_split_exponent(offset: float, dtype: str) -> None:
    info = np.finfo(dtype)
    offset = float(np.dtype(dtype).type(offset))
    random = np.random.RandomState(8)
    most = {"float64": 307, "float32": 37}[dtype]
    edges = [info.tiny, info.max, 1.0, offset, np.nextafter(offset, 0, dtype=dtype), 2 * offset, 4 * offset]
    edges.append(np.nextafter(2 * offset, 0, dtype=dtype))
    x = np.append(edges, 10.0 ** random.uniform(-most, most, 64 * LANES[dtype] - len(edges))).astype(dtype)
    mantissa, exponent = np.empty_like(x), np.empty_like(x)
    split(x, offset, mantissa, exponent)
    assert ((mantissa >= offset) & (mantissa < 2 * offset)).all()
    np.testing.assert_array_equal(exponent, np.rint(exponent))
    assert_same_bits(np.ldexp(mantissa, exponent.astype(int)), x)


@pytest.mark.parametrize("highest", [1 / 7, 1.0])
def test_polynomial_is_horner_with_fma(highest: float, dtype: str) -> None:
    coefficients = {"float64": [1.0, -0.1, 0.3, highest], "float32": [0.5, 1.25, highest]}
    p = polynomial(**coefficients)

    @jit
    def apply(x: Any, out: Any) -> None:
        for block in range(x.shape[0] // lanes_of(x)):
            store(out, 0, block, p(load(x, 0, block)))

    x = np.random.RandomState(9).uniform(-2, 2, 20 * LANES[dtype]).astype(dtype)
    computed = np.empty_like(x)
    apply(x, computed)
    c = np.array(coefficients[dtype], dtype)
    expected = np.full_like(x, c[-1])
    for coefficient in c[-2::-1]:
        expected = computed_fma(expected, x, np.full_like(x, coefficient))
    assert_same_bits(computed, expected)


def test_constant_belongs_to_the_dtype(dtype: str) -> None:
    number = simd.constant(float64=0.1, float32=0.25)

    @jit
    def apply(out: Any) -> None:
        store(out, 0, 0, number(load(out, 0, 0)))

    out = np.zeros(LANES[dtype], dtype)
    apply(out)
    assert_same_bits(out, np.full(LANES[dtype], {"float64": 0.1, "float32": 0.25}[dtype], dtype))
