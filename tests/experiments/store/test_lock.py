"""experiments.lock: one sweep at a time in a folder, and no lock that outlives its owner."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from experiments import files
from experiments.files import ResultsError
from experiments.store import lock
from experiments.store.lock import claimed
from tests.helpers.machines import ROOT

TIME = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00"


def refusal(folder: Path, pid: int) -> str:
    """The pattern of what somebody else is told."""
    owner = rf"process {pid} on {re.escape(socket.gethostname())}, since {TIME}"
    return (
        rf"^the folder {re.escape(repr(str(folder)))} is in use by another sweep"
        rf" \({owner}\): wait until it ends, or choose another folder$"
    )


def started(function: str, *arguments: str) -> subprocess.Popen[str]:
    """A function of this file in a process of its own."""
    code = f"import sys; from {__name__} import {function}; {function}(*sys.argv[1:])"
    command, environment = [sys.executable, "-c", code, *arguments], {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )


def own(folder: str) -> None:
    """Own a folder until stdin ends."""
    with claimed(Path(folder)):
        print("claimed", flush=True)
        sys.stdin.read()


@pytest.mark.parametrize("end", ["by itself", "by kill -9"])
def test_another_process_is_refused_until_the_owner_ends(end: str, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    with started("own", str(folder)) as owner:
        assert owner.stdin is not None
        assert owner.stdout is not None
        assert owner.stdout.readline() == "claimed\n"
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        for _ in range(2):  # and the refusal does not take the lock away
            with pytest.raises(ResultsError, match=refusal(folder, owner.pid)), claimed(folder):
                raise AssertionError("two owners")
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
        assert sorted(before) == [lock.FILE, files.STORE]
        if end == "by kill -9":
            owner.send_signal(signal.SIGKILL)
        else:
            owner.stdin.close()
        owner.wait()
    assert (folder / lock.FILE).exists() == (end == "by kill -9")
    with claimed(folder):
        assert (folder / lock.FILE).read_text().startswith(f"process {os.getpid()} on ")
    assert [path.name for path in folder.iterdir()] == [files.STORE]


def test_the_lock_ends_with_the_block_however_that_ends(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt), claimed(tmp_path):
            raise KeyboardInterrupt
        assert not (tmp_path / lock.FILE).exists()
    (tmp_path / files.STORE).write_text("not a database, and longer than the header of one " * 3)
    for _ in range(2):
        with pytest.raises(ResultsError, match=r"damaged \(file is not a database\)"), claimed(tmp_path):
            raise AssertionError("opened")
        assert not (tmp_path / lock.FILE).exists()


def test_a_second_claim_of_the_same_process_is_refused_too(tmp_path: Path) -> None:
    with claimed(tmp_path) as first:
        with pytest.raises(ResultsError, match=refusal(tmp_path, os.getpid())), claimed(tmp_path):
            raise AssertionError("two owners")
        assert (tmp_path / lock.FILE).exists()
        assert first.find({}) is None  # still open


def test_an_owner_that_has_not_said_its_name_yet_is_another_process(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path / lock.FILE, os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        with pytest.raises(ResultsError, match=r"in use by another sweep \(unknown process\): wait"), claimed(tmp_path):
            raise AssertionError("two owners")
    finally:
        os.close(descriptor)


def race(folder: str, processes: str, rounds: str) -> None:
    """Many processes want a folder over and over; exits with an error if two have it at once."""
    children = []
    for _ in range(int(processes)):
        child = os.fork()
        if child == 0:
            os._exit(_race(Path(folder), int(rounds)))
        children.append(child)
    for child in children:
        _, status = os.waitpid(child, 0)
        assert status == 0
    print("done")


def _race(folder: Path, rounds: int) -> int:
    won = 0
    while won < rounds:
        try:
            with claimed(folder):
                os.mkdir(folder / "inside")  # fails if another one is
                os.rmdir(folder / "inside")
        except ResultsError:
            continue
        except OSError as error:
            print(f"two at once: {error}", flush=True)
            return 1
        won += 1
    return 0


def test_many_processes_never_have_it_two_at_once(tmp_path: Path) -> None:
    with started("race", str(tmp_path), "6", "25") as process:
        out, _ = process.communicate(timeout=300)
    assert (process.returncode, out) == (0, "done\n")
    assert [path.name for path in tmp_path.iterdir()] == [files.STORE]


@pytest.mark.parametrize("kind", ["symbolic link", "link to nothing", "hard link", "folder", "pipe"])
def test_a_lock_that_is_a_link_or_no_file_is_refused(kind: str, tmp_path: Path) -> None:
    target, folder = tmp_path / "letter.txt", tmp_path / "out"
    folder.mkdir()
    place = folder / lock.FILE
    target.write_text("somebody's words")
    if kind == "symbolic link":
        place.symlink_to(target)
    elif kind == "link to nothing":
        place.symlink_to(tmp_path / "nothing")
    elif kind == "hard link":
        place.hardlink_to(target)
    elif kind == "folder":
        place.mkdir()
    else:
        os.mkfifo(place)
    with pytest.raises(ResultsError) as error, claimed(folder):
        raise AssertionError("claimed")
    assert str(error.value) == f"{place}: expected a regular file with one name, found a link or something else: remove it"  # fmt: skip  # noqa: E501
    assert target.read_text() == "somebody's words"
    assert [path.name for path in folder.iterdir()] == [lock.FILE]
    assert not (tmp_path / "nothing").exists()


def test_a_folder_that_moves_takes_its_lock_along(tmp_path: Path) -> None:
    folder, moved = tmp_path / "r", tmp_path / "old"
    with claimed(folder):
        folder.rename(moved)
        with started("own", str(folder)) as other:
            assert other.stdin is not None
            assert other.stdout is not None
            assert other.stdout.readline() == "claimed\n"
            with (
                pytest.raises(ResultsError, match=rf"in use by another sweep \(process {os.getpid()} "),
                claimed(moved),
            ):
                raise AssertionError("two owners")
            other.stdin.close()
            other.wait()
    assert not (moved / lock.FILE).exists()


def test_the_end_of_a_sweep_leaves_the_lock_of_another(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    with started("own", str(folder)) as first:
        assert first.stdin is not None
        assert first.stdout is not None
        assert first.stdout.readline() == "claimed\n"
        folder.rename(tmp_path / "old")
        with claimed(folder):
            first.stdin.close()
            first.wait()
            assert (folder / lock.FILE).read_text().startswith(f"process {os.getpid()} on ")
    assert [path.name for path in (tmp_path / "old").iterdir()] == [files.STORE]
