"""Whole sweeps, ten times as large again and again: time and memory against runs and configurations."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks import environment
from benchmarks.report import Column, Table, three
from benchmarks.worker import Worker

_BAR = 20  # characters of the longest bar


def sweep(configurations: int, seeds: int) -> dict[str, float]:
    """A sweep of the smallest networks, tables written: seconds, and the peak of the memory of this process."""
    with tempfile.TemporaryDirectory() as folder:
        _run(2, 2, Path(folder, "first"))  # loads what there is to load
        wall, cpu = time.perf_counter(), time.process_time()
        _run(configurations, seeds, Path(folder, "first"))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # kB on Linux
    return {"wall": wall, "cpu": cpu, "megabytes": peak}


def _run(configurations: int, seeds: int, folder: Path) -> None:
    from experiments import Sweep

    rates = [0.1 + 0.9 * k / configurations for k in range(configurations)]
    shape = {"dataset": "moons", "samples": 20, "hidden": [1], "iterations": 10, "record_every": 10}
    Sweep(learning_rate=rates, seed=range(seeds), **shape).run(jobs=1, out=folder)


def tables(say: Callable[[str], None], most_runs: int, most_configurations: int) -> Iterator[Table]:
    """Runs of one configuration from 1,000 on, then configurations of two seeds from 10 on."""
    planned = (
        ("runs", "seeds of one configuration", 1000, most_runs, lambda n: (1, n)),
        ("configurations", "configurations of 2 seeds", 10, most_configurations, lambda n: (n, 2)),
    )
    for name, of, least, most, sizes in planned:
        rows: list[dict[str, Any]] = []
        size = least
        while size <= most:
            say(f"growth: {size:,} {name}")
            with Worker(environment.one_thread()) as worker:  # a new process: the peak of memory is its own
                configurations, seeds = sizes(size)
                found = worker.call("benchmarks.growth:sweep", configurations=configurations, seeds=seeds)
            each = found["cpu"] / size * 1e6
            rows.append({name: f"{size:,}", "total": found["cpu"], "each": each, "megabytes": found["megabytes"]})
            size *= 10
        largest = max(row["each"] for row in rows)
        for row in rows:
            row["bar"] = "#" * max(1, round(_BAR * row["each"] / largest))
        columns = (
            Column(name, name),
            Column("total", "s of the processor", three),
            Column("each", "us each", three),
            Column("bar", ""),
            Column("megabytes", "MB at most", three),
        )
        note = "Linear where the bars are of equal length; the first rows also have what every sweep costs once."
        yield Table(f"growth_{name}", f"Growth: {of}, 1 hidden unit x 10 iterations, 1 job", columns, rows, [note])
