"""Shapes, initial parameters, and the arrays that the kernels work on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from planar_core import initialize, layer_shapes, network
from planar_core.choices import hidden_layers
from planar_core.simd import LANES
from tests.oracles import reference

ANY_DTYPE = pytest.mark.parametrize("dtype", [np.dtype("float64"), np.dtype("float32")], ids=str)
ANY_NETWORK = pytest.mark.parametrize("features", [1, 2, 5])
ANY_HIDDEN = pytest.mark.parametrize("hidden", [(), (1,), (4,), (5,), (8, 8), (4, 4, 2), (3, 1, 7)], ids=str)

# --- hidden layers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hidden", "layers"),
    [
        (4, (4,)),
        ("4", (4,)),
        (" 4 ", (4,)),
        (np.int64(4), (4,)),
        ([4], (4,)),
        ((8, 8), (8, 8)),
        ("8x8", (8, 8)),
        ("4x4x2", (4, 4, 2)),
        ([np.int32(3), 2], (3, 2)),
        (0, ()),
        ("0", ()),
        ((), ()),
        ([0], ()),
    ],
)
def test_hidden_layers(hidden: int | str | Sequence[int], layers: tuple[int, ...]) -> None:
    computed = hidden_layers(hidden)
    assert computed == layers
    assert all(type(units) is int for units in computed)


@pytest.mark.parametrize(
    "hidden",
    [
        -1,
        2.5,
        True,
        None,
        "",
        "x",
        "8x",
        "x8",
        "8x0",
        "0x8",
        "-4",
        "4.0",
        "4 x 4",
        "8X8",
        "four",
        "٤",
        (8, 0),
        (4, 2.0),
        [None],
    ],
)
def test_hidden_that_means_nothing_is_refused(hidden: Any) -> None:
    message = (
        f"hidden={hidden!r}: expected a number of hidden units such as 4, several layers such as 8x8,"
        " or 0 for no hidden layer"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        hidden_layers(hidden)


@ANY_NETWORK
@ANY_HIDDEN
def test_layer_shapes(features: int, hidden: tuple[int, ...]) -> None:
    assert layer_shapes(features, hidden) == reference.shapes(features, hidden)


def test_layer_shapes_of_the_published_network() -> None:
    assert layer_shapes(2, 4) == [((4, 2), (4, 1)), ((1, 4), (1, 1))]
    assert layer_shapes(3, "0") == [((1, 3), (1, 1))]


# --- initial parameters -------------------------------------------------------------------------------------


@ANY_NETWORK
@ANY_HIDDEN
def test_initial_parameters(features: int, hidden: tuple[int, ...]) -> None:
    expected = reference.initial(features, hidden, seed=2)
    computed = initialize(features, hidden, seed=2)
    assert len(computed) == len(expected)
    for (W, b), (W_expected, b_expected) in zip(computed, expected, strict=True):
        np.testing.assert_allclose(W, W_expected, rtol=1e-15)  # the last bits are those of the logarithm
        np.testing.assert_array_equal(b, b_expected)
        assert W.shape == W_expected.shape
        assert b.shape == b_expected.shape
        assert W.dtype == b.dtype == np.float64


def test_initial_parameters_depend_on_the_seed_alone() -> None:
    first, again, other = initialize(2, 4, seed=2), initialize(2, "4", seed=2), initialize(2, 4, seed=3)
    assert first[0][0].tobytes() == again[0][0].tobytes()
    assert first[0][0].tobytes() != other[0][0].tobytes()


@pytest.mark.parametrize("seed", [-1, 2**32, 2.5])
def test_what_is_no_seed_is_refused(seed: Any) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(f'seed={seed!r}: expected an integer from 0 to 4294967295')}$"):
        initialize(2, 4, seed)


@ANY_DTYPE
def test_initial_parameters_of_many_seeds_are_those_of_each(dtype: np.dtype[Any]) -> None:
    layout = network.layout(3, "5x2")
    packed = network.initial_parameters(3, "5x2", [4, 0, 4], [[0.01] * 3] * 3, dtype)
    for row, seed in zip(packed, [4, 0, 4], strict=True):
        assert row.dtype == dtype
        assert row.tobytes() == network.pack(initialize(3, "5x2", seed), layout, dtype).tobytes()


# --- the arrays of the kernels ------------------------------------------------------------------------------


@ANY_DTYPE
@ANY_NETWORK
@ANY_HIDDEN
def test_unpack_reverses_pack(features: int, hidden: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    random = np.random.RandomState(1)
    parameters = [
        (random.randn(*W).astype(dtype), random.randn(*b).astype(dtype)) for W, b in layer_shapes(features, hidden)
    ]
    layout = network.layout(features, hidden)
    flat = network.pack(parameters, layout, dtype)
    assert flat.dtype == dtype
    assert flat.shape == (network.n_parameters(layout),)
    assert np.count_nonzero(flat) == sum(W.size + b.size for W, b in parameters)  # padding is zero
    unpacked = network.unpack(flat, features, hidden)
    without_padding = network.flatten(np.stack([flat, 0 * flat]), features, layout)
    assert without_padding.shape == (2, sum(W.size + b.size for W, b in parameters))
    flat[:] = 0
    for (W, b), (W_expected, b_expected) in zip(unpacked, parameters, strict=True):
        np.testing.assert_array_equal(W, W_expected)
        np.testing.assert_array_equal(b, b_expected)


def test_parameters_of_another_network_are_refused() -> None:
    for n in (16, 18):
        with pytest.raises(ValueError, match=f"expected 17 parameters, got {n}"):
            network.shaped(np.zeros(n), 2, 4)


@ANY_DTYPE
@pytest.mark.parametrize("features", [1, 2, 3])
@pytest.mark.parametrize("count", [0, 1, 7, 8, 16, 17, 100])
def test_examples_are_padded_to_whole_vectors_of_weight_zero(features: int, count: int, dtype: np.dtype[Any]) -> None:
    random = np.random.RandomState(2)
    X, Y = random.randn(features, count), random.randint(0, 2, (1, count))
    examples = network.examples(X, Y, dtype)
    assert examples.m == count
    for array in (examples.X, examples.Y, examples.weight):
        assert array.dtype == dtype
        assert array.shape[-1] % LANES[dtype.name] == 0
        assert count <= array.shape[-1] < count + LANES[dtype.name]
        assert array.flags.c_contiguous
        assert not array[..., count:].any()
    np.testing.assert_array_equal(examples.X[:features, :count], X.astype(dtype))
    assert not examples.X[features:].any()
    np.testing.assert_array_equal(examples.Y[:count], Y[0])
    np.testing.assert_array_equal(examples.weight[:count], 1)


def test_examples_take_lists_integers_booleans_and_any_layout() -> None:
    X, Y = np.arange(12.0).reshape(2, 6) % 5, np.array([0, 1, 1, 0, 0, 1])
    dtype = np.dtype("float64")
    expected = network.examples(X, Y, dtype)
    for X_same, Y_same in (
        (X.tolist(), Y.tolist()),
        (X.astype(int), Y[np.newaxis]),
        (np.asfortranarray(X), Y.astype(bool)),
        (np.repeat(X, 2, axis=1)[:, ::2], Y.astype("float32")),
    ):
        computed = network.examples(X_same, Y_same, dtype)
        for array, array_expected in zip(computed, expected, strict=True):
            np.testing.assert_array_equal(array, array_expected)


@pytest.mark.parametrize(
    ("X", "Y", "message"),
    [
        (np.zeros(3), np.zeros(3), "X: expected shape (features, examples), got (3,)"),
        (np.zeros((2, 3, 1)), np.zeros(3), "X: expected shape (features, examples), got (2, 3, 1)"),
        (np.zeros((0, 3)), np.zeros(3), "X: expected shape (features, examples), got (0, 3)"),
        (np.zeros((2, 3)), np.zeros(2), "Y: expected shape (1, 3) or (3,) to go with X (2, 3), got (2,)"),
        (np.zeros((2, 3)), np.zeros((3, 1)), "Y: expected shape (1, 3) or (3,) to go with X (2, 3), got (3, 1)"),
        (np.zeros((2, 3)), 0, "Y: expected shape (1, 3) or (3,) to go with X (2, 3), got ()"),
        (np.zeros((2, 3)), [0, 1, 2], "Y: expected the classes 0 and 1 alone"),
        (np.zeros((2, 3)), [0, 1, 0.5], "Y: expected the classes 0 and 1 alone"),
        (np.zeros((2, 3)), [-1, 1, 1], "Y: expected the classes 0 and 1 alone"),
        (np.zeros((2, 3)), [0, 1, np.nan], "Y: expected the classes 0 and 1 alone"),
        ([[0.0, np.nan]], [0, 1], "X: expected finite numbers, got nan or inf"),
        ([[0.0, -np.inf]], [0, 1], "X: expected finite numbers, got nan or inf"),
    ],
)
def test_examples_that_do_not_fit_are_refused(X: Any, Y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        network.examples(X, Y, np.dtype("float64"))
