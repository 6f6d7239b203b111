"""experiments.grid as a process: starved, piped and interrupted."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from experiments import files
from experiments.cli import grid
from experiments.results import read
from experiments.store import store
from tests.helpers.commands import PLAN, TINY, needs_linux
from tests.helpers.machines import ROOT

CSV_FILES = files.FILES[:3]
LONG = ["--hidden", "50", "--lr", "1.2", "--seeds", "0:300", "--iterations", "20000", "--no-plots", "--yes"]
LONGEST_WAIT = 20  # seconds, on a busy machine, for what takes one on an idle one


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
    r"experiments\.grid: interrupted; (\d+) of (\d+) runs are stored, the tables are unchanged;"
    r" run the same command to continue\n"
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


@pytest.mark.parametrize(
    ("ignored", "sent", "status"),
    [("", "HUP", 129), ("trap '' INT; ", "INT", 0), ("trap '' HUP; ", "HUP", 0)],
)
def test_a_signal_that_the_shell_ignores_stays_ignored(ignored: str, sent: str, status: int) -> None:
    main = f"import os, signal; from experiments.cli import grid; send = lambda: os.kill(os.getpid(), signal.SIG{sent})"
    start = "from experiments.cli import process; process.run_as_program('experiments.grid')"
    code = f"{main}; grid.main = lambda: send(); {start}"
    command = f'{ignored}exec "$0" -c "$1"'
    done = subprocess.run(["sh", "-c", command, sys.executable, code], cwd=ROOT, check=False, capture_output=True)
    assert done.returncode == status, done.stderr


def test_an_interrupt_without_a_further_thread_ends_the_process() -> None:
    none = "import _thread\ndef refuse(*_): raise RuntimeError\n_thread.start_new_thread = refuse\n"
    where = LOST["in a library that catches everything"]
    process = program(before=f"{where}\n{none}from experiments.cli import grid\ngrid.main = main")
    assert end_of(process) == (143, "", SAID)


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
    executor = "runner.local.ThreadPoolExecutor" if backend == "threading" else "processes.ProcessPoolExecutor"
    hanging = "import time, experiments.processes, experiments.runner.local"
    hanging += f"\nexperiments.{executor}.shutdown = lambda *_, **__: time.sleep(1000)"
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
    interrupt = "orchestration.build_into = lambda *_: os.kill(os.getpid(), signal.SIGINT)"
    status, _, err = run(
        *TINY, "--seeds", "7", "--quiet", "--out", str(tmp_path),
        before=f"import os, signal; from experiments import orchestration; {interrupt}",
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
    what = "the tables were written, but not all plots"
    assert (status, err) == (
        143,
        f"experiments.grid: interrupted; 4 of 4 runs are stored, {what}; run the same command to continue\n",
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
    limit = "import resource; resource.setrlimit(resource.RLIMIT_AS, (11 << 28, 11 << 28))"  # 2.75 GB
    arguments = ["--lr", "1.2", "--seeds", "0", "--iterations", "10", "--no-plots", "--yes", "--quiet", "-j", "2"]
    status, out, err = run(*arguments, "--hidden", "1", "10000x10000", "--out", str(tmp_path / "limited"), before=limit)
    assert (status, out, err) == (1, "", "experiments.grid: 2 runs: 2 computed, 0 reused, 0 diverged, 1 failed\n")
    assert grid.main([*arguments, "--hidden", "1", "--out", str(tmp_path / "free")]) == 0
    limited, free = tmp_path / "limited", tmp_path / "free"
    rows = (limited / "runs.csv").read_text().splitlines()
    assert rows[:2] == (free / "runs.csv").read_text().splitlines()
    assert rows[2].startswith(
        '"flower","10000x10000",1.2,0,10,"failed",,,,,"MemoryError: Unable to allocate 763. MiB for'
    )
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
        what = "200 of 400 runs are stored, the tables are unchanged; run the same command to continue"
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
