"""The steps of training, one by one: what a learner meets, on the kernels that the training loop is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from planar_core import kernels, network
from planar_core.elementary import evaluate
from planar_core.kernels import Layout, Workspace
from planar_core.network import Array, Parameters

_FLOAT64 = np.dtype(np.float64)


class Passed(NamedTuple):
    """What a forward pass leaves: one array a layer, each (units, examples). ``A[-1]`` is the network's output."""

    Z: list[Array]
    A: list[Array]


def _hidden(parameters: Parameters) -> tuple[int, tuple[int, ...]]:
    """Features and hidden layers of a network, from the shapes of its parameters."""
    return parameters[0][0].shape[1], tuple(b.shape[0] for _, b in parameters[:-1])


def _layout(parameters: Parameters, X: Array, activation: str) -> Layout:
    features, hidden = _hidden(parameters)
    if X.ndim == 2 and X.shape[0] != features:  # network.examples refuses other dimensions
        raise ValueError(f"X: expected {features} features, as the weights have, got shape {X.shape}")
    return network.layout(features, hidden, activation)


def _rows(layout: Layout, array: Array, count: int) -> list[Array]:
    """The rows of each layer in a workspace array, without padding."""
    return [
        array[row : row + units, :count].copy()
        for row, units in zip(layout.rows.tolist(), layout.units.tolist(), strict=True)
    ]


def _filled(layout: Layout, passed: Passed, space: Workspace) -> Workspace:
    """A workspace as the forward pass left it."""
    arrays = [*passed.A[:-1], passed.Z[-1]]
    for row, units, A in zip(layout.rows, layout.units, arrays, strict=True):
        space.A[row : row + units, : A.shape[1]] = A
    return space


def forward(parameters: Parameters, X: ArrayLike, activation: str = "tanh") -> Passed:
    """Forward pass: Z = W A_below + b, A = tanh(Z), or another ``activation``; in the last layer A = sigmoid(Z).

    X is (features, examples). Returns ``Passed(Z, A)``.
    """
    X = np.asarray(X, dtype=np.float64)
    layout = _layout(parameters, X, activation)
    data = network.examples(X, None, _FLOAT64)
    space = network.workspace(layout, data, whole=True)
    Z = np.zeros_like(space.A)
    kernels.forward_pass(layout, network.pack(parameters, layout, _FLOAT64), data, space, Z)
    passed = Passed(_rows(layout, Z, data.m), _rows(layout, space.A, data.m))
    passed.A[-1] = evaluate("sigmoid", passed.Z[-1])
    return passed


def cost(passed: Passed, Y: ArrayLike) -> float:
    """Mean cross-entropy of a forward pass, from its logits Z: mean( max(Z,0) - Y Z + log1p(e^-|Z|) ).

    Y is (1, examples) or (examples,). Finite even for a saturated network.
    """
    Z = passed.Z[-1]
    layout = network.layout(1, 0)
    data = network.examples(Z, Y, _FLOAT64)
    space = network.workspace(layout, data, whole=True)
    space.A[0, : data.m] = Z[0]
    return float(kernels.cost(layout, data, space))


def backward(
    parameters: Parameters, passed: Passed, X: ArrayLike, Y: ArrayLike, activation: str = "tanh"
) -> Parameters:
    """Backpropagation: [(dW, db), ...], the gradient of the cost, in the shapes of the parameters.

    Last layer: dZ = A - Y; hidden layers: dZ = W_above' dZ_above * (1 - A^2); dW = dZ A_below' / m, db = sum(dZ) / m.
    """
    X = np.asarray(X, dtype=np.float64)
    layout = _layout(parameters, X, activation)
    data = network.examples(X, Y, _FLOAT64)
    if passed.Z[-1].shape[1] != data.m:
        raise ValueError(
            f"passed: expected the forward pass of these {data.m} examples, got one of {passed.Z[-1].shape[1]}"
        )
    space = _filled(layout, passed, network.workspace(layout, data, whole=True))
    kernels.backward_pass(layout, network.pack(parameters, layout, _FLOAT64), data, space)
    return network.unpack(space.gradient, *_hidden(parameters))


def update(parameters: Parameters, gradients: Parameters, learning_rate: float) -> Parameters:
    """One step of gradient descent: W - learning_rate dW, b - learning_rate db. The arguments are left as they are."""
    if [(dW.shape, db.shape) for dW, db in gradients] != [(W.shape, b.shape) for W, b in parameters]:
        raise ValueError("gradients: expected the shapes of the parameters")
    features, hidden = _hidden(parameters)
    layout = network.layout(features, hidden)
    flat = network.pack(parameters, layout, _FLOAT64)
    kernels.update_pass(flat, network.pack(gradients, layout, _FLOAT64), np.full(2, float(learning_rate)), 0)
    return network.unpack(flat, features, hidden)


def accuracies(networks: Sequence[Parameters], X: ArrayLike, Y: ArrayLike, activation: str = "tanh") -> list[float]:
    """The fraction of the examples that each network classifies correctly; all have the same shapes and precision.

    X is (features, examples), Y is (1, examples) or (examples,).
    """
    if not networks:
        return []
    dtype = networks[0][0][0].dtype
    X = np.asarray(X)
    layout = _layout(networks[0], X, activation)
    data = network.examples(X, Y, dtype)
    space = network.workspace(layout, data)
    return [
        float(kernels.evaluate(layout, network.pack(each, layout, dtype), data, space, False)[1]) for each in networks
    ]


def predict_proba(parameters: Parameters, X: ArrayLike, activation: str = "tanh") -> Array:
    """The probability of class 1 for each example: (1, examples)."""
    return forward(parameters, X, activation).A[-1]


def predict(parameters: Parameters, X: ArrayLike, activation: str = "tanh") -> Array:
    """The class of each example, 0 or 1: (1, examples). It is 1 where the output exceeds 1/2, that is where Z > 0."""
    return (forward(parameters, X, activation).Z[-1] > 0).astype(np.int64)
