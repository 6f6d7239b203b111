"""What is left of a sweep, what it will take, and the training of it batch by batch."""

from __future__ import annotations

import threading
import time
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import joblib
import numpy as np

from experiments.store import Store, StoredRun
from planar_core import network, training
from planar_core.kernels import Examples

if TYPE_CHECKING:
    from experiments.datasets import Data
    from experiments.sweep import Sweep

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
    """Runs on one data set with one network shape. The lists have one entry a run."""

    dataset: str
    hidden: str
    configurations: list[int]  # positions among those of the sweep
    learning_rates: list[float]
    seeds: list[int]
    work: int  # as in work_of_run

    def part(self, start: int, end: int) -> Batch:
        """Some of its runs."""
        cut = slice(start, end)
        lists = self.configurations[cut], self.learning_rates[cut], self.seeds[cut]
        return replace(
            self,
            configurations=lists[0],
            learning_rates=lists[1],
            seeds=lists[2],
            work=self.work * len(lists[0]) // len(self.seeds),
        )


@dataclass(frozen=True)
class BatchResult:
    """What training a batch gives."""

    batch: Batch
    runs: list[StoredRun]


@dataclass(frozen=True)
class Todo:
    """What is left of a sweep.

    seeds: for each configuration those to be trained; None stands for all seeds of all configurations
    """

    sweep: Sweep
    problems: dict[str, Problem]
    seeds: list[Sequence[int]] | None

    @property
    def n_runs(self) -> int:
        """How many runs that are."""
        return self.sweep.size if self.seeds is None else sum(map(len, self.seeds))

    def groups(self) -> Iterator[tuple[str, str, int, int, int]]:
        """Runs that take equally long: data set, network shape, first and last + 1 configuration, number of runs."""
        values, position = self.sweep.values, 0
        width = self.sweep.n_configurations // (len(values["dataset"]) * len(values["hidden"]))
        for name in values["dataset"]:
            for hidden in values["hidden"]:
                end = position + width
                if self.seeds is None:
                    yield name, hidden, position, end, width * len(values["seed"])
                else:
                    yield name, hidden, position, end, sum(map(len, self.seeds[position:end]))
                position = end


@dataclass(frozen=True)
class Plan:
    """What a sweep will take."""

    runs: int  # all
    reused: int  # of these
    work: int  # as in work_of_run
    seconds: float
    memory: int  # bytes, at the end
    disk: int  # bytes, for the tables and what is added to the store


def problems_of(data: dict[str, Data], dtype: str) -> dict[str, Problem]:
    """Every data set of a sweep as the kernels want it."""
    return {name: Problem.of(each, dtype) for name, each in data.items()}


