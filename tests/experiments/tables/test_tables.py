"""The tables of a sweep, its data and its networks; what is read is what was written."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.files import FILES, ResultsError
from experiments.results import read
from experiments.store.store import Store
from experiments.sweep import Sweep
from experiments.tables.build import build
from experiments.tables.problems import about_data
from tests.helpers.mixed import AXES, assert_same, csv_data, mixed


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_what_is_read_is_what_was_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, dtype: str) -> None:
    path = csv_data(tmp_path / "data.csv")
    results = mixed(tmp_path / "out", monkeypatch, dataset=["flower", path], dtype=dtype)
    again = read(tmp_path / "out")
    assert_same(again, results)
    for _, run in results.runs[results.runs["status"] == "ok"].iterrows():
        data = again.data(run)
        computed = again.network(run).predict_proba(data.X_test)
        assert computed.tobytes() == results.network(run).predict_proba(data.X_test).tobytes()
        assert np.mean(again.network(run).predict(data.X) == data.Y) == run["train_accuracy"]
    failed = again.runs[again.runs["status"] == "failed"].iloc[0]
    with pytest.raises(LookupError):
        again.network(failed)


def test_further_knobs_have_columns_and_words_make_them_text(tmp_path: Path) -> None:
    results = Sweep(
        hidden=1, learning_rate=[0.5, 0.25], seed=[2, 1], iterations=3, batch_size=["all", 32], l2=[0, 0.1],
        samples=100, init_scale=0.5, zip=[["learning_rate", "l2"]],
    ).run(out=tmp_path)  # fmt: skip
    again = read(tmp_path)
    assert_same(again, results)
    further = ["samples", "l2", "batch_size", "init_scale"]
    assert results.columns == [*AXES, *further]
    assert results.runs[results.columns].to_numpy().tolist() == [
        ["flower", "1", rate, seed, 100, l2, size, 0.5]
        for rate, l2 in ((0.5, 0.0), (0.25, 0.1))
        for size in ("all", "32")
        for seed in (2, 1)
    ]
    assert [results.curves[name].dtype for name in further] == [results.runs[name].dtype for name in further]
    with (tmp_path / "runs.csv").open(newline="") as runs, (tmp_path / "curves.csv").open(newline="") as curves:
        rows, points = list(csv.DictReader(runs)), list(csv.DictReader(curves))
    assert [row["batch_size"] for row in rows] == ["all", "all", "32", "32"] * 2
    assert [[row[name] for name in results.columns] for row in rows] == [
        [point[name] for name in results.columns] for point in points[::4]
    ]
    # A number may be given as one, where the column has words too.
    row = results.runs.iloc[2]
    as_numbers = row.copy()
    as_numbers["batch_size"] = 32
    assert row["batch_size"] == "32"
    for one in (row, as_numbers):
        parameters = again.network(one).parameters
        assert [W.tobytes() for W, _ in parameters] == [W.tobytes() for W, _ in results.network(row).parameters]


def test_data_are_those_of_a_row(tmp_path: Path) -> None:
    Sweep(dataset=["moons", "circles"], noise=["auto", 0.5], hidden=1, learning_rate=1, seed=0, iterations=1).run(
        out=tmp_path
    )
    again = read(tmp_path)
    assert [about["problem"] for about in again.manifest["data"]] == [
        {"dataset": name, "noise": noise} for name in ("moons", "circles") for noise in ("auto", 0.5)
    ]
    expected = [data.fingerprint for data in Sweep(dataset=["moons", "circles"], noise=["auto", 0.5]).load().values()]
    assert len(set(expected)) == 4
    for table in (again.runs, again.summary):
        assert [again.data(row).fingerprint for _, row in table.iterrows()] == expected
    assert again.data({"dataset": "moons", "noise": 0.5}).fingerprint == expected[1]
    for problem, said in (
        ("moons", "moons, which matches 2"),
        ({"dataset": "moons", "noise": 1}, "noise 1, which matches"),
    ):
        with pytest.raises(KeyError, match=said):
            again.data(problem)
    assert list(again.summary["rank_test_accuracy"]) == [1] * 4  # within each problem


@pytest.mark.parametrize("all_fail", [True, False])
def test_one_seed_or_nothing_but_failures_read_back_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, all_fail: bool
) -> None:
    results = mixed(tmp_path, monkeypatch, hidden=2, learning_rate=0.1, seed=1 if all_fail else 0)
    assert list(results.runs["status"]) == ["failed" if all_fail else "ok"]
    assert len(results.curves) == (0 if all_fail else 6)
    assert_same(read(tmp_path), results)


def test_some_curves_are_those_of_the_first_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    results = mixed(None, monkeypatch, seed=[1, 0, 2])  # 4 configurations, 6 records
    for most, seeds, note in (
        (3 * 24, [1, 0, 2], ""),
        (3 * 24 - 1, [1, 0], "curves of 2 of 3 seeds"),
        (1, [1], "curves of 1 of 3 seeds"),
    ):
        curves, said = results.some_curves(most)
        expected = results.curves[results.curves["seed"].isin(seeds)].reset_index(drop=True)
        pd.testing.assert_frame_equal(curves, expected, check_exact=True)
        assert said == note


def test_the_best_configurations_and_their_networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = mixed(tmp_path, monkeypatch, dataset=["flower", "moons"], seed=range(3))
    best = results.best()
    assert best["dataset"].tolist() == ["flower", "moons"]
    assert best["rank_test_accuracy"].tolist() == [1, 1]
    assert len(results.best(3)) == 6
    row = best.iloc[1]
    same = (results.runs[["dataset", "hidden", "learning_rate"]] == row[["dataset", "hidden", "learning_rate"]]).all(
        axis=1
    )
    median = results.runs[same].sort_values("test_accuracy").iloc[1]
    data = results.data("moons")
    predicted = results.network(row).predict(data.X_test)
    assert (predicted == data.Y_test).mean() == median["test_accuracy"]


def test_a_configuration_without_a_finished_run_has_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = mixed(tmp_path, monkeypatch, seed=[1])
    failed = results.summary[results.summary["hidden"] == "2"].iloc[0]
    with pytest.raises(LookupError, match="expected a finished run, got none"):
        results.network(failed)


def test_scores_on_other_points_are_those_of_each_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = mixed(tmp_path, monkeypatch, learning_rate=[0.1, 1.2], seed=[2, 1, 0])
    random = np.random.default_rng(0)
    points = [(random.normal(size=(2, n)), (random.random((1, n)) < 0.5).astype(float), (0.0, 1.0)) for n in (40, 7)]
    for position in range(len(results.summary)):
        row = results.summary.iloc[position]
        runs = results.runs[(results.runs[["hidden", "learning_rate"]] == row[["hidden", "learning_rate"]]).all(axis=1)]
        expected = [
            [
                np.nan if run["status"] == "failed" else np.mean(results.network(run).predict(X) == Y)
                for _, run in runs.iterrows()
            ]
            for X, Y, _ in points
        ]
        np.testing.assert_array_equal(results.scores(position, lambda *_: points), expected)
        np.testing.assert_array_equal(results.scores(position, lambda *_: points[1:], most=2), [expected[1][:2]])
        assert np.isnan(expected).any() == (row["hidden"] == "2")


def test_errors_on_other_points_are_in_the_units_of_the_target() -> None:
    asked: dict[str, Any] = {"dataset": "diabetes", "hidden": [0, 2], "seed": [0, 1], "iterations": 20}
    results = Sweep(**asked, learning_rate=0.1, metric="rmse").run(out=None)

    def points(seed: int, fold: int | None) -> list[Any]:
        data = results.source(results.runs.iloc[0]).part(seed, fold)
        return [(data.X_test, data.Y_test, data.target_scale)]

    for position in range(2):
        of_configuration = results.runs[results.runs["hidden"] == results.summary["hidden"].iloc[position]]
        np.testing.assert_allclose(results.scores(position, points)[0], of_configuration["test_rmse"], rtol=1e-12)


def test_in_a_notebook_results_show_the_best(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    html = mixed(tmp_path, monkeypatch)._repr_html_()
    assert "8 runs: " in html
    assert "2 failed" in html
    assert "<th>test accuracy</th>" in html
    assert html.count("<tr") == 1 + 4 + 2  # and the baselines


def test_the_tables_hold_what_was_asked_for_whatever_else_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mixed(tmp_path / "alone", monkeypatch)
    mixed(tmp_path / "after", monkeypatch, hidden=[2, 3, 0], seed=[1, 5], dataset=["moons", "flower"])
    mixed(tmp_path / "after", monkeypatch)
    for name in FILES[:3]:
        assert (tmp_path / "after" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()
    # Tables that were lost or edited are written again from the store.
    (tmp_path / "after" / "runs.csv").unlink()
    (tmp_path / "after" / "curves.csv").write_text("edited")
    mixed(tmp_path / "after", monkeypatch)
    for name in FILES[:3]:
        assert (tmp_path / "after" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()


def test_a_store_of_no_folder_has_a_name_in_messages_too() -> None:
    sweep = Sweep(hidden=0, learning_rate=1, seed=0, iterations=1)
    sources = sweep.load()
    with Store(None) as empty:
        with pytest.raises(
            ResultsError, match=r"^the temporary store: some runs of the sweep are missing: run it again$"
        ):
            build(sweep, about_data(sweep, sources), sources, empty)
        with pytest.raises(ResultsError, match=r"^the temporary store: the data of flower are missing: "):
            empty.data("ff", name="flower")


def test_the_scores_of_a_configuration_are_those_of_its_runs_and_nothing_is_read_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Seeds in any order, folds, a configuration that failed, and a race with fewer seeds of what is out.
    some_failed = mixed(None, monkeypatch, seed=[1, 0])
    folds = Sweep(dataset="iris2", hidden=[1, 2], split="cv:3", seed=[5, 2], iterations=20).run(out=None)
    race = Sweep(hidden=[1, 4], seed=range(40), iterations=300, until_decided=0.05).run(out=None)
    errors = Sweep(dataset="plane", hidden=[0, 1], seed=[3, 1], iterations=20, metric=["rmse"]).run(out=None)
    for results in (some_failed, folds, race, errors):
        tables = replace(results, store=tmp_path / "missing")
        for position, (_, row) in enumerate(results.summary.iterrows()):
            at = slice(*results.starts[np.multiply([position, position + 1], len(results.design.values["fold"]))])
            runs = results.runs[at]
            reference = runs[f"test_{results.metric}"].to_numpy(float, na_value=np.nan)
            np.testing.assert_array_equal(tables.scores_of(position), reference)
            np.testing.assert_array_equal(tables.scores_of(row), reference)
    assert len({len(race.scores_of(k)) for k in race.summary.index}) > 1
