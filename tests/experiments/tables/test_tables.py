"""experiments.tables: what is written is what was found, what is read is what was written, and never half of it."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import signal
import sqlite3
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from experiments.files import FILES, STORE, ResultsError, check_folder, replacing
from experiments.results import Results, read
from experiments.runner import run as run_module
from experiments.runner.backends import How
from experiments.runner.run import Done
from experiments.store import store
from experiments.store.store import Store, StoredRun
from experiments.sweep import Sweep
from experiments.tables import build, csv_files
from planar_core import training
from tests.helpers.knobs import DEFAULTS, OTHERS

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
]
AXES = ["dataset", "hidden", "learning_rate", "seed"]
MEASURES = ["cost", "train_accuracy", "test_accuracy"]


def csv_data(path: Path, label: str = "label") -> str:
    rows = [f"{i % 7},{i * i % 11},{(i // 2) % 2}" for i in range(40)]
    path.write_text("\n".join([f'a,b,"{label}"', *rows]), encoding="utf-8")
    return str(path)


def mixed(out: Path | None, monkeypatch: pytest.MonkeyPatch, **knobs: Any) -> Results:
    """A sweep with runs of every status: seed 1 of two units fails, the largest learning rate diverges."""
    new_batch = training.new_batch

    def failing(features: int, hidden: Any, seeds: Any, *others: Any) -> Any:
        if hidden == "2" and 1 in seeds:
            raise RuntimeError('=no, "really"\nnot')
        return new_batch(features, hidden, seeds, *others)

    monkeypatch.setattr(training, "new_batch", failing)
    request = {"hidden": [0, 2], "learning_rate": [0.1, 1e307], "seed": range(2), "iterations": 30, "record_every": 7}
    return Sweep(**{**request, **knobs}).run(jobs=1, out=out)


def assert_same(computed: Results, expected: Results) -> None:
    for name in ("runs", "curves", "summary"):
        pd.testing.assert_frame_equal(getattr(computed, name), getattr(expected, name), check_exact=True)
    assert computed.manifest == expected.manifest
    assert (computed.columns, computed.problem_columns) == (expected.columns, expected.problem_columns)
    for _, row in expected.runs[expected.runs["status"] != "failed"].iterrows():
        ours, theirs = computed.network(row).parameters, expected.network(row).parameters
        for pair, expected_pair in zip(ours, theirs, strict=True):
            for array, expected_array in zip(pair, expected_pair, strict=True):
                assert (array.dtype, array.shape) == (expected_array.dtype, expected_array.shape)
                assert array.tobytes() == expected_array.tobytes()
    for about in expected.manifest["data"]:
        for part in ("fingerprint", "name", "feature_names", "class_names", "notes"):
            assert getattr(computed.data(about["problem"]), part) == getattr(expected.data(about["problem"]), part)


# What is written


def test_the_columns_and_their_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    data = csv_data(tmp_path / "data.csv")
    mixed(tmp_path / "out", monkeypatch, dataset=data, target="label", dtype="float32")
    header = {name: (tmp_path / "out" / name).read_text().splitlines()[0].split(",") for name in FILES[:3]}
    identifying = [*AXES, "target", "dtype"]
    assert header["runs.csv"] == [*identifying, "iterations", "status", *MEASURES, "error"]
    assert header["curves.csv"] == [*identifying, "iteration", *MEASURES]
    assert header["summary.csv"] == [
        *(name for name in identifying if name != "seed"),
        *("n_seeds", "n_diverged", "n_failed", "n_stuck"),
        *(
            f"{s}_{m}"
            for m in ("test_accuracy", "train_accuracy", "cost")
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
            assert [row[measure] for measure in MEASURES] == ["", "", ""]
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
        results.data(name).fingerprint for name in ("flower", path)
    ]
    assert manifest["data"][1]["training_examples"] == 30
    assert manifest["data"][1]["test_examples"] == 10
    assert manifest["data"][1]["feature_names"] == ["a", "b"]
    assert manifest["execution"]["jobs"] == 1
    assert manifest["execution"]["backend"] == "threading"
    assert manifest["execution"]["versions"]["numpy"] == np.__version__
    assert 0 < manifest["execution"]["training_seconds"] < 600


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_what_is_read_is_what_was_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, dtype: str) -> None:
    path = csv_data(tmp_path / "data.csv")
    results = mixed(tmp_path / "out", monkeypatch, dataset=["flower", path], dtype=dtype)
    again = read(tmp_path / "out")
    assert_same(again, results)
    for _, run in results.runs[results.runs["status"] == "ok"].iterrows():
        data = again.data(run["dataset"])
        computed = again.network(run).predict_proba(data.X_test)
        assert computed.tobytes() == results.network(run).predict_proba(data.X_test).tobytes()
        assert np.mean(again.network(run).predict(data.X) == data.Y) == run["train_accuracy"]
    failed = again.runs[again.runs["status"] == "failed"].iloc[0]
    with pytest.raises(LookupError):
        again.network(failed)


def test_further_knobs_have_columns_and_words_make_them_text(tmp_path: Path) -> None:
    results = Sweep(
        hidden=1, learning_rate=[0.5, 0.25], seed=[2, 1], iterations=3, batch_size=["all", 32], l2=[0, 0.1],
        samples=100, init_scale=0.5, zip=[["learning_rate", "l2"]],
    ).run(out=tmp_path)  # fmt: skip
    again = read(tmp_path)
    assert_same(again, results)
    further = ["samples", "l2", "batch_size", "init_scale"]
    assert results.columns == [*AXES, *further]
    assert results.runs[results.columns].to_numpy().tolist() == [
        ["flower", "1", rate, seed, 100, l2, size, 0.5]
        for rate, l2 in ((0.5, 0.0), (0.25, 0.1))
        for size in ("all", "32")
        for seed in (2, 1)
    ]
    assert [results.curves[name].dtype for name in further] == [results.runs[name].dtype for name in further]
    with (tmp_path / "runs.csv").open(newline="") as runs, (tmp_path / "curves.csv").open(newline="") as curves:
        rows, points = list(csv.DictReader(runs)), list(csv.DictReader(curves))
    assert [row["batch_size"] for row in rows] == ["all", "all", "32", "32"] * 2
    assert [[row[name] for name in results.columns] for row in rows] == [
        [point[name] for name in results.columns] for point in points[::4]
    ]
    # A number may be given as one, where the column has words too.
    row = results.runs.iloc[2]
    as_numbers = row.copy()
    as_numbers["batch_size"] = 32
    assert row["batch_size"] == "32"
    for one in (row, as_numbers):
        parameters = again.network(one).parameters
        assert [W.tobytes() for W, _ in parameters] == [W.tobytes() for W, _ in results.network(row).parameters]


def test_data_are_those_of_a_row(tmp_path: Path) -> None:
    Sweep(dataset=["moons", "circles"], noise=["auto", 0.5], hidden=1, learning_rate=1, seed=0, iterations=1).run(
        out=tmp_path
    )
    again = read(tmp_path)
    assert [about["problem"] for about in again.manifest["data"]] == [
        {"dataset": name, "noise": noise} for name in ("moons", "circles") for noise in ("auto", 0.5)
    ]
    expected = [data.fingerprint for data in Sweep(dataset=["moons", "circles"], noise=["auto", 0.5]).load().values()]
    assert len(set(expected)) == 4
    for table in (again.runs, again.summary):
        assert [again.data(row).fingerprint for _, row in table.iterrows()] == expected
    assert again.data({"dataset": "moons", "noise": 0.5}).fingerprint == expected[1]
    for problem, said in (
        ("moons", "moons, of which it has 2"),
        ({"dataset": "moons", "noise": 1}, "noise 1, of which"),
    ):
        with pytest.raises(KeyError, match=said):
            again.data(problem)
    assert list(again.summary["rank_test_accuracy"]) == [1] * 4  # within each problem


@pytest.mark.parametrize("all_fail", [True, False])
def test_one_seed_or_nothing_but_failures_read_back_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, all_fail: bool
) -> None:
    results = mixed(tmp_path, monkeypatch, hidden=2, learning_rate=0.1, seed=1 if all_fail else 0)
    assert list(results.runs["status"]) == ["failed" if all_fail else "ok"]
    assert len(results.curves) == (0 if all_fail else 6)
    assert_same(read(tmp_path), results)


def test_some_curves_are_those_of_the_first_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    results = mixed(None, monkeypatch, seed=[1, 0, 2])  # 4 configurations, 6 records
    for most, seeds, note in (
        (3 * 24, [1, 0, 2], ""),
        (3 * 24 - 1, [1, 0], "curves of 2 of 3 seeds"),
        (1, [1], "curves of 1 of 3 seeds"),
    ):
        curves, said = results.some_curves(most)
        expected = results.curves[results.curves["seed"].isin(seeds)].reset_index(drop=True)
        pd.testing.assert_frame_equal(curves, expected, check_exact=True)
        assert said == note


@pytest.mark.parametrize("name", NASTY_NAMES)
def test_names_survive_and_are_never_formulas(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    csv_data(Path(name), label="=1+1")
    results = Sweep(dataset=name, target="=1+1", hidden=0, learning_rate=1, seed=0, iterations=1).run(out="out")
    assert_same(read("out"), results)
    assert results.runs["dataset"].item() == name
    for file in FILES[:3]:
        with Path("out", file).open(newline="", encoding="utf-8") as lines:
            rows = list(csv.reader(lines))
        for row in rows[1:]:
            assert row[0] in (name, f"'{name}")
            for cell in row:
                assert not cell.startswith(("=", "+", "@", "\t", "\r")), cell
                assert not cell.startswith("-") or math.isfinite(float(cell))


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
            table[name] = table[name].str.removeprefix("'")
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
@given(numbers=st.lists(st.tuples(floats, floats, floats), max_size=11), seed=st.integers(0, 2**32 - 1), rate=floats)
@example(numbers=[(-0.0, 5e-324, math.nan), (math.inf, -math.inf, 1e308)], seed=7, rate=5e-324)
def test_every_number_of_a_curve_survives(numbers: list[tuple[float, float, float]], seed: int, rate: float) -> None:
    assume(math.isfinite(rate))
    sweep = Sweep(dataset="=1+1.csv", hidden="2x2", learning_rate=abs(rate), seed=seed, iterations=10, record_every=1)
    curves = np.array(numbers, dtype=np.float64).reshape(-1, 3).T
    path = FOLDER / "curves.csv"
    with path.open("wb") as file, csv_files.curves_into(file, sweep) as write_run:
        write_run(sweep[0], seed, StoredRun("ok", curves, b"", ""))
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


# Whole files only


def test_files_are_as_readable_as_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.umask(0o027)
    try:
        mixed(tmp_path / "a" / "b c\nd", monkeypatch)
    finally:
        os.umask(before)
    files = sorted((tmp_path / "a" / "b c\nd").iterdir())
    assert [file.name for file in files] == sorted([*FILES, STORE])
    assert {file.stat().st_mode & 0o777 for file in files} == {0o640}


def test_a_reader_sees_whole_files_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweeps = [Sweep(hidden=[0, 2], learning_rate=1, seed=range(3), iterations=n, record_every=7) for n in (30, 40)]
    data, how, out = sweeps[0].load(), How(1), tmp_path / "out"
    for name, sweep in zip(("first", "second"), sweeps, strict=True):
        sweep.run(jobs=1, out=tmp_path / name)
    whole = {
        name: [(tmp_path / which / name).read_bytes() for which in ("first", "second")]
        for name in ("runs.csv", "curves.csv", "summary.csv")
    }
    out.mkdir()
    seen = set()
    with Store(out / STORE) as opened:
        computed = [run_module.run(sweep, data, opened, how, 1) for sweep in sweeps]
        csv_files.write(sweeps[0], data, opened, computed[0], out)
        done = threading.Event()

        def write() -> None:
            try:
                for _ in range(10):
                    for which in (1, 0):
                        csv_files.write(sweeps[which], data, opened, computed[which], out)
            finally:
                done.set()

        writer = threading.Thread(target=write)
        writer.start()
        while not done.is_set():
            for name, versions in whole.items():
                seen.add((name, versions.index((out / name).read_bytes())))
            manifest = json.loads((out / "sweep.json").read_text(encoding="utf-8"))
            seen.add(("sweep.json", [30, 40].index(manifest["request"]["iterations"])))
            assert len(read(out).runs) == 6
        writer.join()
    assert len(seen) >= 6  # both versions, of most files
    assert sorted(path.name for path in out.iterdir()) == sorted([*FILES, STORE])


@pytest.mark.parametrize("where", ["_write_csv", "_tables", "_manifest"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interrupted_write_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, error: type[BaseException]
) -> None:
    results = mixed(tmp_path, monkeypatch, iterations=30)
    before = {name: (tmp_path / name).read_bytes() for name in FILES}

    original: Callable[..., None] = getattr(tables, where)

    def interrupted(*arguments: Any) -> None:
        original(*arguments)
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, where, interrupted)
        with pytest.raises(error):
            mixed(tmp_path, monkeypatch, iterations=40)
    assert {path.name for path in tmp_path.iterdir()} == {*FILES, STORE}
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == before
    assert_same(read(tmp_path), results)
    # What was trained is not lost with the tables: the failed runs alone are trained again.
    counts = mixed(tmp_path, monkeypatch, iterations=40).manifest["counts"]
    assert (counts["computed"], counts["reused"]) == (2, 6)


def test_what_a_killed_writer_left_is_removed_and_what_another_writes_is_not(tmp_path: Path) -> None:
    path, theirs = tmp_path / "runs.csv", tmp_path / ".runs.csv.old"
    theirs.touch()
    code = "import os, sys, pathlib; from experiments.tables import replacing\n"
    code += "with replacing(pathlib.Path(sys.argv[1])) as file: file.write(b'half'); os.kill(os.getpid(), 9)"
    killed = subprocess.run([sys.executable, "-c", code, path], cwd=Path(__file__).parents[3], check=False)
    assert killed.returncode == -signal.SIGKILL
    (left,) = set(tmp_path.iterdir()) - {theirs}
    with replacing(path) as one:
        assert not left.exists()
        with replacing(path) as other:
            other.write(b"other")
        assert path.read_bytes() == b"other"
        one.write(b"one")
    assert path.read_bytes() == b"one"
    assert set(tmp_path.iterdir()) == {path, theirs}


def test_the_manifest_takes_its_place_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replaced: list[str] = []
    replace = os.replace

    def recording(source: Any, target: Any) -> None:
        # Those that are to come are complete, before the first one takes its place.
        unfinished = list(tmp_path.glob(".*.csv.*")) + list(tmp_path.glob(".*.json.*"))
        assert len(unfinished) == 4 - len(replaced)
        assert all(path.read_bytes().endswith(b"\n") for path in unfinished)
        replaced.append(Path(target).name)
        replace(source, target)

    monkeypatch.setattr(os, "replace", recording)
    mixed(tmp_path, monkeypatch)
    assert sorted(replaced) == sorted(FILES)
    assert replaced[-1] == "sweep.json"


def test_a_store_of_no_folder_has_a_name_in_messages_too() -> None:
    sweep = Sweep(hidden=0, learning_rate=1, seed=0, iterations=1)
    with Store(None) as empty:
        with pytest.raises(ResultsError, match=r"^the temporary store: lacks runs of the sweep: run it again$"):
            build.gather(sweep, sweep.load(), empty, Done(0, 1, 0.0, How(1)))
        with pytest.raises(ResultsError, match=r"^the temporary store: lacks the data of flower: "):
            empty.data("ff", name="flower")


def test_the_tables_hold_what_was_asked_for_whatever_else_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mixed(tmp_path / "alone", monkeypatch)
    mixed(tmp_path / "after", monkeypatch, hidden=[2, 3, 0], seed=[1, 5], dataset=["moons", "flower"])
    mixed(tmp_path / "after", monkeypatch)
    for name in FILES[:3]:
        assert (tmp_path / "after" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()
    # Tables that were lost or edited are written again from the store.
    (tmp_path / "after" / "runs.csv").unlink()
    (tmp_path / "after" / "curves.csv").write_text("edited")
    mixed(tmp_path / "after", monkeypatch)
    for name in FILES[:3]:
        assert (tmp_path / "after" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()


# Damage


def pickle_bomb(fuse: Path) -> bytes:
    """An archive of arrays whose unpickling would create the file ``fuse``."""

    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (fuse,))

    buffer = io.BytesIO()
    np.savez(buffer, X=np.array([Bomb()], dtype=object), allow_pickle=True)
    return buffer.getvalue()


def cut(name: str, part: float) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: int(len(content) * part)])

    return damage


def replaced(name: str, old: bytes, new: bytes) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        content = (folder / name).read_bytes()
        assert old in content
        (folder / name).write_bytes(content.replace(old, new, 1))

    return damage


def deleted(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def edited(statement: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        connection = sqlite3.connect(folder / STORE)
        with connection:
            assert connection.execute(statement).rowcount > 0
        connection.close()

    return damage


def of_a_later_version(folder: Path) -> None:
    connection = sqlite3.connect(folder / STORE)
    connection.execute(f"PRAGMA user_version = {store.FORMAT + 1}")
    connection.close()


DAMAGES: dict[str, Callable[[Path], object]] = {
    **{f"{name} deleted": deleted(name) for name in ("sweep.json", "sweep.sqlite")},
    **{f"{name} empty": cut(name, 0) for name in ("sweep.json", "sweep.sqlite")},
    **{f"{name} cut": cut(name, 0.7) for name in ("sweep.json", "sweep.sqlite")},
    "sweep.json a list": lambda folder: (folder / "sweep.json").write_text("[]"),
    "sweep.json nested": lambda folder: (folder / "sweep.json").write_text("[" * 100_000),
    "sweep.json not UTF-8": lambda folder: (folder / "sweep.json").write_bytes(b"\xff"),
    "sweep.json of a later format": replaced("sweep.json", b'"format": 3', b'"format": 4'),
    "sweep.json of an earlier format": replaced("sweep.json", b'"format": 3', b'"format": 2'),
    "sweep.json without a request": replaced("sweep.json", b'"request"', b'"wish"'),
    "sweep.json with another knob": replaced("sweep.json", b'"hidden"', b'"height"'),
    "sweep.json with another value": replaced("sweep.json", b'"float64"', b'"float46"'),
    "sweep.json with more seeds": replaced("sweep.json", b'"0:2"', b'"0:3"'),
    "sweep.json with another rate": replaced("sweep.json", b"0.1,", b"0.2,"),
    "sweep.json with more data": replaced("sweep.json", b'"data": [', b'"data": [{},'),
    "sweep.json without data": replaced("sweep.json", b'"data": [', b'"data": [], "other": ['),
    "sweep.json of another problem": replaced("sweep.json", b'"dataset": "flower"', b'"dataset": "tulip"'),
    "sweep.json with another zip": replaced("sweep.json", b'"zip": []', b'"zip": [["l1"]]'),
    "sweep.json of other data": replaced("sweep.json", b'"fingerprint": "', b'"fingerprint": "0'),
    "sweep.sqlite text": lambda folder: (folder / "sweep.sqlite").write_text("text " * 10_000),
    "sweep.sqlite of a later version": of_a_later_version,
    "a run with another cost": edited("UPDATE runs SET curves = zeroblob(length(curves)) WHERE status = 'ok'"),
    "a run with another status": edited("UPDATE runs SET status = 'ok' WHERE status = 'diverged'"),
    "a run of an unknown status": edited("UPDATE runs SET status = 'fine' WHERE status = 'ok'"),
    "a run with another error": edited("UPDATE runs SET error = 'fine' WHERE status = 'failed'"),
    "a run with numbers for text": edited("UPDATE runs SET error = 7"),
    "a run with half its curves": edited("UPDATE runs SET curves = substr(curves, 1, 72) WHERE status = 'ok'"),
    "a run with another network": edited("UPDATE runs SET parameters = zeroblob(length(parameters))"),
    "a run of another seed": edited("UPDATE runs SET id = id + 1 WHERE id % 4294967296 = 1"),
    "a run of another configuration": edited("UPDATE runs SET id = id + 100 * 4294967296"),
    "runs that are gone": edited("DELETE FROM runs WHERE status = 'ok'"),
    "runs that changed places": edited(
        "UPDATE runs SET curves = (SELECT curves FROM runs WHERE status = 'ok' ORDER BY id DESC) WHERE status = 'ok'"
    ),
    "configurations that are gone": edited("DELETE FROM configurations"),
    "data that are gone": edited("DELETE FROM data"),
    "data of another archive": edited("UPDATE data SET arrays = zeroblob(1000)"),
    "data cut": edited("UPDATE data SET arrays = substr(arrays, 1, 1000)"),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("written")
    with pytest.MonkeyPatch.context() as patch:
        mixed(folder, patch)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_said_in_one_line(damage: str, tmp_path: Path, written: dict[str, bytes]) -> None:
    for name, content in written.items():
        (tmp_path / name).write_bytes(content)
    DAMAGES[damage](tmp_path)
    with pytest.raises(ResultsError) as error:
        read(tmp_path).data("flower")
    assert str(tmp_path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("damage", ["sweep.sqlite cut", "a run with another cost", "data that are gone"])
def test_damage_after_reading_is_said_too(damage: str, tmp_path: Path, written: dict[str, bytes]) -> None:
    for name, content in written.items():
        (tmp_path / name).write_bytes(content)
    results = read(tmp_path)
    DAMAGES[damage](tmp_path)
    with pytest.raises(ResultsError, match=r"sweep\.sqlite: "):  # noqa: PT012 - each of them reads on access
        assert len(results.curves) > 0
        results.data("flower")


def test_nothing_is_unpickled(tmp_path: Path, written: dict[str, bytes]) -> None:
    for name, content in written.items():
        (tmp_path / name).write_bytes(content)
    fuse = tmp_path / "exploded"
    bomb = pickle_bomb(fuse)
    with np.load(io.BytesIO(bomb), allow_pickle=True) as stored:
        assert stored["X"].shape == (1,)
    assert fuse.exists()  # the bomb works
    fuse.unlink()

    connection = sqlite3.connect(tmp_path / STORE)
    with connection:
        connection.execute("UPDATE data SET arrays = ?", (bomb,))
    connection.close()
    results = read(tmp_path)
    with pytest.raises(ResultsError):
        results.data("flower")
    assert not fuse.exists()


def test_a_folder_without_results(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ResultsError) as error:
            read(folder)
        assert str(error.value) == f"{folder}: expected the results of a sweep, found no sweep.json"


def test_reading_leaves_the_folder_alone(tmp_path: Path, written: dict[str, bytes]) -> None:
    for name, content in written.items():
        (tmp_path / name).write_bytes(content)
    results = read(tmp_path)
    assert len(results.curves) > 0
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == written


# Where to write


def test_a_folder_that_can_be_written_to_is_left_alone(tmp_path: Path) -> None:
    assert check_folder(tmp_path) == tmp_path
    assert check_folder(tmp_path / "a" / "b") == tmp_path
    assert check_folder(str(tmp_path / "naïve\nname")) == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    (tmp_path / "taken" / "runs.csv").mkdir(parents=True)
    for folder, reason in (
        (tmp_path / "file", "Not a directory"),
        (tmp_path / "file" / "below", "Not a directory"),
        (tmp_path / "link", "No such file or directory"),
        (tmp_path / ("x" * 300), "File name too long"),
        (tmp_path / "taken", "runs.csv is a folder"),
        ("", "No such file or directory"),
    ):
        with pytest.raises(ResultsError) as error:
            check_folder(folder)
        assert str(error.value) == f"expected a folder that can be written to, got {str(folder)!r}: {reason}"
    with pytest.raises(ResultsError, match="expected a folder that can be written to, got '/proc/self/x': "):
        check_folder("/proc/self/x")  # where not even root may


def test_the_best_configurations_and_their_networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = mixed(tmp_path, monkeypatch, dataset=["flower", "moons"], seed=range(3))
    best = results.best()
    assert best["dataset"].tolist() == ["flower", "moons"]
    assert best["rank_test_accuracy"].tolist() == [1, 1]
    assert len(results.best(3)) == 6
    row = best.iloc[1]
    same = (results.runs[["dataset", "hidden", "learning_rate"]] == row[["dataset", "hidden", "learning_rate"]]).all(
        axis=1
    )
    median = results.runs[same].sort_values("test_accuracy").iloc[1]
    data = results.data("moons")
    predicted = results.network(row).predict(data.X_test)
    assert (predicted == data.Y_test).mean() == median["test_accuracy"]


def test_a_configuration_without_a_finished_run_has_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = mixed(tmp_path, monkeypatch, seed=[1])
    failed = results.summary[results.summary["hidden"] == "2"].iloc[0]
    with pytest.raises(LookupError, match="expected a finished run, got none"):
        results.network(failed)


def test_in_a_notebook_results_show_the_best(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    html = mixed(tmp_path, monkeypatch)._repr_html_()
    assert "8 runs, " in html
    assert "2 failed" in html
    assert "<th>mean_test_accuracy</th>" in html
    assert html.count("<tr") == 1 + 4
