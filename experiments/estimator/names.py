"""Parameter names here, in `planar_core.train`, and in MLPClassifier and MLPRegressor of scikit-learn.

An error for a name or a value of the others names the equivalent here.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any, TypeVar, cast

OF_TRAIN: Mapping[str, str] = MappingProxyType(
    {
        "hidden": "hidden_layer_sizes",
        "optimizer": "solver",
        "learning_rate": "learning_rate_init",
        "iterations": "max_iter",
        "beta1": "beta_1",
        "beta2": "beta_2",
        "seed": "random_state",
    }
)
"""The names here of arguments of `planar_core.train`, if they differ."""

_ALL_UPDATES = "training always makes max_iter updates; use a smaller max_iter to stop earlier"
_CONSTANT = "the learning rate is constant, and its value is learning_rate_init"

_OTHER_NAMES = {name: f"it is called {here} here" for name, here in OF_TRAIN.items()} | {
    "alpha": "use l2 = alpha / n, where n is the number of examples in each update",
    "class_weight": "pass sample_weight to fit instead",
    "early_stopping": _ALL_UPDATES,
    "epsilon": "for Adam it is always 1e-8",
    "learning_rate": _CONSTANT,
    "loss": "it is always cross-entropy for classification and half the squared error for regression",
    "max_fun": "it belongs to lbfgs, which is not available",
    "n_iter_no_change": _ALL_UPDATES,
    "nesterovs_momentum": "only classical momentum is available",
    "power_t": _CONSTANT,
    "sample_weight": "it is an argument of fit",
    "shuffle": "mini-batches are always reshuffled in each epoch",
    "tol": _ALL_UPDATES,
    "validation_fraction": _ALL_UPDATES,
    "verbose": "nothing is printed; loss_curve_ records the training",
    "warm_start": "every fit starts with new initial weights",
}

_OTHER_VALUES = {
    ("activation", "logistic"): "it is called sigmoid here",
    ("batch_size", "auto"): "expected a number, or None for all examples; MLPClassifier uses min(200, examples)",
    ("solver", "lbfgs"): "not available; expected one of gd, momentum, adam",
    ("solver", "sgd"): "use momentum, or gd for plain gradient descent",
}

Constructor = TypeVar("Constructor", bound=Callable[..., None])


def refuse_other_names(kind: str, names: Collection[str], own: Collection[str], error: type[Exception]) -> None:
    """Raises ``error`` for the first of ``names`` that belongs to another library and is not in ``own``."""
    for name in names:
        if name in _OTHER_NAMES and name not in own:
            raise error(f"{kind} has no parameter {name!r}: {_OTHER_NAMES[name]}")


def refuse_other_values(values: Mapping[str, object]) -> None:
    """Raises ValueError for the first parameter with a value of another library."""
    for name, value in values.items():
        if isinstance(value, str) and (name, value) in _OTHER_VALUES:
            raise ValueError(f"{name}={value!r}: {_OTHER_VALUES[name, value]}")


def refusing_other_names(init: Constructor) -> Constructor:
    """``init``, raising TypeError with a helpful message for parameter names of other libraries."""
    own = inspect.signature(init).parameters

    @functools.wraps(init)  # scikit-learn reads the names of the parameters from the signature
    def checked(self: object, *args: Any, **kwargs: Any) -> None:
        refuse_other_names(type(self).__name__, kwargs, own, TypeError)
        init(self, *args, **kwargs)

    return cast(Constructor, checked)
