"""Signals, streams and the exit status of a command.

This module and ``options`` must be quick to import: handlers are set and arguments parsed before slow
imports.
"""

from __future__ import annotations

import _thread
import importlib
import io
import logging
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

LONGEST_GOODBYE = 1.0  # seconds for cleaning up after an interrupt


class Interrupted(BaseException):
    """One of _SIGNALS. Not an Exception, so that it is not mistaken for a failed run."""

    def __init__(self, number: int) -> None:
        self.number = number


# SIGHUP is of Unix, SIGBREAK (Ctrl-Break, or the window is closed) of Windows.
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))
_program = ""
_state: Callable[[], str] = str  # the state of the files in the last line


def on_interrupt(state: Callable[[], str]) -> None:
    """Set the function that describes the state of the files when the program is interrupted."""
    global _state  # noqa: PLW0603 - a signal handler has no other place to look
    _state = state


def _interrupt(number: int, _frame: FrameType | None) -> NoReturn:
    # A second signal ends the process at once.
    for each in _SIGNALS:
        if signal.getsignal(each) is _interrupt:
            signal.signal(each, signal.SIG_DFL)
    # An exception in a callback of the import system or of LLVM is reported and lost. Whatever becomes
    # of this one, the process ends. (threading.Thread takes locks that the interrupted code may hold.)
    sys.unraisablehook = lambda _: None
    logging.disable()  # Dask logs a lot when workers end
    try:
        _thread.start_new_thread(_end, (number, LONGEST_GOODBYE))
    except RuntimeError:  # no thread can start (ulimit -u)
        if sys.platform == "win32":
            _end(number)
        signal.signal(signal.SIGALRM, lambda *_: _end(number))
        signal.setitimer(signal.ITIMER_REAL, LONGEST_GOODBYE)
    try:
        for worker in multiprocessing.active_children():  # it would ignore a second signal
            if worker.pid:
                os.kill(worker.pid, _KILL)
    finally:
        raise Interrupted(number)


_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # on Windows, any number ends a process
_ending = _thread.allocate_lock()


def _end(number: int, after: float = 0) -> NoReturn:
    """Print the state once and end the process, whatever its threads are doing."""
    time.sleep(after)
    _ending.acquire()
    try:
        state = _state()
        os.write(2, f"{_program}: interrupted{'; ' * bool(state)}{state}\n".encode())
    finally:
        os._exit(128 + number)


def run_as_program(program: str, state: str = "") -> NoReturn:
    """Run ``experiments.cli.NAME`` as the program ``experiments.NAME``: signals, closed streams, exit status.

    ``state`` describes the files for an interrupt before ``on_interrupt`` is called.
    """
    global _program  # noqa: PLW0603 - see above
    _program = program
    on_interrupt(lambda: state)
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # by nohup, or by a shell that starts it in the background
            signal.signal(number, _interrupt)
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started the program
            stream = open(os.devnull, "r+")  # noqa: SIM115 - for as long as the process lives
            os.set_inheritable(stream.fileno(), True)
            setattr(sys, name, stream)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # file names in any encoding
    # A separate process cleans up after interrupted workers; its messages are suppressed.
    warnings = os.environ.get("PYTHONWARNINGS", "")
    os.environ["PYTHONWARNINGS"] = f"{warnings},ignore:resource_tracker".lstrip(",")
    try:
        name = program.rpartition(".")[2]
        _program = program = importlib.import_module("experiments.console").named(name)
        # --help and a refused argument end here, before the command imports what it works with.
        options = importlib.import_module("experiments.cli.options").PARSERS[name]().parse(None)
        importlib.import_module("experiments.cli.environment").prepare(name, options)
        command = importlib.import_module(f"experiments.cli.{name}")
        sys.exit(command.main())
    except Interrupted as interrupted:
        _end(interrupted.number)
    except Exception as error:
        if sys.flags.dev_mode:  # python -X dev shows where it happened
            raise
        from experiments.console import SOME_FAILED, fail

        state = _state()
        fail(program, f"unexpected {type(error).__name__}: {error}{'; ' * bool(state)}{state}", SOME_FAILED)
