"""Samples of a grid and of ranges: their values, and that a larger one contains a smaller one."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from experiments.cli import grid
from experiments.design import Design, Run
from experiments.knobs.knob import SweepError
from experiments.merging import merge
from experiments.sampling import Halton, different_steps
from experiments.sweep import Sweep
from tests.helpers.machines import ROOT
from tests.oracles import halton as oracle

RANGES: dict[str, Any] = {
    "hidden": "1:65",
    "learning_rate": "log:0.001:10",
    "l2": [0, "log:1e-6:0.1"],
    "batch_size": ["all", "log:8:256"],
}
OF_MOMENTUM: dict[str, Any] = {"optimizer": ["gd", "momentum", "adam"], "momentum": [0.5, 0.9], "beta1": "lin:0:0.99"}


def configurations(**knobs: Any) -> list[Run]:
    return list(Design(**knobs).configurations())


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
def test_points_are_those_of_the_oracle(seed: int) -> None:
    points = Halton(6, seed)
    for n in (*range(50), 999, 123_456, 2**31):
        computed = [Fraction(*fraction) for fraction in points[n]]
        assert computed == [oracle.coordinate(n, dimension, seed) for dimension in range(6)]


def test_points_are_spread_evenly() -> None:
    """b^k points in a row have one in each of b^k equal parts, whatever the permutations are."""
    points = Halton(6, 7)
    for dimension, (base, k) in enumerate([(2, 7), (3, 4), (5, 3), (7, 2), (11, 2), (13, 1)]):
        n = base**k
        parts = {n * numerator // denominator for numerator, denominator in (points[i][dimension] for i in range(n))}
        assert parts == set(range(n))


def test_values_are_those_of_the_oracle() -> None:
    """Each item of an axis has the same share; what is left of the coordinate is the place in a range."""
    for n, run in enumerate(configurations(**RANGES, sample=200, sample_seed=3)):
        shares = [oracle.coordinate(n, dimension, 3) for dimension in range(4)]
        assert run.hidden == str(1 + int(64 * shares[0]))
        assert run.learning_rate == float(oracle.log_point("0.001", "10", shares[1]))
        is_range, place = divmod(2 * shares[2], 1)
        assert run.l2 == (float(oracle.log_point("1e-6", "0.1", place)) if is_range else 0)
        is_range, place = divmod(2 * shares[3], 1)
        assert run.batch_size == (oracle.log_integer(8, 256, place) if is_range else "all")


def test_linear_ranges() -> None:
    runs = configurations(momentum="lin:0:0.99", optimizer="momentum", hidden="lin:3:5", sample=30, learning_rate=1)
    for n, run in enumerate(runs):
        assert run.hidden == str(3 + int(3 * oracle.coordinate(n, 0, 0)))
        exact = Fraction(99, 100) * oracle.coordinate(n, 1, 0)
        assert run.momentum == round(float(exact), 5)
    assert set(Counter(run.hidden for run in runs).values()) <= {9, 10, 11}


def test_a_narrow_range_has_as_many_different_values_as_a_wide_one() -> None:
    for kind in ("lin", "log"):
        rates = [run.learning_rate for run in configurations(learning_rate=f"{kind}:1:1.001", hidden=1, sample=1000)]
        assert len(set(rates)) == 1000
        assert all(1 <= rate <= 1.001 and len(str(rate)) <= 10 for rate in rates)


@pytest.mark.parametrize(
    "knobs",
    [
        {},
        RANGES,
        {**OF_MOMENTUM, **RANGES},
        {"optimizer": ["gd", "momentum"], "momentum": [0.5, 0.9], "hidden": [1, 2]},
        {"learning_rate": [1, 2, 3], "l1": [1, 2, 3], "l2": [0, 1], "zip": ["lr", "l1"], "hidden": range(1, 9)},
        {"hidden": range(1, 12), "learning_rate": 1},
        {"learning_rate": "lin:0:1", "hidden": 1},
    ],
    ids=str,
)
def test_a_larger_sample_contains_a_smaller_one_and_nothing_is_repeated(knobs: dict[str, Any]) -> None:
    size = 0 if any(":" in str(value) for value in knobs.values()) else Design(**knobs).n_configurations
    largest = configurations(**knobs, sample=size - 1 if 0 < size < 400 else 400)
    assert len(set(largest)) == len(largest)
    for n in (1, 2, 7, len(largest) // 2, len(largest) - 1):
        assert configurations(**knobs, sample=n) == largest[:n]
    if size:
        assert set(largest) < set(configurations(**knobs))
        assert len(largest) == size - 1  # every cell but one is found, however late
    assert configurations(**knobs, sample=9, sample_seed=1) != largest[:9]


def test_the_whole_grid_is_taken_if_it_is_no_larger() -> None:
    grid = Design(optimizer=["gd", "momentum"], momentum=[0.5, 0.9])
    for n in (7 * 5 * 3, 1000):
        sample = Design(optimizer=["gd", "momentum"], momentum=[0.5, 0.9], sample=n)
        assert sample.dimensions == grid.dimensions
        assert sample.sampled == ()
        assert sample.notes == [*grid.notes, f"--sample {n:,}: the whole grid, which has 105 configurations"]


def test_a_range_that_has_too_few_values() -> None:
    sample = Design(hidden="log:1:4", learning_rate=1, sample=10)
    assert sorted(run.hidden for run in sample.configurations()) == ["1", "2", "3", "4"]
    assert sample.notes == ["--sample 10: only 4 different configurations were found"]


def test_what_is_left_of_a_grid_follows_in_its_order() -> None:
    """A sequence that never gives a step: it would be waited for forever."""
    assert different_steps(3, 1, 0, lambda point: "a", ["a", "b", "c", "d"]) == ["a", "b", "c"]
    assert different_steps(9, 1, 0, lambda point: "a", ["b"]) == ["a", "b"]


def test_settings_without_effect_are_empty() -> None:
    runs = configurations(**OF_MOMENTUM, hidden=[1, 2, 3, 4], sample=60)
    assert {run.optimizer for run in runs} == {"gd", "momentum", "adam"}
    for run in runs:
        assert (run.momentum is None) == (run.optimizer != "momentum")
        assert (run.beta1 is None) == (run.optimizer != "adam")
    # A single value has no effect either; the default is not mentioned.
    both = ["gd", "momentum"]
    assert {run.momentum for run in configurations(optimizer=both, momentum=0.5, sample=30)} == {None, 0.5}
    assert {run.momentum for run in configurations(optimizer=both, sample=30)} == {0.9}


def test_a_small_sample_need_not_have_every_value() -> None:
    """Columns are those of the request, and a setting is no less allowed for not having been drawn."""
    for n in range(1, 5):
        sample = Design(**OF_MOMENTUM, l2=[0, 0.1], sample=n)
        assert sample.columns == Design(**OF_MOMENTUM, l2=[0, 0.1], sample=200).columns


def test_data_sets_folds_and_seeds_are_crossed_with_the_sample() -> None:
    sample = Design(dataset=["iris", "wine"], test_fraction=[0.2, 0.5], split="cv:3", seed=range(4), sample=5)
    assert (sample.n_configurations, len(sample)) == (2 * 2 * 5, 2 * 2 * 5 * 3 * 4)
    runs = list(sample)
    for place, run in enumerate(sample.configurations()):
        assert (run.hidden, run.learning_rate) == (runs[place % 5 * 12].hidden, runs[place % 5 * 12].learning_rate)
    assert len(set(runs)) == len(runs)


def test_axes_varied_together_are_drawn_together() -> None:
    sample = Design(learning_rate=[1, 2, 3], l1=[0.1, 0.2, 0.3], zip=["lr", "l1"], hidden=range(1, 50), sample=40)
    assert {(run.learning_rate, run.l1) for run in sample.configurations()} == {(1, 0.1), (2, 0.2), (3, 0.3)}
    assert set(sample.sampled) == {"hidden", "learning_rate", "l1"}


@pytest.mark.parametrize("knobs", [RANGES, {**OF_MOMENTUM, **RANGES}, {}], ids=str)
def test_the_request_gives_the_same_sample(knobs: dict[str, Any]) -> None:
    sample = Design(**knobs, sample=20, sample_seed=5)
    assert Design(**sample.request).dimensions == sample.dimensions
    assert sample.of_first_seeds(1).dimensions[:-1] == sample.dimensions[:-1]


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"sample": 0}, "--sample: expected an integer from 1 to 100,000, got 0"),
        ({"sample": "ten"}, "--sample: expected an integer from 1 to 100,000, got 'ten'"),
        ({"sample": 3, "hidden": 1, "learning_rate": 1, "dataset": ["moons", "xor"]},
         ("--sample: expected an axis with several values, or a range such as --learning-rate log:0.001:10, got one "
          "configuration")),
        ({"sample_seed": 4}, "--sample-seed: expected --sample N as well, got 4 without it"),
        ({"sample": 3, "noise": "lin:0:1"}, "--noise: expected a number of points, such as lin:0:1:5, got 'lin:0:1'"),
        ({"sample": 3, "learning_rate": "log:0.1:1", "l2": [0, 1], "zip": ["lr", "l2"]},
         "--zip: expected a number of points for learning_rate, such as log:0.1:1:5, got log:0.1:1"),
        ({"sample": 3, "hidden": "log:1.5:4"},
         "--hidden: expected a number of hidden units such as 4, layers such as 8x8, or 0 for none, got 1.5"),
        ({"sample": 3, "momentum": "lin:0:1", "optimizer": "momentum"},
         "--momentum: expected a number of at least 0 and below 1, got 1"),
        ({"sample": 3, "momentum": "lin:0:0.9", "optimizer": "adam"},
         "--momentum requires --optimizer momentum, got adam"),
    ],
)  # fmt: skip
def test_what_cannot_be_sampled_is_refused(knobs: dict[str, Any], message: str) -> None:
    with pytest.raises(SweepError) as error:
        Design(**knobs)
    assert str(error.value) == message


@pytest.mark.parametrize("learning_rate", ["log:1e-400:1", "log:0:1", "log:1:1", "lin:2:1", "lin:0:inf", "lin:nan:1"])
def test_ranges_that_are_none(learning_rate: str) -> None:
    with pytest.raises(SweepError, match=r"^--learning-rate: expected a range: "):
        Design(learning_rate=learning_rate, sample=3)


def test_a_context_of_the_user_changes_no_value() -> None:
    """Python's decimal module computes in a context that any program can change."""
    code = (
        "import decimal; decimal.setcontext(decimal.Context(prec=3, rounding=decimal.ROUND_UP)); "
        "from experiments import Sweep; "
        "print([tuple(run) for run in Sweep(learning_rate='log:0.001:10', l2='lin:0:1', sample=50).configurations()])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    expected = configurations(learning_rate="log:0.001:10", l2="lin:0:1", sample=50)
    assert done.stdout.strip() == str([tuple(run) for run in expected])


def test_a_larger_sample_trains_only_what_is_new(tmp_path: Path) -> None:
    knobs: dict[str, Any] = {**RANGES, "seed": range(2), "iterations": 3}
    Sweep(**knobs, sample=6).run(jobs=1, out=tmp_path)
    summary = (tmp_path / "summary.csv").read_text(encoding="utf-8").splitlines()
    results = Sweep(**knobs, sample=12).run(jobs=1, out=tmp_path)
    assert [results.manifest["counts"][name] for name in ("runs", "computed", "reused")] == [24, 12, 12]

    def settings(lines: list[str]) -> list[list[str]]:
        return [line.split(",")[:5] for line in lines]

    larger = (tmp_path / "summary.csv").read_text(encoding="utf-8").splitlines()
    assert settings(larger[:7]) == settings(summary)
    again = Sweep(**knobs, sample=12).run(jobs=2, out=tmp_path / "two")
    for name in ("runs.csv", "curves.csv", "summary.csv"):
        assert (tmp_path / "two" / name).read_bytes() == (tmp_path / name).read_bytes()
    assert again.manifest["counts"]["computed"] == 24


def test_shards_of_a_sample_give_the_bytes_of_one_sweep(tmp_path: Path) -> None:
    sample = Sweep(**RANGES, sample=5, seed=range(3), iterations=3)
    for shard in ("1/2", "2/2"):
        sample.run_shard(shard, jobs=1, out=tmp_path / shard[0])
    merge(tmp_path / "merged", [tmp_path / "1", tmp_path / "2"])
    sample.run(jobs=1, out=tmp_path / "whole")
    for name in ("runs.csv", "curves.csv", "summary.csv"):
        assert (tmp_path / "merged" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def dry_run(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert grid.main([*arguments, "--dry-run"]) == 0
    return capsys.readouterr().out.splitlines()


def test_the_plan_of_a_sample(capsys: pytest.CaptureFixture[str]) -> None:
    every = ["--optimizer", "gd", "adam", "--beta1", "0.8", "0.9", "--beta2", "lin:0.9:0.999", "--l1", "0", "1e-3"]
    every += ["--batch-size", "all", "log:8:64", "--init", "he", "glorot", "--activation", "tanh", "relu"]
    lines = dry_run(capsys, "--sample", "30", "--hidden", "log:1:64", "--lr", "log:1e-3:10", *every, "--seeds", "0:3")
    assert max(map(len, lines)) <= 80
    assert {"hidden         log:1:64", "learning_rate  log:0.001:10"} < set(lines)
    place = lines.index("sample         30 configurations over these axes, sample seed 0:")
    assert lines[place + 1 : place + 3] == [
        "               hidden, activation, optimizer, beta1, beta2, learning_rate, l1,",
        "               batch_size, init",
    ]
    assert any(line.startswith("plan           90 runs") for line in lines)


def test_the_plan_of_a_sample_that_is_the_grid(capsys: pytest.CaptureFixture[str]) -> None:
    lines = dry_run(capsys, "--sample", "35", "--sample-seed", "4")
    assert lines[0] == "--sample 35: the whole grid, which has 35 configurations"
    assert not any(line.startswith("sample ") for line in lines)


def test_a_refused_sample_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    for arguments, message in (
        (["--lr", "log:0.001:10"],
         "--learning-rate: expected a number of points, such as log:0.001:10:5, or --sample N, got 'log:0.001:10'"),
        (["--sample", "0"], "--sample: expected an integer from 1 to 100,000, got '0'"),
    ):  # fmt: skip
        with pytest.raises(SystemExit) as error:
            grid.main([*arguments, "--out", str(out)])
        assert error.value.code == 2
        assert capsys.readouterr().err.splitlines()[-1] == f"experiments.grid: {message}"
        assert not out.exists()
