"""The metric of the best configuration on points that played no part in choosing it.

Picking the best of many inflates its measured accuracy. For generated data, it is therefore measured again on fresh
points. For other data, the test points are halved and the choice is cross-fitted: the best configuration is chosen on
one half and measured on the other, and vice versa.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pandas as pd

from experiments.findings.baselines import comparisons
from experiments.findings.groups import Group, groups, mean, rows
from experiments.store.store import CURVES
from experiments.tables.statistics import best_configurations, rank_column, significant
from experiments.tables.tables import Points, Tables
from planar_core.network import Array
from planar_core.training import recorded_iterations

MOST_CONFIRMED = 100  # problems, since each has its own data
MOST_SEEDS = 1000  # networks evaluated on fresh points: more would not change the mean noticeably
MOST_CROSS_FITTED = 100_000  # runs: in a larger sweep only the networks of the most promising configurations
PROMISING = 1000
MOST_BYTES = 2**26  # of test parts that are kept while configurations are cross-fitted
LATEST_TURN = 0.7  # of the training: a later minimum of the test cost is not long before the end
CLEAR_RISE = 0.02  # of the lowest test cost


def confirmations(tables: Tables) -> list[dict[str, Any]]:
    """For each problem, its best configuration and its metric on points that played no part in choosing it.

    ``points`` says which: "fresh", or "halves" of the test points; "" if there are none. Plain values for the manifest,
    with 9 significant digits; None for a missing number.
    """
    found = []
    for k, group in enumerate(groups(tables)):
        best = group.table.iloc[0]
        points, n, score = "", 0, None
        is_ranked = not pd.isna(best[rank_column(group.table)])
        if k < MOST_CONFIRMED and is_ranked:
            points, n, score = _confirmed(tables, group)
        configuration = {name: best[name] for name in tables.columns if name in best.index}
        found.append(
            {
                "configuration": {name: _plain(value) for name, value in configuration.items()},
                "points": points,
                "n_points": n,
                "metric": tables.metric,
                f"test_{tables.metric}": score,
                "turned_at": turned_at(tables, group.position) if group.draws == 1 and is_ranked else None,
                "baselines": comparisons(tables, best, group.position) if group.draws == 1 and is_ranked else None,
            }
        )
    return found


def turned_at(tables: Tables, best: int) -> int | None:
    """The iteration with the lowest mean test cost of a configuration, by position, if it was long before the end.

    Also None with early stopping, which does not keep the networks of the end.
    """
    if tables.design.patience is not None:
        return None
    curves = tables.stacked_curves(best, MOST_SEEDS)[CURVES.index("test_cost")]
    if curves.shape[1] < 2 or not np.isfinite(curves).all():
        return None
    course = [mean(at) for at in curves.T]
    lowest = course.index(min(course))
    if lowest > LATEST_TURN * (len(course) - 1) or course[-1] < (1 + CLEAR_RISE) * course[lowest]:
        return None
    iterations = tables.design.configuration(best).iterations
    return int(recorded_iterations(iterations, tables.design.record_every_of(iterations))[lowest])


def _plain(value: Any) -> Any:
    """None for the nan of a setting without effect: JSON has no nan."""
    plain = value.item() if isinstance(value, np.generic) else value
    return plain if plain == plain else None


def _confirmed(tables: Tables, group: Group) -> tuple[str, int, float | None]:
    at = rows(tables.summary, group.table.iloc[0], list(group.problem))
    means, points, n = [], "", 0
    for _, of_problem in tables.summary.iloc[at].groupby(tables.problem_columns, sort=False):
        first = tables.fresh(int(of_problem.index[0]), tables.design.values["seed"][0])
        if first is not None:
            best = rows(of_problem, group.table.iloc[0], tables.columns)
            position = int(of_problem.index[best[0]])
            (scores,) = tables.scores(position, _fresh_points(tables, position), MOST_SEEDS)
            points, n, score = "fresh", first.Y_test.size, mean(scores)
        else:
            points, n, score = "halves", *_cross_fitted(tables, of_problem)
        if np.isfinite(score):
            means.append(score)
    return (points, n, float(significant(mean(np.array(means))))) if means else ("", 0, None)


def _fresh_points(tables: Tables, position: int) -> Points:
    def points(seed: int, _: int | None) -> list[tuple[Array, Array, tuple[float, float]]]:
        fresh = tables.fresh(position, seed)
        assert fresh is not None
        return [(fresh.X_test, fresh.Y_test, fresh.target_scale)]

    return points


def _cross_fitted(tables: Tables, of_problem: pd.DataFrame) -> tuple[int, float]:
    """Half the number of test points, and the cross-fitted mean score: chosen on one half, measured on the other."""
    source = tables.source(of_problem.iloc[0])
    if source.first.Y_test.size < 2 or len(of_problem) < 2:
        return 0, float("nan")

    @functools.lru_cache(max(1, MOST_BYTES // source.first.X_test.nbytes))  # all configurations have the same ones
    def points(seed: int, fold: int | None) -> list[tuple[Array, Array, tuple[float, float]]]:
        data = source.part(seed, fold)
        return [(data.X_test[:, half], data.Y_test[:, half], data.target_scale) for half in data.test_halves]

    candidates = best_configurations(of_problem.assign(position=of_problem.index), tables.problem_columns)
    if "race" in candidates:  # what is out has few replicates, of which the mean may be high by chance
        candidates = candidates[candidates["race"] != "out"]
    if tables.design.n_runs > MOST_CROSS_FITTED:
        candidates = candidates.head(PROMISING)
    positions = np.sort(candidates["position"].to_numpy())
    means = np.array([[mean(of_half) for of_half in tables.scores(int(at), points)] for at in positions])
    means = significant(significant(means, 12))
    if np.isnan(means).all(axis=0).any():
        return 0, float("nan")
    sign = 1.0 if tables.larger_is_better else -1.0
    chosen = [int(np.nanargmax(sign * means[:, half])) for half in (0, 1)]
    return len(source.first.test_halves[0]), 0.5 * (means[chosen[0], 1] + means[chosen[1], 0])
