"""The report in a browser: it works without a network, follows every click and key, and trains as planar_core does."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from experiments.report import page as page_module
from experiments.results import Results
from experiments.sweep import Sweep
from experiments.tables.statistics import median_replicate
from planar_core import initialize
from planar_core.streams import Stream
from tests.oracles import reference

PATIENCE = 60  # seconds, of a machine with much to do
HOW = "expected chromium and chromedriver, found none; on Debian and Ubuntu: apt install chromium chromium-driver"


class Browser:
    """Headless Chromium, and what the tests ask it."""

    def __init__(self, profile: Path) -> None:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        chromedriver = shutil.which("chromedriver")
        if chromium is None or chromedriver is None:
            raise (pytest.fail.Exception if os.environ.get("REQUIRE_BROWSER") else pytest.skip.Exception)(HOW)
        options = Options()
        options.binary_location = chromium
        # No sandbox, as for root in a container; no shared memory, of which containers have little.
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", f"--user-data-dir={profile}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(chromedriver))
        self.driver.set_script_timeout(PATIENCE)

    def open(self, path: Path, width: int = 1280, height: int = 900, **media: str) -> None:
        """Open a page, of which nothing was asked before; ``media`` are what the reader prefers."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        features = [{"name": f"prefers-{name.replace('_', '-')}", "value": value} for name, value in media.items()]
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        self.driver.get("about:blank")
        for log in ("browser", "performance"):
            self.driver.get_log(log)  # what came before
        self.driver.get(path.as_uri())
        self.until("return document.documentElement.dataset.ready === 'true'")

    def __call__(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def until(self, script: str) -> None:
        end = time.monotonic() + PATIENCE
        while not self(script):
            assert time.monotonic() < end, (script, self.driver.get_log("browser"))
            time.sleep(0.05)

    def find(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, name: str) -> str:
        return str(self("return document.getElementById(arguments[0]).textContent", name))

    def choose(self, name: str, value: Any) -> None:
        """Choose from a select, as a reader would."""
        self(
            "const e = document.getElementById(arguments[0]); e.value = arguments[1];"
            "e.dispatchEvent(new Event('change'));",
            name,
            str(value),
        )
        self.settle()

    def settle(self) -> None:
        """Wait for the charts."""
        self.driver.execute_async_script(
            "Promise.all(Object.values(planar.charts).map((chart) => chart.done)).then(arguments[0])"
        )

    def click_cell(self, x: int, y: int) -> None:
        """Click into the heat map's cell in column x and row y."""
        place = self(
            """const cells = document.querySelectorAll('#chart-heat .layer_0_marks path');
            const width = planar.sweep.axes[planar.chosen.x].values.length;
            const cell = cells[arguments[1] * width + arguments[0]];
            cell.scrollIntoView({block: 'center'});
            const box = cell.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];""",
            x, y,
        )  # fmt: skip
        for kind in ("mousePressed", "mouseReleased"):
            event = {"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1}
            self.driver.execute_cdp_cmd("Input.dispatchMouseEvent", event)
        self.settle()

    def curves(self) -> Any:
        self.settle()
        return self("return planar.charts.cost.view.data('curves')")

    def press(self, *keys: str) -> None:
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()
        self.settle()

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.driver.quit()


@pytest.fixture(scope="module")
def swept() -> Results:
    axes: dict[str, Any] = {"hidden": [1, 3, "4x2"], "learning_rate": [0.1, 1.2], "seed": range(5)}
    return Sweep(dataset=["moons", "iris"], **axes, iterations=200).run(jobs=2)


@pytest.fixture(scope="module")
def page(swept: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page with spaces") / "report.html"
    path.write_text(page_module.page(swept), encoding="utf-8")
    return path


@pytest.fixture
def functions(browser: Browser, page: Path) -> Browser:
    """The page, as whoever was here before left it: what its functions return does not depend on that."""
    if browser.driver.current_url != page.as_uri():
        browser.open(page)
    return browser


@pytest.fixture
def opened(browser: Browser, page: Path) -> Iterator[Browser]:
    """The page, as it opens; nothing that was done with it may have made the browser complain."""
    browser.open(page)
    yield browser
    assert browser.complaints() == []


# The network


def network(browser: Browser, script: str, *arguments: Any) -> Any:
    """What a script returns that has the modules' functions at hand."""
    names = "{ initialize, forward, cost, accuracy, backward, update, Training, RandomState }"
    return browser(
        f"const {names} = planar;"
        "const rows = (array) => array.map((row) => Float64Array.from(row));"
        "const plain = (layers) => layers.map(({ W, b }) => [W.map((row) => [...row]), [...b]]);" + script,
        *arguments,
    )


def layers(given: Any) -> list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    return [(np.array(W), np.array(b).reshape(-1, 1)) for W, b in given]


def problem(features: int = 2, examples: int = 30) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    random = np.random.RandomState(7)
    X = random.randn(features, examples)
    return X, (X[:1] * X[-1:] + 0.3 * random.randn(1, examples) > 0).astype(float)


@pytest.mark.parametrize("seed", [0, 1, 2**31, 2**32 - 1])
def test_random_numbers_are_those_of_the_core(functions: Browser, seed: int) -> None:
    normal, words, order = network(
        functions,
        "const [seed] = arguments, of = (n, f) => Array.from({ length: n }, f);"
        "const [a, b, c] = [new RandomState(seed), new RandomState(seed), new RandomState(seed)];"
        "return [of(1001, () => a.normal()), of(700, () => b.uniform()), [c.permutation(400), c.permutation(3)]];",
        seed,
    )
    np.testing.assert_allclose(normal, Stream(seed).normal(1001), rtol=1e-14, atol=0)
    np.testing.assert_array_equal(words, np.random.RandomState(seed).random_sample(700))
    expected = np.random.RandomState(seed)
    assert order == [expected.permutation(400).tolist(), expected.permutation(3).tolist()]


@pytest.mark.parametrize("init", ["normal", "glorot", "he"])
@pytest.mark.parametrize("hidden", ["0", "4", "3x5x2"])
def test_initial_parameters_are_those_of_the_core(functions: Browser, hidden: str, init: str) -> None:
    for scale in (None, 0.5):
        computed = network(functions, "return plain(initialize(3, ...arguments));", hidden, 2, init, scale)
        expected = initialize(3, hidden, 2, init, scale)
        for (W, b), (expected_W, expected_b) in zip(layers(computed), expected, strict=True):
            np.testing.assert_allclose(W, expected_W, rtol=1e-14, atol=1e-18)
            np.testing.assert_array_equal(b, expected_b)


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "identity"])
@pytest.mark.parametrize("hidden", [(), (4,), (3, 5, 2)])
def test_each_step_is_that_of_the_formulas(functions: Browser, hidden: tuple[int, ...], activation: str) -> None:
    X, Y = problem(3)
    parameters = reference.initial(3, hidden, 5, init_scale=1.0)
    Z, A = reference.forward(parameters, X, activation)
    gradients = reference.backward(parameters, A, X, Y, activation)
    computed = network(
        functions,
        """const [given, X, Y, activation] = arguments;
        const parameters = given.map(([W, b]) => ({ W: rows(W), b: Float64Array.from(b) }));
        const { A, Z } = forward(parameters, rows(X), activation);
        const gradients = backward(parameters, A, rows(X), Float64Array.from(Y), activation);
        update(parameters, gradients, 0.5, 0.25);
        return { A: A.map((layer) => layer.map((row) => [...row])), cost: cost(Z, Y), accuracy: accuracy(Z, Y),
          gradients: plain(gradients), updated: plain(parameters) };""",
        [[W.tolist(), b.ravel().tolist()] for W, b in parameters], X.tolist(), Y[0].tolist(), activation,
    )  # fmt: skip
    for layer, expected in zip(computed["A"], A, strict=True):
        np.testing.assert_allclose(layer, expected, rtol=1e-12)
    assert computed["cost"] == pytest.approx(reference.cost(Z, Y), rel=1e-13)
    assert computed["accuracy"] == reference.accuracy(Z, Y)
    rates = [0.5] * len(hidden) + [0.25]
    updated = [
        reference.update([pair], [step], rate)[0] for pair, step, rate in zip(parameters, gradients, rates, strict=True)
    ]
    for name, wanted in (("gradients", gradients), ("updated", updated)):
        for (W, b), (expected_W, expected_b) in zip(layers(computed[name]), wanted, strict=True):
            np.testing.assert_allclose(W, expected_W, rtol=1e-10, atol=1e-14)
            np.testing.assert_allclose(b, expected_b, rtol=1e-10, atol=1e-14)


def test_a_saturated_network_has_a_finite_cost(functions: Browser) -> None:
    assert network(functions, "return cost([800, -800, 0], [1, 1, 0]);") == pytest.approx((800 + np.log(2)) / 3)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"activation": "relu", "output_learning_rate": 0.01, "init": "he"},
        {"optimizer": "momentum", "momentum": 0.8, "l1": 0.01},
        {"optimizer": "adam", "beta1": 0.8, "beta2": 0.99, "l2": 0.1, "learning_rate": 0.05},
        {"batch_size": 7, "activation": "sigmoid", "init": "glorot"},
        {"batch_size": 30},
        {"batch_size": 16, "optimizer": "adam", "l1": 0.01, "l2": 0.01, "learning_rate": 0.02},
    ],
    ids=str,
)
@pytest.mark.parametrize("hidden", [(), (4,), (3, 2)])
def test_training_is_that_of_the_formulas(functions: Browser, hidden: tuple[int, ...], how: dict[str, Any]) -> None:
    X, Y = problem()
    how = {"learning_rate": 0.5, **how}
    text = "x".join(map(str, hidden)) or "0"
    computed = network(
        functions,
        """const [X, Y, how] = arguments, training = new Training(rows(X), Float64Array.from(Y), how), all = [];
        for (let k = 0; k <= 40; k++) {
          const { cost, accuracy } = training.measure();
          all.push([cost, accuracy]);
          training.step();
        }
        training.restart();
        return [all, training.measure().cost];""",
        X.tolist(), Y[0].tolist(), {**how, "hidden": text, "seed": 2**31 + 3},
    )  # fmt: skip
    expected = reference.train(X, Y, hidden, how.pop("learning_rate"), 40, 2**31 + 3, "float64", **how)
    np.testing.assert_allclose(computed[0], [[cost, accuracy] for cost, accuracy, _ in expected], rtol=1e-9)
    assert computed[1] == computed[0][0][0]  # restart() forgets everything


