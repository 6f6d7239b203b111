"""Accuracies on points that played no part in choosing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from experiments.datasets.data import Data
from experiments.datasets.divided import Divided
from experiments.datasets.loading import load, load_fresh
from experiments.findings import confirmation
from experiments.findings.confirmation import confirmations
from experiments.knobs.declared import DATASETS
from experiments.results import Results, read
from experiments.sweep import Sweep
from experiments.tables.tables import Points

GENERATED = ("flower", "moons", "circles", "blobs", "gaussian_quantiles", "circle", "xor", "gauss", "spiral")
REGRESSIONS = ("plane", "multi_gaussian", "gaussian_random")


def accuracy(results: Results, run: pd.Series, X: npt.NDArray[Any], Y: npt.NDArray[Any]) -> float:
    return float(np.mean(results.network(run).predict(X) == Y))


@pytest.mark.parametrize("name", GENERATED)
def test_fresh_points_are_neither_training_nor_test_points(name: str) -> None:
    data, fresh = load(name), load_fresh(name)
    assert fresh is not None
    np.testing.assert_array_equal(fresh.X, data.X)
    np.testing.assert_array_equal(fresh.Y, data.Y)
    assert fresh.X_test.shape == (2, 10_000)
    assert fresh.Y_test.shape == (1, 10_000)
    assert fresh.Y_test.mean() == pytest.approx(data.Y_test.mean(), abs=0.06)
    seen = {tuple(x) for part in (data.X, data.X_test) for x in part.T.tolist()}
    assert not seen & {tuple(x) for x in fresh.X_test.T.tolist()}
    # the same distribution
    assert fresh.X_test.mean(axis=1) == pytest.approx(data.X_test.mean(axis=1), abs=0.5)
    assert fresh.X_test.std(axis=1) == pytest.approx(data.X_test.std(axis=1), rel=0.1)


def test_only_generated_data_have_fresh_points() -> None:
    fresh = {name: load_fresh(name) for name in DATASETS}
    assert {name for name, data in fresh.items() if data is not None} == {*GENERATED, *REGRESSIONS}
    for name in REGRESSIONS:
        assert (data := fresh[name]) is not None
        assert data.task == "regression"


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_generated_data_are_confirmed_on_fresh_points(dtype: str, tmp_path: Path) -> None:
    sweep = Sweep(
        dataset=["moons", "circles"], hidden=[0, 2, 3], learning_rate=1.2, seed=range(3), iterations=60, dtype=dtype
    )
    results = sweep.run(jobs=1, out=tmp_path)
    found = results.manifest["findings"]
    assert [each["configuration"]["dataset"] for each in found] == ["moons", "circles"]
    for each in found:
        runs = results.runs[np.all([results.runs[k] == v for k, v in each["configuration"].items()], axis=0)]
        means = results.summary.query("dataset == @each['configuration']['dataset']")["mean_test_accuracy"]
        assert runs["test_accuracy"].mean() == pytest.approx(means.max())
        fresh = load_fresh(each["configuration"]["dataset"])
        assert fresh is not None
        expected = np.mean([accuracy(results, run, fresh.X_test, fresh.Y_test) for _, run in runs.iterrows()])
        assert (each["points"], each["n_points"]) == ("fresh", 10_000)
        assert each["test_accuracy"] == pytest.approx(expected, abs=1e-9)
    again = read(tmp_path)
    assert again.manifest["findings"] == confirmations(again) == found
    assert json.loads((tmp_path / "sweep.json").read_text())["findings"] == found


def test_fresh_points_are_of_the_same_problem_and_network() -> None:
    knobs: dict[str, Any] = {"noise": [0.1, 0.3], "data_seed": 7, "features": "x1+x2+x1^2", "activation": "relu"}
    results = Sweep(dataset="moons", hidden=3, learning_rate=0.5, seed=range(3), iterations=60, init="he", **knobs).run(
        1, None
    )
    for found, noise in zip(results.manifest["findings"], (0.1, 0.3), strict=True):
        runs = results.runs[results.runs["noise"] == noise]
        fresh = load_fresh("moons", noise=noise, data_seed=7, features="x1+x2+x1^2")
        assert fresh is not None
        expected = np.mean([accuracy(results, run, fresh.X_test, fresh.Y_test) for _, run in runs.iterrows()])
        assert found["test_accuracy"] == pytest.approx(expected, abs=1e-9)


def test_of_many_seeds_the_first_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirmation, "MOST_SEEDS", 2)
    results = Sweep(dataset="moons", hidden=3, learning_rate=0.5, seed=range(5), iterations=60).run(1, None)
    fresh = load_fresh("moons")
    assert fresh is not None
    expected = np.mean(
        [accuracy(results, run, fresh.X_test, fresh.Y_test) for _, run in results.runs.head(2).iterrows()]
    )
    assert results.manifest["findings"][0]["test_accuracy"] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("split", ["fixed", "seed", "cv:3"])
@pytest.mark.parametrize("most", [confirmation.MOST_CROSS_FITTED, 1])
def test_other_data_are_confirmed_by_halves(most: int, split: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirmation, "MOST_CROSS_FITTED", most)
    results = Sweep(
        dataset="iris", hidden=[0, 2], learning_rate=[0.1, 1.2], seed=range(3), iterations=40, split=split
    ).run(1, None)
    means: list[list[float]] = [[], []]
    for _, runs in results.runs.groupby(["hidden", "learning_rate"], sort=False):
        found: list[list[float]] = [[], []]
        for _, run in runs.iterrows():
            data = results.data(run)
            order = [i for label in (0, 1, 2) for i in range(data.Y_test.size) if data.Y_test[0, i] == label]
            halves: Any = (order[0::2], order[1::2]) if split == "fixed" else data.test_halves
            assert sorted([*halves[0], *halves[1]]) == sorted(order)
            for k, half in enumerate(halves):
                found[k].append(accuracy(results, run, data.X_test[:, half], data.Y_test[:, half]))
        for k in (0, 1):
            means[k].append(float(np.mean(found[k])))
    first, second = (max(range(4), key=lambda c, k=k: (round(means[k][c], 9), -c)) for k in (0, 1))  # type: ignore[misc]
    expected = 0.5 * (means[1][first] + means[0][second])
    (confirmed,) = confirmations(results)
    assert confirmed["points"] == "halves"
    assert confirmed["n_points"] == len(results.data(results.runs.iloc[0]).test_halves[0])
    assert confirmed["test_accuracy"] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("most", "times"), [(confirmation.MOST_BYTES, 1), (1, 4)])
def test_the_splits_of_a_table_are_made_once_for_all_configurations(
    most: int, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = Sweep(dataset="iris", hidden=[0, 1, 2, 3], learning_rate=1, seed=range(8), iterations=5).run(1, None)
    (expected,) = confirmations(results)
    made: list[int] = []
    part = Divided.part

    def counted(source: Divided, seed: int, fold: int | None = None) -> Data:
        made.append(seed)
        return part(source, seed, fold)

    monkeypatch.setattr(Divided, "part", counted)
    monkeypatch.setattr(confirmation, "MOST_BYTES", most)
    assert confirmations(results) == [expected]
    assert {seed: made.count(seed) for seed in range(1, 8)} == dict.fromkeys(range(1, 8), times)


def test_what_one_half_chooses_the_other_judges(monkeypatch: pytest.MonkeyPatch) -> None:
    results = Sweep(dataset="iris", hidden=[0, 1, 2, 3], learning_rate=1, seed=0, iterations=5).run(1, None)
    data = results.data("iris")
    tested = [tuple(x) for x in data.X_test.T.tolist()]
    is_right = np.random.default_rng(1).random((4, len(tested))) < 0.7

    def scores(_: Any, position: int, points: Points) -> npt.NDArray[np.float64]:
        return np.array(
            [[np.mean([is_right[position, tested.index(tuple(x))] for x in X.T.tolist()])] for X, *_ in points(0, None)]
        )

    monkeypatch.setattr(type(results), "scores", scores)
    means = [is_right[:, [tested.index(tested[i]) for i in half]].mean(axis=1) for half in data.test_halves]
    first, second = (int(np.argmax(mean)) for mean in means)
    assert first != second
    expected = 0.5 * (means[1][first] + means[0][second])
    assert confirmations(results)[0]["test_accuracy"] == pytest.approx(expected, abs=1e-9)


def test_what_cannot_be_confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    # one configuration of real data was not chosen
    results = Sweep(dataset="iris", hidden=0, learning_rate=0.1, seed=range(2), iterations=5).run(1, None)
    (found,) = results.manifest["findings"]
    assert (found["points"], found["n_points"], found["test_accuracy"]) == ("", 0, None)
    # of very many problems, the others
    monkeypatch.setattr(confirmation, "MOST_CONFIRMED", 1)
    results = Sweep(dataset=["moons", "blobs"], hidden=0, learning_rate=1, seed=0, iterations=5).run(1, None)
    assert [each["points"] for each in results.manifest["findings"]] == ["fresh", ""]


def test_a_failed_run_confirms_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    results = Sweep(dataset="moons", hidden=[0, 1], learning_rate=1, seed=range(2), iterations=5).run(1, None)
    monkeypatch.setattr(type(results), "scores", lambda *_: np.array([[np.nan, 0.75]]))
    assert confirmations(results)[0]["test_accuracy"] == 0.75
    monkeypatch.setattr(type(results), "scores", lambda *_: np.array([[np.nan, np.nan]]))
    assert confirmations(results)[0]["test_accuracy"] is None
