"""train(): checks the arguments, runs the kernels, returns a TrainedNetwork. train_batch(): many runs at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planar_core import kernels, network, steps
from planar_core.kernels import Batch, Examples
from planar_core.network import Array, Parameters

NUMERICS = 1
"""A version of the arithmetic, raised whenever the bits of a result may change: results of another one are no longer
those of the same request."""

DTYPES = ("float64", "float32")
_BUDGET = 2**25  # activations in one call of the kernel: some 50 ms, after which Ctrl-C is answered


@dataclass(frozen=True)
class TrainedNetwork:
    """One trained network. The arrays over time have one entry for each recorded iteration."""

    iterations: NDArray[np.int64]
    costs: NDArray[np.float64]
    accuracies: NDArray[np.float64]  # fractions of the training examples
    test_accuracies: NDArray[np.float64]  # nan without test examples
    parameters: Parameters
    status: str  # "ok", or "diverged": the numbers are then those of the last recorded finite state

    def predict(self, X: ArrayLike) -> Array:
        """The class of each example, 0 or 1: (1, examples), from X (features, examples)."""
        return steps.predict(self.parameters, X)

    def predict_proba(self, X: ArrayLike) -> Array:
        """The probability of class 1 for each example: (1, examples), from X (features, examples)."""
        return steps.predict_proba(self.parameters, X)


def recorded_iterations(iterations: int, record_every: int) -> NDArray[np.int64]:
    """0, every ``record_every``-th iteration, and the last one."""
    return np.unique(np.append(np.arange(0, iterations + 1, record_every), iterations))


def n_records(iterations: int, record_every: int) -> int:
    """``len(recorded_iterations(...))``, without listing them."""
    return -(-iterations // record_every) + 1


def default_record_every(iterations: int) -> int:
    """A fiftieth of the iterations, at least 1."""
    return max(1, iterations // 50)


def new_batch(
    features: int,
    hidden: int | str | Sequence[int],
    seeds: Sequence[int],
    learning_rates: Sequence[float],
    records: int,
    dtype: str,
) -> Batch:
    """A batch of untrained runs, one for each pair of ``seeds`` and ``learning_rates``, which have the same length."""
    different = list(dict.fromkeys(seeds))
    drawn = network.initial_parameters(features, hidden, different, np.dtype(dtype))
    at = {seed: position for position, seed in enumerate(different)}
    runs, parameters = len(seeds), drawn[[at[seed] for seed in seeds]]
    curves = np.full((3, runs, records), np.nan)
    with np.errstate(over="ignore"):  # beyond float32: inf, and the run will be reported as diverged
        rates = np.array(learning_rates, dtype)
    return Batch(
        parameters=parameters,
        last_finite=parameters.copy(),
        learning_rates=rates,
        costs=curves[0],
        train_accuracies=curves[1],
        test_accuracies=curves[2],
        records=np.zeros(runs, np.int64),
        diverged=np.zeros(runs, np.bool_),
        position=np.zeros(2, np.int64),
    )


def train_batch(
    hidden: int | str | Sequence[int],
    features: int,
    batch: Batch,
    train: Examples,
    test: Examples,
    iterations: int,
    record_every: int,
    budget: int = _BUDGET,
) -> Iterator[None]:
    """Train the runs of ``batch`` in place, in slices of about ``budget`` activations; yields between two slices.

    A caller who stops iterating leaves the batch unfinished, at ``batch.position``.
    """
    layout = network.layout(features, hidden)
    larger = train if train.X.shape[1] > test.X.shape[1] else test
    space = network.workspace(layout, larger)
    while not kernels.train_batch(layout, batch, train, test, space, iterations, record_every, budget):
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
) -> TrainedNetwork:
    """Train one network by full-batch gradient descent.

    X is (features, examples); Y is (1, examples) or (examples,), of the classes 0 and 1. ``hidden`` is a number of
    hidden units (4), several layers ("8x8" or (8, 8)), or 0 for none. The cost and the accuracies are recorded before
    the first iteration, every ``record_every`` iterations (default: a fiftieth of them) and after the last one;
    ``verbose`` prints each of these lines as it is reached. Initial weights are fixed by ``seed``.

    Raises ValueError for arguments that cannot be meant.
    """
    if dtype not in DTYPES:
        raise ValueError(f"dtype={dtype!r}: expected one of {', '.join(DTYPES)}")
    if not (math.isfinite(learning_rate) and learning_rate >= 0):
        raise ValueError(f"learning_rate={learning_rate!r}: expected a finite number, 0 or more")
    if record_every is None:
        record_every = default_record_every(iterations)
    for name, value, least in (("iterations", iterations, 0), ("record_every", record_every, 1)):
        if not isinstance(value, int | np.integer) or value < least:
            raise ValueError(f"{name}={value!r}: expected an integer, {least} or more")
    train_examples = network.examples(X, Y, np.dtype(dtype))
    features = np.asarray(X).shape[0]
    if train_examples.m == 0:
        raise ValueError("X: expected at least one example, got none")
    if (X_test is None) != (Y_test is None):
        raise ValueError("X_test and Y_test: expected both or neither")
    if X_test is None:
        X_test = np.zeros((features, 0))
    test_examples = network.examples(X_test, Y_test, np.dtype(dtype), ("X_test", "Y_test"))
    if np.asarray(X_test).shape[0] != features:
        raise ValueError(f"X_test: expected {features} features as in X, got {np.asarray(X_test).shape[0]}")

    iterations, record_every = int(iterations), int(record_every)  # else each NumPy integer type is compiled for
    at = recorded_iterations(iterations, record_every)
    batch = new_batch(features, hidden, [seed], [learning_rate], len(at), dtype)
    printed = 0
    budget = 1 if verbose else _BUDGET
    for _ in train_batch(hidden, features, batch, train_examples, test_examples, iterations, record_every, budget):
        printed = _print_new(batch, at, printed, report) if verbose else 0
    if verbose:
        _print_new(batch, at, printed, report)
    filled = int(batch.records[0])
    return TrainedNetwork(
        iterations=at[:filled],
        costs=batch.costs[0, :filled],
        accuracies=batch.train_accuracies[0, :filled],
        test_accuracies=batch.test_accuracies[0, :filled],
        parameters=network.unpack(batch.parameters[0], features, hidden),
        status="diverged" if batch.diverged[0] else "ok",
    )


def _print_new(batch: Batch, at: NDArray[np.int64], printed: int, report: Callable[[str], None]) -> int:
    for k in range(printed, int(batch.records[0])):
        report(f"cost after iteration {at[k]}: {batch.costs[0, k]:.6f}")
    return int(batch.records[0])
