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

    For two classes, there is one output unit with the logistic function, as with ``task="binary"`` of
    `planar_core.train`; for more, one unit per class with softmax, as with ``task="multiclass"``. Examples of weight 0
    are removed first.

    Features are not scaled. Standardize them, unless they are of the order of 1 already:
    ``make_pipeline(StandardScaler(), PlanarClassifier())``.

    The defaults are the network of the well-known planar data exercise: four tanh units, full-batch gradient descent at
    a learning rate of 1.2, initial weights of 0.01 times standard normal numbers. For several hidden layers or relu
    units use ``init="glorot"`` or ``init="he"`` and a smaller learning rate.

    Parameters
    ----------
    hidden_layer_sizes : units of each hidden layer: ``(8, 8)``, or ``4`` for one layer; ``()`` is logistic regression
    activation : of the hidden units: "tanh", "sigmoid", "relu" or "identity"
    solver : "gd" (gradient descent), "momentum" or "adam"
    learning_rate_init : the learning rate; it is constant
    output_learning_rate : learning rate of the last layer, if different
    max_iter : number of iterations, that is of updates; all of them are made
    momentum : decay of the velocity, for "momentum"
    beta_1, beta_2 : decay of the two moments, for "adam"
    l1, l2 : penalties: ``l1 sign(W) + l2 W`` is added to the gradient of each weight W. It is not divided by the number
        n of examples in each update, unlike the ``alpha`` of MLPClassifier: ``l2 = alpha / n`` is the same penalty
    batch_size : examples in each update; None for all of them
    class_weight : factors of the weights of the examples by class: None for 1; a dict of classes and weights, with 1
        for missing classes; or "balanced", so that all classes have the same sum of weights
    init : initial weights: "normal", "glorot" or "he"
    init_scale : scale of the initial weights; None for 0.01 with "normal", and 1 with the others
    output_init_scale : that of the last layer, if different
    init_offset : number that is added to the initial weights of hidden layers
    bias : whether biases are trained; otherwise they stay 0
    record_every : iterations between two entries of ``loss_curve_``; None for a fiftieth of ``max_iter``
    dtype : "float64", or "float32", which trains about twice as fast
    random_state : seed of initial weights and mini-batches, from 0 to 2**32 - 1; or a RandomState, or None for NumPy's
        global one, from which the seed is drawn

    Attributes
    ----------
    classes_ : the sorted classes of examples with nonzero weight
    n_features_in_, feature_names_in_ : number of features; their names, if X has names
    coefs_, intercepts_ : weights, (inputs, units), and biases, (units,), of each layer; the last one
        has one unit for two classes, else one for each class
    loss_ : mean cross-entropy over the training examples, weighted, without penalties; nan if it was never finite
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
        self.class_weight = class_weight
        self.init = init
        self.init_scale = init_scale
        self.output_init_scale = output_init_scale
        self.init_offset = init_offset
        self.bias = bias
        self.record_every = record_every
        self.dtype = dtype
        self.random_state = random_state

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> Self:
        """Train the network on X (examples, features) and y (examples,), which has two or more classes of any type.

        ``sample_weight``, (examples,), has numbers of at least 0; only their ratios matter: an example of weight 2
        counts as two examples, and one of weight 0 is ignored. Mini-batches contain the examples with their weights.
        Returns the classifier. Raises ValueError.
        """
        rows, labels = validate_data(self, X, y, **ROWS)
        check_classification_targets(labels)
        rows, labels, weights = weighted(rows, labels, sample_weight)
        classes, numbers = np.unique(labels, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(f"y: expected at least two classes, got one class: {classes.tolist()[0]!r}")
        if len(classes) > MOST_CLASSES:
            raise ValueError(
                f"y: expected at most {MOST_CLASSES:,} classes, got {len(classes):,}; for numbers use PlanarRegressor"
            )
        of_classes = self._weights_of_classes(classes, numbers, weights)
        if of_classes is not None:
            weights = of_classes[numbers] if weights is None else weights * of_classes[numbers]
        self._fit(rows, numbers, weights, _task(classes))
        self.classes_ = classes
        return self

    def decision_function(self, X: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Logits of X (examples, features), the outputs of the last layer.

        For two classes, (examples,): positive for the second class, whose probability is 1 / (1 + e^-logit). For more,
        (examples, classes): the predicted class has the largest one; the probabilities are their softmax.
        """
        logits = self._logits(X)
        return logits[0] if len(logits) == 1 else np.ascontiguousarray(logits.T)

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[Any]:
        """The class, (examples,), of X (examples, features)."""
        logits = self._logits(X)  # called first: it raises if the network is not fitted
        which = (logits[0] > 0).astype(np.intp) if len(logits) == 1 else logits.argmax(axis=0)
        predicted: npt.NDArray[Any] = self.classes_[which]
        return predicted

    def predict_proba(self, X: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Probabilities, (examples, classes), of X (examples, features), in the order of ``classes_``."""
        logits = self._logits(X)
        if len(logits) > 1:
            return np.ascontiguousarray(probabilities("multiclass", logits).T)
        # Each probability is computed directly, since 1 - p is inaccurate for small values.
        return np.column_stack((evaluate("sigmoid", -logits[0]), evaluate("sigmoid", logits[0])))

    def _logits(self, X: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Logits (rows, examples): one row for two classes, otherwise one row per class."""
        check_is_fitted(self, "coefs_")
        return self._outputs(X, _task(self.classes_))

    def _weights_of_classes(
        self, classes: npt.NDArray[Any], numbers: npt.NDArray[np.intp], weights: npt.NDArray[np.float64] | None
    ) -> npt.NDArray[np.float64] | None:
        """The ``class_weight`` of each class, relative to the largest; None for None."""
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
        if missing and unknown:  # if all classes have a weight, weights of other classes are ignored
            raise ValueError(f"class_weight: {unknown[0]!r} is not a class of y; classes without a weight: {missing}")
        result: npt.NDArray[np.float64] = np.array([given.get(name, 1) for name in names], np.float64)
        if not result.any():
            raise ValueError("class_weight: expected at least one class of y with a nonzero weight")
        result /= result.max()
        return result


def _task(classes: npt.NDArray[Any]) -> str:
    return "binary" if len(classes) == 2 else "multiclass"
