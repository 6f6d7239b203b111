"""experiments.grid: the command line, as a function, and as a process that is starved, piped and interrupted."""

from __future__ import annotations

import contextlib
import io
import json
import multiprocessing
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from joblib.externals.loky import get_reusable_executor

from experiments import files
from experiments.cli import grid
from experiments.results import read
from experiments.store import store
from planar_core import training
from tests.helpers.knobs import DEFAULTS, FURTHER
from tests.helpers.sweeps import same

ROOT = Path(__file__).parents[3]
CSV_FILES = files.FILES[:3]
TINY = ["--hidden", "1", "2", "--lr", "1.2", "--seeds", "0:2", "--iterations", "10", "--no-plots"]
LONG = ["--hidden", "50", "--lr", "1.2", "--seeds", "0:300", "--iterations", "20000", "--no-plots", "--yes"]
PLAN = r"[\d,]+ runs( \([\d,]+ stored\))?, about [\d,.]+ (s|min|h|days), [\d,.]+ [kMGT]B of memory, "
PLAN += r"[\d,.]+ [kMGT]B on disk"
HIDDEN = "--hidden: expected a number of hidden units such as 4, layers such as 8x8, or 0 for none, got "
LONGEST_WAIT = 20  # seconds, on a busy machine, for what takes one on an idle one

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="a limit or a folder of Linux")


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
        ("--iterations 5 6", "unknown argument '6'; --help lists the options"),
        ("--record-every 0", "--record-every: expected an integer from 1 to 1,000,000,000,000, got '0'"),
        ("--dtype float16", "--dtype: expected one of float64, float32 (did you mean 'float64'?), got 'float16'"),
        ("--backend loki", "--backend: expected one of threading, loky, dask (did you mean 'loky'?), got 'loki'"),
        ("--scheduler tcp://host:1", "--scheduler: expected with --backend dask, got threading"),
        ("--target x", "--target: expected a CSV file as data set, got flower"),
        ("--positive x", "--positive: expected a CSV file as data set, got flower"),
        ("--momentum 0.5", "--momentum: expected --optimizer momentum, got gd"),
        ("--batch-size 0", "--batch-size: expected an integer from 1 to 1,000,000,000,000, or all, got '0'"),
        ("--zip lr", "--zip: expected two axes or more, got learning_rate"),
        ("--zip lr l2", "--zip: expected axes of the same length, got learning_rate (5), l2 (1)"),
        ("--l2 0 1 --l1 0 1 --zip l1 l2 --zip l2 hidden", "--zip: expected each axis once, got l2 again"),
        ("--data-seed 0:20000", "data seed: expected at most 10,000 problems together, got 20,000"),
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
        ("--dataset nowhere.csv", ["nowhere.csv", "found nothing there"]),
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
        assert message == f"--out: expected a folder that can be written to, got {str(out)!r}: {reason}"
    assert refused(["--out"], capsys) == "argument --out: expected one argument; --help lists the options"


def test_a_disk_without_room(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=1000))
    message = refused([*TINY, "--out", str(tmp_path / "out")], capsys)
    assert re.fullmatch(
        r"--out: not enough disk space: \d+ kB needed, 1 kB free; make room, or choose another folder", message
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "runs"),
    [
        ("--seeds 0:1000000000", "35,000,000,000 runs"),
        ("--hidden 1:1001 --lr lin:0:1:1000 --seeds 0:1000", "1,000,000,000 runs"),
        ("--iterations 1000000000000 --record-every 1", "350 runs"),
        ("--hidden 1000000x1000000", "50 runs"),
        ("--seeds 0:4294967296 --lr lin:0:1:30000 --hidden 1:30000", "3,865,341,717,381,120,000 runs"),
        ("--seeds 0:4294967296 --lr lin:0:1:90000 --hidden 90000 90001 8x8", "1,159,641,169,920,000 runs"),
    ],
)
def test_an_enormous_grid_is_refused_without_being_expanded(
    arguments: str, runs: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = refused([*arguments.split(), "--out", str(tmp_path / "out")], capsys)
    pattern = f"^{PLAN}: exceeds the limit of 24 h or 8 GiB of memory; reduce the sweep or confirm with --yes$"
    assert re.match(pattern, message), message
    assert message.startswith(runs)

    assert grid.main([*arguments.split(), "--out", str(tmp_path / "out"), "--dry-run"]) == 0
    plan = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("plan"))
    assert re.match(f"^plan +{PLAN}; needs --yes$", plan), plan
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
    assert re.match(f"^plan           {PLAN}; needs --yes$", lines[7])
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
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.split()[0] for line in lines if not line.startswith("in step")] == [
        *("dataset", "hidden", "l2", "learning_rate", "output_learning_rate", "seed", "iterations", "data", "plan"),
        *["file"] * 7,
    ]
    assert "hidden               2 3  (2)" in lines
    assert "output_learning_rate same 0.01  (2)" in lines
    assert "in step              hidden, l2" in lines
    assert any(line.startswith("plan                 36 runs, about ") for line in lines)


