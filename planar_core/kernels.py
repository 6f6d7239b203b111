"""Forward, cost, backward and update on blocks of examples, and the loop that drives them.

The formulas (A of layer 0 is the input X; sums run over the m examples)::

    Z = W A_below + b     A = tanh(Z)     last layer: A = sigmoid(Z)      cost = mean( max(Z,0) - Y Z + log1p(e^-|Z|) )

    last layer:  dZ = A - Y               hidden layer: dZ = W_above' dZ_above * (1 - A^2)
    dW = dZ A_below' / m                  db = sum(dZ) / m
    W <- W - learning_rate dW             b <- b - learning_rate db

(tanh and its derivative 1 - A^2 represent any function of ``activations``. The last layer shown is for two classes;
``outputs`` has those of other tasks. If examples have weights, dZ of the last layer is multiplied by them, and m is
their sum. ``direction`` describes penalties and optimizers.)

Design for speed:

- Lanes run along the examples, which are padded to whole vectors ("blocks"); ``weight`` is 1 for an example and 0 for
  padding. Each sum over the examples is kept as a vector and added up across the lanes once, at the end, so
  that its bits depend only on the number of lanes.
- A pass over the blocks keeps its sums and constants in registers. Passes are functions that are not inlined, since one
  large function would not have enough registers.
- If there is a single output unit, the contribution of a hidden unit to its Z is added as soon as the unit is computed.
  The weight between the two is a common factor of the unit's dZ; it is applied once, to their sums.
- Inputs of a layer are handled in pairs. An odd number is padded by a row of zeros, with a weight of zero.
- Examples are processed in tiles that fit a core's cache. Vector sums are carried from tile to tile, so the tile size
  changes the speed but no bit.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import overload

from planar_core.activations import RANGE, is_bounded
from planar_core.choices import OPTIMIZERS
from planar_core.compiling import INLINED, called, inlined, kernel
from planar_core.elementary import SIGMOID_UNITS
from planar_core.outputs import add_losses, add_residuals, add_scores, score
from planar_core.passes import (
    activate,
    activate_in_the_plane,
    activate_sums,
    add_in_the_plane,
    add_products,
    add_slopes,
    bring_into_range,
    weighted_sums,
)
from planar_core.simd import (
    horizontal_sum,
    lanes_of,
    load,
    numbers,
    repeated,
    rows,
    splat,
    stands_alone,
    store,
    zeros,
)
from planar_core.streams import permute, set_seed


class Layout(NamedTuple):
    """A network: where each layer's numbers are. The arrays are int64, one entry a layer, the output layer last."""

    activation: Any  # of the hidden units: one of activations.ACTIVATIONS
    inputs: Any  # number of inputs, padded to an even number
    units: Any  # number of units
    weights: Any  # index of W[0, 0] among the parameters; W is (units, inputs), row by row
    biases: Any  # index of b[0] among the parameters
    rows: Any  # row of the first unit in the arrays A and D of the workspace


class Examples(NamedTuple):
    """Examples as the kernels want them: see ``network.examples``."""

    X: Any  # (features padded to an even number, examples padded to whole vectors)
    Y: Any  # (examples padded,): the class, or the value of a regression
    weight: Any  # (examples padded,): the weight of each example in cost and gradient; 0 for padding
    mask: Any  # (examples padded,): 1, or 0 for padding; the same array where no weights were given
    largest: Any  # (features padded,): the largest magnitude of each feature
    m: int  # number of examples
    total: Any  # sum of the weights, a float; the integer m, and nothing is compiled for weights, where none were given
    variation: float  # of a regression, sum (Y - mean Y)^2; nan where that is 0, and of classes


class Workspace(NamedTuple):
    """Scratch space of one thread: overwritten by every call."""

    A: Any  # (rows, examples of a tile): activations; the output layer's rows hold Z
    D: Any  # (rows, examples of a tile): dZ
    sums: Any  # (parameters, lanes): sums over the examples, before they are added up across the lanes
    gradient: Any  # (parameters,)
    scaled: Any  # (parameters,): those of the hidden layers in the unit of the activation function


