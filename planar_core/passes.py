"""Passes over blocks of examples: loops in functions that are not inlined, so that each can use all CPU registers.

``x``, ``A``, ``D`` and similar arguments are ``simd.rows``, of which a pass processes the first ``blocks``; weights and
biases are ``simd.numbers``. ``dw`` and ``db`` are rows of one block with the sums over the examples of earlier tiles,
to which a pass adds; the first tile starts from zero.
"""

from __future__ import annotations

import numpy as np

from planar_core.activations import into_range, slope, value
from planar_core.compiling import called, inlined
from planar_core.simd import (
    AT_ONCE,
    MANY_REGISTERS,
    fma,
    load,
    load_as,
    numbers,
    rows,
    splat,
    stands_alone,
    store,
    zeros,
    zeros_at_once,
)


@inlined
def so_far(sums, k, is_first):
    """The sum over the examples of earlier tiles."""
    return zeros(sums) if is_first else load(sums, k, 0)


# --- forward -----------------------------------------------------------------------------------------------


@inlined
def _sum_of_two(none, weights, to_input, biases, inputs, x, out, unit, other, block):
    y0, y1 = splat(none, biases[0]), splat(none, biases[1])
    for j in range(inputs):
        a, k = load_as(none, x, j, block), j * to_input
        y0, y1 = fma(a, weights[0][k], y0), fma(a, weights[1][k], y1)
    store(out, unit, block, y0)
    store(out, other, block, y1)


@inlined
def _sum_of_four(none, weights, to_input, biases, inputs, x, out, unit, block):
    y0, y1 = splat(none, biases[0]), splat(none, biases[1])
    y2, y3 = splat(none, biases[2]), splat(none, biases[3])
    for j in range(inputs):
        a, k = load_as(none, x, j, block), j * to_input
        y0, y1 = fma(a, weights[0][k], y0), fma(a, weights[1][k], y1)
        y2, y3 = fma(a, weights[2][k], y2), fma(a, weights[3][k], y3)
    store(out, unit, block, y0)
    store(out, unit + 1, block, y1)
    store(out, unit + 2, block, y2)
    store(out, unit + 3, block, y3)


@inlined
def _of_unit(unit, weights, to_unit, biases, has_bias):
    return numbers(weights, unit * to_unit), biases[unit] if has_bias else 0.0


@called
def weighted_sums(weights, to_unit, to_input, biases, has_bias, units, inputs, x, out, blocks):
    """out[unit] = bias + weights[unit, 0] x[0] + weights[unit, 1] x[1] + ...; four units share each load.

    ``to_unit`` and ``to_input`` are the distances from a weight to that of the next unit and of the next input.
    """
    stands_alone()
    unit, many = np.int64(0), blocks // AT_ONCE * AT_ONCE
    while units - unit >= 4:
        w0, b0 = _of_unit(unit, weights, to_unit, biases, has_bias)
        w1, b1 = _of_unit(unit + 1, weights, to_unit, biases, has_bias)
        w2, b2 = _of_unit(unit + 2, weights, to_unit, biases, has_bias)
        w3, b3 = _of_unit(unit + 3, weights, to_unit, biases, has_bias)
        w, b = (w0, w1, w2, w3), (b0, b1, b2, b3)
        for block in range(0, many, AT_ONCE):
            _sum_of_four(zeros_at_once(out), w, to_input, b, inputs, x, out, unit, block)
        for block in range(many, blocks):
            _sum_of_four(zeros(out), w, to_input, b, inputs, x, out, unit, block)
        unit += 4
    while units > unit:
        other = min(unit + 1, units - 1)  # the same unit again if the number of units is odd
        w0, b0 = _of_unit(unit, weights, to_unit, biases, has_bias)
        w1, b1 = _of_unit(other, weights, to_unit, biases, has_bias)
        v, c = (w0, w1), (b0, b1)
        for block in range(0, many, AT_ONCE):
            _sum_of_two(zeros_at_once(out), v, to_input, c, inputs, x, out, unit, other, block)
        for block in range(many, blocks):
            _sum_of_two(zeros(out), v, to_input, c, inputs, x, out, unit, other, block)
        unit += 2


@called
def bring_into_range(out, units, blocks):
    """Clip the sums to the range of the activation function."""
    stands_alone()
    for unit in range(units):
        for block in range(blocks):
            store(out, unit, block, into_range(load(out, unit, block)))


