"""What is known of each replicate's data: how many examples, and what the best constant answer is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from experiments.datasets.data import Data
from experiments.datasets.source import Source
from experiments.design import ProblemKey, Run
from experiments.tables.problems import class_counts
from experiments.tables.statistics import constant_cost


class About(NamedTuple):
    """Of one part of the data, as far as tables need it."""

    constant_cost: float  # of the best constant prediction, on the training part
    majority: float  # share of the largest class in the test part; 0, the R^2 of the mean, for a regression
    test_share: float  # examples to test on, for each to train on


def about_part(data: Data, class_weight: str = "none") -> About:
    """What tables need to know of it. Weights of classes count in the cost."""
    share = data.Y_test.size / data.Y.size
    if data.task == "regression":
        deviations = data.Y[0] - 0.0
        return About(0.5 * sum((deviations * deviations).tolist()) / deviations.size, 0.0, share)
    training, test = class_counts(data, data.Y), class_counts(data, data.Y_test)
    if class_weight == "balanced":
        training = [int(n > 0) for n in training]
    return About(constant_cost(training), max(test) / max(1, sum(test)), share)


class Parts:
    """What is known of the part that each run was trained on; read once for each part."""

    def __init__(self, sources: Mapping[ProblemKey, Source]) -> None:
        self._sources = sources
        self._known: dict[tuple[object, ...], About] = {}

    def of(self, series: Run, seed: int) -> About:
        """Of a run, given by its series and its seed."""
        source = self._sources[series.problem]
        key = (series.problem, series.class_weight, *((seed, series.fold) if source.varies else ()))
        if key not in self._known:
            data = source.part(seed, series.fold) if source.varies else source.first
            self._known[key] = about_part(data, series.class_weight)
        return self._known[key]
