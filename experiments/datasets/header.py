"""Whether the first line of a file is a header, and the column names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from experiments.datasets.missing import MissingValues
from experiments.text import count, listed, quoted

_NUMBER = re.compile(
    r"[(]?[+\-\u2212]?[$€£¥]?\s?(?:\d|[.,]\d)(?:[\d.,'\u2019 \u00a0]*[\d.])?(?:[eE][+\-]?\d+)?\s?[%€$£]?[)]?"
)
_SAMPLE_CELLS = 200_000


def looks_numeric(text: str) -> bool:
    """Whether a text looks like a number in any common format."""
    return _NUMBER.fullmatch(text) is not None


def has_header(rows: Sequence[Sequence[str]], missing: MissingValues) -> tuple[bool, str]:
    """Return whether the first row is a header, and the reason in words.

    A number above numbers indicates data, and so does a text that appears again below; a text above numbers indicates
    a name. Without any indication, a first row of texts is a header.
    """
    first = [cell.strip() for cell in rows[0]]
    numeric = [looks_numeric(cell) for cell in first]
    counts_up = [str(i) for i in range(len(first))], [str(i + 1) for i in range(len(first))]
    without_index = [cell for cell in first if cell]
    if len(without_index) > 2 and without_index in [c[: len(without_index)] for c in counts_up]:
        return True, "the first line numbers the columns"
    if all(numeric):
        return False, "the first line has numbers"
    body = rows[1 : 1 + max(20, min(1000, _SAMPLE_CELLS // len(first)))]
    names = data = fractions = 0
    years = _increasing([cell for cell, is_number in zip(first, numeric, strict=True) if is_number])
    for j, cell in enumerate(first):
        below = [text for row in body if j < len(row) and (text := row[j].strip()) and text not in missing]
        if cell == "?":
            data += 1
        if not cell or cell in missing or not below:
            continue
        number_below = sum(map(looks_numeric, below)) >= 0.9 * len(below)
        if numeric[j]:
            if number_below and not years:
                data += 1
                fractions += not cell.isdecimal()
        elif number_below:
            names += not cell[0].isdigit()
        else:
            data += cell in below
    if not names and not data:
        return not any(numeric) or years, "the texts of the first line do not appear again below"
    if names and data and fractions:
        return False, "the first line has numbers like those below"
    if names:
        return True, "the first line has text above numbers"
    if any(numeric):
        return False, "the first line has numbers like those below"
    texts = sum(1 for cell in first if cell)
    return 2 * data <= texts, "the texts of the first line appear again below"


def _increasing(numbers: Sequence[str]) -> bool:
    """Whether the numbers increase by 1, such as years, which may be column names."""
    if len(numbers) < 2 or not all(text.isdecimal() for text in numbers):
        return False
    return all(int(b) - int(a) == 1 for a, b in pairwise(numbers))


def names_of(cells: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Return unique names for all columns, and notes on columns without a name or with a repeated one."""
    notes = []
    names = [" ".join(cell.split()) for cell in cells]
    nameless = [i for i, name in enumerate(names) if not name]
    taken = set(names)
    for i in nameless:
        names[i] = _free(f"column {i + 1}", taken)
        taken.add(names[i])
    if nameless:
        called = listed((quoted(names[i]) for i in nameless), most=10)
        notes.append(f"{count(len(nameless), 'column')} without a name: named {called}")
    seen: set[str] = set()
    renamed = []
    for i, name in enumerate(names):
        if name in seen:
            names[i] = _free(name, taken)
            taken.add(names[i])
            renamed.append(quoted(names[i]))
        seen.add(names[i])
    if renamed:
        notes.append(f"columns with repeated names: renamed {listed(renamed, most=10)}")
    return tuple(names), notes


def _free(name: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    number = 2
    while f"{name} ({number})" in taken:
        number += 1
    return f"{name} ({number})"


def is_units_row(rows: Sequence[Sequence[str]], missing: MissingValues) -> bool:
    """Whether the first row below the header contains units: texts above numbers, in every column of numbers.

    At least two such columns are required, so that a single wrong text is not taken for a unit.
    """
    if len(rows) < 3:
        return False
    first, body = rows[0], rows[1 : 1 + max(20, min(1000, _SAMPLE_CELLS // len(rows[0])))]
    if any(looks_numeric(cell.strip()) for cell in first):
        return False
    texts = 0
    for j, cell in enumerate(first):
        below = [text for row in body if (text := row[j].strip()) and text not in missing]
        if below and all(map(looks_numeric, below)):
            texts += bool(cell.strip()) and cell.strip() not in missing and not missing.among_numbers(cell.strip())
    return texts >= 2
