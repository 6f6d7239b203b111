"""experiments.tables: what is written is what was found, what is read is what was written, and never half of it."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import struct
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from experiments import tables
from experiments.sweep import Sweep
from experiments.tables import Results, ResultsError
from planar_core import training

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
    for ours, theirs in zip(computed._parameters, expected._parameters, strict=True):
        assert (ours is None) == (theirs is None)
        for pair, expected_pair in zip(ours or [], theirs or [], strict=True):
            for array, expected_array in zip(pair, expected_pair, strict=True):
                assert (array.dtype, array.shape) == (expected_array.dtype, expected_array.shape)
                assert array.tobytes() == expected_array.tobytes()
    for name in expected.manifest["data"]:
        for part in ("fingerprint", "name", "feature_names", "class_names", "notes"):
            assert getattr(computed.data(name), part) == getattr(expected.data(name), part)


# What is written


def test_the_columns_and_their_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    data = csv_data(tmp_path / "data.csv")
    mixed(tmp_path / "out", monkeypatch, dataset=data, target="label", dtype="float32")
    header = {name: (tmp_path / "out" / name).read_text().splitlines()[0].split(",") for name in tables.FILES[:3]}
    identifying = [*AXES, "target", "dtype"]
    assert header["runs.csv"] == [*identifying, "iterations", "status", *MEASURES, "error"]
    assert header["curves.csv"] == [*identifying, "iteration", *MEASURES]
    assert header["summary.csv"] == [
        *(name for name in identifying if name != "seed"),
        *("n_seeds", "n_diverged", "n_failed"),
        *(
            f"{s}_{m}"
            for m in ("test_accuracy", "train_accuracy", "cost")
            for s in ("mean", "std", "ci_low", "ci_high")
        ),
        *("rank_test_accuracy", "tied_with_best"),
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
    assert manifest["format"] == 1
    assert manifest["request"] == {
        "dataset": ["flower", path],
        "hidden": ["0", "2"],
        "learning_rate": [0.1, 1e307],
        "seed": "0:2",
        "target": None,
        "iterations": 30,
        "record_every": 7,
        "dtype": "float64",
    }
    assert (manifest["columns"], manifest["problem_columns"]) == (AXES, ["dataset"])
    assert manifest["counts"] == {"runs": 16, **results.runs["status"].value_counts().to_dict()}
    assert manifest["notes"] == ["--hidden: repeated value dropped: 2"]
    assert {name: about["fingerprint"] for name, about in manifest["data"].items()} == {
        name: results.data(name).fingerprint for name in ("flower", path)
    }
    assert manifest["data"][path]["training_examples"] == 30
    assert manifest["data"][path]["test_examples"] == 10
    assert manifest["data"][path]["feature_names"] == ["a", "b"]
    assert manifest["execution"]["jobs"] == 1
    assert manifest["execution"]["versions"]["numpy"] == np.__version__
    assert 0 < manifest["execution"]["training_seconds"] < 600


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_what_is_read_is_what_was_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, dtype: str) -> None:
    path = csv_data(tmp_path / "data.csv")
    results = mixed(tmp_path / "out", monkeypatch, dataset=["flower", path], dtype=dtype)
    again = tables.read(tmp_path / "out")
    assert_same(again, results)
    for _, run in results.runs[results.runs["status"] == "ok"].iterrows():
        data = again.data(run["dataset"])
        computed = again.network(run).predict_proba(data.X_test)
        assert computed.tobytes() == results.network(run).predict_proba(data.X_test).tobytes()
        assert np.mean(again.network(run).predict(data.X) == data.Y) == run["train_accuracy"]
    failed = again.runs[again.runs["status"] == "failed"].iloc[0]
    with pytest.raises(LookupError):
        again.network(failed)


@pytest.mark.parametrize("all_fail", [True, False])
def test_one_seed_or_nothing_but_failures_read_back_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, all_fail: bool
) -> None:
    results = mixed(tmp_path, monkeypatch, hidden=2, learning_rate=0.1, seed=1 if all_fail else 0)
    assert list(results.runs["status"]) == ["failed" if all_fail else "ok"]
    assert len(results.curves) == (0 if all_fail else 6)
    assert_same(tables.read(tmp_path), results)


@pytest.mark.parametrize("name", NASTY_NAMES)
def test_names_survive_and_are_never_formulas(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    csv_data(Path(name), label="=1+1")
    results = Sweep(dataset=name, target="=1+1", hidden=0, learning_rate=1, seed=0, iterations=1).run(out="out")
    assert_same(tables.read("out"), results)
    assert results.runs["dataset"].item() == name
    for file in tables.FILES[:3]:
        with Path("out", file).open(newline="", encoding="utf-8") as lines:
            rows = list(csv.reader(lines))
        for row in rows[1:]:
            assert row[0] in (name, f"'{name}")
            for cell in row:
                assert not cell.startswith(("=", "+", "@", "\t", "\r")), cell
                assert not cell.startswith("-") or math.isfinite(float(cell))


floats = st.floats(width=64)


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
        tables._write_csv(table, file)
    computed = tables._read_csv(path)

    assert list(computed["dataset"]) == list(table["dataset"])
    assert list(computed["error"]) == list(table["error"])
    bits = [struct.pack("<d", number) for number in computed["cost"]]
    expected = [struct.pack("<d", math.nan if math.isnan(number) else number) for number in table["cost"]]
    assert bits == expected
    with path.open(newline="", encoding="utf-8") as file:
        cells = [row[1] for row in csv.reader(file)][1:]
    assert cells == ["" if math.isnan(number) else repr(number) for number in table["cost"].tolist()]


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
    assert [file.name for file in files] == sorted(tables.FILES)
    assert {file.stat().st_mode & 0o777 for file in files} == {0o640}


def test_a_reader_sees_whole_files_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = mixed(tmp_path / "first", monkeypatch, iterations=30)
    second = mixed(tmp_path / "second", monkeypatch, iterations=40)
    whole = {
        name: [(tmp_path / which / name).read_bytes() for which in ("first", "second")]
        for name in ("runs.csv", "curves.csv", "summary.csv", "sweep.json")
    }
    out = tmp_path / "out"
    tables.write(first, out)
    done = threading.Event()

    def write() -> None:
        for _ in range(10):
            tables.write(second, out)
            tables.write(first, out)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    while not done.is_set():
        for name, versions in whole.items():
            seen.add((name, versions.index((out / name).read_bytes())))
    writer.join()
    assert len(seen) >= 6  # both versions, of most files
    assert sorted(path.name for path in out.iterdir()) == sorted(tables.FILES)


@pytest.mark.parametrize("where", ["_write_csv", "_write_networks"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interrupted_write_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, error: type[BaseException]
) -> None:
    results = mixed(tmp_path, monkeypatch, iterations=30)
    newer = mixed(None, monkeypatch, iterations=40)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    original: Callable[..., None] = getattr(tables, where)

    def interrupted(*arguments: Any) -> None:
        original(*arguments)
        raise error

    monkeypatch.setattr(tables, where, interrupted)
    with pytest.raises(error):
        tables.write(newer, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert_same(tables.read(tmp_path), results)


def test_the_manifest_takes_its_place_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = mixed(None, monkeypatch)
    replaced: list[str] = []
    replace = os.replace

    def recording(source: Any, target: Any) -> None:
        assert {path.name for path in tmp_path.glob(".*")} >= {Path(source).name}
        replaced.append(Path(target).name)
        replace(source, target)

    monkeypatch.setattr(os, "replace", recording)
    tables.write(results, tmp_path)
    assert sorted(replaced) == sorted(tables.FILES)
    assert replaced[-1] == "sweep.json"


# Damage


def pickle_bomb(fuse: Path) -> bytes:
    """An archive of arrays whose unpickling would create the file ``fuse``."""

    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (fuse,))

    buffer = io.BytesIO()
    np.savez(buffer, parameters=np.array([Bomb()], dtype=object), allow_pickle=True)
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


def without_row(name: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        lines = (folder / name).read_bytes().splitlines(keepends=True)
        (folder / name).write_bytes(b"".join(lines[:-1]))

    return damage


def without_end(name: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        content = (folder / name).read_bytes()
        assert content.endswith(b"5\n")
        (folder / name).write_bytes(content[:-2])  # a number, but another one

    return damage


def deleted(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def other_array(name: str, array: np.ndarray[Any, Any]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        with np.load(folder / "networks.npz", allow_pickle=False) as stored:
            arrays = {key: stored[key] for key in stored.files}
        np.savez(folder / "networks.npz", allow_pickle=False, **{**arrays, name: array})

    return damage


DAMAGES = {
    **{f"{name} deleted": deleted(name) for name in tables.FILES},
    **{f"{name} empty": cut(name, 0) for name in tables.FILES},
    **{f"{name} cut": cut(name, 0.7) for name in tables.FILES},
    "curves.csv without the last digit": without_end("curves.csv"),
    "runs.csv without a row": without_row("runs.csv"),
    "summary.csv without a row": without_row("summary.csv"),
    "runs.csv with text for a number": replaced("runs.csv", b"0.1,0,30", b"fast,0,30"),
    "runs.csv with another header": replaced("runs.csv", b"learning_rate", b"rate"),
    "runs.csv not UTF-8": replaced("runs.csv", b"flower", b"fl\xffwer"),
    "curves.csv with text for a number": replaced("curves.csv", b"0,0.1,0,0,", b"0,0.1,0,zero,"),
    "curves.csv with one cell more": replaced("curves.csv", b"0,0.1,0,0,", b"0,0.1,0,0,0,"),
    "sweep.json a list": lambda folder: (folder / "sweep.json").write_text("[]"),
    "sweep.json nested": lambda folder: (folder / "sweep.json").write_text("[" * 100_000),
    "sweep.json not UTF-8": lambda folder: (folder / "sweep.json").write_bytes(b"\xff"),
    "sweep.json of a later format": replaced("sweep.json", b'"format": 1', b'"format": 2'),
    "sweep.json without columns": replaced("sweep.json", b'"columns"', b'"rows"'),
    "sweep.json without data": replaced("sweep.json", b'"flower": {', b'"tulip": {}, "flower": {'),
    "networks.npz text": lambda folder: (folder / "networks.npz").write_text("text"),
    "networks.npz flipped": replaced("networks.npz", b"PK\x03\x04", b"PK\x03\x05"),
    "networks.npz one array": lambda folder: np.savez(folder / "networks.npz", parameters=np.zeros(3)),
    "networks.npz of fewer numbers": other_array("parameters", np.zeros(3)),
    "networks.npz of fewer networks": other_array("layers", np.ones(2, np.int64)),
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
        assert len(tables.read(tmp_path).curves) > 0
    assert str(tmp_path) in str(error.value)
    assert "\n" not in str(error.value)


def test_nothing_is_unpickled(tmp_path: Path, written: dict[str, bytes]) -> None:
    for name, content in written.items():
        (tmp_path / name).write_bytes(content)
    fuse = tmp_path / "exploded"
    (tmp_path / "networks.npz").write_bytes(pickle_bomb(fuse))
    with np.load(tmp_path / "networks.npz", allow_pickle=True) as stored:
        assert stored["parameters"].shape == (1,)
    assert fuse.exists()  # the bomb works
    fuse.unlink()

    with pytest.raises(ResultsError):
        tables.read(tmp_path)
    assert not fuse.exists()


def test_a_folder_without_results(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ResultsError) as error:
            tables.read(folder)
        assert str(error.value) == f"{folder}: expected the results of a sweep, found no sweep.json"


def test_the_archive_holds_plain_arrays_without_dates(written: dict[str, bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(written["networks.npz"])) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


# Where to write


def test_a_folder_that_can_be_written_to_is_left_alone(tmp_path: Path) -> None:
    assert tables.check_folder(tmp_path) == tmp_path
    assert tables.check_folder(tmp_path / "a" / "b") == tmp_path
    assert tables.check_folder(str(tmp_path / "naïve\nname")) == tmp_path
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
            tables.check_folder(folder)
        assert str(error.value) == f"expected a folder that can be written to, got {str(folder)!r}: {reason}"
    with pytest.raises(ResultsError, match="expected a folder that can be written to, got '/proc/self/x': "):
        tables.check_folder("/proc/self/x")  # where not even root may
