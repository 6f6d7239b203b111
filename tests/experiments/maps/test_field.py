"""A window of a stored map."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from experiments.files import ResultsError
from experiments.maps.field import assembled, field_of
from experiments.maps.pixels import Pixels
from experiments.maps.plane import TILE, Tile, Window
from experiments.maps.request import MapRequest
from experiments.maps.store import claimed

REQUEST = MapRequest("learning-rate=log:0.1:10", "l2=log:0.001:1", dataset="moons", hidden=2, iterations=20)


def numbered(tile: Tile) -> Pixels:
    """Pixels whose cost is their place in the grid of the level."""
    pixels = Pixels.empty(TILE, TILE)
    rows, columns = np.mgrid[:TILE, :TILE]
    pixels.cost[:] = 1000 * (TILE * tile.y + rows) + TILE * tile.x + columns
    return pixels


@pytest.mark.parametrize("window", [Window(1, 0, 0, 128, 128), Window(2, 60, 130, 70, 3), Window(3, 64, 128, 64, 64)])
def test_a_window_has_its_pixels_from_all_tiles(window: Window) -> None:
    computed = assembled(REQUEST, window, numbered)
    rows, columns = np.mgrid[window.y : window.y + window.height, window.x : window.x + window.width]
    np.testing.assert_array_equal(computed.verdicts.cost, 1000 * rows + columns)
    assert computed.x[0] == REQUEST.plane.x.at(window.x, TILE << window.level)
    assert computed.y[-1] == REQUEST.plane.y.at(window.y + window.height - 1, TILE << window.level)
    assert computed.n == window.width * window.height
    assert (computed.setting("iterations"), computed.setting("dataset")) == (20, "moons")


def test_of_a_store_and_what_is_missing_is_named(tmp_path: Path) -> None:
    with claimed(tmp_path) as store:
        with pytest.raises(ResultsError, match="expected the results of a map, found none"):
            field_of(store, Window(0, 0, 0, 64, 64))
        store.begin(REQUEST.as_dict(), REQUEST.identity)
        store.write(Tile(1, 0, 0), numbered(Tile(1, 0, 0)))
        computed = field_of(store, Window(1, 10, 20, 40, 30))
        assert computed.verdicts.cost[0, 0] == 20_010
        assert computed.plane == REQUEST.plane
        with pytest.raises(ResultsError) as error:
            field_of(store, Window(1, 10, 20, 80, 30))
    assert str(error.value) == (
        f"{tmp_path / 'map.sqlite'}: tile 1/1/0 is missing: make the map again; only what is missing is trained"
    )
