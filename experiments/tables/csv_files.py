"""Tables as CSV files.

Numbers are in shortest round-trip form. The files hold no time stamp and do not depend on what was computed when.

Text is quoted, and no part of it can be taken for a formula: see ``_text``.
"""

from __future__ import annotations

import codecs
import itertools
import re
from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from experiments.design import Design
from experiments.tables.stored import VALIDATION_COST, Block, measures
from planar_core.decimals import lines
from planar_core.training import recorded_iterations

_BLOCK = 2**11  # rows that are text in memory at once: a summary has 40 columns, and a text takes 60 bytes
_CELLS = 2**13  # of a column that are kept
_QUOTES = str.maketrans({'"': '""'})
_NEEDS_NO_QUOTES = re.compile(r"\w*", re.ASCII)
# Where a spreadsheet can begin a cell: at the start of a text, and, if it splits the line at another separator than the
# comma, within it; there, what follows may be a formula. Full-width signs begin a formula in some languages.
_RUN_BY_A_SPREADSHEET = re.compile(r"(^|[;\t\r\n])(?=[\"\s]*[=+\-@\uff1d\uff0b\uff0d\uff20\t\r]|')")


class Sink(Protocol):
    """What tables are written to: a binary file, or what compares them with one."""

    def write(self, content: bytes | memoryview, /) -> object:
        """Take whole lines."""


# The commas and points of a text, while those around it are replaced: by bytes that UTF-8 does not have.
_PROTECTED = bytes.maketrans(b",.", b"\xfc\xfd")
_GERMAN = bytes.maketrans(b",.\xfc\xfd", b";,,.")


class German:
    """A sink that turns lines into those of a German Excel: semicolons between cells, commas in numbers.

    What is in quotes is text and stays as it is. The file begins with a byte order mark, without which Excel does not
    take it for UTF-8.
    """

    def __init__(self, file: Sink) -> None:
        self._file, self._is_new = file, True

    def write(self, content: bytes | memoryview) -> None:
        """Take whole lines."""
        parts = bytes(content).split(b'"')
        parts[1::2] = [part.translate(_PROTECTED) for part in parts[1::2]]
        self.write_protected(b'"'.join(parts))

    def write_protected(self, content: bytes) -> None:
        """Take whole lines whose texts are protected already: far faster for many lines."""
        self._file.write((codecs.BOM_UTF8 if self._is_new else b"") + content.translate(_GERMAN))
        self._is_new = False


def in_dialect(file: Sink, dialect: str) -> Sink:
    """A sink for lines with commas and points that writes them in a dialect, ``excel`` or ``excel-de``."""
    return German(file) if dialect == "excel-de" else file


def write_csv(table: pd.DataFrame, file: Sink, header: bool = True) -> None:
    """Write a table, with a header unless it continues one."""
    if header:
        _write_rows(file, [map(_name, table.columns)])
    for first in range(0, len(table), _BLOCK):
        block = table.iloc[first : first + _BLOCK]
        _write_rows(file, zip(*(_cells(column) for _, column in block.items()), strict=True))


def _write_rows(file: Sink, rows: Iterable[Iterable[str]]) -> None:
    # Joining is faster than the csv module, which cannot quote text alone before Python 3.12.
    file.write("".join(f"{','.join(row)}\n" for row in rows).encode())


def _cells(column: pd.Series) -> list[str]:
    """The cells of a column."""
    if is_numeric_dtype(column):
        cells = list(map(str, column.tolist()))
        for row in np.flatnonzero(column.isna()):
            cells[row] = ""
        return cells
    codes, values = pd.factorize(column)  # -1 where nothing is
    texts = [*map(_cell, values), ""]
    return [texts[code] for code in codes.tolist()]


def _cell(value: Any) -> str:
    """A value as a cell; nothing for None and nan."""
    if value is None or value != value:
        return ""
    return _text(value) if isinstance(value, str) else str(value)


def _text(text: str) -> str:
    """A text as a cell: in quotes, with an apostrophe before each part that a spreadsheet would run as a formula.

    Parts follow a semicolon, a tab or an end of line. Those that begin with an apostrophe get another
    one, so that the first apostrophe of a part can always be removed again.
    """
    if not text:
        return ""
    harmless = _RUN_BY_A_SPREADSHEET.sub(r"\1'", text).translate(_QUOTES)
    return f'"{harmless}"'


def _name(column: object) -> str:
    """The name of a column, in quotes only if it is not a plain word."""
    return str(column) if _NEEDS_NO_QUOTES.fullmatch(str(column)) else _text(str(column))


class CurvesFile:
    """Writes curves.csv from the runs of a sweep, many at a time."""

    def __init__(self, file: Sink, design: Design, score: str) -> None:
        self._file, self._design = file, design
        self._iterations = {each: recorded_iterations(each, every) for each, every in design.lengths.items()}
        is_german = isinstance(file, German)
        self._cells = {name: _Cells(design.settings.get(name), is_german) for name in design.columns}
        more = () if design.patience is None else (VALIDATION_COST,)
        _write_rows(file, [map(_name, [*design.columns, "iteration", *measures(score), *more])])

    def write(self, block: Block) -> None:
        """Write the next runs."""
        columns = self._design.columns
        at, seeds = columns.index("seed"), [b"%d" % seed for seed in block.seeds]
        runs = block.runs
        curves = runs.curves
        if self._design.patience is not None:
            curves = np.concatenate([curves, runs.validation[:, np.newaxis]], axis=1)
        start = 0
        for iterations, of_length in itertools.groupby(block.series, lambda series: series.iterations):
            prefixes = []
            for series in of_length:
                cells = [self._cells[name][getattr(series, name, None)] for name in columns]
                before, after = b"".join(cells[:at]), b"".join(cells[at + 1 :])
                prefixes += [b"%b%b,%b" % (before, seed, after) for seed in seeds]
            some = slice(start, start + len(prefixes))
            self._write(lines(prefixes, self._iterations[iterations], curves[some], runs.records[some]).data)
            start = some.stop

    def _write(self, content: memoryview) -> None:
        if isinstance(self._file, German):
            self._file.write_protected(bytes(content))
        else:
            self._file.write(content)


class _Cells(dict[Any, bytes]):
    """A cell for each value of a column, with the comma after it; always the same one for a ``fixed`` setting."""

    def __init__(self, fixed: Any = None, is_protected: bool = False) -> None:
        self._fixed, self._is_protected = fixed, is_protected

    def __missing__(self, value: Any) -> bytes:
        cell = _cell(value if self._fixed is None else self._fixed).encode()
        if self._is_protected and cell.startswith(b'"'):
            cell = cell.translate(_PROTECTED)
        made = cell + b","
        if len(self) < _CELLS:
            self[value] = made
        return made
