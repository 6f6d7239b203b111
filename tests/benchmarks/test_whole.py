"""The whole job: all tools train the same networks, and the table survives what is not there. No times are asserted."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks import environment
from benchmarks.whole import section, tools
from benchmarks.whole.jobs import BREAST_CANCER, FLOWER, Job
from benchmarks.whole.process import Outcome, run
from benchmarks.worker import WorkerError
from experiments.datasets import load
from experiments.knobs.declared import DATASET, HIDDEN, ITERATIONS, LEARNING_RATE, SEED

SMALL = {
    "flower": replace(FLOWER, hidden=(1, 4), learning_rates=(0.3, 1.2), seeds=(0, 1), iterations=1_000),
    "breast_cancer": replace(BREAST_CANCER, hidden=(1, 4), learning_rates=(0.3, 1.0), seeds=(0, 1), iterations=200),
}
ROOT = Path(__file__).resolve().parents[2]


def quiet(_: str) -> None:
    """Nobody is told."""


@pytest.fixture(scope="module", params=SMALL)
def job(request: pytest.FixtureRequest) -> Job:
    return SMALL[request.param]


@pytest.fixture(scope="module")
def networks(job: Job, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    _, found = tools.Project("", ("--no-plots",)).run(job, str(tmp_path_factory.getbasetemp() / "cache"))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("script", tools.scripts(quick=False), ids=lambda script: script.name)
def test_trains_the_networks_of_the_project(script: tools.Script, job: Job, networks: pd.DataFrame) -> None:
    if not tools.is_installed(script):
        pytest.skip(f"{script.package} is not installed")
    answer = script.run(job, 2)
    assert len(networks) == job.networks
    assert section.difference(answer, job, section.best(networks, job)) is None
    assert 0 < answer.training < answer.outcome.wall


@pytest.mark.slow
def test_a_project_that_compiles_first_trains_the_same() -> None:
    job = replace(SMALL["flower"], iterations=50)
    _, found = tools.Project("", ("--no-plots",), has_empty_cache=True).run(job, "no folder, since it is not used")
    assert list(found["seed"].unique()) == [0, 1]
    assert len(found) == job.networks


def test_a_job_is_the_default_sweep() -> None:
    assert FLOWER.networks == 350
    assert tuple(map(str, FLOWER.hidden)) == HIDDEN.default
    assert FLOWER.learning_rates == LEARNING_RATE.default
    assert FLOWER.seeds == tuple(SEED.default)
    assert (FLOWER.iterations,) == ITERATIONS.default
    assert (FLOWER.dataset,) == DATASET.default


def test_a_part_has_all_sizes_and_learning_rates_from_the_middle() -> None:
    part = FLOWER.part(1, 2)
    assert part == replace(FLOWER, learning_rates=(0.3,), seeds=(0, 1))
    assert part.networks == 14
    assert FLOWER.part(None, None) == FLOWER


def test_the_file_of_a_job_has_the_data_of_the_project(tmp_path: Path) -> None:
    job = SMALL["breast_cancer"]
    job.save(tmp_path / "job.npz")
    found = np.load(tmp_path / "job.npz")
    n_train = int(found["n_train"])
    for X, y, seeds in zip(found["X"], found["y"], found["seeds"], strict=True):
        data = load(job.dataset, split="seed", seed=int(seeds.item()))
        np.testing.assert_array_equal(X[:n_train].T, data.X)
        np.testing.assert_array_equal(X[n_train:].T, data.X_test)
        np.testing.assert_array_equal(np.concatenate((data.Y[0], data.Y_test[0])), y)
    assert found["hidden"].tolist() == [4, 1]


def test_seeds_that_share_their_data_get_them_once(tmp_path: Path) -> None:
    SMALL["flower"].save(tmp_path / "job.npz")
    found = np.load(tmp_path / "job.npz")
    assert found["X"].shape == (1, 2400, 2)
    assert found["seeds"].tolist() == [[0, 1]]


def test_the_best_is_that_of_the_same_networks() -> None:
    found = pd.DataFrame(
        {
            "hidden": ["1", "1", "4", "4", "4"],
            "learning_rate": [0.3, 0.3, 0.3, 0.3, 1.2],
            "seed": [0, 1, 0, 1, 0],
            "test_accuracy": [0.7, 0.6, 0.5, 0.9, 1.0],
        }
    )
    job = replace(SMALL["flower"], learning_rates=(0.3,))
    assert section.best(found, job) == pytest.approx(0.7)
    assert section.best(found, replace(job, seeds=(1,))) == pytest.approx(0.9)


def outcome(wall: float, memory: int | None = 2_000_000) -> Outcome:
    return Outcome(wall, 2 * wall, memory, [])


class Ours(tools.Project):
    """A project that is done at once."""

    def run(self, job: Job, cache: str) -> tuple[Outcome, pd.DataFrame]:
        grid = pd.MultiIndex.from_product(
            [job.hidden, job.learning_rates, job.seeds], names=["hidden", "learning_rate", "seed"]
        )
        return outcome(2.0), pd.DataFrame({"test_accuracy": 0.9}, index=grid).reset_index()


class Theirs(tools.Script):
    """A script that answers at once, or raises."""

    def run(self, job: Job, cores: int, interpreter: str = "") -> tools.Answer:
        if self.name == "broken":
            raise WorkerError("status 1: no such thing")
        networks = job.networks + (self.name == "other networks")
        return tools.Answer(outcome(5.0), networks, 0.5 if self.name == "bad" else 0.88, 4.0)


@pytest.fixture(scope="module")
def table() -> dict[str, dict[str, Any]]:
    scripts: Sequence[tools.Script] = [
        Theirs("absent", (), "no-such-package"),
        Theirs("broken", (), "numpy"),
        Theirs("bad", (), "numpy"),
        Theirs("other networks", (), "numpy"),
        Theirs("part", ("with_sklearn.py",), "numpy"),
        Theirs("all", ("with_jax_processes.py", "with_jax.py"), "numpy", takes_part=False),
    ]
    (found,) = section.tables([FLOWER], [Ours("this project")], scripts, 2, 2, quick=True, say=quiet)
    assert max(map(len, found.text().splitlines())) <= 100
    return {row["name"]: dict(row) for row in found.rows}


def test_what_is_not_there_or_not_the_same_is_reported(table: dict[str, dict[str, Any]]) -> None:
    statuses = {name: row.get("status") for name, row in table.items()}
    assert statuses == {
        "this project": None,
        "part": None,
        "all": None,
        "absent": "not installed",
        "broken": "failed: status 1: no such thing",
        "bad": "failed: its best has an accuracy of 50.0%, ours 90.0%",
        "other networks": "failed: 8 networks instead of 7",
    }


def test_a_part_is_scaled_up_from_the_begin_of_training(table: dict[str, dict[str, Any]]) -> None:
    assert table["all"]["wall"] == 5.0
    assert table["all"]["ratio"] == 2.5
    assert table["part"]["wall"] == 1.0 + 50 * 4.0
    assert table["part"]["cpu"] == 2 * table["part"]["wall"]
    assert table["part"]["shown_wall"] == "~201"
    assert table["part"]["shown_networks"] == "7 of 350"
    assert len(table["part"]["rounds"]) == 2


def test_lines_of_code() -> None:
    source = '''"""What it is.

