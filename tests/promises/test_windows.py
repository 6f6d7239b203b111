"""On Windows: the command line and sweeps where what Windows lacks is missing, and what it forbids is forbidden.

``tests/helpers/windows`` makes it so; ``make lint`` has mypy look for names that do not exist there.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from experiments.files import RUNS, STORE
from experiments.store import lock
from tests.experiments.store.test_opening import add, kill_in_the_middle
from tests.helpers.commands import needs_linux
from tests.helpers.machines import ROOT
from tests.helpers.processes import LONG, LONGEST_WAIT, SWEEP, assert_ends, csv_files, has_stored
from tests.helpers.windows.sitecustomize import FORBIDDEN, IN_USE

pytestmark = needs_linux
THERE = {
    "PYTHONPATH": os.pathsep.join((str(ROOT / "tests" / "helpers" / "windows"), str(ROOT))),
    "PYTHONIOENCODING": "cp1252",
}


def started(*arguments: str | Path, code: str = "", **how: Any) -> subprocess.Popen[str]:
    program = ["-c", code] if code else ["-m", "planar_sweep"]
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
    return subprocess.Popen(
        [sys.executable, *program, *map(str, arguments)], cwd=ROOT, env=os.environ | THERE, encoding="cp1252",
        start_new_session=True, **streams,
    )  # fmt: skip


def planar_sweep(*arguments: str | Path, code: str = "") -> tuple[int, str, str]:
    with started(*arguments, code=code) as process:
        out, err = process.communicate(timeout=300)
    return process.returncode, out, err


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import fcntl", "No module named 'fcntl'"),
        ("import os; os.geteuid", "no attribute 'geteuid'"),
        ("import signal; signal.SIGHUP", "no attribute 'SIGHUP'"),
        ("import os; os.open('.', os.O_RDONLY)", "Permission denied"),
        ("import os; file = open('new', 'w'); os.replace('new', 'old')", IN_USE),
        ("import os; file = open('new', 'w'); os.unlink('new')", IN_USE),
        ("import pathlib; file = open('new', 'w'); pathlib.Path('new').unlink()", IN_USE),
        ("open('a:b', 'w')", "no such name: 'a:b'"),
        ("import sys; sys.exit(sys.platform)", "win32"),
    ],
)
def test_it_is_as_there(code: str, said: str, tmp_path: Path) -> None:
    ours = f"exec({code!r}, {{'__name__': 'experiments.x'}})"
    done = subprocess.run(
        [sys.executable, "-c", ours], cwd=tmp_path, env=os.environ | THERE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert said in done.stderr.splitlines()[-1]


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*")]


@pytest.mark.parametrize("how", [(), ("--backend", "loky", "--jobs", "2")], ids=["threads", "processes"])
def test_a_sweep_gives_the_same_bytes(how: Sequence[str], expected: dict[str, bytes], tmp_path: Path) -> None:
    for again in ((), ("--fresh",)):  # which replaces the tables of the first
        status, out, err = planar_sweep("grid", *SWEEP, *how, *again, "--out", tmp_path)
        assert (status, err) == (0, "")
        assert out.endswith("12 runs: 12 computed, 0 reused, 0 diverged, 0 failed\n")
        assert csv_files(tmp_path) == expected
    assert not any(b"\r" in content for content in expected.values())
    assert lock.FILE not in names_in(tmp_path)
    assert [name for name in names_in(tmp_path) if name.startswith(".") or FORBIDDEN.search(name)] == []


@pytest.mark.slow
def test_every_command(tmp_path: Path) -> None:
    table, out = tmp_path / "größe ≥ 3 m².csv", tmp_path / "ergebnis ≥"
    rows = [f"{i * 37 % 23},{i * 11 % 17},{'≥' if i * 37 % 23 > 11 else 'no'}" for i in range(60)]
    table.write_text("\n".join(["a,b²,y", *rows]), encoding="utf-8")
    sweep: list[str | Path] = [
        "--dataset",
        table,
        "--target",
        "y",
        "--hidden",
        "0",
        "2",
        "--seeds",
        "0:2",
        "--iterations",
        "20",
    ]
    commands: list[list[str | Path]] = [
        ["grid", *sweep, "--out", out], ["grid", *sweep, "--dry-run"], ["grid", *sweep, "--print-config"],
        ["predict", out, table], ["predict", out, table, "--out", tmp_path / "predictions.csv"],
        ["export", out, "--format", "json"], ["export", out, "--format", "joblib"],
        ["plots", out], ["report", out], ["verify", out], ["columns"], ["store", "copy", out, tmp_path / "copy"],
        ["grid", *sweep, "--no-plots", "--shard", "1/2", "--out", tmp_path / "1"],
        ["grid", *sweep, "--no-plots", "--shard", "2/2", "--out", tmp_path / "2"],
        ["merge", tmp_path / "merged", tmp_path / "1", tmp_path / "2", "--no-plots"],
        ["walkthrough", "--out", tmp_path / "walkthrough ≥"],
    ]  # fmt: skip
    for command in commands:
        status, said, err = planar_sweep(*command)
        assert status == 0, (command, err)
        assert said
        assert "Traceback" not in err
    assert csv_files(out) == csv_files(tmp_path / "merged") == csv_files(tmp_path / "copy")
    assert b"\r" not in (tmp_path / "predictions.csv").read_bytes()
    assert [name for name in names_in(tmp_path) if FORBIDDEN.search(name)] == []


def test_a_second_sweep_is_refused_until_the_first_was_killed(tmp_path: Path) -> None:
    with started("grid", *LONG, "--quiet", "--out", tmp_path) as first:
        try:
            give_up = time.monotonic() + LONGEST_WAIT
            while not has_stored(tmp_path) and time.monotonic() < give_up:
                time.sleep(0.1)
            status, out, err = planar_sweep("grid", *SWEEP, "--out", tmp_path)
            assert (status, out.count("\n")) == (2, 1)
            assert re.search(rf"in use by another sweep \(process {first.pid} on .+\): wait until it ends", err)
        finally:
            first.kill()
    assert (tmp_path / lock.FILE).exists()
    assert planar_sweep("grid", *SWEEP, "--out", tmp_path)[::2] == (0, "")
    assert not (tmp_path / lock.FILE).exists()


@pytest.mark.parametrize("kind", ["symbolic link", "folder", "hard link"])
def test_a_lock_that_is_no_file_of_its_own_is_refused(kind: str, tmp_path: Path) -> None:
    letter, place = tmp_path / "letter.txt", tmp_path / "out" / lock.FILE
    place.parent.mkdir()
    letter.write_text("words")
    if kind == "folder":
        place.mkdir()
    elif kind == "hard link":
        place.hardlink_to(letter)
    else:
        place.symlink_to(letter)
    status, _, err = planar_sweep("grid", *SWEEP, "--out", place.parent)
    assert status != 0
    assert f"{place}: expected a regular file with one name, found a link or something else: remove it" in err
    assert letter.read_text() == "words"


@pytest.mark.parametrize("seconds", [1.0, 60.0])
def test_a_table_that_is_open_elsewhere_is_waited_for_and_then_said(seconds: float, tmp_path: Path) -> None:
    """As with a spreadsheet that has it open."""
    assert planar_sweep("grid", *SWEEP, "--out", tmp_path)[::2] == (0, "")
    reader = "import sys, time; file = open(sys.argv[1]); print('open', flush=True); time.sleep(float(sys.argv[2]))"
    code = "import experiments.files, sys; experiments.files.write_text(experiments.files.Path(sys.argv[1]), 'new')"
    command = [sys.executable, "-c", reader, str(tmp_path / RUNS), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        before = (tmp_path / RUNS).read_bytes()
        status, _, err = planar_sweep(tmp_path / RUNS, code=code)
        other.kill()
    if seconds < 2:
        assert (status, err, (tmp_path / RUNS).read_bytes()) == (0, "", b"new")
    else:
        assert status == 1
        assert IN_USE in err
        assert (tmp_path / RUNS).read_bytes() == before
    assert [name for name in names_in(tmp_path) if name.startswith(".")] == []


def test_what_a_killed_writer_left_is_removed_and_what_another_writes_is_not(tmp_path: Path) -> None:
    theirs = tmp_path / f".{RUNS}.abcdefgh"
    (tmp_path / f".{RUNS}.12345678").touch()
    with theirs.open("w"):
        assert planar_sweep("grid", *SWEEP, "--out", tmp_path)[::2] == (0, "")
        assert [name for name in names_in(tmp_path) if name.startswith(".")] == [theirs.name]
    assert (tmp_path / STORE).exists()


def test_a_journal_of_another_store_is_found_unless_somebody_writes_it(tmp_path: Path) -> None:
    code = "import sys; from experiments.store.journal import *; print(is_of_another(Path(sys.argv[1])))"
    ours, other = tmp_path / "1" / STORE, tmp_path / "2" / STORE
    for path, seeds in ((ours, 3), (other, 5)):
        path.parent.mkdir()
        for seed in range(seeds):
            add(path, seed)
    kill_in_the_middle(other)
    assert planar_sweep(other, code=code) == (0, "False\n", "")  # its own journal
    journal = Path(f"{ours}-journal")
    journal.write_bytes(Path(f"{other}-journal").read_bytes())
    assert planar_sweep(ours, code=code) == (0, "True\n", "")
    with journal.open("rb"):
        assert planar_sweep(ours, code=code) == (0, "False\n", "")


def test_workers_end_with_a_sweep_that_is_killed(tmp_path: Path) -> None:
    long = [*LONG[:-2], "--backend", "loky", "--jobs", "2"]
    with started("grid", *long, "--quiet", "--out", tmp_path) as sweep:
        try:
            give_up = time.monotonic() + LONGEST_WAIT
            while not has_stored(tmp_path) and time.monotonic() < give_up:
                time.sleep(0.1)
            assert has_stored(tmp_path)
        finally:
            sweep.kill()
    assert_ends(sweep.pid)


def test_ctrl_c_is_one_line(tmp_path: Path) -> None:
    with started("grid", *LONG, "--out", tmp_path) as sweep:
        assert sweep.stdout is not None
        sweep.stdout.readline()  # the plan
        with contextlib.suppress(ProcessLookupError):
            os.killpg(sweep.pid, signal.SIGINT)
        _, err = sweep.communicate(timeout=LONGEST_WAIT)
    assert sweep.returncode == 130
    assert re.fullmatch(r"planar-sweep grid: interrupted; .+\n", err)
    assert_ends(sweep.pid)
