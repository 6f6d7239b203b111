"""Runs -> results, through joblib: batches of runs, longest first, in threads or processes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np

from planar_core import network, training
from planar_core.kernels import Examples
from planar_core.network import Parameters

if TYPE_CHECKING:
    from experiments.datasets import Data
    from experiments.sweep import Sweep
    from experiments.tables import Results

BACKENDS = ("threading", "loky")
STATUSES = ("ok", "diverged", "failed")
OK, DIVERGED, FAILED = range(3)

# A batch should be worth its scheduling and show on the progress bar, yet leave the others something to do.
_SHORTEST_BATCH, _LONGEST_BATCH = 2**25, 2**29  # activations; 2**29 take about half a second
_BATCHES_PER_JOB = 32


class Stopped(Exception):
    """A worker was asked to stop in the middle of a batch."""


@dataclass(frozen=True)
class Problem:
    """A data set as the kernels want it."""

    features: int
    train: Examples
    test: Examples

    @classmethod
    def of(cls, data: Data, dtype: str) -> Problem:
        """The padded arrays of a data set, in the precision of the training."""
        train = network.examples(data.X, data.Y, np.dtype(dtype))
        return cls(data.X.shape[0], train, network.examples(data.X_test, data.Y_test, np.dtype(dtype)))


@dataclass(frozen=True)
class Batch:
    """Runs ``first`` to ``first + len(seeds) - 1`` of a sweep: one data set, one network shape."""

    first: int
    dataset: str
    hidden: str
    seeds: list[int]
    learning_rates: list[float]
    work: int  # activations


@dataclass(frozen=True)
class BatchResult:
    """What training a batch gives; arrays have one entry a run."""

    batch: Batch
    status: np.ndarray[Any, Any]  # index into STATUSES
    records: np.ndarray[Any, Any]  # how many points of each curve are filled
    curves: np.ndarray[Any, Any]  # (3, runs, records): cost, training accuracy, test accuracy
    parameters: list[Parameters | None]
    errors: list[str]


@dataclass(frozen=True)
class Plan:
    """What a sweep will take."""

    runs: int
    activations: int
    curve_rows: int
    seconds: float
    memory: int  # bytes, at the end
    disk: int  # bytes


def work_of_run(problem: Problem, hidden: str, iterations: int, records: int) -> int:
    """Activations in the life of a run: training, and the test examples (half a pass) at each record."""
    units = sum(network.hidden_layers(hidden)) + 1
    return units * (iterations * problem.train.X.shape[1] + records * problem.test.X.shape[1] // 2)


def plan(sweep: Sweep, problems: dict[str, Problem], jobs: int, seconds_per_activation: float) -> Plan:
    """Estimate what the sweep takes, without expanding it."""
    records = len(training.recorded_iterations(sweep.iterations, sweep.record_every))
    inner = len(sweep.values["learning_rate"]) * len(sweep.values["seed"])
    work = parameters = 0
    for name in sweep.values["dataset"]:
        for hidden in sweep.values["hidden"]:
            work += inner * work_of_run(problems[name], hidden, sweep.iterations, records)
            parameters += inner * network.n_parameters(network.layout(problems[name].features, hidden))
    runs = len(sweep)
    return Plan(
        runs=runs,
        activations=work,
        curve_rows=runs * records,
        seconds=work * seconds_per_activation / min(joblib.effective_n_jobs(jobs), max(runs, 1)),
        memory=runs * records * 3 * 8 * 4 + parameters * 8 * 3,
        disk=runs * records * 90 + runs * 130 + parameters * 8,
    )


def measure_speed() -> float:
    """Seconds per activation on one core of this machine, from a short training; compiles the kernels if need be."""
    rng = np.random.RandomState(0)
    X = rng.random_sample((2, 400))
    arguments = {"hidden": 4, "iterations": 1000, "record_every": 1000}
    times = []
    training.train(X, X[0] > X[1], **arguments)
    for _ in range(3):
        start = time.perf_counter()
        training.train(X, X[0] > X[1], **arguments)
        times.append(time.perf_counter() - start)
    return min(times) / (1000 * 400 * 5)


def batches(sweep: Sweep, problems: dict[str, Problem], jobs: int) -> list[Batch]:
    """The sweep in batches, longest first, so that the cores stay busy to the end."""
    records = len(training.recorded_iterations(sweep.iterations, sweep.record_every))
    learning_rates, seeds = sweep.values["learning_rate"], sweep.values["seed"]
    inner = len(learning_rates) * len(seeds)
    groups = [(name, hidden) for name in sweep.values["dataset"] for hidden in sweep.values["hidden"]]
    work = [work_of_run(problems[name], hidden, sweep.iterations, records) for name, hidden in groups]
    share = sum(work) * inner // (joblib.effective_n_jobs(jobs) * _BATCHES_PER_JOB)
    share = min(max(share, _SHORTEST_BATCH), _LONGEST_BATCH)
    result = []
    for position, (name, hidden) in enumerate(groups):
        size = max(1, share // max(1, work[position]))
        for start in range(0, inner, size):
            at = [divmod(k, len(seeds)) for k in range(start, min(start + size, inner))]
            result.append(
                Batch(
                    first=position * inner + start,
                    dataset=name,
                    hidden=hidden,
                    seeds=[seeds[s] for _, s in at],
                    learning_rates=[learning_rates[r] for r, _ in at],
                    work=len(at) * work[position],
                )
            )
    return sorted(result, key=lambda batch: (-batch.work, batch.first))


def train_batch(
    batch: Batch, problem: Problem, iterations: int, record_every: int, dtype: str, stop: threading.Event | None = None
) -> BatchResult:
    """Train one batch. A run that raises becomes a failed one, with its message, and costs no other run."""
    try:
        return _train_batch(batch, problem, iterations, record_every, dtype, stop)
    except Stopped:
        raise
    except Exception as error:
        if len(batch.seeds) == 1:
            records = len(training.recorded_iterations(iterations, record_every))
            return BatchResult(
                batch,
                np.array([FAILED]),
                np.zeros(1, np.int64),
                np.full((3, 1, records), np.nan),
                [None],
                [f"{type(error).__name__}: {' '.join(str(error).split())}"],
            )
        parts = [
            Batch(batch.first + k, batch.dataset, batch.hidden, [seed], [rate], batch.work // len(batch.seeds))
            for k, (seed, rate) in enumerate(zip(batch.seeds, batch.learning_rates, strict=True))
        ]
        results = [train_batch(part, problem, iterations, record_every, dtype, stop) for part in parts]
        return BatchResult(
            batch,
            np.concatenate([r.status for r in results]),
            np.concatenate([r.records for r in results]),
            np.concatenate([r.curves for r in results], axis=1),
            [p for r in results for p in r.parameters],
            [e for r in results for e in r.errors],
        )


def _train_batch(
    batch: Batch, problem: Problem, iterations: int, record_every: int, dtype: str, stop: threading.Event | None
) -> BatchResult:
    records = len(training.recorded_iterations(iterations, record_every))
    arrays = training.new_batch(problem.features, batch.hidden, batch.seeds, batch.learning_rates, records, dtype)
    for _ in training.train_batch(
        batch.hidden, problem.features, arrays, problem.train, problem.test, iterations, record_every
    ):
        if stop is not None and stop.is_set():
            raise Stopped
    layout = network.layout(problem.features, batch.hidden)
    return BatchResult(
        batch,
        np.where(arrays.diverged, DIVERGED, OK),
        arrays.records,
        np.stack([arrays.costs, arrays.train_accuracies, arrays.test_accuracies]),
        [network.unpack(flat, problem.features, layout) for flat in arrays.parameters],
        [""] * len(batch.seeds),
    )


def train_all(
    sweep: Sweep, problems: dict[str, Problem], jobs: int = -1, backend: str = "threading"
) -> Iterator[BatchResult]:
    """Train every run of the sweep; batches come as they are done, in no particular order.

    Closing the iterator, or an exception such as KeyboardInterrupt, stops the workers within a slice of a batch.
    """
    stop = threading.Event()
    shared = stop if backend == "threading" else None  # an event cannot travel to another process
    todo = batches(sweep, problems, jobs)
    if jobs != 1 and backend != "threading":
        measure_speed()  # compile once, here: workers then read the kernels from disk
    pool = joblib.Parallel(n_jobs=jobs, backend=backend, return_as="generator_unordered", pre_dispatch="2*n_jobs")
    done = pool(
        joblib.delayed(train_batch)(
            batch, problems[batch.dataset], sweep.iterations, sweep.record_every, sweep.dtype, shared
        )
        for batch in todo
    )
    try:
        yield from done
    finally:
        stop.set()
        done.close()


def run(
    sweep: Sweep,
    data: dict[str, Data],
    jobs: int = -1,
    backend: str = "threading",
    progress: Callable[[BatchResult], None] | None = None,
) -> Results:
    """Train every run of the sweep and gather the results. ``progress`` is called after each batch."""
    from experiments import tables

    start = time.perf_counter()
    problems = {name: Problem.of(data[name], sweep.dtype) for name in data}
    finished: list[BatchResult] = []
    for result in train_all(sweep, problems, jobs, backend):
        finished.append(result)
        if progress is not None:
            progress(result)
    finished.sort(key=lambda result: result.batch.first)
    return tables.gather(sweep, data, finished, seconds=time.perf_counter() - start, jobs=jobs, backend=backend)
