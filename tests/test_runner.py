"""experiments.runner: every run once, the same bits however they are spread, and none that costs another."""

from __future__ import annotations

import itertools
import multiprocessing
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joblib.externals.loky import get_reusable_executor

from experiments import runner
from experiments.sweep import Sweep
from experiments.tables import Results
from planar_core import train, training

MEASURES = ["cost", "train_accuracy", "test_accuracy"]


def problems_of(sweep: Sweep) -> dict[str, runner.Problem]:
    return {name: runner.Problem.of(data, sweep.dtype) for name, data in sweep.load().items()}


def run(sweep: Sweep, **arguments: Any) -> Results:
    return runner.run(sweep, sweep.load(), **arguments)


def same(computed: Results, expected: Results) -> None:
    """The same tables and networks, bit for bit."""
    pd.testing.assert_frame_equal(computed.runs, expected.runs, check_exact=True)
    pd.testing.assert_frame_equal(computed.curves, expected.curves, check_exact=True)
    pd.testing.assert_frame_equal(computed.summary, expected.summary, check_exact=True)
    for ours, theirs in zip(computed._parameters, expected._parameters, strict=True):
        assert (ours is None) == (theirs is None)
        for (W, b), (W_expected, b_expected) in zip(ours or [], theirs or [], strict=True):
            assert W.tobytes() == W_expected.tobytes()
            assert b.tobytes() == b_expected.tobytes()


@pytest.fixture(scope="module")
def sweep() -> Sweep:
    return Sweep(
        dataset=["flower", "moons"],
        hidden=[0, 3, "2x2"],
        learning_rate=[0.1, 1.2],
        seed=[4, 0, 2],
        iterations=20,
        record_every=8,
    )


@pytest.fixture(scope="module")
def expected(sweep: Sweep) -> Results:
    return run(sweep, jobs=1)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_each_run_is_what_train_gives_by_itself(dtype: str) -> None:
    sweep = Sweep(
        hidden=[0, 3, "2x2"], learning_rate=[0.1, 1.2], seed=[4, 0], iterations=20, record_every=8, dtype=dtype
    )
    results = run(sweep)
    data = results.data("flower")
    for k, one in enumerate(sweep):
        expected = train(
            data.X,
            data.Y,
            one.hidden,
            one.learning_rate,
            20,
            one.seed,
            8,
            dtype,
            X_test=data.X_test,
            Y_test=data.Y_test,
        )
        row = results.runs.iloc[k]
        key = {name: row[name] for name in ("hidden", "learning_rate", "seed")}
        curve = results.curves[(results.curves[list(key)] == list(key.values())).all(axis=1)]

        assert key == {"hidden": one.hidden, "learning_rate": one.learning_rate, "seed": one.seed}
        assert list(curve["iteration"]) == list(expected.iterations) == [0, 8, 16, 20]
        assert list(curve["cost"]) == list(expected.costs)
        assert list(curve["train_accuracy"]) == list(expected.accuracies)
        assert list(curve["test_accuracy"]) == list(expected.test_accuracies)
        assert row[MEASURES].tolist() == curve[MEASURES].iloc[-1].tolist()
        assert (row["iterations"], row["status"], row["error"]) == (20, "ok", "")
        for (W, b), (W_expected, b_expected) in zip(results.network(row).parameters, expected.parameters, strict=True):
            assert W.dtype == b.dtype == np.dtype(dtype)
            assert W.tobytes() == W_expected.tobytes()
            assert b.tobytes() == b_expected.tobytes()


