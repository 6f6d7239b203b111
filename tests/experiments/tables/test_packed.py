"""Columns of numbers in few bytes: every bit comes back."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.tables.packed import Packed

NUMBERS = st.one_of(
    st.sampled_from([0.0, -0.0, np.inf, -np.inf, np.nan, -np.nan, 5e-324]),
    st.floats(width=64),
)
PART = st.one_of(
    st.lists(NUMBERS, max_size=30),
    st.builds(lambda value, n: [value] * n, NUMBERS, st.integers(0, 600)),
    st.integers(0, 700).map(lambda n: [k / 7 for k in range(n)] * 9),
)


def bits(values: npt.NDArray[np.float64]) -> bytes:
    return values.astype("<f8").tobytes()


@given(st.lists(PART, max_size=5))
def test_every_bit_comes_back(parts: list[list[float]]) -> None:
    packed = Packed()
    for part in parts:
        packed.add(np.array(part, np.float64))
    assert [bits(part) for part in packed] == [bits(np.array(part, np.float64)) for part in parts]
    whole = packed.array()
    assert bits(whole) == b"".join(bits(np.array(part, np.float64)) for part in parts)
    whole[:] = 1.0  # a new array each time
    assert bits(packed.array()) == b"".join(bits(np.array(part, np.float64)) for part in parts)


def test_integers() -> None:
    packed = Packed()
    for part in (np.arange(3), np.full(1000, -(2**40)), np.arange(70_000) % 300):
        packed.add(part)
    whole = packed.array()
    assert whole.dtype == np.int64
    assert whole.tolist() == [0, 1, 2, *1000 * [-(2**40)], *(k % 300 for k in range(70_000))]


def test_a_part_is_no_view_of_a_larger_array() -> None:
    values = np.random.default_rng(0).random(10)
    packed, before = Packed(), values.copy()
    packed.add(values[2:5])
    values[:] = 0
    assert packed.array().tolist() == before[2:5].tolist()


@pytest.mark.parametrize(("different", "most"), [(1, 40), (200, 8_000), (3000, 50_000), (4096, 32_768)])
def test_few_different_values_take_few_bytes(different: int, most: int) -> None:
    """Of 4,096 numbers, 32,768 bytes: never more than that, and often a fraction."""
    packed = Packed()
    packed.add(np.arange(4096) % different / 7)
    ((values, numbers),) = packed._parts
    used = values.nbytes + (0 if numbers is None or not any(numbers.strides) else numbers.nbytes)
    assert used <= min(most, 8 * 4096)
