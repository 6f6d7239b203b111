"""A table with two classes, from a CSV file."""

from __future__ import annotations

import codecs
import csv
import io
import math
import os
import re
from array import array
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import NamedTuple, NoReturn

import numpy as np
import numpy.typing as npt

from experiments.datasets.data import DataError
from experiments.text import closest, listed, quoted

ROWS_PER_CLASS = 2
"""Rows a class needs: one to train on and one to test on."""

_LISTED = 10  # names or values of a list that an error message shows


class Table(NamedTuple):
    """What a CSV file holds.

    features: (rows, columns without the target) float64, all finite
    labels: (rows,) float64 of 0.0 and 1.0
    feature_names: the names of the columns of `features`
    class_names: the labels as they stand in the file, of class 0 and class 1; "not LABEL" where class 0 is
        all but one of several
    notes: sentences about what was done to the data on the way
    """

    features: npt.NDArray[np.float64]
    labels: npt.NDArray[np.float64]
    feature_names: tuple[str, ...]
    class_names: tuple[str, str]
    notes: tuple[str, ...]


def read_csv(path: str, target: str | None = None, positive: str | None = None) -> Table:
    """Read a comma-separated UTF-8 file with a header, numbers, and one column of labels.

    path: the file
    target: the name of the column of labels; the last column if None
    positive: the label that is class 1, against all others; None if there are two, and see below

    A byte order mark, any line ending, quoted cells, empty lines and spaces around cells are fine. A number
    is what `float` accepts, if it is finite and has no underscores: with a decimal point, whatever the
    locale. Labels that are the numbers 0 and 1 are classes 0 and 1; any other two values are sorted (as
    numbers if both are, else by code point) and mapped to 0 and 1. Every mapping but that of 0 and 1 to
    themselves is a note.

    Raises DataError for everything else. Lines are counted from 1; a row of several lines goes by its first.
    """
    where = repr(path)  # repr keeps the message on one line, whatever the path holds
    text, notes = _decode(path)
    records = _records(where, text)
    header_line, cells = next(records, (0, []))
    if not cells:
        raise DataError(f"{where}: expected a header and rows of numbers, found an empty file: add the data")
    names = [cell.strip() for cell in cells]
    label_index = _check_header(where, header_line, names, target)
    feature_names = names[:label_index] + names[label_index + 1 :]
    _check_not_data(where, header_line, feature_names)

    values, labels = array("d"), list[str]()
    for line, row in records:
        if len(row) != len(names):
            raise DataError(
                f"{where}, line {line}: expected {len(names)} cells, one for each column of the header, "
                f"found {len(row)}: add or remove cells on that line"
            )
        label = row.pop(label_index).strip()
        numbers = _numbers(row)
        if numbers is None:
            _refuse_row(where, line, feature_names, row)
        if _is_missing(label):
            found = quoted(label) if label else "a blank cell"
            raise DataError(
                f"{where}, line {line}, column {quoted(names[label_index])}: expected a class label, "
                f"found {found}: fill in the label or remove the row"
            )
        values.extend(numbers)
        labels.append(label)

    if len(labels) < 2 * ROWS_PER_CLASS:
        found = f"{len(labels)} row{'s' if len(labels) > 1 else ''}" if labels else "the header only"
        raise DataError(
            f"{where}: expected at least {2 * ROWS_PER_CLASS} rows of data below the header, found {found}: add rows"
        )
    classes, class_names, mapping = _classes(f"{where}, column {quoted(names[label_index])}", labels, positive)
    notes += mapping
    features = np.array(values, dtype=np.float64).reshape(len(labels), len(feature_names))
    return Table(features, classes, tuple(feature_names), class_names, tuple(notes))


