"""The command line, interrupted at any step: what is finished stays, and that is said in one line."""

from __future__ import annotations

import re
import shutil
import signal
from pathlib import Path

import pytest

from experiments.store import lock
from tests.helpers.processes import (
    AS_THEY_WERE,
    BEING_REPLACED,
    CSV_FILES,
    RUNS,
    SWEEP,
    Nursery,
    assert_complete,
    assert_interrupted,
    csv_files,
    stored_in,
)


@pytest.mark.parametrize("where", ["store", "lock", "tables"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_at_any_step(
    number: signal.Signals, where: str, nursery: Nursery, expected: dict[str, bytes], smaller: Path, tmp_path: Path
) -> None:
    folder, before = tmp_path / "out", csv_files(smaller)
    ended = 0
    for at in range(1, 10**6, 11 if number == signal.SIGINT else 17):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(smaller, folder)
        outcome = nursery.run(*SWEEP, "--out", folder, what=number.name, at=at, where=where)
        if outcome.status == 0:
            break
        assert not (folder / lock.FILE).exists() or where == "lock"
        if outcome.err == "experiments.grid: interrupted; all files were written\n":
            ended += 1
            assert (outcome.status, csv_files(folder)) == (128 + number, expected)
            continue
        stored = assert_interrupted(outcome.status, outcome.err, number, folder, before=6, batch=6)
        after = csv_files(folder)
        assert after == before or (where == "tables" and BEING_REPLACED in outcome.err)
        resumed = nursery.run(*SWEEP, "--out", folder)
        assert (resumed.status, resumed.err) == (0, "")
        assert_complete(folder, expected, RUNS, stored)
    assert at > 11
    assert ended <= 2


def test_interrupted_while_the_files_take_their_places(
    nursery: Nursery, expected: dict[str, bytes], smaller: Path, tmp_path: Path
) -> None:
    before, event = csv_files(smaller), {"what": "SIGTERM", "where": "tables", "functions": ["replace"]}
    for at in range(1, 9):  # before and after each of the four
        folder = shutil.copytree(smaller, tmp_path / str(at))
        outcome = nursery.run(*SWEEP, "--out", folder, at=at, **event)  # type: ignore[arg-type]
        assert_interrupted(outcome.status, outcome.err, signal.SIGTERM, folder, before=6, batch=0)
        assert f"; {RUNS} of {RUNS} runs are stored, {BEING_REPLACED}; " in outcome.err
        after = csv_files(folder)
        assert all(after[name] in (before[name], expected[name]) for name in CSV_FILES)
        assert (after == before) == (at == 1)
        assert nursery.run(*SWEEP, "--out", folder).status == 0
        assert_complete(folder, expected, RUNS, stored=RUNS)


def test_after_an_interrupt_a_fresh_sweep_goes_on_without_starting_over(
    nursery: Nursery, expected: dict[str, bytes], tmp_path: Path
) -> None:
    event = {"what": "SIGTERM", "where": "store", "functions": ["executemany"], "at": 5}
    outcome = nursery.run(*SWEEP, "--fresh", "--out", tmp_path, **event)  # type: ignore[arg-type]
    stored = stored_in(tmp_path)
    assert 0 < stored < RUNS
    assert re.fullmatch(
        rf"experiments.grid: interrupted; \d+ of {RUNS} runs are stored again, {AS_THEY_WERE};"
        r" run the same command without --fresh to continue\n",
        outcome.err,
    )
    assert nursery.run(*SWEEP, "--out", tmp_path).status == 0
    assert_complete(tmp_path, expected, RUNS, stored)
