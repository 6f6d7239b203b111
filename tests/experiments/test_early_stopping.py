"""A sweep with early stopping: every number of a run is of the network that is kept, and everybody knows of it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments import Sweep, files
from experiments.cli import grid, verify
from experiments.datasets.data import DataError
from experiments.datasets.loading import load
from experiments.datasets.partition import validation
from experiments.report.contents import contents
from experiments.results import Results, read
from experiments.store.store import Store, StoredRun
from experiments.tables.parts import about_part
from planar_core import training
from tests.helpers.page import decoded, page_text
from tests.helpers.sweeps import same
from tests.oracles import stopping as oracle

PATIENCE, RECORD_EVERY, ITERATIONS = 2, 5, 60
HOW: dict[str, Any] = {"iterations": ITERATIONS, "record_every": RECORD_EVERY, "patience": PATIENCE}
REQUESTS: dict[str, dict[str, Any]] = {
    "classes": {"dataset": "moons", "samples": 60, "noise": 0.5, "hidden": ["0", 3], "learning_rate": [2, 1e308],
                "seed": range(3), "metric": ["log_loss", "accuracy"]},
    "folds": {"dataset": "iris", "hidden": 3, "learning_rate": 3, "batch_size": ["all", 9], "seed": range(2),
              "split": "cv:3", "class_weight": ["none", "balanced"]},
    "values": {"dataset": "diabetes", "hidden": 3, "learning_rate": 0.2, "init": "he", "seed": range(3),
               "dtype": "float32"},
}  # fmt: skip


@pytest.fixture(scope="module", params=REQUESTS)
def results(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Results:
    return Sweep(**REQUESTS[request.param], **HOW).run(out=tmp_path_factory.mktemp("out"), jobs=1, plots=False)


def keys(results: Results) -> list[str]:
    return [name for name in results.columns if name in results.curves]


def test_the_numbers_of_a_run_are_those_of_its_record(results: Results) -> None:
    curves = results.curves.rename(columns={"iteration": "stopped_at"})
    measures = ["cost", f"train_{results.score}", f"test_{results.score}", "test_cost"]
    found = results.runs[results.runs["stopped_at"].notna()].astype({"stopped_at": "int64"})
    expected = found[[*keys(results), "stopped_at"]].merge(curves, on=[*keys(results), "stopped_at"], how="left")
    assert len(found) == len(expected) > 0
    for measure in measures:
        np.testing.assert_array_equal(found[measure].to_numpy(), expected[measure].to_numpy(), measure)


def test_it_is_the_record_with_the_lowest_cost_and_the_curve_ends_after_patience(results: Results) -> None:
    ends = set()
    for _, curve in results.curves.groupby(keys(results), sort=False):
        iterations, costs = curve["iteration"].to_numpy(), curve["validation_cost"].to_numpy()
        (row,) = results.runs.merge(curve[keys(results)].head(1), on=keys(results)).to_dict("records")
        at = int(row["stopped_at"])
        assert at == iterations[np.argmin(costs)]
        assert iterations[-1] == min(at + PATIENCE * RECORD_EVERY, ITERATIONS) or row["status"] == "diverged"
        ends.add((at, iterations[-1]))
    assert any(0 < at < end < ITERATIONS for at, end in ends)
    assert (results.runs["iterations"] == ITERATIONS).all()


def test_networks_and_further_metrics_are_of_that_record(results: Results) -> None:
    for _, row in results.runs[results.runs["status"] == "ok"].iterrows():
        data, network = results.data(row), results.network(row)
        score = f"test_{results.score}"
        if results.score == "accuracy":
            assert row[score] == (network.predict(data.X_test) == data.Y_test).mean()
        else:
            errors = network.predict(data.X_test) - data.Y_test
            r2 = 1 - (errors**2).sum() / ((data.Y_test - data.Y_test.mean()) ** 2).sum()
            assert row[score] == pytest.approx(r2, rel=1e-5)
        if "test_log_loss" in row:
            outputs = network.predict_proba(data.X_test)
            assert row["test_log_loss"] == pytest.approx(-np.log(np.where(data.Y_test, outputs, 1 - outputs)).mean())


def test_a_folder_is_read_as_it_was_written(results: Results) -> None:
    folder = Path(str(results.store)).parent
    again = read(folder)
    same(again, results)
    rows = pd.read_csv(folder / files.RUNS, dtype=str, keep_default_na=False)
    assert list(rows.columns).index("stopped_at") == list(rows.columns).index("iterations") + 1
    lines = pd.read_csv(folder / files.CURVES, dtype=str, keep_default_na=False)
    assert list(lines.columns) == list(results.curves.columns)
    assert lines["validation_cost"].tolist() == [str(cost) for cost in results.curves["validation_cost"].tolist()]
    assert rows["stopped_at"].tolist() == ["" if pd.isna(at) else f"{int(at)}" for at in results.runs["stopped_at"]]


def test_a_larger_sweep_and_other_jobs_change_nothing(tmp_path: Path) -> None:
    request = REQUESTS["folds"]
    some = Sweep(**{**request, "seed": [1]}, **HOW).run(out=tmp_path, jobs=1, plots=False)
    every = Sweep(**request, **HOW).run(out=tmp_path, jobs=2, plots=False)
    assert every.manifest["counts"]["reused"] == len(some.runs)
    same(every, Sweep(**request, **HOW).run(out=None, jobs=1))


def test_a_run_without_numbers_has_no_record(monkeypatch: pytest.MonkeyPatch) -> None:
    new_batch = training.new_batch

    def failing(features: int, hidden: Any, seeds: Any, *others: Any) -> Any:
        if 1 in seeds:
            raise RuntimeError("no memory")
        return new_batch(features, hidden, seeds, *others)

    monkeypatch.setattr(training, "new_batch", failing)
    runs = Sweep(hidden=2, learning_rate=1, seed=range(3), **HOW).run(out=None, jobs=1).runs
    assert runs["status"].tolist() == ["ok", "failed", "ok"]
    assert runs["stopped_at"].isna().tolist() == [False, True, False]


# The validation part


@pytest.mark.parametrize("seed", [0, 7, 2**32 - 1])
@pytest.mark.parametrize("fraction", [0.01, 0.1, 0.5])
def test_the_validation_part_is_that_of_the_oracle(fraction: float, seed: int) -> None:
    for name in ("moons", "iris", "diabetes"):
        data = load(name)
        rest, rows = validation(data.Y[0], data.class_names, None, seed, fraction)
        expected = oracle.validation_part(data.Y[0] if data.class_names else None, data.Y.size, seed, fraction)
        assert rows.tolist() == expected
        assert sorted([*rest, *rows]) == list(range(data.Y.size))


def test_rows_of_a_group_stay_together(tmp_path: Path) -> None:
    path = tmp_path / "groups.csv"
    path.write_text("a,patient,y\n" + "".join(f"{k * k % 17},p{k // 4},{k // 4 % 2}\n" for k in range(160)))
    sweep = Sweep(dataset=str(path), target="y", group="patient", patience=1, validation_fraction=0.2)
    (source,) = sweep.load().values()
    for seed in range(5):
        data = source.part(seed)
        assert data.groups is not None
        rest, rows = validation(data.Y[0], data.class_names, data.groups, seed, 0.2)
        assert set(data.groups[rest]).isdisjoint(data.groups[rows])
        assert set(data.Y[0, rows]) == {0, 1}
        assert 0.1 < len(rows) / data.Y.size < 0.3


def test_groups_too_few_to_divide_are_refused() -> None:
    labels, groups = np.array([0, 0, 0, 1, 1, 1.0]), np.array([0, 0, 1, 2, 2, 2])
    with pytest.raises(
        DataError, match=r"expected at least two groups of each class .*, found 3 examples of class 'b'"
    ):
        validation(labels, ("a", "b"), groups, 0, 0.5)


def test_the_constant_prediction_is_that_of_the_examples_that_are_trained_on() -> None:
    data = load("diabetes")
    rest, _ = validation(data.Y[0], (), None, 3, 0.3)
    expected = 0.5 * np.var(data.Y[0, rest])
    assert about_part(data, trained=rest).constant_cost == pytest.approx(expected)
    classes = load("iris")
    rest, _ = validation(classes.Y[0], classes.class_names, None, 3, 0.3)
    shares = np.bincount(classes.Y[0, rest].astype(int)) / rest.size
    assert about_part(classes, trained=rest).constant_cost == pytest.approx(-(shares * np.log(shares)).sum())


# What is refused

ALONE = {"a": 8, "b": 8, "c": 1}


def table(path: Path) -> str:
    labels = [label for label, n in ALONE.items() for _ in range(n)]
    path.write_text("x,z,y\n" + "".join(f"{k},{k * k % 7},{label}\n" for k, label in enumerate(labels)))
    return str(path)


ALONE_REFUSED = (
    "--patience: expected at least two examples of each class in the training part, one to train on and one to "
    "validate on, found 1 example of class 'c': leave out --patience, or merge or leave out rare classes"
)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--patience 0", "--patience: expected an integer from 1 to 1,000,000,000,000, got '0'"),
        ("--patience 2.5", "--patience: expected an integer from 1 to 1,000,000,000,000, got '2.5'"),
        ("--validation-fraction 0.1", "--validation-fraction requires --patience N"),
        (
            "--patience 3 --validation-fraction 0",
            "--validation-fraction: expected a number above 0 and at most 0.5, got '0'",
        ),
        (
            "--patience 3 --validation-fraction 0.51",
            "--validation-fraction: expected a number above 0 and at most 0.5, got '0.51'",
        ),
        ("--patience 3 --dataset TABLE", ALONE_REFUSED),
    ],
)
@pytest.mark.parametrize("how", [[], ["--dry-run"]])
def test_what_cannot_be_is_refused_before_anything_is_written(
    arguments: str, message: str, how: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = table(tmp_path / "table.csv")
    given = [path if word == "TABLE" else word for word in arguments.split()]
    with pytest.raises(SystemExit) as exit_:
        grid.main([*given, *how, "--out", str(tmp_path / "out")])
    out, err = capsys.readouterr()
    assert (exit_.value.code, out, err) == (2, "", f"experiments.grid: {message}\n")
    assert [each.name for each in tmp_path.iterdir()] == ["table.csv"]


def test_the_plan_tells_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert grid.main(["--patience", "3", "--validation-fraction", "0.25", "--dry-run", "--out", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "patience       3 records, on 25 % of the training part; training may end earlier" in lines


# The store


def a_run(costs: list[float]) -> StoredRun:
    return StoredRun("ok", np.arange(12.0).reshape(4, 3), b"12345678", "", np.array(costs, "<f8").tobytes())


def version(path: Path) -> int:
    connection = sqlite3.connect(path)
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    connection.close()
    return int(found)


def test_a_store_is_of_version_3_from_its_first_stopped_run_on(tmp_path: Path) -> None:
    path = tmp_path / files.STORE
    usual, stopped = StoredRun("ok", np.ones((4, 3)), b"", ""), a_run([3, np.nan, 1])
    for runs, expected in (([usual], 2), ([usual, stopped], 3), ([usual], 3)):
        with Store(path) as opened:
            (number,) = opened.configurations([{"data": "0"}])
            opened.add([number] * len(runs), list(range(len(runs))), runs)
        assert version(path) == expected
    with Store(path, writes=False) as opened:
        assert opened.find({"data": "0"}) == number
        found = opened.run(number, 1)
        assert found is not None
        assert found.curves.tobytes() == stopped.curves.tobytes()
        assert found._replace(curves=stopped.curves) == stopped
        both = opened.many([number, number], [0, 1])
        assert both.kept.tolist() == [2, 2]
        assert both.run(1).validation_costs == stopped.validation_costs
        np.testing.assert_array_equal(both.validation, [[np.nan] * 3, [3, np.nan, 1]])
    with sqlite3.connect(path) as connection:  # a byte of the validation costs
        connection.execute(
            "UPDATE runs SET test_costs = CAST(substr(test_costs, 1, 47) || x'01' AS blob) WHERE id % 2 = 1"
        )
    connection.close()
    with Store(path, writes=False) as opened:
        assert opened.find({"data": "0"}) == number
        with pytest.raises(files.ResultsError, match="checksum mismatch"):
            opened.run(number, 1)


def test_retraining_finds_another_validation_cost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Sweep(hidden=2, learning_rate=1, seed=range(2), **HOW).run(out=tmp_path, jobs=1, plots=False)
    assert verify.main([str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 of 2 stored runs retrained: all are bit-identical"
    with Store(tmp_path / files.STORE) as opened:
        ((number, _),) = opened.all_configurations()
        run = opened.run(number, 1)
        assert run is not None
        costs = np.frombuffer(run.validation_costs, "<f8") + 1e-9
        opened.add([number], [1], [run._replace(validation_costs=costs.tobytes())])
    assert verify.main([str(tmp_path)]) == 1
    assert "seed 1: different validation_costs" in capsys.readouterr().out


# The page


def test_the_page_shows_the_networks_and_does_not_offer_to_retrain_them(results: Results) -> None:
    held = contents(results)
    assert held["settings"]["patience"] == PATIENCE
    expected = results.runs["stopped_at"].to_numpy(np.float64, na_value=np.nan)
    np.testing.assert_array_equal(decoded(held["runs"]["stopped_at"]), expected)
    assert any(note.startswith("These networks were trained with early stopping") for note in held["notes"])
    text = page_text(results)
    assert "Retrain this network" not in text
    assert "to retrain its network" not in text
    assert "$keys" not in text
