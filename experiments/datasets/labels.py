"""The target: its task, its classes, and which rows have none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

import numpy as np

from experiments.datasets.data import DataError
from experiments.datasets.kinds import Profile, slips
from experiments.datasets.missing import MissingValues
from experiments.datasets.options import AUTO, Reading
from experiments.datasets.table import BINARY, MULTICLASS, REGRESSION, Codes
from experiments.text import closest, count, listed, quoted

MOST_INTEGERS = 20
"""A target with at most this many different integers is a class, otherwise a number."""

_LISTED = 10  # labels listed in a message


class Labels(NamedTuple):
    """The classes of a target.

    codes: (rows,) int64, the class of each cell, -1 for a missing value
    names: the class names
    notes: the decisions made
    """

    codes: Codes
    names: tuple[str, ...]
    notes: tuple[str, ...]


def task_of(where: str, found: Profile, options: Reading) -> tuple[str, tuple[str, ...]]:
    """Return "classification" or "regression", and a note unless the labels are texts or there are only two.

    Raises DataError if all values are missing.
    """
    if not found.texts:
        raise DataError(f"{where}: expected labels, found only missing values: choose another column with --target")
    if options.positive and options.task == "regression":
        raise DataError(
            f"--positive, --task: expected classification with --positive, got {quoted(options.positive[0])} and "
            "--task regression: remove one of the two options"
        )
    if options.task != AUTO:
        return options.task, ()
    way = found.ways[0] if found.ways else None
    if way is None or options.positive:
        return "classification", ()
    values = np.unique(way.values[~np.isnan(way.values)])
    wrong = slips(found, way)
    if wrong is None or (wrong and len(values) <= MOST_INTEGERS):
        return "classification", ()
    if len(values) <= 2:
        return "classification", ()
    name = quoted(found.name)
    if way.integers and len(values) <= MOST_INTEGERS:
        what = f"{len(values)} different integers"
        return "classification", (f"task: classification, because {name} has {what} (override with --task regression)",)
    what = f"{len(values)} different numbers" if way.integers else "fractions"
    return REGRESSION, (f"task: regression, because {name} has {what} (override with --task classification)",)


def classes(where: str, found: Profile, missing: MissingValues, positive: Sequence[str]) -> Labels:
    """Return the class of every row.

    Labels that are all numbers are compared as numbers: 1 and 1.0 are one class, named by the first spelling, and 2
    comes before 10; if there are only 0 and 1, these are the names. Other labels are ordered by code points. Labels
    that differ only in case are one class, named by the most frequent spelling; the order then ignores case.

    Raises DataError for a single class, and for an unknown positive label.
    """
    names, class_of, notes = _distinct(found)
    if len(names) == 1:
        raise DataError(
            f"{where}: expected at least two classes, found only {quoted(names[0])} in all "
            f"{count(found.cells, 'row')}: add rows of another class, or choose another column with --target"
        )
    codes = np.append(np.array(class_of, dtype=np.int64), -1)[found.codes]
    if positive:
        chosen = sorted({_chosen(where, names, found, class_of, missing, label) for label in positive})
        if len(chosen) == len(names):
            raise DataError(
                f"{where}: expected at least one label that is not positive, got all of them with --positive: remove "
                "one"
            )
        one = listed((names[i] for i in chosen), "or")
        others = [name for i, name in enumerate(names) if i not in chosen]
        zero = others[0] if len(others) == 1 else f"not {one}"
        codes = np.where(codes < 0, -1, np.isin(codes, chosen)).astype(np.int64)
        if len(names) > 2:
            ones, rest = listed((quoted(names[i]) for i in chosen), "and"), "other" if len(others) == 1 else "others"
            notes.append(f"labels: {ones} -> 1, the {len(others)} {rest} ({_listed(others)}) -> 0")
        names = [zero, one]
    if len(names) == 2 and names != ["0", "1"] and not any(note.startswith("labels: ") for note in notes):
        notes.append(f"labels: {quoted(names[0])} -> 0, {quoted(names[1])} -> 1")
    elif len(names) > 2:
        notes.append(f"classes: {len(names)} ({_listed(names)}); for one against the rest use --positive LABEL")
    return Labels(codes, tuple(names), tuple(notes))


def task_name(classes: int) -> str:
    """Return BINARY or MULTICLASS."""
    return BINARY if classes == 2 else MULTICLASS


def _distinct(found: Profile) -> tuple[list[str], list[int], list[str]]:
    """Return the names of the classes in order, the class of every text, and notes."""
    numbers = [_as_decimal(text) for text in found.texts]
    if None not in numbers:
        spelled: dict[Decimal, str] = {}
        for text, number in zip(found.texts, numbers, strict=True):
            spelled.setdefault(number, text)  # type: ignore[arg-type]  # no None among them
        if set(spelled) == {0, 1}:
            spelled = {Decimal(0): "0", Decimal(1): "1"}
        order = sorted(spelled)
        place = {number: i for i, number in enumerate(order)}
        return [spelled[number] for number in order], [place[number] for number in numbers if number is not None], []
    spellings: dict[str, Counter[str]] = {}
    keys = [" ".join(text.split()).casefold() for text in found.texts]
    for key, text, n in zip(keys, found.texts, found.counts, strict=True):
        spellings.setdefault(key, Counter())[text] += n
    name = {key: counted.most_common(1)[0][0] for key, counted in spellings.items()}
    merged = {key: counted for key, counted in spellings.items() if len(counted) > 1}
    ordered = sorted(name) if merged else sorted(name, key=name.__getitem__)
    notes = []
    if merged:
        which = (f"{listed(map(quoted, counted), 'and')} are {quoted(name[key])}" for key, counted in merged.items())
        notes.append(f"labels that differ only in case or spaces are one class: {'; '.join(list(which)[:_LISTED])}")
    place_of = {key: i for i, key in enumerate(ordered)}
    return [name[key] for key in ordered], [place_of[key] for key in keys], notes


def _chosen(
    where: str, names: Sequence[str], found: Profile, class_of: Sequence[int], missing: MissingValues, positive: str
) -> int:
    """Return the class of a positive label: with the same spelling, ignoring case, or as an equal number."""
    label = positive.strip()
    if label in found.texts:
        return class_of[found.texts.index(label)]
    number = _as_decimal(label)
    for text, code in zip(found.texts, class_of, strict=True):
        if text.casefold() == label.casefold() or (number is not None and _as_decimal(text) == number):
            return code
    if label in missing:
        raise DataError(
            f"{where}: expected a label, got {quoted(label)} with --positive, which means a missing label: "
            f"choose one of {_listed(names)}"
        )
    raise DataError(
        f"{where}: expected the label {quoted(label)} in at least one row, found {_listed(names)}: "
        f"choose one of these with --positive{closest(label, names)}"
    )


def _as_decimal(label: str) -> Decimal | None:
    """Return the exact number of a label, or None. Floats would merge long integers."""
    try:
        number = Decimal(label)
    except InvalidOperation:
        return None
    return number if number.is_finite() and "_" not in label else None


def _listed(names: Sequence[str]) -> str:
    return listed(map(quoted, names), most=_LISTED)
