"""Windows as far as it can be had elsewhere, for the modules of this project alone.

What is missing there is missing: modules, functions and constants. What is forbidden there is forbidden: to open a
folder, to rename or remove a file that somebody has open, and names that it does not allow. ``msvcrt.locking`` is made
of the locks of Linux that belong to an open file, as those of Windows do.
"""

from __future__ import annotations

import builtins
import errno
import fcntl
import os
import re
import signal
import struct
import sys
from collections.abc import Mapping
from multiprocessing import process
from types import ModuleType, SimpleNamespace
from typing import Any

OURS = {"experiments", "planar_core", "planar_sweep"}
MODULES = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
OF_OS = re.compile(
    r"O_(NOFOLLOW|DIRECTORY|NONBLOCK|CLOEXEC|D?SYNC|NDELAY|NOCTTY|PATH|TMPFILE|ASYNC|NOATIME|DIRECT)|(fork|spawn.+p)"
    r"|(set|get)(e|re|res)?[ug]ids?|(get|set)(pgid|pgrp|sid|priority|groups|loadavg)|killpg|nice|uname|mkfifo|mknod"
    r"|chown|fchown|lchown|fchmod|p?(read|write)v?|lockf|(f?statv|path|f?path|sys)(fs|conf)|sched_.+|posix_.+|wait[34i].*"
    r"|WIF.+|WEXIT.+|WTERM.+|W[A-Z]+|sync|fdatasync|pidfd_open|register_at_fork|fchdir|chroot|tcgetpgrp|ttyname"
)
KEPT = {"read", "write"}  # of the names that match
OF_SIGNAL = {
    *("SIGABRT", "SIGBREAK", "SIGFPE", "SIGILL", "SIGINT", "SIGSEGV", "SIGTERM", "SIG_DFL", "SIG_IGN", "Signals"),
    *("default_int_handler", "getsignal", "raise_signal", "set_wakeup_fd", "signal", "strsignal", "valid_signals"),
}
FORBIDDEN = re.compile(r"[<>:\"|?*\x00-\x1f\\]|[ .]$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
IN_USE = "The process cannot access the file because it is being used by another process"


class Changed(ModuleType):
    """A module, with other values for some names, and without others."""

    def __init__(self, original: ModuleType, instead: Mapping[str, Any], lacks: Any) -> None:
        self.__dict__["_original"], self.__dict__["_instead"], self.__dict__["_lacks"] = original, instead, lacks

    def __getattr__(self, name: str) -> Any:
        if name in self._instead:
            return self._instead[name]
        if not name.startswith("__") and self._lacks(name):
            raise AttributeError(f"module {self._original.__name__!r} of Windows has no attribute {name!r}")
        return getattr(self._original, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._original, name, value)


def _open(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
    if dir_fd is not None:
        raise NotImplementedError("dir_fd unavailable on this platform")
    if os.path.isdir(path):
        raise PermissionError(errno.EACCES, "Permission denied", path)
    return os.open(path, flags, mode)


def _with_no_folder(function: Any) -> Any:
    def call(*arguments: Any, dir_fd: int | None = None, **more: Any) -> Any:
        if dir_fd is not None:
            raise NotImplementedError("dir_fd unavailable on this platform")
        return function(*arguments, **more)

    return call


def _locking(descriptor: int, _mode: int, size: int) -> None:
    asked = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, os.lseek(descriptor, 0, os.SEEK_CUR), size, 0)
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, asked)
    except OSError:
        raise PermissionError(errno.EACCES, "Permission denied") from None


INSTEAD: dict[str, Any] = {
    "os": Changed(
        os,
        {"open": _open, "O_BINARY": 0, **{name: _with_no_folder(getattr(os, name)) for name in ("stat", "unlink")}},
        lambda name: name not in KEPT and OF_OS.fullmatch(name),
    ),
    "signal": Changed(signal, {}, lambda name: name not in OF_SIGNAL),
    "sys": Changed(sys, {"platform": "win32"}, lambda _: False),
    "msvcrt": SimpleNamespace(LK_NBLCK=2, locking=_locking),
}


def _is_ours(names: Mapping[str, Any]) -> bool:
    return (names.get("__package__") or names.get("__name__") or "").partition(".")[0] in OURS


_import = builtins.__import__


def _import_as_there(name: str, globals_: Any = None, locals_: Any = None, fromlist: Any = (), level: int = 0) -> Any:
    if level == 0 and globals_ and _is_ours(globals_):
        if name in MODULES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if name in INSTEAD:
            return INSTEAD[name]
    return _import(name, globals_, locals_, fromlist, level)


def _is_open(path: str) -> bool:
    """Whether any process has a file open."""
    try:
        file = os.stat(path)
    except OSError:
        return False
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            descriptors = os.listdir(f"/proc/{number}/fd")
        except OSError:
            continue
        for descriptor in descriptors:
            try:
                if os.path.samestat(file, os.stat(f"/proc/{number}/fd/{descriptor}")):
                    return True
            except OSError:
                continue
    return False


def _is_asked_by_us() -> bool:
    frame = sys._getframe(2)
    for _ in range(4):  # through pathlib, for example
        if _is_ours(frame.f_globals):
            return True
        if frame.f_back is None:
            break
        frame = frame.f_back
    return False


def _look(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("os.rename", "os.remove"):
        for path in arguments[: 2 if event == "os.rename" else 1]:
            if _is_asked_by_us() and _is_open(os.fspath(path)):
                raise PermissionError(errno.EACCES, IN_USE, path)
    is_new = event == "os.mkdir" or (event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_CREAT)
    if is_new and isinstance(arguments[0], str | os.PathLike) and _is_asked_by_us():
        name = os.path.basename(os.fspath(arguments[0]))
        if name not in (".", "..") and FORBIDDEN.search(name):
            raise OSError(errno.EINVAL, f"Windows allows for no such name: {name!r}", name)


def _begin(self: Any, name: str, pid: int, sentinel: Any) -> None:
    _parent_begins(self, name, pid, os.pidfd_open(pid) if sentinel is None else sentinel)


_parent_begins = process._ParentProcess.__init__  # type: ignore[attr-defined]
if __name__ == "sitecustomize":  # a test that imports a name from here stays where it is
    process._ParentProcess.__init__ = _begin  # type: ignore[attr-defined]
    builtins.__import__ = _import_as_there  # type: ignore[assignment]
    sys.addaudithook(_look)
