"""Locks of the operating system on open files: they end with the process that has them."""

from __future__ import annotations

import errno
import os
import sys

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

HAS_NONE = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
"""errno of a file system without locks."""

_PLACE = 2**30  # in a file on Windows: nobody can read what is locked there, so it is beyond the end


def lock(descriptor: int) -> None:
    """Lock an open file, without waiting.

    Raises BlockingIOError if it is locked by whoever else has opened it, OSError if the file system has no locks.
    """
    if sys.platform == "win32":
        before = os.lseek(descriptor, 0, os.SEEK_CUR)
        os.lseek(descriptor, _PLACE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError(errno.EAGAIN, error.strerror) from None
        finally:
            os.lseek(descriptor, before, os.SEEK_SET)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def lock_shared(descriptor: int) -> None:
    """Lock an open file or folder together with others who do the same, without waiting; on Windows, nothing is done.

    Raises as ``lock``.
    """
    if sys.platform != "win32":
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
