"""Tables as Parquet files: typed columns, compressed, written and compared many rows at a time.

Numbers keep every bit; a cell without a number is null. The bytes follow from the table and the version of pyarrow.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pandas.api.types import is_bool_dtype, is_float_dtype, is_numeric_dtype

_GROUP = 2**17  # rows of a row group: a fixed number, so that the bytes do not depend on how the rows arrive


def _schema_of(table: pd.DataFrame) -> pa.Schema:
    return pa.schema([(str(name), _type_of(column)) for name, column in table.items()])


def _type_of(column: pd.Series) -> pa.DataType:
    if is_bool_dtype(column):
        return pa.bool_()
    if not is_numeric_dtype(column):
        return pa.string()
    return pa.float64() if is_float_dtype(column) else pa.int64()


def _arrow(table: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    columns = [
        pa.Array.from_pandas(column, type=of) for (_, column), of in zip(table.items(), schema.types, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=schema)


class ParquetFiles:
    """Takes tables by name and writes those that have a file."""

    def __init__(self, files: Mapping[str, BinaryIO]) -> None:
        self.names = tuple(files)
        self._files = {name: _File(file) for name, file in files.items()}

    def write(self, name: str, table: pd.DataFrame) -> None:
        """Write the next rows."""
        self._files[name].write(table)

    def close(self) -> None:
        """Write what is left, and the index at the end of each file."""
        for file in self._files.values():
            file.close()


class _File:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[pa.Table] = []
        self._rows = 0

    def write(self, table: pd.DataFrame) -> None:
        if self._writer is None:
            schema = _schema_of(table)
            numbers = [field.name for field in schema if field.type == pa.float64()]
            self._writer = pq.ParquetWriter(
                self._file,
                schema,
                compression="zstd",
                use_dictionary=[field.name for field in schema if field.type != pa.float64()],
                use_byte_stream_split=numbers,
            )
        self._waiting.append(_arrow(table, self._writer.schema))
        self._rows += len(table)
        if self._rows >= _GROUP:
            rows = pa.concat_tables(self._waiting)
            while len(rows) >= _GROUP:
                self._writer.write_table(rows.slice(0, _GROUP), row_group_size=_GROUP)
                rows = rows.slice(_GROUP)
            self._waiting, self._rows = [rows], len(rows)

    def close(self) -> None:
        if self._writer is not None:
            if self._rows:
                self._writer.write_table(pa.concat_tables(self._waiting), row_group_size=_GROUP)
            self._writer.close()


class ComparedParquet:
    """Takes tables by name and compares them with files, row by row."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.files = {name: _Compared(folder / f"{name}.parquet") for name in names}

    def write(self, name: str, table: pd.DataFrame) -> None:
        """Compare the next rows."""
        self.files[name].write(table)

    def close(self) -> None:
        """Count what the files have beyond the end."""
        for file in self.files.values():
            file.close()


class _Compared:
    """A Parquet file that is compared. One that cannot be read has no rows, of which all are different."""

    unit = "row"

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.lines = self.different = 0
        self._batches: Iterator[Any] = iter(())
        self._held: pa.Table | None = None
        with contextlib.suppress(pa.ArrowException, OSError):
            file = pq.ParquetFile(path)
            self._batches, self._held = file.iter_batches(), file.schema_arrow.empty_table()

    def write(self, table: pd.DataFrame) -> None:
        rows = _arrow(table, _schema_of(table))
        found = self._next(len(rows))
        self.lines += len(rows)
        if found is None or not found.schema.equals(rows.schema):
            self.different += len(rows)
        elif not found.equals(rows.slice(0, len(found))):
            self.different += _n_different(found, rows.slice(0, len(found))) + len(rows) - len(found)
        else:
            self.different += len(rows) - len(found)

    def close(self) -> None:
        while (found := self._next(_GROUP)) is not None and len(found):
            self.lines += len(found)
            self.different += len(found)

    def _next(self, n: int) -> pa.Table | None:
        """So many rows, or what is left; None if the file cannot be read."""
        try:
            while self._held is not None and len(self._held) < n and (batch := next(self._batches, None)) is not None:
                self._held = pa.concat_tables([self._held, pa.Table.from_batches([batch])])
        except (pa.ArrowException, OSError):
            self._held = None
        if self._held is None:
            return None
        rows, self._held = self._held.slice(0, n), self._held.slice(n)
        return rows


def _n_different(one: pa.Table, other: pa.Table) -> int:
    """The number of rows that differ; null is equal to null."""
    differs = pa.array([False] * len(one))
    for a, b in zip(one.columns, other.columns, strict=True):
        is_equal = pc.or_(pc.fill_null(pc.equal(a, b), False), pc.and_(pc.is_null(a), pc.is_null(b)))
        differs = pc.or_(differs, pc.invert(is_equal))
    return int(pc.sum(differs).as_py() or 0)
