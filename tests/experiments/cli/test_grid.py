"""experiments.cli.grid: the command line as a function: what is refused, said and done."""

from __future__ import annotations

import io
import multiprocessing
import os
import re
import shlex
import shutil
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from joblib.externals.loky import get_reusable_executor

from experiments import files
from experiments.cli import grid
from experiments.results import read
from planar_core import training
from tests.helpers.commands import PLAN, TINY, needs_linux
from tests.helpers.knobs import DEFAULTS, FURTHER, OTHERS
from tests.helpers.sweeps import same

CSV_FILES = files.FILES[:3]
HIDDEN = "--hidden: expected a number of hidden units such as 4, layers such as 8x8, or 0 for none, got "


def refused(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that a command is refused with."""
    with pytest.raises(SystemExit) as exit_:
        grid.main(arguments)
    out, err = capsys.readouterr()
    assert exit_.value.code == 2
    assert out == ""
    assert err.endswith("\n")
    assert err.count("\n") == 1
    assert err.startswith("experiments.grid: ")
    return err.removeprefix("experiments.grid: ").rstrip("\n")


# Refusals


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--hidden -1", HIDDEN + "'-1'"),
        ("--hidden -2x2", HIDDEN + "'-2x2'"),
        ("--hidden 2.5", HIDDEN + "'2.5'"),
        ("--hidden 3 8x0", HIDDEN + "'8x0'"),
        ("--hidden", "argument --hidden: expected at least one argument; --help lists the options"),
        ("--lr nan", "--learning-rate: expected a finite number, 0 or more, got 'nan'"),
        ("--lr -inf", "--learning-rate: expected a finite number, 0 or more, got '-inf'"),
        ("--learning-rate -1e-3", "--learning-rate: expected a finite number, 0 or more, got '-1e-3'"),
        ("--seeds -1", "--seeds: expected an integer from 0 to 4,294,967,295, got '-1'"),
        ("--seeds -1:2", "--seeds: expected an integer from 0 to 4,294,967,295, got -1"),
        ("--seeds 4294967296", "--seeds: expected an integer from 0 to 4,294,967,295, got '4294967296'"),
        ("--jobs 0", "--jobs: expected an integer from 1 to 1,024, or -1 for all cores, got '0'"),
        ("-j two", "--jobs: expected an integer from 1 to 1,024, or -1 for all cores, got 'two'"),
        ("--iterations -5", "--iterations: expected an integer from 0 to 1,000,000,000,000, got '-5'"),
        ("--record-every 0", "--record-every: expected an integer from 1 to 1,000,000,000,000, got '0'"),
        ("--dtype float16", "--dtype: expected one of float64, float32 (did you mean 'float64'?), got 'float16'"),
        ("--backend loki", "--backend: expected one of threading, loky, dask (did you mean 'loky'?), got 'loki'"),
        ("--scheduler tcp://host:1", "--scheduler requires --backend dask, got threading"),
        ("--target x", "--target requires a table file as --dataset, got flower"),
        ("--positive x", "--positive requires a table file as --dataset, got flower"),
        ("--class-weight balanced --dataset diabetes", "--class-weight: expected classification data, got regression"),
        (
            "--dataset iris plane",
            "--dataset: expected only classification or only regression data sets, got both",
        ),
        ("--split cv:1", "--split: expected seed, fixed or cv:K with K from 2 to 1,000, or auto, got 'cv:1'"),
        ("--seeds 1,2,3",
         ("--seeds: expected an integer from 0 to 4,294,967,295, got '1,2,3'; separate values by spaces: "
          "--seeds 1 2 3")),
        ("--epochs 3", "unknown argument '--epochs' (use --iterations); --help lists the options"),
        ("--n_jobs 2", "unknown argument '--n_jobs' (use --jobs); --help lists the options"),
        ("--dropout=0.5", ("unknown argument '--dropout=0.5' (not available; --l1 and --l2 are penalties on the "
         "weights); --help lists the options")),
        # What agrees to something is never suggested.
        ("--ye", "unknown argument '--ye'; --help lists the options"),
        ("--yess", "unknown argument '--yess'; --help lists the options"),
        ("--frsh", "unknown argument '--frsh'; --help lists the options"),
        ("--momentum 0.5", "--momentum requires --optimizer momentum, got gd"),
        ("--batch-size 0", "--batch-size: expected an integer from 1 to 1,000,000,000,000, or all, got '0'"),
        ("--zip lr", "--zip: expected at least two axes, got learning_rate"),
        ("--zip lr l2", "--zip: expected axes of the same length, got learning_rate (5), l2 (1)"),
        ("--l2 0 1 --l1 0 1 --zip l1 l2 --zip l2 hidden", "--zip: expected each axis once, got l2 again"),
        ("--data-seed 0:20000", "data seed: expected at most 10,000 problems in total, got 20,000"),
        ("--hiden 3", "unknown argument '--hiden' (did you mean '--hidden'?); --help lists the options"),
        ("--iteration=3", "unknown argument '--iteration=3' (did you mean '--iterations'?); --help lists the options"),
        ("flower", "unknown argument 'flower'; --help lists the options"),
        ("--dtype", "argument --dtype: expected one argument; --help lists the options"),
    ],
)  # fmt: skip
def test_bad_arguments(arguments: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused([*shlex.split(arguments), "--out", str(tmp_path / "out")], capsys) == message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--dataset flowr", ["unknown data set 'flowr'", "flower, moons,", "(did you mean 'flower'?)"]),
        ("--dataset nowhere.csv", ["nowhere.csv", "expected a file, found none"]),
        ("--dataset flower .csv", [".csv"]),
    ],
)
def test_bad_data(arguments: str, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message = refused([*shlex.split(arguments), "--out", str(tmp_path / "out")], capsys)
    assert all(word in message for word in words), message
    assert list(tmp_path.iterdir()) == []


@needs_linux
def test_a_folder_that_cannot_be_written_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    for out, reason in (
        (tmp_path / "file", "Not a directory"),
        (tmp_path / "file" / "below", "Not a directory"),
        (Path("/proc/self/x"), "No such file or directory"),  # read-only even for root
    ):
        message = refused([*TINY, "--out", str(out)], capsys)
        assert message == f"--out: expected a writable folder, got {str(out)!r}: {reason}"
    assert refused(["--out"], capsys) == "argument --out: expected one argument; --help lists the options"


def test_a_disk_without_room(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=1000))
    message = refused([*TINY, "--out", str(tmp_path / "out")], capsys)
    assert re.fullmatch(
        r"--out: not enough disk space: \d+ kB needed, 1 kB free; free some space, or choose another folder", message
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "runs"),
    [
        ("--seeds 0:1000000000", "35,000,000,000 runs"),
        ("--hidden 1:1001 --lr lin:0:1:1000 --seeds 0:1000", "1,000,000,000 runs"),
        ("--iterations 1000000000000", "350 runs"),
        ("--hidden 9000x9000", "50 runs"),
        ("--seeds 0:4294967296 --lr lin:0:1:30000 --hidden 1:30000", "3,865,341,717,381,120,000 runs"),
        ("--seeds 0:4294967296 --lr lin:0:1:90000 --hidden 90000 90001 8x8", "1,159,641,169,920,000 runs"),
    ],
)
def test_an_enormous_grid_is_refused_without_being_expanded(
    arguments: str, runs: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = refused([*arguments.split(), "--out", str(tmp_path / "out")], capsys)
    most = "24 h, 8 GiB of memory or 100 GB on disk"
    pattern = f"^{PLAN}: exceeds the limit of {most}; reduce the sweep or confirm with --yes$"
    assert re.match(pattern, message), message
    assert message.startswith(runs)

    assert grid.main([*arguments.split(), "--out", str(tmp_path / "out"), "--dry-run"]) == 0
    plan = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("plan"))
    assert re.match(f"^plan +{PLAN}; requires --yes$", plan), plan
    assert list(tmp_path.iterdir()) == []


def test_yes_agrees_to_a_large_plan(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("experiments.cli.terminal.MOST_HOURS", 0.0)
    refused([*TINY, "--out", str(tmp_path / "out")], capsys)
    assert grid.main([*TINY, "--out", str(tmp_path / "out"), "--yes"]) == 0
    assert (tmp_path / "out" / "runs.csv").exists()


# What is said


def test_help_fits_a_terminal_and_lists_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        grid.main(["--help"])
    assert exit_.value.code == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    options = re.findall(r"(?<![\w-])--?[a-z][a-z0-9-]*", text.split("options:")[1])
    for option in (
        *("--dataset", "--hidden", "--learning-rate", "--lr", "--seeds", "--iterations", "--record-every", "--dtype"),
        *(
            "--jobs",
            "-j",
            "--backend",
            "--scheduler",
            "--out",
            "--target",
            "--dry-run",
            "--yes",
            "--no-plots",
            "--quiet",
        ),
        *("--fresh", "--fail-fast", "--positive", "--zip"),
        *(f"--{name.replace('_', '-')}" for name in FURTHER),
    ):
        assert option in options
    for heading in ("data", "network", "training", "run"):
        assert f"\n{heading}:\n  --" in text
    for default in ("flower)", "1 2 3 4 5 20 50", "0.03 0.1 0.3 1.2 5)", "0:10", "5000", "float64)", "threading)"):
        assert f"(default: {default}" in re.sub(r"\s+", " ", text)


def test_a_dry_run_shows_the_plan_and_touches_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    axes = [
        "--dataset",
        "flower",
        "moons",
        "flower",
        "--hidden",
        "1:14",
        "--lr",
        "log:0.01:1:3",
        "--seeds",
        "5:2000005",
    ]
    others = ["--iterations", "1000000", "--dtype", "float32", "--dry-run", "--quiet", "--out", str(tmp_path / "out")]
    assert grid.main([*axes, *others]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert lines[:7] == [
        "dataset        flower moons  (2)",
        "hidden         1 2 3 ... 13  (13)",
        "learning_rate  0.01 0.1 1  (3)",
        "seed           5:2000005  (2,000,000)",
        "iterations     1,000,000, recorded every 20,000, float32",
        "data           flower: 2 features, 400 training and 2000 test examples",
        "data           moons: 2 features, 400 training and 2000 test examples",
    ]
    assert re.match(f"^plan           {PLAN}; requires --yes$", lines[7])
    assert [line.split()[1] for line in lines[8:]] == [
        str(tmp_path / "out" / name) for name in (*files.FILES, files.STORE, "plots/*.png", "report.html")
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_shows_what_is_set_and_fits_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    long = tmp_path / ("a rather long name " * 6 + ".csv")
    long.write_text("\n".join(["a,b,y", *(f"{i % 7},{i * i % 11},{i % 2}" for i in range(40))]))
    arguments = ["--dataset", str(long), "--hidden", "2", "3", "--lr", "log:0.0123456789:1:9", "--seeds", "4"]
    arguments += ["--l2", "0", "0.1", "--output-learning-rate", "same", "0.01", "--zip", "hidden", "l2"]
    assert grid.main([*arguments, "--dry-run", "--out", "out"]) == 0
    notes = capsys.readouterr().out.splitlines()
    assert notes[0] == "--seeds 4 is a single seed; for seeds 0 to 3 use 0:4"
    assert notes[1].endswith(".csv: target: 'y', the last column (override with --target)")
    assert grid.main([*arguments, "--dry-run", "--quiet", "--out", "out"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    data = next(i for i, line in enumerate(lines) if line.startswith("data "))
    assert lines[data].endswith("a rather long name .csv:")
    assert lines.pop(data + 1).split() == ["2", "features,", "30", "training", "and", "10", "test", "examples"]
    assert [line.split()[0] for line in lines if not line.startswith("zipped")] == [
        *("dataset", "hidden", "l2", "learning_rate", "output_learning_rate", "seed", "iterations", "data", "plan"),
        *["file"] * 7,
    ]
    assert "hidden               2 3  (2)" in lines
    assert "output_learning_rate same 0.01  (2)" in lines
    assert "zipped               hidden, l2" in lines
    assert any(line.startswith("plan                 36 runs, about ") for line in lines)


def test_a_plan_follows_the_speed_of_the_machine(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Per run: 10^8 iterations of 400 examples and 2 records of 2,400, which take half as long; 3 weights, 2 units.
    steps = 4 * (10**8 * 400 + 2 * 2400 // 2) * (3 + 2 * 4)
    monkeypatch.setattr(
        "experiments.runner.prepare.measure_speed", {"float64": 7200 / steps, "float32": 3600 / steps}.__getitem__
    )
    for dtype, hours in (("float64", "2.0 h"), ("float32", "60 min")):
        arguments = ["--hidden", "1", "--lr", "1", "--seeds", "0:4", "-j", "1", "--no-plots"]
        arguments += ["--iterations", "100000000", "--record-every", "100000000"]
        assert grid.main([*arguments, "--dtype", dtype, "--dry-run"]) == 0
        assert f" 4 runs, about {hours}, " in capsys.readouterr().out


def test_a_sweep_says_what_it_does_and_what_came_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert grid.main([*TINY, "--hidden", "2", "2", "0", "--out", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert err == ""
    assert lines[0] == "--hidden: repeated value dropped: 2"
    assert re.match(f"^{PLAN}$", lines[1])
    assert lines[3].startswith("2 hidden units, learning rate 1.2: ")
    assert "flower: test accuracy, mean over 2 seeds and 95 % interval" in lines
    assert re.match(rf"^5 files written to {re.escape(str(tmp_path))}/ in [\d.]+ s$", lines[-2])
    assert lines[-1] == "4 runs: 4 computed, 0 reused, 0 diverged, 0 failed"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*files.FILES, files.STORE])


class Terminal(io.StringIO):
    """Somebody looks at it."""

    def isatty(self) -> bool:
        return True


def test_progress_is_shown_to_a_terminal_and_to_nothing_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = {}
    for quiet in ([], ["--quiet"]):
        monkeypatch.setattr(sys, "stderr", terminal := Terminal())
        assert grid.main([*TINY, *quiet, "--out", str(tmp_path)]) == 0
        said[bool(quiet)] = terminal.getvalue()
    assert re.match(r"^\r +0% \|.*\| 0/4 runs \[00:00<\?\]", said[False])
    assert said[False].rstrip(" \r").endswith("]")
    assert said[False].endswith("\r")  # the bar is gone
    assert said[True] == ""


def test_quiet_means_silent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert grid.main([*TINY, "--hidden", "2", "2", "--quiet", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr() == ("", "")


# What is done


def test_pictures_and_report_come_with_the_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    assert grid.main([*TINY[:-1], "--out", str(tmp_path)]) == 0
    pictures = sorted(path.name for path in (tmp_path / "plots").iterdir())
    assert "accuracy.png" in pictures
    assert (tmp_path / "report.html").stat().st_size > 500_000
    assert f"{6 + len(pictures)} files written to" in capsys.readouterr().out


def test_a_name_cannot_leave_the_line_of_a_note(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "a\nb\x1b[2J.csv"
    data.write_text("a,b,c\n" + "".join(f"{i % 7},{i * i % 11},{'no' if i % 2 else 'yes'}\n" for i in range(40)))
    assert grid.main(["--dataset", str(data), *TINY, "--out", str(tmp_path / "out"), "--dry-run"]) == 0
    (note,) = [line for line in capsys.readouterr().out.split("\n") if "labels: " in line]
    assert note.startswith(f"{tmp_path}{os.sep}a\\nb\\x1b[2J.csv: labels: ")


def test_every_option_arrives(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data.csv"
    data.write_text("\n".join(["a,b,first,second", *(f"{i % 7},{i * i % 11},{i % 2},{i // 2 % 2}" for i in range(40))]))
    arguments = (
        f"--dataset {data} --target first --hidden 0 2x2 --learning-rate 0 lin:1:2:3 --seeds 3 1 --iterations 6"
        f" --record-every 4 --dtype float32 -j 2 --backend threading --no-plots --out {tmp_path / 'out'}"
    )
    assert grid.main(arguments.split()) == 0
    results = read(tmp_path / "out")
    assert results.manifest["request"] == {
        **DEFAULTS,
        **OTHERS,
        "dataset": [str(data)],
        "hidden": ["0", "2x2"],
        "learning_rate": [0.0, 1.0, 1.5, 2.0],
        "seed": [3, 1],
        "target": "first",
        "positive": None,
        "iterations": 6,
        "record_every": 4,
        "dtype": "float32",
        "zip": [],
    }
    assert results.manifest["execution"]["jobs"] == 2
    assert results.manifest["execution"]["backend"] == "threading"
    assert list(results.curves["iteration"].unique()) == [0, 4, 6]
    assert list(results.runs["seed"]) == [3, 1] * 8
    assert set(results.runs["target"]) == {"first"}
    # A learning rate of 0 leaves the network alone.
    still = results.curves[results.curves["learning_rate"] == 0].groupby(["hidden", "seed"])["cost"]
    assert (still.nunique() == 1).all()


def test_axes_in_step_arrive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = "--hidden 1 2 --lr 0.1 0.2 --seeds 7 8 --iterations 5 --no-plots --zip hidden learning-rate"
    assert grid.main([*arguments.split(), "--out", str(tmp_path)]) == 0
    results = read(tmp_path)
    assert results.runs[["hidden", "learning_rate", "seed"]].to_numpy().tolist() == [
        ["1", 0.1, 7], ["1", 0.1, 8], ["2", 0.2, 7], ["2", 0.2, 8],
    ]  # fmt: skip
    assert results.manifest["request"]["zip"] == [["hidden", "learning_rate"]]


def test_jobs_and_backends_give_the_same_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--dataset", "flower", "iris", "--hidden", "0", "3", "2x2", "--lr", "0.1", "1e307", "--seeds", "0:3"]
    arguments += ["--iterations", "30", "--no-plots"]
    for name, how in {"one": ["-j", "1"], "two": ["-j", "2"], "loky": ["-j", "2", "--backend", "loky"]}.items():
        assert grid.main([*arguments, *how, "--out", str(tmp_path / name)]) == 0
    for name in ("two", "loky"):
        for file in CSV_FILES:
            assert (tmp_path / name / file).read_bytes() == (tmp_path / "one" / file).read_bytes()
        same(read(tmp_path / name), read(tmp_path / "one"))
    assert b"diverged" in (tmp_path / "one" / "runs.csv").read_bytes()


def test_what_is_stored_is_not_trained_again_but_when_asked_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, stored, last in (
        ([], "", "4 runs: 4 computed, 0 reused, 0 diverged, 0 failed"),
        ([], " (4 stored)", "4 runs: 0 computed, 4 reused, 0 diverged, 0 failed"),
        (["--seeds", "1:4"], " (2 stored)", "6 runs: 4 computed, 2 reused, 0 diverged, 0 failed"),
        (["--fresh"], "", "4 runs: 4 computed, 0 reused, 0 diverged, 0 failed"),
    ):
        assert grid.main([*TINY, *arguments, "--out", str(tmp_path)]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].startswith(f"{last.split()[0]} runs{stored}, about ")
        assert lines[-1] == last


def test_a_plan_that_looks_up_nothing_still_reuses_what_is_stored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("experiments.runner.prepare.MOST_LOOKED_UP", 1)
    for shown, last in (("0/4", "4 computed, 0 reused"), ("4/4", "0 computed, 4 reused")):
        monkeypatch.setattr(sys, "stderr", terminal := Terminal())
        assert grid.main([*TINY, "--out", str(tmp_path)]) == 0
        assert f" {shown} runs [00:00<" in terminal.getvalue()
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].startswith("4 runs, about ")
        assert lines[-1] == f"4 runs: {last}, 0 diverged, 0 failed"


@pytest.mark.parametrize("looked_up", [1, 1000])  # what is stored counts, whether the plan knew of it or not
def test_the_first_failure_ends_the_sweep_where_that_is_asked_for(
    looked_up: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new_batch = training.new_batch

    def failing(features: int, hidden: Any, *others: Any) -> Any:
        if hidden == "1":
            raise RuntimeError("no")
        return new_batch(features, hidden, *others)

    monkeypatch.setattr(training, "new_batch", failing)
    monkeypatch.setattr("experiments.runner.prepare.MOST_LOOKED_UP", looked_up)
    assert grid.main([*TINY, "--hidden", "0", "2", "--quiet", "--out", str(tmp_path)]) == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name != files.STORE}
    arguments = [*TINY, "--hidden", "0", "1", "2", "-j", "1", "--out", str(tmp_path)]
    with pytest.raises(SystemExit) as exit_:
        grid.main([*arguments, "--fail-fast", "--quiet"])
    assert exit_.value.code == 1
    assert capsys.readouterr().err == (
        "experiments.grid: stopped at the first failed run: flower, hidden 1, learning rate 1.2, seed 0:"
        " RuntimeError: no; 4 of 6 runs are stored, the tables are unchanged; run the same command to continue\n"
    )
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name != files.STORE} == before
    assert grid.main(arguments) == 1
    assert capsys.readouterr().out.endswith("6 runs: 2 computed, 4 reused, 0 diverged, 2 failed\n")


def test_a_dead_worker_costs_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def kill_one() -> None:
        while not done.is_set():
            for worker in multiprocessing.active_children():
                if worker.pid:
                    os.kill(worker.pid, signal.SIGKILL)
                    killed.append(worker.pid)
                    return
            time.sleep(0.01)

    arguments = ["--hidden", "50", "--lr", "1.2", "--seeds", "0:20", "--iterations", "2000", "--no-plots", "-j", "2"]
    get_reusable_executor().shutdown(kill_workers=True)  # that of an earlier test
    killed: list[int] = []
    done = threading.Event()
    killer = threading.Thread(target=kill_one)
    killer.start()
    assert grid.main([*arguments, "--backend", "loky", "--out", str(tmp_path / "out")]) == 0
    done.set()
    killer.join()
    assert len(killed) == 1
    out, err = capsys.readouterr()
    assert err == ""
    assert out.endswith("20 runs: 20 computed, 0 reused, 0 diverged, 0 failed\n")
    assert grid.main([*arguments, "--out", str(tmp_path / "threads")]) == 0
    for name in CSV_FILES:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "threads" / name).read_bytes()
