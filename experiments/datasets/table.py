"""A table with columns of known kinds: numbers, booleans, categories, and a target."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from experiments.datasets.number_format import PLAIN, Floats, NumberFormat

Codes = npt.NDArray[np.int64]

NUMBER, BOOLEAN, CATEGORY = "number", "boolean", "category"
BINARY, MULTICLASS, REGRESSION = "binary", "multiclass", "regression"


@dataclass(frozen=True, eq=False)
class Column:
    """One input.

    name: the name of the column in its source
    kind: NUMBER, BOOLEAN or CATEGORY
    values: (rows,) float64 for numbers and booleans (0.0 and 1.0), nan for a missing value; int64 codes for a category,
        the indices of `categories`, -1 for a missing value
    categories: the texts of a category, or those of false and true, in the order of their codes
    format: how numbers are written
    """

    name: str
    kind: str
    values: Floats | Codes
    categories: tuple[str, ...] = ()
    format: NumberFormat = PLAIN

    def take(self, rows: Codes) -> Column:
        """Return the column with these rows."""
        return replace(self, values=self.values[rows])


@dataclass(frozen=True, eq=False)
class Table:
    """A table that can be split and encoded.

    name: the data set as requested
    columns: the inputs
    target: (rows,) int64 codes, the indices of `class_names`, or float64 numbers of a regression
    task: BINARY for two classes, MULTICLASS for more, REGRESSION
    class_names: in the order of their codes; empty for regression
    target_name: the target column
    groups: (rows,) int64, equal for rows that stay on the same side of every split, or None
    grouped_by: the column that defines the groups; "" for rows with equal inputs
    test_rows: (test rows,) int64, in ascending order, if they come from a test file, otherwise None
    notes: the decisions made
    target_format: the number format of a regression target
    lines: the line or row number of each row in its source
    missing_values: texts that mean a missing value, in addition to the built-in ones
    """

    name: str
    columns: tuple[Column, ...]
    target: Floats | Codes
    task: str
    class_names: tuple[str, ...] = ()
    target_name: str = "y"
    groups: Codes | None = None
    grouped_by: str = ""
    test_rows: Codes | None = None
    notes: tuple[str, ...] = ()
    target_format: NumberFormat = PLAIN
    lines: tuple[int, ...] = ()
    missing_values: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """The number of rows."""
        return int(self.target.size)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256, in hex, of everything that determines the inputs of networks; the same on every platform.

        It covers the length and UTF-8 of each text, and the shape and little-endian bytes of each array, with all nan
        equal; but not the name, the notes and the lines.
        """
        digest = hashlib.sha256()

        def add(*parts: Any) -> None:
            for part in parts:
                if isinstance(part, np.ndarray):
                    kind = "<f8" if part.dtype.kind == "f" else "<i8"
                    data = np.where(np.isnan(part), np.nan, part) if kind == "<f8" else part
                    add(kind, str(part.shape))
                    digest.update(np.ascontiguousarray(data).astype(kind).tobytes())
                elif isinstance(part, tuple):
                    add(str(len(part)), *part)
                else:
                    text = str(part).encode("utf-8", "surrogatepass")
                    digest.update(f"{len(text)}:".encode())
                    digest.update(text)

        add("table 1", self.task, self.class_names, self.target_name, self.target)
        for column in self.columns:
            add(column.name, column.kind, column.categories, column.values)
        add("none" if self.groups is None else self.groups, self.grouped_by)
        add("none" if self.test_rows is None else self.test_rows)
        return digest.hexdigest()
