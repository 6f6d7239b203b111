"""experiments.store: what goes in comes out bit for bit; a damaged file is an error or a gap, never another number."""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import psutil
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from experiments import files
from experiments.datasets.data import Data
from experiments.files import ResultsError
from experiments.store import store
from experiments.store.store import Store, StoredRun
from planar_core import initialize
from tests.helpers.version_1 import VERSION_1, digest_of

ABOUT = {"data": "0f", "hidden": "2", "learning_rate": 1.2, "dtype": "float64", "numerics": 1}
OTHER = {**ABOUT, "learning_rate": 0.1}
START_OVER = "delete it and sweep.sqlite-journal, if there is one; then restore a copy, or run the sweep again"
Whole = tuple[Path, bytes, dict[Any, Any]]
NASTY = [0.0, -0.0, 5e-324, -5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, np.inf, -np.inf, np.nan, 0.1]


def run_of(*numbers: float, status: str = "ok", parameters: bytes = b"", error: str = "") -> StoredRun:
    return StoredRun(status, np.array([numbers] * 4, np.float64).reshape(4, -1), parameters, error)


def bits(run: StoredRun | None) -> tuple[Any, ...] | None:
    """All of a run, to be compared: == does not see the sign of a zero, and takes no nan for another."""
    return run and (run.status, run.curves.shape, run.curves.tobytes(), run.parameters, run.error)


def add(opened: Store, about: dict[str, Any], runs: dict[int, StoredRun]) -> int:
    (number,) = opened.configurations([about])
    opened.add([number] * len(runs), list(runs), runs.values())
    return number


def data_of(shift: float = 0.0) -> Data:
    X = np.array([[1.0, -0.0, 5e-324], [np.pi, 1e308, -1.5]]) + shift
    Y = np.array([[0.0, 1.0, 1.0]])
    return Data("some.csv", X, Y, X[:, :2] / 2, Y[:, :2], ("a", "b"), ("no", "yes"), ("a note",))


def read_only(path: Path) -> Store:
    return Store(path, writes=False)


def refused(open_it: Callable[[], object]) -> str:
    """The one line that an error says."""
    with pytest.raises(ResultsError) as error:
        open_it()
    assert "\n" not in str(error.value)
    return str(error.value)


# What goes in comes out

any_run = st.builds(
    lambda records, parameters, status, error: StoredRun(
        status, np.array(records, np.float64).reshape(-1, 4).T, np.array(parameters, np.float32).tobytes(), error
    ),
    st.lists(st.tuples(*[st.floats() | st.sampled_from(NASTY)] * 4), max_size=5),
    st.lists(st.floats(width=32), max_size=5),
    st.sampled_from(store.STATUSES),
    st.text(max_size=20),
)
any_runs = st.dictionaries(st.integers(0, 2**32 - 1), any_run, max_size=5)


@given(any_runs, any_runs)
@example({0: run_of(*NASTY), 2**32 - 1: run_of(-np.nan)}, {0: run_of(status="failed", error="nul \0 and\nline")})
@settings(max_examples=60, deadline=None)
def test_any_run_comes_back_bit_for_bit(here: dict[int, StoredRun], there: dict[int, StoredRun]) -> None:
    with Store(None) as opened:
        for about, runs in ((ABOUT, here), (OTHER, there)):
            number = add(opened, about, runs)
            found = dict(opened.runs(number))
            assert list(found) == sorted(runs)
            for seed, run in runs.items():
                assert bits(found[seed]) == bits(opened.run(number, seed)) == bits(run)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_network_comes_back_in_the_precision_of_its_training(dtype: str, tmp_path: Path) -> None:
    parameters = [(W.astype(dtype), (b - 0.3).astype(dtype)) for W, b in initialize(3, "4x2", seed=7)]
    packed = b"".join(part.astype(f"<f{part.itemsize}").tobytes() for layer in parameters for part in layer)
    with Store(tmp_path / files.STORE) as opened:
        number = add(opened, ABOUT, {3: run_of(1.0, parameters=packed)})
    with read_only(tmp_path / files.STORE) as opened:
        assert opened.find(ABOUT) == number
        run = opened.run(number, 3)
    assert run is not None
    for (W, b), (W_expected, b_expected) in zip(run.network(3, "4x2", dtype), parameters, strict=True):
        assert W.dtype == b.dtype == np.dtype(dtype)
        assert W.tobytes() == W_expected.tobytes()
        assert b.tobytes() == b_expected.tobytes()
    with pytest.raises(ValueError, match=r"expected 23 parameters, got 29"):
        run.network(3, "4x1", dtype)


