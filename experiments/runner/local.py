"""Training of batches on this machine, in threads or processes, even if workers die."""

from __future__ import annotations

import contextlib
import itertools
import re
import threading
from collections.abc import Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ThreadPoolExecutor, wait
from typing import Any

from experiments.processes import Kept, interrupts_held_back
from experiments.runner.parts import Parts
from experiments.runner.retry import WorkerDied, alone
from experiments.runner.work import Batch, BatchResult, problems_of, train_batch

_ATTEMPTS = 2  # attempts at a single run in its own worker before the run is considered the cause


class Pool:
    """A pool of workers that is replaced after a worker died."""

    def __init__(self, parts: Parts, backend: str, jobs: int, kept: Kept, most: int) -> None:
        """The processes are those of ``kept``, of which there may be ``most``."""
        self._parts, self._backend, self._jobs, self._kept, self._most = parts, backend, jobs, kept, most
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
                with contextlib.closing(self._parallel(self._noted(waiting, under_way), self._jobs)) as results:
                    for result in results:
                        under_way.pop(_name_of(result.batch))
                        yield result
            except BrokenExecutor:
                pass
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
            with contextlib.closing(self._parallel(iter([batch]), jobs=1)) as results:
                return next(results)
        except BrokenExecutor as error:
            if codes := re.search(r"\{(.+?)\}", str(error)):
                raise WorkerDied(codes[1]) from None
        raise WorkerDied("cause unknown")

    def _parallel(self, batches: Iterator[Batch], jobs: int) -> Generator[BatchResult]:
        """Train batches in workers. A result is stored before the next batch is taken: they cannot pile up."""
        if self._backend == "threading" and jobs == 1:  # no thread but this one, of which a system may have no other
            for batch in batches:
                yield self._train(batch)
            return
        is_over = False
        executor = _threads(jobs) if self._backend == "threading" else self._kept.at_least(jobs, self._most)
        try:
            under_way = {self._submit(executor, batch) for batch in itertools.islice(batches, 2 * jobs)}
            while under_way:
                done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
                    under_way.update(self._submit(executor, batch) for batch in itertools.islice(batches, 1))
            is_over = True
        finally:
            if self._backend != "threading":
                if not is_over:
                    self._kept.close(kill=True)
            else:
                if not is_over:
                    self.stop.set()
                executor.shutdown(wait=is_over, cancel_futures=True)

    def _train(self, batch: Batch) -> BatchResult:
        return train_batch(batch, problems_of(batch, self._parts), self._stop_of_threads)

    def _submit(self, executor: Any, batch: Batch) -> Future[BatchResult]:
        problems = problems_of(batch, self._parts)
        with interrupts_held_back():  # the first call starts the workers
            future: Future[BatchResult] = executor.submit(train_batch, batch, problems, self._stop_of_threads)
        return future


def _threads(jobs: int) -> Any:
    return ThreadPoolExecutor(jobs, thread_name_prefix="worker")


def _name_of(batch: Batch) -> tuple[int, int]:
    """A unique name of a batch: its first run."""
    return batch.series[0], batch.seeds[0]
