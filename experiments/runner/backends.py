"""The backends: threads, processes or a cluster."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import joblib

from experiments.knobs.declared import JOBS, SCHEDULER
from experiments.knobs.knob import SweepError
from experiments.processes import Kept, interrupts_held_back, kept_processes, start_tracker
from experiments.runner.local import Pool
from experiments.runner.plan import measure_speed
from experiments.runner.shards import Shard
from experiments.runner.work import BatchResult, Todo, batches
from experiments.version import installing

_OF_POOL, _OF_A_PROCESS = 4, 4  # threads of the pool itself, and of each of its processes


@dataclass(frozen=True)
class How:
    """How to run a sweep; the results do not depend on it. See ``Sweep.run``."""

    jobs: int = -1
    backend: str = "threading"
    scheduler: str | None = None
    fresh: bool = False
    fail_fast: bool = False
    shard: Shard | None = None

    def __post_init__(self) -> None:
        if self.scheduler is not None and self.backend != "dask":
            raise SweepError(f"{SCHEDULER.flags[0]} requires --backend dask, got {self.backend}")


@contextlib.contextmanager
def workers(how: How) -> Iterator[int]:
    """Connect to the workers, or start them; yields the number of parallel runs.

    Raises SweepError if there are none.
    """
    if how.backend != "dask":
        jobs = int(joblib.effective_n_jobs(how.jobs))
        _check_threads(jobs, how.backend)
        yield jobs
        return
    try:
        from experiments.runner import dask_cluster
    except ImportError:
        raise SweepError(
            f"--backend dask requires the package distributed, which is not installed: {installing('dask')}"
        ) from None
    start_tracker()
    with contextlib.ExitStack() as stack:
        # Somebody else's cluster starts no process here, and waiting for it can be interrupted.
        with interrupts_held_back() if how.scheduler is None else contextlib.nullcontext():
            n_workers = stack.enter_context(dask_cluster.connected(how.scheduler, joblib.effective_n_jobs(how.jobs)))
        yield n_workers if how.jobs == -1 else min(how.jobs, n_workers)


def _check_threads(jobs: int, backend: str) -> None:
    """Raises SweepError if the system does not let this user start as many threads as the workers need."""
    needed = (jobs if backend == "threading" else _OF_A_PROCESS * jobs) + _OF_POOL
    end, started = threading.Event(), list[threading.Thread]()
    try:
        for _ in range(needed if jobs > 1 or backend != "threading" else 0):  # a single job needs no other thread
            thread = threading.Thread(target=end.wait)
            thread.start()
            started.append(thread)
    except RuntimeError:
        expected = f"the {needed:,} threads of {jobs:,} jobs"
        raise SweepError(
            f"{JOBS.flags[0]}: expected {expected}, but the system starts only {len(started):,} more: use --jobs 1, or"
            " raise the limit (ulimit -u)"
        ) from None
    finally:
        end.set()
        for thread in started:
            thread.join()


def train_all(todo: Todo, how: How, jobs: int, kept: Kept | None = None) -> Generator[BatchResult]:
    """Train the remaining runs; yields batches as they complete, in no particular order.

    Processes are those of ``kept`` and stay there for the next training; without it, they end with this one. Closing
    the iterator, or an exception such as KeyboardInterrupt, stops the workers: processes immediately, threads after the
    current slice of their batch.
    """
    if not todo.n_runs:
        return
    if how.backend == "dask":
        from experiments.runner import dask_cluster  # imports Dask

        yield from dask_cluster.train(todo, jobs)
        return
    waiting, needed = batches(todo, jobs), jobs
    with kept_processes() if kept is None else contextlib.nullcontext(kept) as kept:
        if how.backend == "loky":
            few = list(itertools.islice(waiting, jobs))
            needed, waiting = min(jobs, len(few)), itertools.chain(few, waiting)
            if not kept.size:
                measure_speed(todo.design.dtype)  # compiles the kernels once; workers read them from disk
                start_tracker()
        pool = Pool(todo.parts, how.backend, needed, kept, most=jobs)
        try:
            with contextlib.closing(pool.train(waiting)) as results:
                yield from results
        finally:
            pool.stop.set()
