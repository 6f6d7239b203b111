"""The headline: sentences that say what is so."""

from __future__ import annotations

import itertools
import math
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from experiments.findings.headline import headline
from experiments.sweep import Sweep
from experiments.tables.statistics import summarize

Accuracies = dict[tuple[Any, ...], list[float]]


def said(
    columns: dict[str, Any], accuracies: Accuracies, problem: tuple[str, ...] = ("dataset",), **more: Any
) -> list[str]:
    """The headline of a sweep: test accuracies, one a seed, by the values of the columns; nan for a failed run.

    more: columns of the runs, in their order; findings, as those of ``confirmations``; features
    """
    rows = [
        {
            **dict(zip(columns, key, strict=True)),
            "seed": seed,
            "status": "failed" if math.isnan(accuracy) else "ok",
            "cost": 1 - accuracy,
            "train_accuracy": accuracy,
            "test_accuracy": accuracy,
        }
        for key, of_seeds in accuracies.items()
        for seed, accuracy in enumerate(of_seeds)
    ]
    found, features, metric = more.pop("findings", []), more.pop("features", 2), more.pop("metric", "accuracy")
    identity, folds = more.pop("identity", {"data": "0f"}), more.pop("folds", [None])
    sampled = more.pop("sampled", ())
    runs = pd.DataFrame(rows).assign(**more)
    summary = summarize(runs, list(columns), list(problem), 0.69)
    seeds = max(map(len, accuracies.values()))
    design = SimpleNamespace(
        values={"seed": range(seeds // len(folds)), "fold": folds},
        n_replicates=seeds,
        n_runs=len(summary) * seeds,
        iterations=5000,
        replicate_columns=["seed"],
        configuration_columns=list(columns),
        sampled=sampled,
    )
    tables: Any = SimpleNamespace(
        runs=runs,
        summary=summary,
        columns=[*columns, "seed"],
        problem_columns=list(problem),
        features=lambda row: features,
        metric=metric,
        larger_is_better=True,
        races=[],
        design=design,
        identities={("flower",): identity},
    )
    return headline(tables, found)


def grid(hidden: dict[str, list[float]], rates: tuple[float, ...] = (1.2,), dataset: str = "flower") -> Accuracies:
    return {(dataset, h, rate): values for h, values in hidden.items() for rate in rates}


COLUMNS = dict.fromkeys(["dataset", "hidden", "learning_rate"])
STEADY = [0.9, 0.91, 0.92, 0.9, 0.91, 0.92]
LOW = [0.5, 0.51, 0.52, 0.5, 0.51, 0.52]


def test_all_of_it() -> None:
    cells = grid({"3": [0.3, 0.32, 0.3, 0.31, 0.3, 0.3], "5": [a - 0.001 for a in STEADY], "20": STEADY}, (0.3, 1.2))
    found = [{"points": "fresh", "n_points": 10_000, "test_accuracy": 0.9034}]
    assert said(COLUMNS, cells, findings=found) == [
        (
            "20 hidden units, learning rate 0.3: test accuracy 91.0 % (95 % interval [90.1, 91.9]), mean over 6 "
            "seeds. On fresh test "
            "points: 90.3 %. 1 other configuration is tied with it. "
            "Its number of hidden units is at the edge of the values tried: try larger ones. "
            "10 of 36 runs learned nothing, all with 3 hidden units."
        )
    ]


def test_halves_are_no_fresh_points() -> None:
    found = [{"points": "halves", "n_points": 13, "test_accuracy": 0.8}]
    assert said(COLUMNS, grid({"2": STEADY, "1": LOW}), findings=found) == [
        (
            "2 hidden units, learning rate 1.2: test accuracy 91.0 % (95 % interval [90.1, 91.9]), mean over 6 "
            "seeds. Chosen on one half "
            "of the test points and measured on the other:"
            " 80.0 %. No other configuration is tied with it."
        )
    ]


@pytest.mark.parametrize(
    ("hidden", "name", "smallest"),
    [
        (("20", "5"), "20 hidden units", "; the smallest of these networks has 5 hidden units"),
        (("20", "1"), "20 hidden units", "; the smallest of these networks has 1 hidden unit"),
        (("5", "0"), "5 hidden units", "; the smallest of these networks is linear"),
        (("8x8", "50"), "8x8 hidden units", ", none with a smaller network"),
        (("30", "8x8"), "30 hidden units", "; the smallest of these networks has 8x8 hidden units"),
        (("0", "1"), "no hidden units", ", none with a smaller network"),
    ],
)
def test_the_smallest_of_the_ties(hidden: tuple[str, str], name: str, smallest: str) -> None:
    # 8x8 has 24 + 72 + 9 = 105 parameters, 30 units have 121, 50 have 201
    assert said(COLUMNS, grid({hidden[0]: STEADY, hidden[1]: STEADY[::-1]})) == [
        (
            f"{name}, learning rate 1.2: test accuracy 91.0 % (95 % interval [90.1, 91.9]), mean over 6 seeds. 1 "
            "other configuration is tied "
            f"with it{smallest}."
        )
    ]


def test_a_single_configuration_has_no_ties() -> None:
    assert said(COLUMNS, grid({"0": STEADY})) == [
        "no hidden units, learning rate 1.2: test accuracy 91.0 % (95 % interval [90.1, 91.9]), mean over 6 seeds."
    ]


def test_one_seed_has_no_interval() -> None:
    assert said(COLUMNS, grid({"1": [0.9], "2": [0.5]})) == [
        (
            "1 hidden unit, learning rate 1.2: test accuracy 90.0 % with one seed; an interval and ties require at "
            "least two."
        )
    ]
    nan = math.nan
    assert said(COLUMNS, grid({"1": [0.9, nan], "2": [nan, nan]})) == [
        (
            "1 hidden unit, learning rate 1.2: test accuracy 90.0 % with the only seed that finished; an interval "
            "and ties require at least two. 3 of 4 runs failed."
        )
    ]
    assert said(COLUMNS, grid({"1": [0.9, nan, 0.92], "2": [0.1, 0.12, 0.1]})) == [
        (
            "1 hidden unit, learning rate 1.2: test accuracy 91.0 % (95 % interval [78.3, 100.0]), mean over 2 of 3 "
            "seeds. No other "
            "configuration is tied with it. "
            "3 of 6 runs learned nothing, all with 2 hidden units. 1 of 6 runs failed, with 1 hidden unit."
        )
    ]


@pytest.mark.parametrize(
    ("accuracies", "status", "expected"),
    [
        ([math.nan], "failed", "No run finished. The only run failed."),
        ([math.nan] * 3, "failed", "No run finished. All 3 runs failed."),
        (
            [0.1, 0.1],
            "ok",
            (
                "4 hidden units, learning rate 1.2: test accuracy 10.0 % (95 % interval [10.0, 10.0]), mean over 2 "
                "seeds. All 2 runs learned "
                "nothing."
            ),
        ),
        (
            [0.1, 0.1],
            "diverged",
            (
                "4 hidden units, learning rate 1.2: test accuracy 10.0 % (95 % interval [10.0, 10.0]), mean over 2 "
                "seeds. All 2 runs diverged."
            ),
        ),
    ],
)
def test_nothing_went_well(accuracies: list[float], status: str, expected: str) -> None:
    assert said(COLUMNS, grid({"4": accuracies}), status=status) == [expected]


def test_other_knobs_that_were_varied() -> None:
    columns = dict.fromkeys(["dataset", "hidden", "activation", "learning_rate", "momentum", "l2", "dtype"])
    values = itertools.product(["4"], ["tanh", "relu"], [1.2], [0.9, 0.99], [0.1], ["float32"])
    cells = {("flower", *key): LOW if key[1] == "tanh" else STEADY for key in values}
    assert said(columns, cells)[0].startswith(
        "4 hidden units, learning rate 1.2, relu, momentum 0.9: test accuracy 91.0 % ("
    )


def test_each_problem_is_spoken_of_but_not_too_many() -> None:
    cells: Accuracies = {}
    for k, dataset in enumerate(["moons", "circles", "blobs", "iris", "flower"]):
        cells |= grid({"1": [0.9 - 0.16 * k for _ in range(3)]}, dataset=dataset)
    lines = said(COLUMNS, cells)
    assert (
        lines[0]
        == "moons: 1 hidden unit, learning rate 1.2: test accuracy 90.0 % (95 % interval [90.0, 90.0]), mean over 3 "
        "seeds."
    )
    assert [line.split(":")[0] for line in lines] == [
        "moons", "circles", "blobs", "2 more problems", "3 of 15 runs learned nothing, all on flower.",
    ]  # fmt: skip
    assert len(said(COLUMNS, dict(itertools.islice(cells.items(), 4)))) == 4


def test_several_draws_of_the_data_are_replicates() -> None:
    columns = dict.fromkeys(["dataset", "data_seed", "hidden", "learning_rate"])
    draws = {1: 0.8, 2: 0.9, 3: 1.0}
    cells = {
        ("moons", draw, hidden, 1.2): [mean - 0.01 - less, mean + 0.01 - less]
        for draw, mean in draws.items()
        for hidden, less in (("2", 0.0), ("1", 0.02 * draw**2))
    }
    # the interval is that of 0.8, 0.9, 1.0: 0.9 -+ 4.3027 * 0.1 / sqrt(3) = 1.148, of which 1 is the most there can be
    assert said(columns, cells, problem=("dataset", "data_seed")) == [
        (
            "2 hidden units, learning rate 1.2: test accuracy 90.0 % (95 % interval [65.2, 100.0]), mean over 3 "
            "draws of the data, 2 seeds "
            "each. "
            "The interval covers variation of the data and of the initial weights. 1 other configuration is tied "
            "with it; the smallest of these networks "
            "has 1 hidden unit."
        )
    ]
    one = {key: values for key, values in cells.items() if key[1] == 2}
    assert "draws" not in said(columns, one, problem=("dataset", "data_seed"))[0]


@pytest.mark.parametrize(
    ("stuck", "expected"),
    [
        ({("1", 0.1)}, ", all with 1 hidden unit at learning rate 0.1"),
        ({("3", 0.1), ("4", 0.1), ("3", 5.0), ("4", 5.0)}, ", all with 3 or 4 hidden units"),
        ({(h, 5.0) for h in "01234"}, ", all at learning rate 5"),
        ({(h, 0.1) for h in "01234"} | {("0", 5.0)}, ""),
        ({(h, 0.1) for h in "0123"}, ", all at learning rate 0.1"),
    ],
)
def test_what_the_stuck_runs_share(stuck: set[tuple[str, float]], expected: str) -> None:
    cells = {
        ("flower", hidden, rate): [0.1, 0.1] if (hidden, rate) in stuck else [0.9, 0.9]
        for hidden in "01234"
        for rate in (0.1, 5.0)
    }
    line = said(COLUMNS, cells)[0]
    assert line.endswith(f" {2 * len(stuck)} of 20 runs learned nothing{expected}.")


@pytest.mark.parametrize(
    ("stuck", "expected"), [(range(6, 10), "6 or more"), (range(5), "4 or less"), ((1, 3, 5, 7), None)]
)
def test_many_values_in_a_row_are_a_range(stuck: Any, expected: str | None) -> None:
    cells: Accuracies = {
        ("flower", "2", float(rate)): [0.1, 0.1] if rate in stuck else [0.9, 0.9] for rate in range(10)
    }
    line = said(COLUMNS, cells)[0]
    shared = f", all at learning rate {expected}" if expected else ""
    assert line.endswith(f" {2 * len(stuck)} of 20 runs learned nothing{shared}.")


def test_stuck_is_what_a_constant_would_be() -> None:
    results = Sweep(dataset="moons", hidden=[0, 2], learning_rate=[0.0, 1.0], seed=range(9), iterations=50).run(1, None)
    assert results.manifest["data"][0]["class_counts"] == {"training": [200, 200], "test": [1000, 1000]}
    stuck = results.runs["cost"] >= math.log(2) - 1e-6
    assert results.runs.loc[stuck, "learning_rate"].eq(0).all()  # untrained, and some by chance the better for it
    assert 3 <= stuck.sum() == results.summary["n_stuck"].sum() < 18
    assert headline(results, results.manifest["findings"])[0].endswith(
        f"{stuck.sum()} of 36 runs learned nothing, all at learning rate 0."
    )


@pytest.mark.parametrize(
    ("best", "expected"),
    [
        ({"hidden": "1"}, " Its number of hidden units is at the edge of the values tried: try smaller ones."),
        ({"hidden": "3"}, " Its number of hidden units is at the edge of the values tried: try larger ones."),
        (
            {"hidden": "2", "learning_rate": 0.1},
            " Its learning rate is at the edge of the values tried: try smaller ones.",
        ),
        (
            {"hidden": "3", "learning_rate": 3.0},
            (
                " Its number of hidden units is at the edge of the values tried: try larger ones. "
                "Its learning rate is at the edge of the values tried: try larger ones."
            ),
        ),
        ({"hidden": "2", "learning_rate": 0.3}, ""),
    ],
)
def test_the_edge_of_what_was_tried(best: dict[str, Any], expected: str) -> None:
    def is_best(hidden: str, rate: float) -> bool:
        return (hidden, rate) == (best["hidden"], best.get("learning_rate", 0.3))

    cells = {
        ("flower", hidden, rate): STEADY if is_best(hidden, rate) else LOW
        for hidden in ("2", "3", "1")
        for rate in (0.3, 0.1, 3.0)
    }
    (line,) = said(COLUMNS, cells)
    assert line.partition("No other configuration is tied with it.")[2] == expected


def test_two_values_and_no_hidden_units_are_no_edge() -> None:
    assert "edge" not in said(COLUMNS, grid({"0": STEADY, "1": LOW, "2": LOW}))[0]
    assert "edge" not in said(COLUMNS, grid({"1": STEADY, "2": LOW}, (0.1, 0.3)))[0]
    assert "edge" not in said(COLUMNS, grid({"4": STEADY, "2x2": LOW, "2": LOW}))[0]  # layers have no order


def test_as_good_in_the_middle_is_no_edge() -> None:
    cells = grid({"2": LOW}, (0.1, 0.3, 1.2))
    best = {key: STEADY if key[2] != 1.2 else LOW for key in cells}
    assert "edge" not in said(COLUMNS, best)[0]
    best = {key: STEADY if key[2] == 0.1 else LOW for key in cells}
    assert "Its learning rate is at the edge of the values tried: try smaller ones." in said(COLUMNS, best)[0]


def test_of_what_the_interval_speaks() -> None:
    start = "1 hidden unit, learning rate 1.2: test accuracy 91.0 % (95 % interval [90.1, 91.9]), mean over "
    cells = grid({"1": STEADY})
    assert said(COLUMNS, cells) == [f"{start}6 seeds."]
    assert said(COLUMNS, cells, identity={"data": "0f", "data_seed": "seed"}) == [
        f"{start}6 seeds. The interval covers variation of the data and of the initial weights."
    ]
    split = "The interval approximately covers new data, since every replicate has its own split."
    assert said(COLUMNS, cells, identity={"data": "0f", "split": "seed"}) == [f"{start}6 seeds. {split}"]
    assert said(COLUMNS, cells, identity={"data": "0f", "split": "cv:3"}, folds=range(3)) == [
        f"{start}3 folds x 2 seeds. {split}"
    ]
    lacking = grid({"1": [*STEADY, math.nan]})
    assert said(COLUMNS, lacking, folds=range(7)) == [
        f"{start}6 of the 7 replicates of 7 folds x 1 seed. 1 of 7 runs failed."
    ]


def test_baselines_and_a_test_cost_that_has_turned() -> None:
    beside = {"test": 0.5, "difference": 0.41, "ci_low": 0.4, "ci_high": 0.42}
    found = {
        "points": "",
        "n_points": 0,
        "test_accuracy": None,
        "turned_at": 1200,
        "baselines": {"answer": "no", "constant": beside, "linear": beside | {"test": 0.7}},
    }
    assert said(COLUMNS, grid({"1": STEADY}), findings=[found]) == [
        (
            "1 hidden unit, learning rate 1.2: test accuracy 91.0 % (95 % interval [90.1, 91.9]), mean over 6 seeds. "
            "Better than always "
            "predicting 'no' (50.0 %) by 41.0 "
            "percentage points [40.0, 42.0], and than a linear model (70.0 %) by 41.0 percentage points [40.0, "
            "42.0]. Its test cost was "
            "lowest after 1,200 of 5,000 iterations and rose afterwards: it overfits."
        )
    ]


def test_the_last_value_of_a_sample_is_no_edge() -> None:
    accuracies = {("flower", "2", rate): [0.5 + rate, 0.5 + rate] for rate in (0.1, 0.2, 0.3, 0.4)}
    edge = "Its learning rate is at the edge of the values tried: try larger ones."
    assert edge in said(COLUMNS, accuracies)[0]
    assert edge not in said(COLUMNS, accuracies, sampled=("learning_rate",))[0]


def test_values_that_each_configuration_has_for_itself_are_not_shared() -> None:
    accuracies = {("flower", "2", rate / 10): [math.nan if rate in (3, 5) else 0.9, 0.9] for rate in range(1, 9)}
    assert said(COLUMNS, accuracies)[0].endswith("2 of 16 runs failed, all at learning rate 0.3 or 0.5.")
    assert said(COLUMNS, accuracies, sampled=("learning_rate",))[0].endswith("2 of 16 runs failed.")
    last = {key: [math.nan if key[2] > 0.4 else 0.9, 0.9] for key in accuracies}
    assert said(COLUMNS, last, sampled=("learning_rate",))[0].endswith(
        "4 of 16 runs failed, all at learning rate 0.5 or more."
    )
    one = {key: [math.nan if key[2] == 0.4 else 0.9, 0.9] for key in accuracies}
    assert said(COLUMNS, one, sampled=("learning_rate",))[0].endswith("1 of 16 runs failed, at learning rate 0.4.")
