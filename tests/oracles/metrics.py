"""Metrics, slow and obvious: every pair is compared, every threshold is tried.

Imports nothing from the code under test.

Outputs are rows of numbers: one row of logits of two classes, a row for each class of several, one row of values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import mpmath

Rows = Sequence[Sequence[float]]


def predictions(outputs: Rows) -> list[int]:
    """The class of each example."""
    if len(outputs) == 1:
        return [int(z > 0) for z in outputs[0]]
    result = []
    for column in zip(*outputs, strict=True):
        best = 0
        for k, z in enumerate(column):
            if z > column[best]:
                best = k
        result.append(best)
    return result


def accuracy(predicted: Sequence[int], y: Sequence[int]) -> Fraction:
    return Fraction(sum(p == label for p, label in zip(predicted, y, strict=True)), len(y))


def balanced_accuracy(predicted: Sequence[int], y: Sequence[int]) -> Fraction:
    recalls = []
    for k in set(y):
        of_class = [p == k for p, label in zip(predicted, y, strict=True) if label == k]
        recalls.append(Fraction(sum(of_class), len(of_class)))
    return sum(recalls, Fraction(0)) / len(recalls)


def f1(predicted: Sequence[int], y: Sequence[int]) -> Fraction:
    of_classes = []
    for k in set(y) | set(predicted):
        true_positive = sum(p == k and label == k for p, label in zip(predicted, y, strict=True))
        of_classes.append(Fraction(2 * true_positive, sum(p == k for p in predicted) + sum(label == k for label in y)))
    return sum(of_classes, Fraction(0)) / len(of_classes)


def probabilities(outputs: Rows) -> list[list[mpmath.mpf]]:
    """One row a class, with 400 digits, so that none is rounded to 0 or 1; logits are finite.

    They come from 450, so that those that are equal in theory are equal here.
    """
    with mpmath.workdps(450):
        if len(outputs) == 1:
            ones = [1 / (1 + mpmath.exp(-mpmath.mpf(z))) for z in outputs[0]]
            rows = [[1 - p for p in ones], ones]
        else:
            columns = [[mpmath.exp(mpmath.mpf(z)) for z in column] for column in zip(*outputs, strict=True)]
            rows = [[column[k] / mpmath.fsum(column) for column in columns] for k in range(len(outputs))]
    with mpmath.workdps(400):
        return [[+p for p in row] for row in rows]


def auc(scores: Sequence[mpmath.mpf], is_class: Sequence[bool]) -> float:
    """The share of pairs of an example of the class and another in which the former has the higher score."""
    inside = [s for s, c in zip(scores, is_class, strict=True) if c]
    outside = [s for s, c in zip(scores, is_class, strict=True) if not c]
    if not inside or not outside:
        return math.nan
    halves = sum(2 if a > b else 1 if a == b else 0 for a in inside for b in outside)
    return float(Fraction(halves, 2 * len(inside) * len(outside)))


def average_precision(scores: Sequence[mpmath.mpf], is_class: Sequence[bool]) -> float:
    """Over the thresholds, from the highest: what recall gains, times precision."""
    total = sum(is_class)
    if total in (0, len(is_class)):
        return math.nan
    result, recall_before = Fraction(0), Fraction(0)
    for threshold in sorted(set(scores), reverse=True):
        taken = [c for s, c in zip(scores, is_class, strict=True) if s >= threshold]
        recall = Fraction(sum(taken), total)
        result += (recall - recall_before) * Fraction(sum(taken), len(taken))
        recall_before = recall
    return float(result)


def log_loss(outputs: Rows, y: Sequence[int]) -> float:
    p = probabilities(outputs)
    with mpmath.workdps(400):
        return float(mpmath.fsum(-mpmath.log(p[label][i]) for i, label in enumerate(y)) / len(y))


def classification(outputs: Rows, y: Sequence[int]) -> dict[str, float]:
    """Every metric of a classification; logits are finite."""
    predicted, p = predictions(outputs), probabilities(outputs)
    classes = [1] if len(outputs) == 1 else range(len(outputs))

    def averaged(of_class: list[float]) -> float:
        return math.nan if any(math.isnan(v) for v in of_class) else math.fsum(of_class) / len(of_class)

    return {
        "accuracy": float(accuracy(predicted, y)),
        "balanced_accuracy": float(balanced_accuracy(predicted, y)),
        "f1": float(f1(predicted, y)),
        "auc": averaged([auc(p[k], [label == k for label in y]) for k in classes]),
        "average_precision": averaged([average_precision(p[k], [label == k for label in y]) for k in classes]),
        "log_loss": log_loss(outputs, y),
    }


def regression(values: Sequence[float], y: Sequence[float]) -> dict[str, float]:
    """Every metric of a regression, from exact fractions."""
    errors = [Fraction(a) - Fraction(b) for a, b in zip(values, y, strict=True)]
    mean = sum((Fraction(a) for a in y), Fraction(0)) / len(y)
    sse, sst = sum(e * e for e in errors), sum((Fraction(a) - mean) ** 2 for a in y)
    if len(y) < 2:
        r2 = math.nan
    elif sst == 0:
        r2 = 1.0 if sse == 0 else 0.0
    else:
        r2 = float(1 - sse / sst)
    with mpmath.workdps(60):
        ratio = Fraction(sse) / len(y)
        rmse = float(mpmath.sqrt(mpmath.mpf(ratio.numerator) / ratio.denominator))
    return {"r2": r2, "rmse": rmse, "mae": float(sum((abs(e) for e in errors), Fraction(0)) / len(y))}
