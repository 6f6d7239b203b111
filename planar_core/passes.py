"""Passes over blocks of examples: one unit at a time, with what belongs to it in registers. ``kernels`` says why."""

from __future__ import annotations

from planar_core.compiling import inlined
from planar_core.simd import fma, load, splat, store, zeros


@inlined
def weighted_sum(weights, w, stride, terms, bias, source, first_row, first_block, blocks, out, row):
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
def sum_so_far(sums, p, is_first):
    """The sum over the examples of the tiles before."""
    return zeros(sums) if is_first else load(sums, p, 0)


@inlined
def add_weights(first_input, inputs, D, row, below, below_row, below_block, blocks, is_first, sums, w):
    """Add dZ A_below' to the sums of one unit's weights, two inputs at a time from ``first_input`` on."""
    for j in range(first_input, inputs, 2):
        dw0, dw1 = sum_so_far(sums, w + j, is_first), sum_so_far(sums, w + j + 1, is_first)
        for block in range(blocks):
            dz = load(D, row, block)
            dw0 = fma(dz, load(below, below_row + j, below_block + block), dw0)
            dw1 = fma(dz, load(below, below_row + j + 1, below_block + block), dw1)
        store(sums, w + j, 0, dw0)
        store(sums, w + j + 1, 0, dw1)


@inlined
def weights_above(parameters, w, stride, units, A, D, row, above, blocks, is_first, sums):
    """Of the unit in ``row`` and the layer above it: D[row] = W_above' dZ_above, and dZ_above A' added to the sums.

    Up to three units above in a pass, which reads their dZ once for both: what it sums up, its weights and what it
    reads just fit into 16 registers of 256 bits. ``w`` is where the weight of the first of them is, ``stride`` how far
    it is to that of the next.
    """
    j = 0
    while units - j >= 3:
        p, d = w + j * stride, above + j
        w0, w1, w2 = parameters[p], parameters[p + stride], parameters[p + 2 * stride]
        dw0, dw1 = sum_so_far(sums, p, is_first), sum_so_far(sums, p + stride, is_first)
        dw2 = sum_so_far(sums, p + 2 * stride, is_first)
        for block in range(blocks):
            a, da = load(A, row, block), load(D, row, block) if j > 0 else zeros(D)
            dz = load(D, d, block)
            dw0, da = fma(dz, a, dw0), fma(dz, w0, da)
            dz = load(D, d + 1, block)
            dw1, da = fma(dz, a, dw1), fma(dz, w1, da)
            dz = load(D, d + 2, block)
            dw2, da = fma(dz, a, dw2), fma(dz, w2, da)
            store(D, row, block, da)
        store(sums, p, 0, dw0)
        store(sums, p + stride, 0, dw1)
        store(sums, p + 2 * stride, 0, dw2)
        j += 3
    if units - j >= 2:
        p, d = w + j * stride, above + j
        w0, w1 = parameters[p], parameters[p + stride]
        dw0, dw1 = sum_so_far(sums, p, is_first), sum_so_far(sums, p + stride, is_first)
        for block in range(blocks):
            a, da = load(A, row, block), load(D, row, block) if j > 0 else zeros(D)
            dz = load(D, d, block)
            dw0, da = fma(dz, a, dw0), fma(dz, w0, da)
            dz = load(D, d + 1, block)
            dw1, da = fma(dz, a, dw1), fma(dz, w1, da)
            store(D, row, block, da)
        store(sums, p, 0, dw0)
        store(sums, p + stride, 0, dw1)
        j += 2
    if units - j == 1:
        p, d = w + j * stride, above + j
        w0, dw0 = parameters[p], sum_so_far(sums, p, is_first)
        for block in range(blocks):
            a, da = load(A, row, block), load(D, row, block) if j > 0 else zeros(D)
            dz = load(D, d, block)
            dw0, da = fma(dz, a, dw0), fma(dz, w0, da)
            store(D, row, block, da)
        store(sums, p, 0, dw0)
