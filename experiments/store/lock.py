"""A lock that allows one sweep at a time in a results folder."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from experiments.files import STORE, ResultsError
from experiments.store.store import Store

FILE = "sweep.lock"
_WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


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
def opened(folder: Path) -> Iterator[int]:
    """A descriptor of a folder: it stays that folder if it is moved and another one takes its name."""
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield place
    finally:
        os.close(place)


@contextlib.contextmanager
def locked(folder: Path, place: int) -> Iterator[None]:
    """Keep other sweeps out of a folder, of which ``place`` is a descriptor. Raises as ``claimed``."""
    descriptor = _locked(folder / FILE, place)
    try:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        os.truncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}, since {now}\n".encode())
        yield
    finally:
        with contextlib.suppress(OSError):
            if _is_in(place, descriptor):  # and not the lock of somebody else
                os.unlink(FILE, dir_fd=place)
        os.close(descriptor)


def _is_in(place: int, descriptor: int) -> bool:
    """Whether the lock that was opened is still the lock of its folder."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(FILE, dir_fd=place, follow_symlinks=False))
    except FileNotFoundError:
        return False


def _locked(path: Path, place: int) -> int:
    while True:
        try:  # without following a link; O_NONBLOCK: a named pipe would wait
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
            descriptor = os.open(FILE, flags, 0o666, dir_fd=place)
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
                raise
            raise _not_ours(path) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
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
                f"the folder {os.fspath(path.parent)!r} is in use by another sweep ({owner}):"
                " wait until it ends, or choose another folder"
            ) from None
        except OSError as error:
            os.close(descriptor)
            if error.errno not in _WITHOUT_LOCKS:
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
    locks that SQLite has on it for another thread of this process.
    """
    with contextlib.suppress(PermissionError, FileNotFoundError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        except OSError as error:
            if error.errno in _WITHOUT_LOCKS:
                raise _no_locks(folder, error) from None
        finally:
            os.close(descriptor)


def _no_locks(folder: Path, error: OSError) -> ResultsError:
    return ResultsError(
        f"the file system of {os.fspath(folder)!r} has no locks ({error.strerror}):"
        " use a folder on a local disk, and copy it when it is finished"
    )
