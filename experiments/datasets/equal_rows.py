"""Rows that belong together: rows with equal inputs, or with the same value of a column."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from experiments.datasets.table import Codes, Column

_MORE_THAN_BY_CHANCE = 5  # columns that depend on each other have more equal rows than independent ones, too
_DETERMINED, _FEWEST_VALUES, _ROWS_PER_VALUE = 0.95, 5, 2


def equal_rows(columns: Sequence[Column], rows: int) -> tuple[Codes, int]:
    """Return for each row the first row with equal inputs, (rows,) int64, and the number of repeated rows."""
    words = np.empty((rows, len(columns)), dtype=np.int64)
    for j, column in enumerate(columns):
        words[:, j] = _words(column.values)
    first: dict[bytes, int] = {}
    codes = np.array([first.setdefault(row.tobytes(), i) for i, row in enumerate(words)], dtype=np.int64)
    sizes = np.bincount(codes, minlength=rows)
    return codes, int(sizes[sizes > 1].sum())


def by_chance(columns: Sequence[Column], codes: Codes) -> bool:
    """Whether about as many equal rows are expected by chance, as for a few columns with few values.

    ``codes`` are those of ``equal_rows``. Two rows of n have the same value in a column with probability
    p = sum (n_value / n)^2, and in all of them, if they are independent, with the product of these. There are
    n (n - 1) / 2 pairs of rows; up to five times as many equal ones as expected are attributed to chance.
    """
    rows, sizes = codes.size, np.bincount(codes)
    found = int((sizes * (sizes - 1) // 2).sum())
    most = _MORE_THAN_BY_CHANCE * rows * (rows - 1) / 2
    for column in columns:
        counts = np.unique(_words(column.values), return_counts=True)[1]
        most *= float(((counts / rows) ** 2).sum())
        if found > most:
            return False
    return True


def joined(groups: Codes, others: Codes) -> Codes:
    """Return the groups of rows that are connected by groups of either kind; each is named by its first row."""
    root = list(range(groups.size))

    def find(i: int) -> int:
        while root[i] != i:
            root[i] = root[root[i]]
            i = root[i]
        return i

    for codes in (groups, others):
        first: dict[int, int] = {}
        for i, code in enumerate(codes.tolist()):
            a, b = find(i), find(first.setdefault(code, i))
            root[max(a, b)] = min(a, b)
    return np.array([find(i) for i in range(groups.size)], dtype=np.int64)


def determines(codes: Codes, target: npt.NDArray[Any]) -> bool:
    """Whether the values of a column, given by codes, repeat and nearly determine the class, by majority vote.

    At least 5 values with 2 rows on average; the majority class of the value is correct for 95 % of all rows, and for
    80 % of the rows outside the largest class.
    """
    values, code = np.unique(codes, return_inverse=True)
    classes, label = np.unique(target, return_inverse=True)
    if values.size < max(_FEWEST_VALUES, classes.size) or values.size * _ROWS_PER_VALUE > codes.size:
        return False
    counts = np.bincount(code * classes.size + label, minlength=values.size * classes.size)
    counts = counts.reshape(values.size, classes.size)
    right, largest = int(counts.max(axis=1).sum()), int(counts.sum(axis=0).max())
    return right >= math.ceil(_DETERMINED * codes.size) and 5 * (codes.size - right) <= codes.size - largest


def _words(values: npt.NDArray[Any]) -> Codes:
    if values.dtype.kind != "f":
        return values.astype(np.int64)
    numbers = np.where(np.isnan(values), np.nan, values + 0.0)  # -0 equals 0, and all nan are equal
    return np.ascontiguousarray(numbers).view(np.int64)
