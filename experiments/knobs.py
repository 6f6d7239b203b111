"""What can be set, each declared once: command line, ``Sweep(...)``, manifest and columns follow from this.

A value may be given as itself or as text. Text may be a range of a numeric axis: ``A:B`` (the integers A to
B - 1, as a Python slice), ``lin:A:B:N`` or ``log:A:B:N`` (N points, both ends included).
"""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any

LARGEST_SEED = 2**32 - 1
LARGEST_AXIS = 100_000  # values, as they are listed; a single range of seeds is not, and may have them all
LARGEST_LAYER = 1_000_000
LARGEST_COUNT = 10**12  # of iterations: even the smallest network would take days
_SIGNIFICANT_DIGITS = 12  # of the points of a log range


class SweepError(ValueError):
    """A request that cannot be meant. The message is one line: what was expected, what came, what to do."""


@dataclass(frozen=True)
class Knob:
    """One setting of a run, or of how to run.

    name: in Python, in the manifest and as a column
    flags: on the command line
    check: takes a value, given as itself or as text; returns it in standard form, or raises ValueError with
        what was expected
    default: the values where none is given; of a knob that is no axis one, or none
    is_axis: whether a sweep can vary it
    takes_ranges: whether text may be a range
    column: whether it identifies a run: "always", "if set" (when away from its default), or "never"
    is_problem: whether it changes the problem (the data) rather than how a network is trained on it
    """

    name: str
    flags: tuple[str, ...]
    metavar: str
    help: str
    check: Callable[[Any], Any]
    default: Sequence[Any]
    is_axis: bool = False
    takes_ranges: bool = False
    column: str = "never"
    is_problem: bool = False


