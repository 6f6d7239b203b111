"""The material of plots: tables, data and networks of one problem of a sweep, each read once."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from experiments.datasets.data import Array, Data
from experiments.plots.choice import (
    Replicates,
    best_rows,
    evenly,
    left_out,
    main_axis,
    merit,
    plural,
    problem_name,
    replicates_of,
    rows_of,
    setting_names,
    setting_notes,
    settings,
    singular,
    standings,
    tidy,
    varied,
    with_value,
)
from experiments.plots.limits import Baselines
from experiments.plots.plane import MAX_NETWORKS, PredictProba
from experiments.plots.style import NOTHING, count
from experiments.plots.trained import Predicted, Trained, moments, predictions, trained_networks
from experiments.tables.baselines import baseline_rows
from experiments.tables.races import Race
from experiments.tables.statistics import median_replicate
from experiments.tables.tables import Network, Tables, equals
from experiments.tables.words import label, larger_is_better, metric_of, said

MAX_CURVE_ROWS = 1_000_000  # some hundred bytes each
MAX_LINES = 8  # configurations of a sample whose curves are drawn


class Unreadable(ValueError):
    """Curves, data or networks that cannot be read from the store. The message is one line."""


@contextlib.contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, LookupError) as error:
        raise Unreadable(str(error)) from None


class Material:
    """The material of the plots of one problem, read from the store on demand.

    Raises Unreadable if something cannot be read.
    """

    def __init__(
        self, tables: Tables, problem: Mapping[str, Any], read_curves: Callable[[], pd.DataFrame] | None = None
    ) -> None:
        """`problem` has the columns that name it; `read_curves` reads those of all problems of the tables once."""
        self.tables, self.problem = tables, dict(problem)
        self._read_curves = read_curves or some_curves_of(tables)

    @property
    def name(self) -> str:
        """The name of the problem."""
        return problem_name(self.problem)

    @cached_property
    def runs(self) -> pd.DataFrame:
        """Its runs."""
        return self._own(self.tables.runs)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Its configurations."""
        return self._own(self.tables.summary)

    @cached_property
    def curves(self) -> pd.DataFrame:
        """Its curves; only those of the first seeds if there are too many."""
        with _reading():
            return self._own(self._read_curves())

    @property
    def sampled(self) -> str:
        """A note if these are not all curves."""
        return sampled_curves(self.tables)

    @cached_property
    def race(self) -> Race | None:
        """The race between its configurations; None if they did not race."""
        at = self.summary.index
        return next((race for race in self.tables.races if at[0] in race.configurations), None) if len(at) else None

    @property
    def is_sample(self) -> bool:
        """Whether the configurations are a sample, in which hardly any two have a value in common."""
        return bool(self.tables.design.sampled)

    @cached_property
    def first_curves(self) -> tuple[pd.DataFrame, pd.DataFrame, str]:
        """The curves and the summary of the configurations to draw curves of, and a note if these are not all.

        Of a sample, the first eight in rank: what others have in common would not tell them apart.
        """
        if not self.is_sample:
            return self.curves, self.summary, self.sampled
        rank = self.summary[f"rank_test_{self.metric}"]
        first = self.summary.loc[rank.sort_values(kind="stable").index[:MAX_LINES]]
        n, every = f"{len(first):,}", count(len(self.summary), "configuration")
        notes = [f"the first {n} of {every} in rank"] if len(first) < len(self.summary) else []
        notes += [self.sampled] if self.sampled else []
        curves = rows_of(tidy(self.curves), tidy(first))
        sizes = pd.to_numeric(curves["hidden"], errors="coerce")  # a sample has them in no order
        return curves.iloc[np.argsort(sizes.to_numpy(), kind="stable")], first, "; ".join(notes)

    @property
    def target(self) -> float | None:
        """The target test accuracy or R^2; None if the summary has none."""
        column = next((name for name in self.summary if str(name).startswith("target_test_")), None)
        targets = pd.Series(dtype=float) if column is None else self.summary[column].dropna()
        return None if targets.empty else float(targets.iloc[0])

    @property
    def metric(self) -> str:
        """The ranking metric."""
        return metric_of(self.summary)

    @cached_property
    def baselines(self) -> Baselines:
        """The ranking metric of a constant prediction and of a linear model."""
        return baseline_rows(self.tables, self.summary.iloc[0])

    @property
    def baselines_of_score(self) -> Baselines:
        """The same if that metric is recorded during training, otherwise empty."""
        return self.baselines if f"train_{self.metric}" in self.runs else ()

    @cached_property
    def _trained_on(self) -> Data:
        with _reading():
            return self.tables.data(self.problem)

    @cached_property
    def _varies(self) -> bool:
        """Whether each replicate has its own data."""
        with _reading():
            return self.tables.source(self.problem).varies

    @cached_property
    def _first(self) -> pd.Series:
        """The run whose data are shown."""
        return self.runs.iloc[0]

    @property
    def features(self) -> int:
        """The number of inputs of a network."""
        return len(self._trained_on.X)

    @property
    def data(self) -> Data:
        """The data of the first replicate in the plane of the inputs, without computed features."""
        return self._trained_on.base or self._trained_on

    @cached_property
    def best(self) -> pd.Series:
        """The best configuration, a row of the summary. Raises Unreadable if no run has finished."""
        means = merit(self.metric, self.summary[f"mean_test_{self.metric}"])
        if not np.isfinite(means).any():
            raise Unreadable(NOTHING)
        standing = standings(self.summary)
        return self.summary.iloc[int(standing.eq("best").to_numpy().argmax())]

    def trained(self, configuration: pd.Series | Mapping[str, Any] | None = None, seed: int | None = None) -> Trained:
        """The network of a configuration, a row of the summary, by default of the best one: that of the median
        replicate, or the first one of a seed.

        Raises Unreadable if there is none.
        """
        row = self.best if configuration is None else configuration
        with _reading():
            wanted = self._median_of(row) if seed is None else {"seed": seed}
            for each in trained_networks(self.tables, row):
                if all(getattr(each.run, name) == value for name, value in wanted.items()):
                    return each
            raise LookupError(f"expected a network of seed {seed} that did not fail, found none")

    def _median_of(self, row: pd.Series | Mapping[str, Any]) -> dict[str, int]:
        runs = self._finished_runs(row)
        return median_replicate(runs, replicates_of(runs), f"test_{self.metric}", larger_is_better(self.metric))

    def moments(self, last: Trained, n: int) -> list[tuple[str, PredictProba]]:
        """A title and the prediction at about n moments of the training of a network."""
        found: list[tuple[str, PredictProba]] = []
        with _reading():
            for at in moments(last.last, n):
                then = last if at == last.last else last.after(at)
                found.append((f"iteration {at:,}\n{self._reached(then.reached)}", then.answer))
        return found

    def hidden_units(self, configuration: pd.Series | Mapping[str, Any] | None = None, seed: int | None = None) -> Any:
        """The arguments of `plot_hidden_units` for a network, as in `trained`."""
        of = self.trained(configuration, seed)
        weights = of.network.parameters[-1][0]
        return {
            "units": of.units, "answer": of.answer, "data": of.plane, "activation": of.network.activation,
            "weights": weights[0].tolist() if len(weights) == 1 else (), "notes": self.about(configuration, of),
            "name": self.name,
        }  # fmt: skip

    def strip(
        self, n: int, configuration: pd.Series | Mapping[str, Any] | None = None, seed: int | None = None
    ) -> dict[str, Any]:
        """The arguments of `plot_training_strip` for about n moments of a network, as in `trained`."""
        of = self.trained(configuration, seed)
        about = {"data": of.plane, "notes": self.about(configuration, of), "name": self.name}
        return {"moments": self.moments(of, n), **about}

    def classified(self, configuration: pd.Series | Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The arguments of `plot_confusion` and `plot_roc`."""
        about = {"notes": self.about(configuration), "name": self.name}
        classes = self._trained_on.class_names
        return {"predictions": self.predictions(configuration) if classes else [], "class_names": classes, **about}

    def valued(self, configuration: pd.Series | Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The arguments of `plot_predicted`."""
        about = {"notes": self.about(configuration), "name": self.name}
        found = self.predictions(configuration) if self.task == "regression" else []
        return {"predictions": found, "target_name": self._trained_on.target_name, **about}

    @property
    def task(self) -> str:
        """binary, multiclass or regression."""
        return self._trained_on.task

    def predictions(self, configuration: pd.Series | Mapping[str, Any] | None = None) -> list[Predicted]:
        """What each replicate of a configuration, by default the best one, predicts of its test part."""
        with _reading():
            return [predictions(each) for each in trained_networks(self.tables, self._row(configuration))]

    def _row(self, configuration: pd.Series | Mapping[str, Any] | None) -> pd.Series | Mapping[str, Any]:
        return self.best if configuration is None else configuration

    def about(self, configuration: pd.Series | Mapping[str, Any] | None, of: Trained | None = None) -> list[str]:
        """Notes on a configuration, and on one of its networks: `5 hidden units, learning rate 5`, `seed 3`."""
        row = self._row(configuration)
        names = setting_names(pd.Series(dict(row)), settings(self.summary))
        said = [("the best configuration: " if configuration is None else "") + ", ".join(names)]
        if of is None:
            replicates = Replicates.of(self.summary)
            return [*said, f"{replicates.said([len(self._finished_runs(row))])} together"]
        replicate = {name: getattr(of.run, name) for name in replicates_of(self.runs)}
        return [*said, ", ".join(f"{name} {value}" for name, value in replicate.items())]

    def _finished_runs(self, row: pd.Series | Mapping[str, Any]) -> pd.DataFrame:
        runs = _having(tidy(self.runs), {name: row[name] for name in settings(self.summary)})
        return runs[runs["status"] != "failed"]

    @property
    def networks(self) -> list[tuple[str, PredictProba]]:
        """For each hidden size a title and the network of the median replicate."""
        return self._median_networks[0]

    @property
    def note(self) -> str:
        """How these networks were chosen."""
        return "; ".join(self._median_networks[1])

    @cached_property
    def _median_networks(self) -> tuple[list[tuple[str, PredictProba]], list[str]]:
        """Networks and notes. If hidden sizes do not vary, the setting with most values is used."""
        summary, axis = tidy(self.summary), main_axis(self.summary)
        others = [setting for setting in varied(summary) if setting != axis]
        best = best_rows(summary, [axis]).dropna(subset=[f"mean_test_{self.metric}"])
        shown = best.iloc[evenly(len(best), MAX_NETWORKS)]
        chosen, networks = rows_of(tidy(self.runs), shown), []
        replicate, measure = replicates_of(chosen), f"test_{self.metric}"
        for value in shown[axis]:
            runs = with_value(chosen, axis, value)
            median = median_replicate(runs, replicate, measure, larger_is_better(self.metric))
            run = _having(runs, median).iloc[0]
            lines = setting_names(run, [axis, *others])
            if len(lines) > 1 and len(lines[0]) + len(lines[1]) < 36:
                lines[:2] = [", ".join(lines[:2])]
            lines += [f"{', '.join(f'{name} {at}' for name, at in median.items())}: {self._reached(run[measure])}"]
            networks.append(("\n".join(lines), self._network(run)))
        at_best = " at its best settings," if others else ","
        of = "seed" if replicate == ["seed"] else "replicate"
        notes = [f"for each {singular(axis)}{at_best} the {of} with the median test {label(self.metric)}"]
        if self._varies:
            of_first = ", ".join(f"{name} {self._first[name]}" for name in replicate)
            notes += [f"each {of} has its own data; the points are those of {of_first}"]
        return networks, [*notes, *setting_notes(summary, [axis]), *left_out(plural(axis), shown, best)]

    def _reached(self, value: float) -> str:
        """`accuracy 93.3 %`, `AUC 0.953`."""
        return f"{label(self.metric)} {said(self.metric, value, is_labelled=False)}"

    @property
    def ensemble(self) -> Callable[[pd.Series, int], Sequence[PredictProba]]:
        """A function from a row of the summary to prediction functions of at most that many replicates."""

        def functions(row: pd.Series, most: int) -> list[PredictProba]:
            if self._varies:
                runs = self._finished_runs(row)
                return [self._network(runs.iloc[i]) for i in evenly(len(runs), most)]
            with _reading():
                return [self._on_plane(network, self._first) for network in self.tables.networks(row, most)]

        return functions

    def _network(self, run: pd.Series) -> PredictProba:
        with _reading():
            return self._on_plane(self.tables.network(run), run)

    def _on_plane(self, network: Network, run: pd.Series) -> PredictProba:
        """The prediction function of a network for points in the units of the shown data.

        If each replicate has its own data, points and targets are converted to the standardization of its data.
        """
        data = self._trained_on
        is_regression = data.task == "regression"
        answer = network.predict if is_regression else network.predict_proba
        if not self._varies:
            return lambda X: answer(data.inputs(X))
        source, shown, to = self.tables.source(self.problem), _replicate(self._first), _replicate(run)
        own = source.part(*to)

        def on_shown(X: Array) -> Array:
            said: Array = np.asarray(answer(own.inputs(source.moved(X, shown, to))), np.float64)
            if not is_regression:
                return said
            (mean, deviation), (own_mean, own_deviation) = data.target_scale, own.target_scale
            return np.asarray((own_mean + own_deviation * said - mean) / deviation)

        return on_shown

    def _own(self, table: pd.DataFrame) -> pd.DataFrame:
        return _having(table, self.problem)


def _having(table: pd.DataFrame, values: Mapping[str, Any]) -> pd.DataFrame:
    """The rows with these values."""
    keep = np.ones(len(table), dtype=bool)
    for column, value in values.items():
        keep &= equals(table[column], value)
    return table if keep.all() else table[keep]


def _replicate(run: pd.Series) -> tuple[int, int | None]:
    """Seed and fold of a run."""
    return int(run["seed"]), int(run["fold"]) if "fold" in run.index else None


def problems_of(tables: Tables) -> list[dict[str, Any]]:
    """The columns that name each problem of a sweep."""
    rows = tables.summary[tables.problem_columns].drop_duplicates()
    return [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]


def some_curves_of(tables: Tables) -> Callable[[], pd.DataFrame]:
    """What reads the curves of all problems when it is first called; those of the first seeds if there are too many."""
    return functools.cache(lambda: tables.some_curves(MAX_CURVE_ROWS)[0])


def sampled_curves(tables: Tables) -> str:
    """A note if these are not all curves."""
    return tables.some_seeds(MAX_CURVE_ROWS)[1]


def material_of(tables: Tables, problem: Mapping[str, Any] | pd.Series | None = None) -> Material:
    """The material of one problem, given by a row of the summary if there are several.

    Raises ValueError if there are several and none is given.
    """
    columns = tables.problem_columns
    if problem is not None:
        return Material(tables, {column: problem[column] for column in columns})
    problems = problems_of(tables)
    if len(problems) > 1:
        names = ", ".join(map(problem_name, problems[:3])) + (", ..." if len(problems) > 3 else "")
        raise ValueError(f"expected problem=, a row of the summary, for a sweep of {len(problems)} problems: {names}")
    return Material(tables, problems[0])
