"""--budget: as many seeds as fit into a number of runs, or into a time that is turned into one once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from experiments.cli import grid, verify
from experiments.files import CURVES, RUNS, STORE, SUMMARY
from experiments.knobs.knob import SweepError
from experiments.results import read
from experiments.runner import prepare
from experiments.runner.budget import weights
from experiments.runner.parts import Parts
from experiments.runner.work import Todo
from experiments.sweep import Sweep

TWO: dict[str, Any] = {"hidden": [1, 2], "learning_rate": 1.2, "iterations": 10}


def files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in (RUNS, CURVES, SUMMARY)}


@pytest.mark.parametrize(
    ("budget", "request_", "seeds"),
    [
        ("7runs", {}, 3),
        ("8 runs", {}, 4),
        ("1,000runs", {"seed": range(4)}, 4),
        ("13runs", {"dataset": "iris", "split": "cv:3"}, 2),
    ],
)
def test_runs_are_whole_seeds_of_every_configuration(
    budget: str, request_: dict[str, Any], seeds: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    limited = Sweep(**TWO, **request_, budget=budget).run(out=tmp_path)
    expected = Sweep(**{**TWO, **request_, "seed": range(seeds)}).run(out=None)
    for name in ("runs", "summary", "curves"):
        pd.testing.assert_frame_equal(getattr(limited, name), getattr(expected, name), check_exact=True)
    again = read(tmp_path)
    pd.testing.assert_frame_equal(again.summary, limited.summary, check_exact=True)
    assert again.manifest["request"]["budget"] == budget.replace(" ", "").replace(",", "")
    assert again.manifest["seeds"] == seeds
    assert verify.main([str(tmp_path)]) == 0, capsys.readouterr().out


def test_a_race_ends_before_the_round_that_exceeds_it(tmp_path: Path) -> None:
    request = {**TWO, "until_decided": 0.001, "iterations": 100}
    rounds = []
    for most in (12, 13, 16, 20, 40):
        results = Sweep(**request, budget=f"{most}runs").run(out=tmp_path)
        assert len(results.runs) <= most
        rounds.append(results.race.replicates)
    assert rounds == sorted(rounds)
    assert rounds[:3] == [6, 6, 8]
    with pytest.raises(SweepError, match="--budget 11runs: expected at least 12 runs, for the first round of every"):
        Sweep(**request, budget="11runs").run(out=tmp_path)


def test_a_time_is_turned_into_runs_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However fast the machine is later, the same command gives the same bytes, until --fresh."""
    speed = 1.0

    def at(changed: float) -> None:
        nonlocal speed
        speed = changed

    monkeypatch.setattr(prepare, "measure_speed", lambda _: 1e-9 * speed)
    seconds = Sweep(**{**TWO, "seed": range(100)}).prepare(out=None).plan.seconds
    asked = {**TWO, "budget": f"{seconds:.6f}s"}
    first = Sweep(**asked).run(out=tmp_path)
    kept, n = files(tmp_path), first.manifest["seeds"]
    assert 99 <= n <= 100
    at(0.99)
    assert Sweep(**asked).run(out=tmp_path).manifest["seeds"] == n
    assert files(tmp_path) == kept
    assert Sweep(**asked).run(out=tmp_path / "elsewhere").manifest["seeds"] > n
    assert Sweep(**asked).run(out=tmp_path, fresh=True).manifest["seeds"] > n
    at(1)
    assert Sweep(**asked).run(out=tmp_path).manifest["seeds"] > n  # that of --fresh is kept


def test_with_a_time_a_large_network_counts_as_more_than_a_small_one(monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = Sweep(hidden=[1, 50], learning_rate=1.2, iterations=200, until_decided=0.0001, budget="10s")
    small, large = weights(Todo(sweep, Parts(sweep.load(), "float64"), None))
    assert large > 20 * small
    assert small + large == pytest.approx(2)
    monkeypatch.setattr(prepare, "measure_speed", lambda _: 1e-9)
    prepared = sweep.prepare(out=None)
    assert prepared.budget is not None
    trained = Sweep(**sweep.request).run(out=None).summary["n_seeds"]
    assert small * trained[0] + large * trained[1] <= prepared.budget
    assert weights(Todo(Sweep(hidden=[1, 50], budget="9runs"), Parts(sweep.load(), "float64"), None)) == [1.0] * 10


def test_a_time_in_which_nothing_can_be_trained_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SweepError, match=r"^--budget 0\.0001s: expected more than the .* needed without any run"):
        Sweep(**TWO, budget="0.0001s").run(out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("budget", ["10", "m", "-3m", "0runs", "1e999h", "nans", "5 apples", "runs", "1.5runs", True])
def test_other_budgets_are_refused(budget: Any) -> None:
    with pytest.raises(SweepError, match="--budget: expected a time such as 90s, 10m or 2h, or a number of runs"):
        Sweep(budget=budget)


def test_it_cannot_be_combined_with_shards(tmp_path: Path) -> None:
    with pytest.raises(SweepError, match="--shard: --budget decides on the way what to train"):
        Sweep(**TWO, budget="10runs").run_shard("1/2", out=tmp_path)


def test_a_dry_run_says_what_fits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    request = ["--hidden", "1", "2", "--lr", "1", "--iterations", "10", "--budget", "9runs", "--out", str(tmp_path)]
    assert grid.main([*request, "--dry-run"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "--budget 9runs: 4 seeds of each configuration" in out
    assert "8 runs, about " in out
    assert not (tmp_path / STORE).exists()
