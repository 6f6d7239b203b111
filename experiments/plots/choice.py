"""What a plot shows of a table: its axes, the best settings, a subset of many rows; and the notes on this.

The settings of a table are its identifying columns except those of the problem and the replicate. The varying settings
are the possible axes of a plot. A setting that has no effect with the value of another one is empty there.

The ranking metric follows from the columns of a summary, the recorded score from those of curves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Sized
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import is_numeric_dtype

from experiments.knobs.declared import ITERATIONS, KNOBS
from experiments.knobs.words import in_words
from experiments.plots.style import count, counts, number, words
from experiments.tables.tables import equals
from experiments.tables.words import larger_is_better, metric_of
from experiments.text import closest

_PROBLEM = [knob.name for knob in KNOBS if knob.is_problem]
_REPLICATE = [knob.name for knob in KNOBS if knob.is_replicate]
_EMPTY = "–"  # of a setting without effect
_AFTER_SETTINGS = ("n_seeds", "stopped_at", "status", "iteration")  # columns of a summary, of runs, of curves
_USUAL = ("learning_rate", "hidden")  # the preferred axes if others do not have more values
_PLURAL = {"hidden": "hidden sizes", "learning_rate": "learning rates"}


def units(hidden: object) -> str:
    """`4 hidden units`, for the text of the hidden column."""
    named = {"0": "no hidden units", "1": "1 hidden unit"}
    return named.get(str(hidden), f"{words(hidden, 20)} hidden units")


def axis_name(column: str) -> str:
    """The name of a column in titles: `batch size`."""
    return "hidden units" if column == "hidden" else words(column).replace("_", " ")


def plural(column: str) -> str:
    """`hidden sizes`, `values of batch size`."""
    return _PLURAL.get(column, f"values of {axis_name(column)}")


def singular(column: str) -> str:
    """`hidden size`, `value of batch size`."""
    return _PLURAL[column][:-1] if column in _PLURAL else f"value of {axis_name(column)}"


def listed(columns: Sequence[str]) -> str:
    """`learning rate, activation and l2`."""
    *first, last = map(axis_name, columns)
    return f"{', '.join(first)} and {last}" if first else last


def value_name(value: object, width: int = 40) -> str:
    """The value of a setting, in a title or at an axis; a dash if it has no effect."""
    if _is_empty(value):
        return _EMPTY
    return number(value) if isinstance(value, float) else words(value, width)


def setting_name(column: str, value: object) -> str:
    """`4 hidden units`, `batch size 32`."""
    if column == ITERATIONS.name:
        return f"{value_name(value)} {column}"
    return units(value) if column == "hidden" else f"{axis_name(column)} {value_name(value)}"


def setting_names(row: pd.Series, columns: Iterable[str]) -> list[str]:
    """The values of these settings in a row, without settings that have no effect."""
    return [setting_name(column, row[column]) for column in columns if not _is_empty(row[column])]


def _is_empty(value: object) -> bool:
    return value is None or value != value


def problem_name(problem: Mapping[str, Any] | pd.Series) -> str:
    """The name of the problem of a row: ``moons, noise 0.1``."""
    knobs = {column: problem[column] for column in _PROBLEM if column != "dataset" and column in problem}
    return ", ".join([words(problem["dataset"]), *(words(in_words({name: knobs[name]})) for name in knobs)])


def titled(table: pd.DataFrame, title: str) -> str:
    """The title, preceded by the name of the problem.

    Raises ValueError for a table of several problems, whose accuracies cannot be compared.
    """
    columns = [column for column in _PROBLEM if column in table]
    if any(table[column].nunique(dropna=False) > 1 for column in columns):
        problems = table[columns].drop_duplicates()
        names = [in_words(row.to_dict()) for _, row in problems.head(3).iterrows()]
        raise ValueError(
            f"expected the rows of one data set, got {len(problems)}: {', '.join(names)}; "
            f"select one, as in table[table.{columns[-1]} == value]"
        )
    return f"{problem_name(table.iloc[0])}: {title}" if len(table) else title


def left_out(what: str, shown: Sized, every: Sized) -> list[str]:
    """A note if only some are drawn: `12 of 100 hidden sizes shown`."""
    return [f"{len(shown):,} of {len(every):,} {what} shown"] if len(shown) < len(every) else []


def tidy(table: pd.DataFrame) -> pd.DataFrame:
    """A table with `hidden` as text, even if it was read as numbers, and rows numbered from 0."""
    return table.assign(hidden=table["hidden"].astype(str)).reset_index(drop=True)


def settings(table: pd.DataFrame) -> list[str]:
    """The identifying columns of runs, curves or a summary, except those of problem and replicate."""
    columns = list(table.columns)
    end = next((columns.index(name) for name in _AFTER_SETTINGS if name in columns), len(columns))
    others = {*_PROBLEM, *_REPLICATE}
    if "status" in columns and table[ITERATIONS.name].nunique() <= 1:  # runs have it even if it is not a setting
        others.add(ITERATIONS.name)
    return [column for column in columns[:end] if column not in others]


def varied(table: pd.DataFrame) -> list[str]:
    """The settings that have more than one value, in the order of the table."""
    return [column for column in settings(table) if table[column].nunique(dropna=False) > 1]


def longest(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the longest trainings, without the column ``iterations``; shorter ones are a part of these."""
    if ITERATIONS.name not in settings(table):
        return table
    others = [column for column in (*_PROBLEM, *settings(table)) if column in table and column != ITERATIONS.name]
    most = table.groupby(others, sort=False, dropna=False)[ITERATIONS.name].transform("max")
    return table[table[ITERATIONS.name] == most].drop(columns=ITERATIONS.name)


