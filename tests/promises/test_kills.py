"""The command line, killed: whatever happens, the same command goes on to the same bytes.

Killing is systematic: before and after every step, at every system call of SQLite. A new interpreter takes seconds, so
the sweeps here are forks of one process that has imported and compiled everything; ``Nursery`` is that process.
"""

from __future__ import annotations

import shutil
import signal
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.processes import (
    RUNS,
    SWEEP,
    Nursery,
    assert_complete,
    csv_files,
    sqlite_library,
    stored_in,
)


def kill_at_every(
    nursery: Nursery, folder: Path, expected: Mapping[str, bytes], start: Path | None, stride: int = 1, **event: Any
) -> Counter[int]:
    """Kill a sweep at each step in turn until none is left, and let it go on; returns how many runs were stored then.

    ``start`` is what the folder holds before.
    """
    stored_at_kills: Counter[int] = Counter()
    before = csv_files(start) if start else {}
    for at in range(stride, 10**6, stride):
        shutil.rmtree(folder, ignore_errors=True)
        if start:
            shutil.copytree(start, folder)
        killed = nursery.run(*SWEEP, "--out", folder, at=at, **event)
        if killed.status == 0:
            assert_complete(folder, expected, RUNS, stored_in(start) if start else 0)
            return stored_at_kills
        assert killed.status == -signal.SIGKILL, killed
        for name, content in csv_files(folder).items():
            assert content in (before.get(name), expected[name]), f"{name} is neither old nor new after kill {at}"
        stored = stored_in(folder)
        resumed = nursery.run(*SWEEP, "--out", folder)
        assert (resumed.status, resumed.err) == (0, ""), f"after kill {at}"
        assert_complete(folder, expected, RUNS, stored)
        stored_at_kills[stored] += 1
    raise AssertionError("it never ends")


@pytest.mark.parametrize("stride", [3, pytest.param(1, marks=pytest.mark.slow)])
def test_killed_before_and_after_every_statement_of_every_transaction(
    stride: int, nursery: Nursery, expected: dict[str, bytes], tmp_path: Path
) -> None:
    kills = kill_at_every(nursery, tmp_path / "out", expected, None, stride, what="kill", where="store")
    print("kills by runs stored:", dict(kills))
    # Every batch made a difference: of hidden 1 in threes and twos, of hidden 0 in fives.
    assert len(kills) >= 4
    assert {0, RUNS} < set(kills)


def test_killed_before_and_after_every_step_of_the_lock(
    nursery: Nursery, expected: dict[str, bytes], tmp_path: Path
) -> None:
    kills = kill_at_every(nursery, tmp_path / "out", expected, None, what="kill", where="lock")
    assert set(kills) == {0, RUNS}


def test_killed_while_the_files_take_their_places(
    nursery: Nursery, expected: dict[str, bytes], smaller: Path, tmp_path: Path
) -> None:
    event = {"what": "kill", "where": "tables", "functions": ["replace"]}
    kills = kill_at_every(nursery, tmp_path / "out", expected, smaller, **event)  # type: ignore[arg-type]
    assert kills == {RUNS: 2 * 4}


@pytest.mark.slow
def test_killed_at_every_step_of_writing_the_files(
    nursery: Nursery, expected: dict[str, bytes], smaller: Path, tmp_path: Path
) -> None:
    kills = kill_at_every(nursery, tmp_path / "out", expected, smaller, what="kill", where="tables")
    assert set(kills) == {RUNS}


needs_system_calls = pytest.mark.skipif(sqlite_library() is None, reason="SQLite is not in a library of its own")


@needs_system_calls
@pytest.mark.parametrize("what", ["kill", "tear"])
@pytest.mark.parametrize("stride", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_killed_at_every_system_call_of_the_database(
    what: str, stride: int, nursery: Nursery, expected: dict[str, bytes], tmp_path: Path
) -> None:
    kills = kill_at_every(nursery, tmp_path / "out", expected, None, stride, what=what, where="sqlite")
    print("kills by runs stored:", dict(kills))
    assert len(kills) >= 3


def test_killed_again_and_again_it_still_gets_done(
    nursery: Nursery, expected: dict[str, bytes], tmp_path: Path
) -> None:
    """No batch that was stored is lost to a later kill, and every attempt gets further than the one before."""
    stored = [0]
    while True:
        attempt = nursery.run(*SWEEP, "--out", tmp_path, what="kill", where="store", functions=["executemany"], at=4)
        stored.append(stored_in(tmp_path))
        if attempt.status == 0:
            break
        assert attempt.status == -signal.SIGKILL
    assert stored == sorted(stored)
    assert len(set(stored)) >= 3
    assert_complete(tmp_path, expected, RUNS, stored[-2])
