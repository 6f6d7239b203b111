"""The configs of the maps of Sohl-Dickstein: they train the networks of the paper, in another parametrization."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from experiments.cli import config
from experiments.datasets import load
from experiments.datasets.data import Data
from experiments.runner.train import Problem, hyperparameters
from experiments.sweep import Sweep
from planar_core import initialize, training
from planar_core.verdicts import Judging, Verdicts
from tests.oracles import fractal, reference
from tests.oracles import verdicts as oracle

# Of each config: the learning rates here as parts of the paper's, the scales of its weights, and of its targets.
TANH = ((1 / 4, 1 / 128), (math.sqrt(2 / 16), 1 / 16), 1.0)
PAPER: dict[str, tuple[tuple[float, float], tuple[float, float], float]] = {
    "fractal_tanh": TANH,
    "fractal_relu": TANH,
    "fractal_identity": ((1 / 8, 1 / 128), (1 / 4, 1 / 16), 1.0),
    "fractal_minibatch": TANH,
    "fractal_one_point": TANH,
    "fractal_offset": ((1 / 128, 1 / 128), (math.sqrt(2 / 16), math.sqrt(32) / 16), math.sqrt(32)),
}
RATES = [(0.3, 3.0), (0.5, 10.0), (1.0, 1000.0), (300.0, 1.0), (1e4, 1e5)]  # the paper's
OFFSET = 0.7  # the paper's


def judged(name: str) -> tuple[Verdicts, Sweep, Data]:
    """The verdicts of a config at RATES, as they are here."""
    factors, (scale, _), _ = PAPER[name]
    request = config.read(name)
    here = [(factors[0] * hidden, factors[1] * output) for hidden, output in RATES]
    axes = {"learning_rate": [a for a, _ in here], "output_learning_rate": [b for _, b in here]}
    if name == "fractal_offset":
        axes = {"learning_rate": [b for _, b in here]}
        request["init_offset"] = scale * OFFSET
    sweep = Sweep(**request, **axes, zip=[list(axes)] if len(axes) > 1 else None)
    runs = list(sweep.all_series())
    data = next(iter(sweep.load().values())).part(0)
    problem = Problem.of(data, "float64")
    how = [hyperparameters(run._asdict()) for run in runs]
    batch = training.new_batch(problem.features, runs[0].hidden, [0] * len(runs), how, 1, "float64")
    examples = problem.train, problem.test
    judging = Judging(runs[0].hidden, problem.features, batch, examples, 500, runs[0].activation, problem.task)
    for _ in judging:
        pass
    return judging.verdicts, sweep, data


@pytest.mark.parametrize("name", PAPER)
def test_a_config_trains_the_network_of_the_paper(name: str) -> None:
    computed, sweep, data = judged(name)
    _, scales, size = PAPER[name]
    run = next(iter(sweep.all_series()))
    (V0, _), (V1, _) = initialize(16, 16, 0, init_scale=1.0)
    W0 = V0 + (OFFSET if name == "fractal_offset" else 0.0)
    (V0, _), (V1_here, _) = initialize(16, 16, 0, "normal", run.init_scale, 1, run.output_init_scale, run.init_offset)
    np.testing.assert_allclose(V0, scales[0] * W0, rtol=1e-14)
    np.testing.assert_allclose(V1_here, scales[1] * V1, rtol=1e-14)
    verdicts = []
    for k, (hidden_rate, output_rate) in enumerate(RATES):
        rates = (output_rate if name == "fractal_offset" else hidden_rate), output_rate
        batches = reference.mini_batches(272, 16, 0) if name == "fractal_minibatch" else None
        losses = fractal.losses((W0, V1), data.X, data.Y / size, rates, 500, run.activation, batches)
        expected = oracle.verdict(losses, 0.0)
        verdicts.append(expected["converged"])
        assert computed.converged[k] == expected["converged"]
        np.testing.assert_allclose(computed.first[k], size**2 * losses[0] / 2, rtol=1e-12)
        if k < 2:  # beyond, training amplifies what the order of the sums did to the last bits
            np.testing.assert_allclose(computed.measure[k], expected["measure"], rtol=1e-9)
            np.testing.assert_allclose(computed.end[k], expected["end"], rtol=1e-9, atol=1e-25)
    assert verdicts[0]
    assert not verdicts[-1]


def test_the_data_are_those_of_the_paper() -> None:
    data = load("gaussian_random", samples=272)
    assert (data.X.shape, data.Y.shape) == ((16, 272), (1, 272))
    assert data.target_scale == (0.0, 1.0)
    whole = np.concatenate([data.X.ravel(), data.X_test.ravel(), data.Y.ravel(), data.Y_test.ravel()])
    assert abs(whole.mean()) < 4 / math.sqrt(whole.size)
    assert abs(whole.var() - 1) < 4 * math.sqrt(2 / whole.size)
    parameters: dict[str, Any] = {"samples": 272, "noise": 3.0}
    np.testing.assert_allclose(load("gaussian_random", **parameters).Y, 3 * data.Y, rtol=1e-15)
