"""Files of a results folder: where they can be written, and how each takes its place in one step."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.files import RUNS, STORE, ResultsError, check_folder, replacing
from experiments.store.lock import claimed


def test_a_folder_that_can_be_written_to_is_left_alone(tmp_path: Path) -> None:
    assert check_folder(tmp_path) == tmp_path
    assert check_folder(tmp_path / "a" / "b") == tmp_path
    assert check_folder(str(tmp_path / "naïve\nname")) == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    (tmp_path / "taken" / "runs.csv").mkdir(parents=True)
    for folder, reason in (
        (tmp_path / "file", "Not a directory"),
        (tmp_path / "file" / "below", "Not a directory"),
        (tmp_path / "link", "No such file or directory"),
        (tmp_path / ("x" * 300), "File name too long"),
        (tmp_path / "taken", "runs.csv is a folder"),
        ("", "No such file or directory"),
    ):
        with pytest.raises(ResultsError) as error:
            check_folder(folder)
        assert str(error.value) == f"expected a writable folder, got {str(folder)!r}: {reason}"
    with pytest.raises(ResultsError, match="expected a writable folder, got '/proc/self/x': "):
        check_folder("/proc/self/x")  # where not even root may


def test_what_a_killed_writer_left_is_removed_and_what_another_writes_is_not(tmp_path: Path) -> None:
    path, theirs = tmp_path / "runs.csv", tmp_path / ".runs.csv.old"
    theirs.touch()
    code = "import os, sys, pathlib; from experiments.files import replacing\n"
    code += "with replacing(pathlib.Path(sys.argv[1])) as file: file.write(b'half'); os.kill(os.getpid(), 9)"
    killed = subprocess.run([sys.executable, "-c", code, path], cwd=Path(__file__).parents[2], check=False)
    assert killed.returncode == -signal.SIGKILL
    (left,) = set(tmp_path.iterdir()) - {theirs}
    with replacing(path) as one:
        assert not left.exists()
        with replacing(path) as other:
            other.write(b"other")
        assert path.read_bytes() == b"other"
        one.write(b"one")
    assert path.read_bytes() == b"one"
    assert set(tmp_path.iterdir()) == {path, theirs}


def test_a_folder_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / STORE).mkdir()
    check_folder(tmp_path)
    with pytest.raises(ResultsError, match=r"^expected a writable folder, got '.*': sweep.sqlite is a folder$"):
        check_folder(tmp_path, (STORE,))


def test_a_path_beyond_the_limit_of_sqlite_is_refused_and_no_other(tmp_path: Path) -> None:
    folder = tmp_path
    while (left := 504 - len(f"/{STORE}") - len(str(folder))) > 200:
        folder /= "x" * 100
    folder /= "x" * (left - 1)
    check_folder(folder, (STORE,))
    with claimed(folder):
        pass
    longer = folder.with_name(folder.name + "x")
    with pytest.raises(ResultsError, match=r": its path has 492 bytes, and SQLite allows for 491$"):
        check_folder(longer, (STORE,))
    with pytest.raises(OSError, match="unable to open database file"), claimed(longer):
        pass


@pytest.mark.parametrize("attribute", ["i", "a"])
def test_a_file_that_cannot_be_replaced_is_refused(attribute: str, tmp_path: Path) -> None:
    path = tmp_path / RUNS
    path.touch(0o444)
    check_folder(tmp_path)  # a file that is read-only can be replaced
    if subprocess.run(["chattr", f"+{attribute}", str(path)], capture_output=True, check=False).returncode != 0:
        pytest.skip("chattr has no effect here")
    try:
        with pytest.raises(ResultsError, match=r"runs.csv is immutable or append-only \(chattr\)$"):
            check_folder(tmp_path)
    finally:
        subprocess.run(["chattr", f"-{attribute}", str(path)], check=True)
