"""Random streams against RandomState itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from planar_core.streams import Stream, normal_rows

ANY_SEED = pytest.mark.parametrize("seed", [0, 1, 2, 12345, 2**32 - 1])
# How far apart two results may be when each takes -2 log(s) from a logarithm of its own, with an error of an ulp or so
# that becomes half as large in the square root; division, root and product round once each.
NORMAL_ULP = 4


def assert_within_ulp(computed: npt.NDArray[np.float64], expected: npt.NDArray[np.float64], ulp: float) -> None:
    assert computed.shape == expected.shape
    assert (np.abs(computed - expected) <= ulp * np.spacing(np.abs(expected))).all()


@ANY_SEED
def test_uniform_numbers_are_those_of_random_state(seed: int) -> None:
    expected = np.random.RandomState(seed).random_sample(1000)
    stream = Stream(seed)
    computed = np.concatenate([stream.uniform(n) for n in (0, 1, 2, 497, 500)])
    assert computed.dtype == np.float64
    assert computed.tobytes() == expected.tobytes()


@ANY_SEED
def test_normal_numbers_are_those_of_randn(seed: int) -> None:
    assert_within_ulp(Stream(seed).normal(10_001), np.random.RandomState(seed).randn(10_001), NORMAL_ULP)


def test_first_normal_numbers_as_published() -> None:
    # numpy.random.seed(2); numpy.random.randn(4), as printed in many places
    np.testing.assert_allclose(Stream(2).normal(4), [-0.41675785, -0.05626683, -2.1361961, 1.64027081], atol=5e-9)


@pytest.mark.parametrize("counts", [(1, 1, 1, 1), (3, 4, 5), (0, 1, 0, 2), (7, 1, 1, 8, 3), (1, 200, 1)])
def test_normal_numbers_go_on_where_they_stopped(counts: tuple[int, ...]) -> None:
    stream = Stream(3)
    computed = [stream.normal(n) for n in counts]
    assert tuple(len(part) for part in computed) == counts
    assert np.concatenate(computed).tobytes() == Stream(3).normal(sum(counts)).tobytes()


def test_kinds_may_be_mixed_as_with_random_state() -> None:
    stream, random = Stream(4), np.random.RandomState(4)
    for n in (5, 2, 9):  # an odd count leaves half a pair for later, which uniform numbers do not touch
        assert_within_ulp(stream.normal(n), random.randn(n), NORMAL_ULP)
        assert stream.uniform(n).tobytes() == random.random_sample(n).tobytes()
        np.testing.assert_array_equal(stream.permutation(n), random.permutation(n))
        np.testing.assert_array_equal(stream.permutation(n), random.permutation(n))
    assert_within_ulp(stream.normal(6), random.randn(6), NORMAL_ULP)


@pytest.mark.parametrize("n", [0, 1, 2, 101, 5000])
def test_permutation_is_that_of_random_state(n: int) -> None:
    computed = Stream(5).permutation(n)
    np.testing.assert_array_equal(computed, np.random.RandomState(5).permutation(n))
    np.testing.assert_array_equal(np.sort(computed), np.arange(n))


def test_streams_of_other_seeds_differ_and_of_the_same_seed_do_not() -> None:
    assert Stream(6).normal(10).tobytes() == Stream(6).normal(10).tobytes()
    assert Stream(6).normal(10).tobytes() != Stream(7).normal(10).tobytes()


def test_what_a_stream_returned_does_not_change_when_it_goes_on() -> None:
    stream = Stream(8)
    first = stream.normal(3)
    before = first.copy()
    first[:] = 0  # nor does the stream when what it returned is written to
    rest = stream.normal(3)
    assert np.append(before, rest).tobytes() == Stream(8).normal(6).tobytes()


@pytest.mark.parametrize("n", [1, 2, 7])
def test_rows_are_the_starts_of_streams(n: int) -> None:
    seeds = [3, 0, 2**32 - 1, 3, 77]
    rows = normal_rows(seeds, n)
    assert rows.shape == (len(seeds), n)
    for row, seed in zip(rows, seeds, strict=True):
        assert row.tobytes() == Stream(seed).normal(n).tobytes()


def test_there_are_no_rows_without_seeds_or_numbers() -> None:
    assert normal_rows([], 3).shape == (0, 3)
    assert normal_rows([1, 2], 0).shape == (2, 0)


@pytest.mark.parametrize("seed", [-1, 2**32, 2.5, "1", None], ids=repr)
def test_what_is_no_seed_is_refused(seed: Any) -> None:
    message = f"^seed={seed!r}: expected an integer from 0 to 4294967295$"
    with pytest.raises(ValueError, match=message):
        Stream(seed)
    with pytest.raises(ValueError, match=message):
        normal_rows([0, seed], 3)


def test_seeds_may_be_numpy_integers() -> None:
    for seed in (np.int32(5), np.uint8(5), np.int64(5)):
        assert Stream(seed).normal(3).tobytes() == Stream(5).normal(3).tobytes()  # type: ignore[arg-type]
        assert normal_rows([seed], 3).tobytes() == normal_rows([5], 3).tobytes()  # type: ignore[list-item]
