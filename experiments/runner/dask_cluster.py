"""Training of batches on a Dask cluster.

joblib's own Dask backend is not used: it waits forever for a task that was given up because its workers died, and does
not report which task that was.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import pkgutil
import socket
from collections.abc import Generator, Iterator
from concurrent.futures import CancelledError
from typing import Any
from urllib.parse import urlsplit

import dask
from distributed import Client, KilledWorker, LocalCluster, default_client, wait
from distributed.security import Security

from experiments.console import warn
from experiments.knobs.declared import SCHEDULER
from experiments.knobs.knob import SweepError
from experiments.runner.parts import Part
from experiments.runner.retry import WorkerDied, alone
from experiments.runner.train import Problem
from experiments.runner.work import Batch, BatchResult, Todo, batches, train_batch
from experiments.text import count, listed
from experiments.version import installing
from planar_core.choices import NUMERICS

_CONNECT_SECONDS = 10
_ANSWER_SECONDS = 10  # for which a scheduler or a worker may be busy with something else
LOOK_SECONDS, SAID_EVERY = 2, 30  # between two looks at a cluster that finishes nothing, and two lines about it
_LOST = "the connection to the cluster was lost"
_SHORTEST_BATCH = 2**30  # of work: a quarter of a second, compared with which communication is negligible


@contextlib.contextmanager
def connected(scheduler: str | None, n_workers: int) -> Iterator[int]:
    """Connect to a scheduler, or start a local one with that many workers; yields the number of parallel batches.

    Raises SweepError if there is no scheduler or no worker.
    """
    for name in ("distributed", "distributed.client", "distributed.core"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what goes wrong is said here, in one line
    with contextlib.ExitStack() as stack:
        address: Any = scheduler
        if address is None:
            # A task whose workers died twice is given up; it is tried alone afterwards.
            stack.enter_context(dask.config.set({"distributed.scheduler.allowed-failures": 1}))
            address = stack.enter_context(_local_cluster(n_workers))
        try:
            if scheduler is not None:
                _check_greeting(scheduler)
            client = stack.enter_context(Client(address, timeout=_CONNECT_SECONDS))
        except (OSError, ValueError, TypeError) as error:  # TypeError: TLS without certificates
            flag, reason = SCHEDULER.flags[0], " ".join(str(error).split())
            tls = "tls:// requires certificates in Dask's configuration, distributed.comm.tls; "
            hint = tls if str(scheduler).startswith("tls") else ""
            expected = f"{flag}: expected the address of a Dask scheduler, got {scheduler!r}"
            raise SweepError(f"{expected}: {hint}{reason}") from None
        at_once = sum(client.nthreads().values())
        if not at_once:
            raise SweepError(f"{SCHEDULER.flags[0]}: expected workers at {scheduler}, found none: start at least one")
        if scheduler is not None:
            _check_package(client, scheduler)
        yield at_once


def _check_package(client: Client, scheduler: str) -> None:
    """Raise SweepError if the scheduler or a worker lacks this package: a worker without it ends at its first task."""

    async def ask() -> dict[str, Any]:
        version = pkgutil.resolve_name, f"{__name__}:NUMERICS"
        try:
            of_scheduler = await client.run_on_scheduler(*version)
        except (ImportError, AttributeError) as error:
            of_scheduler = error
        return {scheduler: of_scheduler, **await client.run(*version, on_error="return")}

    try:
        answers = client.sync(ask, callback_timeout=_ANSWER_SECONDS)
    except Exception:  # noqa: BLE001 - busy, or does not allow to be asked: if it trains nothing, that is said later
        return
    if without := [at for at, answer in answers.items() if isinstance(answer, ImportError | AttributeError)]:
        found = "none at"
    elif without := [at for at, answer in answers.items() if isinstance(answer, int) and answer != NUMERICS]:
        found = "another version at"
    else:
        return
    raise SweepError(
        f"{SCHEDULER.flags[0]}: expected this package at the scheduler and at every worker, found {found}"
        f" {listed(without, most=3)}: install the same version there"
    )


def _check_greeting(address: str) -> None:
    """Raise OSError if nobody, or something that is not a scheduler, answers; Client would wait for it for ever."""
    parts = urlsplit(address)
    if parts.scheme == "tcp" and parts.hostname and parts.port:
        with socket.create_connection((parts.hostname, parts.port), _CONNECT_SECONDS) as connection:
            try:
                connection.recv(1)  # a scheduler speaks first
            except TimeoutError:
                raise OSError("it accepts connections, but is not a Dask scheduler") from None


def _local_cluster(n_workers: int) -> LocalCluster:
    """A cluster that nobody else can use: whoever reaches a scheduler without TLS runs code as its user."""
    try:
        security = Security.temporary()  # keys and certificates for this cluster alone, in memory
    except ImportError:
        raise SweepError(f"--backend dask requires the package cryptography: {installing('dask')}") from None
    loopback = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0", "worker_dashboard_address": "127.0.0.1:0"}
    return LocalCluster(
        n_workers=n_workers, threads_per_worker=1, silence_logs=logging.CRITICAL, security=security, **loopback
    )


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
        try:
            result: BatchResult = outcome(client, future)
            return result
        finally:
            under_way.pop(future)

    waiting, given_up = batches(todo, jobs, _SHORTEST_BATCH), []
    try:
        for batch in itertools.islice(waiting, 2 * jobs):
            submit(batch)
        while under_way:
            for future in finished(client, list(under_way)):
                batch = under_way[future]
                try:
                    yield result_of(future)
                except WorkerDied:
                    given_up.append(batch)
                for following in itertools.islice(waiting, 1):
                    submit(following)
        for batch in given_up:
            yield from alone(batch, lambda batch: result_of(submit(batch)), attempts=1)
    finally:
        client.cancel(list(under_way))


def finished(client: Client, futures: list[Any]) -> list[Any]:
    """Those that are finished, at least one. Says why if nothing happens for long."""
    for waited in itertools.count(1):
        try:
            return list(wait(futures, timeout=LOOK_SECONDS, return_when="FIRST_COMPLETED").done)
        except TimeoutError:
            pass
        except CancelledError:
            raise ConnectionError(_LOST) from None
        if client.status != "running":
            raise ConnectionError(_LOST)
        if waited * LOOK_SECONDS % SAID_EVERY == 0 and (why := _why_idle(client)):
            warn(f"no worker has taken a batch for {waited * LOOK_SECONDS} s: {why}; waiting")
    raise AssertionError


def outcome(client: Client, future: Any) -> Any:
    """What a task returned. Raises WorkerDied if it was given up, since the workers that tried it died."""
    try:
        return _result(client, future)
    except KilledWorker:
        raise WorkerDied("on every cluster worker that tried it") from None
    except CancelledError:
        raise ConnectionError(_LOST) from None


def _result(client: Client, future: Any) -> Any:
    """What a task returned. If its worker dies with it, the task is run again, and waited for as any other."""
    for attempt in itertools.count():
        finished(client, [future])
        patience = _ANSWER_SECONDS * 2**attempt  # longer each time: the network may be slow
        try:
            result = future.result(timeout=patience)
        except TimeoutError:
            if future.status == "error":  # of the task itself
                raise
        else:
            return result
    raise AssertionError


def _why_idle(client: Client) -> str:
    """Why no worker has a batch; an empty string if one has. Raises ConnectionError if none ever will."""
    try:
        taken, workers = (
            client.sync(ask, callback_timeout=_ANSWER_SECONDS)
            for ask in (client.scheduler.processing, client.scheduler.ncores)
        )
    except TimeoutError:
        return "the scheduler does not answer"
    except OSError:
        raise ConnectionError(_LOST) from None
    if any(taken.values()):
        return ""
    if not workers and client.cluster is not None:  # nobody else will start one
        raise ConnectionError("the workers of the local cluster have died and could not be started again")
    return f"the cluster has {count(len(workers), 'worker')}"


def _itself(problem: Problem) -> Problem:
    return problem


def _train(batch: Batch, parts: list[Part], *problems: Problem) -> BatchResult:
    return train_batch(batch, dict(zip(parts, problems, strict=True)))