def test_a_run_replaces_the_one_before() -> None:
    with Store(None) as opened:
        number = add(opened, ABOUT, {1: run_of(status="failed", error="no memory"), 2: run_of(0.5)})
        failed = opened.run(number, 1)
        assert failed is not None
        assert (failed.status, failed.curves.shape, failed.error) == ("failed", (4, 0), "no memory")
        assert add(opened, ABOUT, {1: run_of(0.25, 0.125)}) == number
        assert bits(opened.run(number, 1)) == bits(run_of(0.25, 0.125))
        assert bits(opened.run(number, 2)) == bits(run_of(0.5))


def test_a_range_gives_the_runs_that_are_there_in_the_order_of_their_seeds() -> None:
    last = 2**32 - 1
    with Store(None) as opened:
        first, second = opened.configurations([ABOUT, OTHER])
        for number, sign in ((second, -1), (first, 1)):
            seeds = [last, 7, 0, 3]
            opened.add([number] * 4, seeds, [run_of(sign * float(seed)) for seed in seeds])
        for number, sign in ((first, 1), (second, -1)):
            for wanted, found in (
                (range(2**32), [0, 3, 7, last]),
                (range(3, 7), [3]),
                (range(1, 3), []),
                (range(last, last + 1), [last]),
            ):
                runs = list(opened.runs(number, wanted))
                assert [seed for seed, _ in runs] == found
                assert [run.curves[0, 0] for _, run in runs] == [sign * float(seed) for seed in found]
        assert opened.run(first, 1) is None


def test_many_runs_come_in_the_order_asked_for() -> None:
    last = 2**32 - 1
    stored = {0: run_of(*NASTY), 3: run_of(0.5, 0.25), 7: run_of(status="failed", error="no"), last: run_of(1.0)}
    with Store(None) as opened:
        first, second = add(opened, ABOUT, stored), add(opened, OTHER, {3: run_of(-1.0, status="diverged")})
        for wanted in ([(first, 3), (second, 3), (first, last), (first, 0), (first, 7)], [(first, 3)] * 2, []):
            many = opened.many([number for number, _ in wanted], [seed for _, seed in wanted])
            expected = [opened.run(number, seed) for number, seed in wanted]
            assert len(many) == len(expected)
            assert [bits(many.run(k)) for k in range(len(many))] == list(map(bits, expected))
            assert all(np.isnan(many.curves[k, :, n:]).all() for k, n in enumerate(many.records))
        with pytest.raises(LookupError, match="run it again"):
            opened.many([first, second], [3, 0])
        runs = [(first, 3), (first, 4), (second, 3), (first, 7), (99, 0)]
        assert list(opened.finished(runs)) == [True, False, True, False, False]


def test_rows_are_read_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_AT_ONCE", 3)
    monkeypatch.setattr(store, "_CHUNK", 100)
    with Store(None) as opened:
        runs = {seed: run_of(*[float(seed)] * (1 + seed % 3)) for seed in range(20)}
        number = add(opened, ABOUT, runs)
        assert [(seed, bits(run)) for seed, run in opened.runs(number)] == [(k, bits(run)) for k, run in runs.items()]
        assert list(opened.statuses(number)) == [(seed, "ok") for seed in range(20)]
        assert list(opened.finished((number, seed) for seed in range(25))) == [True] * 20 + [False] * 5
        abouts = [{**OTHER, "hidden": str(k)} for k in (*range(8), 2, 5)]
        numbers = opened.configurations([*abouts, ABOUT])
        assert numbers == [*range(number + 1, number + 9), number + 3, number + 6, number]
        assert opened.configurations(abouts) == numbers[:-1]


def test_all_of_a_batch_is_stored_or_nothing(tmp_path: Path) -> None:
    def interrupted() -> Iterator[StoredRun]:
        yield run_of(1.0)
        yield run_of(2.0)
        raise KeyboardInterrupt

    with Store(tmp_path / files.STORE) as opened, read_only(tmp_path / files.STORE) as reader:
        number = add(opened, ABOUT, {0: run_of(0.5)})
        with pytest.raises(KeyboardInterrupt):
            opened.add([number] * 3, [0, 1, 2], interrupted())
        with pytest.raises(ValueError, match="zip"):
            opened.add([number], [0, 1], [run_of(1.0), run_of(2.0)])
        for each in (opened, reader):
            assert each.find(ABOUT) == number
            assert [(seed, bits(run)) for seed, run in each.runs(number)] == [(0, bits(run_of(0.5)))]


