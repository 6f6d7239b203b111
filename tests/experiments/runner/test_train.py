"""experiments.runner.train: networks are trained as the core trains one alone, and none costs another."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import planar_core
from experiments.datasets.loading import load
from experiments.runner.train import Networks, Problem, Stopped, hyperparameters, train
from experiments.store.store import StoredRun
from experiments.sweep import Sweep
from planar_core import training
from planar_core.choices import NUMERICS, Hyperparameters
from tests.helpers.sweeps import how_of

FLOWER = load("flower")


def networks_of(hidden: str = "2", seeds: Sequence[int] = (3, 0), dtype: str = "float64", **others: Any) -> Networks:
    n = len(seeds)
    return Networks(hidden, "tanh", [Hyperparameters(1.2)] * n, list(seeds), [(20, 8)] * n, dtype, **others)


def trained(networks: Networks, stop: threading.Event | None = None) -> list[StoredRun]:
    return train(networks, Problem.of(FLOWER, networks.dtype), stop)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("hidden", ["0", "3", "3x2"])
def test_each_network_is_what_the_core_gives_for_it_alone(hidden: str, dtype: str) -> None:
    data = FLOWER
    for seed, run in zip((3, 0), trained(networks_of(hidden, dtype=dtype)), strict=True):
        expected = planar_core.train(
            data.X, data.Y, hidden, 1.2, 20, seed, 8, dtype, X_test=data.X_test, Y_test=data.Y_test
        )  # fmt: skip
        assert (run.status, run.error) == ("ok", "")
        assert expected.test_accuracies is not None
        assert expected.test_costs is not None
        recorded = expected.costs, expected.accuracies, expected.test_accuracies, expected.test_costs
        for curve, wanted in zip(run.curves, recorded, strict=True):
            assert curve.tobytes() == wanted.astype(np.float64).tobytes()
        for (W, b), (W_expected, b_expected) in zip(
            run.network(2, hidden, dtype), expected.parameters, strict=True
        ):  # fmt: skip
            assert (W.dtype, W.tobytes()) == (np.dtype(dtype), W_expected.tobytes())
            assert (b.dtype, b.tobytes()) == (np.dtype(dtype), b_expected.tobytes())


def test_a_run_that_raises_costs_no_other_of_those_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = trained(networks_of(seeds=[3, 0, 5]))
    new_batch = training.new_batch

    def failing(features: int, hidden: Any, seeds: Any, *others: Any) -> Any:
        if 0 in seeds:
            raise MemoryError("no memory\nfor it") if len(seeds) == 1 else RuntimeError("no memory for the batch")
        return new_batch(features, hidden, seeds, *others)

    monkeypatch.setattr(training, "new_batch", failing)
    first, second, third = trained(networks_of(seeds=[3, 0, 5]))
    assert (second.status, second.error, second.parameters) == ("failed", "MemoryError: no memory for it", b"")
    assert second.curves.shape == (4, 0)
    for run, wanted in ((first, expected[0]), (third, expected[2])):
        assert run.curves.tobytes() == wanted.curves.tobytes()
        assert run._replace(curves=wanted.curves) == wanted


def test_a_message_without_words_has_no_colon(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(training, "new_batch", failing)
    assert [run.error for run in trained(networks_of())] == ["MemoryError"] * 2


def test_another_version_of_the_numerics_trains_nothing() -> None:
    wanted = NUMERICS + 1
    runs = trained(networks_of(numerics=wanted))
    assert [run.status for run in runs] == ["failed"] * 2
    assert {run.error for run in runs} == {f"a worker has version {wanted - 1} of the arithmetic instead of {wanted}"}


def test_a_worker_that_is_told_to_stop_gives_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole: Any = training.train_batch
    monkeypatch.setattr(training, "train_batch", lambda *arguments, **named: whole(*arguments, 1, **named))  # in slices
    stop = threading.Event()
    assert [run.status for run in trained(networks_of(), stop)] == ["ok", "ok"]
    stop.set()
    with pytest.raises(Stopped):
        trained(networks_of(), stop)


# What the core is told


def test_every_hyperparameter_of_the_core_is_a_knob() -> None:
    defaults = Sweep(learning_rate=1.2)[0]
    assert hyperparameters(defaults._asdict()) == Hyperparameters() == how_of(defaults)
    assert hyperparameters({"learning_rate": 1.2}) == Hyperparameters()
    run = Sweep(
        output_learning_rate=0.1, optimizer="adam", beta1=0.1, beta2=0.2, l1=0.3, l2=0.4, batch_size=7, init="he",
        init_scale=0.5, learning_rate=3,
    )[0]._replace(momentum=0.6)  # fmt: skip
    assert hyperparameters(run._asdict()) == Hyperparameters(3.0, 0.1, "adam", 0.6, 0.1, 0.2, 0.3, 0.4, 7, "he", 0.5)
