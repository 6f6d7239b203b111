"""Series: one size doubled again and again, everything else the same."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.measure import Clock
from benchmarks.ours import measure_all
from benchmarks.report import Column, Table, ns, three
from benchmarks.workload import Array, Workload, workload

_DTYPE = "float64"
_LONG_PASS = 100_000  # activations in an iteration: the two records of a run weigh little without many iterations


def doubled(first: int, last: int) -> list[int]:
    """first, 2 first, 4 first, ... up to last."""
    values = [first]
    while values[-1] * 2 <= last:
        values.append(values[-1] * 2)
    return values


def points(features: int, examples: int) -> tuple[Array, Array]:
    """A problem of any size: whether the first and the last feature have the same sign."""
    X = np.random.default_rng(0).standard_normal((features, examples))
    return X, (X[0] * X[-1] > 0).reshape(1, -1)


def _network(hidden: Sequence[int], features: int = 2, examples: int = 400) -> Workload:
    X, Y = points(features, examples)
    least = 100 if examples * sum(hidden) < _LONG_PASS else 20
    return workload("", X, Y, [hidden], 1, _DTYPE, least_iterations=least)


def of_networks(clock: Clock, say: Callable[[str], None]) -> list[Table]:
    """Cost of an iteration against examples, hidden units, depth and features."""
    planned: tuple[tuple[str, str, list[int], Callable[[int], Workload]], ...] = (
        ("examples", "Examples: 4 hidden units", doubled(100, 25_600), lambda n: _network((4,), examples=n)),
        ("hidden", "Hidden units, one layer", doubled(1, 512), lambda n: _network((n,))),
        ("depth", "Depth: layers of 8 units", doubled(1, 16), lambda n: _network((8,) * n)),
        ("features", "Features: 4 hidden units", doubled(2, 128), lambda n: _network((4,), features=n)),
    )
    tables = []
    for name, title, values, make in planned:
        say(f"series: {name}")
        loads = [make(value) for value in values]
        times = [min(mine) for mine in measure_all(loads, clock, 2 * clock.seconds)]
        rows = [
            {
                name: value,
                "total": time * load.activations * 1e6,
                "each": time,
                "slots": time * clock.rates[_DTYPE].value,
            }
            for value, load, time in zip(values, loads, times, strict=True)
        ]
        columns = (
            Column(name, name),
            Column("total", "us an iteration", three),
            Column("growth", "x the one before", three),
            Column("each", "ns per activation", ns),
            Column("slots", "FMA slots", three),
        )
        tables.append(Table(f"series_{name}", f"{title}: {_DTYPE}, 1 core", columns, _with_growth(rows)))
    return tables


def _with_growth(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """How many times as much as the row before: 2 where the cost is proportional."""
    for before, row in itertools.pairwise(rows):
        row["growth"] = row["total"] / before["total"]
    return rows
