"""A race as a process that is killed: the same command goes on to the same bytes, with any workers."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from experiments.files import CURVES, RUNS, SUMMARY
from experiments.sweep import Sweep
from tests.helpers.processes import Nursery, csv_files, program, stored_in

RACE = ["--hidden", "1", "2", "3", "--learning-rate", "0.3", "1.2", "--seeds", "0:60", "--iterations", "300"]
RACE += ["--until-decided", "0.02", "--no-plots"]


@pytest.mark.parametrize("kills", [3, pytest.param(30, marks=pytest.mark.slow)])
def test_a_killed_race_goes_on_to_the_same_bytes(kills: int, nursery: Nursery, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    start = time.monotonic()
    assert nursery.run(*RACE, "--jobs", "2", "--out", alone).status == 0
    working = time.monotonic() - start
    moments, stored = random.Random(kills), []
    killed = tmp_path / "killed"
    for _ in range(kills):
        with program(*RACE, "--jobs", "2", "--out", killed) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(moments.uniform(0, working / 2))
            process.kill()
        stored.append(stored_in(killed))
    assert stored == sorted(stored)
    resumed = nursery.run(*RACE, "--jobs", "1", "--out", killed)
    assert (resumed.status, resumed.err) == (0, "")
    assert csv_files(killed) == csv_files(alone)


def test_a_race_on_a_cluster_gives_the_same_bytes(tmp_path: Path) -> None:
    # And in processes.
    request = {"hidden": [1, 3], "learning_rate": [0.3, 1.2], "seed": range(10), "iterations": 60}
    for backend in ("threading", "loky", "dask"):
        Sweep(**request, until_decided=0.02).run(out=tmp_path / backend, jobs=2, backend=backend)
    for name in (RUNS, CURVES, SUMMARY):
        in_threads = (tmp_path / "threading" / name).read_bytes()
        assert (tmp_path / "loky" / name).read_bytes() == in_threads
        assert (tmp_path / "dask" / name).read_bytes() == in_threads
