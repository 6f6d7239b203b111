"""A network as a scikit-learn classifier."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from experiments.estimator.names import refusing_other_names
from experiments.estimator.network import ROWS, PlanarNetwork, weighted
from planar_core.choices import MOST_CLASSES, is_finite
from planar_core.elementary import evaluate
from planar_core.outputs import probabilities


class PlanarClassifier(ClassifierMixin, PlanarNetwork):  # type: ignore[misc]  # scikit-learn has no types
    """A small neural network for two or more classes, trained as `planar_core.train` does, bit for bit.

    Two classes have one output unit and the logistic function, as ``task="binary"`` of `planar_core.train`; more have
    a unit each and softmax, as ``task="multiclass"``. Examples of weight 0 are left out beforehand.

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
    l1, l2 : penalties: the gradient of each weight W has ``l1 sign(W) + l2 W`` added. Not divided by the number n of
        examples in each update, as the ``alpha`` of MLPClassifier is: ``l2 = alpha / n`` is the same penalty
    batch_size : examples in each update; None for all of them
    class_weight : what the weights of a class's examples are multiplied by: None for 1; a dict of classes and weights,
        1 for those that are not in it; or "balanced", so that all classes have the same sum of weights
    init : initial weights: "normal", "glorot" or "he"
    init_scale : factor of the initial weights; None for 0.01 with "normal", and 1 with the others
    record_every : iterations between two entries of ``loss_curve_``; None for a fiftieth of ``max_iter``
    dtype : "float64", or "float32", which trains about twice as fast
    random_state : seed of initial weights and mini-batches, from 0 to 2**32 - 1; or a RandomState, or None for
        NumPy's global one, of which the seed is drawn

    Attributes
    ----------
    classes_ : the classes, sorted: those of examples whose weight is not 0
    n_features_in_, feature_names_in_ : number of features; their names, if X had any
    coefs_, intercepts_ : weights, (inputs, units), and biases, (units,), of each layer; the last one
        has one unit for two classes, else one for each class
    loss_ : mean cross-entropy over the training examples, with their weights and without penalties; nan if it was
        never finite
    loss_curve_, loss_iterations_ : the loss along the way, and after how many iterations: 0 first, ``n_iter_`` last
    n_iter_ : iterations made; fewer than ``max_iter`` if training diverged
    status_ : "ok" or "diverged"; a diverged network is that of the last recorded finite state
    seed_ : the seed that was used: ``planar_core.train`` makes the same network of it

    Errors: ValueError, in one line that names the parameter. A ConvergenceWarning says that training diverged.
    """

    @refusing_other_names
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
        class_weight: str | Mapping[Any, float] | None = None,
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
        self.class_weight = class_weight
        self.init = init
        self.init_scale = init_scale
        self.record_every = record_every
        self.dtype = dtype
        self.random_state = random_state

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> Self:
        """Train the network on X (examples, features) and y (examples,), which has two or more classes of any type.

        ``sample_weight``, (examples,), are numbers from 0 on, of which only the ratios count: an example of weight 2
        is worth two, one of weight 0 is as good as not there. Mini-batches deal out the examples, each with its weight.
        Returns the classifier. Raises ValueError.
        """
        rows, labels = validate_data(self, X, y, **ROWS)
        check_classification_targets(labels)
        rows, labels, weights = weighted(rows, labels, sample_weight)
        classes, numbers = np.unique(labels, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(f"y: expected two classes or more, got one class alone: {classes.tolist()[0]!r}")
        if len(classes) > MOST_CLASSES:
            raise ValueError(
                f"y: expected at most {MOST_CLASSES:,} classes, got {len(classes):,}; for values take PlanarRegressor"
            )
        of_classes = self._weights_of_classes(classes, numbers, weights)
        if of_classes is not None:
            weights = of_classes[numbers] if weights is None else weights * of_classes[numbers]
        self._fit(rows, numbers, weights, _task(classes))
        self.classes_ = classes
        return self

    def decision_function(self, X: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Logits of X (examples, features): what the units of the last layer give.

        Of two classes, (examples,): positive for the second class, whose probability is 1 / (1 + e^-logit). Of more,
        (examples, classes): the largest is that of the predicted class; the probabilities are their softmax.
        """
        logits = self._logits(X)
        return logits[0] if len(logits) == 1 else np.ascontiguousarray(logits.T)

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[Any]:
        """The class, (examples,), of X (examples, features)."""
        logits = self._logits(X)  # first: it says so if the network is not fitted
        which = (logits[0] > 0).astype(np.intp) if len(logits) == 1 else logits.argmax(axis=0)
        predicted: npt.NDArray[Any] = self.classes_[which]
        return predicted

    def predict_proba(self, X: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Probabilities, (examples, classes), of X (examples, features), in the order of ``classes_``."""
        logits = self._logits(X)
        if len(logits) > 1:
            return np.ascontiguousarray(probabilities("multiclass", logits).T)
        # Each from its own side, as 1 - p has no accurate small values.
        return np.column_stack((evaluate("sigmoid", -logits[0]), evaluate("sigmoid", logits[0])))

    def _logits(self, X: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """One row for two classes, else one for each class: (rows, examples)."""
        check_is_fitted(self, "coefs_")
        return self._outputs(X, _task(self.classes_))

    def _weights_of_classes(
        self, classes: npt.NDArray[Any], numbers: npt.NDArray[np.intp], weights: npt.NDArray[np.float64] | None
    ) -> npt.NDArray[np.float64] | None:
        """What ``class_weight`` says of each class, as parts of the largest; None for None."""
        given = self.class_weight
        if given is None:
            return None
        if isinstance(given, str) and given == "balanced":
            if weights is None:
                totals = np.bincount(numbers).astype(np.float64)
            else:
                totals = np.array([math.fsum(weights[numbers == number]) for number in range(len(classes))])
            balanced: npt.NDArray[np.float64] = totals.min() / totals
            return balanced
        names = classes.tolist()
        if not isinstance(given, Mapping):
            raise ValueError(
                f"class_weight={given!r}: expected None, 'balanced' or a dict of classes and their weights"
            )
        for name, value in given.items():
            if not (is_finite(value) and value >= 0):
                raise ValueError(f"class_weight: expected finite numbers, 0 or more, got {value!r} for {name!r}")
        missing = [name for name in names if name not in given]
        unknown = [name for name in given if name not in names]
        if missing and unknown:  # where no class lacks a weight, those of other classes do no harm
            raise ValueError(f"class_weight: {unknown[0]!r} is no class of y; those without a weight are {missing}")
        result: npt.NDArray[np.float64] = np.array([given.get(name, 1) for name in names], np.float64)
        if not result.any():
            raise ValueError("class_weight: expected at least one class of y whose weight is not zero")
        result /= result.max()
        return result


def _task(classes: npt.NDArray[Any]) -> str:
    return "binary" if len(classes) == 2 else "multiclass"
