"""Values along an axis of a map as text, and round ones as its ticks, with as many digits as a deep zoom needs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import NamedTuple

from experiments.maps.plane import TILE, Axis, Window

MOST = 6  # labels
_DIGITS = 5  # of a label; with more, what all labels have in common is written once
_FINE = 1024  # parts of a pixel in which the place of a tick is found
_DECADE = 10.0


class Ticks(NamedTuple):
    """The ticks along one side of a window.

    places, minor: in pixels of the window; 0 is the middle of the first one
    common: what has to be added to each label: ``12.34567 + n × 10⁻⁹``; empty if the labels are the values
    """

    places: list[float]
    labels: list[str]
    minor: list[float]
    common: str = ""


def ticks_of_x(axis: Axis, window: Window, times: float = 1.0) -> Ticks:
    """From left to right, for the values of the axis multiplied by a number above 0."""
    return _ticks(_in_other_unit(axis, times), window.level, window.x, window.width)


def ticks_of_y(axis: Axis, window: Window, times: float = 1.0) -> Ticks:
    """From bottom to top, likewise."""
    return _ticks(_in_other_unit(axis, times), window.level, window.y, window.height)


def _in_other_unit(axis: Axis, times: float) -> Axis:
    return axis._replace(first=axis.first * times, last=axis.last * times)


def value_text(axis: Axis, value: float, level: int) -> str:
    """A value with as many digits as tell neighbouring pixels of a level apart, three at least."""
    pixels = TILE << level
    place = axis.nearest(value, pixels)
    near = (axis.at(place + 1, pixels) - axis.at(place, pixels)) / 2
    texts = (f"{value:.{digits}g}" for digits in range(3, 18))
    return next((text for text in texts if abs(float(text) - value) < near), repr(value))


def _ticks(axis: Axis, level: int, start: int, n: int) -> Ticks:
    pixels = TILE << level

    def place(value: float) -> float:
        # In whole numbers: a fraction of the axis has too few digits at the deepest levels.
        return (axis.nearest(value, pixels * _FINE) - start * _FINE) / _FINE

    low, high = axis.at(start, pixels), axis.at(start + n - 1, pixels)
    if not low < high:
        return Ticks([(n - 1) / 2], [repr(low)], [])
    if axis.kind == "log" and high / low >= _DECADE:
        major, minor = _of_decades(low, high)
        return Ticks([place(v) for v in major], [power_text(v) for v in major], [place(v) for v in minor])
    values, unit = _round_values(Decimal(repr(low)), Decimal(repr(high)))
    places = [place(float(value)) for value in values]
    digits = max(-unit, 0)
    if len(str(int(max(abs(value) for value in values).scaleb(-min(unit, 0))))) <= _DIGITS:
        return Ticks(places, [f"{value:.{digits}f}" for value in values], [])
    hundred = Decimal(1).scaleb(unit + 2)
    base = (values[0] / hundred).to_integral_value(ROUND_FLOOR) * hundred
    labels = [str(int((value - base).scaleb(-unit))) for value in values]
    return Ticks(places, labels, [], f"{base:.{max(-unit - 2, 0)}f} + n × {_raised(unit)}")


def _of_decades(low: float, high: float) -> tuple[list[float], list[float]]:
    """Powers of ten, with 2 and 5 times these where they are few; and the values between them without labels."""
    first, last = math.floor(_log10(low)), math.ceil(_log10(high))
    digits = [
        float(f"{k}e{power}")
        for power in range(first, last + 1)
        for k in range(1, 10)
        if low <= float(f"{k}e{power}") <= high
    ]
    powers = [value for value in digits if _leading(value) == 1]
    if len(powers) <= 2:
        major = [value for value in digits if _leading(value) in (1, 2, 5)]
    else:
        every = -(-len(powers) // MOST)
        major = powers[::every]
    minor = [value for value in digits if value not in major] if last - first <= 2 * MOST else []
    return major, minor


def _log10(value: float) -> float:
    return float(Decimal(repr(float(value))).log10())


def _leading(value: float) -> int:
    return int(f"{value:.0e}"[0])


def power_text(value: float) -> str:
    """``0.01``, ``500``, ``10⁻⁶``."""
    if 1e-3 <= value < 1e5:
        return f"{value:g}"
    power = math.floor(_log10(value) + 1e-9)
    leading = _leading(value)
    return _raised(power) if leading == 1 else f"{leading}·{_raised(power)}"


def _raised(power: int) -> str:
    return "10" + str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _round_values(low: Decimal, high: Decimal) -> tuple[list[Decimal], int]:
    """Multiples of a round step between two values, at most ``MOST``; and the power of ten of their last digit."""
    for step in _steps(high - low):
        first = (low / step).to_integral_value(ROUND_CEILING)
        last = (high / step).to_integral_value(ROUND_FLOOR)
        if last - first < MOST:
            break
    unit = int(step.normalize().as_tuple().exponent)
    return [step * (first + k) for k in range(int(last - first) + 1)], unit


def _steps(length: Decimal) -> Iterator[Decimal]:
    """1, 2, 5, 10 ... times a power of ten, from one that is too small on."""
    power = length.adjusted() - 1
    while True:
        yield from (Decimal(k).scaleb(power) for k in (1, 2, 5))
        power += 1
