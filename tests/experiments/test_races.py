"""Sweeps until it is decided: what is trained, what the tables hold, and that nothing else plays a part in it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.cli import grid, verify
from experiments.files import CURVES, MANIFEST, RUNS, SUMMARY
from experiments.knobs.knob import SweepError
from experiments.results import Results, read
from experiments.runner.observer import Observer, Standing
from experiments.sweep import Sweep
from experiments.tables.tables import Tables
from tests.helpers.sweeps import counts
from tests.oracles import race as oracle

TABLES = (RUNS, CURVES, SUMMARY)
FEW: dict[str, Any] = {"hidden": [1, 2, 3], "learning_rate": [0.3, 1.2], "seed": range(40), "iterations": 100}
ROUNDS = (6, 8, 10, 13, 17, 22, 28, 35, 40)
REQUESTS: dict[str, dict[str, Any]] = {
    "seeds": {**FEW, "until_decided": 0.02},
    "folds": {
        "dataset": "iris", "split": "cv:3", "hidden": [0, 1, 3], "learning_rate": [0.1, 1.2], "seed": range(12),
        "iterations": 60, "until_decided": 0.05, "metric": ["auc"],
    },
    "problems": {
        "dataset": ["moons", "circles"], "samples": 60, "hidden": [1, 4], "learning_rate": [0.1, 1.2],
        "seed": range(30), "iterations": 200, "until_decided": 0.05,
    },
    "exact, seeds in any order": {
        "hidden": [1, 3], "learning_rate": [0.3, 1e300, 5], "seed": [7, 3, 11, 0, 5, 1, 9, 2, 4, 12, *range(20, 40)],
        "iterations": 400, "until_decided": True, "decision": "exact",
    },
    "errors": {
        "dataset": "diabetes", "hidden": [0, 2], "learning_rate": [0.01, 0.1, 3.0], "seed": range(20), "iterations": 60,
        "until_decided": 0.1, "metric": ["rmse", "mae"],
    },
}  # fmt: skip


def files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in TABLES}


@pytest.fixture(scope="module", params=list(REQUESTS))
def raced(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, Results]:
    folder = tmp_path_factory.mktemp("raced")
    return request.param, folder, Sweep(**REQUESTS[request.param]).run(out=folder, jobs=2)


def scores_of(everything: Tables, seeds: int) -> dict[Any, list[list[float]]]:
    """Of every problem: for each seed, in the order of the request, the mean over folds of each configuration."""
    design, metric = everything.design, everything.metric
    runs = everything.runs.copy()
    runs["score"] = runs[f"test_{metric}"].where(runs["status"] != "failed") * (
        1 if everything.larger_is_better else -1
    )
    order = {seed: place for place, seed in enumerate(design.values["seed"])}
    scores = {}
    for problem, of_problem in runs.groupby(everything.problem_columns, sort=False):
        about = everything.about_of(of_problem.iloc[0])
        unit = about["target_scale"][1] if metric in ("rmse", "mae") else 1.0
        settings = [name for name in design.configuration_columns if name not in everything.problem_columns]
        table = of_problem.groupby([*settings, "seed"], sort=False)["score"].apply(lambda x: sum(x) / len(x)) / unit
        wide = table.unstack("seed")[sorted(order, key=order.__getitem__)].iloc[:, :seeds]
        places = of_problem[settings].drop_duplicates()
        scores[problem] = wide.loc[list(map(tuple, places.to_numpy()))].T.to_numpy().tolist()
    return scores


def expected_race(scores: list[list[float]], margin: float, mode: str) -> tuple[list[int], list[int]]:
    """The number of seeds of each configuration, and the replicate after which each is out, 0 for none."""
    k = len(scores[0])
    trained, out = [0] * k, [0] * k
    for end in sorted({min(end, len(scores)) for end in ROUNDS}):
        trained = [n if gone else end for n, gone in zip(trained, out, strict=True)]
        out, _, decided = oracle.race(scores[:end], margin, mode)
        if decided:
            break
    return trained, out


def test_seeds_are_trained_until_it_is_decided(raced: tuple[str, Path, Results]) -> None:
    name, _, results = raced
    request = {**REQUESTS[name]}
    margin, mode = request.pop("until_decided"), request.pop("decision", "symmetric")
    everything = Sweep(**request).run(out=None)
    expected: list[int] = []
    verdicts: list[str] = []
    for scores in scores_of(everything, len(request["seed"])).values():
        trained, out = expected_race(
            scores, 0.005 if margin is True else margin, {"exact": "bounded"}.get(mode, "symmetric")
        )
        expected += trained
        verdicts += ["out" if gone else "left" for gone in out]
    assert results.summary["n_seeds"].tolist() == expected
    assert results.summary["race"].map(lambda verdict: "out" if verdict == "out" else "left").tolist() == verdicts
    assert len(set(expected)) > 1
    # Every row of the race is that of the full sweep.
    keys = results.design.columns
    of_full = everything.runs.merge(results.runs[keys], on=keys)
    pd.testing.assert_frame_equal(of_full, results.runs, check_exact=True)
    seeds = list(results.design.values["seed"])
    for (_, configuration), n in zip(results.summary.iterrows(), expected, strict=True):
        of_one = results.runs_of(configuration)
        assert of_one["seed"].unique().tolist() == seeds[:n]


def test_what_is_out_ranks_behind_and_is_not_tied(raced: tuple[str, Path, Results]) -> None:
    _, _, results = raced
    for _, table in results.summary.groupby(results.problem_columns, sort=False):
        out = table["race"] == "out"
        rank = table[f"rank_test_{results.metric}"]
        assert rank[out].min() > rank[~out].max() if out.any() else len(table) == 1 or len(results.races) > 1
        assert not table.loc[out, "tied_with_best"].any()
        assert (table["race_after"].isna() == (table["race"] == "open")).all()
        assert (table.loc[out, "race_after"] <= table.loc[out, "n_seeds"]).all()


def test_a_folder_that_is_read_has_the_same_tables_and_races(
    raced: tuple[str, Path, Results], capsys: pytest.CaptureFixture[str]
) -> None:
    _, folder, results = raced
    again = read(folder)
    for name in ("summary", "runs", "curves"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(results, name), check_exact=True)
    assert [race.replicates for race in again.races] == [race.replicates for race in results.races]
    for race in again.races:
        assert race.verdicts.tolist() == again.summary["race"].iloc[race.configurations].tolist()
    assert verify.main([str(folder)]) == 0, capsys.readouterr().out


@pytest.mark.parametrize(("jobs", "backend"), [(1, "threading"), (2, "loky")])
def test_bytes_do_not_depend_on_jobs(raced: tuple[str, Path, Results], jobs: int, backend: str, tmp_path: Path) -> None:
    name, folder, _ = raced
    if backend == "loky" and name not in ("seeds", "folds"):
        pytest.skip("workers start again for every round")
    Sweep(**REQUESTS[name]).run(out=tmp_path, jobs=jobs, backend=backend)
    assert files(tmp_path) == files(folder)


def test_an_interrupted_race_goes_on_as_if_it_had_not_been(raced: tuple[str, Path, Results], tmp_path: Path) -> None:
    class Stop(Observer):
        def __init__(self, after: int) -> None:
            self.after = after

        def raced(self, standing: Standing) -> None:
            if standing.seeds >= self.after:
                raise KeyboardInterrupt

        def trained(self, progress: Any) -> None:
            if self.after == 0:
                raise KeyboardInterrupt

    name, folder, results = raced
    for after in (0, 6, 8):
        with pytest.raises(KeyboardInterrupt):
            Sweep(**REQUESTS[name]).run(out=tmp_path, observer=Stop(after), jobs=1)
        assert not (tmp_path / RUNS).exists()
    again = Sweep(**REQUESTS[name]).run(out=tmp_path)
    assert files(tmp_path) == files(folder)
    n = len(results.runs)
    assert counts(again)["computed"] + counts(again)["reused"] == n
    assert counts(again)["reused"] > 0
    repeated = counts(Sweep(**REQUESTS[name]).run(out=tmp_path))
    assert repeated["reused"] == n - repeated.get("failed", 0)


def test_a_race_reuses_what_a_grid_has_trained_and_a_grid_what_a_race_has(tmp_path: Path) -> None:
    request = {**FEW, "seed": range(6)}
    Sweep(**request).run(out=tmp_path)
    first = counts(Sweep(**REQUESTS["seeds"]).run(out=tmp_path))
    assert first["reused"] == 36
    assert counts(Sweep(**request).run(out=tmp_path))["reused"] == 36


def test_it_is_said_what_was_decided(raced: tuple[str, Path, Results], capsys: pytest.CaptureFixture[str]) -> None:
    """In the words of the terminal; that of every problem is checked in test_raced.py."""
    name, folder, results = raced
    shutil.copytree(folder, folder / "copy")
    request = [
        (f"--{key.replace('_', '-')}", *(map(str, value) if isinstance(value, (list, range)) else [str(value)]))
        for key, value in REQUESTS[name].items()
        if value is not True
    ]
    alone = ["--until-decided"] if REQUESTS[name]["until_decided"] is True else []
    words = [word for option in request for word in option]
    status = grid.main([*words, *alone, "--out", str(folder / "copy"), "--no-plots"])
    out, err = capsys.readouterr()
    assert (status, err) == (int(results.manifest["counts"]["failed"] > 0), "")
    assert out.splitlines()[0].startswith("at most ")
    assert f"{results.races[0].replicates} seeds: " in out
    assert max(len(line) for line in out.splitlines() if " files written to " not in line) <= 80
    assert files(folder / "copy") == files(folder)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"until_decided": 0}, "--until-decided: expected a number above 0, at most 1, got 0"),
        ({"until_decided": "soon"}, "--until-decided: expected a number above 0, at most 1, got 'soon'"),
        ({"decision": "exact"}, "--decision requires --until-decided"),
        (
            {"until_decided": True, "decision": "exact", "dataset": "diabetes"},
            "--decision exact: expected a metric from 0 to 1 (accuracy",
        ),
    ],
)
def test_a_race_that_cannot_be_is_refused(request_: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(SweepError) as refused:
        Sweep(**request_).run(out=tmp_path / "out")
    assert str(refused.value).startswith(message)
    assert not (tmp_path / "out").exists()


def test_a_race_cannot_be_divided(tmp_path: Path) -> None:
    with pytest.raises(SweepError, match="--shard: --until-decided decides on the way what to train"):
        Sweep(**REQUESTS["seeds"]).run_shard("1/2", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_without_seeds_there_are_a_thousand() -> None:
    assert Sweep(until_decided=0.01).values["seed"] == range(1000)
    assert Sweep(**Sweep(until_decided=0.01).request).values["seed"] == range(1000)
    assert Sweep().values["seed"] == range(10)


def test_a_manifest_whose_race_is_another_one_is_refused(raced: tuple[str, Path, Results], tmp_path: Path) -> None:
    _, folder, _ = raced
    for name in (MANIFEST, "sweep.sqlite"):
        shutil.copy(folder / name, tmp_path / name)
    manifest = json.loads((folder / MANIFEST).read_text())
    seeds = manifest.pop("seeds")
    for change in ({"seeds": seeds[1:]}, {"seeds": [10**6] * len(seeds)}, {"seeds": seeds[0]}, {}):
        (tmp_path / MANIFEST).write_text(json.dumps({**manifest, **change}))
        with pytest.raises(ValueError, match=r"sweep\.json: cannot be read \((seeds|the length of seeds): expected"):
            read(tmp_path)


def test_a_race_of_one_configuration_ends_after_the_first_round() -> None:
    results = Sweep(hidden=2, learning_rate=1, iterations=5, until_decided=0.01).run(out=None)
    assert len(results.runs) == 6
    assert results.summary["race"].tolist() == ["within"]


def test_results_have_the_race() -> None:
    results = Sweep(**REQUESTS["seeds"]).run(out=None)
    assert results.race.decisions.survivors[-1] == (results.summary["race"] != "out").sum()
    assert len(results.plot_race().axes) == 2
    plain = Sweep(hidden=1, learning_rate=1, seed=0, iterations=1).run(out=None)
    for ask in (lambda: plain.race, plain.plot_race):
        with pytest.raises(ValueError, match="race"):
            ask()


def test_standings_are_reported_after_every_round() -> None:
    class Listening(Observer):
        def raced(self, standing: Standing) -> None:
            said.append(standing)

    said: list[Standing] = []
    results = Sweep(**REQUESTS["seeds"]).run(out=None, observer=Listening())
    assert [each.seeds for each in said] == [end for end in ROUNDS if end <= results.race.replicates]
    assert all(np.diff([each.out for each in said]) >= 0)
    assert {each.configurations for each in said} == {6}
