"""The values of a setting: validated, in standard form, with ranges expanded."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from decimal import Context, Decimal, localcontext
from typing import Any, NamedTuple

from experiments.knobs.checks import one_set
from experiments.knobs.declared import FEATURES, SAMPLE, SEED
from experiments.knobs.knob import Knob, SweepError
from experiments.knobs.words import range_text

LARGEST_AXIS = 100_000  # values that are listed; a single range of seeds may be longer
_SIGNIFICANT_DIGITS = 12  # of the points of a log range
_SAMPLED_DIGITS = 5  # of a point drawn from a range: few enough to read, and 90,000 different points in a factor of ten
_EXACT = Context(prec=30)


class Span(NamedTuple):
    """A range without a number of points, ``log:0.001:10``, from which ``--sample`` draws."""

    kind: str
    first: int | float
    last: int | float
    is_integer: bool

    def __str__(self) -> str:
        return f"{self.kind}:{self.first}:{self.last}"

    def at(self, numerator: int, denominator: int) -> int | float:
        """The point at a fraction of the way, from 0 to below 1, for ``log`` on a logarithmic scale.

        Computed in decimal, whose results are defined: the same on every machine. A point of a linear range is rounded
        to the fifth digit of the length of the range, one of a logarithmic range to its own fifth digit if that is
        finer, and one of a knob of integers to an integer: of a linear range, each has the same share.
        """
        if self.is_integer and self.kind == "lin":
            return int(self.first + numerator * int(self.last - self.first + 1) // denominator)
        with localcontext(_EXACT):
            first, last, low, length, finest = _ends(self)
            point = low + Decimal(numerator) / Decimal(denominator) * length
            if self.kind == "log":
                point = point.exp()
                finest = min(finest, point.adjusted())
            places = 0 if self.is_integer else 1 - _SAMPLED_DIGITS + finest
            return _number(min(max(point.quantize(Decimal(1).scaleb(places)), first), last))


@functools.lru_cache
def _ends(span: Span) -> tuple[Decimal, Decimal, Decimal, Decimal, int]:
    """The ends; start and length on the scale of the points; and the exponent of the length. In the exact context."""
    first, last = Decimal(str(span.first)), Decimal(str(span.last))
    half = Decimal("0.5") if span.is_integer else Decimal(0)  # so that the first and the last integer have their share
    low, high = ((first - half).ln(), (last + half).ln()) if span.kind == "log" else (first, last)
    return first, last, low, high - low, (last - first).adjusted()


def _bad(knob: Knob, given: Any, expected: str) -> SweepError:
    hint = ""
    if knob.is_axis and isinstance(given, str) and "," in given:
        hint = f"; separate values by spaces: {knob.flags[0]} {' '.join(given.replace(',', ' ').split())}"
    return SweepError(f"{knob.flags[0]}: expected {expected}, got {given!r}{hint}")


def _too_many(knob: Knob) -> SweepError:
    also = ", or a single range A:B" if knob is SEED else ""
    return SweepError(f"{knob.flags[0]}: expected at most {LARGEST_AXIS:,} values{also}, got more")


def _checked(knob: Knob, value: Any) -> Any:
    if knob.word is not None and isinstance(value, str) and value == knob.word:
        return value
    try:
        return knob.check(value)
    except ValueError as error:
        word = f", or {knob.word}" if knob.word else ""
        raise _bad(knob, value, f"{error}{word}") from None


def value_of(knob: Knob, given: Any) -> Any:
    """The value of a knob that is not an axis, in standard form; for None the default. Raises SweepError.

    The value of a knob that takes a list is a list.
    """
    if given is None or (given is False and knob.alone is not None):
        return knob.default[0] if knob.default else None
    if given is True and knob.alone is not None:
        given = knob.alone
    if knob.is_list:
        several = [given] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)
        return [_checked(knob, value) for value in several] or None
    if not isinstance(given, str) and isinstance(given, Iterable):
        raise _bad(knob, given, "one value")
    return _checked(knob, given)


def known_value(knob: Knob, value: Any) -> Any:
    """The value for the data or the core: None instead of the word of a knob."""
    return None if value == knob.word else knob.in_core(value)


def values_of(knob: Knob, given: Any, with_spans: bool = False) -> tuple[Sequence[Any], str | None]:
    """The values of an axis, validated, in standard form and without repetition; and a note, or None.

    ``given`` is a value, or an iterable of values and ranges; None means the default. Ranges without a number of points
    are refused, or ``with_spans`` are among the values. Raises SweepError.
    """
    values = every_value_of(knob, given, with_spans)
    if isinstance(values, range):
        return values, None
    if knob is SEED and len(values) == 1 and values[0] > 1 and _is_one_number(given):
        return values, f"{knob.flags[0]} {values[0]} is a single seed; for seeds 0 to {values[0] - 1} use 0:{values[0]}"
    kept, repeated = without_repetition(values)
    return kept, repeated and f"{knob.flags[0]}: {repeated}"


def _is_one_number(given: Any) -> bool:
    """Whether a single number was given, which may have been meant as a number of seeds."""
    items = [given] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)
    return len(items) == 1 and ":" not in str(items[0])


def every_value_of(knob: Knob, given: Any, with_spans: bool = False) -> Sequence[Any]:
    """Like ``values_of``, but repeated values are kept."""
    if given is None:
        return knob.default
    if isinstance(given, range):
        pieces: list[Sequence[Any]] = [given]
    else:
        items = [given] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)
        pieces = [_points(knob, item, with_spans) for item in knob.gathered(items)]
    if knob is SEED and len(pieces) == 1 and isinstance(pieces[0], range) and pieces[0]:
        # A single range of seeds is checked by its ends and is not expanded.
        for end in (pieces[0][0], pieces[0][-1]):
            _checked(knob, end)
        return pieces[0]
    if sum(map(_length, pieces)) > LARGEST_AXIS:
        raise _too_many(knob)
    values = tuple(value if isinstance(value, Span) else _checked(knob, value) for piece in pieces for value in piece)
    if not values:
        raise SweepError(f"{knob.flags[0]}: expected at least one value, got none")
    return values


def plain(knob: Knob, values: Sequence[Any]) -> Any:
    """Values of an axis as plain values for JSON; a range stays a range (``0:10``)."""
    if knob.column == "if several" and len(values) == 1 and not isinstance(values[0], Span):
        return values[0]
    if isinstance(values, range):
        return range_text(values)
    if knob is FEATURES and len(values) > 1 and one_set(values):
        return [[value] for value in values]
    return [str(value) if isinstance(value, Span) else value for value in values]


def without_repetition(values: Sequence[Any]) -> tuple[tuple[Any, ...], str | None]:
    """The distinct values, in order; and a note on repeated ones."""
    kept: dict[Any, None] = {}
    repeated: dict[Any, None] = {}
    for value in values:
        (repeated if value in kept else kept)[value] = None
    return tuple(kept), _note(list(repeated))


def _note(repeated: list[Any]) -> str | None:
    if not repeated:
        return None
    more = f" and {len(repeated) - 5:,} more" if len(repeated) > 5 else ""
    texts = (" with ".join(map(str, value)) if isinstance(value, tuple) else str(value) for value in repeated[:5])
    return f"repeated value dropped: {', '.join(texts)}{more}"


def _length(values: Sequence[Any]) -> int:
    """``len`` that also works for very long ranges."""
    if not isinstance(values, range):
        return len(values)
    return (values[-1] - values[0]) // values.step + 1 if values else 0


def sampled_value(knob: Knob, value: Any, numerator: int, denominator: int) -> Any:
    """A value of an axis, or the point at a fraction of a range, in standard form."""
    return _checked(knob, value.at(numerator, denominator)) if isinstance(value, Span) else value


def _points(knob: Knob, item: Any, with_spans: bool) -> Sequence[Any]:
    """The values of a range, a range without a number of points itself, or anything else as a sequence of one item."""
    if not (knob.takes_ranges and isinstance(item, str) and ":" in item):
        return [item]
    kind, *rest = item.split(":")
    try:
        if kind in ("lin", "log") and len(rest) == 2:
            return [_span(knob, item, kind, Decimal(rest[0]), Decimal(rest[1]), with_spans)]
        if kind in ("lin", "log"):
            first, last, count = Decimal(rest[0]), Decimal(rest[1]), int(rest[2])
            if len(rest) > 3 or count < 2:
                raise ValueError
            if count > LARGEST_AXIS:
                raise _too_many(knob)
            return _spaced(kind, first, last, count)
        stop, step = (*rest, "1") if len(rest) == 1 else rest
        # A negative step comes from a Python range in a request.
        if int(step) and (points := range(int(kind), int(stop), int(step))):
            return points
    except SweepError:
        raise
    except (ValueError, IndexError, ArithmeticError):
        pass
    raise _bad(
        knob, item, "a range: A:B or A:B:STEP with A below B, or lin:A:B:N or log:A:B:N (A, B above 0) with N above 1"
    )


def _span(knob: Knob, item: str, kind: str, first: Decimal, last: Decimal, is_allowed: bool) -> Span:
    """A range without a number of points. Raises SweepError if it is not allowed, ValueError for invalid ends."""
    _check_ends(kind, first, last)
    span = Span(kind, _number(first), _number(last), knob.is_integer)
    if not span.first < span.last or (kind == "log" and not span.first):  # the first rounded to 0
        raise ValueError
    if not is_allowed:
        otherwise = f", or {SAMPLE.flags[0]} N" if knob.is_sampled else ""
        raise _bad(knob, item, f"a number of points, such as {item}:5{otherwise}")
    for end in (span.first, span.last):
        _checked(knob, end)
    return span


def _spaced(kind: str, first: Decimal, last: Decimal, count: int) -> Sequence[Any]:
    """Evenly or geometrically spaced points, computed in decimal: the same on every machine, with exact ends.

    Raises ValueError or ArithmeticError for invalid ends.
    """
    _check_ends(kind, first, last)
    with localcontext() as context:
        context.prec = 30
        if kind == "log":
            low, high = first.ln(), last.ln()
            inner = [((low * (count - 1 - i) + high * i) / (count - 1)).exp() for i in range(1, count - 1)]
        else:
            inner = [(first * (count - 1 - i) + last * i) / (count - 1) for i in range(1, count - 1)]
        context.prec = _SIGNIFICANT_DIGITS
        return [_number(point) for point in (first, *(+point for point in inner), last)]


def _check_ends(kind: str, first: Decimal, last: Decimal) -> None:
    # Beyond the range of float64 the arithmetic would fail, or take forever.
    if not (math.isfinite(first) and math.isfinite(last)) or (kind == "log" and min(first, last) <= 0):
        raise ValueError


def _number(point: Decimal) -> int | float:
    """The point as an int if it is an integer, for integer knobs."""
    return int(point) if point == point.to_integral_value() else float(point)
