"""What is left of a sweep, what it will take, and the training of it batch by batch."""

from __future__ import annotations

import math
import threading
import time
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import joblib
import numpy as np

from experiments.knobs import ACTIVATION, AXES, BATCH_SIZE, DATASET, HIDDEN, SweepError, known_value
from experiments.store import Store, StoredRun
from planar_core import network, training
from planar_core.kernels import Examples
from planar_core.simd import LANES
from planar_core.training import Hyperparameters

if TYPE_CHECKING:
    from experiments.datasets import Data
    from experiments.sweep import ProblemKey, Sweep

# A batch should be worth its scheduling and show on the progress bar, yet leave the others something to do.
_SHORTEST_BATCH, _LONGEST_BATCH = 2**28, 2**32  # of work; 2**32 take about a second, in float32 half of one
_BATCHES_PER_JOB = 32
MOST_GROUPS = 1_000_000  # which are listed, to sort them
# Of work, as measured: to find the place of an example in a mini-batch and copy it there; and once for each of them.
_DEALING, _MINI_BATCH = 100, 1000

# What the runs of a batch share: the kernels take it once.
_SHARED = {axis.name for axis in AXES if axis.is_problem or axis in (HIDDEN, ACTIVATION)}
_OF_HYPERPARAMETERS = [axis for axis in AXES if axis.name in Hyperparameters._fields]


class Stopped(Exception):
    """A worker was asked to stop in the middle of a batch."""


@dataclass(frozen=True)
class Problem:
    """The data of a problem as the kernels want them."""

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
    """Runs on one problem with one network shape and activation function. The lists have one entry a run."""

    problem: ProblemKey
    hidden: str
    activation: str
    configurations: list[int]  # positions among those of the sweep
    hyperparameters: list[Hyperparameters]
    seeds: list[int]
    work: int  # as in work_of_run

    def part(self, start: int, end: int) -> Batch:
        """Some of its runs."""
        cut = slice(start, end)
        lists = self.configurations[cut], self.hyperparameters[cut], self.seeds[cut]
        return replace(
            self,
            configurations=lists[0],
            hyperparameters=lists[1],
            seeds=lists[2],
            work=self.work * len(lists[0]) // len(self.seeds),
        )


@dataclass(frozen=True)
class BatchResult:
    """What training a batch gives."""

    batch: Batch
    runs: list[StoredRun]


class Group(NamedTuple):
    """Runs that take equally long and may share a batch."""

    problem: ProblemKey
    hidden: str
    activation: str
    work: int  # of each, as in work_of_run
    n_runs: int
    stretches: range  # where their configurations are in the sweep: the first of each stretch
    length: int  # of a stretch

    def batch(self) -> Batch:
        """A batch that is to be filled."""
        return Batch(self.problem, self.hidden, self.activation, [], [], [], 0)

    def configurations(self) -> Iterator[int]:
        """The positions of their configurations in the sweep."""
        for first in self.stretches:
            yield from range(first, first + self.length)


@dataclass(frozen=True)
class Todo:
    """What is left of a sweep.

    seeds: for each configuration those to be trained; None stands for all seeds of all configurations
    """

    sweep: Sweep
    problems: dict[ProblemKey, Problem]
    seeds: list[Sequence[int]] | None

    @property
    def n_runs(self) -> int:
        """How many runs that are."""
        return self.sweep.size if self.seeds is None else sum(map(len, self.seeds))

    @property
    def work(self) -> int:
        """How long they take, as in work_of_run."""
        return sum(group.work * group.n_runs for group in self.groups())

    def groups(self) -> Iterator[Group]:
        """Runs that take equally long: those that may share a batch, and have a batch size in common.

        The outer dimensions of the sweep, up to the last one with anything that a batch shares, tell its kinds apart.
        The configurations of a kind stand together; those with one batch size lie among them at regular distances.
        """
        sweep = self.sweep
        records = training.n_records(sweep.iterations, sweep.record_every)
        width, sizes, length = self._extents()
        for first in range(0, sweep.n_configurations, width):
            for start in range(first, first + sizes * length, length):
                run = sweep.configuration(start)
                batch_size = known_value(BATCH_SIZE, run.batch_size)
                problem = self.problems[run.problem]
                work = work_of_run(problem, run.hidden, sweep.iterations, records, batch_size)
                stretches = range(start, first + width, sizes * length)
                group = Group(run.problem, run.hidden, run.activation, work, 0, stretches, length)
                if self.seeds is None:
                    n_runs = width // sizes * len(sweep.values["seed"])
                else:
                    n_runs = sum(len(self.seeds[position]) for position in group.configurations())
                yield group._replace(n_runs=n_runs)

    def _extents(self) -> tuple[int, int, int]:
        """Configurations of a kind, batch sizes in it, and configurations of one batch size that stand together."""
        dimensions = self.sweep.dimensions[:-1]  # but for the seed
        outer = 1 + max(k for k, each in enumerate(dimensions) if not _SHARED.isdisjoint(each.names))
        of_size = next(k for k, each in enumerate(dimensions) if BATCH_SIZE.name in each.names)
        width = math.prod(each.size for each in dimensions[outer:])
        length = math.prod(each.size for each in dimensions[max(outer, of_size + 1) :])
        return width, dimensions[of_size].size if of_size >= outer else 1, length

    @property
    def n_groups(self) -> int:
        """How many ``groups`` gives, at most."""
        width, sizes, _ = self._extents()
        return self.sweep.n_configurations // width * sizes


