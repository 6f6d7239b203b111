"""Join the stores of shards, or of whole sweeps of the same request, and write the results: nothing is trained."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.datasets.source import Source
from experiments.design import ProblemKey
from experiments.files import PLOTS, REPORT, STORE, ResultsError, check_folder
from experiments.formats import Formats
from experiments.knobs.words import in_words
from experiments.orchestration import finish
from experiments.results import Results
from experiments.runner.observer import Observer, Progress
from experiments.runner.run import keep
from experiments.runner.work import most_records
from experiments.store.lock import check_locks, claimed
from experiments.store.store import Store, StoredRun
from experiments.tables.divisions import Division, divisions
from experiments.tables.problems import identities
from experiments.tables.sources import stored_sources
from experiments.text import count, size

_MOST_RUNS, _MOST_BYTES = 2000, 2**24  # of one transaction

_Run = tuple[int, int, StoredRun]  # with the position of its series, and its seed


def merge(
    out: str | os.PathLike[str],
    folders: Sequence[str | os.PathLike[str]],
    plots: bool = False,
    observer: Observer | None = None,
    formats: Formats = Formats(),  # noqa: B008 - a tuple
) -> Results:
    """Join the stores of ``folders`` in ``out``, and write the tables there, the same bytes as those of one sweep.

    ``formats`` are those of the tables, ``Formats.of(tables=["csv", "parquet"])``. An interrupted merge continues when
    it is started again; runs that ``out`` has already are compared with those of the folders, which are not changed.
    Raises ResultsError for folders that do not fit together or are not complete, and for a run with different numbers
    in two of them; SweepError for tables that do not fit into a format.
    """
    out, observer = Path(out), observer or Observer()
    parts = divisions([Path(folder) for folder in folders])
    design, about = parts[0].design, parts[0].about
    records = most_records(design)
    formats.check(design.n_runs, design.n_configurations, records, is_race=False)
    _check_out(out, parts, plots, formats)
    with Store(parts[0].store, writes=False, is_finished=True) as first:
        sources = _sources(parts[0], first)
    with claimed(out) as opened:
        keep(sources.values(), opened)
        of_data = identities(design, about)
        numbers = opened.configurations(design.identity(run, of_data[run.problem]) for run in design.all_series())
        total = sum(part.size for part in parts)
        progress = Progress(total, 0, 0, 0, total)
        observer.began(progress)
        for part in parts:
            for runs in _batches(part, of_data):
                _add(runs, part, numbers, opened)
                done = progress.done + len(runs)
                progress = progress._replace(done=done, stored=done, work=done)
                observer.trained(progress)
        how = {"computed": 0, "reused": design.size, "seconds": 0.0, "jobs": 1, "backend": "merge"}
        return finish(design, sources, opened, how, out, plots, observer, formats)


def _sources(part: Division, opened: Store) -> dict[ProblemKey, Source]:
    """The data of a part. Raises ResultsError if their description does not fit them."""
    try:
        sources = stored_sources(part.design, part.about, opened)
        of_data = identities(part.design, part.about)
        for problem, source in sources.items():
            data = source.first
            for each in (data, data.base or data):
                names = (*each.feature_names, *each.class_names, *each.notes, each.target_name)
                if len(each.feature_names) != len(each.X) or not all(isinstance(name, str) for name in names):
                    raise ValueError("expected a name for each feature")
            classes = 1 + max(data.Y.max(), data.Y_test.max())
            if source.identity != of_data[problem] or (data.task != "regression" and classes > len(data.class_names)):
                raise ValueError("expected other data")
        return sources
    except ResultsError:
        raise
    except Exception as error:  # noqa: BLE001 - a damaged description can raise anything
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise ResultsError(f"{part.name}: the description of the data cannot be read ({reason})") from None


def _check_out(out: Path, parts: Sequence[Division], plots: bool, formats: Formats) -> None:
    """Raises ResultsError if the results cannot be written to ``out``."""
    existing = check_folder(out, (*formats.files, REPORT) if plots else formats.files)
    check_locks(existing)
    if plots:
        check_folder(out / PLOTS)
    if out.exists() and any(os.path.samefile(out, part.folder) for part in parts):
        raise ResultsError(f"expected a folder other than those to join, got {out}")
    needed = sum(part.store.stat().st_size for part in parts)
    if (out / STORE).exists():
        needed -= (out / STORE).stat().st_size
    if needed > (free := shutil.disk_usage(existing).free):
        raise ResultsError(f"not enough disk space: {size(needed)} needed, {size(free)} free")


def _batches(part: Division, of_data: Mapping[ProblemKey, Mapping[str, Any]]) -> Iterator[list[_Run]]:
    """The runs of a part. Raises ResultsError at the end if some are missing."""
    runs, weight, n = list[_Run](), 0, 0
    with Store(part.store, writes=False, is_finished=True) as opened:
        for position, (series, seeds) in enumerate(zip(part.design.all_series(), part.seeds(), strict=True)):
            number = opened.find(part.design.identity(series, of_data[series.problem])) if seeds else None
            if number is None:
                continue
            wanted = seeds if isinstance(seeds, range) else set(seeds)
            for seed, run in opened.runs(number):
                if seed not in wanted:
                    continue
                runs.append((position, seed, run))
                weight, n = weight + run.curves.nbytes + len(run.parameters), n + 1
                if len(runs) >= _MOST_RUNS or weight >= _MOST_BYTES:
                    yield runs
                    runs, weight = [], 0
    yield runs
    if missing := part.size - n:
        raise ResultsError(f"{part.name}: {missing:,} of {count(part.size, 'run')} missing: run its command again")


def _add(runs: Sequence[_Run], part: Division, numbers: Sequence[int], opened: Store) -> None:
    """Store runs that are not stored yet, and those that failed elsewhere but not here."""
    present = opened.present([numbers[position] for position, _, _ in runs], [seed for _, seed, _ in runs])
    new = [(numbers[position], seed, run) for position, seed, run in runs if (numbers[position], seed) not in present]
    for position, seed, run in runs:
        if (numbers[position], seed) in present:
            before = opened.run(numbers[position], seed)
            if before is None or (before.status == "failed" and run.status != "failed"):
                new.append((numbers[position], seed, run))
            elif run.status != "failed" and not _same(run, before):
                knobs = {**part.design.series(position)._asdict(), **part.design.settings, "seed": seed}
                named = in_words({name: knobs[name] for name in part.design.columns})
                raise ResultsError(
                    f"{part.name}: other numbers than in {opened.name} for {named}:"
                    " check the folders with experiments.verify, and merge the good ones into a new folder"
                )
    if new:
        opened.add(*zip(*new, strict=True))


def _same(one: StoredRun, other: StoredRun) -> bool:
    """Whether all bits are the same."""
    return one._replace(curves=other.curves) == other and one.curves.tobytes() == other.curves.tobytes()