def test_configurations_are_known_by_their_content(tmp_path: Path) -> None:
    path = tmp_path / files.STORE
    backwards = dict(reversed(ABOUT.items()))
    changed = [{**ABOUT, name: value} for name, value in (
        ("data", "f0"), ("hidden", "02"), ("hidden", 2), ("learning_rate", np.nextafter(1.2, 2)),
        ("dtype", "float32"), ("numerics", 2), ("another", None),
    )]  # fmt: skip
    with Store(path) as opened:
        numbers = opened.configurations([ABOUT, *changed, backwards])
        assert len(set(numbers)) == 1 + len(changed)
        assert numbers[-1] == numbers[0]
        assert opened.find({}) is None
    with Store(path) as opened:
        assert opened.configurations([*changed, ABOUT]) == [*numbers[1:-1], numbers[0]]
    with read_only(path) as opened:
        assert [opened.find(about) for about in (backwards, *changed)] == numbers[:-1]
        assert list(opened.all_configurations()) == list(zip(numbers, [ABOUT, *changed], strict=False))


def test_data_sets_are_kept_by_fingerprint(tmp_path: Path) -> None:
    one, two = data_of(), data_of(1.0)
    with Store(tmp_path / files.STORE) as opened:
        opened.add_data([one])
        opened.add_data([one, two])
    with read_only(tmp_path / files.STORE) as opened:
        for data in (one, two):
            names = {name: getattr(data, name) for name in ("name", "feature_names", "class_names", "notes")}
            found = opened.data(data.fingerprint, **names)
            assert found.fingerprint == data.fingerprint
            for part in ("X", "Y", "X_test", "Y_test"):
                assert getattr(found, part).tobytes() == getattr(data, part).tobytes()
            assert {name: getattr(found, name) for name in names} == names
        lacks = refused(lambda: opened.data("ff", name="other.csv"))
    assert lacks == f"{tmp_path / files.STORE}: the data of other.csv are missing: run the sweep again"


def test_sources_are_kept_by_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / files.STORE
    with Store(path) as opened:
        opened.add_source("0a", "divided", b"rows")
        opened.add_source("0b", "drawn", b"\0\xff")
        opened.add_source("0a", "divided", b"other rows")
    with read_only(path) as opened:
        assert opened.source("0a") == ("divided", b"other rows")
        assert opened.source("0b") == ("drawn", b"\0\xff")
        assert opened.source("0c") is None
        assert [opened.has_data(name) for name in ("0a", "0b", "0c")] == [True, True, False]
    for change in (
        "UPDATE sources SET fingerprint = '0c' WHERE fingerprint = '0a'",
        "UPDATE sources SET kind = 'drawn'",
        "UPDATE sources SET content = X'00'",
        "UPDATE sources SET content = 'other rows'",
        "UPDATE sources SET kind = 'dividedo', content = X'74686572' || X'20726F7773'",
        "UPDATE sources SET digest = X'00'",
    ):
        with Store(path) as opened:
            opened.add_source("0a", "divided", b"other rows")
        connection = sqlite3.connect(path)
        connection.execute(change)
        connection.commit()
        connection.close()
        with read_only(path) as opened:
            said = refused(lambda: opened.source("0c" if "'0c'" in change else "0a"))  # noqa: B023 - called at once
        assert said == f"{path}: damaged (checksum mismatch in a data source): {START_OVER}", change


def test_a_store_without_a_folder_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Store(None) as one, Store(None) as two:
        number = add(one, ABOUT, {0: run_of(1.0)})
        assert two.find(ABOUT) is None
        assert bits(one.run(number, 0)) == bits(run_of(1.0))
    assert list(tmp_path.iterdir()) == []


# Files that are not what they should be


def test_reading_where_nothing_is_stored(tmp_path: Path) -> None:
    path = tmp_path / files.STORE
    assert refused(lambda: read_only(path)) == f"{tmp_path}: expected the results of a sweep, found no sweep.sqlite"
    with store.stored_in(tmp_path) as stored:
        assert stored is None
    assert list(tmp_path.iterdir()) == []
    path.touch()
    assert refused(lambda: read_only(path)) == f"{path}: expected the results of a sweep, found an empty database"
    with store.stored_in(tmp_path) as stored:
        assert stored is None
    assert path.read_bytes() == b""