def main_axis(table: pd.DataFrame, asked: str | None = None) -> str:
    """The setting on the axis of a plot with one axis: as requested; otherwise hidden units, if they vary; otherwise
    the setting with most values.

    Raises ValueError for anything that is not a setting of the table.
    """
    if asked is not None:
        return _known(table, asked)
    if table["hidden"].nunique(dropna=False) > 1:
        return "hidden"
    return max([*varied(table), "hidden"], key=lambda column: table[column].nunique(dropna=False))


def two_axes(table: pd.DataFrame, x: str | None = None, y: str | None = None) -> tuple[str, str]:
    """The settings on the axes of a plot with two axes: as requested, otherwise those with most values.

    With equal numbers of values, learning rate and hidden units come first; learning rate and numbers are preferred on
    x, hidden units and words on y. A setting that is determined by the other one, as with axes varied together, is not
    used as second axis. Raises ValueError for anything that is not a setting of the table.
    """
    if x is not None and x == y:
        raise ValueError(f"expected two axes, got {x!r} twice")
    sizes = {column: int(table[column].nunique(dropna=False)) for column in settings(table)}
    ranked = sorted(sizes, key=lambda column: (-sizes[column], (*_USUAL, column).index(column)))
    given = [_known(table, axis) for axis in (x, y) if axis is not None]
    first = given[0] if given else ranked[0]

    def is_free(column: str) -> bool:
        pairs = len(table[[first, column]].drop_duplicates())
        return 1 in (sizes[first], sizes[column]) or pairs > max(sizes[first], sizes[column])

    second = given[1] if len(given) == 2 else next(c for c in sorted(ranked, key=is_free, reverse=True) if c != first)
    if x is not None:
        return x, second
    if y is not None:
        return second, y

    def suits_x(column: str) -> tuple[bool, bool, bool]:
        return column != "hidden", column == "learning_rate", is_number(table[column])

    across = max((first, second), key=suits_x)
    return across, second if across == first else first


def _known(table: pd.DataFrame, axis: str) -> str:
    known = settings(table)
    if axis not in known:
        raise ValueError(f"expected an axis among {', '.join(known)}, got {axis!r}{closest(axis, known)}")
    return axis


