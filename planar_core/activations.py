"""Activation functions of hidden units, each as its value and its slope, for jitted code.

The slope is written as a function of the value, as backpropagation has it at hand: with ``a = value(z)``, ``slope``
takes the derivative of the cost by ``a`` and returns the derivative by ``z``.
"""

from __future__ import annotations

from planar_core import elementary
from planar_core.compiling import inlined
from planar_core.simd import fma


@inlined
def tanh(z):
    """tanh z."""
    return elementary.tanh(z)


@inlined
def tanh_slope(da, a):
    """da (1 - a^2): the derivative of tanh is 1 - tanh^2."""
    return fma(-(da * a), a, da)
