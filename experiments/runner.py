"""Runs -> results, through joblib: batches of runs, longest first, in threads or processes."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import resource_tracker
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

STATUSES = ("ok", "diverged", "failed")
OK, DIVERGED, FAILED = range(3)

# A batch should be worth its scheduling and show on the progress bar, yet leave the others something to do.
_SHORTEST_BATCH, _LONGEST_BATCH = 2**28, 2**32  # of work; 2**32 take about a second, in float32 half of one
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
    work: int  # as in work_of_run


@dataclass(frozen=True)
class BatchResult:
    """What training a batch gives; arrays have one entry a run."""

    batch: Batch
    status: np.ndarray[Any, Any]  # index into STATUSES
    records: np.ndarray[Any, Any]  # how many points of each curve are filled
    curves: np.ndarray[Any, Any]  # (3, runs, records): cost, training accuracy, test accuracy
    parameters: Sequence[Parameters | None]
    errors: list[str]


@dataclass(frozen=True)
class Plan:
    """What a sweep will take."""

    runs: int
    work: int  # as in work_of_run
    seconds: float
    memory: int  # bytes, at the end
    disk: int  # bytes


def work_of_run(problem: Problem, hidden: str, iterations: int, records: int) -> int:
    """How long a run takes, in steps that are about equally long for every network.

    A step is the time of one weight in a pass over one example, some six multiply-and-add operations. A unit,
    with its tanh, takes four. A record has no backward pass and takes half an iteration.
    """
    shapes = network.layer_shapes(problem.features, hidden)
    work_of_example = sum(units * (inputs + 4) for (units, inputs), _ in shapes)
    examples, test_examples = int(problem.train.X.shape[1]), int(problem.test.X.shape[1])
    return work_of_example * (iterations * examples + records * (examples + test_examples) // 2)


def plan(sweep: Sweep, problems: dict[str, Problem], jobs: int, seconds_of_work: float) -> Plan:
    """Estimate what the sweep takes, without expanding it."""
    records = training.n_records(sweep.iterations, sweep.record_every)
    inner = len(sweep.values["learning_rate"]) * len(sweep.values["seed"])
    work = parameters = largest = 0
    for name in sweep.values["dataset"]:
        for hidden in sweep.values["hidden"]:
            work += inner * work_of_run(problems[name], hidden, sweep.iterations, records)
            shapes = network.layer_shapes(problems[name].features, hidden)
            of_one = sum(units * (inputs + 1) for (units, inputs), _ in shapes)
            parameters, largest = parameters + inner * of_one, max(largest, of_one)
    runs, at_once = sweep.size, min(joblib.effective_n_jobs(jobs), sweep.size)
    text = max(map(len, sweep.values["dataset"]))
    # Bytes as measured: of a row, a run and a parameter; a parameter in training has a sum for each lane.
    return Plan(
        runs=runs,
        work=work,
        seconds=work * seconds_of_work / at_once,
        memory=200 * runs * records + 2000 * runs + 24 * parameters + 160 * largest * at_once,
        disk=(60 + text) * runs * records + (100 + text) * runs + 8 * parameters,
    )


def measure_speed(dtype: str) -> float:
    """Seconds for one of work on one core, from a short training; compiles the kernels if need be."""
    rng = np.random.RandomState(0)
    X = rng.random_sample((2, 400))
    times = []
    training.train(X, X[0] > X[1], hidden=4, iterations=1, dtype=dtype)
    for _ in range(3):
        start = time.perf_counter()
        training.train(X, X[0] > X[1], hidden=4, iterations=1000, record_every=1000, dtype=dtype)
        times.append(time.perf_counter() - start)
    return min(times) / (1000 * 400 * (4 * (2 + 4) + (4 + 4)))  # see work_of_run


def batches(sweep: Sweep, problems: dict[str, Problem], jobs: int) -> list[Batch]:
    """The sweep in batches, longest first, so that the cores stay busy to the end."""
    records = training.n_records(sweep.iterations, sweep.record_every)
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
    batch: Batch,
    problem: Problem,
    iterations: int,
    record_every: int,
    dtype: str,
    stop: threading.Event | None = None,
) -> BatchResult:
    """Train one batch. A run that raises becomes a failed one, with its message, and costs no other run."""
    try:
        return _train_batch(batch, problem, iterations, record_every, dtype, stop)
    except Stopped:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the result of that run
        if len(batch.seeds) == 1:
            records = training.n_records(iterations, record_every)
            return BatchResult(
                batch,
                np.array([FAILED]),
                np.zeros(1, np.int64),
                np.full((3, 1, records), np.nan),
                [None],
                [" ".join(f"{type(error).__name__}: {error}".split()).rstrip(":")],
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
    batch: Batch,
    problem: Problem,
    iterations: int,
    record_every: int,
    dtype: str,
    stop: threading.Event | None,
) -> BatchResult:
    records = training.n_records(iterations, record_every)
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
        network.unpack(arrays.parameters, problem.features, layout),
        [""] * len(batch.seeds),
    )


def train_all(
    sweep: Sweep, problems: dict[str, Problem], jobs: int = -1, backend: str = "threading"
) -> Generator[BatchResult]:
    """Train every run of the sweep; batches come as they are done, in no particular order.

    Closing the iterator, or an exception such as KeyboardInterrupt, stops the workers: processes at once,
    threads within a slice of their batch.
    """
    stop = threading.Event()
    shared = stop if backend == "threading" else None  # an event cannot travel to another process
    todo = batches(sweep, problems, jobs)
    jobs = min(joblib.effective_n_jobs(jobs), len(todo))
    if backend != "threading":
        measure_speed(sweep.dtype)  # compile once, here: workers read the kernels from disk
        resource_tracker.ensure_running()  # before Python 3.14 its start ends any holding back of interrupts
    pool = joblib.Parallel(n_jobs=jobs, backend=backend, return_as="generator_unordered", pre_dispatch="2*n_jobs")
    tasks = (
        joblib.delayed(train_batch)(
            batch, problems[batch.dataset], sweep.iterations, sweep.record_every, sweep.dtype, shared
        )
        for batch in todo
    )
    with contextlib.ExitStack() as at_end:
        at_end.callback(stop.set)
        with _interrupts_held_back():
            done = pool(tasks)
        at_end.callback(_close, done)
        for result in done:  # noqa: UP028 - `yield from` would close `done` by itself, with joblib's warning
            yield result


def _close(done: Generator[Any]) -> None:
    """Stop what is not done yet; that it is left unused is not worth joblib's warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        done.close()


@contextlib.contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Processes started meanwhile never see the Ctrl-C of a terminal, which goes to all of them at once.

    Whoever started them sees it, afterwards, and ends them; by themselves they would print a traceback each.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


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
    with contextlib.closing(train_all(sweep, problems, jobs, backend)) as results:
        for result in results:
            finished.append(result)
            if progress is not None:
                progress(result)
    finished.sort(key=lambda result: result.batch.first)
    return tables.gather(sweep, data, finished, seconds=time.perf_counter() - start, jobs=jobs, backend=backend)
