"""The network of Sohl-Dickstein (2024, arXiv 2402.06184) in its own parametrization, with NumPy.

Weights have a standard deviation of 1 and are divided by the root of their inputs in the forward pass, those of the
output layer twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def losses(
    weights: tuple[Array, Array],
    X: Array,
    Y: Array,
    rates: tuple[float, float],
    iterations: int,
    nonlinearity: str,
    batches: Iterator[Array] | None = None,
) -> Array:
    """mean (Z - Y)^2 of all examples before each update, (iterations,).

    weights: (units, features) and (1, units); X: (features, examples); Y: (1, examples); batches: the examples of each
    update, by default all
    """
    W0, W1 = weights
    root = np.sqrt(len(X))
    found = np.empty(iterations)

    def hidden(X: Array) -> tuple[Array, Array]:
        z = W0 @ X / root
        if nonlinearity == "tanh":
            a = np.tanh(np.sqrt(2) * z)
            return a, np.sqrt(2) * (1 - a * a)
        if nonlinearity == "relu":
            return np.sqrt(2) * np.maximum(z, 0), np.sqrt(2) * (z > 0)
        return z, np.ones_like(z)

    with np.errstate(all="ignore"):
        for k in range(iterations):
            found[k] = np.mean((W1 @ hidden(X)[0] / root / root - Y) ** 2)
            here = np.arange(Y.size) if batches is None else next(batches)
            a, slope = hidden(X[:, here])
            error = 2 * (W1 @ a / root / root - Y[:, here]) / here.size
            dW1 = error @ a.T / root / root
            dW0 = W1.T @ error / root / root * slope @ X[:, here].T / root
            W0, W1 = W0 - rates[0] * dW0, W1 - rates[1] * dW1
    return found
