"""The files of a sweep: what is written is what was found, bit for bit, and never a formula."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from experiments.files import FILES
from experiments.results import read
from experiments.store.store import StoredRuns
from experiments.sweep import Sweep
from experiments.tables import csv_files
from experiments.tables.stored import Block
from tests.helpers.knobs import DEFAULTS, OTHERS
from tests.helpers.mixed import AXES, MEASURES, assert_same, csv_data, mixed

NASTY_NAMES = [
    "=cmd()|'calc'!A0.csv",
    "+1.csv",
    "-1.csv",
    "@sum.csv",
    "\tx.csv",
    "'quoted.csv",
    "a,b.csv",
    'say "no".csv',
    "two\nlines.csv",
    " spaces .csv",
    "naïve 数据.csv",
    "NA.csv",
    "a;=1+1;b.csv",
    'a;"=1+1;b".csv',
    "a;'b;-1;\t\uff1d2\n@c.csv",
]


def unmarked(cell: str) -> str:
    """The text of a cell: without the apostrophe at the start of it, or of a part of it."""
    return re.sub(r"(^|[;\t\r\n])'", r"\1", cell)


def formulas(content: str) -> list[str]:
    """What a spreadsheet would run, whichever separator it splits at."""
    lines = content.replace("\r", "\n").split("\n")
    cells = [cell for separator in ",;\t" for row in csv.reader(lines, delimiter=separator) for cell in row]
    return [
        cell for cell in cells
        if cell.startswith(("=", "+", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r"))
        or (cell.startswith("-") and not re.match(r"-[\d.]", cell))
    ]  # fmt: skip


def test_the_columns_and_their_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    data = csv_data(tmp_path / "data.csv")
    mixed(tmp_path / "out", monkeypatch, dataset=data, target="label", dtype="float32")
    header = {name: (tmp_path / "out" / name).read_text().splitlines()[0].split(",") for name in FILES[:3]}
    identifying = [*AXES, "target", "dtype"]
    assert header["runs.csv"] == [*identifying, "iterations", "status", *MEASURES, "error"]
    assert header["curves.csv"] == [*identifying, "iteration", *MEASURES]
    assert header["summary.csv"] == [
        *(name for name in identifying if name != "seed"),
        *("n_seeds", "n_diverged", "n_failed", "n_stuck", "n_one_class"),
        *(
            f"{s}_{m}"
            for m in ("test_accuracy", "train_accuracy", "cost", "test_cost")
            for s in ("mean", "std", "ci_low", "ci_high", "median", "iqm")
        ),
        *("rank_test_accuracy", "tied_with_best", "difference_to_best", "difference_ci_low", "difference_ci_high"),
        *("target_test_accuracy", "n_reached_target", "median_iterations_to_target"),
    ]


def test_the_rows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    results = mixed(tmp_path, monkeypatch)
    with (tmp_path / "runs.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with (tmp_path / "curves.csv").open(newline="", encoding="utf-8") as file:
        points = list(csv.DictReader(file))
    assert [tuple(row[axis] for axis in AXES) for row in rows] == [
        ("flower", hidden, rate, seed) for hidden in "02" for rate in ("0.1", "1e+307") for seed in "01"
    ]
    assert [row["status"] for row in rows] == ["ok", "ok", "diverged", "diverged", "ok", "failed", "diverged", "failed"]
    assert [row["iterations"] for row in rows] == ["30"] * 8
    for k, row in enumerate(rows):
        curve = [point for point in points if all(point[axis] == row[axis] for axis in AXES)]
        if row["status"] == "failed":
            assert curve == []
            assert [row[measure] for measure in MEASURES] == [""] * 4
            assert row["error"] == 'RuntimeError: =no, "really" not'
            continue
        assert row["error"] == ""
        assert [row[measure] for measure in MEASURES] == [curve[-1][measure] for measure in MEASURES]
        assert [point["iteration"] for point in curve] == ["0", "7", "14", "21", "28", "30"][: len(curve)]
        assert (len(curve) == 6) == (row["status"] == "ok")
        assert all(math.isfinite(float(point[measure])) for point in curve for measure in MEASURES)
        assert float(row["cost"]) == results.runs["cost"][k]
        assert row["cost"] == repr(float(row["cost"]))  # the shortest form that reads back


def test_the_manifest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = csv_data(tmp_path / "data.csv")
    results = mixed(tmp_path / "out", monkeypatch, dataset=["flower", path], hidden=[0, 2, "2"])
    manifest = json.loads((tmp_path / "out" / "sweep.json").read_text(encoding="utf-8"))
    assert manifest == results.manifest
    assert manifest["format"] == 3
    assert manifest["request"] == {
        **DEFAULTS,
        **OTHERS,
        "dataset": ["flower", path],
        "hidden": ["0", "2"],
        "learning_rate": [0.1, 1e307],
        "seed": "0:2",
        "iterations": 30,
        "record_every": 7,
        "zip": [],
    }
    assert (manifest["columns"], manifest["problem_columns"]) == (AXES, ["dataset"])
    statuses = results.runs["status"].value_counts().to_dict()
    assert manifest["counts"] == {"runs": 16, **statuses, "computed": 16, "reused": 0}
    assert manifest["notes"] == ["--hidden: repeated value dropped: 2"]
    assert [about["problem"] for about in manifest["data"]] == [{"dataset": "flower"}, {"dataset": path}]
    assert [about["fingerprint"] for about in manifest["data"]] == [
        results.source(name).fingerprint for name in ("flower", path)
    ]
    assert manifest["data"][1]["training_examples"] == 30
    assert manifest["data"][1]["test_examples"] == 10
    assert manifest["data"][1]["feature_names"] == ["a", "b"]
    assert manifest["execution"]["jobs"] == 1
    assert manifest["execution"]["backend"] == "threading"
    assert manifest["execution"]["versions"]["numpy"] == np.__version__
    assert 0 < manifest["execution"]["training_seconds"] < 600


@pytest.mark.parametrize("name", NASTY_NAMES)
def test_names_survive_and_are_never_formulas(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    csv_data(Path(name), label="=1+1")
    results = Sweep(dataset=name, target="=1+1", hidden=0, learning_rate=1, seed=0, iterations=1).run(out="out")
    assert_same(read("out"), results)
    assert results.runs["dataset"].item() == name
    for file in FILES[:3]:
        content = Path("out", file).read_bytes().decode()
        rows = list(csv.reader(io.StringIO(content, newline="")))
        assert [unmarked(row[0]) for row in rows[1:]] == [name] * len(rows[1:])
        assert formulas(content) == []


def test_text_is_quoted_and_nothing_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mixed(tmp_path, monkeypatch)
    for file, n_texts in zip(FILES[:3], (3, 2, 2), strict=True):  # dataset, hidden, status
        header, *rows = (tmp_path / file).read_text(encoding="utf-8").splitlines()
        assert '"' not in header
        for row in rows:
            cells = row.split(",")
            texts = [cell for cell in cells if cell.startswith('"')]
            assert texts[:2] == ['"flower"', cells[1]]
            assert len(texts) == n_texts or "RuntimeError" in row
            if "RuntimeError" not in row:
                assert all(
                    cell in ("True", "False") or not math.isnan(float(cell or 0)) for cell in set(cells) - set(texts)
                )


@settings(max_examples=1000, deadline=None)
@given(st.text(st.sampled_from("=+-@;,|\t\r\n '\"\uff1da1"), min_size=1))
def test_no_part_of_a_text_is_a_formula_and_it_comes_back(text: str) -> None:
    content = io.BytesIO()
    csv_files.write_csv(pd.DataFrame({"x": [1.5], "error": [text], text: [text]}), content)
    written = content.getvalue().decode()
    assert formulas(written) == []
    header, row = csv.reader(io.StringIO(written, newline=""))
    assert [unmarked(cell) for cell in row] == ["1.5", text, text]
    assert [unmarked(cell) for cell in header] == ["x", "error", text]


floats = st.floats(width=64)


def bits(numbers: Iterable[float]) -> list[bytes]:
    """Of each number; every nan is the same."""
    return [struct.pack("<d", math.nan if math.isnan(number) else number) for number in numbers]


# Reading bit for bit is the default from pandas 3.1 on, where asking for it is deprecated.
EXACT: dict[str, Any] = (
    {} if tuple(map(int, pd.__version__.split(".")[:2])) >= (3, 1) else {"float_precision": "round_trip"}
)


def read_csv(path: Path) -> pd.DataFrame:
    """As somebody would who wants every bit: an apostrophe before a text is the spreadsheets'."""
    texts = ("dataset", "hidden", "error")
    table: pd.DataFrame = pd.read_csv(
        path, **EXACT, keep_default_na=False,
        dtype=dict.fromkeys(texts, "str"), na_values={measure: [""] for measure in MEASURES},
    )  # fmt: skip
    for name in texts:
        if name in table:
            table[name] = table[name].map(unmarked)
    return table


