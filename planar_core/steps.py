"""The steps of training, one by one: what a learner meets, on the kernels that the training loop is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from planar_core import kernels, network
from planar_core.kernels import Layout, Workspace
from planar_core.network import Array, Parameters
from planar_core.outputs import Output, output_of, probabilities

_FLOAT64 = np.dtype(np.float64)


class Passed(NamedTuple):
    """What a forward pass leaves: one array a layer, each (units, examples). ``A[-1]`` is the network's output."""

    Z: list[Array]
    A: list[Array]


def _network(parameters: Parameters) -> tuple[int, tuple[int, ...], int]:
    """Features, hidden layers and output units of a network, from the shapes of its parameters."""
    *hidden, outputs = (b.shape[0] for _, b in parameters)
    return parameters[0][0].shape[1], tuple(hidden), outputs


def _layout(parameters: Parameters, X: Array, activation: str) -> Layout:
    features, hidden, outputs = _network(parameters)
    if X.ndim == 2 and X.shape[0] != features:  # network.examples refuses other dimensions
        raise ValueError(f"X: expected {features} features, as the weights have, got shape {X.shape}")
    return network.layout(features, hidden, activation, outputs)


def _output(task: str, outputs: int) -> tuple[Output, int | None]:
    """The type of a task, and the number of its classes as ``network.examples`` takes it."""
    return output_of(task, outputs), outputs if task == "multiclass" else None


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


def forward(parameters: Parameters, X: ArrayLike, activation: str = "tanh", task: str = "binary") -> Passed:
    """Forward pass: Z = W A_below + b, A = tanh(Z), or another ``activation``.

    In the last layer A = sigmoid(Z); for multiclass softmax(Z), for regression Z. X is (features, examples). Returns
    ``Passed(Z, A)``. Raises ValueError for X or a task that does not fit the parameters.
    """
    points = Points(X)
    layout, space, Z = points.pass_forward(parameters, activation)
    output_of(task, int(layout.units[-1]))
    passed = Passed(_rows(layout, Z, points.data.m), _rows(layout, space.A, points.data.m))
    passed.A[-1] = probabilities(task, passed.Z[-1])
    return passed


class Points:
    """Points, (features, points), for forward passes of many networks, for which room is made once.

    Raises ValueError for anything else.
    """

    def __init__(self, X: ArrayLike) -> None:
        self._X = np.asarray(X, dtype=np.float64)
        self.data = network.examples(self._X, None, _FLOAT64)
        self._made: tuple[Any, Layout, Workspace, Array] | None = None

    def pass_forward(self, parameters: Parameters, activation: str) -> tuple[Layout, Workspace, Array]:
        """What a forward pass leaves in the arrays of the kernels, until the next one: A in the workspace, and Z.

        The last rows of A hold Z of the output. Raises ValueError if the parameters do not fit the points.
        """
        shape = [W.shape for W, _ in parameters], activation
        if self._made is None or self._made[0] != shape:
            layout = _layout(parameters, self._X, activation)
            space = network.workspace(layout, self.data, whole=True)
            self._made = shape, layout, space, np.zeros_like(space.A)
        _, layout, space, Z = self._made
        kernels.forward_pass(layout, network.pack(parameters, layout, _FLOAT64), self.data, space, Z)
        return layout, space, Z

    def outputs(self, parameters: Parameters, activation: str = "tanh") -> Array:
        """Z of the output of a network, (outputs, points): as ``forward(...).Z[-1]``. Raises as ``forward``."""
        layout, _, Z = self.pass_forward(parameters, activation)
        return Z[layout.rows[-1] : layout.rows[-1] + layout.units[-1], : self.data.m].copy()


def cost(passed: Passed, Y: ArrayLike, task: str = "binary", sample_weight: ArrayLike | None = None) -> float:
    """The mean cost of a forward pass, from its Z; ``outputs`` has the formula of each task.

    Binary: mean( max(Z,0) - Y Z + log1p(e^-|Z|) ). Y is (1, examples) or (examples,); ``sample_weight`` is (examples,),
    with which it is sum(w cost) / sum(w). Finite even for a saturated network.
    """
    Z = passed.Z[-1]
    output, classes = _output(task, len(Z))
    layout = network.layout(1, 0, outputs=len(Z))
    data = network.examples(Z, Y, _FLOAT64, task=task, classes=classes, sample_weight=sample_weight)
    space = network.workspace(layout, data, whole=True)
    space.A[:, : data.m] = Z
    return float(kernels.cost(layout, output, data, space))


