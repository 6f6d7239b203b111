"""experiments.runner.work: what is left is planned and batched, every run of it once, and none that costs another."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.knobs.knob import SweepError
from experiments.runner import plan as plan_module
from experiments.runner import work as work_module
from experiments.runner.parts import Part, Parts
from experiments.runner.train import Networks
from experiments.runner.work import (
    _BATCHES_PER_JOB,
    _LONGEST_BATCH,
    _SHORTEST_BATCH,
    Batch,
    Piece,
    Todo,
    batches,
    work_of_run,
)
from experiments.store.store import Store, StoredRun
from experiments.sweep import Sweep
from planar_core.choices import Hyperparameters
from tests.helpers.sweeps import how_of

DATA = Sweep(dataset=["flower", "moons"]).load()
PARTS = Parts(DATA, "float64")
FLOWER, MOONS = DATA


def everything(sweep: Sweep) -> Todo:
    return work_module.todo(sweep, sweep.load(), None)


OneRun = tuple[int, Any, str, str, Hyperparameters, int]


def runs_of(batch: Batch) -> Iterator[OneRun]:
    for piece in batch.pieces:
        of = piece.networks
        for series, how, seed in zip(piece.series, of.hyperparameters, of.seeds, strict=True):
            yield series, piece.part.problem, of.hidden, of.activation, how, seed


def only(batch: Batch) -> Piece:
    """The piece of a batch whose data are the same for all."""
    (piece,) = batch.pieces
    return piece


def runs_of_sweep(sweep: Sweep) -> list[OneRun]:
    n_seeds = len(sweep.values["seed"])
    return [
        (k // n_seeds, run.problem, run.hidden, run.activation, how_of(run), run.seed) for k, run in enumerate(sweep)
    ]


def in_order(runs: Iterable[OneRun]) -> list[OneRun]:
    """By configuration and seed; None and a number cannot be compared."""
    return sorted(runs, key=lambda run: (run[0], run[-1]))


KNOBS = {
    "dataset": ["flower", "moons"],
    "activation": ["tanh", "relu"],
    "optimizer": ["gd", "adam"],
    "learning_rate": [0.5, 0.1],
    "l2": [0, 0.1],
    "batch_size": ["all", 32],
    "init_scale": ["auto", 2],
}


# Batches


@settings(max_examples=100, deadline=None)
@given(
    hidden=st.lists(st.sampled_from(["0", "1", "7", "3x3"]), min_size=1, unique=True),
    rates=st.integers(1, 4),
    seeds=st.one_of(st.integers(1, 50).map(range), st.lists(st.integers(0, 2**32 - 1), min_size=1, unique=True)),
    iterations=st.sampled_from([0, 1, 1000, 10**6, 10**12]),
    jobs=st.integers(1, 100),
    pick=st.data(),
)
def test_batches_hold_every_run_once_and_the_longest_come_first(
    hidden: list[str], rates: int, seeds: Sequence[int], iterations: int, jobs: int, pick: st.DataObject
) -> None:
    varied = pick.draw(st.sets(st.sampled_from(sorted(KNOBS)), max_size=3), "further knobs")
    zipped = pick.draw(st.lists(st.sampled_from(sorted(varied)), unique=True) if varied else st.just([]), "in step")
    knobs = {
        "dataset": ["flower", "moons"],
        "learning_rate": list(range(rates)),
        **{name: KNOBS[name] for name in varied},
    }
    sweep = Sweep(hidden=hidden, seed=seeds, iterations=iterations, **knobs, zip=[zipped] if len(zipped) > 1 else None)
    left: list[Sequence[int]] | None = None
    if pick.draw(st.booleans(), "part of it is stored"):
        part = st.lists(st.sampled_from(seeds), unique=True)
        left = [pick.draw(part) for _ in range(sweep.n_series)]
    todo = Todo(sweep, PARTS, left)
    computed = list(batches(todo, jobs))

    expected = runs_of_sweep(sweep)
    if left is not None:
        expected = [run for run in expected if run[-1] in left[run[0]]]
    assert in_order(run for batch in computed for run in runs_of(batch)) == in_order(expected)
    assert todo.n_runs == len(expected)

    work = [batch.work for batch in computed]
    assert sum(work) == plan_module.plan(todo, jobs, 1.0).work
    share = sum(work) // (jobs * _BATCHES_PER_JOB)
    most = min(max(share, _SHORTEST_BATCH), _LONGEST_BATCH)
    assert all(batch.work <= most or len(batch) == 1 for batch in computed)

    # Those of one shape stand together; a group's batches are full, but for the last. A full one is as long as it
    # may be, less than one more run: by more than twice none is longer than one before it.
    # Those of a group have one batch size, and so are equally long; where axes are in step there may be several groups
    # of a kind.
    def kind(batch: Batch) -> tuple[Any, ...]:
        (size,) = {how.batch_size for how in only(batch).networks.hyperparameters}
        return only(batch).part, only(batch).networks.hidden, only(batch).networks.activation, size

    groups = [list(group) for _, group in itertools.groupby(computed, kind)]
    if zipped:
        return
    assert len(groups) == len(set(map(kind, computed)))
    longest = [group[0].work for group in groups]
    for group in groups:
        assert len({len(batch) for batch in group[:-1]}) <= 1
        assert len(group[-1]) <= len(group[0])
    assert all(later <= 2 * before for before, later in itertools.combinations(longest, 2))


def test_the_longest_runs_come_first() -> None:
    sweep = Sweep(hidden=[1, "9x9", 50, 0], learning_rate=1, seed=[0], iterations=10**9)
    assert [only(batch).networks.hidden for batch in batches(everything(sweep), 2)] == ["50", "9x9", "1", "0"]


def test_a_part_of_a_batch_has_its_share() -> None:
    slow, fast = Hyperparameters(0.1), Hyperparameters(0.2)

    def piece(seed: int, series: list[int], how: list[Hyperparameters]) -> Piece:
        networks = Networks("2", "relu", how, [seed] * len(series), [(20, 8)] * len(series), "float32")
        return Piece(Part(FLOWER, "none", seed, None), series, networks)

    whole = Batch([piece(7, [3, 4], [slow, fast]), piece(8, [3], [slow])], 300)
    assert whole.part(0, 1) == Batch([piece(7, [3], [slow])], 100)
    assert whole.part(1, 3) == Batch([piece(7, [4], [fast]), piece(8, [3], [slow])], 200)
    assert whole.part(2, 3) == Batch([piece(8, [3], [slow])], 100)
    assert (whole.series, whole.seeds, len(whole)) == ([3, 4, 3], [7, 7, 8], 3)


@pytest.mark.parametrize("is_stored_in_part", [False, True])
def test_where_each_seed_has_data_of_its_own_runs_on_the_same_part_stand_together(is_stored_in_part: bool) -> None:
    sweep = Sweep(dataset="moons", data_seed="seed", hidden=[1, 2], learning_rate=[0.1, 1], seed=range(3))
    left: list[Sequence[int]] | None = [[0, 1, 2], [1], [], [0, 2]] if is_stored_in_part else None
    sources = sweep.load()
    computed = list(batches(Todo(sweep, Parts(sources, "float64"), left), 1))
    runs = [run for batch in computed for run in runs_of(batch)]
    wanted = [run for run in runs_of_sweep(sweep) if left is None or run[-1] in left[run[0]]]
    assert in_order(runs) == in_order(wanted)
    for batch in computed:
        for each in batch.pieces:
            assert set(each.networks.seeds) == {each.part.seed}
        parts = [each.part for each in batch.pieces]
        assert len(parts) == len(set(parts))


# What is left


def store_runs(store: Store, sweep: Sweep, status_of: Callable[[int, int], str | None]) -> None:
    """Store runs, without training, with a status that depends on the position of the configuration and the seed."""
    numbers = store.configurations(sweep.identity(run, DATA[run.problem].identity) for run in sweep.all_series())
    for position, number in enumerate(numbers):
        for seed in sweep.values["seed"]:
            if status := status_of(position, seed):
                store.add([number], [seed], [StoredRun(status, np.zeros((4, 1)), b"", "")])


def test_what_is_stored_is_not_left_but_what_failed_is() -> None:
    sweep = Sweep(dataset=["flower", "moons"], hidden=[0, "2x2"], learning_rate=[0.1, 1], seed=[9, 4, 2**32 - 1])
    with Store(None) as store:
        status: dict[tuple[int, int], str] = {}
        status.update({(1, seed): "ok" for seed in (9, 4, 2**32 - 1)})
        status.update({(2, 4): "diverged", (3, 9): "failed", (6, 2**32 - 1): "ok", (6, 9): "failed"})
        store_runs(store, sweep, lambda position, seed: status.get((position, seed)))
        store_runs(store, Sweep(dataset="moons", hidden=0, learning_rate=0.1, seed=[5]), lambda *_: "ok")  # not wanted
        left = work_module.todo(sweep, DATA, store)
        fresh = work_module.todo(sweep, DATA, store, fresh=True)

    expected = [run for run in runs_of_sweep(sweep) if status.get((run[0], run[-1])) not in ("ok", "diverged")]
    assert left.n_runs == len(expected) == 24 - 5
    computed = [run for batch in batches(left, 2) for run in runs_of(batch)]
    assert in_order(computed) == in_order(expected)
    plan = plan_module.plan(left, 1, 1e-10)
    assert (plan.runs, plan.reused) == (24, 5)
    assert plan.work < plan_module.plan(fresh, 1, 1e-10).work
    assert (fresh.n_runs, fresh.seeds) == (24, None)


def test_a_sweep_that_is_stored_leaves_nothing() -> None:
    sweep = Sweep(hidden=[0, 1], learning_rate=1, seed=range(3))
    with Store(None) as store:
        store_runs(store, sweep, lambda *_: "ok")
        left = work_module.todo(sweep, DATA, store)
    assert left.n_runs == 0
    assert list(batches(left, 4)) == []
    plan = plan_module.plan(left, 4, 1e-10)
    assert (plan.runs, plan.reused, plan.work) == (6, 6, 0)
    assert plan.seconds < 1  # to start and to write the tables


def test_a_grid_of_billions_is_planned_without_being_expanded() -> None:
    sweep = Sweep(hidden="1:2001", learning_rate="lin:0:1:90000", seed="0:4294967296", iterations=10)
    assert sweep.size == 2**32 * 90_000 * 2000
    tracemalloc.start()
    left = work_module.todo(sweep, DATA, None)  # as the command line plans what is too large to be looked up
    plan = plan_module.plan(left, 2, 1e-10)
    first = list(itertools.islice(batches(left, 2), 3))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert plan.runs == left.n_runs == sweep.size
    assert peak < 10_000_000  # 2,000 network shapes are listed, to sort them
    seeds = [run[-1] for batch in first for run in runs_of(batch)]
    assert seeds == list(range(sum(len(batch) for batch in first)))


def test_one_shape_with_billions_of_runs_takes_no_memory() -> None:
    sweep = Sweep(hidden=1, learning_rate="lin:0:1:90000", seed="0:4294967296", iterations=10)
    left = everything(sweep)
    tracemalloc.start()
    plan_module.plan(left, 2, 1e-10)
    first = next(batches(left, 2))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(first) > 1000
    assert peak < 1000 * len(first)


def test_longer_work_takes_longer() -> None:
    problem = PARTS.example(FLOWER)
    works = [work_of_run(problem, hidden, 1000, 11) for hidden in ("0", "1", "4", "8x8", "50", "32x32")]
    assert works == sorted(set(works))
    assert work_of_run(problem, "4", 2000, 11) > work_of_run(problem, "4", 1000, 11)
    assert work_of_run(problem, "4", 1000, 1001) > work_of_run(problem, "4", 1000, 11)


def test_too_many_kinds_of_networks_are_refused() -> None:
    sweep = Sweep(hidden="1:50001", activation=["tanh", "relu"], batch_size="1:12", learning_rate=1)
    with pytest.raises(SweepError) as error:
        everything(sweep)
    assert str(error.value) == (
        "expected at most 1,000,000 combinations of data sets, hidden sizes, activations and batch sizes, got 1,100,000"
    )
