"""The network of ``planar_core`` once more, in plain NumPy: slow, obvious, and sharing no line with what it checks.

Arrays are (features or units, examples), as in the formulas. Everything is computed in the dtype of the arguments.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Parameters = list[tuple[Array, Array]]


def shapes(features: int, hidden: Sequence[int]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """((units, inputs), (units, 1)) of each layer; the last layer has one unit."""
    result = []
    inputs = features
    for units in [*hidden, 1]:
        result.append(((units, inputs), (units, 1)))
        inputs = units
    return result


def initial(features: int, hidden: Sequence[int], seed: int) -> Parameters:
    """Weights 0.01 * randn, from one stream, layer by layer from the input; biases zero."""
    random = np.random.RandomState(seed)
    return [(random.randn(*W) * 0.01, np.zeros(b)) for W, b in shapes(features, hidden)]


def forward(parameters: Parameters, X: Array) -> tuple[list[Array], list[Array]]:
    """(Z, A): Z = W A_below + b and A = tanh(Z) of each layer; in the last one A = sigmoid(Z)."""
    Z: list[Array] = []
    A: list[Array] = []
    below = X
    for W, b in parameters:
        Z.append(W @ below + b)
        A.append(np.tanh(Z[-1]))
        below = A[-1]
    A[-1] = 1 / (1 + np.exp(-np.maximum(Z[-1], -87)))  # -87: beyond it e^-z overflows in float32
    return Z, A


def cost(Z: list[Array], Y: Array) -> float:
    """Mean cross-entropy, from the logits."""
    z = Z[-1]
    return float(np.mean(np.maximum(z, 0) - Y * z + np.log1p(np.exp(-np.abs(z)))))


def accuracy(Z: list[Array], Y: Array) -> float:
    """Fraction of the examples with the right class; class 1 where the output exceeds 1/2, that is where Z > 0."""
    return float(np.mean((Z[-1] > 0) == (Y == 1)))


def backward(parameters: Parameters, A: list[Array], X: Array, Y: Array) -> Parameters:
    """[(dW, db), ...]: the derivatives of the cost by the parameters."""
    count = X.dtype.type(X.shape[1])
    gradients: Parameters = []
    dZ = A[-1] - Y
    for layer in reversed(range(len(parameters))):
        below = A[layer - 1] if layer else X
        dW = dZ @ below.T / count
        db = np.sum(dZ, axis=1, keepdims=True) / count
        gradients.insert(0, (dW, db))
        if layer:
            W, _ = parameters[layer]
            dZ = W.T @ dZ * (1 - below**2)
    return gradients


def update(parameters: Parameters, gradients: Parameters, learning_rate: float) -> Parameters:
    """W - learning_rate dW and b - learning_rate db."""
    rate = parameters[0][0].dtype.type(learning_rate)
    return [(W - rate * dW, b - rate * db) for (W, b), (dW, db) in zip(parameters, gradients, strict=True)]


def train(
    X: Array, Y: Array, hidden: Sequence[int], learning_rate: float, iterations: int, seed: int, dtype: str
) -> list[tuple[float, float, Parameters]]:
    """(cost, accuracy, parameters) after 0, 1, 2 ... ``iterations`` updates."""
    X, Y = X.astype(dtype), Y.astype(dtype)
    parameters = [(W.astype(dtype), b.astype(dtype)) for W, b in initial(X.shape[0], hidden, seed)]
    history = []
    for iteration in range(iterations + 1):
        Z, A = forward(parameters, X)
        history.append((cost(Z, Y), accuracy(Z, Y), parameters))
        if iteration < iterations:
            parameters = update(parameters, backward(parameters, A, X, Y), learning_rate)
    return history
