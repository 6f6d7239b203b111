"""Standardization by the training part, with the same bits on every machine."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from experiments.datasets.number_format import Floats
from experiments.knobs.features import FARTHEST


class Scaling(NamedTuple):
    """The standardization of values x, by the mean and the standard deviation of x / 2^exponent - shift.

    exponent: scaling by a power of two, which is exact, so that squares of 1e308 do not overflow and those of 1e-308
        do not underflow
    shift: the first value, so that a constant gives exact zeros
    scaled_mean, scaled_deviation: of the shifted values, from correctly rounded sums; the variance is divided by n, as
        in scikit-learn's StandardScaler; the deviation is 0 if all values are the same
    """

    exponent: int
    shift: float
    scaled_mean: float
    scaled_deviation: float

    @classmethod
    def fit(cls, values: Floats) -> Scaling:
        """Return the scaling of training values, (examples,), all finite, at least one."""
        _, exponent = math.frexp(max(map(abs, values.tolist())))
        scaled = np.ldexp(values, -exponent)
        shift = float(scaled[0])
        scaled = scaled - shift
        mean = math.fsum(scaled.tolist()) / scaled.size
        deviations = scaled - mean
        deviation = math.sqrt(math.fsum((deviations * deviations).tolist()) / scaled.size)
        return cls(exponent, shift, mean, deviation)

    def apply(self, values: Floats) -> Floats:
        """Return (x - mean) / deviation, clipped to +-1e30; zeros if the deviation is 0."""
        if self.scaled_deviation == 0.0:
            return np.zeros(values.shape)
        with np.errstate(over="ignore"):  # a new value may be any number of deviations away
            deviations = np.ldexp(values, -self.exponent) - self.shift - self.scaled_mean
            return np.clip(deviations / self.scaled_deviation, -FARTHEST, FARTHEST)

    def restore(self, standardized: Floats) -> Floats:
        """Return the inverse of `apply`, up to rounding."""
        with np.errstate(over="ignore"):
            return np.ldexp(standardized * self.scaled_deviation + self.scaled_mean + self.shift, self.exponent)

    @property
    def mean(self) -> float:
        """The mean, in the units of the values."""
        return math.ldexp(self.scaled_mean + self.shift, self.exponent)

    @property
    def deviation(self) -> float:
        """The standard deviation, in the units of the values."""
        return math.ldexp(self.scaled_deviation, self.exponent)


def median(values: Floats) -> float:
    """Return the median of values, (examples,), without nan, at least one; the midpoint of two middle values."""
    ordered = np.sort(values)
    low, high = float(ordered[(ordered.size - 1) // 2]), float(ordered[ordered.size // 2])
    return low if low == high else 0.5 * low + 0.5 * high
