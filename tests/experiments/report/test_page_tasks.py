"""The report in a browser, for each task: its networks train by the formulas, and are drawn and said as what they are.

The formulas stand here once more, in NumPy. What the page is given is made here by hand, as ``contents`` hands it over.
"""

from __future__ import annotations

import copy
import functools
import string
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.report import contents as held
from experiments.report import page as pages
from experiments.report.charts import KINDS, specifications
from experiments.report.embedding import WEB, as_json
from experiments.report.play import description
from experiments.report.vega import vega
from experiments.store.store import STATUSES
from experiments.tables.words import label
from planar_core.choices import ACTIVATIONS, INITS, OPTIMIZERS
from tests.helpers.browser import Browser

Array = np.ndarray[Any, np.dtype[np.float64]]
TASKS = ("binary", "multiclass", "regression")
CLASSES = 4  # of multiclass
HIDDEN = {"0": [], "5": [5], "4x3": [4, 3]}
ITERATIONS, EVERY = 300, 10
SCALE = 0.5  # of the initial weights
SEEDS = (3, 4, 5)


# The formulas


def output(task: str, Z: Array) -> Array:
    if task == "regression":
        return Z
    if task == "binary":
        return 1 / (1 + np.exp(-Z))
    exponentials = np.exp(Z - Z.max(axis=0))
    return np.asarray(exponentials / exponentials.sum(axis=0))


def answers(task: str, Y: Array) -> Array:
    """What the output is to become: (units, examples)."""
    return np.equal(np.arange(CLASSES)[:, np.newaxis], Y).astype(float) if task == "multiclass" else Y


def cost(task: str, Z: Array, Y: Array) -> float:
    if task == "regression":
        return float(np.mean((Z - Y) ** 2) / 2)
    if task == "binary":
        return float(np.mean(np.maximum(Z, 0) - Y * Z + np.log1p(np.exp(-np.abs(Z)))))
    Z = Z - Z.max(axis=0)
    return float(np.mean(np.log(np.exp(Z).sum(axis=0)) - (Z * answers(task, Y)).sum(axis=0)))


def score(task: str, Z: Array, Y: Array) -> float:
    if task == "regression":
        return float(1 - np.sum((Z - Y) ** 2) / np.sum((Y - np.mean(Y)) ** 2))
    return float(np.mean((Z > 0 if task == "binary" else np.argmax(Z, axis=0)[np.newaxis]) == Y))


def initial(features: int, hidden: list[int], task: str, seed: int) -> list[tuple[Array, Array]]:
    random = np.random.RandomState(seed)
    sizes = [features, *hidden, CLASSES if task == "multiclass" else 1]
    return [(SCALE * random.randn(units, inputs), np.zeros((units, 1))) for inputs, units in pairwise(sizes)]


def forward(parameters: list[tuple[Array, Array]], X: Array) -> tuple[Array, list[Array]]:
    """Z of the output layer, and the inputs of each layer."""
    inputs = [X]
    for W, b in parameters[:-1]:
        inputs.append(np.tanh(W @ inputs[-1] + b))
    W, b = parameters[-1]
    return W @ inputs[-1] + b, inputs


def train(
    task: str, X: Array, Y: Array, hidden: list[int], seed: int, rate: float, iterations: int, adam: bool = False
) -> Iterator[list[tuple[Array, Array]]]:
    """The parameters after 0, 1, 2 ... updates, by gradient descent or Adam with beta1 = 0.9 and beta2 = 0.999."""
    parameters = initial(len(X), hidden, task, seed)
    moments = [(0.0 * array, 0.0 * array) for pair in parameters for array in pair]
    for k in range(1, iterations + 2):
        yield parameters
        Z, inputs = forward(parameters, X)
        dZ = (output(task, Z) - answers(task, Y)) / X.shape[1]
        steps: list[Array] = []
        for (W, _), below in zip(reversed(parameters), reversed(inputs), strict=True):
            steps = [dZ @ below.T, dZ.sum(axis=1, keepdims=True), *steps]
            dZ = W.T @ dZ * (1 - below**2)
        if adam:
            moments = [
                (0.9 * v + (1 - 0.9) * step, 0.999 * s + (1 - 0.999) * step**2)
                for (v, s), step in zip(moments, steps, strict=True)
            ]
            steps = [v / (1 - 0.9**k) / (np.sqrt(s / (1 - 0.999**k)) + 1e-8) for v, s in moments]
        parameters = [
            (W - rate * steps[2 * layer], b - rate * steps[2 * layer + 1]) for layer, (W, b) in enumerate(parameters)
        ]


