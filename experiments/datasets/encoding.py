"""From the columns of a table to the inputs of a network; everything is fitted on the training part.

Encoders are plain data. They are stored with the networks, which can then predict raw rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from experiments.datasets.data import DataError
from experiments.datasets.kinds import Profile, profile
from experiments.datasets.missing import MissingValues
from experiments.datasets.number_format import PLAIN, Floats, NumberFormat
from experiments.datasets.options import Reading
from experiments.datasets.reading import RawTable, read_table
from experiments.datasets.scaling import Scaling, median
from experiments.datasets.table import BOOLEAN, CATEGORY, NUMBER, REGRESSION, Codes, Column, Table
from experiments.text import closest, count, listed, quoted

_LISTED = 10


class Encoded(NamedTuple):
    """The inputs of networks.

    X: (features, examples) float64
    notes: notes on rows that could not be encoded completely
    """

    X: Floats
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ColumnEncoder:
    """How one column becomes features.

    name, kind, format: of the column
    categories: the categories of the table, one feature each, so that every split has the same features; for a
        boolean, the texts of false and true
    unseen: the categories that are not in the training part; their features are zeros
    has_gaps: whether a category has missing values in the table, and therefore a feature for them
    fill: the replacement for missing numbers or booleans
    scaling: of numbers
    is_constant: whether the features are constant in the training part, and therefore set to zero
    """

    name: str
    kind: str
    format: NumberFormat = PLAIN
    categories: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    has_gaps: bool = False
    fill: float = 0.0
    scaling: Scaling | None = None
    is_constant: bool = False

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the features."""
        if self.kind != CATEGORY:
            return (self.name,)
        names = [f"{self.name}={category}" for category in self.categories]
        return (*names, f"{self.name} is missing") if self.has_gaps else tuple(names)

    def write(self, column: Column, out: Floats) -> None:
        """Write the features of the column into zeros, (features, examples)."""
        if self.is_constant:
            return
        if self.kind == CATEGORY:
            place = {c: i for i, c in enumerate(self.categories) if c not in self.unseen}
            gaps = len(self.categories) if self.has_gaps else -1
            features = np.array([*(place.get(c, -1) for c in column.categories), gaps], dtype=np.int64)[column.values]
            known = np.flatnonzero(features >= 0)
            out[features[known], known] = 1.0
            return
        values = np.where(np.isnan(column.values), self.fill, column.values)
        out[0] = values if self.scaling is None else self.scaling.apply(values)

    def read(self, found: Profile, is_typed: bool) -> tuple[Column, Codes]:
        """Return the column for new rows, and the indices of unreadable texts."""
        if self.kind == NUMBER:
            form = PLAIN if is_typed and self.format.unit != "%" else self.format
            values = form.read(found.texts)
            return Column(self.name, NUMBER, np.append(values, np.nan)[found.codes]), np.flatnonzero(np.isnan(values))
        if self.kind == BOOLEAN:
            place = {text: float(i) for i, text in enumerate(self.categories)}
            values = np.array([place.get(text.lower(), np.nan) for text in found.texts])
            return Column(self.name, BOOLEAN, np.append(values, np.nan)[found.codes]), np.flatnonzero(np.isnan(values))
        return Column(self.name, CATEGORY, found.codes, tuple(found.texts)), np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Encoder:
    """How the rows of a table become features, and how its target is encoded.

    columns: of each input
    task, class_names, target_name: of the table
    target_scaling: for regression, the standardization of the target
    missing_values: texts that mean a missing value, in addition to the built-in ones
    """

    columns: tuple[ColumnEncoder, ...]
    task: str
    class_names: tuple[str, ...]
    target_name: str
    target_scaling: Scaling | None = None
    missing_values: tuple[str, ...] = ()

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the features, one for each row of X."""
        return tuple(name for column in self.columns for name in column.feature_names)

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on the training part."""
        constant = [quoted(column.name) for column in self.columns if column.is_constant]
        if not constant:
            return ()
        return (f"constant in the training part, therefore set to 0: {listed(constant, most=_LISTED)}",)

    def transform(self, table: Table, rows: Codes | None = None) -> Floats:
        """Return the features of the given rows, or all rows, of a table with the columns of the fit.

        (features, examples) float64, C-contiguous. Numbers are standardized, with the training median for missing
        values; booleans are 0 or 1; categories are encoded one-hot, unseen ones as zeros.
        """
        columns = table.columns if rows is None else [column.take(rows) for column in table.columns]
        return self._features(columns, table.rows if rows is None else int(rows.size))

    def target(self, table: Table, rows: Codes) -> Floats:
        """Return the encoded target, (1, examples) float64: class indices, or standardized numbers."""
        values = table.target[rows].astype(np.float64)
        return (values if self.target_scaling is None else self.target_scaling.apply(values)).reshape(1, -1)

    def transform_frame(self, source: Any, options: Reading | None = None) -> Encoded:
        """Return the features of new rows: of a file, a data frame or a raw table.

        Columns are matched by name, in any order; other columns are ignored. Numbers are read in the format of the
        training file. Categories not seen in training are encoded as zeros, with a note.

        Raises DataError for missing columns, and for unreadable texts, with their positions.
        """
        options = options or Reading()
        raw = source if isinstance(source, RawTable) else read_table(source, options, fewest=1)
        absent = [column.name for column in self.columns if column.name not in raw.names]
        if absent:
            expected = {column.name for column in self.columns}
            similar = closest(absent[0], [name for name in raw.names if name not in expected])
            raise DataError(
                f"{raw.where}: expected the columns that the networks were trained on, found none named "
                f"{listed(map(quoted, absent), 'or', most=_LISTED)}: add or rename them{similar}"
            )
        missing = MissingValues((*self.missing_values, *options.missing_values))
        used = {column.name for column in self.columns}
        more = [name for name in raw.names if name not in used and name != self.target_name]
        notes = [f"unused columns: {listed(map(quoted, more), most=_LISTED)}"] if more else []
        columns, wrong, gaps = [], [], {}
        for encoder in self.columns:
            found = _profile(encoder, raw, missing)
            column, unread = encoder.read(found, encoder.name in raw.typed)
            columns.append(column)
            wrong += [(encoder, found, i) for i in unread.tolist()]
            if encoder.kind == CATEGORY:
                notes += _unknown(encoder, found)
            elif found.gaps:
                gaps[encoder.name] = sum(found.gaps.values())
        if wrong:
            raise _unreadable(raw, wrong)
        if gaps:
            cells = listed((f"{quoted(name)} {n:,}" for name, n in gaps.items()), most=_LISTED)
            # Without the values, which differ between training parts: every network would repeat the note.
            notes.append(f"missing values: {cells}: filled with values from the training part")
        return Encoded(self._features(columns, raw.rows), (*raw.notes, *notes))

    def _features(self, columns: Sequence[Column], rows: int) -> Floats:
        X = np.zeros((len(self.feature_names), rows))
        first = 0
        for encoder, column in zip(self.columns, columns, strict=True):
            last = first + len(encoder.feature_names)
            encoder.write(column, X[first:last])
            first = last
        return X

    def to_dict(self) -> dict[str, Any]:
        """Return the encoder as plain data, exact in JSON."""
        return {
            "columns": [
                {
                    "name": column.name,
                    "kind": column.kind,
                    "format": column.format.to_dict(),
                    "categories": list(column.categories),
                    "unseen": list(column.unseen),
                    "has_gaps": column.has_gaps,
                    "fill": column.fill,
                    "scaling": None if column.scaling is None else column.scaling._asdict(),
                    "is_constant": column.is_constant,
                }
                for column in self.columns
            ],
            "task": self.task,
            "class_names": list(self.class_names),
            "target_name": self.target_name,
            "target_scaling": None if self.target_scaling is None else self.target_scaling._asdict(),
            "missing_values": list(self.missing_values),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Encoder:
        """Return the encoder from the result of `to_dict`."""

        def scaling(values: Mapping[str, Any] | None) -> Scaling | None:
            return None if values is None else Scaling(**values)

        columns = tuple(
            ColumnEncoder(
                column["name"], column["kind"], NumberFormat(**column["format"]), tuple(column["categories"]),
                tuple(column["unseen"]), column["has_gaps"], column["fill"], scaling(column["scaling"]),
                column["is_constant"],
            )
            for column in plain["columns"]
        )  # fmt: skip
        return cls(
            columns, plain["task"], tuple(plain["class_names"]), plain["target_name"],
            scaling(plain["target_scaling"]), tuple(plain["missing_values"]),
        )  # fmt: skip


def fit(table: Table, train_rows: Codes) -> Encoder:
    """Return the encoder fitted on these rows of a table.

    Raises DataError for a regression whose target is constant in these rows.
    """
    scaling = None
    if table.task == REGRESSION:
        scaling = Scaling.fit(table.target[train_rows].astype(np.float64))
        if scaling.scaled_deviation == 0.0:
            raise DataError(
                f"{quoted(table.name)}, column {quoted(table.target_name)}: expected a target with different values "
                "in the "
                f"training part, found only {table.target[train_rows][0]:g}: choose another --split or --target"
            )
    columns = tuple(_fitted(column, column.take(train_rows)) for column in table.columns)
    return Encoder(columns, table.task, table.class_names, table.target_name, scaling, table.missing_values)


def _fitted(every: Column, column: Column) -> ColumnEncoder:
    """Return the encoder of a column, given all its rows and its training rows."""
    if column.kind == CATEGORY:
        counts = np.bincount(column.values.astype(np.int64) + 1, minlength=len(column.categories) + 1)
        unseen = tuple(name for name, n in zip(column.categories, counts[1:], strict=True) if not n)
        has_gaps = bool((every.values < 0).any())
        is_constant = int(np.count_nonzero(counts)) < 2
        return ColumnEncoder(
            column.name, CATEGORY, column.format, column.categories, unseen, has_gaps, is_constant=is_constant
        )
    known = column.values[~np.isnan(column.values)].astype(np.float64)
    if column.kind == BOOLEAN:
        ones = int(np.count_nonzero(known))
        constant = ones in (0, known.size)
        return ColumnEncoder(
            column.name, BOOLEAN, column.format, column.categories, fill=float(2 * ones > known.size),
            is_constant=constant,
        )  # fmt: skip
    fill = median(known) if known.size else 0.0
    scaling = Scaling.fit(np.where(np.isnan(column.values), fill, column.values))
    return ColumnEncoder(
        column.name, NUMBER, column.format, fill=fill, scaling=scaling, is_constant=scaling.scaled_deviation == 0.0
    )


def _profile(encoder: ColumnEncoder, raw: RawTable, missing: MissingValues) -> Profile:
    found = profile(encoder.name, raw.column(encoder.name), missing, encoder.format.decimal)
    doubtful = {i for i, text in enumerate(found.texts) if encoder.kind == NUMBER and missing.among_numbers(text)}
    return found.without(doubtful) if doubtful else found


def _unknown(encoder: ColumnEncoder, found: Profile) -> list[str]:
    """Return notes on categories and missing values that are not in the training part."""
    notes = []
    name, cells = quoted(encoder.name), sum(found.gaps.values())
    unknown = [text for text in found.texts if text not in encoder.categories or text in encoder.unseen]
    if unknown:
        which = listed(map(quoted, unknown), most=_LISTED)
        notes.append(f"column {name}: values not seen in training, encoded as no category: {which}")
    if cells and not encoder.has_gaps:
        notes.append(f"column {name}: {count(cells, 'missing value')}, not seen in training, encoded as no category")
    return notes


def _unreadable(raw: RawTable, wrong: Sequence[tuple[ColumnEncoder, Profile, int]]) -> DataError:
    cells = sum(found.counts[i] for _, found, i in wrong)
    each = [
        f"{quoted(found.texts[i])} in column {quoted(encoder.name)} ({raw.places(found.rows_of({i}))}), "
        f"expected {_expected(encoder)}"
        for encoder, found, i in wrong[:5]
    ]
    return DataError(
        f"{raw.where}: expected cells in the format of the training file, found {count(cells, 'other cell')}: "
        f"{listed(each, most=5)}{', ...' if len(wrong) > 5 else ''}: correct them, or leave them blank"
    )


def _expected(encoder: ColumnEncoder) -> str:
    if encoder.kind == BOOLEAN:
        return f"{quoted(encoder.categories[0])} or {quoted(encoder.categories[1])}"
    form = encoder.format
    mark = "comma" if form.decimal == "," else "point"
    grouped = "" if form.grouped else " and no grouped thousands"
    unit = f" in {form.unit}" if form.unit else ""
    return f"a number{unit} with a decimal {mark}{grouped}"
