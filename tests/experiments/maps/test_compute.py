"""The networks of pixels: those of a sweep, judged by an oracle."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from experiments.maps.compute import Part, Setting, compute_tile, parts, taken_over
from experiments.maps.pixels import PIXELS, Pixels
from experiments.maps.plane import TILE, Tile
from experiments.maps.request import MapRequest
from experiments.runner.train import Stopped
from experiments.tables.judging import Judge
from planar_core import training
from tests.helpers.maps import KNOBS, X, Y
from tests.oracles import verdicts as oracle

REQUEST = MapRequest(X, Y, **KNOBS)


@pytest.fixture(scope="module")
def setting() -> Setting:
    return Setting.of(REQUEST)


@pytest.fixture(scope="module")
def first(setting: Setting) -> Pixels:
    return compute_tile(setting, REQUEST.plane, Tile(0, 0, 0))


def test_a_tile_has_both_verdicts(first: Pixels) -> None:
    assert first.has_both
    assert [array.shape for array in first] == [(TILE, TILE)] * len(first)


@pytest.mark.parametrize(
    ("dataset", "knobs"),
    [
        ("moons", {"hidden": "3x2", "activation": "relu", "samples": 20}),
        ("iris", {"optimizer": "momentum", "l1": 0.001, "seed": 3, "class_weight": "balanced"}),
        ("diabetes", {"batch_size": 16, "split": "fixed", "hidden": 2}),
    ],
)
def test_pixels_are_the_networks_of_a_sweep(dataset: str, knobs: dict[str, Any]) -> None:
    """The costs before each update, by a training with a record at each, and the verdict of an oracle on these."""
    knobs = {**knobs, "dataset": dataset, "iterations": 30}
    request = MapRequest("lr=log:0.001:1e4", "l2=lin:0:1", **knobs)
    setting, data = Setting.of(request), request.source.part(request.seed)
    xs, ys = [0.001, 0.5, 20.0, 2000.0], [0.0, 0.5, 0.01, 0.25]
    computed = setting.train(xs, ys)
    for k, (rate, l2) in enumerate(zip(xs, ys, strict=True)):
        of_core = {name: value for name, value in knobs.items() if name in ("optimizer", "l1", "batch_size")}
        weight = None
        if "class_weight" in knobs:
            labels, counts = np.unique(data.Y[0], return_counts=True)
            weight = (data.Y.size / (len(labels) * counts))[data.Y[0].astype(int)]
        trained = training.train(
            data.X, data.Y, str(request.run.hidden), rate, 30, request.seed, 1, X_test=data.X_test, Y_test=data.Y_test,
            activation=request.run.activation, task=data.task, sample_weight=weight, l2=l2, **of_core,
        )  # fmt: skip
        if trained.status == "ok":
            for name, curve in (
                ("cost", trained.costs), ("score", trained.scores), ("test_cost", trained.test_costs),
                ("test_score", trained.test_scores),
            ):  # fmt: skip
                assert getattr(computed, name)[k] == curve[-1], name
        losses = np.full(30, np.nan)
        losses[: min(30, len(trained.costs))] = trained.costs[:30]
        if "batch_size" not in knobs and trained.status == "ok":
            reference = oracle.verdict(losses, request.reach)
            for name, value in reference.items():
                np.testing.assert_allclose(getattr(computed, name)[k], value, rtol=1e-12, err_msg=name)


@pytest.mark.parametrize(
    ("dataset", "metric"), [("breast_cancer", "auc"), ("iris", "log_loss"), ("diabetes", "rmse"), ("moons", "accuracy")]
)
@pytest.mark.parametrize("dtype", ["float64", pytest.param("float32", marks=pytest.mark.slow)])
def test_a_metric_is_that_of_a_sweep(dataset: str, metric: str, dtype: str) -> None:
    """As the tables of a sweep have it: that of the trained network, in float64."""
    request = MapRequest("lr=log:0.01:1", "l2=lin:0:1", metric=metric, dataset=dataset, iterations=20, dtype=dtype)
    xs, ys = [0.5, 0.01], [0.0, 0.25]
    computed = Setting.of(request).train(xs, ys).metric
    data = request.source.part(request.seed)
    judge = Judge([metric], data.X_test, data.Y_test, data.task, data.outputs, data.target_scale)
    for k, (rate, l2) in enumerate(zip(xs, ys, strict=True)):
        trained = training.train(data.X, data.Y, 4, rate, 20, request.seed, 20, dtype, task=data.task, l2=l2)
        assert computed[k] == judge([(W.astype(float), b.astype(float)) for W, b in trained.parameters], "tanh")[0]


def test_a_metric_of_what_is_not_finite_is_nan() -> None:
    request = MapRequest(
        "lr=log:0.01:1e300", "l2=lin:0:1e300", metric="rmse", dataset="plane", samples=10, iterations=20
    )
    pixels = Setting.of(request).train([0.01, 1e299], [0.0, 1e299])
    assert np.isfinite(pixels.metric[0])
    assert np.isnan(pixels.metric[1])
    assert pixels.steps.tolist()[0] == 20 > pixels.steps[1]


def test_without_a_metric_it_is_nan(first: Pixels) -> None:
    assert np.isnan(first.metric).all()


@pytest.mark.parametrize("tile", [Tile(1, 0, 0), Tile(1, 1, 0), Tile(1, 1, 1)])
def test_pixels_of_the_coarser_tile_are_taken_over(tile: Tile, setting: Setting, first: Pixels) -> None:
    alone = compute_tile(setting, REQUEST.plane, tile)
    assert compute_tile(setting, REQUEST.plane, tile, first).to_bytes() == alone.to_bytes()
    coarse = first.at(*tile.quarter)
    for name, fine, expected in zip(Pixels._fields, alone, coarse, strict=True):
        assert fine[::2, ::2].tobytes() == np.ascontiguousarray(expected).tobytes(), name
    pixels, left = taken_over(tile, first)
    assert len(left) == PIXELS * 3 // 4
    assert not ((left // TILE % 2 == 0) & (left % TILE % 2 == 0)).any()
    assert pixels.cost[::2, ::2].tobytes() == np.ascontiguousarray(coarse.cost).tobytes()


def test_parts_are_all_pixels_of_a_tile_with_their_values(setting: Setting, first: Pixels) -> None:
    tile = Tile(0, 0, 0)
    _, left = taken_over(tile, None)
    made = list(parts(REQUEST.plane, tile, left, 1000))
    assert [len(part.places) for part in made] == [1000, 1000, 1000, 1000, 96]
    assert np.concatenate([part.places for part in made]).tolist() == list(range(PIXELS))
    part: Part = made[-1]
    row, column = divmod(int(part.places[5]), TILE)
    assert (part.xs[5], part.ys[5]) == (REQUEST.plane.x.at(column, TILE), REQUEST.plane.y.at(row, TILE))
    alone = setting.train(part.xs[5:6], part.ys[5:6])
    assert alone.cost[0].tobytes() == first.cost[row, column].tobytes()


def test_it_stops_when_told(setting: Setting) -> None:
    stop = threading.Event()
    stop.set()
    long = replace(setting, iterations=10**9)
    with pytest.raises(Stopped):
        long.train([1.0], [1.0], stop)


def test_a_worker_with_another_arithmetic_says_so(setting: Setting) -> None:
    with pytest.raises(RuntimeError, match="a worker has version 2 of the arithmetic instead of 3"):
        replace(setting, numerics=3).train([1.0], [1.0])


def test_speed_is_that_of_an_iteration(setting: Setting) -> None:
    assert 0 < setting.seconds(REQUEST.plane) < 1
