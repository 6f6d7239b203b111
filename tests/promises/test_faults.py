"""Faults of the world around a sweep: full disks, damaged and edited files, odd clocks and names. Nothing is mocked."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from experiments import files, results
from experiments.store import store
from tests.helpers.processes import (
    CSV_FILES,
    LONGEST_WAIT,
    RUNS,
    SMALLER,
    SWEEP,
    Nursery,
    Outcome,
    assert_complete,
    csv_files,
    program,
    stored_in,
)

START_OVER = "delete it and sweep.sqlite-journal, if there is one; then restore a copy, or run the sweep again"
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="a limit or a file system of Linux")


@pytest.fixture(scope="module")
def finished(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a sweep that nothing happened to."""
    folder = tmp_path_factory.mktemp("finished")
    assert nursery.run(*SWEEP, "--out", folder).status == 0
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# Disks


def assert_survives(outcome: Outcome, reason: str, folder: Path, before: dict[str, bytes]) -> int:
    """A sweep said in one line what is wrong, and where it is; the tables are unchanged. Returns what is stored."""
    line = rf"experiments.grid: the sweep could not be finished: [^;\n]*({reason})[^;\n]*; ([^;\n]+)(; [^;\n]+)?\n"
    said = re.fullmatch(line, outcome.err)
    assert said, outcome.err
    assert outcome.status == 1
    stored = stored_in(folder)
    if said[2] != "nothing was written":
        assert said[2] == f"{stored} of {RUNS} runs are stored, the tables are unchanged"
        assert said[3] == "; run the same command to continue"
    assert csv_files(folder) == before
    return stored


