"""Sweeps over several numbers of iterations: all come out of one training, each as if it had been alone."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.cli import verify
from experiments.files import MANIFEST
from experiments.plots.trained import trained_networks
from experiments.report.contents import contents
from experiments.results import Results, read
from experiments.runner.parts import Parts
from experiments.runner.plan import plan
from experiments.runner.work import Todo, batches, todo
from experiments.store.store import Store
from experiments.sweep import Sweep
from tests.helpers.page import decoded
from tests.helpers.sweeps import same

SEVERAL = [90, 333, 20]  # in any order; 90 and 20 are recorded at every iteration, 333 at every sixth
SMALL: dict[str, Any] = {"hidden": [2, 3], "learning_rate": [0.3, 1e307], "seed": range(3), "samples": 60}
REQUESTS: dict[str, dict[str, Any]] = {
    "gradient descent": SMALL,
    "adam, float32": {**SMALL, "learning_rate": [0.03, 0.1], "optimizer": "adam", "dtype": "float32"},
    "mini-batches, own interval": {**SMALL, "batch_size": [16, "all"], "record_every": 7},
    "classes, folds": {"dataset": "iris", "split": "cv:3", "hidden": 3, "learning_rate": [0.3, 40.0], "seed": range(2),
                       "class_weight": ["none", "balanced"], "metric": ["log_loss", "auc"]},
    "values, problems": {"dataset": ["plane", "multi_gaussian"], "hidden": [0, 2], "learning_rate": [0.1, 40.0],
                         "seed": range(2)},
}  # fmt: skip
OF_A_PROBLEM = ("rank", "tied", "difference", "target", "n_reached", "median_iterations")  # depend on all lengths


def swept(iterations: Any, **request: Any) -> Results:
    return Sweep(iterations=iterations, **request).run(out=None, jobs=1)


@pytest.mark.parametrize("kind", REQUESTS)
def test_each_length_has_the_numbers_that_it_has_alone(kind: str) -> None:
    several = swept(SEVERAL, **REQUESTS[kind])
    networks = list(several.stored_runs())
    for iterations in SEVERAL:
        alone = swept(iterations, **REQUESTS[kind])
        for name in ("runs", "curves", "summary"):
            expected, table = getattr(alone, name), getattr(several, name)
            computed = table[table["iterations"] == iterations].reset_index(drop=True)
            columns = [name for name in expected.columns if not name.startswith(OF_A_PROBLEM)]
            pd.testing.assert_frame_equal(computed[columns], expected[columns], check_exact=True)
        chosen = list(itertools.compress(networks, several.runs["iterations"] == iterations))
        assert len(chosen) == len(alone.runs)
        for computed_run, expected_run in zip(chosen, alone.stored_runs(), strict=True):
            assert computed_run.parameters == expected_run.parameters
            assert computed_run.curves.tobytes() == expected_run.curves.tobytes()


@pytest.mark.parametrize("kind", ["gradient descent", "classes, folds"])
def test_a_length_is_stored_under_its_own_key(kind: str, tmp_path: Path) -> None:
    request = REQUESTS[kind]
    several = Sweep(iterations=SEVERAL, **request).run(out=tmp_path, jobs=1, plots=False)
    for iterations in SEVERAL:
        alone = Sweep(iterations=iterations, **request).run(out=tmp_path, jobs=1, plots=False)
        assert alone.manifest["counts"]["computed"] == 0
        same(alone, swept(iterations, **request))
    assert verify.main([str(tmp_path)]) == 0
    again = Sweep(iterations=[*SEVERAL, 400], **request).run(out=tmp_path, jobs=1, plots=False)
    assert again.manifest["counts"]["reused"] == len(several.runs)


def trained(sweep: Sweep, store: Store | None) -> list[tuple[int, ...]]:
    """The lengths that come out of each training that is left."""
    left = todo(sweep, sweep.load(), store)
    of_batches = [batch for jobs in (1, 4) for batch in [list(batches(left, jobs, 1))]]
    found = []
    for some in of_batches:
        lengths = [
            tuple(iterations for iterations, _ in how_long)
            for batch in some
            for piece in batch.pieces
            for how_long, places in piece.networks.trainings().items()
            for _ in range(len(places) // len(how_long))
        ]
        assert sum(map(len, lengths)) == left.n_runs
        found.append(sorted(lengths))
    assert found[0] == found[1]  # no training is divided between batches
    return found[0]


@pytest.mark.parametrize("kind", ["gradient descent", "classes, folds"])
def test_only_what_is_missing_is_trained_and_only_once(kind: str, tmp_path: Path) -> None:
    request = REQUESTS[kind]
    sweep = Sweep(iterations=SEVERAL, **request)
    trainings = sweep.size // len(SEVERAL)
    assert trained(sweep, None) == [(20, 90, 333)] * trainings
    # Of seed 0, the longest is stored; of seed 1, another one; of the others, none.
    for iterations, seed in ((333, 0), (90, 1)):
        Sweep(iterations=iterations, **{**request, "seed": seed}).run(out=tmp_path, jobs=1, plots=False)
    of_seed = trainings // len(request["seed"])
    others = trainings - 2 * of_seed
    with Store(tmp_path / "sweep.sqlite", writes=False) as store:
        found = trained(sweep, store)
    assert found == sorted([(20, 90)] * of_seed + [(20, 333)] * of_seed + [(20, 90, 333)] * others)
    results = sweep.run(out=tmp_path, jobs=2, plots=False)
    assert results.manifest["counts"]["reused"] == 2 * of_seed
    same(results, swept(SEVERAL, **request))


def test_a_plan_counts_the_longest() -> None:
    def work(iterations: Any, seeds: int = 3) -> int:
        sweep = Sweep(iterations=iterations, **{**SMALL, "seed": range(seeds)})
        everything = Todo(sweep, Parts(sweep.load(), sweep.dtype), None)
        assert plan(everything, 1, 1e-9).work == everything.work
        return everything.work

    assert work(50_000) <= work([10_000, 50_000, 20_000]) < 1.05 * work(50_000)
    assert work([10_000, 50_000, 20_000], 6) == 2 * work([10_000, 50_000, 20_000])


def test_what_is_left_of_a_plan_is_as_long_as_its_longest(tmp_path: Path) -> None:
    Sweep(iterations=50_000, **{**SMALL, "seed": [1]}).run(out=tmp_path, jobs=1, plots=False)
    with Store(tmp_path / "sweep.sqlite", writes=False) as store:
        left = {}
        for iterations in (50_000, [10_000, 50_000], 10_000):
            sweep = Sweep(iterations=iterations, **SMALL)
            left[str(iterations)] = todo(sweep, sweep.load(), store).work
    # Of the two seeds without any, both; of the third, the shorter one.
    expected = left["50000"] + left["10000"] / 3
    assert left["[10000, 50000]"] == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize(
    "request_",
    [
        {"iterations": [100, 20], "learning_rate": [0.1, 0.5], "zip": [["iterations", "learning_rate"]]},
        {"iterations": "log:10:100", "learning_rate": "log:0.1:1", "hidden": [1, 2], "sample": 5},
        {"iterations": "lin:20:100:3", "until_decided": 0.2, "hidden": [1, 3], "seed": range(8)},
        {"iterations": [20, 60], "budget": "200runs", "hidden": [1, 3], "seed": range(8)},
    ],
    ids=["zip", "sample", "race", "budget"],
)
def test_it_is_an_axis_like_others(request_: dict[str, Any], tmp_path: Path) -> None:
    request = {"hidden": 2, "learning_rate": 0.5, "seed": range(2), "samples": 60, **request_}
    results = Sweep(**request).run(out=tmp_path, jobs=1, plots=False)
    same(read(tmp_path), results)
    assert results.columns[-1] == "iterations"
    assert len(results.runs["iterations"].unique()) > 1
    for row in results.summary.to_dict("records"):
        known = {name: row[name] for name in ("hidden", "learning_rate", "iterations")}
        alone = Sweep(samples=60, seed=range(int(row["n_seeds"])), **known).run(out=None, jobs=1)
        assert alone.summary.loc[0, "mean_test_accuracy"] == row["mean_test_accuracy"]
    with Store(tmp_path / "sweep.sqlite", writes=False) as store:
        ends = {number: about["record_every"] for number, about in store.all_configurations()}
        lengths = {number: about["iterations"] for number, about in store.all_configurations()}
    assert ends == {number: max(1, iterations // 50) for number, iterations in lengths.items()}


def test_the_manifest_has_the_numbers_as_asked(tmp_path: Path) -> None:
    Sweep(iterations=[7, 3], hidden=1, seed=0).run(out=tmp_path, jobs=1, plots=False)
    asked = json.loads((tmp_path / MANIFEST).read_text())["request"]
    assert (asked["iterations"], asked["record_every"]) == ([7, 3], None)
    for iterations, every, expected in ((7, None, (7, 1)), ([7], None, (7, 1)), ([7, 3], 2, ([7, 3], 2))):
        design = Sweep(iterations=iterations, record_every=every)
        assert (design.request["iterations"], design.request["record_every"]) == expected
        assert Sweep(**design.request).request == design.request
        assert ("iterations" in design.columns) == (len(design.values["iterations"]) > 1)


def test_the_page_has_the_records_of_each_length() -> None:
    results = swept([30, 200], hidden=2, learning_rate=0.5, seed=range(2), samples=60)
    page = contents(results)
    assert {name: len(at) for name, at in page["curves_at"].items()} == {"30": 31, "200": 51}
    curves = decoded(page["curves"]["cost"]).reshape(4, -1)
    for (_, curve), row in zip(results.curves.groupby(["iterations", "seed"]), curves, strict=True):
        length, iterations = len(curve), curve["iterations"].iloc[0]
        assert page["curves_at"][str(iterations)] == curve["iteration"].tolist()
        assert row[:length].tolist() == curve["cost"].tolist()
        assert pd.isna(row[length:]).all()


def test_curves_are_drawn_of_the_longest() -> None:
    results = swept([30, 200], hidden=[1, 2], learning_rate=[0.5, 1], seed=range(2), samples=60)
    longest = swept(200, hidden=[1, 2], learning_rate=[0.5, 1], seed=range(2), samples=60)
    drawn, expected = (
        [np.asarray(line.get_xydata()).tolist() for axes in each.plot_curves().axes for line in axes.lines]
        for each in (results, longest)
    )
    assert drawn == expected


def test_arrays_have_a_dimension_for_the_lengths() -> None:
    pytest.importorskip("xarray")
    results = swept(SEVERAL, **SMALL)
    assert "iterations" not in results.to_xarray().attrs
    assert results.to_xarray().sizes["iterations"] == len(SEVERAL)
    made = results.to_xarray(curves=True)
    for iterations in SEVERAL:
        expected = swept(iterations, **SMALL).to_xarray(curves=True)
        computed = made.sel(iterations=iterations, iteration=expected["iteration"]).drop_vars("iterations")
        assert computed.identical(expected.drop_attrs().assign_attrs(computed.attrs))
        others = made["cost"].sel(iterations=iterations).drop_sel(iteration=expected["iteration"].to_numpy())
        assert others.isnull().all()


def test_a_network_is_shown_at_the_end_of_its_own_length() -> None:
    results = swept([30, 200], hidden=2, learning_rate=0.5, seed=range(2), samples=60)
    for _, row in results.summary.iterrows():
        last = {each.last for each in trained_networks(results, row)}
        assert last == {row["iterations"]}