def test_a_plan_follows_the_speed_of_the_machine(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Per run: 10 iterations of 400 examples and 11 records of 2,400, which take half as long; 3 weights, 2 units.
    steps = 4 * (10 * 400 + 11 * 2400 // 2) * (3 + 2 * 4)
    monkeypatch.setattr(
        "experiments.sweep.measure_speed", {"float64": 7200 / steps, "float32": 3600 / steps}.__getitem__
    )
    for dtype, hours in (("float64", "2.0 h"), ("float32", "60 min")):
        arguments = ["--hidden", "1", "--lr", "1", "--seeds", "0:4", "--iterations", "10", "-j", "1"]
        assert grid.main([*arguments, "--dtype", dtype, "--dry-run"]) == 0
        assert f" 4 runs, about {hours}, " in capsys.readouterr().out


def test_a_sweep_says_what_it_does_and_what_came_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert grid.main([*TINY, "--hidden", "2", "2", "0", "--out", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert err == ""
    assert lines[0] == "--hidden: repeated value dropped: 2"
    assert re.match(f"^{PLAN}$", lines[1])
    assert lines[3].startswith("2 units at 1.2: ")
    assert "flower: test accuracy, mean over 2 seeds and 95 % interval" in lines[5:7]
    assert re.match(rf"^5 files in {re.escape(str(tmp_path))}/ after [\d.]+ s$", lines[-2])
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
    assert f"{6 + len(pictures)} files in" in capsys.readouterr().out


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
    monkeypatch.setattr("experiments.sweep.MOST_LOOKED_UP", 1)
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
    monkeypatch.setattr("experiments.sweep.MOST_LOOKED_UP", looked_up)
    assert grid.main([*TINY, "--hidden", "0", "2", "--quiet", "--out", str(tmp_path)]) == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name != files.STORE}
    arguments = [*TINY, "--hidden", "0", "1", "2", "-j", "1", "--out", str(tmp_path)]
    with pytest.raises(SystemExit) as exit_:
        grid.main([*arguments, "--fail-fast", "--quiet"])
    assert exit_.value.code == 1
    assert capsys.readouterr().err == (
        "experiments.grid: stopped at the first run that failed: flower, hidden 1, learning rate 1.2, seed 0:"
        " RuntimeError: no; 4 of 6 runs are stored, the tables are as they were; the same command goes on from there\n"
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


# As a process


def program(*arguments: str, before: str = "", python: Sequence[str] = (), **how: Any) -> subprocess.Popen[str]:
    """The command line in a process and a group of its own; ``before`` is code that goes first."""
    if before:
        run = "process.run_as_program('experiments.grid', 'nothing was written')"
        code = f"import sys; sys.argv[0] = 'grid'; from experiments.cli import process\n{before}\n{run}"
        command = [sys.executable, *python, "-c", code, *arguments]
    else:
        command = [sys.executable, *python, "-m", "experiments.grid", *arguments]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
    process = subprocess.Popen(command, cwd=ROOT, text=True, start_new_session=True, **streams)
    STARTED.append(process.pid)
    return process


STARTED: list[int] = []  # groups of processes


@pytest.fixture(autouse=True)
def _no_process_is_left() -> Iterator[None]:
    """A test that fails leaves no sweep behind, which would go on for minutes."""
    yield
    while STARTED:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(STARTED.pop(), signal.SIGKILL)


def run(*arguments: str, **how: Any) -> tuple[int, str, str]:
    with program(*arguments, **how) as process:
        out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def alive(group: int) -> list[str]:
    """The processes of a group that are not just waiting to be forgotten."""
    if not Path("/proc/self/stat").exists():
        listed = subprocess.run(["ps", "-A", "-o", "pgid=,stat=,command="], capture_output=True, text=True, check=True)
        rows = [line.split(maxsplit=2) for line in listed.stdout.splitlines()]
        return [row[2] for row in rows if int(row[0]) == group and row[1][0] != "Z"]
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, rest = path.read_text().rsplit(")", 1)
        except OSError:  # gone meanwhile
            continue
        state, _, of_group = rest.split()[:3]
        if int(of_group) == group and state not in "ZX":
            found.append(name)
    return found


def end_of(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of a process that has been told to end; and no process is left of it."""
    try:
        out, err = process.communicate(timeout=LONGEST_WAIT)
        give_up = time.monotonic() + LONGEST_WAIT
        while (left := alive(process.pid)) and time.monotonic() < give_up:
            time.sleep(0.02)
        assert left == []
    finally:
        if alive(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, out, err


SAID = "experiments.grid: interrupted; nothing was written\n"
SAID_IN_THE_MIDDLE = (
    r"experiments\.grid: interrupted; (\d+) of (\d+) runs are stored, the tables are as they were;"
    r" the same command goes on from there\n"
)


def runs_stored(folder: Path) -> int:
    """How many there are, of a sweep that was interrupted; and there is nothing else."""
    if not folder.exists():
        return 0
    assert {path.name for path in folder.iterdir()} <= {files.STORE, f"{files.STORE}-journal", "sweep.lock"}
    with store.Store(folder / files.STORE) as opened:
        return sum(1 for number, _ in opened.all_configurations() for _ in opened.runs(number))


@pytest.mark.parametrize(
    ("backend", "number", "wait"),
    [
        ("threading", signal.SIGINT, 0.0),
        ("threading", signal.SIGTERM, 1.0),
        ("loky", signal.SIGINT, 0.3),
        pytest.param("loky", signal.SIGINT, 3.0, marks=pytest.mark.slow),
        ("loky", signal.SIGTERM, 2.0),
    ],
)
def test_a_signal_in_the_middle(backend: str, number: signal.Signals, wait: float, tmp_path: Path) -> None:
    process = program(*LONG, "--backend", backend, "-j", "2", "--out", str(tmp_path / "out"))
    assert process.stdout is not None
    assert re.match(PLAN, process.stdout.readline())
    time.sleep(wait)
    os.killpg(process.pid, number)  # to all of them, as a terminal does
    status, out, err = end_of(process)
    assert (status, out) == (128 + number, "")
    stored = runs_stored(tmp_path / "out")
    if err != SAID:  # which is right until the first file is there
        said = re.fullmatch(SAID_IN_THE_MIDDLE, err)
        assert said is not None, err
        assert said[2] == "300"
        assert int(said[1]) <= stored < 300  # one batch more, if it came between storing and saying so
    status, out, err = run(*LONG, "--out", str(tmp_path / "out"), "--dry-run")
    assert (status, err) == (0, "")
    assert (f"300 runs ({stored} stored), about " if stored else "300 runs, about ") in out


@pytest.mark.parametrize("module", ["numpy", "numba.core", "pandas"])
def test_a_signal_during_the_imports(module: str, tmp_path: Path) -> None:
    process = program(*LONG, "--out", str(tmp_path / "out"), python=["-X", "importtime"])
    assert process.stderr is not None
    for line in process.stderr:
        if f" {module}." in line:
            break
    os.kill(process.pid, signal.SIGINT)
    status, out, err = end_of(process)
    said = "".join(line for line in err.splitlines(keepends=True) if not line.startswith("import time:"))
    assert (status, out, said) == (130, "", SAID)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("backend", [pytest.param("threading", marks=pytest.mark.slow), "loky"])
def test_a_second_signal_ends_it_at_once(backend: str, tmp_path: Path) -> None:
    # Here the first one would leave it hanging: cleaning up takes for ever.
    hanging = "import time; from experiments.runner import local; local._close = lambda done: time.sleep(1000)"
    hanging += "\nprocess.LONGEST_GOODBYE = 1000"
    process = program(*LONG, "--backend", backend, "-j", "2", "--out", str(tmp_path / "out"), before=hanging)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(2)
    os.kill(process.pid, signal.SIGINT)
    time.sleep(1)
    assert process.poll() is None
    os.kill(process.pid, signal.SIGINT)
    status, out, err = end_of(process)
    assert (status, out, err) == (-signal.SIGINT, "", "")
    runs_stored(tmp_path / "out")
    assert grid.main([*TINY, "--quiet", "--out", str(tmp_path / "out")]) == 0  # nobody holds the folder any more


LOST = {
    "in a callback": """
import os, signal, weakref
class Thing: pass
thing = Thing()
reference = weakref.ref(thing, lambda _: [os.kill(os.getpid(), signal.SIGTERM), [None for _ in range(10**6)]])
def main():
    global thing
    del thing
    while True: signal.pause()
""",
    "in a library that catches everything": """
import os, signal
def main():
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        while True: signal.pause()
    except BaseException: pass
    while True: signal.pause()
""",
}


@pytest.mark.parametrize("where", LOST)
def test_an_interrupt_that_gets_lost_ends_the_process_all_the_same(where: str) -> None:
    process = program(before=f"{LOST[where]}\nfrom experiments.cli import grid\ngrid.main = main")
    assert end_of(process) == (143, "", SAID)


def test_a_signal_while_writing_leaves_the_old_files(tmp_path: Path) -> None:
    assert grid.main([*TINY, "--quiet", "--out", str(tmp_path)]) == 0
    before = {name: (tmp_path / name).read_bytes() for name in files.FILES}
    interrupt = "sweep.write_csv = lambda *_: os.kill(os.getpid(), signal.SIGINT)"
    status, _, err = run(
        *TINY, "--seeds", "7", "--quiet", "--out", str(tmp_path),
        before=f"import os, signal; from experiments import sweep; {interrupt}",
    )  # fmt: skip
    assert status == 130
    assert re.fullmatch(SAID_IN_THE_MIDDLE, err)
    assert "; 2 of 2 runs " in err
    assert {path.name for path in tmp_path.iterdir()} == {*files.FILES, files.STORE}
    assert {name: (tmp_path / name).read_bytes() for name in files.FILES} == before


def test_a_signal_while_drawing_says_that_the_tables_are_there(tmp_path: Path) -> None:
    interrupt = "gallery.draw_all = lambda *_, **__: os.kill(os.getpid(), signal.SIGTERM)"
    status, _, err = run(
        *TINY[:-1], "--quiet", "--out", str(tmp_path),
        before=f"import os, signal; from experiments.plots import gallery; {interrupt}",
    )  # fmt: skip
    what = "the tables were written, not all of the pictures"
    assert (status, err) == (
        143,
        f"experiments.grid: interrupted; 4 of 4 runs are stored, {what}; the same command goes on from there\n",
    )
    assert len(read(tmp_path).runs) == 4


@pytest.mark.parametrize(
    "arguments", [["--dry-run"], [], pytest.param(["--backend", "loky"], marks=pytest.mark.slow)], ids=" ".join
)
def test_a_reader_that_leaves_early(arguments: list[str], tmp_path: Path) -> None:
    process = program(*TINY, *arguments, "--out", str(tmp_path / "out"))
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    process.stdout = None
    status, _, err = end_of(process)
    assert (status, err) == (0, "")
    if arguments != ["--dry-run"]:
        assert len(read(tmp_path / "out").curves) == 4 * 11


@pytest.mark.parametrize(
    ("closed", "backend"), [(">&-", "threading"), ("<&- >&- 2>&-", "loky"), (">/dev/full", "threading")]
)
def test_streams_closed_from_the_start(closed: str, backend: str, tmp_path: Path) -> None:
    if closed == ">/dev/full" and not Path("/dev/full").exists():
        pytest.skip("a device of Linux")
    command = f'exec "$0" "$@" -j 2 --backend {backend} {closed}'
    with subprocess.Popen(
        ["sh", "-c", command, sys.executable, "-m", "experiments.grid", *TINY, "--out", str(tmp_path / "out")],
        cwd=ROOT, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        _, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, "")
    assert len(read(tmp_path / "out").curves) == 4 * 11


@needs_linux
def test_a_network_without_memory_is_a_failed_run(tmp_path: Path) -> None:
    limit = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (11 << 28, 11 << 28))"  # 2.75 GB, where 3 are wanted
    )
    arguments = ["--lr", "1.2", "--seeds", "0", "--iterations", "10", "--no-plots", "--yes", "--quiet", "-j", "2"]
    status, out, err = run(*arguments, "--hidden", "1", "20000x20000", "--out", str(tmp_path / "limited"), before=limit)
    assert (status, out, err) == (1, "", "experiments.grid: 2 runs: 2 computed, 0 reused, 0 diverged, 1 failed\n")
    assert grid.main([*arguments, "--hidden", "1", "--out", str(tmp_path / "free")]) == 0
    limited, free = tmp_path / "limited", tmp_path / "free"
    rows = (limited / "runs.csv").read_text().splitlines()
    assert rows[:2] == (free / "runs.csv").read_text().splitlines()
    assert rows[2].startswith('flower,20000x20000,1.2,0,10,failed,,,,"MemoryError: Unable to allocate 2.98 GiB for')
    assert (limited / "curves.csv").read_bytes() == (free / "curves.csv").read_bytes()


@needs_linux
@pytest.mark.parametrize("room", [1000, 200_000])  # for nothing; for the data and half of the runs
def test_a_disk_that_fills_up_is_said_in_one_line(room: int, tmp_path: Path) -> None:
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))"
    arguments = [*TINY, "--seeds", "0:200", "--quiet", "-j", "1", "--out", str(tmp_path)]
    status, out, err = run(*arguments, before=limit)
    assert (status, out) == (1, "")
    path = re.escape(str(tmp_path / files.STORE))
    line = re.fullmatch(rf"experiments\.grid: the sweep could not be finished: {path}: [^;]*; (.*)\n", err)
    assert line is not None, err
    stored = runs_stored(tmp_path)
    if room == 1000:
        assert (line[1], stored) == ("nothing was written", 0)
    else:
        assert stored == 200
        what = "200 of 400 runs are stored, the tables are as they were; the same command goes on from there"
        assert line[1] == what
    assert grid.main(arguments) == 0
    counts = read(tmp_path).manifest["counts"]
    assert (counts["computed"], counts["reused"]) == (400 - stored, stored)


def test_a_folder_with_any_name_works_in_any_locale(tmp_path: Path) -> None:
    out = tmp_path / "naïve name\nof two lines 数据"
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    status, said, err = run(*TINY, "--out", str(out), env={**os.environ, **plain})
    assert (status, err) == (0, "")
    assert said.isascii()
    assert grid.main([*TINY, "--quiet", "--out", str(tmp_path / "plain")]) == 0
    for name in CSV_FILES:
        assert (out / name).read_bytes() == (tmp_path / "plain" / name).read_bytes()
    assert json.loads((out / "sweep.json").read_text(encoding="utf-8"))["counts"]["ok"] == 4


def test_help_as_a_process() -> None:
    status, out, err = run("--help")
    assert (status, err) == (0, "")
    assert out.startswith("usage: python -m experiments.grid [options]")
    status, out, err = run("--lr", "nan")
    assert (status, out) == (2, "")
    assert err == "experiments.grid: --learning-rate: expected a finite number, 0 or more, got 'nan'\n"
