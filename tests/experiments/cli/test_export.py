"""experiments.cli.export: a file of each format, put in place in one step, or one line on what is wrong."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import onnxruntime
import pytest

from experiments.cli import export
from experiments.models.json_file import load_json
from tests.helpers import models


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, list[str], list[str]]:
    status = export.main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return status, out.splitlines(), err.splitlines()


def test_all_formats_say_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, new = models.folder_of("multiclass"), models.rows("multiclass")
    for form in export.FORMATS:
        path = folder / f"model.{form}"
        status, out, (err,) = run(capsys, folder, "--format", form)
        assert (status, out) == (0, [str(path)])
        assert err.endswith("3 hidden units, learning rate 0.5, init he, variety: 3 networks")
    expected = models.numbers(models.swept("multiclass").predict(new))
    np.testing.assert_array_equal(models.numbers(load_json(folder / "model.json").predict(new).table), expected)
    np.testing.assert_array_equal(joblib.load(folder / "model.joblib").predict_proba(new), expected)
    session, feed = onnxruntime.InferenceSession(folder / "model.onnx"), {}
    for given, name in zip(session.get_inputs(), new.columns.tolist(), strict=True):
        cells: Any = new[name].fillna("").astype(object) if given.type == "tensor(string)" else new[name].astype(float)
        feed[given.name] = cells.to_numpy().reshape(-1, 1)
    (computed,) = session.run(["probabilities"], feed)
    np.testing.assert_allclose(computed, expected, rtol=1e-11, atol=1e-13)


def test_one_seed_into_a_file_of_that_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "one.json"
    path.write_text("old")
    status, out, (err,) = run(capsys, models.folder_of("binary"), "--format", "json", "--seed", 2, "--out", path)
    assert (status, out) == (0, [str(path)])
    assert err.endswith(": 1 network")
    assert [member.seed for member in load_json(path).members] == [2]
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_wrong_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, path = models.folder_of("binary"), tmp_path / "model.onnx"
    path.write_text("old")
    monkeypatch.setitem(sys.modules, "onnx", None)
    expected = (
        "experiments.export: ONNX export requires the package onnx, which is not installed: pip install '.[onnx]'"
    )
    assert run(capsys, folder, "--format", "onnx", "--out", path) == (2, [], [expected])
    assert path.read_text() == "old"
    status, out, err = run(capsys, folder, "--format", "json", "--out", tmp_path / "none" / "model.json")
    assert (status, out, len(err)) == (2, [], 1)
    status, out, err = run(capsys, tmp_path, "--format", "json")
    assert (status, out, len(err)) == (2, [], 1)
    status, out, err = run(capsys, folder, "--format", "json", "--dataset", "moons")
    assert (status, out, len(err)) == (2, [], 1)
    with pytest.raises(SystemExit) as raised:
        run(capsys, folder, "--format", "pickle")
    assert raised.value.code == 2
