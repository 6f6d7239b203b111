"""Verdicts on training, which are made while it runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from planar_core import network, training
from planar_core.choices import Hyperparameters
from planar_core.verdicts import Judging
from tests.oracles import verdicts as oracle

FEATURES, UNITS, EXAMPLES = 5, 4, 37
RATES = [(0.01, 0.01), (1.0, 0.3), (3.0, 1.0), (30.0, 3.0), (10.0, 30.0), (1e3, 1e3), (1e300, 1e300)]


def examples(seed: int = 3) -> tuple[Any, Any]:
    random = np.random.RandomState(seed)
    return random.standard_normal((FEATURES, EXAMPLES)), random.standard_normal((1, EXAMPLES))


def judged(activation: str, iterations: int, bias: bool, target: float = 0.5, **how: Any) -> tuple[Any, Any]:
    """The verdicts for RATES, and the batch; one seed, so that the networks start alike."""
    X, Y = examples()
    rates = [Hyperparameters(a, b, init_scale=0.5, bias=bias, **how) for a, b in RATES]
    batch = training.new_batch(FEATURES, UNITS, [7] * len(rates), rates, 1, "float64")
    data = network.examples(X, Y, np.dtype("float64"), task="regression")
    none = network.examples(X[:, :0], None, np.dtype("float64"), task="regression")
    judging = Judging(UNITS, FEATURES, batch, (data, none), iterations, activation, "regression", 1, target)
    for _ in judging:
        pass
    return judging.verdicts, batch


@pytest.mark.parametrize("activation", ["tanh", "relu", "identity"])
def test_verdicts_without_biases_are_those_of_the_formula(activation: str) -> None:
    iterations = 60
    X, Y = examples()
    weights = [W for W, _ in network.initialize(FEATURES, UNITS, 7, init_scale=0.5)]
    computed, batch = judged(activation, iterations, bias=False)
    for k, rates in enumerate(RATES):
        losses = oracle.losses_of(weights, X, Y, rates, iterations, activation)
        reference = oracle.verdict(losses, 0.5)
        for name, value in reference.items():
            np.testing.assert_allclose(getattr(computed, name)[k], value, rtol=1e-6, err_msg=f"{name}, rates {rates}")
        # At rates of 1000 the oracle multiplies inf by slopes of 0, where the kernel has applied the slopes first.
        if not (activation == "tanh" and rates == (1e3, 1e3)):
            lost = np.isnan(losses)
            assert computed.steps[k] == (np.argmax(lost) if lost.any() else iterations)
            assert np.isnan([computed.cost[k], computed.score[k]]).tolist() == [lost.any()] * 2
    assert 1 <= computed.converged.sum() < len(RATES)
    layout = network.layout(FEATURES, UNITS, activation)
    for first, units in zip(layout.biases, layout.units, strict=True):
        assert not batch.parameters[:2, first : first + units].any()


@pytest.mark.parametrize("how", [{}, {"optimizer": "momentum"}, {"optimizer": "adam", "l2": 0.01}, {"batch_size": 10}])
def test_with_biases_a_network_is_trained_to_the_bits_of_a_sweep(how: dict[str, Any]) -> None:
    iterations = 45
    X, Y = examples()
    computed, batch = judged("tanh", iterations, bias=True, **how)
    for k, (rate, output_rate) in enumerate(RATES[:3]):
        reference = training.train(
            X, Y, UNITS, rate, iterations, 7, record_every=1, task="regression",
            output_learning_rate=output_rate, init_scale=0.5, **how,
        )  # fmt: skip
        packed = network.pack(reference.parameters, network.layout(FEATURES, UNITS), np.dtype("float64"))
        assert batch.parameters[k].tobytes() == packed.tobytes()
        assert computed.cost[k] == reference.costs[-1]
        assert computed.score[k] == reference.scores[-1]
        assert np.isnan(computed.test_cost[k])
        verdict = oracle.verdict(reference.costs[:-1], 0.5)
        assert computed.reached[k] == verdict["reached"]
        np.testing.assert_allclose(computed.measure[k], verdict["measure"], rtol=1e-12)


def test_a_verdict_does_not_depend_on_where_training_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    reference, _ = judged("tanh", 50, bias=False, batch_size=9)
    monkeypatch.setattr("planar_core.verdicts._BUDGET", 1)
    computed, _ = judged("tanh", 50, bias=False, batch_size=9)
    for name in reference._fields:
        assert getattr(computed, name).tobytes() == getattr(reference, name).tobytes(), name


def test_a_cost_beyond_the_cap_can_return() -> None:
    losses = np.array([1.0, 1e9, np.inf, *[1.0] * 10, *[0.5] * 20])
    assert oracle.verdict(losses, 0.5) == {
        "converged": True, "measure": 2 * 1e6 + 11 + 10, "first": 1.0, "end": 0.5, "reached": 13,
    }  # fmt: skip


def test_fewer_iterations_than_decide_are_refused() -> None:
    with pytest.raises(ValueError, match=r"iterations=19: expected an integer, 20 or more"):
        judged("tanh", 19, bias=True)