@pytest.mark.parametrize("size", [1, 2, 10**9])
@pytest.mark.parametrize("jobs", [1, 2, 40])
def test_neither_jobs_nor_batches_change_a_bit(
    sweep: Sweep, expected: Results, monkeypatch: pytest.MonkeyPatch, size: int, jobs: int
) -> None:
    work = runner.batches(sweep, problems_of(sweep), 1)[0].work
    for name in ("_SHORTEST_BATCH", "_LONGEST_BATCH"):
        monkeypatch.setattr(runner, name, work // 6 * size)
    same(run(sweep, jobs=jobs), expected)


def test_processes_give_the_same_bits(sweep: Sweep, expected: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_SHORTEST_BATCH", "_LONGEST_BATCH"):
        monkeypatch.setattr(runner, name, 1)
    same(run(sweep, jobs=2, backend="loky"), expected)


def test_batches_may_be_done_in_any_order(sweep: Sweep, expected: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    train_all = runner.train_all

    def backwards(*arguments: Any) -> Iterator[runner.BatchResult]:
        yield from reversed(list(train_all(*arguments)))

    monkeypatch.setattr(runner, "train_all", backwards)
    monkeypatch.setattr(runner, "_LONGEST_BATCH", 1)
    same(run(sweep, jobs=2), expected)


@settings(max_examples=50, deadline=None)
@given(
    hidden=st.lists(st.sampled_from(["0", "1", "7", "3x3"]), min_size=1, unique=True),
    rates=st.integers(1, 4),
    seeds=st.integers(1, 50),
    iterations=st.sampled_from([0, 1, 1000, 10**6, 10**12]),
    jobs=st.integers(1, 100),
)
def test_batches_hold_every_run_once_and_come_longest_first(
    hidden: list[str], rates: int, seeds: int, iterations: int, jobs: int
) -> None:
    sweep = Sweep(
        dataset=["flower", "moons"], hidden=hidden, learning_rate=list(range(rates)), seed=range(seeds),
        iterations=iterations,
    )  # fmt: skip
    problems = PROBLEMS
    batches = runner.batches(sweep, problems, jobs)

    runs = [
        (batch.first + k, batch.dataset, batch.hidden, rate, seed)
        for batch in batches
        for k, (rate, seed) in enumerate(zip(batch.learning_rates, batch.seeds, strict=True))
    ]
    expected = [(k, one.dataset, one.hidden, one.learning_rate, one.seed) for k, one in enumerate(sweep)]
    assert sorted(runs) == expected
    work = [batch.work for batch in batches]
    assert work == sorted(work, reverse=True)
    assert sum(work) == runner.plan(sweep, problems, jobs, 1.0).work
    share = sum(work) / (jobs * runner._BATCHES_PER_JOB)
    most = min(max(share, runner._SHORTEST_BATCH), runner._LONGEST_BATCH)
    assert all(batch.work <= most or len(batch.seeds) == 1 for batch in batches)


PROBLEMS = problems_of(Sweep(dataset=["flower", "moons"]))


@given(iterations=st.integers(0, 300), record_every=st.integers(1, 400))
def test_the_number_of_records_is_counted_without_listing_them(iterations: int, record_every: int) -> None:
    computed = training.n_records(iterations, record_every)
    assert computed == len(training.recorded_iterations(iterations, record_every))


@pytest.mark.parametrize(("iterations", "points"), [(0, [0]), (1, [0, 1]), (3, [0, 1, 2, 3])])
def test_a_sweep_of_one_run(iterations: int, points: list[int]) -> None:
    results = run(Sweep(hidden=1, learning_rate=1, seed=7, iterations=iterations), jobs=8)
    assert len(results.runs) == len(results.summary) == 1
    assert list(results.curves["iteration"]) == points
    assert results.runs["cost"].item() == results.curves["cost"].iloc[-1]


def test_there_are_no_more_workers_than_batches() -> None:
    get_reusable_executor().shutdown(kill_workers=True)  # that of an earlier test
    run(Sweep(hidden=1, learning_rate=1, seed=7, iterations=1), jobs=8, backend="loky")
    assert multiprocessing.active_children() == []


def test_progress_counts_finished_work(sweep: Sweep) -> None:
    seen: list[runner.BatchResult] = []
    run(sweep, jobs=2, progress=seen.append)
    assert sum(len(result.batch.seeds) for result in seen) == len(sweep)
    assert sum(result.batch.work for result in seen) == runner.plan(sweep, problems_of(sweep), 2, 1.0).work


def test_a_diverged_run_ends_at_its_last_finite_record() -> None:
    sweep = Sweep(hidden=[0, 2], learning_rate=[1, 1e307], seed=range(2), iterations=40, record_every=1)
    results = run(sweep)
    data = results.data("flower")
    for _, row in results.runs.iterrows():
        of_run = (results.curves[results.columns] == row[results.columns].to_numpy()).all(axis=1)
        curve = results.curves[of_run]
        assert np.isfinite(curve[MEASURES].to_numpy()).all()
        assert row[MEASURES].tolist() == curve[MEASURES].iloc[-1].tolist()
        last = int(curve["iteration"].iloc[-1])
        assert list(curve["iteration"]) == list(range(last + 1))
        if row["learning_rate"] == 1:
            assert (row["status"], last) == ("ok", 40)
            continue
        # Trained for one iteration more, it is not finite; trained up to there, it has the network in the table.
        assert row["status"] == "diverged"
        assert last < 40
        arguments = {"hidden": row["hidden"], "learning_rate": 1e307, "seed": row["seed"]}
        assert train(data.X, data.Y, iterations=last + 1, **arguments).status == "diverged"
        finite = train(data.X, data.Y, iterations=last, **arguments)
        assert finite.status == "ok"
        for (W, b), (W_expected, b_expected) in zip(results.network(row).parameters, finite.parameters, strict=True):
            assert W.tobytes() == W_expected.tobytes()
            assert b.tobytes() == b_expected.tobytes()
    assert results.manifest["counts"] == {"runs": 8, "ok": 4, "diverged": 4, "failed": 0}


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_that_fails_costs_no_other(
    sweep: Sweep, expected: Results, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    new_batch = training.new_batch

    def failing(features: int, hidden: Any, seeds: Any, *others: Any) -> Any:
        if hidden == "3" and 2 in seeds:
            raise MemoryError("no memory\nfor it") if len(seeds) == 1 else RuntimeError("no memory for the batch")
        return new_batch(features, hidden, seeds, *others)

    monkeypatch.setattr(training, "new_batch", failing)
    computed = run(sweep, jobs=jobs)

    fails = ((expected.runs["hidden"] == "3") & (expected.runs["seed"] == 2)).to_numpy()
    assert fails.sum() == 4
    failed = computed.runs[fails]
    assert (failed["status"] == "failed").all()
    assert (failed["error"] == "MemoryError: no memory for it").all()
    assert failed[MEASURES].isna().all(axis=None)
    assert list(failed["iterations"]) == [20] * 4
    with pytest.raises(LookupError):
        computed.network(failed.iloc[0])
    pd.testing.assert_frame_equal(computed.runs[~fails], expected.runs[~fails], check_exact=True)
    of_failed = ((expected.curves["hidden"] == "3") & (expected.curves["seed"] == 2)).to_numpy()
    others = expected.curves[~of_failed].reset_index(drop=True)
    pd.testing.assert_frame_equal(computed.curves, others, check_exact=True)
    assert computed.manifest["counts"] == {"runs": 36, "ok": 32, "diverged": 0, "failed": 4}
    assert list(computed.summary["n_failed"]) == [1 if hidden == "3" else 0 for hidden in expected.summary["hidden"]]


def test_a_message_without_words_has_no_colon(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(training, "new_batch", failing)
    results = run(Sweep(hidden=1, learning_rate=1, seed=0, iterations=1))
    assert list(results.runs["error"]) == ["MemoryError"]
    assert len(results.curves) == 0


class Enough(Exception):
    """What a caller may raise."""


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_an_exception_in_the_middle_stops_the_workers(backend: str) -> None:
    # The large network would take minutes. The small one is done at once, and its end is that of the sweep.
    sweep = Sweep(hidden=[500, 0], learning_rate=1, seed=0, iterations=300_000)

    def progress(result: runner.BatchResult) -> None:
        assert result.batch.hidden == "0"
        raise Enough

    def workers() -> list[Any]:
        threads = [thread for thread in threading.enumerate() if "worker" in thread.name and thread not in before]
        return [*threads, *multiprocessing.active_children()]

    get_reusable_executor().shutdown(kill_workers=True)  # that of an earlier test
    before = threading.enumerate()
    with pytest.raises(Enough):
        run(sweep, jobs=2, backend=backend, progress=progress)
    give_up = time.monotonic() + 30
    while workers() and time.monotonic() < give_up:
        time.sleep(0.01)
    assert workers() == []


def test_closing_early_is_silent() -> None:
    sweep = Sweep(hidden=1, learning_rate=1, seed=range(200), iterations=2000)
    results = runner.train_all(sweep, problems_of(sweep), jobs=2)
    assert len(list(itertools.islice(results, 1))) == 1
    results.close()


def test_interrupts_are_held_back_only_while_processes_start() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    with runner._interrupts_held_back():
        assert signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before


def test_a_plan_is_about_right() -> None:
    sweep = Sweep(hidden=[1, 5], learning_rate=[0.1, 1], seed=range(10), iterations=1000, record_every=10)
    problems = problems_of(sweep)
    one, two = (runner.plan(sweep, problems, jobs, 1e-10) for jobs in (1, 2))
    assert one.runs == 40
    assert one.seconds == 2 * two.seconds == one.work * 1e-10
    # One hidden unit: 1 x 2 weights and 1 unit, below 1 weight and 1 unit; five likewise. 2,000 test examples.
    steps = (2 + 4) + (1 + 4) + 5 * (2 + 4) + (5 + 4)
    assert one.work == 20 * steps * (1000 * 400 + 101 * (400 + 2000) // 2)
    assert 40 * 101 * 100 < one.memory < 40 * 101 * 1000
    assert 40 * 101 * 40 < one.disk < 40 * 101 * 100


def test_a_plan_of_a_large_network_counts_its_sums() -> None:
    sweep = Sweep(hidden=100_000, learning_rate=1, seed=0, iterations=1, record_every=1)
    plan = runner.plan(sweep, problems_of(sweep), 1, 1e-10)
    assert plan.memory > 400_000 * 16 * 8  # a sum for every parameter and lane


def test_longer_work_takes_longer() -> None:
    problem = PROBLEMS["flower"]
    works = [runner.work_of_run(problem, hidden, 1000, 11) for hidden in ("0", "1", "4", "8x8", "50", "32x32")]
    assert works == sorted(set(works))
    assert runner.work_of_run(problem, "4", 2000, 11) > runner.work_of_run(problem, "4", 1000, 11)
    assert runner.work_of_run(problem, "4", 1000, 1001) > runner.work_of_run(problem, "4", 1000, 11)


def test_the_speed_is_measured_for_each_precision() -> None:
    for dtype in ("float64", "float32"):
        assert 0 < runner.measure_speed(dtype) < 1e-6
