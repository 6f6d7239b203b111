"""Peer: JAX, all networks of a group at once: ``vmap`` of a ``fori_loop`` of ``value_and_grad``, jitted."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks.workload import Array, Layers, Workload

Parameters = list[tuple[jax.Array, jax.Array]]


def cost(parameters: Parameters, X: jax.Array, Y: jax.Array) -> jax.Array:
    """Mean cross-entropy of one network, from its logits."""
    A = X
    for W, b in parameters[:-1]:
        A = jnp.tanh(W @ A + b)
    W, b = parameters[-1]
    Z = W @ A + b
    return jnp.mean(jnp.maximum(Z, 0) - Y * Z + jnp.log1p(jnp.exp(-jnp.abs(Z))))


def descend(
    parameters: Parameters, learning_rate: jax.Array, X: jax.Array, Y: jax.Array, iterations: int
) -> Parameters:
    """Gradient descent on one network."""

    def step(_: Any, parameters: Parameters) -> Parameters:
        _, gradients = jax.value_and_grad(cost)(parameters, X, Y)
        return jax.tree.map(lambda p, g: p - learning_rate * g, parameters, gradients)  # type: ignore[no-any-return]

    return lax.fori_loop(0, iterations, step, parameters)


_descend_all = jax.jit(jax.vmap(descend, in_axes=(0, 0, None, None, None)))


class Vmap:
    """``at_once`` networks of a group at once; 0 for all of them."""

    def __init__(self, workload: Workload, at_once: int = 0) -> None:
        if workload.dtype == "float64" and not jax.config.jax_enable_x64:
            raise ValueError("float64: expected JAX_ENABLE_X64=1 in the environment")
        self.X, self.Y = jnp.asarray(workload.X), jnp.asarray(workload.Y)
        self.groups = []
        for group in workload.groups:
            rates = np.array(group.learning_rates, workload.dtype)
            size = at_once or len(rates)
            self.groups.append(
                [
                    (_to_jax(group.initial, start, size), jnp.asarray(rates[start : start + size]))
                    for start in range(0, len(rates), size)
                ]
            )
        self.trained: list[list[Parameters]] = []

    def train(self, iterations: int) -> None:
        """Train every network from its initial parameters."""
        self.trained = [
            [_descend_all(initial, rates, self.X, self.Y, iterations) for initial, rates in group]
            for group in self.groups
        ]
        jax.block_until_ready(self.trained)

    def parameters(self) -> list[Layers]:
        """Of each group, as they are after ``train``."""
        return [
            [(_joined(W for W, _ in layer), _joined(b for _, b in layer)) for layer in map(list, zip(*group))]
            for group in self.trained
        ]


def _to_jax(layers: Layers, start: int, size: int) -> Parameters:
    chosen = slice(start, start + size)
    return [(jnp.asarray(W[chosen]), jnp.asarray(b[chosen])) for W, b in layers]


def _joined(arrays: Any) -> Array:
    return np.concatenate([np.asarray(array) for array in arrays])