@settings(max_examples=200, deadline=None)
@given(
    numbers=st.lists(floats, min_size=1, max_size=30),
    text=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\r")), min_size=1, max_size=30),
)
@example(
    numbers=[-0.0, 5e-324, -2.2250738585072009e-308, math.inf, -math.inf, math.nan, 1.7976931348623157e308], text=["x"]
)
@example(numbers=[0.1 + 0.2, 1e22, 1e23, 9007199254740993.0, 123456789012345680.0], text=["", "nan", "'", "''=", "1.0"])
def test_every_number_and_text_survives(numbers: list[float], text: list[str]) -> None:
    length = max(len(numbers), len(text))
    table = pd.DataFrame(
        {
            "dataset": pd.Series((text * length)[:length], dtype="str"),
            "cost": np.array((numbers * length)[:length]),
            "error": pd.Series((text * length)[:length][::-1], dtype="str"),
        }
    )
    path = FOLDER / "table.csv"
    with path.open("wb") as file:
        csv_files.write_csv(table, file)
    computed = read_csv(path)

    assert list(computed["dataset"]) == list(table["dataset"])
    assert list(computed["error"]) == list(table["error"])
    assert bits(computed["cost"]) == bits(table["cost"])
    with path.open(newline="", encoding="utf-8") as lines:
        cells = [row[1] for row in csv.reader(lines)][1:]
    assert cells == ["" if math.isnan(number) else repr(number) for number in table["cost"].tolist()]


