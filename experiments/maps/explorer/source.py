"""Where the explorer's tiles and curves come from: the store of a map, and training."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.maps.compute import Part, Setting, parts, put, taken_over
from experiments.maps.pixels import Pixels
from experiments.maps.plane import TILE, Plane, Tile
from experiments.maps.store import MapStore
from experiments.runner.train import Stopped
from planar_core import training

_PARTS_OF_A_JOB = 8  # of a tile: networks that diverge are quick, so equal parts take unequal times


class MapSource:
    """Tiles of a map: read from its store, or trained by ``jobs`` threads, a tile at a time, and then stored.

    ``store`` is used by one thread at a time.
    """

    def __init__(self, plane: Plane, setting: Setting, store: MapStore, jobs: int) -> None:
        self.plane, self._setting, self._store, self._jobs = plane, setting, store, jobs
        self._using = threading.Lock()
        self._executor = ThreadPoolExecutor(jobs, thread_name_prefix="explorer")

    def stored(self, tile: Tile) -> Pixels | None:
        """A tile, if it is stored."""
        with self._using:
            return self._store.read(tile)

    def get(self, tile: Tile, stop: threading.Event) -> Pixels:
        """A tile, trained if it is not stored. Raises Stopped soon after ``stop`` is set."""
        with self._using:
            found = self._store.read(tile)
            coarser = None if tile.coarser is None or found is not None else self._store.read(tile.coarser)
        if found is not None:
            return found
        pixels, left = taken_over(tile, coarser)
        some = list(parts(self.plane, tile, left, max(1, len(left) // (_PARTS_OF_A_JOB * self._jobs))))
        for part, trained in zip(some, self._executor.map(lambda each: self._trained(each, stop), some), strict=True):
            put(pixels, part, trained)
        with self._using:
            self._store.write(tile, pixels)
        return pixels

    def close(self) -> None:
        """Train nothing more; the threads end with what they are training."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def curve(self, level: int, column: int, row: int) -> NDArray[np.float64]:
        """The cost of the network of a pixel after 0, 1, ... updates; nan from the first one that is not finite."""
        of, side = self._setting, TILE << level
        values: dict[str, Any] = {of.knobs[0]: self.plane.x.at(column, side), of.knobs[1]: self.plane.y.at(row, side)}
        problem = of.problem
        batch = training.new_batch(
            problem.features, of.hidden, [of.seed], [of.how._replace(**values)], of.iterations + 1, of.dtype,
            problem.outputs,
        )  # fmt: skip
        examples = problem.train, problem.test
        for _ in training.train_batch(
            of.hidden, problem.features, batch, *examples, of.iterations, 1,
            activation=of.activation, task=problem.task, outputs=problem.outputs,
        ):  # fmt: skip
            pass
        costs: NDArray[np.float64] = batch.costs[0]
        return costs

    def _trained(self, part: Part, stop: threading.Event) -> Pixels:
        if stop.is_set():
            raise Stopped
        return self._setting.train(part.xs, part.ys, stop)
