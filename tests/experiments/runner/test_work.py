"""experiments.batches: what is left is planned and batched, every run of it once, and none that costs another."""

from __future__ import annotations

import itertools
import threading
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.datasets.loading import load
from experiments.design import Run
from experiments.knobs.knob import SweepError
from experiments.runner import plan as plan_module
from experiments.runner import work as work_module
from experiments.runner.plan import measure_speed
from experiments.runner.train import Problem, Stopped
from experiments.runner.work import (
    _BATCHES_PER_JOB,
    _DEALING,
    _LONGEST_BATCH,
    _MINI_BATCH,
    _SHORTEST_BATCH,
    Batch,
    Todo,
    batches,
    hyperparameters,
    problems_of,
    work_of_run,
)
from experiments.store.store import Store, StoredRun
from experiments.sweep import Sweep
from planar_core import network, train, training
from planar_core.training import Hyperparameters

DATA = Sweep(dataset=["flower", "moons"]).load()
PROBLEMS = problems_of(DATA, "float64")
FLOWER, MOONS = DATA


def everything(sweep: Sweep) -> Todo:
    return work_module.todo(sweep, sweep.load(), None)


OneRun = tuple[int, Any, str, str, Hyperparameters, int]


def runs_of(batch: Batch) -> Iterator[OneRun]:
    for configuration, how, seed in zip(batch.configurations, batch.hyperparameters, batch.seeds, strict=True):
        yield configuration, batch.problem, batch.hidden, batch.activation, how, seed


def how_of(run: Run) -> Hyperparameters:
    """What the core is told, knob by knob."""
    return Hyperparameters(
        learning_rate=run.learning_rate,
        output_learning_rate=None if run.output_learning_rate == "same" else run.output_learning_rate,
        optimizer=run.optimizer,
        momentum=run.momentum,
        beta1=run.beta1,
        beta2=run.beta2,
        l1=run.l1,
        l2=run.l2,
        batch_size=None if run.batch_size == "all" else run.batch_size,
        init=run.init,
        init_scale=None if run.init_scale == "auto" else run.init_scale,
    )


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
        left = [pick.draw(part) for _ in range(sweep.n_configurations)]
    todo = Todo(sweep, PROBLEMS, left)
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
    assert all(batch.work <= most or len(batch.seeds) == 1 for batch in computed)

    # Those of one shape stand together; a group's batches are full, but for the last. A full one is as long as it
    # may be, less than one more run: by more than twice none is longer than one before it.
    # Those of a group have one batch size, and so are equally long; where axes are in step there may be several groups
    # of a kind.
    def kind(batch: Batch) -> tuple[Any, ...]:
        (size,) = {how.batch_size for how in batch.hyperparameters}
        return batch.problem, batch.hidden, batch.activation, size

    groups = [list(group) for _, group in itertools.groupby(computed, kind)]
    if zipped:
        return
    assert len(groups) == len(set(map(kind, computed)))
    longest = [group[0].work for group in groups]
    for group in groups:
        assert len({len(batch.seeds) for batch in group[:-1]}) <= 1
        assert len(group[-1].seeds) <= len(group[0].seeds)
    assert all(later <= 2 * before for before, later in itertools.combinations(longest, 2))


def test_the_longest_runs_come_first() -> None:
    sweep = Sweep(hidden=[1, "9x9", 50, 0], learning_rate=1, seed=[0], iterations=10**9)
    assert [batch.hidden for batch in batches(everything(sweep), 2)] == ["50", "9x9", "1", "0"]


def test_a_part_of_a_batch_has_its_share() -> None:
    slow, fast = Hyperparameters(0.1), Hyperparameters(0.2)
    batch = Batch(FLOWER, "2", "relu", [3, 3, 4], [slow, slow, fast], [7, 8, 7], 300)
    assert batch.part(0, 1) == Batch(FLOWER, "2", "relu", [3], [slow], [7], 100)
    assert batch.part(1, 3) == Batch(FLOWER, "2", "relu", [3, 4], [slow, fast], [8, 7], 200)


# What is left


def store_runs(store: Store, sweep: Sweep, status_of: Callable[[int, int], str | None]) -> None:
    """Store runs, without training, with a status that depends on the position of the configuration and the seed."""
    numbers = store.configurations(sweep.identity(run, DATA[run.problem].fingerprint) for run in sweep.configurations())
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
    assert (plan.runs, plan.reused, plan.work, plan.seconds) == (6, 6, 0, 0)


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
    assert [run[-1] for batch in first for run in runs_of(batch)] == list(range(sum(len(b.seeds) for b in first)))


def test_one_shape_with_billions_of_runs_takes_no_memory() -> None:
    sweep = Sweep(hidden=1, learning_rate="lin:0:1:90000", seed="0:4294967296", iterations=10)
    left = everything(sweep)
    tracemalloc.start()
    plan_module.plan(left, 2, 1e-10)
    first = next(batches(left, 2))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(first.seeds) > 1000
    assert peak < 1000 * len(first.seeds)


# The plan


