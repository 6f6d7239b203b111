"""A sweep beside others: readers, sweeps in the same folder, and the memory of the machine."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from experiments.files import MANIFEST, STORE
from experiments.results import read
from experiments.store import lock, store
from tests.helpers.processes import (
    CSV_FILES,
    LONG,
    LONGEST_WAIT,
    RUNS,
    SMALLER,
    SWEEP,
    Nursery,
    csv_files,
    program,
)


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
        assert second.err.startswith(f"experiments.grid: --out: the folder {str(tmp_path)!r} is in use by another sweep (process {owner.pid} on ")  # fmt: skip  # noqa: E501
        assert second.err.endswith(": wait until it ends, or choose another folder\n")
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
