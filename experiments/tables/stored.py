"""The runs of a sweep, read from its store in the order of the sweep, many at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.design import Design, ProblemKey, Run
from experiments.files import ResultsError
from experiments.identity import Identities
from experiments.runner.work import most_records
from experiments.store.store import CURVES, Store, StoredRun, StoredRuns
from planar_core.choices import count_parameters
from planar_core.training import recorded_iterations

VALIDATION_COST = "validation_cost"  # the further column of curves with early stopping
_MOST_RUNS, _MOST_BYTES = 4096, 2**24  # of a block
Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Block:
    """Consecutive runs of a sweep: whole series, or a part of one. Every series has the same ``seeds``."""

    first: int  # the position of the first series
    at: int  # the position of the first seed among the seeds of a series
    series: list[Run]
    seeds: list[int]
    runs: StoredRuns

    def positions(self, design: Design) -> Positions:
        """The position of each run in the grid."""
        of_series = self.first + np.arange(len(self.series))
        of_seeds = self.at + np.arange(len(self.seeds))
        return (of_series[:, np.newaxis] * len(design.values["seed"]) + of_seeds).ravel()

    def __iter__(self) -> Iterator[tuple[Run, int, StoredRun]]:
        """Series, seed and content of every run."""
        each = ((series, seed) for series in self.series for seed in self.seeds)
        return ((*of, self.runs.run(at)) for at, of in enumerate(each))


def measures(score: str) -> tuple[str, ...]:
    """The columns of the recorded curves, given the score ``accuracy`` or ``r2``."""
    return tuple(name.replace("score", score) for name in CURVES)


def blocks(
    design: Design,
    identities: Mapping[ProblemKey, Mapping[str, Any]],
    opened: Store,
    inputs: int = 1,
    outputs: int = 1,
    series: range | None = None,
    at_once: int | None = None,
) -> Iterator[Block]:
    """The runs of a sweep, or of some consecutive series of it, in order. Raises ResultsError for a missing one.

    ``inputs`` and ``outputs`` are the most that a network has: a block must not be too large. It has at most
    ``at_once`` runs.
    """
    series = range(design.n_series) if series is None else series
    seeds = design.values["seed"]
    records = most_records(design)
    parameters = max(count_parameters(inputs, hidden, outputs) for hidden in design.values["hidden"])
    most = max(1, min(_MOST_RUNS, _MOST_BYTES // (8 * (len(CURVES) * records + parameters))))
    if at_once is not None:
        most = max(1, min(most, at_once))
    texts = Identities(design, identities)
    for first, stop, n_seeds in _alike(design, series, most):
        some = [design.series(position) for position in range(first, stop)]
        numbers = opened.find_all(map(texts.text, some))
        for at in range(0, n_seeds, most):
            part = [int(seed) for seed in seeds[at : min(at + most, n_seeds)]]
            try:
                runs = opened.many([number for number in numbers for _ in part], part * len(some))
            except LookupError as error:
                raise ResultsError(str(error)) from None
            yield Block(first, at, some, part, runs)


def _alike(design: Design, series: range, most: int) -> Iterator[tuple[int, int, int]]:
    """Consecutive series with the same number of seeds, of at most so many runs: first, stop, number of seeds."""
    trained, n_folds, n_seeds = design.trained, len(design.values["fold"]), len(design.values["seed"])
    first = series.start
    while first < series.stop:
        n_seeds = n_seeds if trained is None else trained[first // n_folds]
        stop = min(first + max(1, most // max(1, n_seeds)), series.stop)
        if trained is not None:
            others = (at for at in range(first, stop) if trained[at // n_folds] != n_seeds)
            stop = next(others, stop)
        yield first, stop, n_seeds
        first = stop


def curves_of(
    design: Design, identities: Mapping[ProblemKey, Mapping[str, Any]], opened: Store, score: str
) -> pd.DataFrame:
    """The curves of every run: a row for each record."""
    identity_of = Identity(design)
    found = [curves_in(block, design, identity_of, score) for block in blocks(design, identities, opened)]
    return pd.concat(found, ignore_index=True)


def curves_in(block: Block, design: Design, identity_of: Identity, score: str) -> pd.DataFrame:
    """The rows of a block in the table of curves."""
    runs = block.runs
    lengths = runs.records
    positions = np.repeat(block.positions(design), lengths)
    columns = identity_of(positions)
    # Without a row, pandas cannot tell which columns are text.
    table = pd.DataFrame(columns).astype({name: "str" for name in columns if columns[name].dtype == object})
    is_recorded = np.arange(runs.curves.shape[2]) < lengths[:, np.newaxis]
    at = {each: recorded_iterations(each, every) for each, every in design.lengths.items()}
    of_runs = np.repeat([series.iterations for series in block.series], len(block.seeds)).tolist()
    table["iteration"] = np.concatenate([at[each][:n] for each, n in zip(of_runs, lengths.tolist(), strict=True)])
    for k, measure in enumerate(measures(score)):
        table[measure] = runs.curves[:, k][is_recorded]
    if design.patience is not None:
        table[VALIDATION_COST] = runs.validation[is_recorded]
    return table


def starts(design: Design) -> Positions:
    """The place of the first run of each series among all runs; and their number, at the end."""
    n_folds = len(design.values["fold"])
    if design.trained is None:
        of_series = np.full(design.n_series, len(design.values["seed"]))
    else:
        of_series = np.repeat(np.array(design.trained, np.int64), n_folds)
    return np.concatenate([[0], np.cumsum(of_series)])


def positions_of(design: Design) -> Positions:
    """The position in the grid of every run: in a race, configurations have the first of its seeds."""
    if design.trained is None:
        return np.arange(design.size)
    ends = starts(design)
    shift = np.arange(design.n_series) * len(design.values["seed"]) - ends[:-1]
    return np.arange(ends[-1]) + np.repeat(shift, np.diff(ends))


def identity(
    design: Design, positions: Positions | None = None, names: Sequence[str] | None = None
) -> dict[str, np.ndarray[Any, Any]]:
    """The identifying columns, or those in ``names``, of all runs, or of some by position in the grid.

    Numbers in a column with words are text.
    """
    return Identity(design)(positions_of(design) if positions is None else positions, names)


class Identity:
    """``identity`` of one design, for many calls: the values of an axis, of which there may be many, are read once."""

    def __init__(self, design: Design) -> None:
        self._design = design
        self._values = {
            name: _column(values) for dimension in design.dimensions for name, values in zip(*dimension, strict=True)
        }

    def __call__(self, positions: Positions, names: Sequence[str] | None = None) -> dict[str, np.ndarray[Any, Any]]:
        """The identifying columns of some runs, or those in ``names``, by position in the grid."""
        design = self._design
        columns: dict[str, np.ndarray[Any, Any]] = dict.fromkeys(names or design.columns, np.empty(0))
        inner = design.size
        for dimension in design.dimensions:
            inner //= dimension.size
            for name in dimension.names:
                if name in columns:
                    columns[name] = self._values[name][positions // inner % dimension.size]
        for name, value in design.settings.items():
            if name in columns:
                columns[name] = np.full(len(positions), value, dtype=object)
        return columns


def _column(values: Sequence[Any]) -> np.ndarray[Any, Any]:
    if isinstance(values, range):  # a million seeds, of which a list takes 40 MB
        return np.arange(values.start, values.stop, values.step)
    column = np.array([np.nan if value is None else value for value in values])
    if column.dtype.kind == "U":
        return np.array([str(value) for value in values], dtype=object)
    return column
