"""Tables as an Excel workbook with a sheet for each, written row by row.

Text is always text, also if it begins with an equals sign. Numbers have 16 significant digits, of which Excel shows 15.
The file holds no time stamp of its own; its bytes follow from the tables and the version of XlsxWriter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, BinaryIO

import pandas as pd
import xlsxwriter
from pandas.api.types import is_bool_dtype, is_numeric_dtype
from xlsxwriter.worksheet import Worksheet

from experiments.formats import LONGEST_CELL

_DATE = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)  # in place of the time of writing
_NARROWEST, _WIDEST = 8, 40  # characters of a column
_LOOKED_AT = 100  # rows, for its width


class Workbook:
    """Takes tables by name and writes those that have a sheet, ``names``, in that order."""

    def __init__(self, file: BinaryIO, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._book = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_urls": False})
        self._book.set_properties({"created": _DATE})
        bold = self._book.add_format({"bold": True})
        self._sheets = {name: _Sheet(self._book.add_worksheet(name), bold) for name in names}

    def write(self, name: str, table: pd.DataFrame) -> None:
        """Write the next rows."""
        self._sheets[name].write(table)

    def close(self) -> None:
        """Complete the file."""
        for sheet in self._sheets.values():
            sheet.close()
        self._book.close()


class _Sheet:
    def __init__(self, sheet: Worksheet, bold: Any) -> None:
        self._sheet, self._bold = sheet, bold
        self._rows = self._columns = 0

    def write(self, table: pd.DataFrame) -> None:
        if not self._rows:
            self._begin(table)
        writers = [self._writer(column) for _, column in table.items()]
        cells = zip(*(column.tolist() for _, column in table.items()), strict=True)
        for row, values in enumerate(cells, self._rows):
            for at, (write, value) in enumerate(zip(writers, values, strict=True)):
                if value is not None and value is not pd.NA and value == value and value != "":
                    write(row, at, value)
        self._rows += len(table)

    def _begin(self, table: pd.DataFrame) -> None:
        for at, (name, column) in enumerate(table.items()):
            texts = [str(name), *map(str, column.head(_LOOKED_AT).tolist())]
            self._sheet.set_column(at, at, min(max(_NARROWEST, *map(len, texts)), _WIDEST) + 2)
            self._sheet.write_string(0, at, str(name), self._bold)
        self._sheet.freeze_panes(1, 0)
        self._rows, self._columns = 1, len(table.columns)

    def _writer(self, column: pd.Series) -> Any:
        if is_bool_dtype(column):
            return self._sheet.write_boolean
        return self._number if is_numeric_dtype(column) else self._text

    def _number(self, row: int, at: int, value: float) -> None:
        if math.isfinite(value):
            self._sheet.write_number(row, at, value)
        else:
            self._text(row, at, str(value))

    def _text(self, row: int, at: int, value: Any) -> None:
        if isinstance(value, bool):
            self._sheet.write_boolean(row, at, value)
            return
        text = str(value)
        self._sheet.write_string(row, at, text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 3]}...")

    def close(self) -> None:
        if self._rows > 1:
            self._sheet.autofilter(0, 0, self._rows - 1, self._columns - 1)
