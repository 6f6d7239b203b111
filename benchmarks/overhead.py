"""What a run costs beyond its training: short runs, tables included, against one long run."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import environment
from benchmarks.compare import PROJECT
from benchmarks.measure import Clock, Trainer, take_turns
from benchmarks.report import Column, Table, three
from benchmarks.worker import Worker
from benchmarks.workload import Workload

HIDDEN, ITERATIONS = 4, 100
_LONG = 10_000  # iterations of the run to compare with: its start and its two records vanish in them
_ROUNDS = 10  # a processor's clock changes by a third from one second to the next, so long and short runs take turns


def short_runs(runs: int, writes: bool = True) -> dict[str, float]:
    """A sweep of short runs on one core, two rows a curve; seconds, and bytes of the tables if it ``writes`` any."""
    with tempfile.TemporaryDirectory() as folder:
        _sweep(1, Path(folder, "first"))  # loads what there is to load
        wall, cpu = time.perf_counter(), time.process_time()
        _sweep(runs, Path(folder, "out") if writes else None)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        size = sum(path.stat().st_size for path in Path(folder, "out").rglob("*") if path.is_file())
    return {"runs": runs, "wall": wall, "cpu": cpu, "bytes": size}


def _sweep(runs: int, folder: Path | None) -> None:
    from experiments import Sweep

    rates = max(n for n in range(1, 101) if runs % n == 0)
    sweep = Sweep(
        hidden=[HIDDEN],
        learning_rate=[0.1 + 0.01 * k for k in range(rates)],
        seed=range(runs // rates),
        dataset="flower",
        iterations=ITERATIONS,
        record_every=ITERATIONS,
    )
    sweep.run(jobs=1, out=None if folder is None else str(folder))


def overhead(load: Workload, runs: int, clock: Clock, say: Callable[[str], None]) -> Table:
    """``load`` is one network of HIDDEN units. The clock is the processor's."""
    with Worker(environment.one_thread()) as worker:
        trainer = Trainer(worker, PROJECT, load, {"jobs": 1}, _LONG)
        trainer.calibrate()
        times: dict[str, list[float]] = {"training": [], "kept": [], "written": []}
        for number in range(1, _ROUNDS + 1):
            say(f"overhead: {runs // _ROUNDS:,} short runs, {number} of {_ROUNDS} times")
            long = take_turns([trainer], clock, clock.seconds / _ROUNDS)[0]
            times["training"].append(statistics.median(long) * load.activations * ITERATIONS)
            for name in ("kept", "written"):
                found = worker.call("benchmarks.overhead:short_runs", runs=runs // _ROUNDS, writes=name == "written")
                times[name].append(found["cpu"] / found["runs"])
    less = [written - training for written, training in zip(times["written"], times["training"], strict=True)]
    training = statistics.median(times["training"])
    rows = [
        {"what": what, "microseconds": seconds * 1e6, "share": seconds / training}
        for what, seconds in (
            ("100 iterations of one long run", training),
            ("a short run, tables in memory", statistics.median(times["kept"])),
            ("a short run, tables written", statistics.median(times["written"])),
            ("overhead: the last less the first", statistics.median(less)),
        )
    ]
    note = (
        f"Medians over {_ROUNDS} rounds, which take turns. A sweep wrote {found['bytes'] / 1e6:.1f} MB. A record"
        f" evaluates 400 training and 2,000 test examples."
    )
    return Table(
        "overhead",
        f"Overhead of a run: {_ROUNDS} x {runs // _ROUNDS:,} runs of {HIDDEN} units x {ITERATIONS} iterations,"
        " 2 records each, 1 job",
        (Column("what", ""), Column("microseconds", "us", three), Column("share", "of the training", three)),
        rows,
        [note],
    )
