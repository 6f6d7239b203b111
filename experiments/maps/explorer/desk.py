"""What is computed in the background for the explorer: the latest request first, and only what somebody waits for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
MOST_WAITING = 512
"""Keys that wait at most; a page asks for a few at a time."""


class TooMany(Exception):
    """More is waiting than a page would ask for."""


@dataclass
class _Job:
    """``wanted``: how many wait for it."""

    result: Future[bytes] = field(default_factory=Future)
    stop: threading.Event = field(default_factory=threading.Event)
    wanted: int = 0


class Desk(Generic[Key]):
    """Computes bytes by key in a thread of its own.

    ``compute`` is called with the key and an event, which is set when nobody waits any more: then it may
    raise anything.
    """

    def __init__(self, compute: Callable[[Key, threading.Event], bytes]) -> None:
        self._compute = compute
        self._changed = threading.Condition()
        self._waiting: dict[Key, _Job] = {}  # the latest request is the last
        self._running: dict[Key, _Job] = {}
        self._closed = False
        threading.Thread(target=self._work, daemon=True).start()

    def ask(self, key: Key) -> Future[bytes]:
        """The result of a key, which is computed once for all who ask. Each asker calls ``leave`` at the end.

        Raises TooMany if too many keys wait.
        """
        with self._changed:
            job = self._running.get(key)
            if job is None or job.stop.is_set():
                job = self._waiting.pop(key, None)
                if job is None:
                    if len(self._waiting) >= MOST_WAITING:
                        raise TooMany
                    job = _Job()
                self._waiting[key] = job
                self._changed.notify()
            job.wanted += 1
            return job.result

    def leave(self, key: Key, result: Future[bytes]) -> None:
        """One asker waits for this result no longer: without another one, it is not begun, or told to stop."""
        with self._changed:
            for jobs in (self._waiting, self._running):
                job = jobs.get(key)
                if job is None or job.result is not result:
                    continue
                job.wanted -= 1
                if job.wanted == 0:
                    job.stop.set()
                    if jobs is self._waiting:
                        del self._waiting[key]

    def close(self) -> None:
        """Stop what is running, and begin nothing more."""
        with self._changed:
            self._closed = True
            for job in self._waiting.values():
                job.result.cancel()
            for job in self._running.values():
                job.stop.set()
            self._waiting.clear()
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                key = next(reversed(self._waiting))
                job = self._running[key] = self._waiting.pop(key)
                job.result.set_running_or_notify_cancel()
            try:
                job.result.set_result(self._compute(key, job.stop))
            except BaseException as error:  # noqa: BLE001 - it is the asker's
                job.result.set_exception(error)
            finally:
                with self._changed:
                    del self._running[key]
                    self._changed.notify_all()