@inlined
def _put_activation(out, unit, block, a, weights_above, z, is_below_output):
    store(out, unit, block, a)
    if is_below_output:
        store(z, 0, block, fma(a, weights_above[unit], load_as(a, z, 0, block)))


@inlined
def _activate(none, activation, out, unit, block, weights_above, z, is_below_output):
    a = value(activation, load_as(none, out, unit, block))
    _put_activation(out, unit, block, a, weights_above, z, is_below_output)


@called
def activate(activation, out, units, blocks, weights_above, z, is_below_output):
    """out = value(out). If a single output unit is above, weights_above * out is added to z, the Z of that unit."""
    stands_alone()
    many = blocks // AT_ONCE * AT_ONCE
    for unit in range(units):
        for block in range(0, many, AT_ONCE):
            _activate(zeros_at_once(out), activation, out, unit, block, weights_above, z, is_below_output)
        for block in range(many, blocks):
            _activate(zeros(out), activation, out, unit, block, weights_above, z, is_below_output)


@inlined
def _activate_up_to_four(none, activation, w, inputs, b, count, x, out, unit, block, weights_above, z, is_below_output):
    last, to_input = unit + count - 1, np.int64(1)  # not a literal, for which everything would be compiled again
    if count == 4:
        _sum_of_four(none, w, to_input, b, inputs, x, out, unit, block)
    else:
        _sum_of_two(none, (w[0], w[1]), to_input, (b[0], b[1]), inputs, x, out, unit, min(unit + 1, last), block)
        if count == 3:
            _sum_of_two(none, (w[2], w[2]), to_input, (b[2], b[2]), inputs, x, out, last, last, block)
    for each in range(unit, unit + count):
        _activate(none, activation, out, each, block, weights_above, z, is_below_output)


@called
def activate_sums(activation, weights, inputs, biases, units, x, out, blocks, weights_above, z, is_below_output):
    """``weighted_sums`` and ``activate`` in one pass: the divisions of some units go on beside the sums of the next."""
    stands_alone()
    unit, many = np.int64(0), blocks // AT_ONCE * AT_ONCE
    above = (weights_above, z, is_below_output)
    while units > unit:
        count = min(4, units - unit)
        last = unit + count - 1
        w0, b0 = _of_unit(unit, weights, inputs, biases, np.bool_(True))
        w1, b1 = _of_unit(min(unit + 1, last), weights, inputs, biases, np.bool_(True))
        w2, b2 = _of_unit(min(unit + 2, last), weights, inputs, biases, np.bool_(True))
        w3, b3 = _of_unit(min(unit + 3, last), weights, inputs, biases, np.bool_(True))
        w, b = (w0, w1, w2, w3), (b0, b1, b2, b3)
        for block in range(0, many, AT_ONCE):
            _activate_up_to_four(zeros_at_once(out), activation, w, inputs, b, count, x, out, unit, block, *above)
        for block in range(many, blocks):
            _activate_up_to_four(zeros(out), activation, w, inputs, b, count, x, out, unit, block, *above)
        unit += count


@inlined
def _activate_in_the_plane(none, activation, x, w0, w1, bias, out, unit, block, weights_above, z, is_below_output):
    y = fma(load_as(none, x, 1, block), w1, fma(load_as(none, x, 0, block), w0, bias))
    _put_activation(out, unit, block, value(activation, y), weights_above, z, is_below_output)


@called
def activate_in_the_plane(activation, x, weights, biases, out, units, blocks, weights_above, z, is_below_output):
    """``weighted_sums`` of two inputs and ``activate`` in one pass."""
    stands_alone()
    many = blocks // AT_ONCE * AT_ONCE
    for unit in range(units):
        w0, w1, b = weights[2 * unit], weights[2 * unit + 1], biases[unit]
        for block in range(0, many, AT_ONCE):
            _activate_in_the_plane(
                zeros_at_once(out), activation, x, w0, w1, b, out, unit, block, weights_above, z, is_below_output
            )
        for block in range(many, blocks):
            _activate_in_the_plane(
                zeros(out), activation, x, w0, w1, b, out, unit, block, weights_above, z, is_below_output
            )


# --- backward ----------------------------------------------------------------------------------------------