def problem(task: str, examples: int, seed: int = 0) -> tuple[Array, Array]:
    """Points of the plane; a class for each part of it, or a wave."""
    random = np.random.RandomState(seed)
    X = random.uniform(-2, 2, (2, examples))
    if task == "regression":
        values = np.sin(1.5 * X[:1]) * X[1:] + 0.05 * random.randn(1, examples)
        return X, (values - values.mean()) / values.std()
    angles = np.arctan2(X[1:], X[:1] + 0.2 * random.randn(1, examples)) + np.pi
    classes = CLASSES if task == "multiclass" else 2
    return X, np.minimum(np.floor(angles / (2 * np.pi) * classes), classes - 1)


# What the page is given


def encoded(values: Any, dtype: str = "float32") -> dict[str, str]:
    return held._encoded(np.asarray(values, dtype))


@functools.cache
def _contents_of(task: str) -> dict[str, Any]:
    """Results of a sweep over hidden size and learning rate, by the formulas."""
    name = "r2" if task == "regression" else "accuracy"
    rates = (0.1, 0.5)
    (X, Y), (X_test, Y_test) = problem(task, 150), problem(task, 80, 1)
    configurations = [(hidden, rate) for hidden in HIDDEN for rate in rates]
    curves, networks = [], []
    for hidden, rate in configurations:
        for seed in SEEDS:
            records = []
            for k, parameters in enumerate(train(task, X, Y, HIDDEN[hidden], seed, rate, ITERATIONS)):
                if k % EVERY == 0:
                    (Z, _), (Z_test, _) = forward(parameters, X), forward(parameters, X_test)
                    costs = cost(task, Z, Y), cost(task, Z_test, Y_test)
                    records.append((costs[0], score(task, Z, Y), score(task, Z_test, Y_test), costs[1]))
            curves.append(np.transpose(records))
            networks.append(np.concatenate([array.ravel() for pair in parameters for array in pair]))
    numbers = np.array(curves)  # (runs, measures, records)
    final = numbers[:, :, -1].reshape(len(configurations), len(SEEDS), 4)
    mean, deviation = final.mean(axis=1), final.std(axis=1, ddof=1)
    half = 4.302652729911275 * deviation[:, 2] / len(SEEDS) ** 0.5  # Student's t of two degrees of freedom
    statistics = {
        "n_seeds": np.full(len(configurations), 3), "n_stuck": np.zeros(len(configurations)),
        f"mean_test_{name}": mean[:, 2], f"ci_low_test_{name}": mean[:, 2] - half,
        f"ci_high_test_{name}": mean[:, 2] + half, f"rank_test_{name}": 1 + np.argsort(np.argsort(-mean[:, 2])),
        "tied_with_best": np.ones(len(configurations)), f"mean_train_{name}": mean[:, 1], "mean_cost": mean[:, 0],
        "mean_test_cost": mean[:, 3],
    }  # fmt: skip
    measures = ("cost", f"train_{name}", f"test_{name}", "test_cost")
    sizes = [len(network) for network in networks]
    names = {"binary": ["no", "yes"], "multiclass": ["east", "north", "west", "south"], "regression": []}[task]
    answer = "float64" if task == "regression" else "uint8"
    return {
        "score": name,
        "constants": held.constants(),
        "play": description(),
        "axes": [
            {"name": "hidden", "label": "hidden", "problem": False, "values": list(HIDDEN),
             "codes": encoded([0, 0, 1, 1, 2, 2], "uint16")},
            {"name": "learning_rate", "label": "learning rate", "problem": False, "values": ["0.1", "0.5"],
             "codes": encoded([0, 1] * 3, "uint16")},
        ],
        "columns": [{"name": column, "values": encoded(values)} for column, values in statistics.items()],
        "problem_of": encoded([0] * len(configurations), "uint32"),
        "problems": [{
            "name": task, "task": task, "feature_names": ["x1", "x2"], "class_names": names,
            "target": {"name": "wave height", "mean": 100.0, "deviation": 20.0} if task == "regression" else None,
            "X": encoded(X, "float64"), "Y": encoded(Y, answer),
            "X_test": encoded(X_test, "float64"), "Y_test": encoded(Y_test, answer),
            "plane": {"names": ["x1", "x2"], "points": None,
                      "terms": [{"factors": [0], "sine": False}, {"factors": [1], "sine": False}]},
        }],
        "seeds": list(SEEDS),
        "statuses": list(STATUSES),
        "runs": {"status": encoded(np.zeros(len(curves)), "uint8"),
                 **{measure: encoded(final[:, :, row].ravel()) for row, measure in enumerate(measures)}},
        "curves_at": list(range(0, ITERATIONS + 1, EVERY)),
        "curves": {"run": encoded(range(len(curves)), "uint32"),
                   **{measure: encoded(numbers[:, row], "float32" if row else "float64")
                      for row, measure in enumerate(measures)}},
        "networks": {"run": encoded(range(len(curves)), "uint32"), "values": encoded(np.concatenate(networks)),
                     "starts": encoded(np.cumsum([0, *sizes[:-1]]), "uint32")},
        "settings": {"iterations": ITERATIONS, "record_every": EVERY, "dtype": "float64", "init_scale": SCALE},
        "notes": [],
    }  # fmt: skip


