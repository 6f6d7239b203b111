"""Activation functions of hidden units, each as its value and its slope, for jitted code.

tanh and sigmoid take their argument in a unit of their own, y = z * TANH_UNITS and y = z * SIGMOID_UNITS, so that a
network can put the factor into its weights, once an iteration, instead of multiplying every z by it. The slope is a
function of the value, as backpropagation has it at hand: it takes the derivative of the cost by a, and returns the
derivative by z.
"""

from __future__ import annotations

from planar_core.compiling import inlined
from planar_core.elementary import (
    HALF_ANGLE_RANGE,
    into_half_angle_range,
    sigmoid_in_units,
    tanh_in_units,
)
from planar_core.simd import fma, select

RANGE = HALF_ANGLE_RANGE  # how large |y| may be; into_range brings it there
into_range = into_half_angle_range
tanh = tanh_in_units
sigmoid = sigmoid_in_units


@inlined
def tanh_slope(da, a):
    """da (1 - a^2): the derivative of tanh is 1 - tanh^2."""
    return fma(-(da * a), a, da)


@inlined
def sigmoid_slope(da, a):
    """da a (1 - a): the derivative of the sigmoid s is s (1 - s)."""
    return fma(-(da * a), a, da * a)


@inlined
def relu(z):
    """max(z, 0); nan stays nan."""
    return select(z < 0.0, 0.0, z)


@inlined
def relu_slope(da, a):
    """da where the unit is active, 0 elsewhere."""
    return select(a > 0.0, da, 0.0)


@inlined
def identity(z):
    """z: a linear unit."""
    return z


@inlined
def identity_slope(da, a):  # noqa: ARG001 - called as the others are
    """da."""
    return da
