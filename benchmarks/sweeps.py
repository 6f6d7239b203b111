"""Whole sweeps: what a run costs beyond its training, and how long the default sweep takes from command to last file."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import environment
from benchmarks.compare import PROJECT
from benchmarks.measure import Clock, Trainer, take_turns
from benchmarks.report import Column, Table, three
from benchmarks.worker import Worker
from benchmarks.workload import Workload

ROOT = Path(__file__).resolve().parents[1]
HIDDEN, ITERATIONS = 4, 100


def short_runs(runs: int) -> dict[str, float]:
    """A sweep of short runs on one core, two rows a curve, written to a folder that is deleted; seconds and bytes."""
    from experiments import Sweep

    with tempfile.TemporaryDirectory() as folder:
        _short_sweep(Sweep, 1).run(jobs=1, out=str(Path(folder) / "first"))  # loads what there is to load
        wall, cpu = time.perf_counter(), time.process_time()
        sweep = _short_sweep(Sweep, runs)
        sweep.run(jobs=1, out=str(Path(folder) / "out"))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        size = sum(path.stat().st_size for path in Path(folder, "out").rglob("*") if path.is_file())
        return {"runs": len(sweep), "wall": wall, "cpu": cpu, "bytes": size}


def _short_sweep(sweep: Any, runs: int) -> Any:
    rates = max(n for n in range(1, 101) if runs % n == 0)
    return sweep(
        hidden=[HIDDEN],
        learning_rate=[0.1 + 0.01 * k for k in range(rates)],
        seed=range(runs // rates),
        dataset="flower",
        iterations=ITERATIONS,
        record_every=ITERATIONS,
    )


def overhead(load: Workload, runs: int, clock: Clock, say: Callable[[str], None]) -> Table:
    """``runs`` short runs against one long one of as many iterations; ``load`` is one network of 4 units."""
    say(f"overhead: {runs:,} short runs")
    with Worker(environment.one_thread()) as worker:
        trainer = Trainer(worker, PROJECT, load, {"jobs": 1}, 10_000)
        before = take_turns([trainer], clock, clock.seconds)[0]
        found = worker.call("benchmarks.sweeps:short_runs", runs=runs)
        after = take_turns([trainer], clock, clock.seconds)[0]
    kernel = min(before + after) * load.activations * ITERATIONS
    a_run = found["cpu"] / found["runs"]
    rows = [
        {"what": "one long run, its share of as many iterations", "microseconds": kernel * 1e6, "share": 1.0},
        {"what": "a short run in a sweep, tables written", "microseconds": a_run * 1e6, "share": a_run / kernel},
        {"what": "overhead", "microseconds": (a_run - kernel) * 1e6, "share": a_run / kernel - 1},
    ]
    return Table(
        "overhead",
        f"Overhead of a run: {found['runs']:,} runs of {HIDDEN} units x {ITERATIONS} iterations, 2 records each, 1 job",
        (Column("what", ""), Column("microseconds", "us", three), Column("share", "of the training", three)),
        rows,
        [
            f"The sweep took {found['cpu']:.1f} s of the processor, {found['wall']:.1f} s on the wall, and wrote"
            f" {found['bytes'] / 1e6:.0f} MB. A record is an evaluation of 400 training and 2,000 test examples."
        ],
    )


_FIRST_CALLS = """
import json, time
import numpy as np
X = np.random.RandomState(0).random_sample((2, 400)); Y = X[0] > X[1]
times = []
def lap(start=[time.perf_counter(), time.process_time()]):
    now = [time.perf_counter(), time.process_time()]
    times.append([b - a for a, b in zip(start, now)]); start[:] = [time.perf_counter(), time.process_time()]
lap()
from planar_core import train
lap()
train(X, Y, iterations=1)
lap()
train(X, Y, iterations=1)
lap()
print(json.dumps(times[1:]))
"""


def start(clock: Clock, say: Callable[[str], None], repetitions: int) -> Table:
    """The first call of ``train``, in new processes: without compiled kernels, and with those of a process before."""
    import json

    found: dict[str, list[list[list[float]]]] = {"empty": [], "warm": []}
    for _ in range(repetitions):
        with tempfile.TemporaryDirectory() as folder:
            for cache in ("empty", "warm", "warm"):
                say(f"first call: cache {cache}")
                done = _run([sys.executable, "-c", _FIRST_CALLS], folder)
                found[cache].append(json.loads(done.stdout))
    rows = []
    for what, cache, at in (
        ("import planar_core (NumPy is there)", "warm", 0),
        ("first call ever: compiles", "empty", 1),
        ("first call, compiled before", "warm", 1),
        ("second call", "warm", 2),
    ):
        wall, cpu = zip(*(laps[at] for laps in found[cache]), strict=True)
        rows.append({"what": what, "wall": min(wall), "cpu": min(cpu), "all_wall": wall, "all_cpu": cpu})
    return Table(
        "start",
        f"Start of a process: best of {repetitions} (compiling) or {2 * repetitions}",
        (
            Column("what", ""),
            Column("wall", "wall s", lambda s: f"{s:.3f}"),
            Column("cpu", "processor s", lambda s: f"{s:.3f}"),
        ),
        rows,
    )


def default_sweep(clock: Clock, say: Callable[[str], None], repetitions: int) -> Table:
    """``python -m experiments.grid`` from the command to the last file, everything compiled before."""
    rows = []
    with tempfile.TemporaryDirectory() as cache:
        for what, options in (
            ("350 runs, tables and pictures", []),
            ("the same without pictures", ["--no-plots"]),
            ("one run of no iteration, no pictures", ["--no-plots", *"--hidden 1 --lr 1 --seeds 0 --iterations 0".split()]),
        ):
            walls, cpus = [], []
            for repetition in range(repetitions + (not rows)):
                say(f"default sweep: {what}")
                with tempfile.TemporaryDirectory() as folder:
                    command = [sys.executable, "-m", "experiments.grid", "--quiet", "--out", str(Path(folder) / "out")]
                    wall, cpu = time.perf_counter(), _children_seconds()
                    _run([*command, *options], cache)
                    wall, cpu = time.perf_counter() - wall, _children_seconds() - cpu
                if repetition or rows:  # the very first compiles
                    walls.append(wall)
                    cpus.append(cpu)
            rows.append({"what": what, "wall": min(walls), "cpu": min(cpus), "all_wall": walls, "all_cpu": cpus})
    return Table(
        "default_sweep",
        f"The default sweep, from the command to the last file: {clock.cores} cores, best of {repetitions}",
        (
            Column("what", ""),
            Column("wall", "wall s", lambda s: f"{s:.2f}"),
            Column("cpu", "processor s, all cores", lambda s: f"{s:.2f}"),
        ),
        rows,
    )


def _children_seconds() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _run(command: list[str], numba_cache: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "NUMBA_CACHE_DIR": numba_cache},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        raise RuntimeError(f"{' '.join(command[:3])}: status {done.returncode}: {last}")
    return done
