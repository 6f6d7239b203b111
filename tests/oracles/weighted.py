"""Training with weights of examples, once more: gradient descent on all examples, in plain NumPy, for every task.

One hidden layer of tanh units. Arrays are (examples, features), as those of scikit-learn.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def output(task: str, Z: Array) -> Array:
    """What the output layer makes of its Z, (examples, units)."""
    if task == "regression":
        return Z
    if task == "binary":
        logistic: Array = 1 / (1 + np.exp(-Z))
        return logistic
    e = np.exp(Z - Z.max(axis=1, keepdims=True))
    softmax: Array = e / e.sum(axis=1, keepdims=True)
    return softmax


def cost(task: str, A: Array, Y: Array, weights: Array) -> float:
    """The weighted mean, over the examples, of the cost of an output A that should be Y, both (examples, units)."""
    if task == "regression":
        costs = (A - Y)[:, 0] ** 2 / 2
    elif task == "binary":
        costs = -np.log(np.where(Y == 1, A, 1 - A))[:, 0]
    else:
        costs = -np.log((A * Y).sum(axis=1))
    return float((weights * costs).sum() / weights.sum())


def train(
    task: str,
    X: Array,
    Y: Array,
    weights: Array,
    hidden: int,
    seed: int,
    iterations: int,
    learning_rate: float,
    scale: float,
    l2: float = 0.0,
) -> tuple[list[Array], list[Array], list[float]]:
    """Weights (inputs, units) and biases (units,) of both layers, and the cost before and after each iteration.

    Y is (examples, units): values, classes 0 and 1, or a row for each example with a 1 for its class. Initial weights
    are ``scale`` times one stream of normal numbers, each unit's after those of the unit before.
    """
    random, units = np.random.RandomState(seed), Y.shape[1]
    V, a = scale * random.randn(hidden, X.shape[1]).T, np.zeros(hidden)
    W, b = scale * random.randn(units, hidden).T, np.zeros(units)
    costs = []
    for iteration in range(iterations + 1):
        H = np.tanh(X @ V + a)
        A = output(task, H @ W + b)
        costs.append(cost(task, A, Y, weights))
        if iteration == iterations:
            break
        D = (A - Y) * weights[:, np.newaxis] / weights.sum()
        E = D @ W.T * (1 - H**2)
        W, b = W - learning_rate * (H.T @ D + l2 * W), b - learning_rate * D.sum(axis=0)
        V, a = V - learning_rate * (X.T @ E + l2 * V), a - learning_rate * E.sum(axis=0)
    return [V, W], [a, b], costs
