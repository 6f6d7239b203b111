"""Each step of training against plain NumPy, and its gradients against differences of the cost."""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from planar_core import backward, cost, forward, initialize, predict, predict_proba, steps, train, update
from tests.oracles import reference

Array = npt.NDArray[Any]

CLOSE = 1e-12  # float64: sums of up to a few hundred terms, added in another order


class Case(NamedTuple):
    """A network with parameters of ordinary size, and examples."""

    parameters: reference.Parameters
    X: Array
    Y: Array


SIZES = [
    # features, hidden, examples
    (1, (), 1),
    (1, (1,), 3),
    (2, (4,), 400),
    (2, (), 17),
    (3, (5,), 64),
    (30, (), 33),
    (30, (7,), 101),
    (5, (8, 8), 50),
    (2, (4, 4, 2), 65),
    (1, (3, 1, 5), 31),
    (7, (1, 1, 1, 1), 9),
    (2, (50,), 40),
]


@pytest.fixture(params=SIZES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    features, hidden, examples = request.param
    return make_case(features, hidden, examples)


def make_case(features: int, hidden: tuple[int, ...], examples: int, scale: float = 1.0) -> Case:
    random = np.random.RandomState(features + examples)
    parameters: reference.Parameters = [
        (random.randn(*W) * scale / math.sqrt(W[1]), random.randn(*b) * scale)
        for W, b in reference.shapes(features, hidden)
    ]
    return Case(parameters, random.randn(features, examples), random.randint(0, 2, (1, examples)))


def assert_close(computed: Any, expected: Any) -> None:
    np.testing.assert_allclose(computed, expected, rtol=CLOSE, atol=CLOSE)


def assert_close_parameters(computed: reference.Parameters, expected: reference.Parameters) -> None:
    assert len(computed) == len(expected)
    for pair, pair_expected in zip(computed, expected, strict=True):
        for array, array_expected in zip(pair, pair_expected, strict=True):
            assert array.shape == array_expected.shape
            assert array.dtype == np.float64
            assert_close(array, array_expected)


# --- against plain NumPy --------------------------------------------------------------------------------


def test_forward(case: Case) -> None:
    Z, A = reference.forward(case.parameters, case.X)
    passed = forward(case.parameters, case.X)
    assert len(passed.Z) == len(passed.A) == len(Z)
    for computed, expected in zip([*passed.Z, *passed.A], [*Z, *A], strict=True):
        assert computed.shape == expected.shape
        assert_close(computed, expected)


def test_outputs_of_many_networks_on_the_same_points() -> None:
    X = make_case(3, (), 65).X
    points = steps.Points(X)
    sizes = [((5,), "tanh"), ((4, 3), "tanh"), ((4, 3), "relu"), ((5,), "tanh"), ((), "tanh"), ((5,), "tanh")]
    for n, (hidden, activation) in enumerate(sizes):  # each after one of another shape, which leaves its numbers
        parameters = make_case(3, hidden, 65, scale=n + 1).parameters
        outputs = points.outputs(parameters, activation)
        assert_close(outputs, reference.forward(parameters, X, activation)[0][-1])
        assert outputs.tobytes() == forward(parameters, X, activation).Z[-1].tobytes()
        kept = outputs.copy()
        points.outputs(make_case(3, hidden, 65, scale=9).parameters, activation)
        assert outputs.tobytes() == kept.tobytes()
    with pytest.raises(ValueError, match="X: expected 2 features, as the weights have, got shape"):
        points.outputs(make_case(2, (5,), 3).parameters)


def test_cost(case: Case) -> None:
    expected = reference.cost(reference.forward(case.parameters, case.X)[0], case.Y)
    computed = cost(forward(case.parameters, case.X), case.Y)
    assert type(computed) is float
    assert_close(computed, expected)
    assert cost(forward(case.parameters, case.X), case.Y[0]) == computed


def test_backward(case: Case) -> None:
    _, A = reference.forward(case.parameters, case.X)
    expected = reference.backward(case.parameters, A, case.X, case.Y)
    computed = backward(case.parameters, forward(case.parameters, case.X), case.X, case.Y)
    assert_close_parameters(computed, expected)


def test_update(case: Case) -> None:
    gradients = make_case(case.X.shape[0], tuple(len(b) for _, b in case.parameters[:-1]), 5).parameters
    expected = reference.update(case.parameters, gradients, 0.3)
    computed = update(case.parameters, gradients, learning_rate=0.3)
    assert_close_parameters(computed, expected)


def test_predict(case: Case) -> None:
    _, A = reference.forward(case.parameters, case.X)
    computed = predict(case.parameters, case.X)
    np.testing.assert_array_equal(computed, (A[-1] > 0.5).astype(int))
    assert computed.shape == (1, case.X.shape[1])
    assert computed.dtype == np.int64
    assert_close(predict_proba(case.parameters, case.X), A[-1])


def test_an_output_of_one_half_is_class_0() -> None:
    parameters = initialize(2, 0, seed=0)
    assert predict_proba(parameters, np.zeros((2, 1))).tolist() == [[0.5]]
    assert predict(parameters, np.zeros((2, 1))).tolist() == [[0]]


def test_steps_leave_their_arguments_alone(case: Case) -> None:
    def content() -> list[bytes]:
        pairs = [*case.parameters, *gradients]
        return [
            array.tobytes() for array in (case.X, case.Y, *passed.Z, *passed.A, *(a for pair in pairs for a in pair))
        ]

    passed = forward(case.parameters, case.X)
    gradients = backward(case.parameters, passed, case.X, case.Y)
    before = content()
    cost(passed, case.Y)
    backward(case.parameters, passed, case.X, case.Y)
    update(case.parameters, gradients, 1.0)
    predict(case.parameters, case.X)
    assert content() == before


# --- the same code as the training loop ---------------------------------------------------------------------


@pytest.mark.parametrize("hidden", [0, 4, "8x8"])
def test_steps_one_by_one_are_the_training_loop_bit_for_bit(hidden: int | str) -> None:
    _, X, Y = make_case(3, (), 45)
    parameters = initialize(3, hidden, seed=2)
    costs = [cost(forward(parameters, X), Y)]
    for _ in range(20):
        parameters = update(parameters, backward(parameters, forward(parameters, X), X, Y), 0.7)
        costs.append(cost(forward(parameters, X), Y))
    trained = train(X, Y, hidden=hidden, learning_rate=0.7, iterations=20, seed=2, record_every=1)
    assert trained.costs.tolist() == costs
    for pair, pair_expected in zip(trained.parameters, parameters, strict=True):
        for array, expected in zip(pair, pair_expected, strict=True):
            assert array.tobytes() == expected.tobytes()
    assert trained.predict(X).tolist() == predict(parameters, X).tolist()
    assert trained.predict_proba(X).tobytes() == predict_proba(parameters, X).tobytes()


# --- gradients ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("features", "hidden", "examples"), [(1, (), 5), (3, (4,), 20), (2, (5, 3), 33), (6, (2, 3, 2), 12)], ids=str
)
def test_gradients_are_the_central_differences_of_the_cost(
    features: int, hidden: tuple[int, ...], examples: int
) -> None:
    parameters, X, Y = make_case(features, hidden, examples)
    gradients = backward(parameters, forward(parameters, X), X, Y)
    step = 6e-6  # about the cube root of the rounding error: it balances that against the third derivative
    for pair, gradient_pair in zip(parameters, gradients, strict=True):
        for array, gradient in zip(pair, gradient_pair, strict=True):
            for index in np.ndindex(array.shape):
                value = array[index]
                array[index] = value + step
                above = cost(forward(parameters, X), Y)
                array[index] = value - step
                below = cost(forward(parameters, X), Y)
                array[index] = value
                np.testing.assert_allclose(gradient[index], (above - below) / (2 * step), rtol=1e-7, atol=1e-9)