@called
def add_slopes(activation, A, dA, units, blocks, is_first, factors, has_factor, D, db, dw_above):
    """D = dZ of a layer, from the derivative dA by its activations; also its db, and dA A', the dW of an output unit.

    If ``has_factor``, a single output unit is above: dA is its dZ, and ``factors`` are its weights. Otherwise
    ``dw_above`` may be the same array as ``db``, which is stored later.
    """
    stands_alone()
    for unit in range(units):
        b, w_above = so_far(db, unit, is_first), so_far(dw_above, unit, is_first)
        factor = splat(b, factors[unit] if has_factor else 1.0)
        for block in range(blocks):
            a, da = load(A, unit, block), load(dA, unit, block)
            w_above = w_above + da * a
            dz = slope(activation, da, a) * factor
            b = b + dz
            store(D, unit, block, dz)
        store(dw_above, unit, 0, w_above)
        store(db, unit, 0, b)


@called
def add_in_the_plane(activation, A, dA, x, units, blocks, is_first, factors, has_factor, db, dw, dw_above):
    """``add_slopes`` and ``add_products`` of a layer with two inputs in one pass, without storing dZ.

    The factor is applied to the sums after the last tile; ``has_factor`` is true only then.
    """
    stands_alone()
    for unit in range(units):
        b, w_above = so_far(db, unit, is_first), so_far(dw_above, unit, is_first)
        w0, w1 = so_far(dw, 2 * unit, is_first), so_far(dw, 2 * unit + 1, is_first)
        for block in range(blocks):
            a, da = load(A, unit, block), load(dA, unit, block)
            w_above = w_above + da * a
            dz = slope(activation, da, a)
            b = b + dz
            w0, w1 = fma(dz, load(x, 0, block), w0), fma(dz, load(x, 1, block), w1)
        factor = splat(b, factors[unit] if has_factor else 1.0)
        store(dw_above, unit, 0, w_above)
        store(db, unit, 0, b * factor)
        store(dw, 2 * unit, 0, w0 * factor)
        store(dw, 2 * unit + 1, 0, w1 * factor)


@called
def add_products(dz, x, units, inputs, blocks, is_first, dw):
    """Add dZ x' to the sums of a layer's weights, for two units and two or four inputs at a time."""
    stands_alone()
    for unit in range(0, units, 2):
        other, j = min(unit + 1, units - 1), 0  # the same unit again if the number of units is odd
        of_unit, of_other = rows(dw, unit * inputs, 0), rows(dw, other * inputs, 0)
        if MANY_REGISTERS:
            while inputs - j >= 4:
                u0, u1 = so_far(of_unit, j, is_first), so_far(of_unit, j + 1, is_first)
                u2, u3 = so_far(of_unit, j + 2, is_first), so_far(of_unit, j + 3, is_first)
                v0, v1 = so_far(of_other, j, is_first), so_far(of_other, j + 1, is_first)
                v2, v3 = so_far(of_other, j + 2, is_first), so_far(of_other, j + 3, is_first)
                for block in range(blocks):
                    u, v = load(dz, unit, block), load(dz, other, block)
                    x0, x1 = load(x, j, block), load(x, j + 1, block)
                    x2, x3 = load(x, j + 2, block), load(x, j + 3, block)
                    u0, u1, u2, u3 = fma(u, x0, u0), fma(u, x1, u1), fma(u, x2, u2), fma(u, x3, u3)
                    v0, v1, v2, v3 = fma(v, x0, v0), fma(v, x1, v1), fma(v, x2, v2), fma(v, x3, v3)
                store(of_unit, j, 0, u0)
                store(of_unit, j + 1, 0, u1)
                store(of_unit, j + 2, 0, u2)
                store(of_unit, j + 3, 0, u3)
                store(of_other, j, 0, v0)
                store(of_other, j + 1, 0, v1)
                store(of_other, j + 2, 0, v2)
                store(of_other, j + 3, 0, v3)
                j += 4
        while j < inputs:  # their number is even
            u0, u1 = so_far(of_unit, j, is_first), so_far(of_unit, j + 1, is_first)
            v0, v1 = so_far(of_other, j, is_first), so_far(of_other, j + 1, is_first)
            for block in range(blocks):
                u, v = load(dz, unit, block), load(dz, other, block)
                x0, x1 = load(x, j, block), load(x, j + 1, block)
                u0, u1, v0, v1 = fma(u, x0, u0), fma(u, x1, u1), fma(v, x0, v0), fma(v, x1, v1)
            store(of_unit, j, 0, u0)
            store(of_unit, j + 1, 0, u1)
            store(of_other, j, 0, v0)
            store(of_other, j + 1, 0, v1)
            j += 2
