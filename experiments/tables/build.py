"""From the store to the tables, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.datasets.source import Source
from experiments.design import Design, ProblemKey
from experiments.runner.observer import Stage
from experiments.store.store import CURVES, Store
from experiments.tables.packed import Packed
from experiments.tables.problems import score_of
from experiments.tables.races import OPEN, OUT, Race, deviation_of, races
from experiments.tables.rows import Rows, RowsOfRuns
from experiments.tables.statistics import (
    CONSTANT_COST,
    compared,
    significant,
    statistics_of,
    target_of,
    targets,
    without_failed,
)
from experiments.tables.stored import identity, starts
from experiments.tables.tables import Tables
from experiments.tables.targets import Climbs
from planar_core.choices import METRICS
from planar_core.training import recorded_iterations

MOST_KEPT = 100_000  # runs whose table is kept in memory; a longer one is read again from the store when it is wanted
_ROUNDING = 1e-6  # at least that of a mean in the summary
_TEST_SCORE = CURVES.index("test_score")
_FACTS = (CONSTANT_COST, "majority", "test_share", "one_class")  # of Rows
_STATUS = "status"
Codes = npt.NDArray[np.int64]


def build(
    design: Design,
    about: list[dict[str, Any]],
    sources: Mapping[ProblemKey, Source],
    opened: Store,
    each: Callable[[Rows], None] | None = None,
    advanced: Callable[[Stage], None] = lambda _: None,
) -> Tables:
    """The tables of a sweep whose runs are all stored; the store must stay open while they are used.

    ``each`` is called for every run, many at a time, and ``advanced`` with the progress. Raises ResultsError for a
    missing or damaged run.
    """
    score = score_of(about)
    metrics = design.metrics or [score]
    measures = [*(f"test_{name}" for name in dict.fromkeys([*metrics, score])), f"train_{score}", "cost", "test_cost"]
    summaries = _Summaries(design, sources, measures, score)
    kept = []
    advanced(Stage("tables", 0, design.n_runs, "run"))
    for rows in RowsOfRuns(design, about, sources, opened)():
        summaries.add(rows)
        if design.n_runs <= MOST_KEPT:
            kept.append(rows.table)
        if each is not None:
            each(rows)
        advanced(Stage("tables", summaries.n_added, design.n_runs, "run"))
    runs = pd.concat(kept, ignore_index=True) if kept else None
    advanced(Stage("comparing", 0, design.n_configurations, "configuration"))
    summary = summaries.table(METRICS[metrics[0]].larger_is_better)
    return Tables(runs, summary, design, about, opened, summaries.scores, summaries.races)


class _Summaries:
    """Makes the table of configurations, one row for each, from the rows of runs, which arrive in order."""

    def __init__(self, design: Design, sources: Mapping[ProblemKey, Source], measures: list[str], score: str) -> None:
        self._design, self._sources, self._measures, self._score = design, sources, measures, score
        n = design.n_replicates
        # The replicates in the order of their values, which may not be that of the request.
        of_first = identity(design, np.arange(n), design.replicate_columns)
        order = np.lexsort([of_first[name] for name in design.replicate_columns])
        self._order = None if (np.diff(order) == 1).all() else order
        self._place = None if self._order is None else np.argsort(order)
        self._ends = starts(design)[:: len(design.values["fold"])]  # of the runs of each configuration
        self._columns = list(dict.fromkeys([*measures, "cost"]))
        self._waiting: dict[str, Packed] = {}  # columns of runs of a configuration that is not complete
        self.n_added = self._n_done = 0  # runs, configurations
        self._problems: list[ProblemKey] = []  # of the series that wait
        self._statistics: dict[str, npt.NDArray[Any]] = {}  # of each configuration
        self._scores = np.full((design.n_configurations, n), np.nan)
        self._climbs, self._floors = Climbs(), dict.fromkeys(sources, -np.inf)
        # Once the table is made: the ranking metric, in the order of the request, and the races of the problems.
        self.scores = self._scores
        self.races: list[Race] = []

    def add(self, rows: Rows) -> None:
        """Add the next runs."""
        block = rows.block
        problems = [series.problem for series in block.series]
        floors = np.repeat([self._floors[problem] for problem in problems], len(block.seeds))
        self._problems += problems if block.at == 0 else []
        self._climbs.add(block.runs.curves[:, _TEST_SCORE], floors)
        columns: dict[str, npt.NDArray[Any]] = {name: np.asarray(getattr(rows, name), np.float64) for name in _FACTS}
        columns |= {name: rows.table[name].to_numpy(np.float64, na_value=np.nan) for name in self._columns}
        columns[_STATUS] = block.runs.statuses.astype(np.int64)
        self.n_added += len(rows.table)
        done = int(np.searchsorted(self._ends, self.n_added))
        is_complete = bool(self._ends[done] == self.n_added)
        if is_complete and not self._waiting:
            self._add_configurations(lambda name: columns[name].copy(), done - self._n_done)
        else:
            for name, values in columns.items():
                self._waiting.setdefault(name, Packed()).add(values)
            if is_complete:
                self._add_configurations(lambda name: self._waiting[name].array(), done - self._n_done)
                self._waiting = {}
        if is_complete:
            self._problems = []

    def _add_configurations(self, column: Callable[[str], npt.NDArray[Any]], n_groups: int) -> None:
        """Add the statistics of complete configurations, given the columns of their runs, each as a new array."""
        n_runs = np.diff(self._ends[self._n_done :][: n_groups + 1])
        group, place, order = self._arrangement(self._n_done, self._n_done + n_groups)

        def arranged(name: str) -> npt.NDArray[Any]:
            values = column(name)
            return values if order is None else values[order]

        def grid(name: str) -> Any:
            return self._grid(column(name), self._n_done, n_groups)

        statuses = arranged(_STATUS).astype(np.int8)
        found = statistics_of(statuses, arranged, self._measures, group, n_groups)
        found["one_class"] = np.nansum(grid("one_class"), axis=1).astype(np.int64)
        found["majority"] = np.nansum(grid("majority"), axis=1) / n_runs
        found["test_share"] = np.nanmax(grid("test_share"), axis=1)
        for name, values in found.items():
            if name not in self._statistics:
                self._statistics[name] = np.empty(self._design.n_configurations, values.dtype)
            self._statistics[name][self._n_done : self._n_done + n_groups] = values
        scores = without_failed(arranged(self._measures[0]), statuses)
        if place is None:
            self._scores[self._n_done : self._n_done + n_groups] = scores.reshape(n_groups, -1)
        else:
            self._scores[self._n_done + group, place] = scores
        del scores
        reached = target_of(_means(grid(f"test_{self._score}")), found["majority"]) - _ROUNDING
        for problem, value in zip(
            self._problems[:: len(self._design.values["fold"])], reached.tolist(), strict=True
        ):  # no target will be below this
            self._floors[problem] = max(self._floors[problem], value)
        self._n_done += n_groups

    def _arrangement(self, start: int, stop: int) -> tuple[Codes, Codes | None, Codes | None]:
        """How to arrange the runs of some configurations by replicate: for each its configuration, counted from
        ``start``, and the place of its replicate, None if there are all; and their order, None if they are in order.
        """
        n = self._design.n_replicates
        if self._design.trained is None:
            group = np.repeat(np.arange(stop - start), n) if stop - start > 1 else np.broadcast_to(np.int64(0), n)
            return group, None, None if self._order is None else (n * group.reshape(-1, n) + self._order).ravel()
        group, replicate = self._cells(start, stop)
        place = replicate if self._place is None else self._place[replicate]
        order = np.lexsort((place, group))
        return group[order], place[order], order

    def _cells(self, start: int, stop: int) -> tuple[Codes, Codes]:
        """For each run of some configurations, its configuration, counted from ``start``, and its replicate."""
        ends, n_folds = self._ends[start : stop + 1], len(self._design.values["fold"])
        lengths = np.diff(ends)
        group = np.repeat(np.arange(stop - start), lengths)
        within, n_seeds = np.arange(ends[0], ends[-1]) - ends[group], lengths[group] // n_folds
        return group, within // n_seeds * len(self._design.values["seed"]) + within % n_seeds

    def _grid(self, values: npt.NDArray[Any], start: int, n_groups: int, missing: float = np.nan) -> npt.NDArray[Any]:
        """Values of runs as (configurations, replicates), in the order of the request.

        ``missing`` is where a configuration of a race has no run.
        """
        n = self._design.n_replicates
        if self._design.trained is None:
            return values.reshape(n_groups, n)
        grid = np.full((n_groups, n), missing)
        grid[self._cells(start, start + n_groups)] = values
        return grid

    def table(self, larger_is_better: bool) -> pd.DataFrame:
        """The table, after all runs were added."""
        design, n, score = self._design, self._design.n_replicates, self._score
        # A copy: the statistics overwrite theirs.
        self.scores = self._scores.copy() if self._place is None else self._scores[:, self._place]
        lengths = np.diff(self._ends)
        raced = self._raced(design.trained) if design.trained is not None else None
        of_groups = self._statistics
        summary = pd.DataFrame(identity(design, np.arange(0, design.size, n)))[design.configuration_columns]
        summary["n_seeds"] = lengths // len(design.values["fold"])
        if design.replicate_columns != ["seed"]:
            summary["n_replicates"] = lengths
        of_problem = {problem: _overlaps(source) for problem, source in self._sources.items()}
        overlaps: npt.NDArray[np.bool_] = np.zeros(len(summary), bool)
        if any(of_problem.values()):
            overlaps = np.array([of_problem[run.problem] for run in design.configurations()])
        summary = compared(
            summary,
            of_groups,
            self._scores,
            self._measures,
            design.problem_columns,
            np.where(overlaps, of_groups["test_share"], 0.0),
            larger_is_better,
            None if raced is None else raced["race"].eq(OUT).to_numpy(),
        )
        if raced is not None:
            summary = pd.concat([summary, raced], axis=1)
        if score == "accuracy":
            summary.insert(list(summary.columns).index("n_stuck") + 1, "n_one_class", of_groups["one_class"])
        target = targets(summary, design.problem_columns, of_groups["majority"], score)
        at = [recorded_iterations(*each) for each in design.lengths.items()]
        which = np.zeros(len(summary), np.int64)
        if len(at) > 1:
            which = np.searchsorted(list(design.lengths), [run.iterations for run in design.configurations()])
        first = self._climbs.first(target, at, which, self._ends[1:])
        first_at = self._grid(first, 0, len(summary), np.inf)
        summary[f"target_test_{score}"] = target
        summary["n_reached_target"] = np.isfinite(first_at).sum(axis=1)
        summary["median_iterations_to_target"] = _median(first_at, lengths - summary["n_failed"].to_numpy())
        return summary

    def _raced(self, trained: Sequence[int]) -> pd.DataFrame:
        """The verdict on each configuration, and after how many seeds it was reached; empty for an open one."""
        design = self._design
        scores = self.scores.reshape(len(self._scores), len(design.values["fold"]), -1)
        metric = self._measures[0].removeprefix("test_")
        deviations = {problem: deviation_of(source) for problem, source in self._sources.items()}
        table = pd.DataFrame({"race": OPEN, "race_after": 0}, index=range(len(scores)))
        self.races = list(races(design, trained, scores, metric, deviations))
        for race in self.races:
            table.loc[race.configurations, "race"] = race.verdicts
            table.loc[race.configurations, "race_after"] = race.after
        return table.assign(race_after=table["race_after"].astype("Int64").where(table["race_after"] > 0))


def _median(first: npt.NDArray[np.float64], finished: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The median over all runs that did not fail; those that never reach the target count as infinite.

    ``first`` is sorted in place.
    """
    first.sort(axis=1)
    some = finished > 0
    middle = np.maximum(np.stack([finished - 1, finished], axis=1), 0) // 2
    with np.errstate(invalid="ignore"):
        median = 0.5 * np.take_along_axis(first, np.minimum(middle, first.shape[1] - 1), axis=1).sum(axis=1)
    return significant(np.where(some & np.isfinite(median), median, np.nan))


def _overlaps(source: Source) -> bool:
    """Whether the training parts of replicates overlap: splits of one table do, new draws do not."""
    return source.varies and "split" in source.identity


def _means(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The mean of the finite scores of each configuration, to a few digits; -inf for none."""
    finite = np.isfinite(scores)
    with np.errstate(invalid="ignore"):
        means = np.where(finite, scores, 0.0).sum(axis=1) / finite.sum(axis=1)
    return np.where(finite.any(axis=1), means, -np.inf)
