"""The target of learning: what it is, when runs first reached it, and what the summary says of that."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from experiments.sweep import Sweep
from experiments.tables.statistics import summarize, targets
from experiments.tables.targets import Climbs
from planar_core.training import recorded_iterations
from tests.helpers.tables import CONFIGURATION, runs_of

ACCURACIES = st.sampled_from([math.nan, 0.0, 0.25, 0.5, np.nextafter(0.5, 0), np.nextafter(0.5, 1), 0.75, 1.0])
NO_FLOOR = np.array([-math.inf])
RUN = st.tuples(st.lists(ACCURACIES, max_size=11), ACCURACIES)


def first(curve: list[float], target: float, iterations: list[int]) -> float:
    """The slow, obvious way."""
    for accuracy, iteration in zip(curve, iterations, strict=False):
        if accuracy >= target:
            return iteration
    return math.inf


def test_the_target_lies_between_a_constant_prediction_and_the_best() -> None:
    moons = runs_of({"1": [0.5, 0.7], "4": [0.8, 1.0]}, dataset="moons")
    runs = pd.concat([moons, runs_of({"1": [0.5, 0.5]}), runs_of({"1": [math.nan]}, dataset="none", status="failed")])
    summary = summarize(runs, CONFIGURATION, ["dataset"])
    computed = targets(summary, ["dataset"], [0.6, 0.6, 0.5, 0.5])
    # 0.6 + 0.95 (0.9 - 0.6); the best of flower is no better than a constant
    np.testing.assert_array_equal(computed, [0.885, 0.885, math.nan, math.nan])


@pytest.mark.parametrize(
    ("target", "accuracies", "expected"),
    [
        (0.7, [0.5, 0.7, 0.6, 0.9], 10),
        (0.5, [0.5, 0.7], 0),
        (0.9, [0.5, 0.7, 0.6, 0.9], 25),
        (0.95, [0.5, 0.7, 0.6, 0.9], np.inf),
        (0.6, [0.5], np.inf),
        (0.6, [], np.inf),
        (math.nan, [0.5, 0.7], np.inf),
    ],
)
def test_iterations_to_a_target(target: float, accuracies: list[float], expected: float) -> None:
    climbs = Climbs()
    climbs.add(np.array([accuracies]), NO_FLOOR)
    assert climbs.first(
        np.array([target]), [np.array([0, 10, 20, 25])], np.zeros(1, int), np.ones(1, int)
    ).tolist() == [expected]


@given(runs=st.lists(RUN, min_size=1, max_size=9), below=st.sampled_from([0.0, 1e-9, 0.25, math.inf]))
@example(runs=[([math.nan, math.nan], 0.0)], below=0.0)
@example(runs=[([], 0.5), ([0.5], 0.5), ([], math.nan)], below=0.0)
def test_first_iterations(runs: list[tuple[list[float], float]], below: float) -> None:
    at = recorded_iterations(93, 10)
    expected = [first(curve, target, at.tolist()) for curve, target in runs]

    climbs = Climbs()
    for some in (runs[:2], runs[2:]):  # curves that end early are padded
        longest = max((len(curve) for curve, _ in some), default=0)
        padded = [[*curve, *[math.nan] * (longest - len(curve))] for curve, _ in some]
        floors = [-math.inf if math.isnan(target) else target - below for _, target in some]
        climbs.add(np.array(padded).reshape(len(some), longest), np.array(floors))
    computed = climbs.first(
        np.array([target for _, target in runs]), [at], np.zeros(len(runs), int), 1 + np.arange(len(runs))
    )

    assert computed.dtype == np.float64
    assert computed.tolist() == expected


def test_curves_of_many_records() -> None:
    random, at = np.random.default_rng(3), recorded_iterations(1000, 1)
    curves = random.integers(0, 400, (50, 1001)) / 400
    curves[random.random(curves.shape) < 0.1] = math.nan
    wanted = random.integers(300, 401, 50) / 400

    climbs = Climbs()
    climbs.add(curves, np.full(len(curves), -math.inf))
    computed = climbs.first(wanted, [at], np.zeros(len(wanted), int), 1 + np.arange(len(wanted)))

    expected = [first(curve.tolist(), target, at.tolist()) for curve, target in zip(curves, wanted, strict=True)]
    assert computed.tolist() == expected
    assert len(set(expected)) > 10


@pytest.mark.parametrize("shape", [(0,), (5,)])
def test_no_runs_reach_nothing(shape: tuple[int]) -> None:
    climbs = Climbs()
    climbs.add(np.empty((*shape, 0)), np.zeros(shape))
    ends = 1 + np.arange(*shape)
    found = climbs.first(np.zeros(shape), [recorded_iterations(10, 1)], np.zeros(shape, int), ends)
    assert found.tolist() == [math.inf] * shape[0]


def test_the_summary_has_iterations_to_the_target() -> None:
    request = {"hidden": [0, 3], "learning_rate": [0.001, 2.0], "seed": range(4), "iterations": 300, "record_every": 20}
    results = Sweep(dataset=["circles", "moons"], **request).run(1, None)
    for dataset, summary in results.summary.groupby("dataset"):
        best = summary["mean_test_accuracy"].max()
        target = 0.5 + 0.95 * (best - 0.5)
        assert summary["target_test_accuracy"].tolist() == pytest.approx([target] * 4, abs=1e-9)
        every = results.curves[results.curves["dataset"] == dataset].groupby(["hidden", "learning_rate"], sort=False)
        for row, (_, curves) in zip(summary.to_dict("records"), every, strict=True):
            reached = [
                first(c["test_accuracy"].tolist(), target, c["iteration"].tolist()) for _, c in curves.groupby("seed")
            ]
            assert row["n_reached_target"] == sum(map(math.isfinite, reached))
            median = float(np.median(reached))
            assert row["median_iterations_to_target"] == median or (
                math.isinf(median) and math.isnan(row["median_iterations_to_target"])
            )
        assert 0 < summary["n_reached_target"].sum() < 16
        assert summary["median_iterations_to_target"].isna().any()
