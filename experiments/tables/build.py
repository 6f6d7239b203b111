"""The store -> tables, in one reading."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from experiments.design import Design, Run
from experiments.store.store import MEASURES, STATUSES, Store, StoredRun
from experiments.tables.problems import fingerprints
from experiments.tables.statistics import constant_cost, significant, summarize, target_of, targets
from experiments.tables.stored import identity, stored_runs
from experiments.tables.tables import Tables
from experiments.tables.targets import Climbs
from planar_core.training import recorded_iterations


def build(
    design: Design,
    about: list[dict[str, Any]],
    opened: Store,
    each: Callable[[Run, int, StoredRun], None] | None = None,
) -> Tables:
    """The tables of a sweep whose runs are all in the store, which has to stay open for them.

    ``each`` is called for every run on the way. Raises ResultsError for a run that is missing or damaged.
    """
    of_problem = {problem: each["class_counts"] for problem, each in zip(design.problems(), about, strict=True)}
    counts = [of_problem[configuration.problem] for configuration in design.configurations()]
    majority = [max(of["test"]) / max(1, sum(of["test"])) for of in counts]
    n_seeds = len(design.values["seed"])

    status = np.zeros(len(design), np.int8)
    final = np.full((len(MEASURES), len(design)), np.nan)
    errors = np.full(len(design), "", dtype=object)
    climbs, floors = Climbs(), dict.fromkeys(of_problem, -np.inf)
    for position, (configuration, seed, run) in enumerate(stored_runs(design, fingerprints(design, about), opened)):
        status[position] = STATUSES.index(run.status)
        errors[position] = run.error
        if run.curves.shape[1]:
            final[:, position] = run.curves[:, -1]
        climbs.add(run.curves[-1], floors[configuration.problem])
        if (position + 1) % n_seeds == 0:  # the last run of its configuration
            accuracies = final[-1, position + 1 - n_seeds : position + 1]
            reached = target_of(_mean(accuracies), majority[position // n_seeds])
            floors[configuration.problem] = max(floors[configuration.problem], reached - _ROUNDING)
        if each is not None:
            each(configuration, seed, run)

    runs = pd.DataFrame(identity(design))
    runs["iterations"] = design.iterations
    runs["status"] = pd.Series(np.array(STATUSES, dtype=object)[status], dtype=str)
    for measure, values in zip(MEASURES, final, strict=True):
        runs[measure] = values
    runs["error"] = pd.Series(errors, dtype=str)
    constant = np.repeat([constant_cost(of["training"]) for of in counts], n_seeds)
    summary = summarize(runs, [name for name in design.columns if name != "seed"], design.problem_columns, constant)
    _add_iterations_to_target(summary, targets(summary, design.problem_columns, majority), climbs, design)
    return Tables(runs, summary, design, about, opened)


_ROUNDING = 1e-6  # of a mean in the summary, and more


def _mean(accuracies: np.ndarray[Any, Any]) -> float:
    finite = accuracies[np.isfinite(accuracies)]
    return float(finite.mean()) if finite.size else -np.inf


def _add_iterations_to_target(
    summary: pd.DataFrame, target: np.ndarray[Any, Any], climbs: Climbs, design: Design
) -> None:
    at = recorded_iterations(design.iterations, design.record_every)
    first = climbs.first(np.repeat(target, len(design.values["seed"])), at).reshape(len(summary), -1)
    summary["target_test_accuracy"] = target
    summary["n_reached_target"] = np.isfinite(first).sum(axis=1)
    # Half of all runs that did not fail: those that never reach it take forever.
    in_order, runs = np.sort(first, axis=1), (summary["n_seeds"] - summary["n_failed"]).to_numpy()
    median = [
        0.5 * (row[(n - 1) // 2] + row[n // 2]) if n else np.nan for row, n in zip(in_order, runs.tolist(), strict=True)
    ]
    summary["median_iterations_to_target"] = significant(np.where(np.isfinite(median), median, np.nan))
