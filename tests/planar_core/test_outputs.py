"""Networks for classes and for values, and weights of examples: against plain NumPy, and against one another."""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from planar_core import (
    TASKS,
    TrainedNetwork,
    backward,
    cost,
    forward,
    initialize,
    kernels,
    layer_shapes,
    network,
    predict,
    predict_proba,
    steps,
    train,
    update,
)
from planar_core.choices import Hyperparameters, count_parameters
from planar_core.compiling import kernel
from planar_core.elementary import SIGMOID_UNITS, exp_in_units
from planar_core.outputs import OUTPUTS
from planar_core.simd import LANES, lanes_of, load, store
from planar_core.training import new_batch, train_batch
from tests.oracles import reference

Array = npt.NDArray[Any]

ANY_DTYPE = pytest.mark.parametrize("dtype", ["float64", "float32"])
# After a few iterations; training amplifies what the order of the sums did to the last bits.
CLOSE = {"float64": 1e-10, "float32": 2e-4}


class Task(NamedTuple):
    """A kind of network: what it is for, and its number of output units."""

    name: str
    outputs: int


BINARY, REGRESSION = Task("binary", 1), Task("regression", 1)
KINDS = [BINARY, REGRESSION, *(Task("multiclass", classes) for classes in (2, 3, 4, 5, 7))]
NEW = KINDS[1:]
ANY_KIND = pytest.mark.parametrize("kind", KINDS, ids=str)
ANY_NEW = pytest.mark.parametrize("kind", [REGRESSION, Task("multiclass", 2), Task("multiclass", 3)], ids=str)


def points(kind: Task, features: int = 2, examples: int = 45) -> tuple[Array, Array]:
    random = np.random.RandomState(100 * features + examples)
    X, noise = random.randn(features, examples), random.randn(1, examples)
    if kind.name == "regression":
        return X, np.sin(2 * X[:1]) + 0.3 * noise
    if kind.name == "binary":
        return X, (X[:1] ** 2 + 0.3 * noise > 0.5).astype(int)
    return X, np.floor(np.abs(X[:1] + 0.3 * noise) * kind.outputs).astype(int) % kind.outputs


def some_weights(examples: int) -> Array:
    """Of very different size, and some 0."""
    random = np.random.RandomState(examples)
    return np.exp(random.randn(examples)) * (random.rand(examples) > 0.2)


def keywords(kind: Task) -> dict[str, Any]:
    """What ``train`` is told of it."""
    return {"task": kind.name} | ({"classes": kind.outputs} if kind.name == "multiclass" else {})


def bits(trained: TrainedNetwork) -> list[bytes]:
    arrays = [trained.costs, trained.scores, trained.test_costs, trained.test_scores]
    return [array.tobytes() for array in [*arrays, *(a for pair in trained.parameters for a in pair)]]


# --- training, against plain NumPy --------------------------------------------------------------------------


def assert_as_the_oracle(
    kind: Task,
    dtype: str,
    features: int,
    hidden: tuple[int, ...],
    examples: int,
    iterations: int = 12,
    weights: Array | None = None,
    **how: Any,
) -> None:
    X, Y = points(kind, features, examples)
    how = {"init": "glorot", **how}
    of_oracle: dict[str, Any] = {"task": kind.name, "classes": kind.outputs, "sample_weight": weights}
    expected = reference.train(X, Y, hidden, 0.1, iterations, 3, dtype, **of_oracle, **how)
    both: dict[str, Any] = {"sample_weight": weights, "X_test": X[:, 1:], "Y_test": Y[:, 1:]} if examples > 1 else {}
    trained = train(X, Y, hidden, 0.1, iterations, 3, 1, dtype, **both, **keywords(kind), **how)
    close = CLOSE[dtype]
    np.testing.assert_allclose(trained.costs, [cost for cost, _, _ in expected], rtol=close)
    if examples > 1:  # of a single value there is no R^2
        np.testing.assert_allclose(trained.scores, [score for _, score, _ in expected], rtol=close, atol=close)
    for pair, pair_expected in zip(trained.parameters, expected[-1][2], strict=True):
        for array, array_expected in zip(pair, pair_expected, strict=True):
            assert array.dtype == array_expected.dtype == dtype
            np.testing.assert_allclose(array, array_expected, rtol=close, atol=close)
    activation = how.get("activation", "tanh")
    X, Y = X.astype(dtype), Y.astype(dtype)
    for k, (_, _, parameters) in enumerate(expected if examples > 1 else []):
        Z, _ = reference.forward(parameters, X[:, 1:], activation, kind.name)
        np.testing.assert_allclose(trained.test_costs[k], reference.cost(Z, Y[:, 1:], kind.name), rtol=close)
        score = reference.score(Z, Y[:, 1:], kind.name)
        np.testing.assert_allclose(trained.test_scores[k], score, rtol=close, atol=close)
    Z, A = reference.forward(expected[-1][2], X, activation, kind.name)
    np.testing.assert_allclose(trained.predict(X), reference.predictions(Z[-1], kind.name), rtol=close, atol=close)
    if kind.name != "regression":
        np.testing.assert_allclose(trained.predict_proba(X), A[-1], atol=close)


