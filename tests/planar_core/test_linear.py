"""Ridge and logistic regression against oracles, scikit-learn, and what must hold whatever the input."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from planar_core import linear
from planar_core.linear import linear_outputs, logistic, ridge
from tests.oracles import linear as oracle

Array = npt.NDArray[np.float64]
INF = float("inf")


def standardized(X: Array) -> Array:
    spread = X.std(axis=0)
    scaled: Array = (X - X.mean(axis=0)) / np.where(spread > 0, spread, 1)
    return scaled


def shaped(kind: str, random: np.random.Generator, n: int, d: int) -> Array:
    """Features of some kind: (examples, features)."""
    X = random.normal(size=(n, d))
    if kind == "constant":
        X[:, 0] = 0.1
    if kind == "collinear" and d > 2:
        X[:, 1], X[:, 2] = X[:, 0], 1 - 2 * X[:, 0]
    if kind == "twice":
        X[n // 2 :] = X[: n - n // 2]
    if kind == "far":
        X = X * np.logspace(-1.5, 1.5, d) + 20
    return np.round(X, 6)


def assert_same(model: linear.Model, expected: tuple[Array, Array], X: Array, rtol: float = 1e-8) -> None:
    W, b = model
    scale = max(1.0, np.abs(expected[0]).max())
    np.testing.assert_allclose(W, expected[0], rtol=0, atol=rtol * scale)
    Z = X @ expected[0].T + expected[1]
    np.testing.assert_allclose(linear_outputs(model, X.T), Z.T, rtol=0, atol=rtol * max(1.0, np.abs(Z).max()))
    assert b.shape == (len(W), 1)


# --- ridge regression


@pytest.mark.parametrize("kind", ["plain", "constant", "collinear", "twice", "far"])
@pytest.mark.parametrize(("n", "d"), [(1, 1), (1, 3), (2, 2), (30, 1), (40, 7), (129, 33), (7, 40), (20, 300)])
@pytest.mark.parametrize("weighted", [False, True])
def test_ridge_agrees_with_the_oracle(kind: str, n: int, d: int, weighted: bool) -> None:
    random = np.random.default_rng([n, d])
    X, y = shaped(kind, random, n, d), random.normal(3, 2, n)
    weight = random.integers(0, 4, n) + (np.arange(n) == 0) if weighted else np.ones(n)
    for penalty in (1e-2, 1.0, 100.0):
        expected = oracle.ridge(X, y, penalty, weight)
        computed = ridge(X.T, y, penalty, weight if weighted else None)
        assert_same(computed, expected, X, rtol=1e-7 if kind == "far" else 1e-9)


@pytest.mark.parametrize("scale", [True, False])
def test_ridge_agrees_with_scikit_learn(scale: bool) -> None:
    X, y = load_breast_cancer(return_X_y=True)
    X = standardized(X) if scale else X
    model = Ridge(alpha=1, solver="svd").fit(X, y)
    computed = ridge(X.T, y)
    np.testing.assert_allclose(computed[0][0], model.coef_, rtol=0, atol=1e-9)
    np.testing.assert_allclose(linear_outputs(computed, X.T)[0], model.predict(X), rtol=0, atol=1e-9)


def test_weights_are_copies_of_examples() -> None:
    random = np.random.default_rng(1)
    X, y, copies = random.normal(size=(25, 4)), random.integers(0, 3, 25), random.integers(0, 4, 25)
    many = np.repeat(np.arange(25), copies)
    assert_same(ridge(X.T, y, 1.0, copies), ridge_pair(X[many], y[many]), X)
    for classes, labels in ((2, y % 2), (3, y)):
        W, b = logistic(X[many].T, labels[many], classes)
        assert_same(logistic(X.T, labels, classes, 1.0, copies), (W, b[:, 0]), X)


def ridge_pair(X: Array, y: npt.NDArray[Any]) -> tuple[Array, Array]:
    W, b = ridge(X.T, y)
    return W, b[:, 0]


def test_a_constant_target_and_constant_features() -> None:
    X = np.random.default_rng(2).normal(size=(3, 20))
    for y in (0.1, -7e5):
        W, b = ridge(X, np.full(20, y))
        assert (W.tolist(), b.tolist()) == ([[0.0] * 3], [[y]])
    W, b = ridge(np.full((2, 20), 0.3), np.arange(20.0))
    assert (W.tolist(), b.tolist()) == ([[0.0, 0.0]], [[9.5]])


# --- logistic regression


@pytest.mark.parametrize("kind", ["plain", "constant", "collinear", "twice", "far"])
@pytest.mark.parametrize(("n", "d"), [(3, 1), (30, 1), (60, 7), (129, 20), (7, 15), (20, 60)])
@pytest.mark.parametrize("classes", [2, 3, 5])
def test_logistic_agrees_with_the_oracle(kind: str, n: int, d: int, classes: int) -> None:
    random = np.random.default_rng([n, d, classes])
    X = shaped(kind, random, n, d)
    y = np.concatenate([np.arange(min(classes, n)), random.integers(0, classes, n)])[:n]
    classes = min(classes, n)
    weight = np.ones(n) if kind != "plain" else random.integers(1, 4, n) / 2
    for penalty in (0.1, 1.0, 30.0):
        expected = oracle.logistic(X, y, classes, penalty, weight)
        computed = logistic(X.T, y, classes, penalty, weight)
        assert_same(computed, expected, X, rtol=1e-6 if kind == "far" else 1e-7)
        if kind != "far":  # the solution is where the gradient is 0
            dW, db = oracle.gradient(computed[0], computed[1][:, 0], X, y, penalty, weight)
            assert max(np.abs(dW).max(), np.abs(db).max()) < 1e-8


@pytest.mark.parametrize("solver", ["newton-cholesky", "lbfgs"])
@pytest.mark.parametrize("data", ["breast cancer", "raw breast cancer", "iris", "digits", "wide", "separable"])
def test_logistic_agrees_with_scikit_learn(data: str, solver: str) -> None:
    random = np.random.default_rng(4)
    if data.endswith("cancer"):
        X, y = load_breast_cancer(return_X_y=True)
        X = X if data.startswith("raw") else standardized(X)
    elif data == "iris":
        X, y = load_iris(return_X_y=True)
    elif data == "digits":
        X, y = load_digits(return_X_y=True)
        X = standardized(X)[::6, :40]
        y = y[::6]
    else:
        X = random.normal(size=(60, 200 if data == "wide" else 4))
        y = random.integers(0, 3, 60) if data == "wide" else (X[:, 0] > 0).astype(int)
    if solver == "lbfgs" and data.startswith("raw"):
        pytest.skip("lbfgs does not get there without standardized features")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = LogisticRegression(C=1, solver=solver, tol=1e-12, max_iter=20_000).fit(X, y)
    W, b = logistic(X.T, y, int(y.max()) + 1)
    # lbfgs stops where the objective does not change in its last digits, and so the coefficients have half of them.
    atol = 1e-8 if solver == "newton-cholesky" else 1e-5
    np.testing.assert_allclose(W, fitted.coef_, rtol=0, atol=atol)
    p = fitted.predict_proba(X).T
    Z = linear_outputs((W, b), X.T)
    computed = 1 / (1 + np.exp(-Z[0])) if len(Z) == 1 else oracle.softmax(Z.T).T
    np.testing.assert_allclose(computed, p[1] if len(Z) == 1 else p, rtol=0, atol=atol)


def test_the_solution_is_nearer_than_that_of_lbfgs() -> None:
    X, y = load_iris(return_X_y=True)
    fitted = LogisticRegression(C=1, tol=1e-12, max_iter=20_000).fit(X, y)
    W, b = logistic(X.T, y, 3)
    of = [
        max(np.abs(part).max() for part in oracle.gradient(coefficients, intercepts, X, y, 1.0, np.ones(len(y))))
        for coefficients, intercepts in ((W, b[:, 0]), (fitted.coef_, fitted.intercept_))
    ]
    assert of[0] < 1e-11
    assert of[0] < of[1]


@pytest.mark.parametrize("gap", [1.0, 1e3, 1e6])
@pytest.mark.parametrize("penalty", [1e-8, 1.0])
def test_separable_data(gap: float, penalty: float) -> None:
    X = np.array([[-2.0, -1.0, 1.0, 2.0]]) * gap
    y = np.array([0, 0, 1, 1])
    W, b = logistic(X, y, 2, penalty)
    assert np.isfinite(W).all()
    assert W[0, 0] > 0
    assert b[0, 0] == pytest.approx(0, abs=1e-6)
    residual = 1 / (1 + np.exp(np.abs(X[0]) * W[0, 0]))
    assert penalty * W[0, 0] == pytest.approx(float((residual * np.abs(X[0])).sum()), rel=1e-4)


def test_hopeless_features_leave_the_shares() -> None:
    X = np.zeros((3, 10))
    y = np.array([0, 0, 0, 0, 0, 0, 0, 1, 1, 2])
    W, b = logistic(X, y, 3)
    np.testing.assert_array_equal(W, np.zeros((3, 3)))
    np.testing.assert_allclose(oracle.softmax(b.T)[0], [0.7, 0.2, 0.1], rtol=1e-12)
    W, b = logistic(X, y > 0, 2)
    assert b[0, 0] == pytest.approx(np.log(3 / 7), rel=1e-12)


def test_one_class_only() -> None:
    X = np.random.default_rng(1).normal(size=(2, 5))
    for label, b in ((0, -INF), (1, INF)):
        model = logistic(X, np.full(5, label), 2)
        assert (model[0].tolist(), model[1].tolist()) == ([[0.0, 0.0]], [[b]])
        assert linear_outputs(model, X).tolist() == [[b] * 5]
    model = logistic(X, np.full(5, 1), 3)
    assert (model[0].tolist(), model[1].tolist()) == ([[0.0, 0.0]] * 3, [[-INF], [0.0], [-INF]])
    # a class that weighs nothing is not there either
    model = logistic(X, [0, 0, 0, 0, 1], 2, 1.0, [1, 1, 1, 1, 0])
    assert model[1].tolist() == [[-INF]]


def test_a_class_that_no_example_has() -> None:
    random = np.random.default_rng(2)
    X, y = random.normal(size=(3, 40)), random.integers(0, 3, 40)
    W, b = logistic(X, y, 3)
    W4, b4 = logistic(X, np.array([0, 1, 3])[y], 4)
    np.testing.assert_array_equal(W4, [W[0], W[1], np.zeros(3), W[2]])
    np.testing.assert_array_equal(b4, [b[0], b[1], [-INF], b[2]])


def test_the_mean_of_the_intercepts_is_zero_and_so_are_the_sums_of_the_weights() -> None:
    random = np.random.default_rng(3)
    W, b = logistic(random.normal(5, 1, size=(6, 80)), random.integers(0, 4, 80), 4)
    np.testing.assert_allclose(W.sum(axis=0), 0, atol=1e-10)
    assert b.sum() == pytest.approx(0, abs=1e-13)


@pytest.mark.parametrize("classes", [2, 4])
def test_very_many_features_need_no_decomposition(classes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(5)
    X, y = random.normal(size=(30, 90)), random.integers(0, classes, 90)
    expected = logistic(X, y, classes)
    monkeypatch.setattr(linear, "_MOST_BLOCKED", 10)
    computed = logistic(X, y, classes)
    np.testing.assert_allclose(computed[0], expected[0], rtol=0, atol=1e-9)
    assert not np.array_equal(computed[0], expected[0])


@pytest.mark.parametrize("m", [1, 8, 9, 1023, 1025, 2049])
def test_whole_vectors_and_tiles_are_no_special_cases(m: int) -> None:
    random = np.random.default_rng(m)
    X, y = random.normal(size=(5, m)), random.normal(size=m)
    assert_same(ridge(X, y), oracle.ridge(X.T, y, 1.0, np.ones(m)), X.T)


def test_arguments_are_left_alone() -> None:
    random = np.random.default_rng(6)
    X, y, weight = random.normal(size=(3, 20)), random.integers(0, 2, 20).astype(float), random.random(20)
    before = X.copy(), y.copy(), weight.copy()
    ridge(X, y, 1.0, weight)
    logistic(X, y, 2, 1.0, weight)
    for array, copy in zip((X, y, weight), before, strict=True):
        np.testing.assert_array_equal(array, copy)
    np.testing.assert_array_equal(ridge(np.asfortranarray(X), y[np.newaxis])[0], ridge(X, y)[0])


@pytest.mark.slow
def test_large_tables() -> None:
    random = np.random.default_rng(7)
    X = random.normal(size=(20, 100_000))
    y = (random.normal(size=20) @ X + random.logistic(size=100_000) > 1).astype(int)
    W, b = logistic(X, y)
    dW, db = oracle.gradient(W, b[:, 0], X.T, y, 1.0, np.ones(100_000))
    assert max(np.abs(dW).max(), np.abs(db).max()) < 1e-6
    X, y = random.normal(size=(10_000, 200)), random.integers(0, 2, 200)
    W, b = logistic(X, y)
    dW, db = oracle.gradient(W, b[:, 0], X.T, y, 1.0, np.ones(200))
    assert max(np.abs(dW).max(), np.abs(db).max()) < 1e-8
    expected = Ridge(alpha=1).fit(X.T, y)
    np.testing.assert_allclose(ridge(X, y)[0][0], expected.coef_, rtol=0, atol=1e-10)


# --- errors


X3 = np.zeros((2, 3))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros(3), [0, 1, 0]), "X: expected finite numbers in the shape (features, examples), got the shape (3,)"),
        (
            (np.zeros((2, 0)), []),
            "X: expected finite numbers in the shape (features, examples), got the shape (2, 0)",
        ),
        (
            (np.full((2, 3), np.nan), [0, 1, 0]),
            "X: expected finite numbers in the shape (features, examples), got the shape (2, 3)",
        ),
        ((X3, [0, 1]), "Y: expected 3 finite numbers, one for each example, got the shape (2,)"),
        ((X3, [0, 1, np.nan]), "Y: expected 3 finite numbers, one for each example, got the shape (3,)"),
    ],
)
def test_bad_examples_are_refused(arguments: Any, message: str) -> None:
    for model in (ridge, logistic):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            model(*arguments)


@pytest.mark.parametrize("penalty", [0.0, -1.0, np.nan, INF])
def test_bad_penalties_are_refused(penalty: float) -> None:
    with pytest.raises(ValueError, match=f"^penalty={penalty!r}: expected a number above 0$"):
        ridge(X3, [0, 1, 0], penalty)


@pytest.mark.parametrize("weight", [[1, 1], [0, 0, 0], [1, -1, 1], [1, np.nan, 1]])
def test_bad_weights_are_refused(weight: list[float]) -> None:
    with pytest.raises(ValueError, match=r"^sample_weight: expected 3 numbers of 0 or more, not all 0$"):
        logistic(X3, [0, 1, 0], 2, 1.0, weight)


def test_bad_classes_are_refused() -> None:
    for y in ([0, 1, 2], [0, -1, 1], [0, 0.5, 1]):
        with pytest.raises(ValueError, match=r"^Y: expected classes, integers from 0 to 1$"):
            logistic(X3, y)
    with pytest.raises(ValueError, match=re.escape("X: expected the shape (2, examples), got (3, 2)")):
        linear_outputs((np.zeros((1, 2)), np.zeros((1, 1))), np.zeros((3, 2)))
