"""What is said and drawn of a map, once more: pixel by pixel, and as the notebook of Sohl-Dickstein (2024) has it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def boundary(converged: Array) -> Array:
    """Blocks of 2 x 2 pixels with both verdicts."""
    height, width = converged.shape
    cells = np.zeros((height - 1, width - 1), np.bool_)
    for i in range(height - 1):
        for j in range(width - 1):
            of_block = {bool(converged[i + a, j + b]) for a in (0, 1) for b in (0, 1)}
            cells[i, j] = len(of_block) == 2
    return cells


def count_boxes(cells: Array, size: int) -> int:
    """Boxes with a cell that is true."""
    height, width = cells.shape
    return sum(
        any(cells[i, j] for i in range(a, min(a + size, height)) for j in range(b, min(b + size, width)))
        for a in range(0, height, size)
        for b in range(0, width, size)
    )


def papers_median(maps: list[Array]) -> float:
    """The median of the slopes of all maps, as PoreSpy's boxcount has them, which the notebook calls."""
    slopes: list[float] = []
    for converged in maps:
        cells = boundary(converged)
        sizes = np.unique(np.logspace(1, np.log10(min(cells.shape)), 10).astype(int))
        counts = []
        for size in sizes:
            boxes = [
                cells[i : i + size, j : j + size]
                for i in range(0, cells.shape[0], size)
                for j in range(0, cells.shape[1], size)
            ]
            counts.append(sum(bool(box.any()) - bool(box.all()) for box in boxes))
        slopes += list(-np.gradient(np.log(counts), np.log(sizes)))
    return float(np.median(slopes))


def fitted_slope(sizes: list[int], counts: list[int]) -> float:
    """Of log N over log 1/s, by least squares."""
    return float(np.polyfit(-np.log(sizes), np.log(counts), 1)[0])


def stretched(signed: Array, reference: Array) -> Array:
    """The notebook's cdf_img: ranks of each sign, from 0.25 to 1. ``signed`` is negative where training converges."""
    places = np.sort(reference.ravel())
    negative = int(np.sum(places < 0))
    ranks = np.concatenate([np.linspace(-1, -0.25, negative), np.linspace(0.25, 1, len(places) - negative)])
    return np.asarray(-np.interp(signed, places, ranks))


def distance_to_edge(converged: Array, row: int, column: int) -> float:
    """To the nearest pixel of the other verdict, in pixels; inf without one."""
    height, width = converged.shape
    return min(
        (
            math.hypot(i - row, j - column)
            for i in range(height)
            for j in range(width)
            if converged[i, j] != converged[row, column]
        ),
        default=math.inf,
    )
