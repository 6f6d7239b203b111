"""Verdicts on training as the notebook of Sohl-Dickstein (2024) has them, with NumPy, and a network without biases."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.oracles import reference

CAP, LAST = 1e6, 20


def verdict(losses: np.ndarray[Any, Any], target: float) -> dict[str, Any]:
    """From the cost before each update."""
    with np.errstate(all="ignore"):
        ratios = losses / losses[0]
        ratios = np.where(np.isfinite(ratios), np.minimum(ratios, CAP), CAP)
        end = float(np.mean(ratios[-LAST:]))
        measure = float(np.sum(ratios) if end < 1 else np.sum(1 / ratios))
    below = np.flatnonzero(ratios <= target)
    return {
        "converged": end < 1,
        "measure": measure,
        "first": float(losses[0]),
        "end": end,
        "reached": int(below[0]) if len(below) else -1,
    }


def losses_of(
    weights: list[np.ndarray[Any, Any]],
    X: np.ndarray[Any, Any],
    Y: np.ndarray[Any, Any],
    rates: tuple[float, float],
    iterations: int,
    activation: str,
) -> np.ndarray[Any, Any]:
    """The costs mean (Z - Y)^2 / 2 before each update of a network without biases, with one hidden layer.

    weights: W (units, features) and v (1, units); X: (features, examples); Y: (1, examples)
    """
    W, v = (weight.copy() for weight in weights)
    found = np.empty(iterations)
    with np.errstate(all="ignore"):
        for k in range(iterations):
            A = reference.activate(activation, _product(W, X))
            error = _product(v, A) - Y
            found[k] = np.mean(error**2) / 2
            dv = _product(error, A.T) / Y.size
            dW = _product(_product(v.T, error) * reference.slope(activation, A), X.T) / Y.size
            W, v = W - rates[0] * dW, v - rates[1] * dv
    return found


def _product(A: np.ndarray[Any, Any], B: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A @ B, added up in order by fused multiply-and-adds; what BLAS does differs between processors.

    A fused one rounds once: where the total is infinite, a product of finite numbers does not change it, however large
    it is. With two roundings, inf - inf would be nan.
    """
    total = np.zeros((A.shape[0], B.shape[1]))
    for k in range(A.shape[1]):
        a, b = A[:, [k]], B[[k]]
        stays = np.isinf(total) & np.isfinite(a) & np.isfinite(b)
        total = np.where(stays, total, total + a * b)
    return total
