"""Validation of settings: each function takes a value or its text, and returns it in standard form.

Each raises ValueError with a description of what was expected.
"""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Callable, Sequence
from typing import Any

from experiments.knobs.features import ALL, standard_form
from experiments.text import closest
from planar_core.choices import hidden_layers

LARGEST_LAYER = 1_000_000
MOST_LAYERS = 1000  # an iteration of more takes longer than Ctrl-C can wait


def integer(least: int, most: int) -> Callable[[Any], int]:
    """A check for an integer, or the text of one."""

    def check(value: Any) -> int:
        try:
            number = int(value) if isinstance(value, str) else operator.index(value)
        except (TypeError, ValueError):
            number = least - 1
        if isinstance(value, bool) or not least <= number <= most:
            raise ValueError(f"an integer from {least} to {most:,}")
        return number

    return check


def real(expected: str, fits: Callable[[float], bool]) -> Callable[[Any], float]:
    """A check for a finite number that ``fits``, or the text of one; -0 becomes 0."""

    def check(value: Any) -> float:
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if isinstance(value, bool) or not math.isfinite(number) or not fits(number):
            raise ValueError(expected)
        return number + 0.0  # -0 becomes 0

    return check


finite = real("a finite number", lambda _: True)
not_negative = real("a finite number, 0 or more", lambda number: number >= 0)
positive = real("a finite number above 0", lambda number: number > 0)
fraction = real("a number above 0 and below 1", lambda number: 0 < number < 1)
margin = real("a number above 0, at most 1", lambda number: 0 < number <= 1)
decay = real("a number of at least 0 and below 1", lambda number: 0 <= number < 1)


_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def budget(value: Any) -> str:
    """A time such as ``90s``, ``10m``, ``1.5h`` or ``2d``, or a number of runs such as ``5000runs``, as given."""
    text = str(value).strip().lower().replace(",", "")
    if seconds_of(text) is None and not (text.endswith("runs") and text[:-4].strip().isdecimal() and int(text[:-4])):
        raise ValueError("a time such as 90s, 10m or 2h, or a number of runs such as 5000runs")
    return text.replace(" ", "")


def seconds_of(budget: str) -> float | None:
    """The seconds of a budget; None for one of runs."""
    number, unit = budget[:-1], budget[-1:]
    if unit not in _SECONDS or budget.endswith("runs"):
        return None
    try:
        seconds = float(number) * _SECONDS[unit]
    except ValueError:
        return None
    return seconds if 0 < seconds < math.inf else None


def hidden(value: Any) -> str:
    """Hidden layers in standard form: ``4``, ``8x8``, ``0``."""
    try:
        layers = hidden_layers(value)
    except ValueError:
        raise ValueError("a number of hidden units such as 4, layers such as 8x8, or 0 for none") from None
    if max(layers, default=0) > LARGEST_LAYER:
        raise ValueError(f"layers of at most {LARGEST_LAYER:,} hidden units")
    if len(layers) > MOST_LAYERS:
        raise ValueError(f"at most {MOST_LAYERS:,} hidden layers")
    return "x".join(map(str, layers)) or "0"


def name(value: Any) -> str:
    """A text that can be written to the tables."""
    name = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(name, str) or not name:
        raise ValueError("a name")
    # The tables are UTF-8, and some readers take a carriage return for the end of a line.
    if any(character in "\0\r" or "\ud800" <= character <= "\udfff" for character in name):
        raise ValueError("a name that is valid UTF-8, without carriage returns")
    return name


def features(value: Any) -> str:
    """A set of inputs, given as text or as a list of terms."""
    return standard_form("+".join(map(str, value)) if isinstance(value, list | tuple) else value)


def one_set(items: Sequence[Any]) -> bool:
    """Whether the items are the terms of a single set of inputs."""
    return all(isinstance(item, str) and "+" not in item and item != ALL for item in items)


def sets(items: list[Any]) -> list[Any]:
    """Single terms form one set of inputs, as in the TensorFlow Playground; otherwise each item is a set."""
    return [items] if len(items) > 1 and one_set(items) else items


def one_of(*choices: str) -> Callable[[Any], str]:
    """A check for one of the choices."""

    def check(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"one of {', '.join(choices)}{closest(str(value), choices)}")
        return str(value)

    return check


def yes_or_no(value: Any) -> str:
    """``yes`` or ``no``, which in Python may be True or False."""
    return one_of("yes", "no")({True: "yes", False: "no"}[value] if isinstance(value, bool) else value)


def jobs(value: Any) -> int:
    """A number of jobs, or -1 for all cores."""
    try:
        return -1 if value in (-1, "-1") else integer(1, 1024)(value)
    except ValueError as error:
        raise ValueError(f"{error}, or -1 for all cores") from None


def or_word(word: str, check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A check that accepts a word in addition to what ``check`` accepts."""

    def checked(value: Any) -> Any:
        if isinstance(value, str) and value == word:
            return value
        try:
            return check(value)
        except ValueError as error:
            raise ValueError(f"{error}, or {word}") from None

    return checked


MOST_FOLDS = 1000


def split(value: Any) -> str:
    """How a table is divided: ``seed``, ``fixed`` or ``cv:K``."""
    text = str(value)
    if text in ("seed", "fixed"):
        return text
    kind, _, folds = text.partition(":")
    if kind == "cv" and folds.isascii() and folds.isdigit() and 2 <= int(folds) <= MOST_FOLDS:
        return f"cv:{int(folds)}"
    raise ValueError(f"seed, fixed or cv:K with K from 2 to {MOST_FOLDS:,}")


MOST_SHARDS = 10_000


def shard(value: Any) -> str:
    """A part of a sweep: ``I/N``, the I-th of N."""
    number, slash, of = str(value).partition("/")
    are_numbers = slash and all(part.isascii() and part.isdigit() and len(part) < 10 for part in (number, of))
    if are_numbers and 1 <= int(number) <= int(of) <= MOST_SHARDS:
        return f"{int(number)}/{int(of)}"
    raise ValueError(f"I/N such as 3/16, with I from 1 to N and N at most {MOST_SHARDS:,}")


def character(value: Any) -> str:
    """One character."""
    names = {"tab": "\t", "\\t": "\t", "space": " ", "comma": ",", "semicolon": ";", "pipe": "|"}
    text = names.get(str(value), str(value))
    if len(text) != 1:
        raise ValueError(f"one character, or one of {', '.join(name for name in names if name.isalpha())}")
    return text