def test_a_store_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / files.STORE
    Store(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {store.FORMAT + 1}")
    connection.close()
    before = path.read_bytes()
    for writes in (False, True):
        message = refused(lambda writes=writes: Store(path, writes))  # type: ignore[misc]
        assert message == f"{path}: expected version 3 or older, found 4: update this program"
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"hidden,cost\n1,0.5\n" * 100, os.urandom(8192), b"SQLite format 3\0" + bytes(84)])
def test_another_file_is_left_alone(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / files.STORE
    path.write_bytes(content)
    for writes in (False, True):
        with pytest.raises((ResultsError, OSError), match=r"^[^\n]+$"):
            Store(path, writes)
    assert path.read_bytes() == content


# Stores of version 1, without test costs and sources

THREE = np.array([[0.7, 0.5, -0.0], [0.25, 5e-324, 1.0], [0.5, np.nan, 0.75]])  # cost, training and test accuracies


def of_version_1(path: Path) -> None:
    """A store as version 1 left it, by SQL alone: ABOUT with seeds 0 and 1, of which 1 failed."""
    about = json.dumps(ABOUT, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    key = digest_of(about.encode())
    connection = sqlite3.connect(path)
    connection.executescript(VERSION_1)
    connection.execute("INSERT INTO configurations (key, about) VALUES (?, ?)", (key, about))
    for seed, status, curves, parameters, error in (
        (0, "ok", THREE.astype("<f8").tobytes(), bytes(range(40)), ""),
        (1, "failed", b"", b"", "no memory"),
    ):
        digest = digest_of(key, b"%d" % seed, status.encode(), curves, parameters, error.encode())
        row = 1 * 2**32 + seed, status, curves, parameters, error, digest
        connection.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?)", row)
    connection.commit()
    connection.close()


def configurations_of(path: Path, writes: bool) -> list[tuple[int, dict[str, Any]]]:
    with Store(path, writes) as opened:
        return list(opened.all_configurations())


KEPT = np.vstack([THREE, np.full(3, np.nan)])


@pytest.mark.parametrize("writes", [False, True])
def test_runs_of_version_1_are_found_without_test_costs(writes: bool, tmp_path: Path) -> None:
    path = tmp_path / files.STORE
    of_version_1(path)
    before = path.read_bytes()
    for _ in range(2):
        with Store(path, writes) as opened:
            assert opened.find(ABOUT) == 1
            assert list(opened.all_configurations()) == [(1, ABOUT)]
            assert list(opened.statuses(1)) == [(0, "ok"), (1, "failed")]
            assert bits(opened.run(1, 0)) == bits(StoredRun("ok", KEPT, bytes(range(40)), ""))
            assert bits(opened.run(1, 1)) == bits(run_of(status="failed", error="no memory"))
            assert opened.source("0a") is None
            assert not opened.has_data("0a")
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (2 if writes else 1,)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    assert (path.read_bytes() == before) == (not writes)


def test_a_store_of_version_1_takes_further_runs_and_sources(tmp_path: Path) -> None:
    path = tmp_path / files.STORE
    of_version_1(path)
    with Store(path) as opened:
        assert add(opened, ABOUT, {1: run_of(0.5, 0.25), 2: run_of(0.125)}) == 1
        assert add(opened, OTHER, {0: run_of(*NASTY)}) == 2
        opened.add_source("0a", "drawn", b"content")
    for writes in (False, True):
        with Store(path, writes) as opened:
            assert [opened.find(about) for about in (ABOUT, OTHER)] == [1, 2]
            assert [(seed, bits(run)) for seed, run in opened.runs(1)] == [
                (0, bits(StoredRun("ok", KEPT, bytes(range(40)), ""))),
                (1, bits(run_of(0.5, 0.25))),
                (2, bits(run_of(0.125))),
            ]
            assert bits(opened.run(2, 0)) == bits(run_of(*NASTY))
            assert opened.source("0a") == ("drawn", b"content")


def test_no_test_costs_are_not_taken_for_others(tmp_path: Path) -> None:
    """Costs that vanish, or that come to be where none were kept, are damage."""
    path = tmp_path / files.STORE
    of_version_1(path)
    with Store(path) as opened:
        add(opened, ABOUT, {2: run_of(0.5, 0.25), 3: run_of(status="failed", error="no memory")})
    nan = np.full(3, np.nan).astype("<f8").tobytes()
    for seed, costs in (
        (0, nan),
        (0, np.zeros(3).tobytes()),
        (0, b""),
        (1, b""),
        (2, None),
        (2, b""),
        (2, np.array([0.5]).tobytes()),
        (2, np.array([0.5, 0.125]).tobytes()),
        (3, None),
    ):
        copy = tmp_path / "copy.sqlite"
        shutil.copyfile(path, copy)
        connection = sqlite3.connect(copy)
        connection.execute("UPDATE runs SET test_costs = ? WHERE id = ?", (costs, 2**32 + seed))
        connection.commit()
        connection.close()
        with read_only(copy) as opened:
            assert opened.find(ABOUT) == 1
            said = refused(lambda: opened.run(1, seed))  # noqa: B023 - called at once
        assert said == f"{copy}: damaged (checksum mismatch in the run of seed {seed}): {START_OVER}"


@pytest.mark.parametrize("writes", [False, True])
def test_a_flipped_byte_in_any_column_of_version_1_is_damage(writes: bool, tmp_path: Path) -> None:
    path = tmp_path / files.STORE
    of_version_1(path)
    whole = path.read_bytes()
    connection = sqlite3.connect(path)
    _, *columns = connection.execute("SELECT * FROM runs WHERE id = 4294967296").fetchone()
    _, *of_failed = connection.execute("SELECT * FROM runs WHERE id = 4294967297").fetchone()
    key, about = connection.execute("SELECT key, about FROM configurations").fetchone()
    connection.close()
    for seed, of_run in ((0, columns), (1, of_failed)):
        # The columns of a row lie one after the other, in the order of the table.
        as_bytes = b"".join(value.encode() if isinstance(value, str) else value for value in of_run)
        assert whole.count(as_bytes) == 1
        start = whole.index(as_bytes)
        for place in range(start, start + len(as_bytes)):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x04]) + whole[place + 1 :])
            with Store(path, writes) as opened:
                assert opened.find(ABOUT) == 1
                said = refused(lambda: opened.run(1, seed))  # noqa: B023 - called at once
            assert said == f"{path}: damaged (checksum mismatch in the run of seed {seed}): {START_OVER}"
    start = whole.index(key + about.encode())
    for place in range(start, start + len(key) + len(about.encode())):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x04]) + whole[place + 1 :])
        said = refused(lambda: configurations_of(path, writes))
        if writes and place < start + len(key):  # whoever writes looks at the index of the keys too
            what = "row 1 missing from index sqlite_autoindex_configurations_1"
        else:
            what = "checksum mismatch in configuration 1"
        assert said == f"{path}: damaged ({what}): {START_OVER}"