@pytest.mark.parametrize(("where", "stride"), [("lock", 3), ("store", 5), ("tables", 11)])
def test_a_disk_that_fills_up(where: str, stride: int, nursery: Nursery, finished: Path, disk: Path) -> None:
    folder, ballast = disk / "out", disk / "ballast"
    survived = Counter[int]()
    for at in range(1, 10**6, stride):
        shutil.rmtree(folder, ignore_errors=True)
        assert nursery.run(*SMALLER, "--out", folder).status == 0
        before = csv_files(folder)
        outcome = nursery.run(*SWEEP, "--out", folder, what="fill", at=at, where=where, ballast=str(ballast))
        was_filled = ballast.exists()
        ballast.unlink(missing_ok=True)
        if outcome.status == 2:  # full before anything was trained
            assert was_filled
            assert "not enough disk space" in outcome.err
            assert csv_files(folder) == before
        elif outcome.status:
            assert was_filled
            stored = assert_survives(outcome, "disk is full|No space left on device", folder, before)
            survived[stored] += 1
            assert not [path for path in folder.iterdir() if path.name.startswith(".")]  # nothing half written
            resumed = nursery.run(*SWEEP, "--out", folder)  # room was made
            assert (resumed.status, resumed.err) == (0, "")
            assert_complete(folder, csv_files(finished), RUNS, stored)
        else:  # the rest fitted into what was there
            assert_complete(folder, csv_files(finished), RUNS, stored_in(folder) // 2)
            if not was_filled:
                break
    assert survived


@needs_linux
@pytest.mark.parametrize(("where", "size", "steps"), [("store", 16384, (1, 9, 17)), ("tables", 1000, (1, 8, 20))])
def test_a_limit_on_the_size_of_files(
    where: str, size: int, steps: tuple[int, ...], nursery: Nursery, finished: Path, tmp_path: Path
) -> None:
    for at in steps:
        folder = tmp_path / str(at)
        outcome = nursery.run(*SWEEP, "--out", folder, what="limit", at=at, where=where, size=size)
        stored = assert_survives(outcome, "File too large|disk I/O error|disk is full", folder, {})
        assert stored < RUNS or where == "tables"
        assert nursery.run(*SWEEP, "--out", folder).status == 0
        assert_complete(folder, csv_files(finished), RUNS, stored)


# Files in the folder


def test_tables_that_were_edited_or_deleted_are_written_again_from_the_store(
    nursery: Nursery, finished: Path, tmp_path: Path
) -> None:
    folder, expected = tmp_path / "out", csv_files(finished)
    shutil.copytree(finished, folder)
    for name in files.FILES:
        for edit in ("delete", "empty", "append", "change"):
            path = folder / name
            content = path.read_bytes()
            if edit == "delete":
                path.unlink()
            else:
                path.write_bytes({"empty": b"", "append": content + b"1,2\n", "change": b"\xff" + content[1:]}[edit])
            outcome = nursery.run(*SWEEP, "--out", folder)
            assert (outcome.status, outcome.err) == (0, "")
            assert_complete(folder, expected, RUNS, stored=RUNS)


def test_what_others_keep_in_the_folder_is_left_alone(nursery: Nursery, finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    shutil.copytree(finished, folder)
    theirs = {"notes.txt": b"mine", "sweep.sqlite.copy": b"not a database", ".runs.csv.old": b"half"}
    for name, content in theirs.items():
        (folder / name).write_bytes(content)
    assert nursery.run(*SWEEP, "--fresh", "--out", folder).status == 0
    assert {name: (folder / name).read_bytes() for name in theirs} == theirs
    assert sorted(contents(folder)) == sorted([*contents(finished), *theirs])


def test_a_file_where_the_pictures_go_is_refused_before_anything_is_computed(nursery: Nursery, tmp_path: Path) -> None:
    (tmp_path / "plots").write_bytes(b"mine")
    pictures = [argument for argument in SWEEP if argument != "--no-plots"]
    outcome = nursery.run(*pictures, "--out", tmp_path)
    said = f"--out: expected a writable folder, got {str(tmp_path / 'plots')!r}: Not a directory"
    assert (outcome.status, outcome.err) == (2, f"experiments.grid: {said}\n")
    assert contents(tmp_path) == {"plots": b"mine"}
    assert nursery.run(*SWEEP, "--out", tmp_path).status == 0  # without them there is nothing in the way


def test_a_damaged_store_is_said_with_the_way_out_and_nothing_is_written(
    nursery: Nursery, finished: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    shutil.copytree(finished, folder)
    whole = (finished / files.STORE).read_bytes()
    choose = random.Random(1)
    of_runs = [whole.index(curves) + place for curves in _curves(finished) for place in range(len(curves))]
    of_tables = [place for place, byte in enumerate(whole[:4096]) if byte]
    damages = {f"{end} bytes": whole[:end] for end in (1, 50, 100, 4096, 4097, len(whole) // 2, len(whole) - 4096)}
    for place in [*choose.sample(of_runs, 25), *choose.sample(of_tables, 15), *choose.sample(range(len(whole)), 10)]:
        damages[f"byte {place}"] = whole[:place] + bytes([whole[place] ^ choose.randrange(1, 256)]) + whole[place + 1 :]
    damages["byte 18"] = whole[:18] + b"\x81" + whole[19:]  # which forbids SQLite to write
    damages["another file"] = b"a,b\n1,2\n" * 1000
    refused = 0
    for what, damage in damages.items():
        (folder / files.STORE).write_bytes(damage)
        before = contents(folder)
        outcome = nursery.run(*SWEEP, "--out", folder)
        if outcome.status == 0:  # it did not matter, or only what was found missing was trained again
            assert csv_files(folder) == csv_files(finished), what
            shutil.copytree(finished, folder, dirs_exist_ok=True)
            continue
        refused += 1
        assert outcome.status == 2, (what, outcome)
        assert outcome.err.startswith(f"experiments.grid: --out: {folder / files.STORE}: "), what
        assert outcome.err.endswith((f": {START_OVER}\n", ": update this program\n")), what
        assert outcome.err.count("\n") == 1, what
        assert contents(folder) == before, what
    assert refused > 30
    (folder / files.STORE).unlink()  # as it says
    assert nursery.run(*SWEEP, "--out", folder).status == 0
    assert_complete(folder, csv_files(finished), RUNS, stored=0)


def _curves(folder: Path) -> list[bytes]:
    with store.Store(folder / files.STORE, writes=False) as opened:
        numbers = [number for number, _ in opened.all_configurations()]
        runs = [run for number in numbers for _, run in opened.runs(number)]
    return [part.tobytes() for run in runs for part in (run.curves[:-1], run.curves[-1])]  # as they are stored


# The world

JUMPING_CLOCK = r"""
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
/* Every look at the time of day jumps by decades, to and fro. */
static int looks;
static long jump(void) { return ++looks % 2 ? -1500000000L : 1500000000L; }
int clock_gettime(clockid_t clock, struct timespec *now) {
    int status = syscall(SYS_clock_gettime, clock, now);
    if (clock == CLOCK_REALTIME) now->tv_sec += jump();
    return status;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec, now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *kept) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (kept) *kept = precise.tv_sec;
    return precise.tv_sec;
}
"""


@needs_linux
def test_a_clock_that_jumps_changes_no_byte(finished: Path, tmp_path: Path) -> None:
    if shutil.which("cc") is None:
        pytest.skip("a C compiler makes the clock jump")
    source, library = tmp_path / "clock.c", tmp_path / "clock.so"
    source.write_text(JUMPING_CLOCK)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    look = [sys.executable, "-c", "import time; print(abs(time.time() - time.time()) > 10**9)"]
    environment = {**os.environ, "LD_PRELOAD": str(library)}
    assert subprocess.run(look, env=environment, capture_output=True, text=True, check=True).stdout == "True\n"
    with program(*SWEEP, "--out", tmp_path / "out", env=environment) as process:
        _, err = process.communicate(timeout=LONGEST_WAIT)
    assert (process.returncode, err) == (0, "")
    assert_complete(tmp_path / "out", csv_files(finished), RUNS, stored=0)


def test_neither_time_zone_nor_language_nor_hash_seed_changes_a_byte(finished: Path, tmp_path: Path) -> None:
    world = {"TZ": "Pacific/Kiritimati", "LANG": "de_DE.UTF-8", "LC_ALL": "de_DE.UTF-8", "PYTHONHASHSEED": "12345"}
    with program(*SWEEP, "--out", tmp_path / "out", env={**os.environ, **world}) as process:
        _, err = process.communicate(timeout=LONGEST_WAIT)
    assert (process.returncode, err) == (0, "")
    assert_complete(tmp_path / "out", csv_files(finished), RUNS, stored=0)


NAMES = ["with spaces", "naïve 数据 🌼", "two\nlines", "=cmd()", "-n"]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_any_name_of_a_folder_and_of_a_file_works(name: str, nursery: Nursery, tmp_path: Path) -> None:
    rows = "".join(f"{k % 7},{k * k % 11},{k // 2 % 2}\n" for k in range(40))
    data = []
    for folder, file in (("plain", "plain"), (name, name)):
        path = tmp_path / folder / f"{file}.csv"
        try:
            path.parent.mkdir()
        except OSError:
            pytest.skip("the file system takes no such name")
        path.write_text(f"a,b,y\n{rows}", encoding="utf-8")
        # Twice, the second time from the store: it does not know names.
        for _ in range(2):
            outcome = nursery.run(*SWEEP, "--dataset", path, "--out", path.parent / "out")
            assert (outcome.status, outcome.err) == (0, ""), outcome.err
        data.append(results.read(path.parent / "out"))
    plain, odd = data
    assert odd.manifest["counts"]["reused"] == RUNS
    assert list(odd.runs["dataset"]) == [str(tmp_path / name / f"{name}.csv")] * RUNS
    for ours, expected in ((odd.runs, plain.runs), (odd.curves, plain.curves), (odd.summary, plain.summary)):
        assert ours.drop(columns="dataset").equals(expected.drop(columns="dataset"))
    assert sorted(contents(tmp_path / name / "out")) == sorted([*CSV_FILES, files.MANIFEST, files.STORE])


@needs_linux
def test_a_folder_whose_name_is_no_text_works_and_such_a_file_is_refused(nursery: Nursery, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"latin\xe9")
    refused = nursery.run(*SWEEP, "--dataset", f"{folder}.csv", "--out", folder)
    assert (refused.status, refused.out) == (2, "")
    assert refused.err.startswith("experiments.grid: --dataset: expected a name that is valid UTF-8")
    assert refused.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
    outcome = nursery.run(*SWEEP, "--out", folder)
    assert (outcome.status, outcome.err) == (0, "")
    assert len(results.read(folder).runs) == RUNS
