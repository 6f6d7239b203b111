"""The remaining runs of a sweep, in batches."""

from __future__ import annotations

import itertools
import math
import threading
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from experiments.datasets.source import Source
from experiments.design import Design, ProblemKey
from experiments.identity import Identities
from experiments.knobs.declared import ACTIVATION, AXES, BATCH_SIZE, FOLD, HIDDEN, ITERATIONS, SEED
from experiments.knobs.knob import SweepError
from experiments.knobs.values import known_value
from experiments.runner.parts import Part, Parts
from experiments.runner.shards import Shard
from experiments.runner.train import Networks, Problem, hyperparameters, known_values, train
from experiments.store.store import Store, StoredRun
from planar_core import network, training
from planar_core.choices import NUMERICS, Hyperparameters, layer_shapes
from planar_core.simd import LANES

# A batch should be long enough for its overhead, and short enough for the progress bar and other workers.
_SHORTEST_BATCH, _LONGEST_BATCH = 2**28, 2**32  # of work; 2**32 take about a second, in float32 half of one
_BATCHES_PER_JOB = 32
MOST_GROUPS = 1_000_000  # they are listed and sorted
_MANY_SEEDS = 100  # of a series, which are looked up at once
MOST_LISTED = 1_000_000  # series of a shard whose seeds are listed for a plan
_KEPT = 10_000  # series whose hyperparameters are cached
# Work, as measured: to copy an example to its place in a mini-batch; and the overhead of a mini-batch.
_DEALING, _MINI_BATCH = 100, 1000
_DEEPER = 6000  # of a hidden layer above the first in an iteration, beside its units

# What the runs of a batch have in common, because the kernels take it once.
_SHARED = {axis.name for axis in AXES if axis.is_problem or axis in (HIDDEN, ACTIVATION)}


class Piece(NamedTuple):
    """Networks of one shape trained on the same data. ``series`` has the position of the series of each network."""

    part: Part
    series: list[int]
    networks: Networks


