"""A process that trains, one for each peer: with an environment of its own, and no harm to others if it dies."""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import signal
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from benchmarks.workload import Layers, Workload

_LONGEST_ANSWER = 1200  # seconds


class WorkerError(Exception):
    """What went wrong in the process, in a line."""


class Seconds(NamedTuple):
    """How long a call took: on the clock on the wall, and in time on the processor, summed over threads."""

    wall: float
    cpu: float


class Worker:
    """A process with ``environment`` added to its environment, on one core alone if ``pinned`` (where that can be)."""

    def __init__(self, environment: Mapping[str, str] | None = None, pinned: bool = False) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        # The libraries that read these do so when they are imported, so they have to be there from the start.
        before = dict(os.environ)
        os.environ.update(environment or {})
        try:
            self._process = context.Process(target=_serve, args=(theirs, pinned), daemon=True)
            self._process.start()
        finally:
            os.environ.clear()
            os.environ.update(before)
        theirs.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.join(timeout=5)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _ask(self, *message: Any) -> Any:
        try:
            self._pipe.send(message)
            if not self._pipe.poll(_LONGEST_ANSWER):
                raise WorkerError(f"no answer in {_LONGEST_ANSWER} s")
            is_right, answer = self._pipe.recv()
        except (EOFError, OSError):
            self._process.join(timeout=5)
            raise WorkerError(f"the process ended with status {self._process.exitcode}") from None
        if not is_right:
            raise WorkerError(answer)
        return answer

    def open(self, target: str, workload: Workload, options: Mapping[str, Any]) -> int:
        """Make ``target`` ("module:Class") with the workload and options; returns the number to call it by."""
        return int(self._ask("open", target, workload, dict(options)))

    def train(self, number: int, iterations: int) -> Seconds:
        """Train the workload for ``iterations``."""
        return Seconds(*self._ask("train", number, iterations))

    def parameters(self, number: int) -> list[Layers]:
        """Those after the last ``train``."""
        return list(self._ask("parameters", number))

    def drop(self, number: int) -> None:
        """Free the memory of one that is not used any more."""
        self._ask("drop", number)

    def call(self, target: str, **arguments: Any) -> Any:
        """Call the function ``target`` ("module:function") there."""
        return self._ask("call", target, arguments)


def _named(target: str) -> Any:
    module, name = target.split(":")
    return getattr(importlib.import_module(module), name)


class _Desk:
    """What the process does for each kind of message."""

    def __init__(self) -> None:
        self.opened: list[Any] = []

    def open(self, target: str, workload: Workload, options: dict[str, Any]) -> int:
        self.opened.append(_named(target)(workload, **options))
        return len(self.opened) - 1

    def train(self, number: int, iterations: int) -> tuple[float, float]:
        wall, cpu = time.perf_counter(), time.process_time()
        self.opened[number].train(iterations)
        return time.perf_counter() - wall, time.process_time() - cpu

    def parameters(self, number: int) -> list[Layers]:
        return list(self.opened[number].parameters())

    def drop(self, number: int) -> None:
        getattr(self.opened[number], "close", lambda: None)()
        self.opened[number] = None

    def call(self, target: str, arguments: dict[str, Any]) -> Any:
        return _named(target)(**arguments)


def _serve(pipe: Connection, pinned: bool) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is told as well, and ends this one
    if pinned and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    desk = _Desk()
    while True:
        try:
            what, *arguments = pipe.recv()
        except (EOFError, OSError):
            for number in range(len(desk.opened)):
                desk.drop(number)
            return
        try:
            answer = (True, getattr(desk, what)(*arguments))
        except Exception as error:  # noqa: BLE001 - whatever a peer raises is reported, and the others go on
            answer = (False, f"{type(error).__name__}: {' '.join(str(error).split())}")
        with contextlib.suppress(OSError):  # nobody waits for it any more
            pipe.send(answer)
