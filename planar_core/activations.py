"""Activation functions of hidden units, each as its value and its slope, for jitted code.

tanh and sigmoid take their argument in a unit of their own, y = z * TANH_UNITS and y = z * SIGMOID_UNITS, so that a
network can put the factor into its weights, once an iteration, instead of multiplying every z by it. The slope is a
function of the value, as backpropagation has it at hand: it takes the derivative of the cost by a, and returns the
derivative by z.

Each function has a type of its own, so that a kernel that is given one is compiled for it, and for no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from numba.extending import overload

from planar_core.compiling import INLINED, inlined
from planar_core.elementary import (
    HALF_ANGLE_RANGE,
    SIGMOID_UNITS,
    TANH_UNITS,
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
def identity_slope(da, a):
    """da."""
    return da


class Tanh(NamedTuple):
    """tanh z, between -1 and 1."""

    units: float = TANH_UNITS  # y = z * units is what ``value`` wants


class Sigmoid(NamedTuple):
    """1 / (1 + e^-z), between 0 and 1."""

    units: float = SIGMOID_UNITS


class Relu(NamedTuple):
    """max(z, 0)."""

    units: float = 1.0


class Identity(NamedTuple):
    """z."""

    units: float = 1.0


Activation = Tanh | Sigmoid | Relu | Identity

ACTIVATIONS: Mapping[str, Activation] = MappingProxyType(
    {"tanh": Tanh(), "relu": Relu(), "sigmoid": Sigmoid(), "identity": Identity()}
)


def value(activation, y):
    """The function itself, of y = z * activation.units; where it is bounded, |y| has to be within RANGE."""
    raise NotImplementedError("in jitted code only")


def slope(activation, da, a):
    """The derivative by z of what has the derivative ``da`` by a, the value of the function."""
    raise NotImplementedError("in jitted code only")


def is_bounded(activation):
    """Whether |a| is at most 1."""
    raise NotImplementedError("in jitted code only")


@overload(value, jit_options=INLINED)
def _value(activation, y):
    return {
        Tanh: lambda activation, y: tanh(y),
        Sigmoid: lambda activation, y: sigmoid(y),
        Relu: lambda activation, y: relu(y),
        Identity: lambda activation, y: identity(y),
    }[activation.instance_class]


@overload(slope, jit_options=INLINED)
def _slope(activation, da, a):
    return {
        Tanh: lambda activation, da, a: tanh_slope(da, a),
        Sigmoid: lambda activation, da, a: sigmoid_slope(da, a),
        Relu: lambda activation, da, a: relu_slope(da, a),
        Identity: lambda activation, da, a: identity_slope(da, a),
    }[activation.instance_class]


@overload(is_bounded, jit_options=INLINED)
def _is_bounded(activation):
    if activation.instance_class in (Tanh, Sigmoid):
        return lambda activation: True
    return lambda activation: False
