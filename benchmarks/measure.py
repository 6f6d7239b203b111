"""Timing on a machine that has other things to do: many short repetitions, taking turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.fma_rate import Rate
from benchmarks.worker import Seconds, Worker
from benchmarks.workload import Array, Workload, costs

CALL_SECONDS = 0.03  # of one repetition
LEAST_REPETITIONS = 3


@dataclass
class Clock:
    """What all measurements of a run share.

    seconds: time for each measurement
    cores: those there are
    rates: of multiply-and-adds, by dtype
    granted: time on the processor and on the wall of all one-core measurements
    """

    seconds: float
    cores: int
    rates: Mapping[str, Rate]
    granted: list[float] = field(default_factory=lambda: [0.0, 0.0])


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

    def measure(self) -> Seconds:
        """Seconds per activation."""
        wall, cpu = self.worker.train(self.number, self.iterations)
        activations = self.workload.activations * self.iterations
        return Seconds(wall / activations, cpu / activations)

    def close(self) -> None:
        """Free the memory."""
        self.worker.drop(self.number)


def take_turns(trainers: Sequence[Trainer], clock: Clock, seconds: float, one_core: bool = True) -> list[list[float]]:
    """Seconds per activation of each trainer in each round, until ``seconds`` are over.

    What runs on one core is timed on the processor's clock, which does not count while others have the core; on a
    machine with nothing else to do both clocks agree. What runs on several cores is timed on the wall.
    """
    dtypes = {trainer.workload.dtype for trainer in trainers}
    times: list[list[float]] = [[] for _ in trainers]
    end = time.perf_counter() + seconds
    while len(times[0]) < LEAST_REPETITIONS or time.perf_counter() < end:
        for dtype in dtypes:
            clock.rates[dtype].sample()
        for trainer, mine in zip(trainers, times, strict=True):
            time.sleep(0.002)  # the threads of the one before may spin for a while
            sample = trainer.measure()
            mine.append(sample.cpu if one_core else sample.wall)
            if one_core:
                clock.granted[0] += sample.cpu * trainer.workload.activations * trainer.iterations
                clock.granted[1] += sample.wall * trainer.workload.activations * trainer.iterations
    return times
