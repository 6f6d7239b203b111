"""experiments.cli.closing: the closing lines fit 80 columns and say what the tables say, whatever happened."""

from __future__ import annotations

import itertools
import math
import unicodedata
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from experiments.cli import closing
from experiments.results import Results
from experiments.sweep import Sweep
from experiments.tables.statistics import summarize
from planar_core.choices import METRICS


def results_of(
    accuracies: dict[str, list[float]],
    datasets: tuple[str, ...] = ("flower",),
    rates: tuple[float, ...] = (1.2,),
    status: str = "ok",
    error: str = "",
    reused: int = 0,
    metric: str = "accuracy",
    about: dict[str, Any] | None = None,
    **settings: str,
) -> Results:
    """A sweep with these test accuracies: of each hidden size, one a seed; nan for a failed run.

    metric: what the numbers are of, in place of the accuracy; about: what is known of each problem
    """
    rows = [
        {
            "dataset": dataset,
            "hidden": hidden,
            "learning_rate": rate,
            "seed": seed,
            **settings,
            "iterations": 10,
            "status": "failed" if math.isnan(accuracy) else status,
            "cost": 1 - accuracy,
            f"train_{metric}": accuracy,
            f"test_{metric}": accuracy,
            "error": error if math.isnan(accuracy) else "",
        }
        for dataset, hidden, rate in itertools.product(datasets, accuracies, rates)
        for seed, accuracy in enumerate(accuracies[hidden])
    ]
    runs = pd.DataFrame(rows)
    n_seeds = max(map(len, accuracies.values()))
    sweep = Sweep(
        dataset=datasets, hidden=list(accuracies), learning_rate=rates, seed=range(n_seeds), metric=metric, **settings
    )
    counts = {name: int((runs["status"] == name).sum()) for name in ("ok", "diverged", "failed")}
    manifest: dict[str, Any] = {
        "counts": {"runs": len(runs), **counts, "computed": len(runs) - reused, "reused": reused},
        "findings": [],
    }
    known: dict[str, Any] = {"features": 2, "fingerprint": "f", **(about or {})}
    problems = [{"problem": sweep.problem_knobs(key), **known} for key in sweep.problems()]
    summary = summarize(
        runs,
        sweep.configuration_columns,
        sweep.problem_columns,
        measures=(f"test_{metric}", f"train_{metric}", "cost"),
        larger_is_better=METRICS[metric].larger_is_better,
    )
    scores = runs[f"test_{metric}"].to_numpy(float).reshape(len(summary), -1)
    return Results(runs, summary, sweep, problems, Path("nowhere"), scores, [], manifest)


def lines_of(results: Results, most: int = 10) -> list[str]:
    lines = list(closing.closing_lines(results, most))
    for line in lines:
        columns = sum(
            0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line
        )
        assert columns <= 80, line
        assert line.isprintable()
        assert line == line.rstrip()
    return lines


def tables_of(lines: list[str]) -> list[str]:
    """What comes after the headline."""
    first = next(k for k, line in enumerate(lines) if line.split()[:1] == ["rank"])
    while lines[first]:
        first -= 1
    return lines[first:]


def test_the_whole_report() -> None:
    better, equal, worse = [0.9, 0.8, 0.85, 0.95], [0.85, 0.85, 0.9, 0.85], [0.5, 0.52, 0.49, 0.5]
    computed = lines_of(results_of({"2": worse, "8x8": better, "20": equal}, rates=(0.0316227766017,)))
    assert computed == [
        "",
        "8x8 hidden units, learning rate 0.0316227766017: test accuracy 87.5 % (95 %",
        "interval [77.2, 97.8]), mean over 4 seeds. 1 other configuration is tied with",
        "it; the smallest of these networks has 20 hidden units.",
        "",
        "flower: test accuracy, mean over 4 seeds and 95 % interval",
        "  rank  hidden    learning_rate    mean  95 % interval  best?",
        "     1     8x8  0.0316227766017  87.5 %   [77.2, 97.8]  best",
        "     2      20  0.0316227766017  86.3 %   [82.3, 90.2]  tied",
        "     3       2  0.0316227766017  50.3 %   [48.2, 52.3]",
        "  1 other is tied with the best: the runs cannot tell which is truly best",
        "",
    ]


