"""make_table(): determines the kind of each column of a raw table, and the target."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from experiments.datasets.column_notes import determining, filled, kinds, refuse_gaps, refuse_slips, without_labels
from experiments.datasets.data import DataError
from experiments.datasets.decimals import resolve
from experiments.datasets.equal_rows import by_chance, equal_rows, joined
from experiments.datasets.kinds import Profile, Verdict, counts_rows, decide, profile
from experiments.datasets.labels import classes, task_name, task_of
from experiments.datasets.missing import MissingValues
from experiments.datasets.number_format import Candidate
from experiments.datasets.options import Reading
from experiments.datasets.reading import RawTable
from experiments.datasets.table import BINARY, BOOLEAN, CATEGORY, NUMBER, REGRESSION, Codes, Column, Table
from experiments.text import closest, count, listed, quoted

ROWS_PER_CLASS = 2
"""Rows required of each of two classes: one to train on and one to test on."""

FEWEST_ROWS = 4
_LISTED = 10  # names listed in a message


def make_table(raw: RawTable, options: Reading | None = None, test: RawTable | None = None, name: str = "") -> Table:
    """Determine the kind of every column.

    raw: the table as it was read
    test: a separate table to test on; columns are matched by name
    name: the name of the data set; by default where the table was read from

    Raises DataError with a one-line message for missing columns, texts in a column of numbers, ambiguous numbers, a
    target without classes, and if no input column is left.
    """
    options = options or Reading()
    roles = _roles(raw, options)
    notes = list(raw.notes)
    training_rows = raw.rows
    numbering = {n for n, cells in zip(raw.names, raw.cells, strict=True) if counts_rows(cells)}
    if test is not None:
        raw, more = _stacked(raw, test)
        notes += more
    missing = MissingValues(options.missing_values)
    labelled = _profile(raw, roles.target, missing, options)
    if labelled.gaps:
        kept = np.flatnonzero(labelled.codes >= 0).tolist()
        notes.append(without_labels(labelled))
        training_rows = sum(row < training_rows for row in kept)
        raw = raw.take(kept)
    if raw.rows < FEWEST_ROWS:
        raise DataError(f"{raw.where}: expected at least {FEWEST_ROWS} rows with a label, found {raw.rows}: add rows")
    labelled = _profile(raw, roles.target, missing, options)

    task, of_task = task_of(f"{raw.where}, column {quoted(roles.target)}", labelled, options)
    verdicts, ways, more = _verdicts(raw, roles, numbering, labelled if task == REGRESSION else None, missing, options)
    notes += more
    if options.target is None:
        notes.append(f"target: {quoted(roles.target)}, the last column (override with --target)")
    refuse_slips(raw, verdicts, labelled if task == REGRESSION else None, ways.get(roles.target))
    notes += kinds(verdicts, roles.drop)
    used = [verdict for verdict in verdicts if verdict.kind]
    if not used:
        raise DataError(
            f"{raw.where}: expected columns to predict {quoted(roles.target)} from, found none that can be used: "
            "add one, or keep one with --keep"
        )
    rows, more = _rows(raw, used, options)
    notes += more

    columns = tuple(_column(verdict).take(rows) for verdict in used)
    test_rows = None if test is None else np.flatnonzero(rows >= training_rows)
    groups = None if roles.group is None else _group_codes(raw.column(roles.group), missing)[rows]
    if task == REGRESSION:
        table = Table(
            name or raw.where, columns, ways[roles.target].values[labelled.codes[rows]], task,
            target_format=ways[roles.target].format,
        )  # fmt: skip
    else:
        labels = classes(f"{raw.where}, column {quoted(roles.target)}", labelled, missing, options.positive)
        of_task += labels.notes
        table = Table(name or raw.where, columns, labels.codes[rows], task_name(len(labels.names)), labels.names)
    table = replace(
        table, target_name=roles.target, groups=groups, grouped_by=roles.group or "", test_rows=test_rows,
        lines=tuple(raw.lines[row] for row in rows), missing_values=options.missing_values,
    )  # fmt: skip
    _check_target(raw, table)
    table, more = _grouped(table)
    notes += [*of_task, *more]
    if roles.group is None and task != REGRESSION and test is None:
        notes += determining(verdicts, rows, table)
    return replace(table, notes=tuple(notes))


class _Roles(NamedTuple):
    """The columns named by the options."""

    target: str
    group: str | None
    drop: tuple[str, ...]
    keep: tuple[str, ...]


def _roles(raw: RawTable, options: Reading) -> _Roles:
    """Return the columns named by the options, or raise DataError for unknown names."""
    target = raw.names[-1] if options.target is None else _column_name(raw, "--target", options.target)
    group = None if options.group is None else _column_name(raw, "--group", options.group)
    drop = tuple(_column_name(raw, "--drop", name) for name in options.drop)
    keep = tuple(_column_name(raw, "--keep", name) for name in options.keep)
    for option, names in (("--drop", drop), ("--group", (group,))):
        if target in names:
            raise DataError(
                f"{raw.where}: expected a column other than the target with {option}, got {quoted(target)}: "
                "choose the target with --target"
            )
    return _Roles(target, group, drop, keep)


def _profile(raw: RawTable, name: str, missing: MissingValues, options: Reading) -> Profile:
    return profile(name, raw.column(name), missing, "." if name in raw.typed else options.decimal)


def _verdicts(
    raw: RawTable,
    roles: _Roles,
    numbering: Collection[str],
    target: Profile | None,
    missing: MissingValues,
    options: Reading,
) -> tuple[list[Verdict], dict[str, Candidate], list[str]]:
    """Return the kind of each input, the number format of each column, and notes.

    numbering: the columns that number the rows
    target: the target of a regression
    """
    cells = dict(zip(raw.names, raw.cells, strict=True))
    decimals = {name: "." if name in raw.typed else options.decimal for name in raw.names}
    out = {roles.target, roles.group, *roles.drop}
    profiles = [profile(name, cells[name], missing, decimals[name]) for name in raw.names if name not in out]
    idle = {found.name for found in profiles if found.name in numbering and found.name not in roles.keep}
    to_read = [found for found in profiles if found.name not in idle]
    ways, notes = resolve(raw.where, raw.separator, to_read if target is None else [*to_read, target])
    verdicts = [
        Verdict("", found, reason="row numbers")
        if found.name in idle
        else decide(found, ways.get(found.name), found.name in roles.keep)
        for found in profiles
    ]
    return verdicts, ways, notes


def _rows(raw: RawTable, used: Sequence[Verdict], options: Reading) -> tuple[Codes, list[str]]:
    """Return the rows to use, and notes; rows with missing values are dropped or refused if requested."""
    rows = np.arange(raw.rows)
    gaps: dict[str, Codes] = {v.profile.name: np.flatnonzero(v.profile.codes < 0) for v in used if v.profile.gaps}
    if not gaps:
        return rows, []
    if options.missing == "refuse":
        refuse_gaps(raw, gaps)
    if options.missing == "fill":
        return rows, [filled(used, gaps)]
    dropped = np.unique(np.concatenate(list(gaps.values())))
    rows = np.setdiff1d(rows, dropped)
    if rows.size < FEWEST_ROWS:
        raise DataError(
            f"{raw.where}: expected at least {FEWEST_ROWS} rows without missing values, found {rows.size}: "
            "use --missing fill"
        )
    return rows, [f"{count(dropped.size, 'row')} with missing values left out (--missing drop)"]


def _column_name(raw: RawTable, option: str, name: str) -> str:
    if (known := " ".join(name.split())) in raw.names:  # in the form of column names
        return known
    raise DataError(
        f"{raw.where}: expected a column named {quoted(name)}, found {listed(map(quoted, raw.names), most=_LISTED)}: "
        f"choose one of these with {option}{closest(name, raw.names)}"
    )


def _stacked(raw: RawTable, test: RawTable) -> tuple[RawTable, list[str]]:
    """Return the rows of both tables, the test rows last, and notes."""
    notes = [f"{test.where}: {note}" for note in test.notes]
    absent = [name for name in raw.names if name not in test.names]
    if absent and len(raw.names) == len(test.names) and not set(raw.names) & set(test.names) and _unnamed(test):
        test, absent = replace(test, names=raw.names), []
        notes.append(f"{test.where}: columns without names are matched by position")
    if absent:
        raise DataError(
            f"{test.where}: expected the columns of {raw.where}, found none named "
            f"{listed(map(quoted, absent), 'or', most=_LISTED)}: add them"
        )
    if more := [name for name in test.names if name not in raw.names]:
        notes.append(f"{test.where}: left out, not in {raw.where}: {listed(map(quoted, more), most=_LISTED)}")
    cells = tuple([*column, *test.column(name)] for name, column in zip(raw.names, raw.cells, strict=True))
    notes.append(f"test part: the {count(test.rows, 'row')} of {test.where}")
    return replace(raw, cells=cells, lines=raw.lines + test.lines, typed=raw.typed & test.typed), notes


def _unnamed(raw: RawTable) -> bool:
    return raw.names == tuple(f"x{i + 1}" for i in range(len(raw.names)))


def _column(verdict: Verdict) -> Column:
    found = verdict.profile
    if verdict.kind == NUMBER:
        assert verdict.way is not None
        values = np.append(verdict.way.values, np.nan)[found.codes]
        return Column(found.name, NUMBER, values, (), verdict.way.format)
    place = {text: i for i, text in enumerate(verdict.categories)}
    if verdict.kind == BOOLEAN:
        return Column(
            found.name, BOOLEAN, np.array([float(place[text.lower()]) for text in found.texts])[found.codes],
            verdict.categories,
        )  # fmt: skip
    codes = np.array([*(place[text] for text in found.texts), -1], dtype=np.int64)[found.codes]
    return Column(found.name, CATEGORY, codes, verdict.categories)


def _group_codes(cells: Sequence[str], missing: MissingValues) -> Codes:
    """Return equal codes for equal cells; each missing value is its own group."""
    first: dict[str, int] = {}
    return np.array([i if cell in missing else first.setdefault(cell, i) for i, cell in enumerate(cells)], np.int64)


def _check_target(raw: RawTable, table: Table) -> None:
    where = f"{raw.where}, column {quoted(table.target_name)}"
    training = np.setdiff1d(np.arange(table.rows), table.test_rows) if table.test_rows is not None else None
    if training is not None and (not training.size or training.size == table.rows):
        raise DataError(
            f"{raw.where}: expected labelled rows for both training and testing, found none for one of them: add rows"
        )
    if table.task == REGRESSION:
        known = table.target if training is None else table.target[training]
        if known.min() == known.max():
            raise DataError(
                f"{where}: expected a target with different values, found {known[0]:g} in every row: "
                "choose another column with --target"
            )
        return
    counts = np.bincount(table.target, minlength=len(table.class_names))
    if training is not None:
        trained = np.bincount(table.target[training], minlength=len(table.class_names))
        unknown = [quoted(name) for name, n in zip(table.class_names, trained, strict=True) if not n]
        if unknown:
            raise DataError(
                f"{where}: expected every label of the test file to occur in the training file, found "
                f"{listed(unknown, 'and')} "
                "only in the test file: add training rows of that class"
            )
        return
    if 2 * len(table.class_names) > table.rows:
        raise DataError(
            f"{where}: expected at least two rows per class, found {len(table.class_names):,} classes in "
            f"{count(table.rows, 'row')}: choose another column with --target, or use --task regression for numbers"
        )
    if table.task == BINARY and counts.min() < ROWS_PER_CLASS:
        name = table.class_names[int(counts.argmin())]
        raise DataError(
            f"{where}: expected at least {ROWS_PER_CLASS} rows of each class, one to train on and one to test on, "
            f"found {counts.min()} of {quoted(name)}: add rows of that class"
        )


def _grouped(table: Table) -> tuple[Table, list[str]]:
    """Return the table with groups of equal rows, unless these are expected by chance, and notes."""
    notes = []
    codes, equal = equal_rows(table.columns, table.rows)
    if table.groups is not None:
        notes.append(
            f"groups: rows with the same {quoted(table.grouped_by)} stay on the same side of every split "
            f"({len(np.unique(table.groups)):,} groups)"
        )
    if not equal:
        return table, notes
    what = f"{count(equal, 'row')} {'has' if equal == 1 else 'have'} the same inputs as another row"
    if table.test_rows is not None:
        training = set(np.delete(codes, table.test_rows).tolist())
        both = sum(code in training for code in codes[table.test_rows].tolist())
        return table, [
            *notes,
            f"{what}; {both:,} of them are test rows with the inputs of a training row",
        ] if both else notes
    if by_chance(table.columns, codes):
        return table, [*notes, f"{what}, as expected for columns with few values: they are split like other rows"]
    notes.append(f"{what}: such rows stay on the same side of every split")
    groups = codes if table.groups is None else joined(table.groups, codes)
    return replace(table, groups=groups), notes