def work_of_run(problem: Problem, hidden: str, iterations: int, records: int) -> int:
    """How long a run takes, in steps that are about equally long for every network.

    A step is the time of one weight in a pass over one example, some six multiply-and-add operations. A unit,
    with its tanh, takes four. A record has no backward pass and takes half an iteration.
    """
    shapes = network.layer_shapes(problem.features, hidden)
    work_of_example = sum(units * (inputs + 4) for (units, inputs), _ in shapes)
    examples, test_examples = int(problem.train.X.shape[1]), int(problem.test.X.shape[1])
    return work_of_example * (iterations * examples + records * (examples + test_examples) // 2)


def todo(sweep: Sweep, data: dict[str, Data], store: Store | None, fresh: bool = False) -> Todo:
    """What is not stored yet; of a failed run another attempt. Raises ResultsError for a run that is damaged."""
    problems = problems_of(data, sweep.dtype)
    if store is None or fresh:
        return Todo(sweep, problems, None)
    wanted, seeds = sweep.values["seed"], list[Sequence[int]]()
    for run in sweep.configurations():
        number = store.find(sweep.identity(run, data[run.dataset].fingerprint))
        stored = set() if number is None else {seed for seed, run in store.runs(number) if run.status != "failed"}
        seeds.append(wanted if stored.isdisjoint(wanted) else array("L", (s for s in wanted if s not in stored)))
    return Todo(sweep, problems, seeds)


def plan(todo: Todo, jobs: int, seconds_of_work: float) -> Plan:
    """Estimate what the sweep takes, without expanding it."""
    sweep = todo.sweep
    records = training.n_records(sweep.iterations, sweep.record_every)
    work = parameters = largest = 0
    for name, hidden, _, _, n_runs in todo.groups():
        work += n_runs * work_of_run(todo.problems[name], hidden, sweep.iterations, records)
        shapes = network.layer_shapes(todo.problems[name].features, hidden)
        of_one = sum(units * (inputs + 1) for (units, inputs), _ in shapes)
        parameters, largest = parameters + n_runs * of_one, max(largest, of_one)
    runs, at_once = sweep.size, min(joblib.effective_n_jobs(jobs), max(1, todo.n_runs))
    text = max(map(len, sweep.values["dataset"]))
    # Bytes as measured: of a row, a run and a parameter; a parameter in training has a sum for each lane.
    return Plan(
        runs=runs,
        reused=runs - todo.n_runs,
        work=work,
        seconds=work * seconds_of_work / at_once,
        memory=400 * runs + 160 * largest * at_once,
        disk=(60 + text) * runs * records + (100 + text) * runs + todo.n_runs * (24 * records + 120) + 8 * parameters,
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


def batches(todo: Todo, jobs: int, shortest: int | None = None) -> Iterator[Batch]:
    """What is to be done in batches, those of the longest first, so that the cores stay busy to the end.

    A batch has at least the work ``shortest``, unless there is no more of its kind.
    """
    sweep = todo.sweep
    records = training.n_records(sweep.iterations, sweep.record_every)
    rates, all_seeds = sweep.values["learning_rate"], sweep.values["seed"]
    groups = []
    for name, hidden, first, end, n_runs in todo.groups():
        groups.append(
            (work_of_run(todo.problems[name], hidden, sweep.iterations, records), n_runs, name, hidden, first, end)
        )
    share = sum(work * n_runs for work, n_runs, *_ in groups) // (jobs * _BATCHES_PER_JOB)
    share = min(max(share, shortest or _SHORTEST_BATCH), _LONGEST_BATCH)
    groups.sort(key=lambda group: -min(max(group[0], share), group[0] * group[1]))
    for work, _, name, hidden, first, end in groups:
        size = max(1, share // max(1, work))
        batch = Batch(name, hidden, [], [], [], 0)
        for position in range(first, end):
            seeds = all_seeds if todo.seeds is None else todo.seeds[position]
            start = 0
            while start < len(seeds):
                taken = [int(seed) for seed in seeds[start : start + size - len(batch.seeds)]]
                start += len(taken)
                batch.configurations.extend([position] * len(taken))
                batch.learning_rates.extend([rates[(position - first) % len(rates)]] * len(taken))
                batch.seeds.extend(taken)
                if len(batch.seeds) == size:
                    yield replace(batch, work=work * size)
                    batch = Batch(name, hidden, [], [], [], 0)
        if batch.seeds:
            yield replace(batch, work=work * len(batch.seeds))


def train_batch(
    batch: Batch,
    problem: Problem,
    iterations: int,
    record_every: int,
    dtype: str,
    numerics: int,
    stop: threading.Event | None = None,
) -> BatchResult:
    """Train one batch. A run that raises becomes a failed one, with its message, and costs no other run.

    ``numerics`` is what the sweep wants: on another machine there may be another version of this program.
    """
    if numerics != training.NUMERICS:
        return BatchResult(
            batch,
            [failed(f"a worker has version {training.NUMERICS} of the numerics, not {numerics}")] * len(batch.seeds),
        )
    try:
        return BatchResult(batch, _train_batch(batch, problem, iterations, record_every, dtype, stop))
    except Stopped:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the result of that run
        if len(batch.seeds) == 1:
            return BatchResult(batch, [failed(f"{type(error).__name__}: {error}")])
        parts = [batch.part(k, k + 1) for k in range(len(batch.seeds))]
        results = [train_batch(part, problem, iterations, record_every, dtype, numerics, stop) for part in parts]
        return BatchResult(batch, [run for result in results for run in result.runs])


def failed(why: str) -> StoredRun:
    """A run without numbers."""
    return StoredRun("failed", np.zeros((3, 0)), b"", " ".join(why.split()).rstrip(":"))


def _train_batch(
    batch: Batch, problem: Problem, iterations: int, record_every: int, dtype: str, stop: threading.Event | None
) -> list[StoredRun]:
    records = training.n_records(iterations, record_every)
    how = [training.Hyperparameters(learning_rate) for learning_rate in batch.learning_rates]
    arrays = training.new_batch(problem.features, batch.hidden, batch.seeds, how, records, dtype)
    for _ in training.train_batch(
        batch.hidden, problem.features, arrays, problem.train, problem.test, iterations, record_every
    ):
        if stop is not None and stop.is_set():
            raise Stopped
    layout = network.layout(problem.features, batch.hidden)
    flat = network.flatten(arrays.parameters, problem.features, layout)
    flat = flat.astype(flat.dtype.newbyteorder("<"), copy=False)
    curves = np.stack([arrays.costs, arrays.train_accuracies, arrays.test_accuracies], axis=1)
    return [
        StoredRun("diverged" if diverged else "ok", curve[:, :filled], parameters.tobytes(), "")
        for curve, filled, parameters, diverged in zip(
            curves, arrays.records.tolist(), flat, arrays.diverged.tolist(), strict=True
        )
    ]
