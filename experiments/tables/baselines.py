"""Baselines for every network: a constant prediction and a linear model.

The constant prediction is the largest class of the training part, or the mean of its target. The linear model is
logistic or ridge regression with a penalty of 1 on the same features; see ``planar_core.linear``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.datasets.data import Data
from experiments.datasets.source import Source
from experiments.design import Design
from experiments.knobs.declared import FOLD, SEED
from experiments.tables.judging import Judge
from experiments.tables.problems import class_counts
from experiments.tables.tables import Tables
from experiments.text import quoted
from planar_core.choices import METRICS
from planar_core.elementary import evaluate
from planar_core.linear import linear_outputs, logistic, ridge

Floats = npt.NDArray[np.float64]
PENALTY = 1.0  # of the linear model: Ridge(alpha=1), LogisticRegression(C=1) of scikit-learn
KINDS = ("constant", "linear")
MOST_NUMBERS = 10**8  # features x examples x replicates, which take some seconds


def baselines(design: Design, source: Source, metric: str) -> dict[str, Any]:
    """The baselines of a problem, as plain values: metric, constant ``answer``, ``constant`` and ``linear``.

    The last two are lists with a value for each replicate, or one value if all replicates have the same data. For very
    large data only the first replicates are computed.
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
    found = judged(
        (metric,), (data.X, data.Y), (data.X_test, data.Y_test), data.task, len(data.class_names), data.target_scale
    )
    return _plain(found.constant[0]), _plain(found.linear[0])


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


class Judged(NamedTuple):
    """The metrics on the test part, in the order of their names."""

    constant: Floats  # of the constant prediction
    linear: Floats  # of ridge or logistic regression


def judged(
    names: Sequence[str],
    train: tuple[Floats, npt.ArrayLike],
    test: tuple[Floats, npt.ArrayLike],
    task: str,
    classes: int = 2,
    scale: tuple[float, float] = (0.0, 1.0),
) -> Judged:
    """The metrics of both baselines on the test part; nan if a metric is undefined.

    ``train`` and ``test`` are (X, Y) each: X (features, examples), Y (examples,) or (1, examples). ``scale`` is
    ``Data.target_scale``.
    """
    X, Y = train[0], np.asarray(train[1], np.float64).reshape(-1)
    X_test, Y_test = test[0], np.asarray(test[1], np.float64).reshape(1, -1)
    judge = Judge(names, X_test, Y_test, task, classes, scale)
    constant = np.repeat(constant_outputs(Y, task, classes), Y_test.size, axis=1)
    model = ridge(X, Y, PENALTY) if task == "regression" else logistic(X, Y, classes, PENALTY)
    return Judged(judge.of_outputs(constant), judge.of_outputs(linear_outputs(model, X_test)))


def constant_outputs(Y: npt.ArrayLike, task: str, classes: int = 2) -> Floats:
    """The constant outputs (units, 1) with the lowest cost on a training part Y (examples,).

    The logit of the share of class 1; for several classes, the logarithm of each share; for values, their mean. A class
    without examples has a share of 0 and the output -inf; if there is only class 1, the output is inf.
    """
    y = np.asarray(Y, dtype=np.float64).reshape(-1)
    if task == "regression":
        return np.array([[y[0] + math.fsum((y - y[0]).tolist()) / len(y)]])  # exact for a constant target
    counts = np.bincount(y.astype(np.int64), minlength=2 if task == "binary" else classes)
    logs = evaluate("log", counts.astype(np.float64)).astype(np.float64)
    if task == "binary":
        return np.asarray((logs[1:] - logs[:1])[:, np.newaxis], np.float64)
    return np.asarray((logs - float(evaluate("log", np.array([float(len(y))]))[0]))[:, np.newaxis], np.float64)


def _answer(data: Data) -> str:
    """The name of the constant prediction."""
    if data.task == "regression":
        return "the mean"
    counts = class_counts(data, data.Y)
    return data.class_names[counts.index(max(counts))]


def constant_name(answer: str, metric: str) -> str:
    """``always predicting 'no'``, ``always predicting the mean``."""
    if METRICS[metric].needs == "values":
        return "always predicting the mean"
    return f"always predicting {quoted(answer)}"


def baseline_rows(tables: Tables, row: pd.Series) -> list[tuple[str, float]]:
    """Names and mean values of the baselines of a row's problem, for tables and pictures."""
    found = tables.about_of(row).get("baselines")
    if not found or found["metric"] != tables.metric:
        return []
    rows: list[tuple[str, float]] = []
    for kind, name in zip(KINDS, (constant_name(found["answer"], found["metric"]), "linear model"), strict=True):
        values: Floats = np.array([np.nan if v is None else v for v in found[kind]])
        if np.isfinite(values).any():
            rows.append((name, float(np.nanmean(values))))
    return rows