SIZES = [(1, (), 1), (1, (1,), 7), (3, (), 33), (2, (4,), 100), (30, (5,), 64), (2, (8, 8), 45), (5, (4, 4, 2), 70)]


@ANY_KIND
@pytest.mark.parametrize(("features", "hidden", "examples"), SIZES, ids=str)
def test_training_equals_the_oracle(kind: Task, features: int, hidden: tuple[int, ...], examples: int) -> None:
    assert_as_the_oracle(kind, "float64", features, hidden, examples)
    if examples > 1:
        assert_as_the_oracle(kind, "float64", features, hidden, examples, weights=some_weights(examples))


@ANY_KIND
@pytest.mark.parametrize(("features", "hidden", "examples"), SIZES[1:5], ids=str)
def test_training_in_single_precision_equals_the_oracle(
    kind: Task, features: int, hidden: tuple[int, ...], examples: int
) -> None:
    assert_as_the_oracle(kind, "float32", features, hidden, examples)
    assert_as_the_oracle(kind, "float32", features, hidden, examples, weights=some_weights(examples))


KNOBS: list[dict[str, Any]] = [
    {"output_learning_rate": 0.3},
    {"optimizer": "momentum"},
    {"optimizer": "adam"},
    {"l1": 0.01, "l2": 0.02},
    {"batch_size": 1},
    {"batch_size": 10},
    {"batch_size": 16, "optimizer": "adam", "l2": 0.01, "init": "he"},
    {"init": "normal", "init_scale": 0.5},
]


@ANY_DTYPE
@ANY_NEW
@pytest.mark.parametrize("how", KNOBS, ids=str)
def test_training_with_every_knob_equals_the_oracle(kind: Task, how: dict[str, Any], dtype: str) -> None:
    assert_as_the_oracle(kind, dtype, 2, (4,), 45, **how)


@pytest.mark.parametrize("kind", [REGRESSION, Task("multiclass", 3)], ids=str)
@pytest.mark.parametrize("activation", ["relu", "sigmoid"])  # the others differ in the hidden layers alone
def test_training_with_another_activation_equals_the_oracle(kind: Task, activation: str) -> None:
    for hidden in ((4,), (5, 3), ()):
        assert_as_the_oracle(kind, "float64", 2, hidden, 45, activation=activation)


@pytest.mark.parametrize("kind", [BINARY, REGRESSION, Task("multiclass", 3)], ids=str)
@pytest.mark.parametrize("how", KNOBS, ids=str)
def test_weights_with_other_knobs_equal_the_oracle(kind: Task, how: dict[str, Any]) -> None:
    assert_as_the_oracle(kind, "float64", 2, (4,), 45, weights=some_weights(45), **how)


def test_many_classes_equal_the_oracle() -> None:
    for hidden in ((), (3,), (3, 2)):
        assert_as_the_oracle(Task("multiclass", 1000), "float64", 2, hidden, 90, iterations=3)
    assert_as_the_oracle(Task("multiclass", 101), "float32", 2, (5,), 200, iterations=3)


def test_two_classes_of_softmax_are_a_sigmoid_of_the_difference() -> None:
    """softmax has a weight for each class: twice the gradient in the difference, and so half the learning rate."""
    X, Y = points(BINARY)
    binary = train(X, Y, 0, 0.2, 30, record_every=1, init_scale=0.0)
    softmax = train(X, Y, 0, 0.1, 30, record_every=1, init_scale=0.0, task="multiclass")
    np.testing.assert_allclose(softmax.costs, binary.costs, rtol=1e-12)
    np.testing.assert_allclose(softmax.predict_proba(X)[1:], binary.predict_proba(X), rtol=1e-12)
    np.testing.assert_array_equal(softmax.accuracies, binary.accuracies)


