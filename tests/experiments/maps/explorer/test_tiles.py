"""Tiles as bytes: the values of the axes to the last bit, the measures as float32, and rounded in static pages."""

from __future__ import annotations

import math
import zlib

import numpy as np
import pytest

from experiments.maps.explorer.tiles import compressed, packed
from experiments.maps.pixels import Pixels
from experiments.maps.plane import DEEPEST, TILE, Axis, Plane, Tile, Window, deepest, too_close
from tests.experiments.maps.explorer.fake import PLANE, SUBJECT, pixels_of

AXES = 2 * TILE * 8
MEASURES = [measure.name for measure in SUBJECT.measures]
COST = next(measure for measure in SUBJECT.measures if measure.name == "cost")


@pytest.mark.parametrize("tile", [Tile(0, 0, 0), Tile(3, 5, 2), Tile(40, 2**39 + 3, 7)])
def test_a_tile_has_the_values_of_its_axes_and_each_measure(tile: Tile) -> None:
    pixels = pixels_of(tile)
    content = packed(PLANE, tile, pixels, SUBJECT.measures)
    assert len(content) == AXES + len(MEASURES) * TILE * TILE * 4
    axes = np.frombuffer(content, "<f8", 2 * TILE).reshape(2, TILE)
    assert axes.tolist() == [tile.window.xs(PLANE), tile.window.ys(PLANE)]
    planes = dict(zip(MEASURES, np.frombuffer(content, "<f4", offset=AXES).reshape(-1, TILE, TILE), strict=True))
    signed = np.where(pixels.converged, 1, -1) * pixels.measure
    np.testing.assert_array_equal(planes["paper"], signed.astype(np.float32))
    np.testing.assert_array_equal(planes["cost"], pixels.cost.astype(np.float32))
    assert (np.isnan(planes["reached"]) == (pixels.reached < 0)).all()


def test_static_tiles_are_rounded_to_thirteen_bits_and_nothing_is_made_of_what_is_not_finite() -> None:
    values = np.array([1.0, math.pi, -math.pi, 1e6, 1e-30, math.inf, -math.inf, math.nan, 0.0, -0.0, 3.4e38, 1e-45])
    tile = Tile(0, 0, 0)
    pixels = Pixels.empty(TILE, TILE)
    pixels = pixels._replace(cost=np.resize(values, (TILE, TILE)))
    raw = zlib.decompress(compressed([packed(PLANE, tile, pixels, [COST])] * 2))
    shuffled = np.frombuffer(raw, np.uint8).reshape(4, -1)
    both = np.ascontiguousarray(shuffled.T).tobytes()
    assert both[: len(both) // 2] == both[len(both) // 2 :]
    held = np.frombuffer(both[: len(both) // 2], "<f4", len(values), AXES)
    for value, read in zip(values.astype(np.float32).tolist(), held.tolist(), strict=True):
        if math.isfinite(value):
            assert abs(read - value) <= abs(value) * 2**-13 or abs(value) < 2**-126
        else:
            assert str(read) == str(value)
    assert np.frombuffer(both, "<f8", TILE).tolist() == tile.window.xs(PLANE)


@pytest.mark.parametrize(
    "axis",
    [
        Axis("learning_rate", "log", 0.1, 1000.0),
        Axis("learning_rate", "log", 1.0, 1.001),
        Axis("learning_rate", "log", 1.9, 2.1),
        Axis("l2", "lin", 0.0, 1.0),
        Axis("l2", "lin", 1000.0, 1001.0),
        Axis("l2", "lin", -3.0, 1.0),
    ],
    ids=str,
)
def test_at_the_deepest_level_float64_tells_pixels_apart_everywhere(axis: Axis) -> None:
    level = deepest(Plane(axis, axis))
    assert 0 < level <= DEEPEST
    side = TILE << level
    for first in (0, side // 3, side // 2, side - TILE):
        assert too_close(Plane(axis, axis), Window(level, first, first, TILE, TILE)) is None
    if level + 2 <= DEEPEST:  # two levels further, somewhere it does not
        side *= 4
        places = [Window(level + 2, first, first, TILE, TILE) for first in range(0, side, side // 64)]
        assert any(too_close(Plane(axis, axis), each) for each in places)
