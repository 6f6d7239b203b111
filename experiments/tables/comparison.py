"""A results folder compared with its store: which runs are there, and whether the tables are those of the store."""

from __future__ import annotations

import contextlib
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol

from experiments.design import Design
from experiments.formats import CSV, PARQUET, Formats
from experiments.store.store import Store
from experiments.tables.problems import identities
from experiments.tables.schema import check_data
from experiments.tables.sources import stored_sources
from experiments.tables.tables import Tables
from experiments.tables.writing import build_into


class Presence(NamedTuple):
    """The runs of a request in a store."""

    statuses: dict[str, int]  # number of runs of the request with each status
    missing: int  # runs of the request that are not stored
    others: int  # stored runs that are not part of the request


def presence(design: Design, about: list[dict[str, Any]], opened: Store) -> Presence:
    """Which runs of a request are stored. ``about`` are the descriptions of its problems."""
    statuses: Counter[str] = Counter()
    numbers, of_request = set(), 0
    data = identities(design, about)
    for position, series in enumerate(design.all_series()):
        number = opened.find(design.identity(series, data[series.problem]))
        seeds = design.seeds_of(position)
        wanted = seeds if isinstance(seeds, range) or number is None else set(seeds)
        found = [] if number is None else [status for seed, status in opened.statuses(number) if seed in wanted]
        statuses.update(found)
        of_request += len(found) if number not in numbers else 0  # two files with the same data have the same runs
        numbers.add(number)
    return Presence(dict(statuses), design.n_runs - statuses.total(), opened.count(2**63 - 1) - of_request)


class Comparison(Protocol):
    """How a file compares with the store: the number of its lines or rows, and of those that are different."""

    name: str
    unit: str
    lines: int
    different: int


class Compared:
    """A file to write to that compares what is written with another file, line by line."""

    unit = "line"

    def __init__(self, name: str, other: BinaryIO) -> None:
        self.name, self._other = name, other
        self.lines = self.different = 0

    def write(self, content: bytes | memoryview) -> None:
        """Compare whole lines with the next lines of the other file."""
        content = bytes(content)
        n, start = content.count(b"\n"), self._other.tell()
        self.lines += n
        if self._other.read(len(content)) != content:
            self._other.seek(start)
            self.different += sum(self._other.readline() != line for line in io.BytesIO(content))

    def end(self) -> None:
        """Count what the other file has beyond the end."""
        more = sum(1 for _ in self._other)
        self.lines += more
        self.different += more


def compared_tables(
    folder: Path, design: Design, about: list[dict[str, Any]], opened: Store, formats: Formats
) -> tuple[Tables, list[Comparison]]:
    """The tables, built from the store again, and their comparison with the CSV and Parquet files in the folder.

    A file that is missing has no lines, of which all are different. Workbooks are not compared.
    """
    sources = stored_sources(design, about, opened)
    check_data(design, about, sources)
    with contextlib.ExitStack() as stack:
        names = [name for name in formats.files if name.endswith(CSV)]
        files = {name: Compared(name, stack.enter_context(_opened(folder / name))) for name in names}
        others = []
        if of_parquet := formats.names(PARQUET):
            from experiments.tables.parquet_files import ComparedParquet  # an extra, of 0.2 s

            others = [ComparedParquet(folder, of_parquet)]
        tables, _ = build_into(files, design, about, sources, opened, formats.dialect, others)
        for file in files.values():
            file.end()
    return tables, [*files.values(), *(file for other in others for file in other.files.values())]


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    if path.is_file():
        with path.open("rb") as file:
            yield file
    else:
        yield io.BytesIO()
