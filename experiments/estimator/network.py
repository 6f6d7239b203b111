"""Code shared by classifier and regressor: parameters, training, and the forward pass."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from numbers import Real
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from experiments.estimator.names import OF_TRAIN, refuse_other_names, refuse_other_values
from planar_core import TrainedNetwork, forward, train

_NUMBERS = ("learning_rate_init", "momentum", "beta_1", "beta_2", "l1", "l2", "init_offset")
_NUMBERS_OR_NONE = ("output_learning_rate", "init_scale", "output_init_scale")
_ACTIVATIONS_AT_ONCE = 2**22  # in prediction: 32 MB an array
ROWS = {"dtype": [np.float64, np.float32]}
"""The dtypes to which scikit-learn's `validate_data` converts X."""


class PlanarNetwork(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """The base class; subclasses set the parameters below in their constructor and train with `_fit`."""

    hidden_layer_sizes: int | Sequence[int] | npt.NDArray[np.integer]
    activation: str
    solver: str
    learning_rate_init: float
    output_learning_rate: float | None
    max_iter: int
    momentum: float
    beta_1: float
    beta_2: float
    l1: float
    l2: float
    batch_size: int | None
    init: str
    init_scale: float | None
    output_init_scale: float | None
    init_offset: float
    bias: bool
    record_every: int | None
    dtype: str
    random_state: int | np.random.RandomState | None

    def set_params(self, **params: Any) -> Self:
        """Change parameters for the next fit. Raises ValueError for an unknown name."""
        refuse_other_names(type(self).__name__, params, self.get_params(deep=False), ValueError)
        super().set_params(**params)
        return self

    def _fit(
        self, X: npt.NDArray[Any], Y: npt.NDArray[Any], weights: npt.NDArray[np.float64] | None, task: str
    ) -> None:
        """Train on X (examples, features) and Y (examples,), in the form of `planar_core.train`; set the attributes."""
        seed = self._seed()
        trained = self._train(X.T, Y, weights, task, seed)
        self.seed_ = int(seed)
        self._activation = self.activation  # set_params after fit must not change what was learned
        self.status_ = trained.status
        self.coefs_ = [W.T for W, _ in trained.parameters]
        self.intercepts_ = [b[:, 0] for _, b in trained.parameters]
        self.loss_curve_ = trained.costs.tolist()
        self.loss_iterations_ = trained.iterations.tolist()
        # Nothing is recorded if the untrained network is not finite.
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else math.nan
        self.n_iter_ = self.loss_iterations_[-1] if self.loss_iterations_ else 0
        if not self.loss_curve_:
            warnings.warn(
                "training diverged: the untrained network was not finite; scale X, or use a smaller init_scale",
                ConvergenceWarning,
                stacklevel=3,
            )
        elif trained.status == "diverged":
            warnings.warn(
                f"training diverged: the network is that of iteration {self.n_iter_:,} of {self.max_iter:,}, the last"
                f" recorded finite state; use a learning_rate_init smaller than {self.learning_rate_init}",
                ConvergenceWarning,
                stacklevel=3,
            )

    def _outputs(self, X: npt.ArrayLike, task: str) -> npt.NDArray[np.float64]:
        """Z of the output layer, (units, examples), of X (examples, features)."""
        check_is_fitted(self, "coefs_")  # not n_features_in_, which remains after a failed fit
        rows = validate_data(self, X, reset=False, **ROWS)
        parameters = [(W.T, b[:, np.newaxis]) for W, b in zip(self.coefs_, self.intercepts_, strict=True)]
        step = max(1, _ACTIVATIONS_AT_ONCE // sum(len(b) for b in self.intercepts_))
        parts = [rows[start : start + step].T for start in range(0, len(rows), step)]
        return np.concatenate([forward(parameters, part, self._activation, task).Z[-1] for part in parts], axis=1)

    def _seed(self) -> Any:
        """The seed for `planar_core.train`, which validates it."""
        given: Any = self.random_state
        if given is None or given is np.random or isinstance(given, np.random.RandomState):
            return int(check_random_state(given).randint(2**32, dtype=np.uint32))
        return given

    def _train(
        self,
        X: npt.NDArray[Any],
        Y: npt.NDArray[Any],
        weights: npt.NDArray[np.float64] | None,
        task: str,
        seed: int,
    ) -> TrainedNetwork:
        """Train with `planar_core.train` on X (features, examples) and Y (examples,), and check the parameters."""
        refuse_other_values(vars(self))
        for name in (*_NUMBERS, *_NUMBERS_OR_NONE):
            value = getattr(self, name)
            if not isinstance(value, Real) and not (value is None and name in _NUMBERS_OR_NONE):
                raise ValueError(f"{name}={value!r}: expected a number")
        hidden = self.hidden_layer_sizes
        try:
            return train(
                X,
                Y,
                hidden=hidden.tolist() if isinstance(hidden, np.ndarray) else hidden,
                activation=self.activation,
                optimizer=self.solver,
                learning_rate=self.learning_rate_init,
                output_learning_rate=self.output_learning_rate,
                iterations=self.max_iter,
                momentum=self.momentum,
                beta1=self.beta_1,
                beta2=self.beta_2,
                l1=self.l1,
                l2=self.l2,
                batch_size=self.batch_size,
                init=self.init,
                init_scale=self.init_scale,
                output_init_scale=self.output_init_scale,
                init_offset=self.init_offset,
                bias=self.bias,
                record_every=self.record_every,
                dtype=self.dtype,
                seed=seed,
                task=task,
                sample_weight=weights,
            )
        except ValueError as error:
            name, equals, rest = str(error).partition("=")
            raise ValueError(f"{OF_TRAIN.get(name, name)}{equals}{rest}") from None


def weighted(
    X: npt.NDArray[Any], y: npt.NDArray[Any], sample_weight: npt.ArrayLike | None
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[np.float64] | None]:
    """X, y and weights of the examples with a positive weight, relative to the largest; None if none are given.

    An example of weight 0 is ignored, also for mini-batches, class counts and the standardization of targets.
    ``sample_weight`` is (examples,), or one number. Raises ValueError for invalid weights.
    """
    if sample_weight is None:
        return X, y, None
    if isinstance(sample_weight, Real):
        sample_weight = np.full(len(X), sample_weight)
    weights = check_array(sample_weight, dtype=np.float64, ensure_2d=False, input_name="sample_weight")
    if weights.shape != (len(X),):
        raise ValueError(f"sample_weight: expected shape ({len(X)},), a weight for each example, got {weights.shape}")
    if (weights < 0).any():
        raise ValueError(f"sample_weight: expected numbers of at least 0, got {weights.min()}")
    present = weights > 0
    if not present.any():
        raise ValueError("sample_weight: expected at least one nonzero weight")
    weights = weights / weights.max()
    return (X, y, weights) if present.all() else (X[present], y[present], weights[present])
