"""Series: one size doubled again and again, everything else the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks import environment
from benchmarks.measure import Clock
from benchmarks.ours import measure_all
from benchmarks.report import Column, Table, ns, three
from benchmarks.worker import Worker
from benchmarks.workload import Array, Workload, workload

_DTYPE = "float64"


def doubled(first: int, last: int) -> list[int]:
    """first, 2 first, 4 first, ... up to last."""
    values = [first]
    while values[-1] * 2 <= last:
        values.append(values[-1] * 2)
    return values


def points(features: int, examples: int) -> tuple[Array, Array]:
    """A problem of any size: the sign of a product of two features, the first and the last."""
    X = np.random.default_rng(0).standard_normal((features, examples))
    return X, (X[0] * X[-1] > 0).reshape(1, -1)


def _of(hidden: Sequence[int], features: int = 2, examples: int = 400) -> Workload:
    X, Y = points(features, examples)
    # Long passes need no hundred iterations to outweigh the records.
    return workload("", X, Y, [hidden], 1, _DTYPE, least_iterations=100 if examples * sum(hidden) < 1e5 else 20)


def all_series(clock: Clock, say: Callable[[str], None], most_runs: int) -> list[Table]:
    """Examples, hidden units, depth, features, and runs."""
    planned = (
        ("examples", "Examples: 4 hidden units", doubled(100, 25_600), lambda n: _of((4,), examples=n)),
        ("hidden", "Hidden units, one layer", doubled(1, 512), lambda n: _of((n,))),
        ("depth", "Depth: layers of 8 units", doubled(1, 16), lambda n: _of((8,) * n)),
        ("features", "Features: 4 hidden units", doubled(2, 128), lambda n: _of((4,), features=n)),
    )
    tables = []
    for name, title, values, make in planned:
        say(f"series: {name}")
        loads = [make(value) for value in values]
        times = [min(mine) for mine in measure_all(loads, clock, 2 * clock.seconds)]
        rows = [
            {
                "value": value,
                "microseconds": time * load.activations * 1e6,
                "best": time,
                "slots": time * clock.rates[_DTYPE].best,
            }
            for value, load, time in zip(values, loads, times, strict=True)
        ]
        tables.append(_table(name, f"{title}: {_DTYPE}, 1 core", rows, "us an iteration"))
    say("series: runs")
    tables.append(_runs(most_runs))
    return tables


def _runs(most: int) -> Table:
    """Whole sweeps, tables included, of ever more runs."""
    rows: list[dict[str, Any]] = []
    with Worker(environment.one_thread()) as worker:
        for runs in doubled(max(1, most // 64), most):
            found = worker.call("benchmarks.sweeps:short_runs", runs=runs)
            rows.append({"value": runs, "microseconds": found["cpu"] / runs * 1e6, "growth_from": found["cpu"]})
    for row in rows:
        row["each"] = row["microseconds"]
    return _table(
        "runs",
        "Runs: sweeps of 4 hidden units x 100 iterations, 1 job, tables written",
        rows,
        "us a run",
    )


def _table(name: str, title: str, rows: list[dict[str, Any]], unit: str) -> Table:
    total = [row.get("growth_from", row["microseconds"]) for row in rows]
    for row, before, now in zip(rows[1:], total, total[1:], strict=False):
        row["growth"] = now / before
    return Table(
        f"series_{name}",
        title,
        (
            Column("value", name),
            Column("microseconds", unit, three),
            Column("growth", "times the one before", three),
            *((Column("best", "ns per activation", ns), Column("slots", "FMA slots", three)) if "best" in rows[0] else ()),
        ),
        rows,
    )
