"""experiments.cli.predict: from a results folder and a file to predictions, or one line on what is wrong."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.cli import predict
from experiments.sweep import Sweep
from tests.helpers import models


@pytest.fixture(scope="module")
def comma(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a sweep over a file with decimal commas."""
    folder = tmp_path_factory.mktemp("comma")
    models.frame("binary").to_csv(folder / "comma.csv", sep=";", decimal=",", index=False)
    models.frame("regression").to_csv(folder / "point.csv", index=False)
    Sweep(
        dataset=str(folder / "comma.csv"), hidden=2, learning_rate=0.3, seed=range(2), iterations=10
    ).run(out=folder / "out", jobs=1)  # fmt: skip
    return folder


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, list[str]]:
    status = predict.main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return status, out, err.splitlines()


def test_predictions_are_written_and_the_estimate_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = models.rows("multiclass")
    new.to_csv(tmp_path / "new.csv", index=False)
    folder = models.folder_of("multiclass")
    status, out, err = run(capsys, folder, tmp_path / "new.csv")
    assert status == 0
    expected = models.swept("multiclass").predict(new)
    written = pd.read_csv(io.StringIO(out))
    assert list(written.columns) == list(expected.columns)
    assert written.iloc[:, 0].tolist() == expected.iloc[:, 0].tolist()
    np.testing.assert_allclose(models.numbers(written), models.numbers(expected), rtol=1e-5)
    assert err[0].endswith("3 hidden units, learning rate 0.5, init he, variety: 3 networks")
    assert re.fullmatch(r"accuracy on unseen rows: \d+\.\d % \(\d+ of \d+ rows\)", err[1])
    assert re.fullmatch(r"each of them predicted by the networks not trained on it, \d\.\d on average", err[2])
    again = run(capsys, folder, tmp_path / "new.csv", "--out", tmp_path / "p.csv")
    assert (again[0], again[1]) == (0, f"{tmp_path / 'p.csv'}\n")
    assert (tmp_path / "p.csv").read_text() == out


def test_one_seed_answers_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = models.rows("regression")
    new.to_csv(tmp_path / "new.csv", index=False)
    status, out, err = run(capsys, models.folder_of("regression"), tmp_path / "new.csv", "--seed", 1)
    expected = models.swept("regression").predict(new, seed=1)["predicted_price"]
    assert status == 0
    np.testing.assert_allclose(pd.read_csv(io.StringIO(out))["predicted_price"], expected, rtol=1e-5)
    assert err[0].endswith(": 1 network")
    assert not any(line.startswith("together") for line in err)


def test_numbers_are_read_as_in_the_file_of_the_sweep(comma: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = models.rows("binary").drop(index=[3, 4])
    new.to_csv(comma / "new.csv", sep="\t", decimal=",", index=False)
    new[new.columns[::-1]].to_csv(comma / "other.csv", sep=";", decimal=",", index=False)
    status, out, _ = run(capsys, comma / "out", comma / "new.csv")
    assert (status, len(out.splitlines())) == (0, len(new) + 1)
    assert run(capsys, comma / "out", comma / "other.csv")[:2] == (0, out)
    new.to_csv(comma / "point.csv", sep=";", index=False)
    status, out, (err,) = run(capsys, comma / "out", comma / "point.csv")
    assert (status, out) == (2, "")
    assert err.startswith(
        f"experiments.predict: '{comma / 'point.csv'}': expected cells in the format of the training file, found "
    )
    assert "expected a number with a decimal comma" in err


def test_what_is_wrong_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, path = models.folder_of("binary"), tmp_path / "new.csv"
    models.rows("binary").drop(columns="size").to_csv(path, index=False)
    expected = (
        f"experiments.predict: '{path}': expected the columns that the networks were trained on, found none named "
        "'size': "
        "add or rename them"
    )
    status, out, err = run(capsys, folder, path)
    assert (status, out, [line.split(" (did")[0] for line in err]) == (2, "", [expected])
    status, _, err = run(capsys, folder, tmp_path / "none.csv")
    assert (status, len(err)) == (2, 1)
    status, _, err = run(capsys, tmp_path, path)
    assert (status, len(err)) == (2, 1)
    status, _, err = run(capsys, folder, path, "--seed", 5)
    assert (status, err) == (
        2, ["experiments.predict: expected a finished network of seed 5, found none; seeds are 0, 1, 2"]
    )  # fmt: skip


def test_of_several_data_sets_one_is_named(comma: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [str(comma / name) for name in ("comma.csv", "twice.csv")]
    models.frame("binary", 50).to_csv(names[1], index=False)
    new = comma / "three.csv"
    models.rows("binary").drop(index=[3, 4]).to_csv(new, index=False)
    Sweep(dataset=names, hidden=2, learning_rate=0.3, seed=0, iterations=5).run(out=comma / "two", jobs=1)
    status, _, (err,) = run(capsys, comma / "two", new)
    assert (status, err) == (
        2, f"experiments.predict: expected one problem, got 2: {names[0]}, {names[1]}; choose one with --dataset"
    )  # fmt: skip
    status, out, err_lines = run(capsys, comma / "two", new, "--dataset", names[1])
    assert (status, len(out.splitlines())) == (0, 11)
    assert names[1] in err_lines[0]
    status, _, (err,) = run(capsys, comma / "two", new, "--dataset", "moons")
    assert (status, err) == (
        2, f"experiments.predict: --dataset: expected one of {names[0]}, {names[1]}, got moons"
    )  # fmt: skip
