"""Forward, cost, backward and update on blocks of examples, and the loop that drives them.

The formulas (A of layer 0 is the input X; sums run over the m examples; the last layer has one unit)::

    Z = W A_below + b     A = tanh(Z)     last layer: A = sigmoid(Z)      cost = mean( max(Z,0) - Y Z + log1p(e^-|Z|) )

    last layer:  dZ = A - Y               hidden layer: dZ = W_above' dZ_above * (1 - A^2)
    dW = dZ A_below' / m                  db = sum(dZ) / m
    W <- W - learning_rate dW             b <- b - learning_rate db

How they are laid out for speed:

- Lanes run along the examples, which are padded to whole vectors ("blocks"); ``weight`` is 1 for an example and 0 for
  padding. Each sum over the examples is kept as a vector, so that its bits depend on the number of lanes alone, and is
  added up across the lanes once, at the end.
- A pass over the blocks handles one unit, and keeps the sums of that unit in registers.
- The weight between a unit and the output unit is a factor of each of its dZ. It is applied to their sums, once.
- Inputs of a layer are handled in pairs. An odd number is padded by a row of zeros, with a weight of zero.
- Examples go through in tiles that fit a core's cache. Vector sums live on from tile to tile, so the size of a tile
  changes the speed and no bit.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from planar_core.activations import RANGE, into_range, sigmoid, tanh, tanh_slope
from planar_core.compiling import inlined, kernel
from planar_core.elementary import SIGMOID_UNITS, TANH_UNITS, exp, log1p
from planar_core.simd import absolute, fma, horizontal_sum, lanes_of, load, select, splat, store, zeros


class Layout(NamedTuple):
    """Where each layer's numbers are. All fields are int64 arrays with one entry a layer, the output layer last."""

    inputs: Any  # number of inputs, padded to an even number
    units: Any  # number of units
    weights: Any  # index of W[0, 0] among the parameters; W is (units, inputs), row by row
    biases: Any  # index of b[0] among the parameters
    rows: Any  # row of the first unit in the arrays A and D of the workspace


class Examples(NamedTuple):
    """Examples as the kernels want them: see ``network.examples``."""

    X: Any  # (features padded to an even number, examples padded to whole vectors)
    Y: Any  # (examples padded,): 0 or 1
    weight: Any  # (examples padded,): 1, or 0 for padding
    largest: Any  # (features padded,): the largest magnitude of each feature
    m: int  # number of examples


class Workspace(NamedTuple):
    """Scratch space of one thread: overwritten by every call."""

    A: Any  # (rows, examples of a tile): activations; the output layer's row holds Z
    D: Any  # (rows, examples of a tile): dZ
    sums: Any  # (parameters, lanes): sums over the examples, before they are added up across the lanes
    gradient: Any  # (parameters,)
    scaled: Any  # (parameters,): those of the hidden layers in the unit of the activation function


class Batch(NamedTuple):
    """Runs that differ in initial parameters and learning rate only. Arrays have one entry, or row, a run."""

    parameters: Any  # (runs, parameters): initial ones before, final ones after
    last_finite: Any  # (runs, parameters): those of the last record
    learning_rates: Any  # (runs,)
    costs: Any  # (runs, records), float64
    train_accuracies: Any  # (runs, records), float64
    test_accuracies: Any  # (runs, records), float64; nan without test examples
    records: Any  # (runs,), int64: how many entries of the three are filled
    diverged: Any  # (runs,), bool
    position: Any  # (2,), int64: run and iteration at which to go on


@inlined
def _weighted_sum(weights, w, stride, terms, bias, source, first_row, first_block, blocks, out, row):
    """out[row] = bias + weights[w] source[first_row] + weights[w + stride] source[first_row + 1] + ...

    Up to four terms a pass: their weights stay in registers, and the sum is read and written the less often.
    """
    start = splat(zeros(out), bias)
    j = 0
    while terms - j >= 4:
        k = w + j * stride
        w0, w1, w2, w3 = weights[k], weights[k + stride], weights[k + 2 * stride], weights[k + 3 * stride]
        for block in range(blocks):
            y = load(out, row, block) if j > 0 else start
            y = fma(load(source, first_row + j, first_block + block), w0, y)
            y = fma(load(source, first_row + j + 1, first_block + block), w1, y)
            y = fma(load(source, first_row + j + 2, first_block + block), w2, y)
            store(out, row, block, fma(load(source, first_row + j + 3, first_block + block), w3, y))
        j += 4
    if terms - j >= 2:
        w0, w1 = weights[w + j * stride], weights[w + (j + 1) * stride]
        for block in range(blocks):
            y = load(out, row, block) if j > 0 else start
            y = fma(load(source, first_row + j, first_block + block), w0, y)
            store(out, row, block, fma(load(source, first_row + j + 1, first_block + block), w1, y))
        j += 2
    if terms - j == 1:
        w0 = weights[w + j * stride]
        for block in range(blocks):
            y = load(out, row, block) if j > 0 else start
            store(out, row, block, fma(load(source, first_row + j, first_block + block), w0, y))


