"""experiments.models.onnx_file: onnxruntime says what Model.predict says."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pandas as pd
import pytest

from experiments.files import ResultsError
from experiments.models import onnx_file
from experiments.models.model import Model
from experiments.sweep import Sweep
from tests.helpers import models


def run(model: Model, frame: pd.DataFrame) -> tuple[list[str], list[npt.NDArray[Any]]]:
    session = onnxruntime.InferenceSession(onnx_file.content(model), providers=["CPUExecutionProvider"])
    columns, feed = model.members[0].encoder.columns, {}
    for given, column in zip(session.get_inputs(), columns, strict=True):
        cells = frame[column.name]
        is_text = given.type == "tensor(string)"
        assert is_text == (column.kind == "category")
        values = cells.fillna("").astype(object) if is_text else cells.astype(np.float64)
        feed[given.name] = values.to_numpy().reshape(-1, 1)
    return [each.name for each in session.get_outputs()], session.run(None, feed)


@pytest.mark.parametrize(
    ("task", "knobs"),
    [
        ("binary", {}),
        ("binary", {"activation": "sigmoid", "hidden": "3x2"}),
        ("multiclass", {"activation": "relu"}),
        ("multiclass", {"hidden": 0, "split": "fixed"}),
        ("regression", {"activation": "identity", "split": "cv:2"}),
        ("regression", {}),
        ("regression", {"features": "x2^2+x1x6+sin(x7)+x3"}),
    ],
)
def test_onnxruntime_agrees(task: str, knobs: dict[str, Any]) -> None:
    model, new = models.model(task, **knobs), models.rows(task)
    expected = model.predict(new).table
    names, outputs = run(model, new)
    if task == "regression":
        assert names == ["value"]
        assert outputs[0].shape == (len(new), 1)
    else:
        assert names == ["label", "probabilities"]
        assert outputs[0].tolist() == expected.iloc[:, 0].tolist()
    values = models.numbers(expected)
    assert outputs[-1].dtype == np.float64
    np.testing.assert_allclose(outputs[-1], values, rtol=1e-11, atol=1e-13)
    assert np.ptp(values) > 1e-3  # of predictions that differ


@pytest.mark.parametrize("task", models.TASKS)
def test_there_is_a_category_that_some_training_parts_have(task: str) -> None:
    """Without one, the tests of formats would not see whether it is none of the categories of the others."""
    unseen = {member.encoder.columns[1].unseen for member in models.model(task).members}
    assert unseen == {(), ("green",)}


def test_inputs_go_by_the_names_of_columns_unless_an_output_has_it() -> None:
    def names(task: str) -> list[str]:
        return [each.name for each in onnx_file.onnx_of(models.model(task)).graph.input]

    assert names("binary") == ["size", "colour", "value", "is_wild", "label_", "shape"]
    assert names("regression") == ["size", "colour", "value_", "is_wild", "label", "shape"]


def test_texts_and_numbers_that_stand_for_gaps_are_gaps(tmp_path: Path) -> None:
    frame = models.frame("binary")
    frame["size"] = frame["size"].fillna(-99)
    sweep = Sweep(
        dataset=frame, target="ripe", missing_values="-99", hidden=2, learning_rate=0.3, seed=range(2), iterations=10
    )
    model = sweep.run(out=tmp_path, jobs=1).model()
    new = models.rows("binary").fillna({"size": 20.0})
    new.loc[0, "size"] = -99.0
    new["colour"] = "NA"
    expected = models.numbers(model.predict(new).table)
    np.testing.assert_allclose(run(model, new)[1][-1], expected, rtol=1e-11)
    other = new.assign(size=new["size"].replace(-99.0, np.nan), colour=None)
    np.testing.assert_array_equal(run(model, other)[1][-1], run(model, new)[1][-1])


def test_any_number_of_rows() -> None:
    model, new = models.model("binary"), models.rows("binary")
    np.testing.assert_array_equal(run(model, new.iloc[:1])[1][-1], run(model, new)[1][-1][:1])


def test_the_file_is_a_valid_model_that_says_what_it_is() -> None:
    content = onnx_file.content(models.model("multiclass"))
    assert content == onnx_file.content(models.model("multiclass"))
    made = onnx.load_from_string(content)
    onnx.checker.check_model(made, full_check=True)
    assert (made.ir_version, [each.version for each in made.opset_import]) == (8, [17, 2])
    used = {name for node in made.graph.node for name in node.input}
    assert {constant.name for constant in made.graph.initializer} <= used  # onnxruntime warns of others
    (about,) = made.metadata_props
    assert about.key == "planar-sweep"
    assert '"class_names": ["kama", "rosa", "zoe"]' in about.value


def test_without_the_package_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ResultsError) as raised:
        onnx_file.content(models.model("binary"))
    assert str(raised.value) == ("ONNX export requires the package onnx, which is not installed: pip install '.[onnx]'")
