"""A process for which no file system has locks."""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys

_CALLS = {"x86_64": (73, 72), "aarch64": (32, 25)}  # flock and fcntl
_LOCKS = (5, 6, 7, 36, 37, 38)  # F_GETLK, F_SETLK, F_SETLKW, and of open file descriptions
IS_POSSIBLE = sys.platform == "linux" and platform.machine() in _CALLS
_LOAD, _EQUALS, _RETURN = 0x20, 0x15, 0x06  # instructions of the kernel's packet filter
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2


def refuse_locks() -> None:
    """From here on, the kernel answers every request for a lock of this process as a file system without locks does."""
    flock, fcntl = _CALLS[platform.machine()]
    refusal = _ERRNO | errno.ENOLCK
    rows = [(_LOAD, 0, 0, 0), (_EQUALS, len(_LOCKS) + 3, 0, flock), (_EQUALS, 0, len(_LOCKS) + 1, fcntl)]
    rows += [(_LOAD, 0, 0, 24)]  # the command of fcntl: the lower half of the second argument
    rows += [(_EQUALS, len(_LOCKS) - k, 0, command) for k, command in enumerate(_LOCKS)]
    rows += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, refusal)]
    code = b"".join(struct.pack("HBBI", *row) for row in rows)
    kept = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxP", len(rows), ctypes.addressof(kept))
    library = ctypes.CDLL(None, use_errno=True)
    for arguments in ((_NO_NEW_PRIVILEGES, 1, 0, 0, 0), (_SECCOMP, _FILTER, program, 0, 0)):
        if library.prctl(*arguments) != 0:
            raise OSError(ctypes.get_errno(), "prctl")
