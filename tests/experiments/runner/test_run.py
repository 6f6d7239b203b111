"""experiments.runner.run: what is stored is not trained again, what is trained is stored, and no run costs another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.files import STORE
from experiments.results import Results, read
from experiments.runner import backends
from experiments.runner import plan as plan_module
from experiments.runner import work as work_module
from experiments.runner.observer import RunFailed
from experiments.runner.work import BatchResult, batches, todo
from experiments.store.store import Store
from experiments.sweep import Sweep
from planar_core import train, training
from planar_core.choices import NUMERICS
from tests.helpers.knobs import DEFAULTS, FURTHER
from tests.helpers.sweeps import counts, run, same
from tests.helpers.version_1 import put_back

MEASURES = ["cost", "train_accuracy", "test_accuracy", "test_cost"]


# Results


@pytest.mark.parametrize("seeds", [[4, 0, 2], range(3, 0, -1), range(1, 4)], ids=str)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_each_run_is_what_train_gives_by_itself(dtype: str, seeds: Any) -> None:
    sweep = Sweep(
        hidden=[0, 3, "2x2"], learning_rate=[0.1, 1.2], seed=seeds, iterations=20, record_every=8, dtype=dtype
    )
    results = run(sweep)
    data = results.data("flower")
    assert len(results.runs) == len(sweep)
    assert len(results.curves) == 4 * len(sweep)
    for k, one in enumerate(sweep):
        expected = train(
            data.X,
            data.Y,
            one.hidden,
            one.learning_rate,
            20,
            one.seed,
            8,
            dtype,
            X_test=data.X_test,
            Y_test=data.Y_test,
        )
        row = results.runs.iloc[k]
        key = {name: row[name] for name in ("hidden", "learning_rate", "seed")}
        curve = results.curves.iloc[4 * k : 4 * (k + 1)]

        assert key == {"hidden": one.hidden, "learning_rate": one.learning_rate, "seed": one.seed}
        assert (curve[list(key)] == list(key.values())).all(axis=None)
        assert list(curve["iteration"]) == list(expected.iterations) == [0, 8, 16, 20]
        assert list(curve["cost"]) == list(expected.costs)
        assert list(curve["train_accuracy"]) == list(expected.accuracies)
        assert list(curve["test_accuracy"]) == list(expected.test_accuracies)
        assert list(curve["test_cost"]) == list(expected.test_costs)
        assert row[MEASURES].tolist() == curve[MEASURES].iloc[-1].tolist()
        assert (row["iterations"], row["status"], row["error"]) == (20, "ok", "")
        for (W, b), (W_expected, b_expected) in zip(results.network(row).parameters, expected.parameters, strict=True):
            assert W.dtype == b.dtype == np.dtype(dtype)
            assert W.tobytes() == W_expected.tobytes()
            assert b.tobytes() == b_expected.tobytes()


@pytest.mark.parametrize("size", [1, 2, 10**9])
@pytest.mark.parametrize("jobs", [1, 2, 40])
def test_neither_jobs_nor_batches_change_a_bit(
    sweep: Sweep, expected: Results, monkeypatch: pytest.MonkeyPatch, size: int, jobs: int
) -> None:
    work = next(batches(todo(sweep, sweep.load(), None), 1)).work
    for name in ("_SHORTEST_BATCH", "_LONGEST_BATCH"):
        monkeypatch.setattr(work_module, name, work // 6 * size)
    same(run(sweep, jobs=jobs), expected)


def test_batches_may_be_done_in_any_order(sweep: Sweep, expected: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    def backwards(*arguments: Any) -> Iterator[BatchResult]:
        yield from reversed(list(backends.train_all(*arguments)))

    monkeypatch.setattr("experiments.runner.run.train_all", backwards)
    for name in ("_SHORTEST_BATCH", "_LONGEST_BATCH"):
        monkeypatch.setattr(work_module, name, 1)
    same(run(sweep, jobs=2), expected)


@pytest.mark.parametrize(("iterations", "points"), [(0, [0]), (1, [0, 1]), (3, [0, 1, 2, 3])])
def test_a_sweep_of_one_run(iterations: int, points: list[int]) -> None:
    results = run(Sweep(hidden=1, learning_rate=1, seed=7, iterations=iterations), jobs=8)
    assert len(results.runs) == len(results.summary) == 1
    assert list(results.curves["iteration"]) == points
    assert results.runs["cost"].item() == results.curves["cost"].iloc[-1]


def test_progress_counts_work_that_is_stored(sweep: Sweep) -> None:
    seen: list[BatchResult] = []
    data = sweep.load()
    plan = plan_module.plan(todo(sweep, data, None), 2, 1.0)

    def progress(result: BatchResult) -> None:
        seen.append(result)
        assert todo(sweep, data, store).n_runs == len(sweep) - sum(len(each.runs) for each in seen)

    with Store(None) as store:
        run(sweep, jobs=2, progress=progress, store=store)
        assert sum(len(result.batch) for result in seen) == len(sweep)
        assert sum(result.batch.work for result in seen) == plan.work
        seen.clear()
        run(sweep, jobs=2, progress=seen.append, store=store)
        assert seen == []


def test_a_diverged_run_ends_at_its_last_finite_record() -> None:
    sweep = Sweep(hidden=[0, 2], learning_rate=[1, 1e307], seed=range(2), iterations=40, record_every=1)
    results = run(sweep)
    data = results.data("flower")
    for _, row in results.runs.iterrows():
        of_run = (results.curves[results.columns] == row[results.columns].to_numpy()).all(axis=1)
        curve = results.curves[of_run]
        assert np.isfinite(curve[MEASURES].to_numpy()).all()
        assert row[MEASURES].tolist() == curve[MEASURES].iloc[-1].tolist()
        last = int(curve["iteration"].iloc[-1])
        assert list(curve["iteration"]) == list(range(last + 1))
        if row["learning_rate"] == 1:
            assert (row["status"], last) == ("ok", 40)
            continue
        # Trained for one iteration more, it is not finite; trained up to there, it has the network in the table.
        assert row["status"] == "diverged"
        assert last < 40
        arguments = {"hidden": row["hidden"], "learning_rate": 1e307, "seed": row["seed"]}
        assert train(data.X, data.Y, iterations=last + 1, **arguments).status == "diverged"
        finite = train(data.X, data.Y, iterations=last, **arguments)
        assert finite.status == "ok"
        for (W, b), (W_expected, b_expected) in zip(results.network(row).parameters, finite.parameters, strict=True):
            assert W.tobytes() == W_expected.tobytes()
            assert b.tobytes() == b_expected.tobytes()
    assert counts(results) == {"runs": 8, "ok": 4, "diverged": 4, "computed": 8}


# Failures


@pytest.fixture
def seed_2_fails(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Of three hidden units; until what it gives is undone."""
    new_batch = training.new_batch

    def failing(features: int, hidden: Any, seeds: Any, *others: Any) -> Any:
        if hidden == "3" and 2 in seeds:
            raise MemoryError("no memory\nfor it") if len(seeds) == 1 else RuntimeError("no memory for the batch")
        return new_batch(features, hidden, seeds, *others)

    monkeypatch.setattr(training, "new_batch", failing)
    return monkeypatch


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_that_fails_costs_no_other(
    sweep: Sweep, expected: Results, seed_2_fails: pytest.MonkeyPatch, jobs: int
) -> None:
    computed = run(sweep, jobs=jobs)

    fails = ((expected.runs["hidden"] == "3") & (expected.runs["seed"] == 2)).to_numpy()
    assert fails.sum() == 4
    failed = computed.runs[fails]
    assert (failed["status"] == "failed").all()
    assert (failed["error"] == "MemoryError: no memory for it").all()
    assert failed[MEASURES].isna().all(axis=None)
    assert list(failed["iterations"]) == [20] * 4
    with pytest.raises(LookupError):
        computed.network(failed.iloc[0])
    pd.testing.assert_frame_equal(computed.runs[~fails], expected.runs[~fails], check_exact=True)
    of_failed = ((expected.curves["hidden"] == "3") & (expected.curves["seed"] == 2)).to_numpy()
    others = expected.curves[~of_failed].reset_index(drop=True)
    pd.testing.assert_frame_equal(computed.curves, others, check_exact=True)
    assert counts(computed) == {"runs": 36, "ok": 32, "failed": 4, "computed": 36}
    assert list(computed.summary["n_failed"]) == [1 if hidden == "3" else 0 for hidden in expected.summary["hidden"]]


