"""Where the explorer's tiles and curves come from: the store of a map, and training."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from experiments.maps.compute import Part, Setting, parts, put, taken_over
from experiments.maps.explorer.tiles import SAMPLED
from experiments.maps.pixels import Pixels
from experiments.maps.plane import TILE, Plane, Tile
from experiments.maps.store import MapStore
from experiments.runner.train import Stopped

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
        self._train(tile, pixels, left, stop)
        with self._using:
            self._store.write(tile, pixels)
        return pixels

    def sample(self, tile: Tile, stop: threading.Event) -> Pixels:
        """The pixels of a tile with every ``SAMPLED``-th column and row, which are trained and not stored.

        Arrays of the size of a tile, in which all others are zero. Raises Stopped soon after ``stop`` is set.
        """
        pixels, is_wanted = Pixels.empty(TILE, TILE), np.zeros((TILE, TILE), np.bool_)
        is_wanted[::SAMPLED, ::SAMPLED] = True
        self._train(tile, pixels, np.flatnonzero(is_wanted), stop)
        return pixels

    def _train(self, tile: Tile, pixels: Pixels, places: NDArray[np.intp], stop: threading.Event) -> None:
        some = list(parts(self.plane, tile, places, max(1, len(places) // (_PARTS_OF_A_JOB * self._jobs))))
        for part, trained in zip(some, self._executor.map(lambda each: self._trained(each, stop), some), strict=True):
            put(pixels, part, trained)

    def close(self) -> None:
        """Train nothing more; the threads end with what they are training."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def curve(self, level: int, column: int, row: int) -> NDArray[np.float64]:
        """The cost of the network of a pixel after 0, 1, ... updates; nan from the first one that is not finite."""
        side = TILE << level
        return self._setting.curve(self.plane.x.at(column, side), self.plane.y.at(row, side))

    def _trained(self, part: Part, stop: threading.Event) -> Pixels:
        if stop.is_set():
            raise Stopped
        return self._setting.train(part.xs, part.ys, stop)
