"""Numbers as text have the same characters as Python's ``repr``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from planar_core.decimals import lines

Array = npt.NDArray[Any]
_RANDOM = np.random.RandomState(3)


def any_bits(n: int) -> Array:
    return _RANDOM.randint(0, 2**63, n, dtype=np.int64).view(np.float64)


def any_size(n: int) -> Array:
    return np.asarray(_RANDOM.rand(n) * 10.0 ** _RANDOM.randint(-10, 20, n))


def neighbours_of_powers(_: int) -> Array:
    powers = np.concatenate([2.0 ** np.arange(-1074, 1024), 10.0 ** np.arange(-323, 309)])
    return np.concatenate([powers, np.nextafter(powers, 0), np.nextafter(powers, 1e308)])


def special(_: int) -> Array:
    names = ["0.0", "inf", "5e-324", "1.7976931348623157e+308", "2.2250738585072014e-308", "9007199254740993.0"]
    switches = ["1e15", "1e16", "1e17", "123456789012345678.0", "0.0001", "0.00012", "0.00001", "1e22", "1e23", "9.5"]
    return np.array([float(name) for name in (*names, *switches)])


SAMPLES: dict[str, Callable[[int], Array]] = {
    "any bits": any_bits,
    "costs": _RANDOM.rand,
    "any size": any_size,
    "shares": lambda n: np.arange(n) / 400,
    "short": lambda n: np.round(_RANDOM.rand(n) * 100, 3),
    "integers": lambda n: np.arange(n) * 7.0,
    "next to powers": neighbours_of_powers,
    "special": special,
}


def text_of(prefix: bytes, numbers: npt.NDArray[np.int64], values: Array) -> str:
    """The lines of one group; values are (lines, columns)."""
    return bytes(lines([prefix], numbers, values.T[np.newaxis], np.array([len(values)]))).decode()


@pytest.mark.parametrize("sample", SAMPLES)
def test_numbers_as_python_writes_them(sample: str) -> None:
    numbers = SAMPLES[sample](20_000)
    numbers = numbers[~np.isnan(numbers)]
    numbers = np.append(numbers, -numbers)
    written = text_of(b"", np.zeros(len(numbers), np.int64), numbers[:, None]).splitlines()
    assert written == [f"0,{number!r}" for number in numbers.tolist()]


def test_lines_have_a_prefix_a_number_and_empty_cells() -> None:
    values = np.array([[0.5, np.nan], [np.nan, -1e-7], [3.0, 100.0]])
    expected = "a,é,0,0.5,\na,é,98,,-1e-07\na,é,1000000,3.0,100.0\n"
    assert text_of("a,é,".encode(), np.array([0, 98, 10**6]), values) == expected
    assert text_of("a,é,".encode(), np.array([0, 98, 10**6]), np.asfortranarray(values)) == expected
    assert text_of(b"a", np.array([], np.int64), values[:0]) == ""
    assert text_of(b"", np.array([7]), np.empty((1, 0))) == "7\n"


def test_groups_have_their_own_prefix_and_length() -> None:
    values = np.arange(12.0).reshape(3, 2, 2)  # groups, columns, lines
    expected = "a,5,0.0,2.0\na,7,1.0,3.0\nccc,5,8.0,10.0\n"
    computed = bytes(lines([b"a,", b"", b"ccc,"], np.array([5, 7]), values, np.array([2, 0, 1]))).decode()
    assert computed == expected
    assert bytes(lines([], np.array([5, 7]), values[:0], np.array([], np.int64))) == b""
