"""Training of batches on this machine: in threads or processes by joblib, even if workers die."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import signal
import threading
import time
import warnings
from collections.abc import Generator, Iterator
from concurrent.futures import BrokenExecutor
from typing import Any

import joblib

from experiments.runner.parts import Parts
from experiments.runner.retry import WorkerDied, alone
from experiments.runner.work import Batch, BatchResult, problems_of, train_batch

_LOOK_SECONDS = 0.5  # between two checks of a worker whether its parent lives
_ATTEMPTS = 2  # attempts at a single run in its own worker before the run is considered the cause


class Pool:
    """A pool of workers that is replaced after a worker died."""

    def __init__(self, parts: Parts, backend: str, jobs: int) -> None:
        self._parts, self._backend, self._jobs = parts, backend, jobs
        self.stop = threading.Event()
        self._stop_of_threads = self.stop if backend == "threading" else None  # it cannot be sent to a process

    def train(self, batches: Iterator[Batch]) -> Generator[BatchResult]:
        """The result of each batch, as it completes.

        Batches in progress when a worker died are tried again in a new pool. Those in progress at a second death are
        tried alone, run by run if necessary: a run that always kills its worker has failed.
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
            # joblib does not always raise: due to a race in its other thread it can end as if all were done.
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
        raise WorkerDied("cause unknown")

    def _parallel(self, batches: Iterator[Batch], jobs: int) -> Generator[BatchResult]:
        processes = self._backend != "threading"
        pool = joblib.Parallel(
            # joblib would run a single job in this process, which would then die with it.
            n_jobs=max(2, jobs) if processes else jobs,
            backend=self._backend,
            return_as="generator_unordered",
            pre_dispatch=2 * jobs if jobs > 1 else 1,
            batch_size=1,  # joblib's own batching is off: the batches already have the right size
            **({"initializer": _end_with, "initargs": (os.getpid(),)} if processes else {}),
        )
        tasks = (
            joblib.delayed(train_batch)(batch, problems_of(batch, self._parts), self._stop_of_threads)
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
    """Make this worker process end with its parent, even if that is killed; otherwise it waits for minutes."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _name_of(batch: Batch) -> tuple[int, int]:
    """A unique name of a batch: its first run."""
    return batch.series[0], batch.seeds[0]


def _close(done: Generator[Any]) -> None:
    """Stop unfinished work, without joblib's warning about unused results."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        done.close()


@contextlib.contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Block Ctrl-C in processes that are started meanwhile; a terminal sends it to all processes.

    The parent receives it afterwards and ends them; otherwise each of them would print a traceback. Blocking it in this
    thread is not enough: another thread may receive it, and Python would then handle it here.
    """
    came: list[int] = []
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    is_main = threading.current_thread() is threading.main_thread()
    handler = signal.signal(signal.SIGINT, lambda number, _: came.append(number)) if is_main else None
    try:
        yield
    finally:
        if is_main:
            signal.signal(signal.SIGINT, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for number in came:
            signal.raise_signal(number)
