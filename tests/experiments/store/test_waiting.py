"""Readers and writers of a store wait for each other, and say so; neither ends the other."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from experiments.copying import copy
from experiments.files import STORE
from experiments.store import waiting
from experiments.store.store import Store, StoredRun

ABOUT = {"data": "0f"}
# Another program, which begins a transaction and ends it three seconds later: longer than SQLite waits.
OTHER = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute(f"BEGIN {sys.argv[2]}")
connection.execute("SELECT * FROM runs").fetchone()
print("begun", flush=True)
time.sleep(3)
connection.close()
"""


def add(opened: Store, seeds: range, records: int = 3) -> None:
    (number,) = opened.configurations([ABOUT])
    opened.add([number] * len(seeds), seeds, [StoredRun("ok", np.full((4, records), 0.5), b"", "") for _ in seeds])


def seeds_in(opened: Store) -> list[int]:
    number = opened.find(ABOUT)
    assert number is not None
    return [seed for seed, _ in opened.runs(number)]


def other(path: Path, transaction: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", OTHER, str(path), transaction], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"begun\n"
    return process


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(waiting, "_SILENT", 0.5)
    with Store(tmp_path / STORE) as opened:
        add(opened, range(2))
    return tmp_path / STORE


def test_a_writer_waits_for_a_reader(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Store(path) as opened, other(path, "DEFERRED"):
        add(opened, range(2, 4))
        assert seeds_in(opened) == [0, 1, 2, 3]
    said = capsys.readouterr().err.splitlines()
    assert said
    assert all(line.startswith(f"waiting for another program that reads {STORE}: ") for line in said)
    assert len(said) < 5  # at ever longer intervals


def test_readers_wait_for_a_writer(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = f"waiting for another program that writes {STORE}: "
    with Store(path, writes=False) as opened, other(path, "EXCLUSIVE"):
        assert seeds_in(opened) == [0, 1]
        assert capsys.readouterr().err.startswith(said)
    with other(path, "EXCLUSIVE"), Store(path, writes=False) as opened:  # already when it is opened
        assert seeds_in(opened) == [0, 1]
        assert capsys.readouterr().err.startswith(said)
    with other(path, "EXCLUSIVE"):
        list(copy(path.parent, path.parent / "copy"))
        assert capsys.readouterr().err.startswith(said)


def test_a_reader_of_ours_holds_nothing_between_two_chunks(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Store(path) as writer, Store(path, writes=False) as reader:
        add(writer, range(2, 60), records=3000)  # 96 kB each, beyond a chunk
        number = reader.find(ABOUT)
        assert number is not None
        found = reader.runs(number)
        seeds = [next(found)[0]]
        add(writer, range(60, 62))  # which does not wait
        seeds += [seed for seed, _ in found]
    assert seeds == list(range(62))
    assert capsys.readouterr().err == ""


def test_ctrl_c_is_answered_within_a_wait(path: Path) -> None:
    code = "import sys; from pathlib import Path; from experiments.store.store import Store\n"
    code += "with Store(Path(sys.argv[1])) as opened:\n    print('open', flush=True)\n    sys.stdin.read()\n"
    code += "    opened.add_source('0a', 'drawn', b'')"
    held = "import sqlite3, sys; connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
    held += "connection.execute('BEGIN'); connection.execute('SELECT * FROM runs').fetchone()\n"
    held += "print('begun', flush=True); sys.stdin.read()"
    how = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", held, str(path)], **how) as reader:  # type: ignore[call-overload]
        reader.stdout.readline()
        with subprocess.Popen([sys.executable, "-c", code, str(path)], env=environment, **how) as writer:  # type: ignore[call-overload]
            writer.stdout.readline()
            writer.stdin.close()
            assert writer.stderr.readline().startswith(b"waiting for another program that reads ")
            writer.send_signal(2)
            assert b"KeyboardInterrupt" in writer.stderr.read()
        reader.stdin.close()
