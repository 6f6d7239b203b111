"""What is trained: groups of networks of one shape, with data, initial parameters and learning rates for all peers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[Any]
Layers: TypeAlias = list[tuple[Array, Array]]
"""Parameters of the networks of a group, a pair for each layer: W (networks, units, inputs), b (networks, units, 1)."""

LEARNING_RATES = (0.03, 0.1, 0.3, 1.2)


@dataclass(frozen=True, eq=False)
class Group:
    """Networks of one shape."""

    hidden: tuple[int, ...]
    seeds: tuple[int, ...]
    learning_rates: tuple[float, ...]  # one a network
    initial: Layers

    @property
    def units(self) -> int:
        """Units in hidden and output layers."""
        return sum(self.hidden) + 1

    def first(self, networks: int) -> Group:
        """The same with the first few networks alone."""
        initial = [(W[:networks], b[:networks]) for W, b in self.initial]
        return replace(
            self, seeds=self.seeds[:networks], learning_rates=self.learning_rates[:networks], initial=initial
        )


@dataclass(frozen=True, eq=False)
class Workload:
    """Groups that are trained on the same data, in one precision."""

    name: str
    X: Array  # (features, examples), of the precision of the training
    Y: Array  # (1, examples): 0 or 1
    groups: tuple[Group, ...]
    least_iterations: int = 100  # of this project in a measurement, lest its two records weigh too much
    checked_iterations: int = 200  # after which the costs are compared

    @property
    def dtype(self) -> str:
        """float64 or float32."""
        return self.X.dtype.name

    @property
    def activations(self) -> int:
        """Activations in one iteration of every network."""
        return sum(len(group.seeds) * group.units for group in self.groups) * int(self.X.shape[1])

    def thinned(self, networks: int) -> Workload:
        """The same with the first few networks of each group alone."""
        return replace(self, groups=tuple(group.first(networks) for group in self.groups))


def workload(
    name: str,
    X: ArrayLike,
    Y: ArrayLike,
    shapes: Iterable[Sequence[int]],
    networks: int,
    dtype: str,
    **counts: int,
) -> Workload:
    """A workload of ``networks`` networks of each shape; X is (features, examples), Y (1, examples)."""
    X, Y = np.ascontiguousarray(X, dtype), np.asarray(Y, dtype).reshape(1, -1)
    groups = tuple(_group(X.shape[0], tuple(shape), networks, dtype) for shape in shapes)
    return Workload(name, X, Y, groups, **counts)


def _group(features: int, hidden: tuple[int, ...], networks: int, dtype: str) -> Group:
    from planar_core.network import initialize  # here, so that peers' processes need not import Numba

    drawn = [initialize(features, hidden, seed) for seed in range(networks)]
    initial = [
        (np.stack([W for W, _ in layer]).astype(dtype), np.stack([b for _, b in layer]).astype(dtype))
        for layer in zip(*drawn, strict=True)
    ]
    rates = tuple(LEARNING_RATES[k % len(LEARNING_RATES)] for k in range(networks))
    return Group(hidden, tuple(range(networks)), rates, initial)


def copied(layers: Layers) -> Layers:
    """A copy that may be trained in place."""
    return [(W.copy(), b.copy()) for W, b in layers]


def costs(workload: Workload, trained: Sequence[Layers]) -> Array:
    """The cost of every network, in float64, from parameters alone: the judge of what this project and peers did."""
    return np.concatenate([_group_costs(workload, layers) for layers in trained])


def _group_costs(workload: Workload, layers: Layers) -> Array:
    A = workload.X.astype(np.float64)
    for W, b in layers[:-1]:
        A = np.tanh(W.astype(np.float64) @ A + b)
    W, b = layers[-1]
    Z = W.astype(np.float64) @ A + b
    loss = np.maximum(Z, 0) - workload.Y * Z + np.log1p(np.exp(-np.abs(Z)))
    return np.asarray(loss.mean(axis=(1, 2)))
