"""A window of a map with all its pixels: what pictures and findings are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from experiments.files import ResultsError
from experiments.maps.declared import MEASURES
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


def field_of(store: MapStore, window: Window, measure: str | None = None) -> Field:
    """The window of a stored map. Raises ResultsError for an empty store, and for a tile that is missing or damaged.

    ``measure``: only the verdicts and this measure are wanted, since a million pixels take some memory; None: all.
    """
    stored = store.request
    if stored is None:
        raise ResultsError(f"{store.name}: expected the results of a map, found none")
    return assembled(MapRequest.from_dict(stored), window, lambda tile: _read(store, tile), measure)


def assembled(
    request: MapRequest, window: Window, tile_of: Callable[[Tile], Pixels], measure: str | None = None
) -> Field:
    """The window of a map whose tiles come from ``tile_of``. ``measure``: as in ``field_of``."""
    pixels = Pixels.empty(window.height, window.width)
    kept: tuple[str, ...] = Pixels._fields
    if measure is not None:
        of_measure = measure if measure in (*Pixels._fields, MEASURES[0]) else "metric"
        kept = ("converged", "measure", "steps", of_measure)
    for tile in window.tiles():
        # Where the tile and the window overlap: in rows and columns of the window, and of the tile.
        left, top = TILE * tile.x - window.x, TILE * tile.y - window.y
        rows = slice(max(top, 0), min(top + TILE, window.height))
        columns = slice(max(left, 0), min(left + TILE, window.width))
        inside = slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left)
        for name, values in tile_of(tile).at(*inside)._asdict().items():
            if name in kept:
                getattr(pixels, name)[rows, columns] = values
    # Arrays of zeros that nothing was written to take no memory; one number stands for all of what is left out.
    nothing: Any = np.broadcast_to(np.float64("nan"), pixels.cost.shape)
    others = {name: nothing for name in Pixels._fields if name not in kept}
    return Field(request.plane, window, pixels._replace(**others), request.as_dict())


def _read(store: MapStore, tile: Tile) -> Pixels:
    if (pixels := store.read(tile)) is None:
        raise ResultsError(f"{store.name}: tile {tile} is missing: make the map again; only what is missing is trained")
    return pixels
