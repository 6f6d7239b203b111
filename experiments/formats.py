"""The formats of the tables that a sweep writes: CSV, and beside it Parquet files or an Excel workbook.

Whatever a format cannot hold, and a package that is missing, is found before the training.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from experiments.files import CURVES as CURVES_CSV
from experiments.files import MANIFEST, RUNS, SUMMARY, TABLES_OF, WORKBOOK
from experiments.knobs.declared import CSV_DIALECT, CURVES, TABLES
from experiments.knobs.knob import SweepError
from experiments.knobs.values import value_of
from experiments.text import count
from experiments.version import installing

CSV, XLSX, PARQUET, NONE = "csv", "xlsx", "parquet", "none"
DIALECTS = ("excel", "excel-de")
MOST_ROWS, LONGEST_CELL = 2**20 - 1, 32_767  # of a sheet of Excel, without the header; and characters
_PACKAGES = {XLSX: ("xlsxwriter", "XlsxWriter"), PARQUET: ("pyarrow", "pyarrow")}


class Formats(NamedTuple):
    """The formats of the tables: of runs and configurations, and of curves; and the dialect of the CSV files."""

    tables: tuple[str, ...] = (CSV,)
    curves: tuple[str, ...] = (CSV,)
    dialect: str = "excel"

    @classmethod
    def of(
        cls,
        tables: str | Iterable[str] | None = None,
        csv_dialect: str | None = None,
        curves: str | Iterable[str] | None = None,
    ) -> Formats:
        """The formats that are asked for. Raises SweepError for unknown ones, and for a package that is missing."""
        asked, of_curves = value_of(TABLES, tables) or [], value_of(CURVES, curves)
        chosen = tuple(name for name in (CSV, XLSX, PARQUET) if name == CSV or name in asked)
        if of_curves is None:
            of_curves = [name for name in chosen if name != XLSX]  # of which a million rows take minutes
        elif NONE in of_curves and len(set(of_curves)) > 1:
            raise SweepError(f"{CURVES.flags[0]}: expected formats, or none alone, got {' '.join(of_curves)}")
        for name, (_, package) in _PACKAGES.items():
            if name in (*chosen, *of_curves) and not is_installed(name):
                flag = (TABLES if name in chosen else CURVES).flags[0]
                raise SweepError(
                    f"{flag} {name} requires the package {package}, which is not installed: {installing(name)}"
                )
        kept = tuple(name for name in (CSV, XLSX, PARQUET) if name in of_curves)
        return cls(chosen, kept, value_of(CSV_DIALECT, csv_dialect))

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any]) -> Formats:
        """Those of a manifest, without a check of packages."""
        held = manifest.get("tables")
        if held is None:
            return cls()
        return cls(tuple(held[TABLES.name]), tuple(held[CURVES.name]), held[CSV_DIALECT.name])

    def in_manifest(self) -> dict[str, Any]:
        """The key of a manifest from which ``from_manifest`` reads them; nothing for those that are usual."""
        if self == Formats():
            return {}
        held = {TABLES.name: [*self.tables], CURVES.name: [*self.curves], CSV_DIALECT.name: self.dialect}
        return {"tables": held}

    def without(self, of: str) -> Formats:
        """The others."""
        tables, curves = (tuple(each for each in formats if each != of) for formats in (self.tables, self.curves))
        return Formats(tables, curves, self.dialect)

    @property
    def files(self) -> tuple[str, ...]:
        """The names of the files, the manifest last."""
        names = [RUNS, *([CURVES_CSV] if CSV in self.curves else []), SUMMARY]
        names += [f"{table}.{PARQUET}" for table in self.names(PARQUET)]
        names += [WORKBOOK] if self.names(XLSX) else []
        return (*names, MANIFEST)

    def names(self, of: str) -> tuple[str, ...]:
        """The tables in a format: of ``runs``, ``curves`` and ``summary``."""
        return tuple(name for name in TABLES_OF if of in (self.curves if name == "curves" else self.tables))

    def sheets(self, n_runs: int, n_configurations: int, n_records: int) -> tuple[str, ...]:
        """The tables that fit on a sheet of the workbook, of which there is one for each."""
        rows = _rows(n_runs, n_configurations, n_records)
        return tuple(name for name in self.names(XLSX) if rows[name] <= MOST_ROWS)

    def check(self, n_runs: int, n_configurations: int, n_records: int, is_race: bool) -> None:
        """Raises SweepError for a table that does not fit on a sheet; how many runs a race has is not known before."""
        rows = _rows(n_runs, n_configurations, n_records)
        for name in self.names(XLSX):
            if rows[name] > MOST_ROWS and (name == "summary" or not is_race):
                flag = (CURVES if name == "curves" else TABLES).flags[0]
                raise SweepError(
                    f"{flag} {XLSX}: a sheet of Excel holds {count(MOST_ROWS, 'row')}, and {name} would have"
                    f" {rows[name]:,}: use {flag} {PARQUET}"
                )

    def left_out(self, sheets: Iterable[str]) -> list[str]:
        """Notes on the tables that are not on a sheet."""
        missing = [name for name in self.names(XLSX) if name not in sheets]
        return [f"{WORKBOOK} without {name}: a sheet of Excel holds {count(MOST_ROWS, 'row')}" for name in missing]


def _rows(n_runs: int, n_configurations: int, n_records: int) -> dict[str, int]:
    return {"runs": n_runs, "curves": n_runs * n_records, "summary": n_configurations}


def is_installed(name: str) -> bool:
    """Whether the package that writes a format is installed."""
    return name not in _PACKAGES or importlib.util.find_spec(_PACKAGES[name][0]) is not None
