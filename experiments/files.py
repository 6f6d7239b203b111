"""The files of a results folder: their names, and how they are replaced atomically."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from experiments.locks import lock, lock_shared

RUNS, CURVES, SUMMARY = "runs.csv", "curves.csv", "summary.csv"
MANIFEST = "sweep.json"
FILES = (RUNS, CURVES, SUMMARY, MANIFEST)
"""What every sweep writes."""

TABLES_OF = ("summary", "runs", "curves")
WORKBOOK = "sweep.xlsx"
OTHER_FILES = (*(f"{table}.parquet" for table in TABLES_OF), WORKBOOK)
"""The same tables in other formats, on request."""

STORE = "sweep.sqlite"
SHARD = "shard.json"  # what a shard writes beside its store, instead of FILES
_LONGEST_FOLDER = 504 - len(f"/{STORE}")  # bytes: SQLite's limit of 512 includes the "-journal" of the longest name
REPORT = "report.html"
PLOTS = "plots"  # the folder of the pictures
_LONGEST_WAIT = 5  # seconds, for a file that another program has open
_PICTURES = (".png", ".pdf", ".svg", ".gif")


class ResultsError(ValueError):
    """A folder without readable results, or that cannot be written to. The message is one line."""


def pictures_in(folder: Path) -> list[Path]:
    """The files of the folder of pictures, by the ends of their names; none without such a folder."""
    return [path for path in (folder / PLOTS).glob("*") if path.suffix in _PICTURES]


def check_folder(folder: str | os.PathLike[str], files: Iterable[str] = FILES) -> Path:
    """The folder, or the nearest existing parent; nothing is created.

    Raises ResultsError if the files cannot be written there.
    """
    existing = Path(folder)
    try:
        if not os.fspath(folder) or "\0" in os.fspath(folder):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        while not _is_there(existing):
            existing = existing.parent
        with tempfile.TemporaryFile(dir=existing):  # checking permissions is not enough: root has them all
            pass
        for name in files:
            if existing == Path(folder):
                _check_replaceable(existing, name)
            if name.endswith(".sqlite") and (n := len(os.fsencode(os.path.realpath(folder)))) > _LONGEST_FOLDER:
                raise OSError(errno.ENAMETOOLONG, f"its path has {n} bytes, and SQLite allows for {_LONGEST_FOLDER}")
    except OSError as error:
        raise ResultsError(f"expected a writable folder, got {os.fspath(folder)!r}: {error.strerror}") from None
    return existing


def _check_replaceable(folder: Path, name: str) -> None:
    """Raise OSError if a file could not be replaced by another one, as far as can be told without doing it."""
    path = folder / name
    try:
        status, around = path.lstat(), folder.stat()
    except FileNotFoundError:
        return
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, f"{name} is a folder")
    if sys.platform != "win32" and around.st_mode & stat.S_ISVTX:
        if os.geteuid() not in (0, status.st_uid, around.st_uid):
            raise PermissionError(errno.EPERM, f"{name} belongs to another user")
    if stat.S_ISREG(status.st_mode):
        try:  # of a file that is only read-only, this is EACCES
            os.close(os.open(path, os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0)))
        except OSError as error:
            if sys.platform == "win32":
                raise PermissionError(errno.EACCES, f"{name} is read-only, or open in another program") from None
            if error.errno == errno.EPERM:
                raise PermissionError(errno.EPERM, f"{name} is immutable or append-only (chattr)") from None


def _is_there(path: Path) -> bool:
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    return True


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A binary file that atomically replaces ``path`` when it is complete and on disk.

    A reader always sees the complete old file or the complete new one.
    """
    remove_leftovers(path)
    descriptor, unfinished = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "w+b") as file:  # also to read what was written
            with contextlib.suppress(OSError):  # not every file system has locks
                lock_shared(file.fileno())
            yield file
            sync(file)
            os.chmod(unfinished, 0o666 & ~_umask())
            if sys.platform != "win32":  # within the lock
                os.replace(unfinished, path)
        if sys.platform == "win32":  # where an open file can be neither replaced nor removed
            _replace_when_closed(unfinished, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(unfinished)
        raise


def _replace_when_closed(unfinished: str, path: Path) -> None:
    """Replace a file on Windows. A reader or a virus scanner that has it open usually closes it in a moment."""
    give_up = time.monotonic() + _LONGEST_WAIT
    while True:
        try:
            os.replace(unfinished, path)
        except PermissionError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.05)
        else:
            return


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file atomically."""
    with replacing(path) as file:
        file.write(text.encode())


def remove_leftovers(path: Path) -> None:
    """Remove temporary files of ``path`` that a killed or interrupted process left behind.

    A process that is still writing holds a lock on its file; the lock ends with the process. On Windows, a file that is
    open cannot be removed.
    """
    for left in path.parent.glob(f".{path.name}." + 8 * "[a-z0-9_]"):  # as mkstemp names them
        with contextlib.suppress(OSError):
            if sys.platform == "win32":
                left.unlink()
                continue
            with left.open("rb") as file:
                lock(file.fileno())
                left.unlink()


def digest_of(file: BinaryIO) -> str:
    """A digest of every byte of an open file: 64 hexadecimal digits."""
    file.flush()
    file.seek(0)
    return hashlib.file_digest(cast(Any, file), lambda: hashlib.blake2b(digest_size=32)).hexdigest()


def sync(file: BinaryIO) -> None:
    """Flush a file to disk."""
    file.flush()
    os.fsync(file.fileno())


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
