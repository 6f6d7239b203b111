"""A network as a scikit-learn classifier: for pipelines, grid searches and cross-validation."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from numbers import Real
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from planar_core import TrainedNetwork, forward, train
from planar_core.elementary import evaluate

_HERE = {
    "hidden": "hidden_layer_sizes",
    "optimizer": "solver",
    "learning_rate": "learning_rate_init",
    "iterations": "max_iter",
    "beta1": "beta_1",
    "beta2": "beta_2",
    "seed": "random_state",
}
"""What scikit-learn calls the arguments of `planar_core.train`, where it is not the same."""

_NUMBERS = ("learning_rate_init", "momentum", "beta_1", "beta_2", "l1", "l2")
_NUMBERS_OR_NONE = ("output_learning_rate", "init_scale")
_ACTIVATIONS_AT_ONCE = 2**22  # in prediction: 32 MB an array


class PlanarClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A small neural network for two classes, trained as `planar_core.train` does, bit for bit.

    Features are taken as they are. Standardize them, unless they are of the order of 1 already:
    ``make_pipeline(StandardScaler(), PlanarClassifier())``.

    The defaults are the well-known network of the planar exercise: four tanh units, full-batch gradient descent at
    a learning rate of 1.2, initial weights 0.01 times standard normal numbers. For several hidden layers or relu
    units take ``init="glorot"`` or ``init="he"`` and a smaller learning rate.

    Parameters
    ----------
    hidden_layer_sizes : units of each hidden layer: ``(8, 8)``, or ``4`` for one layer; ``()`` is logistic regression
    activation : of the hidden units: "tanh", "sigmoid", "relu" or "identity"
    solver : "gd" (gradient descent), "momentum" or "adam"
    learning_rate_init : the learning rate; it stays the same throughout
    output_learning_rate : that of the last layer, if another one
    max_iter : number of iterations, that is of updates; all of them are made
    momentum : decay of the velocity, for "momentum"
    beta_1, beta_2 : decay of the two moments, for "adam"
    l1, l2 : penalties: the gradient of each weight W has ``l1 sign(W) + l2 W`` added. Not divided by the number of
        examples, as the ``alpha`` of MLPClassifier is: ``l2 = alpha / n`` is the same penalty
    batch_size : examples in each update; None for all of them
    init : initial weights: "normal", "glorot" or "he"
    init_scale : factor of the initial weights; None for 0.01 with "normal", and 1 with the others
    record_every : iterations between two entries of ``loss_curve_``; None for a fiftieth of ``max_iter``
    dtype : "float64", or "float32", which trains about twice as fast
    random_state : seed of initial weights and mini-batches, from 0 to 2**32 - 1; or a RandomState, or None for
        NumPy's global one, of which the seed is drawn

    Attributes
    ----------
    classes_ : the two classes, sorted
    n_features_in_, feature_names_in_ : number of features; their names, if X had any
    coefs_, intercepts_ : weights, (inputs, units), and biases, (units,), of each layer
    loss_ : mean cross-entropy over the training examples, without penalties; nan if it was never finite
    loss_curve_, loss_iterations_ : the loss along the way, and after how many iterations: 0 first, ``n_iter_`` last
    n_iter_ : iterations made; fewer than ``max_iter`` if training diverged
    status_ : "ok" or "diverged"; a diverged network is that of the last recorded finite state
    seed_ : the seed that was used: ``planar_core.train`` makes the same network of it

    Errors: ValueError, in one line that names the parameter. A ConvergenceWarning says that training diverged.
    """

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] | npt.NDArray[np.integer] = (4,),
        activation: str = "tanh",
        *,
        solver: str = "gd",
        learning_rate_init: float = 1.2,
        output_learning_rate: float | None = None,
        max_iter: int = 5000,
        momentum: float = 0.9,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        l1: float = 0.0,
        l2: float = 0.0,
        batch_size: int | None = None,
        init: str = "normal",
        init_scale: float | None = None,
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
        self.record_every = record_every
        self.dtype = dtype
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """Train the network on X (examples, features) and y (examples,), which has two classes of any type."""
        rows, labels = validate_data(self, X, y, dtype=[np.float64, np.float32])
        check_classification_targets(labels)
        classes, is_one = np.unique(labels, return_inverse=True)
        if len(classes) > 2:
            # scikit-learn's checks want these words.
            raise ValueError(
                f"Only binary classification is supported. The type of the target is {type_of_target(labels)}."
            )
        if len(classes) < 2:
            raise ValueError(f"y: expected two classes, got one class alone: {classes.tolist()[0]!r}")

        seed = self._seed()
        trained = self._train(rows.T, is_one, seed)
        self.classes_ = classes
        self.seed_ = int(seed)
        self._activation = self.activation  # set_params after fit must not change what was learned
        self.status_ = trained.status
        self.coefs_ = [W.T for W, _ in trained.parameters]
        self.intercepts_ = [b[:, 0] for _, b in trained.parameters]
        self.loss_curve_ = trained.costs.tolist()
        self.loss_iterations_ = trained.iterations.tolist()
        # Nothing is recorded of a network that was not finite to begin with.
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else math.nan
        self.n_iter_ = self.loss_iterations_[-1] if self.loss_iterations_ else 0
        if not self.loss_curve_:
            warnings.warn(
                "training diverged: the untrained network was not finite; scale X, or take a smaller init_scale",
                ConvergenceWarning,
                stacklevel=2,
            )
        elif trained.status == "diverged":
            warnings.warn(
                f"training diverged: the network is that of iteration {self.n_iter_:,} of {self.max_iter:,}, the last"
                f" recorded finite state; take a learning_rate_init smaller than {self.learning_rate_init}",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def decision_function(self, X: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Logits, (examples,), of X (examples, features): positive for the second class; P = 1 / (1 + e^-logit)."""
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        parameters = [(W.T, b[:, np.newaxis]) for W, b in zip(self.coefs_, self.intercepts_, strict=True)]
        step = max(1, _ACTIVATIONS_AT_ONCE // sum(len(b) for b in self.intercepts_))
        parts = [rows[start : start + step].T for start in range(0, len(rows), step)]
        return np.concatenate([forward(parameters, part, self._activation).Z[-1][0] for part in parts])

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[Any]:
        """The class, (examples,), of X (examples, features)."""
        logits = self.decision_function(X)  # first: it says so if the network is not fitted
        return self.classes_[(logits > 0).astype(np.intp)]

    def predict_proba(self, X: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Probabilities, (examples, 2), of X (examples, features), in the order of ``classes_``."""
        logits = self.decision_function(X)
        # Each from its own side, as 1 - p has no accurate small values.
        return np.column_stack((evaluate("sigmoid", -logits), evaluate("sigmoid", logits)))

    def _seed(self) -> Any:
        """A seed for `planar_core.train`, which also refuses what is none."""
        given: Any = self.random_state
        if given is None or given is np.random or isinstance(given, np.random.RandomState):
            return int(check_random_state(given).randint(2**32, dtype=np.uint32))
        return given

    def _train(self, X: npt.NDArray[np.floating], Y: npt.NDArray[np.integer], seed: int) -> TrainedNetwork:
        """What `planar_core.train` makes of X (features, examples) and Y (examples,); it also checks the parameters."""
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
                record_every=self.record_every,
                dtype=self.dtype,
                seed=seed,
            )
        except ValueError as error:
            name, equals, rest = str(error).partition("=")
            raise ValueError(f"{_HERE.get(name, name)}{equals}{rest}") from None
