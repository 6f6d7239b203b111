"""experiments.runner.local: threads and processes give the same bits, whatever becomes of a worker."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from joblib.externals.loky import get_reusable_executor

from experiments.files import CURVES, RUNS, SUMMARY
from experiments.processes import Kept, interrupts_held_back, kept_processes
from experiments.results import Results
from experiments.runner import backends, local, plan
from experiments.runner import work as work_module
from experiments.runner.backends import How
from experiments.runner.parts import Parts
from experiments.runner.work import Batch, BatchResult, batches, todo
from experiments.sweep import Sweep
from tests.helpers.sweeps import counts, run, same

SWEEP = Sweep(hidden=[0, 1], learning_rate=1, seed=range(8), iterations=1)


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """One run each."""
    for name in ("_SHORTEST_BATCH", "_LONGEST_BATCH"):
        monkeypatch.setattr(work_module, name, 1)


@pytest.fixture
def no_workers() -> Iterator[None]:
    """Those of an earlier test are gone, and those of this one are not left to the next."""
    get_reusable_executor().shutdown(kill_workers=True)
    yield
    get_reusable_executor().shutdown(kill_workers=True)


# Where to train


@pytest.mark.usefixtures("small_batches")
def test_processes_give_the_same_bits(sweep: Sweep, expected: Results) -> None:
    same(run(sweep, jobs=2, backend="loky"), expected)


@pytest.mark.usefixtures("small_batches", "no_workers")
@pytest.mark.parametrize("n_batches", [1, 3])
def test_there_are_no_more_workers_than_batches(n_batches: int) -> None:
    seen: list[int] = []
    sweep = Sweep(hidden=1, learning_rate=1, seed=range(n_batches), iterations=1)
    run(sweep, jobs=8, backend="loky", progress=lambda _: seen.append(len(multiprocessing.active_children())))
    assert max(seen) == n_batches


def test_as_many_jobs_as_asked_for() -> None:
    for jobs, expected in ((3, 3), (-1, os.cpu_count())):
        with backends.workers(How(jobs)) as at_once:
            assert at_once == expected


@pytest.mark.parametrize("backend", ["threading", "loky"])
@pytest.mark.usefixtures("small_batches")
def test_no_more_is_trained_than_is_stored(backend: str) -> None:
    """While the store waits, for a reader or a slow disk, workers wait as well."""
    taken: list[Batch] = []
    pool = local.Pool(Parts(SWEEP.load(), "float64"), backend, 2, Kept(), most=2)
    waiting = batches(todo(SWEEP, SWEEP.load(), None), 2)
    noted = (taken.append(batch) or batch for batch in waiting)  # type: ignore[func-returns-value]
    with contextlib.closing(pool.train(noted)) as results:
        for stored, _ in enumerate(itertools.islice(results, 6)):
            time.sleep(0.2)  # a slow disk
            assert len(taken) <= stored + 2 * 2
    pool.stop.set()


@pytest.mark.parametrize("batch_size", ["all", 100])
@pytest.mark.parametrize("samples", [20_000, 66_000])  # joblib maps arrays of 1 MB and more
def test_data_of_any_size_give_the_same_result_in_processes(samples: int, batch_size: int | str) -> None:
    sweep = Sweep(
        dataset="moons", samples=samples, batch_size=batch_size, hidden=2, learning_rate=1, seed=[0, 1], iterations=2
    )
    computed, expected = run(sweep, jobs=2, backend="loky"), run(sweep, jobs=2)
    assert list(computed.runs["status"]) == ["ok", "ok"]
    same(computed, expected)


# Stopping


class Enough(Exception):
    """What a caller may raise."""


@pytest.mark.usefixtures("no_workers")
@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_an_exception_in_the_middle_stops_the_workers(backend: str) -> None:
    # The large network would take minutes. The small one is done at once, and its end is that of the sweep.
    sweep = Sweep(hidden=[500, 0], learning_rate=1, seed=0, iterations=300_000)

    def progress(result: BatchResult) -> None:
        assert result.batch.pieces[0].networks.hidden == "0"
        raise Enough

    def workers() -> list[Any]:
        threads = [thread for thread in threading.enumerate() if "worker" in thread.name and thread not in before]
        return [*threads, *multiprocessing.active_children()]

    before = threading.enumerate()
    with pytest.raises(Enough):
        run(sweep, jobs=2, backend=backend, progress=progress)
    give_up = time.monotonic() + 30
    while workers() and time.monotonic() < give_up:
        time.sleep(0.01)
    assert workers() == []


def test_closing_early_is_silent() -> None:
    sweep = Sweep(hidden=1, learning_rate=1, seed=range(200), iterations=2000)
    results = backends.train_all(todo(sweep, sweep.load(), None), How(), jobs=2)
    assert len(list(itertools.islice(results, 1))) == 1
    results.close()


def test_interrupts_are_held_back_only_while_processes_start() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    with interrupts_held_back():
        assert signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before


def test_an_interrupt_that_another_thread_receives_is_held_back_as_well() -> None:
    is_over = threading.Event()
    receiver = threading.Thread(target=is_over.wait)
    receiver.start()
    finished = False
    try:
        with pytest.raises(KeyboardInterrupt), interrupts_held_back():  # noqa: PT012
            os.kill(os.getpid(), signal.SIGINT)  # this thread blocks it, the other one does not
            time.sleep(0.1)
            finished = True
    finally:
        is_over.set()
        receiver.join()
    assert finished
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


# Workers that stay


def children() -> set[int | None]:
    return {child.pid for child in multiprocessing.active_children()}


def gone() -> bool:
    """Whether no process is left, soon."""
    give_up = time.monotonic() + 30
    while children() and time.monotonic() < give_up:
        time.sleep(0.01)
    return not children()


def train_next(kept: Kept, seeds: range, jobs: int = 2) -> list[Any]:
    """Train a part of a sweep, a run in each batch; its runs in order, as they are stored."""
    sweep = Sweep(hidden=1, learning_rate=1, seed=seeds, iterations=3)
    results = backends.train_all(todo(sweep, sweep.load(), None), How(backend="loky"), jobs, kept)
    return sorted((result.batch.seeds, pickle.dumps(result.runs)) for result in results)


@pytest.mark.usefixtures("small_batches", "no_workers")
def test_all_rounds_of_a_race_have_the_same_worker_processes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    request = Sweep(hidden=[1, 3], learning_rate=[0.3, 1.2], seed=range(10), iterations=60, until_decided=0.02)
    train_batch, folder = work_module.train_batch, tmp_path / "workers"
    folder.mkdir()

    def noted(batch: Batch, *arguments: Any) -> BatchResult:
        (folder / f"{os.getpid()} {min(batch.seeds)}").touch()
        return train_batch(batch, *arguments)

    monkeypatch.setattr("experiments.runner.local.train_batch", noted)
    request.run(out=tmp_path / "processes", jobs=2, backend="loky", plots=False)
    workers, seeds = zip(*(map(int, path.name.split()) for path in folder.iterdir()), strict=True)
    assert max(seeds) >= 6  # there was a second round
    assert len(set(workers)) == 2
    assert os.getpid() not in workers
    assert gone()
    request.run(out=tmp_path / "threads", jobs=2, plots=False)
    for name in (RUNS, CURVES, SUMMARY):
        assert (tmp_path / "processes" / name).read_bytes() == (tmp_path / "threads" / name).read_bytes()


@pytest.mark.usefixtures("small_batches", "no_workers")
def test_more_processes_are_started_only_where_there_is_more_to_do() -> None:
    seen: list[set[int | None]] = []
    with kept_processes() as kept:
        for batches_of_round in (1, 1, 2, 1, 3, 5):
            train_next(kept, range(batches_of_round), jobs=3)
            seen.append(children())
    assert [len(each) for each in seen] == [1, 1, 2, 2, 3, 3]
    assert seen[0] == seen[1]
    assert seen[2] == seen[3]
    assert seen[4] == seen[5]
    assert gone()


@pytest.mark.usefixtures("small_batches", "no_workers")
def test_workers_that_die_between_two_rounds_cost_nothing() -> None:
    with kept_processes() as kept:
        train_next(kept, range(4))
        for worker in children():
            assert worker is not None
            os.kill(worker, signal.SIGKILL)
        after_death = train_next(kept, range(4, 8))
        assert after_death == train_next(kept, range(4, 8))
    assert len(after_death) == 4
    assert gone()


@pytest.mark.usefixtures("small_batches", "no_workers")
def test_an_exception_between_two_rounds_ends_the_workers() -> None:
    with pytest.raises(Enough), kept_processes() as kept:  # noqa: PT012
        train_next(kept, range(4))
        assert len(children()) == 2
        raise Enough
    assert gone()


# Workers that die


def killing(dies: Callable[[Batch], bool]) -> Callable[..., BatchResult]:
    """``train_batch`` in a worker process that is killed where ``dies`` says so.

    A function inside another one travels to the workers by value, with what it refers to.
    """
    train_batch, this_process = work_module.train_batch, os.getpid()

    def train_or_die(batch: Batch, *arguments: Any) -> BatchResult:
        if dies(batch):
            assert os.getpid() != this_process
            os.kill(os.getpid(), signal.SIGKILL)
        return train_batch(batch, *arguments)

    return train_or_die


def times_in(folder: Path) -> Callable[[int], bool]:
    """A function that is true so many times, in whichever process it is called."""

    def fewer_than(most: int) -> bool:
        for k in range(most):
            try:
                os.close(os.open(folder / str(k), os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                continue
            return True
        return False

    return fewer_than


@pytest.mark.usefixtures("small_batches", "no_workers")
@pytest.mark.parametrize("deaths", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_workers_that_die_once_or_thrice_cost_nothing(
    sweep: Sweep, expected: Results, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, deaths: int
) -> None:
    fewer_than = times_in(tmp_path)
    monkeypatch.setattr(
        "experiments.runner.local.train_batch",
        killing(lambda batch: batch.pieces[0].networks.hidden == "3" and fewer_than(deaths)),
    )
    computed = run(sweep, jobs=2, backend="loky")
    assert len(list(tmp_path.iterdir())) == deaths  # they did die
    same(computed, expected)
    assert counts(computed) == {"runs": 36, "ok": 36, "computed": 36}


@pytest.mark.usefixtures("no_workers")
@pytest.mark.parametrize("size", [pytest.param(1, marks=pytest.mark.slow), 2, pytest.param(6, marks=pytest.mark.slow)])
def test_a_run_that_kills_its_worker_every_time_is_a_failed_one(
    sweep: Sweep, expected: Results, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    six = next(batch for batch in batches(todo(sweep, sweep.load(), None), 1) if batch.pieces[0].networks.hidden == "3")
    assert len(six) == 6
    for name in ("_SHORTEST_BATCH", "_LONGEST_BATCH"):
        monkeypatch.setattr(work_module, name, six.work // 6 * size)
    monkeypatch.setattr(
        "experiments.runner.local.train_batch",
        killing(
            lambda batch: (
                batch.pieces[0].part.problem[0] == "moons"
                and batch.pieces[0].networks.hidden == "3"
                and any(
                    (how.learning_rate, seed) == (1.2, 0)
                    for how, seed in zip(batch.pieces[0].networks.hyperparameters, batch.seeds, strict=True)
                )
            )
        ),
    )
    seen: list[BatchResult] = []
    computed = run(sweep, jobs=2, backend="loky", progress=seen.append)

    every = computed.runs[computed.columns]
    died = (every == ["moons", "3", 1.2, 0]).all(axis=1).to_numpy()
    assert died.sum() == 1
    row = computed.runs[died].iloc[0]
    assert row["status"] == "failed"
    assert "SIGKILL" in row["error"]
    assert "its worker process died" in row["error"]
    assert "\n" not in row["error"]
    assert computed.runs[~died].equals(expected.runs[~died])
    assert counts(computed) == {"runs": 36, "ok": 35, "failed": 1, "computed": 36}
    # However often batches were taken apart and tried again, each run and all work are counted once.
    runs = [pair for result in seen for pair in zip(result.batch.series, result.batch.seeds, strict=True)]
    assert len(runs) == len(set(runs)) == 36
    assert sum(result.batch.work for result in seen) == plan.plan(
        todo(sweep, sweep.load(), None), 1, 1.0
    ).work  # fmt: skip


@pytest.mark.usefixtures("no_workers")
@pytest.mark.parametrize("seeds", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_batch_alone_is_in_a_worker_too(monkeypatch: pytest.MonkeyPatch, seeds: int) -> None:
    sweep = Sweep(hidden=1, learning_rate=1, seed=range(seeds), iterations=1)
    monkeypatch.setattr("experiments.runner.local.train_batch", killing(lambda batch: 0 in batch.seeds))
    computed = run(sweep, jobs=1, backend="loky")
    assert list(computed.runs["status"]) == ["failed", "ok"][:seeds]
