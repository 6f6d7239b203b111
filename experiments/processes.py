"""Processes beside this one, which end with it."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from multiprocessing import resource_tracker
from typing import Any

from joblib.externals.loky import ProcessPoolExecutor

_LOOK_SECONDS = 0.5  # between two checks of a process whether its parent lives


def processes(jobs: int) -> Any:
    """An executor of that many processes. Its first call starts them: make it in ``interrupts_held_back``."""
    # Not joblib.Parallel: it maps large arrays read-only, for which Numba would compile other kernels in every worker,
    # leaves them in shared memory if it is killed, and trains on while nothing is stored.
    return ProcessPoolExecutor(
        jobs,
        initializer=_begin,
        initargs=(os.getpid(), logging.getLogger("matplotlib").level),
        env={"PYTHONSAFEPATH": "1"},  # the working folder may hold a random.py; the path of this process follows
    )


class Kept:
    """Processes that are kept from one use to the next, since it takes a second or two to start them."""

    def __init__(self) -> None:
        self._executor: Any = None
        self.size = 0

    def at_least(self, jobs: int, most: int) -> Any:
        """An executor of ``jobs`` processes or more, but not more than ``most``; see ``processes``."""
        if jobs > self.size:
            size = max(jobs, min(2 * self.size, most))  # not one more each time
            self.close()
            self._executor, self.size = processes(size), size
        return self._executor

    def close(self, kill: bool = False) -> None:
        """End the processes, with ``kill`` also those that work. The next use starts others."""
        executor, self._executor, self.size = self._executor, None, 0
        if executor is not None:
            executor.shutdown(wait=not kill, kill_workers=kill)


@contextlib.contextmanager
def kept_processes() -> Iterator[Kept]:
    """Processes for as long as the context; an exception kills them."""
    kept, is_over = Kept(), False
    try:
        yield kept
        is_over = True
    finally:
        kept.close(kill=not is_over)


def _begin(parent: int, level_of_matplotlib: int) -> None:
    """Make this process end with its parent, even if that is killed; otherwise it waits for minutes.

    Matplotlib logs no more here than there.
    """
    logging.getLogger("matplotlib").setLevel(level_of_matplotlib)
    if sys.platform == "win32":  # where no mask is inherited: see interrupts_held_back
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        if sys.platform == "win32":  # where a process has the same parent for ever
            if (starter := multiprocessing.parent_process()) is not None:
                starter.join()
        else:
            while os.getppid() == parent:
                time.sleep(_LOOK_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def start_tracker() -> None:
    """Start the process that cleans up after workers: before Python 3.14, that ends the blocking of interrupts."""
    if sys.platform != "win32":  # where there is none
        resource_tracker.ensure_running()


@contextlib.contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Block Ctrl-C in processes that are started meanwhile; a terminal sends it to all processes.

    The parent receives it afterwards and ends them; otherwise each of them would print a traceback. Blocking it in this
    thread is not enough: another thread may receive it, and Python would then handle it here. On Windows, processes
    ignore it as soon as they have begun.
    """
    came: list[int] = []
    if sys.platform != "win32":
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    is_main = threading.current_thread() is threading.main_thread()
    handler = signal.signal(signal.SIGINT, lambda number, _: came.append(number)) if is_main else None
    try:
        yield
    finally:
        if is_main:
            signal.signal(signal.SIGINT, handler)
        if sys.platform != "win32":
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for number in came:
            signal.raise_signal(number)
