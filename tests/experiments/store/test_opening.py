"""What is checked before SQLite opens a store: journals of other files, other programs' databases, links, modes."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from experiments.files import STORE, ResultsError
from experiments.store.journal import is_of_another
from experiments.store.lock import claimed
from experiments.store.store import Store, StoredRun
from tests.helpers.machines import ROOT

ABOUT = {"data": "0f"}
IN_THE_MIDDLE = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")  # pages reach the file before the transaction ends
connection.execute("BEGIN IMMEDIATE")
for number in range(10**4):
    connection.execute("INSERT OR REPLACE INTO runs VALUES (?, 'ok', zeroblob(2000), '', '', '', NULL)", (number,))
os.kill(os.getpid(), signal.SIGKILL)
"""


def add(path: Path, seed: int) -> None:
    with Store(path) as opened:
        (number,) = opened.configurations([ABOUT])
        opened.add([number], [seed], [StoredRun("ok", np.full((4, 300), float(seed)), b"", "")])


def seeds_in(path: Path) -> list[int]:
    with Store(path, writes=False) as opened:
        number = opened.find(ABOUT)
        return [] if number is None else [seed for seed, _ in opened.runs(number)]


def kill_in_the_middle(path: Path) -> None:
    """Kill a process in a transaction of which a part has reached the file."""
    before = path.read_bytes()
    killed = subprocess.run([sys.executable, "-c", IN_THE_MIDDLE, str(path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert path.read_bytes() != before
    assert Path(f"{path}-journal").read_bytes()[0] != 0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    for seed in range(3):
        add(tmp_path / STORE, seed)
    return tmp_path / STORE


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """The store of another sweep, with the same history."""
    (tmp_path / "other").mkdir()
    for seed in range(3, 6):
        add(tmp_path / "other" / STORE, seed)
    return tmp_path / "other" / STORE


def test_what_a_killed_writer_left_is_rolled_back(path: Path, tmp_path: Path) -> None:
    kill_in_the_middle(path)
    assert not is_of_another(path)
    (tmp_path / "copied").mkdir()
    for each in (path, Path(f"{path}-journal")):  # a copy of both is as good
        shutil.copy(each, tmp_path / "copied")
    assert seeds_in(tmp_path / "copied" / STORE) == [0, 1, 2]
    with Store(path):
        pass
    assert seeds_in(path) == [0, 1, 2]
    assert not Path(f"{path}-journal").exists()


@pytest.mark.parametrize("writes", [False, True])
@pytest.mark.parametrize("which", ["an older copy", "an older copy of the same size", "of another sweep"])
def test_a_journal_of_another_file_is_not_played_back(which: str, writes: bool, path: Path, other: Path) -> None:
    older = path.read_bytes()
    if which == "an older copy":
        add(path, 3)
    elif which == "an older copy of the same size":
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE runs SET status = 'OK'")
        connection.close()
    restored = other.read_bytes() if which == "of another sweep" else older
    assert (len(restored) == path.stat().st_size) == (which != "an older copy")
    kill_in_the_middle(path)
    path.write_bytes(restored)
    journal = Path(f"{path}-journal").read_bytes()
    with pytest.raises(ResultsError) as error:
        Store(path, writes)
    assert str(error.value) == (
        f"{path}-journal: expected the journal of {STORE}, found one of another file: if {STORE} was restored from a"
        " copy, delete the journal; otherwise restore both from a copy"
    )
    assert (path.read_bytes(), Path(f"{path}-journal").read_bytes()) == (restored, journal)
    Path(f"{path}-journal").unlink()
    assert seeds_in(path) == ([3, 4, 5] if which == "of another sweep" else [0, 1, 2])


def test_a_journal_that_is_in_use_is_no_reason(path: Path) -> None:
    """Readers beside a process that writes all the time; none takes its journal for one of another file."""
    code = f"import sys; from {__name__} import add; from pathlib import Path\n"
    code += "for seed in range(3, 10**6): add(Path(sys.argv[1]), seed); print(seed, flush=True)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], env=environment, cwd=ROOT, stdout=subprocess.PIPE
    ) as writer:
        try:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"3\n"
            seen = 0
            for _ in range(30):
                found = seeds_in(path)
                assert found == list(range(len(found)))
                seen += is_of_another(path)
            assert writer.poll() is None
        finally:
            writer.kill()
    assert seen == 0


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    for version in (0, 1, 99):
        (tmp_path / str(version)).mkdir()
        path = tmp_path / str(version) / STORE
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
        connection.execute(f"PRAGMA user_version = {version}")
        connection.close()
        before = path.read_bytes()
        for writes in (False, True):
            with pytest.raises(ResultsError) as error:
                Store(path, writes)
            assert str(error.value) == (
                f"{path}: expected a store of a sweep, found a database of another program: choose another folder"
            )
        assert path.read_bytes() == before


def test_statistics_of_sqlite_are_no_damage(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("ANALYZE")
    assert connection.execute("SELECT count(*) FROM sqlite_stat1").fetchone()[0] > 0
    connection.close()
    add(path, 3)
    assert seeds_in(path) == [0, 1, 2, 3]


@pytest.mark.parametrize("umask", [0o002, 0o077])
def test_the_mode_follows_umask(umask: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        with claimed(tmp_path):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / STORE).stat().st_mode & 0o777 == 0o666 & ~umask


def test_a_store_with_other_names_is_warned_of(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.link(path, path.with_name("backup"))
    seeds_in(path)
    assert capsys.readouterr().err == ""
    add(path, 3)
    assert capsys.readouterr().err == (
        f"{path} has 2 hard links: what is stored now is in all of them, so a backup made of links is none;"
        " python -m experiments.store copy makes a real one\n"
    )


def test_a_value_beyond_the_limit_is_no_damage(path: Path) -> None:
    with Store(path) as opened:
        opened._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1000)
        with pytest.raises(ResultsError) as error:
            opened.add_source("0a", "drawn", bytes(2000))
    assert str(error.value) == f"{path}: a single value is too large to be stored: the limit is 1 GB"
    assert seeds_in(path) == [0, 1, 2]


def test_a_store_that_cannot_be_written_to_is_no_damage(path: Path) -> None:
    if os.geteuid() == 0:
        if subprocess.run(["chattr", "+a", str(path)], check=False, capture_output=True).returncode != 0:
            pytest.skip("neither another user nor chattr")
    else:
        path.chmod(0o444)
    try:
        with pytest.raises(ResultsError, match="expected a store that can be written to, got: "):
            Store(path)
        assert seeds_in(path) == [0, 1, 2]
    finally:
        subprocess.run(["chattr", "-a", str(path)], check=False, capture_output=True)
