"""Peer of maps: JAX as Sohl-Dickstein (2024) uses it, all networks at once: ``vmap`` of a training step, jitted.

The network is that of the paper, with its weights and its learning rates: weights of standard deviation 1 that are
divided by the root of their number in the forward pass, and a cost mean (Z - Y)^2.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks.workload import Array

CAP, LAST = 1e6, 20


def output(weights: Any, X: jax.Array) -> jax.Array:
    """Of one network, with tanh: X (points, inputs)."""
    A = X
    for W in weights:
        Z = A @ W / jnp.sqrt(W.shape[0])
        A = jnp.tanh(jnp.sqrt(2) * Z)
    return Z / jnp.sqrt(W.shape[0])


def cost(weights: Any, X: jax.Array, Y: jax.Array) -> jax.Array:
    """Mean squared error."""
    return jnp.mean((output(weights, X) - Y) ** 2)


def step(weights: Any, rates: jax.Array, X: jax.Array, Y: jax.Array) -> tuple[Any, jax.Array]:
    """An update of one network, and the cost before it."""
    before, gradients = jax.value_and_grad(cost)(weights, X, Y)
    return [W - rates[k] * G for k, (W, G) in enumerate(zip(weights, gradients, strict=True))], before


def verdict(costs: jax.Array) -> jax.Array:
    """Whether training converges, from the costs before each update."""
    ratios = jnp.where(jnp.isfinite(costs), costs, CAP) / costs[0]
    return jnp.mean(jnp.minimum(ratios, CAP)[-LAST:]) < 1


_all = partial(jax.vmap, in_axes=(0, 0, None, None))
_step_of_all = jax.jit(_all(step), donate_argnums=0)
_verdicts = jax.jit(jax.vmap(verdict))


def _whole(weights: Any, rates: jax.Array, X: jax.Array, Y: jax.Array, iterations: int) -> jax.Array:
    def one(weights: Any, _: Any) -> tuple[Any, jax.Array]:
        return step(weights, rates, X, Y)

    return verdict(lax.scan(one, weights, None, iterations)[1])


_whole_of_all = jax.jit(jax.vmap(_whole, in_axes=(None, 0, None, None, None)), static_argnums=4)


def _trained(weights: Any, rates: Array, X: Array, Y: Array, iterations: int, form: str) -> Array:
    if form == "one call":
        return np.asarray(_whole_of_all(weights, rates, X, Y, iterations))
    weights = [jnp.tile(W, (len(rates), 1, 1)) for W in weights]  # the notebook's way
    costs = []
    for _ in range(iterations):
        weights, before = _step_of_all(weights, rates, X, Y)
        costs.append(before)
    return np.asarray(_verdicts(jnp.stack(costs, axis=-1)))


def converged(
    weights: list[Array], rates: Array, X: Array, Y: Array, iterations: int, form: str, batch: int
) -> dict[str, Any]:
    """Train a network for each pair of learning rates; the verdicts, and the seconds without and with compiling.

    weights: (inputs, units) and (units, 1) of the paper, the same for all; rates (networks, 2), the paper's; X (points,
    inputs), Y (points, 1); form: "one call", or "a call a step" as in the notebook; batch: networks at a time
    """
    if not jax.config.jax_enable_x64:
        raise ValueError("expected JAX_ENABLE_X64=1 in the environment")
    parts = np.split(rates, range(batch, len(rates), batch))
    start = time.perf_counter()
    sizes = {len(part) for part in parts}
    for size in sizes:
        _trained(weights, rates[:size], X, Y, iterations, form)
    first = time.perf_counter() - start
    wall, cpu = time.perf_counter(), time.process_time()
    verdicts = np.concatenate([_trained(weights, part, X, Y, iterations, form) for part in parts])
    return {
        "converged": verdicts,
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "first": first,
        "share_of_first": sum(sizes) / len(rates),
    }
