"""Build the tables of a sweep and write them, in one pass over the store: as CSV files, and in other formats."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO, Protocol

import pandas as pd

from experiments.datasets.source import Source
from experiments.design import Design, ProblemKey
from experiments.files import CURVES, RUNS, SUMMARY, WORKBOOK
from experiments.formats import PARQUET, Formats
from experiments.runner.observer import Stage
from experiments.runner.work import most_records
from experiments.store.store import Store
from experiments.tables.build import build
from experiments.tables.csv_files import CurvesFile, Sink, in_dialect, write_csv
from experiments.tables.problems import score_of
from experiments.tables.rows import Rows
from experiments.tables.stored import Identity, curves_in
from experiments.tables.tables import Tables


class OtherFiles(Protocol):
    """What tables in another format than CSV are written to: those in ``names``, many rows at a time."""

    names: tuple[str, ...]

    def write(self, name: str, table: pd.DataFrame, /) -> None:
        """Take the next rows of ``runs``, ``curves`` or ``summary``."""

    def close(self) -> None:
        """All rows were written."""


def build_into(
    files: Mapping[str, Sink],
    design: Design,
    about: list[dict[str, Any]],
    sources: Mapping[ProblemKey, Source],
    opened: Store,
    dialect: str = "excel",
    others: Sequence[OtherFiles] = (),
    advanced: Callable[[Stage], None] = lambda _: None,
) -> tuple[Tables, int]:
    """Build the tables, as ``build``, and write them into the CSV files, by name, and into the others.

    ``advanced`` is called with the progress. Also returns the number of runs that were stored without test costs, by an
    earlier version.
    """
    score, written, without_test_cost = score_of(about), 0, 0
    into = {name: in_dialect(files[name], dialect) for name in (RUNS, CURVES, SUMMARY) if name in files}
    curves = CurvesFile(into[CURVES], design, score) if CURVES in into else None
    with_curves = [other for other in others if "curves" in other.names]
    identity_of = Identity(design)

    def write(rows: Rows) -> None:
        nonlocal written, without_test_cost
        if curves is not None:
            curves.write(rows.block)
        write_csv(rows.table, into[RUNS], header=not written)
        _write("runs", rows.table, others)
        if with_curves:
            _write("curves", curves_in(rows.block, design, identity_of, score), with_curves)
        written += len(rows.table)
        without_test_cost += int((rows.table["test_cost"].isna() & rows.table["status"].eq("ok")).sum())

    tables = build(design, about, sources, opened, write, advanced)
    write_csv(tables.summary, into[SUMMARY])
    _write("summary", tables.summary, others)
    for other in others:
        other.close()
    return tables, without_test_cost


def _write(name: str, table: pd.DataFrame, others: Sequence[OtherFiles]) -> None:
    for other in others:
        if name in other.names:
            other.write(name, table)


def sheets_of(formats: Formats, design: Design) -> tuple[str, ...]:
    """The tables that fit on a sheet of the workbook."""
    records = most_records(design)
    return formats.sheets(design.n_runs, design.n_configurations, records)


def other_files(files: Mapping[str, BinaryIO], formats: Formats, design: Design) -> list[OtherFiles]:
    """The Parquet files and the workbook among some files, by name."""
    made: list[OtherFiles] = []
    if names := formats.names(PARQUET):
        from experiments.tables.parquet_files import ParquetFiles  # an extra, of 0.2 s

        made.append(ParquetFiles({name: files[f"{name}.{PARQUET}"] for name in names}))
    if WORKBOOK in formats.files:
        from experiments.tables.workbook import Workbook  # an extra

        made.append(Workbook(files[WORKBOOK], sheets_of(formats, design)))
    return made
