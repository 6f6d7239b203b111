"""The benchmarks measure the same computation for everyone, and survive what is not there. No times are asserted."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

from benchmarks import __main__ as program
from benchmarks import compare, environment, fma_rate, peers_numpy, peers_sklearn
from benchmarks.measure import Clock, Spread
from benchmarks.project import Project
from benchmarks.report import Column, Table, three
from benchmarks.worker import Worker, WorkerError
from benchmarks.workload import Workload, costs, workload
from planar_core import train

SHAPES = ((1,), (4,), (3, 2))


def small(dtype: str = "float64", networks: int = 4) -> Workload:
    X = np.random.RandomState(0).standard_normal((2, 30))
    return workload("small", X, X[0] * X[1] > 0, SHAPES, networks, dtype, least_iterations=5, checked_iterations=20)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("peer", [peers_numpy.Loop, peers_numpy.Batched, peers_sklearn.Loop, Project])
def test_reaches_the_cost_of_train(peer: Any, dtype: str) -> None:
    load = small(dtype)
    expected = [
        train(load.X, load.Y, shape, rate, iterations=300, seed=seed, record_every=300, dtype=dtype).costs[-1]
        for shape, group in zip(SHAPES, load.groups, strict=True)
        for seed, rate in zip(group.seeds, group.learning_rates, strict=True)
    ]
    trainer = peer(load)
    trainer.train(7)  # what was trained before is no part of the result
    trainer.train(300)
    computed = costs(load, trainer.parameters())
    assert np.ptp(computed) > 0.01
    np.testing.assert_allclose(computed, expected, rtol=compare.TOLERANCE[dtype])


def test_jobs_do_not_change_the_parameters() -> None:
    load = small(networks=40)
    one = Project(load)
    one.train(20)
    with contextlib.closing(Project(load, jobs=2)) as two:
        two.train(20)
    for expected, computed in zip(one.parameters(), two.parameters(), strict=True):
        for layer, (W, b) in zip(expected, computed, strict=True):
            np.testing.assert_array_equal(layer[0], W)
            np.testing.assert_array_equal(layer[1], b)


@pytest.fixture(autouse=True)
def _environment_as_it_was() -> Iterator[None]:
    with patch.dict(os.environ):
        yield


class Wrong(peers_numpy.Loop):
    """A peer that computes something else."""

    def train(self, iterations: int) -> None:
        super().train(iterations + 1)


class Broken:
    """A peer that raises."""

    def __init__(self, workload: Workload) -> None:
        raise RuntimeError("no such\nthing")


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock(0.0, 2, {dtype: fma_rate.Rate(dtype) for dtype in program.DTYPES})


@pytest.fixture(scope="module")
def rows(clock: Clock) -> dict[str, dict[str, Any]]:
    peers = (
        compare.Peer("absent", "benchmarks.absent:Loop", "no-such-package"),
        compare.Peer("broken", f"{__name__}:Broken", "numpy"),
        compare.Peer("wrong", f"{__name__}:Wrong", "numpy"),
        compare.Peer("NumPy", "benchmarks.peers_numpy:Loop", "numpy", networks=1),
    )
    found = compare.Comparison([small()], clock, lambda _: None, peers).run()
    return {row["name"]: row for row in found}


def test_a_peer_that_is_not_installed_is_reported_and_the_rest_goes_on(rows: dict[str, dict[str, Any]]) -> None:
    assert list(rows) == ["this project", "absent", "broken", "wrong", "NumPy"]
    assert rows["absent"]["status"] == "not installed"
    assert rows["NumPy"]["best"] > 0
    assert rows["NumPy"]["ratio"] > 0


def test_a_peer_that_raises_is_reported(rows: dict[str, dict[str, Any]]) -> None:
    assert rows["broken"]["status"] == "failed: RuntimeError: no such thing"


def test_a_peer_that_computes_something_else_is_not_timed(rows: dict[str, dict[str, Any]]) -> None:
    assert rows["wrong"]["status"].startswith("costs differ by ")
    assert "best" not in rows["wrong"]


def test_json_and_text(
    rows: dict[str, dict[str, Any]],
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def measured(*_: Any) -> Iterator[Table]:
        yield compare.table("peers", "Peers", list(rows.values()), ["a note"])

    monkeypatch.setattr(program, "measured", measured)
    monkeypatch.setattr(fma_rate, "Rate", lambda dtype: clock.rates[dtype])
    assert program.main(["--only", "peers", "--json", str(tmp_path / "numbers.json")]) == 0

    found = json.loads((tmp_path / "numbers.json").read_text(encoding="utf-8"))
    assert [row["name"] for row in found["tables"]["peers"]["rows"]] == list(rows)
    assert found["tables"]["peers"]["rows"][0]["slots"] > 0
    assert found["machine"]["numpy"] == np.__version__
    printed = capsys.readouterr().out
    assert "\n absent" in printed
    assert max(map(len, printed.splitlines())) <= 100


def test_settings_that_slow_peers_are_removed_before_their_processes_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Prescott")
    assert "OPENBLAS_CORETYPE" in environment.cleaned()
    with Worker({"OMP_NUM_THREADS": "1"}) as worker:
        assert worker.call("os:getenv", key="OPENBLAS_CORETYPE") is None
        assert worker.call("os:getenv", key="OMP_NUM_THREADS") == "1"


def test_a_process_that_dies_is_an_error_with_its_status() -> None:
    with Worker() as worker, pytest.raises(WorkerError, match="ended with status 3"):
        worker.call("os:_exit", status=3)


@pytest.mark.parametrize("dtype", program.DTYPES)
def test_the_rate_is_that_of_multiply_and_adds_in_registers(clock: Clock, dtype: str) -> None:
    loop = clock.rates[dtype].loop
    assert len([line for line in loop.body if "add" in line or "fmla" in line or "fma" in line]) >= loop.accumulators
    assert not [line for line in loop.body if "(" in line or "[" in line], "an operand in memory"


def test_unknown_section(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["--only", "peers,speed"]) == 2
    assert "got 'speed'" in capsys.readouterr().err


def test_spread() -> None:
    assert Spread.of([4.0, 1.0, 2.0, 3.0, 5.0]) == Spread(best=1.0, low=2.0, median=3.0, high=4.0)


def test_a_table_with_headings_gaps_and_a_status() -> None:
    columns = (Column("name", "what"), Column("value", "number", three))
    rows: list[dict[str, Any]] = [
        {"heading": "all"},
        {"name": "a", "value": 1.234},
        {"name": "b", "status": "not installed"},
        {"name": "c"},
    ]
    expected = "Title\n\nwhat  number\n\nall\na       1.23\nb     not installed\nc\n\nNote.\n"
    assert Table("t", "Title", columns, rows, ["Note."]).text() == expected
