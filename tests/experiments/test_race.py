"""Races: decisions as the oracle makes them, and what the guarantee rests on, by exact enumeration."""

from __future__ import annotations

import hashlib
import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from experiments.race import BOUNDED, MODES, SYMMETRIC, decide, mode_of, passed_after, rounds, ruled_out, scores_of
from planar_core.choices import METRICS
from tests.oracles import race as oracle

Floats = npt.NDArray[np.float64]


def a_race(kind: str, k: int, n: int, seed: int) -> Floats:
    """Scores from 0 to 1, (replicates, configurations)."""
    random = np.random.default_rng(seed)
    scores = random.normal(np.linspace(0.6, 0.7, k), 0.05, (n, k))
    if kind == "discrete":
        scores = np.round(scores, 1)
    if kind == "ties":  # several lead
        scores = np.round(random.normal(0.65, 0.05, (n, k)), 1)
    if kind == "failures":
        scores[random.random((n, k)) < 0.1] = np.nan
        scores[n // 3] = np.nan  # as an AUC is undefined for all where a class is missing
    if kind == "equal":
        scores[:, k // 2] = scores[:, 0]
    if kind == "constant":
        scores[:] = np.linspace(0.6, 0.7, k)
    return scores


@pytest.mark.parametrize("kind", ["normal", "discrete", "ties", "failures", "equal", "constant"])
@pytest.mark.parametrize(("mode", "margin"), [(SYMMETRIC, 0.03), (SYMMETRIC, 0.2), (SYMMETRIC, 0.0), (BOUNDED, 0.2)])
def test_decisions_are_those_of_the_oracle(kind: str, mode: str, margin: float) -> None:
    for k in (1, 2, 5):
        scores = a_race(kind, k, 60, seed=k)
        out, within, decided = oracle.race(scores.tolist(), margin, mode)
        _, e_values = oracle.against_being_best(scores.tolist(), mode)
        computed = decide(scores, margin, mode)
        assert computed.out_after.tolist() == out
        assert computed.within_after.tolist() == within
        assert computed.decided_after == decided
        np.testing.assert_allclose(computed.e_values, e_values, rtol=1e-9)
        assert computed.is_open.tolist() == [not o and not w for o, w in zip(out, within, strict=True)]
        assert computed.survivors.tolist() == [sum(not 0 < o <= t for o in out) for t in range(1, 61)]


def test_the_cases_above_decide_in_every_way() -> None:
    one_left = decide(a_race("constant", 5, 60, 5), 0.03)
    assert one_left.out_after.tolist() == [8, 8, 8, 8, 0]
    assert one_left.within_after.tolist() == [0, 0, 0, 0, 8]
    assert one_left.decided_after == 8
    several = decide(a_race("equal", 5, 60, 5), 0.03)
    assert (several.out_after > 0).any()
    assert (several.within_after > 0).any()
    assert decide(a_race("normal", 5, 60, 5), 0.0).is_open.any()


@pytest.mark.parametrize("mode", MODES)
def test_comparisons_of_pairs_are_those_of_the_oracle(mode: str) -> None:
    scores = a_race("failures", 4, 50, 8)
    computed = passed_after(scores, 0.1, 3.0, mode)
    for b, c in itertools.permutations(range(4), 2):
        e_values = oracle.against_a_margin(scores.tolist(), b, c, 0.1, mode)
        assert computed[b, c] == next((t for t, e in enumerate(e_values, 1) if e >= 3.0), 0)
    assert (computed > 4).any()


def all_paths(values: Any, probabilities: Any, n: int) -> tuple[Floats, Floats]:
    """Every sequence of n draws, (n, paths, ...), and the probability of each."""
    which = np.array(list(itertools.product(range(len(values)), repeat=n))).T
    return np.asarray(values, float)[which], np.asarray(probabilities)[which].prod(axis=0)


def independent(*columns: tuple[list[float], list[float]]) -> tuple[list[tuple[float, ...]], list[float]]:
    """All combinations of values of independent columns, each given by values and probabilities."""
    values = list(itertools.product(*(v for v, _ in columns)))
    return values, [math.prod(p) for p in itertools.product(*(p for _, p in columns))]


THREE = [0.25, 0.5, 0.25]
SYMMETRICAL = {
    "equal": independent(([0.4, 0.5, 0.6], THREE), ([0.4, 0.5, 0.6], THREE), ([0.4, 0.5, 0.6], THREE)),
    "one is worse": independent(([0.4, 0.5, 0.6], THREE), ([0.35, 0.45, 0.55], THREE), ([0.2, 0.5, 0.8], THREE)),
    "of unequal noise": independent(([0.5], [1.0]), ([0.1, 0.5, 0.9], [0.1, 0.8, 0.1]), ([0.49, 0.51], [0.5, 0.5])),
    "with a common part": ([(0.4, 0.3, 0.4), (0.4, 0.5, 0.4), (0.8, 0.9, 0.8), (0.8, 0.7, 0.8)], [0.25] * 4),
}
SKEWED = {
    "a rare loss": independent(([0.0, 1.0], [0.2, 0.8]), ([0.8], [1.0]), ([0.75, 0.85], [0.5, 0.5])),
    "a rare gain": independent(([0.2], [1.0]), ([0.0, 1.0], [0.8, 0.2]), ([0.15, 0.25], [0.5, 0.5])),
    "another's rare loss": independent(([0.8], [1.0]), ([0.0, 1.0], [0.2, 0.8]), ([0.75, 0.85], [0.5, 0.5])),
    "as large as they get": independent(([0.0, 1.0], [0.5, 0.5]), ([0.0, 1.0], [0.5, 0.5]), ([0.5], [1.0])),
}
CASES = [(SYMMETRIC, name, case) for name, case in SYMMETRICAL.items()]
CASES += [(BOUNDED, name, case) for name, case in (SYMMETRICAL | SKEWED).items()]


def largest_growth(values: Any, probabilities: Any, mode: str, n: int) -> float:
    """The mean growth of the e-value of column 0 in one replicate, after the earlier ones for which it is largest."""
    worst = 0.0
    for t in range(2, n + 1):
        paths, p = all_paths(values, probabilities, t)
        e = ruled_out(paths, mode)[1][:, :, 0]
        # The last draw changes fastest.
        after = (e[-1] * p).reshape(-1, len(values)).sum(axis=1)
        before = (e[-2] * p).reshape(-1, len(values)).sum(axis=1)
        worst = max(worst, float((after / before).max()))
    return worst


@pytest.mark.parametrize(("mode", "case"), [(m, c) for m, _, c in CASES], ids=[f"{m}, {n}" for m, n, _ in CASES])
def test_no_bet_against_the_truly_best_gains_on_average(mode: str, case: Any) -> None:
    # So the e-value is at most 1 on average at any stopping time, however that is chosen.
    values, probabilities = case
    assert 0.9 < largest_growth(values, probabilities, mode, 4 if len(values) < 13 else 3) <= 1 + 1e-12


def test_the_enumeration_finds_what_the_symmetric_mode_does_not_promise() -> None:
    assert largest_growth(*SKEWED["another's rare loss"], SYMMETRIC, 4) > 1.1


@pytest.mark.parametrize("margin", [0.1, 0.25])
@pytest.mark.parametrize("mode", MODES)
def test_what_is_better_by_the_margin_is_seldom_thought_within_it(mode: str, margin: float) -> None:
    values = [(0.4 + z, 0.4 + margin + y) for z in (-0.2, 0.2) for y in (-0.1, 0.1)]
    paths, p = all_paths(values, [0.25] * 4, 8)
    for threshold in (1.1, 1.2, 1.5, 2.0):
        passed = passed_after(paths, margin, threshold, mode)
        assert 0.01 < p[passed[:, 0, 1] > 0].sum() <= 1 / threshold
        # And the other way round it is seen more often.
        assert p[passed[:, 1, 0] > 0].sum() > p[passed[:, 0, 1] > 0].sum()


@pytest.mark.parametrize("mode", MODES)
def test_a_longer_race_continues_a_shorter_one(mode: str) -> None:
    scores = a_race("failures", 8, 120, 3)
    whole = decide(scores, 0.05, mode)
    for n in (1, 6, 17, 60, 119):
        part = decide(scores[:n], 0.05, mode)
        assert part.e_values.tobytes() == whole.e_values[:n].tobytes()
        for shorter, longer in ((part.out_after, whole.out_after), (part.within_after, whole.within_after)):
            assert shorter.tolist() == np.where(longer <= n, longer, 0).tolist()
        assert part.decided_after == (whole.decided_after if whole.decided_after <= n else 0)


@pytest.mark.parametrize("mode", MODES)
def test_the_order_of_configurations_does_not_matter(mode: str) -> None:
    scores = a_race("normal", 12, 80, 4)
    order = np.random.default_rng(0).permutation(12)
    first, second = decide(scores, 0.05, mode), decide(scores[:, order], 0.05, mode)
    assert second.e_values.tobytes() == first.e_values[:, order].tobytes()
    assert second.out_after.tolist() == first.out_after[order].tolist()
    assert second.within_after.tolist() == first.within_after[order].tolist()


def test_scores_of_what_is_out_do_not_matter() -> None:
    scores = a_race("normal", 10, 80, 5)
    expected = decide(scores, 0.05)
    assert (expected.out_after > 0).sum() > 2
    for b, t in enumerate(expected.out_after.tolist()):
        if t:
            scores[t:, b] = np.nan if b % 2 else 1e300
    computed = decide(scores, 0.05)
    assert computed.out_after.tolist() == expected.out_after.tolist()
    assert computed.within_after.tolist() == expected.within_after.tolist()
    assert computed.e_values.tobytes() == expected.e_values.tobytes()


def test_many_races_at_once_are_those_alone() -> None:
    scores = np.stack([a_race("failures", 6, 40, seed) for seed in range(6)]).reshape(2, 3, 40, 6)
    scores = np.moveaxis(scores, 2, 0)
    out, e_values = ruled_out(scores)
    passed = passed_after(scores, 0.05, 4.0)
    assert out.shape == (2, 3, 6)
    for i, j in np.ndindex(2, 3):
        alone, e_alone = ruled_out(scores[:, i, j])
        assert out[i, j].tolist() == alone.tolist()
        assert e_values[:, i, j].tobytes() == e_alone.tobytes()
        assert passed[i, j].tolist() == passed_after(scores[:, i, j], 0.05, 4.0).tolist()


def test_somebody_is_always_left() -> None:
    random = np.random.default_rng(6)
    for _ in range(15):
        for scale in (1e-3, 1.0, 1e300):
            scores = random.standard_cauchy((40, 5)) * scale
            scores[random.random(scores.shape) < 0.3] = random.choice([np.nan, -np.inf, 0.0])
            assert decide(scores, 0.01).survivors.min() >= 1


@pytest.mark.parametrize("mode", MODES)
def test_what_always_fails_is_soon_out(mode: str) -> None:
    scores = a_race("normal", 4, 30, 7)
    scores[:, 1] = np.nan
    assert 0 < decide(scores, 0.01, mode).out_after[1] <= 8
    # One failure among many good replicates is not enough.
    scores = a_race("normal", 4, 30, 7)
    scores[5, 3] = np.nan
    assert decide(scores, 0.01, mode).out_after[3] == 0


def test_differences_are_compared_as_decimals() -> None:
    # 0.9 - 0.8, 0.8 - 0.7 and 0.7 - 0.6 are three floats, and one difference: nobody is ahead of the other by 1e-17.
    scores = np.array([[0.1 + 0.2, 0.3], [0.3, 0.1 + 0.2], [0.1 + 0.2, 0.3]] * 10)
    assert decide(scores, 0.0).e_values.tolist() == [[1.0, 1.0]] * 30


def test_with_many_left_nothing_is_compared_with_the_margin() -> None:
    scores = a_race("normal", 12, 200, 9)
    expected, computed = decide(scores, 0.05), decide(scores, 0.05, most_paired=4)
    few = 1 + computed.survivors.tolist().index(next(n for n in computed.survivors.tolist() if n <= 4))
    assert computed.out_after.tolist() == expected.out_after.tolist()
    within = np.where(expected.within_after > 0, np.maximum(expected.within_after, few), 0)
    out = expected.out_after
    assert computed.within_after.tolist() == np.where((out > 0) & (out <= within), 0, within).tolist()
    assert not decide(scores[: few - 1], 0.05, most_paired=4).within_after.any()


def test_the_bits_are_the_same_on_every_machine() -> None:
    # From integers alone: no random numbers, whose logarithms are those of a library.
    scores = (np.arange(300.0) ** 3 % 101 / 250 + np.tile(np.arange(10.0), 30) / 40).reshape(30, 10)
    bits = hashlib.sha256()
    for mode in MODES:
        decisions = decide(scores, 0.05, mode)
        bits.update(decisions.e_values.tobytes() + decisions.within_after.tobytes())
    assert bits.hexdigest() == "a4f3158c5781fc261c7d51365714b56411619dcba39c3198cb2fe499bf153d3a"


def test_rounds_are_fixed_by_the_first_and_a_quarter_more() -> None:
    assert rounds(30) == [6, 8, 10, 13, 17, 22, 28, 30]
    assert rounds(6) == [6]
    assert rounds(4) == [4]
    assert rounds(1000)[-3:] == [660, 825, 1000]
    with pytest.raises(ValueError, match=r"^most: expected 1 replicate or more, got 0$"):
        rounds(0)


def test_each_is_trained_to_the_end_of_the_round_in_which_it_is_out() -> None:
    decisions = decide(a_race("normal", 8, 60, 10)[:55], 0.05)
    ends = [6, 8, 10, 13, 17, 22, 28, 35, 44, 55]
    expected = [next(n for n in ends if n >= t) if t else 55 for t in decisions.out_after.tolist()]
    assert decisions.trained.tolist() == expected
    assert 55 in expected
    assert len(set(expected)) > 2


def test_scores_are_in_the_units_of_the_margin() -> None:
    values = [[[0.5, 0.9], [0.75, 0.8]], [[0.25, math.nan], [0.75, 0.8]]]  # 2 seeds, 2 folds, 2 configurations
    expected = np.array([[0.625, 0.85], [0.5, math.nan]])
    np.testing.assert_allclose(scores_of(values, METRICS["accuracy"], 4.0), expected)
    np.testing.assert_allclose(scores_of(values, METRICS["r2"], 4.0), expected)
    np.testing.assert_allclose(scores_of(values, METRICS["log_loss"], 4.0), -expected)
    np.testing.assert_allclose(scores_of(values, METRICS["rmse"], 4.0), -expected / 4)
    np.testing.assert_allclose(scores_of(values, METRICS["mae"], 4.0), -expected / 4)
    with pytest.raises(ValueError, match=r"^values: expected seeds x folds x configurations, got the shape \(2,\)$"):
        scores_of([0.5, 0.6], METRICS["accuracy"])
    with pytest.raises(ValueError, match=r"^deviation: expected a number above 0, got 0.0$"):
        scores_of(values, METRICS["mae"], 0.0)


def test_the_exact_mode_is_refused_for_metrics_without_bounds() -> None:
    assert mode_of(METRICS["log_loss"], exact=False) == SYMMETRIC
    assert mode_of(METRICS["auc"], exact=True) == BOUNDED
    for name in ("log_loss", "r2", "rmse", "mae"):
        with pytest.raises(ValueError, match=f", average_precision\\), got {name}$") as refused:
            mode_of(METRICS[name], exact=True)
        assert str(refused.value).startswith("exact: expected a metric from 0 to 1 (accuracy, balanced_accuracy, ")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mode": "exact"}, "mode: expected symmetric or bounded, got 'exact'"),
        ({"margin": -0.1}, "margin: expected a number from 0 to 1, got -0.1"),
        ({"margin": math.nan}, "margin: expected a number from 0 to 1, got nan"),
        ({"level": 1.0}, "level: expected a probability between 0 and 1, got 1.0"),
        ({"scores": [1.0, 2.0]}, "scores: expected replicates x configurations, got the shape (2,)"),
        ({"scores": np.empty((0, 3))}, "scores: expected replicates x configurations, got the shape (0, 3)"),
        ({"scores": [[0.5, 1.5]], "mode": BOUNDED}, "scores: expected numbers from 0 to 1 in the bounded mode"),
    ],
)
def test_what_is_no_race_is_refused(change: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"scores": [[0.5, 0.6]], "margin": 0.01} | change
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the whole message is compared below
        decide(**arguments)
    assert str(refused.value) == message
