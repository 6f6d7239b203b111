"""A map whose tiles cost nothing: the verdict and the measures are formulas of the two values."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from experiments.maps.declared import MEASURES
from experiments.maps.explorer.page import Subject
from experiments.maps.explorer.tiles import SAMPLED, axes_of
from experiments.maps.measures import measure_of
from experiments.maps.pixels import Pixels
from experiments.maps.plane import TILE, Axis, Plane, Tile

PATIENCE = 30  # seconds
PLANE = Plane(Axis("learning_rate", "log", 0.1, 1000.0), Axis("output_learning_rate", "log", 0.1, 1000.0))
SUBJECT = Subject(
    title="gaussian_random: 16 units",
    plane=PLANE,
    labels=("learning rate", "learning rate of the output layer"),
    flags=("--learning-rate", "--output-learning-rate"),
    map_command="planar-sweep map --x learning-rate=log:0.1:1000.0 --y output-learning-rate=log:0.1:1000.0",
    grid_command="planar-sweep grid --hidden 16",
    settings={"hidden units": "16", "iterations": "500"},
    measures=[measure_of(name, {"metric": None, "reach": 0.1}) for name in MEASURES],
)


def until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.005)


def pixels_of(tile: Tile, plane: Plane = PLANE) -> Pixels:
    """Converges where x + y < 30 (1 + sin(8 log x) / 3)."""
    xs, ys = axes_of(plane, tile)
    x, y = np.meshgrid(xs, ys)
    limit = 30 * (1 + np.sin(8 * np.log(x)) / 3)
    size = (x + y) / limit
    pixels = Pixels.empty(TILE, TILE)
    return pixels._replace(
        converged=size < 1,
        measure=np.where(size < 1, 1 + 400 * size, 1 + 400 / size),
        reached=np.where(size < 1, (500 * size).astype(int), -1),
        cost=size,
        score=1 - size,
    )


class Fake:
    """A source that counts what it computes, once each. Tiles wait while ``gate`` is not set."""

    def __init__(self, plane: Plane = PLANE) -> None:
        self.plane = plane
        self.begun: list[Tile] = []
        self.done: list[Tile] = []
        self.looks: list[Tile] = []
        self.curves: list[tuple[int, int, int]] = []
        self.gate = threading.Event()
        self.gate.set()

    def stored(self, tile: Tile) -> Pixels | None:
        return pixels_of(tile, self.plane) if tile in self.done else None

    def get(self, tile: Tile, stop: threading.Event) -> Pixels:
        self.begun.append(tile)
        while not self.gate.wait(0.01):
            if stop.is_set():
                raise RuntimeError("nobody waits")
        self.done.append(tile)
        return pixels_of(tile, self.plane)

    def sample(self, tile: Tile, stop: threading.Event) -> Pixels:
        self.looks.append(tile)
        every = (slice(None, None, SAMPLED),) * 2
        pixels = Pixels.empty(TILE, TILE)
        pixels.put(*every, pixels_of(tile, self.plane).at(*every))
        return pixels

    def curve(self, level: int, column: int, row: int) -> NDArray[np.float64]:
        self.curves.append((level, column, row))
        return np.exp(-np.arange(501) / 100.0)
