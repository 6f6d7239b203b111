"""The benchmark of maps: the same networks for all, and pixels far from the boundary. No times are asserted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks import environment
from benchmarks import map as maps
from tests.oracles import verdicts as oracle


def test_far_from_the_boundary_all_neighbours_agree() -> None:
    converged = np.random.RandomState(0).random_sample((20, 30)) < 0.1
    for far in (1, 2, 3):
        computed = maps.far_from_the_boundary(converged, far)
        for i, j in np.ndindex(*converged.shape):
            near = [
                converged[a, b]
                for a in range(max(0, i - far + 1), min(20, i + far))
                for b in range(max(0, j - far + 1), min(30, j + far))
            ]
            assert computed[i, j] == (len(set(near)) == 1)


def test_the_network_of_the_paper_is_ours_in_another_form() -> None:
    """Its verdicts, in plain NumPy, with its weights, its learning rates and its cost."""
    sample = maps.sample_of(6, 4, iterations=60)
    computed = maps.ours(sample, jobs=2)
    reference = []
    for rates in sample.papers_rates:
        V, W = (weights.copy() for weights in sample.weights)
        costs = []
        with np.errstate(all="ignore"):
            for _ in range(60):
                A = np.tanh(np.sqrt(2) * sample.X @ V / 4)
                error = A @ W / 16 - sample.Y
                costs.append(np.mean(error**2))
                of_output = 2 * error / len(sample.X) / 16
                dW = A.T @ of_output
                dV = sample.X.T @ (of_output @ W.T * (1 - A**2)) * np.sqrt(2) / 4
                V, W = V - rates[0] * dV, W - rates[1] * dW
        reference.append(oracle.verdict(np.array(costs), 0.1)["converged"])
    assert 0 < sum(reference) < len(reference)
    np.testing.assert_array_equal(computed["converged"], reference)


def test_without_jax_there_is_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "version", lambda _: None)
    said: list[str] = []
    table = maps.table(maps.sample_of(4, 4, iterations=20), maps.variants(quick=True), 1, 2, said.append)
    assert "JAX           not installed" in table.text()
    assert [row["name"] for row in table.rows] == ["this project", "JAX"]
    assert said == ["map: this project"]


def test_a_peer_that_fails_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "version", lambda _: "1")
    monkeypatch.setattr(maps, "_PEER", "tests.benchmarks.test_map:broken")
    table = maps.table(maps.sample_of(4, 4, iterations=20), maps.variants(quick=True)[:1], 1, 2, lambda _: None)
    assert "failed: RuntimeError: no such thing" in table.text()


def broken(**_: Any) -> None:
    raise RuntimeError("no such\nthing")


@pytest.mark.skipif(environment.version("jax") is None, reason="no JAX")
def test_jax_has_the_same_verdicts() -> None:
    way = maps.variants(quick=True)[0]
    table = maps.table(maps.sample_of(8, 4, iterations=40), (way,), 1, 2, lambda _: None)
    assert table.rows[1]["agree"] > 0.95
