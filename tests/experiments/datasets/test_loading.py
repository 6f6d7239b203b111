"""Loading data sets by name and by path: the split, the standardizing, the notes, and the fingerprint."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os
import platform
import struct
import subprocess
import sys
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.preprocessing import StandardScaler

from experiments.datasets import synthetic
from experiments.datasets.data import Data, DataError
from experiments.datasets.loading import load, load_source
from experiments.datasets.partition import fixed
from experiments.datasets.scaling import Scaling
from experiments.datasets.table import Table
from experiments.knobs.declared import DATASETS
from tests.helpers.machines import ROOT


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write_csv(name: str, columns: dict[str, list[Any]]) -> str:
    lines = [",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
    Path(name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return name


# --- names ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DATASETS)
def test_every_name_loads(name: str) -> None:
    data = load(name)
    assert data.name == name
    features = len(data.feature_names)
    for X, Y in ((data.X, data.Y), (data.X_test, data.Y_test)):
        assert X.shape == (features, Y.size)
        assert Y.shape == (1, Y.size)
        for array in (X, Y):
            assert array.dtype == np.float64
            assert array.flags.c_contiguous
        assert np.isfinite(X).all()
        if data.task == "regression":
            assert np.isfinite(Y).all()
        else:
            assert set(Y.ravel().tolist()) == set(range(len(data.class_names)))
    classes = len(data.class_names)
    assert data.task == {0: "regression", 2: "binary"}.get(classes, "multiclass")
    assert data.outputs == (classes if classes > 2 else 1)
    assert f"{features} features" in DATASETS[name]
    assert DATASETS[name].startswith("regression: ") == (data.task == "regression")
    shown = "'pixel_0_0', 'pixel_4_0', 'pixel_4_7'"
    assert data.notes == ((f"constant in the training part, therefore set to 0: {shown}",) if name == "digits" else ())


@pytest.mark.parametrize(
    ("name", "target", "classes"),
    [
        ("iris", "species", ("setosa", "versicolor", "virginica")),
        ("iris2", "species", ("versicolor", "virginica")),
        ("breast_cancer", "diagnosis", ("malignant", "benign")),
        ("wine", "grower", ("class_0", "class_1", "class_2")),
        ("digits", "digit", tuple("0123456789")),
        ("diabetes", "progression", ()),
        ("plane", "y", ()),
        ("multi_gaussian", "y", ()),
        ("gaussian_random", "y", ()),
        ("flower", "", ("0", "1")),
    ],
)
def test_what_is_predicted(name: str, target: str, classes: tuple[str, ...]) -> None:
    data = load(name)
    assert (data.target_name, data.class_names) == (target, classes)


def test_targets_of_a_regression_are_standardized_by_the_training_part() -> None:
    for name in ("plane", "multi_gaussian", "diabetes"):
        data = load(name)
        mean, deviation = data.target_scale
        assert abs(data.Y.mean()) < 1e-12
        assert abs(data.Y.std() - 1) < 1e-12
        if name in synthetic.REGRESSIONS:
            (_, Y), (_, Y_test) = synthetic.PROBLEMS[name]()
            np.testing.assert_allclose(mean + deviation * data.Y, Y, rtol=1e-12, atol=1e-12)
            np.testing.assert_allclose(mean + deviation * data.Y_test, Y_test, rtol=1e-12, atol=1e-12)
        else:
            target = mean + deviation * np.hstack((data.Y, data.Y_test))
            np.testing.assert_allclose(np.sort(target[0]), np.sort(load_diabetes().target), rtol=1e-12)


@pytest.mark.parametrize("name", sorted(set(synthetic.PROBLEMS) - {"plane", "multi_gaussian"}))
def test_synthetic_points_are_taken_as_they_are(name: str) -> None:
    data = load(name)
    (X, Y), (X_test, Y_test) = synthetic.PROBLEMS[name]()
    assert (data.X.tobytes(), data.Y.tobytes()) == (X.tobytes(), Y.tobytes())
    assert (data.X_test.tobytes(), data.Y_test.tobytes()) == (X_test.tobytes(), Y_test.tobytes())
    if name == "gaussian_random":
        assert data.feature_names == tuple(f"x{k}" for k in range(1, 17))
        assert (data.class_names, data.target_scale) == ((), (0.0, 1.0))
    else:
        assert data.feature_names == ("x1", "x2")
        assert data.class_names == ("0", "1")
    (X, Y), (X_test, Y_test) = synthetic.PROBLEMS[name](0.4, 31, 7)
    data = load(name, noise=0.4, samples=31, data_seed=7)
    assert (data.X.tobytes(), data.Y.tobytes()) == (X.tobytes(), Y.tobytes())
    assert (data.X_test.tobytes(), data.Y_test.tobytes()) == (X_test.tobytes(), Y_test.tobytes())


EXPECTED = (
    "expected one of flower, moons, circles, blobs, gaussian_quantiles, circle, xor, gauss, spiral, plane, "
    "multi_gaussian, gaussian_random, iris, iris2, breast_cancer, wine, digits, diabetes, or the path of a file such "
    "as data.csv"
)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("flowr", " (did you mean 'flower'?)"),
        ("Moons", " (did you mean 'moons'?)"),
        ("breast-cancer", " (did you mean 'breast_cancer'?)"),
        ("gaussian_quantile", " (did you mean 'gaussian_quantiles'?)"),
        ("cirle", " (did you mean 'circle'?)"),
        ("wien", " (did you mean 'wine'?)"),
        ("mnist", ""),  # an ordinary name, and no slip
        ("data.doc", ""),
        ("", ""),
        ("two\nlines", ""),
        (".", ""),
    ],
)
def test_unknown_name(name: str, hint: str) -> None:
    with pytest.raises(DataError) as caught:
        load(name)
    assert str(caught.value) == f"unknown data set {name!r}: {EXPECTED}{hint}"


def test_file_that_does_not_end_as_tables_do() -> None:
    Path("data.doc").write_text("x,y\n")
    with pytest.raises(DataError) as caught:
        load("data.doc")
    hint = "(rename the file to end in .csv, .tsv or .txt)"
    assert str(caught.value) == f"unknown data set 'data.doc': {EXPECTED} {hint}"


@pytest.mark.parametrize("name", ["d.csv", "d.TSV", "d.txt", "d.dat", "d.data", "d.csv.gz", "D.TXT.XZ"])
def test_a_table_is_known_by_the_ending_of_its_name(name: str) -> None:
    write_csv(name, {"x": [1, 2, 3, 5], "y": [0, 0, 1, 1]})
    assert load(name).name == name
    assert load(name).fingerprint == load(write_csv("e.csv", {"x": [1, 2, 3, 5], "y": [0, 0, 1, 1]})).fingerprint


def test_refusals_of_the_reader_come_through() -> None:
    with pytest.raises(DataError) as caught:
        load("Missing.CSV")
    assert str(caught.value) == "'Missing.CSV': expected a file, found none: check the path"
    assert issubclass(DataError, ValueError)


# --- real data and the split ------------------------------------------------------------------------------


def split_by_definition(is_one: npt.NDArray[np.bool_], fraction: float = 0.25) -> tuple[list[int], list[int]]:
    order = np.random.RandomState(0).permutation(len(is_one)).tolist()
    test: list[int] = []
    for label in (False, True):
        members = [row for row in order if bool(is_one[row]) is label]
        test += members[: math.floor(len(members) * fraction + 0.5)]
    return sorted(set(order) - set(test)), sorted(test)


@pytest.mark.parametrize(
    ("name", "names", "sizes"),
    [("iris2", ("versicolor", "virginica"), (74, 26)), ("breast_cancer", ("malignant", "benign"), (427, 142))],
)
def test_real_data(name: str, names: tuple[str, str], sizes: tuple[int, int]) -> None:
    bunch = load_iris() if name == "iris2" else load_breast_cancer()
    rows, is_one = bunch.data, bunch.target == 1
    if name == "iris2":
        rows, is_one = rows[50:], bunch.target[50:] == 2
    train, test = split_by_definition(is_one)
    scaler = StandardScaler().fit(rows[train])

    data = load(name)
    np.testing.assert_allclose(data.X, scaler.transform(rows[train]).T, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(data.X_test, scaler.transform(rows[test]).T, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(data.Y, is_one[train].astype(float).reshape(1, -1))
    np.testing.assert_array_equal(data.Y_test, is_one[test].astype(float).reshape(1, -1))
    assert (data.Y.size, data.Y_test.size) == sizes
    assert data.class_names == names
    assert data.feature_names == tuple(bunch.feature_names)
    assert {type(text) for text in data.feature_names + data.class_names} == {str}


def table_of(labels: list[bool]) -> Table:
    return Table("d.csv", (), np.array(labels, dtype=np.int64), "binary", ("no", "yes"))


@given(
    st.lists(st.booleans(), min_size=4, max_size=60).filter(lambda labels: 1 < sum(labels) < len(labels) - 1),
    st.sampled_from([0.25, 0.3, 0.5, 0.7]),
)
def test_split_is_stratified_and_complete(labels: list[bool], fraction: float) -> None:
    train, test = fixed(table_of(labels), fraction)
    assert (train.tolist(), test.tolist()) == split_by_definition(np.array(labels), fraction)
    for part in (train, test):
        assert {labels[row] for row in part} == {False, True}


@pytest.mark.parametrize(
    ("fraction", "rows", "tested", "size", "name"),
    [
        (0.0, 3, 0, 3, "no"),
        (0.1, 3, 0, 3, "no"),
        (0.9, 3, 3, 3, "no"),
        (1.0, 3, 3, 3, "no"),
        (0.2, 3, 0, 2, "yes"),
        (0.8, 3, 2, 2, "yes"),
    ],
)
def test_a_class_without_a_row_in_one_part(fraction: float, rows: int, tested: int, size: int, name: str) -> None:
    with pytest.raises(DataError) as caught:
        fixed(table_of([False] * rows + [True] * 2), fraction)
    assert str(caught.value) == (
        f"test_fraction: expected a fraction that leaves each class at least one row to train on and one to test on, "
        f"got {fraction}, "
        f"which puts {tested} of the {size} rows of '{name}' in 'd.csv' into the test part"
    )


@pytest.mark.parametrize(
    ("name", "fraction", "sizes"),
    [("iris2", 0.5, (50, 50)), ("iris", 0.5, (75, 75)), ("breast_cancer", 0.1, (512, 57))],
)
def test_real_data_in_other_parts(name: str, fraction: float, sizes: tuple[int, int]) -> None:
    whole, data = load(name), load(name, test_fraction=fraction)
    assert (data.Y.size, data.Y_test.size) == sizes
    for row in data.X:
        assert abs(np.mean(row)) < 1e-12
        assert abs(np.std(row) - 1) < 1e-12
    assert data.Y.sum() + data.Y_test.sum() == whole.Y.sum() + whole.Y_test.sum()
    assert load(name, test_fraction=0.25).fingerprint == whole.fingerprint != data.fingerprint


def test_csv_of_three_classes_in_other_parts() -> None:
    rows = 30
    columns = {
        "kind": [row % 3 for row in range(rows)],
        "x": [row * row % 31 for row in range(rows)],
        "unused": [row % 2 for row in range(rows)],
    }
    data = load(write_csv("d.csv", columns), target="kind", positive="2", test_fraction=0.4)
    train, test = split_by_definition(np.array(columns["kind"]) == 2, 0.4)
    assert (len(train), len(test)) == (18, 12)
    assert data.Y.tolist() == [[float(row % 3 == 2) for row in train]]
    assert data.Y_test.tolist() == [[float(row % 3 == 2) for row in test]]
    assert data.class_names == ("not 2", "2")
    source = load_source("d.csv", "fixed", target="kind", positive="2", test_fraction=0.4)
    assert source.notes == ("labels: '2' -> 1, the 2 others ('0', '1') -> 0",)
    assert (data.task, data.outputs, data.notes) == ("binary", 1, ())
    three = load("d.csv", target="kind")
    assert (three.task, three.outputs, three.class_names) == ("multiclass", 3, ("0", "1", "2"))


def test_csv_is_split_standardized_and_described() -> None:
    rows = 40
    random = np.random.RandomState(3)
    columns: dict[str, list[Any]] = {
        "class": ["yes" if row % 5 else "no" for row in range(rows)],
        "=cmd()": (1e3 * random.randn(rows)).tolist(),
        "flat": [0.1] * rows,
        "constant": [7] * rows,
    }
    train, test = split_by_definition(np.array(columns["class"]) == "yes")
    columns["flat"][test[3]] = 5.5
    data = load(write_csv("Größe 1.CSV", columns), target="class")

    scaler = StandardScaler().fit(np.array(columns["=cmd()"]).reshape(-1, 1)[train])
    for X, Y, part in ((data.X, data.Y, train), (data.X_test, data.Y_test, test)):
        assert X.flags.c_contiguous
        expected = scaler.transform(np.array(columns["=cmd()"]).reshape(-1, 1)[part]).T
        np.testing.assert_allclose(X[:1], expected, rtol=1e-12, atol=1e-12)
        assert X[1].tolist() == [0.0] * len(part)
        assert Y.tolist() == [[float(columns["class"][row] == "yes") for row in part]]
    assert data.name == "Größe 1.CSV"
    assert data.feature_names == ("=cmd()", "flat")
    assert data.class_names == ("no", "yes")
    assert data.notes == ("constant in the training part, therefore set to 0: 'flat'",)
    assert load_source("Größe 1.CSV", "fixed", target="class").notes == (
        "left out: 'constant': constant (override with --keep)",
        "labels: 'no' -> 0, 'yes' -> 1",
        *data.notes,
    )
    assert load(Path("Größe 1.CSV"), target="class").name == "Größe 1.CSV"


def test_smallest_csv() -> None:
    data = load(write_csv("d.csv", {"x": [1, 2, 3, 5], "y": [0, 0, 1, 1]}))
    assert sorted(data.X.ravel().tolist()) == [-1.0, 1.0]
    assert data.Y.shape == data.Y_test.shape == (1, 2)
    assert sorted(data.Y_test.ravel().tolist()) == [0.0, 1.0]


def test_csv_of_enormous_and_of_tiny_features() -> None:
    labels = [row % 2 for row in range(16)]
    data = load(
        write_csv(
            "d.csv",
            {
                "plain": list(range(16)),
                "huge": [row * 1e307 for row in range(16)],
                "both signs": [1.7e308 if row % 3 else -1.7e308 for row in range(16)],
                "tiny": [f"{row}e-323" for row in range(16)],
                "tiny but one": [1e-300 * row for row in range(15)] + [1.7e308],
                "y": labels,
            },
        ),
        keep="plain",
    )
    plain, huge, _, tiny, _ = data.X
    np.testing.assert_allclose(huge, plain, rtol=1e-12)
    np.testing.assert_allclose(tiny, plain, rtol=0.2)  # written with one digit, and read to the nearest 5e-324
    for X in (data.X, data.X_test):
        assert np.isfinite(X).all()
        assert np.isfinite(X.astype(np.float32)).all()


# --- standardizing ----------------------------------------------------------------------------------------


def standardized_by_definition(train: list[float], values: list[float]) -> list[float]:
    """(x - mean) / standard deviation in exact fractions, with a square root of 50 digits."""
    exact = [Fraction(x) for x in train]
    mean = sum(exact, Fraction(0)) / len(exact)
    variance = sum(((x - mean) ** 2 for x in exact), Fraction(0)) / len(exact)
    with localcontext() as context:
        context.prec = 50
        deviation = (Decimal(variance.numerator) / Decimal(variance.denominator)).sqrt()
        standardized = []
        for value in values:
            difference = Fraction(value) - mean
            quotient = Decimal(difference.numerator) / Decimal(difference.denominator) / deviation
            standardized.append(float(min(max(quotient, Decimal("-1e30")), Decimal("1e30"))))
    return standardized


finite = st.floats(allow_nan=False, allow_infinity=False)
near_one = st.integers(0, 20).map(lambda ulps: 1 + ulps * 2.0**-52)


@settings(deadline=None)
@given(st.lists(finite, min_size=2, max_size=8) | st.lists(near_one, min_size=2, max_size=8))
def test_standardizing_any_numbers(train: list[float]) -> None:
    values = np.array(train)
    scaling = Scaling.fit(values)
    varies = len({x + 0.0 for x in train}) > 1
    assert (scaling.scaled_deviation > 0) == varies
    out = scaling.apply(values)
    if varies:
        # One deviation can be lost in rounding beside another, but only in proportion to their spread.
        expected = standardized_by_definition(train, train)
        np.testing.assert_allclose(out, expected, rtol=0, atol=1e-14 * len(train))
        assert scaling.apply(values[::-1]).tobytes() == out[::-1].tobytes()
    else:
        assert out.tobytes() == np.zeros(len(train)).tobytes()


@settings(deadline=None)
@given(st.lists(finite, min_size=2, max_size=5).filter(lambda x: len({y + 0.0 for y in x}) > 1), finite)
def test_test_values_however_far(train: list[float], value: float) -> None:
    computed = Scaling.fit(np.array(train)).apply(np.array([value]))
    expected = standardized_by_definition(train, [value])
    np.testing.assert_allclose(computed, expected, rtol=1e-12, atol=1e-13)
    assert abs(computed[0]) <= 1e30


def test_a_constant_is_constant_even_where_its_mean_is_rounded() -> None:
    values = np.full(11, 0.1)
    assert math.fsum(values) / 11 == 0.1 or np.mean(values) != 0.1  # one of the two is off for 0.1
    for constant in (0.1, 1.7e308, 5e-324, 0.0, -0.3):
        for n in range(1, 12):
            assert Scaling.fit(np.full(n, constant)).apply(np.array([constant, 1.0])).tolist() == [0.0, 0.0]


# --- arguments --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("iris", {"noise": 0.1}, "noise: expected a generated data set, got 'iris'"),
        ("d.csv", {"samples": 100}, "samples: expected a generated data set, got 'd.csv'"),
        ("breast_cancer", {"data_seed": 3}, "data_seed: expected a generated data set, got 'breast_cancer'"),
        ("spiral", {"test_fraction": 0.5}, "test_fraction: expected real data or a file with a table, got 'spiral'"),
        ("flower", {"target": "y"}, "target: expected a file with a table, got 'flower'"),
        ("iris", {"positive": "1"}, "positive: expected a file with a table, got 'iris'"),
        ("iris", {"noise": "silly"}, "noise: expected a generated data set, got 'iris'"),
        ("flower", {"noise": -0.1}, "noise: expected a number from 0 to 1,000,000, got -0.1"),
        ("flower", {"noise": math.nan}, "noise: expected a number from 0 to 1,000,000, got nan"),
        ("flower", {"noise": 1e300}, "noise: expected a number from 0 to 1,000,000, got 1e+300"),
        ("flower", {"noise": "a"}, "noise: expected a number from 0 to 1,000,000, got 'a'"),
        ("flower", {"noise": True}, "noise: expected a number from 0 to 1,000,000, got True"),
        ("flower", {"noise": [1]}, "noise: expected a number from 0 to 1,000,000, got [1]"),
        ("flower", {"samples": 9}, "samples: expected an integer from 10 to 10,000,000, got 9"),
        ("gaussian_random", {"samples": 0}, "samples: expected an integer from 1 to 10,000,000, got 0"),
        ("flower", {"samples": 10**9}, "samples: expected an integer from 10 to 10,000,000, got 1000000000"),
        ("flower", {"samples": 40.0}, "samples: expected an integer from 10 to 10,000,000, got 40.0"),
        ("flower", {"data_seed": -1}, "data_seed: expected an integer from 0 to 4,294,967,295, or seed, got -1"),
        (
            "flower",
            {"data_seed": 2**32},
            "data_seed: expected an integer from 0 to 4,294,967,295, or seed, got 4294967296",
        ),
        ("iris", {"data_seed": "seed"}, "data_seed: expected a generated data set, got 'iris'"),
        ("iris", {"test_fraction": 1.5}, "test_fraction: expected a number above 0 and below 1, got 1.5"),
        ("d.csv", {"target": 3}, "--target: expected text, got 3"),
        ("d.csv", {"header": "maybe"}, "--header: expected auto, yes or no, got 'maybe': choose one of these"),
        ("iris", {"drop": "x"}, "drop: expected a file with a table, got 'iris'"),
        ("iris", {"split": "cv:1"}, "split: expected seed, fixed or cv:K with K from 2 to 1,000, got 'cv:1'"),
        ("iris", {"split": "sed"}, "split: expected seed, fixed or cv:K with K from 2 to 1,000, got 'sed'"),
        (
            "flower",
            {"split": "cv:3"},
            (
                "split: cv:3 requires real data or a file with a table, got 'flower'; for generated data see "
                "--data-seed seed"
            ),
        ),
        ("iris", {"split": "cv:5", "fold": 5}, "fold: expected an integer from 0 to 4, got 5"),
        ("iris", {"split": "seed", "seed": -1}, "seed: expected an integer from 0 to 4,294,967,295, got -1"),
        (
            "flower",
            {"nois": 1},
            (
                "nois: expected one of features, noise, samples, data_seed, test_fraction, target, positive, task, "
                "drop, keep, missing, missing_values, header, separator, decimal, encoding, group, test_file"
            ),
        ),
        ("flower", {"features": "x1+x3"}, "features: expected x1 to x2, the inputs of 'flower', got x3 in 'x1+x3'"),
        ("iris", {"features": "sin(x5)"}, "features: expected x1 to x4, the inputs of 'iris', got x5 in 'sin(x5)'"),
        ("d.csv", {"features": "x1x2"}, "features: expected x1, the only input of 'd.csv', got x2 in 'x1x2'"),
        ("flower", {"features": "x1+x1"}, "features: expected each term once (x1 is repeated), got 'x1+x1'"),
        (
            "flower",
            {"features": "x\n1"},
            r"features: expected terms such as x1, x1^2, x1x2 and sin(x1), joined by +, or all, got 'x\n1'",
        ),
        (
            "flower",
            {"features": 3},
            "features: expected terms such as x1, x1^2, x1x2 and sin(x1), joined by +, or all, got 3",
        ),
    ],
)
def test_arguments_that_make_no_sense(name: str, arguments: dict[str, Any], message: str) -> None:
    write_csv("d.csv", {"x": [1, 2, 3, 5], "y": [0, 0, 1, 1]})
    with pytest.raises(DataError) as caught:
        load(name, **arguments)
    assert str(caught.value) == message


def test_a_value_of_many_lines_makes_a_message_of_one() -> None:
    with pytest.raises(DataError) as caught:
        load("flower", noise=np.zeros((9, 9)))
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 120


def test_numbers_of_other_types() -> None:
    data = load("moons", noise=np.float64(0.5), samples=np.int64(20), data_seed=np.uint32(3))
    assert data.fingerprint == load("moons", noise=0.5, samples=20, data_seed=3).fingerprint
    assert data.fingerprint == load("moons", noise="0.5", samples="20", data_seed="3").fingerprint
    assert load(write_csv("d.csv", {"x": [1, 2, 3, 5], "y": [0, 0, 1, 1]}), positive=0).class_names == ("1", "0")
    assert load("gauss", noise=0).fingerprint == load("gauss", noise=-0.0).fingerprint == load("gauss").fingerprint


def test_a_class_that_is_missing_is_said() -> None:
    assert load("circle", noise=1e6).notes == ("all training points are of class 0",)
    assert load("circle", noise=0.5).notes == ()


# --- computed features ------------------------------------------------------------------------------------


def test_features_of_generated_data() -> None:
    plain, data = load("xor", samples=40), load("xor", samples=40, features="X2x1 + sin(x2)")
    for X, features in ((plain.X, data.X), (plain.X_test, data.X_test)):
        np.testing.assert_allclose(features, [X[0] * X[1], np.sin(X[1])], rtol=0, atol=1e-15)
        assert features.flags.c_contiguous
        np.testing.assert_array_equal(data.inputs(X), features)
    np.testing.assert_array_equal(data.Y, plain.Y)
    np.testing.assert_array_equal(data.Y_test, plain.Y_test)
    assert data.feature_names == ("x1x2", "sin(x2)")
    assert data.features == "x1x2+sin(x2)"
    assert data.base is not None
    assert data.base.fingerprint == plain.fingerprint
    assert (data.base.feature_names, data.base.features, data.base.base) == (("x1", "x2"), "all", None)


def test_features_of_real_data_are_computed_after_standardizing_and_have_readable_names() -> None:
    plain, data = load("iris"), load("iris", features="x4+x3^2+x1x3+sin(x1)")
    X = plain.X_test
    np.testing.assert_allclose(data.X_test, [X[3], X[2] ** 2, X[0] * X[2], np.sin(X[0])], rtol=0, atol=1e-15)
    assert data.feature_names == (
        "petal width (cm)",
        "petal length (cm)^2",
        "sepal length (cm) * petal length (cm)",
        "sin(sepal length (cm))",
    )


@pytest.mark.parametrize("features", [None, "all", " ALL"])
def test_all_features_are_the_inputs(features: str | None) -> None:
    data = load("iris", features=features)
    assert data.fingerprint == FINGERPRINTS["iris"]
    assert (data.features, data.base) == ("all", None)
    assert data.inputs(data.X) is data.X


def test_features_of_enormous_test_values_stay_finite() -> None:
    rows = 40
    x = [float(row % 7) for row in range(rows)]
    x[split_by_definition(np.arange(rows) % 2 == 1)[1][0]] = 1e300
    data = load(write_csv("d.csv", {"x": x, "y": [row % 2 for row in range(rows)]}), features="x1+x1^2+sin(x1)")
    assert data.X_test.max() == 1e30
    assert np.isfinite(data.X_test.astype(np.float32)).all()


# --- fingerprint ------------------------------------------------------------------------------------------


def small() -> Data:
    one = np.array([[1.0, 2.0]])
    return Data("d", one, 0 * one, 3 * one, one - 1, ("x",), ("a", "b"))


def test_fingerprint_is_a_hash_of_shapes_and_little_endian_bytes() -> None:
    expected = hashlib.sha256()
    for values in ([1.0, 2.0], [0.0, 0.0], [3.0, 6.0], [0.0, 1.0]):
        expected.update(struct.pack("<qq", 1, 2) + struct.pack("<dd", *values))
    assert small().fingerprint == expected.hexdigest()


@pytest.mark.parametrize("field", ["X", "Y", "X_test", "Y_test"])
def test_fingerprint_changes_with_every_array(field: str) -> None:
    array = getattr(small(), field)
    for other in (np.nextafter(array, 9.0), array.T, array[:, ::-1].copy() + 1):
        assert dataclasses.replace(small(), **{field: other}).fingerprint != small().fingerprint


def test_fingerprint_has_no_part_for_names_byte_order_and_layout() -> None:
    other = dataclasses.replace(
        small(), name="e", notes=("n",), class_names=("c", "d"), features="x1", base=load("moons")
    )
    assert other.fingerprint == small().fingerprint
    swapped = dataclasses.replace(small(), X=small().X.astype(">f8"))
    assert swapped.fingerprint == small().fingerprint
    wide = np.repeat(small().X, 2, axis=1)[:, ::2]
    assert not wide.flags.c_contiguous
    assert dataclasses.replace(small(), X=wide).fingerprint == small().fingerprint


# --- the same bits on every CPU ---------------------------------------------------------------------------


# A change here means that stored runs are no longer those of the same command: make it knowingly.
FINGERPRINTS = {
    "flower": "b610db8858a56833a57fb7dc52061ef581c3e89e72be9c1869ad9c6d21eac79d",
    "moons": "abeac1a62fda0f837978a9bd18df2e5cf32030a310d4546da149877689fd8cfd",
    "circles": "4443d2b81c385f41c70ee5482bb22623b48e746c904d1dbc8700fbf9e58e2710",
    "blobs": "35e18c7447b0975bcd9ceaeb6d7c6cab7db86c3405628c3bc9507eb2a0ae2ed5",
    "gaussian_quantiles": "d3e0f806c222ec489051f90efb4a0b32a05c55d72ab31fd5bc315712b9625ea7",
    "circle": "656fa2061a23e65e619d0dc6f11d7a1597b17d71f4ca1c1490dfca5eca54af46",
    "xor": "8de4ec96e6c926d1e857e996569d8406bdfae22ae4316f3ae74f957dd7a07f1a",
    "gauss": "9887e90c3326c20af4b35321c2b9174cf7b9fbbfa875231f478eea86500e8c9b",
    "spiral": "6cf4e4c36075b07b02ae55ee06809698dcc26eb901767d964a0b70a9424209de",
    "plane": "1a8b5ba24542c86b2b48b9aa163a11e4a9c1d30b1d0df3b7bc72e342109f2c97",
    "multi_gaussian": "46d0d7dee3431d8b20d76d3c2c47158a21d2d340f582c6a5aa18037009c6928d",
    "gaussian_random": "a71d495961a69cebcd45c3f0e681c939504e5b4081c6588c1cdab224a76098c3",
    "iris": "a53e7725ea83c78d372744b8c3089e95a004b6b08a4cb9e668f4513a77e64415",
    "wine": "669d4e865f7ebdacf16398b8cb1f3e5907974fb0f20b72afea8d2eaae369e8e6",
    "digits": "b442ae43d8b894acb1e24d542060587d48f6b9236c6a64d0b8d6c52f968948ee",
    "diabetes": "57d4f05cc46cee30bd641f1ddfe2eae1b60a024753534f0e414f1066d779f4b6",
    "iris2": "1936fca916b8ba5c88197807fb9e4cc3351bd697d4e1f42ddf7adc1049c79f88",
    "breast_cancer": "12e4f584e3cb09499a2c0b405cf56bfbbc11a01fd02bcec946f4cf16e4de91a9",
}
# The same for requests with every argument that changes numbers; of the fingerprints the first 16 digits.
GENERATED = {"noise": 0.37, "samples": 101, "data_seed": 9, "features": "x1x2+sin(x2)"}
REAL = {"test_fraction": 0.4, "features": "x1^2+x1x2+sin(x2)"}
OTHER_REQUESTS: dict[str, dict[str, Any]] = {
    name: {"name": name} | (GENERATED if name in synthetic.PROBLEMS else REAL) for name in DATASETS
}
OTHER_FINGERPRINTS = {
    "flower": "864224626f7d3db3",
    "moons": "737c9d63a3e37847",
    "circles": "370478e88b755121",
    "blobs": "3f4213ae0ebe64a8",
    "gaussian_quantiles": "bcb1e29f98cf5bd5",
    "circle": "7e90c3a9c12c6c23",
    "xor": "68cb71628f0757cb",
    "gauss": "e940c1258b5f0f31",
    "spiral": "9732c615aea01187",
    "plane": "ccb97525b9c6a94b",
    "multi_gaussian": "c8b196e1af94a929",
    "gaussian_random": "6f6d38dafd9d2183",
    "iris": "87153b061f201619",
    "wine": "e8a3c4fa93d044a1",
    "digits": "556e83d0f25c4be3",
    "diabetes": "b532ab35138f18f6",
    "iris2": "f580ad118f897611",
    "breast_cancer": "daa18dab5f1c9ac3",
}


@pytest.mark.parametrize("name", DATASETS)
def test_bits_are_those_of_every_machine_before(name: str) -> None:
    assert load(name).fingerprint == FINGERPRINTS[name]


@pytest.mark.parametrize("name", DATASETS)
def test_bits_of_other_requests_are_those_of_every_machine_before(name: str) -> None:
    assert load(**OTHER_REQUESTS[name]).fingerprint[:16] == OTHER_FINGERPRINTS[name]


def test_bits_do_not_depend_on_the_cpu() -> None:
    rows = range(50)
    path = write_csv(
        "d.csv", {"a": [math.sin(r) for r in rows], "b": [0.1 * r for r in rows], "y": [r % 2 for r in rows]}
    )
    requests: list[dict[str, Any]] = [*({"name": name} for name in (*DATASETS, path)), *OTHER_REQUESTS.values()]
    code = (
        "import json, sys\nfrom experiments.datasets import load\n"
        "print(*(load(**request).fingerprint for request in json.loads(sys.argv[1])))"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(ROOT)])}
    if platform.machine() in ("x86_64", "AMD64"):  # an old one, for NumPy, the C library and Numba
        environment |= {
            "NPY_DISABLE_CPU_FEATURES": "X86_V4 X86_V3 AVX512_ICL AVX512_SPR",
            "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX512F",
            "NUMBA_CPU_NAME": "x86-64",
            "NUMBA_CPU_FEATURES": "",
        }
    computed = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, json.dumps(requests)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert computed == [load(**request).fingerprint for request in requests]
