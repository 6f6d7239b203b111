"""Drawing in a second process: one interpreter draws on one core, and drawing takes longer than some sweeps."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import TypeVar

import joblib

from experiments.processes import interrupts_held_back, processes

Job = TypeVar("Job")
Result = TypeVar("Result")


@contextlib.contextmanager
def taking_turns(jobs: deque[Job], do: Callable[[Job], Result], done: dict[Job, Result]) -> Iterator[None]:
    """Do jobs in a second process from the end of the queue, for as long as the block takes others from its start.

    ``do`` and the jobs are sent to that process. A job that it could not do is back in the queue after the block, and
    if there is only one core or no process can be started, nothing is taken.
    """
    executor = helper = None
    if len(jobs) > 1 and joblib.cpu_count() > 1:
        job = jobs.pop()
        try:
            with interrupts_held_back():
                executor = processes(1)
                future = executor.submit(do, job)
            helper = threading.Thread(target=_do, args=(executor.submit, jobs, do, done, job, future))
            helper.start()
        except Exception:  # noqa: BLE001 - of the system or of loky: no process or thread can be started
            jobs.append(job)
            helper = None
    try:
        yield
        if helper is not None:
            helper.join()
    finally:
        if executor is not None:
            executor.shutdown(wait=False, kill_workers=True)


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
