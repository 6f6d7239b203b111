"""Run a sweep: prepare, train, build tables, confirm, write, draw."""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from experiments.console import to_run
from experiments.datasets.source import Source
from experiments.design import Design, ProblemKey
from experiments.files import (
    MANIFEST,
    REPORT,
    STORE,
    ResultsError,
    check_folder,
    remove_leftovers,
    replacing,
    sync,
)
from experiments.findings.confirmation import confirmations
from experiments.formats import Formats
from experiments.knobs.declared import BACKEND, JOBS, SCHEDULER
from experiments.knobs.values import value_of
from experiments.processes import Kept, kept_processes
from experiments.racing import race
from experiments.results import Results, read
from experiments.runner.backends import How, workers
from experiments.runner.budget import keep, weights
from experiments.runner.observer import Observer, Prepared, Progress
from experiments.runner.prepare import prepare
from experiments.runner.run import Done, run
from experiments.runner.shards import Shard
from experiments.runner.work import BatchResult, Todo
from experiments.store.lock import claimed
from experiments.store.store import Store
from experiments.tables.baselines import baselines
from experiments.tables.build import build
from experiments.tables.divisions import check_folder_of_shard, write_shard
from experiments.tables.manifest import earlier_files, manifest_of
from experiments.tables.problems import about_data, score_of
from experiments.tables.unchanged import unchanged, written
from experiments.tables.writing import build_into, other_files, sheets_of
from experiments.text import count, listed, size

MOST_WITH_BASELINES = 1000  # problems
MOST_SECONDS_KEPT = 60  # planned; in a longer sweep, the process that draws is started when there is something to draw


def run_sweep(
    design: Design,
    jobs: int,
    out: str | os.PathLike[str] | None,
    backend: str,
    scheduler: str | None,
    fresh: bool,
    fail_fast: bool,
    plots: bool,
    observer: Observer,
    shard: Shard | None = None,
    formats: Formats = Formats(),  # noqa: B008 - a tuple
    drawing: Kept | None = None,
) -> Results | dict[str, Any]:
    """``Sweep.run``; or, with a shard, ``Sweep.run_shard``. ``drawing`` is a process that can draw, see ``finish``."""
    jobs, backend, scheduler = value_of(JOBS, jobs), value_of(BACKEND, backend), value_of(SCHEDULER, scheduler)
    how = How(jobs, backend, scheduler, fresh, fail_fast, shard)
    plots = plots and out is not None
    prepared = prepare(design, jobs, out, fresh, plots, shard, formats)
    if drawing is not None and prepared.plan.seconds > MOST_SECONDS_KEPT:
        drawing.close(kill=True)
    design = prepared.left.design  # with the seeds that a budget allows
    if shard is not None and out is not None:
        check_folder_of_shard(Path(out), shard)
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
            design, done = _train(design, prepared, opened, how, at_once, observer)
            tables = build(
                design, _about(design, prepared.sources), prepared.sources, opened, advanced=observer.advanced
            )
            return Results.of(tables, manifest_of(tables, confirmations(tables), done))
        with claimed(Path(out)) as opened:
            if prepared.budget is not None:
                keep(design, prepared.budget, opened)
            if shard is not None:
                write_shard(Path(out), shard, design, prepared.sources)
            design, done = _train(design, prepared, opened, how, at_once, observer)
            if shard is not None:
                observer.finished([write_shard(Path(out), shard, design, prepared.sources, done), Path(out, STORE)])
                return done
            return finish(design, prepared.sources, opened, done, Path(out), plots, observer, formats, drawing)


def finish(
    design: Design,
    sources: Mapping[ProblemKey, Source],
    opened: Store,
    done: Mapping[str, Any],
    out: Path,
    plots: bool,
    observer: Observer,
    formats: Formats,
    drawing: Kept | None = None,
) -> Results:
    """Write tables and manifest, and on request plots and report, of a sweep whose runs are all stored.

    ``drawing`` is a second process for the plots; without one, it is started when it is needed.
    """
    observer.building()
    results = _write(design, sources, opened, done, out, observer, formats)
    files = [out / name for name in (*formats.files, STORE)]
    if plots and results.manifest["counts"]["failed"] == design.n_runs:
        from experiments.plots.gallery import remove_all  # imported only if needed: it takes a second

        remove_all(out, results)
        (out / REPORT).unlink(missing_ok=True)
        observer.note("no plots and no report: every run failed")
    elif plots:
        observer.drawing()
        files += _draw(results, out, observer, drawing)
    observer.finished(files)
    return results


def _train(
    design: Design, prepared: Prepared, opened: Store, how: How, jobs: int, observer: Observer
) -> tuple[Design, dict[str, Any]]:
    """Train the remaining runs, in a race those that are needed; return the design of all runs, and how it was done."""
    is_checked = prepared.left.seeds is not None
    reported = Reported(observer)

    def train(part: Design) -> Done:
        reported.start(part.n_runs if how.shard is None else prepared.plan.runs)
        return run(part, prepared.sources, opened, how, jobs, reported.add, reported.begin, is_checked, kept)

    with kept_processes() as kept:  # for all rounds of a race
        if design.margin is None:
            done = [train(design)]
        else:
            everything = Todo(design, prepared.left.parts, None)
            counts = weights(everything) if prepared.budget is not None else ()
            design, done = race(design, prepared.sources, opened, train, observer.raced, prepared.budget, counts)
    return design, {
        "runs": reported.runs,
        "failed": reported.failed,
        "computed": sum(each.computed for each in done),
        "reused": sum(each.reused for each in done),
        "seconds": sum(each.seconds for each in done),
        "jobs": how.jobs,
        "backend": how.backend,
    }


