"""read_table(): reads a file, a data frame or arrays without interpreting the cells.

Every cell is kept as text, so that types are not guessed: 007, 1,234 and NA are interpreted in `columns`, with notes.
Text files are split by the standard library (see `dialect`); parquet, xlsx and data frames need pandas, which is
imported only then, since that takes 0.4 s in every worker process.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from experiments.datasets.data import DataError
from experiments.datasets.decoding import ZIP, decode, read_bytes, unpacked
from experiments.datasets.dialect import Records, one_column, records, rectangular, split_line
from experiments.datasets.header import has_header, is_units_row, looks_numeric, names_of
from experiments.datasets.missing import MissingValues
from experiments.datasets.options import AUTO, Reading
from experiments.text import listed, quoted
from experiments.version import installing

if TYPE_CHECKING:
    import pandas as pd

_NO_TABLE = {
    "<": "a web page or XML",
    "{": "JSON",
    "[{": "JSON",
    "%PDF": "PDF",
    "@relation": "ARFF",
    "@RELATION": "ARFF",
}
_PARQUET = b"PAR1"
_XLS = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, eq=False)
class RawTable:
    """A table of texts.

    where: its origin, for messages: the path in quotes, or "the table"
    names: the column names, all different
    cells: for each column the text of every row, without surrounding spaces; "" for an empty cell
    lines: for each row the line on which it begins, or the row number, counted from 1
    line_word: "line" or "row"
    separator: the separator of the cells; None if it was not a text file
    typed: the columns that had numeric types, so that their texts have a decimal point
    notes: the decisions made
    """

    where: str
    names: tuple[str, ...]
    cells: tuple[list[str], ...]
    lines: list[int]
    line_word: str = "line"
    separator: str | None = None
    typed: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.lines)

    def take(self, rows: Sequence[int]) -> RawTable:
        """Return the table with these rows."""
        cells = tuple([column[row] for row in rows] for column in self.cells)
        return replace(self, cells=cells, lines=[self.lines[row] for row in rows])

    def column(self, name: str) -> list[str]:
        """Return the cells of the column of this name."""
        return self.cells[self.names.index(name)]

    def places(self, rows: Sequence[int], most: int = 5) -> str:
        """``line 19``, ``lines 3, 7 and 2 more``."""
        word = self.line_word if len(rows) == 1 else f"{self.line_word}s"
        numbers = [str(self.lines[row]) for row in rows[:most]]
        if len(rows) > most:
            return f"{word} {', '.join(numbers)} and {len(rows) - most:,} more"
        return f"{word} {listed(numbers, 'and')}"


def read_table(source: Any, options: Reading | None = None, fewest: int = 2) -> RawTable:
    """Read a table.

    source: the path of a file (text with any usual separator, compressed or not; parquet; xlsx), a data frame, a
        mapping of names to columns, or a pair (X, y) of (rows, columns) and (rows,)
    fewest: required number of columns of a text file; with fewer, the separator was not detected

    Raises DataError with a one-line message if it is not a table.
    """
    options = options or Reading()
    if isinstance(source, str | os.PathLike):
        return _from_file(os.fspath(source), options, fewest)
    if isinstance(source, tuple) and len(source) == 2:
        return _from_arrays(*source)
    return _from_frame(source)


def _from_file(path: str, options: Reading, fewest: int) -> RawTable:
    where = repr(path)
    raw = read_bytes(path)
    if raw.startswith(_PARQUET):
        return replace(_from_frame(_parquet(where, raw)), where=where)
    if raw.startswith(_XLS):
        raise DataError(f"{where}: expected xlsx, found the older xls format: save the file as xlsx or CSV")
    if raw.startswith(ZIP) and b"xl/workbook" in raw:
        return _from_sheet(where, raw, options)
    text, notes = decode(where, unpacked(where, raw), options.encoding)
    if not text.strip():
        raise DataError(f"{where}: expected a header and rows of values, found an empty file: add the data")
    for beginning, what in _NO_TABLE.items():
        if text.lstrip().startswith(beginning):
            raise DataError(f"{where}: expected a table as text, found {what}: save the table as CSV")
    found = records(where, text, options.separator)
    if not found.rows:
        raise DataError(f"{where}: expected a header and rows of values, found only comments: add the data")
    if max(map(len, found.rows)) < fewest:
        raise one_column(where, found.lines[0], found.rows[0])
    return _named(where, found._replace(notes=notes + found.notes), options)


def _named(where: str, found: Records, options: Reading, word: str = "line") -> RawTable:
    """Return the table of the rows, the first of which may be a header."""
    missing = MissingValues(options.missing_values)
    notes = list(found.notes)
    header, why = options.header == "yes", "--header"
    if options.header == AUTO:
        header, why = has_header(found.rows, missing)
    rows, lines, more = rectangular(where, found, header)
    if not rows:
        raise DataError(f"{where}: expected a header and rows of values, found only separators: add the data")
    notes += more
    if header:
        names, more = names_of(rows[0])
        notes += more
        rows, lines = rows[1:], lines[1:]
        if options.header == AUTO and why.startswith("the first line numbers"):
            notes.append(f"header: yes, because {why} (override with --header no)")
    else:
        names = tuple(f"x{i + 1}" for i in range(len(rows[0])))
        above = split_line(found.comments[-1], found.separator) if found.comments else []
        above = [cell.strip() for cell in above]
        if len(above) == len(names) and len(set(above)) == len(above) and not any(map(looks_numeric, above)):
            names = tuple(above)
            notes.append("header: the last comment line (override with --header yes)")
        elif options.header == AUTO:
            called = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
            notes.append(f"header: none, because {why}; columns are named {called} (override with --header yes)")
    if not rows:
        raise DataError(f"{where}: expected rows of values below the header, found only the header: add rows")
    if header and is_units_row(rows, missing):
        notes.append(f"{word} {lines[0]} contains units: left out")
        rows, lines = rows[1:], lines[1:]
    cells = tuple([cell.strip() for cell in column] for column in zip(*rows, strict=True))
    return RawTable(where, names, cells, lines, word, found.separator, notes=tuple(notes))


def _parquet(where: str, raw: bytes) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_parquet(io.BytesIO(raw))
    except ImportError:
        raise DataError(
            f"{where}: reading parquet files requires pyarrow, which is not installed: {installing('parquet')}"
        ) from None
    except (OSError, ValueError, NotImplementedError) as error:
        raise DataError(
            f"{where}: expected a complete parquet file, found: {_one_line(error)}: write it again"
        ) from None


def _from_sheet(where: str, raw: bytes, options: Reading) -> RawTable:
    """Return the first sheet of a workbook."""
    import zipfile

    import pandas as pd

    try:
        book = pd.ExcelFile(io.BytesIO(raw), engine="openpyxl")
        frame = pd.read_excel(book, sheet_name=0, header=None, dtype=object, keep_default_na=False, na_values=[])
    except ImportError:
        raise DataError(
            f"{where}: reading xlsx files requires openpyxl, which is not installed: {installing('xlsx')}"
        ) from None
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"{where}: expected a complete xlsx file, found: {_one_line(error)}: save it again") from None
    notes = []
    if len(book.sheet_names) > 1:
        notes.append(f"sheet: the first of {len(book.sheet_names)}, {quoted(str(book.sheet_names[0]))}")
    columns = [_texts(frame.iloc[:, j]) for j in range(frame.shape[1])]
    rows = [list(row) for row in zip(*columns, strict=True)]
    filled = [i for i, row in enumerate(rows) if any(row)]
    if not filled:
        raise DataError(f"{where}: expected a header and rows of values, found an empty sheet: add the data")
    rows, lines = [rows[i] for i in filled], [i + 1 for i in filled]
    table = _named(where, Records(rows, lines, ",", (), tuple(notes)), options, "row")
    first = lines.index(table.lines[0])
    typed = {
        name
        for j, name in enumerate(table.names)
        if not any(isinstance(value, str) for value in frame.iloc[[line - 1 for line in lines[first:]], j])
    }
    return replace(table, separator=None, typed=frozenset(typed))


def _from_arrays(X: Any, y: Any) -> RawTable:
    import numpy as np
    import pandas as pd

    if hasattr(X, "iloc") or hasattr(X, "to_pandas"):
        frame = _frame(X)
        frame.columns = [str(name) for name in frame.columns]
    else:
        values = np.asarray(X)
        if values.ndim != 2:
            raise DataError(f"(X, y): expected X of shape (rows, columns), got {values.shape}: reshape it")
        frame = pd.DataFrame(values, columns=[f"x{j + 1}" for j in range(values.shape[1])])
    labels = np.asarray(y)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or labels.shape[0] != frame.shape[0]:
        raise DataError(
            f"(X, y): expected y of shape ({frame.shape[0]},), one value per row of X, got {labels.shape}: "
            "check their lengths"
        )
    name = str(getattr(y, "name", None) or "y")
    while name in frame.columns:
        name += "_"
    target = pd.Series(labels, index=frame.index, name=name)
    return _from_frame(pd.concat([frame, target], axis=1))


def _frame(source: Any) -> pd.DataFrame:
    import pandas as pd

    if isinstance(source, pd.DataFrame):
        return source.copy(deep=False)
    if hasattr(source, "to_pandas"):
        return pd.DataFrame(source.to_pandas())
    try:
        return pd.DataFrame(source)
    except (ValueError, TypeError) as error:
        raise DataError(f"expected a file, a data frame or (X, y), got {quoted(source)}: {_one_line(error)}") from None


def _from_frame(source: Any) -> RawTable:
    frame = _frame(source)
    where = "the table"
    if not frame.shape[0] or not frame.shape[1]:
        raise DataError(f"{where}: expected at least one row and one column, got shape {frame.shape}: add the data")
    labels = [" ".join(map(str, name)) if isinstance(name, tuple) else str(name) for name in frame.columns]
    names, notes = names_of(labels)
    cells = tuple(_texts(frame.iloc[:, j]) for j in range(frame.shape[1]))
    typed = frozenset(name for j, name in enumerate(names) if frame.dtypes.iloc[j].kind in "iuf")
    lines = list(range(1, frame.shape[0] + 1))
    return RawTable(where, names, cells, lines, "row", None, typed, tuple(notes))


def _texts(column: pd.Series[Any]) -> list[str]:
    """Return the text of every value; for numbers the shortest exact one, "" for a missing value."""
    kind = column.dtype.kind
    if kind in "iub" and not column.hasnans:
        return list(map(str, column.tolist()))
    gaps = column.isna().tolist()
    values = column.tolist()
    if kind == "f":
        present = [value for value, gap in zip(values, gaps, strict=True) if not gap]
        if all(math.isfinite(value) and value == int(value) and abs(value) < 2**53 for value in present):
            return ["" if gap else str(int(value)) for value, gap in zip(values, gaps, strict=True)]
    return ["" if gap else _text(value) for value, gap in zip(values, gaps, strict=True)]


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, float):
        return repr(float(value))
    return str(value).strip()


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
