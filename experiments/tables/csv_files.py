"""Tables as CSV files.

Numbers are in shortest round-trip form. The files hold no time stamp and do not depend on what was computed when.
"""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
from pandas.api.types import is_string_dtype

from experiments.design import Design
from experiments.tables.stored import Block, measures
from planar_core.decimals import lines
from planar_core.training import recorded_iterations

_MOST_ROWS = 10_000  # as Python objects at once
_MOST_CELLS = 10_000  # values of a column whose text is kept
_RUN_BY_A_SPREADSHEET = ("=", "+", "-", "@", "\t", "\r")


def write_csv(table: pd.DataFrame, file: BinaryIO, header: bool = True) -> None:
    """Write a table, with a header unless it continues one."""
    if header:
        write_header(table.columns, file)
    with _rows_into(file) as write_rows:
        for start in range(0, len(table), _MOST_ROWS):
            write_rows(zip(*_columns(table.iloc[start : start + _MOST_ROWS]), strict=True))


def _columns(table: pd.DataFrame) -> Iterator[list[Any]]:
    # The csv module writes the same bytes in half the time of DataFrame.to_csv.
    for name in table.columns:
        column = table[name]
        if is_string_dtype(column):
            codes, texts = pd.factorize(column.astype(str))
            yield np.array([_harmless(text) for text in texts], dtype=object)[codes].tolist()
        else:
            missing = column.isna().to_numpy()
            yield np.where(missing, "", column.to_numpy(object)).tolist() if missing.any() else column.tolist()


def write_header(columns: Iterable[str], file: BinaryIO) -> None:
    """Write the header of a table that ``write_csv`` writes in parts."""
    with _rows_into(file) as write_rows:
        write_rows([columns])


class CurvesFile:
    """Writes curves.csv from the runs of a sweep, many at a time."""

    def __init__(self, file: BinaryIO, design: Design, score: str) -> None:
        self._file, self._design = file, design
        self._iterations = recorded_iterations(design.iterations, design.record_every)
        self._cells = {name: _Cells(design.settings.get(name)) for name in design.columns}
        write_header([*design.columns, "iteration", *measures(score)], file)

    def write(self, block: Block) -> None:
        """Write the next runs."""
        columns = self._design.columns
        at, seeds = columns.index("seed"), [b"%d" % seed for seed in block.seeds]
        prefixes = []
        for series in block.series:
            cells = [self._cells[name][getattr(series, name, None)] for name in columns]
            before, after = b"".join(cells[:at]), b"".join(cells[at + 1 :])
            prefixes += [b"%b%b,%b" % (before, seed, after) for seed in seeds]
        runs = block.runs
        self._file.write(lines(prefixes, self._iterations, runs.curves, runs.records).data)


class _Cells(dict[Any, bytes]):
    """A cell for each value of a column, with the comma after it; always the same one for a fixed setting."""

    def __init__(self, fixed: Any = None) -> None:
        self._fixed = fixed

    def __missing__(self, value: Any) -> bytes:
        shown = value if self._fixed is None else self._fixed
        text = io.StringIO()
        csv.writer(text, lineterminator="").writerow([_harmless(shown) if isinstance(shown, str) else shown, "."])
        made = text.getvalue()[:-1].encode()
        if len(self) < _MOST_CELLS:
            self[value] = made
        return made


@contextlib.contextmanager
def _rows_into(file: BinaryIO) -> Iterator[Callable[[Iterable[Iterable[Any]]], None]]:
    """A function that takes rows and writes CSV."""
    text_file = io.TextIOWrapper(file, encoding="utf-8", newline="")
    yield csv.writer(text_file, lineterminator="\n").writerows
    text_file.detach()  # flushes, and leaves the file open


def _harmless(text: str) -> str:
    """Prefix with an apostrophe a text that a spreadsheet would execute."""
    return f"'{text}" if text.startswith((*_RUN_BY_A_SPREADSHEET, "'")) else text
