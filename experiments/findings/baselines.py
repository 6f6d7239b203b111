"""What a network has to beat: the best answer that ignores the features, and a linear model."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from planar_core.elementary import evaluate
from planar_core.linear import linear_outputs, logistic, ridge
from planar_core.metrics import BINARY, REGRESSION, Evaluator

Floats = npt.NDArray[np.float64]
PENALTY = 1.0  # of the linear model: Ridge(alpha=1), LogisticRegression(C=1) of scikit-learn


class Baselines(NamedTuple):
    """Each metric of the test part, in the order of the names."""

    constant: Floats  # of the answer that ignores the features
    linear: Floats  # of ridge or logistic regression


def constant_outputs(Y: npt.ArrayLike, task: str, classes: int = 2) -> Floats:
    """The outputs (units, 1) of least cost that are the same for every example, for a training part Y (examples,).

    The logit of the share of class 1; with several classes the logarithm of each one's share; the mean of the values.
    A class that no example has gets a share of 0: its output is -inf, and where only class 1 is there, inf.
    """
    y = np.asarray(Y, dtype=np.float64).reshape(-1)
    if task == REGRESSION:
        return np.array([[y[0] + math.fsum((y - y[0]).tolist()) / len(y)]])  # a constant target is exactly itself
    counts = np.bincount(y.astype(np.int64), minlength=2 if task == BINARY else classes)
    logs = evaluate("log", counts.astype(np.float64)).astype(np.float64)
    if task == BINARY:
        return (logs[1:] - logs[:1])[:, np.newaxis]
    return (logs - float(evaluate("log", np.array([float(len(y))]))[0]))[:, np.newaxis]


def baselines(
    names: tuple[str, ...],
    train: tuple[Floats, npt.ArrayLike],
    test: tuple[Floats, npt.ArrayLike],
    task: str,
    classes: int = 2,
) -> Baselines:
    """Both, judged by some metrics on the test part; nan without one.

    ``train`` and ``test`` are (X, Y) each: X (features, examples), Y (examples,) or (1, examples).
    """
    (X, Y), (X_test, Y_test) = train, test
    judge = Evaluator(names, Y_test, task, None if task in (BINARY, REGRESSION) else classes)
    constant = np.repeat(constant_outputs(Y, task, classes), X_test.shape[1], axis=1)
    units = 2 if task == BINARY else classes
    model = ridge(X, Y, PENALTY) if task == REGRESSION else logistic(X, Y, units, PENALTY)
    return Baselines(judge(constant), judge(linear_outputs(model, X_test)))
