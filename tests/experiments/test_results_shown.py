"""Results as a notebook shows them, the curves of a row, and the runs as arrays with named dimensions."""

from __future__ import annotations

import html
import re
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
import pytest

from experiments.files import ResultsError
from experiments.report.page import page
from experiments.results import Results, read
from experiments.sweep import Sweep
from tests.helpers.mixed import mixed


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    out = tmp_path_factory.mktemp("out")
    sweep = Sweep(hidden=[0, "2x2"], learning_rate=[0.1, 1], seed=[5, 3], iterations=40, noise=["auto", 0.3])
    return sweep.run(out=out)


def test_one_line_says_what_results_are(results: Results) -> None:
    best = results.summary["mean_test_accuracy"].max()
    folder = Path(str(results.store)).parent
    assert (
        repr(results)
        == f"<Results of 16 runs: 8 configurations, best mean test accuracy {100 * best:.1f} %, in {folder}>"
    )
    assert repr(Sweep(hidden=0, seed=0, iterations=5).run(out=None)).endswith(">")


def test_a_cell_has_the_headline_a_table_of_each_problem_and_a_picture(results: Results) -> None:
    shown = results._repr_html_()
    assert shown is results._repr_html_()  # drawn once
    text = html.unescape(re.sub(r"<[^>]*>", " ", shown))
    assert "test accuracy" in text
    assert "95 % interval" in text
    assert shown.count("<table>") == 2
    assert shown.count("data:image/png;base64,") == 1
    assert len(shown) < 300_000
    assert "color:#0" not in shown.replace("background:#fff", "")  # text has the colour of the notebook
    assert f"in {Path(str(results.store)).parent}" in text


@pytest.mark.parametrize(
    "knobs",
    [
        {"dataset": "diabetes"},
        {"sample": 3, "learning_rate": "log:0.1:1"},
        {"until_decided": 0.1, "seed": range(6)},
        {"seed": 1, "hidden": 0},
        {"metric": ["log_loss"]},
    ],
)
def test_every_kind_of_sweep_has_a_cell(knobs: dict[str, object]) -> None:
    made = Sweep(**{"hidden": [0, 1], "seed": [0, 1], "learning_rate": 0.1, "iterations": 20, **knobs}).run(out=None)
    shown = made._repr_html_()
    assert shown.count("<img") == 1
    assert "not written to a folder" in shown


def test_a_cell_of_failed_runs_has_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = mixed(tmp_path, monkeypatch, hidden=2, seed=1, learning_rate=0.1)._repr_html_()
    assert "1 failed" in shown


def test_names_in_a_cell_are_text(tmp_path: Path) -> None:
    path = tmp_path / "<img src=x>.csv"
    path.write_text("a,b\n" + "".join(f"{i % 5},{i % 2}\n" for i in range(40)), encoding="utf-8")
    shown = Sweep(dataset=str(path), hidden=0, seed=[0, 1], iterations=5).run(out=None)._repr_html_()
    assert "<img src=x>" not in shown


def test_a_report_is_a_page_in_a_frame(results: Results) -> None:
    frame = results.report(height=500)
    shown = frame._repr_html_()
    assert 'height="500"' in shown
    (held,) = re.findall(r'srcdoc="([^"]*)"', shown)
    assert html.unescape(held) == page(results, results.manifest)
    assert repr(frame) == f"<report of {len(frame.page) / 1e6:.1f} MB: a notebook shows it>"


def test_curves_of_a_row_are_its_part_of_all_curves(results: Results) -> None:
    everything = results.curves
    for name, columns in (("summary", results.design.configuration_columns), ("runs", results.columns)):
        for row in getattr(results, name).to_dict("records"):
            keep = np.ones(len(everything), bool)
            for column in columns:
                keep &= (everything[column] == row[column]).to_numpy()
            computed = results.curves_of(row)
            assert len(computed)
            pd.testing.assert_frame_equal(computed, everything[keep].reset_index(drop=True), check_exact=True)


def test_curves_of_folds_and_of_a_failed_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folds = Sweep(dataset="wine", split="cv:3", hidden=0, seed=[0, 1], iterations=4).run(out=None)
    run = folds.runs.iloc[4]
    assert set(map(tuple, folds.curves_of(run)[["seed", "fold"]].to_numpy())) == {(run["seed"], run["fold"])}
    failed = mixed(tmp_path, monkeypatch)
    row = failed.runs[failed.runs["status"] == "failed"].iloc[0]
    assert len(failed.curves_of(row)) == 0