def test_a_run_that_failed_is_tried_again_and_no_other(
    sweep: Sweep, expected: Results, seed_2_fails: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert counts(sweep.run(jobs=1, out=tmp_path))["failed"] == 4
    again = sweep.run(jobs=1, out=tmp_path)
    assert counts(again) == {"runs": 36, "ok": 32, "failed": 4, "computed": 4, "reused": 32}
    seed_2_fails.undo()
    cured = sweep.run(jobs=1, out=tmp_path)
    assert counts(cured) == {"runs": 36, "ok": 36, "computed": 4, "reused": 32}
    same(cured, expected)


@pytest.mark.parametrize("out", [True, False])
def test_the_first_failure_is_the_last_run_where_that_is_asked_for(
    sweep: Sweep, expected: Results, seed_2_fails: pytest.MonkeyPatch, tmp_path: Path, out: bool
) -> None:
    for name in ("_SHORTEST_BATCH", "_LONGEST_BATCH"):
        seed_2_fails.setattr(work_module, name, 1)  # batches of one run
    folder = tmp_path if out else None
    with pytest.raises(RunFailed) as error:
        sweep.run(jobs=1, out=folder, fail_fast=True)
    assert str(error.value) == "flower, hidden 3, learning rate 0.1, seed 2: MemoryError: no memory for it"
    if not out:
        return
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sweep.sqlite"]  # no tables of half a sweep
    seed_2_fails.undo()
    results = sweep.run(jobs=1, out=tmp_path, fail_fast=True)
    assert 2 < counts(results)["reused"] < 36 - 4  # those before it, in the order of training
    same(results, expected)


# Reuse


def test_a_larger_grid_reuses_a_smaller_one(sweep: Sweep, expected: Results, tmp_path: Path) -> None:
    parts = [
        Sweep(dataset="moons", hidden=[3], learning_rate=[1.2, 0.1, 7], seed=[2, 9], iterations=20, record_every=8),
        Sweep(
            dataset=["moons", "flower"], hidden=["2x2"], learning_rate=1.2, seed="0:5", iterations=20, record_every=8
        ),
    ]
    for part in parts:
        assert counts(part.run(out=tmp_path)) == {"runs": len(part), "ok": len(part), "computed": len(part)}
    wanted = set(sweep)
    reused = len(wanted & set(parts[0])) + len(wanted & set(parts[1]))
    assert reused == 2 + 6

    results = sweep.run(out=tmp_path)
    assert counts(results) == {"runs": 36, "ok": 36, "computed": 36 - reused, "reused": reused}
    same(results, expected)
    same(read(tmp_path), expected)

    again = sweep.run(out=tmp_path)
    assert counts(again) == {"runs": 36, "ok": 36, "reused": 36}
    same(again, expected)
    smaller = parts[0].run(out=tmp_path)
    assert counts(smaller) == {"runs": 6, "ok": 6, "reused": 6}
    assert list(smaller.runs["learning_rate"]) == [1.2, 1.2, 0.1, 0.1, 7, 7]


def test_fresh_trains_everything_again(sweep: Sweep, expected: Results, tmp_path: Path) -> None:
    n_trained: list[int] = []
    new_batch = training.new_batch

    def counting(features: int, hidden: Any, seeds: Any, *others: Any) -> Any:
        n_trained.append(len(seeds))
        return new_batch(features, hidden, seeds, *others)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "new_batch", counting)
        patch.setattr("experiments.runner.prepare.measure_speed", lambda _: 1e-10)  # which trains something else
        for fresh in (False, True):
            results = sweep.run(jobs=1, out=tmp_path, fresh=fresh)
            assert counts(results) == {"runs": 36, "ok": 36, "computed": 36}
            assert sum(n_trained) == 36
            n_trained.clear()
    same(results, expected)
    assert counts(sweep.run(out=tmp_path)) == {"runs": 36, "ok": 36, "reused": 36}


