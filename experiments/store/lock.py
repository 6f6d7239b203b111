"""A lock that allows one sweep at a time in a results folder."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
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
    path = folder / FILE
    descriptor = _locked(path)
    try:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        os.truncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}, since {now}\n".encode())
        with Store(folder / STORE) as opened:
            yield opened
    finally:
        with contextlib.suppress(OSError):
            path.unlink()
        os.close(descriptor)


def _locked(path: Path) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The previous owner may have removed the file after it was opened: then this locks a deleted file.
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), os.stat(path)):
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
