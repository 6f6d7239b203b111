"""Which configurations cannot be told from the best: by hand, and what may be left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.special
import scipy.stats

from experiments.tables import statistics
from experiments.tables.statistics import (
    summarize,
)
from planar_core.comparisons import bounds_of_many
from tests.helpers.tables import runs_of, simulated

pytestmark = pytest.mark.filterwarnings("error")
CONFIGURATION = ["dataset", "hidden", "learning_rate"]
PROBLEM = ["dataset"]


def test_the_correction_for_many_comparisons() -> None:
    # Differences 0.1, 0.1, 0.1, 0: t = 3 with 3 degrees of freedom, p = 0.0288; 0.05 / 2 = 0.025.
    best: list[float | None] = [0.9, 0.9, 0.9, 0.9]
    close: list[float | None] = [0.8, 0.8, 0.8, 0.9]
    far: list[float | None] = [0.1, 0.1, 0.1, 0.2]
    gone: list[float | None] = [0.1]
    alone = summarize(runs_of({"4": best, "3": close}), CONFIGURATION, PROBLEM)
    assert alone["tied_with_best"].tolist() == [True, False]
    two = summarize(runs_of({"4": best, "3": close, "1": far}), CONFIGURATION, PROBLEM)
    assert two["tied_with_best"].tolist() == [True, True, False]
    # What cannot be compared is no comparison, nor is another problem.
    untested = summarize(runs_of({"4": best, "3": close, "1": gone}), CONFIGURATION, PROBLEM)
    assert untested["tied_with_best"].tolist() == [True, False, pd.NA]
    other = runs_of({"4": best, "3": close, "1": far}, dataset="moons")
    both = summarize(pd.concat([runs_of({"4": best, "3": close}), other]), CONFIGURATION, PROBLEM)
    assert both["tied_with_best"].tolist() == [True, False, True, True, False]


def test_ties_are_told_from_the_seeds_that_both_have() -> None:
    runs = runs_of(
        {
            "4": [0.8, 0.9, 1.0, 0.9, None, None],
            "one shared": [None, None, None, 0.5, 0.5, 0.6],
            "none shared": [None, None, None, None, 0.5, 0.9],
            "same where shared": [0.8, 0.9, None, None, 0.1, 0.1],
            "better where shared": [0.85, 0.95, None, None, 0.1, 0.1],
            "worse where shared": [0.5, 0.59, 0.7, 0.6, 1.0, 0.9],
        }
    )
    computed = summarize(runs, CONFIGURATION, PROBLEM)
    assert computed["rank_test_accuracy"].tolist()[0] == 1
    assert computed["tied_with_best"].tolist() == [True, pd.NA, pd.NA, True, True, False]


def test_differences_without_variance() -> None:
    # 0.9 - 0.8, 0.8 - 0.7 and 0.7 - 0.6 are three different floats, and the same difference.
    runs = runs_of({"4": [0.9, 0.8, 0.7], "3": [0.8, 0.7, 0.6], "2": [0.9, 0.8, 0.7], "1": [0.7, 0.8, 0.9]})
    computed = summarize(runs, CONFIGURATION, PROBLEM)
    assert computed["tied_with_best"].tolist() == [True, False, True, True]
    assert computed["rank_test_accuracy"].tolist() == [1, 4, 1, 1]
    # Equal but for the last bit: equal ranks, and no better.
    computed = summarize(runs_of({"4": [0.1 + 0.2, 0.1 + 0.2], "3": [0.3, 0.3]}), CONFIGURATION, PROBLEM)
    assert computed["rank_test_accuracy"].tolist() == [1, 1]
    assert computed["tied_with_best"].tolist() == [True, True]


@pytest.mark.parametrize("seeds", [2, 5, 6, 9, 30])
def test_ties_are_those_that_the_lower_end_says(seeds: int) -> None:
    random = np.random.default_rng(seeds)
    accuracy = random.normal(np.linspace(0.8, 0.9, 30)[:, None], 0.02, (4, 30, seeds))
    computed = summarize(simulated(accuracy), ["dataset", "hidden"], ["dataset"])
    assert computed["tied_with_best"].tolist() == computed["difference_ci_low"].eq(0).tolist()
    assert 4 <= computed["tied_with_best"].sum() < 120
    assert computed["difference_ci_low"].le(computed["difference_ci_high"]).all()
    best = computed[computed["rank_test_accuracy"] == 1]
    assert best["difference_to_best"].eq(0).all()


def test_a_wide_configuration_is_judged_by_its_own_noise() -> None:
    # Three of ten seeds are stuck. Bonferroni's t for 34 comparisons is 3.9, and this one is 3.0; but all comparisons
    # with this configuration are alike, and so chance exceeds 2.2 no more often than it does for a single one.
    random = np.random.default_rng(3)
    wide = [0.93, 0.5, 0.92, 0.93, 0.5, 0.91, 0.94, 0.5, 0.92, 0.7]
    cells: dict[Any, list[float | None]] = {"wide": list(wide)}
    for k in range(34):
        cells[str(k)] = np.round(random.normal(0.933, 0.004, 10), 4).tolist()
    computed = summarize(runs_of(cells), CONFIGURATION, PROBLEM)
    differences = np.array(cells[computed["hidden"][computed["rank_test_accuracy"] == 1].item()]) - wide
    assert scipy.stats.ttest_1samp(differences, 0, alternative="greater").pvalue > 0.05 / 34
    assert not computed["tied_with_best"][0]
    assert 0 < computed["difference_ci_low"][0] < computed["difference_to_best"][0] < computed["difference_ci_high"][0]


def test_many_configurations_or_few_seeds_are_not_flipped(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(4)
    runs = simulated(random.normal(np.linspace(0.8, 0.83, 12)[:, None], 0.02, (1, 12, 8)))
    flipped = summarize(runs, ["dataset", "hidden"], ["dataset"])
    monkeypatch.setattr("experiments.tables.statistics.MOST_FLIPPED", 11)
    many = summarize(runs, ["dataset", "hidden"], ["dataset"])
    monkeypatch.setattr("experiments.tables.statistics.MOST_FLIPPED", 12)
    monkeypatch.setattr("experiments.tables.statistics.FEWEST_FLIPPED", 9)
    few = summarize(runs, ["dataset", "hidden"], ["dataset"])
    pd.testing.assert_frame_equal(many, few)
    assert flipped["difference_ci_low"].tolist() != many["difference_ci_low"].tolist()
    same = ["mean_test_accuracy", "difference_to_best", "difference_ci_high"]
    pd.testing.assert_frame_equal(flipped[same], many[same])


def test_what_cannot_matter_is_left_out_of_large_families(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(5)
    many, seeds = 400, 5
    spread = random.choice([0.001, 0.02, 0.2], many)
    accuracies = np.round(
        random.uniform(0.5, 0.9, many)[:, None] + spread[:, None] * random.normal(size=(many, seeds)), 3
    )
    accuracies[7] = accuracies[11]
    runs = pd.DataFrame(
        {
            "dataset": np.where(np.arange(many * seeds) < 150 * seeds, "a", "b"),
            "hidden": np.repeat(np.arange(many), seeds),
            "seed": np.tile(np.arange(seeds), many),
            "status": "ok",
            **dict.fromkeys(("cost", "train_accuracy", "test_accuracy"), accuracies.ravel()),
        }
    )
    expected = summarize(runs, ["dataset", "hidden"], ["dataset"])  # five seeds are too few for flips
    monkeypatch.setattr("experiments.tables.statistics.MOST_FLIPPED", 200)  # the second family alone is large
    computed = summarize(runs, ["dataset", "hidden"], ["dataset"])
    pd.testing.assert_frame_equal(computed, expected, check_exact=True)
    assert expected["difference_ci_low"].gt(0).any()
    assert expected["tied_with_best"].sum() > 2


@pytest.mark.parametrize("seeds", [2, 3])
def test_equal_scores_are_compared_once_in_a_large_family(seeds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With few test points there are few different scores, however many configurations there are."""
    random = np.random.default_rng(seeds)
    many = 500
    accuracies = random.integers(0, 4, (many, seeds)) / 4
    accuracies[:20] = 0.9  # the best, many times
    accuracies[20, :] = 0.9 + 1e-11  # as good as that in the table
    runs = pd.DataFrame(
        {
            "dataset": np.where(np.arange(many * seeds) % (3 * seeds) < seeds, "a", "b"),
            "hidden": np.repeat(np.arange(many), seeds),
            "seed": np.tile(np.arange(seeds), many),
            "status": "ok",
            **dict.fromkeys(("cost", "train_accuracy", "test_accuracy"), accuracies.ravel()),
        }
    )
    expected = summarize(runs, ["dataset", "hidden"], ["dataset"])
    monkeypatch.setattr("experiments.tables.statistics.MOST_FLIPPED", 200)  # the second family alone is large
    compared: list[int] = []

    def counting(scores: Any, *arguments: Any) -> None:
        compared.append(len(scores))
        bounds_of_many(scores, *arguments)

    monkeypatch.setattr("experiments.tables.statistics.bounds_of_many", counting)
    computed = summarize(runs, ["dataset", "hidden"], ["dataset"])
    pd.testing.assert_frame_equal(computed, expected, check_exact=True)
    assert len(compared) == 1
    assert compared[0] <= 4**seeds + 3
    assert computed["rank_test_accuracy"].eq(1).sum() > 10  # of both families, but not all are as good as the best
    assert 0 < computed["difference_ci_low"][2] < 1e-9


def test_one_seed_of_many_configurations_takes_no_comparisons(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = pd.DataFrame(
        {"dataset": "a", "hidden": range(4), "seed": 0, "status": ["ok", "ok", "failed", "ok"], "cost": 1.0}
    )
    runs["test_accuracy"] = runs["train_accuracy"] = [0.8, 0.9, np.nan, 0.7]
    monkeypatch.delattr(statistics, "bounds")
    summary = summarize(runs, ["dataset", "hidden"], ["dataset"])
    np.testing.assert_array_equal(summary["difference_to_best"], [0.1, 0.0, np.nan, 0.2])
    assert summary["difference_ci_low"].isna().all()
    assert summary["tied_with_best"].tolist()[1] is True
    assert summary["tied_with_best"].isna().tolist() == [True, False, True, True]
