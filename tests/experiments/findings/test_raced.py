"""experiments.findings.raced: what a race has decided, in sentences that promise no more than is true."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.findings.raced import raced_in_words
from experiments.race import decide
from experiments.sweep import Sweep
from experiments.tables.races import Race


def said(
    scores: np.ndarray[Any, Any], most: int, stuck: int = 0, metric: str = "accuracy", **request: Any
) -> list[str]:
    """The sentences of a race with these scores, (seeds, configurations), of which the first is the best."""
    n, k = scores.shape
    margin = request.pop("until_decided", 0.02)
    design = Sweep(
        hidden=[f"{i + 1}" for i in range(k)], learning_rate=1, seed=range(n), until_decided=margin, **request
    )
    decisions = decide(scores, margin, {"exact": "bounded"}.get(request.get("decision", ""), "symmetric"))
    race = Race(next(design.problems()), np.arange(k), most, decisions)
    trained = np.where(decisions.out_after > 0, np.minimum(decisions.out_after, n), n)
    summary = pd.DataFrame({
        "hidden": [str(i + 1) for i in range(k)], "n_seeds": trained, "n_stuck": [0] * (k - 1) + [stuck],
        f"rank_test_{metric}": np.arange(1, k + 1),
    })  # fmt: skip
    tables: Any = SimpleNamespace(
        design=design, summary=summary, races=[race], metric=metric,
        identities={race.problem: {"data": "0"} | ({"split": "seed"} if "dataset" in request else {})},
        scores_of=lambda row: scores[: row["n_seeds"], int(row["hidden"]) - 1],
    )  # fmt: skip
    return list(raced_in_words(tables, summary.iloc[0]))


def noisy(means: list[float], n: int, noise: float = 0.01, seed: int = 0) -> np.ndarray[Any, Any]:
    return np.array(means) + noise * np.random.default_rng(seed).normal(size=(n, len(means)))


def test_what_is_decided_and_what_it_took() -> None:
    decided, took, promise = said(noisy([0.9, 0.898, 0.6], 60), 60)
    assert (
        decided
        == "Decided after 60 seeds: 1 is ruled out, 2 are within 2 percentage points of the best in test accuracy."
    )
    assert took.startswith("That took ")
    assert took.endswith(" runs instead of 180.")
    assert promise == (
        "At most 5 % of such races rule out what is truly best, in the mean over initial weights, on these data."
    )


def test_the_only_one_that_is_left() -> None:
    assert said(noisy([0.9, 0.5, 0.6], 20), 20)[0] == "Decided after 20 seeds: all others are ruled out."


def test_what_is_open() -> None:
    sentences = said(noisy([0.9, 0.899, 0.5], 12, noise=0.05), 12)
    assert sentences[0] == (
        "Not decided after 12 seeds: 1 is ruled out, 2 are open; a larger margin or more --seeds may decide it."
    )


def test_of_what_the_promise_speaks() -> None:
    scores = noisy([0.9, 0.898, 0.6], 60)
    assert said(scores, 60, dataset="breast_cancer")[-1].endswith(
        "in the mean over splits of this table and initial weights, not of new data."
    )


@pytest.mark.parametrize(
    ("metric", "instead"), [("accuracy", "--decision exact"), ("r2", "--decision exact with a metric from 0 to 1")]
)
def test_stuck_runs_withdraw_the_promise(metric: str, instead: str) -> None:
    assert said(noisy([0.9, 0.5], 20), 20, stuck=1, metric=metric)[-1] == (
        f"1 run learned nothing, so differences are not symmetric and no error rate can be promised: use {instead}."
    )


def test_rare_bad_runs_withdraw_the_promise_and_normal_noise_does_not() -> None:
    scores = noisy([0.9, 0.898, 0.6], 60)
    scores[[20, 40], 1] = 0.5
    assert said(scores, 60)[-1].startswith("Some configurations have rare bad or good runs, so differences are not")
    kept = [
        said(noisy([0.9, 0.898, 0.897, 0.6], 40, seed=seed), 40)[-1].startswith("At most 5 %") for seed in range(50)
    ]
    assert sum(kept) >= 49


def test_the_exact_way_assumes_nothing_and_promises() -> None:
    scores = np.clip(noisy([0.9, 0.1], 60), 0, 1)
    assert said(scores, 60, stuck=3, decision="exact")[-1].startswith("At most 5 % of such races")


def test_one_configuration() -> None:
    assert said(noisy([0.9], 6), 6) == ["There is nothing to decide between."]
