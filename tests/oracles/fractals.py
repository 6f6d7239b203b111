"""Sets of cells whose box-counting dimension is known, and maps whose boundary has a known one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

Cells = np.ndarray[Any, np.dtype[np.bool_]]


class Known(NamedTuple):
    """cells, or a map of verdicts whose boundary is meant; and its dimension."""

    name: str
    dimension: float
    cells: Cells
    is_map: bool


def sierpinski_triangle(n: int) -> Cells:
    """Cells (i, j) without a common binary digit 1."""
    i, j = np.ogrid[:n, :n]
    return np.asarray((i & j) == 0)


def sierpinski_carpet(steps: int) -> Cells:
    """3^steps cells a side: nine copies, of which the middle is left out, and so on."""
    cells = np.ones((1, 1), np.bool_)
    for _ in range(steps):
        hole = np.zeros_like(cells)
        cells = np.block([[cells, cells, cells], [cells, hole, cells], [cells, cells, cells]])
    return cells


def cantor_dust(n: int, kept: float, random: np.random.RandomState) -> Cells:
    """Squares that are halved again and again, where each quarter is kept with a probability: 2 + log2(kept)."""
    while True:
        cells = np.ones((1, 1), np.bool_)
        while len(cells) < n:
            cells = np.kron(cells, np.ones((2, 2), np.bool_)).astype(np.bool_)
            cells &= random.random_sample(cells.shape) < kept
        if cells.sum() > 30:  # it may die out
            return cells


def snowflake(n: int, angle: float, shift: tuple[float, float], steps: int = 6) -> Cells:
    """The inside of Koch's snowflake, turned and moved: a map whose boundary has log 4 / log 3."""
    corners = np.exp(1j * (angle - 2 * np.pi * np.arange(4) / 3))
    for _ in range(steps):
        start, third = corners[:-1], np.diff(corners) / 3
        parts = [start, start + third, start + third + third * np.exp(1j * np.pi / 3), start + 2 * third]
        corners = np.append(np.stack(parts, axis=1).ravel(), corners[-1])
    corners = corners * 0.38 * n + complex(n / 2 + shift[0], n / 2 + shift[1])
    inside = np.zeros((n, n), np.bool_)
    columns = np.arange(n)
    for row in range(n):  # a cell is inside if the way to the left crosses the curve an odd number of times
        y, a, b = row + 0.1234, corners[:-1], corners[1:]
        crossing = (a.imag > y) != (b.imag > y)
        a, b = a[crossing], b[crossing]
        x = np.sort(a.real + (y - a.imag) / (b.imag - a.imag) * (b.real - a.real))
        inside[row] = np.searchsorted(x, columns) % 2 == 1
    return inside


def half_plane(n: int, angle: float, shift: float) -> Cells:
    """A map whose boundary is a straight line."""
    y, x = np.mgrid[:n, :n] - n / 2
    return np.asarray(x * np.cos(angle) + y * np.sin(angle) > shift)


def mountains(n: int, roughness: float, random: np.random.RandomState) -> Cells:
    """Where a random landscape of Hurst exponent H is above the median: its boundary has 2 - H, H = 1 - roughness."""
    hurst, m = 1 - roughness, 2 * n
    frequency = np.hypot(np.fft.fftfreq(m)[:, None], np.fft.fftfreq(m)[None])
    frequency[0, 0] = 1.0
    noise = np.fft.fft2(random.standard_normal((m, m)))
    height = np.fft.ifft2(noise * frequency ** -(hurst + 1)).real[:n, :n]
    return np.asarray(height > np.median(height))


def all_known(n: int, random: np.random.RandomState) -> Iterator[Known]:
    """A set of each kind for maps of n pixels a side (at most 512), in random places and directions."""
    angle = random.uniform(0, 2 * np.pi)
    yield Known("line", 1.0, half_plane(n, angle, random.uniform(-n / 5, n / 5)), True)
    yield Known("plane", 2.0, np.ones((n - 1, n - 1), np.bool_), False)
    x, y = random.randint(0, 500, 2)
    yield Known("triangle", math.log(3) / math.log(2), sierpinski_triangle(1024)[y : y + n - 1, x : x + n - 1], False)
    x, y = random.randint(0, 729 - n, 2)
    yield Known("carpet", math.log(8) / math.log(3), sierpinski_carpet(6)[y : y + n - 1, x : x + n - 1], False)
    shift = random.uniform(-n / 25), random.uniform(-n / 25)
    yield Known("Koch curve", math.log(4) / math.log(3), snowflake(n, angle, shift), True)
    for kept in (0.6, 0.7, 0.85):
        dust = cantor_dust(n, kept, random)[: n - 1, : n - 1]
        yield Known(f"Cantor dust {kept}", 2 + math.log2(kept), dust, False)
    for roughness in (0.2, 0.4, 0.6, 0.8):
        yield Known(f"mountains {roughness}", 1 + roughness, mountains(n, roughness, random), True)