def test_another_metric_and_what_is_better_than_baselines() -> None:
    better, equal, worse = [0.9, 0.8, 0.85, 0.95], [0.85, 0.85, 0.9, 0.85], [0.5, 0.52, 0.49, 0.5]
    baselines = {"answer": "1", "metric": "auc", "constant": [0.5], "linear": [0.7, 0.72, 0.68, 0.7]}
    accuracies = {"2": worse, "8x8": better, "20": equal}
    assert lines_of(results_of(accuracies, metric="auc", about={"baselines": baselines})) == [
        "",
        "8x8 hidden units, learning rate 1.2: test AUC 0.875 (95 % interval [0.772,",
        "0.978]), mean over 4 seeds. 1 other configuration is tied with it; the smallest",
        "of these networks has 20 hidden units.",
        "",
        "flower: test AUC, mean over 4 seeds and 95 % interval",
        "  rank  hidden  learning_rate   mean   95 % interval  best?",
        "     1     8x8            1.2  0.875  [0.772, 0.978]  best",
        "     2      20            1.2  0.863  [0.823, 0.902]  tied",
        "     3       2            1.2  0.503  [0.482, 0.523]",
        "  always predicting '1'        0.500",
        "  linear model                 0.700",
        "  1 other is tied with the best: the runs cannot tell which is truly best",
        "",
    ]
    # Those that were judged by another metric are not shown.
    others = lines_of(results_of(accuracies, metric="f1", about={"baselines": baselines}))
    assert not [line for line in others if "always" in line or "linear model" in line]


def test_a_regression_of_which_the_smallest_error_is_the_best() -> None:
    errors = {"2": [50.0, 52.0, 49.0, 50.0], "8x8": [90.0, 80.0, 85.0, 95.0], "20": [85.0, 85.0, 90.0, 85.0]}
    baselines = {"answer": "152.1", "metric": "rmse", "constant": [99.0] * 4, "linear": [95.5, 93.0, 92.0, 97.0]}
    about = {"task": "regression", "baselines": baselines}
    assert lines_of(results_of(errors, datasets=("diabetes",), metric="rmse", about=about)) == [
        "",
        "2 hidden units, learning rate 1.2: test RMSE 50.25 (95 % interval [48.25,",
        "52.25]), mean over 4 seeds. No other configuration is tied with it.",
        "",
        "diabetes: test RMSE, mean over 4 seeds and 95 % interval",
        "  rank  hidden  learning_rate   mean   95 % interval  best?",
        "     1       2            1.2  50.25  [48.25, 52.25]  best",
        "     2      20            1.2  86.25  [82.27, 90.23]",
        "     3     8x8            1.2  87.50  [77.23, 97.77]",
        "  always predicting the mean   99.00",
        "  linear model                 94.38",
        "  no other is tied with the best",
        "",
    ]
    scores = {"2": [0.5, 0.52, 0.49, 0.5], "8x8": [0.9, 0.8, 0.85, 0.95]}
    lines = lines_of(results_of(scores, datasets=("diabetes",), metric="r2", about={"task": "regression"}))
    assert lines[1:3] == [
        "8x8 hidden units, learning rate 1.2: test R² 0.875 (95 % interval [0.772,",
        "0.978]), mean over 4 seeds. No other configuration is tied with it.",
    ]
    assert lines[4] == "diabetes: test R², mean over 4 seeds and 95 % interval"


def test_what_the_interval_speaks_of_is_said_and_nothing_is_rounded_up_to_perfect() -> None:
    results = results_of(
        {"2": [1, 0.9999999], "3": [0.5, 0.6]},
        datasets=("iris2",),
        metric="balanced_accuracy",
        about={"identity": {"data": "f", "split": "seed"}},
    )
    assert lines_of(results) == [
        "",
        "2 hidden units, learning rate 1.2: test balanced accuracy 99.9 % (95 % interval",
        "[99.9, 100.0]), mean over 2 seeds. The interval approximately covers new data,",
        "since every replicate has its own split. No other configuration is tied with it.",
        "",
        "iris2: test balanced accuracy, mean over 2 seeds and 95 % interval",
        "  rank  hidden  learning_rate    mean  95 % interval  best?",
        "     1       2            1.2  99.9 %  [99.9, 100.0]  best",
        "     2       3            1.2  55.0 %   [0.0, 100.0]",
        "  no other is tied with the best",
        "",
    ]