def is_number(column: pd.Series) -> bool:
    """Whether it has numbers; numbers in a column with words are words too."""
    return is_numeric_dtype(column)


def values_of(table: pd.DataFrame, axis: str) -> list[Any]:
    """The values of a setting: numbers in ascending order, then words; network sizes and other words as requested.

    The last value is nan if the setting has no effect in some rows.
    """
    every = list(table[axis].unique())
    values = [value for value in every if not _is_empty(value)]
    if len(values) < len(every):
        return [*values_of(table[table[axis].notna()], axis), np.nan]
    if axis == "hidden":
        return values
    if is_number(table[axis]):
        return sorted(values)
    numbers = {value: float(value) for value in values if _is_number_text(value)}
    return [*sorted(numbers, key=numbers.__getitem__), *(value for value in values if value not in numbers)]


def codes_of(column: pd.Series, values: Sequence[Any]) -> npt.NDArray[np.int64]:
    """For each row the index of its value, including nan; -1 if there is none."""
    found: npt.NDArray[np.int64] = pd.Index(values).get_indexer(pd.Index(column)).astype(np.int64)
    return found


def _is_number_text(value: object) -> bool:
    try:
        return bool(np.isfinite(float(str(value))))
    except ValueError:
        return False


def setting_notes(table: pd.DataFrame, axes: Sequence[str], chosen_for: str = "") -> list[str]:
    """Notes on the settings that are not axes: the value of constant ones, and that others are at their best value."""
    further, varying = [column for column in settings(table) if column not in axes], varied(table)
    notes = setting_names(table.iloc[0], [c for c in further if c not in varying]) if len(table) else []
    if chosen_for and (chosen := [c for c in further if c in varying]):
        notes.append(f"each {chosen_for} at its best {listed(chosen)}")
    return notes


def evenly(n: int, limit: int, keep: int | None = None) -> list[int]:
    """At most `limit` of the positions 0..n-1, evenly spaced, with the first, the last and `keep`."""
    if n <= limit:
        return list(range(n))
    chosen = {round(i * (n - 1) / (limit - 1)) for i in range(limit)}
    if keep is not None and keep not in chosen:
        chosen.remove(min(chosen - {0, n - 1}, key=lambda i: abs(i - keep)))
        chosen.add(keep)
    return sorted(chosen)


