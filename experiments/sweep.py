"""Sweep: a design that can be run. Slow imports wait until it is prepared or run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from experiments.design import Design
from experiments.runner.observer import Observer, Prepared, Progress

if TYPE_CHECKING:
    from experiments.results import Results
    from experiments.runner.plan import Plan

__all__ = ["Observer", "Prepared", "Progress", "Sweep"]


class Sweep(Design):
    """A full grid over the axes, which can be run: ``Sweep(hidden=[1, 2, 3], seed=range(10)).run()``.

    Arguments and attributes are those of ``experiments.design.Design``.
    """

    def prepare(
        self,
        jobs: int = -1,
        out: str | os.PathLike[str] | None = "results",
        fresh: bool = False,
        plots: bool = False,
    ) -> Prepared:
        """What ``run`` does before it writes anything: read the data, look up stored runs, estimate the rest.

        Trains one small network to measure the speed of the machine. Raises what ``run`` raises.
        """
        from experiments.runner.prepare import prepare  # Numba: half a second

        return prepare(self, jobs, out, fresh, plots)

    def plan(self, jobs: int = -1, out: str | os.PathLike[str] | None = "results") -> Plan:
        """An estimate for ``run``: runs, runs already stored in ``out``, time, memory, disk.

        Raises what ``run`` raises.
        """
        return self.prepare(jobs, out).plan

    def run(
        self,
        jobs: int = -1,
        out: str | os.PathLike[str] | None = "results",
        backend: str = "threading",
        scheduler: str | None = None,
        fresh: bool = False,
        fail_fast: bool = False,
        plots: bool = False,
        observer: Observer | None = None,
    ) -> Results:
        """Train every network that is not stored yet, and write tables and manifest into the folder ``out``.

        ``out=None`` writes nothing. ``jobs`` networks train in parallel (-1: one per core), in threads, in processes
        with ``backend="loky"``, or on a Dask cluster with ``backend="dask"`` and the address ``scheduler`` (None: a
        local cluster). The results do not depend on these. ``fresh`` retrains stored networks; ``fail_fast`` raises
        RunFailed at the first failed run; ``plots`` also makes plots and report. The ``observer`` receives the
        progress.

        Raises SweepError, DataError or ResultsError, all of them ValueErrors, before any training.
        """
        from experiments.orchestration import run_sweep  # pandas and Numba: a second

        return run_sweep(self, jobs, out, backend, scheduler, fresh, fail_fast, plots, observer or Observer())
