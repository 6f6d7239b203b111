"""The command line as a process with its workers, killed and interrupted at random moments."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from experiments.files import CURVES, STORE
from tests.helpers.processes import (
    LONG,
    LONGEST_WAIT,
    PLAN,
    Nursery,
    assert_complete,
    assert_ends,
    assert_interrupted,
    csv_files,
    has_stored,
    program,
    stored_in,
)

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
