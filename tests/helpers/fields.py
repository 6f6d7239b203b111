"""Fields of maps without a training: verdicts are those of a formula."""

from __future__ import annotations

from typing import Any

import numpy as np

from experiments.maps.field import Field
from experiments.maps.pixels import Pixels
from experiments.maps.plane import Axis, Plane, Window, whole

PLANE = Plane(Axis("learning_rate", "log", 0.01, 100.0), Axis("output_learning_rate", "log", 0.1, 1000.0))
SETTINGS = {
    "dataset": ["gaussian_random"],
    "hidden": ["16"],
    "activation": ["tanh"],
    "iterations": 500,
}


def field(window: Window | None = None, plane: Plane = PLANE, metric: str | None = None, **settings: Any) -> Field:
    """A window whose pixels converge below a wavy line; the best have both rates at about 1 and 10."""
    window = window or whole(64)
    x, y = (np.array(values) for values in (window.xs(plane), window.ys(plane)))
    across, up = np.meshgrid(np.log10(np.abs(x) + 1e-12), np.log10(np.abs(y) + 1e-12))
    converged = up < 2.2 + 0.3 * np.sin(7 * across) - 0.2 * across
    measure = np.where(converged, 50 + 40 * ((across - 0.02) ** 2 + (up - 1.03) ** 2), 2 + 30 / (up + 3))
    shape = converged.shape
    pixels = Pixels(
        converged=converged,
        measure=measure,
        first=np.full(shape, 2.0),
        end=np.where(converged, 0.5, 1e6),
        steps=np.where(converged, 500, 100),
        reached=np.where(converged & (measure < 80), 200, -1),
        cost=np.where(converged, measure / 1000, np.nan),
        score=np.where(converged, 1 - measure / 500, np.nan),
        test_cost=np.full(shape, np.nan),
        test_score=np.full(shape, np.nan),
        metric=np.where(converged, 1 - measure / 500, np.nan),
    )
    request = {"x": str(plane.x), "y": str(plane.y), "reach": 0.1, "metric": metric, "settings": SETTINGS | settings}
    return Field(plane, window, pixels, request)