def _integer(least: int, most: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        try:
            number = int(value) if isinstance(value, str) else operator.index(value)
        except (TypeError, ValueError):
            number = least - 1
        if isinstance(value, bool) or not least <= number <= most:
            raise ValueError(f"an integer from {least} to {most:,}")
        return number

    return check


def _learning_rate(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if isinstance(value, bool) or not math.isfinite(number) or number < 0:
        raise ValueError("a finite number, 0 or more")
    return number + 0.0  # -0 becomes 0


def _hidden(value: Any) -> str:
    from planar_core.network import hidden_layers

    try:
        layers = hidden_layers(value)
    except ValueError:
        raise ValueError("a number of hidden units such as 4, layers such as 8x8, or 0 for none") from None
    if max(layers, default=0) > LARGEST_LAYER:
        raise ValueError(f"layers of at most {LARGEST_LAYER:,} hidden units")
    return "x".join(map(str, layers)) or "0"


def _name(value: Any) -> str:
    name = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(name, str) or not name:
        raise ValueError("a name")
    # The tables are UTF-8, and a carriage return would end a line of theirs for some readers.
    if any(character in "\0\r" or "\ud800" <= character <= "\udfff" for character in name):
        raise ValueError("a name that is valid UTF-8, without carriage returns")
    return name


def _one_of(*choices: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"one of {', '.join(choices)}{closest(str(value), choices)}")
        return str(value)

    return check


def _jobs(value: Any) -> int:
    try:
        return -1 if value in (-1, "-1") else _integer(1, 1024)(value)
    except ValueError as error:
        raise ValueError(f"{error}, or -1 for all cores") from None


def closest(given: str, choices: Iterable[str]) -> str:
    """`` (did you mean 'x'?)``, or nothing where no choice is near."""
    import difflib

    near = difflib.get_close_matches(given, list(choices), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


DATASET = Knob(
    "dataset", ("--dataset",), "NAME|FILE.csv", "data set: {datasets}, or a CSV file", _name, ("flower",),
    is_axis=True, column="always", is_problem=True,
)  # fmt: skip
HIDDEN = Knob(
    "hidden", ("--hidden",), "N|NxN", "hidden units; 8x8: two layers of 8; 0: none", _hidden,
    ("1", "2", "3", "4", "5", "20", "50"), is_axis=True, takes_ranges=True, column="always",
)  # fmt: skip
LEARNING_RATE = Knob(
    "learning_rate", ("--learning-rate", "--lr"), "LR", "learning rates", _learning_rate,
    (0.03, 0.1, 0.3, 1.2, 5.0), is_axis=True, takes_ranges=True, column="always",
)  # fmt: skip
SEED = Knob(
    "seed", ("--seeds", "--seed"), "S", "seeds of the initial weights", _integer(0, LARGEST_SEED), range(10),
    is_axis=True, takes_ranges=True, column="always",
)  # fmt: skip
TARGET = Knob(
    "target", ("--target",), "COLUMN", "column of a CSV file that holds the class; default: the last", _name,
    (), column="if set", is_problem=True,
)  # fmt: skip
ITERATIONS = Knob("iterations", ("--iterations",), "N", "updates of each network", _integer(0, LARGEST_COUNT), (5000,))
RECORD_EVERY = Knob(
    "record_every", ("--record-every",), "N", "iterations between records of a curve; default: a 50th of all",
    _integer(1, LARGEST_COUNT), (),
)  # fmt: skip
DTYPE = Knob(
    "dtype", ("--dtype",), "DTYPE", "precision of the arithmetic: float64 or float32",
    _one_of("float64", "float32"), ("float64",), column="if set",
)  # fmt: skip

KNOBS = (DATASET, HIDDEN, LEARNING_RATE, SEED, TARGET, ITERATIONS, RECORD_EVERY, DTYPE)
"""Every knob of a sweep. The axes stand in the order in which a sweep nests them, the innermost last."""

JOBS = Knob("jobs", ("--jobs", "-j"), "N", "networks trained at once; -1: one a core", _jobs, (-1,))
BACKEND = Knob(
    "backend", ("--backend",), "BACKEND", "threading; loky, which uses processes; or dask, a cluster",
    _one_of("threading", "loky", "dask"), ("threading",),
)  # fmt: skip
SCHEDULER = Knob(
    "scheduler", ("--scheduler",), "ADDRESS", "of a Dask cluster, such as tcp://host:8786; default: a local one",
    _name, (),
)  # fmt: skip


def _bad(knob: Knob, given: Any, expected: str) -> SweepError:
    return SweepError(f"{knob.flags[0]}: expected {expected}, got {given!r}")


def _too_many(knob: Knob) -> SweepError:
    also = ", or a single range A:B" if knob is SEED else ""
    return SweepError(f"{knob.flags[0]}: expected at most {LARGEST_AXIS:,} values{also}, got more")


def _checked(knob: Knob, value: Any) -> Any:
    try:
        return knob.check(value)
    except ValueError as error:
        raise _bad(knob, value, str(error)) from None


def value_of(knob: Knob, given: Any) -> Any:
    """The checked value of a knob that is no axis, in standard form; for None the default. Or SweepError."""
    if given is None:
        return knob.default[0] if knob.default else None
    if not isinstance(given, str) and isinstance(given, Iterable):
        raise _bad(knob, given, "one value")
    return _checked(knob, given)


def values_of(knob: Knob, given: Any) -> tuple[Sequence[Any], str | None]:
    """The values of an axis, checked, in standard form and without repetition; and what to say of it.

    ``given`` is a value, or an iterable of values and ranges; None stands for the default. Raises SweepError.
    """
    if given is None:
        return knob.default, None
    if isinstance(given, range):
        pieces: list[Sequence[Any]] = [given]
    else:
        items = [given] if isinstance(given, str) or not isinstance(given, Iterable) else given
        pieces = [_points(knob, item) for item in items]
    if knob is SEED and len(pieces) == 1 and isinstance(pieces[0], range) and pieces[0]:
        # One range of seeds is checked by its ends and takes no memory, however long it is.
        for end in (pieces[0][0], pieces[0][-1]):
            _checked(knob, end)
        return pieces[0], None
    if sum(map(_length, pieces)) > LARGEST_AXIS:
        raise _too_many(knob)
    values: dict[Any, None] = {}
    repeated: dict[Any, None] = {}
    for value in (value for piece in pieces for value in piece):
        checked = _checked(knob, value)
        if checked in values:
            repeated[checked] = None
        values[checked] = None
    if not values:
        raise SweepError(f"{knob.flags[0]}: expected at least one value, got none")
    return tuple(values), _note(knob, list(repeated))


def _note(knob: Knob, repeated: list[Any]) -> str | None:
    if not repeated:
        return None
    more = f" and {len(repeated) - 5:,} more" if len(repeated) > 5 else ""
    return f"{knob.flags[0]}: repeated value dropped: {', '.join(map(str, repeated[:5]))}{more}"


def _length(values: Sequence[Any]) -> int:
    """``len``, also for a range too long for it."""
    if not isinstance(values, range):
        return len(values)
    return (values[-1] - values[0]) // values.step + 1 if values else 0


def _points(knob: Knob, item: Any) -> Sequence[Any]:
    """The values of a range; anything else is a sequence of itself."""
    if not (knob.takes_ranges and isinstance(item, str) and ":" in item):
        return [item]
    kind, *rest = item.split(":")
    try:
        if kind in ("lin", "log"):
            first, last, count = Decimal(rest[0]), Decimal(rest[1]), int(rest[2])
            if len(rest) > 3 or count < 2:
                raise ValueError
            if count > LARGEST_AXIS:
                raise _too_many(knob)
            return _spaced(kind, first, last, count)
        (stop,) = rest
        if points := range(int(kind), int(stop)):
            return points
    except SweepError:
        raise
    except (ValueError, IndexError, ArithmeticError):
        pass
    raise _bad(knob, item, "a range: A:B with A below B, or lin:A:B:N or log:A:B:N (A, B above 0) with N above 1")


def _spaced(kind: str, first: Decimal, last: Decimal, count: int) -> Sequence[Any]:
    """Evenly or geometrically spaced points, in decimal: the same on every machine; the ends are exact.

    Raises ValueError or ArithmeticError for ends that cannot be meant.
    """
    # Beyond the range of float64 the arithmetic would fail, or take forever.
    if not (math.isfinite(first) and math.isfinite(last)) or (kind == "log" and min(first, last) <= 0):
        raise ValueError
    with localcontext() as context:
        context.prec = 30
        if kind == "log":
            low, high = first.ln(), last.ln()
            inner = [((low * (count - 1 - i) + high * i) / (count - 1)).exp() for i in range(1, count - 1)]
        else:
            inner = [(first * (count - 1 - i) + last * i) / (count - 1) for i in range(1, count - 1)]
        context.prec = _SIGNIFICANT_DIGITS
        return [_number(point) for point in (first, *(+point for point in inner), last)]


def _number(point: Decimal) -> int | float:
    """An int where it is one, which is what integer knobs take."""
    return int(point) if point == point.to_integral_value() else float(point)
