"""What can be set, each declared once: command line, ``Sweep(...)``, manifest, columns and store follow from this.

A value may be given as itself or as text. Text may be a range of a numeric axis: ``A:B`` (the integers A to
B - 1, as a Python slice), ``lin:A:B:N`` or ``log:A:B:N`` (N points, both ends included).
"""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any

from experiments.features import ALL, standard_form

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
    column: whether it identifies a run: "always", "if set" (when it varies or is away from its default), or "never"
    is_problem: whether it changes the problem (the data) rather than how a network is trained on it
    group: the heading under which --help lists it
    word: taken in place of a number; the data or the core know it as None
    needs: another axis, what that has to be for this one to have an effect, and a test of a value of it
    gathered: takes the values given together, returns those that are meant
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
    group: str = "run"
    word: str | None = None
    needs: tuple[str, str, Callable[[Any], bool]] | None = None
    gathered: Callable[[list[Any]], list[Any]] = list

    @property
    def is_further(self) -> bool:
        """Whether it is an axis that is spoken of only where it was set: runs that do not set it do not know it."""
        return self.is_axis and self.column != "always"


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


def _real(expected: str, fits: Callable[[float], bool]) -> Callable[[Any], float]:
    def check(value: Any) -> float:
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if isinstance(value, bool) or not math.isfinite(number) or not fits(number):
            raise ValueError(expected)
        return number + 0.0  # -0 becomes 0

    return check


_not_negative = _real("a finite number, 0 or more", lambda number: number >= 0)
_positive = _real("a finite number above 0", lambda number: number > 0)
_fraction = _real("a number above 0 and below 1", lambda number: 0 < number < 1)
_decay = _real("a number from 0 to below 1", lambda number: 0 <= number < 1)


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


def _features(value: Any) -> str:
    """A set of inputs, given as text, or as its terms."""
    return standard_form("+".join(map(str, value)) if isinstance(value, list | tuple) else value)


def _one_set(items: Sequence[Any]) -> bool:
    return all(isinstance(item, str) and "+" not in item and item != ALL for item in items)


def _sets(items: list[Any]) -> list[Any]:
    """Single terms are one set of inputs, as in TensorFlow Playground; else each item is a set of its own."""
    return [items] if len(items) > 1 and _one_set(items) else items


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


def _further(name: str, metavar: str, about: str, check: Callable[[Any], Any], default: Any, **more: Any) -> Knob:
    """An axis of one value, unless it is set."""
    flags = (f"--{name.replace('_', '-')}",)
    return Knob(name, flags, metavar, about, check, (default,), is_axis=True, column="if set", **more)


def _problem(name: str, metavar: str, about: str, check: Callable[[Any], Any], default: Any, **more: Any) -> Knob:
    return _further(name, metavar, about, check, default, is_problem=True, group="data", **more)


def _is_csv(dataset: str) -> bool:
    from experiments.csv_data import is_csv

    return is_csv(dataset)


_OF_CSV = ("dataset", "a CSV file as data set", _is_csv)
_OF_MOMENTUM = ("optimizer", "--optimizer momentum", lambda optimizer: optimizer == "momentum")
_OF_ADAM = ("optimizer", "--optimizer adam", lambda optimizer: optimizer == "adam")

