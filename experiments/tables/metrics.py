"""Metrics in the tables: which there are, what their columns are called, and which way they rank.

What a metric is, and its arithmetic, is in `planar_core.metrics`, below everything that lets a metric be chosen; this
module has its names in tables. `evaluate` and `Evaluator` judge networks by their outputs.
"""

from __future__ import annotations

from collections.abc import Sequence

from planar_core.metrics import METRICS, Evaluator, Metric, checked_metrics, evaluate, metrics_of

__all__ = [
    "METRICS",
    "Evaluator",
    "Metric",
    "checked_metrics",
    "evaluate",
    "help_of",
    "measures",
    "metrics_of",
    "ranking",
    "test_column",
    "train_column",
]


def test_column(name: str) -> str:
    """The column of runs.csv that has a metric of the test part: auc -> test_auc."""
    return f"test_{name}"


def train_column(task: str) -> str:
    """The column of runs.csv that has the default metric of the training part: train_accuracy or train_r2."""
    return f"train_{metrics_of(task)[0]}"


def measures(names: Sequence[str], task: str) -> tuple[str, ...]:
    """The columns of runs.csv that `summarize` is given, the one that ranks first.

    The metrics asked for (none: the default of the task), the default metric, which curves are made of, in the test
    and the training part, and the cost. So ["auc"] gives test_auc, test_accuracy, train_accuracy, cost.
    """
    default = metrics_of(task)[0]
    tested = dict.fromkeys([*checked_metrics(names, task), default])
    return (*(test_column(name) for name in tested), train_column(task), "cost")


def ranking(names: Sequence[str], task: str) -> Metric:
    """The metric that ranks: the first that is asked for, or the default of the task."""
    return METRICS[checked_metrics(names, task)[0]]


def help_of(task: str | None = None) -> list[str]:
    """A line for each metric of a task, or of all: its name, what it is, and which way it is better."""
    names = metrics_of(task) if task else tuple(METRICS)
    width = max(len(name) for name in names)
    way = {True: "larger", False: "smaller"}
    return [
        f"{name:<{width}}  {METRICS[name].help}; the {way[METRICS[name].larger_is_better]} the better" for name in names
    ]
