"""What pictures are made of: the tables, the data and the networks of one problem of a sweep, each read once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from experiments.plot_choice import (
    best_rows,
    evenly,
    left_out,
    main_axis,
    plural,
    problem_name,
    rows_of,
    setting_name,
    setting_notes,
    singular,
    tidy,
    varied,
)
from experiments.plot_plane import MAX_NETWORKS, PredictProba

MAX_CURVE_ROWS = 1_000_000  # some hundred bytes of memory each


class Material:
    """The properties have the names of the parameters of plot functions, which so ask for what they need."""

    def __init__(
        self, results: Any, problem: Mapping[str, Any], some_curves: tuple[pd.DataFrame, str] | None = None
    ) -> None:
        """Of `results`, as `experiments.tables.read` returns them; `some_curves` are theirs, where they are known."""
        self.results, self.problem = results, dict(problem)
        if some_curves is not None:
            self._some_curves = some_curves

    @property
    def name(self) -> str:
        """What to call the problem."""
        return problem_name(self.problem)

    @cached_property
    def runs(self) -> pd.DataFrame:
        """Its runs."""
        return self._own(self.results.runs)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Its configurations."""
        return self._own(self.results.summary)

    @cached_property
    def _some_curves(self) -> tuple[pd.DataFrame, str]:
        curves, note = self.results.some_curves(MAX_CURVE_ROWS)
        return curves, note

    @cached_property
    def curves(self) -> pd.DataFrame:
        """Its curves; where there are too many, those of the first seeds."""
        return self._own(self._some_curves[0])

    @property
    def sampled(self) -> str:
        """What there is to say if these are not all of them."""
        return self._some_curves[1]

    @property
    def target(self) -> float | None:
        """The test accuracy that counts as learned; None where the summary has none."""
        targets = self.summary.get("target_test_accuracy", pd.Series(dtype=float)).dropna()
        return None if targets.empty else float(targets.iloc[0])

    @cached_property
    def _trained_on(self) -> Any:
        return self.results.data(self.problem)

    @property
    def features(self) -> int:
        """The number of inputs of a network."""
        return len(self._trained_on.X)

    @property
    def data(self) -> Any:
        """The data in the plane of their inputs, whatever is computed from these."""
        return self._trained_on.base or self._trained_on

    @property
    def networks(self) -> list[tuple[str, PredictProba]]:
        """For each hidden size a title and the network of the median seed: no luck, good or bad."""
        return self._median_networks[0]

    @property
    def note(self) -> str:
        """How these networks were chosen."""
        return "; ".join(self._median_networks[1])

    @cached_property
    def _median_networks(self) -> tuple[list[tuple[str, PredictProba]], list[str]]:
        """Networks and note. Where hidden sizes do not vary, the setting with most values takes their place."""
        from experiments.statistics import median_seed

        summary, axis = tidy(self.summary), main_axis(self.summary)
        others = [setting for setting in varied(summary) if setting != axis]
        best = best_rows(summary, [axis]).dropna(subset=["mean_test_accuracy"])
        shown = best.iloc[evenly(len(best), MAX_NETWORKS)]
        chosen, networks = rows_of(tidy(self.runs), shown), []
        for value in shown[axis]:
            seeds = chosen[chosen[axis] == value]
            run = seeds[seeds["seed"] == median_seed(seeds)].iloc[0]
            lines = [setting_name(axis, value), *(setting_name(setting, run[setting]) for setting in others)]
            if others and len(lines[0]) + len(lines[1]) < 36:
                lines[:2] = [", ".join(lines[:2])]
            lines += [f"seed {run['seed']}: {run['test_accuracy']:.3f} correct"]
            networks.append(("\n".join(lines), self._on_plane(self.results.network(run))))
        at_best = " at its best settings," if others else ","
        note = f"each {singular(axis)}{at_best} the seed with the median test accuracy"
        return networks, [note, *setting_notes(summary, [axis]), *left_out(plural(axis), shown, best)]

    @property
    def ensemble(self) -> Callable[[pd.Series, int], Sequence[PredictProba]]:
        """Of a row of the summary, the functions of at most so many seeds."""
        return lambda row, most: [self._on_plane(network) for network in self.results.networks(row, most)]

    def _on_plane(self, network: Any) -> PredictProba:
        inputs = self._trained_on.inputs
        return lambda X: network.predict_proba(inputs(X))

    def _own(self, table: pd.DataFrame) -> pd.DataFrame:
        keep = np.ones(len(table), dtype=bool)
        for column, value in self.problem.items():
            keep &= (table[column] == value).to_numpy()
        return table if keep.all() else table[keep]

    def given(self, function: Callable[..., Any], options: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of a plot function that are found here, unless they are among the options."""
        wanted = inspect.signature(function).parameters
        return {name: getattr(self, name) for name in wanted if _is_here(name) and name not in options}


def _is_here(parameter: str) -> bool:
    return isinstance(vars(Material).get(parameter), property | cached_property)


def method(function: Callable[..., Any], results: Any) -> Callable[..., Any]:
    """A plot function as a method of results: of the other arguments, and which problem, where there are several."""

    def plot(*arguments: Any, problem: Mapping[str, Any] | pd.Series | None = None, **options: Any) -> Any:
        material = Material(results, _one_problem(results, problem))
        given = material.given(function, options)
        others = [parameter for name, parameter in every.parameters.items() if name not in given]
        bound = every.replace(parameters=others).bind(*arguments, **options)
        return function(**given, **bound.arguments)

    every = inspect.signature(function)
    own = inspect.Parameter("problem", inspect.Parameter.KEYWORD_ONLY, default=None)
    others = [parameter for name, parameter in every.parameters.items() if not _is_here(name)]
    plot.__signature__ = every.replace(parameters=[*others, own])  # type: ignore[attr-defined]
    plot.__doc__, plot.__name__ = function.__doc__, function.__name__
    return plot


def _one_problem(results: Any, asked: Mapping[str, Any] | pd.Series | None) -> dict[str, Any]:
    problems = results.summary[results.problem_columns].drop_duplicates().to_dict("records")
    if asked is not None:
        return {column: asked[column] for column in results.problem_columns}
    if len(problems) > 1:
        names = ", ".join(map(problem_name, problems[:3])) + (", ..." if len(problems) > 3 else "")
        raise ValueError(f"expected problem=, a row of the summary, for a sweep of {len(problems)} problems: {names}")
    return dict(problems[0])
