"""Which rows of a table are for training and which for testing.

A replicate of an experiment is a seed, with ``--split seed``, or a seed and a fold, with ``--split cv:K``: the split
is new for each seed, and the same for all configurations, so that configurations are compared on the same rows.
``--split fixed`` is one split for all seeds. Test parts of different seeds overlap, and so do training parts of
different folds; the statistics take this into account.

Classes have the same share in every part, as far as possible. Groups are never divided.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from experiments.datasets.data import DataError
from experiments.datasets.table import BINARY, REGRESSION, Codes, Table
from experiments.text import count, listed, quoted
from planar_core.choices import LARGEST_SEED
from planar_core.streams import Stream

FIXED_SEED = 0
"""Seed of the permutation of rows for the fixed split."""

TEST_FRACTION = 0.25
"""Fraction of the rows to test on."""

_SPLITS, _FOLDS, _VALIDATION = 2_000_000_000, 2_500_000_000, 3_500_000_000
"""Added to seeds, modulo 2^32, so that splits do not use the random numbers of the initial weights."""

Parts = tuple[Codes, Codes]


def fixed(table: Table, test_fraction: float = TEST_FRACTION) -> Parts:
    """Return the rows of the training and test part of the split for all seeds, in ascending order.

    In every class this fraction of the rows, rounded half up (one of two rows for 0.25), is for testing: the first ones
    in a fixed permutation of all rows. Groups of a column stay together; equal rows may be separated.
    Raises DataError as `split`.
    """
    if table.groups is not None and not table.grouped_by:
        table = replace(table, groups=None)
    return _parts(table, Stream(FIXED_SEED), test_fraction)


def split(table: Table, seed: int, test_fraction: float = TEST_FRACTION) -> Parts:
    """Return the rows of the training and test part for this seed, 0 to 2^32 - 1, in ascending order.

    In every class this fraction of the rows, rounded half up, is for testing; for regression, of all rows. With groups,
    as nearly as whole groups allow. A single row of a class is for training. With a test file, its rows are for
    testing for every seed.

    Raises DataError if a class has no training row, if one of two classes has no test row, and for a single group.
    """
    return _parts(table, Stream((seed + _SPLITS) % (LARGEST_SEED + 1)), test_fraction)


def folds(table: Table, k: int, seed: int) -> tuple[Parts, ...]:
    """Return for each of k folds the training rows, and the rows of the fold for testing, in ascending order.

    Every row is in one fold. The rows of a class are spread evenly over the folds.
    Raises DataError for fewer than 2 folds, more folds than rows or groups, and a table with a test file.
    """
    if table.test_rows is not None:
        raise DataError(f"--split cv:{k}: cannot be combined with --test-file: use --split fixed")
    if k < 2:
        raise DataError(f"--split cv:{k}: expected at least 2 folds, got {k}: use more")
    units = "rows" if table.groups is None else "groups"
    available = table.rows if table.groups is None else np.unique(table.groups).size
    if available < k:
        raise DataError(
            f"--split cv:{k}: expected at least as many {units} as folds, found {available} in {quoted(table.name)}: "
            "use fewer folds"
        )
    order = Stream((seed + _FOLDS) % (LARGEST_SEED + 1)).permutation(table.rows)
    fold = _dealt(table, order, k) if table.groups is None else _dealt_groups(table, order, k)
    parts = tuple((np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(k))
    if any(not test.size for _, test in parts):
        raise DataError(
            f"--split cv:{k}: expected enough groups to fill {k} folds, found too few in {quoted(table.name)}: "
            "use fewer folds"
        )
    return parts


def validation(
    labels: npt.NDArray[Any], names: Sequence[str], groups: Codes | None, seed: int, fraction: float
) -> Parts:
    """Return those of the training examples to train on and those to validate on, in ascending order.

    In every class this fraction of the examples, rounded half up but at least one, is for validation; for regression,
    of all examples. With groups, as nearly as whole groups allow.

    labels: the class of every example, or the target of a regression
    names: the class names in the order of their indices; empty for regression
    groups: (examples,) equal for examples that stay together, or None
    Raises DataError if a class of the training examples cannot be in both parts.
    """
    of_class = labels.astype(np.int64) if names else np.zeros(labels.size, np.int64)
    order = Stream((seed + _VALIDATION) % (LARGEST_SEED + 1)).permutation(labels.size)
    members = {label: order[of_class[order] == label] for label in np.unique(of_class).tolist()}
    is_validation = np.zeros(labels.size, np.bool_)
    if groups is None:
        for of_label in members.values():
            is_validation[of_label[: max(1, _tested(of_label.size, fraction))]] = True
    else:
        dealt = _Groups(Table("", (), of_class, BINARY, tuple(names) or ("",), groups=groups), order)
        wanted = [max(1, _tested(total, fraction)) if total else 0 for total in dealt.totals]
        for i in _chosen(dealt, wanted):
            is_validation[dealt.rows[i]] = True
    for label, of_label in members.items():
        if is_validation[of_label].all() or not is_validation[of_label].any():
            what = f"class {quoted(names[label])}" if names else "the table"
            units = "example" if groups is None else "group"
            raise DataError(
                f"--patience: expected at least two {units}s of each class in the training part, one to train on and "
                f"one to validate on, found {count(of_label.size, 'example')} of {what}: leave out --patience, or "
                "merge or leave out rare classes"
            )
    return np.flatnonzero(~is_validation), np.flatnonzero(is_validation)


def remarks(table: Table, test_fraction: float = TEST_FRACTION, k: int = 0) -> tuple[str, ...]:
    """Return notes on rare classes in the splits of a table, which hold for every seed.

    k: the number of folds, or 0 for a split into two parts
    """
    if table.task == REGRESSION or table.test_rows is not None:
        return ()
    sizes = [_pieces(table, code) for code in range(len(table.class_names))]
    named = list(zip(map(quoted, table.class_names), sizes, strict=True))
    what = "groups" if table.groups is not None else "rows"
    if k:
        few = [f"{name} ({n})" for name, n in named if n < k]
        return (f"classes with fewer {what} than folds, so not in every fold: {listed(few, most=10)}",) if few else ()
    few = [f"{name} ({n})" for name, n in named if n < 2 or (what == "rows" and not _tested(n, test_fraction))]
    return (
        (f"classes with too few {what} for testing, so only in the training part: {listed(few, most=10)}",)
        if few
        else ()
    )


def _pieces(table: Table, code: int) -> int:
    rows = np.flatnonzero(table.target == code)
    return int(rows.size if table.groups is None else np.unique(table.groups[rows]).size)


def _tested(rows: int, fraction: float) -> int:
    """Return the number of test rows of a class."""
    return math.floor(fraction * rows + 0.5)


def _labels(table: Table) -> tuple[Codes, Sequence[str]]:
    """Return the class of every row, and the class names; for regression, a single class."""
    if table.task == REGRESSION:
        return np.zeros(table.rows, dtype=np.int64), ("the table",)
    return table.target.astype(np.int64), table.class_names


def _parts(table: Table, stream: Stream, test_fraction: float) -> Parts:
    if table.test_rows is not None:
        is_test = np.zeros(table.rows, dtype=np.bool_)
        is_test[table.test_rows] = True
        return np.flatnonzero(~is_test), np.flatnonzero(is_test)
    order = stream.permutation(table.rows)
    if table.groups is not None:
        return _grouped_parts(table, order, test_fraction)
    labels, names = _labels(table)
    is_test = np.zeros(table.rows, dtype=np.bool_)
    for label, name in enumerate(names):
        members = order[labels[order] == label]
        tested = _tested(members.size, test_fraction)
        if not 0 < tested < members.size and (table.task != "multiclass" or tested >= members.size > 1):
            raise DataError(
                f"test_fraction: expected a fraction that leaves each class at least one row to train on and one to "
                f"test on, got {test_fraction}, which puts {tested} of the {members.size} rows of {quoted(name)} in "
                f"{table.name!r} into the test part"
            )
        if members.size > 1:
            is_test[members[:tested]] = True
    if not is_test.any():
        raise DataError(
            f"test_fraction: expected a fraction that leaves at least one row to test on, got {test_fraction}, which "
            f"leaves none of the {count(table.rows, 'row')} in {table.name!r}: use a larger one"
        )
    return np.flatnonzero(~is_test), np.flatnonzero(is_test)


class _Groups:
    """The groups in the order of a permutation of the rows.

    rows: the rows of each group
    labels: (groups, classes) the number of rows of each class
    """

    def __init__(self, table: Table, order: npt.NDArray[np.int64]) -> None:
        assert table.groups is not None
        labels, names = _labels(table)
        rows: dict[int, list[int]] = {}
        for row, group in zip(order.tolist(), table.groups[order].tolist(), strict=True):
            rows.setdefault(group, []).append(row)
        self.rows = list(rows.values())
        self.classes = len(names)
        self.labels: list[dict[int, int]] = []
        known = labels.tolist()
        for members in self.rows:
            counted: dict[int, int] = {}
            for row in members:
                counted[known[row]] = counted.get(known[row], 0) + 1
            self.labels.append(counted)
        self.totals = [0] * self.classes
        for counted in self.labels:
            for label, n in counted.items():
                self.totals[label] += n


def _chosen(groups: _Groups, wanted: Sequence[int]) -> set[int]:
    """The groups with about the wanted number of rows of each class, of which not all are taken.

    A group, in random order, is taken if that brings the classes closer to these numbers. Then the smallest group of
    every class that has none is added, if the class has enough groups.
    """
    got = [0] * groups.classes
    left = list(groups.totals)
    chosen = set[int]()

    def take(i: int) -> None:
        chosen.add(i)
        for label, n in groups.labels[i].items():
            got[label] += n
            left[label] -= n

    for i, counted in enumerate(groups.labels):
        change = sum(abs(wanted[c] - got[c] - n) - abs(wanted[c] - got[c]) for c, n in counted.items())
        if change < 0 and all(left[c] > n for c, n in counted.items()):
            take(i)
    for label in range(groups.classes):
        if got[label] or not wanted[label]:
            continue
        free = [
            i
            for i, counted in enumerate(groups.labels)
            if label in counted and i not in chosen and all(left[c] > n for c, n in counted.items())
        ]
        if free:
            take(min(free, key=lambda i: len(groups.rows[i])))  # the first of equal ones
    return chosen


def _grouped_parts(table: Table, order: npt.NDArray[np.int64], test_fraction: float) -> Parts:
    """The rows of whole groups, with about this fraction of each class for testing."""
    groups = _Groups(table, order)
    if len(groups.rows) < 2:
        raise DataError(
            f"{quoted(table.name)}: expected at least two groups, one to train on and one to test on, found one: "
            "choose another column with --group"
        )
    chosen = _chosen(groups, [_tested(total, test_fraction) for total in groups.totals])
    got = {label for i in chosen for label in groups.labels[i]}
    missing = [label for label in range(groups.classes) if label not in got]
    if not chosen or (table.task == BINARY and missing):
        name = quoted(table.class_names[missing[0]]) if table.task != REGRESSION else "rows"
        raise DataError(
            f"{quoted(table.name)}: expected enough groups for every class in both parts, found too few groups with "
            f"{name}: use --test-file, or choose another column with --group"
        )
    is_test = np.zeros(table.rows, dtype=np.bool_)
    for i in chosen:
        is_test[groups.rows[i]] = True
    return np.flatnonzero(~is_test), np.flatnonzero(is_test)


def _dealt(table: Table, order: npt.NDArray[np.int64], k: int) -> Codes:
    """Return the fold of every row: rows are assigned to folds in turn, class by class, without restarting."""
    labels, names = _labels(table)
    fold = np.empty(table.rows, dtype=np.int64)
    start = 0
    for label in range(len(names)):
        members = order[labels[order] == label]
        fold[members] = (start + np.arange(members.size)) % k
        start = (start + members.size) % k
    return fold


def _dealt_groups(table: Table, order: npt.NDArray[np.int64], k: int) -> Codes:
    """Return the fold of every row: groups, the largest first, go to the fold with fewest rows of their classes.

    Of equal folds, the one with fewest rows is taken, then the first.
    """
    groups = _Groups(table, order)
    counts = [[0] * groups.classes for _ in range(k)]
    sizes = [0] * k
    fold = np.empty(table.rows, dtype=np.int64)
    for i in sorted(range(len(groups.rows)), key=lambda i: -len(groups.rows[i])):
        labels = groups.labels[i]

        def scarcity(f: int, labels: dict[int, int] = labels) -> tuple[float, int, int]:
            return sum(n * counts[f][c] / groups.totals[c] for c, n in labels.items()), sizes[f], f

        best = min(range(k), key=scarcity)
        for label, n in labels.items():
            counts[best][label] += n
        sizes[best] += len(groups.rows[i])
        fold[groups.rows[i]] = best
    return fold
