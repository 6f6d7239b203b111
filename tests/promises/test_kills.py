"""The command line, killed and interrupted: whatever happens, the same command goes on to the same bytes.

Killing is systematic where that can be (before and after every step, at every system call of SQLite) and random
elsewhere. A new interpreter takes seconds, so most of the sweeps here are forks of one process that has imported and
compiled everything; ``Nursery`` is that process.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest

from experiments.files import CURVES, MANIFEST, STORE, ResultsError
from experiments.results import read
from experiments.store import lock, store
from tests.helpers.processes import (
    CSV_FILES,
    LONGEST_WAIT,
    RUNS,
    SMALLER,
    SWEEP,
    Nursery,
    assert_complete,
    csv_files,
    program,
    sqlite_library,
    stored_in,
)

PLAN = r"[\d,]+ runs( \([\d,]+ stored\))?, about "
GOES_ON = "the same command goes on from there"


# What is expected of it


def has_stored(folder: Path) -> bool:
    """Whether a sweep that runs has stored something; no, too, where the copy is of a moment within a transaction."""
    try:
        return stored_in(folder) > 0
    except (FileNotFoundError, ResultsError):
        return False


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of the sweep, uninterrupted, in batches of the usual size."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    with program(*SWEEP, "--out", folder) as process:
        _, err = process.communicate(timeout=LONGEST_WAIT)
    assert (process.returncode, err) == (0, "")
    written = csv_files(folder)
    assert len(written) == 3
    assert_complete(folder, written, RUNS, stored=0)
    return written


@pytest.fixture(scope="module")
def smaller(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds a part of the sweep."""
    folder = tmp_path_factory.mktemp("smaller")
    assert nursery.run(*SMALLER, "--out", folder).status == 0
    return folder


# Kills at every step


def kill_at_every(
    nursery: Nursery, folder: Path, expected: Mapping[str, bytes], start: Path | None, stride: int = 1, **event: Any
) -> Counter[int]:
    """Kill a sweep at each step in turn until none is left, and let it go on; returns how many runs were stored then.

    ``start`` is what the folder holds before.
    """
    stored_at_kills: Counter[int] = Counter()
    before = csv_files(start) if start else {}
    for at in range(1, 10**6, stride):
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


def test_killed_before_and_after_every_statement_of_every_transaction(
    nursery: Nursery, expected: dict[str, bytes], tmp_path: Path
) -> None:
    kills = kill_at_every(nursery, tmp_path / "out", expected, None, what="kill", where="store")
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


# Kills at random moments

# About as long in training as in writing, on one core.
LARGER = ["--hidden", "1", "2", "--learning-rate", "0.1", "1.2", "--seeds", "0:100", "--iterations", "400"]
LARGER += ["--record-every", "2", "--no-plots"]
LARGER_RUNS, LARGER_BATCH = 400, 2**26
PHASES = ("starting", "training", "in a transaction", "writing", "too late")


class Uninterrupted(NamedTuple):
    """A sweep that was let alone: its files, and how long it took to say its plan, and from there to the end."""

    files: dict[str, bytes]
    starting: float
    working: float


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> Uninterrupted:
    folder = tmp_path_factory.mktemp("larger")
    start = time.monotonic()
    with program(*LARGER, "--jobs", "2", "--out", folder, batch=LARGER_BATCH) as process:
        assert process.stdout is not None
        assert re.match(PLAN, process.stdout.readline())
        said = time.monotonic()
        _, err = process.communicate(timeout=LONGEST_WAIT)
    assert (process.returncode, err) == (0, "")
    assert_complete(folder, csv_files(folder), LARGER_RUNS, stored=0)
    return Uninterrupted(csv_files(folder), said - start, time.monotonic() - said)


def phase_of(folder: Path, process: subprocess.Popen[str]) -> str:
    """Where a killed sweep was."""
    if process.returncode == 0:
        return "too late"
    if (folder / f"{STORE}-journal").exists():
        return "in a transaction"
    stored = stored_in(folder)
    if stored == LARGER_RUNS:
        return "writing"
    return "training" if stored else "starting"


@pytest.mark.parametrize(
    ("backend", "kills", "seed"),
    [
        ("threading", 5, 1),
        pytest.param("threading", 50, 2, marks=pytest.mark.slow),
        pytest.param("loky", 12, 3, marks=pytest.mark.slow),
    ],
)
def test_killed_at_random_moments(
    backend: str, kills: int, seed: int, nursery: Nursery, larger: Uninterrupted, tmp_path: Path
) -> None:
    moments, phases = random.Random(seed), Counter[str]()
    for kill in range(kills):
        folder = tmp_path / str(kill)
        process = program(*LARGER, "--jobs", "2", "--backend", backend, "--out", folder, batch=LARGER_BATCH)
        with process:
            assert process.stdout is not None
            if moments.random() < 0.1:
                time.sleep(moments.uniform(0, larger.starting))
            else:
                process.stdout.readline()
                time.sleep(moments.uniform(0, larger.working + (3 if backend == "loky" else 0)))  # workers start first
            process.kill()
        phase = phase_of(folder, process)
        phases[phase] += 1
        for name, content in csv_files(folder).items():
            assert content == larger.files[name], f"{name} is half written after a kill while {phase}"
        stored = stored_in(folder)
        # At once: nothing that is left of the killed process, workers among it, keeps the folder.
        resumed = nursery.run(*LARGER, "--jobs", "1", "--out", folder, batch=LARGER_BATCH)
        assert (resumed.status, resumed.err) == (0, ""), f"after a kill while {phase}"
        assert_complete(folder, larger.files, LARGER_RUNS, stored)
        assert_ends(process.pid)
        shutil.rmtree(folder)
    print(f"kills survived, {backend}:", {phase: phases[phase] for phase in PHASES})
    assert sum(phases.values()) - phases["too late"] >= kills // 2


