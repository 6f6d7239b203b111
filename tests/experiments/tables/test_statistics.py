"""Statistics of seeds against an oracle and by hand; targets, the best, a typical seed."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.special
import scipy.stats

from experiments.tables import statistics
from experiments.tables.statistics import (
    best_configurations,
    constant_cost,
    median_replicate,
    significant,
    summarize,
)
from tests.helpers.tables import runs_of
from tests.oracles import statistics as reference

pytestmark = pytest.mark.filterwarnings("error")
CONFIGURATION = ["dataset", "hidden", "learning_rate"]
PROBLEM = ["dataset"]
NAN = float("nan")


def random_runs(random: np.random.Generator, seeds: int, coarse: int) -> pd.DataFrame:
    """Three problems, in any order; some runs failed, diverged, have no cost or were never asked for."""
    rows = [
        {
            "dataset": dataset,
            "hidden": hidden,
            "learning_rate": rate,
            "seed": seed * 7 % 31,
            "iterations": 10,
            "status": random.choice(["ok", "ok", "ok", "ok", "diverged", "failed"]),
            "cost": random.choice([random.random(), random.random() * 1e-200, random.random() * 1e200, NAN]),
            "train_accuracy": int(random.integers(coarse + 1)) / coarse,
            "test_accuracy": int(random.integers(coarse // 2, coarse // 2 + 1 + i)) / coarse,
            "error": "",
        }
        for i, (dataset, hidden, rate) in enumerate(
            (d, h, r) for d in ("moons", "flower", "a,b") for h in ("1", "4", "8x8") for r in (0.1, 1.2)
        )
        for seed in range(seeds)
        if random.random() < 0.9
    ]
    table = pd.DataFrame(rows)
    numbers = ["cost", "train_accuracy", "test_accuracy"]
    table.loc[table["status"] == "failed", numbers] = NAN
    return table.iloc[random.permutation(len(table))].reset_index(drop=True)


# Significant digits


@pytest.mark.parametrize("digits", [1, 3, 9, 12, 15, 17])
def test_rounding_gives_the_float_nearest_to_the_decimal(digits: int) -> None:
    random = np.random.default_rng(1)
    powers = np.array([float(f"1e{k}") for k in range(-320, 309)])
    integers = random.integers(1, 10**9, 2000)
    x = np.concatenate(
        [
            random.random(2000),
            np.exp(random.uniform(-700, 700, 4000)),
            powers,
            np.nextafter(powers, 0),
            np.nextafter(powers, np.inf),
            (integers + 0.5) / 10.0 ** random.integers(0, 16, 2000),  # halves of the ninth digit
            (integers + 0.5) * 10.0 ** random.integers(-40, 40, 2000),
            integers / 128_000,
            [0.0, 5e-324, 0.99999999949999, 0.9999999995, 999999999.5, 99999999.95, 0.1 + 0.2],
            [NAN, np.inf],
        ]
    )
    x = np.concatenate([x, -x])

    expected = np.array([reference.significant(v, digits) for v in x.tolist()])
    computed = significant(x, digits)

    np.testing.assert_array_equal(computed, expected)
    np.testing.assert_array_equal(np.signbit(computed[x == 0]), np.signbit(x[x == 0]))


def test_rounding_keeps_the_shape_and_its_argument() -> None:
    x = np.array([[1 / 3, 2 / 3, 1.5]])
    before = x.copy()
    assert significant(x).tolist() == [[0.333333333, 0.666666667, 1.5]]
    assert significant(x).shape == (1, 3)
    assert significant(2 / 3, 2).item() == 0.67
    assert significant([]).shape == (0,)
    np.testing.assert_array_equal(x, before)


# Against the oracle


@pytest.mark.parametrize("seeds", [1, 2, 3, 5, 7, 12])
@pytest.mark.parametrize("coarse", [4, 400, 2000])
def test_summary_agrees_with_the_reference(seeds: int, coarse: int) -> None:
    runs = random_runs(np.random.default_rng([seeds, coarse]), seeds, coarse)

    expected = reference.summarize(runs.to_dict("records"), CONFIGURATION, PROBLEM, 0.5)  # type: ignore[arg-type]
    computed = summarize(runs, CONFIGURATION, PROBLEM, 0.5)

    assert computed.columns.tolist() == list(expected[0])
    for name in computed.columns:
        column = computed[name]
        if column.dtype == np.float64 and name != "learning_rate":
            x = np.array([line[name] for line in expected])
            size = np.where(np.isfinite(x) & (x != 0), np.abs(x), 1.0)
            # Half a unit of the ninth digit, a bit more for the rounding to 12 digits on the way (of t, too:
            # it shows where the end of an interval is near zero).
            tolerance = 0.5005 * 10.0 ** (np.floor(np.log10(size)) - 8)
            if name.startswith("ci_"):
                tolerance += 1e-12 * np.array([line[name.replace("_low", "_high")] for line in expected])
            assert np.array_equal(np.isnan(column), np.isnan(x)), name
            assert np.all(np.isnan(x) | (np.abs(column - x) <= tolerance)), name
            assert np.array_equal(column, significant(column, 9), equal_nan=True), name
        else:
            values = [None if pd.isna(v) else v for v in column]
            assert values == [line[name] for line in expected], name


@pytest.mark.parametrize("error", [0, 4e-9])
def test_t_quantiles_agree_with_the_reference(error: float, monkeypatch: pytest.MonkeyPatch) -> None:
    # SciPy 1.11 has an error of 4e-9.
    stdtrit = scipy.special.stdtrit
    monkeypatch.setattr(scipy.special, "stdtrit", lambda v, p: stdtrit(v, p) * (1 + error))
    degrees = np.array([1, 2, 3, 4, 9, 29, 63, 99, 999, 99_999], dtype=float)
    expected = [reference.t_quantile(v) for v in degrees]
    computed = statistics._t_quantile(degrees)
    np.testing.assert_allclose(computed, expected, rtol=6e-12)  # half a unit of the twelfth digit, and a bit
    np.testing.assert_allclose(computed, scipy.stats.t.interval(0.95, degrees)[1], rtol=1e-8)
    assert computed[0] == 12.7062047362  # tan(0.475 pi) = 12.70620473617...
    assert np.isnan(statistics._t_quantile(np.array([0.0, -1.0]))).all()


# By hand


def test_a_hand_made_summary() -> None:
    runs = runs_of({"1": [0.5, 0.6, 0.7], "4": [0.8, 0.9, 0.7]})
    computed = summarize(runs, CONFIGURATION, PROBLEM)
    expected = pd.DataFrame(
        {
            "dataset": ["flower"] * 2,
            "hidden": ["1", "4"],
            "learning_rate": [1.2] * 2,
            "n_seeds": [3, 3],
            "n_diverged": [0, 0],
            "n_failed": [0, 0],
            "n_stuck": [0, 0],
            "mean_test_accuracy": [0.6, 0.8],
            "std_test_accuracy": [0.1, 0.1],
            # t(0.975, 2) = 4.302652730, times 0.1 / sqrt(3): 0.248413771
            "ci_low_test_accuracy": [0.351586229, 0.551586229],
            "ci_high_test_accuracy": [0.848413771, 1.04841377],
            "median_test_accuracy": [0.6, 0.8],
            "iqm_test_accuracy": [0.6, 0.8],
            "mean_train_accuracy": [0.6, 0.8],
            "std_train_accuracy": [0.1, 0.1],
            "ci_low_train_accuracy": [0.351586229, 0.551586229],
            "ci_high_train_accuracy": [0.848413771, 1.04841377],
            "median_train_accuracy": [0.6, 0.8],
            "iqm_train_accuracy": [0.6, 0.8],
            "mean_cost": [0.4, 0.2],
            "std_cost": [0.1, 0.1],
            "ci_low_cost": [0.151586229, -0.0484137712],
            "ci_high_cost": [0.648413771, 0.448413771],
            "median_cost": [0.4, 0.2],
            "iqm_cost": [0.4, 0.2],
            "rank_test_accuracy": pd.array([2, 1], dtype="Int64"),
            # Differences 0.3, 0.3, 0: t = 2 with 2 degrees of freedom, p = 0.092.
            "tied_with_best": pd.array([True, True], dtype="boolean"),
            "difference_to_best": [0.2, 0.0],
            "difference_ci_low": [0.0, 0.0],
            # t(0.95, 2) = 2.919985580 times a standard error of 0.1, added to 0.2 and to -0.2
            "difference_ci_high": [0.491998558, 0.091998558],
        }
    )
    pd.testing.assert_frame_equal(computed, expected, check_exact=True)


def test_no_more_than_the_table_is_used_and_it_is_left_alone() -> None:
    runs = random_runs(np.random.default_rng(3), 4, 400)
    runs.index = runs.index[::-1] * 3  # an index that is no row number
    before = runs.copy(deep=True)
    plain = runs.reset_index(drop=True).drop(columns=["iterations", "error"])
    pd.testing.assert_frame_equal(summarize(runs, CONFIGURATION, PROBLEM), summarize(plain, CONFIGURATION, PROBLEM))
    pd.testing.assert_frame_equal(runs, before)


def test_equal_means_share_the_smaller_rank_and_the_first_is_best() -> None:
    runs = runs_of({"1": [0.1, 0.2], "2": [0.5, 0.7], "3": [0.6, 0.6], "4": [0.7, 0.5], "5": [0.3, 0.3]})
    computed = summarize(runs, CONFIGURATION, PROBLEM)
    assert computed["rank_test_accuracy"].tolist() == [5, 1, 1, 1, 4]
    assert computed["rank_test_accuracy"].dtype == "Int64"
    # Against "5" the differences are 0.2 and 0.4 for "2", which is best, for it is the first (p = 0.102); but
    # constant for "3". Whoever exceeds it, it is not the best.
    assert computed["tied_with_best"].tolist() == [True, True, True, True, False]
    assert computed["difference_to_best"].tolist() == [0.45, 0, 0, 0, 0.3]
    assert computed["difference_ci_low"].tolist() == [0, 0, 0, 0, 0.3]
    reordered = runs_of({"3": [0.6, 0.6], "2": [0.5, 0.7], "5": [0.3, 0.3]})
    assert summarize(reordered, CONFIGURATION, PROBLEM)["tied_with_best"].tolist() == [True, True, False]


def test_means_that_are_equal_in_theory_are_equal_in_the_table() -> None:
    # 64 seeds and 2,000 points: an odd number of hits makes a mean of ten digits that ends in 5.
    random = np.random.default_rng(5)
    hits = random.integers(1500, 1990, 64)
    hits[0] += 1 - hits.sum() % 2
    cells: dict[Any, list[float | None]] = {}
    for k in range(300):
        moved = hits.copy()
        step = random.integers(0, 10, 32)
        moved[:32] += step
        moved[32:] -= random.permutation(step)
        cells[str(k)] = (random.permutation(moved) / 2000).tolist()
    computed = summarize(runs_of(cells), CONFIGURATION, PROBLEM)
    assert computed["mean_test_accuracy"].nunique() == 1
    assert set(computed["rank_test_accuracy"]) == {1}


def test_the_order_of_the_runs_changes_nothing_but_the_order_of_the_rows() -> None:
    random = np.random.default_rng(6)
    runs = random_runs(random, 12, 2000)
    expected = summarize(runs, CONFIGURATION, PROBLEM).sort_values(CONFIGURATION)
    # Only the order inside each configuration: who comes first among equals must stay.
    first = ~runs.duplicated(CONFIGURATION)
    rest = runs[~first]
    shuffled = pd.concat([runs[first], rest.iloc[random.permutation(len(rest))]])
    computed = summarize(shuffled, CONFIGURATION, PROBLEM).sort_values(CONFIGURATION)
    pd.testing.assert_frame_equal(computed, expected, check_exact=True)
    assert summarize(runs, CONFIGURATION, PROBLEM)["hidden"].tolist() == [
        row["hidden"] for row in runs.drop_duplicates(CONFIGURATION).to_dict("records")
    ]


def test_sums_run_in_the_order_of_the_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    # Rounding hides the order almost always, and so from any test: without it,
    monkeypatch.setattr("experiments.tables.statistics._settled", lambda values: values)
    runs = random_runs(np.random.default_rng(8), 31, 2000)
    by_seed = runs.sort_values("seed", kind="stable")
    expected = summarize(by_seed, CONFIGURATION, []).sort_values(CONFIGURATION, ignore_index=True)
    computed = summarize(runs, CONFIGURATION, []).sort_values(CONFIGURATION, ignore_index=True)
    numbers = expected.filter(regex="^(mean|std|ci)_").columns
    pd.testing.assert_frame_equal(computed[numbers], expected[numbers], check_exact=True)
    # a sum is the same whatever the order of the rows; and it is that of a plain loop, on every machine.
    values = np.random.default_rng(7).random(1001)
    group = np.zeros(1001, dtype=np.int64)
    part = (values - values.min()) / (values.max() - values.min())
    total = 0.0
    for p in part.tolist():
        total += p
    mean = statistics._moments(values, group, 1)[1].item()
    assert mean == values.min() + (values.max() - values.min()) * (total / 1001)


@pytest.mark.parametrize("last_bits", [-1e-15, 1e-15])
def test_the_last_bit_of_a_special_function_decides_nothing(last_bits: float, monkeypatch: pytest.MonkeyPatch) -> None:
    # It is what another machine might make of it.
    runs = random_runs(np.random.default_rng(9), 5, 400)
    expected = summarize(runs, CONFIGURATION, PROBLEM)
    stdtrit = scipy.special.stdtrit
    monkeypatch.setattr(scipy.special, "stdtrit", lambda v, p: stdtrit(v, p) * (1 + last_bits))
    pd.testing.assert_frame_equal(summarize(runs, CONFIGURATION, PROBLEM), expected, check_exact=True)


def test_problems_are_ranked_apart() -> None:
    easy = runs_of({"1": [0.9, 0.92], "4": [0.98, 1.0]}, dataset="moons", noise=0.1)
    hard = runs_of({"1": [0.5, 0.52], "4": [0.6, 0.62]}, dataset="moons", noise=0.5)
    runs = pd.concat([easy, hard])
    columns = ["dataset", "noise", "hidden"]
    computed = summarize(runs, columns, ["dataset", "noise"])
    assert computed["rank_test_accuracy"].tolist() == [2, 1, 2, 1]
    assert computed["tied_with_best"].tolist() == [False, True, False, True]
    assert summarize(runs, columns, ["dataset"])["rank_test_accuracy"].tolist() == [2, 1, 4, 3]
    assert summarize(runs, columns, [])["rank_test_accuracy"].tolist() == [2, 1, 4, 3]


# Stuck runs


@pytest.mark.parametrize("counts", [(200, 200), (269, 157), (1, 999), (7, 0)])
def test_the_cost_of_the_best_constant_prediction(counts: tuple[int, int]) -> None:
    assert constant_cost(counts) == pytest.approx(reference.entropy(counts), rel=1e-12, abs=0)


def test_stuck_runs_are_counted() -> None:
    runs = runs_of({"1": [0.5] * 6, "4": [0.5] * 6}, cost=[0.6931, 0.69314718, 0.6931462, 0.7, NAN, 0.7] * 2)
    runs["status"] = ["ok"] * 5 + ["diverged"] + ["ok"] * 3 + ["diverged", "failed", "failed"]
    computed = summarize(runs, CONFIGURATION, PROBLEM, constant_cost((1, 1)))
    assert computed["n_stuck"].tolist() == [3, 2]
    # another problem has another cost
    of_run = np.repeat([0.8, 0.7], 6)
    assert summarize(runs, CONFIGURATION, PROBLEM, of_run)["n_stuck"].tolist() == [0, 0]
    assert summarize(runs, CONFIGURATION, PROBLEM)["n_stuck"].tolist() == [0, 0]


# The best, and a typical seed


@pytest.mark.parametrize("through_a_file", [False, True])
def test_the_best_configurations_of_each_problem(through_a_file: bool) -> None:
    moons = runs_of({"1": [0.5, 0.51], "2": [NAN, NAN], "3": [0.9, 0.91], "4": [0.9, 0.91]}, dataset="moons")
    moons.loc[moons["hidden"] == "2", "status"] = "failed"
    flower = runs_of({"1": [0.6, 0.6], "5": [0.7, 0.8]})
    runs = pd.concat([moons.iloc[:2], flower, moons.iloc[2:]])
    summary = summarize(runs, CONFIGURATION, PROBLEM)
    if through_a_file:
        summary = pd.read_csv(io.StringIO(summary.to_csv(index=False)), dtype={"hidden": str})
    before = summary.copy()
    computed = best_configurations(summary, PROBLEM)
    assert computed["dataset"].tolist() == ["moons"] * 4 + ["flower"] * 2
    assert computed["hidden"].tolist() == ["3", "4", "1", "2", "5", "1"]
    assert computed["tied_with_best"].iloc[[0, 1, 2]].tolist() == [True, True, False]
    assert computed.index.tolist() == list(range(6))
    assert computed.columns.tolist() == summary.columns.tolist()
    assert computed.groupby(PROBLEM, sort=False).head(1)["hidden"].tolist() == ["3", "5"]
    pd.testing.assert_frame_equal(summary, before)


@pytest.mark.parametrize(
    ("accuracies", "costs", "expected"),
    [
        ([0.5, 0.9, 0.7], [0, 0, 0], 12),
        ([0.9, 0.5, 0.7, 0.8], [0, 0, 0, 0], 12),  # the lower of 0.7 and 0.8
        ([0.7, 0.9, 0.7, 0.5], [2, 0, 1, 0], 12),  # equal accuracy: the smaller cost
        ([0.5, 0.5, 0.5], [1, 1, 1], 10),  # and the smaller seed
        ([0.5, 0.5, 0.5], [NAN, NAN, 1], 12),  # no cost is no small cost
        ([0.5], [1], 10),
        ([0.5, NAN, NAN], [1, 0, 0], 10),
    ],
)
@pytest.mark.parametrize("backwards", [False, True])
def test_the_median_seed(accuracies: list[float], costs: list[float], expected: int, backwards: bool) -> None:
    runs = pd.DataFrame({"status": "ok", "test_accuracy": accuracies, "cost": costs})
    runs["seed"] = np.arange(10, 10 + len(runs), dtype=np.uint32)
    computed = median_replicate(runs[::-1] if backwards else runs)["seed"]
    assert (computed, type(computed)) == (expected, int)


def test_a_failed_run_is_not_typical() -> None:
    runs = runs_of({"4": [0.5, 0.6, 0.7]}, status=["ok", "failed", "diverged"])
    assert median_replicate(runs)["seed"] == 0
    with pytest.raises(ValueError, match=r"^expected a finished run, got none: there is no median seed$"):
        median_replicate(runs.assign(status="failed"))["seed"]
    with pytest.raises(ValueError, match=r"^expected the runs of one configuration, got several with"):
        median_replicate(runs.assign(seed=[0, 1, 0]))["seed"]
