"""Drawing in a second process: one interpreter draws on one core, and drawing takes longer than some sweeps."""

from __future__ import annotations

import contextlib
import importlib
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any, TypeVar

import joblib

from experiments.processes import Kept, interrupts_held_back

MOST_READ_TWICE = 100_000  # runs; above, the memory of a second process is not worth its time

Job = TypeVar("Job")
Result = TypeVar("Result")


@contextlib.contextmanager
def second_process(at_once: bool = False) -> Iterator[Kept]:
    """The process for ``taking_turns``. ``at_once``: it is started now, and imports what drawing needs."""
    kept = Kept()
    try:
        if at_once and joblib.cpu_count() > 1:
            with contextlib.suppress(Exception):  # of the system or of loky: no process or thread can be started
                _start(kept, _import)
        yield kept
    finally:
        kept.close(kill=True)


@contextlib.contextmanager
def taking_turns(kept: Kept, jobs: deque[Job], do: Callable[[Job], Result], done: dict[Job, Result]) -> Iterator[None]:
    """Do jobs in a second process from the end of the queue, for as long as the block takes others from its start.

    ``do`` and the jobs are sent to that process. A job that it could not do is back in the queue after the block, and
    if there is only one core or no process can be started, nothing is taken.
    """
    helper = None
    if len(jobs) > 1 and joblib.cpu_count() > 1:
        job = jobs.pop()
        try:
            submit, future = _start(kept, do, job)
            helper = threading.Thread(target=_do, args=(submit, jobs, do, done, job, future))
            helper.start()
        except Exception:  # noqa: BLE001 - as above
            jobs.append(job)
            helper = None
    yield
    if helper is not None:
        helper.join()


def _import() -> None:
    """A second or two."""
    for name in ("experiments.plots.gallery", "scipy.special"):
        importlib.import_module(name)


def _start(kept: Kept, do: Callable[..., Result], *job: Any) -> tuple[Callable[..., Future[Result]], Future[Result]]:
    """Let the process do something, which starts it if it does not run. Also returns how to let it do more."""
    with interrupts_held_back():
        submit = kept.at_least(1, 1).submit
        return submit, submit(do, *job)


def _do(
    submit: Callable[[Callable[[Job], Result], Job], Future[Result]],
    jobs: deque[Job],
    do: Callable[[Job], Result],
    done: dict[Job, Result],
    job: Job,
    future: Future[Result],
) -> None:
    try:
        while True:
            done[job] = future.result()
            job = jobs.pop()
            future = submit(do, job)
    except IndexError:  # none is left
        pass
    except Exception:  # noqa: BLE001 - whatever it was, the first process tries again and reports it
        jobs.append(job)
