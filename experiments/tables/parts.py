"""Facts about each replicate's data: class counts and the best constant prediction."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from experiments.datasets.data import Data
from experiments.datasets.partition import validation
from experiments.datasets.source import Source
from experiments.design import ProblemKey, Run
from experiments.tables.judging import Judge
from experiments.tables.problems import class_counts
from experiments.tables.statistics import constant_cost

_JUDGES_KEPT = 256  # each has its test points


class About(NamedTuple):
    """Facts about one part of the data that the tables need."""

    constant_cost: float  # of the best constant prediction, on the training part
    majority: float  # share of the largest class in the test part; 0, the R^2 of the mean, for a regression
    test_share: float  # examples to test on, for each to train on
    shares: tuple[float, ...] = ()  # of each class in the test part


def about_part(data: Data, class_weight: str = "none", trained: npt.NDArray[np.int64] | None = None) -> About:
    """The facts that tables need. Class weights are applied in the cost.

    ``trained``: the training examples that are not for validation; None for all.
    """
    share = data.Y_test.size / data.Y.size
    Y = data.Y if trained is None else data.Y[:, trained]
    if data.task == "regression":
        # The mean of the whole training part is 0.
        away = Y[0] if trained is None else Y[0] - math.fsum(Y[0].tolist()) / Y.size
        squares = away * away
        return About(0.5 * math.fsum(squares.tolist()) / squares.size, 0.0, share)
    training, test = class_counts(data, Y), class_counts(data, data.Y_test)
    if class_weight == "balanced":
        training = [int(n > 0) for n in training]
    shares = tuple(n / max(1, sum(test)) for n in test)
    return About(constant_cost(training), max(shares), share, shares)


class Part(NamedTuple):
    """One part of the data: facts about it, and the judge of networks on its test part."""

    about: About
    judge: Judge | None


class Parts:
    """The part that each run was trained and tested on.

    ``metrics`` are those not recorded during training, ``validation`` is the fraction that was for validation.
    """

    def __init__(
        self, sources: Mapping[ProblemKey, Source], metrics: Sequence[str], validation: float | None = None
    ) -> None:
        self._sources, self.metrics, self._validation = sources, list(metrics), validation
        self._known: dict[tuple[object, ...], About] = {}
        self._judges: OrderedDict[tuple[object, ...], Judge] = OrderedDict()

    def vary(self, problem: ProblemKey) -> bool:
        """Whether each replicate has its own part."""
        return self._validation is not None or self._sources[problem].varies

    def of(self, series: Run, seed: int) -> Part:
        """The part of a run, given by its series and its seed."""
        source = self._sources[series.problem]
        key = (series.problem, *((seed, series.fold) if source.varies else ()))
        weighted = (*key, series.class_weight, None if self._validation is None else seed)
        if weighted in self._known and (not self.metrics or key in self._judges):
            return Part(self._known[weighted], self._judges.get(key))
        data = source.part(seed, series.fold)
        trained = None
        if self._validation is not None:
            trained, _ = validation(data.Y[0], data.class_names, data.groups, seed, self._validation)
        self._known[weighted] = about_part(data, series.class_weight, trained)
        if self.metrics:
            classes = len(data.class_names)
            self._judges[key] = Judge(self.metrics, data.X_test, data.Y_test, data.task, classes, data.target_scale)
            if len(self._judges) > _JUDGES_KEPT:
                self._judges.popitem(last=False)
        return Part(self._known[weighted], self._judges.get(key))
