"""The network of the page, in a browser: random numbers, steps and training are those of planar_core and its oracle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from planar_core import initialize
from planar_core.streams import Stream
from tests.helpers.browser import Browser
from tests.oracles import reference


@pytest.fixture
def functions(browser: Browser, page: Path) -> Browser:
    """The page, as whoever was here before left it: what its functions return does not depend on that."""
    if browser.driver.current_url != page.as_uri():
        browser.open(page)
    return browser


def network(browser: Browser, script: str, *arguments: Any) -> Any:
    """What a script returns that has the modules' functions at hand."""
    names = "{ initialize, forward, cost, accuracy, backward, update, Training, RandomState }"
    return browser(
        f"const {names} = planar;"
        "const rows = (array) => array.map((row) => Float64Array.from(row));"
        "const plain = (layers) => layers.map(({ W, b }) => [W.map((row) => [...row]), [...b]]);" + script,
        *arguments,
    )


def layers(given: Any) -> list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    return [(np.array(W), np.array(b).reshape(-1, 1)) for W, b in given]


def problem(features: int = 2, examples: int = 30) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    random = np.random.RandomState(7)
    X = random.randn(features, examples)
    return X, (X[:1] * X[-1:] + 0.3 * random.randn(1, examples) > 0).astype(float)


@pytest.mark.parametrize("seed", [0, 1, 2**31, 2**32 - 1])
def test_random_numbers_are_those_of_the_core(functions: Browser, seed: int) -> None:
    normal, words, order = network(
        functions,
        "const [seed] = arguments, of = (n, f) => Array.from({ length: n }, f);"
        "const [a, b, c] = [new RandomState(seed), new RandomState(seed), new RandomState(seed)];"
        "return [of(1001, () => a.normal()), of(700, () => b.uniform()), [c.permutation(400), c.permutation(3)]];",
        seed,
    )
    np.testing.assert_allclose(normal, Stream(seed).normal(1001), rtol=1e-14, atol=0)
    np.testing.assert_array_equal(words, np.random.RandomState(seed).random_sample(700))
    expected = np.random.RandomState(seed)
    assert order == [expected.permutation(400).tolist(), expected.permutation(3).tolist()]


@pytest.mark.parametrize("init", ["normal", "glorot", "he"])
@pytest.mark.parametrize("hidden", ["0", "4", "3x5x2"])
def test_initial_parameters_are_those_of_the_core(functions: Browser, hidden: str, init: str) -> None:
    for scale in (None, 0.5):
        computed = network(functions, "return plain(initialize(3, ...arguments));", hidden, 2, init, scale)
        expected = initialize(3, hidden, 2, init, scale)
        for (W, b), (expected_W, expected_b) in zip(layers(computed), expected, strict=True):
            np.testing.assert_allclose(W, expected_W, rtol=1e-14, atol=1e-18)
            np.testing.assert_array_equal(b, expected_b)


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "identity"])
@pytest.mark.parametrize("hidden", [(), (4,), (3, 5, 2)])
def test_each_step_is_that_of_the_formulas(functions: Browser, hidden: tuple[int, ...], activation: str) -> None:
    X, Y = problem(3)
    parameters = reference.initial(3, hidden, 5, init_scale=1.0)
    Z, A = reference.forward(parameters, X, activation)
    gradients = reference.backward(parameters, A, X, Y, activation)
    computed = network(
        functions,
        """const [given, X, Y, activation] = arguments;
        const parameters = given.map(([W, b]) => ({ W: rows(W), b: Float64Array.from(b) }));
        const { A, Z } = forward(parameters, rows(X), activation);
        const gradients = backward(parameters, A, rows(X), Float64Array.from(Y), activation);
        update(parameters, gradients, 0.5, 0.25);
        return { A: A.map((layer) => layer.map((row) => [...row])), cost: cost(Z, Y), accuracy: accuracy(Z, Y),
          gradients: plain(gradients), updated: plain(parameters) };""",
        [[W.tolist(), b.ravel().tolist()] for W, b in parameters], X.tolist(), Y[0].tolist(), activation,
    )  # fmt: skip
    for layer, expected in zip(computed["A"], A, strict=True):
        np.testing.assert_allclose(layer, expected, rtol=1e-12)
    assert computed["cost"] == pytest.approx(reference.cost(Z, Y), rel=1e-13)
    assert computed["accuracy"] == reference.accuracy(Z, Y)
    rates = [0.5] * len(hidden) + [0.25]
    updated = [
        reference.update([pair], [step], rate)[0] for pair, step, rate in zip(parameters, gradients, rates, strict=True)
    ]
    for name, wanted in (("gradients", gradients), ("updated", updated)):
        for (W, b), (expected_W, expected_b) in zip(layers(computed[name]), wanted, strict=True):
            np.testing.assert_allclose(W, expected_W, rtol=1e-10, atol=1e-14)
            np.testing.assert_allclose(b, expected_b, rtol=1e-10, atol=1e-14)


def test_a_saturated_network_has_a_finite_cost(functions: Browser) -> None:
    assert network(functions, "return cost([800, -800, 0], [1, 1, 0]);") == pytest.approx((800 + np.log(2)) / 3)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"activation": "relu", "output_learning_rate": 0.01, "init": "he"},
        {"optimizer": "momentum", "momentum": 0.8, "l1": 0.01},
        {"optimizer": "adam", "beta1": 0.8, "beta2": 0.99, "l2": 0.1, "learning_rate": 0.05},
        {"batch_size": 7, "activation": "sigmoid", "init": "glorot"},
        {"batch_size": 30},
        {"batch_size": 16, "optimizer": "adam", "l1": 0.01, "l2": 0.01, "learning_rate": 0.02},
        {"bias": False, "output_init_scale": 0.3, "init_offset": 0.2},
        {"bias": False, "optimizer": "adam", "batch_size": 7, "learning_rate": 0.02},
    ],
    ids=str,
)
@pytest.mark.parametrize("hidden", [(), (4,), (3, 2)])
def test_training_is_that_of_the_formulas(functions: Browser, hidden: tuple[int, ...], how: dict[str, Any]) -> None:
    X, Y = problem()
    how = {"learning_rate": 0.5, **how}
    text = "x".join(map(str, hidden)) or "0"
    computed = network(
        functions,
        """const [X, Y, how] = arguments, training = new Training(rows(X), Float64Array.from(Y), how), all = [];
        for (let k = 0; k <= 40; k++) {
          const { cost, accuracy } = training.measure();
          all.push([cost, accuracy]);
          training.step();
        }
        training.restart();
        return [all, training.measure().cost];""",
        X.tolist(), Y[0].tolist(), {**how, "hidden": text, "seed": 2**31 + 3},
    )  # fmt: skip
    expected = reference.train(X, Y, hidden, how.pop("learning_rate"), 40, 2**31 + 3, "float64", **how)
    np.testing.assert_allclose(computed[0], [[cost, accuracy] for cost, accuracy, _ in expected], rtol=1e-9)
    assert computed[1] == computed[0][0][0]  # restart() forgets everything