class Batch(NamedTuple):
    """Runs with the same network and the same examples. Arrays have one entry, or row, a run."""

    parameters: Any  # (runs, parameters): initial ones before, final ones after
    last_finite: Any  # (runs, parameters): those of the last record
    learning_rates: Any  # (runs, 2): of the hidden layers, and of the output layer
    optimizers: Any  # (runs,), int64: a position in OPTIMIZERS
    decays: Any  # (runs, 2), float64: momentum, or Adam's beta1 and beta2
    penalties: Any  # (runs, 2): l1 and l2
    batch_sizes: Any  # (runs,), int64: examples in a mini-batch; more than there are stand for all
    biases: Any  # (runs,), bool: whether biases are trained
    seeds: Any  # (runs,), uint32: of the stream that deals out the mini-batches
    costs: Any  # (runs, records), float64
    test_costs: Any  # (runs, records), float64; nan without test examples
    train_scores: Any  # (runs, records), float64: accuracies, or R^2 of a regression
    test_scores: Any  # (runs, records), float64; nan without test examples
    records: Any  # (runs,), int64: how many entries of the four are filled
    diverged: Any  # (runs,), bool
    position: Any  # (2,), int64: run and iteration at which to go on


class State(NamedTuple):
    """The state of a run in training that goes beyond full-batch gradient descent with biases."""

    moments: Any  # (2, parameters): momentum's velocity, or Adam's running means of dW and dW^2
    powers: Any  # (2,), float64: beta1^k and beta2^k after k updates
    shuffled: Any  # Examples: those of one epoch, each mini-batch padded to whole vectors
    order: Any  # (m,), int64: which examples those are
    dealt: Any  # (1,), int64: how many mini-batches of this epoch have been used
    stream: Any  # of random numbers, as in ``streams``


@inlined
def _are_in_range(weights, biases, units, inputs, largest, is_first_layer, factor):
    """Whether factor times the sum of each unit is certain to stay in the range of tanh and sigmoid.

    Inputs of the first layer are bounded by ``largest``, those of later layers, outputs of a bounded function, by 1.
    """
    for unit in range(units):
        bound = abs(biases[unit])
        for j in range(inputs):
            bound += abs(weights[unit * inputs + j]) * (largest[j] if is_first_layer else 1.0)
        if not bound * factor < RANGE:
            return False
    return True


@inlined
def forward(layout, parameters, examples, first_block, blocks, workspace, Z):
    """Z = W A_below + b and the activations A for ``blocks`` blocks of X; of the output layer A holds Z.

    The Z of every layer goes to the array Z, unless that is None.
    """
    A, scaled, activation = workspace.A, workspace.scaled, layout.activation
    last = layout.units.shape[0] - 1
    for p in range(parameters.shape[0]):
        scaled[p] = parameters[p] * activation.units if p < layout.weights[last] else parameters[p]
    has_one_output = layout.units[last] == 1
    z, w_output, b_output = rows(A, layout.rows[last], 0), numbers(scaled, layout.weights[last]), layout.biases[last]
    if has_one_output:
        for block in range(blocks):
            store(z, 0, block, splat(zeros(A), scaled[b_output]))
    x = rows(examples.X, 0, first_block)
    for layer in range(last + 1):
        inputs, units, out = layout.inputs[layer], layout.units[layer], rows(A, layout.rows[layer], 0)
        W, b = numbers(scaled, layout.weights[layer]), numbers(scaled, layout.biases[layer])
        is_below_output = has_one_output and layer == last - 1
        if layer == last:
            if last == 0 or not has_one_output:
                weighted_sums(W, inputs, np.int64(1), b, np.bool_(True), units, inputs, x, out, blocks)
            break
        are_in_range = True
        if is_bounded(activation):
            are_in_range = _are_in_range(W, b, units, inputs, examples.largest, layer == 0, 1.0)
        if inputs == 2 and are_in_range and Z is None:
            activate_in_the_plane(activation, x, W, b, out, units, blocks, w_output, z, is_below_output)
        elif are_in_range and Z is None:
            activate_sums(activation, W, inputs, b, units, x, out, blocks, w_output, z, is_below_output)
        else:
            weighted_sums(W, inputs, np.int64(1), b, np.bool_(True), units, inputs, x, out, blocks)
            if Z is not None:
                for row in range(layout.rows[layer], layout.rows[layer] + units):
                    for block in range(blocks):
                        store(Z, row, block, load(A, row, block) / activation.units)
            if not are_in_range:
                bring_into_range(out, units, blocks)
            activate(activation, out, units, blocks, w_output, z, is_below_output)
        x = out
    if Z is not None:
        for row in range(layout.rows[last], layout.rows[last] + layout.units[last]):
            for block in range(blocks):
                store(Z, row, block, load(A, row, block))


