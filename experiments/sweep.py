"""Sweep: a design that can be run: train, build tables, confirm, write, draw."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from experiments.datasets.divided import Divided
from experiments.datasets.source import Source
from experiments.design import Design, ProblemKey
from experiments.files import (
    CURVES,
    FILES,
    MANIFEST,
    PLOTS,
    REPORT,
    RUNS,
    STORE,
    SUMMARY,
    ResultsError,
    check_folder,
    replacing,
    sync,
)
from experiments.findings.confirmation import confirmations
from experiments.knobs.declared import BACKEND, JOBS, SCHEDULER
from experiments.knobs.values import value_of
from experiments.results import Results
from experiments.runner.backends import How, workers
from experiments.runner.plan import Plan, measure_speed, plan
from experiments.runner.run import Done, run
from experiments.runner.work import BatchResult, Todo, earlier_runs, todo
from experiments.store.lock import claimed
from experiments.store.store import Store, stored_in
from experiments.tables.baselines import baselines
from experiments.tables.build import build
from experiments.tables.csv_files import curves_into, write_csv
from experiments.tables.manifest import manifest_of
from experiments.tables.problems import about_data, score_of
from experiments.text import count, size

MOST_WITH_BASELINES = 1000  # problems
MOST_LOOKED_UP = 10**6  # configurations; for more, the plan does not look up stored runs


class Progress(NamedTuple):
    """Progress of the training. A failed run is done but not finished: it is tried again next time."""

    runs: int  # of the sweep
    done: int
    stored: int
    work: int  # done since the start, in units of ``experiments.runner.work.work_of_run``
    total_work: int


class Observer:
    """Receives the progress of a sweep. Terminals, notebooks and tests override the methods they need."""

    def note(self, message: str) -> None:
        """A note on the request, the data or the plots."""

    def planned(self, prepared: Prepared) -> None:
        """The plan, before anything is written. May refuse it with a SweepError."""

    def accepted(self, prepared: Prepared) -> None:
        """The plan was accepted and fits on the disk."""

    def began(self, progress: Progress) -> None:
        """Training begins."""

    def trained(self, progress: Progress) -> None:
        """A batch of runs was stored."""

    def building(self) -> None:
        """All runs are stored; the tables are built from them."""

    def replacing_tables(self) -> None:
        """The new tables are complete and replace the old ones."""

    def drawing(self) -> None:
        """The tables are written; plots and report come next."""

    def finished(self, files: Sequence[Path]) -> None:
        """All files are written."""


@dataclass(frozen=True)
class Prepared:
    """What is known about a sweep before it runs."""

    sources: dict[ProblemKey, Source]
    left: Todo
    plan: Plan
    notes: tuple[str, ...]  # on the request and on the data


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
        jobs = value_of(JOBS, jobs)
        sources = self.load()
        with contextlib.ExitStack() as stack:
            stored = None
            if out is not None:
                check_folder(out, (*FILES, REPORT) if plots else FILES)
                if plots:
                    check_folder(Path(out) / PLOTS)
                stored = stack.enter_context(stored_in(Path(out)))
            left = todo(self, sources, stored if self.n_configurations <= MOST_LOOKED_UP else None, fresh)
            of_folder = _notes_on_folder(left, stored)
        of_data = dict.fromkeys(f"{each.name}: {note}" for each in sources.values() for note in each.notes)
        return Prepared(sources, left, plan(left, jobs, measure_speed(self.dtype)), (*self.notes, *of_data, *of_folder))

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
        jobs, backend, scheduler = value_of(JOBS, jobs), value_of(BACKEND, backend), value_of(SCHEDULER, scheduler)
        how = How(jobs, backend, scheduler, fresh, fail_fast)
        observer = observer or Observer()
        plots = plots and out is not None
        prepared = self.prepare(jobs, out, fresh, plots)
        for note in prepared.notes:
            observer.note(note)
        observer.planned(prepared)
        if out is not None and prepared.plan.disk > (free := shutil.disk_usage(check_folder(out)).free):
            needed = f"{size(prepared.plan.disk)} needed, {size(free)} free"
            raise ResultsError(f"not enough disk space: {needed}; free some space, or choose another folder")
        observer.accepted(prepared)
        with workers(how) as at_once:
            if out is None:
                opened = Store(None)  # a temporary file, from which the results are read
                done = self._train(prepared, opened, how, at_once, observer)
                tables = build(self, self._about(prepared.sources), prepared.sources, opened)
                return Results.of(tables, manifest_of(tables, confirmations(tables), done))
            with claimed(Path(out)) as opened:
                done = self._train(prepared, opened, how, at_once, observer)
                observer.building()
                results = self._write(prepared.sources, opened, done, Path(out), observer)
                files = [Path(out, name) for name in (*FILES, STORE)]
                if plots:
                    observer.drawing()
                    files += _draw(results, Path(out), observer)
                observer.finished(files)
                return results

    def _train(self, prepared: Prepared, opened: Store, how: How, jobs: int, observer: Observer) -> dict[str, Any]:
        """Train the remaining runs; return how that was done."""
        progress = Progress(prepared.plan.runs, 0, 0, 0, prepared.plan.work)

        def begin(left: Todo) -> None:  # the plan may not have looked up what is stored
            nonlocal progress
            stored = self.size - left.n_runs
            progress = progress._replace(done=stored, stored=stored, total_work=left.work)
            observer.began(progress)

        def add(result: BatchResult) -> None:
            nonlocal progress
            runs = progress.done + len(result.runs)
            stored = progress.stored + sum(run.status != "failed" for run in result.runs)
            progress = progress._replace(done=runs, stored=stored, work=progress.work + result.batch.work)
            observer.trained(progress)

        done: Done = run(
            self, prepared.sources, opened, how, jobs, add, begin, is_checked=prepared.left.seeds is not None
        )
        return {
            "computed": done.computed,
            "reused": done.reused,
            "seconds": done.seconds,
            "jobs": how.jobs,
            "backend": how.backend,
        }

    def _about(self, sources: Mapping[ProblemKey, Source]) -> list[dict[str, Any]]:
        """The description of each problem for the manifest, with its baselines."""
        about = about_data(self, sources)
        metric = (self.metrics or [score_of(about)])[0]
        for each, source in zip(about, itertools.islice(sources.values(), MOST_WITH_BASELINES), strict=False):
            each["baselines"] = baselines(self, source, metric)
        return about

    def _write(
        self,
        sources: Mapping[ProblemKey, Source],
        opened: Store,
        done: Mapping[str, Any],
        out: Path,
        observer: Observer,
    ) -> Results:
        """Build the tables and write them with the manifest.

        All are complete and on disk before the first old file is replaced: an interruption leaves the old ones.
        """
        with contextlib.ExitStack() as stack:
            # In reverse, since the stack replaces the last file first: the manifest is replaced at the end.
            files = {name: stack.enter_context(replacing(out / name)) for name in reversed(FILES)}
            about = self._about(sources)
            with curves_into(files[CURVES], self, score_of(about)) as each:
                tables = build(self, about, sources, opened, each)
            if (n := int((tables.runs["test_cost"].isna() & tables.runs["status"].eq("ok")).sum())) > 0:
                observer.note(
                    f"{count(n, 'run')} stored without test costs: their cells are empty; --fresh retrains them"
                )
            write_csv(tables.runs, files[RUNS])
            write_csv(tables.summary, files[SUMMARY])
            manifest = manifest_of(tables, confirmations(tables), done)
            files[MANIFEST].write((json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode())
            for file in files.values():
                sync(file)
            observer.replacing_tables()
        return Results.of(replace(tables, store=out / STORE), manifest)


def _notes_on_folder(left: Todo, stored: Store | None) -> list[str]:
    """Notes on stored runs that are not reused: of another split of a table, or of an earlier arithmetic."""
    if stored is None:
        return []
    notes = [
        f"{source.name}: the stored runs use one split for all seeds; use --split fixed to reuse them"
        for source in left.parts.sources.values()
        if isinstance(source, Divided) and source.rule == "seed" and stored.has_data(source.fixed().fingerprint)
    ]
    if n := earlier_runs(left, stored):
        are = "is" if n == 1 else "are"
        notes.append(f"{count(n, 'stored run')} {are} of an earlier version of the arithmetic and {are} trained again")
    return notes


def _draw(results: Results, out: Path, observer: Observer) -> list[Path]:
    # Imported only if needed: they take a second.
    from experiments.plots.gallery import draw_all
    from experiments.report.page import write

    return [*draw_all(out, results, observer.note), write(out, results, results.manifest)]