And more.
"""

import sys  # counts

# a comment
def double(x):
    """Return it twice."""
    text = """a
    b"""

    return (
        2 * x
    )
'''
    assert tools.code_lines(source) == 7
    assert tools.Script("", ("with_jax_processes.py", "with_jax.py"), "jax").lines > 30


def test_a_command_with_the_time_and_memory_of_the_processes_it_starts() -> None:
    inner = "x = bytearray(50_000_000); import time; time.sleep(1)"
    outer = f"import subprocess, sys; print('one', flush=True); subprocess.run([sys.executable, '-c', {inner!r}])"
    found = run([sys.executable, "-c", outer], {}, ROOT, 60)
    assert [line for _, line in found.lines] == ["one"]
    assert found.wall >= 1
    assert found.memory is None or found.memory > 50_000_000


def test_a_command_that_fails_or_never_ends() -> None:
    with pytest.raises(WorkerError, match=r"status 3: why$"):
        run([sys.executable, "-c", "import sys; print('why', file=sys.stderr); sys.exit(3)"], {}, ROOT, 60)
    with pytest.raises(WorkerError, match=r"more than 1 s$"):
        run([sys.executable, "-c", "import time; time.sleep(600)"], {}, ROOT, 1)


def test_a_script_that_says_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "silent.py").write_text("print('training')", encoding="utf-8")
    monkeypatch.setattr(tools, "_SCRIPTS", tmp_path)
    with pytest.raises(WorkerError, match="expected a line with the best configuration, got none"):
        tools.Script("", ("silent.py",), "numpy").run(SMALL["flower"], 2)


def test_versions_of_all_tools_are_shown() -> None:
    assert {script.package for script in tools.scripts(quick=False)} <= set(environment.PACKAGES)