@kernel
def forward_pass(layout, parameters, examples, workspace, Z):
    """``forward`` by itself, for examples that fill one tile."""
    forward(layout, parameters, examples, 0, examples.Y.shape[0] // lanes_of(workspace.A), workspace, Z)


@inlined
def _sum_of_losses(layout, output, examples, first_block, blocks, A, losses):
    last = layout.units.shape[0] - 1
    z = rows(A, layout.rows[last], 0)
    y, weight = rows(examples.Y, 0, first_block), rows(examples.weight, 0, first_block)
    return add_losses(output, z, layout.units[last], y, weight, blocks, losses)


@kernel
def cost(layout, output, examples, workspace):
    """The mean cost, from the Z of the output layer in ``workspace.A``, for examples that fill one tile."""
    A = workspace.A
    blocks = examples.Y.shape[0] // lanes_of(A)
    losses = _sum_of_losses(layout, output, examples, np.int64(0), blocks, A, zeros(A))
    return np.float64(horizontal_sum(losses)) / examples.total


@called
def _evaluate(layout, output, parameters, examples, workspace, with_cost):
    stands_alone()
    A, last = workspace.A, layout.units.shape[0] - 1
    lanes, z, units = lanes_of(A), rows(A, layout.rows[last], 0), layout.units[last]
    blocks, tile = examples.Y.shape[0] // lanes, A.shape[1] // lanes
    losses, scores = zeros(A), zeros(A)
    for first in range(0, blocks, tile):
        here = min(tile, blocks - first)
        forward(layout, parameters, examples, first, here, workspace, None)
        if with_cost:
            losses = _sum_of_losses(layout, output, examples, first, here, A, losses)
        scores = add_scores(output, z, units, rows(examples.Y, 0, first), rows(examples.mask, 0, first), here, scores)
    mean_cost = np.float64(horizontal_sum(losses)) / examples.total
    return mean_cost, score(output, np.float64(horizontal_sum(scores)), examples)


@kernel
def evaluate(layout, output, parameters, examples, workspace, with_cost):
    """(cost, score) on all examples, tile by tile, as float64; without the cost it takes half the time."""
    return _evaluate(layout, output, parameters, examples, workspace, with_cost)


@inlined
def _output_is_in_range(layout, parameters, examples):
    """Whether the Z of the output layer is certain to be in the range of the sigmoid."""
    last = layout.units.shape[0] - 1
    if last > 0 and not is_bounded(layout.activation):
        return False
    W, b = numbers(parameters, layout.weights[last]), numbers(parameters, layout.biases[last])
    units, inputs = layout.units[last], layout.inputs[last]
    return _are_in_range(W, b, units, inputs, examples.largest, last == 0, SIGMOID_UNITS)


@inlined
def backward(layout, output, parameters, examples, first_block, blocks, is_first, is_last, is_in_range, workspace):
    """Add dW and db of these examples to ``workspace.sums``, from ``workspace.A``.

    ``is_first`` and ``is_last`` mark the first and the last tile. Padding is in the last block of the last tile.
    ``is_in_range``: see ``_output_is_in_range``.
    """
    A, D, sums, activation = workspace.A, workspace.D, workspace.sums, layout.activation
    last = layout.units.shape[0] - 1
    X = rows(examples.X, 0, first_block)
    outputs, dz = layout.units[last], rows(D, layout.rows[last], 0)
    add_residuals(
        output,
        rows(A, layout.rows[last], 0),
        outputs,
        rows(examples.Y, 0, first_block),
        rows(examples.weight, 0, first_block),
        blocks,
        first_weighted(examples, blocks),
        is_in_range,
        is_first,
        dz,
        rows(sums, layout.biases[last], 0),
    )
    has_one_output = outputs == 1
    for layer in range(last, -1, -1):
        inputs, units, x = layout.inputs[layer], layout.units[layer], X
        if layer > 0:
            x = rows(A, layout.rows[layer - 1], 0)
        is_output = layer == last and has_one_output
        if not (is_output and last > 0):
            add_products(dz, x, units, inputs, blocks, is_first, rows(sums, layout.weights[layer], 0))
        if layer == 0:
            break
        # to the layer below
        W, below = numbers(parameters, layout.weights[layer]), rows(D, layout.rows[layer - 1], 0)
        db = rows(sums, layout.biases[layer - 1], 0)
        da, dw = below, db
        if is_output:
            da, dw = repeated(dz), rows(sums, layout.weights[last], 0)
        else:
            weighted_sums(W, np.int64(1), inputs, W, np.bool_(False), layout.units[layer - 1], units, dz, below, blocks)
        if layer == 1 and layout.inputs[0] == 2:
            of_plane, factor = rows(sums, layout.weights[0], 0), is_output and is_last
            add_in_the_plane(activation, x, da, X, layout.units[0], blocks, is_first, W, factor, db, of_plane, dw)
            break
        add_slopes(activation, x, da, layout.units[layer - 1], blocks, is_first, W, is_output, below, db, dw)
        dz = below


@inlined
def add_up(sums, count, gradient):
    """gradient = sums over the examples / count, their number or the sum of their weights."""
    share = gradient.dtype.type(1.0 / count)
    for p in range(gradient.shape[0]):
        gradient[p] = horizontal_sum(load(sums, p, 0)) * share


@kernel
def backward_pass(layout, output, parameters, examples, workspace):
    """``backward`` by itself, for examples that fill one tile; the gradient is left in ``workspace.gradient``."""
    blocks = examples.Y.shape[0] // lanes_of(workspace.A)
    backward(layout, output, parameters, examples, 0, blocks, True, True, False, workspace)
    add_up(workspace.sums, examples.total, workspace.gradient)


_MOMENTUM, _ADAM = OPTIMIZERS.index("momentum"), OPTIMIZERS.index("adam")
_EPSILON = 1e-8  # of Adam: keeps it from dividing by zero


@inlined
def direction(layout, parameters, gradient, batch, run, state):
    """Replace the gradient of a run by what its optimizer uses in the update, in place::

        no biases        db <- 0
        penalties        dW <- dW + l1 sign(W) + l2 W, of weights, not of biases
        momentum         v <- momentum v + dW        dW <- v
        Adam             v <- beta1 v + (1 - beta1) dW          s <- beta2 s + (1 - beta2) dW^2
                         dW <- v / (1 - beta1^k) / (sqrt(s / (1 - beta2^k)) + 1e-8)    in the k-th update

    (Polyak, 1964; Kingma and Ba, 2015.)
    """
    moments, powers = state.moments, state.powers
    number = gradient.dtype.type
    l1, l2 = batch.penalties[run, 0], batch.penalties[run, 1]
    decay1, decay2 = batch.decays[run, 0], batch.decays[run, 1]
    beta1, beta2, rest1, rest2 = number(decay1), number(decay2), number(1 - decay1), number(1 - decay2)
    if not batch.biases[run]:
        for layer in range(layout.units.shape[0]):
            for p in range(layout.biases[layer], layout.biases[layer] + layout.units[layer]):
                gradient[p] = 0
    if l1 > 0 or l2 > 0:
        for layer in range(layout.units.shape[0]):
            for p in range(layout.weights[layer], layout.biases[layer]):
                sign = number(parameters[p] > 0) - number(parameters[p] < 0)
                gradient[p] += l1 * sign + l2 * parameters[p]
    if batch.optimizers[run] == _MOMENTUM:
        for p in range(parameters.shape[0]):
            moments[0, p] = beta1 * moments[0, p] + gradient[p]
            gradient[p] = moments[0, p]
    elif batch.optimizers[run] == _ADAM:
        powers[0] *= decay1
        powers[1] *= decay2
        unbias1, unbias2 = number(1 / (1 - powers[0])), number(1 / (1 - powers[1]))
        for p in range(parameters.shape[0]):
            moments[0, p] = beta1 * moments[0, p] + rest1 * gradient[p]
            moments[1, p] = beta2 * moments[1, p] + rest2 * gradient[p] * gradient[p]
            gradient[p] = moments[0, p] * unbias1 / (np.sqrt(moments[1, p] * unbias2) + number(_EPSILON))


@inlined
def update(parameters, gradient, learning_rates, first_of_output):
    """W <- W - learning_rate dW, in place; W stands for every parameter, and the output layer has its own rate."""
    rate, output_rate = learning_rates[0], learning_rates[1]
    for p in range(first_of_output):
        parameters[p] -= rate * gradient[p]
    for p in range(first_of_output, parameters.shape[0]):
        parameters[p] -= output_rate * gradient[p]


@kernel
def update_pass(parameters, gradient, learning_rates, first_of_output):
    """``update`` by itself."""
    update(parameters, gradient, learning_rates, first_of_output)


SHUFFLES = np.uint32(0x9E3779B9)  # seed ^ SHUFFLES is the seed of a run's mini-batches


@inlined
def _forget(state, seed):
    for p in range(state.moments.shape[1]):
        state.moments[0, p] = state.moments[1, p] = 0
    state.powers[0] = state.powers[1] = 1
    state.dealt[0] = 0
    set_seed(state.stream, seed ^ SHUFFLES)


def _is_weighted(examples):
    """Whether weights of examples were given: then their sum is a float. ``examples`` is the Numba type."""
    return isinstance(examples.types[examples.fields.index("total")], types.Float)


def weight_of(examples, example):
    """The weight of one example; 1, without reading any, if none were given."""
    raise NotImplementedError("in jitted code only")


def first_weighted(examples, blocks):
    """The first block in which weights matter; if none were given, the one that may have padding."""
    raise NotImplementedError("in jitted code only")


def total_of(examples, count, columns, start, end):
    """The sum of the weights of ``count`` of the examples, which are in columns[start:end].

    1 if all of them are 0, to avoid a division by zero.
    """
    raise NotImplementedError("in jitted code only")


@overload(weight_of, jit_options=INLINED)
def _weight_of(examples, example):
    if _is_weighted(examples):
        return lambda examples, example: examples.weight[example]
    return lambda examples, example: 1


@overload(first_weighted, jit_options=INLINED)
def _first_weighted(examples, blocks):
    return (lambda examples, blocks: 0) if _is_weighted(examples) else (lambda examples, blocks: blocks - 1)


@overload(total_of, jit_options=INLINED)
def _total_of(examples, count, columns, start, end):
    def summed(examples, count, columns, start, end):
        total = 0.0
        for column in range(start, end):
            total += columns[column]
        return total if total > 0 else 1.0

    return summed if _is_weighted(examples) else lambda examples, count, columns, start, end: count


@inlined
def _shuffle(examples, size, lanes, state):
    """Divide the examples in random order into mini-batches of ``size``; the last one may be smaller."""
    shuffled, order = state.shuffled, state.order
    for i in range(order.shape[0]):
        order[i] = i
    permute(state.stream, order)
    padded = -(-size // lanes) * lanes
    start = 0
    for taken in range(0, examples.m, size):
        n, none = min(size, examples.m - taken), zeros(shuffled.Y)
        for block in range((start + n) // lanes, (start + padded) // lanes):  # whatever was there
            for feature in range(examples.X.shape[0]):
                store(shuffled.X, feature, block, none)
            store(shuffled.Y, 0, block, none)
            store(shuffled.weight, 0, block, none)
        # Parts of arrays: an index into a whole one is checked for being negative.
        for feature in range(examples.X.shape[0]):
            x, values = shuffled.X[feature, start : start + n], numbers(examples.X[feature], 0)
            for k in range(n):
                x[k] = values[order[taken + k]]
        y, weight, values = shuffled.Y[start : start + n], shuffled.weight[start : start + n], numbers(examples.Y, 0)
        for k in range(n):
            y[k] = values[order[taken + k]]
            weight[k] = weight_of(examples, order[taken + k])
        start += padded


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


@inlined
def step(layout, output, batch, run, iteration, train, state, workspace, with_loss):
    """The update of a run after ``iteration`` of them.

    Returns the mean loss before it, of the examples that it uses, and the number of these, padding included. Where
    ``with_loss`` is None, no code is compiled for the loss, which is then 0; where ``state`` is None, none for it.
    """
    A, gradient, parameters = workspace.A, workspace.gradient, batch.parameters[run]
    lanes = lanes_of(A)
    source, start, dealt, count, tile = train, 0, train.m, train.total, A.shape[1] // lanes
    if state is not None:
        if iteration == 0:
            _forget(state, batch.seeds[run])
        size = batch.batch_sizes[run]
        if size < train.m:
            mini_batch, blocks = state.dealt[0], -(-size // lanes)
            if mini_batch == 0:
                _shuffle(train, size, lanes, state)
            left = train.m - mini_batch * size
            source, start, dealt = state.shuffled, mini_batch * blocks, min(size, left)
            count = total_of(train, dealt, source.weight, start * lanes, (start + blocks) * lanes)
            state.dealt[0] = mini_batch + 1 if size < left else 0
    used = -(-dealt // lanes)  # the last mini-batch of an epoch may be smaller
    losses, is_in_range = zeros(A), _output_is_in_range(layout, parameters, train)
    for done in range(0, used, tile):
        here = min(tile, used - done)
        forward(layout, parameters, source, start + done, here, workspace, None)
        if with_loss is not None:
            losses = _sum_of_losses(layout, output, source, start + done, here, A, losses)
        is_last = done + here == used
        backward(
            *(layout, output, parameters, source, start + done, here),
            *(done == 0, is_last, is_in_range, workspace),
        )
    add_up(workspace.sums, count, gradient)
    if state is not None:
        direction(layout, parameters, gradient, batch, run, state)
    update(parameters, gradient, batch.learning_rates[run], layout.weights[layout.weights.shape[0] - 1])
    return np.float64(horizontal_sum(losses)) / count, used * lanes


@inlined
def count_units(layout):
    """The units of all layers."""
    units = 0
    for layer in range(layout.units.shape[0]):
        units += layout.units[layer]
    return units


@inlined
def _next_record(batch, first, iteration, iterations, record_every):
    """The first iteration from this one on at which one of these runs is recorded; -1 if there is none."""
    following = np.int64(-1)
    for k in range(iterations.shape[0]):
        if iteration <= iterations[k] and not batch.diverged[first + k]:
            at = min(-(-iteration // record_every[k]) * record_every[k], iterations[k])
            if following < 0 or at < following:
                following = at
    return following


@kernel
def train_batch(layout, output, batch, state, train, test, workspace, iterations, record_every, budget):
    """Train the runs of a batch one after the other, for about ``budget`` activations; returns whether all are done.

    ``iterations``, int64 in ascending order, and ``record_every`` have an entry for each run that comes out of one
    training. Runs from one training follow each other in the batch and differ in nothing else: the longest is trained,
    and the others are what it was at their last iteration, recorded as if trained alone.

    Call it again to continue from ``batch.position``. ``batch``, ``state`` and ``workspace`` are changed in place. Row
    k of a curve is that of the parameters after k updates; a diverged run ends with its last finite record. Where
    ``state`` is None, no code is compiled for it.
    """
    units = count_units(layout)
    while batch.position[0] < batch.parameters.shape[0]:
        first_run, iteration = batch.position[0], batch.position[1]
        run = first_run + iterations.shape[0] - 1  # the longest
        parameters = batch.parameters[run]
        next_record = _next_record(batch, first_run, iteration, iterations, record_every)
        while True:
            if budget <= 0:
                batch.position[1] = iteration
                return False
            if iteration == next_record:
                cost, train_score = _evaluate(layout, output, parameters, train, workspace, np.bool_(True))
                is_finite = np.isfinite(cost) and _all_finite(parameters)
                test_cost, test_score = np.nan, np.nan
                if is_finite:
                    test_cost, test_score = _evaluate(layout, output, parameters, test, workspace, np.bool_(True))
                    budget -= (train.Y.shape[0] + test.Y.shape[0]) * units
                for k in range(iterations.shape[0]):
                    recorded = first_run + k
                    if batch.diverged[recorded] or iteration > iterations[k]:
                        continue
                    if iteration % record_every[k] != 0 and iteration != iterations[k]:
                        continue
                    if not is_finite:
                        batch.diverged[recorded] = True
                        continue
                    record = batch.records[recorded]
                    batch.costs[recorded, record] = cost
                    batch.test_costs[recorded, record] = test_cost
                    batch.train_scores[recorded, record] = train_score
                    batch.test_scores[recorded, record] = test_score
                    batch.records[recorded] = record + 1
                    _copy(parameters, batch.last_finite[recorded])
                next_record = _next_record(batch, first_run, iteration + 1, iterations, record_every)
                if next_record < 0:
                    break
            _, examples = step(layout, output, batch, run, iteration, train, state, workspace, None)
            budget -= examples * units
            iteration += 1
        for recorded in range(first_run, run + 1):
            _copy(batch.last_finite[recorded], batch.parameters[recorded])
        batch.position[0], batch.position[1] = run + 1, 0
    return True
