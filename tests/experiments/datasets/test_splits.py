"""Which rows are for training and which for testing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.datasets.data import DataError
from experiments.datasets.partition import fixed, folds, remarks, split
from experiments.datasets.table import Column, Table
from tests.oracles.tables import fixed_split

SEEDS = st.integers(0, 2**32 - 1)


def table_of(
    target: Any,
    task: Any = "binary",
    groups: Any = None,
    grouped_by: Any = "",
    test_rows: Any = None,
    classes: Any = None,
) -> Any:
    target = np.array(target, dtype=np.float64 if task == "regression" else np.int64)
    names = () if task == "regression" else tuple("abcdefgh"[: classes or target.max() + 1])
    column = Column("x", "number", np.arange(target.size) / 4)
    codes = None if groups is None else np.array(groups, dtype=np.int64)
    return Table("t.csv", (column,), target, task, names, "y", codes, grouped_by, test_rows)


def checked(table: Any, train: Any, test: Any) -> Any:
    assert np.array_equal(np.sort(np.concatenate((train, test))), np.arange(table.rows))
    assert (np.diff(train) > 0).all()
    assert (np.diff(test) > 0).all()
    return train, test


@settings(deadline=None)
@given(st.lists(st.integers(0, 1), min_size=10, max_size=60), st.sampled_from([0.1, 0.25, 0.5]))
def test_the_fixed_split_is_that_of_before(labels: Any, fraction: Any) -> None:
    labels = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, *labels]
    train, test = fixed(table_of(labels), fraction)
    expected = fixed_split(labels, fraction)
    assert (train.tolist(), test.tolist()) == expected


@settings(deadline=None)
@given(st.lists(st.integers(0, 3), min_size=20, max_size=80), SEEDS, st.sampled_from([0.1, 0.25, 0.4]))
def test_a_split_has_the_same_share_of_every_class(labels: Any, seed: Any, fraction: Any) -> None:
    labels = [0, 1, 2, 3] * 5 + labels
    table = table_of(labels, "multiclass")
    train, test = checked(table, *split(table, seed, fraction))
    for label in range(4):
        assert (table.target[test] == label).sum() == math.floor(fraction * labels.count(label) + 0.5)
    again = split(table, seed, fraction)
    assert np.array_equal(again[0], train)


def test_each_seed_is_another_split_and_every_row_is_tested_on_as_often() -> None:
    table = table_of([0, 1] * 20)
    tested = np.zeros(40)
    splits = set()
    for seed in range(400):
        _, test = split(table, seed)
        tested[test] += 1
        splits.add(tuple(test.tolist()))
    assert len(splits) == 400
    assert abs(tested - 100).max() < 5 * math.sqrt(400 * 0.25 * 0.75)


@settings(deadline=None)
@given(st.lists(st.integers(0, 2), min_size=10, max_size=60), SEEDS, st.integers(2, 6))
def test_folds_have_equally_many_rows_of_every_class(labels: Any, seed: Any, k: Any) -> None:
    labels = [0, 1, 2, *labels]
    table = table_of(labels, "multiclass")
    parts = folds(table, k, seed)
    assert np.array_equal(np.sort(np.concatenate([test for _, test in parts])), np.arange(table.rows))
    for train, test in parts:
        checked(table, train, test)
    for label in range(3):
        counts = [(table.target[test] == label).sum() for _, test in parts]
        assert max(counts) - min(counts) <= 1
    sizes = [test.size for _, test in parts]
    assert max(sizes) - min(sizes) <= 1
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(parts, folds(table, k, seed), strict=True))


def test_folds_are_new_for_every_seed() -> None:
    table = table_of([0, 1] * 20)
    assert len({tuple(folds(table, 5, seed)[0][1].tolist()) for seed in range(50)}) == 50


def test_a_regression() -> None:
    table = table_of(np.arange(40) / 8, "regression")
    train, test = checked(table, *split(table, 1))
    assert (train.size, test.size) == (30, 10)
    assert [part.size for _, part in folds(table, 7, 2)] == [6, 6, 6, 6, 6, 5, 5]


GROUPS = st.lists(st.integers(0, 15), min_size=30, max_size=90)


@settings(deadline=None)
@given(GROUPS, SEEDS, st.integers(2, 4), st.randoms(use_true_random=False))
def test_groups_are_never_divided(groups: Any, seed: Any, k: Any, random: Any) -> None:
    groups = [*range(16), *range(16), *groups]
    labels = [0] * 8 + [1] * 8 + [0] * 8 + [1] * 8 + [random.randrange(2) for _ in groups[32:]]
    table = table_of(labels, groups=groups, grouped_by="g")
    codes = np.array(groups)
    for train, test in [split(table, seed), fixed(table), *folds(table, k, seed)]:
        checked(table, train, test)
        assert not set(codes[train]) & set(codes[test])
        assert set(table.target[train]) == {0, 1}
        assert test.size
    _, test = split(table, seed)
    assert abs(test.size - table.rows / 4) <= np.bincount(codes).max() + 1


def test_every_group_may_be_tested_on() -> None:
    groups = [0] * 20 + [1] * 10 + [2] * 5 + list(range(3, 30))
    table = table_of([i % 2 for i in range(len(groups))], groups=groups, grouped_by="g")
    tested = set()
    for seed in range(200):
        tested |= set(np.array(groups)[split(table, seed)[1]].tolist())
    assert tested >= set(range(1, 30))


def test_equal_rows_are_torn_by_the_fixed_split_only() -> None:
    groups = np.repeat(np.arange(20), 2)
    table = table_of([0, 1] * 20, groups=groups)
    assert fixed(table)[1].tolist() == fixed_split([0, 1] * 20)[1]
    _, test = split(table, 0)
    assert len(set(groups[test])) * 2 == test.size


def test_a_class_of_one_row_is_for_training() -> None:
    table = table_of([0, 1] * 10 + [2], "multiclass")
    for seed in range(10):
        assert 20 in split(table, seed)[0]
    assert remarks(table) == ("classes with too few rows for testing, so only in the training part: 'c' (1)",)
    assert remarks(table, k=5) == ("classes with fewer rows than folds, so not in every fold: 'c' (1)",)
    assert remarks(table_of([0, 1] * 10)) == ()


def refused(message: Any, call: Any, *arguments: Any) -> None:
    with pytest.raises(DataError) as caught:
        call(*arguments)
    assert str(caught.value) == message


def test_what_is_refused() -> None:
    two = table_of([0] * 9 + [1])
    message = (
        "test_fraction: expected a fraction that leaves each class at least one row to train on and one to test on, "
        "got 0.25, which puts 0 of the 1 rows of 'b' in 't.csv' into the test part"
    )
    refused(message, split, two, 0)
    refused(message, fixed, two)
    refused("--split cv:1: expected at least 2 folds, got 1: use more", folds, two, 1, 0)
    refused(
        "--split cv:11: expected at least as many rows as folds, found 10 in 't.csv': use fewer folds",
        folds,
        two,
        11,
        0,
    )
    grouped = table_of([0, 1] * 6, groups=[0, 1, 2] * 4, grouped_by="g")
    refused(
        "--split cv:4: expected at least as many groups as folds, found 3 in 't.csv': use fewer folds",
        folds,
        grouped,
        4,
        0,
    )
    one = table_of([0, 1] * 6, groups=[0] * 12, grouped_by="g")
    refused(
        "'t.csv': expected at least two groups, one to train on and one to test on, found one: choose another "
        "column with "
        "--group",
        split,
        one,
        0,
    )
    apart = table_of([0] * 6 + [1] * 6, groups=[0] * 6 + [1] * 6, grouped_by="g")
    refused(
        "'t.csv': expected enough groups for every class in both parts, found too few groups "
        "with 'a': "
        "use --test-file, or choose another column with --group",
        split,
        apart,
        0,
    )
    filed = table_of([0, 1] * 6, test_rows=np.array([10, 11]))
    refused("--split cv:3: cannot be combined with --test-file: use --split fixed", folds, filed, 3, 0)


def test_the_bits_of_splits() -> None:
    """The same rows on every machine, and in every version."""
    table = table_of([0, 1, 0, 1, 1] * 4)
    grouped = table_of([0, 1, 0, 1, 1] * 4, groups=np.arange(20) // 2, grouped_by="g")
    assert split(table, 0)[1].tolist() == [1, 5, 8, 15, 16]
    assert split(table, 2**32 - 1)[1].tolist() == [3, 4, 5, 10, 18]
    assert [test.tolist() for _, test in folds(table, 3, 7)] == [
        [4, 5, 7, 11, 12, 16, 18],
        [6, 8, 9, 10, 14, 15, 17],
        [0, 1, 2, 3, 13, 19],
    ]
    assert split(grouped, 1)[1].tolist() == [10, 11, 16, 17]
