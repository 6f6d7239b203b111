"""Where the data of a replicate come from: tables divided for each seed or into folds, points that are drawn."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from experiments.datasets import partition
from experiments.datasets.data import Data, DataError
from experiments.datasets.divided import Divided, unpacked
from experiments.datasets.encoding import Encoder
from experiments.datasets.loading import load, load_source, restored
from experiments.datasets.source import Drawn, Fixed, Source
from experiments.datasets.synthetic import PROBLEMS
from experiments.datasets.table import BOOLEAN, CATEGORY, NUMBER, Column, Table
from experiments.knobs.declared import DATASETS

REAL = [name for name in DATASETS if name not in PROBLEMS]
ROWS = 60


def mixed(**changes: Any) -> Table:
    """A table with a column of each kind, with gaps, and three classes."""
    random = np.random.RandomState(5)
    numbers = random.randn(ROWS)
    numbers[::7] = np.nan
    columns = (
        Column("size", NUMBER, numbers),
        Column("is new", BOOLEAN, random.randint(0, 2, ROWS).astype(float), ("no", "yes")),
        Column("colour, é", CATEGORY, random.randint(-1, 3, ROWS).astype(np.int64), ("blue", "green", "red")),
    )
    target = np.arange(ROWS, dtype=np.int64) % 3
    table = Table("t.csv", columns, target, "multiclass", ("a", "b", "ç"), "kind", notes=("said",))
    return dataclasses.replace(table, **changes)


def regression() -> Table:
    return mixed(target=np.random.RandomState(6).randn(ROWS) * 50 + 900, task="regression", class_names=())


def same(one: Data, other: Data) -> bool:
    """Whether two parts have the same bits and words."""
    arrays = all(
        getattr(one, name).tobytes() == getattr(other, name).tobytes() for name in ("X", "Y", "X_test", "Y_test")
    )
    halves = [None if each.test_half is None else each.test_half.tolist() for each in (one, other)]
    words = ("name", "feature_names", "class_names", "notes", "features", "task", "target_name", "target_scale")
    return arrays and halves[0] == halves[1] and all(getattr(one, word) == getattr(other, word) for word in words)


# --- one split for each seed ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REAL)
def test_tables_are_split_for_each_seed_unless_it_is_said_otherwise(name: str) -> None:
    source = load_source(name)
    assert isinstance(source, Divided)
    assert (source.rule, source.varies, source.n_folds, source.test_fraction) == ("seed", True, None, 0.25)
    parts = [source.part(seed) for seed in (0, 1, 2)]
    assert len({part.fingerprint for part in parts}) == 3
    for part in parts:
        assert part.Y.size + part.Y_test.size == source.table.rows
        assert same(part, load(name, split="seed", seed=parts.index(part)))
    fixed = load_source(name, "fixed")
    assert (fixed.varies, fixed.part(0).fingerprint) == (False, fixed.part(7).fingerprint)


def test_a_part_is_the_encoding_fitted_on_its_training_rows() -> None:
    table = mixed()
    source = Divided(table, "seed", 0.3)
    for seed in (0, 2**32 - 1):
        train, test = source.rows_of(seed)
        expected = partition.split(table, seed, 0.3)
        assert (train.tolist(), test.tolist()) == (expected[0].tolist(), expected[1].tolist())
        data, encoder = source.part(seed), source.encoder(seed)
        sizes = table.columns[0].values[train]
        median = float(np.median(sizes[~np.isnan(sizes)]))
        assert encoder.columns[0].fill == median
        assert data.X.tobytes() == encoder.transform(table, train).tobytes()
        assert data.X_test.tobytes() == encoder.transform(table, test).tobytes()
        assert data.Y.tolist() == [table.target[train].tolist()]
        assert data.Y_test.tolist() == [table.target[test].tolist()]
        assert (data.task, data.class_names, data.outputs) == ("multiclass", ("a", "b", "ç"), 3)
        assert data.feature_names == (
            "size", "is new", "colour, é=blue", "colour, é=green", "colour, é=red", "colour, é is missing",
        )  # fmt: skip


def test_the_scale_of_a_target_is_that_of_its_training_part() -> None:
    table = regression()
    source = Divided(table, "seed", 0.25)
    for seed in range(3):
        train, test = source.rows_of(seed)
        data = source.part(seed)
        mean, deviation = data.target_scale
        assert mean == pytest.approx(table.target[train].mean(), rel=1e-14)
        assert deviation == pytest.approx(table.target[train].std(), rel=1e-14)
        np.testing.assert_allclose(mean + deviation * data.Y_test[0], table.target[test], rtol=1e-12)


def test_parts_that_were_forgotten_are_made_again_with_the_same_bits() -> None:
    source = Divided(mixed(), "seed", 0.25)
    first = [source.part(seed) for seed in range(12)]
    assert len(source._parts) < 12
    assert source.part(11) is first[11]
    for seed, part in enumerate(first):
        assert same(source.part(seed), part)


# --- folds ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["iris", "diabetes"])
def test_the_folds_of_a_seed_test_on_every_row_once(name: str) -> None:
    source = load_source(name, "cv:7")
    assert isinstance(source, Divided)
    assert (source.rule, source.varies, source.n_folds) == ("cv:7", True, 7)
    for seed in (0, 3):
        rows = [source.rows_of(seed, fold) for fold in range(7)]
        assert sorted(np.concatenate([test for _, test in rows]).tolist()) == list(range(source.table.rows))
        for fold, (train, test) in enumerate(rows):
            expected = partition.folds(source.table, 7, seed)[fold]
            assert (train.tolist(), test.tolist()) == (expected[0].tolist(), expected[1].tolist())
            part = source.part(seed, fold)
            assert (part.Y.size, part.Y_test.size) == (train.size, test.size)
            assert same(part, load(name, "cv:7", seed, fold))
    assert len({source.part(seed, fold).fingerprint for seed in (0, 3) for fold in range(7)}) == 14
    assert same(source.first, source.part(0, 0))


def test_a_cross_validation_does_not_depend_on_the_fraction_to_test_on() -> None:
    one, other = (Divided(mixed(), "cv:4", fraction) for fraction in (0.25, 0.4))
    assert one.fingerprint == other.fingerprint
    assert same(one.part(2, 3), other.part(2, 3))


# --- the fixed split --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["iris2", "breast_cancer"])
def test_the_fixed_split_is_what_was_before_there_were_others(name: str) -> None:
    source = load_source(name, "fixed")
    data = source.part(3)
    assert source.fingerprint == data.fingerprint == load(name).fingerprint
    assert source.identity == {"data": data.fingerprint}
    assert data.test_half is None
    assert isinstance(source, Divided)
    assert load_source(name).fixed().fingerprint == source.fingerprint  # type: ignore[attr-defined]


def test_the_identity_tells_tasks_and_outputs_that_numbers_do_not() -> None:
    three = Divided(mixed(), "fixed", 0.25)
    assert three.identity == {"data": three.first.fingerprint, "task": "multiclass", "outputs": 3}
    values = Divided(regression(), "fixed", 0.25)
    assert values.identity == {"data": values.first.fingerprint, "task": "regression", "outputs": 1}
    two = load("moons")
    assert Fixed(two).identity == {"data": two.fingerprint}
    assert Fixed(load("plane")).identity == {"data": load("plane").fingerprint, "task": "regression", "outputs": 1}


def test_a_table_with_a_test_file_has_one_split_whatever_the_seed(tmp_path: Path) -> None:
    table = mixed(test_rows=np.arange(40, ROWS))
    for rule in ("seed", "fixed"):
        source = Divided(table, rule, 0.25)
        assert (source.rule, source.varies) == ("fixed", False)
        assert [rows.tolist() for rows in source.rows_of(5)] == [list(range(40)), list(range(40, ROWS))]
    with pytest.raises(DataError) as caught:
        Divided(table, "cv:3", 0.25).part(0, 0)
    assert str(caught.value) == "--split cv:3: cannot be combined with --test-file: use --split fixed"
    for name, rows in (("a.csv", 20), ("b.csv", 6)):
        lines = [f"{row * row % 17 + 0.5},{row % 2}" for row in range(rows)]
        (tmp_path / name).write_text("\n".join(["x,y", *lines]))
    filed = load_source(tmp_path / "a.csv", test_file=str(tmp_path / "b.csv"))
    assert (filed.varies, filed.first.Y.size, filed.first.Y_test.size) == (False, 20, 6)


# --- what identifies and what is kept ---------------------------------------------------------------------


def test_the_fingerprint_is_of_the_table_the_rule_and_the_fraction() -> None:
    table = mixed()
    changed = dataclasses.replace(table, target=table.target[::-1].copy())
    sources = [
        Divided(table, "seed", 0.25),
        Divided(table, "seed", 0.3),
        Divided(table, "cv:5", 0.25),
        Divided(table, "cv:6", 0.25),
        Divided(table, "fixed", 0.25),
        Divided(table, "seed", 0.25, "x1+x2"),
        Divided(changed, "seed", 0.25),
    ]
    assert len({source.fingerprint for source in sources}) == len(sources)
    assert sources[0].identity == {"data": sources[0].fingerprint, "split": "seed"}
    assert sources[2].identity == {"data": sources[2].fingerprint, "split": "cv:5"}
    renamed = Divided(dataclasses.replace(table, name="other.csv", notes=("n",)), "seed", 0.25)
    assert renamed.fingerprint == sources[0].fingerprint


# A change here means that stored runs are no longer those of the same command: make it knowingly.
@pytest.mark.parametrize(
    ("name", "fingerprint", "of_seed_3", "of_fold_2"),
    [
        ("iris", "b7b2d5176811d30b", "e144cec65130e3fb", "f4021c42667337d7"),
        ("iris2", "5f4f89d8736423c9", "39da17169b8976cb", "a332c07d92156374"),
        ("breast_cancer", "044a9e7fff433ac5", "aaf29f4abef47ba3", "db79e79fd4e9b051"),
        ("wine", "b422b7e77f7b53e2", "8318e3a920a38f0c", "aad5c3ed62c17744"),
        ("digits", "69989b3ce9d31eff", "3dc27b23ffa205d1", "f08928b0a2472a3a"),
        ("diabetes", "b020034492ad5ebd", "bb71ec090b801e20", "4f5012757768e71e"),
    ],
)
def test_bits_of_splits_are_those_of_every_machine_before(
    name: str, fingerprint: str, of_seed_3: str, of_fold_2: str
) -> None:
    source = load_source(name)
    computed = (source.fingerprint, source.part(3).fingerprint, load(name, "cv:5", 3, 2).fingerprint)
    assert tuple(text[:16] for text in computed) == (fingerprint, of_seed_3, of_fold_2)


GROUPS = np.arange(ROWS, dtype=np.int64) // 4


@pytest.mark.parametrize(
    "source",
    [
        Divided(mixed(), "seed", 0.3),
        Divided(mixed(), "cv:4", 0.25),
        Divided(mixed(), "seed", 0.25, "x1+x2^2"),
        Divided(mixed(groups=GROUPS, grouped_by="patient"), "seed", 0.25),
        Divided(mixed(groups=GROUPS), "cv:3", 0.25),
        Divided(mixed(test_rows=np.arange(40, ROWS)), "fixed", 0.25),
        Divided(mixed(missing_values=("none", "-1")), "seed", 0.25),
        Divided(regression(), "seed", 0.25),
    ],
)
def test_what_is_kept_of_a_source_gives_it_back_bit_for_bit(source: Divided) -> None:
    kind, content = source.content
    assert kind == "divided"
    for again in (unpacked(content), restored(kind, content)):
        assert isinstance(again, Divided)
        assert again.table.fingerprint == source.table.fingerprint
        assert (again.fingerprint, again.identity, again.notes) == (source.fingerprint, source.identity, source.notes)
        assert (again.name, again.rule, again.test_fraction, again.features) == (
            source.name, source.rule, source.test_fraction, source.features,
        )  # fmt: skip
        assert (again.table.grouped_by, again.table.missing_values) == (
            source.table.grouped_by, source.table.missing_values,
        )  # fmt: skip
        for seed, fold in ((0, 0), (5, 2)):
            replicate = (seed, None if source.n_folds is None else fold)
            assert same(again.part(*replicate), source.part(*replicate))
            assert again.encoder(*replicate).to_dict() == source.encoder(*replicate).to_dict()
        assert again.content == source.content


def test_numbers_keep_every_bit_where_they_are_kept() -> None:
    values = np.array([-0.0, 5e-324, 1.7e308, np.nan, 0.1, -1e-300] * 10)
    table = mixed(columns=(Column("x", NUMBER, values),))
    again = unpacked(Divided(table, "seed", 0.25).content[1]).table
    assert again.columns[0].values.tobytes() == values.tobytes()


def test_how_numbers_are_written_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("\n".join(["x;y", *(f"1.{row * 7 % 10}00,5 mm;{row % 2}" for row in range(20))]))
    source = load_source(path)
    assert isinstance(source, Divided)
    again = unpacked(source.content[1])
    assert again.table.columns[0].format == source.table.columns[0].format
    rows = pd.DataFrame({"x": ["1.200,5 mm", "3,5 mm"]})
    encoders: list[Encoder] = [each.encoder(0) for each in (source, again)]
    one, other = (encoder.transform_frame(rows).X.tobytes() for encoder in encoders)
    assert one == other


def test_an_unknown_kind_of_source_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^expected a known kind of data source, got 'x': update this program$"):
        restored("x", b"")


# --- notes ------------------------------------------------------------------------------------------------


def test_what_is_said_of_a_source() -> None:
    rare = mixed(target=np.array([0, 1] * 29 + [2, 0], dtype=np.int64))
    assert Divided(mixed(), "seed", 0.25).notes == ("said",)
    assert Divided(rare, "seed", 0.25).notes == (
        "said", "classes with too few rows for testing, so only in the training part: 'ç' (1)",
    )  # fmt: skip
    assert Divided(rare, "cv:5", 0.25).notes == (
        "said",
        "classes with fewer rows than folds, so not in every fold: 'ç' (1)",
    )
    flat = mixed(columns=(Column("flat", NUMBER, np.zeros(ROWS)), *mixed().columns))
    assert Divided(flat, "fixed", 0.25).notes == ("said", "constant in the training part, therefore set to 0: 'flat'")
    assert Divided(flat, "seed", 0.25).notes == ("said",)  # another seed may tell otherwise


# --- the halves of the points to test on ------------------------------------------------------------------


def halves(data: Data) -> list[npt.NDArray[np.int64]]:
    first, second = data.test_halves
    assert sorted([*first.tolist(), *second.tolist()]) == list(range(data.Y_test.size))
    return [first, second]


@pytest.mark.parametrize("name", ["moons", "iris2", "iris", "diabetes"])
def test_halves_of_one_split_have_the_same_classes(name: str) -> None:
    data = load(name)
    first, second = halves(data)
    assert 0 <= first.size - second.size <= 1
    if data.task != "regression":
        counts = [np.bincount(data.Y_test[0, half].astype(int), minlength=3) for half in (first, second)]
        assert np.abs(counts[0] - counts[1]).max() <= 1
    else:  # dealt out by value, so that neither half has the large ones
        assert abs(data.Y_test[0, first].mean() - data.Y_test[0, second].mean()) < 0.1


@pytest.mark.parametrize("rule", ["seed", "cv:5"])
@pytest.mark.parametrize("table", [mixed(), regression()], ids=["classes", "values"])
def test_a_row_is_in_the_same_half_wherever_it_is_tested_on(table: Table, rule: str) -> None:
    """So that choosing by one half, and telling by the other, holds over all splits together."""
    source = Divided(table, rule, 0.25)
    half_of: dict[int, int] = {}
    for seed in range(40):
        for fold in range(source.n_folds or 1):
            replicate = (seed, None if source.n_folds is None else fold)
            _, rows = source.rows_of(*replicate)
            for half, positions in enumerate(halves(source.part(*replicate))):
                for row in rows[positions].tolist():
                    assert half_of.setdefault(row, half) == half
    assert sorted(half_of) == list(range(ROWS))
    assert sum(half_of.values()) == ROWS // 2
    if table.task == "multiclass":
        for label in range(3):
            assert sum(half_of[row] for row in np.flatnonzero(table.target == label).tolist()) == ROWS // 6


# --- points that are drawn for each seed ------------------------------------------------------------------


def drawn(**arguments: Any) -> Source:
    return load_source(**{"name": "moons", "data_seed": "seed", "samples": 30, **arguments})


def test_generated_data_are_drawn_for_each_seed_on_demand() -> None:
    source = drawn(noise=0.3)
    assert isinstance(source, Drawn)
    assert (source.varies, source.n_folds, source.name, source.notes) == (True, None, "moons", ())
    for seed in (0, 4, 2**32 - 1):
        expected = load("moons", noise=0.3, samples=30, data_seed=seed)
        assert same(source.part(seed), expected)
        assert source.part(seed).test_half is None
    assert source.part(4).fingerprint != source.part(5).fingerprint
    assert same(source.first, source.part(0))
    assert not load_source("moons").varies
    assert load_source("moons").first.fingerprint == load("moons").fingerprint


def test_a_draw_for_each_seed_is_identified_by_what_was_asked_for() -> None:
    source = drawn()
    assert source.identity == {"data": source.fingerprint, "data_seed": "seed"}
    assert drawn().fingerprint == source.fingerprint
    others = [drawn(samples=31), drawn(noise=0.3), drawn(features="x1+x2"), drawn(name="circles")]
    assert len({each.fingerprint for each in (source, *others)}) == 5


def test_what_is_kept_of_a_draw_gives_it_back() -> None:
    source = drawn(noise=0.3, features="x1+x1x2")
    assert source.content is not None
    again = restored(*source.content)
    assert again.content == source.content
    assert again.content[0] == "drawn"
    assert (again.fingerprint, again.identity, again.name) == (source.fingerprint, source.identity, source.name)
    assert same(again.part(9), source.part(9))
    assert load_source("moons").content is None
