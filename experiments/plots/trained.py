"""Trained networks of a configuration, with their data: what they compute, and what they were like before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.datasets.data import Array, Data
from experiments.design import Run
from experiments.runner.train import Networks, Problem, hyperparameters, train
from experiments.tables.judging import Judge
from experiments.tables.tables import Network, Tables
from planar_core import steps
from planar_core.training import recorded_iterations

MOMENTS = 8  # of a film strip
_FIRST = 500  # the share of the training after which the second of them is


class Trained(NamedTuple):
    """A network of a sweep, and the data that it was trained on.

    last: the number of updates after which it is what was stored
    """

    tables: Tables
    run: Run
    network: Network
    data: Data
    last: int

    @property
    def plane(self) -> Data:
        """The data in the plane of the inputs, without computed features."""
        return self.data.base or self.data

    def answer(self, X: Array) -> Array:
        """The prediction at points X (inputs, points) of the plane, in the form of `plot_boundaries`."""
        told = self.network.predict if self.data.task == "regression" else self.network.predict_proba
        return np.asarray(told(self.data.inputs(X)), np.float64)

    def units(self, X: Array) -> list[Array]:
        """The activations of each hidden layer, (units, points), at points X (inputs, points) of the plane."""
        of = self.network
        passed = steps.forward(of.parameters, self.data.inputs(X), of.activation, of.task)
        return [np.asarray(A, np.float64) for A in passed.A[:-1]]

    @property
    def reached(self) -> float:
        """The ranking metric on the test part."""
        of, data = self.network, self.data
        judge = Judge([self.tables.metric], data.X_test, data.Y_test, of.task, len(data.class_names), data.target_scale)
        return float(judge(of.parameters, of.activation)[0])

    def after(self, iterations: int) -> Trained:
        """The same network after fewer updates: it is trained again, with the same bits."""
        design, run, task = self.tables.design, self.run, self.network.task
        problem = Problem.of(self.data, design.dtype, run.class_weight)
        if design.validation_fraction is not None:
            problem, _ = problem.divided(run.seed, design.validation_fraction)
        how_long = [(iterations, max(1, iterations))]
        how = [hyperparameters(run._asdict())], [run.seed], how_long, design.dtype
        networks = Networks(run.hidden, run.activation, *how)
        (stored,) = train(networks, problem)
        parameters = stored.network(problem.features, run.hidden, design.dtype, problem.outputs)
        return self._replace(network=Network(parameters, run.activation, task), last=iterations)


def trained_networks(tables: Tables, configuration: Mapping[str, Any] | pd.Series) -> Iterator[Trained]:
    """The networks of a row of the summary that did not fail, one at a time."""
    source, design = tables.source(configuration), tables.design
    costs = tables.stacked_curves(configuration)[0]
    runs = tables.runs_of(configuration)
    stopped = runs.loc[runs["status"] != "failed", "stopped_at"].tolist() if "stopped_at" in runs else None
    for k, (run, network) in enumerate(tables.networks_of(configuration)):
        recorded = recorded_iterations(run.iterations, design.record_every_of(run.iterations))
        last = int(stopped[k]) if stopped else int(recorded[np.flatnonzero(np.isfinite(costs[k]))[-1]])
        yield Trained(tables, run, network, source.part(run.seed, run.fold), last)


def moments(last: int, n: int = MOMENTS) -> list[int]:
    """About n iterations from 0 to the last, each later by the same factor than the one before, rounded."""
    if last < n:
        return list(range(last + 1))
    first = max(1, last // _FIRST)
    steps_to = first * (last / first) ** (np.arange(n - 1) / (n - 2))
    rounded = [float(f"{step:.1g}") if n <= MOMENTS else round(step) for step in steps_to[:-1]]
    return sorted({0, *(int(step) for step in rounded if step < last), last})


class Predicted(NamedTuple):
    """What a network says of test examples.

    truth: class indices, or values in units of the target, (examples,)
    predicted: likewise
    odds: the log odds of each class, (classes, examples): log(p / (1 - p)); no rows for a regression
    """

    truth: npt.NDArray[np.float64]
    predicted: npt.NDArray[np.float64]
    odds: npt.NDArray[np.float64]


def predictions(of: Trained) -> Predicted:
    """The predictions of the examples of the test part."""
    data, network = of.data, of.network
    predicted = np.asarray(network.predict(data.X_test), np.float64)[0]
    if data.task == "regression":
        mean, deviation = data.target_scale
        return Predicted(mean + deviation * data.Y_test[0], mean + deviation * predicted, np.zeros((0, len(predicted))))
    Z = steps.forward(network.parameters, data.X_test, network.activation, network.task).Z[-1]
    if len(Z) == 1:
        return Predicted(data.Y_test[0], predicted, np.concatenate([-Z, Z]))
    # Log odds tell apart what rounds to the same probability, as in the AUC of the tables.
    others = [np.logaddexp.reduce(np.delete(Z, k, axis=0), axis=0) for k in range(len(Z))]
    return Predicted(data.Y_test[0], predicted, Z - np.stack(others))