def test_a_linear_regression_finds_the_least_squares() -> None:
    X, Y = points(REGRESSION, features=3, examples=50)
    trained = train(X, Y, 0, 0.3, 3000, task="regression")
    columns = np.vstack([X, np.ones((1, 50))]).T
    expected, *_ = np.linalg.lstsq(columns, Y[0])
    np.testing.assert_allclose(np.append(*trained.parameters[0]), expected, rtol=1e-10)
    residuals = Y[0] - columns @ expected
    assert trained.scores[-1] == pytest.approx(1 - np.sum(residuals**2) / np.sum((Y - Y.mean()) ** 2), rel=1e-12)


# --- the steps ------------------------------------------------------------------------------------------------


class Case(NamedTuple):
    """A network with parameters of ordinary size, and examples."""

    parameters: reference.Parameters
    X: Array
    Y: Array
    weights: Array


def make_case(kind: Task, features: int, hidden: tuple[int, ...], examples: int) -> Case:
    random = np.random.RandomState(features + examples)
    parameters: reference.Parameters = [
        (random.randn(*W) / math.sqrt(W[1]), random.randn(*b))
        for W, b in reference.shapes(features, hidden, kind.outputs)
    ]
    X, Y = points(kind, features, examples)
    return Case(parameters, X, Y, random.rand(examples))


@ANY_KIND
@pytest.mark.parametrize(("features", "hidden", "examples"), SIZES, ids=str)
def test_each_step_equals_the_oracle(kind: Task, features: int, hidden: tuple[int, ...], examples: int) -> None:
    parameters, X, Y, weights = make_case(kind, features, hidden, examples)
    Z, A = reference.forward(parameters, X, task=kind.name)
    passed = forward(parameters, X, task=kind.name)
    for computed, expected in zip([*passed.Z, *passed.A], [*Z, *A], strict=True):
        assert computed.shape == expected.shape
        np.testing.assert_allclose(computed, expected, rtol=1e-12, atol=1e-12)
    for given in (None, weights):
        np.testing.assert_allclose(
            cost(passed, Y, kind.name, given), reference.cost(Z, Y, kind.name, given), rtol=1e-12
        )
        computed_pairs = backward(parameters, passed, X, Y, task=kind.name, sample_weight=given)
        expected_pairs = reference.backward(parameters, A, X, Y, "tanh", kind.name, given)
        for pair, pair_expected in zip(computed_pairs, expected_pairs, strict=True):
            for array, array_expected in zip(pair, pair_expected, strict=True):
                assert array.shape == array_expected.shape
                np.testing.assert_allclose(array, array_expected, rtol=1e-12, atol=1e-12)
    predicted = predict(parameters, X, task=kind.name)
    assert predicted.shape == (1, examples)
    if kind.name == "regression":
        assert predicted.tobytes() == passed.Z[-1].tobytes()
    else:
        assert predicted.dtype == np.int64
        np.testing.assert_array_equal(predicted, reference.predictions(Z[-1], kind.name))
        assert predict_proba(parameters, X, task=kind.name).tobytes() == passed.A[-1].tobytes()


@ANY_KIND
@pytest.mark.parametrize("hidden", [0, 4, "8x8"])
def test_steps_one_by_one_are_the_training_loop_bit_for_bit(kind: Task, hidden: int | str) -> None:
    X, Y = points(kind, 3, 45)
    for weights in (None, some_weights(45)):
        parameters = initialize(3, hidden, seed=2, outputs=kind.outputs)
        costs = [cost(forward(parameters, X, task=kind.name), Y, kind.name, weights)]
        for _ in range(20):
            passed = forward(parameters, X, task=kind.name)
            gradients = backward(parameters, passed, X, Y, task=kind.name, sample_weight=weights)
            parameters = update(parameters, gradients, 0.1)
            costs.append(cost(forward(parameters, X, task=kind.name), Y, kind.name, weights))
        trained = train(X, Y, hidden, 0.1, 20, 2, 1, sample_weight=weights, **keywords(kind))
        assert trained.costs.tolist() == costs
        for pair, pair_expected in zip(trained.parameters, parameters, strict=True):
            for array, expected in zip(pair, pair_expected, strict=True):
                assert array.tobytes() == expected.tobytes()
        assert trained.predict(X).tobytes() == predict(parameters, X, task=kind.name).tobytes()


