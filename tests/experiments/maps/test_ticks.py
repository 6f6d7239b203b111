"""Ticks along a map, and values as text."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from experiments.maps.plane import TILE, Axis, Plane, Window, whole, zoomed
from experiments.maps.ticks import power_text, ticks_of_x, ticks_of_y, value_text

LOG = Axis("learning_rate", "log", 0.1, 1000.0)
LIN = Axis("init_offset", "lin", -2.0, 3.0)
PLANE = Plane(LOG, LIN)


def test_a_few_decades_have_their_powers_of_ten() -> None:
    ticks = ticks_of_x(LOG, whole(256))
    assert ticks.labels == ["0.1", "1", "10", "100"]
    assert ticks.places == [0, 64, 128, 192]
    assert len(ticks.minor) == 4 * 8
    assert not ticks.common


def test_the_same_pixels_in_another_unit() -> None:
    ticks = ticks_of_x(LOG, whole(256), 4.0)  # from 0.4 to 4,000
    assert ticks.labels == ["1", "10", "100", "1000"]
    assert ticks.places == pytest.approx([64 * np.log10(10.0**k / 0.4) for k in range(4)], abs=1e-3)
    assert ticks_of_y(LIN, whole(64), 10.0).labels == ["-20", "-10", "0", "10", "20"]
    assert ticks_of_y(LIN, whole(64), 10.0).places == ticks_of_y(LIN, whole(64)).places


def test_many_decades_have_some_of_them_in_powers() -> None:
    ticks = ticks_of_x(Axis("l2", "log", 1e-12, 1e6), whole(64))
    assert ticks.labels == ["10⁻¹²", "10⁻⁹", "10⁻⁶", "0.001", "1", "1000"]
    assert not ticks.minor or min(ticks.minor) >= 0


def test_less_than_two_decades_have_further_values() -> None:
    assert ticks_of_x(Axis("l2", "log", 0.03, 1.0), whole(64)).labels == ["0.05", "0.1", "0.2", "0.5"]


def test_equal_steps_on_a_linear_axis() -> None:
    ticks = ticks_of_y(LIN, whole(64))
    assert ticks.labels == ["-2", "-1", "0", "1", "2"]
    assert ticks.places == pytest.approx([0, 12.8, 25.6, 38.4, 51.2], abs=1e-3)


def window_of(factor: int) -> Window:
    return zoomed(PLANE, 256, 12.3456789, 0.123456789, factor)


@pytest.mark.parametrize("power", range(2, 44, 3))
def test_ticks_of_a_zoom_are_their_values_and_differ(power: int) -> None:
    window = window_of(2**power)
    for axis, ticks, start in (
        (LOG, ticks_of_x(LOG, window), window.x),
        (LIN, ticks_of_y(LIN, window), window.y),
    ):
        assert 2 <= len(ticks.labels) <= 6
        assert len(set(ticks.labels)) == len(ticks.labels)
        assert all(len(label) <= 7 for label in ticks.labels)
        base, unit = Decimal(0), Decimal(1)
        if ticks.common:
            text, _, raised = ticks.common.partition(" + n × 10")
            power_of_ten = int(raised.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")))
            base, unit = Decimal(text), Decimal(1).scaleb(power_of_ten)
        for place, label in zip(ticks.places, ticks.labels, strict=True):
            assert -0.5 <= place <= 255.5
            value = float(base + unit * Decimal(label))
            before, after = (axis.at(start + round(place) + k, TILE << window.level) for k in (-1, 1))
            assert before <= value <= after
            exact = axis.fraction(value) * (TILE << window.level) - start
            if power < 25:  # beyond, a fraction has too few digits
                assert place == pytest.approx(exact, abs=0.01)


def test_where_float64_tells_no_pixels_apart_there_is_one_tick() -> None:
    flat = Axis("learning_rate", "log", 1.0, 1.0 + 2**-50)
    assert ticks_of_x(flat, Window(20, 0, 0, 64, 64)).labels == ["1.0"]


@pytest.mark.parametrize(
    ("level", "expected"), [(0, "12.3"), (6, "12.35"), (14, "12.3457"), (24, "12.3456789"), (44, "12.3456789012")]
)
def test_a_value_has_the_digits_that_its_pixel_needs(level: int, expected: str) -> None:
    assert value_text(LOG, 12.3456789012, level) == expected


@pytest.mark.parametrize(("value", "expected"), [(0.01, "0.01"), (500.0, "500"), (1e-6, "10⁻⁶"), (2e20, "2·10²⁰")])
def test_a_round_value_of_any_size_is_short(value: float, expected: str) -> None:
    assert power_text(value) == power_text(np.float64(value)) == expected
