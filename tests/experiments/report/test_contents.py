"""What the page holds is what the sweep found; what does not fit is left out evenly, and said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.datasets.loading import load
from experiments.report import contents
from experiments.results import Results
from experiments.tables.stored import measures
from tests.helpers.page import decoded, many, run_of_every_status, single

MEASURES = dict(zip(contents.RECORDED, measures("accuracy"), strict=True))  # columns by their names in the page

# What the page holds


@pytest.fixture(scope="module")
def every_status(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return run_of_every_status(tmp_path_factory.mktemp("out"))


def test_axes_are_in_order_and_every_configuration_has_its_values(every_status: Results) -> None:
    held = contents.contents(every_status)
    assert [axis["name"] for axis in held["axes"]] == ["dataset", "hidden", "learning_rate"]
    assert [axis["values"] for axis in held["axes"]] == [
        ["moons", "iris"],
        ["8x2", "2", "10", "0"],
        ["0.1", "0.5", "1e+307"],
    ]
    assert [axis["problem"] for axis in held["axes"]] == [True, False, False]
    for axis in held["axes"]:
        values = [axis["values"][code] for code in decoded(axis["codes"])]
        expected = [f"{value:g}" if isinstance(value, float) else value for value in every_status.summary[axis["name"]]]
        assert values == expected


def test_statistics_and_final_numbers_are_those_of_the_tables(every_status: Results) -> None:
    held = contents.contents(every_status)
    assert held["notes"] == []
    for column in held["columns"]:
        name = contents.column_of(column["name"], "accuracy", "accuracy")
        expected = every_status.summary[name].astype("Float64").to_numpy(np.float64, na_value=np.nan)
        np.testing.assert_array_equal(decoded(column["values"]), expected)  # with all digits
    assert {"mean_test", "ci_low_test", "mean_train", "tied_with_best", "n_failed"} <= {
        column["name"] for column in held["columns"]
    }
    assert (held["seeds"], held["folds"], held["score"]) == ([1, 2, 3], None, "accuracy")
    assert held["metric"] == {
        "name": "accuracy", "label": "accuracy", "larger_is_better": True, "is_percentage": True,
        "limits": [0.0, 1.0], "shown": [None, None],
    }  # fmt: skip
    assert [held["statuses"][code] for code in decoded(held["runs"]["status"])] == every_status.runs["status"].tolist()
    for name, column in MEASURES.items():
        np.testing.assert_array_equal(decoded(held["runs"][name]), single(every_status.runs[column]))


def test_curves_are_the_recorded_ones_bit_for_bit(every_status: Results) -> None:
    held, at = contents.contents(every_status), 6
    assert held["curves_at"] == [0, 7, 14, 21, 28, 30]
    shown = decoded(held["curves"]["run"])
    assert shown.tolist() == np.flatnonzero(every_status.runs["status"] != "failed").tolist()
    computed = {name: decoded(held["curves"][name]).reshape(-1, at) for name in MEASURES}
    curves = every_status.curves
    for row, run in enumerate(shown):
        here = curves
        for name in every_status.columns:
            here = here[here[name] == every_status.runs[name].iloc[run]]
        for name, column in MEASURES.items():
            expected = np.full(at, np.nan)
            expected[: len(here)] = here[column]
            np.testing.assert_array_equal(computed[name][row], expected if name == "cost" else single(expected))


def test_networks_are_the_trained_ones(every_status: Results) -> None:
    networks = contents.contents(every_status)["networks"]
    values, starts = decoded(networks["values"]), [*decoded(networks["starts"]).tolist(), None]
    for row, run in enumerate(decoded(networks["run"])):
        parameters = every_status.network(every_status.runs.iloc[int(run)]).parameters
        expected = np.concatenate([array.ravel() for pair in parameters for array in pair])
        np.testing.assert_array_equal(values[starts[row] : starts[row + 1]], single(expected))


def test_data_are_those_that_were_trained_on(every_status: Results) -> None:
    held = contents.contents(every_status)
    assert decoded(held["problem_of"]).tolist() == [0] * 12 + [1] * 12
    for name, problem in zip(["moons", "iris"], held["problems"], strict=True):
        data = every_status.data(name)
        assert (problem["name"], problem["class_names"]) == (name, list(data.class_names))
        for part in ("X", "Y", "X_test", "Y_test"):
            np.testing.assert_array_equal(decoded(problem[part]), getattr(data, part).ravel())
    assert held["problems"][0]["plane"] == {
        "names": ["x1", "x2"],
        "points": None,
        "test_points": None,
        "terms": [{"factors": [0], "sine": False}, {"factors": [1], "sine": False}],
    }
    assert held["problems"][1]["plane"] is None


def test_settings_are_those_that_all_runs_share(every_status: Results) -> None:
    settings = contents.contents(every_status)["settings"]
    assert {name: settings[name] for name in ("iterations", "record_every", "dtype")} == {
        "iterations": 30, "record_every": 7, "dtype": "float64",
    }  # fmt: skip
    assert "learning_rate" not in settings
    request = {"iterations": 1, "record_every": 1, "dtype": "float32", "batch_size": ["all"], "l2": [0.5], "init": "he"}
    assert contents._settings(request)["batch_size"] is None
    assert contents._settings(request)["l2"] == 0.5
    assert contents._settings(request)["init"] == "he"


@pytest.mark.parametrize(
    ("dataset", "features", "names", "terms"),
    [
        ("moons", "all", ["x1", "x2"], [([0], False), ([1], False)]),
        ("moons", "x1+x2^2+x1x2+sin(x2)", ["x1", "x2"], [([0], False), ([1, 1], False), ([0, 1], False), ([1], True)]),
        ("moons", "x2", ["x1", "x2"], [([1], False)]),
        ("iris", "x2+sin(x4)", ["sepal width (cm)", "petal width (cm)"], [([0], False), ([1], True)]),
        ("iris", "x2+x3+x4", None, None),
        ("iris", "x2+x2^2", None, None),
        ("iris", "all", None, None),
    ],
)
def test_the_plane_of_two_inputs(dataset: str, features: str, names: list[str] | None, terms: Any) -> None:
    data = load(dataset, features=features)
    plane = contents._plane(data)
    assert (plane is None) == (names is None)
    if plane is None:
        return
    assert plane["names"] == names
    assert [(term["factors"], term["sine"]) for term in plane["terms"]] == terms
    points = data.X if plane["points"] is None else decoded(plane["points"]).reshape(2, -1)
    computed = []
    for factors, sine in terms:
        product = np.prod([points[factor] for factor in factors], axis=0)
        computed.append(np.sin(product) if sine else product)
    np.testing.assert_allclose(computed, data.X, rtol=1e-12)


def test_values_of_an_axis_are_sorted_as_numbers_and_words_come_last() -> None:
    axis = contents._axis(pd.Series(["auto", "10", "9", "8x8", "0.5", "-1"]), "init_scale", is_problem=False)
    assert axis["values"] == ["-1", "0.5", "8x8", "9", "10", "auto"]
    assert decoded(axis["codes"]).tolist() == [5, 4, 3, 2, 1, 0]
    assert axis["label"] == "init scale"


# What does not fit


def test_of_many_configurations_a_coarser_grid_is_held_with_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "MOST_CONFIGURATIONS", 60)
    results = many(600, 2, 3)
    held = contents.contents(results)
    hidden, rates = (axis["values"] for axis in held["axes"][1:])
    n = len(decoded(held["problem_of"]))
    assert n == len(hidden) * len(rates) <= 60
    assert min(len(hidden), len(rates)) >= 2
    best = results.summary[results.summary["rank_test_accuracy"] == 1].iloc[0]
    assert (best["hidden"] in hidden, f"{best['learning_rate']:g}" in rates) == (True, True)
    (note,) = held["notes"]
    assert note.startswith(f"This page includes {n} of 600 configurations (")
    assert note.endswith("of 100 values of learning rate), among them the best; summary.csv contains all of them.")


def test_of_many_seeds_the_first_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "MOST_RUNS", 20)
    held = contents.contents(many(4, 7, 3))
    assert held["seeds"] == [0, 1, 2, 3, 4]
    assert held["notes"] == ["This page includes 5 of 7 seeds; runs.csv contains all of them."]


EVENLY = "seeds, evenly chosen by test accuracy"


@pytest.mark.parametrize(
    ("points", "curves", "records", "said"),
    [
        (6 * 5 * 40, 30, 40, None),
        (6 * 3 * 40, 18, 40, f"3 of 5 {EVENLY}"),
        (6 * 20, 6, 20, f"1 of 5 {EVENLY}, 20 of 40 records"),
        (3 * 11, 3, 11, f"1 of 5 {EVENLY}, 11 of 40 records, the 3 configurations with the highest ranks"),
    ],
)
def test_of_many_curves_some_are_held(
    monkeypatch: pytest.MonkeyPatch, points: int, curves: int, records: int, said: str | None
) -> None:
    monkeypatch.setattr(contents, "MOST_POINTS", points)
    results = many(6, 5, 40)
    held = contents.contents(results)
    shown = decoded(held["curves"]["run"])
    assert (len(shown), len(held["curves_at"])) == (curves, records)
    assert (held["curves_at"][0], held["curves_at"][-1]) == (0, 39)
    assert held["notes"] == (
        [] if said is None else [f"Curves are limited to {said}; curves.csv contains all of them."]
    )
    if curves in (3, 6):  # the medians
        for run in shown:
            accuracies = results.runs["test_accuracy"].iloc[run // 5 * 5 : run // 5 * 5 + 5]
            assert accuracies.median() == results.runs["test_accuracy"].iloc[run]


def test_of_many_networks_those_of_the_highest_ranks_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "MOST_PARAMETERS", 5 * 7)
    results = many(6, 2, 3)
    held = contents.contents(results)
    configurations = decoded(held["networks"]["run"]) // 2
    ranks = results.summary["rank_test_accuracy"].to_numpy()[configurations]
    assert sorted(ranks.tolist()) == [1, 1, 2, 2, 3, 3, 4][: len(ranks)]
    assert len(ranks) == 7
    assert held["notes"] == [
        "This page includes the trained networks of 7 of 12 curves; the others can be retrained here."
    ]


def test_data_that_are_too_large_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "MOST_DATA", 799)
    held = contents.contents(many(2, 2, 3))
    assert held["problems"][0]["X"] is None
    assert held["notes"][0].startswith("The data of 1 of 1 problems are too large for this page")
