"""The network of ``planar_core`` once more, in plain NumPy: slow, obvious, and sharing no line with what it checks.

Arrays are (features or units, examples), as in the formulas. Everything is computed in the dtype of the arguments.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Parameters = list[tuple[Array, Array]]


def shapes(features: int, hidden: Sequence[int], outputs: int = 1) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """((units, inputs), (units, 1)) of each layer; the last layer has ``outputs`` units."""
    result = []
    inputs = features
    for units in [*hidden, outputs]:
        result.append(((units, inputs), (units, 1)))
        inputs = units
    return result


def initial(
    features: int,
    hidden: Sequence[int],
    seed: int,
    init: str = "normal",
    init_scale: float | None = None,
    outputs: int = 1,
    output_init_scale: float | None = None,
    init_offset: float = 0.0,
) -> Parameters:
    """Weights: a scale times randn, from one stream, layer by layer from the input; biases zero.

    The output layer may have a scale of its own; the offset goes to the weights of the others.
    """
    random = np.random.RandomState(seed)
    parameters: Parameters = []
    for layer, ((units, inputs), b) in enumerate(shapes(features, hidden, outputs)):
        is_output = layer == len(hidden)
        variance = {"normal": 1.0, "glorot": 2 / (units + inputs), "he": 2 / inputs}[init]
        scale = {"normal": 0.01, "glorot": 1.0, "he": 1.0}[init] if init_scale is None else init_scale
        if is_output and output_init_scale is not None:
            scale = output_init_scale
        W = random.randn(units, inputs) * (scale * variance**0.5)
        parameters.append((W if is_output else W + init_offset, np.zeros(b)))
    return parameters


def activate(activation: str, Z: Array) -> Array:
    """The activation function of hidden units."""
    if activation == "tanh":
        return np.tanh(Z)
    if activation == "sigmoid":
        output: Array = 1 / (1 + np.exp(-np.maximum(Z, -87)))  # beyond it e^-z overflows in float32
        return output
    return np.maximum(Z, 0) if activation == "relu" else Z


def slope(activation: str, A: Array) -> Array:
    """Its derivative, from its value."""
    one = np.ones_like(A)
    return {"tanh": one - A**2, "sigmoid": A * (1 - A), "relu": np.where(A > 0, one, 0 * one), "identity": one}[
        activation
    ]


def output(task: str, Z: Array) -> Array:
    """What the output layer makes of its Z."""
    if task == "binary":
        return activate("sigmoid", Z)
    if task == "regression":
        return Z.copy()
    exponentials = np.exp(Z - Z.max(axis=0))
    return np.asarray(exponentials / exponentials.sum(axis=0))


def forward(
    parameters: Parameters, X: Array, activation: str = "tanh", task: str = "binary"
) -> tuple[list[Array], list[Array]]:
    """(Z, A): Z = W A_below + b and A = activation(Z) of each layer; in the last one A = output(Z)."""
    Z: list[Array] = []
    A: list[Array] = []
    below = X
    for W, b in parameters:
        Z.append(W @ below + b)
        A.append(activate(activation, Z[-1]))
        below = A[-1]
    A[-1] = output(task, Z[-1])
    return Z, A


def one_hot(Y: Array, classes: int) -> Array:
    """(classes, examples): 1 where an example is of the class, else 0."""
    return np.asarray(np.equal(np.arange(classes)[:, np.newaxis], Y), Y.dtype)


def losses(z: Array, Y: Array, task: str) -> Array:
    """The cost of each example, from the Z of the output layer: (1, examples)."""
    if task == "binary":
        return np.asarray(np.maximum(z, 0) - Y * z + np.log1p(np.exp(-np.abs(z))))
    if task == "regression":
        return np.asarray((z - Y) ** 2 / 2)
    z = z - z.max(axis=0)
    own = np.array([[z[int(y), k] for k, y in enumerate(Y[0])]], z.dtype)
    return np.asarray(np.log(np.exp(z).sum(axis=0, keepdims=True)) - own)


def cost(Z: list[Array], Y: Array, task: str = "binary", weights: Array | None = None) -> float:
    """The mean of ``losses``, or the weighted mean."""
    each = losses(Z[-1], Y, task)
    return float(np.mean(each) if weights is None else np.sum(weights * each) / np.sum(weights))


def predictions(z: Array, task: str) -> Array:
    """The class, or the value, from the Z of the output layer: (1, examples)."""
    if task == "regression":
        return z
    return np.asarray(z > 0).astype(int) if task == "binary" else np.argmax(z, axis=0)[np.newaxis]


def accuracy(Z: list[Array], Y: Array, task: str = "binary") -> float:
    """Fraction of the examples with the right class; class 1 where the output exceeds 1/2, that is where Z > 0."""
    return float(np.mean(predictions(Z[-1], task) == Y))


def score(Z: list[Array], Y: Array, task: str) -> float:
    """``accuracy``, or R^2 = 1 - SSE / SST; nan where there is one value alone."""
    if task != "regression":
        return accuracy(Z, Y, task)
    total = np.sum((Y - np.mean(Y)) ** 2)
    return float(1 - np.sum((Z[-1] - Y) ** 2) / total) if total > 0 else np.nan


def backward(
    parameters: Parameters,
    A: list[Array],
    X: Array,
    Y: Array,
    activation: str = "tanh",
    task: str = "binary",
    weights: Array | None = None,
) -> Parameters:
    """[(dW, db), ...]: the derivatives of the cost by the parameters; 0 where all weights are 0."""
    count = X.dtype.type(X.shape[1] if weights is None else np.sum(weights) or 1)
    gradients: Parameters = []
    dZ = A[-1] - (one_hot(Y, len(A[-1])) if task == "multiclass" else Y)
    if weights is not None:
        dZ = dZ * weights
    for layer in reversed(range(len(parameters))):
        below = A[layer - 1] if layer else X
        dW = dZ @ below.T / count
        db = np.sum(dZ, axis=1, keepdims=True) / count
        gradients.insert(0, (dW, db))
        if layer:
            W, _ = parameters[layer]
            dZ = W.T @ dZ * slope(activation, below)
    return gradients


def update(parameters: Parameters, gradients: Parameters, learning_rate: float) -> Parameters:
    """W - learning_rate dW and b - learning_rate db."""
    rate = parameters[0][0].dtype.type(learning_rate)
    return [(W - rate * dW, b - rate * db) for (W, b), (dW, db) in zip(parameters, gradients, strict=True)]


def penalized(parameters: Parameters, gradients: Parameters, l1: float, l2: float) -> Parameters:
    """The gradient of cost + l1 sum |W| + l2/2 sum W^2; biases are free."""
    number = parameters[0][0].dtype.type
    return [
        (dW + number(l1) * np.sign(W) + number(l2) * W, db)
        for (W, _), (dW, db) in zip(parameters, gradients, strict=True)
    ]


class Optimizer:
    """What gradient descent, momentum or Adam subtract, in units of the learning rate, from an array in turn."""

    def __init__(self, name: str, momentum: float, beta1: float, beta2: float) -> None:
        self.name, self.momentum, self.beta1, self.beta2 = name, momentum, beta1, beta2
        self.v: Array | float = 0.0
        self.s: Array | float = 0.0
        self.k = 0

    def step(self, gradient: Array) -> Any:
        """The step of the next update."""
        self.k += 1
        if self.name == "gd":
            return gradient
        if self.name == "momentum":
            self.v = self.momentum * self.v + gradient
            return self.v
        number = gradient.dtype.type
        self.v = number(self.beta1) * self.v + number(1 - self.beta1) * gradient
        self.s = number(self.beta2) * self.s + number(1 - self.beta2) * gradient**2
        unbiased = np.sqrt(self.s / (1 - self.beta2**self.k))
        return (self.v / (1 - self.beta1**self.k) / (unbiased + 1e-8)).astype(gradient.dtype)


def mini_batches(examples: int, size: int | None, seed: int) -> Iterator[NDArray[np.integer]]:
    """The examples of each update: all, or those of a new random order every epoch, ``size`` by ``size``."""
    random = np.random.RandomState(seed ^ 0x9E3779B9)
    while True:
        if size is None or size >= examples:
            yield np.arange(examples)
            continue
        order = random.permutation(examples)
        for start in range(0, examples, size):
            yield order[start : start + size]


def train(
    X: Array,
    Y: Array,
    hidden: Sequence[int],
    learning_rate: float,
    iterations: int,
    seed: int,
    dtype: str,
    activation: str = "tanh",
    output_learning_rate: float | None = None,
    optimizer: str = "gd",
    momentum: float = 0.9,
    beta1: float = 0.9,
    beta2: float = 0.999,
    l1: float = 0.0,
    l2: float = 0.0,
    batch_size: int | None = None,
    init: str = "normal",
    init_scale: float | None = None,
    output_init_scale: float | None = None,
    init_offset: float = 0.0,
    bias: bool = True,
    task: str = "binary",
    classes: int = 1,
    sample_weight: Array | None = None,
) -> list[tuple[float, float, Parameters]]:
    """(cost, accuracy or R^2, parameters) after 0, 1, 2 ... ``iterations`` updates."""
    X, Y = X.astype(dtype), Y.astype(dtype)
    weights = None if sample_weight is None else sample_weight.astype(dtype)
    start = initial(X.shape[0], hidden, seed, init, init_scale, classes, output_init_scale, init_offset)
    parameters = [(W.astype(dtype), b.astype(dtype)) for W, b in start]
    rates = [learning_rate] * len(hidden) + [learning_rate if output_learning_rate is None else output_learning_rate]
    optimizers = [[Optimizer(optimizer, momentum, beta1, beta2) for _ in pair] for pair in parameters]
    batches = mini_batches(X.shape[1], batch_size, seed)
    history = []
    for iteration in range(iterations + 1):
        Z, A = forward(parameters, X, activation, task)
        history.append((cost(Z, Y, task, weights), score(Z, Y, task), parameters))
        if iteration < iterations:
            chosen = next(batches)
            _, A = forward(parameters, X[:, chosen], activation, task)
            chosen_weights = None if weights is None else weights[chosen]
            gradients = backward(parameters, A, X[:, chosen], Y[:, chosen], activation, task, chosen_weights)
            if not bias:
                gradients = [(dW, np.zeros_like(db)) for dW, db in gradients]
            steps = [
                tuple(each.step(gradient) for each, gradient in zip(two, pair, strict=True))
                for two, pair in zip(optimizers, penalized(parameters, gradients, l1, l2), strict=True)
            ]
            parameters = [
                update([pair], [step], rate)[0] for pair, step, rate in zip(parameters, steps, rates, strict=True)
            ]
    return history
