"""Batches -> results: in threads or processes through joblib, or on a cluster, whatever becomes of a worker."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import signal
import threading
import time
import warnings
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass
from multiprocessing import resource_tracker
from typing import Any

import joblib

from experiments.batches import Batch, BatchResult, Todo, batches, failed, measure_speed, train_batch
from experiments.knobs import SCHEDULER, SweepError
from planar_core import training

_LOOK_SECONDS = 0.5  # between two looks of a worker at whether its parent lives
_ATTEMPTS = 2  # at a run alone in a worker of its own, before it is the run that kills it


@dataclass(frozen=True)
class How:
    """How to run a sweep; no result depends on it. See ``Sweep.run``."""

    jobs: int = -1
    backend: str = "threading"
    scheduler: str | None = None
    fresh: bool = False
    fail_fast: bool = False

    def __post_init__(self) -> None:
        if self.scheduler is not None and self.backend != "dask":
            raise SweepError(f"{SCHEDULER.flags[0]}: expected with --backend dask, got {self.backend}")


@contextlib.contextmanager
def workers(how: How) -> Iterator[int]:
    """Somewhere to train: yields how many runs are trained at once. A Dask cluster is found, or started, here.

    Raises SweepError where there is none.
    """
    if how.backend != "dask":
        yield int(joblib.effective_n_jobs(how.jobs))
        return
    try:
        from experiments import cluster
    except ImportError:
        raise SweepError("--backend dask: expected the package distributed: pip install '.[dask]'") from None
    resource_tracker.ensure_running()  # before Python 3.14 its start ends any holding back of interrupts
    with contextlib.ExitStack() as stack:
        with interrupts_held_back():
            n_workers = stack.enter_context(cluster.connected(how.scheduler, joblib.effective_n_jobs(how.jobs)))
        yield n_workers if how.jobs == -1 else min(how.jobs, n_workers)


class _Pool:
    """Workers for batches, made anew where a dead one broke them."""

    def __init__(self, todo: Todo, backend: str, jobs: int) -> None:
        self._todo, self._backend, self._jobs = todo, backend, jobs
        self.stop = threading.Event()
        self._stop_of_threads = self.stop if backend == "threading" else None  # it cannot travel to a process

    def train(self, batches: Iterator[Batch]) -> Generator[BatchResult]:
        """The result of each batch, as it is done.

        Whatever was under way when a worker died is tried again, in a new pool. What was under way the second time
        is tried alone, run by run if need be: a run that always kills its worker is a failed one.
        """
        suspects: set[tuple[int, int]] = set()
        under_way: dict[tuple[int, int], Batch] = {}
        waiting = batches
        while True:
            try:
                for result in self._parallel(self._noted(waiting, under_way), self._jobs):
                    under_way.pop(_name_of(result.batch))
                    yield result
            except BrokenExecutor:
                pass
            # joblib does not always raise: between two lines of its other thread it ends as if all were done.
            again, following = list(under_way.values()), list(itertools.islice(waiting, 1))
            if not again and not following:
                return
            under_way.clear()
            for batch in again:
                if _name_of(batch) in suspects:
                    yield from alone(batch, self._attempt, _ATTEMPTS)
            first_time = [batch for batch in again if _name_of(batch) not in suspects]
            suspects.update(map(_name_of, first_time))
            waiting = itertools.chain(first_time, following, waiting)

    @staticmethod
    def _noted(batches: Iterator[Batch], under_way: dict[tuple[int, int], Batch]) -> Iterator[Batch]:
        for batch in batches:
            under_way[_name_of(batch)] = batch
            yield batch

    def _attempt(self, batch: Batch) -> BatchResult:
        try:
            for result in self._parallel(iter([batch]), jobs=1):
                return result
        except BrokenExecutor as error:
            if codes := re.search(r"\{(.+?)\}", str(error)):
                raise WorkerDied(codes[1]) from None
        raise WorkerDied("how is not known")

    def _parallel(self, batches: Iterator[Batch], jobs: int) -> Generator[BatchResult]:
        sweep, problems = self._todo.sweep, self._todo.problems
        processes = self._backend != "threading"
        pool = joblib.Parallel(
            # joblib would do one job in this process, which then dies with it.
            n_jobs=max(2, jobs) if processes else jobs,
            backend=self._backend,
            return_as="generator_unordered",
            pre_dispatch=2 * jobs if jobs > 1 else 1,
            batch_size=1,  # the batches here are of joblib's own kind: they have the right size already
            **({"initializer": _end_with, "initargs": (os.getpid(),)} if processes else {}),
        )
        tasks = (
            joblib.delayed(train_batch)(
                batch,
                problems[batch.problem],
                sweep.iterations,
                sweep.record_every,
                sweep.dtype,
                training.NUMERICS,
                self._stop_of_threads,
            )
            for batch in batches
        )
        with interrupts_held_back():
            done = pool(tasks)
        try:
            for result in done:  # noqa: UP028 - `yield from` would close `done` by itself, with joblib's warning
                yield result
        finally:
            _close(done)


def _end_with(parent: int) -> None:
    """Let this process, a worker, end when the one that started it does, be it killed: else it waits for minutes."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _name_of(batch: Batch) -> tuple[int, int]:
    """What no other batch has: its first run."""
    return batch.configurations[0], batch.seeds[0]


class WorkerDied(Exception):
    """A worker died with nothing but one batch to do. The message says how."""


def alone(batch: Batch, attempt: Callable[[Batch], BatchResult], attempts: int) -> Iterator[BatchResult]:
    """A batch that may have killed a worker, in parts if need be: the run that always does becomes a failed one."""
    for left in reversed(range(attempts if len(batch.seeds) == 1 else 1)):
        try:
            yield attempt(batch)
            return
        except WorkerDied as died:
            if len(batch.seeds) == 1 and not left:
                yield BatchResult(batch, [failed(f"its worker process died each time it was tried ({died})")])
                return
    middle = len(batch.seeds) // 2
    yield from alone(batch.part(0, middle), attempt, attempts)
    yield from alone(batch.part(middle, len(batch.seeds)), attempt, attempts)


def train_all(todo: Todo, how: How, jobs: int) -> Generator[BatchResult]:
    """Train what is to be done; batches come as they are done, in no particular order.

    Closing the iterator, or an exception such as KeyboardInterrupt, stops the workers: processes at once,
    threads within a slice of their batch.
    """
    if not todo.n_runs:
        return
    if how.backend == "dask":
        from experiments import cluster

        yield from cluster.train(todo, jobs)
        return
    waiting = batches(todo, jobs)
    if how.backend == "loky":
        few = list(itertools.islice(waiting, jobs))
        jobs, waiting = min(jobs, len(few)), itertools.chain(few, waiting)
        measure_speed(todo.sweep.dtype)  # compile once, here: workers read the kernels from disk
        resource_tracker.ensure_running()  # as in `workers`
    pool = _Pool(todo, how.backend, jobs)
    try:
        with contextlib.closing(pool.train(waiting)) as results:
            yield from results
    finally:
        pool.stop.set()


def _close(done: Generator[Any]) -> None:
    """Stop what is not done yet; that it is left unused is not worth joblib's warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        done.close()


@contextlib.contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Processes started meanwhile never see the Ctrl-C of a terminal, which goes to all of them at once.

    Whoever started them sees it, afterwards, and ends them; by themselves they would print a traceback each.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
