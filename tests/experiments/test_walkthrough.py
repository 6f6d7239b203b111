"""The seven steps: every number that is printed, the three pictures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from experiments.datasets import load
from experiments.walkthrough import curvature, main
from planar_core import backward, forward, train

PUBLISHED = json.loads((Path(__file__).parents[1] / "oracles" / "published.json").read_text())


def test_the_seven_steps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--out", str(tmp_path / "new" / "folder")])
    lines = capsys.readouterr().out.splitlines()
    assert [line[:2] for line in lines if not line.startswith(" ")] == [f"{step}." for step in range(1, 8)]
    assert max(map(len, lines)) <= 80 + len(str(tmp_path))  # a path may be as long as it is
    costs = [float(line.split(":")[1]) for line in lines if line.startswith("   cost after iteration")][:11]
    published = PUBLISHED["cost_every_1000_iterations_4_units_10000_iterations"]
    assert costs[:8] == pytest.approx(published[:8], abs=2e-6)
    assert costs[8:10] == pytest.approx(published[8:], abs=3e-4)
    for shape in ("X (2, 400)", "Y (1, 400)", "W1 (4, 2)", "b1 (4, 1)", "W2 (1, 4)", "dW1 (4, 2)", "Z1, A1 (4, 400)"):
        assert any(shape in line for line in lines), shape
    drawn = sorted(path.name for path in (tmp_path / "new" / "folder").iterdir())
    assert drawn == ["boundary.png", "data.png", "hidden_units.png"]


def test_what_a_learner_stumbles_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--out", str(tmp_path)])
    said = capsys.readouterr().out
    data = load("flower")
    costs = train(data.X, data.Y, 4, 1.2, 10_000, 2, record_every=1).costs
    rise = next(k for k in range(10_000) if costs[k + 1] > costs[k])
    assert 7000 < rise < 8000
    assert f"After iteration {rise:,} the cost rises" in said
    assert "With learning rate 0.6 the cost never rises" in said
    products = [float(line.split(": ")[1]) for line in said.splitlines() if "curvature after" in line]
    assert max(products[:2]) < 1.9
    assert max(products[3:4]) == max(products) > 2
    assert products[-1] < 2
    assert "costs of the seeds 0 to 9: 0.218 0.247" in said
    assert "Here none of ten is" in said


def test_the_curvature_is_the_largest_eigenvalue_of_the_second_derivatives() -> None:
    data = load("flower")
    parameters = train(data.X, data.Y, 4, 1.2, 3000, 2).parameters
    sizes = [part.size for layer in parameters for part in layer]
    flat = np.concatenate([part.ravel() for layer in parameters for part in layer])

    def gradient(point: np.ndarray) -> np.ndarray:
        parts = np.split(point, np.cumsum(sizes)[:-1])
        layers = [
            (W.reshape(old[0].shape), b.reshape(old[1].shape))
            for W, b, old in zip(parts[::2], parts[1::2], parameters, strict=True)
        ]
        gradients = backward(layers, forward(layers, data.X), data.X, data.Y)
        return np.concatenate([part.ravel() for layer in gradients for part in layer])

    steps = 1e-5 * np.eye(flat.size)
    second = np.array([gradient(flat + step) - gradient(flat - step) for step in steps]) / 2e-5
    reference = np.linalg.eigvalsh((second + second.T) / 2)[-1]
    assert curvature(parameters, data.X, data.Y) == pytest.approx(reference, rel=1e-3)
