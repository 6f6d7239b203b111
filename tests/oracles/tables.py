"""Slow and obvious versions of what is done to tables. Imports nothing from the code under test."""

from __future__ import annotations

import math
import statistics
from fractions import Fraction
from typing import Any

import numpy as np


def number(text: Any, decimal: Any = ".") -> Any:
    """The number that a text with grouped thousands spells, exactly rounded."""
    other = "," if decimal == "." else "."
    for mark in (other, "'", "\u2019", " ", "\u00a0"):
        text = text.replace(mark, "")
    return float(Fraction(text.replace(decimal, ".")))


def fixed_split(labels: Any, fraction: Any = 0.25) -> Any:
    """Training and test rows of today's one split: of each class the first of a permutation by RandomState(0)."""
    order = np.random.RandomState(0).permutation(len(labels)).tolist()
    test = []
    for label in sorted(set(labels)):
        members = [row for row in order if labels[row] == label]
        test += members[: math.floor(fraction * len(members) + 0.5)]
    return [row for row in range(len(labels)) if row not in set(test)], sorted(test)


def standardized(train: Any, values: Any) -> Any:
    """(x - mean) / standard deviation of the training values, in the steps of today's arithmetic, number by number."""
    _, exponent = math.frexp(max(abs(x) for x in train))
    scaled = [math.ldexp(x, -exponent) for x in train]
    shift = scaled[0]
    shifted = [x - shift for x in scaled]
    mean = math.fsum(shifted) / len(shifted)
    deviation = math.sqrt(math.fsum((x - mean) * (x - mean) for x in shifted) / len(shifted))
    if deviation == 0:
        return [0.0] * len(values)
    return [min(1e30, max(-1e30, (_halved(x, exponent) - shift - mean) / deviation)) for x in values]


def _halved(x: Any, times: Any) -> Any:
    """x / 2^times, infinite where it is too large."""
    try:
        return math.ldexp(x, -times)
    except OverflowError:
        return math.copysign(math.inf, x)


def filled(train: Any, values: Any) -> Any:
    """The values with the training median in place of None."""
    median = statistics.median(x for x in train if x is not None)
    return [median if x is None else x for x in values]


def nearest_neighbour_accuracy(X: Any, y: Any, X_test: Any, y_test: Any) -> Any:
    """Part of the test points, columns of X_test, whose nearest training point has their label."""
    distances = ((np.asarray(X_test).T[:, None, :] - np.asarray(X).T[None, :, :]) ** 2).sum(axis=2)
    return float((np.asarray(y)[distances.argmin(axis=1)] == np.asarray(y_test)).mean())