def test_a_store_of_version_1_that_is_damaged_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / files.STORE
    of_version_1(path)
    whole = path.read_bytes()
    place = whole.index(b"-- ok, diverged, failed")
    damaged = whole[:place] + b"#" + whole[place + 1 :]
    path.write_bytes(damaged)
    for writes in (False, True):
        said = refused(lambda writes=writes: Store(path, writes))  # type: ignore[misc]
        assert said.startswith(f"{path}: damaged (")
        assert said.endswith(START_OVER)
        assert path.read_bytes() == damaged


def test_a_run_under_another_name_is_damage(tmp_path: Path) -> None:
    """The numbers are whole, but not those of that seed or configuration."""
    path = tmp_path / files.STORE
    for change in (
        "UPDATE runs SET id = id + 1 WHERE id % 4294967296 = 5",
        "UPDATE runs SET id = id + 4294967296 WHERE id < 2 * 4294967296",
        "UPDATE configurations SET id = id + 10 WHERE id = 1; UPDATE configurations SET id = 1 WHERE id = 2",
    ):
        path.unlink(missing_ok=True)
        with Store(path) as opened:
            add(opened, ABOUT, {5: run_of(1.0)})
            add(opened, OTHER, {7: run_of(2.0)})
        connection = sqlite3.connect(path)
        connection.executescript(change)
        connection.close()
        with read_only(path) as opened:
            found = [number for about in (ABOUT, OTHER) if (number := opened.find(about)) is not None]
            with pytest.raises(ResultsError, match=r"damaged \(checksum mismatch in the run of seed \d\)"):
                [list(opened.runs(number)) for number in found]


