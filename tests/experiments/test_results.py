"""Results: every picture is a method, and pictures are of a problem, an axis, a panel as asked for."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments import Sweep, plots
from experiments.plots.axes import figure_of
from experiments.results import Results
from tests.helpers.tables import every_text, title

METHODS = sorted(name for name in vars(Results) if name.startswith("plot_"))
OF_ANY_SWEEP = [name for name in METHODS if name != "plot_race"]


def parameters(method: str) -> set[str]:
    return set(inspect.signature(getattr(Results, method)).parameters) - {"self"}


@pytest.fixture(scope="module")
def results() -> Results:
    sweep = Sweep(hidden=[1, 2], learning_rate=[0.5, 1], seed=range(3), iterations=40, dataset=["moons", "circles"])
    return sweep.run(out=None)


def test_every_picture_is_a_method() -> None:
    assert sorted(name for name in plots.__all__ if name.startswith("plot_")) == METHODS


@pytest.mark.parametrize("name", METHODS)
def test_a_method_says_what_it_shows_takes_and_returns(name: str) -> None:
    method = getattr(Results, name)
    assert method.__doc__.splitlines()[0].endswith(".")
    signature = inspect.signature(method)
    *others, problem = list(signature.parameters.values())[1:]
    assert (problem.name, problem.annotation) == ("problem", "Problem | None")
    for parameter in (*others, problem):
        assert parameter.annotation is not inspect.Parameter.empty
        assert (parameter.kind is inspect.Parameter.KEYWORD_ONLY) == (parameter.name in ("ax", "title", "problem"))
    assert signature.return_annotation == ("Axes" if "ax" in parameters(name) else "Figure")


@pytest.mark.parametrize("name", OF_ANY_SWEEP)
def test_a_picture_is_of_the_problem_that_was_asked_for(results: Results, name: str) -> None:
    method: Callable[..., Axes | Figure] = getattr(results, name)
    for problem in (results.summary.iloc[-1], {"dataset": "circles"}):
        drawn = method(problem=problem)
        assert isinstance(drawn, {"Axes": Axes, "Figure": Figure}[inspect.signature(method).return_annotation])
        assert title(drawn).startswith("circles: ")
    with pytest.raises(ValueError, match="expected") as error:
        method()
    assert str(error.value) == ("expected problem=, a row of the summary, for a sweep of 2 problems: moons, circles")


@pytest.mark.parametrize("name", [name for name in METHODS if "ax" in parameters(name)])
def test_a_picture_is_drawn_in_the_panel_it_is_given(results: Results, name: str) -> None:
    figure = Figure()
    ax = figure.subplots()
    assert getattr(results, name)(ax=ax, problem={"dataset": "moons"}) is ax
    assert any(text.startswith("moons: ") for text in every_text(figure_of(ax)))


@pytest.mark.parametrize(
    ("name", "axis"), [(name, axis) for name in METHODS for axis in sorted({"x", "y"} & parameters(name))]
)
def test_an_unknown_axis_is_refused_in_one_line(results: Results, name: str, axis: str) -> None:
    with pytest.raises(ValueError, match="expected") as error:
        getattr(results, name)(**{axis: "learning_rat"}, problem={"dataset": "moons"})
    assert str(error.value) == (
        "expected an axis among hidden, learning_rate, got 'learning_rat' (did you mean 'learning_rate'?)"
    )


def test_the_one_problem_of_a_sweep_need_not_be_named() -> None:
    results = Sweep(hidden=[1], learning_rate=[0.5], seed=[0], iterations=2, samples=20, dataset="moons").run(out=None)
    for name in OF_ANY_SWEEP:
        assert title(getattr(results, name)()).startswith("moons, samples 20: "), name
    with pytest.raises(ValueError, match="expected a sweep with until_decided"):
        results.plot_race()


def test_the_race_of_the_problem_that_was_asked_for() -> None:
    results = Sweep(
        hidden=[1, 2], learning_rate=1, seed=range(6), iterations=5, dataset=["moons", "circles"], until_decided=0.1
    ).run(out=None)
    above = results.plot_race(problem={"dataset": "circles"}).axes[0]
    assert title(above).startswith("circles: 2 configurations, ")
    with pytest.raises(ValueError, match="expected the race of one problem, found 2; see races"):
        _ = results.race


def test_the_other_arguments(results: Results) -> None:
    problem = {"dataset": "moons"}
    assert results.plot_heat_map(x="hidden", y="learning_rate", problem=problem).get_xlabel() == "hidden units"
    assert results.plot_heat_map("hidden", problem=problem).get_xlabel() == "hidden units"
    assert results.plot_boundary_grid("hidden", "learning_rate", problem=problem).get_xlabel() == "hidden units"
    by_rate = results.plot_accuracy("learning_rate", problem=problem)
    assert title(by_rate).startswith("moons: test accuracy of each learning rate at its best hidden units")
    curves = results.plot_curves("test_accuracy", "hidden", "learning_rate", problem=problem)
    assert curves.get_supylabel().startswith("test accuracy")
    assert [ax.get_title() for ax in curves.axes] == ["learning rate 0.5", "learning rate 1"]
    assert "reaches 60 %" in title(results.plot_convergence(target=0.6, problem=problem))
    with pytest.raises(ValueError, match=r"^expected a measure among cost, test_cost, .*test_accuracy, got 'loss'$"):
        results.plot_curves("loss", problem=problem)


def test_networks_of_a_configuration_are_those_of_its_seeds(results: Results) -> None:
    row = results.summary.iloc[5]
    runs = results.runs[(results.runs[["dataset", "hidden", "learning_rate"]] == row[:3]).all(axis=1)]
    X = np.array([[0.1, 0.7, -1.0], [0.3, -0.2, 0.4]])
    expected = [results.network(runs.iloc[i]).predict_proba(X) for i in range(3)]
    np.testing.assert_array_equal([network.predict_proba(X) for network in results.networks(row)], expected)
    np.testing.assert_array_equal([network.predict_proba(X) for network in results.networks(row, 2)], expected[:2])


def test_results_import_no_pictures_until_they_are_asked_for() -> None:
    code = (
        "import sys; from experiments import Sweep\n"
        "results = Sweep(hidden=1, learning_rate=1, seed=0, iterations=1, samples=20).run(out=None)\n"
        "before = 'matplotlib' in sys.modules; results.plot_accuracy(); print(before, 'matplotlib' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == ["False", "True"]
