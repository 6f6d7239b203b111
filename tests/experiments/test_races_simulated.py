"""Simulated races in a small form; ``python -m tests.helpers.races`` is the large one, of docs/races.md."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from experiments.race import BOUNDED, LEVEL, SYMMETRIC, decide, passed_after, rounds, ruled_out
from tests.helpers import quick_races
from tests.helpers.races import (
    MARGIN,
    NOISES,
    SD,
    TRUTHS,
    _race,
    adastop,
    ever_ruled_out,
    fixed,
    irace,
    race,
    scores,
)

SYMMETRICAL = [name for name in NOISES if name not in ("skewed either way", "rare stuck runs")]


@pytest.mark.parametrize("noise", SYMMETRICAL)
def test_the_truly_best_is_seldom_ever_ruled_out(noise: str) -> None:
    # All are equally good, which is the hardest case. In 10,000 races it is 3.1 % at most: docs/races.md.
    wrong = ever_ruled_out(scores(noise, TRUTHS["all equal"], 80, 400, 1))
    assert 0 < wrong.mean() <= LEVEL


def test_stuck_runs_void_the_guarantee_but_not_that_of_the_exact_mode() -> None:
    x = scores("rare stuck runs", TRUTHS["all equal"], 80, 400, 1)
    assert ever_ruled_out(x).mean() > 2 * LEVEL
    assert ever_ruled_out(x, BOUNDED).mean() <= LEVEL


def test_the_race_in_many_is_the_race_alone() -> None:
    means = TRUTHS["graded"]
    x = scores("discrete", means, 100, 5, 2)
    found = race(x, means)
    for r in range(5):
        ends = [n for n in rounds(100) if decide(x[:n, r], MARGIN * SD).decided_after] or [100]
        decisions = decide(x[: ends[0], r], MARGIN * SD)
        out = decisions.out_after
        trained = [next(n for n in rounds(100) if n >= t) if t else ends[0] for t in out.tolist()]
        assert found.left[r] == (out == 0).sum()
        assert found.wrong[r] == (out[0] > 0)
        assert found.replicates[r] == pytest.approx(np.mean(trained))


@pytest.mark.parametrize("noise", NOISES)
def test_the_compiled_loops_have_the_bits_of_the_race(noise: str) -> None:
    for truth in ("all equal", "1", "graded"):
        x = scores(noise, TRUTHS[truth], 60, 6, 9)
        out = quick_races.ruled_out(x)
        assert np.array_equal(out, ruled_out(x)[0])
        passed = quick_races.passed_after(x, out, MARGIN * SD, 20.0)
        ends = np.where(out > 0, out, 60)
        last = np.minimum(ends[:, :, np.newaxis], ends[:, np.newaxis, :])  # after that it does not matter
        expected = passed_after(x, MARGIN * SD, 20.0)
        expected[(expected > last) | np.eye(x.shape[2], dtype=bool)] = 0
        assert np.array_equal(passed, expected)
        assert out.any() | passed.any()


def test_a_race_that_is_decided_early_is_the_whole_race() -> None:
    means = TRUTHS["1"]
    x = scores("normal", means, 200, 20, 10)
    found = race(x, means)
    assert min(found.replicates) < 28 < max(found.replicates)
    for r in range(20):
        of_one = [values[0] for values in _race(x[:, [r]], means, SYMMETRIC)[0]]
        assert [values[r] for values in found] == of_one


def test_what_is_left_is_seldom_worse_by_the_margin() -> None:
    # One is better by the margin exactly.
    means = TRUTHS["0.5"]
    found = race(scores("normal", means, 200, 40, 3), means)
    assert found.unlike.mean() <= LEVEL
    assert not found.wrong.any()


def test_a_race_is_decided_where_fixed_seeds_are_not() -> None:
    means = TRUTHS["1"]
    x = scores("normal", means, 100, 40, 4)
    decided, ten, thirty = race(x, means), fixed(x, 10), fixed(x, 30)
    assert decided.left.max() == 1
    assert decided.replicates.mean() < 45
    assert ten.left.mean() > 25
    assert thirty.left.mean() > 5


def test_iraces_rule_rules_the_truly_best_out_too_often() -> None:
    x = scores("normal", TRUTHS["all equal"], 200, 100, 5)
    assert irace(x).wrong.mean() > 2 * LEVEL


def test_iraces_rule_is_that_of_its_paper() -> None:
    x = scores("heavy-tailed", TRUTHS["graded"], 40, 3, 6)[:, :, ::3]
    found = irace(x)
    for r in range(3):
        left, trained = list(range(x.shape[2])), np.zeros(x.shape[2])
        for t in range(1, 41):
            if len(left) == 1:
                break
            trained[left] += 1
            if t < 5:
                continue
            of = x[:t, r]
            best = max(left, key=lambda c: of[:, c].mean())
            others = [c for c in left if c != best]
            p = {c: float(scipy.stats.ttest_rel(of[:, best], of[:, c]).pvalue) for c in others}
            for i, c in enumerate(sorted(others, key=lambda c: p[c])):
                if p[c] * (len(others) - i) > 0.05:
                    break
                left.remove(c)
        assert found.left[r] == len(left)
        assert found.wrong[r] == (0 not in left)
        assert found.replicates[r] == pytest.approx(trained.mean())


def test_adastops_rule_tells_what_is_plain_and_nothing_else() -> None:
    means = np.array([8.0, 0.0, 0.0])
    found = adastop(scores("normal", means, 30, 10, 7))
    assert not found.wrong.any()
    assert found.left.tolist() == [1.0] * 10
    assert found.replicates.min() >= 5
    equal = adastop(scores("normal", np.zeros(3), 30, 60, 8))
    assert equal.wrong.mean() <= LEVEL
    assert equal.left.mean() > 2.9