@settings(max_examples=100, deadline=None)
@given(numbers=st.lists(st.tuples(*[floats] * 4), max_size=11), seed=st.integers(0, 2**32 - 1), rate=floats)
@example(numbers=[(-0.0, 5e-324, math.nan, 0.1), (math.inf, -math.inf, 1e308, -5e-324)], seed=7, rate=5e-324)
def test_every_number_of_a_curve_survives(numbers: list[tuple[float, ...]], seed: int, rate: float) -> None:
    assume(math.isfinite(rate))
    sweep = Sweep(dataset="=1+1.csv", hidden="2x2", learning_rate=abs(rate), seed=seed, iterations=10, record_every=1)
    curves = np.array(numbers, dtype=np.float64).reshape(-1, 4).T
    path = FOLDER / "curves.csv"
    runs = StoredRuns(np.zeros(1, np.int8), np.array([len(numbers)]), curves[np.newaxis], [b""], [""])
    with path.open("wb") as file:
        csv_files.CurvesFile(file, sweep, "accuracy").write(Block(0, 0, [sweep[0]], [seed], runs))
    computed = read_csv(path)

    assert list(computed.columns) == [*AXES, "iteration", *MEASURES]
    assert list(computed["iteration"]) == list(range(len(numbers)))
    for measure, expected in zip(MEASURES, curves, strict=True):
        assert bits(computed[measure].astype(float)) == bits(expected)
    assert bits(computed["learning_rate"].astype(float)) == bits([abs(rate)] * len(numbers))
    assert computed[["dataset", "hidden", "seed"]].drop_duplicates().values.tolist() in (
        [],
        [["=1+1.csv", "2x2", seed]],
    )


@pytest.fixture(autouse=True, scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    global FOLDER  # noqa: PLW0603 - hypothesis has no use for a fixture of each test
    FOLDER = tmp_path_factory.mktemp("tables")


FOLDER: Path
