"""experiments.models.json_file: it comes back bit for bit, and what does not fit is one line."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.files import ResultsError
from experiments.models import json_file
from tests.helpers import models


def plain(task: str = "binary", **knobs: Any) -> Any:
    return json.loads(json_file.content(models.model(task, **knobs)))


@pytest.mark.parametrize(
    ("task", "knobs"),
    [
        ("binary", {}),
        ("multiclass", {"hidden": 0, "split": "fixed"}),
        ("regression", {}),
        ("regression", {"features": "x2^2+x1x6+sin(x7)+x3"}),
    ],
)
def test_it_comes_back_bit_for_bit(task: str, knobs: dict[str, Any], tmp_path: Path) -> None:
    model, new = models.model(task, **knobs), models.rows(task)
    path = tmp_path / "model.json"
    path.write_bytes(json_file.content(model))
    back = json_file.load_json(path)
    expected, computed = model.predict(new), back.predict(new)
    pd.testing.assert_frame_equal(computed.table, expected.table, check_exact=True)
    assert computed.notes == expected.notes
    assert json_file.content(back) == json_file.content(model)
    assert back.configuration == model.configuration


def test_the_documented_arithmetic_is_all_that_is_needed() -> None:
    """What docs/predictions.md says, with NumPy and the file alone."""
    made, new = plain("multiclass"), models.rows("multiclass").drop(index=[3, 4])
    total: Any = 0.0
    for network in made["networks"]:
        encoder, inputs = made["encoders"][network["encoder"]], []
        for column, fitted in zip(made["columns"], encoder["columns"], strict=True):
            cells = new[column["name"]]
            if column["kind"] == "category":
                texts = ["" if pd.isna(cell) else cell for cell in cells]
                here = [[float(t == c and c not in fitted["unseen"]) for t in texts] for c in column["categories"]]
                here += [[float(t == "") for t in texts]] * column["has_gaps"]
            else:
                x = cells.astype(float).fillna(fitted["fill"]).to_numpy()
                if (s := fitted["scaling"]) is not None:
                    x = (x / 2.0 ** s["exponent"] - s["shift"] - s["scaled_mean"]) / s["scaled_deviation"]
                here = [x.tolist()]
            inputs += [[0.0] * len(new)] * len(here) if fitted["is_constant"] else here
        A = np.array(inputs)
        for k, layer in enumerate(network["layers"]):
            A = np.array(layer["W"]) @ (np.tanh(A) if k else A) + np.array(layer["b"])[:, np.newaxis]
        e = np.exp(A - A.max(axis=0))
        total = total + e / e.sum(axis=0)
    expected = models.numbers(models.model("multiclass").predict(new).table)
    np.testing.assert_allclose((total / len(made["networks"])).T, expected, rtol=1e-12, atol=1e-15)


def put(*path: Any, to: Any) -> Callable[[Any], Any]:
    def change(made: Any) -> Any:
        place = made
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = to
        return made

    return change


def without(name: str) -> Callable[[Any], Any]:
    return lambda made: {key: value for key, value in made.items() if key != name}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda made: [made], "the file: expected an object {...}, found "),
        (put("format", to="pickle"), "format: expected 'planar-sweep model', found \"pickle\""),
        (put("version", to=2), "version: expected 1, found 2"),
        (put("version", to=True), "version: expected 1, found true"),
        (without("networks"), "networks: expected an entry of this name, found none"),
        (put("more", to=1), "the file: expected only format, version, task, "),
        (put("task", to="guess"), 'task: expected one of binary, multiclass, regression, found "guess"'),
        (put("class_names", to=["a"]), 'class_names: expected two names, found ["a"]'),
        (put("class_names", to=["a", "a"]), 'class_names: expected a list of different texts, found ["a", "a"]'),
        (put("features", to="x1+x11"), 'features: expected only x1 to x10, found "x1+x11"'),
        (put("features", to="exec(x1)"), "features: expected terms such as x1, "),
        (put("activation", to="softplus"), "activation: expected one of tanh, relu, sigmoid, identity, found "),
        (put("columns", 1, "name", to="size"), 'columns[1].name: expected a unique column name, found "si'),
        (put("columns", 0, "kind", to="date"), "columns[0].kind: expected one of number, boolean, category, found "),
        (
            put("columns", 0, "categories", to=["a"]),
            'columns[0].categories: expected no texts for a number, found ["a"]',
        ),
        (put("columns", 0, "has_gaps", to=True), "columns[0].has_gaps: expected false for a number, found true"),
        (put("columns", 0, "number_format", "decimal", to=";"), "columns[0].number_format.decimal: expected one of .,"),
        (put("encoders", to=[]), "encoders: expected a list of at least one object, found []"),
        (put("encoders", 0, "columns", to=[]), "encoders[0].columns: expected a list of 6 objects, found []"),
        (put("encoders", 0, "columns", 0, "fill", to="1"), "encoders[0].columns[0].fill: expected a finite number, "),
        (put("encoders", 0, "columns", 0, "scaling", to=None), "encoders[0].columns[0].scaling: expected an object {."),
        (put("encoders", 0, "columns", 0, "scaling", "exponent", to=9999), "encoders[0].columns[0].scaling.exponent: "),
        (put("encoders", 0, "columns", 0, "scaling", "scaled_deviation", to=-1), "encoders[0].columns[0].scaling.scal"),
        (put("encoders", 0, "columns", 1, "unseen", to=["?"]), "encoders[0].columns[1].unseen: expected categories of"),
        (put("encoders", 0, "target_scaling", to=1), "encoders[0].target_scaling: expected null, found 1"),
        (put("networks", 0, "encoder", to=3), "networks[0].encoder: expected an integer from 0 to 2, found 3"),
        (put("networks", 0, "encoder", to=-1), "networks[0].encoder: expected an integer from 0 to 2, found -1"),
        (put("networks", 1, "seed", to="0"), 'networks[1].seed: expected an integer, 0 or more, found "0"'),
        (put("networks", 1, "layers", 0, "W", to=[]), "networks[1].layers[0].W: expected a list of 3 rows, one for ea"),
        (put("networks", 1, "layers", 0, "W", 2, to=[1.0]), "networks[1].layers[0].W[2]: expected a list of 10 finite"),
        (put("networks", 1, "layers", 0, "b", 0, to=None), "networks[1].layers[0].b: expected a list of finite number"),
        (put("networks", 1, "layers", 1, "b", to=[1, 2]), "networks[1].layers[1].W: expected a list of 2 rows, one fo"),
        (put("networks", 1, "layers", to=[{"W": [[0] * 10] * 3, "b": [0] * 3}]), "networks[1].layers[0].b: expected 1"),
        (put("networks", 1, "layers", 0, "b", 0, to=10**400), "networks[1].layers[0].b: expected a list of finite num"),
        (put("configuration", to=[]), "configuration: expected an object {...}, found []"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_one_line(change: Callable[[Any], Any], message: str, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(json.dumps(change(copy.deepcopy(plain()))))
    with pytest.raises(ResultsError) as raised:
        json_file.load_json(path)
    assert str(raised.value).startswith(f"{str(path)!r}: {message}")
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < len(str(path)) + 400


@pytest.mark.parametrize(
    "content",
    [b"", b"\x80\x04K\x01.", b"\xff\xfe", b"[" * 200_000, b'{"format": NaN}', b"1" * 5000, b'{"a": 1'],
    ids=["empty", "a pickle", "no text", "deep", "nan", "a long number", "cut off"],
)
def test_what_is_no_json_is_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_bytes(content)
    with pytest.raises(ResultsError, match=r"^[^\n]*: expected a model as JSON, found[^\n]*$"):
        json_file.load_json(path)


def test_networks_that_are_not_finite_are_refused() -> None:
    model = models.model("binary", seed=(7,))
    (member,) = model.members
    (W, b), *rest = member.parameters
    broken = member._replace(parameters=[(W * math.nan, b), *rest])
    with pytest.raises(
        ResultsError, match=r"^expected networks with finite parameters, got the diverged network of seed 7$"
    ):
        json_file.content(type(model)(**{**vars(model), "members": (broken,)}))