# The page


def test_nothing_is_asked_of_anybody_and_nothing_is_wrong(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.click_cell(0, 0)
    assert browser.requests() == [page.as_uri()]
    assert browser.complaints() == []


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
    assert opened.text("chosen-name") == f"dataset {dataset}, hidden {axes[1][2]}, learning rate 1.2"
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


@pytest.mark.parametrize(("hidden", "rate"), [("1", 0.1), ("3", 1.2), ("4x2", 1.2)])
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
        f"show dataset {dataset}, hidden {hidden}, learning rate {rate:g}",
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
        == f"{curves['test_accuracy'].iloc[-1]:.2%}".replace("%", " %")
    )
    assert opened.text("comparison").startswith(
        "Costs agree with the recorded ones to 1e-9 up to iteration 200. It ends within the tolerance of 1e-9 in cost"
        " and 1 point of accuracy: "
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
    ],
    ids=",".join,
)
def test_every_setting_arrives_in_the_page(browser: Browser, request_: dict[str, Any], tmp_path: Path) -> None:
    knobs = {"dataset": ["moons"], "hidden": [3], "learning_rate": [0.1], "seed": [0, 5], "iterations": 40, **request_}
    results = Sweep(**knobs).run(jobs=1, out=tmp_path / "results")
    path = tmp_path / "report.html"
    path.write_text(page_module.page(results), encoding="utf-8")
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