@pytest.mark.parametrize(
    ("tied", "said"),
    [(0, "no other is tied"), (1, "1 other is tied"), (2, "2 others are tied"), (1300, "1,300 others are tied")],
)
def test_ties_are_counted(tied: int, said: str) -> None:
    accuracies = {
        "1": [0.9, 0.91, 0.92],
        **{str(2 + k): [0.9, 0.91, 0.92] for k in range(tied)},
        "0": [0.1, 0.11, 0.12],
    }
    lines = lines_of(results_of(accuracies))
    said_lines = [line for line in lines if "tied with the best" in line]
    assert len(said_lines) == 1
    assert said_lines[0].startswith(f"  {said} with the best")
    # Of equal means one is named the best, and the others tied, as many as the line says.
    verdicts = [line.split()[-1] for line in lines if line.startswith(" ") and "[" in line]
    assert verdicts.count("best") == 1
    assert verdicts.count("tied") == min(tied, len(verdicts) - 1)


@pytest.mark.parametrize("configurations", [10, 11, 12])
def test_the_best_ten_are_shown_and_the_others_counted(configurations: int) -> None:
    accuracies = {str(k): [k / 100, k / 100 + 0.001] for k in range(1, configurations + 1)}
    lines = lines_of(results_of(accuracies))
    shown = [line.split()[1] for line in lines if line.startswith(" ") and "[" in line]
    assert shown == [str(k) for k in range(configurations, configurations - 10, -1)]
    more = {
        10: list[str](),
        11: ["  1 more configuration in summary.csv"],
        12: ["  2 more configurations in summary.csv"],
    }
    assert [line for line in lines if "more" in line] == more[configurations]


def test_one_seed_has_no_interval_and_no_ties() -> None:
    assert lines_of(results_of({"2": [0.75], "3": [0.5]})) == [
        "",
        "2 hidden units, learning rate 1.2: test accuracy 75.0 % with one seed; an",
        "interval and ties require at least two.",
        "",
        "flower: test accuracy of one seed; an interval requires at least two",
        "  rank  hidden  learning_rate    mean  95 % interval  best?",
        "     1       2            1.2  75.0 %              -  best",
        "     2       3            1.2  50.0 %              -",
        "",
    ]


def test_a_single_configuration_is_not_compared() -> None:
    lines = lines_of(results_of({"2": [0.75, 0.8]}))
    assert not [line for line in lines if "tied with the best" in line]


def test_all_diverged() -> None:
    lines = tables_of(lines_of(results_of({"2": [0.75, 0.8, 0.7], "3": [0.5, 0.5, 0.5]}, status="diverged")))
    assert lines[3].endswith("best, 3 diverged")
    assert lines[-1] == ""


def test_all_failed() -> None:
    nan = math.nan
    message = "MemoryError: Unable to allocate 11.9 GiB for an array with shape (1, 1600120000)"
    assert lines_of(results_of({"2": [nan, nan], "3": [nan, nan]}, error=message)) == [
        "",
        "No run finished. All 4 runs failed.",
        "",
        "flower: test accuracy, mean over 2 seeds and 95 % interval",
        "  rank  hidden  learning_rate  mean  95 % interval  best?",
        "     -       2            1.2     -              -  2 failed",
        "     -       3            1.2     -              -  2 failed",
        "",
        "first failure: MemoryError: Unable to allocate 11.9 GiB for an array with sha...",
    ]


def test_the_counts() -> None:
    nan = math.nan
    results = results_of({str(k): [0.5, nan, nan] for k in range(1, 401)}, status="diverged", error="no", reused=150)
    assert closing.counts(results) == "1,200 runs: 1,050 computed, 150 reused, 400 diverged, 800 failed"


def test_some_failed() -> None:
    lines = tables_of(lines_of(results_of({"2": [0.7, math.nan, 0.8], "3": [0.5, 0.4, 0.45]}, error="ValueError: no")))
    assert lines[3].endswith("best, 1 failed")
    assert lines[-2:] == ["", "first failure: ValueError: no"]


def test_each_data_set_has_a_table_of_its_own() -> None:
    lines = lines_of(results_of({"2": [0.7, 0.8], "3": [0.5, 0.4]}, datasets=("moons", "flower"), dtype="float32"))
    titles = [line for line in lines if ": test accuracy, mean over" in line]
    assert titles == [
        "moons, float32: test accuracy, mean over 2 seeds and 95 % interval",
        "flower, float32: test accuracy, mean over 2 seeds and 95 % interval",
    ]
    assert sum(line.endswith("  best") for line in lines) == 2


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("/home/somebody/a rather long path/to a file/with/many/folders/measurements of last spring.csv",
         "... long path/to a file/with/many/folders/measurements of last spring.csv, spec:"),
        ("数据" * 30 + ".csv", "...据" + "数据" * 16 + ".csv, spec:"),
        ("e\u0301" * 50 + ".csv", "e\u0301" * 50 + ".csv, spec:"),
    ],
)  # fmt: skip
def test_a_long_name_has_a_line_of_its_own_and_keeps_its_end(name: str, title: str) -> None:
    lines = tables_of(lines_of(results_of({"2": [0.7, 0.8]}, datasets=(name,), target="spec")))
    assert lines[1:3] == [title, "test accuracy, mean over 2 seeds and 95 % interval"]