@inlined
def _is_in_range(scaled, bias, w, inputs, largest, layer):
    """Whether the sum over the inputs can be told beforehand to stay in the range of the activation function."""
    bound = abs(bias)
    for j in range(inputs):
        bound += abs(scaled[w + j]) * (largest[j] if layer == 0 else 1.0)  # hidden units lie within 1
    return bound < RANGE


@inlined
def forward(layout, parameters, examples, first_block, blocks, workspace, Z):
    """Z = W A_below + b and A = tanh(Z) for ``blocks`` blocks of X; of the output layer A holds Z.

    The Z of every layer goes to the array Z, unless that is None.
    """
    A, scaled = workspace.A, workspace.scaled
    last = layout.units.shape[0] - 1
    for p in range(parameters.shape[0]):
        scaled[p] = parameters[p] * TANH_UNITS if p < layout.weights[last] else parameters[p]
    for layer in range(last + 1):
        inputs = layout.inputs[layer]
        if layer == 0:
            below, below_row, below_block = examples.X, 0, first_block
        else:
            below, below_row, below_block = A, layout.rows[layer - 1], 0
        for unit in range(layout.units[layer]):
            row, w = layout.rows[layer] + unit, layout.weights[layer] + unit * inputs
            bias = scaled[layout.biases[layer] + unit]
            is_in_range = _is_in_range(scaled, bias, w, inputs, examples.largest, layer)
            if inputs == 2 and is_in_range and layer < last and Z is None:  # points in the plane: all in one pass
                w0, w1 = scaled[w], scaled[w + 1]
                for block in range(blocks):
                    y = fma(load(below, below_row, below_block + block), w0, bias)
                    y = fma(load(below, below_row + 1, below_block + block), w1, y)
                    store(A, row, block, tanh(y))
                continue
            # np.int64(1), since for each literal a function is compiled anew
            _weighted_sum(scaled, w, np.int64(1), inputs, bias, below, below_row, below_block, blocks, A, row)
            if Z is not None:
                for block in range(blocks):
                    store(Z, row, block, load(A, row, block) / (TANH_UNITS if layer < last else 1.0))
            if layer < last and not is_in_range:
                for block in range(blocks):
                    store(A, row, block, into_range(load(A, row, block)))
            if layer < last:
                for block in range(blocks):
                    store(A, row, block, tanh(load(A, row, block)))


@inlined
def _add_losses(layout, examples, first_block, blocks, A, losses):
    """Add the cost of each example to the vector ``losses``."""
    row = layout.rows[layout.rows.shape[0] - 1]
    for block in range(blocks):
        z, y = load(A, row, block), load(examples.Y, 0, first_block + block)
        loss = select(z > 0.0, z, 0.0) - y * z + log1p(exp(-absolute(z)))
        losses = fma(load(examples.weight, 0, first_block + block), loss, losses)
    return losses


@inlined
def _add_hits(layout, examples, first_block, blocks, A, hits):
    """Add 1 to the vector ``hits`` for each example that is classified rightly: sigmoid(z) > 1/2 where z > 0."""
    row = layout.rows[layout.rows.shape[0] - 1]
    for block in range(blocks):
        z, y = load(A, row, block), load(examples.Y, 0, first_block + block)
        hits = fma(load(examples.weight, 0, first_block + block), select(z > 0.0, y, 1.0 - y), hits)
    return hits


