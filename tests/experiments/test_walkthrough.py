"""The seven steps: every number that is printed, the two pictures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from experiments.walkthrough import main

PUBLISHED = json.loads((Path(__file__).parents[1] / "oracles" / "published.json").read_text())


def test_the_seven_steps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--out", str(tmp_path / "new" / "folder")])
    lines = capsys.readouterr().out.splitlines()
    assert [line[:2] for line in lines if not line.startswith(" ")] == [f"{step}." for step in range(1, 8)]
    assert max(map(len, lines)) <= 80 + len(str(tmp_path))  # a path may be as long as it is
    costs = [float(line.split(":")[1]) for line in lines if line.startswith("   cost after iteration")]
    published = PUBLISHED["cost_every_1000_iterations_4_units_10000_iterations"]
    assert costs[:8] == pytest.approx(published[:8], abs=2e-6)
    assert costs[8:10] == pytest.approx(published[8:], abs=3e-4)
    for shape in ("X (2, 400)", "Y (1, 400)", "W1 (4, 2)", "b1 (4, 1)", "W2 (1, 4)", "dW1 (4, 2)", "Z1, A1 (4, 400)"):
        assert any(shape in line for line in lines), shape
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == ["boundary.png", "data.png"]