@pytest.mark.parametrize("moment", ["the workers start", "they work"])
def test_worker_processes_end_with_a_killed_sweep(moment: str, tmp_path: Path) -> None:
    with program(*LONG, "-j", "2", "--backend", "loky", "--out", tmp_path) as process:
        assert process.stdout is not None
        process.stdout.readline()
        sweep, give_up = psutil.Process(process.pid), time.monotonic() + LONGEST_WAIT
        while len(children := sweep.children(recursive=True)) < 3 and time.monotonic() < give_up:
            time.sleep(0.01)
        assert len(children) >= 3  # two workers, and what tidies up after them
        while moment == "they work" and not has_stored(tmp_path) and time.monotonic() < give_up:
            time.sleep(0.1)
        process.kill()
        process.communicate(timeout=20)  # nobody holds the other end any more
    _, left = psutil.wait_procs(children, timeout=20)
    for child in left:
        child.kill()
    assert left == []


def alive(group: int) -> list[int]:
    """The processes of a group that are not just waiting to be forgotten."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,pgid=,stat="], capture_output=True, text=True, check=True)
    rows = [line.split() for line in listed.stdout.splitlines()]
    return [int(pid) for pid, of_group, state in rows if int(of_group) == group and state[0] != "Z"]


def assert_ends(group: int) -> None:
    """No process is left of a group, after a moment."""
    give_up = time.monotonic() + LONGEST_WAIT
    while (left := alive(group)) and time.monotonic() < give_up:
        time.sleep(0.05)
    if left:
        os.killpg(group, signal.SIGKILL)
    assert left == []


# Interrupts

AS_THEY_WERE, BEING_REPLACED = "the tables are as they were", "the tables were being replaced"
STATE = r"experiments.grid: interrupted; (\d+) of (\d+) runs are stored, "
STATE += rf"({AS_THEY_WERE}|{BEING_REPLACED}); {GOES_ON}\n"


def assert_interrupted(status: int, err: str, number: signal.Signals, folder: Path, before: int, batch: int) -> int:
    """The status and the one line of an interrupted sweep; returns how many runs are stored, ``before`` it or by it.

    The line may leave out a batch that was stored at that very moment.
    """
    assert status == 128 + number
    stored = stored_in(folder) if folder.exists() else 0
    said = re.fullmatch(STATE, err)
    if said is None:
        assert err == "experiments.grid: interrupted; nothing was written\n"
        assert stored == before
    else:
        assert int(said[1]) <= stored <= int(said[1]) + batch
    return stored


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
        rf"experiments.grid: interrupted; \d+ of {RUNS} runs are stored afresh, {AS_THEY_WERE};"
        r" the same command without --fresh goes on from there\n",
        outcome.err,
    )
    assert nursery.run(*SWEEP, "--out", tmp_path).status == 0
    assert_complete(tmp_path, expected, RUNS, stored)


@pytest.mark.parametrize(
    ("moment", "number", "backend"),
    [
        ("start", signal.SIGTERM, "threading"),
        ("middle", signal.SIGINT, "threading"),
        pytest.param("middle", signal.SIGTERM, "loky", marks=pytest.mark.slow),
        ("writing", signal.SIGTERM, "threading"),
        pytest.param("start", signal.SIGINT, "loky", marks=pytest.mark.slow),
        pytest.param("middle", signal.SIGINT, "loky", marks=pytest.mark.slow),
        pytest.param("writing", signal.SIGINT, "loky", marks=pytest.mark.slow),
    ],
)
def test_interrupted_as_a_process(
    moment: str, number: signal.Signals, backend: str, nursery: Nursery, larger: Uninterrupted, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    process = program(*LARGER, "--jobs", "2", "--backend", backend, "--out", folder, batch=2**24)
    assert process.stdout is not None
    assert re.match(PLAN, process.stdout.readline())
    patterns = {"start": [], "middle": [f"{STORE}-journal"], "writing": [f".{CURVES}.*"]}[moment]
    give_up = time.monotonic() + LONGEST_WAIT
    while not all(list(folder.glob(pattern)) for pattern in patterns) and time.monotonic() < give_up:
        time.sleep(0.001)
    os.killpg(process.pid, number)  # to all of them, as a terminal does
    _, err = process.communicate(timeout=LONGEST_WAIT)
    assert_ends(process.pid)
    if moment == "writing" and csv_files(folder):
        assert csv_files(folder).items() <= larger.files.items()
        pytest.skip("too busy a machine: the tables were in their places before the signal came")
    stored = assert_interrupted(process.returncode, err, number, folder, before=0, batch=LARGER_RUNS)
    assert csv_files(folder) == {}
    assert moment != "writing" or stored == LARGER_RUNS
    resumed = nursery.run(*LARGER, "--jobs", "1", "--out", folder, batch=LARGER_BATCH)
    assert (resumed.status, resumed.err) == (0, "")
    assert_complete(folder, larger.files, LARGER_RUNS, stored)


# Beside others


def test_a_reader_beside_a_sweep_sees_whole_files_only(
    nursery: Nursery, expected: dict[str, bytes], smaller: Path, tmp_path: Path
) -> None:
    shutil.copytree(smaller, tmp_path, dirs_exist_ok=True)
    versions = {name: [content, expected[name]] for name, content in csv_files(smaller).items()}
    seen, done, wrong = Counter[tuple[str, int]](), threading.Event(), list[str]()

    def look() -> None:
        try:
            while not done.is_set():
                for name, contents in versions.items():
                    seen[name, contents.index((tmp_path / name).read_bytes())] += 1
                json.loads((tmp_path / MANIFEST).read_text(encoding="utf-8"))
                with store.Store(tmp_path / STORE, writes=False) as opened:  # which checks every run it reads
                    n_runs = sum(len(list(opened.runs(number))) for number, _ in opened.all_configurations())
                seen["store", n_runs] += 1
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is what the reader saw
            wrong.append(repr(error))

    reader = threading.Thread(target=look)
    reader.start()
    for _ in range(6):
        assert nursery.run(*SWEEP, "--fresh", "--out", tmp_path).status == 0
        assert nursery.run(*SMALLER, "--fresh", "--out", tmp_path).status == 0
    done.set()
    reader.join()
    assert wrong == []
    assert all(seen[name, version] for name in CSV_FILES for version in (0, 1))
    assert seen["store", RUNS]


LONG = ["--hidden", "50", "--lr", "1.2", "--seeds", "0:300", "--iterations", "20000", "--no-plots", "--yes", "-j", "1"]


def test_a_second_sweep_is_refused_while_one_runs_and_not_after_it_was_killed(
    nursery: Nursery, expected: dict[str, bytes], smaller: Path, tmp_path: Path
) -> None:
    shutil.copytree(smaller, tmp_path, dirs_exist_ok=True)
    with program(*LONG, "--out", tmp_path) as owner:
        give_up = time.monotonic() + LONGEST_WAIT
        while not (tmp_path / lock.FILE).exists() and time.monotonic() < give_up:
            time.sleep(0.01)
        time.sleep(0.2)  # for it to write its name
        second = nursery.run(*SWEEP, "--out", tmp_path)
        assert second.status == 2
        assert second.err.startswith(f"experiments.grid: --out: expected a folder that no other sweep writes to, got {str(tmp_path)!r}: in use by process {owner.pid} on ")  # fmt: skip  # noqa: E501
        assert second.err.endswith("; wait for it, or choose another folder\n")
        assert second.err.count("\n") == 1
        assert csv_files(tmp_path) == csv_files(smaller)
        assert owner.poll() is None
        owner.kill()
    assert (tmp_path / lock.FILE).exists()  # a name, and no lock
    assert nursery.run(*SWEEP, "--out", tmp_path).status == 0
    assert csv_files(tmp_path) == expected
    assert not (tmp_path / lock.FILE).exists()


def test_of_many_sweeps_that_start_together_one_at_a_time_goes_on(expected: dict[str, bytes], tmp_path: Path) -> None:
    processes = [program(*SWEEP, "--out", tmp_path, batch=1) for _ in range(3)]
    outcomes = [(process.communicate(timeout=LONGEST_WAIT), process.returncode) for process in processes]
    for (_, err), status in outcomes:
        assert status in (0, 2)
        assert err == "" if status == 0 else "in use by" in err
    assert 0 in [status for _, status in outcomes]
    assert csv_files(tmp_path) == expected
    assert len(read(tmp_path).runs) == RUNS


# Memory


@pytest.mark.parametrize(("runs", "growth"), [(20_000, 50), pytest.param(100_000, 100, marks=pytest.mark.slow)])
def test_memory_stays_flat_as_a_sweep_grows(runs: int, growth: int, nursery: Nursery, tmp_path: Path) -> None:
    """Curves are never all in memory: here they are longer than the growth that is permitted."""
    arguments = ["--hidden", "1", "--learning-rate", "1.2", "--iterations", "10", "--record-every", "10", "-j", "1"]
    memory = {}
    for n in (1000, runs):
        outcome = nursery.run(*arguments, "--no-plots", "--seeds", f"0:{n}", "--out", tmp_path / str(n), batch=2**28)
        assert (outcome.status, outcome.err) == (0, "")
        memory[n] = outcome.memory
    print({n: f"{used / 2**20:.0f} MB" for n, used in memory.items()})
    assert memory[runs] - memory[1000] < growth * 2**20