DATASET = Knob(
    "dataset", ("--dataset",), "NAME|FILE.csv", "data set: {datasets}, or a CSV file", _name, ("flower",),
    is_axis=True, column="always", is_problem=True, group="data",
)  # fmt: skip
NOISE = _problem(
    "noise", "SIGMA", "noise of generated points", _not_negative, "auto", word="auto", takes_ranges=True,
)  # fmt: skip
SAMPLES = _problem("samples", "N", "generated training points", _integer(10, 1_000_000), 400, takes_ranges=True)
DATA_SEED = _problem(
    "data_seed", "S", "seed of generated points", _integer(0, LARGEST_SEED), "auto", word="auto", takes_ranges=True
)
TEST_FRACTION = _problem(
    "test_fraction", "P", "part of real data and CSV files that is for testing", _fraction, 0.25, takes_ranges=True,
)  # fmt: skip
FEATURES = _problem(
    "features", "INPUT", "inputs: x1 x2 x1^2 x2^2 x1x2 sin(x1) sin(x2) ...; several are one set, joined ones"
    " (x1+x2 x1+x1^2) a set each", _features, ALL, gathered=_sets,
)  # fmt: skip
HIDDEN = Knob(
    "hidden", ("--hidden",), "N|NxN", "hidden units; 8x8: two layers of 8; 0: none", _hidden,
    ("1", "2", "3", "4", "5", "20", "50"), is_axis=True, takes_ranges=True, column="always", group="network",
)  # fmt: skip
ACTIVATION = _further(
    "activation", "NAME", "of hidden units: tanh, sigmoid, relu or identity",
    _one_of("tanh", "sigmoid", "relu", "identity"), "tanh", group="network",
)  # fmt: skip
OPTIMIZER = _further(
    "optimizer", "NAME", "gd (gradient descent), momentum or adam", _one_of("gd", "momentum", "adam"), "gd",
    group="training",
)  # fmt: skip
MOMENTUM = _further(
    "momentum", "M", "part of a step that the next one keeps", _decay, 0.9, takes_ranges=True, group="training",
    needs=_OF_MOMENTUM,
)  # fmt: skip
BETA1 = _further(
    "beta1", "B", "of adam: decay of its mean gradient", _decay, 0.9, takes_ranges=True, group="training",
    needs=_OF_ADAM,
)  # fmt: skip
BETA2 = _further(
    "beta2", "B", "of adam: decay of its mean squared gradient", _decay, 0.999, takes_ranges=True, group="training",
    needs=_OF_ADAM,
)  # fmt: skip
LEARNING_RATE = Knob(
    "learning_rate", ("--learning-rate", "--lr"), "LR", "learning rates", _not_negative,
    (0.03, 0.1, 0.3, 1.2, 5.0), is_axis=True, takes_ranges=True, column="always", group="training",
)  # fmt: skip
OUTPUT_LEARNING_RATE = _further(
    "output_learning_rate", "LR", "learning rates of the output layer", _not_negative, "same", word="same",
    takes_ranges=True, group="training",
)  # fmt: skip
L1 = _further("l1", "C", "penalty on the size of weights", _not_negative, 0.0, takes_ranges=True, group="training")
L2 = _further("l2", "C", "penalty on the square of weights", _not_negative, 0.0, takes_ranges=True, group="training")
BATCH_SIZE = _further(
    "batch_size", "N", "examples of one update", _integer(1, LARGEST_COUNT), "all", word="all", takes_ranges=True,
    group="training",
)  # fmt: skip
INIT = _further(
    "init", "NAME", "initial weights: normal, glorot or he", _one_of("normal", "glorot", "he"), "normal",
    group="network",
)  # fmt: skip
INIT_SCALE = _further(
    "init_scale", "C", "factor of the initial weights; auto: 0.01 of normal ones, else 1", _positive, "auto",
    word="auto", takes_ranges=True, group="network",
)  # fmt: skip
SEED = Knob(
    "seed", ("--seeds", "--seed"), "S", "seeds of the initial weights", _integer(0, LARGEST_SEED), range(10),
    is_axis=True, takes_ranges=True, column="always", group="network",
)  # fmt: skip
TARGET = Knob(
    "target", ("--target",), "COLUMN", "column of a CSV file that holds the class; default: the last", _name,
    (), column="if set", is_problem=True, group="data", needs=_OF_CSV,
)  # fmt: skip
POSITIVE = Knob(
    "positive", ("--positive",), "LABEL", "label of a CSV file that is class 1, all others class 0", _name,
    (), column="if set", is_problem=True, group="data", needs=_OF_CSV,
)  # fmt: skip
ITERATIONS = Knob(
    "iterations", ("--iterations",), "N", "updates of each network", _integer(0, LARGEST_COUNT), (5000,),
    group="training",
)  # fmt: skip
RECORD_EVERY = Knob(
    "record_every", ("--record-every",), "N", "iterations between records of a curve; default: a 50th of all",
    _integer(1, LARGEST_COUNT), (), group="training",
)  # fmt: skip
DTYPE = Knob(
    "dtype", ("--dtype",), "DTYPE", "precision of the arithmetic: float64 or float32",
    _one_of("float64", "float32"), ("float64",), column="if set", group="training",
)  # fmt: skip

KNOBS = (
    DATASET, NOISE, SAMPLES, DATA_SEED, TEST_FRACTION, FEATURES,
    HIDDEN, ACTIVATION,
    OPTIMIZER, MOMENTUM, BETA1, BETA2, LEARNING_RATE, OUTPUT_LEARNING_RATE, L1, L2, BATCH_SIZE, INIT, INIT_SCALE, SEED,
    TARGET, POSITIVE, ITERATIONS, RECORD_EVERY, DTYPE,
)  # fmt: skip
"""Every knob of a sweep. The axes stand in the order in which a sweep nests them, the innermost last."""

