"""Early stopping of one network: it ends where the oracle ends, with the bits of a training that was shorter."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import planar_core
from experiments.datasets.data import Data
from experiments.datasets.loading import load
from experiments.runner.train import Networks, Problem, Stopped, train
from experiments.store.store import StoredRun, StoredRuns, best_record
from planar_core import stopping
from planar_core.choices import NUMERICS, Hyperparameters
from tests.oracles import stopping as oracle

ITERATIONS, RECORD_EVERY = 120, 5
FRACTION = 0.2
FLOWER = load("flower", samples=60)

# Data, hidden layers, patience, dtype, class weight, and hyperparameters.
CASES: dict[str, tuple[Data, str, int, str, str, dict[str, Any]]] = {
    "gradient descent": (FLOWER, "4", 2, "float64", "none", {"learning_rate": 2.0, "init_scale": 0.5}),
    "momentum": (FLOWER, "4", 3, "float64", "none", {"learning_rate": 0.3, "optimizer": "momentum", "init": "he"}),
    "adam, two layers": (FLOWER, "6x4", 1, "float64", "none", {"learning_rate": 0.1, "optimizer": "adam"}),
    "mini-batches": (FLOWER, "4", 2, "float64", "none", {"learning_rate": 0.5, "batch_size": 7, "init": "glorot"}),
    "penalties": (FLOWER, "4", 2, "float64", "none", {"learning_rate": 3.0, "l1": 1e-3, "l2": 1e-3, "init": "he"}),
    "adam, mini-batches": (
        load("moons", samples=50, noise=0.5), "8", 4, "float64", "none",
        {"learning_rate": 0.05, "optimizer": "adam", "batch_size": 11},
    ),
    "float32": (FLOWER, "4", 2, "float32", "none", {"learning_rate": 2.0, "init_scale": 0.5}),
    "several classes": (load("iris"), "4", 2, "float64", "none", {"learning_rate": 5.0, "init": "he"}),
    "weights": (load("breast_cancer"), "3", 2, "float64", "balanced", {"learning_rate": 3.0, "init": "he"}),
    "weights of several classes": (load("wine"), "3", 2, "float64", "balanced", {"learning_rate": 2.0, "init": "he"}),
    "values": (load("diabetes"), "5", 2, "float64", "none", {"learning_rate": 0.3, "init": "he"}),
}  # fmt: skip


def networks_of(case: str, seeds: list[int], patience: int | None = None, iterations: int = ITERATIONS) -> Networks:
    _, hidden, usual, dtype, _, how = CASES[case]
    hyperparameters = [Hyperparameters(**how)] * len(seeds)
    patience = usual if patience is None else patience
    how_long = [(iterations, RECORD_EVERY)] * len(seeds)
    return Networks(hidden, "tanh", hyperparameters, seeds, how_long, dtype, NUMERICS, patience, FRACTION)


def problem_of(case: str) -> Problem:
    data, _, _, dtype, class_weight, _ = CASES[case]
    return Problem.of(data, dtype, class_weight)


def validation_costs(run: StoredRun) -> np.ndarray[Any, Any]:
    return np.frombuffer(run.validation_costs, "<f8")


def recorded(costs: np.ndarray[Any, Any]) -> list[int]:
    return [min(k * RECORD_EVERY, ITERATIONS) for k in range(len(costs))]


@pytest.mark.parametrize("case", CASES)
def test_it_stops_where_the_oracle_does(case: str) -> None:
    data, hidden, patience, dtype, class_weight, how = CASES[case]
    layers = [int(units) for units in hidden.split("x")]
    ends = set()
    for seed, run in zip((0, 3, 7), train(networks_of(case, [0, 3, 7]), problem_of(case)), strict=True):
        expected = oracle.train(
            data.X, data.Y, ITERATIONS, RECORD_EVERY, patience, FRACTION, seed, data.task, class_weight == "balanced",
            hidden=layers, dtype=dtype, classes=data.outputs, **how,
        )  # fmt: skip
        costs = validation_costs(run)
        assert (run.status, recorded(costs)) == ("ok", expected.iterations)
        assert recorded(costs)[best_record(costs)] == expected.stopped_at
        rtol = 1e-7 if dtype == "float64" else 2e-3
        np.testing.assert_allclose(costs, expected.validation_costs, rtol=rtol)
        np.testing.assert_allclose(run.curves[0], expected.costs, rtol=rtol)
        network = run.network(data.X.shape[0], hidden, dtype, data.outputs)
        for (W, b), (W_expected, b_expected) in zip(network, expected.parameters, strict=True):
            np.testing.assert_allclose(W, W_expected, rtol=100 * rtol, atol=rtol)
            np.testing.assert_allclose(b, b_expected, rtol=100 * rtol, atol=rtol)
        ends.add((expected.stopped_at, expected.iterations[-1]))
    assert any(0 < at < end < ITERATIONS for at, end in ends)  # otherwise nothing was tested


@pytest.mark.parametrize("case", CASES)
def test_curve_and_network_have_the_bits_of_a_training_that_was_shorter(case: str) -> None:
    data, hidden, _, dtype, class_weight, how = CASES[case]
    (run,) = train(networks_of(case, [3]), problem_of(case))
    labels = None if data.task == "regression" else data.Y[0]
    rows = oracle.validation_part(labels, data.Y.size, 3, FRACTION)
    rest = np.setdiff1d(np.arange(data.Y.size), rows)
    weights = oracle.balanced(data.Y[0, rest]) if class_weight == "balanced" else None
    costs = validation_costs(run)
    for iterations, is_kept in ((recorded(costs)[-1], False), (recorded(costs)[best_record(costs)], True)):
        alone = planar_core.train(
            data.X[:, rest], data.Y[:, rest], hidden, iterations=iterations, seed=3, record_every=RECORD_EVERY,
            dtype=dtype, X_test=data.X_test, Y_test=data.Y_test, task=data.task, sample_weight=weights,
            classes=data.outputs if data.task == "multiclass" else None, **how,
        )  # fmt: skip
        if is_kept:
            flat = [array.tobytes() for layer in alone.parameters for array in layer]
            assert run.parameters == b"".join(flat)
        else:
            curves = np.stack([alone.costs, alone.scores, alone.test_scores, alone.test_costs])
            assert run.curves.tobytes() == curves.tobytes()


def test_neither_neighbours_nor_slices_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    for case in ("mini-batches", "adam, mini-batches", "weights"):
        problem = problem_of(case)
        together = train(networks_of(case, [5, 0, 2]), problem)
        with monkeypatch.context() as patch:
            patch.setattr(stopping.train_until_no_better, "__defaults__", ("tanh", "binary", 1, 1))
            for seed, run in zip((5, 0, 2), together, strict=True):
                (alone,) = train(networks_of(case, [seed]), problem)
                assert alone.curves.tobytes() == run.curves.tobytes()
                assert alone._replace(curves=run.curves) == run


def test_patience_that_is_never_lost_still_keeps_the_best_record() -> None:
    (run,) = train(networks_of("gradient descent", [3], patience=10**12), problem_of("gradient descent"))
    costs = validation_costs(run)
    assert len(costs) == run.curves.shape[1] == ITERATIONS // RECORD_EVERY + 1
    (short,) = train(networks_of("gradient descent", [3], 10**12, recorded(costs)[best_record(costs)]),
                     problem_of("gradient descent"))  # fmt: skip
    assert short.parameters == run.parameters


def test_without_an_iteration_there_is_one_record() -> None:
    (run,) = train(networks_of("gradient descent", [3], iterations=0), problem_of("gradient descent"))
    assert (run.status, run.curves.shape, len(run.validation_costs)) == ("ok", (4, 1), 8)


def test_equal_costs_are_not_lower_and_the_first_is_kept() -> None:
    networks = networks_of("gradient descent", [3], patience=4)
    networks.hyperparameters[:] = [Hyperparameters(0.0)]
    (run,) = train(networks, problem_of("gradient descent"))
    assert len(set(validation_costs(run).tolist())) == 1
    assert (run.curves.shape, best_record(validation_costs(run))) == ((4, 1 + 4), 0)


def test_costs_that_are_not_finite_are_not_lower() -> None:
    row = oracle.validation_part(FLOWER.Y[0], FLOWER.Y.size, 3, FRACTION)[0]
    X = FLOWER.X.copy()
    X[:, row] = 3e38  # its Z overflows when the weights have grown
    problem = Problem.of(replace(FLOWER, X=X), "float32")

    def trained(iterations: int) -> StoredRun:
        how = [(iterations, RECORD_EVERY)], "float32", NUMERICS, 100, FRACTION
        return train(Networks("0", "tanh", [Hyperparameters(50.0)], [3], *how), problem)[0]

    run = trained(ITERATIONS)
    costs = validation_costs(run)
    assert (run.status, len(costs)) == ("ok", ITERATIONS // RECORD_EVERY + 1)
    assert not np.isfinite(costs[1:]).all()
    assert np.isfinite(costs[best_record(costs)])
    assert trained(recorded(costs)[best_record(costs)]).parameters == run.parameters


def test_a_network_that_diverges_keeps_the_best_record() -> None:
    networks = networks_of("gradient descent", [0, 0], patience=100)
    networks.hyperparameters[:] = [Hyperparameters(1e308), Hyperparameters(1.0, init_scale=1.7e308)]
    late, at_once = train(networks, problem_of("gradient descent"))
    assert late.status == at_once.status == "diverged"
    assert (late.curves.shape, len(late.validation_costs)) == ((4, 2), 16)
    assert late.curves[0, 1] > 1e300
    untrained = networks_of("gradient descent", [0], iterations=0)
    untrained.hyperparameters[:] = [Hyperparameters(1e308)]
    (expected,) = train(untrained, problem_of("gradient descent"))
    assert late.parameters == expected.parameters
    assert (at_once.curves.shape, at_once.validation_costs) == ((4, 0), b"")


def test_a_worker_that_is_told_to_stop_gives_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping.train_until_no_better, "__defaults__", ("tanh", "binary", 1, 1))  # in slices
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        train(networks_of("gradient descent", [3]), problem_of("gradient descent"), stop)


def test_a_class_of_one_example_fails_that_run_alone() -> None:
    data = FLOWER
    few = Data("few", data.X[:, :9], np.array([[0, 0, 0, 0, 0, 0, 0, 0, 1.0]]), data.X_test, data.Y_test,
               data.feature_names, data.class_names)  # fmt: skip
    (run,) = train(networks_of("gradient descent", [3]), Problem.of(few, "float64"))
    assert run.status == "failed"
    assert run.error == (
        "DataError: --patience: expected at least two examples of each class in the training part, one to train on "
        "and one to validate on, found 1 example of class '1': leave out --patience, or merge or leave out rare classes"
    )


@pytest.mark.parametrize(
    ("costs", "expected"),
    [([3, 1, 2], 1), ([2, 1, 1], 1), ([np.nan, 2, np.nan], 1), ([np.nan, np.inf], 0), ([np.inf, np.nan], 0), ([5], 0)],
)
def test_the_best_record_is_the_first_of_the_lowest(costs: list[float], expected: int) -> None:
    assert best_record(np.array(costs, np.float64)) == expected


def test_the_record_that_is_kept_is_the_last_one_without_early_stopping() -> None:
    runs = StoredRuns(
        np.zeros(3, np.int8), np.array([2, 3, 0]), np.zeros((3, 4, 3)), [b""] * 3, [""] * 3,
        [b"", np.array([2.0, 1.0, 3.0]).tobytes(), b""],
    )  # fmt: skip
    assert runs.kept.tolist() == [1, 1, -1]
    np.testing.assert_array_equal(runs.validation, [[np.nan] * 3, [2, 1, 3], [np.nan] * 3])