class Evil:
    """Unpickling it makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def test_nothing_is_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, data = tmp_path / files.STORE, data_of()
    evil = np.empty((2, 3), object)
    evil[:] = Evil(tmp_path / "executed")
    buffer = io.BytesIO()
    np.savez(buffer, X=evil, Y=data.Y, X_test=data.X_test, Y_test=data.Y_test)
    with Store(path) as opened:
        opened.add_data([data])
    connection = sqlite3.connect(path)
    connection.execute("UPDATE data SET arrays = ?", (buffer.getvalue(),))
    connection.commit()
    connection.close()

    def never(*_: object, **__: object) -> NoReturn:
        raise AssertionError("unpickled")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, never)
    with read_only(path) as opened:
        message = refused(lambda: opened.data(data.fingerprint, name="some.csv", feature_names=(), class_names=()))
    assert message.startswith(f"{path}: damaged (data: Object arrays cannot be loaded when allow_pickle=False)")
    assert sorted(child.name for child in tmp_path.iterdir()) == [files.STORE]


def test_a_file_that_is_refused_is_let_go_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / files.STORE
    whole = written(path)

    def write() -> None:
        with Store(path) as opened:
            opened.add_data([data_of()])

    def opened_now() -> list[tuple[str, int]]:
        return [(each.path, each.fd) for each in psutil.Process().open_files()]

    # The first byte; which SQLite may write to it; which of our versions may; a table.
    for place in (0, 18, 63, whole.index(b"CREATE TABLE")):
        damaged = whole[:place] + bytes([whole[place] ^ 0x80]) + whole[place + 1 :]
        path.write_bytes(damaged)
        before = opened_now()
        said = refused(write)
        assert said.startswith(f"{path}: ")
        assert said.endswith(START_OVER if place != 63 else ": update this program")
        assert opened_now() == before
        assert path.read_bytes() == damaged


# Every byte

SMALL = {
    "one": (ABOUT, {0: run_of(0.5, -0.0), 1: run_of(*NASTY, parameters=bytes(range(40))), 300: run_of(0.25)}),
    "two": (OTHER, {0: run_of(status="failed", error="no memory"), 2**32 - 1: run_of(0.125, status="diverged")}),
}
SOURCE = ("0a", "divided", bytes(range(30)))


def written(path: Path) -> bytes:
    with Store(path) as opened:
        opened.add_data([data_of()])
        opened.add_source(*SOURCE)
        for about, runs in SMALL.values():
            add(opened, about, runs)
    return path.read_bytes()


def content(opened: Store) -> dict[Any, Any]:
    """All that can be asked of a store that ``written`` made. Raises what the store raises."""
    found: dict[Any, Any] = {}
    for name, (about, runs) in SMALL.items():
        number = opened.find(about)
        if number is None:
            continue
        for seed, run in opened.runs(number):
            found["listed", name, seed] = bits(run)
        for seed in runs:
            if (asked_for := opened.run(number, seed)) is not None:
                found["asked for", name, seed] = bits(asked_for)
    assert all(about in (ABOUT, OTHER) for _, about in opened.all_configurations())
    data = opened.data(data_of().fingerprint, name="some.csv", feature_names=(), class_names=())
    if (source := opened.source(SOURCE[0])) is not None:
        found["source"] = source
    return {**found, "data": data.fingerprint}


def outcomes(
    path: Path, damaged: Iterable[tuple[str, bytes]], expected: dict[Any, Any], writes: bool
) -> dict[str, int]:
    """How often each of the permitted outcomes came of a damaged file. Another number fails the test.

    A gap is permitted to a reader: SQLite does not find what is listed under a damaged key. Whoever writes finds out,
    or trains what is missing again and then finds all.
    """
    counts = {"said": 0, "gap": 0, "same": 0}
    for what, damage in damaged:
        for side in ("-journal", "-wal", "-shm"):
            path.with_name(path.name + side).unlink(missing_ok=True)
        path.write_bytes(damage)
        try:
            with Store(path, writes) as opened:
                if writes:
                    opened.add_data([data_of()])
                    opened.add_source(*SOURCE)
                    for about, runs in SMALL.values():
                        add(opened, about, runs)
                found = content(opened)
        except (ResultsError, OSError) as error:
            counts["said" if "\n" not in str(error) else "said in several lines"] += 1
        except Exception as error:
            raise AssertionError(f"{what}: {error!r}") from error
        else:
            assert found.items() <= expected.items(), what
            assert found == expected or not writes, what
            counts["same" if found == expected else "gap"] += 1
    return counts


def flipped(whole: bytes, places: Iterable[int], masks: random.Random) -> Iterator[tuple[str, bytes]]:
    for place in places:
        mask = masks.randrange(1, 256)
        yield f"byte {place} ^ {mask}", whole[:place] + bytes([whole[place] ^ mask]) + whole[place + 1 :]


@pytest.fixture
def whole(tmp_path: Path) -> Whole:
    """A store of two configurations, its bytes, and its content."""
    path = tmp_path / files.STORE
    as_bytes = written(path)
    with read_only(path) as opened:
        expected = content(opened)
    assert len(expected) == 2 * 5 + 2
    return path, as_bytes, expected


def places_of(whole: bytes) -> list[int]:
    """Every byte that says something, and a few of those that fill the pages up."""
    return [place for place, byte in enumerate(whole) if byte or place % 97 == 0]


def test_a_flipped_byte_never_gives_another_number(whole: Whole) -> None:
    path, as_bytes, expected = whole
    places = places_of(as_bytes)
    counts = outcomes(path, flipped(as_bytes, places, random.Random(1)), expected, writes=False)
    assert counts["said"] > 1000  # most of a row is its content
    assert counts["same"] > 0  # free space
    print("flipped bytes, read:", counts)
    damaged = flipped(as_bytes, places[::13], random.Random(2))
    print("flipped bytes, written to:", outcomes(path, damaged, expected, writes=True))


@pytest.mark.slow
@pytest.mark.parametrize("writes", [False, True])
def test_no_flipped_byte_at_all_gives_another_number(writes: bool, whole: Whole) -> None:
    path, as_bytes, expected = whole
    places = [*range(len(as_bytes)), *places_of(as_bytes) * 3]
    damaged = flipped(as_bytes, places, random.Random(3))
    print("flipped bytes:", outcomes(path, damaged, expected, writes))


@pytest.mark.parametrize("writes", [False, True])
def test_a_truncated_file_never_gives_another_number(writes: bool, whole: Whole) -> None:
    path, as_bytes, expected = whole
    ends = [n for page in range(0, len(as_bytes), 4096) for n in (page - 1, page, page + 1, page + 99, page + 2048)]
    truncated = [(f"{end} bytes", as_bytes[:end]) for end in ends if 0 <= end < len(as_bytes)]
    counts = outcomes(path, truncated, expected, writes)
    assert sum(counts.values()) == len(truncated) > 25
    assert counts["said"] >= len(truncated) - 4  # an empty file is a new store; the last page is not full


def test_a_damaged_run_says_what_to_do_and_costs_no_other(whole: Whole) -> None:
    path, as_bytes, _ = whole
    place = as_bytes.index(np.float64(0.1).tobytes())
    path.write_bytes(as_bytes[:place] + bytes([as_bytes[place] ^ 1]) + as_bytes[place + 1 :])
    with read_only(path) as opened:
        number = opened.find(ABOUT)
        assert number is not None
        assert opened.run(number, 0) is not None
        said = refused(lambda: opened.run(number, 1))
    assert said == f"{path}: damaged (checksum mismatch in the run of seed 1): {START_OVER}"


# Beside a writer


def test_a_copy_of_the_file_is_whole_between_two_writes(tmp_path: Path) -> None:
    path, copy = tmp_path / files.STORE, tmp_path / "copy.sqlite"
    with Store(path) as opened:
        for seed in range(20):
            number = add(opened, ABOUT, {seed: run_of(*[float(seed)] * 100)})
            # The file alone, with no journal or log of writes beside it.
            assert [child.name for child in tmp_path.iterdir() if child != copy] == [files.STORE]
            shutil.copyfile(path, copy)
            with read_only(copy) as reader:
                assert reader.find(ABOUT) == number
                assert [found for found, _ in reader.runs(number)] == list(range(seed + 1))
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_the_same_data_are_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / files.STORE
    with Store(path) as opened:
        opened.add_data([data_of()])
        opened.add_source("f", "drawn", b"content")
    before = path.read_bytes()
    with Store(path) as opened:
        opened.add_data([data_of()])
        opened.add_source("f", "drawn", b"content")
    assert path.read_bytes() == before
    with Store(path) as opened:
        opened.add_source("f", "drawn", b"other")
    with read_only(path) as opened:
        assert opened.source("f") == ("drawn", b"other")
