"""train(): checks the arguments, runs the kernels, returns a TrainedNetwork. train_batch(): many runs at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planar_core import kernels, network, steps
from planar_core.choices import (
    ACTIVATIONS,
    DTYPES,
    OPTIMIZERS,
    Hyperparameters,
    at_least,
    default_record_every,
    initial_deviations,
    one_of,
)
from planar_core.kernels import Batch, Examples, Layout, State
from planar_core.network import Array, Parameters
from planar_core.outputs import Output, output_of
from planar_core.streams import STREAM_WORDS

_ALL = 2**62  # examples in a mini-batch: all there are
_BUDGET = 2**25  # activations in one call of the kernel: some 50 ms, after which Ctrl-C is answered


@dataclass(frozen=True)
class TrainedNetwork:
    """One trained network. The arrays over time have one entry for each recorded iteration."""

    iterations: NDArray[np.int64]
    costs: NDArray[np.float64]  # of the training examples, with their weights
    test_costs: NDArray[np.float64]  # nan without test examples
    scores: NDArray[np.float64]  # accuracy on the training examples; R^2 for regression
    test_scores: NDArray[np.float64]  # nan without test examples
    parameters: Parameters
    status: str  # "ok", or "diverged": the numbers are then those of the last recorded finite state
    activation: str = "tanh"
    task: str = "binary"

    @property
    def accuracies(self) -> NDArray[np.float64]:
        """``scores`` of a classification. Raises AttributeError for a regression, whose scores are R^2."""
        return self._of_classes(self.scores)

    @property
    def test_accuracies(self) -> NDArray[np.float64]:
        """``test_scores`` of a classification. Raises AttributeError for a regression, whose scores are R^2."""
        return self._of_classes(self.test_scores)

    def _of_classes(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.task == "regression":
            raise AttributeError("a regression has no accuracies; its scores and test_scores are R^2")
        return scores

    def predict(self, X: ArrayLike) -> Array:
        """The class of each example, an integer from 0 on, or the value of a regression.

        (1, examples), from X (features, examples).
        """
        return steps.predict(self.parameters, X, self.activation, self.task)

    def predict_proba(self, X: ArrayLike) -> Array:
        """The probability of class 1 for each example, (1, examples), from X (features, examples).

        Of multiclass, that of each class: (classes, examples). Raises ValueError for a regression.
        """
        return steps.predict_proba(self.parameters, X, self.activation, self.task)


def recorded_iterations(iterations: int, record_every: int) -> NDArray[np.int64]:
    """0, every ``record_every``-th iteration, and the last one."""
    return np.unique(np.append(np.arange(0, iterations + 1, record_every), iterations))


def n_records(iterations: int, record_every: int) -> int:
    """``len(recorded_iterations(...))``, without listing them."""
    return -(-iterations // record_every) + 1


def new_batch(
    features: int,
    hidden: int | str | Sequence[int],
    seeds: Sequence[int],
    hyperparameters: Sequence[Hyperparameters],
    records: int,
    dtype: str,
    outputs: int = 1,
) -> Batch:
    """A batch of untrained runs, one for each pair of ``seeds`` and ``hyperparameters``, which have the same length.

    ``outputs`` is the number of output units: that of the classes for multiclass, else 1.
    """
    scales = [(h.init, h.init_scale, outputs, h.output_init_scale) for h in hyperparameters]
    deviations = {scale: initial_deviations(features, hidden, *scale) for scale in set(scales)}
    of_runs, offsets = [deviations[scale] for scale in scales], [h.init_offset for h in hyperparameters]
    parameters = network.initial_parameters(features, hidden, seeds, of_runs, np.dtype(dtype), outputs, offsets)
    runs, curves = len(seeds), np.full((4, len(seeds), records), np.nan)

    def pairs(of: Callable[[Hyperparameters], tuple[float, float]], dtype: str = dtype) -> Array:
        with np.errstate(over="ignore"):  # beyond float32: inf, and the run will be reported as diverged
            return np.array([of(h) for h in hyperparameters], dtype).reshape(runs, 2)

    return Batch(
        parameters=parameters,
        last_finite=parameters.copy(),
        learning_rates=pairs(lambda h: (h.learning_rate, _or(h.output_learning_rate, h.learning_rate))),
        optimizers=np.array([OPTIMIZERS.index(h.optimizer) for h in hyperparameters], np.int64),
        # In float64, for in float32 some beta below 1 would be 1.
        decays=pairs(lambda h: (h.beta1, h.beta2) if h.optimizer == "adam" else (h.momentum, 0.0), "float64"),
        penalties=pairs(lambda h: (h.l1, h.l2)),
        batch_sizes=np.array([min(_or(h.batch_size, _ALL), _ALL) for h in hyperparameters], np.int64),
        biases=np.array([h.bias for h in hyperparameters], np.bool_),
        seeds=np.array(seeds, np.uint32),
        costs=curves[0],
        test_costs=curves[1],
        train_scores=curves[2],
        test_scores=curves[3],
        records=np.zeros(runs, np.int64),
        diverged=np.zeros(runs, np.bool_),
        position=np.zeros(2, np.int64),
    )


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value


def _state(batch: Batch, train: Examples) -> State | None:
    """Room for what a run remembers; None if each of the batch is gradient descent on all examples, with biases."""
    sizes = batch.batch_sizes[batch.batch_sizes < train.m]
    if not (batch.optimizers.any() or batch.penalties.any() or sizes.size) and batch.biases.all():
        return None
    return State(
        moments=np.zeros((2, batch.parameters.shape[1]), batch.parameters.dtype),
        powers=np.ones(2),
        shuffled=network.mini_batches(train, np.unique(sizes).tolist()),
        order=np.zeros(train.m, np.int64),
        dealt=np.zeros(1, np.int64),
        stream=np.zeros(STREAM_WORDS, np.uint32),
    )


def _layout_and_output(
    hidden: int | str | Sequence[int], features: int, batch: Batch, activation: str, task: str, outputs: int
) -> tuple[Layout, Output]:
    """The network of a batch for the kernels. Raises ValueError for outputs that fit neither the task nor the batch."""
    layout, output = network.layout(features, hidden, activation, outputs), output_of(task, outputs)
    if batch.parameters.shape[1] != network.n_parameters(layout):
        raise ValueError(f"outputs={outputs!r}: expected the number of output units that the batch was made with")
    return layout, output


def train_batch(
    hidden: int | str | Sequence[int],
    features: int,
    batch: Batch,
    train: Examples,
    test: Examples,
    iterations: int | Sequence[int],
    record_every: int | Sequence[int],
    budget: int = _BUDGET,
    activation: str = "tanh",
    task: str = "binary",
    outputs: int = 1,
) -> Iterator[None]:
    """Train the runs of ``batch`` in place, in slices of about ``budget`` activations; yields between two slices.

    With several ``iterations``, in ascending order, and as many ``record_every``, so many equal runs that follow each
    other in the batch come out of one training: each has the bits that it has if it is trained alone.
    ``outputs`` is that of ``new_batch``; ``train`` and ``test`` are of the same task. A caller who stops iterating
    leaves the batch unfinished. Raises ValueError for outputs that fit neither the task nor the batch.
    """
    layout, output = _layout_and_output(hidden, features, batch, activation, task, outputs)
    larger = train if train.X.shape[1] > test.X.shape[1] else test
    space, state = network.workspace(layout, larger), _state(batch, train)
    lengths, intervals = np.array(iterations, np.int64, ndmin=1), np.array(record_every, np.int64, ndmin=1)
    while not kernels.train_batch(layout, output, batch, state, train, test, space, lengths, intervals, budget):
        yield


def train(
    X: ArrayLike,
    Y: ArrayLike,
    hidden: int | str | Sequence[int] = 4,
    learning_rate: float = 1.2,
    iterations: int = 5000,
    seed: int = 0,
    record_every: int | None = None,
    dtype: str = "float64",
    X_test: ArrayLike | None = None,
    Y_test: ArrayLike | None = None,
    verbose: bool = False,
    report: Callable[[str], None] = print,
    activation: str = "tanh",
    task: str = "binary",
    classes: int | None = None,
    sample_weight: ArrayLike | None = None,
    **hyperparameters: Any,
) -> TrainedNetwork:
    """Train one network.

    X is (features, examples); Y is (1, examples) or (examples,). ``task`` says what Y is of: "binary", the classes 0
    and 1; "multiclass", the integers from 0 to below ``classes`` (default: 1 + the largest one, at least 2);
    "regression", any numbers, which should be about as large as 1. ``outputs`` has the formulas. ``sample_weight``,
    (examples,), are numbers from 0 on of which only the ratios count: in cost and gradient, an example of weight 2
    stands for two of weight 1. Accuracies, R^2 and what is recorded of the test examples take no account of it; a
    mini-batch of weight 0 has the gradient 0.

    ``hidden`` is a number of hidden units (4), several layers ("8x8" or (8, 8)), or 0 for none; ``activation`` is their
    function: tanh, relu, sigmoid or identity. Further keywords are those of ``Hyperparameters``; without any this is
    gradient descent on all examples. Costs and scores are recorded before the first iteration, every ``record_every``
    iterations (default: a fiftieth of them) and after the last one; ``verbose`` prints each of these lines as it is
    reached. Initial weights, and the order of examples in mini-batches, are fixed by ``seed``.

    Raises ValueError for invalid arguments.
    """
    one_of("dtype", dtype, DTYPES)
    one_of("activation", activation, ACTIVATIONS)
    for name in hyperparameters:
        one_of("keyword", name, Hyperparameters._fields)
    how = Hyperparameters(learning_rate=learning_rate, **hyperparameters)
    how.check()
    at_least(0, iterations=iterations)
    if record_every is None:
        record_every = default_record_every(iterations)
    at_least(1, record_every=record_every)
    outputs = network.n_outputs(task, Y, classes)
    of_task: dict[str, Any] = {"task": task, "classes": outputs if task == "multiclass" else None}
    train_examples = network.examples(X, Y, np.dtype(dtype), **of_task, sample_weight=sample_weight)
    features = np.asarray(X).shape[0]
    if train_examples.m == 0:
        raise ValueError("X: expected at least one example, got none")
    if (X_test is None) != (Y_test is None):
        raise ValueError("X_test and Y_test: expected both or neither")
    if X_test is None:
        X_test = np.zeros((features, 0))
    test_examples = network.examples(X_test, Y_test, np.dtype(dtype), ("X_test", "Y_test"), **of_task)
    if np.asarray(X_test).shape[0] != features:
        raise ValueError(f"X_test: expected {features} features as in X, got {np.asarray(X_test).shape[0]}")

    iterations, record_every = int(iterations), int(record_every)  # else each NumPy integer type is compiled for
    at = recorded_iterations(iterations, record_every)
    batch = new_batch(features, hidden, [seed], [how], len(at), dtype, outputs)
    printed = 0
    budget = 1 if verbose else _BUDGET
    examples = train_examples, test_examples
    how_long = iterations, record_every, budget
    for _ in train_batch(hidden, features, batch, *examples, *how_long, activation, task, outputs):
        printed = _print_new(batch, at, printed, report) if verbose else 0
    if verbose:
        _print_new(batch, at, printed, report)
    filled = int(batch.records[0])
    return TrainedNetwork(
        iterations=at[:filled],
        costs=batch.costs[0, :filled],
        test_costs=batch.test_costs[0, :filled],
        scores=batch.train_scores[0, :filled],
        test_scores=batch.test_scores[0, :filled],
        parameters=network.unpack(batch.parameters[0], features, hidden, outputs),
        status="diverged" if batch.diverged[0] else "ok",
        activation=activation,
        task=task,
    )


def _print_new(batch: Batch, at: NDArray[np.int64], printed: int, report: Callable[[str], None]) -> int:
    for k in range(printed, int(batch.records[0])):
        report(f"cost after iteration {at[k]}: {batch.costs[0, k]:.6f}")
    return int(batch.records[0])