AXES = tuple(knob for knob in KNOBS if knob.is_axis)
ZIP = "--zip"

JOBS = Knob("jobs", ("--jobs", "-j"), "N", "networks trained at once; -1: one a core", _jobs, (-1,))
BACKEND = Knob(
    "backend", ("--backend",), "BACKEND", "threading; loky, which uses processes; or dask, a cluster",
    _one_of("threading", "loky", "dask"), ("threading",),
)  # fmt: skip
SCHEDULER = Knob(
    "scheduler", ("--scheduler",), "ADDRESS", "of a Dask cluster, such as tcp://host:8786; default: a local one",
    _name, (),
)  # fmt: skip

HOW = (JOBS, BACKEND, SCHEDULER)
"""How to run a sweep: its results depend on none of these."""


def text_of(value: Any) -> str:
    """The value of a knob: ``relu``, ``1.2``, ``0.0316227766017``."""
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def in_words(values: Mapping[Any, Any]) -> str:
    """``moons, hidden 3, learning rate 0.1``: knobs and their values; names speak for themselves."""
    own_name = (DATASET.name, TARGET.name, DTYPE.name, ACTIVATION.name, OPTIMIZER.name)
    texts = {name: text_of(value) for name, value in values.items()}
    return ", ".join(text if name in own_name else f"{name.replace('_', ' ')} {text}" for name, text in texts.items())


def shown(values: Sequence[Any], width: int = 80) -> str:
    """The values of a knob in a few words."""
    if isinstance(values, range) and values.step == 1 and len(values) > 1:
        return f"{values.start}:{values.stop}"

    def some(of: Sequence[Any]) -> str:
        return " ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in of)

    lines = [some(values)] if len(values) <= 12 else []
    lines += [f"{some(values[:first])} ... {some(values[-1:])}" for first in (3, 2, 1) if first + 1 < len(values)]
    return next((line for line in lines if len(line) <= width), f"{lines[-1][: width - 3]}...")


def _bad(knob: Knob, given: Any, expected: str) -> SweepError:
    return SweepError(f"{knob.flags[0]}: expected {expected}, got {given!r}")


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
    """The checked value of a knob that is no axis, in standard form; for None the default. Or SweepError."""
    if given is None:
        return knob.default[0] if knob.default else None
    if not isinstance(given, str) and isinstance(given, Iterable):
        raise _bad(knob, given, "one value")
    return _checked(knob, given)


def known_value(knob: Knob, value: Any) -> Any:
    """What the data or the core take: None in place of the word of a knob."""
    return None if value == knob.word else value


def values_of(knob: Knob, given: Any) -> tuple[Sequence[Any], str | None]:
    """The values of an axis, checked, in standard form and without repetition; and what to say of it.

    ``given`` is a value, or an iterable of values and ranges; None stands for the default. Raises SweepError.
    """
    values = every_value_of(knob, given)
    if isinstance(values, range):
        return values, None
    kept, repeated = without_repetition(values)
    return kept, repeated and f"{knob.flags[0]}: {repeated}"


def every_value_of(knob: Knob, given: Any) -> Sequence[Any]:
    """``values_of``, but repeated values stay where they are, unless it is a single range of seeds."""
    if given is None:
        return knob.default
    if isinstance(given, range):
        pieces: list[Sequence[Any]] = [given]
    else:
        items = [given] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)
        pieces = [_points(knob, item) for item in knob.gathered(items)]
    if knob is SEED and len(pieces) == 1 and isinstance(pieces[0], range) and pieces[0]:
        # One range of seeds is checked by its ends and takes no memory, however long it is.
        for end in (pieces[0][0], pieces[0][-1]):
            _checked(knob, end)
        return pieces[0]
    if sum(map(_length, pieces)) > LARGEST_AXIS:
        raise _too_many(knob)
    values = tuple(_checked(knob, value) for piece in pieces for value in piece)
    if not values:
        raise SweepError(f"{knob.flags[0]}: expected at least one value, got none")
    return values


def plain(knob: Knob, values: Sequence[Any]) -> Any:
    """Values of an axis as JSON has them, from which the same ones come; a range stays a range (``0:10``)."""
    if isinstance(values, range) and values.step == 1:
        return f"{values.start}:{values.stop}"
    if knob is FEATURES and len(values) > 1 and _one_set(values):
        return [[value] for value in values]
    return list(values)


def without_repetition(values: Sequence[Any]) -> tuple[tuple[Any, ...], str | None]:
    """The different ones, in order; and what to say of the others."""
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
