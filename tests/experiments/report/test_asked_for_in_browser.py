"""What users of similar pages asked for in public, done here as they would do it, without a network: docs/page.md."""

from __future__ import annotations

import json
import math
import shlex
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from selenium.webdriver.common.keys import Keys

from experiments.cli import grid
from experiments.results import Results, read
from experiments.sweep import Sweep
from tests.helpers.browser import PATIENCE, Browser
from tests.helpers.manual import page as page_of_manual
from tests.helpers.manual import scripts
from tests.helpers.page import page_file

ONLINE = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}


@pytest.fixture(scope="module")
def results() -> Results:
    axes: dict[str, Any] = {"hidden": [0, 3, "4x4"], "learning_rate": [0.3, 2], "seed": range(5)}
    return Sweep(dataset="circle", **axes, samples=200, iterations=500).run(jobs=1, out=None)


@pytest.fixture(scope="module")
def path(results: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return page_file(results, tmp_path_factory.mktemp("asked"))


@pytest.fixture
def page(browser: Browser, path: Path, tmp_path: Path) -> Iterator[Browser]:
    """The page of somebody who has no network; downloads go to `tmp_path`, and texts to the clipboard."""
    command = browser.driver.execute_cdp_cmd
    command("Network.enable", {})
    command("Network.emulateNetworkConditions", ONLINE | {"offline": True})
    command("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    command("Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]})
    browser.open(path)
    browser("document.getElementById('change').open = true")
    yield browser
    command("Network.emulateNetworkConditions", ONLINE)
    requests = {request.split("#")[0] for request in browser.requests()}
    assert requests <= {path.as_uri()} | {each for each in requests if each.startswith("blob:")}
    assert browser.complaints() == []


def click(browser: Browser, name: str) -> None:
    browser("document.getElementById(arguments[0]).scrollIntoView({ block: 'center' })", name)
    browser.find(f"#{name}").click()
    browser.settle()


def type_into(browser: Browser, name: str, text: str) -> None:
    box = browser.find(f"#{name}")
    box.clear()
    box.send_keys(text, Keys.ENTER)
    browser.settle()


def choose_file(browser: Browser, file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    browser.find("#file").send_keys(str(file))
    browser.until(f"return planar.play.setting.dataset === '{file.name}'")


def train(browser: Browser) -> None:
    """As fast as possible, to the end."""
    browser.choose("speed", 1000000)
    browser("if (!planar.trainer.playing) document.getElementById('play').click()")
    browser.until("return planar.trainer.isDone")
    browser.settle()


def show(browser: Browser, filtered: str) -> None:
    """Show the first configuration that a filter of the table leaves."""
    box = browser.find("#filter")
    box.clear()
    box.send_keys(filtered)
    browser.find("#configurations tbody button").click()
    browser.settle()


def percent(browser: Browser, name: str) -> float:
    return float(browser.text(name).removesuffix(" %"))


def downloaded(folder: Path, pattern: str) -> Path:
    end = time.monotonic() + PATIENCE
    while not (found := [each for each in folder.glob(pattern) if each.suffix != ".crdownload"]):
        assert time.monotonic() < end, list(folder.iterdir())
        time.sleep(0.05)
    return found[0]


def clipboard(browser: Browser) -> str:
    return str(browser.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])"))


def parameters(browser: Browser) -> list[Any]:
    return list(
        browser("return planar.trainer.training.parameters.map(({ W, b }) => [W.map((row) => [...row]), [...b]])")
    )


# TensorFlow Playground


def test_own_data(page: Browser, tmp_path: Path) -> None:
    """tensorflow/playground#102: train on a CSV file, and see what becomes of it."""
    draw = np.random.default_rng(0)
    kinds = np.arange(150) % 3
    points = draw.normal(0, 0.4, (150, 2)) + np.array([[0, 0], [2, 0], [1, 2]])[kinds]
    rows = [f"{x:.3f};{y:.3f};{'abc'[k]}".replace(".", ",") for (x, y), k in zip(points, kinds, strict=True)]
    choose_file(page, tmp_path / "mine.csv", "\n".join(["width;height;kind", *rows]))
    type_into(page, "knob-learning_rate", "1")
    train(page)
    assert percent(page, "here-test") > 90
    legend = page("return [...document.querySelectorAll('#plane-legend > span')].map((e) => e.textContent.trim())")
    assert legend == ["class a", "class b", "class c"]
    assert page.text("plane-x").startswith("width")


