"""make_table(): decides what each column of a raw table is, and what is to be predicted from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from experiments.datasets.data import DataError
from experiments.datasets.decimals import resolve
from experiments.datasets.equal_rows import by_chance, determines, equal_rows, joined
from experiments.datasets.kinds import Profile, Verdict, counts_rows, decide, profile, unreadable
from experiments.datasets.labels import classes, task_name, task_of
from experiments.datasets.missing import MissingValues
from experiments.datasets.number_format import PLAIN, Candidate, Floats
from experiments.datasets.options import Reading
from experiments.datasets.reading import RawTable
from experiments.datasets.table import BINARY, BOOLEAN, CATEGORY, NUMBER, REGRESSION, Codes, Column, Table
from experiments.text import closest, count, listed, quoted

ROWS_PER_CLASS = 2
"""Rows that each of two classes needs: one to train on and one to test on."""

FEWEST_ROWS = 4
_LISTED = 10  # names of a list that a message shows


def make_table(raw: RawTable, options: Reading | None = None, test: RawTable | None = None, name: str = "") -> Table:
    """Decide on every column.

    raw: the table as it was read
    test: rows to test on, if they came apart; columns are matched by name
    name: what the table was asked for as; where it was read from if there is none

    Raises DataError, with a message of one line, for columns that are not there, texts in a column of numbers, numbers
    that could be two things, a target without classes, and where no input is left.
    """
    options = options or Reading()
    name = name or raw.where
    target, group = _roles(raw, options)
    numbering = {n for n, cells in zip(raw.names, raw.cells, strict=True) if counts_rows(cells)}
    notes = list(raw.notes)
    training_rows = raw.rows
    if test is not None:
        raw, more = _stacked(raw, test)
        notes += more
    missing = MissingValues(options.missing_values)
    labelled = profile(target, raw.column(target), missing, _decimal(raw, target, options))
    if unlabelled := np.flatnonzero(labelled.codes < 0).tolist():
        texts = listed((quoted(text) for text in labelled.gaps), most=5)
        notes.append(f"{count(len(unlabelled), 'row')} without a label in {quoted(target)} left out ({texts})")
        kept = np.flatnonzero(labelled.codes >= 0).tolist()
        training_rows = sum(row < training_rows for row in kept)
        raw = raw.take(kept)
        if raw.rows:
            absent = labelled.gaps
            labelled = profile(target, raw.column(target), missing, _decimal(raw, target, options))
            labelled.gaps = absent
    if raw.rows < FEWEST_ROWS:
        raise DataError(f"{raw.where}: expected at least {FEWEST_ROWS} rows with a label, found {raw.rows}: add rows")

    inputs = [n for n in raw.names if n != target and n != group and n not in options.drop]
    cells = dict(zip(raw.names, raw.cells, strict=True))
    profiles = [profile(n, cells[n], missing, _decimal(raw, n, options)) for n in inputs]
    task, more_notes = task_of(f"{raw.where}, column {quoted(target)}", labelled, *_way_of(labelled), options)
    to_read = [*profiles, labelled] if task == REGRESSION else profiles
    ways, more = resolve(
        raw.where, raw.separator, [p for p in to_read if p.name not in numbering or p.name in options.keep]
    )
    notes += more
    verdicts = []
    for found in profiles:
        kept_column = found.name in options.keep
        if found.name in numbering and not kept_column:
            verdicts.append(Verdict("", found, reason="it numbers the rows"))
        else:
            verdicts.append(decide(found, ways.get(found.name), kept_column))
    if options.target is None:
        notes.append(f"target: {quoted(target)}, the last column (decide otherwise with --target)")
    _refuse_slips(raw, verdicts, target if task == REGRESSION else "", labelled, ways)
    notes += _said(verdicts, options)

    kept_rows: Codes | None = None
    used = [verdict for verdict in verdicts if verdict.kind]
    gaps: dict[str, Codes] = {v.profile.name: np.flatnonzero(v.profile.codes < 0) for v in used if v.profile.gaps}
    if gaps and options.missing == "refuse":
        _refuse_gaps(raw, gaps)
    if gaps and options.missing == "drop":
        rows = np.unique(np.concatenate(list(gaps.values())))
        kept_rows = np.setdiff1d(np.arange(raw.rows), rows)
        notes.append(f"{count(rows.size, 'row')} with missing values left out (--missing drop)")
        if kept_rows.size < FEWEST_ROWS:
            raise DataError(
                f"{raw.where}: expected at least {FEWEST_ROWS} rows without missing values, found {kept_rows.size}: "
                "choose --missing fill"
            )
    elif gaps:
        notes.append(_filled(used, gaps))

    columns = [_column(verdict) for verdict in used]
    if not columns:
        raise DataError(
            f"{raw.where}: expected columns to predict {quoted(target)} from, found none that can be used: "
            "add one, or name one with --keep"
        )
    if task == REGRESSION:
        way = ways[target]
        values: Floats | Codes = way.values[labelled.codes]
        class_names: tuple[str, ...] = ()
        target_format = way.format
    else:
        labels = classes(f"{raw.where}, column {quoted(target)}", labelled, missing, options.positive)
        values, class_names, target_format = labels.codes, labels.names, PLAIN
        more_notes += labels.notes
        task = task_name(len(class_names))
    notes += more_notes
    groups = _group_codes(raw.column(group), missing) if group is not None else None
    lines = tuple(raw.lines)
    test_rows = np.arange(training_rows, raw.rows) if test is not None else None
    if kept_rows is not None:
        columns = [column.take(kept_rows) for column in columns]
        values, lines = values[kept_rows], tuple(lines[row] for row in kept_rows)
        groups = None if groups is None else groups[kept_rows]
        test_rows = None if test_rows is None else np.flatnonzero(kept_rows >= training_rows)
    table = Table(
        name,
        tuple(columns),
        values,
        task,
        class_names,
        target,
        groups,
        group or "",
        test_rows,
        (),
        target_format,
        lines,
        options.missing_values,
    )
    _check_target(raw, table)
    table, more = _grouped(table)
    notes += more
    if group is None and task != REGRESSION and test is None:
        notes += _determining(verdicts, kept_rows, table)
    return replace(table, notes=tuple(notes))


def _roles(raw: RawTable, options: Reading) -> tuple[str, str | None]:
    """Return the column of the target and that of the groups, or refuse the names of the options."""
    named = [("--target", options.target), ("--group", options.group)]
    named += [("--drop", name) for name in options.drop] + [("--keep", name) for name in options.keep]
    resolved: dict[tuple[str, str], str] = {}
    for option, name in named:
        if name is not None:
            resolved[option, name] = _column_name(raw, option, name)
    target = raw.names[-1] if options.target is None else resolved["--target", options.target]
    group = None if options.group is None else resolved["--group", options.group]
    for option in ("--drop", "--group"):
        if target in (name for (of, _), name in resolved.items() if of == option):
            raise DataError(
                f"{raw.where}: expected another column than the target with {option}, got {quoted(target)}: "
                "name the target with --target"
            )
    return target, group


def _column_name(raw: RawTable, option: str, name: str) -> str:
    if name in raw.names:
        return name
    raise DataError(
        f"{raw.where}: expected a column named {quoted(name)}, found {listed(map(quoted, raw.names), most=_LISTED)}: "
        f"name one of these with {option}{closest(name, raw.names)}"
    )


def _decimal(raw: RawTable, name: str, options: Reading) -> str:
    return "." if name in raw.typed else options.decimal


def _way_of(found: Profile) -> tuple[Candidate | None]:
    return (found.ways[0] if found.ways else None,)


def _stacked(raw: RawTable, test: RawTable) -> tuple[RawTable, list[str]]:
    """Return the rows of both, those to test on below, and notes."""
    notes = [f"{test.where}: {note}" for note in test.notes]
    absent = [name for name in raw.names if name not in test.names]
    if absent and len(raw.names) == len(test.names) and not set(raw.names) & set(test.names) and _unnamed(test):
        test, absent = replace(test, names=raw.names), []
        notes.append(f"{test.where}: columns are matched by their order, since they have no names")
    if absent:
        raise DataError(
            f"{test.where}: expected the columns of {raw.where}, found none named "
            f"{listed(map(quoted, absent), 'or', most=_LISTED)}: add them"
        )
    if more := [name for name in test.names if name not in raw.names]:
        notes.append(f"{test.where}: left out, since {raw.where} has none: {listed(map(quoted, more), most=_LISTED)}")
    cells = tuple([*column, *test.column(name)] for name, column in zip(raw.names, raw.cells, strict=True))
    notes.append(f"test part: the {count(test.rows, 'row')} of {test.where}")
    return replace(raw, cells=cells, lines=raw.lines + test.lines, typed=raw.typed & test.typed), notes


def _unnamed(raw: RawTable) -> bool:
    return raw.names == tuple(f"x{i + 1}" for i in range(len(raw.names)))


def _refuse_slips(
    raw: RawTable, verdicts: Sequence[Verdict], target: str, labelled: Profile, ways: dict[str, Candidate]
) -> None:
    """Refuse texts in columns of numbers: all of them, with their places."""
    every = [(verdict.profile, verdict.slips) for verdict in verdicts if verdict.slips]
    if target:
        way = ways.get(target)
        if way is None:
            raise DataError(
                f"{raw.where}, column {quoted(target)}: expected numbers, for --task regression, found texts such as "
                f"{quoted(labelled.texts[0])}: choose --task classification, or name another column with --target"
            )
        wrong = unreadable(way)
        if wrong:
            every.append((labelled, wrong))
    if not every:
        return
    cells, texts = 0, []
    for found, wrong in every:
        cells += sum(found.counts[i] for i in wrong)
        shown = sorted(wrong)[:3]
        each = [f"{quoted(found.texts[i])} ({raw.places(found.rows_of({i}))})" for i in shown]
        if len(wrong) > len(shown):
            each.append(f"{len(wrong) - len(shown)} other texts")
        texts.append(f"column {quoted(found.name)}: {listed(each, 'and')}")
    first, wrong = every[0]
    example = first.texts[min(wrong)]
    more = f"; and {len(texts) - 5} more columns" if len(texts) > 5 else ""
    raise DataError(
        f"{raw.where}: expected numbers, found other text in {count(cells, 'cell')}: {'; '.join(texts[:5])}{more}: "
        f'correct the cells, or make them gaps with --missing-values "{example}", or leave the column out with --drop'
    )


def _refuse_gaps(raw: RawTable, gaps: dict[str, Codes]) -> None:
    cells = sum(rows.size for rows in gaps.values())
    each = [f"{quoted(name)} {rows.size:,} ({raw.places(rows.tolist())})" for name, rows in gaps.items()]
    raise DataError(
        f"{raw.where}: expected no missing values with --missing refuse, found {count(cells, 'cell')}: "
        f"{listed(each, most=_LISTED)}: fill them in, or choose --missing fill or drop"
    )


def _filled(used: Sequence[Verdict], gaps: dict[str, Codes]) -> str:
    numbers = [v.profile.name for v in used if v.kind == NUMBER and v.profile.name in gaps]
    texts = [v.profile.name for v in used if v.kind != NUMBER and v.profile.name in gaps]
    parts = []
    for names, how in ((numbers, "the median of the training part"), (texts, "a category of their own")):
        if names:
            cells = listed((f"{quoted(name)} {gaps[name].size:,}" for name in names), most=_LISTED)
            parts.append(f"{cells}: {how}")
    return f"missing values: {'; '.join(parts)} (decide otherwise with --missing)"


def _said(verdicts: Sequence[Verdict], options: Reading) -> list[str]:
    """Return notes on what the columns are."""
    notes = []
    reasons = dict.fromkeys(verdict.reason for verdict in verdicts if not verdict.kind)
    for reason in reasons:
        names = [v.profile.name for v in verdicts if not v.kind and v.reason == reason]
        how = "" if reason == "no values" else " (decide otherwise with --keep)"
        notes.append(f"left out: {_names(names)}: {reason}{how}")
    if options.drop:
        notes.append(f"left out: {_names(options.drop)}: --drop")
    categories = [v for v in verdicts if v.kind == CATEGORY]
    if categories:
        sizes = (f"{quoted(v.profile.name)} ({len(v.categories)})" for v in categories)
        notes.append(f"categories, a column of 0 and 1 each: {listed(sizes, most=_LISTED)}")
    for v in [v for v in verdicts if v.kind == BOOLEAN][:_LISTED]:
        false, true = v.categories
        notes.append(f"true or false: {quoted(v.profile.name)}: {quoted(false)} is 0, {quoted(true)} is 1")
    return notes


def _names(names: Iterable[str]) -> str:
    return listed(map(quoted, names), most=_LISTED)


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
    """Return equal codes for equal cells; a gap is a group of its own."""
    first: dict[str, int] = {}
    return np.array([i if cell in missing else first.setdefault(cell, i) for i, cell in enumerate(cells)], np.int64)


def _check_target(raw: RawTable, table: Table) -> None:
    where = f"{raw.where}, column {quoted(table.target_name)}"
    training = np.setdiff1d(np.arange(table.rows), table.test_rows) if table.test_rows is not None else None
    if training is not None and (not training.size or training.size == table.rows):
        raise DataError(
            f"{raw.where}: expected rows with a label to train on and to test on, found none for one of them"
        )
    if table.task == REGRESSION:
        known = table.target if training is None else table.target[training]
        if known.min() == known.max():
            raise DataError(
                f"{where}: expected different numbers, found {known[0]:g} in every row: "
                "name another column with --target"
            )
        return
    counts = np.bincount(table.target, minlength=len(table.class_names))
    if training is not None:
        trained = np.bincount(table.target[training], minlength=len(table.class_names))
        unknown = [quoted(name) for name, n in zip(table.class_names, trained, strict=True) if not n]
        if unknown:
            raise DataError(
                f"{where}: expected every label of the test file in the training file, found {listed(unknown, 'and')} "
                "in the test file only: add training rows of that class"
            )
        return
    if 2 * len(table.class_names) > table.rows:
        raise DataError(
            f"{where}: expected two rows of each class, found {len(table.class_names):,} classes in "
            f"{count(table.rows, 'row')}: name another column with --target, or choose --task regression for numbers"
        )
    if table.task == BINARY and counts.min() < ROWS_PER_CLASS:
        name = table.class_names[int(counts.argmin())]
        raise DataError(
            f"{where}: expected at least {ROWS_PER_CLASS} rows of each class, one to train on and one to test on, "
            f"found {counts.min()} of {quoted(name)}: add rows of that class"
        )


def _grouped(table: Table) -> tuple[Table, list[str]]:
    """Return the table with groups of equal rows, where these are no chance, and notes."""
    notes = []
    codes, equal = equal_rows(table.columns, table.rows)
    if table.groups is not None:
        notes.append(
            f"groups: rows of equal {quoted(table.grouped_by)} stay on one side of every split "
            f"({len(np.unique(table.groups)):,} groups)"
        )
    if not equal:
        return table, notes
    what = f"{count(equal, 'row')} {'has' if equal == 1 else 'have'} the inputs of another one"
    if table.test_rows is not None:
        training = set(np.delete(codes, table.test_rows).tolist())
        both = sum(code in training for code in codes[table.test_rows].tolist())
        return table, [*notes, f"{what}; {both:,} of them are test rows that equal a training row"] if both else notes
    if by_chance(table.columns, table.rows):
        return table, [*notes, f"{what}, as is to be expected of columns with few values: they are split like others"]
    notes.append(f"{what}: equal rows stay on one side of every split")
    groups = codes if table.groups is None else joined(table.groups, codes)
    return replace(table, groups=groups), notes


def _determining(verdicts: Sequence[Verdict], kept: Codes | None, table: Table) -> list[str]:
    """Return warnings of columns that may tell rows that belong together."""
    notes = []
    for verdict in verdicts:
        found = verdict.profile
        if verdict.kind == BOOLEAN or "dates" in verdict.reason or len(found.texts) < 2:
            continue
        if verdict.way is not None and (len(found.texts) * 2 > found.cells or not verdict.way.integers):
            continue
        codes = found.codes if kept is None else found.codes[kept]
        known = codes >= 0
        if known.any() and determines(codes[known], table.target[known]):
            notes.append(
                f"warning: {quoted(found.name)} repeats and nearly determines {quoted(table.target_name)}: if its rows "
                f"belong together, as those of a patient do, keep them on one side with --group {quoted(found.name)}"
            )
    return notes[:_LISTED]
