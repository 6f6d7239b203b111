"""A network as a scikit-learn regressor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from sklearn.base import RegressorMixin
from sklearn.utils.validation import validate_data

from experiments.estimator.names import refusing_other_names
from experiments.estimator.network import ROWS, PlanarNetwork, weighted


class PlanarRegressor(RegressorMixin, PlanarNetwork):  # type: ignore[misc]  # scikit-learn has no types
    """A small neural network for regression, with the same bits as `planar_core.train`.

    The output is one linear unit, as with ``task="regression"`` of `planar_core.train`. The target may have any unit:
    it is standardized for training, and predictions are in its unit. Examples of weight 0 are removed first.

    Features are not scaled. Standardize them, unless they are of the order of 1 already:
    ``make_pipeline(StandardScaler(), PlanarRegressor())``.

    Training minimizes half the mean squared error of the standardized target. By default: four tanh units, 5000 updates
    of full-batch gradient descent at a learning rate of 0.1, and Glorot's initial weights; with the smaller initial
    weights of `PlanarClassifier`, training may stay close to a linear fit for a long time.

    Parameters
    ----------
    As for `PlanarClassifier`, without ``class_weight``, and with different defaults for ``learning_rate_init`` (0.1;
    above 1, gradient descent on squared errors often diverges) and ``init`` ("glorot").

    Attributes
    ----------
    target_mean_, target_scale_ : weighted mean and standard deviation of y; for a constant y the deviation is set to 1.
        The network is trained on (y - target_mean_) / target_scale_
    n_features_in_, feature_names_in_ : number of features; their names, if X has names
    coefs_, intercepts_ : weights, (inputs, units), and biases, (units,), of each layer. The last layer has one unit,
        whose output is the standardized prediction
    loss_ : half the mean squared error of the standardized target over the training examples, weighted, without
        penalties: the training R^2 is 1 - 2 loss_. nan if it was never finite
    loss_curve_, loss_iterations_ : the recorded losses and their iterations, from 0 to ``n_iter_``
    n_iter_ : number of iterations; fewer than ``max_iter`` if training diverged
    status_ : "ok" or "diverged"; a diverged network has the last recorded finite state
    seed_ : the seed used; with it, ``planar_core.train`` trains the same network

    Errors: ValueError, in one line that names the parameter. A ConvergenceWarning reports that training diverged.
    """

    @refusing_other_names
    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] | npt.NDArray[np.integer] = (4,),
        activation: str = "tanh",
        *,
        solver: str = "gd",
        learning_rate_init: float = 0.1,
        output_learning_rate: float | None = None,
        max_iter: int = 5000,
        momentum: float = 0.9,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        l1: float = 0.0,
        l2: float = 0.0,
        batch_size: int | None = None,
        init: str = "glorot",
        init_scale: float | None = None,
        output_init_scale: float | None = None,
        init_offset: float = 0.0,
        bias: bool = True,
        record_every: int | None = None,
        dtype: str = "float64",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.learning_rate_init = learning_rate_init
        self.output_learning_rate = output_learning_rate
        self.max_iter = max_iter
        self.momentum = momentum
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.l1 = l1
        self.l2 = l2
        self.batch_size = batch_size
        self.init = init
        self.init_scale = init_scale
        self.output_init_scale = output_init_scale
        self.init_offset = init_offset
        self.bias = bias
        self.record_every = record_every
        self.dtype = dtype
        self.random_state = random_state

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> Self:
        """Train the network on X (examples, features) and y (examples,), finite numbers of any unit.

        A y of shape (examples, 1) gives a DataConversionWarning. ``sample_weight``, (examples,), has numbers of at
        least 0; only their ratios matter: an example of weight 2 counts as two examples, and one of weight 0 is
        ignored. Mini-batches contain the examples with their weights. Returns the regressor. Raises ValueError.
        """
        rows, values = validate_data(self, X, y, y_numeric=True, **ROWS)
        if values.dtype.kind not in "biuf":
            raise ValueError(f"y: expected numbers, got {values.dtype.type.__name__}")
        rows, values, weights = weighted(rows, values.astype(np.float64), sample_weight)
        targets, mean, scale = standardized(values, weights)
        self._fit(rows, targets, weights, "regression")
        self.target_mean_, self.target_scale_ = mean, scale
        return self

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The predicted values, (examples,), for X (examples, features), in the unit of the target."""
        targets = self._outputs(X, "regression")[0]
        values: npt.NDArray[np.float64] = self.target_mean_ + self.target_scale_ * targets
        return values


def standardized(
    values: npt.NDArray[np.float64], weights: npt.NDArray[np.float64] | None
) -> tuple[npt.NDArray[np.float64], float, float]:
    """((values - mean) / deviation, mean, deviation), each (examples,); with weights the mean is sum(w v) / sum(w).

    Sums are correctly rounded, so that they do not depend on the order of the examples or the CPU. For equal values the
    deviation is set to 1.
    """
    if (values == values[0]).all():  # the rounded mean of equal numbers may differ from them
        return np.zeros_like(values), float(values[0]), 1.0
    if weights is None:
        weights = np.ones_like(values)
    # Scaled by a power of two, so that sums and squares stay within float64.
    exponent = math.frexp(np.abs(values).max())[1]
    values = np.ldexp(values, -exponent)
    total = math.fsum(weights)
    mean = math.fsum(weights * values) / total
    away = values - mean
    deviation = math.sqrt(math.fsum(weights * (away * away)) / total) or 1.0
    return away / deviation, math.ldexp(mean, exponent), math.ldexp(deviation, exponent)
