"""Workers that train parts of tiles: threads, processes, or those of a Dask cluster."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from typing import Any, Protocol

from experiments.maps.compute import Part, Setting
from experiments.maps.pixels import Pixels
from experiments.processes import interrupts_held_back, processes, start_tracker
from experiments.runner.backends import How, workers
from experiments.runner.retry import WorkerDied


class Crew(Protocol):
    """Workers. A future stands for a part that is trained."""

    jobs: int  # parts that are trained at the same time

    def submit(self, part: Part) -> Any:
        """Have a part trained; returns its future."""

    def finished(self, futures: list[Any]) -> list[Any]:
        """Those that are finished, at least one; waits for it."""

    def result(self, future: Any) -> Pixels:
        """The pixels of a finished part. Raises WorkerDied if its worker died."""

    def end(self, is_over: bool) -> None:
        """Stop; what is under way is given up, unless all is done."""


@contextlib.contextmanager
def hired(setting: Setting, how: How) -> Iterator[Crew]:
    """Workers for the parts of a map, until the end of the block.

    Raises SweepError if there are none. The kernels should be compiled: processes read them from the disk.
    """
    with workers(how) as jobs:
        crew: Crew
        if how.backend == "dask":
            crew = _Cluster(setting, jobs)
        elif how.backend == "loky":
            crew = _Processes(setting, jobs)
        else:
            crew = _Threads(setting, jobs) if jobs > 1 else _Alone(setting)
        is_over = False
        try:
            yield crew
            is_over = True
        finally:
            crew.end(is_over)


class _Alone:
    """This thread, which needs no other: a system may have none."""

    jobs = 1

    def __init__(self, setting: Setting) -> None:
        self._setting, self._parts = setting, dict[object, Part]()

    def submit(self, part: Part) -> object:
        name = object()
        self._parts[name] = part
        return name

    def finished(self, futures: list[object]) -> list[object]:
        return futures[:1]

    def result(self, future: object) -> Pixels:
        part = self._parts.pop(future)
        return self._setting.train(part.xs, part.ys)

    def end(self, is_over: bool) -> None:
        pass


class _Local:
    """Workers on this machine."""

    def __init__(self, setting: Setting, jobs: int) -> None:
        self._setting, self.jobs = setting, jobs

    def finished(self, futures: list[Future[Pixels]]) -> list[Future[Pixels]]:
        return list(wait_for(futures, return_when=FIRST_COMPLETED).done)

    def result(self, future: Future[Pixels]) -> Pixels:
        try:
            return future.result()
        except BrokenExecutor as error:
            raise WorkerDied(str(error)) from None


class _Threads(_Local):
    def __init__(self, setting: Setting, jobs: int) -> None:
        super().__init__(setting, jobs)
        self._stop = threading.Event()
        self._executor = ThreadPoolExecutor(jobs, thread_name_prefix="worker")

    def submit(self, part: Part) -> Future[Pixels]:
        return self._executor.submit(self._setting.train, part.xs, part.ys, self._stop)

    def end(self, is_over: bool) -> None:
        if not is_over:
            self._stop.set()
        self._executor.shutdown(wait=is_over, cancel_futures=True)


class _Processes(_Local):
    """They are replaced after one has died, with all that they were training."""

    def __init__(self, setting: Setting, jobs: int) -> None:
        super().__init__(setting, jobs)
        start_tracker()
        self._executor = processes(jobs)

    def submit(self, part: Part) -> Future[Pixels]:
        with interrupts_held_back():  # the first call starts the workers
            try:
                future: Future[Pixels] = self._executor.submit(self._setting.train, part.xs, part.ys)
            except BrokenExecutor:
                self._executor.shutdown(wait=False, kill_workers=True)
                self._executor = processes(self.jobs)
                future = self._executor.submit(self._setting.train, part.xs, part.ys)
        return future

    def end(self, is_over: bool) -> None:
        self._executor.shutdown(wait=is_over, kill_workers=not is_over)


class _Cluster:
    def __init__(self, setting: Setting, jobs: int) -> None:
        from distributed import default_client  # half a second, for a cluster alone

        self.jobs = jobs
        self._client = default_client()
        # The result of a task, not scattered data: those would be lost with the workers that hold them.
        self._setting = self._client.submit(_itself, setting, pure=False)
        self._under_way: set[Any] = set()

    def submit(self, part: Part) -> Any:
        future = self._client.submit(_trained, self._setting, part.xs, part.ys, pure=False)
        self._under_way.add(future)
        return future

    def finished(self, futures: list[Any]) -> list[Any]:
        from experiments.runner.dask_cluster import finished  # Dask: half a second

        return finished(self._client, futures)

    def result(self, future: Any) -> Pixels:
        from experiments.runner.dask_cluster import outcome  # the same

        self._under_way.discard(future)
        pixels: Pixels = outcome(self._client, future)
        return pixels

    def end(self, is_over: bool) -> None:  # noqa: ARG002 - what is under way is given up in any case
        self._client.cancel(list(self._under_way))


def _itself(setting: Setting) -> Setting:
    return setting


def _trained(setting: Setting, xs: list[float], ys: list[float]) -> Pixels:
    return setting.train(xs, ys)
