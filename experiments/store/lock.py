"""One sweep at a time in a results folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from experiments.files import STORE, ResultsError
from experiments.store.store import Store

FILE = "sweep.lock"


@contextlib.contextmanager
def claimed(folder: Path) -> Iterator[Store]:
    """The store of a folder, made if need be, to be written by nobody else until the end of the block or the process.

    The lock is the operating system's, on a file that names the owner; it ends with the process, however that ends.
    Raises ResultsError, with the owner's name, if another process has it.
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
            # The one before may have removed the file between the two lines above: then this lock is of no file.
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
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
