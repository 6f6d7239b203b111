"""A database of ours: one SQLite file, opened with care, written in transactions, read by any number of programs.

It uses a rollback journal instead of a write-ahead log, which requires shared memory, does not work on network disks
and needs a writable folder even for reading. A writer waits for readers, and a reader for the writer, for as long as
it takes.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.files import ResultsError
from experiments.store.opening import checked, closed
from experiments.store.waiting import PATIENCE, Wait

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

_NOT_DAMAGE = tuple(f"SQLITE_{name}" for name in ("FULL", "IOERR", "CANTOPEN", "READONLY", "BUSY", "LOCKED", "NOMEM"))


class NothingStored(ResultsError):
    """No database, or one without tables, left by a program that was killed at its start."""


def digest(*parts: bytes) -> bytes:
    """A 16-byte digest of the parts and their boundaries."""
    lengths = _lengths(len(parts)) % tuple(map(len, parts))  # all at once: there are two digests to a run
    return hashlib.blake2b(b"".join((lengths, *parts)), digest_size=16).digest()


@functools.cache
def _lengths(n: int) -> bytes:
    return b",".join([b"%d"] * n) + b":"


class Database:
    """A database; in a temporary file if ``path`` is None. The arguments and the errors are those of ``Store``.

    file: its name in a folder, in messages
    content: what it has the results of, in messages
    """

    file: str
    content: str

    def __init__(self, path: Path | None, writes: bool = True, is_finished: bool = False) -> None:
        self.path = path
        self.name = "the temporary store" if path is None else str(path)  # in messages
        self._file: tuple[int, int] | None = None
        self._writes = writes
        with self._errors():
            if path is None:
                self._connection = sqlite3.connect("", check_same_thread=False)
            else:
                if not writes and not path.exists():
                    raise NothingStored(
                        f"{path.parent}: expected the results of a {self.content}, found no {path.name}"
                    )
                if is_finished:
                    uri = f"{path.absolute().as_uri()}?immutable=1"
                    self._connection = sqlite3.connect(uri, check_same_thread=False, uri=True)
                else:
                    with checked(path, writes) as self._file:
                        # Readers also roll back an unfinished transaction of a killed writer, if they may write.
                        self._connection = sqlite3.connect(path, timeout=PATIENCE, check_same_thread=False)
            self._connection.isolation_level = None  # transactions are started explicitly
            try:
                self._open(writes)
            except BaseException:
                self.close()
                raise

    def _open(self, writes: bool) -> None:
        """Check the tables, or create them."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Everything stored is already on disk."""
        self._connection.close()
        if self._file is not None:
            closed(self._file)
            self._file = None

    def _patiently(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Execute a statement, and again for as long as another program keeps the file to itself."""
        wait = Wait(Path(self.name).name, "reads" if self._writes else "writes")
        while True:
            try:
                return self._connection.execute(statement, values)
            except sqlite3.OperationalError as error:
                if not wait.goes_on(error):
                    raise

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Convert SQLite's errors to ResultsError if the file is damaged, otherwise to OSError."""
        try:
            yield
        except sqlite3.ProgrammingError:
            raise  # an error of the caller
        except (sqlite3.Error, UnicodeDecodeError) as error:
            name = getattr(error, "sqlite_errorname", "")
            if name == "SQLITE_TOOBIG":
                raise ResultsError(
                    f"{self.name}: a single value is too large to be stored: the limit is 1 GB"
                ) from None
            # SQLite only reads a file whose header requires a later version of SQLite.
            from_header = name == "SQLITE_READONLY" and self.path is not None and os.access(self.path, os.W_OK)
            if name.startswith(_NOT_DAMAGE) and not from_header:
                raise OSError(f"{self.name}: {error}") from None
            raise self._damaged(str(error)) from None

    def _damaged(self, what: str) -> ResultsError:
        reason = " ".join(what.split())
        return ResultsError(
            f"{self.name}: damaged ({reason}): delete it and {self.file}-journal, if there is one; then restore a copy,"
            f" or run the {self.content} again"
        )

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """A transaction: all or nothing, and on disk at its end."""
        with self._errors():
            self._patiently("BEGIN IMMEDIATE")
            try:
                yield
                self._patiently("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # SQLite itself ends some of them, for example on a full disk
                    self._connection.execute("ROLLBACK")
                raise

    def copy_to(self, path: Path) -> None:
        """Copy all of the store, as of one moment, into an empty file, and check the copy."""
        wait = Wait(Path(self.name).name, "writes")
        with self._errors(), contextlib.closing(sqlite3.connect(path)) as copied:
            copied.execute("PRAGMA journal_mode = OFF")
            while True:
                try:  # all pages in one step: one that begins anew after every change may never end
                    self._connection.backup(copied)
                    break
                except sqlite3.OperationalError as error:
                    if not wait.goes_on(error):
                        raise
            (verdict,) = copied.execute("PRAGMA integrity_check(1)").fetchone()
            if verdict != "ok":
                raise self._damaged(verdict)
