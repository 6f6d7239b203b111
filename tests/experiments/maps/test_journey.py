"""Where a film goes."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest

from experiments.knobs.knob import SweepError
from experiments.maps.journey import Point, along_the_boundary, deepest_level, frames, point_at
from experiments.maps.plane import DEEPEST, TILE, Axis, Plane, Window, whole

PLANE = Plane(Axis("learning_rate", "lin", 0.0, 1.0), Axis("l2", "lin", 0.0, 1.0))


def in_a_circle(window: Window) -> npt.NDArray[np.bool_]:
    """What converges lies within a circle around the middle, of radius 0.3."""
    side = TILE << window.level
    x = (window.x + np.arange(window.width)) / side - 0.5
    y = (window.y + np.arange(window.height)) / side - 0.5
    return np.hypot(x, y[:, np.newaxis]) < 0.3


def test_it_stays_on_the_boundary() -> None:
    points = list(along_the_boundary(in_a_circle, 30))
    assert [point.level for point in points] == list(range(31))
    for point in points:
        side = TILE << point.level
        assert math.hypot(point.x / side - 0.5, point.y / side - 0.5) == pytest.approx(0.3, abs=2 / side)
    for before, after in itertools.pairwise(points):
        assert max(abs(after.x - 2 * before.x), abs(after.y - 2 * before.y)) <= 2


@pytest.mark.parametrize("value", [True, False])
def test_without_a_boundary_it_stays_in_the_middle(value: bool) -> None:
    points = along_the_boundary(lambda window: np.full((window.height, window.width), value), 5)
    assert list(points)[-1] == Point(5, 32 * 32, 32 * 32)


def test_frames_are_around_their_point() -> None:
    point = point_at(PLANE, 20, 0.3, 0.6)
    windows = frames(point, 128, 20)
    assert windows[0] == whole(128)
    for k, window in enumerate(windows):
        assert (window.level, window.width, window.height) == (1 + k, 128, 128)
        side = TILE << window.level
        x, y = ((0.5 * size + at) / side for at, size in ((window.x, window.width), (window.y, window.height)))
        if k > 2:  # where the plane does not end
            assert (x, y) == pytest.approx((0.3, 0.6), abs=1 / side)
    for before, after in itertools.pairwise(windows):  # each lies within the one before
        assert before.x <= after.x / 2
        assert (after.x + after.width) / 2 <= before.x + before.width


def test_a_frame_stays_inside() -> None:
    assert point_at(PLANE, 5, 0.0, 1.0).window(64) == Window(5, 0, 31 * 64, 64, 64)


def test_more_frames_than_levels() -> None:
    assert deepest_level(64, DEEPEST + 1) == DEEPEST
    with pytest.raises(SweepError) as error:
        deepest_level(128, DEEPEST + 1)
    assert str(error.value) == f"--film: expected at most {DEEPEST} with --size 128, got {DEEPEST + 1}"