def backward(
    parameters: Parameters,
    passed: Passed,
    X: ArrayLike,
    Y: ArrayLike,
    activation: str = "tanh",
    task: str = "binary",
    sample_weight: ArrayLike | None = None,
) -> Parameters:
    """Backpropagation: [(dW, db), ...], the gradient of the cost, in the shapes of the parameters.

    Last layer: dZ = A - Y (multiclass: A - onehot(Y)); hidden layers: dZ = W_above' dZ_above * (1 - A^2);
    dW = dZ A_below' / m, db = sum(dZ) / m. With weights of examples dZ of the last layer is multiplied by them, and m
    is their sum.
    """
    X = np.asarray(X, dtype=np.float64)
    layout = _layout(parameters, X, activation)
    output, classes = _output(task, int(layout.units[-1]))
    data = network.examples(X, Y, _FLOAT64, task=task, classes=classes, sample_weight=sample_weight)
    if passed.Z[-1].shape[1] != data.m:
        raise ValueError(
            f"passed: expected the forward pass of these {data.m} examples, got one of {passed.Z[-1].shape[1]}"
        )
    space = _filled(layout, passed, network.workspace(layout, data, whole=True))
    kernels.backward_pass(layout, output, network.pack(parameters, layout, _FLOAT64), data, space)
    return network.unpack(space.gradient, *_network(parameters))


def update(parameters: Parameters, gradients: Parameters, learning_rate: float) -> Parameters:
    """One step of gradient descent: W - learning_rate dW, b - learning_rate db. The arguments are left as they are."""
    if [(dW.shape, db.shape) for dW, db in gradients] != [(W.shape, b.shape) for W, b in parameters]:
        raise ValueError("gradients: expected the shapes of the parameters")
    features, hidden, outputs = _network(parameters)
    layout = network.layout(features, hidden, outputs=outputs)
    flat = network.pack(parameters, layout, _FLOAT64)
    kernels.update_pass(flat, network.pack(gradients, layout, _FLOAT64), np.full(2, float(learning_rate)), 0)
    return network.unpack(flat, features, hidden, outputs)


def scores(
    networks: Iterable[Parameters | None],
    X: ArrayLike,
    Y: ArrayLike,
    activation: str = "tanh",
    task: str = "binary",
) -> Iterator[float]:
    """The accuracy of each network: the fraction of the examples that it classifies correctly; of regression, R^2.

    nan for None, where there is no network. X is (features, examples), Y is (1, examples) or (examples,). All networks
    have the same shapes and precision.
    """
    X, made = np.asarray(X), None
    for parameters in networks:
        if parameters is None:
            yield np.nan
            continue
        if made is None:
            dtype, layout = parameters[0][0].dtype, _layout(parameters, X, activation)
            output, classes = _output(task, int(layout.units[-1]))
            data = network.examples(X, Y, dtype, task=task, classes=classes)
            made = layout, output, data, network.workspace(layout, data)
        layout, output, data, space = made
        packed = network.pack(parameters, layout, data.X.dtype)
        yield float(kernels.evaluate(layout, output, packed, data, space, False)[1])


accuracies = scores
"""The name of ``scores`` where they are those of classes."""


def predict_proba(parameters: Parameters, X: ArrayLike, activation: str = "tanh", task: str = "binary") -> Array:
    """The probability of class 1 for each example: (1, examples). Of multiclass, each class's: (classes, examples).

    Raises ValueError for regression, which has none.
    """
    if task == "regression":
        raise ValueError("task='regression': a regression has no probabilities; predict gives its values")
    return forward(parameters, X, activation, task).A[-1]


def predict(parameters: Parameters, X: ArrayLike, activation: str = "tanh", task: str = "binary") -> Array:
    """The class of each example, an integer from 0 on, or the value of a regression: (1, examples).

    Of two classes, it is 1 where the output exceeds 1/2, that is where Z > 0; of several, that of the largest Z, the
    first of equals.
    """
    Z = forward(parameters, X, activation, task).Z[-1]
    if task == "regression":
        return Z
    if task == "multiclass":
        return Z.argmax(axis=0, keepdims=True)
    return (Z > 0).astype(np.int64)
