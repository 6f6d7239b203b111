"""What a sweep can vary, each declared once: the command line, ``Sweep(...)``, manifest and columns follow from this.

A value may be given as itself or as text, and text may be a range of a numeric knob: ``A:B`` (the integers A to B - 1,
as a Python slice), ``lin:A:B:N`` and ``log:A:B:N`` (N points, both ends included).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation, localcontext
from typing import Any

LARGEST_SEED = 2**32 - 1
LARGEST_AXIS = 10_000_000
_SIGNIFICANT_DIGITS = 12  # of the points of a log range


class SweepError(ValueError):
    """A request that cannot be meant. The message is one line: what was expected, what came, what to do."""


@dataclass(frozen=True)
class Knob:
    """One setting of a run.

    name: in Python, in the manifest and as a column
    flags: on the command line
    check: takes a value, given as itself or as text; returns it in its standard form, or raises ValueError with
        what was expected
    default: a tuple of values; of one value for a knob that is no axis
    is_axis: whether a sweep can vary it
    column: whether it identifies a run: "always", "if set" (when varied or not at its default), or "never"
    is_problem: whether it changes the problem (the data) rather than how a network is trained on it
    """

    name: str
    flags: tuple[str, ...]
    metavar: str
    help: str
    check: Callable[[Any], Any]
    default: tuple[Any, ...]
    is_axis: bool = True
    column: str = "always"
    is_problem: bool = False
    is_numeric: bool = True


def _integer(least: int, most: int | None = None) -> Callable[[Any], int]:
    expected = f"an integer, {least} or more" if most is None else f"an integer from {least} to {most}"

    def check(value: Any) -> int:
        if isinstance(value, str) and value.strip().lstrip("+-").isascii() and value.strip().lstrip("+-").isdigit():
            value = int(value)
        is_integer = hasattr(value, "__index__") and not isinstance(value, bool)
        if not is_integer or value < least or (most is not None and value > most):
            raise ValueError(expected)
        return int(value)

    return check


def _learning_rate(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, bool) or not math.isfinite(number) or number < 0:
        raise ValueError("a finite number, 0 or more")
    return number + 0.0  # -0 becomes 0


def _hidden(value: Any) -> str:
    from planar_core.network import hidden_layers

    try:
        return "x".join(str(units) for units in hidden_layers(value)) or "0"
    except ValueError:
        raise ValueError("a number of hidden units such as 4, layers such as 8x8, or 0 for none") from None


def _text(value: Any) -> str:
    if not value or not isinstance(value, str):
        raise ValueError("a name")
    return value


def _one_of(*choices: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"one of {', '.join(choices)}{closest(str(value), choices)}")
        return str(value)

    return check


def closest(given: str, choices: Iterable[str]) -> str:
    """`` (did you mean 'x'?)``, or nothing where no choice is near."""
    import difflib

    near = difflib.get_close_matches(given, list(choices), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


DATASET = Knob(
    "dataset", ("--dataset",), "NAME|FILE.csv", "data set: {datasets}, or a CSV file", _text, ("flower",),
    is_problem=True, is_numeric=False,
)  # fmt: skip
HIDDEN = Knob(
    "hidden", ("--hidden",), "N|NxN", "hidden units; 8x8: two layers of 8; 0: none", _hidden,
    ("1", "2", "3", "4", "5", "20", "50"),
)  # fmt: skip
LEARNING_RATE = Knob(
    "learning_rate", ("--learning-rate", "--lr"), "LR", "learning rates", _learning_rate, (0.03, 0.1, 0.3, 1.2, 5.0)
)
SEED = Knob(
    "seed", ("--seeds", "--seed"), "S", "seeds of the initial weights", _integer(0, LARGEST_SEED), tuple(range(10))
)
TARGET = Knob(
    "target", ("--target",), "COLUMN", "column of a CSV file that holds the class; default: the last", _text, (),
    is_axis=False, column="if set", is_problem=True, is_numeric=False,
)  # fmt: skip
ITERATIONS = Knob(
    "iterations", ("--iterations",), "N", "updates of each network", _integer(0), (5000,), is_axis=False, column="never"
)
RECORD_EVERY = Knob(
    "record_every", ("--record-every",), "N", "iterations between two points of a curve; default: iterations / 50",
    _integer(1), (), is_axis=False, column="never",
)  # fmt: skip
DTYPE = Knob(
    "dtype", ("--dtype",), "DTYPE", "precision of the arithmetic: float64 or float32", _one_of("float64", "float32"),
    ("float64",), is_axis=False, column="if set", is_numeric=False,
)  # fmt: skip

KNOBS = (DATASET, HIDDEN, LEARNING_RATE, SEED, TARGET, ITERATIONS, RECORD_EVERY, DTYPE)
"""Every knob. The axes stand in the order in which a sweep nests them, the innermost last."""


def _bad(knob: Knob, given: Any, expected: str) -> SweepError:
    return SweepError(f"{knob.flags[0]}: expected {expected}, got {given!r}")


def _points(knob: Knob, text: str) -> Sequence[Any] | None:
    """The values of a range, or None if ``text`` is no range."""
    kind, *rest = text.split(":")
    if not rest:
        return None
    try:
        if kind in ("lin", "log"):
            first, last, count = Decimal(rest[0]), Decimal(rest[1]), int(rest[2])
            if len(rest) != 3 or count < 2 or not (first.is_finite() and last.is_finite()):
                raise ValueError
            if count > LARGEST_AXIS:
                raise _bad(knob, text, f"at most {LARGEST_AXIS:,} points")
            return _spaced(kind, first, last, count)
        start, stop = int(kind), int(rest[0])
        if len(rest) != 1:
            raise ValueError
    except SweepError:
        raise
    except (ValueError, IndexError, InvalidOperation):
        raise _bad(knob, text, "a range A:B, lin:A:B:N or log:A:B:N (log: A and B above 0)") from None
    return range(start, stop)


def _spaced(kind: str, first: Decimal, last: Decimal, count: int) -> list[Decimal]:
    """Evenly or geometrically spaced points, in decimal arithmetic: the same on every machine; the ends are exact."""
    with localcontext() as context:
        context.prec = 40
        if kind == "log":
            if first <= 0 or last <= 0:
                raise ValueError
            low, high = first.ln(), last.ln()
            inner = [((low * (count - 1 - i) + high * i) / (count - 1)).exp() for i in range(1, count - 1)]
        else:
            inner = [(first * (count - 1 - i) + last * i) / (count - 1) for i in range(1, count - 1)]
        context.prec = _SIGNIFICANT_DIGITS
        return [first, *(+point for point in inner), last]


def _number_of(point: Any) -> Any:
    """A point of a range as an int where it is one: what integer knobs take."""
    if isinstance(point, Decimal):
        return int(point) if point == point.to_integral_value() else float(point)
    return point


def values_of(knob: Knob, given: Any) -> tuple[Sequence[Any], str | None]:
    """The values of a knob as asked for, checked, in standard form and without repetition; and what to say of it.

    ``given`` is a value, or an iterable of values and ranges. Raises SweepError.
    """
    items = [given] if isinstance(given, str) or not isinstance(given, Iterable) else given
    if knob is SEED and not isinstance(items, range) and len(items := list(items)) == 1:
        points = _points(knob, items[0]) if isinstance(items[0], str) else None
        items = points if isinstance(points, range) and points else items
    if knob is SEED and isinstance(items, range) and items:
        # A range of seeds is checked by its ends and takes no memory, however long it is.
        for end in (items[0], items[-1]):
            _checked(knob, end)
        return items, None
    values: dict[Any, None] = {}
    repeated: list[Any] = []
    for item in items:
        points = _points(knob, item) if isinstance(item, str) and knob.is_numeric else None
        if isinstance(points, range) and not points:
            raise _bad(knob, item, "a range A:B with A below B")
        for value in [item] if points is None else points:
            checked = _checked(knob, _number_of(value))
            if checked in values:
                repeated.append(checked)
            values[checked] = None
            if len(values) > LARGEST_AXIS:
                raise SweepError(f"{knob.flags[0]}: expected at most {LARGEST_AXIS:,} values, or a single range A:B")
    if not values:
        raise SweepError(f"{knob.flags[0]}: expected at least one value, got none")
    note = None
    if repeated:
        shown = ", ".join(str(value) for value in dict.fromkeys(repeated))
        note = f"{knob.flags[0]}: repeated value dropped: {shown}"
    if len(values) > 1 and not knob.is_axis:
        raise _bad(knob, list(values), "one value")
    return tuple(values), note


def _checked(knob: Knob, value: Any) -> Any:
    try:
        return knob.check(value)
    except ValueError as error:
        raise _bad(knob, value, str(error)) from None
