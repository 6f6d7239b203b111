"""The tiles of a map that are left, in the order in which they are trained: coarse to fine, the boundary first."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from experiments.maps.compute import Part, parts, put, taken_over
from experiments.maps.crew import Crew
from experiments.maps.pixels import PIXELS, Pixels
from experiments.maps.plane import Plane, Tile
from experiments.maps.store import MapStore
from experiments.runner.retry import WorkerDied

_SECONDS = 0.5  # that a part should take: short enough for a bar and for Ctrl-C, and long compared with its overhead
_MOST_AT_ONCE = 1024  # pixels of a part, whose networks are all in memory
_ATTEMPTS = 4  # at a part before its workers' deaths are taken for its fault


class Left:
    """The tiles of a map that are not stored.

    tiles: all tiles of the map, coarse to fine. Each of them is read, which checks its digest
    """

    def __init__(self, tiles: Sequence[Tile], store: MapStore) -> None:
        self._store = store
        self.tiles = {tile for tile in tiles if store.read(tile) is None}
        self.stored = len(tiles) - len(self.tiles)

    @property
    def networks(self) -> int:
        """How many networks are trained; pixels of a coarser tile that is stored or left are not trained again."""
        return sum(self._of_tile(tile) for tile in self.tiles)

    def _of_tile(self, tile: Tile) -> int:
        has_coarser = tile.coarser in self.tiles or (tile.coarser is not None and self._store.has(tile.coarser))
        return PIXELS * 3 // 4 if has_coarser else PIXELS


@dataclass
class _Begun:
    """A tile that is being trained."""

    pixels: Pixels
    left: int  # parts


@dataclass
class _Queue:
    """The tiles that can be trained: those whose coarser tile is stored, or not wanted."""

    store: MapStore
    plane: Plane
    size: int  # pixels of a part
    waiting: set[Tile]
    ready: list[tuple[int, bool, int, int]] = field(default_factory=list)  # a heap
    begun: dict[Tile, _Begun] = field(default_factory=dict)
    parts: Iterator[Part] = field(default_factory=lambda: iter(()))

    def __post_init__(self) -> None:
        by_coarser: dict[Tile | None, list[Tile]] = {}
        for tile in sorted(self.waiting):
            if tile.coarser not in self.waiting:
                by_coarser.setdefault(tile.coarser, []).append(tile)
        for coarser, tiles in by_coarser.items():
            self._add(tiles, None if coarser is None else self.store.read(coarser))

    def _add(self, tiles: Sequence[Tile], coarser: Pixels | None) -> None:
        for tile in tiles:
            self.waiting.discard(tile)
            is_uniform = coarser is None or not coarser.at(*tile.quarter).has_both
            heapq.heappush(self.ready, (tile.level, is_uniform, tile.y, tile.x))

    def following(self) -> Part | None:
        """The next part to train; None while nothing can be trained before something else is finished."""
        part = next(self.parts, None)
        if part is None and self.ready:
            level, _, y, x = heapq.heappop(self.ready)
            tile = Tile(level, x, y)
            pixels, left = taken_over(tile, None if tile.coarser is None else self.store.read(tile.coarser))
            self.begun[tile] = _Begun(pixels, -(-len(left) // self.size))
            self.parts = parts(self.plane, tile, left, self.size)
            part = next(self.parts)
        return part

    def add(self, part: Part, trained: Pixels) -> Tile | None:
        """Take a trained part; the tile, if this was its last part: it is then stored."""
        begun = self.begun[part.tile]
        put(begun.pixels, part, trained)
        begun.left -= 1
        if begun.left:
            return None
        tile = part.tile
        self.store.write(tile, begun.pixels)
        del self.begun[tile]
        x, y = 2 * tile.x, 2 * tile.y
        finer = [Tile(tile.level + 1, x + dx, y + dy) for dy in range(2) for dx in range(2)]
        self._add([each for each in finer if each in self.waiting], begun.pixels)
        return tile


def part_size(seconds: float, jobs: int) -> int:
    """Pixels of a part, if a network takes so long."""
    return min(max(1, int(_SECONDS / max(seconds, 1e-9))), _MOST_AT_ONCE, max(1, PIXELS // (2 * jobs)))


def train(
    left: Left,
    store: MapStore,
    plane: Plane,
    crew: Crew,
    seconds: float,
    progress: Callable[[int, Tile | None], object] = lambda *_: None,
) -> None:
    """Train the tiles that are left and store each when it is complete.

    ``seconds`` is how long a network takes, of all iterations. ``progress`` is told of the networks of each finished
    part, and of the tile if that is now stored. Only the tiles of the parts that are under way are in memory. Raises
    OSError if the workers of a part die every time.
    """
    queue = _Queue(store, plane, part_size(seconds, crew.jobs), set(left.tiles))
    under_way: dict[Any, Part] = {}
    deaths = Counter[tuple[Tile, int]]()

    def submit(part: Part) -> None:
        under_way[crew.submit(part)] = part

    while True:
        while len(under_way) < 2 * crew.jobs and (part := queue.following()) is not None:
            submit(part)
        if not under_way:
            return
        for future in crew.finished(list(under_way)):
            part = under_way.pop(future)
            try:
                trained = crew.result(future)
            except WorkerDied as died:
                name = part.tile, int(part.places[0])
                deaths[name] += 1
                if deaths[name] == _ATTEMPTS:
                    raise OSError(f"the workers of tile {part.tile} died {_ATTEMPTS} times ({died})") from None
                submit(part)
                continue
            progress(len(part.places), queue.add(part, trained))