# --- extremes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hidden", [(), (4,), (8, 8)], ids=str)
@pytest.mark.parametrize("scale", [1e3, 1e8, 1e100])
def test_saturated_networks_have_finite_costs_and_gradients(hidden: tuple[int, ...], scale: float) -> None:
    parameters, X, Y = make_case(2, hidden, 50, scale)
    Z, A = reference.forward(parameters, X)
    passed = forward(parameters, X)
    np.testing.assert_allclose(cost(passed, Y), reference.cost(Z, Y), rtol=CLOSE)
    assert math.isfinite(cost(passed, Y))
    for pair, expected in zip(backward(parameters, passed, X, Y), reference.backward(parameters, A, X, Y), strict=True):
        for gradient, gradient_expected in zip(pair, expected, strict=True):
            # beyond 1 - 1e-16 the slope 1 - a^2 is all rounding error, times weights as large as the scale
            assert np.isfinite(gradient).all()
            assert gradient.shape == gradient_expected.shape
    np.testing.assert_array_equal(predict(parameters, X), Z[-1] > 0)


@pytest.mark.parametrize("far", [5.0, 19.0, 30.0, 200.0, 1e5, 1e150])
def test_hidden_units_far_out_are_saturated(far: float) -> None:
    """However large the sums become: in the middle of a vector, next to small ones, with either sign."""
    X = np.array([np.linspace(-far, far, 41), np.linspace(0.01, -0.01, 41)])
    parameters = [
        (np.array([[1.0, 1.0], [0.5, -3.0], [1e-3, 2.0]]), np.array([[0.0], [far], [-1.0]])),
        (np.ones((1, 3)), np.zeros((1, 1))),
    ]
    Z, A = reference.forward(parameters, X)
    passed = forward(parameters, X)
    for computed, expected in zip([*passed.Z, *passed.A], [*Z, *A], strict=True):
        assert_close(computed, expected)