@dataclass(frozen=True)
class Batch:
    """Networks that are trained together, and their positions in the sweep."""

    pieces: list[Piece]
    work: int  # as in work_of_run

    @property
    def series(self) -> list[int]:
        """For each network, the position of its series in the sweep."""
        return [position for piece in self.pieces for position in piece.series]

    @property
    def seeds(self) -> list[int]:
        """For each network, its seed."""
        return [seed for piece in self.pieces for seed in piece.networks.seeds]

    def __len__(self) -> int:
        return sum(len(piece.series) for piece in self.pieces)

    def part(self, start: int, end: int) -> Batch:
        """Some of its networks."""
        pieces, first = [], 0
        for piece in self.pieces:
            n = len(piece.series)
            low, high = max(0, start - first), min(n, end - first)
            if low < high:
                pieces.append(Piece(piece.part, piece.series[low:high], piece.networks.part(low, high)))
            first += n
        return Batch(pieces, self.work * (end - start) // len(self))


@dataclass(frozen=True)
class BatchResult:
    """The result of training a batch."""

    batch: Batch
    runs: list[StoredRun]


class Group(NamedTuple):
    """Runs with the same duration that may share a batch."""

    problem: ProblemKey
    hidden: str
    activation: str
    work: int  # of each, as in work_of_run; on average, if several come out of one training
    n_runs: int
    stretches: range  # positions of their series in the sweep: the first of each stretch
    length: int  # of a stretch
    together: Sequence[int]  # as in Todo.together

    def series(self) -> Iterator[int]:
        """The positions of their series in the sweep."""
        for first in self.stretches:
            yield from range(first, first + self.length)

    def trainings(self) -> Iterator[list[int]]:
        """The positions of the series of each training, the longest last."""
        n_folds = min(distance for distance in self.together if distance) if len(self.together) > 1 else 1
        for position in self.series():
            if position // n_folds % len(self.together) == 0:
                yield [position + distance for distance in self.together]


@dataclass(frozen=True)
class Todo:
    """The remaining runs of a sweep.

    seeds: the seeds to train for each series; None means all seeds of all series, or of a shard that is only planned
    shard: the part of the sweep to train; None means all of it
    """

    design: Design
    parts: Parts
    seeds: list[Sequence[int]] | None
    shard: Shard | None = None

    @property
    def size(self) -> int:
        """The number of runs of the sweep, or of its shard, remaining or not."""
        return self.design.n_runs if self.shard is None else self.shard.size(self.design)

    @property
    def n_runs(self) -> int:
        """The number of remaining runs."""
        return self.size if self.seeds is None else sum(map(len, self.seeds))

    @property
    def work(self) -> int:
        """Their total work, as in work_of_run."""
        return sum(group.work * group.n_runs for group in self.groups())

    def groups(self) -> Iterator[Group]:
        """Groups of runs with the same duration: those that may share a batch and have the same batch size.

        The outer dimensions of the sweep, up to the last one that affects what a batch shares, define the kinds of
        networks. The series of a kind are consecutive; those with the same batch size are evenly spaced among them.
        """
        design = self.design
        width, sizes, length = self._extents()
        together = self.together()
        for first in range(0, design.n_series, width):
            for start in range(first, first + sizes * length, length):
                run = design.series(start)
                batch_size = known_value(BATCH_SIZE, run.batch_size)
                problem = self.parts.example(run.problem)
                works = [
                    work_of_run(problem, run.hidden, iterations, records, batch_size)
                    for iterations, records in self._lengths(start, together)
                ]
                stretches = range(start, first + width, sizes * length)
                group = Group(run.problem, run.hidden, run.activation, works[-1], 0, stretches, length, together)
                if self.seeds is None:
                    n_runs = width // sizes * len(design.values["seed"])
                    n_runs = n_runs if self.shard is None else -(-n_runs // self.shard.of)
                    work = works[-1] // len(together)
                else:
                    n_runs = sum(len(self.seeds[position]) for position in group.series())
                    work = works[-1] if len(together) == 1 else self._average_work(group, works)
                yield group._replace(work=work, n_runs=n_runs)

    def together(self) -> list[int]:
        """The series that come out of one training: their distances from the first of them, the longest last.

        They are those of all numbers of iterations, unless these vary together with another setting.
        """
        iterations = self.design.values[ITERATIONS.name]
        if not self._is_view:
            return [0]
        n_folds = len(self.design.values[FOLD.name])
        return [n_folds * place for place in sorted(range(len(iterations)), key=iterations.__getitem__)]

    @property
    def _is_view(self) -> bool:
        """Whether the numbers of iterations are an axis of their own, and not varied together with others."""
        return any(each.names == (ITERATIONS.name,) for each in self.design.dimensions)

    def _lengths(self, first: int, together: Sequence[int]) -> Iterator[tuple[int, int]]:
        """The iterations of each series of a training, and the number of its records and those of the shorter ones."""
        records = 0
        for distance in together:
            iterations = self.design.series(first + distance).iterations
            records += training.n_records(iterations, self.design.record_every_of(iterations))
            yield iterations, records

    def _average_work(self, group: Group, works: Sequence[int]) -> int:
        """The work of a remaining run, on average: a training is as long as the longest of its remaining runs."""
        assert self.seeds is not None
        total = n_runs = 0
        for series in group.trainings():
            trained = set[int]()
            for position, work in reversed(list(zip(series, works, strict=True))):
                n_runs += len(self.seeds[position])
                before = len(trained)
                trained.update(self.seeds[position])
                total += work * (len(trained) - before)
        return total // max(1, n_runs)

    def _extents(self) -> tuple[int, int, int]:
        """The numbers of series per kind, of batch sizes per kind, and of consecutive series with one batch size."""
        dimensions = self.design.dimensions[:-1]  # but for the seed
        shared = _SHARED if self._is_view else {*_SHARED, ITERATIONS.name}
        outer = 1 + max(k for k, each in enumerate(dimensions) if not shared.isdisjoint(each.names))
        of_size = next(k for k, each in enumerate(dimensions) if BATCH_SIZE.name in each.names)
        width = math.prod(each.size for each in dimensions[outer:])
        length = math.prod(each.size for each in dimensions[max(outer, of_size + 1) :])
        return width, dimensions[of_size].size if of_size >= outer else 1, length

    @property
    def n_groups(self) -> int:
        """The largest possible number of ``groups``."""
        width, sizes, _ = self._extents()
        return self.design.n_series // width * sizes


def most_records(design: Design) -> int:
    """The length of the longest curve."""
    return max(itertools.starmap(training.n_records, design.lengths.items()))


def work_of_run(problem: Problem, hidden: str, iterations: int, records: int, batch_size: int | None = None) -> int:
    """The work of a run, in units that take about the same time for every network.

    One unit is the time of one weight in a pass over one example, about six multiply-adds. A hidden unit with its tanh
    takes four. A record has no backward pass and takes half an iteration on all examples. A mini-batch is padded to
    whole vectors, plus one vector for summing up the lanes, which is negligible with all examples.
    """
    shapes = layer_shapes(problem.features, hidden, problem.outputs)
    work_of_example = sum(units * (inputs + 4) for (units, inputs), _ in shapes)
    deeper = _DEEPER * max(0, len(shapes) - 2)
    examples, test_examples = int(problem.train.X.shape[1]), int(problem.test.X.shape[1])
    work_of_records = work_of_example * (records * (examples + test_examples) // 2) + deeper * (iterations + records)
    if batch_size is None or batch_size >= problem.train.m:
        return work_of_example * iterations * examples + work_of_records
    dtype = problem.train.X.dtype
    padded = network.whole_vectors(batch_size, dtype) + LANES[dtype.name]
    return iterations * (work_of_example * padded + _DEALING * batch_size + _MINI_BATCH) + work_of_records


def todo(
    design: Design,
    sources: Mapping[ProblemKey, Source],
    store: Store | None,
    fresh: bool = False,
    is_checked: bool = False,
    shard: Shard | None = None,
) -> Todo:
    """The runs of a sweep, or of a shard of it, that are not stored yet, including failed ones.

    If any are left to train, those that are stored are read first to check that none is damaged, unless that was done
    already (``is_checked``).

    Raises SweepError for a grid with too many kinds of networks, ResultsError for a damaged run.
    """
    parts = Parts(sources, design.dtype)
    everything = Todo(design, parts, None, shard)
    if everything.n_groups > MOST_GROUPS:
        axes = "data sets, hidden sizes, activations and batch sizes"
        raise SweepError(f"expected at most {MOST_GROUPS:,} combinations of {axes}, got {everything.n_groups:,}")
    if store is None or fresh or store.is_empty:
        store = None
        if design.trained is None and (shard is None or design.n_series > MOST_LISTED):
            return everything
    numbers = array("q", [0]) * design.n_series if store is None else store.find_all(identities(design, sources))
    nothing = array("Q")
    all_wanted = list(map(design.seeds_of, range(design.n_series)) if shard is None else shard.seeds(design))
    is_whole = bytearray(len(all_wanted))  # whether nothing is left of a series, where that is found out at once
    if store is not None:
        for position, (number, wanted) in enumerate(zip(numbers, all_wanted, strict=True)):
            is_whole[position] = number and len(wanted) >= _MANY_SEEDS and store.has_finished(number, wanted)
    each = zip(numbers, all_wanted, is_whole, strict=True)
    stored = ((number, seed) for number, wanted, whole in each if number and not whole for seed in wanted)
    is_finished = iter(()) if store is None else store.finished(stored)
    seeds = list[Sequence[int]]()
    for number, wanted, whole in zip(numbers, all_wanted, is_whole, strict=True):
        if whole:
            seeds.append(nothing)
            continue
        left = array("Q", (seed for seed in wanted if not next(is_finished))) if number else wanted
        seeds.append(wanted if len(left) == len(wanted) else left or nothing)
    if store is not None and any(seeds) and not is_checked:
        for number, wanted, left in zip(numbers, all_wanted, seeds, strict=True):
            if len(left) < len(wanted):
                store.check(number, set(wanted).difference(left))
    return Todo(design, parts, seeds, shard)


def identities(design: Design, sources: Mapping[ProblemKey, Source]) -> Identities:
    """The identity of every series, as text."""
    return Identities(design, {problem: source.identity for problem, source in sources.items()})


def earlier_runs(left: Todo, store: Store) -> int:
    """How many runs of what is left are stored with the bits of an earlier version of the numerics."""
    earlier = [version for version in range(1, NUMERICS) if store.has_numerics(version)]
    if left.seeds is None or not earlier:
        return 0
    n, design = 0, left.design
    for run, seeds in zip(design.all_series(), left.seeds, strict=True):
        identity = design.identity(run, left.parts.sources[run.problem].identity) if len(seeds) else {}
        for numerics in range(1, identity.get("numerics", 1)):
            number = store.find({**identity, "numerics": numerics})
            if number is not None:
                n += sum(store.finished((number, seed) for seed in seeds))
    return n


def batches(todo: Todo, jobs: int, shortest: int | None = None) -> Iterator[Batch]:
    """The remaining runs in batches, the longest runs first, so that the cores stay busy to the end.

    A batch has at least the work ``shortest``, unless there are no more runs of its kind.
    """
    groups = list(todo.groups())
    share = sum(group.work * group.n_runs for group in groups) // (jobs * _BATCHES_PER_JOB)
    share = min(max(share, shortest or _SHORTEST_BATCH), _LONGEST_BATCH)
    groups.sort(key=lambda group: -min(max(group.work, share), group.work * group.n_runs))
    for group in groups:
        size = max(1, share // max(1, group.work))
        pieces: list[Piece] = []
        n, how_of = 0, _Hyperparameters(todo.design)
        for part, positions, seed in _trainings(todo, group):
            if not pieces or pieces[-1].part != part:
                pieces.append(Piece(part, [], _no_networks(group, todo.design)))
            piece = pieces[-1]
            for position in positions:
                hyperparameters, how_long = how_of[position]
                piece.series.append(position)
                piece.networks.seeds.append(seed)
                piece.networks.hyperparameters.append(hyperparameters)
                piece.networks.how_long.append(how_long)
            n += len(positions)
            if n >= size:
                yield Batch(pieces, group.work * n)
                pieces, n = [], 0
        if pieces:
            yield Batch(pieces, group.work * n)


class _Hyperparameters(dict[int, tuple[Hyperparameters, tuple[int, int]]]):
    """The hyperparameters of each series, created on demand; with its iterations, and those between two records."""

    def __init__(self, design: Design) -> None:
        self._design = design
        self._first = hyperparameters(design.series(0)._asdict())
        varying = {name for dimension in design.dimensions if dimension.size > 1 for name in dimension.names}
        self._varying = [axis for axis in AXES if axis.name in varying and axis.name in Hyperparameters._fields]

    def __missing__(self, position: int) -> tuple[Hyperparameters, tuple[int, int]]:
        if len(self) >= _KEPT:
            self.clear()
        run = self._design.series(position)
        values = known_values((axis, getattr(run, axis.name)) for axis in self._varying)
        how_long = run.iterations, self._design.record_every_of(run.iterations)
        made = self[position] = self._first._replace(**values), how_long
        return made


def _trainings(todo: Todo, group: Group) -> Iterator[tuple[Part, list[int], int]]:
    """Every remaining training of a group: its part, the series that come out of it, and its seed.

    Trainings on the same part are consecutive.
    """
    design, parts, all_seeds = todo.design, todo.parts, todo.design.values[SEED.name]
    if not parts.sources[group.problem].varies:
        for series in group.trainings():
            part = parts.part_of(design.series(series[0]), 0)
            if todo.seeds is None or len(series) == 1:
                for seed in all_seeds if todo.seeds is None else todo.seeds[series[0]]:
                    yield part, series, int(seed)
                continue
            wanted = {position: set(todo.seeds[position]) for position in series}
            for seed in sorted(set[int]().union(*wanted.values())):
                yield part, [position for position in series if seed in wanted[position]], int(seed)
        return
    of_fold: dict[tuple[Any, str], list[list[int]]] = {}
    for series in group.trainings():
        run = design.series(series[0])
        of_fold.setdefault((run.fold, run.class_weight), []).append(series)
    left = None if todo.seeds is None else {position: iter(todo.seeds[position]) for position in group.series()}
    following = {} if left is None else {position: next(seeds, None) for position, seeds in left.items()}
    for seed in all_seeds:
        for of_part in of_fold.values():
            part = parts.part_of(design.series(of_part[0][0]), int(seed))
            for series in of_part:
                some = series
                if left is not None:  # the remaining seeds are in the order of all seeds
                    some = [position for position in series if following[position] == seed]
                    following.update((position, next(left[position], None)) for position in some)
                if some:
                    yield part, some, int(seed)


def _no_networks(group: Group, design: Design) -> Networks:
    how = design.dtype, NUMERICS, design.patience, design.validation_fraction
    return Networks(group.hidden, group.activation, [], [], [], *how)


def train_batch(batch: Batch, problems: Mapping[Part, Problem], stop: threading.Event | None = None) -> BatchResult:
    """Train a batch, given the data of its parts: the task of a worker."""
    return BatchResult(
        batch, [run for piece in batch.pieces for run in train(piece.networks, problems[piece.part], stop)]
    )


def problems_of(batch: Batch, parts: Parts) -> dict[Part, Problem]:
    """The data that a worker needs for a batch."""
    return {piece.part: parts[piece.part] for piece in batch.pieces}
