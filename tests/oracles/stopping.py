"""Early stopping once more, in plain NumPy: the validation part, and where a training ends."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.oracles import reference
from tests.oracles.reference import Array, Parameters


class Training(NamedTuple):
    """A training that was stopped: one number for each record."""

    iterations: list[int]
    costs: list[float]
    validation_costs: list[float]
    stopped_at: int
    parameters: Parameters  # of that iteration


def validation_part(labels: NDArray[Any] | None, n: int, seed: int, fraction: float) -> list[int]:
    """The examples to validate on: of each class the first ones in a random order; ``labels`` is None for values."""
    order = np.random.RandomState((seed + 3_500_000_000) % 2**32).permutation(n).tolist()
    classes = [0] * n if labels is None else [int(label) for label in labels]
    chosen: list[int] = []
    for label in set(classes):
        members = [row for row in order if classes[row] == label]
        chosen += members[: max(1, math.floor(fraction * len(members) + 0.5))]
    return sorted(chosen)


def balanced(labels: Array) -> Array:
    """A weight for each example: each class has the same total."""
    return np.array([1 / np.sum(labels == label) for label in labels])


def train(
    X: Array,
    Y: Array,
    iterations: int,
    record_every: int,
    patience: int,
    fraction: float,
    seed: int,
    task: str = "binary",
    is_balanced: bool = False,
    **how: Any,
) -> Training:
    """Train on a part of the examples, for all iterations; then look where it should have stopped."""
    rows = validation_part(None if task == "regression" else Y[0], X.shape[1], seed, fraction)
    rest = [row for row in range(X.shape[1]) if row not in rows]
    weights = balanced(Y[0, rest]) if is_balanced else None
    of_validation = balanced(Y[0, rows]) if is_balanced else None
    history = reference.train(
        X[:, rest], Y[:, rest], iterations=iterations, seed=seed, task=task, sample_weight=weights, **how
    )
    done = Training([], [], [], 0, history[0][2])
    X, Y = X.astype(how["dtype"]), Y.astype(how["dtype"])
    without_a_lower_one = 0
    for iteration, (cost, _, parameters) in enumerate(history):
        if iteration % record_every and iteration != iterations:
            continue
        Z, _ = reference.forward(parameters, X[:, rows], how.get("activation", "tanh"), task)
        validation_cost = reference.cost(Z, Y[:, rows], task, of_validation)
        without_a_lower_one += 1
        if not done.validation_costs or validation_cost < min(done.validation_costs):
            without_a_lower_one = 0
            done = done._replace(stopped_at=iteration, parameters=parameters)
        done.iterations.append(iteration)
        done.costs.append(cost)
        done.validation_costs.append(validation_cost)
        if without_a_lower_one == patience:
            break
    return done