def _decode(path: str) -> tuple[str, list[str]]:
    """Return the text of the file, without its byte order mark, and the notes so far."""
    where = repr(path)
    if os.path.isdir(path):  # asked for by name, because opening one fails differently from system to system
        raise DataError(f"{where}: expected a CSV file, found a directory: name a file in it")
    try:
        with open(path, "rb") as file:
            raw = file.read()
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f"{where}: expected a CSV file, found nothing there: check the path") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the path
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise DataError(f"{where}: expected a readable CSV file, found: {reason}: check the path") from None
    notes = []
    if raw.startswith(codecs.BOM_UTF8):
        raw = raw.removeprefix(codecs.BOM_UTF8)
        notes.append("a byte order mark at the start of the file was skipped")
    bad = raw.find(0)  # UTF-16 without its mark is valid UTF-8 that is full of NULs
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        bad = error.start if bad < 0 else min(bad, error.start)
    if bad >= 0:
        line = len(re.findall(rb"\r\n|\r|\n", raw[:bad])) + 1
        raise DataError(
            f"{where}, line {line}: expected UTF-8 text, found the byte 0x{raw[bad]:02x}: save the file as UTF-8"
        )
    return text, notes


def _records(where: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of its first line and the cells of every record that is not an empty line."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(
                f"{where}, line {line}: expected well-formed CSV, found: {error}: correct the quotes on that line"
            ) from None
        if row:
            yield line, row


def _check_header(where: str, line: int, names: list[str], target: str | None) -> int:
    """Return the index of the column of labels, or refuse the header."""
    if len(names) < 2:
        wrong = [word for word, sign in (("semicolons", ";"), ("tabs", "\t")) if sign in names[0]]
        raise DataError(
            f"{where}, line {line}: expected at least two columns, separated by commas, "
            f"found only {quoted(names[0])}: "
            + (f"separate cells by commas, not {wrong[0]}" if wrong else "add a column")
        )
    first_of: dict[str, int] = {}
    for index, name in enumerate(names):
        if not name:
            raise DataError(
                f"{where}, line {line}: expected a name for every column, found none for column {index + 1}: "
                "name or remove that column"
            )
        first = first_of.setdefault(name, index)
        if first != index:
            raise DataError(
                f"{where}, line {line}: expected distinct column names, found {quoted(name)} "
                f"in columns {first + 1} and {index + 1}: rename one of them"
                + (", or add a header line" if _numbers([name]) else "")
            )
    if target is None:
        return len(names) - 1
    target = target.strip()
    if target not in names:
        raise DataError(
            f"{where}, line {line}: expected a column named {quoted(target)}, found {_listed(names)}: "
            f"name one of these with --target{closest(target, names)}"
        )
    return names.index(target)


def _check_not_data(where: str, line: int, feature_names: list[str]) -> None:
    """Refuse a first line that is a row of data: all numbers, and not a count like 0, 1, 2 or 2019, 2020."""
    numbers = _numbers(feature_names)
    counts = all(name.isdecimal() for name in feature_names) and numbers == sorted(numbers or [])
    if numbers is not None and not counts:
        raise DataError(
            f"{where}, line {line}: expected column names, found only numbers ({_listed(feature_names)}): "
            "add a header line"
        )


def _numbers(cells: Sequence[str]) -> list[float] | None:
    """Return the cells as finite numbers, or None if one of them is not."""
    try:
        numbers = list(map(float, cells))
    except ValueError:
        return None
    if not all(map(math.isfinite, numbers)) or any("_" in cell for cell in cells):
        return None
    return numbers


def _refuse_row(where: str, line: int, names: Sequence[str], cells: Sequence[str]) -> NoReturn:
    """Refuse the first cell of the row that is not a finite number."""
    column = next(i for i, cell in enumerate(cells) if _numbers([cell]) is None)
    name, cell = names[column], cells[column].strip()
    place = f"{where}, line {line}, column {quoted(name)}: expected a finite number, found "
    if not cell:
        raise DataError(f"{place}a blank cell: fill it in or remove the row")
    try:
        float(cell)
    except ValueError:
        raise DataError(
            f"{place}{quoted(cell)}: correct the cell or remove the row "
            "(if the column holds the labels, name it with --target)"
        ) from None
    raise DataError(f"{place}{quoted(cell)}: correct the cell or remove the row")