class Reported:
    """Tells an observer of the progress of one training after another. ``runs`` and ``failed`` are those of all."""

    def __init__(self, observer: Observer) -> None:
        self._observer, self._progress = observer, Progress(0, 0, 0, 0, 0)
        self.runs = self.failed = 0

    def start(self, runs: int) -> None:
        """The next training has so many runs."""
        self._progress = Progress(runs, 0, 0, 0, 0)
        self.runs += runs

    def begin(self, left: Todo) -> None:
        """These are left: the plan may not have looked up what is stored."""
        stored = left.size - left.n_runs
        self._progress = self._progress._replace(done=stored, stored=stored, total_work=left.work)
        self._observer.began(self._progress)

    def add(self, result: BatchResult) -> None:
        """A batch is stored."""
        finished = sum(run.status != "failed" for run in result.runs)
        self.failed += len(result.runs) - finished
        done, stored, work = self._progress.done, self._progress.stored, self._progress.work
        self._progress = self._progress._replace(
            done=done + len(result.runs), stored=stored + finished, work=work + result.batch.work
        )
        self._observer.trained(self._progress)


def _about(design: Design, sources: Mapping[ProblemKey, Source]) -> list[dict[str, Any]]:
    """The description of each problem for the manifest, with its baselines."""
    about = about_data(design, sources)
    metric = (design.metrics or [score_of(about)])[0]
    trained = design.trained_of_problems()
    for each, (problem, source) in zip(about, itertools.islice(sources.items(), MOST_WITH_BASELINES), strict=False):
        each["baselines"] = baselines(design.of_first_seeds(trained[problem]) if trained else design, source, metric)
    return about


def _write(
    design: Design,
    sources: Mapping[ProblemKey, Source],
    opened: Store,
    done: Mapping[str, Any],
    out: Path,
    observer: Observer,
    formats: Formats,
) -> Results:
    """Build the tables and write them with the manifest.

    All are complete and on disk before the first old file is replaced: an interruption leaves the old ones. Tables that
    an earlier sweep wrote in other formats are removed. If nothing was trained and the tables are those that would be
    written again, only the manifest is replaced.
    """
    if not done["computed"] and (found := unchanged(out, design, sources, opened, formats)) is not None:
        tables, held = found
        for name in formats.files:
            remove_leftovers(out / name)
        manifest = manifest_of(tables, held["findings"], done, formats)
        manifest["execution"]["written"] = held["execution"]["written"]
        with replacing(out / MANIFEST) as file:
            file.write(_text_of(manifest))
        return Results.of(replace(tables, store=out / STORE), manifest)
    with contextlib.ExitStack() as stack:
        # In reverse, since the stack replaces the last file first: the manifest is replaced at the end.
        *tables_of, last = formats.files
        files = {last: stack.enter_context(replacing(out / last))}
        stack.enter_context(
            _removing([out / name for name in earlier_files(out) if name not in formats.files], observer)
        )
        files |= {name: stack.enter_context(replacing(out / name)) for name in reversed(tables_of)}
        about = _about(design, sources)
        for note in formats.left_out(sheets_of(formats, design)):  # of a race or a budget: else it was refused
            observer.note(note)
        others = other_files(files, formats, design)
        tables, without_test_cost = build_into(
            files, design, about, sources, opened, formats.dialect, others, observer.advanced
        )
        if without_test_cost:
            stored = count(without_test_cost, "run")
            observer.note(f"{stored} stored without test costs: their cells are empty; --fresh retrains them")
        manifest = manifest_of(tables, confirmations(tables), done, formats)
        if not without_test_cost:  # or else the note is made again when the sweep is repeated
            manifest["execution"] |= written(manifest, files, opened)
        files[MANIFEST].write(_text_of(manifest))
        for file in files.values():
            sync(file)
        observer.replacing_tables()
    return Results.of(replace(tables, store=out / STORE), manifest)


def _text_of(manifest: Mapping[str, Any]) -> bytes:
    return (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode()


@contextlib.contextmanager
def _removing(paths: Sequence[Path], observer: Observer) -> Iterator[None]:
    """Remove files at the end, unless something fails before."""
    yield
    removed = [path for path in paths if path.exists()]
    for path in removed:
        path.unlink()
    if removed:
        observer.note(f"removed, since they were of an earlier sweep: {listed(path.name for path in removed)}")


def _draw(results: Results, out: Path, observer: Observer, drawing: Kept | None) -> list[Path]:
    """Make plots and report. What cannot be made is reported, and costs nothing else."""
    made: list[Path] = []

    def make(what: str, write: Callable[[], list[Path]]) -> None:
        try:
            made.extend(write())
        except Exception as error:  # noqa: BLE001 - matplotlib, Altair and the file system raise anything
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            again = to_run(f"{what} {out}")
            observer.undrawn(f"the tables are complete, but not the {what} ({reason}): {again} makes it again")

    def page() -> list[Path]:
        from experiments.report.page import write  # imported only if needed: it takes a second

        return [write(out, results, results.manifest)]

    @functools.cache
    def report() -> None:
        make("report", page)

    def plots() -> list[Path]:
        from experiments.plots.gallery import draw_all  # likewise

        return draw_all(out, results, observer.note, read, report, advanced=observer.advanced, kept=drawing)

    make("plots", plots)
    report()  # if the plots did not even begin
    return made
