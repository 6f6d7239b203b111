"""What was found on points that played no part in choosing.

Picking the best of many inflates its measured accuracy: luck with the test points is a part of why it is the best. So
it is confirmed on points that nobody has looked at. Where data are generated, these are fresh ones. Otherwise the test
points are halved: the configuration is chosen by one half and judged by the other, and the other way round, which says
what choosing like this is worth.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from experiments.findings.groups import Group, groups, mean, rows
from experiments.tables.statistics import best_configurations, significant
from experiments.tables.tables import Tables

MOST_CONFIRMED = 100  # problems, as each has data of its own
MOST_SEEDS = 1000  # of which the networks are tried on fresh points: the mean of more is no other
MOST_CROSS_FITTED = 100_000  # runs: of a larger sweep, the networks of the most promising configurations alone
PROMISING = 1000


def confirmations(tables: Tables) -> list[dict[str, Any]]:
    """For each problem, its best configuration and its accuracy on points that played no part in choosing it.

    ``points`` says which: "fresh", or "halves" of the test points; "" if there are none. As plain values, for the
    manifest. The accuracies have 9 significant digits; None is for no number.
    """
    found = []
    for k, group in enumerate(groups(tables)):
        best = group.table.iloc[0]
        points, n, accuracy = "", 0, None
        if k < MOST_CONFIRMED and not pd.isna(best["rank_test_accuracy"]):
            points, n, accuracy = _confirmed(tables, group)
        configuration = {name: best[name] for name in tables.columns if name in best.index}
        found.append(
            {
                "configuration": {name: _plain(value) for name, value in configuration.items()},
                "points": points,
                "n_points": n,
                "test_accuracy": accuracy,
            }
        )
    return found


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _confirmed(tables: Tables, group: Group) -> tuple[str, int, float | None]:
    at = rows(tables.summary, group.table.iloc[0], list(group.problem))
    means, points, n = [], "", 0
    for _, of_problem in tables.summary.iloc[at].groupby(tables.problem_columns, sort=False):
        fresh = tables.fresh(int(of_problem.index[0]))
        if fresh is not None:
            best = rows(of_problem, group.table.iloc[0], tables.columns)
            position = int(of_problem.index[best[0]])
            (accuracies,) = tables.accuracies(position, (fresh.X_test, fresh.Y_test), most=MOST_SEEDS)
            points, n, accuracy = "fresh", fresh.Y_test.size, mean(accuracies)
        else:
            points, n, accuracy = "halves", *_cross_fitted(tables, of_problem)
        if np.isfinite(accuracy):
            means.append(accuracy)
    return (points, n, float(significant(mean(np.array(means))))) if means else ("", 0, None)


def _cross_fitted(tables: Tables, of_problem: pd.DataFrame) -> tuple[int, float]:
    """Half the test points, and the mean accuracy on a half of the configuration that is best on the other one."""
    data = tables.data(of_problem.iloc[0])
    if data.Y_test.size < 2 or len(of_problem) < 2:
        return 0, float("nan")
    order = np.argsort(data.Y_test[0], kind="stable")  # dealt out in turn, so that the halves have the same classes
    halves = order[0::2], order[1::2]
    points = [(data.X_test[:, half], data.Y_test[:, half]) for half in halves]
    candidates = best_configurations(of_problem.assign(position=of_problem.index), tables.problem_columns)
    if len(tables.runs) > MOST_CROSS_FITTED:
        candidates = candidates.head(PROMISING)
    positions = np.sort(candidates["position"].to_numpy())
    means = np.array([[mean(of_half) for of_half in tables.accuracies(int(at), *points)] for at in positions])
    means = significant(significant(means, 12))
    if np.isnan(means).all():
        return 0, float("nan")
    chosen = [int(np.nanargmax(means[:, half])) for half in (0, 1)]
    return len(halves[0]), 0.5 * (means[chosen[0], 1] + means[chosen[1], 0])