def test_a_plan_is_about_right() -> None:
    sweep = Sweep(hidden=[1, 5], learning_rate=[0.1, 1], seed=range(10), iterations=1000, record_every=10)
    one, two = (plan_module.plan(everything(sweep), jobs, 1e-10) for jobs in (1, 2))
    assert (one.runs, one.reused) == (40, 0)
    assert one.seconds == 2 * two.seconds == one.work * 1e-10
    # One hidden unit: 1 x 2 weights and 1 unit, below 1 weight and 1 unit; five likewise. 2,000 test examples.
    steps = (2 + 4) + (1 + 4) + 5 * (2 + 4) + (5 + 4)
    assert one.work == 20 * steps * (1000 * 400 + 101 * (400 + 2000) // 2)
    assert 40 * 100 < one.memory < 40 * 10_000  # of the tables: curves stay on disk
    assert 40 * 101 * 60 < one.disk < 40 * 101 * 200


def test_a_plan_counts_the_padding_of_mini_batches() -> None:
    def planned(**knobs: Any) -> int:
        sweep = Sweep(hidden=1, learning_rate=1, seed=range(2), samples=10_000, iterations=1, **knobs)
        return plan_module.plan(everything(sweep), 2, 1e-10).memory

    room = 2 * network.mini_batches(Problem.of(load("flower", samples=10_000), "float64").train, [1]).X.nbytes
    without = planned(batch_size=["all", 20_000])
    assert planned(batch_size="all") == planned(batch_size=20_000)
    assert room < planned(batch_size=[500, 1]) - without < 3 * room


def test_a_plan_of_a_large_network_counts_its_sums() -> None:
    sweep = Sweep(hidden=100_000, learning_rate=1, seed=0, iterations=1, record_every=1)
    assert plan_module.plan(everything(sweep), 1, 1e-10).memory > 400_000 * 16 * 8  # a sum for every parameter and lane


def test_longer_work_takes_longer() -> None:
    problem = PROBLEMS[FLOWER]
    works = [work_of_run(problem, hidden, 1000, 11) for hidden in ("0", "1", "4", "8x8", "50", "32x32")]
    assert works == sorted(set(works))
    assert work_of_run(problem, "4", 2000, 11) > work_of_run(problem, "4", 1000, 11)
    assert work_of_run(problem, "4", 1000, 1001) > work_of_run(problem, "4", 1000, 11)


def test_a_mini_batch_is_less_work_whole_vectors_of_it() -> None:
    problem, steps = PROBLEMS[FLOWER], 4 * (2 + 4) + (4 + 4)
    records = steps * 11 * (400 + 2000) // 2
    work = {size: work_of_run(problem, "4", 1000, 11, size) - records for size in (1, 8, 9, 400, 10**9)}
    # 8 numbers are a vector; one more has the sums that are added up, and each example is dealt out.
    for size, vectors in ((1, 2), (8, 2), (9, 3)):
        assert work[size] == 1000 * (vectors * 8 * steps + size * _DEALING + _MINI_BATCH)
    assert work[400] == work[10**9] == 1000 * 400 * steps  # there are no more: it is no mini-batch
    knobs = {"hidden": 4, "iterations": 1000, "record_every": 100, "seed": range(3)}
    sweep = Sweep(**knobs, learning_rate=[1, 2], batch_size=["all", 9])
    assert plan_module.plan(everything(sweep), 1, 1.0).work == 6 * (1000 * 400 * steps + records + work[9] + records)


def test_too_many_kinds_of_networks_are_refused() -> None:
    sweep = Sweep(hidden="1:50001", activation=["tanh", "relu"], batch_size="1:12", learning_rate=1)
    with pytest.raises(SweepError) as error:
        everything(sweep)
    assert str(error.value) == (
        "expected at most 1,000,000 combinations of data sets, hidden sizes, activations and batch sizes, got 1,100,000"
    )


def test_every_hyperparameter_of_the_core_is_a_knob() -> None:
    defaults = Sweep(learning_rate=1.2)[0]
    assert hyperparameters(defaults._asdict()) == Hyperparameters() == how_of(defaults)
    assert hyperparameters({"learning_rate": 1.2}) == Hyperparameters()
    run = Sweep(
        output_learning_rate=0.1, optimizer="adam", beta1=0.1, beta2=0.2, l1=0.3, l2=0.4, batch_size=7, init="he",
        init_scale=0.5, learning_rate=3,
    )[0]._replace(momentum=0.6)  # fmt: skip
    assert hyperparameters(run._asdict()) == Hyperparameters(3.0, 0.1, "adam", 0.6, 0.1, 0.2, 0.3, 0.4, 7, "he", 0.5)


def test_the_speed_is_measured_for_each_precision() -> None:
    for dtype in ("float64", "float32"):
        assert 0 < measure_speed(dtype) < 1e-6


@given(iterations=st.integers(0, 300), record_every=st.integers(1, 400))
def test_the_number_of_records_is_counted_without_listing_them(iterations: int, record_every: int) -> None:
    computed = training.n_records(iterations, record_every)
    assert computed == len(training.recorded_iterations(iterations, record_every))


# Training a batch


def batch_of(hidden: str = "2", seeds: Sequence[int] = (3, 0)) -> Batch:
    return Batch(FLOWER, hidden, "tanh", [0] * len(seeds), [Hyperparameters(1.2)] * len(seeds), list(seeds), 1)


def train_batch(batch: Batch, dtype: str = "float64", **arguments: Any) -> list[StoredRun]:
    arguments = {"iterations": 20, "record_every": 8, "numerics": training.NUMERICS, **arguments}
    result = work_module.train_batch(batch, Problem.of(DATA[FLOWER], dtype), dtype=dtype, **arguments)
    assert result.batch == batch
    return result.runs


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("hidden", ["0", "3", "3x2"])
def test_a_batch_gives_what_train_gives_run_by_run(hidden: str, dtype: str) -> None:
    data = DATA[FLOWER]
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
    monkeypatch.setattr(training, "train_batch", lambda *arguments, **named: train(*arguments, 1, **named))  # in slices
    stop = threading.Event()
    assert [run.status for run in train_batch(batch_of(), stop=stop)] == ["ok", "ok"]
    stop.set()
    with pytest.raises(Stopped):
        train_batch(batch_of(), stop=stop)
