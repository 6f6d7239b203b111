"""Peer: JAX, all networks of a group at once: ``vmap`` of a ``fori_loop`` of ``value_and_grad``, jitted."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks.workload import Layers, Workload

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
        updated: Parameters = jax.tree.map(lambda p, g: p - learning_rate * g, parameters, gradients)
        return updated

    trained: Parameters = lax.fori_loop(0, iterations, step, parameters)
    return trained


_descend_all = jax.jit(jax.vmap(descend, in_axes=(0, 0, None, None, None)))


class Vmap:
    """All networks of a group at once."""

    def __init__(self, workload: Workload) -> None:
        self.X, self.Y = jnp.asarray(workload.X), jnp.asarray(workload.Y)
        if self.X.dtype.name != workload.dtype:
            raise ValueError(f"{workload.dtype}: expected JAX_ENABLE_X64=1 in the environment")
        self.groups = [
            (
                [(jnp.asarray(W), jnp.asarray(b)) for W, b in group.initial],
                jnp.asarray(np.array(group.learning_rates, workload.dtype)),
            )
            for group in workload.groups
        ]
        self.trained: list[Parameters] = []

    def train(self, iterations: int) -> None:
        """Train every network from its initial parameters."""
        self.trained = [_descend_all(initial, rates, self.X, self.Y, iterations) for initial, rates in self.groups]
        for array in jax.tree.leaves(self.trained):
            array.block_until_ready()

    def parameters(self) -> list[Layers]:
        """Of each group, as they are after ``train``."""
        return [[(np.asarray(W), np.asarray(b)) for W, b in group] for group in self.trained]