@ANY_KIND
@pytest.mark.parametrize(("features", "hidden", "examples"), [(2, (), 9), (3, (4,), 20), (2, (3, 2), 17)], ids=str)
def test_gradients_are_the_central_differences_of_the_cost(
    kind: Task, features: int, hidden: tuple[int, ...], examples: int
) -> None:
    parameters, X, Y, weights = make_case(kind, features, hidden, examples)
    name, step = kind.name, 6e-6  # about the cube root of the rounding error
    passed = forward(parameters, X, task=name)
    gradients = backward(parameters, passed, X, Y, task=name, sample_weight=weights)
    for pair, gradient_pair in zip(parameters, gradients, strict=True):
        for array, gradient in zip(pair, gradient_pair, strict=True):
            for index in np.ndindex(array.shape):
                value = array[index]
                array[index] = value + step
                above = cost(forward(parameters, X, task=name), Y, name, weights)
                array[index] = value - step
                below = cost(forward(parameters, X, task=name), Y, name, weights)
                array[index] = value
                np.testing.assert_allclose(gradient[index], (above - below) / (2 * step), rtol=1e-7, atol=1e-9)


@ANY_DTYPE
@ANY_KIND
def test_scores_are_those_of_the_training(kind: Task, dtype: str) -> None:
    X, Y = points(kind)
    runs = [train(X, Y, "4x2", 0.1, 20, seed, dtype=dtype, X_test=X, Y_test=Y, **keywords(kind)) for seed in range(2)]
    networks = [None, *(run.parameters for run in runs)]
    none, *computed = steps.scores(networks, X, Y, task=kind.name)
    assert math.isnan(none)
    assert computed == [run.scores[-1] for run in runs] == [run.test_scores[-1] for run in runs]
    assert steps.accuracies is steps.scores


@ANY_KIND
def test_initial_weights_are_one_stream_whatever_the_outputs(kind: Task) -> None:
    computed = initialize(3, "5x2", 4, "he", outputs=kind.outputs)
    expected = reference.initial(3, (5, 2), 4, "he", outputs=kind.outputs)
    assert [(W.shape, b.shape) for W, b in computed] == layer_shapes(3, "5x2", kind.outputs)
    assert count_parameters(3, "5x2", kind.outputs) == sum(W.size + b.size for W, b in expected)
    for (W, b), (W_expected, b_expected) in zip(computed, expected, strict=True):
        np.testing.assert_allclose(W, W_expected, rtol=1e-15)
        np.testing.assert_array_equal(b, b_expected)


# --- weights of examples ----------------------------------------------------------------------------------------


@ANY_KIND
@pytest.mark.parametrize(("batch_size", "dtype"), [(None, "float64"), (None, "float32"), (10, "float64")])
def test_equal_weights_give_the_bits_of_none(kind: Task, batch_size: int | None, dtype: str) -> None:
    X, Y = points(kind)
    how: dict[str, Any] = {
        "record_every": 3,
        "dtype": dtype,
        "X_test": X,
        "Y_test": Y,
        "batch_size": batch_size,
        **keywords(kind),
    }
    expected = bits(train(X, Y, 4, 0.1, 20, **how))
    for weight in (1, 1.0, 7.3, 1e-300, 1e300, True):
        assert bits(train(X, Y, 4, 0.1, 20, sample_weight=np.full(45, weight), **how)) == expected


@ANY_KIND
def test_a_weight_is_a_number_of_repetitions(kind: Task) -> None:
    X, Y = points(kind)
    weights = np.arange(45) % 4
    how: dict[str, Any] = {"record_every": 1, **keywords(kind)}
    weighted = train(X, Y, "4x3", 0.1, 30, sample_weight=weights, **how)
    repeated = train(np.repeat(X, weights, axis=1), np.repeat(Y, weights, axis=1), "4x3", 0.1, 30, **how)
    np.testing.assert_allclose(weighted.costs, repeated.costs, rtol=1e-11)
    for pair, pair_expected in zip(weighted.parameters, repeated.parameters, strict=True):
        for array, expected in zip(pair, pair_expected, strict=True):
            np.testing.assert_allclose(array, expected, rtol=1e-10, atol=1e-12)
    assert weighted.parameters[0][0].tobytes() != train(X, Y, "4x3", 0.1, 30, **how).parameters[0][0].tobytes()


@ANY_KIND
def test_an_example_of_weight_zero_is_not_learned_from(kind: Task) -> None:
    X, Y = points(kind)
    weights = some_weights(45)
    other_Y = np.where(weights == 0, Y[:, :1], Y)
    assert (other_Y != Y).any()
    for batch_size in (None, 10):
        how: dict[str, Any] = {"sample_weight": weights, "batch_size": batch_size, **keywords(kind)}
        one, other = train(X, Y, 4, 0.1, 20, **how), train(X, other_Y, 4, 0.1, 20, **how)
        assert one.costs.tobytes() == other.costs.tobytes()
        assert one.parameters[0][0].tobytes() == other.parameters[0][0].tobytes()
        assert one.scores.tobytes() != other.scores.tobytes()  # which take no account of weights