def _is_missing(label: str) -> bool:
    return label.lower() in ("", "nan", "+nan", "-nan")


def _as_decimal(label: str) -> Decimal | None:
    """Return the number that a label spells, exactly, or None. Floats would merge long integers."""
    try:
        number = Decimal(label)
    except InvalidOperation:
        return None
    return number if number.is_finite() and "_" not in label else None


def _distinct(labels: list[str]) -> dict[str, str]:
    """Return the name of the class of every spelling of a label, the classes in ascending order.

    Labels that are all numbers are compared as numbers: 1 and 1.0 are one class, which goes by the spelling that
    comes first, and 2 comes before 10. The numbers 0 and 1, where there are no others, go by these names.
    """
    spelled = list(dict.fromkeys(labels))
    numbers = {label: number for label in spelled if (number := _as_decimal(label)) is not None}
    if len(numbers) < len(spelled):
        return {label: label for label in sorted(spelled)}
    names: dict[Decimal, str] = {}
    for label, number in numbers.items():
        names.setdefault(number, label)
    if set(names) == {0, 1}:
        names = {Decimal(0): "0", Decimal(1): "1"}
    return {label: names[numbers[label]] for label in sorted(spelled, key=numbers.__getitem__)}


def _classes(
    where: str, labels: list[str], positive: str | None
) -> tuple[npt.NDArray[np.float64], tuple[str, str], list[str]]:
    """Return the class of every row, the names of the two classes, and a note on them unless none is needed."""
    name_of = _distinct(labels)
    names = list(dict.fromkeys(name_of.values()))
    if len(names) == 1:
        raise DataError(
            f"{where}: expected two classes, found only {quoted(names[0])} in all {len(labels)} rows: "
            "add rows of another class, or name another column with --target"
        )
    if positive is not None:
        one = _chosen(where, name_of, names, positive)
    elif len(names) == 2:
        one = names[1]
    else:
        raise DataError(
            f"{where}: expected two classes, found {len(names)} ({_listed(names)}): name the one that is class 1, "
            "against the rest, with --positive LABEL"
        )
    others = [name for name in names if name != one]
    zero = others[0] if len(others) == 1 else f"not {one}"
    is_one = [name_of[label] == one for label in labels]
    for name, count in zip((zero, one), (len(labels) - sum(is_one), sum(is_one)), strict=True):
        if count < ROWS_PER_CLASS:
            raise DataError(
                f"{where}: expected at least {ROWS_PER_CLASS} rows of each class, one to train on and one "
                f"to test on, found {count} of {quoted(name)}: add rows of that class"
            )
    if (zero, one) == ("0", "1"):
        mapping = []
    elif len(others) == 1:
        mapping = [f"labels: {quoted(zero)} -> 0, {quoted(one)} -> 1"]
    else:
        mapping = [f"labels: {quoted(one)} -> 1, the {len(others)} others ({_listed(others)}) -> 0"]
    return np.array(is_one, dtype=np.float64), (zero, one), mapping


def _chosen(where: str, name_of: dict[str, str], names: list[str], positive: str) -> str:
    """Return the name of the class that `positive` spells: as it stands in a row, or as a number equal to one."""
    positive = positive.strip()
    if positive in name_of:
        return name_of[positive]
    numbers = {_as_decimal(label): name for label, name in name_of.items()}
    number = _as_decimal(positive)
    if None in numbers or number not in numbers:
        raise DataError(
            f"{where}: expected the label {quoted(positive)} in some row, found {_listed(names)}: "
            f"name one of these with --positive{closest(positive, names)}"
        )
    return numbers[number]


def _listed(names: Sequence[str]) -> str:
    return listed(map(quoted, names), most=_LISTED)
