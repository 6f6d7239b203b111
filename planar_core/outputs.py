"""The output layer for each task, classes or values: its cost, the dZ that starts backpropagation, and its score.

Z are the logits of the last layer, y is the target of an example::

    task         output A     cost of an example                       dZ             prediction
    binary       sigmoid(z)   max(z,0) - y z + log1p(e^-|z|)           A - y          z > 0
    multiclass   softmax(Z)   log(sum e^(Z - max Z)) - (Z - max Z)[y]  A - onehot(y)  largest Z, the first of equals
    regression   z            (z - y)^2 / 2                            z - y          z

Costs are means over the examples; with weights w of the examples, sum(w cost) / sum(w), and dZ is multiplied by w.
Scores ignore the weights. They are the accuracy for classes, and for regression
R^2 = 1 - SSE / SST, where SSE = sum (z - y)^2 and SST = sum (y - mean y)^2.

Each task has its own type, so that a kernel is compiled for exactly one task. Multiclass has one unit per class, the
others have a single unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numba.extending import overload
from numpy.typing import NDArray

from planar_core import elementary
from planar_core.choices import TASKS, one_of
from planar_core.compiling import CALLED, INLINED, inlined, kernel
from planar_core.elementary import (
    SIGMOID_UNITS,
    above_half_angle_range,
    exp,
    exp_in_units,
    into_half_angle_range,
    log1p,
    log1p_of_exp,
    sigmoid_in_units,
)
from planar_core.passes import so_far
from planar_core.simd import LANES, absolute, fma, lanes_of, load, select, stands_alone, store, zeros


class Binary(NamedTuple):
    """Two classes, 0 and 1, by one unit."""


class Multiclass(NamedTuple):
    """Classes 0, 1, 2 ..., by one unit each."""


class Regression(NamedTuple):
    """A value, by one linear unit."""


Output = Binary | Multiclass | Regression

OUTPUTS: Mapping[str, Output] = MappingProxyType(
    {"binary": Binary(), "multiclass": Multiclass(), "regression": Regression()}
)


def check_task(task: str) -> None:
    """Raises ValueError for an unknown task."""
    one_of("task", task, TASKS)


def output_of(task: str, outputs: int) -> Output:
    """The type of a task. Raises ValueError for an unknown task or the wrong number of output units."""
    check_task(task)
    if (outputs == 1) == (task == "multiclass"):
        expected = "2 or more, one for each class" if task == "multiclass" else "1"
        raise ValueError(f"outputs={outputs!r}: expected {expected}, for task={task!r}")
    return OUTPUTS[task]


def add_losses(output, z, units, y, weight, blocks, losses):
    """Add the weighted cost of each example to the vector ``losses``; z: rows of Z, y and weight: one row each."""
    raise NotImplementedError("in jitted code only")


def add_scores(output, z, units, y, mask, blocks, scores):
    """Add 1 for each correctly classified example to the vector ``scores``; for regression, its squared error."""
    raise NotImplementedError("in jitted code only")


def score(output, sum_of_scores, examples):
    """Accuracy or R^2, from the result of ``add_scores`` for all examples."""
    raise NotImplementedError("in jitted code only")


def add_residuals(output, z, units, y, weight, blocks, weighted, is_in_range, is_first, dz, db):
    """dZ of the units, and the sums db.

    ``weight`` matters from block ``weighted`` on; ``is_in_range`` says that Z * SIGMOID_UNITS is known to be in
    HALF_ANGLE_RANGE.
    """
    raise NotImplementedError("in jitted code only")


# --- one unit --------------------------------------------------------------------------------------------


def _binary_losses(output, z, units, y, weight, blocks, losses):
    stands_alone()
    for block in range(blocks):
        logit = load(z, 0, block)
        loss = select(logit > 0.0, logit, 0.0) - load(y, 0, block) * logit + log1p_of_exp(-absolute(logit))
        losses = fma(load(weight, 0, block), loss, losses)
    return losses


def _binary_hits(output, z, units, y, mask, blocks, scores):
    stands_alone()
    for block in range(blocks):
        label = load(y, 0, block)
        scores = fma(load(mask, 0, block), select(load(z, 0, block) > 0.0, label, 1.0 - label), scores)
    return scores


@inlined
def _weighted(dz, weight, block, weighted):
    return dz * load(weight, 0, block) if block >= weighted else dz


def _binary_residuals(output, z, units, y, weight, blocks, weighted, is_in_range, is_first, dz, db):
    stands_alone()
    b = so_far(db, 0, is_first)
    for block in range(blocks):
        scaled = load(z, 0, block) * SIGMOID_UNITS
        a = sigmoid_in_units(scaled if is_in_range else into_half_angle_range(scaled))
        residual = _weighted(a - load(y, 0, block), weight, block, weighted)
        store(dz, 0, block, residual)
        b = b + residual
    store(db, 0, 0, b)


@inlined
def _squared_errors(factor, z, y, weight, blocks, total):
    """``total`` and factor * weight * (z - y)^2. The weight comes first: 0 for padding, even where a square is inf."""
    for block in range(blocks):
        error = load(z, 0, block) - load(y, 0, block)
        total = fma(load(weight, 0, block) * factor * error, error, total)
    return total


def _regression_losses(output, z, units, y, weight, blocks, losses):
    stands_alone()
    return _squared_errors(0.5, z, y, weight, blocks, losses)


def _regression_errors(output, z, units, y, mask, blocks, scores):
    stands_alone()
    return _squared_errors(1.0, z, y, mask, blocks, scores)


def _regression_residuals(output, z, units, y, weight, blocks, weighted, is_in_range, is_first, dz, db):
    stands_alone()
    b = so_far(db, 0, is_first)
    for block in range(blocks):
        residual = _weighted(load(z, 0, block) - load(y, 0, block), weight, block, weighted)
        store(dz, 0, block, residual)
        b = b + residual
    store(db, 0, 0, b)


# --- a unit for each class ---------------------------------------------------------------------------------


@inlined
def _largest(z, units, block):
    """(the largest Z, its unit), the first of equal ones; a nan in the first unit is kept."""
    largest, which = load(z, 0, block), zeros(z)
    for unit in range(1, units):
        here = load(z, unit, block)
        which = select(here > largest, unit, which)
        largest = select(here > largest, here, largest)
    return largest, which


def _multiclass_losses(output, z, units, y, weight, blocks, losses):
    stands_alone()
    for block in range(blocks):
        label = load(y, 0, block)
        largest, which = _largest(z, units, block)
        others, own = zeros(z), zeros(z)
        for unit in range(units):
            below = load(z, unit, block) - largest
            # The largest one's e^0 is the 1 of log1p: small costs keep their digits.
            others = others + select(which == unit, below, exp(below))
            own = select(label == unit, below, own)
        losses = fma(load(weight, 0, block), log1p(others) - own, losses)
    return losses


def _multiclass_hits(output, z, units, y, mask, blocks, scores):
    stands_alone()
    for block in range(blocks):
        _, which = _largest(z, units, block)
        scores = scores + select(which == load(y, 0, block), load(mask, 0, block), 0.0)
    return scores


def _multiclass_residuals(output, z, units, y, weight, blocks, weighted, is_in_range, is_first, dz, db):
    stands_alone()
    for block in range(blocks):
        label, share = load(y, 0, block), load(weight, 0, block)
        largest, _ = _largest(z, units, block)
        total = zeros(z)
        for unit in range(units):
            e = exp_in_units(above_half_angle_range((load(z, unit, block) - largest) * SIGMOID_UNITS))
            store(dz, unit, block, e)
            total = total + e
        scale = share / total
        for unit in range(units):
            residual = fma(load(dz, unit, block), scale, select(label == unit, -share, 0.0))
            store(dz, unit, block, residual)
    for unit in range(units):
        b = so_far(db, unit, is_first)
        for block in range(blocks):
            b = b + load(dz, unit, block)
        store(db, unit, 0, b)


@kernel
def _softmax(Z, A):
    for block in range(Z.shape[1] // lanes_of(Z)):
        largest, _ = _largest(Z, Z.shape[0], block)
        total = zeros(Z)
        for unit in range(Z.shape[0]):
            e = exp(load(Z, unit, block) - largest)
            store(A, unit, block, e)
            total = total + e
        for unit in range(Z.shape[0]):
            store(A, unit, block, load(A, unit, block) / total)


def probabilities(task: str, Z: NDArray[np.floating]) -> NDArray[np.floating]:
    """A of the output layer, in the shape of Z (units, examples). The bits are the same on every CPU."""
    if task == "regression":
        return Z.copy()
    if task == "binary":
        return elementary.evaluate("sigmoid", Z)
    count = Z.shape[1]
    padded = np.zeros((len(Z), count + -count % LANES[Z.dtype.name]), Z.dtype)
    padded[:, :count] = Z
    _softmax(padded, padded)
    return padded[:, :count].copy()


# --- which is which ----------------------------------------------------------------------------------------


def _accuracy(output, sum_of_scores, examples):
    return sum_of_scores / examples.m


def _r_squared(output, sum_of_scores, examples):
    return 1.0 - sum_of_scores / examples.variation


@overload(add_losses, jit_options=CALLED)
def _add_losses(output, z, units, y, weight, blocks, losses):
    return {Binary: _binary_losses, Multiclass: _multiclass_losses, Regression: _regression_losses}[
        output.instance_class
    ]


@overload(add_scores, jit_options=CALLED)
def _add_scores(output, z, units, y, mask, blocks, scores):
    return {Binary: _binary_hits, Multiclass: _multiclass_hits, Regression: _regression_errors}[output.instance_class]


@overload(score, jit_options=INLINED)
def _score(output, sum_of_scores, examples):
    return _r_squared if output.instance_class is Regression else _accuracy


@overload(add_residuals, jit_options=CALLED)
def _add_residuals(output, z, units, y, weight, blocks, weighted, is_in_range, is_first, dz, db):
    return {Binary: _binary_residuals, Multiclass: _multiclass_residuals, Regression: _regression_residuals}[
        output.instance_class
    ]
