"""Copy a results folder, of a sweep or of a map, also while it is written to."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

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
from experiments.maps.store import FILES as FILES_OF_MAP
from experiments.maps.store import STORE as STORE_OF_MAP
from experiments.maps.store import MapStore
from experiments.store.database import Database
from experiments.store.lock import locked, opened
from experiments.store.store import Store

_ATTEMPTS = 10


class _Kind(NamedTuple):
    """What writes results: the name of its store, how it is opened for reading, and the files beside it."""

    store: str
    open: Callable[[Path], Database]
    files: tuple[str, ...]


_KINDS = (
    _Kind(STORE, lambda folder: Store(folder / STORE, writes=False), (*FILES, *OTHER_FILES, REPORT)),
    _Kind(STORE_OF_MAP, MapStore, FILES_OF_MAP),
)


class _Changed(Exception):
    """Files were replaced while they were copied."""


def copy(folder: Path, destination: Path, overwrite: bool = False) -> Iterator[Path]:
    """Copy store, tables, plots and report of a folder, of a map its pictures and its page; yields each new path.

    The store is copied as of one moment, by SQLite itself, and takes its place when it is complete and on disk. Raises
    ResultsError if there is no store, or if the destination is in use or has results and not ``overwrite``.
    """
    kinds = [kind for kind in _KINDS if (folder / kind.store).exists()]
    if not kinds:
        raise ResultsError(f"{folder}: expected the results of a sweep or of a map, found no {STORE} or {STORE_OF_MAP}")
    files = [name for kind in _KINDS for name in (*kind.files, kind.store)]
    with contextlib.ExitStack() as stack:
        sources = [stack.enter_context(kind.open(folder)) for kind in kinds]
        check_folder(destination, files)
        if destination.exists() and os.path.samefile(folder, destination):
            raise ResultsError(f"expected another folder to copy to, got {os.fspath(destination)!r} itself")
        there = [name for name in files if (destination / name).exists()]
        if there and not overwrite:
            raise ResultsError(
                f"{destination / there[0]} exists: choose another folder, or replace the results in it with --overwrite"
            )
        destination.mkdir(parents=True, exist_ok=True)
        place = stack.enter_context(opened(destination))
        stack.enter_context(locked(destination, place))
        for name in there:  # what is not copied would be of other results
            if not (folder / name).exists():
                (destination / name).unlink()
                Path(f"{destination / name}-journal").unlink(missing_ok=True)  # of a store
        for path in pictures_in(destination):
            if not (folder / PLOTS / path.name).exists():
                path.unlink()
        # Before the stores, which so have all that the tables and pictures show.
        yield from _files(folder, destination, [name for kind in kinds for name in kind.files])
        for kind, source in zip(kinds, sources, strict=True):
            yield _store(source, destination / kind.store)


def _files(folder: Path, destination: Path, files: Sequence[str]) -> Iterator[Path]:
    pictures = sorted(path.relative_to(folder) for path in pictures_in(folder))
    if pictures:
        (destination / PLOTS).mkdir(exist_ok=True)
    for attempt in range(_ATTEMPTS):
        with contextlib.suppress(_Changed), contextlib.ExitStack() as stack:
            before = _states(folder, files)
            found = [name for name in (*map(Path, files), *pictures) if (folder / name).is_file()]
            for name in found:
                with (folder / name).open("rb") as file:
                    shutil.copyfileobj(file, stack.enter_context(replacing(destination / name)))
            if before != _states(folder, files):
                raise _Changed
            break
        if attempt == _ATTEMPTS - 1:
            raise ResultsError(
                f"{folder}: its files change all the time: copy it when the program that writes has ended"
            )
    yield from (destination / name for name in found)


def _states(folder: Path, files: Sequence[str]) -> list[tuple[int, int] | None]:
    """What tells whether a file was replaced in the meantime."""
    found = [os.stat(folder / name) if (folder / name).exists() else None for name in files]
    return [each and (each.st_ino, each.st_mtime_ns) for each in found]


def _store(source: Database, path: Path) -> Path:
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as unfinished:
        whole = Path(unfinished, path.name)
        with whole.open("wb") as file:  # with the mode that umask allows
            source.copy_to(whole)
            os.fsync(file.fileno())
        Path(f"{path}-journal").unlink(missing_ok=True)  # of the store that is replaced
        os.replace(whole, path)
    return path
