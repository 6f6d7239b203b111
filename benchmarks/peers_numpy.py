"""Peers: plain NumPy, a network at a time or all networks of a group at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.workload import Array, Layers, Workload, copied


def descend(layers: Layers, X: Array, Y: Array, learning_rate: Array, iterations: int) -> None:
    """Gradient descent in place, on one network, or on many with the networks on a leading axis of W and b.

    ``learning_rate`` broadcasts against W and b. Temporary arrays are overwritten where they can be.
    """
    examples = X.shape[1]
    for _ in range(iterations):
        A = [X]
        for W, b in layers[:-1]:
            Z = _multiply(W, A[-1])
            Z += b
            A.append(np.tanh(Z, out=Z))
        W, b = layers[-1]
        dZ = _multiply(W, A[-1])
        dZ += b
        np.negative(dZ, out=dZ)
        np.exp(dZ, out=dZ)
        dZ += 1
        np.reciprocal(dZ, out=dZ)
        dZ -= Y
        dZ /= examples
        for layer in range(len(layers) - 1, -1, -1):
            W, b = layers[layer]
            dW = _multiply(dZ, _transposed(A[layer]))
            db = dZ.sum(axis=-1, keepdims=True)
            if layer:
                dZ = _transposed(W) @ dZ
                slope = np.square(A[layer], out=A[layer])
                np.subtract(1, slope, out=slope)
                dZ *= slope
            W -= learning_rate * dW
            b -= learning_rate * db


def _transposed(a: Array) -> Array:
    return a.swapaxes(-1, -2)


def _multiply(a: Array, b: Array) -> Array:
    """``a @ b``; as one product of matrices instead of many small ones where b is the same for all networks."""
    if a.ndim == 3 and b.ndim == 2:
        return (a.reshape(-1, a.shape[2]) @ b).reshape(a.shape[0], a.shape[1], b.shape[1])
    return a @ b


class Loop:
    """One network after the other."""

    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        self.trained: list[Layers] = []

    def train(self, iterations: int) -> None:
        """Train every network from its initial parameters."""
        self.trained = [copied(group.initial) for group in self.workload.groups]
        for layers, group in zip(self.trained, self.workload.groups, strict=True):
            self._train_group(layers, group.learning_rates, iterations)

    def _train_group(self, layers: Layers, learning_rates: Sequence[float], iterations: int) -> None:
        X, Y = self.workload.X, self.workload.Y
        for k, rate in enumerate(learning_rates):
            descend([(W[k], b[k]) for W, b in layers], X, Y, X.dtype.type(rate), iterations)

    def parameters(self) -> list[Layers]:
        """Of each group, as they are after ``train``."""
        return self.trained


class Batched(Loop):
    """All networks of a group at once."""

    def _train_group(self, layers: Layers, learning_rates: Sequence[float], iterations: int) -> None:
        X, Y = self.workload.X, self.workload.Y
        descend(layers, X, Y, np.array(learning_rates, X.dtype).reshape(-1, 1, 1), iterations)
