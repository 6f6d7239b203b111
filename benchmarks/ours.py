"""This project alone: how the time per activation depends on the network, and what a second core adds."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks import environment
from benchmarks.compare import PROJECT, networks_for
from benchmarks.measure import PARALLEL_SECONDS, Clock, Spread, Trainer, take_turns
from benchmarks.report import Column, Table, ns, three
from benchmarks.worker import Worker
from benchmarks.workload import Workload, workload

DTYPES = ("float64", "float32")
SHAPES = ((1,), (2,), (4,), (5,), (20,), (50,), (16,), (8, 8))
_REFERENCE = (4,)
ROUND_SECONDS = 0.01


def shapes(X: Any, Y: Any, clock: Clock, say: Callable[[str], None]) -> Table:
    """Time per activation against the shape of the network, on one core, in both precisions."""
    rows: list[dict[str, Any]] = [{"hidden": "x".join(map(str, shape))} for shape in SHAPES]
    for dtype in DTYPES:
        say(f"this project, by hidden units: {dtype}")
        loads = [workload("", X, Y, [shape], 1, dtype) for shape in SHAPES]
        times = measure_all(loads, clock, 2 * clock.seconds)
        reference = times[SHAPES.index(_REFERENCE)]
        for row, mine in zip(rows, times, strict=True):
            row |= {
                dtype: Spread.of(mine).best,
                f"{dtype}_median": Spread.of(mine).median,
                f"{dtype}_slots": min(mine) * clock.rates[dtype].value,
                f"{dtype}_relative": statistics.median(a / b for a, b in zip(mine, reference, strict=True)),
            }
    columns = [Column("hidden", "hidden")]
    for dtype in DTYPES:
        columns += [
            Column(dtype, f"{dtype}: best", ns),
            Column(f"{dtype}_median", "median", ns),
            Column(f"{dtype}_slots", "FMA slots", three),
            Column(f"{dtype}_relative", "of 4 units", three),
        ]
    return Table("shapes", "ns per activation, by hidden units: 1 core, 400 examples, 2 features", columns, rows)


def measure_all(loads: Sequence[Workload], clock: Clock, seconds: float) -> list[list[float]]:
    """Seconds per activation of each workload in each round, on one core."""
    with Worker(environment.one_thread()) as worker:
        trainers = [Trainer(worker, PROJECT, load, {"jobs": 1}, load.least_iterations) for load in loads]
        for trainer in trainers:
            trainer.calibrate(ROUND_SECONDS)
        return take_turns(trainers, clock, seconds)


def threads(load: Workload, clock: Clock, say: Callable[[str], None]) -> Table:
    """The same workload with one job and with a job on every core, as the runner does it, on the wall's clock."""
    say(f"this project, threads: {load.dtype}")
    jobs = sorted({1, clock.cores})
    load = load.thinned(networks_for(clock.cores))
    with Worker(environment.one_thread()) as worker:
        trainers = [Trainer(worker, PROJECT, load, {"jobs": n}, load.least_iterations) for n in jobs]
        for trainer, n in zip(trainers, jobs, strict=True):
            trainer.calibrate(PARALLEL_SECONDS * n)
        rounds = take_turns(trainers, clock, 2 * clock.seconds, on_wall=True)
    rows = []
    for n, mine in zip(jobs, rounds, strict=True):
        spread = Spread.of(mine)
        rows.append(
            {
                "jobs": n,
                "best": spread.best,
                "median": spread.median,
                "speedup_of_best": min(rounds[0]) / spread.best,
                "speedup": statistics.median(a / b for a, b in zip(rounds[0], mine, strict=True)),
            }
        )
    columns = (
        Column("jobs", "jobs"),
        Column("best", "ns on the wall: best", ns),
        Column("median", "median", ns),
        Column("speedup_of_best", "speed: best", three),
        Column("speedup", "median", three),
    )
    return Table("threads_" + load.dtype, f"Threads: {load.name}, {load.dtype}", columns, rows)