def test_a_name_cannot_leave_its_place() -> None:
    lines = tables_of(lines_of(results_of({"2": [0.7, 0.8]}, datasets=("a\nb\x1b[2J.csv",))))
    assert lines[1] == "a\\nb\\x1b[2J.csv: test accuracy, mean over 2 seeds and 95 % interval"


def test_settings_that_are_too_wide_for_columns_are_below() -> None:
    accuracies: dict[str, Any] = {
        "x".join(["128"] * 12): [0.7] * 6 + [math.nan] * 6,
        "100x100x100": [0.5 + k / 100 for k in range(12)],
    }
    results = results_of(accuracies, rates=(0.0316227766017, 1.0), status="diverged", error="no", dtype="float32")
    lines = tables_of(lines_of(results))
    assert lines[2:5] == [
        "  rank    mean  95 % interval  best?",
        "     1  70.0 %   [70.0, 70.0]  best, 6 diverged, 6 failed",
        "        hidden 128x128x128x128x128x128x128x128x128x128x128x128, learning rate",
    ]
    assert lines[5] == "        0.0316227766017"


def test_many_axes_are_named_in_full() -> None:
    results = Sweep(
        hidden=[1, 2], learning_rate=[0.1, 0.0123456], seed=range(2), iterations=2, activation=["tanh", "relu"],
        l1=[0, 0.001], batch_size=["all", 32], optimizer="adam", noise=0.25,
    ).run(out=None)  # fmt: skip
    lines = tables_of(lines_of(results, 32))
    # What is the same everywhere stands above the table.
    assert lines[1] == "flower, noise 0.25, adam: test accuracy, mean over 2 seeds and 95 % interval"
    assert lines[2] == "  rank    mean  95 % interval  best?"
    first, *_ = [k for k, line in enumerate(lines) if line.endswith("  best")]
    best = results.best().iloc[0]
    assert lines[first + 1] == (
        f"        hidden {best['hidden']}, learning rate {best['learning_rate']:g}, {best['activation']}, "
        f"l1 {best['l1']:g}, batch size {best['batch_size']}"
    )
    assert [line.split(maxsplit=2)[2] for line in lines if "predicting" in line] == ["always predicting '0'"]
    assert sum(line.startswith("        hidden ") for line in lines) == 32


def test_a_sample_of_many_settings_is_named_in_full() -> None:
    results = Sweep(
        hidden="1:5", learning_rate="log:0.01:1", l2="log:1e-6:0.1", optimizer=["gd", "momentum"],
        momentum="lin:0.1:0.9", seed=range(2), iterations=2, sample=6,
    ).run(out=None)  # fmt: skip
    lines = lines_of(results)
    named = [line for line in lines if line.startswith("        hidden ")]
    assert len(named) == 6
    assert sum("optimizer" in line or "gd" in line or "momentum, momentum 0." in line for line in named) == 6
    assert not any("..." in line for line in lines)


def test_a_long_name_that_cannot_leave_its_place_keeps_its_end() -> None:
    name = f"/{'a folder/' * 8}a\nb\\c.csv"
    lines = tables_of(lines_of(results_of({"2": [0.7, 0.8]}, datasets=(name,))))
    assert lines[1] == "..." + name.replace("\n", "\\n")[-76:] + ":"


def test_a_tie_behind_what_is_not_tied_is_explained() -> None:
    accuracies = {
        "5": [0.90, 0.92, 0.91, 0.91], "4": [0.85, 0.87, 0.86, 0.86], "3": [0.91, 0.92, 0.91, 0.5], "2": [0.3] * 4
    }  # fmt: skip
    lines = lines_of(results_of(accuracies))
    assert [line.split()[1] for line in lines if line.endswith("  tied")] == ["3"]
    assert lines[-4:] == [
        "  1 other is tied with the best: the runs cannot tell which is truly best",
        "  It has a worse mean than some that are not tied: its seeds differ more, so its",
        "  mean is less certain",
        "",
    ]
