"""The tables of a sweep, its data sets and its networks."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import is_numeric_dtype

from experiments.datasets.data import Data
from experiments.datasets.loading import load_fresh
from experiments.datasets.source import Source
from experiments.design import Design, ProblemKey, Run
from experiments.knobs.declared import FOLD, SEED
from experiments.knobs.words import in_words
from experiments.runner.work import most_records
from experiments.store.store import CURVES, Store, StoredRun, StoredRuns
from experiments.tables.judging import Judge
from experiments.tables.problems import identities, outputs_of, score_of, task_of
from experiments.tables.races import Race
from experiments.tables.rows import RowsOfRuns
from experiments.tables.sources import stored_source
from experiments.tables.statistics import best_configurations, median_replicate, scores_of
from experiments.tables.stored import Block, Identity, blocks, curves_in, curves_of, starts
from planar_core import steps
from planar_core.choices import METRICS
from planar_core.network import Array, Parameters

_SOURCES_KEPT = 256  # problems: a sweep may have many

Points = Callable[[int, int | None], Sequence[tuple[Array, Array, tuple[float, float]]]]
"""Sets of points (X, Y) for evaluation, given the seed and the fold of a network."""


@dataclass(frozen=True)
class Network:
    """A trained network of a sweep."""

    parameters: Parameters
    activation: str = "tanh"
    task: str = "binary"

    def predict_proba(self, X: Array) -> Array:
        """The probability of class 1, (1, examples), or of every class, (classes, examples).

        X is (features, examples). Raises ValueError for a regression.
        """
        return steps.predict_proba(self.parameters, X, self.activation, self.task)

    def predict(self, X: Array) -> Array:
        """The class index, or the standardized target, of each example: (1, examples).

        X is (features, examples).
        """
        return steps.predict(self.parameters, X, self.activation, self.task)


@dataclass(frozen=True)
class Tables:
    """The tables of a sweep, its data sets and its networks.

    kept_runs: the table of runs, if it is kept in memory; see ``runs``
    summary: a row for each configuration
    design: the request
    about: the description of each problem, from ``problems.about_data``
    store: the store with the networks, open or as a path
    all_scores: the ranking metric of every replicate, (configurations, replicates) in the order of the request; None
        if they are read when they are wanted, as ``scores_of`` does
    races: the race between the configurations of each problem, in order; none without ``until_decided``
    """

    kept_runs: pd.DataFrame | None = field(repr=False)
    summary: pd.DataFrame
    design: Design = field(repr=False)
    about: list[dict[str, Any]] = field(repr=False)
    store: Store | Path = field(repr=False)
    all_scores: Array | None = field(repr=False)
    races: list[Race] = field(repr=False)

    @cached_property
    def runs(self) -> pd.DataFrame:
        """A row for each network; of a large sweep it is read from the store on first access."""
        return self._runs_of(range(self.design.n_series)) if self.kept_runs is None else self.kept_runs

    @property
    def curves(self) -> pd.DataFrame:
        """Cost and accuracies against iteration, for every run; read on access."""
        return self._curves_of(self.design)

    def some_curves(self, most_rows: int) -> tuple[pd.DataFrame, str]:
        """The curves of as many seeds as fit into that many rows, at least one; and a note if some are missing."""
        some, note = self.some_seeds(most_rows)
        return self._curves_of(self.design.of_first_seeds(some)), note

    def some_seeds(self, most_rows: int) -> tuple[int, str]:
        """The number of seeds whose curves fit into that many rows, at least one; and a note if some are missing."""
        seeds = len(self.design.values["seed"])
        rows = self.design.n_configurations * most_records(self.design)
        some = min(seeds, max(1, most_rows // rows))
        return some, f"curves of {some:,} of {seeds:,} seeds" if some < seeds else ""

    def _curves_of(self, design: Design) -> pd.DataFrame:
        with self._opened() as opened:
            return curves_of(design, self.identities, opened, self.score)

    @property
    def columns(self) -> list[str]:
        """The identifying columns."""
        return self.design.columns

    @property
    def problem_columns(self) -> list[str]:
        """Those that name the problem."""
        return self.design.problem_columns

    def best(self, n: int = 1) -> pd.DataFrame:
        """The first ``n`` configurations of each problem, from rank 1 down: rows of ``summary``."""
        ranked = best_configurations(self.summary, self.problem_columns)
        return ranked.groupby(self.problem_columns, sort=False).head(n).reset_index(drop=True)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Store]:
        if isinstance(self.store, Store):
            yield self.store
        else:
            with Store(self.store, writes=False) as opened:
                yield opened

    @cached_property
    def identities(self) -> dict[ProblemKey, dict[str, Any]]:
        """The identity of every problem's data."""
        return identities(self.design, self.about)

    @cached_property
    def score(self) -> str:
        """The score recorded during training: ``accuracy``, or ``r2`` for regression."""
        return score_of(self.about)

    @property
    def metric(self) -> str:
        """The ranking metric: the first one requested, or the score."""
        return (self.design.metrics or [self.score])[0]

    @property
    def larger_is_better(self) -> bool:
        """Whether larger values of the ranking metric are better."""
        return METRICS[self.metric].larger_is_better

    def stored_runs(self) -> Iterator[StoredRun]:
        """Everything that is stored of each run, one at a time, in the order of ``runs``."""
        with self._opened() as opened:
            for block in self._blocks(opened):
                yield from (run for _, _, run in block)

    def data(self, problem: str | Mapping[str, Any] | pd.Series) -> Data:
        """The training and test data of a problem.

        The problem is a row of ``runs`` or ``summary``, or another mapping with the columns that name it; or the name
        of a data set, if the sweep has one problem with it. If each replicate has its own data, those of the seed (and
        fold) in the mapping are returned, otherwise those of the first. Raises KeyError for anything else.
        """
        of = {} if isinstance(problem, str) else problem
        seeds, folds = self.design.values[SEED.name], self.design.values[FOLD.name]
        seed, fold = of.get(SEED.name, seeds[0]), of.get(FOLD.name, folds[0])
        return self.source(problem).part(int(seed), None if fold is None else int(fold))

    def source(self, problem: str | Mapping[str, Any] | pd.Series) -> Source:
        """The data source of a problem, read from the store. Raises as ``data``."""
        return self._source(self._about(problem))

    def _source(self, about: Mapping[str, Any]) -> Source:
        if about["fingerprint"] not in self._sources:
            while len(self._sources) >= _SOURCES_KEPT:
                del self._sources[next(iter(self._sources))]
            with self._opened() as opened:
                self._sources[about["fingerprint"]] = stored_source(about, opened)
        return self._sources[about["fingerprint"]]

    @cached_property
    def _sources(self) -> dict[str, Source]:
        return {}

    def about_of(self, row: Mapping[str, Any] | pd.Series) -> dict[str, Any]:
        """The description of the problem of a row of a table."""
        return self._about(row)

    def curves_of(self, row: Mapping[str, Any] | pd.Series) -> pd.DataFrame:
        """The curves of one run, a row of ``runs``, or of all runs of a configuration, a row of ``summary``.

        They are read alone, not with those of the whole sweep, and have the columns of ``curves``. Raises LookupError
        if the sweep has no such run.
        """
        columns = [*self.design.configuration_columns, *(name for name in self.design.replicate_columns if name in row)]
        missing = [name for name in columns if name not in row]
        series = range(0) if missing else self._series_of(row)
        with self._opened() as opened:
            identity_of = Identity(self.design)
            found = [curves_in(block, self.design, identity_of, self.score) for block in self._blocks(opened, series)]
        table = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=columns)
        table = table[_rows_with(table, row, columns[len(self.design.configuration_columns) :])]
        if not found or (SEED.name in row and row[SEED.name] not in self.design.values[SEED.name]):
            wanted = in_words({name: row[name] for name in columns if name in row})
            raise LookupError(
                f"expected a row of runs or of summary, got {wanted or 'none of the identifying columns'}"
            )
        return table.reset_index(drop=True)

    def stored_blocks(self) -> Iterator[tuple[npt.NDArray[np.int64], StoredRuns]]:
        """The position in the grid and the content of every run, many at a time."""
        with self._opened() as opened:
            for block in self._blocks(opened):
                yield block.positions(self.design), block.runs

    def stacked_curves(self, configuration: Mapping[str, Any] | pd.Series | int, most: int | None = None) -> Array:
        """The curves of a row of ``summary``, or of its position: (rows of ``store.CURVES``, replicates, records).

        Replicates are the first ``most`` (None: all) that did not fail; nan after the last record of a diverged run.
        """
        found = [run.curves for _, run in itertools.islice(self._finished(configuration, most), most)]
        longest = max((curves.shape[1] for curves in found), default=0)
        padded = np.full((len(CURVES), len(found), longest), np.nan)
        for k, curves in enumerate(found):
            padded[:, k, : curves.shape[1]] = curves
        return padded

    def scores_of(self, configuration: Mapping[str, Any] | pd.Series | int) -> npt.NDArray[np.float64]:
        """The ranking metric of each replicate of a row of ``summary``, or of its position; nan for a failed one."""
        n_folds, n_seeds = (len(self.design.values[name]) for name in (FOLD.name, SEED.name))
        series, trained = self._series_of(configuration), self.design.trained
        if self.all_scores is None:
            runs = self._runs_of(series) if len(series) else self.runs.iloc[:0]
            return scores_of(runs, f"test_{self.metric}")
        rows = slice(series.start // n_folds, series.stop // n_folds)  # one, or none
        scores = self.all_scores[rows].reshape(-1, n_folds, n_seeds)
        n_trained = n_seeds if trained is None else next(iter(trained[rows]), 0)
        return np.asarray(scores[:, :, :n_trained].ravel(), np.float64)

    @staticmethod
    def test_share(about: Mapping[str, Any]) -> float:
        """n_test / n_train if the training parts of replicates overlap, otherwise 0."""
        if "split" not in about.get("identity", {}):
            return 0.0
        return float(about["test_examples"] / about["training_examples"])

    def _about_of(self, run: Run) -> dict[str, Any]:
        return dict(self.about[self._places[run.problem]])

    @cached_property
    def _places(self) -> dict[ProblemKey, int]:
        return {problem: place for place, problem in enumerate(self.design.problems())}

    def _about(self, problem: str | Mapping[str, Any] | pd.Series) -> dict[str, Any]:
        """The description of a problem."""
        of_columns = not isinstance(problem, str)
        if isinstance(problem, str):
            wanted: dict[str, Any] = {"dataset": problem}
        else:
            wanted = {name: problem[name] for name in self.problem_columns}
        like_it = self._by_value.get(tuple(map(_key, wanted.values())), []) if of_columns else self.about
        found = [
            about for about in like_it if all(_same(about["problem"][name], value) for name, value in wanted.items())
        ]
        if len(found) != 1:
            raise KeyError(f"expected a problem of this sweep, got {in_words(wanted)}, which matches {len(found):,}")
        return dict(found[0])

    @cached_property
    def _by_value(self) -> dict[tuple[str, ...], list[dict[str, Any]]]:
        """The descriptions by the keys of the values that name the problem: a sweep may have many."""
        found: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for about in self.about:
            found.setdefault(tuple(_key(about["problem"][name]) for name in self.problem_columns), []).append(about)
        return found

    def features(self, problem: Mapping[str, Any] | pd.Series) -> int:
        """The number of features of a problem, given a row of a table."""
        return int(self._about(problem)["features"])

    def fresh(self, position: int, seed: int) -> Data | None:
        """The data of a row of ``summary``, by position, with fresh test points.

        ``seed`` is that of the data, if each seed has its own. None if the data are not generated.
        """
        arguments = self.design.data_arguments(self.design.configuration(position).problem)
        for name in ("split", "frame"):
            del arguments[name]
        if arguments["data_seed"] == SEED.name:
            arguments["data_seed"] = seed
        return load_fresh(**arguments)

    def scores(self, position: int, points: Points, most: int | None = None) -> Array:
        """The metric on other points for each network in a row of ``summary``, by position; nan for a failed one.

        ``points`` returns the sets of points of a replicate, given seed and fold: X (features, points) and Y (1,
        points), which need not belong to the sweep, with the mean and deviation of the standardization. Returns (sets
        of points, networks). ``most``: only for so many replicates.
        """
        design = self.design
        n_folds = len(design.values[FOLD.name])
        columns: list[list[float]] = []
        with self._opened() as opened:
            for at in range(position * n_folds, (position + 1) * n_folds):
                left = None if most is None else most - len(columns)
                runs = (each for block in self._blocks(opened, range(at, at + 1), left) for each in block)
                columns += self._scores_of_series(design.series(at), points, itertools.islice(runs, left))
        return np.array(columns).T

    def _scores_of_series(
        self, series: Run, points: Points, runs: Iterable[tuple[Run, int, StoredRun]]
    ) -> list[list[float]]:
        about = self._about_of(series)
        task = task_of(about)
        shape = about["features"], series.hidden, self.design.dtype, outputs_of(about)
        # Only one network at a time is in memory.
        networks = ((seed, None if run.status == "failed" else run.network(*shape)) for _, seed, run in runs)
        judges: list[Judge] = []
        scores = []
        for seed, network in networks:
            if not judges or self.varies(series):
                judges = [
                    Judge([self.metric], X, Y, task, len(about["class_names"]), scale)
                    for X, Y, scale in points(seed, series.fold)
                ]
            scores.append([float(judge(network, series.activation)[0]) for judge in judges])
        return scores

    def varies(self, run: Run) -> bool:
        """Whether each replicate has its own data."""
        return not {"split", "data_seed"}.isdisjoint(self.identities[run.problem])

    @staticmethod
    def varies_in(about: Mapping[str, Any]) -> bool:
        """The same for the problem of a description."""
        return not {"split", "data_seed"}.isdisjoint(about.get("identity", {}))

    def network(self, run: Mapping[str, Any] | pd.Series) -> Network:
        """The network of a run, given a row of ``runs`` (or the identifying columns of one).

        For a row of ``summary``, which has no seed, it is the network of the seed with the median test accuracy. Raises
        LookupError if there is no such run or if it failed.
        """
        row = dict(run)
        runs = self.runs_of(row)
        columns = self.design.replicate_columns
        if SEED.name not in row:
            try:
                row |= median_replicate(runs, columns, f"test_{self.metric}", self.larger_is_better)
            except ValueError as error:
                raise LookupError(str(error)) from None
        found = runs[_rows_with(runs, row, columns) & (runs["status"] != "failed").to_numpy()]
        if len(found) != 1:
            wanted_run = ", ".join(f"{column} {run[column]}" for column in self.columns if column in run)
            raise LookupError(f"expected a run of this sweep that did not fail, got {wanted_run}")
        replicate = {name: int(found[name].iloc[0]) for name in columns}
        networks = self.networks_of(row)
        return next(each for of, each in networks if all(getattr(of, name) == at for name, at in replicate.items()))

    def networks_of(
        self, configuration: Mapping[str, Any] | pd.Series, at_once: int | None = None
    ) -> Iterator[tuple[Run, Network]]:
        """The networks of a configuration, a row of ``summary``, that did not fail, each with its run.

        At most ``at_once`` are read at once; None: as many as memory should hold.
        """
        about = self._about(configuration)
        for run, stored in self._finished(configuration, at_once):
            parameters = stored.network(about["features"], run.hidden, self.design.dtype, outputs_of(about))
            yield run, Network(parameters, run.activation, task_of(about))

    def networks(self, configuration: Mapping[str, Any] | pd.Series, most: int | None = None) -> list[Network]:
        """The networks of a configuration, a row of ``summary``: the first ``most`` (None: all) that did not fail.

        Raises ResultsError if one is no longer stored.
        """
        return [network for _, network in itertools.islice(self.networks_of(configuration, most), most)]

    def _finished(
        self, configuration: Mapping[str, Any] | pd.Series | int, at_once: int | None = None
    ) -> Iterator[tuple[Run, StoredRun]]:
        """The runs of a configuration that did not fail. At most ``at_once`` are read at once."""
        with self._opened() as opened:
            for block in self._blocks(opened, self._series_of(configuration), at_once):
                for series, seed, run in block:
                    if run.status != "failed":
                        yield series._replace(seed=seed), run

    def runs_of(self, configuration: Mapping[str, Any] | pd.Series | int) -> pd.DataFrame:
        """The rows of ``runs`` of a row of ``summary``, or of its position."""
        series = self._series_of(configuration)
        if self.kept_runs is None:
            return self._runs_of(series)
        return self.kept_runs.iloc[self.starts[series.start] : self.starts[series.stop]]

    @cached_property
    def starts(self) -> npt.NDArray[np.int64]:
        """The place of the first run of each series among all runs; and their number, at the end."""
        return starts(self.design)

    def _series_of(self, configuration: Mapping[str, Any] | pd.Series | int) -> range:
        """The positions of its series; empty if the sweep has no such configuration."""
        n_folds = len(self.design.values[FOLD.name])
        if isinstance(configuration, int):
            return range(configuration * n_folds, (configuration + 1) * n_folds)
        found = np.flatnonzero(_rows_with(self.summary, configuration, self.design.configuration_columns))
        return range(int(found[0]) * n_folds, int(found[0] + 1) * n_folds) if len(found) else range(0)

    def _runs_of(self, series: range) -> pd.DataFrame:
        """The rows of consecutive series in the table of runs."""
        with self._opened() as opened:
            return pd.concat([each.table for each in self._reader(opened)(series)], ignore_index=True)

    def _blocks(self, opened: Store, series: range | None = None, at_once: int | None = None) -> Iterator[Block]:
        return blocks(self.design, self.identities, opened, *self._largest, series, at_once)

    @cached_property
    def _largest(self) -> tuple[int, int]:
        """The most inputs and outputs of a network."""
        return max(about["features"] for about in self.about), max(map(outputs_of, self.about))

    def _reader(self, opened: Store) -> RowsOfRuns:
        return self._reader_of_open if opened is self.store else self._made_reader(opened)

    @cached_property
    def _reader_of_open(self) -> RowsOfRuns:
        assert isinstance(self.store, Store)
        return self._made_reader(self.store)

    def _made_reader(self, opened: Store) -> RowsOfRuns:
        return RowsOfRuns(self.design, self.about, _Sources(self._source_of), opened)

    def _source_of(self, problem: ProblemKey) -> Source:
        return self._source(self.about[self._places[problem]])


class _Sources(dict[ProblemKey, Source]):
    """The source of each problem, read when it is used: a sweep may have many."""

    def __init__(self, read: Callable[[ProblemKey], Source]) -> None:
        self._read = read

    def __missing__(self, problem: ProblemKey) -> Source:
        return self._read(problem)


def _rows_with(
    table: pd.DataFrame, row: Mapping[str, Any] | pd.Series, columns: Iterable[str]
) -> npt.NDArray[np.bool_]:
    """Where a table has the values of a row in these columns."""
    wanted = np.ones(len(table), bool)
    for column in columns:
        wanted &= equals(table[column], row[column])
    return wanted


def equals(column: pd.Series, value: Any) -> npt.NDArray[np.bool_]:
    """Where a column of settings has a value; empty cells, of settings without effect, are equal."""
    if pd.isna(value):
        return column.isna().to_numpy(bool)
    return (column == (value if is_numeric_dtype(column) else str(value))).to_numpy(bool)


def _key(value: Any) -> str:
    """Equal for values that are the same, as in ``_same``."""
    try:
        return repr(float(value))
    except (TypeError, ValueError):
        return str(value)


def _same(value: Any, given: Any) -> bool:
    """Whether two values of a knob are the same; in a column with words, numbers are text."""
    return bool(value == given) or str(value) == str(given)
