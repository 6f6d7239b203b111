"""Where a film goes."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.knobs.knob import SweepError
from experiments.maps.journey import check_frames, journey, most_networks
from experiments.maps.plane import DEEPEST, TILE, Axis, Plane, Window, whole

PLANE = Plane(Axis("learning_rate", "lin", 0.0, 1.0), Axis("l2", "log", 1.0, 16.0))


def assert_is_a_journey(windows: list[Window], size: int, n: int) -> None:
    assert windows[0] == whole(size)
    assert [window.level for window in windows] == list(range(windows[0].level, windows[0].level + n))
    for before, after in itertools.pairwise(windows):
        assert (after.width, after.height) == (size, size)
        for start, end in ((before.x, after.x), (before.y, after.y)):
            assert 2 * start <= end
            assert end + size <= 2 * (start + size)
        assert {tile.coarser for tile in after.tiles()} <= set(before.tiles())


def test_windows_are_around_their_point() -> None:
    windows = list(journey(PLANE, 128, 20, lambda _: (0.3, 4.0)))
    assert_is_a_journey(windows, 128, 20)
    for window in windows[3:]:  # where the plane does not end
        side = TILE << window.level
        assert (window.x + 64) / side == pytest.approx(0.3, abs=1 / side)
        assert (window.y + 64) / side == 0.5
    assert most_networks(128, 20) >= sum(len(window.tiles()) * 3072 for window in windows[1:])


@settings(max_examples=50, deadline=None)
@given(targets=st.lists(st.tuples(st.floats(0, 1), st.floats(1, 16)), min_size=1, max_size=DEEPEST))
def test_each_window_lies_within_the_one_before_wherever_it_is_led(targets: list[tuple[float, float]]) -> None:
    left = iter(targets)
    windows = list(journey(PLANE, 64, len(targets) + 1, lambda _: next(left)))
    assert_is_a_journey(windows, 64, len(targets) + 1)


def test_more_windows_than_levels() -> None:
    check_frames(64, DEEPEST + 1)
    with pytest.raises(SweepError) as error:
        check_frames(128, DEEPEST + 1)
    assert str(error.value) == f"--film: expected at most {DEEPEST} with --size 128, got {DEEPEST + 1}"


def test_a_film_of_one_window_trains_nothing_more() -> None:
    assert most_networks(512, 1) == 0
