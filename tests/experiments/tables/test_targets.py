"""experiments.tables.targets: when a run first reached a target, against a walk along its curve."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from experiments.tables.targets import Climbs
from planar_core.training import recorded_iterations

ACCURACIES = st.sampled_from([math.nan, 0.0, 0.25, 0.5, np.nextafter(0.5, 0), np.nextafter(0.5, 1), 0.75, 1.0])
RUN = st.tuples(st.lists(ACCURACIES, max_size=11), ACCURACIES)


def first(curve: list[float], target: float, iterations: list[int]) -> float:
    """The slow, obvious way."""
    for accuracy, iteration in zip(curve, iterations, strict=False):
        if accuracy >= target:
            return iteration
    return math.inf


@given(runs=st.lists(RUN, min_size=1, max_size=9), below=st.sampled_from([0.0, 1e-9, 0.25, math.inf]))
@example(runs=[([math.nan, math.nan], 0.0)], below=0.0)
@example(runs=[([], 0.5), ([0.5], 0.5), ([], math.nan)], below=0.0)
def test_first_iterations(runs: list[tuple[list[float], float]], below: float) -> None:
    at = recorded_iterations(93, 10)
    expected = [first(curve, target, at.tolist()) for curve, target in runs]

    climbs = Climbs()
    for curve, target in runs:
        climbs.add(np.array(curve), -math.inf if math.isnan(target) else target - below)
    computed = climbs.first(np.array([target for _, target in runs]), at)

    assert computed.dtype == np.float64
    assert computed.tolist() == expected


def test_curves_of_many_records() -> None:
    random, at = np.random.default_rng(3), recorded_iterations(1000, 1)
    curves = random.integers(0, 400, (50, 1001)) / 400
    curves[random.random(curves.shape) < 0.1] = math.nan
    targets = random.integers(300, 401, 50) / 400

    climbs = Climbs()
    for curve in curves:
        climbs.add(curve)
    computed = climbs.first(targets, at)

    expected = [first(curve.tolist(), target, at.tolist()) for curve, target in zip(curves, targets, strict=True)]
    assert computed.tolist() == expected
    assert len(set(expected)) > 10


@pytest.mark.parametrize("shape", [(0,), (5,)])
def test_no_runs_reach_nothing(shape: tuple[int]) -> None:
    climbs = Climbs()
    for _ in range(shape[0]):
        climbs.add(np.array([]))
    assert climbs.first(np.zeros(shape), recorded_iterations(10, 1)).tolist() == [math.inf] * shape[0]
