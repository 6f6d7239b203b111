"""Sweeps with early stopping: the same bytes after kills, with other jobs and processes, and from shards."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest

from experiments.files import STORE
from tests.helpers.processes import Nursery, csv_files, run_killed, run_on

STOPPING = ["--dataset", "moons", "iris", "--hidden", "0", "3", "--learning-rate", "2", "--batch-size", "all", "9"]
STOPPING += ["--seeds", "0:2", "--iterations", "60", "--record-every", "5", "--patience", "2", "--no-plots"]
RUNS = 16


@pytest.fixture(scope="module")
def whole(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sweep, uninterrupted."""
    folder = tmp_path_factory.mktemp("whole")
    outcome = nursery.run(*STOPPING, "--jobs", "1", "--out", folder)
    assert (outcome.status, outcome.err) == (0, "")
    rows = csv_files(folder)["runs.csv"].decode().splitlines()
    at = rows[0].split(",").index("stopped_at")
    assert len({row.split(",")[at] for row in rows[1:]}) > 3  # it does stop
    return folder


def test_killed_and_started_again(nursery: Nursery, whole: Path, tmp_path: Path) -> None:
    run_killed(nursery, STOPPING, tmp_path)
    assert csv_files(tmp_path) == csv_files(whole)


@pytest.mark.parametrize("backend", ["threading", pytest.param("loky", marks=pytest.mark.slow),
                                     pytest.param("dask", marks=pytest.mark.slow)])  # fmt: skip
def test_jobs_and_backends_give_the_same_bytes(backend: str, whole: Path, tmp_path: Path) -> None:
    if backend == "dask":
        pytest.importorskip("distributed")
    run_on(backend, STOPPING, tmp_path)
    assert csv_files(tmp_path) == csv_files(whole)


def test_shards_are_joined_to_the_same_bytes(nursery: Nursery, whole: Path, tmp_path: Path) -> None:
    shards = [tmp_path / str(k) for k in (1, 2)]
    for k, folder in enumerate(shards, start=1):
        assert nursery.run(*STOPPING, "--shard", f"{k}/2", "--out", folder).status == 0
    for _ in range(2):  # what is there already is compared
        outcome = nursery.run(tmp_path / "out", *shards, "--no-plots", command="merge")
        assert (outcome.status, outcome.err) == (0, "")
        assert csv_files(tmp_path / "out") == csv_files(whole)


def test_stored_runs_are_reused_and_others_are_not(nursery: Nursery, whole: Path, tmp_path: Path) -> None:
    last = [f"{RUNS} runs: {n} computed, {RUNS - n} reused, 0 diverged, 0 failed" for n in (RUNS, 0)]
    for arguments, expected in (
        (STOPPING, last[0]),
        (STOPPING, last[1]),
        ([*STOPPING, "--validation-fraction", "0.1"], last[1]),
        ([*STOPPING, "--validation-fraction", "0.2"], last[0]),
        ([*STOPPING, "--patience", "3"], last[0]),
    ):
        outcome = nursery.run(*arguments, "--out", tmp_path)
        assert (outcome.status, outcome.err, outcome.out.splitlines()[-1]) == (0, "", expected)
    assert nursery.run(*STOPPING, "--out", tmp_path).status == 0
    assert csv_files(tmp_path) == csv_files(whole)


# Without --patience

# Of the tables, and of the rows of the store, as the version before early stopping wrote them.
WITHOUT = ["--dataset", "iris", "moons", "--hidden", "0", "3", "--learning-rate", "0.3", "--batch-size", "all", "20"]
WITHOUT += ["--seeds", "0:2", "--iterations", "40", "--record-every", "15", "--no-plots"]
DIGESTS = {
    "curves.csv": "e451e7357f61c70e3acaa58b788abdd252cd91c33b8d15412cff7aeaf1b02d89",
    "runs.csv": "302cb09e495410ab15aee13cca2f89bae71278165dbcd084ff9543ec9d691973",
    "summary.csv": "7caea2334f67b2bc023efcf1e2230085faabe4dc3e77ddae40c708c93c26e2ae",
}
ROWS = "24f9b6f1e2e5a6bf4fe02f075140796b7a9428b3e91022672f33d5ffc74bc0af"


def test_without_patience_no_byte_of_tables_and_store_is_another(nursery: Nursery, tmp_path: Path) -> None:
    assert nursery.run(*WITHOUT, "--jobs", "1", "--out", tmp_path, batch=2**28).status == 0
    assert {name: hashlib.sha256(content).hexdigest() for name, content in csv_files(tmp_path).items()} == DIGESTS
    connection = sqlite3.connect(tmp_path / STORE)
    digest = hashlib.sha256()
    for table in ("configurations", "runs"):
        for row in connection.execute(f"SELECT * FROM {table} ORDER BY id"):
            digest.update(repr(row).encode())
    assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    connection.close()
    assert digest.hexdigest() == ROWS