@ANY_KIND
@pytest.mark.parametrize("optimizer", ["gd", "momentum", "adam"])
def test_a_mini_batch_of_weight_zero_has_the_gradient_zero(kind: Task, optimizer: str) -> None:
    weights = np.zeros(45)
    weights[3] = 1e-3
    assert_as_the_oracle(kind, "float64", 2, (4,), 45, weights=weights, batch_size=4, optimizer=optimizer)


def test_weights_are_no_part_of_scores_and_test_costs() -> None:
    X, Y = points(REGRESSION)
    how: dict[str, Any] = {"X_test": X, "Y_test": Y, "task": "regression"}
    start, weighted = (train(X, Y, 4, 0.1, 0, sample_weight=w, **how) for w in (None, some_weights(45)))
    assert start.scores.tolist() == weighted.scores.tolist()
    assert start.test_costs.tolist() == weighted.test_costs.tolist() == start.costs.tolist()
    assert start.costs.tolist() != weighted.costs.tolist()


# --- what the bits do not depend on -------------------------------------------------------------------------------


@ANY_DTYPE
@ANY_KIND
@pytest.mark.parametrize("hidden", [0, 4, "5x3"])
def test_bits_do_not_depend_on_the_size_of_a_tile(
    kind: Task, hidden: int | str, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, Y = points(kind, features=3, examples=333)
    results = []
    widths = set()
    how: dict[str, Any] = {"record_every": 4, "dtype": dtype, "X_test": X, "Y_test": Y, **keywords(kind)}
    for tile_bytes in (1, 2000, 2**30):
        monkeypatch.setattr(network, "_TILE_BYTES", tile_bytes)
        layout = network.layout(3, hidden, outputs=kind.outputs)
        widths.add(network.workspace(layout, network.examples(X, None, np.dtype(dtype))).A.shape[1])
        weighted = train(X, Y, hidden, 0.1, 10, sample_weight=some_weights(333), **how)
        results.append((bits(train(X, Y, hidden, 0.1, 10, **how)), bits(weighted)))
    assert len(widths) >= 2
    assert all(result == results[0] for result in results)


@ANY_DTYPE
@ANY_NEW
def test_bits_depend_neither_on_the_batch_nor_on_slices(kind: Task, dtype: str) -> None:
    X, Y = points(kind)
    of_task: dict[str, Any] = {"task": kind.name, "classes": keywords(kind).get("classes")}
    examples, test = (
        network.examples(X[:, part], Y[:, part], np.dtype(dtype), **of_task) for part in (slice(40), slice(40, 45))
    )
    hyperparameters = [Hyperparameters(0.1, **how) for how in ({}, *KNOBS, {})]
    hyperparameters.append(Hyperparameters(1e300))  # which diverges
    seeds = [seed % 3 for seed in range(len(hyperparameters))]

    def trained(runs: slice, budget: int) -> list[Any]:
        batch = new_batch(2, "3x2", seeds[runs], hyperparameters[runs], 3, dtype, kind.outputs)
        for _ in train_batch("3x2", 2, batch, examples, test, 20, 10, budget, task=kind.name, outputs=kind.outputs):
            pass
        arrays = batch.parameters, batch.costs, batch.test_costs, batch.train_scores, batch.test_scores, batch.diverged
        return [tuple(array[run].tobytes() for array in arrays) for run in range(len(seeds[runs]))]

    together = trained(slice(None), 10**9)
    assert len(set(together)) >= len(together) - 2
    assert trained(slice(None), 1) == together
    for run in range(len(seeds)):
        assert trained(slice(run, run + 1), 10**9) == together[run : run + 1]


@ANY_KIND
def test_rows_do_not_depend_on_the_recording_interval_nor_on_test_examples(kind: Task) -> None:
    X, Y = points(kind)
    every = train(X, Y, 4, 0.1, 30, record_every=1, X_test=X, Y_test=Y, **keywords(kind))
    some = train(X, Y, 4, 0.1, 30, record_every=7, **keywords(kind))
    assert every.test_costs.tobytes() == every.costs.tobytes()
    assert every.test_scores.tobytes() == every.scores.tobytes()
    assert np.isnan(some.test_costs).all()
    assert np.isnan(some.test_scores).all()
    assert some.costs.tobytes() == every.costs[some.iterations].tobytes()
    assert some.scores.tobytes() == every.scores[some.iterations].tobytes()


# --- extremes -----------------------------------------------------------------------------------------------------


def of_logits(kind: Task, Z: Array, Y: Array, dtype: str = "float64") -> tuple[float, Array]:
    """(cost, dZ), by the kernels, of any Z of the output layer: nan and inf, which no example may have, too."""
    layout, output = network.layout(1, 0, outputs=kind.outputs), OUTPUTS[kind.name]
    classes = kind.outputs if kind.name == "multiclass" else None
    data = network.examples(np.zeros((1, Z.shape[1])), Y, np.dtype(dtype), task=kind.name, classes=classes)
    space = network.workspace(layout, data, whole=True)
    space.A[:, : data.m] = Z
    computed = float(kernels.cost(layout, output, data, space))
    parameters = np.zeros(network.n_parameters(layout), dtype)
    kernels.backward_pass(layout, output, parameters, data, space)
    return computed, space.D[:, : data.m].copy()


@pytest.mark.parametrize(
    ("Z", "y", "expected", "residuals"),
    [
        ([1e300, -1e300, 0.0], 0, 0.0, [0.0, 0.0, 0.0]),
        ([1e300, -1e300, 0.0], 1, 2e300, [1.0, -1.0, 0.0]),
        ([1e300, 1e300, 0.0], 1, math.log(2), [0.5, -0.5, 0.0]),
        ([-1e300, -1e300, -1e300], 2, math.log(3), [1 / 3, 1 / 3, -2 / 3]),
        ([1e308, -1e308, 0.0], 1, math.inf, [1.0, -1.0, 0.0]),
        ([1e4 + 1, 1e4, 0.0], 1, math.log1p(math.e), [math.e / (1 + math.e), -math.e / (1 + math.e), 0.0]),
        ([0.0, 0.0, -50.0], 0, math.log1p(1 + math.exp(-50)), [-0.5, 0.5, 0.0]),
        ([0.0, -50.0, -60.0], 0, math.exp(-50) + math.exp(-60), [0.0, 0.0, 0.0]),
        ([0.0, -720.0, -900.0], 0, math.exp(-720), [0.0, 0.0, 0.0]),
    ],
    ids=str,
)
def test_softmax_of_extreme_logits(Z: list[float], y: int, expected: float, residuals: list[float]) -> None:
    for order in ([0, 1, 2], [2, 0, 1], [1, 2, 0]):
        logits = np.array(Z)[order][:, np.newaxis]
        computed, dZ = of_logits(Task("multiclass", 3), logits, np.array([order.index(y)]))
        assert computed == pytest.approx(expected, rel=1e-13, abs=0)
        np.testing.assert_allclose(dZ[:, 0], np.array(residuals)[order], rtol=1e-15, atol=1e-20)


@ANY_DTYPE
@pytest.mark.parametrize("kind", NEW, ids=str)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_does_not_go_unnoticed(kind: Task, bad: float, dtype: str) -> None:
    for unit in range(kind.outputs):
        Z, Y = np.zeros((kind.outputs, 20)), np.zeros(20)
        Z[unit, 11] = bad
        Y[11] = unit if kind.name == "multiclass" else 0.0
        computed, dZ = of_logits(kind, Z, Y, dtype)
        assert not math.isfinite(computed)
        others = np.delete(dZ, 11, axis=1)
        assert np.isfinite(others).all()
        if not (kind.name == "multiclass" and bad == -math.inf):  # which has the probability 0
            assert not np.isfinite(dZ[:, 11]).all()


@pytest.mark.parametrize("classes", [2, 3, 1000])
def test_probabilities_add_up_to_one(classes: int) -> None:
    random = np.random.RandomState(classes)
    for scale in (1.0, 30.0, 1e5):
        parameters: reference.Parameters = [(random.randn(classes, 2) * scale, random.randn(classes, 1))]
        X = random.randn(2, 37)
        probability = predict_proba(parameters, X, task="multiclass")
        assert probability.shape == (classes, 37)
        assert ((probability >= 0) & (probability <= 1)).all()
        np.testing.assert_allclose(probability.sum(axis=0), 1, rtol=1e-14)
        _, A = reference.forward(parameters, X, task="multiclass")
        np.testing.assert_allclose(probability, A[-1], rtol=1e-11, atol=1e-300)


def test_the_first_of_equals_is_predicted() -> None:
    Z = np.array([[1.0, 2.0, 0.0], [1.0, 3.0, 0.0], [0.0, 3.0, 0.0]])
    parameters: reference.Parameters = [(Z, np.zeros((3, 1)))]
    assert predict(parameters, np.eye(3), task="multiclass").tolist() == [[0, 1, 0]]
    assert list(steps.scores([parameters], np.eye(3), [0, 1, 0], task="multiclass")) == [1.0]
    assert list(steps.scores([parameters], np.eye(3), [1, 2, 2], task="multiclass")) == [0.0]


@ANY_DTYPE
def test_exponentials_of_the_softmax(dtype: str) -> None:
    lanes = LANES[dtype]

    @kernel
    def exponentials(y, out):  # type: ignore[no-untyped-def]
        for block in range(y.shape[0] // lanes_of(y)):
            store(out, 0, block, exp_in_units(load(y, 0, block)))

    y = np.linspace(-120, 0, 1000 * lanes + 1)[1:].astype(dtype)
    computed = np.zeros_like(y)
    exponentials(y, computed)
    expected = np.exp2(y.astype(np.longdouble))
    np.testing.assert_array_less(np.abs(computed - expected), 3 * np.spacing(expected.astype(dtype)))
    assert computed[-1] == 1
    assert pytest.approx(1 / math.log(2), rel=1e-16) == SIGMOID_UNITS


@pytest.mark.parametrize("kind", [REGRESSION, Task("multiclass", 3)], ids=str)
@pytest.mark.parametrize(("dtype", "rate"), [("float64", 1e307), ("float32", 1e37)])
def test_a_diverged_run_ends_with_its_last_finite_record(kind: Task, dtype: str, rate: float) -> None:
    X, Y = points(kind)
    how: dict[str, Any] = {"record_every": 1, "dtype": dtype, "X_test": X, "Y_test": Y, **keywords(kind)}
    trained = train(10 * X, Y, 0, rate, 50, **how)
    assert trained.status == "diverged"
    last = len(trained.iterations) - 1
    assert 0 <= last < 50
    assert np.isfinite(trained.costs).all()
    assert all(np.isfinite(array).all() for pair in trained.parameters for array in pair)
    assert bits(train(10 * X, Y, 0, rate, last, **how)) == bits(trained)


def test_values_beyond_single_precision_diverge_without_a_warning() -> None:
    X, Y = points(REGRESSION)
    trained = train(X, 1e300 * Y, iterations=5, dtype="float32", task="regression")
    assert (trained.status, len(trained.iterations)) == ("diverged", 0)
    trained = train(X, 1e200 * Y, iterations=5, task="regression")  # whose squares no float can hold
    assert (trained.status, len(trained.iterations)) == ("diverged", 0)


@ANY_DTYPE
def test_r_squared_where_the_values_do_not_vary(dtype: str) -> None:
    X = np.random.RandomState(0).randn(2, 3)
    for value in (0.0, 0.1, -7.7):
        trained = train(X, np.full(3, value), iterations=4, dtype=dtype, task="regression", X_test=X, Y_test=[1, 2, 4])
        assert np.isnan(trained.scores).all()
        assert np.isfinite(trained.test_scores).all()
        assert np.isfinite(trained.costs).all()
    none = train(X, [1, 2, 4], iterations=4, dtype=dtype, task="regression", X_test=X[:, :1], Y_test=[3.0])
    assert np.isnan(none.test_scores).all()
    assert np.isfinite(none.scores).all()
    large = train(X, np.array([1, 2, 4]) + 1e6, iterations=0, task="regression")
    assert large.scores[0] == pytest.approx(1 - 3 * (1e6 + 7 / 3) ** 2 / (14 / 3), rel=1e-5)


def test_one_class_alone() -> None:
    X, _ = points(BINARY)
    for y, outputs in ((0, 2), (1, 2), (4, 5)):
        trained = train(X, np.full(45, y), iterations=300, task="multiclass")
        assert trained.parameters[-1][0].shape == (outputs, 4)
        assert trained.predict(X).tolist() == [[y] * 45]
        assert trained.costs[-1] < 0.02
    trained = train(X, np.zeros(45), iterations=300, task="multiclass", classes=3)
    assert trained.predict_proba(X).shape == (3, 45)


# --- what is asked for, and what is not there -------------------------------------------------------------------


def test_tasks() -> None:
    assert TASKS == ("binary", "multiclass", "regression") == tuple(OUTPUTS)


def test_a_regression_has_neither_accuracies_nor_probabilities() -> None:
    trained = train(*points(REGRESSION), iterations=1, task="regression")
    message = "a regression has no accuracies; its scores and test_scores are R^2"
    for name in ("accuracies", "test_accuracies"):
        with pytest.raises(AttributeError, match=f"^{re.escape(message)}$"):
            getattr(trained, name)
    message = "task='regression': a regression has no probabilities; predict gives its values"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        trained.predict_proba(np.zeros((2, 1)))


WEIGHTS = "sample_weight: expected finite numbers, 0 or more, not all of them 0"
CLASSES = "expected the classes 0, 1, 2 ... alone, as integers"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"task": "ranking"}, "task='ranking': expected one of binary, multiclass, regression"),
        ({"task": ["binary"]}, "task=['binary']: expected one of binary, multiclass, regression"),
        ({"classes": 3}, "classes=3: expected none for task='binary', only for task='multiclass'"),
        ({"task": "multiclass", "classes": 1}, "classes=1: expected an integer from 2 to 10000"),
        ({"task": "multiclass", "classes": 2.0}, "classes=2.0: expected an integer from 2 to 10000"),
        ({"task": "multiclass", "Y": np.full(45, 0.5)}, f"Y: {CLASSES}"),
        ({"task": "multiclass", "Y": np.full(45, -1)}, f"Y: {CLASSES}"),
        ({"task": "multiclass", "Y": np.full(45, math.nan)}, f"Y: {CLASSES}"),
        ({"task": "multiclass", "Y": np.full(45, "0")}, f"Y: {CLASSES}"),
        ({"task": "multiclass", "Y": np.full(45, 2), "classes": 2}, "Y: expected the classes 0 to 1 alone, got 2"),
        ({"task": "multiclass", "Y": np.full(45, 10**6)}, "Y: expected the classes 0 to 9999 alone, got 1000000"),
        (
            {"task": "multiclass", "X_test": np.zeros((2, 1)), "Y_test": [2]},
            "Y_test: expected the classes 0 to 1 alone, got 2",
        ),
        ({"task": "regression", "Y": np.full(45, math.inf)}, "Y: expected finite numbers, one for each example"),
        ({"task": "regression", "Y": np.full(45, "a")}, "Y: expected finite numbers, one for each example"),
        (
            {"task": "regression", "X_test": np.zeros((2, 1)), "Y_test": [math.nan]},
            "Y_test: expected finite numbers, one for each example",
        ),
        (
            {"sample_weight": np.ones(44)},
            "sample_weight: expected shape (45,), a weight for each example, got (44,)",
        ),
        ({"sample_weight": 1}, "sample_weight: expected shape (45,), a weight for each example, got ()"),
        ({"sample_weight": np.full(45, -1.0)}, WEIGHTS),
        ({"sample_weight": np.full(45, math.nan)}, WEIGHTS),
        ({"sample_weight": np.full(45, math.inf)}, WEIGHTS),
        ({"sample_weight": np.zeros(45)}, WEIGHTS),
        ({"sample_weight": ["1"] * 45}, WEIGHTS),
    ],
    ids=str,
)
def test_arguments_that_cannot_be_meant_are_refused(arguments: dict[str, Any], message: str) -> None:
    X, Y = points(BINARY)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        train(**({"X": X, "Y": Y} | arguments))


