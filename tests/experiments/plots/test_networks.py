"""Pictures of trained networks: hidden units, a training, confusion matrix, ROC, predicted values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from sklearn.metrics import confusion_matrix, roc_auc_score

from experiments import Sweep
from experiments.datasets.loading import load
from experiments.plots import gallery
from experiments.plots.axes import figure_of
from experiments.plots.confusion import plot_confusion
from experiments.plots.hidden_units import plot_hidden_units
from experiments.plots.material import Material, Unreadable, problems_of
from experiments.plots.output import Film, write_film
from experiments.plots.predicted import plot_predicted
from experiments.plots.roc import plot_roc
from experiments.plots.trained import Predicted, moments, trained_networks
from experiments.results import Results
from planar_core import forward, train
from tests.helpers.tables import areas, corners, every_text, legend_texts, lines, make_data, shading, step_right, title

ITERATIONS = 200


@pytest.fixture(scope="module")
def moons() -> Results:
    asked = {"dataset": "moons", "samples": 60, "hidden": [0, 3], "learning_rate": [0.1, 1.2], "seed": range(3)}
    return Sweep(iterations=ITERATIONS, **asked).run(out=None)


def best_of(results: Results) -> Any:
    return results.best().iloc[0]


def material_of(results: Results) -> Material:
    return Material(results, problems_of(results)[0])


def same(first: Any, second: Any) -> bool:
    return all(
        a.tobytes() == b.tobytes()
        for one, other in zip(first, second, strict=True)
        for a, b in zip(one, other, strict=True)
    )


@pytest.mark.parametrize(
    "asked",
    [
        {"dataset": "moons", "samples": 60},
        {"dataset": "moons", "samples": 60, "optimizer": "adam", "batch_size": 16, "dtype": "float32"},
        {"dataset": "iris", "class_weight": "balanced", "l2": 0.01},
        {"dataset": "breast_cancer", "patience": 2, "learning_rate": 3},
        {"dataset": "iris", "split": "cv:3"},
        {"dataset": "plane", "samples": 60, "learning_rate": 0.1, "data_seed": "seed", "features": "x1+x2+x1x2"},
    ],
    ids=lambda asked: "-".join(map(str, asked.values())),
)
def test_a_network_trained_again_has_the_same_bits(asked: dict[str, Any]) -> None:
    results = Sweep(**{"hidden": 3, "learning_rate": 0.5, "seed": range(2), "iterations": 60, **asked}).run(out=None)
    found = list(trained_networks(results, best_of(results)))
    assert len(found) == len(results.runs)
    for each in found:
        assert same(each.after(each.last).network.parameters, each.network.parameters)
        assert not same(each.after(each.last - 1).network.parameters, each.network.parameters)


def test_a_moment_of_a_training_is_that_of_the_core(moons: Results) -> None:
    of = material_of(moons).trained()
    data = load("moons", samples=60)
    run = best_of(moons)
    expected = train(data.X, data.Y, run.hidden, run.learning_rate, 20, of.run.seed).parameters
    assert same(of.after(20).network.parameters, expected)


def test_a_diverged_network_ends_at_its_last_finite_record() -> None:
    results = Sweep(dataset="plane", samples=40, hidden=0, learning_rate=50, seed=0, iterations=2000, record_every=10)
    (each,) = trained_networks(ran := results.run(out=None), best_of(ran))
    assert ran.runs["status"].tolist() == ["diverged"]
    assert 0 < each.last < 2000
    assert same(each.after(each.last).network.parameters, each.network.parameters)


@pytest.mark.parametrize(("last", "n"), [(0, 8), (1, 8), (7, 8), (8, 8), (60, 8), (5000, 8), (10**6, 8), (5000, 30)])
def test_moments_begin_before_the_training_and_end_with_it(last: int, n: int) -> None:
    found = moments(last, n)
    assert found == sorted(set(found))
    assert (found[0], found[-1]) == (0, last)
    assert min(last + 1, n - 2) <= len(found) <= n
    assert moments(5000) == [0, 10, 30, 80, 200, 600, 2000, 5000]


def test_a_strip_has_a_panel_for_each_moment(moons: Results) -> None:
    figure = moons.plot_training_strip()
    panels = [ax for ax in figure.axes if lines(ax, "class 0")]
    found = moments(ITERATIONS)
    assert [ax.get_title().split("\n")[0] for ax in panels] == [f"iteration {at}" for at in found]
    of = material_of(moons).trained()
    rows = moons.runs.set_index(["hidden", "learning_rate", "seed"]).test_accuracy
    accuracy = rows[of.run.hidden, of.run.learning_rate, of.run.seed]
    assert panels[-1].get_title() == f"iteration {ITERATIONS}\naccuracy {100 * accuracy:.1f} %"
    x, y = panels[2].get_xlim(), panels[2].get_ylim()
    corner = np.array([[x[0]], [y[0]]])
    assert shading(panels[2])[0, 0] == of.after(found[2]).network.predict_proba(corner)[0, 0]
    assert f"seed {of.run.seed}" in title(figure)


def test_a_film_ends_with_the_trained_network(moons: Results, tmp_path: Path) -> None:
    film = gallery.PICTURES["training"].draw(material_of(moons), None)
    assert isinstance(film, Film)
    film.show(0)
    first = shading(film.figure.axes[0]).copy()
    film.show(film.n - 1)
    assert film.figure.axes[0].get_title().startswith(f"iteration {ITERATIONS}")
    assert not np.array_equal(first, shading(film.figure.axes[0]))
    short = film._replace(n=2)
    write_film(short, tmp_path / "training.gif")
    assert list(tmp_path.iterdir()) == [tmp_path / "training.gif"]
    with Image.open(tmp_path / "training.gif") as image:
        assert (image.format, getattr(image, "n_frames", 1)) == ("GIF", 2)
    once = (tmp_path / "training.gif").read_bytes()
    write_film(short, tmp_path / "training.gif")
    assert (tmp_path / "training.gif").read_bytes() == once


def test_hidden_units_show_activations_and_where_they_are_zero(moons: Results) -> None:
    row = moons.summary[(moons.summary.hidden == "3") & (moons.summary.learning_rate == 1.2)].iloc[0]
    figure = moons.plot_hidden_units(row)
    of = material_of(moons).trained(row)
    panels = [ax for ax in figure.axes if ax.images and ax.images[0].get_gid() == "unit"]
    assert len(panels) == 3
    W = of.network.parameters[-1][0][0]
    for k, ax in enumerate(panels):
        assert ax.get_title() == f"unit {k + 1}\nweight {W[k]:+.2g}".replace("-", "−")
        corner = np.array([[ax.get_xlim()[0]], [ax.get_ylim()[1]]])
        assert shading(ax)[-1, 0] == forward(of.network.parameters, corner).A[0][k, 0]
        assert ax.images[0].get_clim() == (-1, 1)
        (w1, w2), b = of.network.parameters[0][0][k], of.network.parameters[0][1][k, 0]
        for area in ax.collections:
            x, y = corners(area).T
            np.testing.assert_allclose((w1 * x + w2 * y + b) / np.hypot(w1, w2), 0, atol=0.02)
    assert any(ax.get_title() == "prediction" for ax in figure.axes)


def test_hidden_units_of_several_layers_are_named_by_layer_and_some_of_many_are_shown() -> None:
    def units(X: Any) -> list[Any]:
        return [np.tile(X[:1], (8, 1)), np.tile(X[1:], (40, 1))]

    figure = plot_hidden_units(units, step_right, make_data(), (), "relu")
    titles = [ax.get_title() for ax in figure.axes]
    assert titles[0] == "layer 1, unit 1"
    assert "layer 2, unit 40" in titles
    assert "29 of 48 units shown" in title(figure)
    assert "no hidden units" in " ".join(every_text(plot_hidden_units(lambda X: [], step_right, make_data())))
    assert "30 features" in " ".join(every_text(plot_hidden_units(units, step_right, make_data(features=30))))


def test_a_linear_model_has_no_picture_of_hidden_units(tmp_path: Path) -> None:
    results = Sweep(dataset="moons", samples=60, hidden=0, learning_rate=1, seed=0, iterations=5).run(out=None)
    said: list[str] = []
    assert not gallery.draw_all(tmp_path, results, said.append, only=["hidden_units"])
    assert said == ["moons, samples 60: not drawn: hidden units: the best configuration has none"]


def test_a_configuration_and_a_seed_can_be_chosen(moons: Results) -> None:
    row = moons.summary[moons.summary.hidden == "0"].iloc[0]
    assert "the network has no hidden units" in " ".join(every_text(moons.plot_hidden_units(row)))
    assert "seed 2" in title(moons.plot_training_strip(seed=2))
    assert "the best configuration" not in title(moons.plot_confusion(row))
    with pytest.raises(ValueError, match=r"expected a network of seed 9 that did not fail, found none"):
        moons.plot_hidden_units(seed=9)


def told(truth: list[int], predicted: list[int], odds: list[list[float]]) -> Predicted:
    return Predicted(np.array(truth, float), np.array(predicted, float), np.array(odds, float))


def test_confusion_counts_the_test_examples_of_every_seed(moons: Results) -> None:
    ax = moons.plot_confusion()
    truth, said = [], []
    best = best_of(moons)
    data = load("moons", samples=60)
    for seed in range(3):
        network = moons.network({**best, "seed": seed})
        truth += data.Y_test[0].tolist()
        said += network.predict(data.X_test)[0].tolist()
    expected = confusion_matrix(truth, said)
    assert [text.get_text().split("\n")[1] for text in ax.texts] == [f"({n:,})" for n in expected.ravel()]
    shares = expected / expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shading(ax), shares)
    assert [text.get_text().split("\n")[0] for text in ax.texts] == [f"{100 * share:.1f}" for share in shares.ravel()]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")
    assert f"{3 * 2000:,} predictions of test examples" in title(ax)
    assert "3 seeds together" in title(ax)


def test_confusion_without_an_example_of_a_class_has_a_dash() -> None:
    ax = plot_confusion([told([0, 0, 1], [0, 2, 1], [])], ["a", "b", "c"])
    assert [text.get_text() for text in ax.texts] == [
        "50.0\n(1)", "0.0\n(0)", "50.0\n(1)", "0.0\n(0)", "100.0\n(1)", "0.0\n(0)", "–", "–", "–",
    ]  # fmt: skip


def test_confusion_of_many_classes_has_names_and_no_numbers() -> None:
    ax = plot_confusion([told(list(range(40)), list(range(40)), [])], [f"class {k}" for k in range(40)])
    assert not ax.texts
    assert len(ax.get_xticks()) <= 30


def test_roc_has_a_line_for_each_seed_and_the_mean_area(moons: Results) -> None:
    ax = moons.plot_roc()
    assert len(lines(ax, "class 1")) == 3
    (mean,) = lines(ax, "mean of class 1")
    x, y = mean.get_data()
    assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
    assert (np.diff(y) >= 0).all()
    data = load("moons", samples=60)
    best = best_of(moons)
    areas_of = [
        roc_auc_score(data.Y_test[0], moons.network({**best, "seed": seed}).predict_proba(data.X_test)[0])
        for seed in range(3)
    ]
    assert legend_texts(ax)[0] == f"class 1:\nAUC {np.mean(areas_of):.3f}"


def test_roc_of_several_classes_has_each_against_the_others() -> None:
    results = Sweep(dataset="iris", hidden=2, learning_rate=1, seed=range(2), iterations=50, metric=["auc", "accuracy"])
    ax = (ran := results.run(out=None)).plot_roc()
    found = [float(text.split("AUC ")[1]) for text in legend_texts(ax)[:3]]
    assert np.mean(found) == pytest.approx(ran.runs["test_auc"].mean(), abs=1e-3)
    one_class = [told([1, 1], [1, 1], [[-1, -2], [1, 2]]), told([0, 1], [1, 1], [[-1, -2], [1, 2]])]
    assert len(lines(plot_roc(one_class, ["a", "b"]), "mean of class 1")) == 1


def test_ties_of_a_roc_are_a_slanted_line() -> None:
    ax = plot_roc([told([0, 1, 0, 1], [1, 1, 1, 1], [[0] * 4, [0] * 4])], ["a", "b"])
    (line,) = lines(ax, "mean of class 1")
    assert np.transpose(line.get_data()).tolist() == [[0, 0], [1, 1]]


def test_predicted_values_are_in_units_of_the_target() -> None:
    results = Sweep(dataset="diabetes", hidden=0, learning_rate=0.1, seed=range(2), iterations=100).run(out=None)
    ax = results.plot_predicted()
    (examples,) = lines(ax, "examples")
    true, predicted = examples.get_data()
    data = [results.data({"dataset": "diabetes", "seed": seed}) for seed in range(2)]
    in_units = [each.target_scale[0] + each.target_scale[1] * each.Y_test[0] for each in data]
    np.testing.assert_allclose(true, np.concatenate(in_units))
    assert 25 < true.min() < true.max() < 347
    residual = np.sum((true - predicted) ** 2) / np.sum((true - true.mean()) ** 2)
    assert 1 - residual == pytest.approx(results.runs["test_r2"].mean(), abs=0.02)
    assert "no classes" in " ".join(every_text(figure_of(results.plot_confusion())))
    assert "no classes" in " ".join(every_text(figure_of(results.plot_roc())))


def test_predictions_far_off_are_drawn_at_the_edge() -> None:
    wild = Predicted(np.array([0.0, 1.0, 0.5]), np.array([0.0, 99.0, np.nan]), np.zeros((0, 3)))
    ax = plot_predicted([wild], "y")
    assert lines(ax, "examples")[0].get_ydata().tolist() == [0.0, 1.5]
    assert "1 far off drawn at the edge" in title(ax)


def test_without_a_finished_network_there_is_none_to_draw(moons: Results) -> None:
    material = material_of(moons)
    material.summary = moons.summary.assign(mean_test_accuracy=np.nan)
    with pytest.raises(Unreadable, match="no run has finished"):
        material.trained()
    with pytest.raises(ValueError, match="no run has finished"):
        material.classified()


def test_a_notebook_displays_what_is_returned(moons: Results) -> None:
    for drawn in (moons.plot_heat_map(), moons.plot_roc(), moons.plot_learning_curves(), moons.plot_boundaries()):
        made: Any = drawn
        assert made._repr_png_().startswith(b"\x89PNG")
    ax: Axes = Figure().subplots()
    assert moons.plot_confusion(ax=ax) is ax
    assert not hasattr(ax, "_repr_png_")  # pyplot displays its own figures


def test_every_plot_takes_a_title(moons: Results) -> None:
    for name in dir(moons):
        if name.startswith("plot_") and name not in ("plot_race", "plot_predicted"):
            assert title(getattr(moons, name)(title="a title of my own")).startswith("a title of my own"), name
    assert areas(moons.plot_accuracy(title=""), "interval")
    assert not title(moons.plot_accuracy(title=""))


def test_a_setting_of_words_can_be_an_axis() -> None:
    asked = {"dataset": "moons", "samples": 60, "hidden": 2, "activation": ["relu", "tanh"], "learning_rate": [0.1, 1]}
    results = Sweep(iterations=20, seed=range(2), **asked).run(out=None)
    ax = results.plot_heat_map(x="activation", y="learning_rate")
    assert [label.get_text() for label in ax.get_xticklabels()] == ["relu", "tanh"]
    ax = results.plot_accuracy("activation")
    assert [label.get_text().split("\n")[0] for label in ax.get_xticklabels()] == ["relu", "tanh"]
    titles = [ax.get_title().split("\n")[0] for ax in results.plot_learning_curves("activation").axes[:2]]
    assert titles == ["activation relu", "activation tanh"]
    titles = [ax.get_title() for ax in results.plot_curves(x="learning_rate", y="activation").axes]
    assert titles == titles[:2] == ["activation relu", "activation tanh"]
    ax = results.plot_boundary_grid(x="learning_rate", y="activation")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["relu", "tanh"]
    assert len(results.plot_slices().axes) == 2
