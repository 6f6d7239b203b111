"""Statistics of tables with gaps, failures, odd numbers and odd types."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from experiments.tables import statistics
from experiments.tables.statistics import (
    best_configurations,
    significant,
    summarize,
)
from tests.helpers.tables import only, runs_of

pytestmark = pytest.mark.filterwarnings("error")
CONFIGURATION = ["dataset", "hidden", "learning_rate"]
PROBLEM = ["dataset"]
NAN = float("nan")


def test_one_seed_says_nothing_about_spread() -> None:
    computed = summarize(runs_of({"1": [0.5], "4": [0.75]}), CONFIGURATION, PROBLEM)
    assert computed["mean_test_accuracy"].tolist() == [0.5, 0.75]
    assert computed.filter(regex="^(std|ci)_").isna().all(axis=None)
    assert computed["rank_test_accuracy"].tolist() == [2, 1]
    assert computed["tied_with_best"].tolist() == [pd.NA, True]
    assert computed["tied_with_best"].dtype == "boolean"


def test_a_single_configuration_is_the_best() -> None:
    computed = only(summarize(runs_of({"4": [0.5, 0.75, 0.25]}), CONFIGURATION, PROBLEM))
    assert (computed["rank_test_accuracy"], computed["tied_with_best"]) == (1, True)


def test_diverged_runs_count_with_their_last_numbers() -> None:
    runs = runs_of({"1": [0.5, 0.7], "4": [0.8, 0.9]}, status=["diverged", "diverged", "ok", "diverged"])
    computed = summarize(runs, CONFIGURATION, PROBLEM)
    assert computed["n_diverged"].tolist() == [2, 1]
    assert computed["n_failed"].tolist() == [0, 0]
    assert computed["mean_test_accuracy"].tolist() == [0.6, 0.85]
    assert computed["rank_test_accuracy"].tolist() == [2, 1]


def test_failed_runs_are_counted_and_left_out() -> None:
    runs = runs_of({"1": [0.5, 0.7, 0.1], "4": [0.8, 0.9], "5": [0.2, 0.3]})
    # Numbers in failed rows, were there any (0.1 here), would not be used.
    runs["status"] = ["ok", "ok", "failed", "failed", "failed", "ok", "ok"]
    runs.loc[3, ["cost", "train_accuracy", "test_accuracy"]] = NAN
    computed = summarize(runs, CONFIGURATION, PROBLEM)
    assert computed["n_seeds"].tolist() == [3, 2, 2]
    assert computed["n_failed"].tolist() == [1, 2, 0]
    assert computed["mean_test_accuracy"].fillna(-1).tolist() == [0.6, -1, 0.25]
    assert computed["rank_test_accuracy"].tolist() == [1, pd.NA, 2]
    assert computed["tied_with_best"].isna().tolist() == [False, True, False]


def test_nothing_finished_has_no_best() -> None:
    runs = runs_of({"1": [NAN, NAN], "4": [NAN, NAN]}, status="failed")
    computed = summarize(runs, CONFIGURATION, PROBLEM)
    assert computed["n_seeds"].tolist() == [2, 2]
    assert computed.filter(regex="^(mean|std|ci)_").isna().all(axis=None)
    assert computed["rank_test_accuracy"].isna().all()
    assert computed["tied_with_best"].isna().all()
    # Missing values are empty fields in a file.
    assert computed.to_csv(index=False).splitlines()[1] == "flower,1,1.2,2,0,2,0" + "," * 23


def test_seeds_that_agree_have_no_spread() -> None:
    # The sum of three 0.1 is not 0.3: a naive mean is off, and a naive deviation 1.7e-17.
    computed = only(summarize(runs_of({"4": [0.1, 0.1, 0.1]}), CONFIGURATION, PROBLEM))
    for name in ("test_accuracy", "train_accuracy"):
        assert computed[f"mean_{name}"] == computed[f"ci_low_{name}"] == computed[f"ci_high_{name}"] == 0.1
        assert computed[f"std_{name}"] == 0
    n, mean, std = statistics._moments(np.full(3, 0.1), np.zeros(3, dtype=np.int64), 1)
    assert (n.item(), mean.item(), std.item()) == (3, 0.1, 0)


def test_the_sign_of_zero() -> None:
    runs = runs_of({"4": [0.0, 0.5], "5": [-0.0, 0.5], "6": [-0.0, -0.0]}, cost=-0.0)
    runs["learning_rate"] = [0.0, -0.0] * 3
    computed = summarize(runs, CONFIGURATION, PROBLEM)
    assert computed["hidden"].tolist() == ["4", "5", "6"]  # a rate of -0.0 is 0.0: three configurations
    assert computed["rank_test_accuracy"].tolist() == [1, 1, 3]
    assert computed["tied_with_best"].tolist() == [True, True, True]
    numbers = computed.filter(regex="^(mean|std|ci)_(cost|test)").iloc[2]
    assert numbers.eq(0).all()
    assert not np.signbit(numbers.to_numpy()).any()


def test_costs_that_are_not_numbers_leave_the_accuracies_alone() -> None:
    runs = runs_of({"4": [0.5, 0.6, 0.7, 0.8]}, cost=[NAN, 1.0, 3.0, np.inf], status="diverged")
    computed = only(summarize(runs, CONFIGURATION, PROBLEM))
    assert computed["mean_test_accuracy"] == 0.65
    assert (computed["mean_cost"], computed["std_cost"]) == (2, significant(2**0.5))


@pytest.mark.parametrize("size", [1e-300, 1e-200, 1.0, 1e200, 1e300])
def test_costs_of_any_size(size: float) -> None:
    runs = runs_of({"4": [0.5, 0.6, 0.7]}, cost=[1 * size, 2 * size, 3 * size])
    computed = only(summarize(runs, CONFIGURATION, PROBLEM))
    assert computed["mean_cost"] == pytest.approx(2 * size, rel=1e-8)
    assert computed["std_cost"] == pytest.approx(size, rel=1e-8)


def test_an_interval_beyond_the_largest_float() -> None:
    runs = runs_of({"4": [0.5, 0.6]}, cost=[1e308, 1.0])
    computed = only(summarize(runs, CONFIGURATION, PROBLEM))
    assert computed["mean_cost"] == 5e307
    assert (computed["ci_low_cost"], computed["ci_high_cost"]) == (-np.inf, np.inf)


@pytest.mark.parametrize(("sign", "larger"), [(-1.0, True), (1.0, False)])
@pytest.mark.parametrize("unit", [1.0, 1e-6, 1e12])
def test_the_difference_of_runs_that_diverged_is_that_of_their_scores(sign: float, larger: bool, unit: float) -> None:
    fine, other = [0.5, 0.75, 0.625, 0.5], [0.25, 0.5, 0.5, 0.5]
    far = [sign * 1e30, sign * 3e30, 0.5, sign * np.inf]
    if not larger:
        fine, other = other, fine
    of_sizes = {"1": fine, "2": other, "4": far}
    runs = runs_of({size: [unit * value for value in values] for size, values in of_sizes.items()})
    computed = summarize(runs, CONFIGURATION, PROBLEM, larger_is_better=larger).set_index("hidden")
    usual = summarize(runs[runs["hidden"] != "4"], CONFIGURATION, PROBLEM, larger_is_better=larger).set_index("hidden")
    assert computed["difference_to_best"].tolist() == [
        0.0,
        usual["difference_to_best"]["2"],
        pytest.approx(unit * 4e30 / 3, rel=1e-8),  # of the three replicates with a number
    ]
    assert 0 <= computed["difference_ci_low"]["4"] <= computed["difference_to_best"]["4"]
    assert np.isnan(computed["difference_ci_high"]["4"])
    assert computed["difference_ci_high"][:2].notna().all()
    one = summarize(runs[runs["seed"] == runs["seed"].min()], CONFIGURATION, PROBLEM, larger_is_better=larger)
    assert one["difference_to_best"].iloc[2] == pytest.approx(unit * 1e30, rel=1e-8)


def test_columns_keep_their_types() -> None:
    runs = runs_of({"08": [0.5, 0.6], "8": [0.7, 0.8], "8x8": [0.9, 0.8]})
    runs["flag"] = [True, True, False, False, True, True]
    runs["rate"] = pd.array([1, 1, 2, 2, None, None], dtype="Int64")
    runs["penalty"] = np.array([NAN, NAN, 0.1, 0.1, NAN, NAN])
    runs["kind"] = pd.Categorical(["b", "b", "a", "a", "b", "b"], categories=["a", "b", "unused"])
    runs["mixed"] = pd.Series([None, None, "None", "None", 3, 3], dtype=object)
    knobs = ["hidden", "flag", "rate", "penalty", "kind", "mixed"]
    computed = summarize(runs, knobs, ["kind"])
    assert len(computed) == 3
    assert computed["hidden"].tolist() == ["08", "8", "8x8"]
    assert computed[knobs].dtypes.tolist() == runs[knobs].dtypes.tolist()
    assert computed["rank_test_accuracy"].tolist() == [2, 1, 1]
    # A missing value is a value of its own, and not the last one beside another number of hidden units.
    runs = runs.assign(penalty=[0.1, 0.2, NAN, NAN, 0.1, 0.2], seed=range(6))
    assert summarize(runs, ["hidden", "penalty"], [])["n_seeds"].tolist() == [1, 1, 2, 1, 1]
    runs["penalty"] = [NAN, NAN, 0.1, 0.1, NAN, NAN]
    for knob, values in {"flag": 2, "rate": 3, "penalty": 2, "kind": 2, "mixed": 3}.items():
        assert len(summarize(runs.assign(seed=range(6)), [knob], [])) == values


@pytest.mark.parametrize("dtype", ["Float64", "float32", "object"])
def test_numbers_of_another_type(dtype: str) -> None:
    runs = runs_of({"1": [0.25, 0.5], "4": [0.75, NAN]}, status=["ok", "diverged", "ok", "failed"])
    expected = summarize(runs, CONFIGURATION, PROBLEM)
    types = {"test_accuracy": dtype, "train_accuracy": dtype, "seed": "uint32", "status": "category"}
    other = runs.astype(types)
    pd.testing.assert_frame_equal(summarize(other, CONFIGURATION, PROBLEM), expected)


def test_seeds_up_to_the_largest() -> None:
    runs = runs_of({"1": [0.5, 0.6, 0.7], "4": [0.8, 0.9, 0.7]})
    large = runs.assign(seed=runs["seed"].map({0: 2**32 - 1, 1: 0, 2: 2**31}))
    pd.testing.assert_frame_equal(summarize(large, CONFIGURATION, PROBLEM), summarize(runs, CONFIGURATION, PROBLEM))


def test_no_runs_make_an_empty_summary_of_the_same_columns() -> None:
    runs = runs_of({"1": [0.5, 0.6]})
    computed = summarize(runs.iloc[:0], CONFIGURATION, PROBLEM)
    assert len(computed) == 0
    pd.testing.assert_series_equal(computed.dtypes, summarize(runs, CONFIGURATION, PROBLEM).dtypes)
    assert len(best_configurations(computed, PROBLEM)) == 0


def test_what_is_refused() -> None:
    runs = runs_of({"1": [0.5, 0.6], "4": [0.7, 0.8]})
    with pytest.raises(ValueError, match=r"^expected a table of runs, got one without hidden, cost$"):
        summarize(runs.drop(columns=["cost", "hidden"]), CONFIGURATION, PROBLEM)
    for configuration, problem in [(["hidden", "seed"], []), (["hidden"], ["dataset"])]:
        with pytest.raises(
            ValueError, match=r"^expected problem columns among the configuration columns, without seed; got \["
        ):
            summarize(runs, configuration, problem)
    with pytest.raises(ValueError, match=r"^expected status ok, diverged, failed, got lost$"):
        summarize(runs.assign(status=["ok", "ok", "lost", "ok"]), CONFIGURATION, PROBLEM)
    with pytest.raises(ValueError, match=r"^expected one row .*, got \{'hidden': '4', 'seed': 1\} twice$"):
        summarize(pd.concat([runs, runs.iloc[[3]]]), ["hidden"], [])