def contents_of(task: str) -> dict[str, Any]:
    """The same, to be changed at will."""
    return copy.deepcopy(_contents_of(task))


def write(given: dict[str, Any], path: Path) -> Path:
    """A page of it."""
    score = label(given["score"])
    template = string.Template((WEB / "report.html").read_text(encoding="utf-8"))
    parts = {
        "title": given["problems"][0]["name"], "score": score, "Score": score[0].upper() + score[1:],
        "metric": score, "replicate": "seed", "map": "Heat map", **pages._retraining(True, "cell"),
        "css": (WEB / "report.css").read_text(encoding="utf-8"), "results": as_json(given),
        "charts": as_json(specifications()), "vega": vega(), "script": pages._script(),
    }  # fmt: skip
    empty = dict.fromkeys(("headline", "notes", "request", "data", "execution"), "")
    path.write_text(template.substitute(parts | empty), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    return {task: write(contents_of(task), folder / f"{task}.html") for task in TASKS}


@pytest.fixture(params=TASKS)
def task(request: pytest.FixtureRequest, browser: Browser, written: dict[str, Path]) -> Iterator[str]:
    """The page of a task, as it opens; nothing that is done with it may make the browser complain."""
    browser.open(written[request.param])
    yield request.param
    assert browser.complaints() == []


@pytest.fixture
def functions(browser: Browser, written: dict[str, Path]) -> Browser:
    """A page, as whoever was here before left it: what its functions return does not depend on that."""
    if not str(browser.driver.current_url).startswith("file:"):
        browser.open(written["binary"])
    return browser


# What stands on both sides


def test_what_has_formulas_on_both_sides_has_the_same_names(functions: Browser) -> None:
    names = functions("return [planar.ACTIVATIONS, planar.INITS, planar.OPTIMIZERS, planar.TASKS].map(Object.keys)")
    assert names == [list(ACTIVATIONS), list(INITS), list(OPTIMIZERS), list(TASKS)]


def test_names_that_scripts_and_charts_share_are_the_same(browser: Browser, task: str) -> None:
    browser("document.getElementById('step').click()")
    browser.settle()
    kinds = browser(
        "const { view } = planar.charts.cost;"
        "return [...new Set([...view.data('curves'), ...view.data('here')].map(({ kind }) => kind))]"
    )
    assert sorted(kinds) == sorted(KINDS)
    assert {"diverged", "failed"} <= set(STATUSES)  # of which the scripts speak


# The formulas


@pytest.mark.parametrize("adam", [False, True])
@pytest.mark.parametrize("hidden", list(HIDDEN))
@pytest.mark.parametrize("task", TASKS)
def test_a_training_follows_the_formulas(functions: Browser, task: str, hidden: str, adam: bool) -> None:
    (X, Y), (X_test, Y_test) = problem(task, 40), problem(task, 25, 1)
    how: dict[str, Any] = {
        "hidden": hidden, "seed": 7, "task": task, "outputs": CLASSES if task == "multiclass" else 1,
        "learning_rate": 0.05 if adam else 0.7, "init_scale": SCALE, "optimizer": "adam" if adam else "gd",
    }  # fmt: skip
    computed = functions(
        """const [X, Y, X_test, Y_test, how] = arguments, { Training } = planar;
        const rows = (array) => array.map((row) => Float64Array.from(row));
        const training = new Training(rows(X), Float64Array.from(Y), how), all = [];
        for (; training.iteration <= 6; training.step()) {
          const on = [training.measure(), training.measure(rows(X_test), Float64Array.from(Y_test))];
          const flat = training.parameters.flatMap(({ W, b }) => [...W.flatMap((row) => [...row]), ...b]);
          all.push([on.map(({ cost }) => cost), on.map(({ accuracy, r2 }) => accuracy ?? r2), flat]);
        }
        return all;""",
        X.tolist(), Y[0].tolist(), X_test.tolist(), Y_test[0].tolist(), how,
    )  # fmt: skip
    trained = train(task, X, Y, HIDDEN[hidden], 7, how["learning_rate"], 6, adam)
    for (costs, scores, flat), parameters in zip(computed, trained, strict=True):
        expected = [(forward(parameters, X)[0], Y), (forward(parameters, X_test)[0], Y_test)]
        np.testing.assert_allclose(costs, [cost(task, Z, y) for Z, y in expected], rtol=1e-12)
        np.testing.assert_allclose(scores, [score(task, Z, y) for Z, y in expected], rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(
            flat, np.concatenate([array.ravel() for pair in parameters for array in pair]), rtol=1e-9, atol=1e-12
        )


def test_equal_classes_and_saturated_networks(functions: Browser) -> None:
    costs = functions(
        "const { cost, accuracy } = planar, Z = [[5, -800, 1], [5, 800, 1], [5, 0, 1]];"
        "return [cost(Z, [1, 1, 2], 'multiclass'), accuracy(Z, [0, 1, 0], 'multiclass'),"
        " cost([800, -800], [0, 1], 'binary')]"
    )
    assert costs == pytest.approx([2 * np.log(3) / 3, 1, 800])


def test_no_r2_where_all_values_are_equal(functions: Browser) -> None:
    assert functions("return [planar.score([1, 2], [3, 3], 'regression')].map(Number.isNaN)") == [True]


# The page


def test_the_page_trains_as_was_recorded(browser: Browser, task: str) -> None:
    browser("document.querySelector('#speed').value = 1000000; document.querySelector('#speed').onchange"
            "({ target: document.querySelector('#speed') }); document.getElementById('play').click()")  # fmt: skip
    browser.until("return planar.trainer.isDone")
    browser.settle()
    for name in ("cost", "test-cost", "train", "test"):
        here, recorded = browser.text(f"here-{name}"), browser.text(f"recorded-{name}")
        assert here == recorded != "–"
    distance = "0.01 in R²" if task == "regression" else "1 percentage point of accuracy"
    assert browser.text("comparison") == "\u2713 Agrees with the recorded result."
    assert browser.text("comparison-details").startswith(
        f"Costs agree with the recorded ones to 1e-9 up to iteration {ITERATIONS}. It ended within the tolerance of "
        "1e-9"
        f" in cost and {distance}: "
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_plane_is_painted_as_the_network_answers(
    browser: Browser, written: dict[str, Path], scheme: str, task: str
) -> None:
    browser.open(written[task], color_scheme=scheme)
    recorded = browser("return document.getElementById('plane').toDataURL()")
    browser("document.getElementById('step').click()")
    assert browser("return document.getElementById('plane').toDataURL()") != recorded
    legend = browser.text("plane-legend").split()
    if task == "regression":
        Y = problem(task, 150)[1]
        ends = [f"{100 + 20 * end:.4g}" for end in (Y.min(), Y.max())]
        assert legend == ["wave", f"height{ends[0]}{ends[1]}"]
        assert browser.text("plane-said").endswith("Lines: equal steps of the predicted value.")
    else:
        names = contents_of(task)["problems"][0]["class_names"]
        shown = browser(
            "return [...document.querySelectorAll('#plane-legend > span')].map((e) => e.textContent.trim())"
        )
        assert shown == [f"class {name}" for name in names]
        marks = browser("return [...document.querySelectorAll('#plane-legend path')].map((e) => e.outerHTML)")
        assert len(set(marks)) == len(names)


def test_words_are_those_of_the_score(browser: Browser, task: str) -> None:
    browser.settle()
    shown = browser("return document.querySelector('main').innerText")
    assert ("accuracy" in shown.lower()) == (task != "regression")
    assert ("R²" in shown) == (task == "regression")


def test_costs_of_the_test_are_drawn_if_chosen(browser: Browser, task: str) -> None:
    before = browser("return planar.charts.cost.view.data('curves').map(({ cost }) => cost)")
    browser("const e = document.getElementById('measure-cost'); e.value = 'test'; e.dispatchEvent(new Event('change'))")
    browser.settle()
    assert browser("return planar.charts.cost.view.data('curves').map(({ cost }) => cost)") != before
    assert browser("return document.querySelector('#chart-cost').innerText").count("test cost") == 1


@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_is_as_wide_as_the_screen(browser: Browser, written: dict[str, Path], task: str, width: int) -> None:
    browser.open(written[task], width=width)
    assert browser("return document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


# Old results, and the ends of what can be


def test_results_without_tasks_and_test_costs_are_of_two_classes(browser: Browser, tmp_path: Path) -> None:
    given = contents_of("binary")
    del given["score"], given["problems"][0]["task"], given["problems"][0]["target"]
    del given["runs"]["test_cost"], given["curves"]["test_cost"]
    given["columns"] = [column for column in given["columns"] if column["name"] != "mean_test_cost"]
    browser.open(write(given | {"score": "accuracy"}, tmp_path / "old.html"))
    browser("document.getElementById('step').click()")
    hidden = browser("return [...document.querySelectorAll('.of-test-cost, #cost-on')].map((e) => e.hidden)")
    assert hidden == [True] * 4
    assert browser.text("iteration") == "1"
    assert browser.text("class-one") == "class yes"
    assert browser.complaints() == []


def test_nothing_is_rounded_up_to_all_and_no_interval_leaves_what_can_be(browser: Browser, tmp_path: Path) -> None:
    given = contents_of("binary")
    numbers = {"mean_test_accuracy": 0.99996, "ci_low_test_accuracy": 0.99, "ci_high_test_accuracy": 1.01}
    for column in given["columns"]:
        if column["name"] in numbers:
            column["values"] = encoded([numbers[column["name"]]] * 6)
    browser.open(write(given, tmp_path / "nearly.html"))
    browser.settle()
    said = browser.text("chosen-statistics")
    assert "99.9 %" in said
    assert "99.0 to 100.0 %" in said
    row = browser("return document.querySelector('#configurations tbody tr').innerText")
    assert "99.0 to 100.0 %" in row
    assert browser("return planar.charts.seeds.view.data('mean').map(({ low, high }) => [low, high])") == [
        [pytest.approx(0.99), 1]
    ]
    assert browser.complaints() == []


def test_a_printed_plane_is_light(browser: Browser, written: dict[str, Path]) -> None:
    browser.open(written["multiclass"], color_scheme="dark")
    picture = "return document.getElementById('plane').toDataURL()"
    dark = browser(picture)
    browser("window.dispatchEvent(new Event('beforeprint'))")
    printed = browser(picture)
    browser("window.dispatchEvent(new Event('afterprint'))")
    assert browser(picture) == dark != printed
    browser.open(written["multiclass"], color_scheme="light")
    assert browser(picture) == printed
