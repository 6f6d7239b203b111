"""Metrics of trained networks on given points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from planar_core import steps
from planar_core.metrics import Evaluator
from planar_core.network import Array, Parameters


class Judge:
    """Computes metrics of networks on points X, (features, points), and Y, (1, points).

    For regression, ``scale`` is the mean and deviation of the standardization: metrics are in units of the target.
    """

    def __init__(
        self,
        metrics: Sequence[str],
        X: Array,
        Y: Array,
        task: str,
        classes: int,
        scale: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        self._points, self._task, self._scale = steps.Points(X), task, scale
        self._n = len(metrics)
        is_regression = task == "regression"
        targets = scale[0] + scale[1] * Y[0] if is_regression else Y[0]
        # Accuracy alone does not need compiled code.
        self._labels = Y[0] if list(metrics) == ["accuracy"] else None
        if self._labels is None:
            self._evaluator = Evaluator(metrics, targets, task, None if is_regression else classes)

    def __call__(self, network: Parameters | None, activation: str) -> npt.NDArray[np.float64]:
        """The metrics, (metrics,); nan without a network."""
        if network is None:
            return np.full(self._n, np.nan)
        return self.of_outputs(self._points.outputs(network, activation))

    def of_outputs(self, Z: Array) -> npt.NDArray[np.float64]:
        """The metrics, (metrics,), of a model's outputs, (outputs, points), in the units of the training."""
        if self._labels is not None:
            predicted = Z.argmax(axis=0) if self._task == "multiclass" else Z[0] > 0
            return np.array([np.count_nonzero(predicted == self._labels) / self._labels.size])
        if self._task == "regression":
            Z = self._scale[0] + self._scale[1] * Z
        judged: npt.NDArray[np.float64] = np.asarray(self._evaluator(Z), np.float64).reshape(-1)
        return judged