def csv_file(path: Path, rows: int) -> str:
    lines = [f"{i % 7},{i * i % 11},{i % 2},{(i // 2) % 2}" for i in range(rows)]
    path.write_text("\n".join(["a,b,first,second", *lines]))
    return str(path)


def test_whatever_changes_the_numbers_reuses_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    out = tmp_path / "out"
    path = csv_file(tmp_path / "data.csv", 40)
    request = {
        "dataset": path,
        "target": "first",
        "hidden": [1, "2x2"],
        "learning_rate": [0.1, 1.2],
        "seed": [3, 0],
        "iterations": 6,
        "record_every": 2,
        "dtype": "float64",
    }
    everything = {"runs": 8, "ok": 8, "computed": 8}
    nothing = {"runs": 8, "ok": 8, "reused": 8}
    assert counts(Sweep(**request).run(out=out)) == everything
    assert counts(Sweep(**request).run(out=out)) == nothing

    for change in (
        {"dataset": "flower", "target": None},
        {"target": "second"},
        {"hidden": [2, 3]},
        {"learning_rate": [0.2, 1.1]},
        {"seed": [1, 2]},
        {"iterations": 7},
        {"record_every": 3},
        {"dtype": "float32"},
    ):
        results = Sweep(**{**request, **change}).run(out=out)
        assert counts(results) == everything, change
        same(results, Sweep(**{**request, **change}).run(out=None))
    csv_file(tmp_path / "data.csv", 44)
    assert counts(Sweep(**request).run(out=out)) == everything  # the same name, other data
    csv_file(tmp_path / "data.csv", 40)
    assert counts(Sweep(**request).run(out=out)) == nothing
    copy = csv_file(tmp_path / "copy.csv", 40)
    assert counts(Sweep(**{**request, "dataset": copy}).run(out=out)) == nothing  # the data count, not their name

    monkeypatch.setattr("experiments.design.NUMERICS", NUMERICS + 1)
    assert counts(Sweep(**request).run(out=out)) == everything
    monkeypatch.undo()
    assert counts(Sweep(**request).run(out=out)) == nothing


