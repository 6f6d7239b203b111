"""Every hyperparameter of a network in training: against the oracle, against PyTorch, and against its own default."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from planar_core import network, train
from planar_core.choices import Hyperparameters
from planar_core.training import new_batch, train_batch
from tests.oracles import reference

Array = npt.NDArray[Any]

ANY_DTYPE = pytest.mark.parametrize("dtype", ["float64", "float32"])
# After a few iterations; training amplifies what the order of the sums did to the last bits.
CLOSE = {"float64": 1e-10, "float32": 2e-4}

OTHERS: list[dict[str, Any]] = [
    {"activation": "relu"},
    {"activation": "sigmoid"},
    {"activation": "identity"},
    {"output_learning_rate": 0.0},
    {"output_learning_rate": 0.9},
    {"optimizer": "momentum"},
    {"optimizer": "momentum", "momentum": 0.5},
    {"optimizer": "adam"},
    {"optimizer": "adam", "beta1": 0.5, "beta2": 0.9},
    {"optimizer": "adam", "beta1": 0.0, "beta2": 0.0},
    {"l1": 0.01},
    {"l2": 0.01},
    {"l1": 0.02, "l2": 0.03, "optimizer": "momentum"},
    {"l2": 0.1, "optimizer": "adam", "output_learning_rate": 0.01},
    {"batch_size": 1},
    {"batch_size": 10},
    {"batch_size": 16},
    {"batch_size": 44},
    {"batch_size": 7, "optimizer": "adam", "l1": 0.001, "activation": "relu", "init": "he"},
    {"init": "glorot"},
    {"init": "he"},
    {"init_scale": 0.5},
    {"init": "glorot", "init_scale": 2.0},
    {"output_init_scale": 0.3},
    {"init": "he", "output_init_scale": 0.3},
    {"init_offset": 0.4},
    {"init_offset": -0.01, "init_scale": 0.0},
    {"bias": False},
    {"bias": False, "optimizer": "momentum"},
    {"bias": False, "optimizer": "adam", "l2": 0.01, "batch_size": 10},
]


def points(features: int = 2, examples: int = 45) -> tuple[Array, Array]:
    random = np.random.RandomState(100 * features + examples)
    X = random.randn(features, examples)
    return X, (X[:1] ** 2 + 0.3 * random.randn(1, examples) > 0.5).astype(int)


def assert_as_the_oracle(
    how: dict[str, Any], dtype: str, features: int, hidden: tuple[int, ...], examples: int, iterations: int
) -> None:
    X, Y = points(features, examples)
    how = {"init": "glorot", **how} if "init_scale" not in how else how  # tiny weights would hide much
    expected = reference.train(X, Y, hidden, 0.1, iterations, 3, dtype, **how)
    trained = train(X, Y, hidden, 0.1, iterations, 3, record_every=1, dtype=dtype, **how)
    close = CLOSE[dtype]
    np.testing.assert_allclose(trained.costs, [cost for cost, _, _ in expected], rtol=close)
    for pair, pair_expected in zip(trained.parameters, expected[-1][2], strict=True):
        for array, array_expected in zip(pair, pair_expected, strict=True):
            assert array.dtype == array_expected.dtype == dtype
            np.testing.assert_allclose(array, array_expected, rtol=close, atol=close)
    Z, A = reference.forward(expected[-1][2], X.astype(dtype), how.get("activation", "tanh"))
    np.testing.assert_allclose(trained.predict_proba(X), A[-1], atol=close)
    np.testing.assert_array_equal(trained.predict(X), Z[-1] > 0)


@ANY_DTYPE
@pytest.mark.parametrize("how", OTHERS, ids=str)
def test_training_equals_the_oracle(how: dict[str, Any], dtype: str) -> None:
    assert_as_the_oracle(how, dtype, 2, (4,), 45, 12)


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "identity"])
@pytest.mark.parametrize(("features", "hidden"), [(1, (1,)), (3, (5, 3)), (2, ()), (5, (4, 4, 2))], ids=str)
def test_other_networks_equal_the_oracle(activation: str, features: int, hidden: tuple[int, ...]) -> None:
    assert_as_the_oracle({"activation": activation}, "float64", features, hidden, 33, 8)
    if activation in ("tanh", "relu"):  # each takes seconds to compile
        together = {"activation": activation, "optimizer": "adam", "l1": 0.01, "l2": 0.02, "batch_size": 9}
        assert_as_the_oracle(together, "float64", features, hidden, 33, 8)


def test_decays_that_single_precision_takes_for_one() -> None:
    assert_as_the_oracle({"optimizer": "adam", "beta2": 1 - 1e-9}, "float32", 2, (4,), 45, 12)


@ANY_DTYPE
def test_mini_batches_larger_than_a_tile(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "_TILE_BYTES", 1000)
    assert_as_the_oracle({"batch_size": 60}, dtype, 2, (4,), 100, 5)


def bits(**how: Any) -> list[bytes]:
    trained = train(*points(), hidden="4x2", learning_rate=0.1, iterations=20, seed=3, record_every=5, **how)
    return [trained.costs.tobytes(), *(array.tobytes() for pair in trained.parameters for array in pair)]


DEFAULTS: dict[str, Any] = {"activation": "tanh", **Hyperparameters()._asdict()}
del DEFAULTS["learning_rate"]


@ANY_DTYPE
def test_a_default_that_is_given_changes_no_bit(dtype: str) -> None:
    expected = bits(dtype=dtype)
    for name, value in DEFAULTS.items():
        assert bits(**{name: value}, dtype=dtype) == expected
    for same in ({"output_learning_rate": 0.1}, {"batch_size": 45}, {"batch_size": 46}, {"init_scale": 0.01}):
        assert bits(**same, dtype=dtype) == expected
    assert bits(output_init_scale=0.01, dtype=dtype) == expected


@ANY_DTYPE
@pytest.mark.parametrize("how", OTHERS, ids=str)
def test_every_other_value_changes_the_result(how: dict[str, Any], dtype: str) -> None:
    assert bits(**how, dtype=dtype) != bits(dtype=dtype)


@ANY_DTYPE
def test_bits_depend_neither_on_the_batch_nor_on_slices(dtype: str) -> None:
    X, Y = points()
    examples, none = network.examples(X, Y, np.dtype(dtype)), network.examples(X[:, :0], Y[:, :0], np.dtype(dtype))
    hyperparameters = [Hyperparameters(0.1, **how) for how in ({}, *OTHERS, {}) if "activation" not in how]
    seeds = [seed % 3 for seed in range(len(hyperparameters))]

    def trained(runs: slice, budget: int) -> list[Any]:
        batch = new_batch(2, "3x2", seeds[runs], hyperparameters[runs], 3, dtype)
        slices = sum(1 for _ in train_batch("3x2", 2, batch, examples, none, 20, 10, budget))
        assert (slices > 10) == (budget == 1)
        return [(p.tobytes(), c.tobytes()) for p, c in zip(batch.parameters, batch.costs, strict=True)]

    together = trained(slice(None), 10**9)
    assert trained(slice(None), 1) == together
    for run in range(len(seeds)):
        assert trained(slice(run, run + 1), 10**9) == together[run : run + 1]


@ANY_DTYPE
@pytest.mark.parametrize("how", [{}, {"optimizer": "adam", "l1": 0.01}, {"batch_size": 7}], ids=str)
def test_biases_that_are_not_trained_stay_zero(how: dict[str, Any], dtype: str) -> None:
    trained, other = (train(*points(), "4x3", 0.5, 40, 1, bias=bias, dtype=dtype, **how) for bias in (False, True))
    assert trained.status == "ok"
    for (_, b), (_, trained_b) in zip(trained.parameters, other.parameters, strict=True):
        assert b.tobytes() == np.zeros_like(b).tobytes()
        assert trained_b.all()


def test_the_offset_of_weights_leaves_the_output_layer_alone() -> None:
    for hidden, offsets in (("0", [0]), ("4", [2.5, 0]), ("4x3", [2.5, 2.5, 0])):
        reference = network.initialize(2, hidden, 5, "he")
        computed = network.initialize(2, hidden, 5, "he", init_offset=2.5)
        for (W, b), (W_reference, _), offset in zip(computed, reference, offsets, strict=True):
            np.testing.assert_array_equal(W, W_reference + offset if offset else W_reference)
            assert not b.any()


def test_an_exploding_network_is_diverged() -> None:
    trained = train(*points(), "8x8", learning_rate=1e3, iterations=200, activation="identity", init="he", seed=1)
    assert trained.status == "diverged"
    assert np.isfinite(trained.costs).all()
    assert all(np.isfinite(array).all() for pair in trained.parameters for array in pair)


PYTORCH = json.loads((Path(__file__).parents[1] / "oracles" / "pytorch.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", PYTORCH["cases"], ids=lambda case: case["name"])
def test_training_equals_pytorch(case: dict[str, Any]) -> None:
    how = dict(case["hyperparameters"])
    X, Y = np.array(PYTORCH["X"]), np.array(PYTORCH["of_tasks"][how["task"]] if "task" in how else PYTORCH["Y"])
    if how.pop("weighted", False):
        how["sample_weight"] = PYTORCH["weights"]
    recorded = case["parameters"]  # after 0, 1, 2 ... updates
    for k, expected in enumerate(recorded):
        trained = train(X, Y, tuple(PYTORCH["hidden"]), iterations=k, seed=PYTORCH["seed"], **how)
        computed = np.concatenate([array.ravel() for pair in trained.parameters for array in pair])
        np.testing.assert_allclose(computed, expected, rtol=1e-10, atol=1e-10)
    assert not np.allclose(recorded[0], recorded[-1], atol=1e-3)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("activation", "gelu", "one of tanh, relu, sigmoid, identity"),
        ("optimizer", "sgd", "one of gd, momentum, adam"),
        ("output_learning_rate", -1.0, "a finite number, 0 or more"),
        ("output_learning_rate", np.nan, "a finite number, 0 or more"),
        ("learning_rate", "fast", "a finite number, 0 or more"),
        ("l1", -1e-3, "a finite number, 0 or more"),
        ("l2", np.inf, "a finite number, 0 or more"),
        ("momentum", 1.0, "a number of at least 0 and below 1"),
        ("beta1", None, "a number of at least 0 and below 1"),
        ("beta1", -0.1, "a number of at least 0 and below 1"),
        ("beta2", np.nan, "a number of at least 0 and below 1"),
        ("batch_size", 0, "an integer, 1 or more"),
        ("batch_size", 2.5, "an integer, 1 or more"),
        ("init", "xavier", "one of normal, glorot, he"),
        ("init_scale", "small", "a finite number, 0 or more"),
        ("init_scale", -1.0, "a finite number, 0 or more"),
        ("output_init_scale", -1.0, "a finite number, 0 or more"),
        ("init_offset", np.inf, "a finite number"),
        ("init_offset", None, "a finite number"),
        ("bias", "no", "True or False"),
        ("bias", None, "True or False"),
    ],
)
def test_bad_values_are_refused(name: str, value: Any, expected: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{name}={value!r}: expected {expected}")):
        train(*points(), iterations=1, **{name: value})


def test_an_unknown_keyword_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^keyword='alpha': expected one of learning_rate, output_learning_rate"):
        train(*points(), alpha=1)


def test_any_batch_size_from_the_number_of_examples_on_is_all_of_them() -> None:
    X, Y = points()
    costs = [train(X, Y, iterations=5, batch_size=size).costs for size in (None, X.shape[1], 10**30)]
    assert np.array_equal(costs[1], costs[0])
    assert np.array_equal(costs[2], costs[0])
