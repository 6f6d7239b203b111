"""What may be chosen, with its limits and defaults: sizes of layers, hyperparameters, tasks, metrics.

This module imports neither Numba nor NumPy, so a program that lists what may be chosen, or refuses what may not, starts
at once. The kernels take their names from here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from numbers import Integral, Real
from types import MappingProxyType
from typing import NamedTuple

NUMERICS = 2
"""A version of the arithmetic, raised whenever the bits of a result may change: results of another one are no longer
those of the same request."""

DTYPES = ("float64", "float32")
ACTIVATIONS = ("tanh", "relu", "sigmoid", "identity")
OPTIMIZERS = ("gd", "momentum", "adam")
INITS = ("normal", "glorot", "he")
INITIAL_SCALE = 0.01
LARGEST_SEED = 2**32 - 1
LAST_COSTS = 20  # of a training, whose mean decides whether it converges: see ``verdicts``
MOST_CLASSES = 10_000  # more than that are taken for a mistake: values, or numbers of rows
TASKS = BINARY, MULTICLASS, REGRESSION = "binary", "multiclass", "regression"
CLASSIFICATION = (BINARY, MULTICLASS)
_INF = float("inf")


def one_of(name: str, given: str, choices: Iterable[str]) -> None:
    """Raises ValueError for what is not among the choices."""
    if given not in tuple(choices):  # which, unlike a dict, takes what has no hash
        raise ValueError(f"{name}={given!r}: expected one of {', '.join(choices)}")


def at_least(least: int, **given: int) -> None:
    """Raises ValueError for what is no integer, or less."""
    for name, value in given.items():
        if not isinstance(value, Integral) or value < least:
            raise ValueError(f"{name}={value!r}: expected an integer, {least} or more")


# --- networks --------------------------------------------------------------------------------------------


def is_finite(value: object) -> bool:
    """Whether it is a number, and one that float64 can hold."""
    try:
        return isinstance(value, Real) and math.isfinite(value)
    except OverflowError:  # an integer beyond that
        return False


def hidden_layers(hidden: int | str | Sequence[int]) -> tuple[int, ...]:
    """The units of each hidden layer: ``4``, ``"4"`` -> (4,); ``"8x8"``, ``(8, 8)`` -> (8, 8); ``0``, ``()`` -> ().

    No hidden layer at all is a linear model, such as logistic regression. Raises ValueError for anything else.
    """
    if isinstance(hidden, str):
        parts: list[object] = [int(p) if p.isascii() and p.isdigit() else p for p in hidden.strip().split("x")]
    elif isinstance(hidden, Sequence):
        parts = list(hidden)
    else:
        parts = [hidden]
    if parts == [0]:
        return ()
    layers = []
    for part in parts:
        if isinstance(part, bool) or not isinstance(part, Integral) or part < 1:
            raise ValueError(
                f"hidden={hidden!r}: expected a number of hidden units such as 4, several layers such as 8x8,"
                " or 0 for no hidden layer"
            )
        layers.append(int(part))
    return tuple(layers)


def layer_shapes(
    features: int, hidden: int | str | Sequence[int], outputs: int = 1
) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """The shapes of (W, b) of each layer: W (units, inputs), b (units, 1). The last layer has ``outputs`` units."""
    if isinstance(outputs, bool) or not isinstance(outputs, Integral) or outputs < 1:
        raise ValueError(f"outputs={outputs!r}: expected an integer, 1 or more")
    sizes = [features, *hidden_layers(hidden), int(outputs)]
    return [((units, inputs), (units, 1)) for inputs, units in pairwise(sizes)]


def count_parameters(features: int, hidden: int | str | Sequence[int], outputs: int = 1) -> int:
    """The number of weights and biases of a network."""
    return sum(units * inputs + units for (units, inputs), _ in layer_shapes(features, hidden, outputs))


def initial_deviations(
    features: int,
    hidden: int | str | Sequence[int],
    init: str = "normal",
    init_scale: float | None = None,
    outputs: int = 1,
    output_init_scale: float | None = None,
) -> list[float]:
    """The standard deviation of each layer's initial weights.

    normal: init_scale, by default 0.01; glorot: init_scale sqrt(2 / (inputs + units)), he: init_scale sqrt(2 / inputs),
    by default times 1 (Glorot and Bengio, 2010; He et al., 2015). ``output_init_scale`` stands for init_scale in the
    output layer, unless it is None. Raises ValueError for anything else.
    """
    one_of("init", init, INITS)
    scale = (INITIAL_SCALE if init == "normal" else 1.0) if init_scale is None else init_scale
    output_scale = scale if output_init_scale is None else output_init_scale
    for name, value in (("init_scale", scale), ("output_init_scale", output_scale)):
        if not (is_finite(value) and value >= 0):
            raise ValueError(f"{name}={value!r}: expected a finite number, 0 or more")
    by_init: dict[str, Callable[[float, int, int], float]] = {
        "normal": lambda scale, _units, _inputs: scale,
        "glorot": lambda scale, units, inputs: scale * math.sqrt(2 / (inputs + units)),
        "he": lambda scale, _units, inputs: scale * math.sqrt(2 / inputs),
    }
    shapes = [weights for weights, _ in layer_shapes(features, hidden, outputs)]
    scales = [scale] * (len(shapes) - 1) + [output_scale]
    return [by_init[init](scale, *shape) for scale, shape in zip(scales, shapes, strict=True)]


# --- training --------------------------------------------------------------------------------------------


class Hyperparameters(NamedTuple):
    """How a network is trained, beside its shape, its activation function and its seed.

    learning_rate: of gradient descent, or of the optimizer in its place
    output_learning_rate: that of the last layer; None: the same
    optimizer: "gd", "momentum" or "adam"; see ``kernels.direction``
    momentum: of momentum; beta1, beta2: of Adam
    l1, l2: what is minimized is cost + l1 sum |W| + l2/2 sum W^2, of weights, not of biases; the recorded cost is the
        cost alone. Adam sees them as part of the gradient, as momentum does
    batch_size: examples of one update; None: all. They are dealt out anew every epoch; an iteration is one update
    init, init_scale, output_init_scale: see ``initial_deviations``
    init_offset: is added to the initial weights of all hidden layers
    bias: whether biases are trained; otherwise they stay 0
    """

    learning_rate: float = 1.2
    output_learning_rate: float | None = None
    optimizer: str = "gd"
    momentum: float = 0.9
    beta1: float = 0.9
    beta2: float = 0.999
    l1: float = 0.0
    l2: float = 0.0
    batch_size: int | None = None
    init: str = "normal"
    init_scale: float | None = None
    output_init_scale: float | None = None
    init_offset: float = 0.0
    bias: bool = True

    def check(self) -> None:
        """Raises ValueError for values that are invalid."""
        one_of("optimizer", self.optimizer, OPTIMIZERS)
        for name in ("learning_rate", "output_learning_rate", "l1", "l2"):
            value = getattr(self, name)
            is_default = value is None and name == "output_learning_rate"
            if not is_default and not (is_finite(value) and value >= 0):
                raise ValueError(f"{name}={value!r}: expected a finite number, 0 or more")
        for name in ("momentum", "beta1", "beta2"):
            value = getattr(self, name)
            if not (is_finite(value) and 0 <= value < 1):
                raise ValueError(f"{name}={value!r}: expected a number of at least 0 and below 1")
        if self.batch_size is not None:
            at_least(1, batch_size=self.batch_size)
        initial_deviations(1, 0, self.init, self.init_scale, 1, self.output_init_scale)
        if not is_finite(self.init_offset):
            raise ValueError(f"init_offset={self.init_offset!r}: expected a finite number")
        if self.bias not in (True, False):  # NumPy has its own
            raise ValueError(f"bias={self.bias!r}: expected True or False")


def default_record_every(iterations: int) -> int:
    """A fiftieth of the iterations, at least 1."""
    return max(1, iterations // 50)


# --- metrics ---------------------------------------------------------------------------------------------


class Metric(NamedTuple):
    """One way to judge a network."""

    name: str
    tasks: tuple[str, ...]  # that it is for
    larger_is_better: bool
    needs: str  # labels: the predicted classes; scores: how sure the network is of each; values
    limits: tuple[float, float]  # between which it lies
    help: str  # one line
    formula: str  # of it, and the function of scikit-learn that it agrees with


_ALL = (
    Metric(
        "accuracy", CLASSIFICATION, True, "labels", (0.0, 1.0),
        "share of the examples that are classified rightly",
        "mean(prediction = y); accuracy_score(y, prediction)",
    ),
    Metric(
        "balanced_accuracy", CLASSIFICATION, True, "labels", (0.0, 1.0),
        "mean over the classes of the share that is classified rightly",
        "mean of tp / (tp + fn) over the classes that occur; balanced_accuracy_score(y, prediction)",
    ),
    Metric(
        "f1", CLASSIFICATION, True, "labels", (0.0, 1.0),
        "F1 of each class, averaged over all classes (macro), of two classes as well",
        "mean of 2 tp / (2 tp + fp + fn) over the classes that occur or are predicted;"
        " f1_score(y, prediction, average='macro')",
    ),
    Metric(
        "auc", CLASSIFICATION, True, "scores", (0.0, 1.0),
        "area under the ROC curve; of several classes each against the rest, averaged",
        "P(score of an example of the class > score of another) + P(equal) / 2; empty where a class is missing;"
        " roc_auc_score(y, scores), with several classes multi_class='ovr', average='macro'",
    ),
    Metric(
        "average_precision", CLASSIFICATION, True, "scores", (0.0, 1.0),
        "average precision of class 1; of several classes each against the rest, averaged",
        "sum of (recall_n - recall_n-1) precision_n over the scores from the highest; empty where a class is missing;"
        " average_precision_score(y, scores), with several classes average='macro' of their indicators",
    ),
    Metric(
        "log_loss", CLASSIFICATION, False, "scores", (0.0, _INF),
        "mean of -log of the probability of the class that is right",
        "mean(-log p_y), from logits; log_loss(y, probabilities)",
    ),
    Metric(
        "r2", (REGRESSION,), True, "values", (-_INF, 1.0),
        "share of the variance of the target that is explained",
        "1 - sum (y - z)^2 / sum (y - mean y)^2; of a constant target 1 where all is right, else 0; empty for a single"
        " example; r2_score(y, z)",
    ),
    Metric(
        "rmse", (REGRESSION,), False, "values", (0.0, _INF),
        "root of the mean squared error, in units of the target",
        "sqrt(mean (y - z)^2); root_mean_squared_error(y, z)",
    ),
    Metric(
        "mae", (REGRESSION,), False, "values", (0.0, _INF),
        "mean absolute error, in units of the target",
        "mean |y - z|; mean_absolute_error(y, z)",
    ),
)  # fmt: skip

METRICS: Mapping[str, Metric] = MappingProxyType({metric.name: metric for metric in _ALL})
"""Every metric by its name. Of each task the first is the default."""


def metrics_of(task: str) -> tuple[str, ...]:
    """The names of the metrics of a task, the default first. Raises ValueError for a task that there is not."""
    names = tuple(metric.name for metric in METRICS.values() if task in metric.tasks)
    if not names:
        raise ValueError(f"task={task!r}: expected one of {BINARY}, {MULTICLASS}, {REGRESSION}")
    return names


def checked_metrics(names: Sequence[str], task: str) -> tuple[str, ...]:
    """``names``, or the default of the task if there are none; a name that is repeated counts once.

    Raises ValueError for a metric that there is not, or that is for another task.
    """
    choices = metrics_of(task)
    for name in names:
        if name not in choices:
            what = f"a metric of {' and '.join(METRICS[name].tasks)}; " if name in METRICS else ""
            raise ValueError(f"metric {name!r}: {what}expected one of {', '.join(choices)}, for task={task!r}")
    return tuple(dict.fromkeys(names)) or choices[:1]
