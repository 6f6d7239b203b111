"""Sweep: a design that can be run. What that takes is imported when it is prepared or run."""

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
    """A full grid over the axes that can be run: ``Sweep(hidden=[1, 2, 3], seed=range(10)).run()``.

    Its arguments, and what can be asked of it, are those of ``experiments.design.Design``.
    """

    def prepare(
        self,
        jobs: int = -1,
        out: str | os.PathLike[str] | None = "results",
        fresh: bool = False,
        plots: bool = False,
    ) -> Prepared:
        """What ``run`` does before it writes anything: read the data, look up what is stored, estimate the rest.

        Trains one small network to see how fast this machine is. Raises what ``run`` raises.
        """
        from experiments.runner.prepare import prepare  # Numba: half a second

        return prepare(self, jobs, out, fresh, plots)

    def plan(self, jobs: int = -1, out: str | os.PathLike[str] | None = "results") -> Plan:
        """What ``run`` would take, as an estimate: runs, those of them that are stored in ``out``, time, memory, disk.

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
        """Train every network that is not stored yet; write tables and manifest into the folder ``out``.

        ``out=None`` writes nothing. ``jobs`` networks train at the same time (-1: as many as there are cores), in
        threads, in processes with ``backend="loky"``, or on a Dask cluster with ``backend="dask"``, whose address
        is ``scheduler`` (None: a local one). The results depend on none of these. ``fresh`` trains stored networks
        again; ``fail_fast`` raises RunFailed at the first run that fails; ``plots`` also draws pictures and report.
        The ``observer`` is told how it goes on.

        Raises SweepError, DataError or ResultsError, all of them ValueErrors, before any training.
        """
        from experiments.orchestration import run_sweep  # pandas and Numba: a second

        return run_sweep(self, jobs, out, backend, scheduler, fresh, fail_fast, plots, observer or Observer())
