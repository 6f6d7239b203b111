"""What a map is of."""

from __future__ import annotations

import json
from typing import Any

import pytest

from experiments.knobs.declared import REQUESTED
from experiments.knobs.knob import SweepError
from experiments.maps.declared import CONTINUOUS, OF_MAPS, OF_SWEEPS
from experiments.maps.plane import Axis
from experiments.maps.request import MapRequest

X, Y = "lr=log:1e-1:1e3", "l2=lin:0:1"
CHOICES = ", ".join(knob.flags[0].lstrip("-") for knob in CONTINUOUS)
SAME, BY_COSTS = "and a map has the same {} at every pixel", "by whose costs a map decides what converges"
ONE = "which trains one network for each pixel"


def test_the_defaults() -> None:
    request = MapRequest(X, Y)
    assert request.plane.x == Axis("learning_rate", "log", 0.1, 1000.0)
    assert request.plane.y == Axis("l2", "lin", 0.0, 1.0)
    run = request.run
    assert (run.dataset, run.hidden, run.seed, run.iterations) == ("flower", "4", 0, 500)
    assert (run.learning_rate, run.l2) == (0.1, 0.0)  # of the pixel (0, 0)
    assert MapRequest("l1=lin:0:1", Y).run.learning_rate == 1.2


@pytest.mark.parametrize(
    "knobs",
    [{}, {"hidden": "8x8", "metric": "auc", "reach": 0.5}, {"optimizer": "adam", "dtype": "float32", "split": "fixed"}],
)
def test_it_comes_back_from_json(knobs: dict[str, Any]) -> None:
    request = MapRequest(X, Y, dataset="iris2", **knobs)
    again = MapRequest.from_dict(json.loads(json.dumps(request.as_dict())))
    assert again.as_dict() == request.as_dict()
    assert again.identity == request.identity


def test_every_knob_is_of_maps_or_of_sweeps() -> None:
    assert {*OF_MAPS, *OF_SWEEPS} == set(REQUESTED)
    assert {knob.name for knob in CONTINUOUS} >= {"learning_rate", "output_learning_rate", "l1", "l2", "init_scale"}


@pytest.mark.parametrize(
    "changed",
    [
        {"x": "lr=log:1e-1:1e2"}, {"y": "l1=lin:0:1"}, {"reach": 0.2}, {"metric": "auc"}, {"seed": 1}, {"hidden": 5},
        {"iterations": 501}, {"samples": 401}, {"dtype": "float32"}, {"class_weight": "balanced"},
        {"output_learning_rate": 0.1},
    ],
)  # fmt: skip
def test_what_changes_the_numbers_changes_the_identity(changed: dict[str, Any]) -> None:
    assert MapRequest(**{"x": X, "y": Y, **changed}).identity != MapRequest(X, Y).identity


def test_what_does_not_change_the_numbers_does_not_change_the_identity() -> None:
    spelled = MapRequest("learning_rate=log:0.1:1000", "l2 = lin:0.0:1", hidden=["4"], iterations=[500], l1=0)
    assert spelled.identity == MapRequest(X, Y).identity


@pytest.mark.parametrize(
    ("x", "y", "knobs", "message"),
    [
        ("lr", Y, {}, "--x: expected KNOB=RANGE such as learning-rate=log:0.001:10, got 'lr'"),
        (X, "weight=lin:0:1", {}, f"--y: expected one of {CHOICES}, got 'weight'"),
        (
            "noise=lin:0:1", Y, {},
            f"--x: expected one of {CHOICES}, got noise, which changes the data, {SAME.format('data')}",
        ),
        ("hidden=lin:1:9", Y, {}, f"--x: expected one of {CHOICES}, got hidden, which is not a real number"),
        ("batch-size=lin:1:9", Y, {}, f"--x: expected one of {CHOICES}, got batch-size, which is not a real number"),
        ("seed=lin:1:9", Y, {}, f"--x: expected one of {CHOICES}, got seed, {SAME.format('seed')}"),
        *(
            (
                f"lr={text}", Y, {},
                f"--x: expected a range lr=log:A:B, with A above 0, or lr=lin:A:B, with A below B, got 'lr={text}'",
            )
            for text in ("0.1", "0:1", "lin:0:1:5", "lin:1:0", "lin:1:1", "log:0:1", "log:-1:1", "lin:x:1", "log:1:inf")
        ),
        ("lr=lin:-1:1", Y, {}, "--learning-rate: expected a finite number, 0 or more, got -1"),
        (X, X, {}, "--y: expected a knob other than that of --x, got learning_rate for both"),
        (X, Y, {"lr": 3}, "--learning-rate: expected a value here, or a range with --x, got both"),
        (X, Y, {"hidden": [1, 2]}, f"--hidden: expected one value for a map, {ONE}, got 1 2"),
        (X, Y, {"seed": "0:3"}, f"--seeds: expected one value for a map, {ONE}, got 0:3"),
        (X, Y, {"until_decided": 0.1}, "until_decided: not an option of maps, which train one network for each pixel"),
        (X, Y, {"sample": 3}, "sample: not an option of maps, which train one network for each pixel"),
        (X, Y, {"dataset": "iris", "split": "cv:4"}, f"--split: expected seed or fixed for a map, {ONE}, got cv:4"),
        (X, "momentum=lin:0:0.9", {}, "--momentum requires --optimizer momentum, got gd"),
        (X, Y, {"iterations": 19}, f"--iterations: expected at least 20, {BY_COSTS}, got 19"),
        (X, Y, {"reach": 1}, "--reach: expected a fraction of the first cost, above 0 and below 1, got 1"),
        (X, Y, {"hiden": 1}, "(did you mean 'hidden'?)"),
        (X, Y, {"epochs": 1}, "(use --iterations)"),
    ],
)  # fmt: skip
def test_what_is_refused(x: str, y: str, knobs: dict[str, Any], message: str) -> None:
    with pytest.raises(SweepError) as error:
        MapRequest(x, y, **knobs)
    assert str(error.value).endswith(message)
    if "(" not in message:
        assert str(error.value) == message


def test_a_request_that_no_map_has_written() -> None:
    for request in ({}, {"x": X, "y": Y, "reach": 0.1, "metric": None}):
        with pytest.raises(SweepError, match="expected the request of a map, got one without"):
            MapRequest.from_dict(request)