def every_other(n: int, limit: int) -> list[int]:
    """At most `limit` of the positions 0..n-1, at equal steps backwards from the last one."""
    step = -(-n // limit)
    return list(range((n - 1) % step, n, step))


def replicates_of(table: pd.DataFrame) -> list[str]:
    """The columns of runs or curves that distinguish the replicates of a configuration."""
    return [column for column in _REPLICATE if column in table]


class Replicates(NamedTuple):
    """The replicates: seeds, or folds and seeds."""

    folds: int  # 0: there are none
    seeds: int

    @classmethod
    def of(cls, table: pd.DataFrame) -> Replicates:
        """The replicates of a summary, of runs or of curves."""
        if "n_seeds" in table:
            seeds = int(table["n_seeds"].max())
            return cls(int(table["n_replicates"].max()) // seeds if "n_replicates" in table else 0, seeds)
        return cls(table["fold"].nunique() if "fold" in table else 0, table["seed"].nunique())

    @property
    def noun(self) -> str:
        """The word for one of them."""
        return "seed" if not self.folds else "fold" if self.seeds == 1 else "replicate"

    def said(self, finished: Iterable[int]) -> str:
        """`10 seeds`, `5 folds × 10 seeds`, or `8 to 10 seeds`, given the numbers of several rows."""
        numbers = list(finished)
        if self.noun == "replicate" and set(numbers) == {self.folds * self.seeds}:
            return f"{count(self.folds, 'fold')} × {count(self.seeds, 'seed')}"
        return counts(numbers, self.noun)


def finished_of(summary: pd.DataFrame) -> pd.Series:
    """The number of replicates of each configuration that did not fail."""
    every = summary["n_replicates"] if "n_replicates" in summary else summary["n_seeds"]
    return (every - summary["n_failed"]).astype(int)


def judged(summary: pd.DataFrame) -> pd.DataFrame:
    """A tidy summary with the ranking metric in the columns mean, ci_low, ci_high and rank, and with standings."""
    table, metric = tidy(summary), metric_of(summary)
    columns = {name: table[f"{name}_test_{metric}"] for name in ("mean", "ci_low", "ci_high", "rank")}
    return table.assign(**columns, standing=standings(table))


def merit(metric: str, values: pd.Series | npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Values of a metric, signed so that the largest is the best; the lowest of all for a missing number."""
    numbers = np.asarray(values, np.float64)
    return np.where(np.isnan(numbers), -np.inf, numbers if larger_is_better(metric) else -numbers)


def standings(summary: pd.DataFrame) -> pd.Series:
    """best, tied (with the best) or worse; if there is only one seed or no run has finished, best or empty.

    If configurations have equal means, the first is the best and the others are tied with it, as in the closing table.
    """
    rank, tied = summary[f"rank_test_{metric_of(summary)}"], summary["tied_with_best"].astype("boolean")
    is_best = rank.eq(1).fillna(False).to_numpy(dtype=bool)
    is_best &= (is_best.cumsum() == 1) | tied.isna().to_numpy()
    names = np.select([is_best, tied.fillna(False), tied.notna()], ["best", "tied", "worse"], "")
    return pd.Series(names, summary.index)


def best_rows(summary: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """For each group of configurations the row with the best mean of the ranking metric, the first of equal ones."""
    metric = metric_of(summary)
    return _first_best(summary, merit(metric, summary[f"mean_test_{metric}"]), by)


def _first_best(table: pd.DataFrame, merits: npt.NDArray[np.float64], by: Sequence[str]) -> pd.DataFrame:
    groups = [table[column] for column in by]
    best = pd.Series(merits, table.index).groupby(groups, sort=False, dropna=False).idxmax()
    return table.loc[best.to_numpy()].reset_index(drop=True)


def rows_of(table: pd.DataFrame, configurations: pd.DataFrame) -> pd.DataFrame:
    """The rows of runs or curves that belong to the given rows of a summary, in the order of the table."""
    keys = settings(configurations)
    if len(configurations) and not varied(table):  # nothing to select: avoids the copy made by merge
        return table
    return table.merge(configurations[keys], on=keys, how="inner")


def with_value(table: pd.DataFrame, axis: str, value: Any) -> pd.DataFrame:
    """The rows in which a setting has this value, which may be empty."""
    return table[equals(table[axis], value)]


def score_of(table: pd.DataFrame) -> str:
    """The recorded score, accuracy or r2, by the columns of runs, curves or a summary."""
    return "r2" if not {"train_r2", "mean_train_r2"}.isdisjoint(table.columns) else "accuracy"


def best_curves(curves: pd.DataFrame, by: Sequence[str], summary: pd.DataFrame | None = None) -> pd.DataFrame:
    """For each value of the settings `by`, the curves at the best values of all other settings.

    The best is determined by the `summary`; without one, by the highest mean final test score over replicates.
    """
    if set(varied(curves)) <= set(by):
        return curves
    if summary is not None:
        return rows_of(curves, best_rows(tidy(summary), by))
    keys, score = settings(curves), f"test_{score_of(curves)}"
    ends = curves.groupby([*keys, *replicates_of(curves)], sort=False, dropna=False)[score].last()
    table = ends.groupby(level=keys, sort=False, dropna=False).mean().round(9).reset_index()
    return rows_of(curves, _first_best(table, merit("accuracy", table[score]), by)[keys])
