"""When runs first reach a target: what it is, and what the tables say of it."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pandas as pd
import pytest

from experiments.sweep import Sweep
from experiments.tables.statistics import (
    summarize,
    targets,
)
from experiments.tables.targets import Climbs
from tests.helpers.tables import runs_of

CONFIGURATION = ["dataset", "hidden", "learning_rate"]
PROBLEM = ["dataset"]
NAN = float("nan")


def test_the_target_lies_between_a_constant_prediction_and_the_best() -> None:
    moons = runs_of({"1": [0.5, 0.7], "4": [0.8, 1.0]}, dataset="moons")
    runs = pd.concat([moons, runs_of({"1": [0.5, 0.5]}), runs_of({"1": [NAN]}, dataset="none", status="failed")])
    summary = summarize(runs, CONFIGURATION, PROBLEM)
    computed = targets(summary, PROBLEM, [0.6, 0.6, 0.5, 0.5])
    # 0.6 + 0.95 (0.9 - 0.6); the best of flower is no better than a constant
    np.testing.assert_array_equal(computed, [0.885, 0.885, NAN, NAN])


@pytest.mark.parametrize(
    ("target", "accuracies", "expected"),
    [
        (0.7, [0.5, 0.7, 0.6, 0.9], 10),
        (0.5, [0.5, 0.7], 0),
        (0.9, [0.5, 0.7, 0.6, 0.9], 25),
        (0.95, [0.5, 0.7, 0.6, 0.9], np.inf),
        (0.6, [0.5], np.inf),
        (0.6, [], np.inf),
        (NAN, [0.5, 0.7], np.inf),
    ],
)
def test_iterations_to_a_target(target: float, accuracies: list[float], expected: float) -> None:
    climbs = Climbs()
    climbs.add(np.array(accuracies))
    assert climbs.first(np.array([target]), np.array([0, 10, 20, 25])).tolist() == [expected]


def first_at(target: float, accuracies: Iterable[float], iterations: Iterable[int]) -> float:
    """The first iteration with that accuracy; infinity for never."""
    return next((i for i, a in zip(iterations, accuracies, strict=False) if a >= target), math.inf)


@pytest.mark.parametrize("has_floors", [False, True])
def test_iterations_of_many_runs_are_those_of_each(has_floors: bool) -> None:
    random = np.random.default_rng(2)
    iterations, runs = np.arange(30) * 7, 500
    curves = [random.integers(8, size=random.integers(31)) / 8 for _ in range(runs)]
    for curve in curves:
        curve[random.random(len(curve)) < 0.1] = NAN
    target = np.where(random.random(runs) < 0.1, NAN, random.integers(1, 9, runs) / 8)
    climbs = Climbs()
    for curve, of_run in zip(curves, target, strict=True):
        climbs.add(curve, of_run - random.random() if has_floors and np.isfinite(of_run) else -np.inf)
    expected = [first_at(of_run, curve, iterations) for curve, of_run in zip(curves, target, strict=True)]
    assert climbs.first(target, iterations).tolist() == expected
    assert 100 < np.isfinite(expected).sum() < 400


def test_the_summary_has_iterations_to_the_target() -> None:
    request = {"hidden": [0, 3], "learning_rate": [0.001, 2.0], "seed": range(4), "iterations": 300, "record_every": 20}
    results = Sweep(dataset=["circles", "moons"], **request).run(1, None)
    for dataset, summary in results.summary.groupby("dataset"):
        best = summary["mean_test_accuracy"].max()
        target = 0.5 + 0.95 * (best - 0.5)
        assert summary["target_test_accuracy"].tolist() == pytest.approx([target] * 4, abs=1e-9)
        every = results.curves[results.curves["dataset"] == dataset].groupby(["hidden", "learning_rate"], sort=False)
        for row, (_, curves) in zip(summary.to_dict("records"), every, strict=True):
            first = [first_at(target, c["test_accuracy"], c["iteration"]) for _, c in curves.groupby("seed")]
            assert row["n_reached_target"] == sum(map(math.isfinite, first))
            median = float(np.median(first))
            assert row["median_iterations_to_target"] == median or (
                math.isinf(median) and math.isnan(row["median_iterations_to_target"])
            )
        assert 0 < summary["n_reached_target"].sum() < 16
        assert summary["median_iterations_to_target"].isna().any()
