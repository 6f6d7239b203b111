"""Linear models, slow and obvious, by NumPy's linear algebra. Imports nothing from the code under test.

Here X is (examples, features), as in scikit-learn; W is (units, features), b is (units,).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def ridge(X: Array, y: Array, penalty: float, weight: Array) -> tuple[Array, Array]:
    """Least squares of the examples and, for the penalty, of one more example a feature."""
    d = X.shape[1]
    root = np.sqrt(weight)[:, np.newaxis]
    A = np.block([[root * X, root], [np.sqrt(penalty) * np.eye(d), np.zeros((d, 1))]])
    solution = np.linalg.lstsq(A, np.concatenate([root[:, 0] * y, np.zeros(d)]), rcond=None)[0]
    return solution[np.newaxis, :d], solution[d:]


def softmax(Z: Array) -> Array:
    e = np.exp(Z - Z.max(axis=1, keepdims=True))
    p: Array = e / e.sum(axis=1, keepdims=True)
    return p


def gradient(W: Array, b: Array, X: Array, y: Any, penalty: float, weight: Array) -> tuple[Array, Array]:
    """Of the objective of logistic regression, by W and b; of two classes with one unit."""
    Z = X @ W.T + b
    if len(W) == 1:
        R = weight[:, np.newaxis] * (softmax(np.concatenate([np.zeros_like(Z), Z], axis=1))[:, 1:] - y[:, np.newaxis])
    else:
        R = weight[:, np.newaxis] * (softmax(Z) - np.eye(len(W))[y])
    return R.T @ X + penalty * W, R.sum(axis=0)


def logistic(X: Array, y: Any, classes: int, penalty: float, weight: Array) -> tuple[Array, Array]:
    """Damped Newton steps with the whole Hessian, built entry by entry; of two classes with one unit."""
    n, d = X.shape
    units = 1 if classes == 2 else classes
    X1 = np.concatenate([X, np.ones((n, 1))], axis=1)
    penalties = np.tile(np.append(np.full(d, penalty), 0.0), units)
    theta = np.zeros(units * (d + 1))

    def split(t: Array) -> tuple[Array, Array]:
        rows = t.reshape(units, d + 1)
        return rows[:, :d], rows[:, d]

    def objective(t: Array) -> float:
        W, b = split(t)
        Z = X @ W.T + b
        Z = np.concatenate([np.zeros_like(Z), Z], axis=1) if units == 1 else Z
        costs = np.logaddexp.reduce(Z, axis=1) - Z[np.arange(n), y]
        return float((weight * costs).sum() + 0.5 * (penalties * t * t).sum())

    for _ in range(200):
        W, b = split(theta)
        dW, db = gradient(W, b, X, y, penalty, weight)
        g = np.concatenate([dW, db[:, np.newaxis]], axis=1).reshape(-1)
        Z = X @ W.T + b
        p = softmax(np.concatenate([np.zeros_like(Z), Z], axis=1))[:, 1:] if units == 1 else softmax(Z)
        H = np.diag(penalties)
        for k in range(units):
            for j in range(units):
                curve = weight * (p[:, k] * (k == j) - p[:, k] * p[:, j])
                H[k * (d + 1) : (k + 1) * (d + 1), j * (d + 1) : (j + 1) * (d + 1)] += X1.T @ (curve[:, None] * X1)
        step = -np.linalg.lstsq(H, g, rcond=1e-14)[0]
        a = 1.0
        while a > 1e-9 and objective(theta + a * step) > objective(theta) + 1e-4 * a * float(g @ step) + 1e-12:
            a /= 2
        theta = theta + a * step
        if np.abs(step).max() < 1e-12 * max(1.0, np.abs(theta).max()):
            break
    W, b = split(theta)
    return W, b - b.mean() if units > 1 else b
