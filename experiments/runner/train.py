"""The training of networks in a worker."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from experiments.datasets.data import Data
from experiments.knobs.declared import AXES
from experiments.knobs.knob import Knob
from experiments.knobs.values import known_value
from experiments.store.store import CURVES, StoredRun
from planar_core import network, training
from planar_core.choices import NUMERICS, Hyperparameters
from planar_core.kernels import Examples

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
        return cls(data.X.shape[0], train, test, data.task, data.outputs)


def balanced(labels: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Weights of the examples, (examples,), that give all classes the same total: n / (classes * n of the class)."""
    classes, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    weights: npt.NDArray[np.float64] = (labels.size / (classes.size * counts))[codes]
    return weights


@dataclass(frozen=True)
class Networks:
    """Networks of the same shape to train on one problem. The lists have one entry per network.

    ``numerics`` is the required version of the arithmetic; another machine may have a different one.
    """

    hidden: str
    activation: str
    hyperparameters: list[Hyperparameters]
    seeds: list[int]
    iterations: int
    record_every: int
    dtype: str
    numerics: int = NUMERICS

    def part(self, start: int, end: int) -> Networks:
        """Some of them."""
        return replace(self, hyperparameters=self.hyperparameters[start:end], seeds=self.seeds[start:end])

    @property
    def n_records(self) -> int:
        """The length of a curve."""
        return training.n_records(self.iterations, self.record_every)


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
    features, hidden = problem.features, networks.hidden
    arrays = training.new_batch(
        features, hidden, networks.seeds, networks.hyperparameters, networks.n_records, networks.dtype, problem.outputs
    )
    for _ in training.train_batch(
        hidden,
        features,
        arrays,
        problem.train,
        problem.test,
        networks.iterations,
        networks.record_every,
        activation=networks.activation,
        task=problem.task,
        outputs=problem.outputs,
    ):
        if stop is not None and stop.is_set():
            raise Stopped
    flat = network.flatten(arrays.parameters, features, network.layout(features, hidden, outputs=problem.outputs))
    flat = flat.astype(flat.dtype.newbyteorder("<"), copy=False)
    curves = np.stack([arrays.costs, arrays.train_scores, arrays.test_scores, arrays.test_costs], axis=1)
    return [
        StoredRun("diverged" if diverged else "ok", curve[:, :filled], parameters.tobytes(), "")
        for curve, filled, parameters, diverged in zip(
            curves, arrays.records.tolist(), flat, arrays.diverged.tolist(), strict=True
        )
    ]
