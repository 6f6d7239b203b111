"""A lock that allows one sweep at a time in a results folder."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from experiments.files import STORE, ResultsError
from experiments.locks import HAS_NONE, lock, lock_shared
from experiments.store.store import Store

FILE = "sweep.lock"


class Place(NamedTuple):
    """Where the lock of a folder is: a name, and the descriptor of the folder, or None for the working folder."""

    name: str
    folder: int | None


@contextlib.contextmanager
def claimed(folder: Path) -> Iterator[Store]:
    """The store of a folder, created if necessary, locked until the end of the block or the process.

    The lock is a lock of the operating system on a file that names the owner; it ends with the process in any case.
    Raises ResultsError with the name of the owner if another process has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with opened(folder) as place, locked(folder, place), Store(folder / STORE) as store:
        yield store


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Place]:
    """The place of the lock in a folder: it stays in that folder if it is moved and another one takes its name.

    On Windows, a folder with an open file cannot be moved.
    """
    if sys.platform == "win32":
        yield Place(str(folder / FILE), None)
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield Place(FILE, descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def locked(folder: Path, place: Place, what: str = "sweep") -> Iterator[None]:
    """Keep others out of a folder, of which ``place`` is ``opened``. Raises as ``claimed``; ``what`` it is used by."""
    descriptor = _locked(folder / FILE, place, what)
    try:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}, since {now}\n".encode())
        yield
    finally:
        if sys.platform == "win32":  # an open file cannot be removed, neither here nor if somebody else has opened it
            os.close(descriptor)
            with contextlib.suppress(OSError):
                os.unlink(place.name)
        else:
            with contextlib.suppress(OSError):
                if _is_in(place, descriptor):  # and not the lock of somebody else
                    os.unlink(place.name, dir_fd=place.folder)
            os.close(descriptor)


def _is_in(place: Place, descriptor: int) -> bool:
    """Whether the lock that was opened is still the lock of its folder."""
    try:
        found = os.stat(place.name, dir_fd=place.folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(descriptor), found)


def _open(place: Place) -> int:
    """Open the file, which is created if necessary, without following a link."""
    if sys.platform != "win32":
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK  # O_NONBLOCK: a named pipe would wait
        return os.open(place.name, flags, 0o666, dir_fd=place.folder)
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISREG(os.lstat(place.name).st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), place.name)
    return os.open(place.name, os.O_RDWR | os.O_CREAT | os.O_BINARY, 0o666)


def _locked(path: Path, place: Place, what: str) -> int:
    while True:
        try:
            descriptor = _open(place)
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
                raise
            raise _not_ours(path) from None
        try:
            lock(descriptor)
            # The previous owner may have removed the file after it was opened: then this locks a deleted file.
            if _is_in(place, descriptor):
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
                    raise _not_ours(path)
                return descriptor
        except BlockingIOError:
            owner = os.read(descriptor, 200).decode(errors="replace").strip() or "unknown process"
            os.close(descriptor)
            raise ResultsError(
                f"the folder {os.fspath(path.parent)!r} is in use by another {what} ({owner}):"
                " wait until it ends, or choose another folder"
            ) from None
        except OSError as error:
            os.close(descriptor)
            if error.errno not in HAS_NONE:
                raise
            with contextlib.suppress(OSError):
                path.unlink()
            raise _no_locks(path.parent, error) from None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _not_ours(path: Path) -> ResultsError:
    return ResultsError(f"{path}: expected a regular file with one name, found a link or something else: remove it")


def check_locks(folder: Path) -> None:
    """Raises ResultsError if the file system of an existing folder has no locks; nothing is written.

    A store there would be said to be in use, after a minute. The store itself is not touched: closing a file drops the
    locks that SQLite has on it for another thread of this process. On Windows, every file system has locks.
    """
    if sys.platform == "win32":
        return
    with contextlib.suppress(PermissionError, FileNotFoundError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            lock_shared(descriptor)
        except BlockingIOError:
            pass
        except OSError as error:
            if error.errno in HAS_NONE:
                raise _no_locks(folder, error) from None
        finally:
            os.close(descriptor)


def _no_locks(folder: Path, error: OSError) -> ResultsError:
    return ResultsError(
        f"the file system of {os.fspath(folder)!r} has no locks ({error.strerror}):"
        " use a folder on a local disk, and copy it when it is finished"
    )
