"""Activation functions and their slopes against NumPy, and the slopes against central differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numba
import numpy as np
import pytest

from planar_core import activations
from planar_core.elementary import SIGMOID_UNITS, TANH_UNITS
from planar_core.simd import LANES, load, store

Z = np.array([-30.0, -3.0, -1.0, -1e-3, 1e-3, 0.5, 2.0, 25.0])  # as many as there are lanes

VALUES: dict[str, tuple[Callable[[Any], Any], float]] = {
    "tanh": (np.tanh, TANH_UNITS),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), SIGMOID_UNITS),
    "relu": (lambda z: np.maximum(z, 0), 1.0),
    "identity": (lambda z: z, 1.0),
}


def value(name: str, y: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Of whole vectors."""
    function = getattr(activations, name)

    @numba.njit  # type: ignore[untyped-decorator]
    def apply(y: Any, out: Any, blocks: int) -> None:
        for block in range(blocks):
            store(out, 0, block, function(load(y, 0, block)))

    out = np.empty_like(y)
    apply(y, out, y.size // LANES[y.dtype.name])
    return out


def slope(name: str, da: np.ndarray[Any, Any], a: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    function = getattr(activations, f"{name}_slope")

    @numba.njit  # type: ignore[untyped-decorator]
    def apply(da: Any, a: Any, out: Any) -> None:
        store(out, 0, 0, function(load(da, 0, 0), load(a, 0, 0)))

    out = np.empty_like(a)
    apply(da, a, out)
    return out


@pytest.mark.parametrize("name", VALUES)
def test_value_and_slope(name: str) -> None:
    reference, units = VALUES[name]
    assert LANES["float64"] == Z.size
    a = value(name, Z * units)
    np.testing.assert_allclose(a, reference(Z), rtol=1e-14)
    da, h = np.linspace(-2, 3, Z.size), 1e-5
    differences = da * (reference(Z + h) - reference(Z - h)) / (2 * h)
    np.testing.assert_allclose(slope(name, da, a), differences, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", VALUES)
def test_nan_stays_nan(name: str) -> None:
    assert np.isnan(value(name, np.full(Z.size, np.nan))).all()


def test_relu_of_infinity() -> None:
    z = np.array([-np.inf, np.inf, -0.0, 0.0, -1.0, 1.0, -5e-324, 5e-324])
    np.testing.assert_array_equal(value("relu", z), [0, np.inf, 0, 0, 0, 1, 0, 5e-324])


@pytest.mark.parametrize(("dtype", "of_1", "in_ulp"), [("float64", 1.5, 3.5), ("float32", 1.1, 2.6)])
def test_error_of_tanh(dtype: str, of_1: float, in_ulp: float) -> None:
    random = np.random.RandomState(5)
    far, near = random.uniform(-activations.RANGE, activations.RANGE, 1000), random.uniform(-4, 4, 1000)
    small = random.choice([-1.0, 1.0], 2000) * 2.0 ** random.uniform(-60, 3, 2000)
    y = np.concatenate([far, near, small, [-activations.RANGE, activations.RANGE, *[0.0] * 14]]).astype(dtype)
    computed = value("tanh", y)
    with mpmath.workprec(150):
        unit = mpmath.log(2) / 2
        exact = [mpmath.tanh(unit * each) for each in y.tolist()]
        error = np.array([float(abs(a - e)) for a, e in zip(computed.tolist(), exact, strict=True)])
    assert (error <= of_1 * np.finfo(dtype).eps).all()
    assert (error <= in_ulp * np.spacing(np.maximum(np.abs(computed), np.finfo(dtype).tiny))).all()
    assert (np.abs(computed) <= 1).all()
