"""experiments.runner.plan: what a sweep will take, without expanding it."""

from __future__ import annotations

from typing import Any

import pytest

from experiments.datasets.loading import load
from experiments.knobs.knob import SweepError
from experiments.runner.plan import measure_speed, plan
from experiments.runner.train import Problem
from experiments.runner.work import _DEALING, _DEEPER, _MINI_BATCH, Todo, todo, work_of_run
from experiments.sweep import Sweep
from planar_core import network


def everything(sweep: Sweep) -> Todo:
    return todo(sweep, sweep.load(), None)


def test_a_plan_is_about_right() -> None:
    sweep = Sweep(hidden=[1, 5], learning_rate=[0.1, 1], seed=range(10), iterations=1000, record_every=10)
    one, two = (plan(everything(sweep), jobs, 1e-10) for jobs in (1, 2))
    assert (one.runs, one.reused) == (40, 0)
    around = 2 * two.seconds - one.seconds  # what one core does, whatever the jobs: start, store, tables
    assert one.seconds - around == pytest.approx(one.work * 1e-10)
    assert 40 * 1e-5 < around < 1.0
    assert plan(everything(sweep), 1, 1e-10, plots=True).seconds > one.seconds + 1
    # One hidden unit: 1 x 2 weights and 1 unit, below 1 weight and 1 unit; five likewise. 2,000 test examples.
    steps = (2 + 4) + (1 + 4) + 5 * (2 + 4) + (5 + 4)
    assert one.work == 20 * steps * (1000 * 400 + 101 * (400 + 2000) // 2)
    assert one.memory - 250e6 < 10e6  # of the tables and the runs in flight: other curves stay on disk
    assert 40 * 101 * 60 < one.disk < 40 * 101 * 200


def test_a_plan_counts_the_padding_of_mini_batches() -> None:
    def planned(**knobs: Any) -> int:
        sweep = Sweep(hidden=1, learning_rate=1, seed=range(2), samples=10_000, iterations=1, **knobs)
        return plan(everything(sweep), 2, 1e-10).memory

    room = 2 * network.mini_batches(Problem.of(load("flower", samples=10_000), "float64").train, [1]).X.nbytes
    without = planned(batch_size=["all", 20_000])
    assert planned(batch_size="all") == planned(batch_size=20_000)
    assert room < planned(batch_size=[500, 1]) - without < 3 * room


def test_a_plan_of_a_large_network_counts_its_sums() -> None:
    sweep = Sweep(hidden=100_000, learning_rate=1, seed=0, iterations=1, record_every=1)
    assert plan(everything(sweep), 1, 1e-10).memory > 400_000 * 16 * 8  # a sum for every parameter and lane


def test_a_mini_batch_is_less_work_whole_vectors_of_it() -> None:
    problem = Problem.of(load("flower"), "float64")
    steps = 4 * (2 + 4) + (4 + 4)
    records = steps * 11 * (400 + 2000) // 2
    work = {size: work_of_run(problem, "4", 1000, 11, size) - records for size in (1, 8, 9, 400, 10**9)}
    # 8 numbers are a vector; one more has the sums that are added up, and each example is dealt out.
    for size, vectors in ((1, 2), (8, 2), (9, 3)):
        assert work[size] == 1000 * (vectors * 8 * steps + size * _DEALING + _MINI_BATCH)
    assert work[400] == work[10**9] == 1000 * 400 * steps  # there are no more: it is no mini-batch
    knobs = {"hidden": 4, "iterations": 1000, "record_every": 100, "seed": range(3)}
    sweep = Sweep(**knobs, learning_rate=[1, 2], batch_size=["all", 9])
    assert plan(everything(sweep), 1, 1.0).work == 6 * (1000 * 400 * steps + records + work[9] + records)


def test_deep_networks_take_their_time() -> None:
    problem = Problem.of(load("flower"), "float64")
    of_one, of_many = (work_of_run(problem, "x".join(["1"] * n), 1000, 11) for n in (1, 101))
    assert of_many - 100 * 5 * (1000 * 400 + 11 * 2400 // 2) - of_one == 100 * _DEEPER * 1011


@pytest.mark.parametrize(
    ("knobs", "expected"),
    [
        ({"iterations": 42_000_000, "record_every": 1}, "42,000,001 records and up to .* the store holds at most 900"),
        ({"hidden": "10000x10000x2000", "iterations": 1}, "parameters takes .*: use --record-every N, or smaller"),
    ],
)
def test_a_run_that_cannot_be_stored_is_refused(knobs: dict[str, Any], expected: str) -> None:
    with pytest.raises(SweepError, match=expected):
        plan(everything(Sweep(**{"hidden": 1, "learning_rate": 1, "seed": 0, **knobs})), 1, 1e-10)


def test_more_layers_than_ctrl_c_can_wait_for_are_refused() -> None:
    assert Sweep(hidden="x".join(["1"] * 1000)).size
    with pytest.raises(SweepError, match="expected at most 1,000 hidden layers"):
        Sweep(hidden="x".join(["1"] * 1001))


def test_the_speed_is_measured_for_each_precision() -> None:
    for dtype in ("float64", "float32"):
        assert 0 < measure_speed(dtype) < 1e-6
