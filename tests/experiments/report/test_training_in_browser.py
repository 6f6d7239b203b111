"""Networks train again in the page, and end where the recorded ones did."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.results import Results
from experiments.sweep import Sweep
from experiments.tables.statistics import median_replicate
from experiments.tables.words import number
from tests.helpers.browser import Browser
from tests.helpers.page import page_file, page_text


def test_a_clicked_cell_is_shown_everywhere_and_trains(opened: Browser, swept: Results) -> None:
    before = opened.curves()
    opened.choose("speed", 1)
    opened.click_cell(1, 2)
    axes = opened(
        "return [planar.sweep.axes[planar.chosen.x], planar.sweep.axes[planar.chosen.y]].map((a) => a.values)"
    )
    dataset = opened("return planar.sweep.text(0, planar.chosen.configuration)")
    chosen = swept.runs[
        (swept.runs["dataset"] == dataset) & (swept.runs["learning_rate"] == 1.2) & (swept.runs["hidden"] == axes[1][2])
    ]
    assert opened.text("chosen-name") == f"dataset {dataset}, {axes[1][2]} hidden units, learning rate 1.2"
    curves = opened.curves()
    assert curves != before
    final = sorted(row["cost"] for row in curves if row["iteration"] == 200 and row["kind"] != "median")
    assert final == sorted(chosen["cost"])
    median = next(row for row in curves if row["iteration"] == 200 and row["kind"] == "median")
    assert median["cost"] == chosen["cost"].median()
    seeds = opened("return planar.charts.seeds.view.data('seeds')")
    np.testing.assert_allclose([row["test"] for row in seeds], chosen["test_accuracy"], rtol=1e-6)
    opened.until("return planar.trainer.started && planar.trainer.iteration > 0")
    assert opened("return document.querySelector('#configurations tr[aria-current=true]') !== null")


@pytest.mark.parametrize(("hidden", "rate"), [("1", 0.1), ("3", 1.2), ("4x2", 0.1)])
@pytest.mark.parametrize("dataset", ["moons", "iris"])
def test_training_in_the_page_follows_the_recorded_curve(
    opened: Browser, swept: Results, dataset: str, hidden: str, rate: float
) -> None:
    runs = swept.runs[
        (swept.runs["dataset"] == dataset) & (swept.runs["hidden"] == hidden) & (swept.runs["learning_rate"] == rate)
    ]
    row = opened(
        "return [...document.querySelectorAll('#configurations tbody button')].find((b) =>"
        " b.ariaLabel === arguments[0]);",
        f"show dataset {dataset}, {hidden} hidden unit{'s' * (str(hidden) != '1')}, learning rate {rate:g}",
    )
    row.click()
    opened.choose("seed", runs.index[3])
    assert opened("return planar.trainer.started") is False
    opened.choose("speed", 1000000)
    opened.find("#play").click()
    opened.until("return planar.trainer.isDone")
    records = opened("return planar.trainer.records")
    curves = swept.curves
    for name in ("dataset", "hidden", "learning_rate", "seed"):
        curves = curves[curves[name] == runs[name].iloc[3]]
    assert [record["iteration"] for record in records] == curves["iteration"].tolist()
    np.testing.assert_allclose([record["cost"] for record in records], curves["cost"], rtol=1e-9)
    np.testing.assert_allclose([record["train"] for record in records], curves["train_accuracy"], atol=0)
    np.testing.assert_allclose([record["test"] for record in records], curves["test_accuracy"], atol=0)
    assert opened.text("here-cost") == opened.text("recorded-cost")
    assert (
        opened.text("here-test")
        == opened.text("recorded-test")
        == f"{number('accuracy', curves['test_accuracy'].iloc[-1])} %"
    )
    assert opened.text("comparison") == "\u2713 Agrees with the recorded result."
    assert opened.text("comparison-details").startswith(
        "Costs agree with the recorded ones to 1e-9 up to iteration 200. It ended within the tolerance of 1e-9 in cost"
        " and 1 percentage point of accuracy: "
    )
    opened.settle()
    here = opened("return planar.charts.cost.view.data('here')")
    assert [point["iteration"] for point in here] == curves["iteration"].tolist()


@pytest.mark.parametrize(
    "request_",
    [
        {"activation": ["relu", "sigmoid", "identity"], "hidden": ["3", "4x2"]},
        {"optimizer": ["gd", "momentum", "adam"], "momentum": [0.5], "beta1": [0.8], "beta2": [0.99]},
        {"batch_size": ["all", 32], "l1": [0, 0.01], "l2": [0, 0.01], "output_learning_rate": ["same", 0.01]},
        {"init": ["normal", "glorot", "he"], "init_scale": ["auto", 0.5], "features": ["x1+x1^2+x1x2+sin(x2)"]},
        {"noise": [0, 0.1], "samples": [20, 50], "data_seed": [1, 2]},
        {"bias": ["yes", "no"], "output_init_scale": ["same", 0.3], "init_offset": [0, -0.2]},
    ],
    ids=",".join,
)
def test_every_setting_arrives_in_the_page(browser: Browser, request_: dict[str, Any], tmp_path: Path) -> None:
    knobs = {"dataset": ["moons"], "hidden": [3], "learning_rate": [0.1], "seed": [0, 5], "iterations": 40, **request_}
    results = Sweep(**knobs).run(jobs=1, out=tmp_path / "results")
    path = page_file(results, tmp_path)
    browser.open(path)
    runs = browser(
        """const { sweep, Training } = planar, all = [];
        for (let run = 0; run < sweep.count * sweep.seeds.length; run++) {
          const c = Math.floor(run / sweep.seeds.length), { X, Y } = sweep.data(c);
          const training = new Training(X, Y, sweep.training(c, sweep.seeds[run % sweep.seeds.length]));
          const costs = [];
          for (; training.iteration <= 40; training.step()) costs.push(training.measure().cost);
          all.push([costs, sweep.curve(run).map(({ cost }) => cost)]);
        }
        return all;"""
    )
    assert len(runs) == len(Sweep(**knobs))
    assert len({tuple(recorded) for _, recorded in runs}) == len(runs)
    for computed, recorded in runs:
        np.testing.assert_allclose(computed, recorded, rtol=1e-9)
    chosen = browser(
        "const { sweep } = planar; return Array.from({ length: sweep.count }, (_, c) => sweep.medianRun(c).seed);"
    )
    assert chosen == [median_replicate(results.runs.iloc[k : k + 2])["seed"] for k in range(0, len(runs), 2)]
    given, expected = browser(
        "const { X, plane } = planar.sweep.data(0), list = (array) => array.map((row) => [...row]);"
        "return [list(planar.computed(plane.terms, plane.points)), list(X)];"
    )
    np.testing.assert_allclose(given, expected, rtol=1e-12)
    assert browser("return document.getElementById('plane-part').hidden") is False
    assert browser.complaints() == []


def retrained(browser: Browser, results: Results, path: Path) -> list[Any]:
    """The costs of each run, trained again in the page."""
    path.write_text(page_text(results), encoding="utf-8")
    browser.open(path)
    return list(
        browser(
            """const { sweep, settingOfRun, trainingOf, Training } = planar, all = [];
            for (let run = 0; run < sweep.count * sweep.seeds.length; run++) {
              const c = Math.floor(run / sweep.seeds.length), seed = sweep.seeds[run % sweep.seeds.length];
              const data = sweep.data(c, run), how = sweep.training(c, seed), costs = [];
              const played = trainingOf(settingOfRun(sweep, c, seed), data);
              const training = new Training(data.X, data.Y, how);
              for (; training.iteration <= 40; training.step()) costs.push(training.measure().cost);
              all.push([costs, sweep.curve(run).map(({ cost }) => cost), how, played]);
            }
            return all;"""
        )
    )


@pytest.mark.parametrize("class_weight", [["none", "balanced"], ["balanced"]])
@pytest.mark.parametrize("classes", [2, 3])
def test_weights_of_the_classes_arrive_in_the_page(
    browser: Browser, tmp_path: Path, classes: int, class_weight: list[str]
) -> None:
    draw = np.random.default_rng(classes)
    kinds = np.sort(np.minimum(draw.geometric(0.6, 80), classes))  # the later ones are rare
    table = pd.DataFrame({"x": draw.normal(kinds, 1), "y": draw.normal(0, 1, 80), "kind": [f"k{k}" for k in kinds]})
    knobs: dict[str, Any] = {"hidden": [0, 3], "learning_rate": [0.5], "batch_size": ["all", 16], "seed": range(2)}
    results = Sweep(dataset=table, **knobs, class_weight=class_weight, iterations=40).run(jobs=1, out=None)
    runs = retrained(browser, results, tmp_path / "report.html")
    assert len(runs) == len(results.runs) == 8 * len(class_weight)
    assert len({tuple(recorded) for _, recorded, _, _ in runs}) == len(runs)
    for costs, recorded, how, played in runs:
        np.testing.assert_allclose(costs, recorded, rtol=1e-9)
        assert how == played
    assert {how["class_weight"] for _, _, how, _ in runs} == set(class_weight)
    # The page opens with a run of the sweep, and knows it again by its setting.
    assert browser.text("standing").startswith("This is run")
    other = "none" if class_weight == ["balanced"] else "balanced"
    browser("planar.play.go({ ...planar.play.setting, class_weight: arguments[0] })", other)
    assert browser.text("standing").startswith("This is run" if len(class_weight) == 2 else "Not in this sweep.")
    assert browser.complaints() == []


@pytest.mark.parametrize(("apart", "verdict"), [(0.25, "within"), (0.35, "outside")])
def test_a_training_that_leaves_the_recorded_curve_is_said_to(opened: Browser, apart: float, verdict: str) -> None:
    opened(
        """const { trainer, again: { subject } } = planar;
        const later = ({ cost, iteration }) => cost + (iteration > 100 ? 0.001 : 0);
        trainer.recorded = trainer.recorded.map((record) => ({ ...record, cost: later(record) }));
        subject.run = { ...subject.run, cost: subject.run.cost + arguments[0] };
        trainer.speed = 1000000;
        trainer.play();""",
        apart,
    )
    opened.until("return planar.trainer.isDone")
    says = {"within": "\u2713 Agrees with the recorded result, apart from amplified rounding differences."}
    assert opened.text("comparison") == says.get(verdict, "\u2717 Differs from the recorded result.")
    assert opened.text("comparison-details") == (
        "Costs agree with the recorded ones to 1e-9 up to iteration 100. After that, training amplified rounding"
        f" differences. It ended {verdict} the tolerance of 0.3 in cost and 5 percentage points of accuracy: the"
        f" differences are {apart} and 0."
    )


def test_play_pause_step_and_restart(opened: Browser) -> None:
    iteration = "return planar.trainer.iteration"
    for k in (1, 2, 3):
        opened.find("#step").click()
        assert (opened(iteration), opened.text("iteration")) == (k, str(k))
    opened.choose("speed", 1)
    opened.find("#play").click()
    assert opened.text("play") == "Pause"
    opened.until("return planar.trainer.iteration > 5")
    opened.find("#play").click()
    paused = opened(iteration)
    time.sleep(0.1)
    assert (opened(iteration), opened.text("play")) == (paused, "Play")
    opened.find("#restart").click()
    assert (opened(iteration), opened.text("iteration")) == (0, "0")


def pixels(browser: Browser) -> str:
    return str(browser("return document.getElementById('plane').toDataURL()"))


def test_the_boundary_moves_and_ends_as_the_recorded_one(opened: Browser) -> None:
    opened.click_cell(0, 0)
    opened("planar.trainer.pause(); document.getElementById('axis-further').querySelector('select')?.focus()")
    opened.find("#filter").send_keys("moons hidden=3 learning_rate=1.2")
    opened.find("#configurations tbody button").click()
    assert opened("return document.getElementById('plane-part').hidden") is False
    recorded = pixels(opened)
    opened.find("#step").click()
    first = pixels(opened)
    opened.choose("speed", 1000000)
    opened.find("#play").click()
    opened.until("return planar.trainer.isDone")
    last = pixels(opened)
    assert len({recorded, first, last}) >= 2
    assert first != last
    p = "const [a, b] = arguments; return planar.forward(a, [[0.5], [0.2]], 'tanh').A.at(-1)[0][0];"
    here = opened(f"return ((...arguments) => {{ {p} }})(planar.trainer.training.parameters)")
    kept = opened(f"return ((...arguments) => {{ {p} }})(planar.sweep.network(planar.chosen.run.run, 2))")
    assert here == pytest.approx(kept, abs=1e-5)


def test_data_with_more_than_two_inputs_have_no_boundary_and_train_all_the_same(opened: Browser) -> None:
    opened.find("#filter").send_keys("iris hidden=3")
    opened.find("#configurations tbody button").click()
    assert opened("return document.getElementById('plane-part').hidden") is True
    assert opened.text("plane-said").startswith("No boundary plot: the network's 4 features")
    opened.find("#step").click()
    assert opened.text("iteration") == "1"


def test_the_numbers_of_a_diverged_run_are_not_said_to_be_of_the_end(browser: Browser, tmp_path: Path) -> None:
    how = {"hidden": ["8x8"], "activation": ["identity"], "init": ["he"], "iterations": 20, "seed": [0]}
    results = Sweep(**how, learning_rate=[0.01, 1000]).run(jobs=1, out=tmp_path / "results")
    assert results.runs["status"].tolist() == ["ok", "diverged"]
    path = page_file(results, tmp_path)
    browser.open(path)
    for rate, said in (("0.01", "20"), ("1000", "before 20")):
        browser(
            "[...document.querySelectorAll('#configurations tbody button')].find((b) =>"
            " b.ariaLabel.includes(arguments[0])).click()",
            f"learning rate {rate}",
        )
        assert browser.text("recorded-iteration") == said
    assert browser.complaints() == []


def test_who_prefers_less_motion_is_not_shown_any_unasked(browser: Browser, page: Path) -> None:
    browser.open(page, reduced_motion="reduce")
    browser.click_cell(0, 1)
    assert browser("return planar.trainer.started") is False
    browser.find("#play").click()
    browser.until("return planar.trainer.isDone")
    assert browser.text("iteration") == "200"