@pytest.mark.parametrize("name", [*FURTHER, "positive"])
def test_no_change_of_a_further_knob_reuses_a_run(name: str, tmp_path: Path) -> None:
    value, needed = FURTHER.get(name, ("1", {}))
    path = csv_file(tmp_path / "data.csv", 47)
    dataset = path if name in ("test_fraction", "positive", "class_weight") else "moons"
    request = {
        "dataset": dataset,
        "hidden": [1, "2x2"],
        "learning_rate": 0.5,
        "seed": [3, 0],
        "iterations": 6,
        **needed,
    }
    if name == "positive":
        request["positive"] = "0"
    for knobs in (request, {**request, name: value}):
        results = Sweep(**knobs).run(out=tmp_path / "out")
        assert counts(results) == {"runs": 4, "ok": 4, "computed": 4}
        same(results, Sweep(**knobs).run(out=None))
        assert counts(Sweep(**knobs).run(out=tmp_path / "out")) == {"runs": 4, "ok": 4, "reused": 4}
    both = [request.get(name, DEFAULTS[name][0]) if name in DEFAULTS else "0", value]
    if name in DEFAULTS:  # an axis
        results = Sweep(**{**request, name: both}).run(out=tmp_path / "out")
        assert counts(results) == {"runs": 8, "ok": 8, "reused": 8}
        assert list(results.runs[name].unique()) == [str(each) if isinstance(both[0], str) else each for each in both]
        costs = results.runs["cost"].to_numpy()
        assert len(set(costs)) == 8  # and none of it is without effect


