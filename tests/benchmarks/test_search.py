"""The search: the same data and knobs for all, what is counted, and what is drawn. No times are asserted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks import environment
from benchmarks.search import picture, section
from benchmarks.search import tools as searching
from benchmarks.search.jobs import CHOICES, JOBS, JUDGES, KNOBS, LOGARITHMIC, WHOLE_NUMBERS, Job, space_options
from benchmarks.search.mlp import Network, say
from benchmarks.search.tools import Peer, Step, Trace, next_sample, steps, tools
from benchmarks.worker import WorkerError
from experiments.datasets import load
from experiments.sweep import Sweep

SMALL = Job("breast_cancer", seeds=2, updates=30, raced=2.0)
CHOICE: dict[str, Any] = {
    "hidden": 4,
    "learning_rate": 0.01,
    "l2": 0.001,
    "batch_size": 32,
    "activation": "tanh",
    "optimizer": "adam",
}


def quiet(_: str) -> None:
    """Nobody is told."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("job")
    SMALL.save(folder)
    return folder


def test_parts_are_those_of_the_project_and_nothing_held_out_is_in_them(files: Path) -> None:
    rest, held_out = (pd.read_csv(files / name) for name in ("rest.csv", "held_out.csv"))
    assert (len(rest), len(held_out)) == (426, 143)
    assert len(pd.concat((rest, held_out)).drop_duplicates()) == 569
    found = np.load(files / "job.npz")
    n_train = int(found["n_train"])
    for seed, (X, y) in enumerate(zip(found["X"], found["y"], strict=True)):
        data = load(files / "rest.csv", split="seed", seed=seed)
        np.testing.assert_array_equal(X[:n_train].T, data.X)
        np.testing.assert_array_equal(X[n_train:].T, data.X_test)
        np.testing.assert_array_equal(np.concatenate((data.Y[0], data.Y_test[0])), y)
    assert found["X_all"].shape == (426, 30)
    assert found["X_held_out"].shape == (143, 30)
    np.testing.assert_allclose(found["X_all"].mean(axis=0), 0, atol=1e-12)
    assert abs(found["X_held_out"].mean()) > 1e-3  # standardized by the others


def test_the_splits_of_all_jobs_fit_into_one_array(tmp_path: Path) -> None:
    for job in JOBS:
        job.save(tmp_path)
        found = np.load(tmp_path / "job.npz")
        assert found["X"].shape[0] == found["y"].shape[0] == job.seeds
        assert set(np.unique(found["y_all"])) == set(np.unique(found["y_held_out"]))


def test_the_space_of_the_options_is_that_of_the_others() -> None:
    found = space_options()
    assert found == [
        "--hidden", "1:65", "--learning-rate", "log:0.001:1.0", "--l2", "log:1e-06:0.1",
        "--batch-size", "16", "32", "64", "128", "--activation", "tanh", "relu", "sigmoid",
        "--optimizer", "momentum", "adam",
    ]  # fmt: skip
    drawn = Sweep(
        hidden="1:65",
        learning_rate="log:0.001:1.0",
        l2="log:1e-06:0.1",
        **{name: list(values) for name, values in CHOICES.items()},
        sample=50,
        seeds=[0],
    )
    assert drawn.n_configurations == 50
    for name, (low, high) in (WHOLE_NUMBERS | LOGARITHMIC).items():
        values = [float(value) for value in drawn.values[name]]
        assert low <= min(values) < max(values) <= high


def test_settings_of_a_network_mean_the_same() -> None:
    X = np.random.RandomState(0).standard_normal((100, 3))
    y = (X[:, 0] > 0).astype(int)
    network = Network(**CHOICE, updates=50).fit(X, y)
    model = network.model_
    assert model.alpha / model.batch_size == pytest.approx(0.001)  # MLPClassifier divides by the batch
    assert (model.hidden_layer_sizes, model.activation, model.solver) == (4, "tanh", "adam")
    assert network.epochs(100) == 13  # of 4 updates
    assert model.t_ <= 13 * 100
    sigmoid = Network(**CHOICE | {"activation": "sigmoid", "optimizer": "momentum"}, updates=4).fit(X, y).model_
    assert (sigmoid.activation, sigmoid.solver, sigmoid.nesterovs_momentum) == ("logistic", "sgd", False)


def test_epochs_one_by_one_go_on_with_the_same_network() -> None:
    X = np.random.RandomState(0).standard_normal((200, 3))
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    network = Network(**CHOICE | {"hidden": 16, "learning_rate": 0.03}, updates=10)
    first = network.partial_fit(X, y).score(X, y)
    for _ in range(60):
        network.partial_fit(X, y)
    assert network.score(X, y) > max(0.9, first)


def test_a_network_that_diverges_predicts_one_class() -> None:
    X = 1e150 * np.random.RandomState(0).standard_normal((60, 3))
    y = (X[:, 0] > 0).astype(int) + 5
    settings = CHOICE | {"activation": "relu", "optimizer": "momentum", "learning_rate": 1.0}
    assert set(Network(**settings, updates=50).fit(X, y).predict(X)) == {5}
    network = Network(**settings, updates=50)
    for _ in range(3):
        network.partial_fit(X, y)
    assert set(network.predict(X)) == {5}


