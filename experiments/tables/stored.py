"""The runs of a sweep, read from its store one by one, in the order of the sweep."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from experiments.design import Design, ProblemKey, Run
from experiments.files import ResultsError
from experiments.store.store import CURVES, Store, StoredRun
from planar_core.training import recorded_iterations


def measures(score: str) -> tuple[str, ...]:
    """The columns of the recorded curves, given the score ``accuracy`` or ``r2``."""
    return tuple(name.replace("score", score) for name in CURVES)


def runs_of(
    design: Design, series: Run, identities: Mapping[ProblemKey, Mapping[str, Any]], opened: Store
) -> Iterator[tuple[int, StoredRun]]:
    """The runs of a series, by seed, in the order of the sweep. Raises ResultsError for a missing one."""
    number = opened.find(design.identity(series, identities[series.problem]))
    seeds = design.values["seed"]
    if number is not None and isinstance(seeds, range) and seeds.step == 1:
        stored: Iterator[tuple[int, StoredRun | None]] = opened.runs(number, seeds)  # all in one query
    else:
        stored = ((seed, None if number is None else opened.run(number, seed)) for seed in seeds)
    for seed, found in itertools.zip_longest(seeds, stored, fillvalue=(None, None)):
        if seed is None or found[0] != seed or found[1] is None:
            raise ResultsError(f"{opened.name}: some runs of the sweep are missing: run it again")
        yield seed, found[1]


def stored_runs(
    design: Design, identities: Mapping[ProblemKey, Mapping[str, Any]], opened: Store
) -> Iterator[tuple[Run, int, StoredRun]]:
    """Series, seed and content of every run, in the order of the sweep."""
    for series in design.all_series():
        for seed, run in runs_of(design, series, identities, opened):
            yield series, seed, run


def curves_of(
    design: Design, identities: Mapping[ProblemKey, Mapping[str, Any]], opened: Store, score: str
) -> pd.DataFrame:
    """The curves of every run: a row for each record."""
    records = [run.curves for _, _, run in stored_runs(design, identities, opened)]
    lengths = [curves.shape[1] for curves in records]
    run_of_row = np.repeat(np.arange(len(records)), lengths)
    columns = {name: values[run_of_row] for name, values in identity(design).items()}
    # Without a row, pandas cannot tell which columns are text.
    table = pd.DataFrame(columns).astype({name: "str" for name in columns if columns[name].dtype == object})
    at = recorded_iterations(design.iterations, design.record_every)
    table["iteration"] = np.concatenate([at[:length] for length in lengths])
    for measure, values in zip(measures(score), np.concatenate(records, axis=1), strict=True):
        table[measure] = values
    return table


def identity(design: Design) -> dict[str, np.ndarray[Any, Any]]:
    """The identifying columns, one value per run, in sweep order. Numbers in a column with words are text."""
    columns: dict[str, np.ndarray[Any, Any]] = dict.fromkeys(design.columns, np.empty(0))
    inner, outer = len(design), 1
    for dimension in design.dimensions:
        inner //= dimension.size
        for name, values in zip(*dimension, strict=True):
            if name in columns:
                column = np.array([np.nan if value is None else value for value in values])
                if column.dtype.kind == "U":
                    column = np.array([str(value) for value in values], dtype=object)
                columns[name] = np.tile(np.repeat(column, inner), outer)
        outer *= dimension.size
    for name, value in design.settings.items():
        columns[name] = np.full(len(design), value, dtype=object)
    return columns