def test_cost_of_a_saturated_output_is_its_logit() -> None:
    parameters = [(np.array([[1.0]]), np.array([[0.0]]))]
    passed = forward(parameters, [[1e6, -1e6, 800.0, -800.0]])
    assert cost(passed, [0, 0, 0, 0]) == pytest.approx((1e6 + 800) / 4, rel=1e-15)
    assert cost(passed, [1, 0, 1, 0]) == 0.0
    assert passed.A[-1].tolist()[0][0] == 1.0


def test_outputs_are_probabilities() -> None:
    z = np.linspace(-60, 60, 20_001)
    parameters = [(np.array([[1.0]]), np.array([[0.0]]))]
    probability = predict_proba(parameters, z[np.newaxis])
    assert ((probability >= 0) & (probability <= 1)).all()


# --- what does not fit ---------------------------------------------------------------------------------------


def test_forward_refuses_examples_of_another_shape() -> None:
    parameters = initialize(2, 4, seed=0)
    for X, message in (
        (np.zeros((3, 5)), "X: expected 2 features, as the weights have, got shape (3, 5)"),
        (np.zeros(2), "X: expected shape (features, examples), got (2,)"),
        (np.full((2, 5), np.nan), "X: expected finite numbers, got nan or inf"),
    ):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            forward(parameters, X)
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            predict(parameters, X)


def test_cost_refuses_classes_that_do_not_fit() -> None:
    passed = forward(initialize(2, 4, seed=0), np.zeros((2, 5)))
    for Y, message in (
        (np.zeros(4), "Y: expected shape (1, 5) or (5,) to go with X (1, 5), got (4,)"),
        (np.full(5, 2), "Y: expected the classes 0 and 1 alone"),
    ):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            cost(passed, Y)


def test_backward_refuses_what_does_not_fit() -> None:
    parameters = initialize(2, 4, seed=0)
    X, Y = np.zeros((2, 5)), np.zeros(5)
    passed = forward(parameters, X)
    for X_wrong, Y_wrong, message in (
        (np.zeros((3, 5)), Y, "X: expected 2 features, as the weights have, got shape (3, 5)"),
        (X, np.zeros(6), "Y: expected shape (1, 5) or (5,) to go with X (2, 5), got (6,)"),
        (np.zeros((2, 6)), np.zeros(6), "passed: expected the forward pass of these 6 examples, got one of 5"),
        (np.zeros((2, 4)), np.zeros(4), "passed: expected the forward pass of these 4 examples, got one of 5"),
    ):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            backward(parameters, passed, X_wrong, Y_wrong)


def test_update_refuses_gradients_of_another_network() -> None:
    with pytest.raises(ValueError, match=r"^gradients: expected the shapes of the parameters$"):
        update(initialize(2, 4, seed=0), initialize(1, 4, seed=0), 0.1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_accuracies_are_those_of_the_predictions(dtype: str, activation: str) -> None:
    random = np.random.default_rng(2)
    X, Y = random.normal(size=(3, 101)), random.integers(0, 2, (1, 101))
    networks = [[(W.astype(dtype), b.astype(dtype)) for W, b in initialize(3, "4x2", seed)] for seed in range(3)]
    computed = list(steps.accuracies(iter(networks), X, Y, activation))
    assert computed == [float(np.mean(steps.predict(network, X, activation) == Y)) for network in networks]
    assert list(steps.accuracies([], X, Y)) == []
    first, second, third = steps.accuracies([None, networks[1], None], X, Y, activation)
    assert math.isnan(first)
    assert second == computed[1]
    assert math.isnan(third)
    with pytest.raises(ValueError, match=r"^X: expected 3 features"):
        list(steps.accuracies(networks, X[:2], Y))