def test_settings_that_work_and_why(page: Browser) -> None:
    """tensorflow/playground#195: load the best known setting, and a bad one, and read why."""
    headline = page("return document.querySelector('.headline').textContent")
    assert page.text("chosen-name") in headline  # it is there when the page opens
    assert page.text("chosen-standing").startswith("The best mean")
    show(page, "hidden=0")
    assert page.text("chosen-standing").startswith("Not tied with the best: the truly best configuration is better by")
    assert percent(page, "recorded-test") < 90
    show(page, "best")
    train(page)
    assert page.text("comparison").startswith("\u2713 Agrees with the recorded result")


def test_the_boundary_is_that_of_a_function(page: Browser, tmp_path: Path) -> None:
    """tensorflow/playground#252: points above and below a curve, of which the network finds the curve."""
    draw = np.random.default_rng(1)
    x, y = draw.uniform(-4, 4, 400), draw.uniform(-2, 2, 400)
    rows = [f"{a:.4f},{b:.4f},{'above' if b > math.sin(a) else 'below'}" for a, b in zip(x, y, strict=True)]
    choose_file(page, tmp_path / "sine.csv", "\n".join(["x,y,side", *rows]))
    for _ in range(5):
        page.find("[aria-label='more units in layer 1']").click()
    for name, text in (("learning_rate", "3"), ("iterations", "1000")):
        type_into(page, f"knob-{name}", text)
    assert page("return planar.play.setting.hidden") == "8"
    train(page)
    assert percent(page, "here-test") > 95


def test_weights_and_data_as_json(page: Browser, tmp_path: Path) -> None:
    """tensorflow/playground#39: take the network and its data out of the page; read with the lines of the manual."""
    show(page, "hidden=4x4 lr=2")
    train(page)
    click(page, "save-network")
    saved = downloaded(tmp_path, "*.json")
    network = json.loads(saved.read_bytes())
    names: dict[str, Any] = {}
    exec(scripts(page_of_manual("docs/page.md"))[0], names)  # noqa: S102 - what the manual shows
    predicted = names["test_points_predicted"](saved)
    assert f"{100 * np.mean(predicted == np.array(network['data']['Y_test'])):.1f} %" == page.text("here-test")
    assert [[layer["W"], layer["b"]] for layer in network["layers"]] == parameters(page)
    assert (network["state"], network["iteration"]) == ("trained on the page", 500)
    assert network["setting"]["hidden"] == "4x4"


def test_the_same_initial_weights_again(page: Browser) -> None:
    """tensorflow/playground#25: rewind to the same initial weights, also with another setting, and by a link."""
    click(page, "restart")
    initial = parameters(page)
    train(page)
    assert parameters(page) != initial
    click(page, "restart")
    assert parameters(page) == initial
    type_into(page, "knob-learning_rate", "0.7")
    click(page, "restart")
    assert parameters(page) == initial
    click(page, "copy-link")
    page.until("return document.getElementById('copy-link').textContent === 'Copied'")
    link = clipboard(page)
    page.driver.get("about:blank")
    page.driver.get(link)
    page.until("return document.documentElement.dataset.ready === 'true'")
    click(page, "restart")
    assert parameters(page) == initial
    assert page("return planar.play.setting.learning_rate") == 0.7


# W&B


def test_a_report_without_a_server(page: Browser, path: Path) -> None:
    """wandb/wandb#7256: a report as one file, read and used on a machine without a network."""
    assert not page("return navigator.onLine")
    assert page("return location.protocol") == "file:"
    assert [each.name for each in path.parent.iterdir()] == ["report.html"]
    drawn = page("return Object.values(planar.charts).map((chart) => chart.element.querySelectorAll('svg').length)")
    assert drawn == [1, 1, 1, 1]
    train(page)


