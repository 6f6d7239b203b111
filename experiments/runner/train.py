"""The training of networks in a worker."""

from __future__ import annotations

import functools
import itertools
import operator
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from experiments.datasets.data import Data
from experiments.datasets.partition import validation
from experiments.knobs.declared import AXES
from experiments.knobs.knob import Knob
from experiments.knobs.values import known_value
from experiments.store.store import CURVES, StoredRun
from planar_core import network, training
from planar_core.choices import NUMERICS, Hyperparameters
from planar_core.kernels import Batch, Examples
from planar_core.stopping import train_until_no_better

_OF_HYPERPARAMETERS = [axis for axis in AXES if axis.name in Hyperparameters._fields]


class Stopped(Exception):
    """A worker was asked to stop in the middle of a batch."""


@dataclass(frozen=True)
class Problem:
    """The data of a problem in the form of the kernels."""

    features: int
    train: Examples
    test: Examples
    task: str = "binary"
    outputs: int = 1
    class_weight: str = "none"
    groups: npt.NDArray[np.int64] | None = None

    @classmethod
    def of(cls, data: Data, dtype: str, class_weight: str = "none") -> Problem:
        """The padded arrays of a data set, in the precision of the training.

        Raises ValueError for class weights of a regression.
        """
        classes = len(data.class_names) if data.task == "multiclass" else None
        weights = balanced(data.Y[0]) if class_weight == "balanced" else None
        examples = functools.partial(network.examples, dtype=np.dtype(dtype), task=data.task, classes=classes)
        train = examples(data.X, data.Y, sample_weight=weights)
        test = examples(data.X_test, data.Y_test)
        return cls(data.X.shape[0], train, test, data.task, data.outputs, class_weight, data.groups)

    def divided(self, seed: int, fraction: float) -> tuple[Problem, Examples]:
        """The same problem with fewer training examples, and the others, to validate on.

        Balanced weights are those of each part by itself. Raises DataError as ``partition.validation``.
        """
        m, classes = self.train.m, self.outputs if self.task == "multiclass" else None
        X, Y = self.train.X[: self.features, :m], self.train.Y[:m]
        names = [] if self.task == "regression" else [str(k) for k in range(classes or 2)]

        def examples(rows: npt.NDArray[np.int64]) -> Examples:
            weights = balanced(Y[rows]) if self.class_weight == "balanced" else None
            made = X[:, rows], Y[rows], X.dtype
            return network.examples(*made, task=self.task, classes=classes, sample_weight=weights)

        rest, validating = validation(Y, names, self.groups, seed, fraction)
        return replace(self, train=examples(rest)), examples(validating)


