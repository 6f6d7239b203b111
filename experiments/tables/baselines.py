"""What any network has to beat: the best answer that ignores the features, and a linear model.

The constant answer is the largest class of the training part, or the mean of its target. The linear model is logistic
regression, or ridge regression, with a penalty of 1, on the same features; see ``planar_core.linear``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from experiments.datasets.data import Data
from experiments.datasets.source import Source
from experiments.design import Design
from experiments.knobs.declared import FOLD, SEED
from experiments.tables.judging import Judge
from experiments.tables.problems import class_counts
from experiments.tables.tables import Tables
from experiments.text import quoted
from planar_core.elementary import evaluate
from planar_core.linear import linear_outputs, logistic, ridge
from planar_core.network import Array

KINDS = ("constant", "linear")
MOST_NUMBERS = 10**8  # features x examples x replicates: a linear model takes some seconds for them


def baselines(design: Design, source: Source, metric: str) -> dict[str, Any]:
    """Of a problem, as plain values: the metric, the constant ``answer``, and ``constant`` and ``linear``.

    These two are lists with a value for each replicate in turn, or one value where replicates have the data in common.
    Of very large data they end after the first replicates.
    """
    of_parts = [_of(data, metric) for data in _parts(design, source)]
    constant, linear = (list(values) for values in zip(*of_parts, strict=True))
    return {"metric": metric, "answer": _answer(source.first), "constant": constant, "linear": linear}


def _parts(design: Design, source: Source) -> Iterator[Data]:
    if not source.varies:
        yield source.first
        return
    most = max(2, MOST_NUMBERS // max(1, source.first.X.size))
    replicates = ((seed, fold) for fold in design.values[FOLD.name] for seed in design.values[SEED.name])
    for _, (seed, fold) in zip(range(most), replicates, strict=False):
        yield source.part(int(seed), fold)


def _of(data: Data, metric: str) -> tuple[float | None, float | None]:
    judge = Judge([metric], data.X_test, data.Y_test, data.task, len(data.class_names), data.target_scale)
    return _plain(judge.of_outputs(_constant(data))[0]), _plain(judge.of_outputs(_linear(data))[0])


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _constant(data: Data) -> Array:
    """Outputs that ignore the features: the logs of the class shares, or the mean of the target, which is 0."""
    n = data.Y_test.size
    if data.task == "regression":
        return np.zeros((1, n))
    counts = np.array(class_counts(data, data.Y), np.float64)
    with np.errstate(divide="ignore"):
        logs = evaluate("log", counts / counts.sum())
    column = logs[:, np.newaxis] if data.task == "multiclass" else np.array([[logs[1] - logs[0]]])
    return np.repeat(column, n, axis=1)


def _linear(data: Data) -> Array:
    is_regression = data.task == "regression"
    model = ridge(data.X, data.Y) if is_regression else logistic(data.X, data.Y, len(data.class_names))
    return linear_outputs(model, data.X_test)


def _answer(data: Data) -> str:
    """What the constant answer is called."""
    if data.task == "regression":
        return "the mean"
    counts = class_counts(data, data.Y)
    return data.class_names[counts.index(max(counts))]


def constant_name(answer: str, metric: str) -> str:
    """``always answering 'no'``, ``always answering the mean``."""
    if metric in ("r2", "rmse", "mae"):
        return "always answering the mean"
    return f"always answering {quoted(answer)}"


def baseline_rows(tables: Tables, row: pd.Series) -> list[tuple[str, float]]:
    """Names and mean values of the baselines of a row's problem, for tables and pictures."""
    found = tables.about_of(row).get("baselines")
    if not found or found["metric"] != tables.metric:
        return []
    rows: list[tuple[str, float]] = []
    for kind, name in zip(KINDS, (constant_name(found["answer"], found["metric"]), "linear model"), strict=True):
        values: Array = np.array([np.nan if v is None else v for v in found[kind]])
        if np.isfinite(values).any():
            rows.append((name, float(np.nanmean(values))))
    return rows
