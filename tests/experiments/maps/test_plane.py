"""Pixels, tiles and windows of a plane."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from experiments.knobs.knob import SweepError
from experiments.maps.plane import DEEPEST, TILE, Axis, Plane, Tile, Window, levels, tiles_of, too_close, whole, zoomed
from tests.oracles import plane as oracle

AXES = [
    ("log", "0.1", "1000"),
    ("log", "1E-300", "1E+300"),
    ("log", "0.3", "0.7"),
    ("lin", "0", "1"),
    ("lin", "-0.3", "7"),
]
PLANE = Plane(Axis("learning_rate", "log", 0.1, 1000.0), Axis("l2", "lin", 0.0, 1.0))
LEVELS = st.integers(0, DEEPEST)


def axis_of(kind: str, first: str, last: str) -> Axis:
    return Axis("learning_rate", kind, float(first), float(last))


@settings(max_examples=300, deadline=None)
@given(ends=st.sampled_from(AXES), level=LEVELS, share=st.floats(0, 1, exclude_max=True))
@example(ends=("lin", "-0.3", "7"), level=46, share=0.2965240794759574)  # halfway between two floats
def test_values_are_rounded_once(ends: tuple[str, str, str], level: int, share: float) -> None:
    numerator = int(share * (TILE << level))
    reference = oracle.at(*ends, numerator, level)
    assert axis_of(*ends).at(numerator, TILE << level) == reference


@pytest.mark.parametrize("ends", AXES)
def test_values_begin_with_the_first_and_grow(ends: tuple[str, str, str]) -> None:
    axis = axis_of(*ends)
    values = [axis.at(k, 256) for k in range(256)]
    assert values[0] == axis.first
    assert values == sorted(set(values))
    assert values[-1] < axis.last


@settings(max_examples=100, deadline=None)
@given(ends=st.sampled_from(AXES), level=st.integers(0, DEEPEST - 1), share=st.floats(0, 1, exclude_max=True))
def test_a_pixel_is_a_pixel_of_every_finer_level(ends: tuple[str, str, str], level: int, share: float) -> None:
    numerator = int(share * (TILE << level))
    axis = axis_of(*ends)
    assert axis.at(numerator, TILE << level) == axis.at(2 * numerator, TILE << level + 1)


@settings(max_examples=100, deadline=None)
@given(ends=st.sampled_from(AXES), share=st.floats(0, 1, exclude_max=True))
def test_a_value_is_found_at_its_pixel(ends: tuple[str, str, str], share: float) -> None:
    axis, pixels = axis_of(*ends), TILE << 20
    numerator = int(share * pixels)
    value = axis.at(numerator, pixels)
    assert axis.nearest(value, pixels) == numerator
    assert axis.fraction(value) == pytest.approx(numerator / pixels, abs=1e-12)


def test_what_lies_outside() -> None:
    assert PLANE.x.fraction(0.01) < 0 < 1 < PLANE.x.fraction(2000)
    assert math.isnan(PLANE.x.fraction(0.0))


@given(level=st.integers(1, 8), data=st.data())
def test_a_tile_has_a_quarter_of_the_coarser_one(level: int, data: st.DataObject) -> None:
    x, y = (data.draw(st.integers(0, 2**level - 1)) for _ in range(2))
    tile = Tile(level, x, y)
    coarser = tile.coarser
    assert coarser is not None
    rows, columns = tile.quarter
    # Every second pixel, by its place in the whole plane.
    assert [64 * y + k for k in range(0, 64, 2)] == [2 * (64 * coarser.y + k) for k in range(rows.start, rows.stop)]
    of_coarser = [2 * (64 * coarser.x + k) for k in range(columns.start, columns.stop)]
    assert [64 * x + k for k in range(0, 64, 2)] == of_coarser
    assert coarser.is_of_plane
    assert tile.is_of_plane
    assert not Tile(level, 2**level, y).is_of_plane
    assert not Tile(level, x, -1).is_of_plane


def test_the_whole_plane() -> None:
    assert whole(64) == Window(0, 0, 0, 64, 64)
    assert whole(512) == Window(3, 0, 0, 512, 512)
    assert whole(128).tiles() == [Tile(1, 0, 0), Tile(1, 1, 0), Tile(1, 0, 1), Tile(1, 1, 1)]
    assert [len(stage.tiles()) for stage in levels(whole(512))] == [1, 4, 16, 64]


@given(size=st.sampled_from([64, 128, 256]), level=st.integers(0, 10), data=st.data())
def test_every_tile_of_a_window_follows_its_coarser_one(size: int, level: int, data: st.DataObject) -> None:
    side = TILE << level
    size = min(size, side)
    x, y = (data.draw(st.integers(0, side - size)) for _ in range(2))
    window = Window(level, x, y, size, size)
    tiles = tiles_of(window)
    assert len(tiles) == len(set(tiles))
    first = tiles[0].level
    assert first == level - (size.bit_length() - TILE.bit_length())
    for place, tile in enumerate(tiles):
        assert tile.is_of_plane
        assert tile.level == first or tile.coarser in tiles[:place]
    touched = {Tile(level, i // 64, j // 64) for i in (x, x + size - 1) for j in (y, y + size - 1)}
    assert touched <= set(tiles)


def test_a_zoom_is_around_its_point() -> None:
    window = zoomed(PLANE, 128, 10.0, 0.25, 1024)
    assert window == Window(11, 65536 - 64, 32768 - 64, 128, 128)
    assert (window.xs(PLANE)[64], window.ys(PLANE)[64]) == (10.0, 0.25)
    assert zoomed(PLANE, 64, 10.0, 0.25, 1) == whole(64)


def test_a_zoom_stays_inside() -> None:
    assert zoomed(PLANE, 64, 0.1, 1.0, 4) == Window(2, 0, 192, 64, 64)


@pytest.mark.parametrize("size", [0, 1, 63, 65, 96, 2**15])
def test_sizes_are_powers_of_two(size: int) -> None:
    with pytest.raises(SweepError) as error:
        whole(size)
    assert str(error.value) == f"--size: expected 64, 128, 256 ... or 16,384 pixels a side, got {size:,}"


@pytest.mark.parametrize(
    ("x", "y", "factor", "message"),
    [
        (1.0, 0.5, 3, "expected a power of two such as 8 as the factor, got 3"),
        (1.0, 0.5, 0, "expected a power of two such as 8 as the factor, got 0"),
        (1.0, 0.5, 2**60, f"expected a factor of at most {2**50:,} with --size 64, got {2**60:,}"),
        (0.0, 0.5, 2, "expected a value of learning rate from 0.1 to 1000.0, got 0.0"),
        (1.0, 1.5, 2, "expected a value of l2 from 0.0 to 1.0, got 1.5"),
    ],
)
def test_zooms_that_are_refused(x: float, y: float, factor: int, message: str) -> None:
    with pytest.raises(SweepError) as error:
        zoomed(PLANE, 64, x, y, factor)
    assert str(error.value) == f"--zoom: {message}"


def test_pixels_that_float64_cannot_tell_apart() -> None:
    assert too_close(PLANE, zoomed(PLANE, 64, 1.0, 0.3, 2**45)) is None
    close = too_close(PLANE, zoomed(PLANE, 64, 1.0, 0.3, 2**46))
    assert close is not None
    assert close.startswith("neighbouring pixels differ by less than 8 units in the last place in float64: l2 0.")
    assert close.endswith("; zoom less")
    equal = too_close(PLANE, zoomed(PLANE, 64, 1.0, 0.3, 2**50))
    assert equal is not None
    assert "neighbouring pixels are equal in float64" in equal
