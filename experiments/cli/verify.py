"""``python -m experiments.verify DIR [--sample N]``: compare a results folder with its store, and retrain the runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from experiments.cli.options import verify_parser
from experiments.console import BAD_INPUT, DONE, SOME_FAILED, say, warn
from experiments.design import Design
from experiments.files import MANIFEST, STORE, WORKBOOK, ResultsError
from experiments.findings.confirmation import confirmations
from experiments.formats import PARQUET, Formats, is_installed
from experiments.knobs.knob import DataError, SweepError
from experiments.maps.store import STORE as MAP_STORE
from experiments.maps.verification import verified
from experiments.results import checked
from experiments.runner.verification import differences, finished_runs, sample
from experiments.store.store import STATUSES, Store
from experiments.tables.comparison import compared_tables, presence
from experiments.tables.schema import read_manifest
from experiments.text import count
from experiments.version import installing

_SHOWN = 20  # runs that differ


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 if nothing differs or is missing, 1 if something does, 2 for invalid arguments or no results."""
    parser = verify_parser()
    options = parser.parse(arguments)
    folder = Path(options.folder)
    is_fine = True
    try:
        for line, as_expected in _verified(folder, options.sample):
            say(line)
            is_fine &= as_expected
    except (ResultsError, SweepError, DataError, OSError) as error:
        warn(f"{parser.program}: {error}")
        return BAD_INPUT
    return DONE if is_fine else SOME_FAILED


_Said = Iterator[tuple[str, bool]]
"""Lines, each with whether it says that all is as expected."""


def _verified(folder: Path, n: int | None) -> _Said:
    if (folder / MAP_STORE).exists() and not (folder / STORE).exists():
        yield from verified(folder, n)
        return
    with Store(folder / STORE, writes=False) as opened:
        yield from _files(folder, opened)
        yield from _runs(opened, n)


def _files(folder: Path, opened: Store) -> _Said:
    """The manifest and the tables, compared with the store."""
    path = folder / MANIFEST
    if not path.exists():
        yield f"{MANIFEST} is missing: request and tables were not compared with the store", False
        return
    with checked(path):
        manifest, design = read_manifest(path)
        found = presence(design, manifest["data"], opened)
        stored = f"{design.n_runs - found.missing:,} of {count(design.n_runs, 'run')} of the request are stored"
        yield stored + (f", and {found.others:,} others" if found.others else ""), not found.missing
        if found.missing:
            yield f"{found.missing:,} missing: the tables were not compared with the store", False
        else:
            yield from _tables(folder, manifest, design, opened)


def _tables(folder: Path, manifest: dict[str, Any], design: Design, opened: Store) -> _Said:
    formats = Formats.from_manifest(manifest)
    if not is_installed(PARQUET) and formats.names(PARQUET):
        yield f"Parquet files were not compared: pyarrow is not installed: {installing(PARQUET)}", False
        formats = formats.without(PARQUET)
    tables, files = compared_tables(folder, design, manifest["data"], opened, formats)
    for file in files:
        if not (folder / file.name).exists():
            yield f"{file.name} is missing", False
        elif file.different:
            yield f"{file.name}: {file.different:,} of {count(file.lines, file.unit)} differ from the store", False
        else:
            yield f"{file.name}: {count(file.lines, file.unit)} as in the store", True
    if WORKBOOK in formats.files:
        is_there = (folder / WORKBOOK).exists()
        yield f"{WORKBOOK} was not compared" if is_there else f"{WORKBOOK} is missing", is_there
    statuses = tables.runs["status"].value_counts()
    for status in STATUSES:
        if (n := int(statuses.get(status, 0))) != manifest["counts"][status]:
            yield f"{MANIFEST}: {manifest['counts'][status]:,} {status}, but {n:,} in the store", False
    if confirmations(tables) != manifest["findings"]:
        yield f"{MANIFEST}: the findings differ from those of the store", False


def _runs(opened: Store, n: int | None) -> _Said:
    """The runs of the store, trained again."""
    finished, others = finished_runs(opened)
    stored = sum(len(each.seeds) for each in finished)
    chosen = sample(finished, stored if n is None else n)
    different = 0
    for lines in differences(opened, chosen):
        for line in lines[: max(0, _SHOWN - different)]:
            yield line, False
        different += len(lines)
    trained = sum(len(each.seeds) for each in chosen)
    if not trained:
        yield "no run could be retrained", False
    else:
        verdict = f"{different:,} differ" if different else "all are bit-identical"
        yield f"{trained:,} of {stored:,} stored runs retrained: {verdict}", not different
    for why, left_out in others.items():
        yield f"{left_out:,} not retrained: {why}", True
