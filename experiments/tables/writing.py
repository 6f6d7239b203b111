"""Build the tables of a sweep and write them as CSV files, in one pass over the store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.datasets.source import Source
from experiments.design import Design, ProblemKey
from experiments.files import CURVES, RUNS, SUMMARY
from experiments.store.store import Store
from experiments.tables.build import build
from experiments.tables.csv_files import CurvesFile, Sink, write_csv
from experiments.tables.problems import score_of
from experiments.tables.rows import Rows
from experiments.tables.tables import Tables


def build_into(
    files: Mapping[str, Sink],
    design: Design,
    about: list[dict[str, Any]],
    sources: Mapping[ProblemKey, Source],
    opened: Store,
) -> tuple[Tables, int]:
    """Build the tables, as ``build``, and write them into the files, by name.

    Also returns the number of runs that were stored without test costs, by an earlier version.
    """
    curves, written, without_test_cost = CurvesFile(files[CURVES], design, score_of(about)), 0, 0

    def write(rows: Rows) -> None:
        nonlocal written, without_test_cost
        curves.write(rows.block)
        write_csv(rows.table, files[RUNS], header=not written)
        written += len(rows.table)
        without_test_cost += int((rows.table["test_cost"].isna() & rows.table["status"].eq("ok")).sum())

    tables = build(design, about, sources, opened, write)
    write_csv(tables.summary, files[SUMMARY])
    return tables, without_test_cost
