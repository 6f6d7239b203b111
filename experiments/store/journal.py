"""Whether the rollback journal beside a store belongs to it.

After a kill in the middle of a transaction, SQLite restores the old pages from the journal NAME-journal as soon as
somebody opens NAME. It does so for any file of that name: a store that was restored from a copy, beside the journal of
the one before, is destroyed by it. The layout of journal and header: https://www.sqlite.org/fileformat.html.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import struct
import sys
from pathlib import Path
from typing import BinaryIO, NamedTuple

if sys.platform != "win32":
    import fcntl

_JOURNAL = bytes.fromhex("d9d505f920a163d7")
_DATABASE = b"SQLite format 3\0"
_HEADER = 100  # bytes, at the start of page 1
_RESERVED_BYTE = 0x40000001  # locked by a process that writes


class _Header(NamedTuple):
    """What page 1 says of a database."""

    page_size: int
    changes: int  # transactions
    pages: int
    identity: int  # application_id: random

    @classmethod
    def of(cls, page: bytes) -> _Header | None:
        if len(page) < _HEADER or not page.startswith(_DATABASE):
            return None
        (size,) = struct.unpack_from(">H", page, 16)
        changes, pages = struct.unpack_from(">II", page, 24)
        return cls(65536 if size == 1 else size, changes, pages, *struct.unpack_from(">I", page, 68))


class _Journal(NamedTuple):
    """A hot journal: one that SQLite would play back."""

    page_size: int
    pages: int  # of the database before the transaction
    first: _Header | None  # page 1 before the transaction, if it was changed


def is_of_another(path: Path) -> bool:
    """Whether there is a hot journal beside the database ``path``, left by another file than this one.

    This reads the file itself, so the process must not have it open: closing it again drops the locks of the process.
    """
    return _seems_of_another(path) and not _is_open(Path(f"{path}-journal"))


def _seems_of_another(path: Path) -> bool:
    try:
        # Without buffers: what is read again is what is there now.
        with path.open("rb", buffering=0) as file, Path(f"{path}-journal").open("rb", buffering=0) as beside:
            for _ in range(10):
                journal, header = _read(beside), _Header.of(_start(file))
                if journal is None or header is None or _fits(journal, header, os.fstat(file.fileno()).st_size):
                    return False
                if _is_being_written(file.fileno()):
                    return False
                # Unless a transaction began or ended in between, both are still the same.
                if journal == _read(beside) and header == _Header.of(_start(file)):
                    return Path(f"{path}-journal").exists()
    except FileNotFoundError:
        pass
    return False


def _fits(journal: _Journal, header: _Header, size: int) -> bool:
    """Whether a journal is of a transaction in this file, which may have reached it in part."""
    if journal.pages == 0:  # the very first transaction
        return header.changes <= 1
    if journal.page_size != header.page_size or size < journal.pages * journal.page_size:
        return False
    if journal.first is None:  # not changed yet
        return header.pages == journal.pages
    before = journal.first
    return (
        before.pages == journal.pages
        and before.identity == header.identity
        and header.changes in (before.changes, before.changes + 1)
    )


def _start(file: BinaryIO) -> bytes:
    return _at(file, 0, _HEADER)


def _at(file: BinaryIO, place: int, size: int) -> bytes:
    file.seek(place)
    return file.read(size)


def _read(file: BinaryIO) -> _Journal | None:
    """The journal, or None if SQLite would ignore it."""
    size, place, found = os.fstat(file.fileno()).st_size, 0, None
    while len(start := _at(file, place, 28)) == 28 and start.startswith(_JOURNAL):
        records, nonce, pages, sector, page_size = struct.unpack(">5I", start[8:])
        if not 512 <= page_size <= 65536 or not 32 <= sector <= 65536:
            break
        found = found or _Journal(page_size, pages, None)
        place += sector
        for _number in itertools.count() if records == 0xFFFFFFFF else range(records):
            if place + page_size + 8 > size:
                return found
            (number,) = struct.unpack(">I", _at(file, place, 4))
            if number == 1:
                page = _at(file, place + 4, page_size + 4)
                sums = nonce + sum(page[at] for at in range(page_size - 200, 0, -200))
                if sums & 0xFFFFFFFF == struct.unpack(">I", page[page_size:])[0]:
                    return found._replace(first=_Header.of(page))
            place += page_size + 8
        place = -(-place // sector) * sector
    return found


def _is_being_written(descriptor: int) -> bool:
    """Whether another process is within a transaction. Asking takes no lock, which would mislead its readers.

    On Windows this is not known of a file that is open here: see ``_is_open``.
    """
    if sys.platform != "win32":
        if sys.platform == "darwin":
            layout, of_type = "qqihh", 3
            asked = struct.pack(layout, _RESERVED_BYTE, 1, 0, fcntl.F_WRLCK, os.SEEK_SET)
        else:
            layout, of_type = "hhqqi4x", 0
            asked = struct.pack(layout, fcntl.F_WRLCK, os.SEEK_SET, _RESERVED_BYTE, 1, 0)
        with contextlib.suppress(OSError):  # a file system without locks
            found = struct.unpack(layout, fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
            return bool(found[of_type] != fcntl.F_UNLCK)
    return False


def _is_open(journal: Path) -> bool:
    """On Windows: whether a process has a journal open, as the one that writes has. It cannot be renamed, then."""
    if sys.platform != "win32":
        return False
    try:
        os.rename(journal, journal)
    except PermissionError:
        return True
    except FileNotFoundError:  # the transaction has ended
        return True
    return False
