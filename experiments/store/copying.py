"""Copy a results folder, also while a sweep writes to it."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from experiments.files import (
    FILES,
    OTHER_FILES,
    PLOTS,
    REPORT,
    STORE,
    ResultsError,
    check_folder,
    pictures_in,
    replacing,
)
from experiments.store.lock import locked, opened
from experiments.store.store import Store

_ATTEMPTS = 10


class _Changed(Exception):
    """The tables were replaced while they were copied."""


def copy(folder: Path, destination: Path, overwrite: bool = False) -> Iterator[Path]:
    """Copy store, tables, plots and report of a folder; yields each new path.

    The store is copied as of one moment, by SQLite itself, and takes its place when it is complete and on disk. Raises
    ResultsError if there is no store, or if the destination is in use or has results and not ``overwrite``.
    """
    files = (*FILES, *OTHER_FILES, STORE, REPORT)
    with Store(folder / STORE, writes=False) as source:
        check_folder(destination, files)
        if destination.exists() and os.path.samefile(folder, destination):
            raise ResultsError(f"expected another folder to copy to, got {os.fspath(destination)!r} itself")
        there = [name for name in files if (destination / name).exists()]
        if there and not overwrite:
            raise ResultsError(
                f"{destination / there[0]} exists: choose another folder, or replace the results in it with --overwrite"
            )
        destination.mkdir(parents=True, exist_ok=True)
        with opened(destination) as place, locked(destination, place):
            for name in there:  # what is not copied would be of another sweep
                if name != STORE and not (folder / name).exists():
                    (destination / name).unlink()
            for path in pictures_in(destination):
                if not (folder / PLOTS / path.name).exists():
                    path.unlink()
            yield from _tables(folder, destination)  # before the store, which so has all of their runs
            yield _store(source, destination)


def _tables(folder: Path, destination: Path) -> Iterator[Path]:
    pictures = sorted(path.relative_to(folder) for path in pictures_in(folder))
    if pictures:
        (destination / PLOTS).mkdir(exist_ok=True)
    names = [*map(Path, (*FILES, *OTHER_FILES)), *pictures, Path(REPORT)]
    for attempt in range(_ATTEMPTS):
        with contextlib.suppress(_Changed), contextlib.ExitStack() as stack:
            before = _states(folder)
            found = [name for name in names if (folder / name).is_file()]
            for name in found:
                with (folder / name).open("rb") as file:
                    shutil.copyfileobj(file, stack.enter_context(replacing(destination / name)))
            if before != _states(folder):
                raise _Changed
            break
        if attempt == _ATTEMPTS - 1:
            raise ResultsError(f"{folder}: its tables change all the time: copy it when the sweep has ended")
    yield from (destination / name for name in found)


def _states(folder: Path) -> list[tuple[int, int] | None]:
    """What tells whether a table was replaced in the meantime."""
    found = [os.stat(folder / name) if (folder / name).exists() else None for name in FILES]
    return [each and (each.st_ino, each.st_mtime_ns) for each in found]


def _store(source: Store, destination: Path) -> Path:
    path = destination / STORE
    with tempfile.TemporaryDirectory(dir=destination, prefix=f".{STORE}.") as unfinished:
        whole = Path(unfinished, STORE)
        with whole.open("wb") as file:  # with the mode that umask allows
            source.copy_to(whole)
            os.fsync(file.fileno())
        Path(f"{path}-journal").unlink(missing_ok=True)  # of the store that is replaced
        os.replace(whole, path)
    return path
