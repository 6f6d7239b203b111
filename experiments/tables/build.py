"""From the store to the tables, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from experiments.datasets.source import Source
from experiments.design import Design, ProblemKey, Run
from experiments.store.store import CURVES, STATUSES, Store, StoredRun
from experiments.tables.parts import Parts
from experiments.tables.problems import identities, outputs_of, score_of
from experiments.tables.statistics import significant, summarize, target_of, targets
from experiments.tables.stored import identity, measures, stored_runs
from experiments.tables.tables import Tables
from experiments.tables.targets import Climbs
from planar_core import steps
from planar_core.choices import METRICS
from planar_core.network import Parameters
from planar_core.training import recorded_iterations

_ROUNDING = 1e-6  # at least that of a mean in the summary
_TEST_SCORE = CURVES.index("test_score")


def build(
    design: Design,
    about: list[dict[str, Any]],
    sources: Mapping[ProblemKey, Source],
    opened: Store,
    each: Callable[[Run, int, StoredRun], None] | None = None,
) -> Tables:
    """The tables of a sweep whose runs are all stored; the store must stay open while they are used.

    ``each`` is called for every run. Raises ResultsError for a missing or damaged run.
    """
    score, n = score_of(about), design.n_replicates
    metrics = design.metrics or [score]
    parts = Parts(sources, [name for name in metrics if name != score])
    status = np.zeros(len(design), np.int8)
    final = np.full((len(CURVES), len(design)), np.nan)
    errors = np.full(len(design), "", dtype=object)
    constant, majority, test_share = np.empty(len(design)), np.empty(len(design)), np.empty(len(design))
    judged = np.full((len(parts.metrics), len(design)), np.nan)
    one_class = np.zeros(len(design), bool)
    shapes = _shapes(design, about)
    climbs, floors = Climbs(), dict.fromkeys(sources, -np.inf)
    for position, (series, seed, run) in enumerate(stored_runs(design, identities(design, about), opened)):
        status[position] = STATUSES.index(run.status)
        errors[position] = run.error
        part = parts.of(series, seed)
        constant[position], majority[position], test_share[position], shares = part.about
        if run.curves.shape[1]:
            final[:, position] = run.curves[:, -1]
        if part.judge is not None and run.status != "failed":
            judged[:, position] = part.judge(run.network(*shapes[series.problem](series)), series.activation)
        if run.status != "failed" and final[_TEST_SCORE, position] in shares:  # as where all answers are of one class
            network = run.network(*shapes[series.problem](series))
            one_class[position] = _answers_one_class(network, series, sources[series.problem], seed)
        climbs.add(run.curves[_TEST_SCORE], floors[series.problem])
        if (position + 1) % n == 0:  # the last run of its configuration
            these = slice(position + 1 - n, position + 1)
            reached = target_of(_mean(final[_TEST_SCORE, these]), majority[these].mean())
            floors[series.problem] = max(floors[series.problem], reached - _ROUNDING)
        if each is not None:
            each(series, seed, run)

    runs = pd.DataFrame(identity(design))
    runs["iterations"] = design.iterations
    runs["status"] = pd.Series(np.array(STATUSES, dtype=object)[status], dtype=str)
    for measure, values in zip(measures(score), final, strict=True):
        runs[measure] = values
    for name, values in zip(parts.metrics, judged, strict=True):
        runs[f"test_{name}"] = values
    runs["error"] = pd.Series(errors, dtype=str)
    tested = dict.fromkeys([*metrics, score])
    overlaps = np.array([_overlaps(sources[series.problem]) for series in design.all_series()])
    summary = summarize(
        runs,
        design.configuration_columns,
        design.problem_columns,
        constant,
        measures=[*(f"test_{name}" for name in tested), f"train_{score}", "cost", "test_cost"],
        larger_is_better=METRICS[metrics[0]].larger_is_better,
        replicates=list(reversed(design.replicate_columns)),
        test_share=np.where(np.repeat(overlaps, len(design) // max(1, len(overlaps))), test_share, 0.0),
    )
    if score == "accuracy":
        position_of = list(summary.columns).index("n_stuck") + 1
        summary.insert(position_of, "n_one_class", one_class.reshape(-1, n).sum(axis=1))
    of_configuration = majority.reshape(-1, n).mean(axis=1)
    _add_iterations_to_target(
        summary, targets(summary, design.problem_columns, of_configuration, score), climbs, design, score
    )
    return Tables(runs, summary, design, about, opened)


def _answers_one_class(network: Parameters, series: Run, source: Source, seed: int) -> bool:
    """Whether a network predicts the same class for all test points."""
    data = source.part(seed, series.fold)
    answers = steps.predict(network, data.X_test, series.activation, data.task)
    return len(np.unique(answers)) == 1


def _overlaps(source: Source) -> bool:
    """Whether the training parts of replicates overlap: splits of one table do, new draws do not."""
    return source.varies and "split" in source.identity


def _shapes(
    design: Design, about: Sequence[Mapping[str, Any]]
) -> dict[ProblemKey, Callable[[Run], tuple[int, str, str, int]]]:
    """The arguments of ``StoredRun.network`` for each problem."""

    def of(each: Mapping[str, Any]) -> Callable[[Run], tuple[int, str, str, int]]:
        return lambda run: (each["features"], run.hidden, design.dtype, outputs_of(each))

    return {problem: of(each) for problem, each in zip(design.problems(), about, strict=True)}


def _mean(scores: np.ndarray[Any, Any]) -> float:
    finite = scores[np.isfinite(scores)]
    return float(finite.mean()) if finite.size else -np.inf


def _add_iterations_to_target(
    summary: pd.DataFrame, target: np.ndarray[Any, Any], climbs: Climbs, design: Design, score: str
) -> None:
    at = recorded_iterations(design.iterations, design.record_every)
    first = climbs.first(np.repeat(target, design.n_replicates), at).reshape(len(summary), -1)
    summary[f"target_test_{score}"] = target
    summary["n_reached_target"] = np.isfinite(first).sum(axis=1)
    # The median over all runs that did not fail; those that never reach the target count as infinite.
    in_order = np.sort(first, axis=1)
    finished = (design.n_replicates - summary["n_failed"]).tolist()
    median = [
        0.5 * (row[(n - 1) // 2] + row[n // 2]) if n else np.nan for row, n in zip(in_order, finished, strict=True)
    ]
    summary["median_iterations_to_target"] = significant(np.where(np.isfinite(median), median, np.nan))
