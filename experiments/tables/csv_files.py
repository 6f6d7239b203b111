"""Tables as CSV files.

Numbers are in shortest round-trip form. The files hold no time stamp and do not depend on what was computed when.
"""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
from pandas.api.types import is_string_dtype

from experiments.design import Design, Run
from experiments.store.store import StoredRun
from experiments.tables.stored import measures
from planar_core.decimals import lines
from planar_core.training import recorded_iterations

_RUN_BY_A_SPREADSHEET = ("=", "+", "-", "@", "\t", "\r")


def write_csv(table: pd.DataFrame, file: BinaryIO) -> None:
    """Write a table with a header."""
    # The csv module writes the same bytes in half the time of DataFrame.to_csv.
    columns = []
    for name in table.columns:
        column = table[name]
        if is_string_dtype(column):
            codes, texts = pd.factorize(column.astype(str))
            columns.append(np.array([_harmless(text) for text in texts], dtype=object)[codes].tolist())
        else:
            missing = column.isna().to_numpy()
            columns.append(
                np.where(missing, "", column.to_numpy(object)).tolist() if missing.any() else column.tolist()
            )
    with _rows_into(file) as write_rows:
        write_rows([table.columns])
        write_rows(zip(*columns, strict=True))


@contextlib.contextmanager
def curves_into(file: BinaryIO, design: Design, score: str) -> Iterator[Callable[[Run, int, StoredRun], None]]:
    """A function that takes the runs one by one and writes curves.csv."""
    iterations = recorded_iterations(design.iterations, design.record_every)
    columns, settings = design.columns, design.settings
    seed_at = columns.index("seed")
    own: list[Any] = []
    written: Run | None = None
    with _rows_into(file) as write_rows:
        write_rows([[*columns, "iteration", *measures(score)]])

    def write_run(series: Run, seed: int, run: StoredRun) -> None:
        nonlocal own, written
        if series is not written:
            written, values = series, {**series._asdict(), **settings}
            own = [_harmless(value) if isinstance(value, str) else value for value in map(values.get, columns)]
        own[seed_at] = seed
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(own)  # quotes what has an end of line
        curves = run.curves.T
        file.write(lines(text.getvalue()[:-1].encode() + b",", iterations[: len(curves)], curves).data)

    yield write_run


@contextlib.contextmanager
def _rows_into(file: BinaryIO) -> Iterator[Callable[[Iterable[Iterable[Any]]], None]]:
    """A function that takes rows and writes CSV."""
    text_file = io.TextIOWrapper(file, encoding="utf-8", newline="")
    yield csv.writer(text_file, lineterminator="\n").writerows
    text_file.detach()  # flushes, and leaves the file open


def _harmless(text: str) -> str:
    """Prefix with an apostrophe a text that a spreadsheet would execute."""
    return f"'{text}" if text.startswith((*_RUN_BY_A_SPREADSHEET, "'")) else text