@dataclass(frozen=True)
class Plan:
    """What a sweep will take."""

    runs: int  # all
    reused: int  # of these
    work: int  # as in work_of_run
    seconds: float
    memory: int  # bytes, at the end
    disk: int  # bytes, for the tables and what is added to the store

    def __str__(self) -> str:
        from experiments.terminal import duration, size

        reused = f" ({self.reused:,} stored)" if self.reused else ""
        costs = f"about {duration(self.seconds)}, {size(self.memory)} of memory, {size(self.disk)} on disk"
        return f"{self.runs:,} runs{reused}, {costs}"


def problems_of(data: Mapping[ProblemKey, Data], dtype: str) -> dict[ProblemKey, Problem]:
    """Every problem of a sweep as the kernels want it."""
    return {key: Problem.of(each, dtype) for key, each in data.items()}


def hyperparameters(knobs: Mapping[str, Any]) -> Hyperparameters:
    """What the core wants to know of a run. A further knob that is not among ``knobs`` is at its default."""
    return Hyperparameters(
        **{axis.name: known_value(axis, knobs.get(axis.name, axis.default[0])) for axis in _OF_HYPERPARAMETERS}
    )


def work_of_run(problem: Problem, hidden: str, iterations: int, records: int, batch_size: int | None = None) -> int:
    """How long a run takes, in steps that are about equally long for every network.

    A step is the time of one weight in a pass over one example, some six multiply-and-add operations. A unit,
    with its tanh, takes four. A record has no backward pass and takes half an iteration on all examples. A mini-batch
    is padded to whole vectors, and one more stands for adding up their lanes, which is little beside all examples.
    """
    shapes = network.layer_shapes(problem.features, hidden)
    work_of_example = sum(units * (inputs + 4) for (units, inputs), _ in shapes)
    examples, test_examples = int(problem.train.X.shape[1]), int(problem.test.X.shape[1])
    work_of_records = work_of_example * (records * (examples + test_examples) // 2)
    if batch_size is None or batch_size >= problem.train.m:
        return work_of_example * iterations * examples + work_of_records
    dtype = problem.train.X.dtype
    padded = network.whole_vectors(batch_size, dtype) + LANES[dtype.name]
    return iterations * (work_of_example * padded + _DEALING * batch_size + _MINI_BATCH) + work_of_records


def todo(sweep: Sweep, data: Mapping[ProblemKey, Data], store: Store | None, fresh: bool = False) -> Todo:
    """What is not stored yet; of a failed run another attempt.

    Raises SweepError for a grid of too many kinds of networks, ResultsError for a run that is damaged.
    """
    problems = problems_of(data, sweep.dtype)
    everything = Todo(sweep, problems, None)
    if everything.n_groups > MOST_GROUPS:
        axes = "data sets, hidden sizes, activations and batch sizes"
        raise SweepError(f"expected at most {MOST_GROUPS:,} combinations of {axes}, got {everything.n_groups:,}")
    if store is None or fresh:
        return everything
    wanted, seeds = sweep.values["seed"], list[Sequence[int]]()
    for run in sweep.configurations():
        number = store.find(sweep.identity(run, data[run.problem].fingerprint))
        stored = set() if number is None else {seed for seed, run in store.runs(number) if run.status != "failed"}
        seeds.append(wanted if stored.isdisjoint(wanted) else array("L", (s for s in wanted if s not in stored)))
    return Todo(sweep, problems, seeds)


def plan(todo: Todo, jobs: int, seconds_of_work: float) -> Plan:
    """Estimate what the sweep takes, without expanding it."""
    sweep = todo.sweep
    records = training.n_records(sweep.iterations, sweep.record_every)
    work = parameters = largest = 0
    for group in todo.groups():
        work += group.work * group.n_runs
        of_one = network.count_parameters(todo.problems[group.problem].features, group.hidden)
        parameters, largest = parameters + group.n_runs * of_one, max(largest, of_one)
    runs, at_once = sweep.size, min(joblib.effective_n_jobs(jobs), max(1, todo.n_runs))
    text = sum(
        max(len(str(value)) + (axis is not DATASET) for value in sweep.values[axis.name])
        for axis in AXES
        if axis is DATASET or (axis.is_further and axis.name in sweep.columns)
    )
    dealt = max(_mini_batch_numbers(problem, sweep.values[BATCH_SIZE.name]) for problem in todo.problems.values())
    numbers = sum((p.features + 1) * (p.train.m + p.test.m) for p in todo.problems.values())
    # Bytes as measured: of a row, a run and a parameter; a parameter in training has a sum for each lane.
    return Plan(
        runs=runs,
        reused=runs - todo.n_runs,
        work=work,
        seconds=work * seconds_of_work / at_once,
        # The data as they are, for the kernels, and of every thread as dealt out to mini-batches.
        memory=400 * runs + 160 * largest * at_once + 16 * numbers + 8 * dealt * at_once,
        disk=(60 + text) * runs * records
        + (100 + text) * runs
        + todo.n_runs * (24 * records + 120)
        + 8 * (parameters + numbers),
    )


def _mini_batch_numbers(problem: Problem, batch_sizes: Sequence[Any]) -> int:
    """How many numbers the examples are, at most, when they are dealt out to mini-batches of whole vectors."""
    examples = problem.train
    smallest = min((size for size in batch_sizes if known_value(BATCH_SIZE, size) is not None), default=examples.m)
    if smallest >= examples.m:
        return 0
    padded = network.whole_vectors(smallest, examples.X.dtype)
    return int((examples.X.shape[0] + 3) * -(-examples.m // smallest) * padded)  # labels, weights and order, too


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
    sweep, all_seeds = todo.sweep, todo.sweep.values["seed"]
    groups = list(todo.groups())
    share = sum(group.work * group.n_runs for group in groups) // (jobs * _BATCHES_PER_JOB)
    share = min(max(share, shortest or _SHORTEST_BATCH), _LONGEST_BATCH)
    groups.sort(key=lambda group: -min(max(group.work, share), group.work * group.n_runs))
    for group in groups:
        size = max(1, share // max(1, group.work))
        batch = group.batch()
        for position in group.configurations():
            how = hyperparameters(sweep.configuration(position)._asdict())
            seeds = all_seeds if todo.seeds is None else todo.seeds[position]
            start = 0
            while start < len(seeds):
                taken = [int(seed) for seed in seeds[start : start + size - len(batch.seeds)]]
                start += len(taken)
                batch.configurations.extend([position] * len(taken))
                batch.hyperparameters.extend([how] * len(taken))
                batch.seeds.extend(taken)
                if len(batch.seeds) == size:
                    yield replace(batch, work=group.work * size)
                    batch = group.batch()
        if batch.seeds:
            yield replace(batch, work=group.work * len(batch.seeds))


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
    arrays = training.new_batch(problem.features, batch.hidden, batch.seeds, batch.hyperparameters, records, dtype)
    examples = problem.train, problem.test
    for _ in training.train_batch(
        batch.hidden, problem.features, arrays, *examples, iterations, record_every, activation=batch.activation
    ):
        if stop is not None and stop.is_set():
            raise Stopped
    layout = network.layout(problem.features, batch.hidden)
    flat = network.flatten(arrays.parameters, problem.features, layout)
    flat = flat.astype(flat.dtype.newbyteorder("<"), copy=False)
    curves = np.stack([arrays.costs, arrays.train_scores, arrays.test_scores], axis=1)
    return [
        StoredRun("diverged" if diverged else "ok", curve[:, :filled], parameters.tobytes(), "")
        for curve, filled, parameters, diverged in zip(
            curves, arrays.records.tolist(), flat, arrays.diverged.tolist(), strict=True
        )
    ]