def test_what_a_script_says_is_counted_and_the_best_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    say(None, 1, 3, CHOICE)
    say(0.8, 1, 3, CHOICE)
    print("something else")
    say(np.float64(0.7), 10, 30, CHOICE | {"hidden": np.int64(9)})
    say(0.9, 1, 3, CHOICE | {"hidden": np.int64(7)})
    lines = list(enumerate(capsys.readouterr().out.splitlines(), start=1))
    found = steps([(float(at), line) for at, line in lines])
    assert found == [
        Step(2.0, 0.8, 2, 6, CHOICE),
        Step(4.0, 0.8, 12, 36, CHOICE),
        Step(5.0, 0.9, 13, 39, CHOICE | {"hidden": 7}),
    ]
    assert Trace(found).until(4.5) == found[:2]
    assert Trace(found).until(1.0) == found[:1]  # late, as its row says
    with pytest.raises(WorkerError, match=r"^it said nothing about any configuration$"):
        Trace(steps([(1.0, "something else")])).until(1.0)


def test_a_sample_doubles_while_there_is_time() -> None:
    assert next_sample(16, of_one=1.0, left=100.0) == 32
    assert next_sample(16, of_one=1.0, left=10.0) == 24
    assert next_sample(16, of_one=1.0, left=4.0) is None
    assert next_sample(16, of_one=1.0, left=-1.0) is None


@dataclass(frozen=True)
class Fake:
    """A tool that is done at once, or is not there, or fails."""

    name: str
    found: tuple[Step, ...] = ()
    missing: str | None = None

    def search(self, job: Job, folder: Path, seconds: float, cores: int, cache: str) -> Trace:
        if self.name == "broken":
            raise WorkerError("status 1: no such thing")
        return Trace(list(self.found), 12.0)

    def judged(self, choice: Any, job: Job, folder: Path, cache: str) -> list[float]:
        return [0.9, 0.92]


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, dict[str, Any]]:
    monkeypatch.setattr(section, "compile_kernels", lambda *_: None)
    fakes = [
        Fake("this project", (Step(3.0, 0.9, 16, 48, CHOICE), Step(8.0, 0.95, 32, 96, CHOICE))),
        Fake("late", (Step(4.0, 0.8, 5, 15, CHOICE), Step(10.5, 0.99, 1_000, 3_000, CHOICE))),
        Fake("too late", (Step(10.5, 0.99, 1_000, 3_000, CHOICE), Step(11.0, 0.995, 2_000, 6_000, CHOICE))),
        Fake("silent"),
        Fake("absent", missing="no-such-package"),
        Fake("broken"),
    ]
    (found,) = section.tables([SMALL], fakes, 10.0, 2, tmp_path, quiet)
    assert (tmp_path / section.PICTURE).read_bytes().startswith(b"\x89PNG")
    assert max(map(len, found.text().splitlines())) <= 100
    assert "143 examples, with a standard error of about 2.4 points" in " ".join(found.text().split())
    return {row["name"]: dict(row) for row in found.rows}


def test_only_what_was_known_in_time_counts(table: dict[str, dict[str, Any]]) -> None:
    ours, late = table["this project"], table["late"]
    assert (ours["validated"], ours["configurations"], ours["networks"], ours["to_best"]) == (0.95, 32, 96, 8.0)
    assert (late["validated"], late["configurations"], late["networks"], late["to_best"]) == (0.8, 5, 15, 4.0)
    assert table["too late (late)"]["validated"] == 0.99
    assert ours["held_out"] == pytest.approx(0.91)
    assert {name: row["status"] for name, row in table.items() if "status" in row} == {
        "silent": "failed: it said nothing about any configuration",
        "absent": "not installed",
        "broken": "failed: status 1: no such thing",
    }


def test_the_picture_has_a_line_for_each_tool_and_what_its_choice_was_worth(table: dict[str, dict[str, Any]]) -> None:
    rows = [row for row in table.values() if "status" not in row]
    found = picture.draw({"breast_cancer": rows}, 10.0)
    above, below = found.axes
    line = above.get_lines()[0]
    assert [text.get_text() for text in found.legends[0].get_texts()] == ["this project", "late", "too late"]
    np.testing.assert_array_equal(line.get_xdata(), [3, 8, 10])
    np.testing.assert_array_equal(line.get_ydata(), [0.9, 0.95, 0.95])
    assert above.get_title() == "breast_cancer"
    assert above.get_xlim()[1] > 10.5  # which was late
    diamonds = [line for line in below.get_lines() if line.get_marker() == "D"]
    assert [np.asarray(line.get_xdata())[0] for line in diamonds] == pytest.approx([0.91, 0.91, 0.91])
    picture.draw({"breast_cancer": []}, 10.0)  # nobody was in time


def test_versions_of_all_tools_are_shown() -> None:
    assert {tool.package for tool in tools() if isinstance(tool, Peer)} <= set(environment.PACKAGES)


@pytest.mark.slow
@pytest.mark.parametrize("tool", tools(), ids=lambda tool: tool.name)
def test_a_tool_searches_and_is_judged(
    tool: searching.Tool, files: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if tool.missing is not None:
        pytest.skip(f"{tool.missing} is not installed")
    cache = str(tmp_path_factory.getbasetemp() / "cache")
    trace = tool.search(SMALL, files, 8.0, 2, cache)
    assert trace.steps
    assert trace.seconds >= trace.steps[-1].seconds > 0
    last = trace.steps[-1]
    assert last.networks >= last.configurations > 1
    assert 0.5 < last.score <= 1
    assert set(last.choice) == set(KNOBS)
    scores = tool.judged(last.choice, SMALL, files, cache)
    assert len(scores) == JUDGES
    assert all(0.3 < score <= 1 for score in scores)


@pytest.mark.slow
def test_a_sample_of_the_project_is_enlarged_in_one_folder(files: Path, tmp_path: Path) -> None:
    found = searching.Enlarged("").search(replace(SMALL, updates=5), files, 60.0, 2, str(tmp_path))
    assert [step.configurations for step in found.steps[:2]] == [16, 32]
    assert [step.networks for step in found.steps[:2]] == [32, 64]