def test_outputs_that_do_not_fit_are_refused() -> None:
    X, Y = points(BINARY)
    one, three = (initialize(2, 4, seed=0, outputs=outputs) for outputs in (1, 3))
    for parameters, task, expected in (
        (three, "binary", "outputs=3: expected 1, for task='binary'"),
        (three, "regression", "outputs=3: expected 1, for task='regression'"),
        (one, "multiclass", "outputs=1: expected 2 or more, one for each class, for task='multiclass'"),
        (one, "ranking", "task='ranking': expected one of binary, multiclass, regression"),
    ):
        with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
            forward(parameters, X, task=task)
        with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
            list(steps.scores([parameters], X, Y, task=task))
    wrongs: list[Any] = [0, -1, 1.0, True]
    for wrong in wrongs:
        with pytest.raises(ValueError, match=f"^{re.escape(f'outputs={wrong!r}: expected an integer, 1 or more')}$"):
            layer_shapes(2, 4, wrong)
    batch = new_batch(2, 4, [0], [Hyperparameters()], 2, "float64", 3)
    examples = network.examples(X, Y, np.dtype("float64"), task="multiclass", classes=2)
    with pytest.raises(
        ValueError, match=r"^outputs=2: expected the number of output units that the batch was made with$"
    ):
        next(train_batch(4, 2, batch, examples, examples, 1, 1, task="multiclass", outputs=2))