@pytest.mark.parametrize(("apart", "verdict"), [(0.25, "within"), (0.35, "outside")])
def test_a_training_that_leaves_the_recorded_curve_is_said_to(opened: Browser, apart: float, verdict: str) -> None:
    opened(
        """const { trainer, chosen } = planar, later = ({ cost, iteration }) => cost + (iteration > 100 ? 0.001 : 0);
        trainer.recorded = trainer.recorded.map((record) => ({ ...record, cost: later(record) }));
        chosen.run = { ...chosen.run, cost: chosen.run.cost + arguments[0] };
        trainer.speed = 1000000;
        trainer.play();""",
        apart,
    )
    opened.until("return planar.trainer.isDone")
    assert opened.text("comparison") == (
        "Costs agree with the recorded ones to 1e-9 up to iteration 100. After that, training has amplified differences"
        f" in the last bit. It ends {verdict} the tolerance of 0.3 in cost and 5 points of accuracy: {apart} and 0"
        " apart."
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
    assert opened.text("plane-said").startswith("No picture of the boundary: the network's 4 features")
    opened.find("#step").click()
    assert opened.text("iteration") == "1"


def column(browser: Browser, title: str) -> list[str]:
    return list(
        browser(
            "const t = document.getElementById('configurations');"
            "const k = [...t.tHead.rows[0].cells].findIndex((c) => c.textContent === arguments[0]);"
            "return [...t.tBodies[0].rows].map((row) => row.cells[k].textContent);",
            title,
        )
    )


def test_the_table_sorts(opened: Browser) -> None:
    assert column(opened, "rank") == sorted(column(opened, "rank"), key=int)

    def key(text: str) -> float:
        return float(text.removesuffix(" %"))

    for title in ("mean cost", "mean test accuracy"):
        button = opened(
            "return [...document.querySelectorAll('#configurations th button')]"
            ".find((b) => b.textContent === arguments[0]);",
            title,
        )
        for direction in ("ascending", "descending"):
            button.click()
            expected = sorted(column(opened, title), key=key, reverse=direction == "descending")
            assert column(opened, title) == expected
            sorted_by = opened(
                "return [...document.querySelectorAll('#configurations th')].filter((c) => c.ariaSort !== 'none' && "
                "c.ariaSort).map((c) => [c.textContent, c.ariaSort]);"
            )
            assert sorted_by == [[title, direction]]


def test_the_table_is_filtered(opened: Browser) -> None:
    assert opened.text("count") == "12 of 12 configurations shown"
    for text, hidden in (("hidden=3", ["3"] * 4), ("MOONS learning_rate=1.2", ["1", "3", "4x2"]), ("nothing", [])):
        box = opened.find("#filter")
        box.clear()
        box.send_keys(text)
        assert sorted(column(opened, "hidden")) == hidden
        assert opened.text("count") == f"{len(hidden)} of {len(hidden)} configurations shown"


def test_axes_are_chosen_and_further_ones_fixed_or_the_best(opened: Browser, swept: Results) -> None:
    names = opened("return planar.sweep.axes.map((axis) => axis.name)")
    opened.choose("axis-x", names.index("dataset"))
    opened.choose("axis-y", names.index("hidden"))
    select = opened.find("#axis-further select")
    means = swept.summary.set_index(["dataset", "hidden", "learning_rate"])["mean_test_accuracy"].sort_index()
    for value in ("best", "0"):
        opened("arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('change'))", select, value)
        opened.settle()
        for cell in opened("return planar.charts.heat.view.data('cells')"):
            here = means[cell["x"], cell["y"]]
            assert cell["mean"] == pytest.approx(here.max() if value == "best" else here[0.1], rel=1e-6)
        assert ("best over learning rate" in opened.text("further-said")) == (value == "best")
    titles = opened("return [...document.querySelectorAll('#chart-heat .role-axis-title')].map((t) => t.textContent)")
    assert sorted(titles) == ["dataset", "hidden"]


# Keys, colours, sizes


def test_the_tab_key_reaches_everything_and_one_sees_where_it_is(opened: Browser) -> None:
    wanted = opened(
        "window.wanted = [...document.querySelectorAll('button, select, input, [tabindex]')].filter((e) =>"
        " !e.disabled && e.getClientRects().length); return wanted.length;"
    )
    opened("document.activeElement.blur(); window.getSelection().removeAllRanges();")
    reached = set()
    for _ in range(wanted + 2):
        opened.press(Keys.TAB)
        place, outline = opened(
            "const e = document.activeElement; return [wanted.indexOf(e), getComputedStyle(e).outlineStyle];"
        )
        if place >= 0:
            assert outline == "solid", opened("return document.activeElement.outerHTML.slice(0, 200)")
            reached.add(place)
    assert reached == set(range(wanted))


def test_arrow_keys_walk_over_the_heat_map_and_enter_trains(opened: Browser) -> None:
    opened("document.getElementById('chart-heat').focus()")
    place = (
        "const { chosen, sweep } = planar;"
        "return [chosen.x, chosen.y].map((axis) => sweep.codes[axis][chosen.configuration]);"
    )
    opened.press(*[Keys.ARROW_LEFT] * 3, *[Keys.ARROW_UP] * 4)
    assert opened(place) == [0, 0]
    opened.press(Keys.ARROW_DOWN, Keys.ARROW_RIGHT)
    assert opened(place) == [1, 1]
    assert opened("return planar.trainer.started") is False
    opened.press(Keys.ENTER)
    opened.until("return planar.trainer.iteration > 0")


def luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_have_enough_contrast(browser: Browser, page: Path, theme: str) -> None:
    browser.open(page, color_scheme=theme)
    assert browser("return document.documentElement.dataset.theme") == theme
    pairs = browser(
        """const found = new Map();
        const ground = (e) => {
          for (; e; e = e.parentElement) {
            const colour = getComputedStyle(e).backgroundColor;
            if (colour !== 'rgba(0, 0, 0, 0)') return colour;
          }
        };
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
          const e = walker.currentNode.parentElement;
          const style = getComputedStyle(e);
          if (!walker.currentNode.textContent.trim() || !e.getClientRects().length) continue;
          const isChart = e.closest('svg');
          if (isChart && e.closest('.mark-text.role-mark')) continue;  // on the heat map: see below
          found.set(`${isChart ? style.fill : style.color} ${ground(e)}`, e.outerHTML.slice(0, 120));
        }
        return [...found].map(([pair, example]) => [...pair.match(/rgb\\([^)]*\\)/g), example]);"""
    )
    assert len(pairs) >= 3
    browser(
        """const cells = Array.from({ length: 41 }, (_, k) => ({ x: "a", y: `${k}`, id: k, mean: k / 40, tied: "no" }));
        Object.assign(planar.charts.heat, { data: { cells }, size: { height: 1400 } });
        planar.charts.heat.draw();"""
    )
    browser.settle()
    cells = browser(
        """const texts = [...document.querySelectorAll('#chart-heat .layer_2_marks text')];
        const rects = [...document.querySelectorAll('#chart-heat .layer_1_marks path')];
        const fill = (element) => getComputedStyle(element).fill;
        return texts.map((text, i) => [fill(text), fill(rects[i]), text.textContent]);"""
    )
    assert len(cells) == 41
    for ink, ground, example in [*pairs, *cells]:
        light, dark = sorted((luminance(ink), luminance(ground)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground, example)
    assert browser.complaints() == []


def test_the_theme_is_switched(browser: Browser, page: Path) -> None:
    browser.open(page, color_scheme="dark")
    ground = "return getComputedStyle(document.body).backgroundColor"
    dark = browser(ground)
    browser.find("#theme").click()
    browser.settle()
    assert luminance(browser(ground)) > 0.9 > 0.1 > luminance(dark)
    browser.find("#theme").click()
    browser.settle()
    assert browser(ground) == dark
    assert browser.complaints() == []


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_the_page_is_as_wide_as_the_screen(browser: Browser, page: Path, width: int) -> None:
    browser.open(page, width=width)
    assert browser("return document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    browser.click_cell(0, 1)
    browser.choose("axis-y", 0)
    assert browser("return document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    assert browser.complaints() == []


def test_the_numbers_of_a_diverged_run_are_not_said_to_be_of_the_end(browser: Browser, tmp_path: Path) -> None:
    how = {"hidden": ["8x8"], "activation": ["identity"], "init": ["he"], "iterations": 20, "seed": [0]}
    results = Sweep(**how, learning_rate=[0.01, 1000]).run(jobs=1, out=tmp_path / "results")
    assert results.runs["status"].tolist() == ["ok", "diverged"]
    path = tmp_path / "report.html"
    path.write_text(page_module.page(results), encoding="utf-8")
    browser.open(path)
    for rate, said in (("0.01", "20"), ("1000", "before 20")):
        browser(
            "[...document.querySelectorAll('#configurations tbody button')].find((b) =>"
            " b.ariaLabel.includes(arguments[0])).click()",
            f"learning rate {rate}",
        )
        assert browser.text("recorded-iteration") == said
    assert browser.complaints() == []


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_a_long_name_leaves_room_for_what_is_said_of_it(browser: Browser, tmp_path: Path, width: int) -> None:
    data = tmp_path / f"{'a-name-without-a-gap' * 4}.csv"
    data.write_text("a,b,c\n" + "".join(f"{i % 7},{i * i % 11},{i // 2 % 2}\n" for i in range(40)), encoding="utf-8")
    results = Sweep(dataset=[str(data)], hidden=[1], learning_rate=[1], seed=[0], iterations=2).run(
        jobs=1, out=tmp_path / "results"
    )
    path = tmp_path / "report.html"
    path.write_text(page_module.page(results), encoding="utf-8")
    browser.open(path, width=width)
    shares = browser(
        "return [...document.querySelectorAll('#provenance dd')].map("
        " (dd) => dd.getBoundingClientRect().width / dd.parentElement.getBoundingClientRect().width)"
    )
    assert min(shares) > 0.4
    assert browser("return document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    assert browser.complaints() == []


def test_who_prefers_less_motion_is_not_shown_any_unasked(browser: Browser, page: Path) -> None:
    browser.open(page, reduced_motion="reduce")
    browser.click_cell(0, 1)
    assert browser("return planar.trainer.started") is False
    browser.find("#play").click()
    browser.until("return planar.trainer.isDone")
    assert browser.text("iteration") == "200"


def test_what_is_not_held_is_said(
    browser: Browser, swept: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = {"MOST_POINTS": 5, "FEWEST_RECORDS": 2, "MOST_DATA": 5000, "MOST_PARAMETERS": 10}
    for name, value in limits.items():
        monkeypatch.setattr(report, name, value)
    path = tmp_path / "report.html"
    path.write_text(page_module.page(swept), encoding="utf-8")
    browser.open(path)
    browser.find("#filter").send_keys("moons")
    for button in browser.driver.find_elements(By.CSS_SELECTOR, "#configurations tbody button"):
        button.click()
        browser.settle()
    said = browser.text("curves-said"), browser.text("plane-said")
    assert said[0].startswith(("The page does not hold the curves", "1 of 5 seeds have their curves"))
    assert said[1].startswith("The page does not hold this network: train it again to see it.")
    browser.find("#step").click()
    assert browser.text("plane-said").startswith("Trained here for 1 iterations.")
    browser.find("#filter").clear()
    browser.find("#filter").send_keys("iris")
    browser.find("#configurations tbody button").click()
    assert browser.text("iteration") == "–"
    assert browser.complaints() == []


NAME = "<script>alert(1)<!--\"'&$x.csv"


@pytest.mark.parametrize(
    "request_",
    [
        {"hidden": [2], "learning_rate": [1], "seed": [0]},
        {"hidden": [2], "learning_rate": [0.5, 1], "seed": range(2), "dtype": "float32"},
        {"hidden": [0, 1], "learning_rate": [1], "seed": [3], "iterations": 0},
        {"hidden": [1], "learning_rate": [1e307], "seed": range(2)},
    ],
    ids=str,
)
def test_sweeps_of_any_shape(browser: Browser, request_: dict[str, Any], tmp_path: Path) -> None:
    data = tmp_path / NAME
    rows = "".join(f'{i % 7},{i * i % 11},"</script>{i // 2 % 2}"\n' for i in range(40))
    data.write_text(f'"</script><script>x",b,"la""bel"\n{rows}', encoding="utf-8")
    results = Sweep(**{"dataset": [str(data)], "iterations": 20, **request_}).run(jobs=1, out=tmp_path / "results")
    path = tmp_path / "report.html"
    path.write_text(page_module.page(results), encoding="utf-8")
    browser.open(path)
    browser.click_cell(0, 0)
    assert browser.text("class-one") == "class </script>1"
    if not browser("return planar.trainer.isDone"):
        browser.choose("speed", 1000000)
        if not browser("return planar.trainer.playing"):
            browser.find("#play").click()
        browser.until("return planar.trainer.isDone")
    assert browser.complaints() == []
