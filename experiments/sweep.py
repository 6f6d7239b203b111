"""Sweep: a design that can be run. Slow imports wait until it is prepared or run."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from experiments.design import Design
from experiments.formats import Formats
from experiments.knobs.declared import SHARD
from experiments.knobs.values import value_of
from experiments.progress import Shown, is_notebook
from experiments.runner.observer import Observer, Prepared, Progress, Stage, Standing
from experiments.runner.shards import Shard

if TYPE_CHECKING:
    from experiments.results import Results
    from experiments.runner.plan import Plan

__all__ = ["Observer", "Prepared", "Progress", "Stage", "Standing", "Sweep"]


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
        shard: str | None = None,
        tables: str | Iterable[str] | None = None,
        csv_dialect: str | None = None,
        curves: str | Iterable[str] | None = None,
    ) -> Prepared:
        """What ``run`` does before it writes anything: read the data, look up stored runs, estimate the rest.

        Trains one small network to measure the speed of the machine. ``shard``, such as "3/16", prepares only that part
        of the sweep. Raises what ``run`` raises.
        """
        from experiments.runner.prepare import prepare  # Numba: half a second

        return prepare(self, jobs, out, fresh, plots, _shard(shard), Formats.of(tables, csv_dialect, curves))

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
        tables: str | Iterable[str] | None = None,
        csv_dialect: str | None = None,
        curves: str | Iterable[str] | None = None,
        progress: bool | None = None,
    ) -> Results:
        """Train every network that is not stored yet, and write tables and manifest into the folder ``out``.

        ``out=None`` writes nothing. ``jobs`` networks train in parallel (-1: one per core), in threads, in processes
        with ``backend="loky"``, or on a Dask cluster with ``backend="dask"`` and the address ``scheduler`` (None: a
        local cluster). The results do not depend on these. ``fresh`` retrains stored networks; ``fail_fast`` raises
        RunFailed at the first failed run; ``plots`` also makes plots and report.

        ``progress`` shows a bar, a race as it stands, and where everything was written; by default in a notebook
        alone. An ``observer`` receives the progress instead.

        ``tables`` are formats beside CSV, "xlsx" or "parquet"; ``csv_dialect`` is "excel", or "excel-de" with
        semicolons and decimal commas; ``curves`` are the formats of the curves if they differ, or "none".

        Raises SweepError, DataError or ResultsError, all of them ValueErrors, before any training.
        """
        how = (jobs, out, backend, scheduler, fresh, fail_fast, plots)
        formats = Formats.of(tables, csv_dialect, curves)
        with contextlib.ExitStack() as stack:
            drawing = None
            if plots and out is not None:
                from experiments.plots.beside import MOST_READ_TWICE, second_process  # joblib: 0.1 s

                if self.n_runs <= MOST_READ_TWICE:
                    drawing = stack.enter_context(second_process(at_once=True))
            from experiments.orchestration import run_sweep  # pandas and Numba: a second

            if observer is None and (is_notebook() if progress is None else progress):
                observer = stack.enter_context(contextlib.closing(Shown(out, is_notebook())))
            return cast("Results", run_sweep(self, *how, observer or Observer(), formats=formats, drawing=drawing))

    def run_shard(
        self,
        shard: str,
        jobs: int = -1,
        out: str | os.PathLike[str] = "results",
        backend: str = "threading",
        scheduler: str | None = None,
        fresh: bool = False,
        fail_fast: bool = False,
        observer: Observer | None = None,
    ) -> dict[str, Any]:
        """Train one of N parts of the sweep, ``shard="3/16"``, into a folder of its own, without tables.

        The parts are fixed by the request, so that any number of machines can train them without knowing of each
        other. ``experiments.merging.merge`` joins the folders. The other arguments and the errors are those of ``run``.
        Returns numbers of runs (``runs``, ``computed``, ``reused``, ``failed``), ``seconds``, ``jobs`` and ``backend``.
        """
        from experiments.orchestration import run_sweep  # pandas and Numba: a second

        how = (jobs, out, backend, scheduler, fresh, fail_fast)
        return cast("dict[str, Any]", run_sweep(self, *how, False, observer or Observer(), _shard(shard)))


def _shard(text: str | None) -> Shard | None:
    checked = value_of(SHARD, text)
    return None if checked is None else Shard.parse(checked)
