"""What the output layer is for: classes or values. Its cost, the dZ that starts backpropagation, and its score.

Z are the logits of the last layer, y is what an example has to become::

    task         output A     cost of an example                       dZ             prediction
    binary       sigmoid(z)   max(z,0) - y z + log1p(e^-|z|)           A - y          z > 0
    multiclass   softmax(Z)   log(sum e^(Z - max Z)) - (Z - max Z)[y]  A - onehot(y)  largest Z, the first of equals
    regression   z            (z - y)^2 / 2                            z - y          z

Costs are means over the examples; with weights w of the examples, sum(w cost) / sum(w), and dZ is multiplied by w.
Scores take no account of weights: the fraction of the examples that are classified rightly; of regression
R^2 = 1 - SSE / SST, where SSE = sum (z - y)^2 and SST = sum (y - mean y)^2.

Each task has a type of its own, so that a kernel that is given one is compiled for it, and for no other. Multiclass
has a unit for each class, the others have one unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numba.extending import overload
from numpy.typing import NDArray

from planar_core import elementary
from planar_core.compiling import INLINED, inlined, kernel
from planar_core.elementary import (
    SIGMOID_UNITS,
    exp,
    exp_in_units,
    into_half_angle_range,
    log1p,
    sigmoid_in_units,
)
from planar_core.passes import sum_so_far, weights_above
from planar_core.simd import LANES, absolute, fma, lanes_of, load, select, store, zeros


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
TASKS = tuple(OUTPUTS)


def check_task(task: str) -> None:
    """Raises ValueError for a task that there is not."""
    if task not in TASKS:
        raise ValueError(f"task={task!r}: expected one of {', '.join(TASKS)}")


def output_of(task: str, outputs: int) -> Output:
    """The type of a task. Raises ValueError for one that there is not, or that does not have so many output units."""
    check_task(task)
    if (outputs == 1) == (task == "multiclass"):
        expected = "2 or more, one for each class" if task == "multiclass" else "1"
        raise ValueError(f"outputs={outputs!r}: expected {expected}, for task={task!r}")
    return OUTPUTS[task]


def add_losses(output, row, units, examples, first_block, blocks, A, losses):
    """The vector ``losses`` and the weighted cost of each example, from Z in A[row], A[row + 1] ..."""
    raise NotImplementedError("in jitted code only")


def add_scores(output, row, units, examples, first_block, blocks, A, scores):
    """The vector ``scores`` and 1 for each example that is classified rightly; of regression, its squared error."""
    raise NotImplementedError("in jitted code only")


def score(output, sum_of_scores, examples):
    """Accuracy or R^2, from what ``add_scores`` gives of all examples."""
    raise NotImplementedError("in jitted code only")


def add_residuals(output, row, units, b, examples, first_block, blocks, is_first, A, D, sums):
    """Store dZ of the units in D[row], D[row + 1] ..., from Z in A; add it to the sums of their biases from b on."""
    raise NotImplementedError("in jitted code only")


def from_outputs(output, parameters, w, stride, units, A, D, row, above, blocks, is_first, sums):
    """(the row of D that has W' dZ of the output layer for the unit in ``row``, a factor that it lacks).

    Of one output unit, W' dZ is a row that is there already times a weight, the factor, which is applied to sums in
    the end. Of several it is summed up here, and with it dW of the output layer.
    """
    raise NotImplementedError("in jitted code only")


def has_one_unit(output):
    """Whether it is one unit, whose dW is left to the caller of ``from_outputs``."""
    raise NotImplementedError("in jitted code only")


# --- one unit --------------------------------------------------------------------------------------------


def _binary_losses(output, row, units, examples, first_block, blocks, A, losses):
    for block in range(blocks):
        z, y = load(A, row, block), load(examples.Y, 0, first_block + block)
        loss = select(z > 0.0, z, 0.0) - y * z + log1p(exp(-absolute(z)))
        losses = fma(load(examples.weight, 0, first_block + block), loss, losses)
    return losses


def _binary_hits(output, row, units, examples, first_block, blocks, A, scores):
    for block in range(blocks):
        z, y = load(A, row, block), load(examples.Y, 0, first_block + block)
        scores = fma(load(examples.mask, 0, first_block + block), select(z > 0.0, y, 1.0 - y), scores)
    return scores


def _binary_residuals(output, row, units, b, examples, first_block, blocks, is_first, A, D, sums):
    db = sum_so_far(sums, b, is_first)
    for block in range(blocks):
        a = sigmoid_in_units(into_half_angle_range(load(A, row, block) * SIGMOID_UNITS))
        dz = a - load(examples.Y, 0, first_block + block)
        dz = dz * load(examples.weight, 0, first_block + block)
        store(D, row, block, dz)
        db = db + dz
    store(sums, b, 0, db)


@inlined
def _squared_errors(weight, factor, row, Y, first_block, blocks, A, total):
    """``total`` and factor * weight * (z - y)^2. The weight comes first: 0 for padding, even where a square is inf."""
    for block in range(blocks):
        error = load(A, row, block) - load(Y, 0, first_block + block)
        total = fma(load(weight, 0, first_block + block) * factor * error, error, total)
    return total


def _regression_losses(output, row, units, examples, first_block, blocks, A, losses):
    return _squared_errors(examples.weight, 0.5, row, examples.Y, first_block, blocks, A, losses)


def _regression_errors(output, row, units, examples, first_block, blocks, A, scores):
    return _squared_errors(examples.mask, 1.0, row, examples.Y, first_block, blocks, A, scores)


def _regression_residuals(output, row, units, b, examples, first_block, blocks, is_first, A, D, sums):
    db = sum_so_far(sums, b, is_first)
    for block in range(blocks):
        dz = load(A, row, block) - load(examples.Y, 0, first_block + block)
        dz = dz * load(examples.weight, 0, first_block + block)
        store(D, row, block, dz)
        db = db + dz
    store(sums, b, 0, db)


def _from_one_output(output, parameters, w, stride, units, A, D, row, above, blocks, is_first, sums):
    return above, parameters[w]


# --- a unit for each class ---------------------------------------------------------------------------------


@inlined
def _largest(A, row, units, block):
    """(the largest Z, which unit has it), the first of equals; nan in the first unit stays."""
    largest, which = load(A, row, block), zeros(A)
    for unit in range(1, units):
        z = load(A, row + unit, block)
        which = select(z > largest, unit, which)
        largest = select(z > largest, z, largest)
    return largest, which


def _multiclass_losses(output, row, units, examples, first_block, blocks, A, losses):
    for block in range(blocks):
        y = load(examples.Y, 0, first_block + block)
        largest, which = _largest(A, row, units, block)
        others, own = zeros(A), zeros(A)
        for unit in range(units):
            z = load(A, row + unit, block) - largest
            # The largest one's e^0 is the 1 of log1p: small costs keep their digits.
            others = others + select(which == unit, z, exp(z))
            own = select(y == unit, z, own)
        losses = fma(load(examples.weight, 0, first_block + block), log1p(others) - own, losses)
    return losses


def _multiclass_hits(output, row, units, examples, first_block, blocks, A, scores):
    for block in range(blocks):
        y, mask = load(examples.Y, 0, first_block + block), load(examples.mask, 0, first_block + block)
        _, which = _largest(A, row, units, block)
        scores = scores + select(which == y, mask, 0.0)
    return scores


def _multiclass_residuals(output, row, units, b, examples, first_block, blocks, is_first, A, D, sums):
    for block in range(blocks):
        y, weight = load(examples.Y, 0, first_block + block), load(examples.weight, 0, first_block + block)
        largest, _ = _largest(A, row, units, block)
        total = zeros(A)
        for unit in range(units):
            e = exp_in_units(into_half_angle_range((load(A, row + unit, block) - largest) * SIGMOID_UNITS))
            store(D, row + unit, block, e)
            total = total + e
        scale = weight / total
        for unit in range(units):
            dz = fma(load(D, row + unit, block), scale, select(y == unit, -weight, 0.0))
            store(D, row + unit, block, dz)
    for unit in range(units):
        db = sum_so_far(sums, b + unit, is_first)
        for block in range(blocks):
            db = db + load(D, row + unit, block)
        store(sums, b + unit, 0, db)


def _from_outputs(output, parameters, w, stride, units, A, D, row, above, blocks, is_first, sums):
    weights_above(parameters, w, stride, units, A, D, row, above, blocks, is_first, sums)
    return row, parameters.dtype.type(1)


@kernel
def _softmax(Z, A):
    for block in range(Z.shape[1] // lanes_of(Z)):
        largest, _ = _largest(Z, 0, Z.shape[0], block)
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


@overload(add_losses, jit_options=INLINED)
def _add_losses(output, row, units, examples, first_block, blocks, A, losses):
    return {Binary: _binary_losses, Multiclass: _multiclass_losses, Regression: _regression_losses}[
        output.instance_class
    ]


@overload(add_scores, jit_options=INLINED)
def _add_scores(output, row, units, examples, first_block, blocks, A, scores):
    return {Binary: _binary_hits, Multiclass: _multiclass_hits, Regression: _regression_errors}[output.instance_class]


@overload(score, jit_options=INLINED)
def _score(output, sum_of_scores, examples):
    return _r_squared if output.instance_class is Regression else _accuracy


@overload(add_residuals, jit_options=INLINED)
def _add_residuals(output, row, units, b, examples, first_block, blocks, is_first, A, D, sums):
    return {Binary: _binary_residuals, Multiclass: _multiclass_residuals, Regression: _regression_residuals}[
        output.instance_class
    ]


@overload(from_outputs, jit_options=INLINED)
def _given_by_outputs(output, parameters, w, stride, units, A, D, row, above, blocks, is_first, sums):
    return _from_outputs if output.instance_class is Multiclass else _from_one_output


@overload(has_one_unit, jit_options=INLINED)
def _has_one_unit(output):
    if output.instance_class is Multiclass:
        return lambda output: False
    return lambda output: True
