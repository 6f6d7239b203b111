"""A window of a map with all its pixels: what pictures and findings are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from experiments.files import ResultsError
from experiments.maps.pixels import Pixels
from experiments.maps.plane import TILE, Plane, Tile, Window
from experiments.maps.request import MapRequest
from experiments.maps.store import MapStore


class Field(NamedTuple):
    """What became of the networks of a window.

    verdicts: arrays of shape (height, width); row 0 has the smallest y
    request: the plain values of ``MapRequest.as_dict``
    """

    plane: Plane
    window: Window
    verdicts: Pixels
    request: Mapping[str, Any]

    @property
    def x(self) -> list[float]:
        """The value of each column."""
        return self.window.xs(self.plane)

    @property
    def y(self) -> list[float]:
        """The value of each row."""
        return self.window.ys(self.plane)

    @property
    def n(self) -> int:
        """The number of networks."""
        return self.window.width * self.window.height

    def setting(self, name: str) -> Any:
        """The value of a knob that is no axis."""
        value = self.request["settings"][name]
        return value[0] if isinstance(value, list) else value


def field_of(store: MapStore, window: Window) -> Field:
    """The window of a stored map. Raises ResultsError for an empty store, and for a tile that is missing or damaged."""
    stored = store.request
    if stored is None:
        raise ResultsError(f"{store.name}: expected the results of a map, found none")
    return assembled(MapRequest.from_dict(stored), window, lambda tile: _read(store, tile))


def assembled(request: MapRequest, window: Window, tile_of: Callable[[Tile], Pixels]) -> Field:
    """The window of a map whose tiles come from ``tile_of``."""
    pixels = Pixels.empty(window.height, window.width)
    for tile in window.tiles():
        # Where the tile and the window overlap: in rows and columns of the window, and of the tile.
        left, top = TILE * tile.x - window.x, TILE * tile.y - window.y
        rows = slice(max(top, 0), min(top + TILE, window.height))
        columns = slice(max(left, 0), min(left + TILE, window.width))
        inside = slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left)
        pixels.put(rows, columns, tile_of(tile).at(*inside))
    return Field(request.plane, window, pixels, request.as_dict())


def _read(store: MapStore, tile: Tile) -> Pixels:
    if (pixels := store.read(tile)) is None:
        raise ResultsError(f"{store.name}: tile {tile} is missing: make the map again; only what is missing is trained")
    return pixels
