"""The subject of one headline: a problem, or all draws of its data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.tables.statistics import ACCURACIES, best_first, summarize
from experiments.tables.tables import Tables, equals

_DATA_SEED = "data_seed"


@dataclass(frozen=True)
class Group:
    """The subject of one headline: a problem, or all draws of its data."""

    problem: dict[str, Any]
    table: pd.DataFrame  # as ``summarize`` makes it, the best configuration first
    draws: int  # of the data, each a replicate; 1: seeds are the replicates
    position: int  # of the best configuration in the summary, if seeds are the replicates


def groups(tables: Tables) -> Iterator[Group]:
    """The problems of the sweep; draws of generated data are replicates of one problem."""
    problem, summary = tables.problem_columns, tables.summary
    draws = summary[_DATA_SEED].nunique() if _DATA_SEED in problem else 1
    if draws > 1:
        problem = [name for name in problem if name != _DATA_SEED]
        configuration = [name for name in tables.design.configuration_columns if name != _DATA_SEED]
        means = summary[configuration].assign(seed=summary[_DATA_SEED], status="ok")
        measures = [f"test_{tables.metric}", *(name for name in ACCURACIES if f"mean_{name}" in summary)]
        for measure in measures:
            means[measure] = summary[f"mean_{measure}"]
        means.loc[means[measures[0]].isna(), "status"] = "failed"
        larger = tables.larger_is_better
        summary = summarize(means, configuration, problem, measures=measures, larger_is_better=larger)
    order = best_first(summary, problem)
    for _, table in summary.iloc[order].reset_index(drop=True).groupby(problem, sort=False):
        first, position = table.iloc[0], int(order[table.index[0]])
        yield Group({name: first[name] for name in problem}, table.reset_index(drop=True), draws, position)


def n_groups(tables: Tables) -> int:
    """The number of ``groups``."""
    problem = [name for name in tables.problem_columns if name != _DATA_SEED]
    return len(tables.summary[problem].drop_duplicates())


def rows(table: pd.DataFrame, like: pd.Series, columns: Sequence[str]) -> npt.NDArray[np.int64]:
    """The positions of the rows that agree in the columns that both have."""
    same = np.ones(len(table), dtype=bool)
    for name in columns:
        if name in table.columns and name in like.index:
            same &= equals(table[name], like[name])
    return np.flatnonzero(same)


def mean(values: npt.NDArray[np.float64]) -> float:
    """The mean of the finite values, added in order."""
    finite = values[np.isfinite(values)].tolist()
    return sum(finite) / len(finite) if finite else float("nan")
