"""Peer: scikit-learn's MLPClassifier, told to do full-batch gradient descent and nothing else."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks.workload import Array, Group, Layers, Workload


class _Given(MLPClassifier):  # type: ignore[misc]
    """An MLPClassifier that starts from parameters that are given: a list of (W, b) in ``given``, layer by layer."""

    given: Layers

    def fit(self, X: Array, y: Array) -> _Given:
        self._rest = list(self.given)
        return super().fit(X, y)  # type: ignore[no-any-return]

    def _init_coef(self, fan_in: int, fan_out: int, dtype: Any) -> tuple[Array, Array]:  # noqa: ARG002
        W, b = self._rest.pop(0)  # it asks layer by layer, from the input
        return W.T.astype(dtype, order="C"), b[:, 0].astype(dtype)  # copies: they are trained in place


class Loop:
    """One network after the other, which is what MLPClassifier offers."""

    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        self.X, self.y = np.ascontiguousarray(workload.X.T), workload.Y[0].astype(np.int64)
        self.trained: list[list[_Given]] = []

    def _classifier(self, group: Group, network: int, iterations: int) -> _Given:
        classifier = _Given(
            hidden_layer_sizes=group.hidden,
            activation="tanh",
            solver="sgd",
            alpha=0.0,
            batch_size=self.X.shape[0],
            learning_rate="constant",
            learning_rate_init=group.learning_rates[network],
            max_iter=iterations,
            shuffle=False,
            tol=0.0,
            n_iter_no_change=iterations + 1,
            momentum=0.0,
            nesterovs_momentum=False,
        )
        classifier.given = [(W[network], b[network]) for W, b in group.initial]
        return classifier

    def train(self, iterations: int) -> None:
        """Train every network from its initial parameters."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the number of iterations is what was asked for
            self.trained = [
                [self._classifier(group, k, iterations).fit(self.X, self.y) for k in range(len(group.seeds))]
                for group in self.workload.groups
            ]

    def parameters(self) -> list[Layers]:
        """Of each group, as they are after ``train``."""
        return [
            [
                (
                    np.stack([c.coefs_[layer].T for c in classifiers]),
                    np.stack([c.intercepts_[layer][:, np.newaxis] for c in classifiers]),
                )
                for layer in range(len(group.hidden) + 1)
            ]
            for group, classifiers in zip(self.workload.groups, self.trained, strict=True)
        ]
