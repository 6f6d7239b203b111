"""Training of batches on a Dask cluster.

joblib's own Dask backend is not used: it waits forever for a task that was given up because its workers died, and does
not report which task that was.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
from collections.abc import Generator, Iterator
from concurrent.futures import CancelledError
from typing import Any

import dask
from distributed import Client, KilledWorker, LocalCluster, as_completed, default_client

from experiments.knobs.declared import SCHEDULER
from experiments.knobs.knob import SweepError
from experiments.runner.parts import Part
from experiments.runner.retry import WorkerDied, alone
from experiments.runner.train import Problem
from experiments.runner.work import Batch, BatchResult, Todo, batches, train_batch

_CONNECT_SECONDS = 10
_SHORTEST_BATCH = 2**30  # of work: a quarter of a second, compared with which communication is negligible


@contextlib.contextmanager
def connected(scheduler: str | None, n_workers: int) -> Iterator[int]:
    """Connect to a scheduler, or start a local one with that many workers; yields the number of parallel batches.

    Raises SweepError if there is no scheduler or no worker.
    """
    with contextlib.ExitStack() as stack:
        address: Any = scheduler
        if address is None:
            # A task whose workers died twice is given up; it is tried alone afterwards.
            stack.enter_context(dask.config.set({"distributed.scheduler.allowed-failures": 1}))
            options = {"threads_per_worker": 1, "dashboard_address": ":0", "silence_logs": logging.ERROR}
            address = stack.enter_context(LocalCluster(n_workers=n_workers, **options))
        try:
            client = stack.enter_context(Client(address, timeout=_CONNECT_SECONDS))
        except (OSError, ValueError) as error:
            flag = SCHEDULER.flags[0]
            raise SweepError(f"{flag}: expected the address of a Dask scheduler, got {scheduler!r}: {error}") from None
        at_once = sum(client.nthreads().values())
        if not at_once:
            raise SweepError(f"{SCHEDULER.flags[0]}: expected workers at {scheduler}, found none: start at least one")
        yield at_once


def train(todo: Todo, jobs: int) -> Generator[BatchResult]:
    """Train the remaining runs on the connected cluster; yields batches as they complete.

    If a worker dies, the scheduler gives its tasks to other workers, and gives them up after some attempts, even those
    that did not cause the death. Such tasks are therefore tried once more, alone, after all others.
    """
    client = default_client()
    shared: dict[Part, Any] = {}  # needed by many batches
    under_way: dict[Any, Batch] = {}

    def problem_for(part: Part) -> Any:
        if part.seed is not None:
            return todo.parts[part]
        if part not in shared:
            # The result of a task, not scattered data: those would be lost with the workers that hold them.
            shared[part] = client.submit(_itself, todo.parts[part], pure=False)
        return shared[part]

    def submit(batch: Batch) -> Any:
        problems = {piece.part: problem_for(piece.part) for piece in batch.pieces}
        future = client.submit(_train, batch, list(problems), *problems.values(), pure=False)
        under_way[future] = batch
        return future

    def result_of(future: Any) -> BatchResult:
        under_way.pop(future)
        try:
            result: BatchResult = future.result()
        except KilledWorker:
            raise WorkerDied("on every cluster worker that tried it") from None
        except CancelledError:
            raise ConnectionError("the connection to the cluster was lost") from None
        return result

    waiting, given_up = batches(todo, jobs, _SHORTEST_BATCH), []
    try:
        done = as_completed([submit(batch) for batch in itertools.islice(waiting, 2 * jobs)])
        for future in done:
            batch = under_way[future]
            try:
                yield result_of(future)
            except WorkerDied:
                given_up.append(batch)
            for following in itertools.islice(waiting, 1):
                done.add(submit(following))
        for batch in given_up:
            yield from alone(batch, lambda batch: result_of(submit(batch)), attempts=1)
    finally:
        client.cancel(list(under_way))


def _itself(problem: Problem) -> Problem:
    return problem


def _train(batch: Batch, parts: list[Part], *problems: Problem) -> BatchResult:
    return train_batch(batch, dict(zip(parts, problems, strict=True)))