@kernel
def forward_pass(layout, parameters, examples, workspace, Z):
    """``forward`` by itself, for examples that fill one tile."""
    forward(layout, parameters, examples, 0, examples.Y.shape[0] // lanes_of(workspace.A), workspace, Z)


@kernel
def cost(layout, examples, workspace):
    """Mean cross-entropy, from the Z of the output layer in ``workspace.A``, for examples that fill one tile."""
    blocks = examples.Y.shape[0] // lanes_of(workspace.A)
    losses = _add_losses(layout, examples, 0, blocks, workspace.A, zeros(workspace.A))
    return np.float64(horizontal_sum(losses)) / examples.m


@kernel
def evaluate(layout, parameters, examples, workspace, with_cost):
    """(cost, accuracy) on all examples, tile by tile, as float64; the cost takes half of the time, and may be left."""
    lanes = lanes_of(workspace.A)
    blocks, tile = examples.Y.shape[0] // lanes, workspace.A.shape[1] // lanes
    losses, hits = zeros(workspace.A), zeros(workspace.A)
    for first in range(0, blocks, tile):
        here = min(tile, blocks - first)
        forward(layout, parameters, examples, first, here, workspace, None)
        if with_cost:
            losses = _add_losses(layout, examples, first, here, workspace.A, losses)
        hits = _add_hits(layout, examples, first, here, workspace.A, hits)
    mean_cost, accuracy = np.float64(horizontal_sum(losses)) / examples.m, np.float64(horizontal_sum(hits)) / examples.m
    return mean_cost, accuracy


@inlined
def _sum_so_far(sums, p, first_block):
    """The sum over the examples before ``first_block``."""
    return load(sums, p, 0) if first_block > 0 else zeros(sums)


@inlined
def _add_weights(first_input, inputs, D, row, below, below_row, below_block, first_block, blocks, sums, w):
    """Add dZ A_below' to the sums of one unit's weights, two inputs at a time from ``first_input`` on."""
    for j in range(first_input, inputs, 2):
        dw0, dw1 = _sum_so_far(sums, w + j, first_block), _sum_so_far(sums, w + j + 1, first_block)
        for block in range(blocks):
            dz = load(D, row, block)
            dw0 = fma(dz, load(below, below_row + j, below_block + block), dw0)
            dw1 = fma(dz, load(below, below_row + j + 1, below_block + block), dw1)
        store(sums, w + j, 0, dw0)
        store(sums, w + j + 1, 0, dw1)


@inlined
def backward(layout, parameters, examples, first_block, blocks, workspace):
    """Add dW and db of these examples to ``workspace.sums``, from ``workspace.A``, tile by tile."""
    A, D, sums = workspace.A, workspace.D, workspace.sums
    last = layout.units.shape[0] - 1
    zero, one = A.dtype.type(0), A.dtype.type(1)
    is_last = (first_block + blocks) * lanes_of(A) == examples.Y.shape[0]

    row, b = layout.rows[last], layout.biases[last]
    db = _sum_so_far(sums, b, first_block)
    for block in range(blocks):
        a = sigmoid(into_range(load(A, row, block) * SIGMOID_UNITS))
        dz = a - load(examples.Y, 0, first_block + block)
        dz = dz * load(examples.weight, 0, first_block + block)
        store(D, row, block, dz)
        db = db + dz
    store(sums, b, 0, db)
    if last == 0:
        start, inputs, w = np.int64(0), layout.inputs[0], layout.weights[0]
        _add_weights(start, inputs, D, row, examples.X, start, first_block, first_block, blocks, sums, w)

    for layer in range(last - 1, -1, -1):
        inputs, above, inputs_above = layout.inputs[layer], layout.rows[layer + 1], layout.inputs[layer + 1]
        if layer == 0:
            below, below_row, below_block = examples.X, 0, first_block
        else:
            below, below_row, below_block = A, layout.rows[layer - 1], 0
        is_below_output = layer == last - 1
        is_needed_again = layer > 0 or inputs > 2
        for unit in range(layout.units[layer]):
            row, b = layout.rows[layer] + unit, layout.biases[layer] + unit
            w, w_above = layout.weights[layer] + unit * inputs, layout.weights[layer + 1] + unit
            if is_below_output:
                given, factor = above, parameters[w_above]
            else:
                terms = layout.units[layer + 1]
                _weighted_sum(parameters, w_above, inputs_above, terms, zero, D, above, np.int64(0), blocks, D, row)
                given, factor = row, one
            db, dw0, dw1, dw_above = (
                _sum_so_far(sums, b, first_block),
                _sum_so_far(sums, w, first_block),
                _sum_so_far(sums, w + 1, first_block),
                _sum_so_far(sums, w_above, first_block),
            )
            for block in range(blocks):
                a, dz_above = load(A, row, block), load(D, given, block)
                dw_above = fma(dz_above, a, dw_above)
                dz = tanh_slope(dz_above, a)
                db = db + dz
                dw0 = fma(dz, load(below, below_row, below_block + block), dw0)
                dw1 = fma(dz, load(below, below_row + 1, below_block + block), dw1)
                if is_needed_again:
                    store(D, row, block, dz * factor)
            scale = factor if is_last else one
            store(sums, b, 0, db * scale)
            store(sums, w, 0, dw0 * scale)
            store(sums, w + 1, 0, dw1 * scale)
            if is_below_output:  # the weights of the output unit, whose inputs these are, in the same pass
                store(sums, w_above, 0, dw_above)
            _add_weights(np.int64(2), inputs, D, row, below, below_row, below_block, first_block, blocks, sums, w)


@inlined
def add_up(sums, count, gradient):
    """gradient = sums over the examples / count."""
    for p in range(gradient.shape[0]):
        gradient[p] = horizontal_sum(load(sums, p, 0))
    for p in range(gradient.shape[0]):  # a loop of its own, since it can be vectorized
        gradient[p] /= count


@kernel
def backward_pass(layout, parameters, examples, workspace):
    """``backward`` by itself, for examples that fill one tile; the gradient is left in ``workspace.gradient``."""
    backward(layout, parameters, examples, 0, examples.Y.shape[0] // lanes_of(workspace.A), workspace)
    add_up(workspace.sums, examples.m, workspace.gradient)


@kernel
def update(parameters, gradient, learning_rate):
    """W <- W - learning_rate dW, in place; W stands for every parameter."""
    for p in range(parameters.shape[0]):
        parameters[p] -= learning_rate * gradient[p]


@inlined
def _all_finite(parameters):
    for p in range(parameters.shape[0]):
        if not np.isfinite(parameters[p]):
            return False
    return True


@inlined
def _copy(source, target):
    for p in range(source.shape[0]):  # a slice assignment takes Numba seconds to compile, for its error messages
        target[p] = source[p]


@kernel
def train_batch(layout, batch, train, test, workspace, iterations, record_every, budget):
    """Train the runs of a batch one after the other, for about ``budget`` activations; True when all are done.

    Call it again to go on from ``batch.position``. ``batch`` and ``workspace`` are changed in place. Row k of a curve
    is that of the parameters after k updates; a diverged run ends with its last finite record.
    """
    lanes = lanes_of(workspace.A)
    blocks, tile = train.Y.shape[0] // lanes, workspace.A.shape[1] // lanes
    units = 0
    for layer in range(layout.units.shape[0]):
        units += layout.units[layer]
    while batch.position[0] < batch.parameters.shape[0]:
        run, iteration = batch.position[0], batch.position[1]
        parameters, learning_rate = batch.parameters[run], batch.learning_rates[run]
        while True:
            if budget <= 0:
                batch.position[1] = iteration
                return False
            if iteration % record_every == 0 or iteration == iterations:
                cost, accuracy = evaluate(layout, parameters, train, workspace, True)
                if not (np.isfinite(cost) and _all_finite(parameters)):
                    batch.diverged[run] = True
                    _copy(batch.last_finite[run], parameters)
                    break
                record = batch.records[run]
                batch.costs[run, record] = cost
                batch.train_accuracies[run, record] = accuracy
                batch.test_accuracies[run, record] = evaluate(layout, parameters, test, workspace, False)[1]
                batch.records[run] = record + 1
                _copy(parameters, batch.last_finite[run])
                budget -= (train.Y.shape[0] + test.Y.shape[0]) * units
            if iteration == iterations:
                break
            for first in range(0, blocks, tile):
                here = min(tile, blocks - first)
                forward(layout, parameters, train, first, here, workspace, None)
                backward(layout, parameters, train, first, here, workspace)
            add_up(workspace.sums, train.m, workspace.gradient)
            update(parameters, workspace.gradient, learning_rate)
            budget -= train.Y.shape[0] * units
            iteration += 1
        batch.position[0], batch.position[1] = run + 1, 0
    return True
