"""Timing on a machine that has other things to do: many short repetitions, taking turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.fma_rate import Rate
from benchmarks.worker import Seconds, Worker
from benchmarks.workload import Array, Workload, costs

CALL_SECONDS = 0.03  # of one repetition
PARALLEL_SECONDS = 0.2  # the same, a job: joblib looks for what is done every 10 ms, which is little in a whole sweep
LEAST_REPETITIONS = 3
_PAUSE = 0.002  # seconds: the threads of the peer before may spin for a while


@dataclass
class Clock:
    """What all measurements of a run share.

    seconds: time for each measurement
    cores: those there are
    rates: of multiply-and-adds, by dtype
    """

    seconds: float
    cores: int
    rates: Mapping[str, Rate]
    _wall: float = 0.0
    _cpu: float = 0.0

    def add(self, taken: Seconds) -> None:
        """Take note of a call on one core."""
        self._wall += taken.wall
        self._cpu += taken.cpu

    @property
    def share(self) -> float | None:
        """The part of a core that all calls on one core got; less than 1 on a machine with other things to do."""
        return self._cpu / self._wall if self._wall else None


@dataclass(frozen=True)
class Spread:
    """Of the times per activation, in seconds."""

    best: float
    low: float  # a quarter is below
    median: float
    high: float  # a quarter is above

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of at least two values."""
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(min(values), low, median, high)


class Trainer:
    """A workload in a worker, trained again and again.

    first_seconds: of the first call, which compiles what there is to compile
    """

    def __init__(
        self,
        worker: Worker,
        target: str,
        workload: Workload,
        options: Mapping[str, Any] | None = None,
        least: int = 1,
    ) -> None:
        self.worker, self.workload, self.iterations = worker, workload, least
        self.number = worker.open(target, workload, options or {})
        self.first_seconds = worker.train(self.number, 1).wall

    def costs(self, iterations: int) -> Array:
        """Of each network after so many iterations."""
        self.worker.train(self.number, iterations)
        return costs(self.workload, self.worker.parameters(self.number))

    def calibrate(self, seconds: float = CALL_SECONDS) -> None:
        """Choose the number of iterations so that a call takes about so long, but not fewer than ``least``."""
        cpu = min(self.worker.train(self.number, self.iterations).cpu for _ in range(2))
        self.iterations = max(self.iterations, round(self.iterations * seconds / max(cpu, 1e-6)))

    @property
    def activations(self) -> int:
        """In one call."""
        return self.workload.activations * self.iterations

    def call(self) -> Seconds:
        """Train once."""
        return self.worker.train(self.number, self.iterations)

    def close(self) -> None:
        """Free the memory."""
        self.worker.drop(self.number)


def take_turns(trainers: Sequence[Trainer], clock: Clock, seconds: float, on_wall: bool = False) -> list[list[float]]:
    """Seconds per activation of each trainer in each round, until ``seconds`` are over.

    On one core, time is that on the processor, which does not count while others have the core; on a machine with
    nothing else to do, it is that on the wall. ``on_wall`` is for what runs on several cores.
    """
    dtypes = {trainer.workload.dtype for trainer in trainers}
    times: list[list[float]] = [[] for _ in trainers]
    end = time.perf_counter() + seconds
    while len(times[0]) < LEAST_REPETITIONS or time.perf_counter() < end:
        for dtype in dtypes:
            clock.rates[dtype].sample()
        for trainer, mine in zip(trainers, times, strict=True):
            time.sleep(_PAUSE)
            taken = trainer.call()
            mine.append((taken.wall if on_wall else taken.cpu) / trainer.activations)
            if not on_wall:
                clock.add(taken)
    return times
