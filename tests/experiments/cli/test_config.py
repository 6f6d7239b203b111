"""A request as a TOML file: what is written is read again as the same request, and what is wrong is said."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

import experiments
from experiments import console
from experiments.cli import config, grid
from experiments.knobs.declared import HOW, REQUESTED
from experiments.knobs.knob import SweepError
from experiments.sweep import Sweep

EXAMPLES = sorted((Path(experiments.__file__).parent / "configs").glob("*.toml"))
REQUESTS: list[dict[str, Any]] = [
    {},
    {"hidden": [1, "8x8", 0], "learning_rate": "log:0.01:1:5", "seed": [3, 1], "iterations": 10, "record_every": 3},
    {"features": [["x1"], ["x2"]], "batch_size": ["all", 10], "l1": 1e-5, "dtype": "float32"},
    {"learning_rate": [0.1, 1], "l2": [0, 0.01], "zip": [["learning_rate", "l2"]], "seed": "0:1000000"},
    {"learning_rate": "log:1e-3:10", "l2": [0, "lin:0:1"], "hidden": "1:9", "sample": 20, "sample_seed": 3},
    {"dataset": 'naïve "file"\\ of\x7f\ttabs.csv', "target": "größe = 1 # 'x'", "positive": "\N{PILE OF POO}"},
]


def written(request: dict[str, Any], path: Path) -> str:
    how = dict.fromkeys((knob.name for knob in HOW), None)
    path.write_text("\n".join(config.lines(request, how)), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: " ".join(request) or "defaults")
def test_what_is_written_is_read_as_the_same_request(request_: dict[str, Any], tmp_path: Path) -> None:
    sweep = Sweep(**request_)
    again = Sweep(**config.read(written(sweep.request, tmp_path / "sweep.toml")))
    assert again.request == sweep.request
    assert again.dimensions == sweep.dimensions


def test_every_option_is_in_the_file(tmp_path: Path) -> None:
    text = Path(written(Sweep().request, tmp_path / "sweep.toml")).read_text(encoding="utf-8")
    for knob in (*REQUESTED, *HOW):
        assert f"{knob.name} =" in text


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert grid.main(arguments) == console.DONE
    return capsys.readouterr().out


def test_print_config_and_config_are_the_same_sweep(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--hidden", "1", "2x2", "--lr", "lin:0.1:0.3:3", "--l2", "0", "0.1", "0.2", "--zip", "lr", "l2"]
    options += ["--seeds", "0:2", "--iterations", "20", "--jobs", "1"]
    path = tmp_path / "sweep.toml"
    path.write_text(run(capsys, *options, "--print-config"), encoding="utf-8")
    assert not (tmp_path / "results").exists()
    assert tomllib.loads(path.read_text(encoding="utf-8"))["jobs"] == 1

    run(capsys, *options, "--no-plots", "--out", str(tmp_path / "a"))
    run(capsys, "--config", str(path), "--no-plots", "--out", str(tmp_path / "b"))
    for name in ("runs.csv", "curves.csv", "summary.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    manifests = [json.loads((tmp_path / name / "sweep.json").read_text(encoding="utf-8")) for name in "ab"]
    assert manifests[0]["request"] == manifests[1]["request"]


def test_the_command_line_wins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "sweep.toml"
    path.write_text(f'hidden = [1, 2]\nlr = 0.5\nseeds = "0:3"\niterations = 7\nout = "{tmp_path}/from"\n')
    said = run(capsys, "--config", str(path), "--seeds", "5", "--iterations", "9", "--dry-run")
    assert "hidden         1 2  (2)" in said
    assert "learning_rate  0.5" in said
    assert "seed           5\n" in said
    assert "iterations     9," in said
    assert f"{tmp_path}/from/runs.csv" in said
    assert f"{tmp_path}/to/runs.csv" in run(capsys, "--config", str(path), "--out", f"{tmp_path}/to", "--dry-run")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_can_be_run(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "--config", str(path), "--dry-run", "--out", str(tmp_path))
    small = ["--seeds", "0:2", "--iterations", "2", "--record-every", "2", "--no-plots"]
    run(capsys, "--config", str(path), *small, "--out", str(tmp_path))
    assert (tmp_path / "summary.csv").is_file()


def test_there_are_two_examples() -> None:
    assert len(EXAMPLES) >= 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hiden = 4", "expected an option such as hidden, got 'hiden' (did you mean 'hidden'?)"),
        ("hidden = [1, 2", "expected TOML, got "),
        ("hidden = 4\nhidden = 5", "expected TOML, got "),
        ("learning_rate = 1\nlr = 2", "expected each option once, got lr as well as learning_rate"),
        ("[hidden]\nx = 1", "hidden: expected a value or a list, got {'x': 1}"),
        ("out = 3", "out: expected the name of a folder, got 3"),
        ("x = 3", "x: expected KNOB=RANGE, got 3"),
        ("y_times = '4'", "y_times: expected a number, got '4'"),
        (f"hidden = {10**4299}0", "expected TOML, got "),
        (f"hidden = {5000 * '['}", "expected TOML, got "),
        (b"hidden = '\xff'", "expected TOML, got "),
    ],
)
def test_what_is_wrong_with_a_file_is_said(text: str | bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "sweep.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SweepError) as caught:
        config.read(path)
    message = str(caught.value)
    assert message.startswith(f"--config: {path}: ")
    assert said in message
    assert "\n" not in message


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "none.toml", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(SweepError, match=f"expected a readable file, found: {why}"):
            config.read(path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("hidden = -1", "--hidden: expected"),
        ("iterations = 2.5", "--iterations: expected an integer"),
        ("seed = true", "--seeds: expected an integer"),
        ("zip = 'lr'", "--zip: expected lists of axes"),
        ("zip = ['lr']", "--zip: expected at least two axes"),
        ("zip = [['lr', 'hidden']]\nlr = [1, 2]\nhidden = [1]", "--zip: expected axes of the same length"),
        ("backend = 'spark'", "--backend: expected one of threading"),
        ("jobs = [1]", "--jobs: expected one value"),
        ("dtype = 1979-05-27", "--dtype: expected one of float64"),
        ("dataset = 3", "--dataset: expected a name"),
        ("zip = 3", "--zip: expected lists"),
        ("zip = [3]", "--zip: expected lists"),
        ("zip = [[3, 'lr']]", "--zip: expected axes among"),
        ("seed = 0\nout = ''", "--out: expected a writable folder"),
        ("seed = 0\nout = 'a\\u0000b'".replace("'", '"'), "--out: expected a writable folder"),
    ],
)
def test_bad_values_are_refused_as_on_the_command_line(
    line: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where an empty --out would write
    path = tmp_path / "sweep.toml"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(SystemExit) as caught:
        grid.main(["--config", str(path), *([] if "out" in line else ["--out", str(tmp_path / "out")])])
    assert caught.value.code == console.BAD_INPUT
    error = capsys.readouterr().err
    assert error.startswith(f"experiments.grid: {said}")
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()