def test_seeds_are_one_line_with_an_interval(page: Browser, results: Results) -> None:
    """wandb/wandb#2680: combine the seeds, and keep every other combination of settings apart."""
    rows = page("return [...document.querySelectorAll('#configurations tbody tr')].map((row) => row.innerText)")
    assert len(rows) == len(results.summary) == 6
    titles = page("return [...document.querySelectorAll('#configurations th')].map((e) => e.textContent)")
    assert {"hidden units", "learning rate", "95 % interval", "seeds"} <= set(titles)
    assert not {"seed"} & set(titles)
    show(page, "hidden=3 lr=2")
    lines = page("return planar.charts.cost.view.data('curves').filter(({ kind }) => kind === 'median')")
    costs = results.curves.query("hidden == '3' and learning_rate == 2").groupby("iteration")["cost"].median()
    assert [line["cost"] for line in lines] == costs.tolist()
    assert page("return planar.charts.seeds.view.data('seeds').length") == 5  # and each of them, if wanted
    row = results.summary.query("hidden == '3' and learning_rate == 2").iloc[0]
    interval = f"{100 * row['ci_low_test_accuracy']:.1f} to {100 * min(row['ci_high_test_accuracy'], 1):.1f} %"
    assert interval in page.text("chosen-statistics")


def test_two_runs_are_compared(page: Browser) -> None:
    """wandb/wandb#2470: two runs beside each other: in which settings they differ, and how they do."""
    show(page, "hidden=3 lr=2")
    click(page, "compare")
    show(page, "hidden=0 lr=2")
    names = page("return [...document.querySelectorAll('.view-name')].map((e) => e.textContent)")
    assert names == ["A 3 hidden units, learning rate 2", "B no hidden units, learning rate 2"]
    train(page)
    assert page.text("pinned-iteration") == page.text("iteration") == "500"
    assert percent(page, "pinned-here-test") > percent(page, "here-test")


@pytest.mark.parametrize("format_", ["PNG", "SVG"])
def test_a_chart_for_a_paper(page: Browser, tmp_path: Path, format_: str) -> None:
    """wandb/wandb#1446: a chart as SVG, or as PNG with more pixels than the screen has."""
    width = page(
        "const chart = document.getElementById('chart-heat');"
        "chart.nextElementSibling.querySelector(`[aria-label$=${arguments[0]}]`).click();"
        "return chart.querySelector('svg').getBoundingClientRect().width",
        format_,
    )
    saved = downloaded(tmp_path, f"*.{format_.lower()}").read_bytes()
    if format_ == "SVG":
        assert saved.startswith(b"<svg")
        assert b"learning rate" in saved
    else:
        assert struct.unpack(">I", saved[16:20])[0] >= 2.9 * width


def test_a_sweep_from_a_network(
    page: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """wandb/wandb#11067: start a sweep from what is shown, with one setting changed."""
    show(page, "hidden=3 lr=2")
    page.choose("knob-activation", "relu")
    train(page)
    click(page, "copy-command")
    page.until("return document.getElementById('copy-command').textContent === 'Copied'")
    command = shlex.split(clipboard(page))
    assert command[:3] == ["python", "-m", "experiments.grid"]
    monkeypatch.chdir(tmp_path)
    assert grid.main([*command[3:], "--jobs", "1", "--no-plots", "--quiet"]) == 0
    capsys.readouterr()
    runs = read(tmp_path / "results").runs
    assert len(runs) == 10
    assert runs["cost"].iloc[0] == pytest.approx(page("return planar.trainer.last.cost"), rel=1e-9)


# Optuna Dashboard


def test_the_table_as_a_csv_file(page: Browser, tmp_path: Path, results: Results) -> None:
    """optuna/optuna-dashboard#442: save the table, as it is filtered and sorted, for a spreadsheet or pandas."""
    page.find("#filter").send_keys("hidden>0")
    click(page, "save-table")
    table = pd.read_csv(downloaded(tmp_path, "*.csv"), dtype={"hidden units": str})
    summary = results.summary.query("hidden != '0'").sort_values("rank_test_accuracy", kind="stable")
    assert table["hidden units"].tolist() == summary["hidden"].tolist()
    assert table["mean test accuracy"].tolist() == summary["mean_test_accuracy"].tolist()


def test_the_best_are_filtered_and_counted(page: Browser, results: Results) -> None:
    """optuna/optuna-dashboard#654: only the best; where several are as good, all of these, and how many there are."""
    tied = int(results.summary["tied_with_best"].sum())
    assert 1 < tied < 6
    page.find("#filter").send_keys("tied")
    assert page.text("count") == f"{tied} of {tied} configurations shown"
    rows = page("return [...document.querySelectorAll('#configurations tbody button')].map((e) => e.ariaLabel)")
    assert len(rows) == tied
    assert f"show {page.text('chosen-name')}" in rows
