"""experiments.batches: what is left is planned and batched, every run of it once, and none that costs another."""

from __future__ import annotations

import itertools
import threading
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments import batches
from experiments.batches import Batch, Problem, Todo
from experiments.store import Store, StoredRun
from experiments.sweep import Sweep
from planar_core import train, training

DATA = Sweep(dataset=["flower", "moons"]).load()
PROBLEMS = batches.problems_of(DATA, "float64")


def everything(sweep: Sweep) -> Todo:
    return batches.todo(sweep, sweep.load(), None)


def runs_of(batch: Batch) -> Iterator[tuple[int, str, str, float, int]]:
    for configuration, rate, seed in zip(batch.configurations, batch.learning_rates, batch.seeds, strict=True):
        yield configuration, batch.dataset, batch.hidden, rate, seed


def runs_of_sweep(sweep: Sweep) -> list[tuple[int, str, str, float, int]]:
    n_seeds = len(sweep.values["seed"])
    return [(k // n_seeds, *run) for k, run in enumerate(sweep)]


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
    sweep = Sweep(
        dataset=["flower", "moons"], hidden=hidden, learning_rate=list(range(rates)), seed=seeds,
        iterations=iterations,
    )  # fmt: skip
    left: list[Sequence[int]] | None = None
    if pick.draw(st.booleans(), "part of it is stored"):
        part = st.lists(st.sampled_from(seeds), unique=True)
        left = [pick.draw(part) for _ in range(sweep.n_configurations)]
    todo = Todo(sweep, PROBLEMS, left)
    computed = list(batches.batches(todo, jobs))

    expected = runs_of_sweep(sweep)
    if left is not None:
        expected = [run for run in expected if run[-1] in left[run[0]]]
    assert sorted(run for batch in computed for run in runs_of(batch)) == sorted(expected)
    assert todo.n_runs == len(expected)

    work = [batch.work for batch in computed]
    assert sum(work) == batches.plan(todo, jobs, 1.0).work
    share = sum(work) // (jobs * batches._BATCHES_PER_JOB)
    most = min(max(share, batches._SHORTEST_BATCH), batches._LONGEST_BATCH)
    assert all(batch.work <= most or len(batch.seeds) == 1 for batch in computed)
    # Those of one shape stand together; a group's batches are full, but for the last. A full one is as long as it
    # may be, less than one more run: by more than twice none is longer than one before it.
    groups = [list(group) for _, group in itertools.groupby(computed, lambda batch: (batch.dataset, batch.hidden))]
    assert len(groups) == len({(batch.dataset, batch.hidden) for batch in computed})
    longest = [group[0].work for group in groups]
    for group in groups:
        assert len({len(batch.seeds) for batch in group[:-1]}) <= 1
        assert len(group[-1].seeds) <= len(group[0].seeds)
    assert all(later <= 2 * before for before, later in itertools.combinations(longest, 2))


def test_the_longest_runs_come_first() -> None:
    sweep = Sweep(hidden=[1, "9x9", 50, 0], learning_rate=1, seed=[0], iterations=10**9)
    assert [batch.hidden for batch in batches.batches(everything(sweep), 2)] == ["50", "9x9", "1", "0"]


def test_a_part_of_a_batch_has_its_share() -> None:
    batch = Batch("flower", "2", [3, 3, 4], [0.1, 0.1, 0.2], [7, 8, 7], 300)
    assert batch.part(0, 1) == Batch("flower", "2", [3], [0.1], [7], 100)
    assert batch.part(1, 3) == Batch("flower", "2", [3, 4], [0.1, 0.2], [8, 7], 200)


# What is left


def store_runs(store: Store, sweep: Sweep, status_of: Callable[[int, int], str | None]) -> None:
    """Store runs, without training, with a status that depends on the position of the configuration and the seed."""
    numbers = store.configurations(sweep.identity(run, DATA[run.dataset].fingerprint) for run in sweep.configurations())
    for position, number in enumerate(numbers):
        for seed in sweep.values["seed"]:
            if status := status_of(position, seed):
                store.add([number], [seed], [StoredRun(status, np.zeros((3, 1)), b"", "")])


def test_what_is_stored_is_not_left_but_what_failed_is() -> None:
    sweep = Sweep(dataset=["flower", "moons"], hidden=[0, "2x2"], learning_rate=[0.1, 1], seed=[9, 4, 2**32 - 1])
    with Store(None) as store:
        status: dict[tuple[int, int], str] = {}
        status.update({(1, seed): "ok" for seed in (9, 4, 2**32 - 1)})
        status.update({(2, 4): "diverged", (3, 9): "failed", (6, 2**32 - 1): "ok", (6, 9): "failed"})
        store_runs(store, sweep, lambda position, seed: status.get((position, seed)))
        store_runs(store, Sweep(dataset="moons", hidden=0, learning_rate=0.1, seed=[5]), lambda *_: "ok")  # not wanted
        left = batches.todo(sweep, DATA, store)
        fresh = batches.todo(sweep, DATA, store, fresh=True)

    expected = [run for run in runs_of_sweep(sweep) if status.get((run[0], run[-1])) not in ("ok", "diverged")]
    assert left.n_runs == len(expected) == 24 - 5
    computed = [run for batch in batches.batches(left, 2) for run in runs_of(batch)]
    assert sorted(computed) == sorted(expected)
    plan = batches.plan(left, 1, 1e-10)
    assert (plan.runs, plan.reused) == (24, 5)
    assert plan.work < batches.plan(fresh, 1, 1e-10).work
    assert (fresh.n_runs, fresh.seeds) == (24, None)


def test_a_sweep_that_is_stored_leaves_nothing() -> None:
    sweep = Sweep(hidden=[0, 1], learning_rate=1, seed=range(3))
    with Store(None) as store:
        store_runs(store, sweep, lambda *_: "ok")
        left = batches.todo(sweep, DATA, store)
    assert left.n_runs == 0
    assert list(batches.batches(left, 4)) == []
    plan = batches.plan(left, 4, 1e-10)
    assert (plan.runs, plan.reused, plan.work, plan.seconds) == (6, 6, 0, 0)


def test_a_grid_of_billions_is_planned_without_being_expanded() -> None:
    sweep = Sweep(hidden="1:2001", learning_rate="lin:0:1:90000", seed="0:4294967296", iterations=10)
    assert sweep.size == 2**32 * 90_000 * 2000
    tracemalloc.start()
    left = batches.todo(sweep, DATA, None)  # as the command line plans what is too large to be looked up
    plan = batches.plan(left, 2, 1e-10)
    first = list(itertools.islice(batches.batches(left, 2), 3))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert plan.runs == left.n_runs == sweep.size
    assert peak < 10_000_000  # 2,000 network shapes are listed, to sort them
    assert [run[-1] for batch in first for run in runs_of(batch)] == list(range(sum(len(b.seeds) for b in first)))


def test_one_shape_with_billions_of_runs_takes_no_memory() -> None:
    sweep = Sweep(hidden=1, learning_rate="lin:0:1:90000", seed="0:4294967296", iterations=10)
    left = everything(sweep)
    tracemalloc.start()
    batches.plan(left, 2, 1e-10)
    first = next(batches.batches(left, 2))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(first.seeds) > 1000
    assert peak < 1000 * len(first.seeds)


# The plan


def test_a_plan_is_about_right() -> None:
    sweep = Sweep(hidden=[1, 5], learning_rate=[0.1, 1], seed=range(10), iterations=1000, record_every=10)
    one, two = (batches.plan(everything(sweep), jobs, 1e-10) for jobs in (1, 2))
    assert (one.runs, one.reused) == (40, 0)
    assert one.seconds == 2 * two.seconds == one.work * 1e-10
    # One hidden unit: 1 x 2 weights and 1 unit, below 1 weight and 1 unit; five likewise. 2,000 test examples.
    steps = (2 + 4) + (1 + 4) + 5 * (2 + 4) + (5 + 4)
    assert one.work == 20 * steps * (1000 * 400 + 101 * (400 + 2000) // 2)
    assert 40 * 100 < one.memory < 40 * 10_000  # of the tables: curves stay on disk
    assert 40 * 101 * 60 < one.disk < 40 * 101 * 200


def test_a_plan_of_a_large_network_counts_its_sums() -> None:
    sweep = Sweep(hidden=100_000, learning_rate=1, seed=0, iterations=1, record_every=1)
    assert batches.plan(everything(sweep), 1, 1e-10).memory > 400_000 * 16 * 8  # a sum for every parameter and lane


def test_longer_work_takes_longer() -> None:
    problem = PROBLEMS["flower"]
    works = [batches.work_of_run(problem, hidden, 1000, 11) for hidden in ("0", "1", "4", "8x8", "50", "32x32")]
    assert works == sorted(set(works))
    assert batches.work_of_run(problem, "4", 2000, 11) > batches.work_of_run(problem, "4", 1000, 11)
    assert batches.work_of_run(problem, "4", 1000, 1001) > batches.work_of_run(problem, "4", 1000, 11)


def test_the_speed_is_measured_for_each_precision() -> None:
    for dtype in ("float64", "float32"):
        assert 0 < batches.measure_speed(dtype) < 1e-6


@given(iterations=st.integers(0, 300), record_every=st.integers(1, 400))
def test_the_number_of_records_is_counted_without_listing_them(iterations: int, record_every: int) -> None:
    computed = training.n_records(iterations, record_every)
    assert computed == len(training.recorded_iterations(iterations, record_every))


# Training a batch


def batch_of(hidden: str = "2", seeds: Sequence[int] = (3, 0)) -> Batch:
    return Batch("flower", hidden, [0] * len(seeds), [1.2] * len(seeds), list(seeds), 1)


def train_batch(batch: Batch, dtype: str = "float64", **arguments: Any) -> list[StoredRun]:
    arguments = {"iterations": 20, "record_every": 8, "numerics": training.NUMERICS, **arguments}
    result = batches.train_batch(batch, Problem.of(DATA["flower"], dtype), dtype=dtype, **arguments)
    assert result.batch == batch
    return result.runs


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("hidden", ["0", "3", "3x2"])
def test_a_batch_gives_what_train_gives_run_by_run(hidden: str, dtype: str) -> None:
    data = DATA["flower"]
    for seed, run in zip((3, 0), train_batch(batch_of(hidden), dtype), strict=True):
        expected = train(
            data.X, data.Y, hidden, 1.2, 20, seed, 8, dtype, X_test=data.X_test, Y_test=data.Y_test
        )  # fmt: skip
        assert (run.status, run.error) == ("ok", "")
        assert expected.test_accuracies is not None
        for curve, wanted in zip(
            run.curves, (expected.costs, expected.accuracies, expected.test_accuracies), strict=True
        ):
            assert curve.tobytes() == wanted.astype(np.float64).tobytes()
        for (W, b), (W_expected, b_expected) in zip(
            run.network(2, hidden, dtype), expected.parameters, strict=True
        ):  # fmt: skip
            assert (W.dtype, W.tobytes()) == (np.dtype(dtype), W_expected.tobytes())
            assert (b.dtype, b.tobytes()) == (np.dtype(dtype), b_expected.tobytes())


def test_a_run_that_raises_costs_no_other_of_its_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = train_batch(batch_of(seeds=[3, 0, 5]))
    new_batch = training.new_batch

    def failing(features: int, hidden: Any, seeds: Any, *others: Any) -> Any:
        if 0 in seeds:
            raise MemoryError("no memory\nfor it") if len(seeds) == 1 else RuntimeError("no memory for the batch")
        return new_batch(features, hidden, seeds, *others)

    monkeypatch.setattr(training, "new_batch", failing)
    first, second, third = train_batch(batch_of(seeds=[3, 0, 5]))
    assert (second.status, second.error, second.parameters) == ("failed", "MemoryError: no memory for it", b"")
    assert second.curves.shape == (3, 0)
    for run, wanted in ((first, expected[0]), (third, expected[2])):
        assert run.curves.tobytes() == wanted.curves.tobytes()
        assert run._replace(curves=wanted.curves) == wanted


def test_a_message_without_words_has_no_colon(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(training, "new_batch", failing)
    assert [run.error for run in train_batch(batch_of())] == ["MemoryError"] * 2


def test_another_version_of_the_numerics_trains_nothing() -> None:
    wanted = training.NUMERICS + 1
    runs = train_batch(batch_of(), numerics=wanted)
    assert [run.status for run in runs] == ["failed"] * 2
    assert {run.error for run in runs} == {f"a worker has version {wanted - 1} of the numerics, not {wanted}"}


def test_a_worker_that_is_told_to_stop_gives_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    train: Any = training.train_batch
    monkeypatch.setattr(training, "train_batch", lambda *arguments: train(*arguments, 1))  # in many slices
    stop = threading.Event()
    assert [run.status for run in train_batch(batch_of(), stop=stop)] == ["ok", "ok"]
    stop.set()
    with pytest.raises(batches.Stopped):
        train_batch(batch_of(), stop=stop)
