"""Sweeps over several numbers of iterations: the same bytes after kills, with other jobs, and from shards."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.processes import Nursery, csv_files, run_killed, run_on

SEVERAL = ["--dataset", "moons", "iris", "--hidden", "0", "3", "--learning-rate", "2", "--batch-size", "all", "9"]
SEVERAL += ["--seeds", "0:2", "--iterations", "60", "10", "35", "--no-plots"]


@pytest.fixture(scope="module")
def whole(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sweep, uninterrupted."""
    folder = tmp_path_factory.mktemp("whole")
    outcome = nursery.run(*SEVERAL, "--jobs", "1", "--out", folder)
    assert (outcome.status, outcome.err) == (0, "")
    return folder


def test_killed_and_started_again(nursery: Nursery, whole: Path, tmp_path: Path) -> None:
    run_killed(nursery, SEVERAL, tmp_path)
    assert csv_files(tmp_path) == csv_files(whole)


def test_after_sweeps_of_some_lengths(nursery: Nursery, whole: Path, tmp_path: Path) -> None:
    for length in ("35", "60"):
        some = [*SEVERAL[: SEVERAL.index("60")], length, "--no-plots", "--out", tmp_path]
        assert nursery.run(*some, "--seeds", "1").status == 0
    outcome = nursery.run(*SEVERAL, "--out", tmp_path)
    assert outcome.out.splitlines()[-1] == "48 runs: 32 computed, 16 reused, 0 diverged, 0 failed"
    assert csv_files(tmp_path) == csv_files(whole)


@pytest.mark.parametrize("backend", ["threading", pytest.param("loky", marks=pytest.mark.slow),
                                     pytest.param("dask", marks=pytest.mark.slow)])  # fmt: skip
def test_jobs_and_backends_give_the_same_bytes(backend: str, whole: Path, tmp_path: Path) -> None:
    if backend == "dask":
        pytest.importorskip("distributed")
    run_on(backend, SEVERAL, tmp_path)
    assert csv_files(tmp_path) == csv_files(whole)


def test_shards_are_joined_to_the_same_bytes(nursery: Nursery, whole: Path, tmp_path: Path) -> None:
    shards = [tmp_path / str(k) for k in (1, 2, 3)]
    for k, folder in enumerate(shards, start=1):
        assert nursery.run(*SEVERAL, "--shard", f"{k}/3", "--out", folder).status == 0
    outcome = nursery.run(tmp_path / "out", *shards, "--no-plots", command="merge")
    assert (outcome.status, outcome.err) == (0, "")
    assert csv_files(tmp_path / "out") == csv_files(whole)
