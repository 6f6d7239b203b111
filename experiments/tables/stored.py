"""The runs of a sweep, read from its store one by one, in the order of the sweep."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from experiments.design import Design, ProblemKey, Run
from experiments.files import ResultsError
from experiments.store.store import MEASURES, Store, StoredRun
from planar_core.training import recorded_iterations


def runs_of(
    design: Design, configuration: Run, fingerprints: Mapping[ProblemKey, str], opened: Store
) -> Iterator[tuple[int, StoredRun]]:
    """The runs of a configuration, by seed, in the order of the design. Raises ResultsError for one that is missing."""
    number = opened.find(design.identity(configuration, fingerprints[configuration.problem]))
    seeds = design.values["seed"]
    if number is not None and isinstance(seeds, range) and seeds.step == 1:
        stored: Iterator[tuple[int, StoredRun | None]] = opened.runs(number, seeds)  # all in one query
    else:
        stored = ((seed, None if number is None else opened.run(number, seed)) for seed in seeds)
    for seed, found in itertools.zip_longest(seeds, stored, fillvalue=(None, None)):
        if seed is None or found[0] != seed or found[1] is None:
            raise ResultsError(f"{opened.name}: lacks runs of the sweep: run it again")
        yield seed, found[1]


def stored_runs(
    design: Design, fingerprints: Mapping[ProblemKey, str], opened: Store
) -> Iterator[tuple[Run, int, StoredRun]]:
    """Configuration, seed and content of every run, in the order of the design."""
    for configuration in design.configurations():
        for seed, run in runs_of(design, configuration, fingerprints, opened):
            yield configuration, seed, run


def curves_of(design: Design, fingerprints: Mapping[ProblemKey, str], opened: Store) -> pd.DataFrame:
    """The curves of every run: a row for each record."""
    records = [run.curves for _, _, run in stored_runs(design, fingerprints, opened)]
    lengths = [curves.shape[1] for curves in records]
    run_of_row = np.repeat(np.arange(len(records)), lengths)
    columns = {name: values[run_of_row] for name, values in identity(design).items()}
    # Without a row, pandas cannot tell which columns are text.
    table = pd.DataFrame(columns).astype({name: "str" for name in columns if columns[name].dtype == object})
    at = recorded_iterations(design.iterations, design.record_every)
    table["iteration"] = np.concatenate([at[:length] for length in lengths])
    for measure, values in zip(MEASURES, np.concatenate(records, axis=1), strict=True):
        table[measure] = values
    return table


def identity(design: Design) -> dict[str, np.ndarray[Any, Any]]:
    """The identifying columns, one value a run, in the order of the design. Numbers beside words are texts too."""
    columns: dict[str, np.ndarray[Any, Any]] = dict.fromkeys(design.columns, np.empty(0))
    inner, outer = len(design), 1
    for dimension in design.dimensions:
        inner //= dimension.size
        for name, values in zip(*dimension, strict=True):
            if name in columns:
                column = np.array(values)
                if column.dtype.kind == "U":
                    column = np.array([str(value) for value in values], dtype=object)
                columns[name] = np.tile(np.repeat(column, inner), outer)
        outer *= dimension.size
    for name, value in design.settings.items():
        columns[name] = np.full(len(design), value, dtype=object)
    return columns
