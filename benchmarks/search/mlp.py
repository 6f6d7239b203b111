"""MLPClassifier with the knobs of this project, for all the others; and what they print."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

_ACTIVATIONS = {"tanh": "tanh", "relu": "relu", "sigmoid": "logistic"}
_SOLVERS = {"momentum": "sgd", "adam": "adam"}


class Network(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """An MLPClassifier whose settings mean what they mean in this project, as far as they can.

    updates: of the parameters, rounded up to whole epochs; `fit` may stop sooner by MLPClassifier's own rule
    l2: minimized is the mean loss of a batch + l2 / 2 times the sum of squared weights; MLPClassifier divides its alpha
    by the size of the batch
    A network that diverges predicts the first class.
    """

    def __init__(
        self,
        hidden: int = 8,
        learning_rate: float = 0.01,
        l2: float = 0.0,
        batch_size: int = 32,
        activation: str = "tanh",
        optimizer: str = "adam",
        updates: int = 1_000,
        random_state: int = 0,
    ) -> None:
        self.hidden, self.learning_rate, self.l2, self.batch_size = hidden, learning_rate, l2, batch_size
        self.activation, self.optimizer, self.updates, self.random_state = activation, optimizer, updates, random_state

    def epochs(self, examples: int) -> int:
        """How many passes through so many examples the updates are."""
        return math.ceil(self.updates / math.ceil(examples / self.batch_size))

    def fit(self, X: np.ndarray, y: np.ndarray) -> Network:
        """Train from new initial weights."""
        self._start(X, y)
        self._guarded(self.model_.fit, X, y)
        return self

    def partial_fit(self, X: np.ndarray, y: np.ndarray) -> Network:
        """Train for one epoch more."""
        if not hasattr(self, "model_"):
            self._start(X, y)
        if not self.diverged_:
            self._guarded(self.model_.partial_fit, X, y, classes=self.classes_)
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The classes."""
        return np.full(len(X), self.classes_[0]) if self.diverged_ else self.model_.predict(X)

    def _start(self, X: np.ndarray, y: np.ndarray) -> None:
        self.classes_ = np.unique(y)
        self.diverged_ = False
        self.model_ = MLPClassifier(
            hidden_layer_sizes=int(self.hidden),
            learning_rate_init=float(self.learning_rate),
            alpha=float(self.l2) * int(self.batch_size),
            batch_size=int(self.batch_size),
            activation=_ACTIVATIONS[self.activation],
            solver=_SOLVERS[self.optimizer],
            nesterovs_momentum=False,
            max_iter=self.epochs(len(X)),
            random_state=self.random_state,
        )

    def _guarded(self, train: Callable[..., object], X: np.ndarray, y: np.ndarray, **more: Any) -> None:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", ConvergenceWarning)  # the updates are over: they are the same for all
            warnings.simplefilter("ignore", RuntimeWarning)  # of a network that diverges
            try:
                train(X, y, **more)
            except ValueError as error:
                if "non-finite" not in str(error):
                    raise
                self.diverged_ = True


def say(score: float | None, configurations: int, networks: int, chosen: Mapping[str, Any]) -> None:
    """Print a validated score, of how many configurations it is the best, and how many networks that took.

    score: None for a configuration that was given up
    """
    plain = {name: value.item() if isinstance(value, np.generic) else value for name, value in chosen.items()}
    line = {
        "score": None if score is None else float(score),
        "configurations": configurations,
        "networks": networks,
        "chosen": plain,
    }
    print(f"scored {json.dumps(line)}", flush=True)
