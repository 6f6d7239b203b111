"""What is checked before SQLite opens a store: SQLite itself would go on, or say something that does not help."""

from __future__ import annotations

import contextlib
import os
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from experiments.console import to_run, warn
from experiments.files import ResultsError, digest_of
from experiments.store.journal import is_of_another

_open_here: Counter[tuple[int, int]] = Counter()  # device and inode of each store that this process has open
_one_at_a_time = threading.Lock()


@contextlib.contextmanager
def checked(path: Path, writes: bool) -> Iterator[tuple[int, int] | None]:
    """Check a store, and let SQLite open it within the block. ``writes`` creates it with the mode that umask allows.

    Raises ResultsError if it cannot be written to, or if a journal of another file lies beside it.
    """
    with _one_at_a_time:
        if writes:
            _check_writable(path)
        elif not path.exists():
            yield None
            return
        # A file must not be closed by a process that has it open elsewhere: that would drop SQLite's locks on it.
        if not _open_here[_file(path)] and is_of_another(path):
            raise ResultsError(
                f"{path}-journal: expected the journal of {path.name}, found one of another file: if {path.name} was"
                " restored from a copy, delete the journal; otherwise restore both from a copy"
            )
        file = _file(path)
        yield file
        _open_here[file] += 1


def _file(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def digest_of_open(path: Path) -> str | None:
    """A digest of every byte of a store that is open once and has no transaction; None if it is open elsewhere here.

    To read it closes it again, which drops the locks that SQLite has for this process: there must be none.
    """
    with _one_at_a_time:
        if _open_here[_file(path)] > 1:
            return None
        with path.open("rb") as file:
            return digest_of(file)


def closed(file: tuple[int, int]) -> None:
    """A store was closed."""
    _open_here[file] -= 1


def _check_writable(path: Path) -> None:
    if path.exists() and (not path.is_file() or _open_here[_file(path)]):
        return
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o666))
    except PermissionError as error:
        raise ResultsError(
            f"{path}: expected a store that can be written to, got: {error.strerror}: change its permissions or"
            " attributes, or choose another folder"
        ) from None
    if (links := path.stat().st_nlink) > 1:
        warn(
            f"{path} has {links} hard links: what is stored now is in all of them, so a backup made of links is none;"
            f" {to_run('store copy')} makes a real one"
        )