def balanced(labels: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Weights of the examples, (examples,), that give all classes the same total: n / (classes * n of the class)."""
    classes, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    weights: npt.NDArray[np.float64] = (labels.size / (classes.size * counts))[codes]
    return weights


@dataclass(frozen=True)
class Networks:
    """Networks of the same shape to train on one problem. The lists have one entry per network.

    ``how_long`` are its iterations, and those between two of its records. Networks that follow each other and differ in
    nothing else come out of one training. ``numerics`` is the required version of the arithmetic; another machine may
    have a different one. With early stopping, ``patience`` and ``validation_fraction`` are numbers.
    """

    hidden: str
    activation: str
    hyperparameters: list[Hyperparameters]
    seeds: list[int]
    how_long: list[tuple[int, int]]
    dtype: str
    numerics: int = NUMERICS
    patience: int | None = None
    validation_fraction: float | None = None

    def part(self, start: int, end: int) -> Networks:
        """Some of them."""
        return self.chosen(range(start, end))

    def chosen(self, places: Sequence[int]) -> Networks:
        """Some of them, by place."""
        return replace(
            self,
            hyperparameters=[self.hyperparameters[place] for place in places],
            seeds=[self.seeds[place] for place in places],
            how_long=[self.how_long[place] for place in places],
        )

    @property
    def n_records(self) -> int:
        """The length of the longest curve."""
        return max(itertools.starmap(training.n_records, set(self.how_long)))

    def trainings(self) -> dict[tuple[tuple[int, int], ...], list[int]]:
        """The places of the networks, by how long those are that come out of one training, the longest last."""
        together: dict[tuple[tuple[int, int], ...], list[int]] = {}
        for _, of_training in itertools.groupby(
            range(len(self.seeds)), lambda place: (self.seeds[place], self.hyperparameters[place])
        ):
            places = sorted(of_training, key=self.how_long.__getitem__)
            together.setdefault(tuple(self.how_long[place] for place in places), []).extend(places)
        return together


def hyperparameters(knobs: Mapping[str, Any]) -> Hyperparameters:
    """The hyperparameters of a run. Optional knobs without a value are at their default."""
    return Hyperparameters(**known_values((axis, knobs.get(axis.name)) for axis in _OF_HYPERPARAMETERS))


def known_values(values: Iterable[tuple[Knob, Any]]) -> dict[str, Any]:
    """The values of some hyperparameters for the core, by name."""
    return {axis.name: known_value(axis, axis.default[0] if value is None else value) for axis, value in values}


def train(networks: Networks, problem: Problem, stop: threading.Event | None = None) -> list[StoredRun]:
    """Train networks. If one raises, it becomes a failed run with that message; the others are not affected."""
    if networks.numerics != NUMERICS:
        why = f"a worker has version {NUMERICS} of the arithmetic instead of {networks.numerics}"
        return [failed(why)] * len(networks.seeds)
    try:
        return _train(networks, problem, stop)
    except Stopped:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the result of that run
        if len(networks.seeds) == 1:
            return [failed(f"{type(error).__name__}: {error}")]
        return [run for k in range(len(networks.seeds)) for run in train(networks.part(k, k + 1), problem, stop)]


def failed(why: str) -> StoredRun:
    """A run without numbers."""
    return StoredRun("failed", np.zeros((len(CURVES), 0)), b"", " ".join(why.split()).rstrip(":"))


def _train(networks: Networks, problem: Problem, stop: threading.Event | None) -> list[StoredRun]:
    if networks.validation_fraction is not None:
        runs: dict[int, StoredRun] = {}
        by_seed = sorted(range(len(networks.seeds)), key=networks.seeds.__getitem__)
        for seed, places in itertools.groupby(by_seed, networks.seeds.__getitem__):
            rest, validating = problem.divided(seed, networks.validation_fraction)
            for k in places:
                runs[k] = _stopped_early(networks.part(k, k + 1), rest, validating, stop)
        return [runs[k] for k in range(len(runs))]
    trained = [
        pair
        for how_long, places in networks.trainings().items()
        for pair in zip(places, _of_equal_length(networks.chosen(places), how_long, problem, stop), strict=True)
    ]
    return [run for _, run in sorted(trained, key=operator.itemgetter(0))]


def _of_equal_length(
    networks: Networks, how_long: Sequence[tuple[int, int]], problem: Problem, stop: threading.Event | None
) -> list[StoredRun]:
    """Train networks of which so many come out of one training, of these lengths."""
    features, hidden = problem.features, networks.hidden
    iterations, record_every = ([each[k] for each in how_long] for k in (0, 1))
    arrays = training.new_batch(
        features, hidden, networks.seeds, networks.hyperparameters, networks.n_records, networks.dtype, problem.outputs
    )
    for _ in training.train_batch(
        hidden,
        features,
        arrays,
        problem.train,
        problem.test,
        iterations,
        record_every,
        activation=networks.activation,
        task=problem.task,
        outputs=problem.outputs,
    ):
        if stop is not None and stop.is_set():
            raise Stopped
    return _stored(arrays, features, hidden, problem.outputs)


def _stopped_early(
    networks: Networks, problem: Problem, validating: Examples, stop: threading.Event | None
) -> StoredRun:
    """Train one network with early stopping, given the examples to validate on."""
    assert networks.patience is not None
    features, hidden, records = problem.features, networks.hidden, networks.n_records
    ((iterations, record_every),) = networks.how_long
    arrays = training.new_batch(
        features, hidden, networks.seeds, networks.hyperparameters, records, networks.dtype, problem.outputs
    )
    costs = np.full(records, np.nan)
    for _ in train_until_no_better(
        hidden,
        features,
        arrays,
        (problem.train, problem.test, validating),
        iterations,
        record_every,
        networks.patience,
        costs,
        networks.activation,
        problem.task,
        problem.outputs,
    ):
        if stop is not None and stop.is_set():
            raise Stopped
    (run,) = _stored(arrays, features, hidden, problem.outputs)
    return run._replace(validation_costs=costs[: run.curves.shape[1]].astype("<f8").tobytes())


def _stored(arrays: Batch, features: int, hidden: str, outputs: int) -> list[StoredRun]:
    flat = network.flatten(arrays.parameters, features, network.layout(features, hidden, outputs=outputs))
    flat = flat.astype(flat.dtype.newbyteorder("<"), copy=False)
    curves = np.stack([arrays.costs, arrays.train_scores, arrays.test_scores, arrays.test_costs], axis=1)
    return [
        StoredRun("diverged" if diverged else "ok", curve[:, :filled], parameters.tobytes(), "")
        for curve, filled, parameters, diverged in zip(
            curves, arrays.records.tolist(), flat, arrays.diverged.tolist(), strict=True
        )
    ]
