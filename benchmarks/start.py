"""From a command to its result: imports, compiling, and the default sweep. Each in processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.measure import Clock
from benchmarks.report import Column, Table
from benchmarks.worker import WorkerError

ROOT = Path(__file__).resolve().parents[1]

_FIRST_CALLS = """
import json, time
import numpy as np
X = np.random.RandomState(0).random_sample((2, 400))
Y = X[0] > X[1]
laps = []
def clocks(): return time.perf_counter(), time.process_time()
def lap(do):
    before = clocks(); do(); laps.append([now - then for then, now in zip(before, clocks())])
def load():
    global train
    from planar_core import train
lap(load)
lap(lambda: train(X, Y, iterations=1))
lap(lambda: train(X, Y, iterations=1))
print(json.dumps(laps))
"""


def first_calls(say: Callable[[str], None], repetitions: int) -> Table:
    """``train`` in new processes: where nothing was compiled before, and where a process before did it."""
    found: dict[str, list[list[list[float]]]] = {"empty": [], "warm": []}
    for _ in range(repetitions):
        with tempfile.TemporaryDirectory() as folder:
            for cache in ("empty", "warm", "warm"):
                say(f"first call of train, cache {cache}")
                found[cache].append(json.loads(_run([sys.executable, "-c", _FIRST_CALLS], folder)))
    rows = []
    for what, cache, at in (
        ("import planar_core, after NumPy", "warm", 0),
        ("first call ever, which compiles", "empty", 1),
        ("first call, compiled before", "warm", 1),
        ("second call", "warm", 2),
    ):
        wall, cpu = zip(*(laps[at] for laps in found[cache]), strict=True)
        rows.append(_row(what, wall, cpu))
    return _table("start", f"Start of a process: best of {2 * repetitions}, compiling of {repetitions}", rows)


def default_sweep(clock: Clock, say: Callable[[str], None], repetitions: int) -> Table:
    """``python -m experiments.grid``, everything compiled before."""
    nothing = ["--no-plots", "--hidden", "1", "--lr", "1", "--seeds", "0", "--iterations", "0"]
    kinds = {"350 runs": [], "350 runs, no pictures": ["--no-plots"], "one run of no iteration, no pictures": nothing}
    seconds: dict[str, list[tuple[float, float]]] = {kind: [] for kind in kinds}
    with tempfile.TemporaryDirectory() as cache:
        _time_sweep(nothing, cache)  # compiles
        for _ in range(repetitions):
            for kind, options in kinds.items():
                say(f"default sweep: {kind}")
                seconds[kind].append(_time_sweep(options, cache))
    rows = [_row(kind, *zip(*times, strict=True)) for kind, times in seconds.items()]
    title = f"The default sweep, from the command to the last file: {clock.cores} cores, best of {repetitions}"
    return _table("default_sweep", title, rows)


def _time_sweep(options: list[str], cache: str) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "experiments.grid", "--quiet", "--out", str(Path(folder, "out")), *options]
        wall, cpu = time.perf_counter(), _children_seconds()
        _run(command, cache)
        return time.perf_counter() - wall, _children_seconds() - cpu


def _children_seconds() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _run(command: list[str], numba_cache: str) -> str:
    """What the command printed."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": numba_cache}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        raise WorkerError(f"{' '.join(command[:3])}: status {done.returncode}: {last}")
    return done.stdout


def _row(what: str, wall: Sequence[float], cpu: Sequence[float]) -> dict[str, Any]:
    return {"what": what, "wall": min(wall), "cpu": min(cpu), "all_wall": list(wall), "all_cpu": list(cpu)}


def _table(name: str, title: str, rows: list[dict[str, Any]]) -> Table:
    columns = (
        Column("what", ""),
        Column("wall", "s on the wall", lambda seconds: f"{seconds:.3f}"),
        Column("cpu", "s of the processor, all cores", lambda seconds: f"{seconds:.3f}"),
    )
    return Table(name, title, columns, rows)
