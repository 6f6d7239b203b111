"""Folders of code that is kept to be run again: nobody else may place any there."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path


class NotPrivate(OSError):
    """A folder in which somebody else could place code. The message says why."""


def make_private(folder: Path) -> None:
    """Make a folder, if need be, to which nobody else can write.

    Raises NotPrivate if others can write to it or replace it, and OSError if it cannot be made. A relative path is
    refused: the working folder may be anybody's, and where no home folder is known, the home folder ``~`` becomes a
    folder of that name there.
    """
    if not folder.is_absolute():
        raise NotPrivate(f"{folder} is no absolute path: set HOME or NUMBA_CACHE_DIR to one")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if sys.platform == "win32":  # lists say who may write, not modes, and those of a user's folders are private
        return
    # The owner of the root folder may be unknown in a container, and can do anything in any case.
    owners = {os.geteuid(), os.stat("/").st_uid}
    real = Path(os.path.realpath(folder))
    for path in dict.fromkeys((folder, *folder.parents, real, *real.parents)):
        about = path.lstat()
        if about.st_uid not in owners:
            raise NotPrivate(f"{path} belongs to another user")
        if path == real and about.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise NotPrivate(f"other users can write to {path}")
        if not stat.S_ISLNK(about.st_mode) and about.st_mode & stat.S_IWOTH and not about.st_mode & stat.S_ISVTX:
            raise NotPrivate(f"every user can write to {path}")