def test_a_row_of_something_else_is_refused_in_one_line(results: Results) -> None:
    row = dict(results.runs.iloc[0])
    for other, named in (
        ({**row, "seed": 9}, "flower, noise auto, hidden 0, learning rate 0.1, seed 9"),
        ({**row, "hidden": "9"}, "flower, noise auto, hidden 9, learning rate 0.1, seed 5"),
        ({"hidden": "0"}, "hidden 0"),
        ({}, "none of the identifying columns"),
    ):
        with pytest.raises(LookupError, match=r"^expected a row of runs or of summary, got ") as caught:
            results.curves_of(other)
        assert sorted(str(caught.value).partition(" got ")[2].split(", ")) == sorted(named.split(", "))


def test_arrays_have_the_axes_as_dimensions(results: Results) -> None:
    made = results.to_xarray()
    assert dict(made.sizes) == {"noise": 2, "hidden": 2, "learning_rate": 2, "seed": 2}
    assert set(made.data_vars) == {"cost", "train_accuracy", "test_accuracy", "test_cost"}
    for run in results.runs.to_dict("records"):
        at = made.sel({name: run[name] for name in made.sizes})
        assert all(float(at[name]) == run[name] for name in made.data_vars)
        assert at["dataset"].item() == "flower"


def test_curves_as_arrays_have_the_iteration_as_well(results: Results) -> None:
    made = results.to_xarray(curves=True)
    row = {"dataset": "flower", "noise": "0.3", "hidden": "2x2", "learning_rate": 1, "seed": 3}
    computed = made["cost"].sel({name: row[name] for name in ("noise", "hidden", "learning_rate", "seed")}).to_series()
    expected = results.curves_of(row).set_index("iteration")["cost"]
    pd.testing.assert_series_equal(computed, expected, check_exact=True)


def test_runs_without_numbers_are_nan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = mixed(tmp_path, monkeypatch)
    assert (failed.to_xarray()["cost"].isnull().sum().item()) == 2
    curves = failed.to_xarray(curves=True)["cost"]
    assert curves.sel(hidden="2", seed=1).isnull().all()
    assert curves.count().item() == len(failed.curves)
    race = Sweep(hidden=[0, 8], learning_rate=1, seed=range(12), iterations=100, until_decided=0.05).run(out=None)
    assert race.to_xarray()["cost"].count("seed").to_numpy().ravel().tolist() == race.summary["n_seeds"].tolist()


def test_axes_that_vary_together_are_one_dimension() -> None:
    fixed = {"seed": [0, 1], "iterations": 5}
    folds = Sweep(hidden=0, dataset="wine", split="cv:3", **fixed).run(out=None).to_xarray()
    assert dict(folds.sizes) == {"learning_rate": 5, "fold": 3, "seed": 2}
    zipped = Sweep(hidden=0, learning_rate=[0.1, 1], l2=[0, 0.1], zip=["learning_rate", "l2"], **fixed).run(out=None)
    made = zipped.to_xarray()
    assert dict(made.sizes) == {"learning_rate_l2": 2, "seed": 2}
    assert made["l2"].to_numpy().tolist() == [0, 0.1]
    drawn = Sweep(hidden=range(1, 9), learning_rate="log:0.1:1", sample=4, **fixed).run(out=None)
    made = drawn.to_xarray()
    assert dict(made.sizes) == {"configuration": 4, "seed": 2}
    assert made["hidden"].to_numpy().tolist() == drawn.summary["hidden"].tolist()


def test_a_missing_xarray_is_named(results: Results) -> None:
    with mock.patch.dict(sys.modules, {"xarray": None}), pytest.raises(ResultsError) as caught:
        results.to_xarray()
    assert str(caught.value) == "to_xarray requires the package xarray, which is not installed: pip install '.[xarray]'"


def test_results_of_a_folder_are_shown_like_those_of_a_sweep(results: Results) -> None:
    again = read(Path(str(results.store)).parent)
    assert again._repr_html_() == results._repr_html_()