def test_other_parts_of_the_data_and_weights_of_classes_reuse_nothing_but_metrics_do(tmp_path: Path) -> None:
    out = tmp_path / "out"
    table = {"dataset": csv_file(tmp_path / "data.csv", 40), "split": "fixed"}
    drawn = {"dataset": "moons", "samples": 40}
    shared = {"hidden": [1, "2x2"], "learning_rate": 0.5, "seed": [3, 0], "iterations": 6}
    for request, replicates in (
        (table, 2),
        ({**table, "test_fraction": 0.5}, 2),
        ({**table, "class_weight": "balanced"}, 2),
        ({**table, "split": "seed"}, 2),
        ({**table, "split": "seed", "test_fraction": 0.5}, 2),
        ({**table, "split": "seed", "class_weight": "balanced"}, 2),
        ({**table, "split": "cv:3"}, 6),
        ({**table, "split": "cv:4"}, 8),
        (drawn, 2),
        ({**drawn, "data_seed": 3}, 2),
        ({**drawn, "data_seed": "seed"}, 2),
    ):
        n = 2 * replicates
        results = Sweep(**shared, **request).run(jobs=1, out=out)
        assert counts(results) == {"runs": n, "ok": n, "computed": n}, request
        same(results, Sweep(**shared, **request).run(jobs=1, out=None))
        again = Sweep(**shared, **request, metric=["auc", "log_loss"]).run(jobs=1, out=out)
        assert counts(again) == {"runs": n, "ok": n, "reused": n}, request
        for measure in MEASURES:
            assert again.runs[measure].tolist() == results.runs[measure].tolist()


@pytest.mark.parametrize("split", ["seed", "cv:3"])
def test_neither_jobs_nor_backend_change_a_bit_of_replicates_with_data_of_their_own(
    split: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sweep = Sweep(
        dataset=csv_file(tmp_path / "data.csv", 40),
        split=split,
        hidden=[0, 3],
        learning_rate=[0.1, 1.2],
        seed=[4, 0, 2],
        iterations=20,
    )
    expected = run(sweep, jobs=1)
    assert len(set(expected.runs["cost"])) == len(sweep)
    for size in (1, 5):
        work = next(batches(todo(sweep, sweep.load(), None), 1)).work
        for name in ("_SHORTEST_BATCH", "_LONGEST_BATCH"):
            monkeypatch.setattr(work_module, name, work // 6 * size)
        same(run(sweep, jobs=2), expected)
    same(run(sweep, jobs=2, backend="loky"), expected)


def test_runs_of_a_store_of_version_1_are_reused(sweep: Sweep, expected: Results, tmp_path: Path) -> None:
    part = Sweep(
        dataset="moons", hidden=[3, "2x2"], learning_rate=[0.1, 1.2], seed=[2, 0], iterations=20, record_every=8
    )
    part.run(jobs=1, out=tmp_path)
    put_back(tmp_path / STORE)
    old = read(tmp_path)  # which leaves it as it is
    assert old.curves["test_cost"].isna().all()
    results = sweep.run(jobs=1, out=tmp_path)
    assert counts(results) == {"runs": 36, "ok": 36, "computed": 28, "reused": 8}
    is_old = results.runs["test_cost"].isna()
    assert is_old.sum() == 8
    assert {run for run, old in zip(sweep, is_old, strict=True) if old} == set(part)
    for table in ("runs", "curves"):
        computed, wanted = getattr(results, table), getattr(expected, table)
        columns = [name for name in wanted.columns if name != "test_cost"]
        pd.testing.assert_frame_equal(computed[columns], wanted[columns], check_exact=True)
    costs = expected.runs["test_cost"].where(~is_old)
    pd.testing.assert_series_equal(results.runs["test_cost"], costs, check_exact=True)
    same_again = sweep.run(jobs=1, out=tmp_path, fresh=True)
    same(same_again, expected)


def test_results_without_a_folder_stay_readable(sweep: Sweep, expected: Results) -> None:
    one, other = sweep.run(jobs=1, out=None), Sweep(hidden=1, seed=3, learning_rate=1, iterations=4).run(out=None)
    for _ in range(2):
        same(one, expected)
        assert len(other.curves) == 5
        assert one.data("moons").fingerprint == expected.data("moons").fingerprint
