"""Signals, streams and the exit status of a command.

This file and ``options`` have to be light: the handlers are set, and the arguments parsed, before anything heavy is
imported.
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
    """SIGINT or SIGTERM; no Exception, so that nothing on the way takes it for a failed run."""

    def __init__(self, number: int) -> None:
        self.number = number


_program = ""
_state: Callable[[], str] = str  # what the last line says of the files: nothing yet


def on_interrupt(state: Callable[[], str]) -> None:
    """Set what is said of the files when the program is interrupted."""
    global _state  # noqa: PLW0603 - a signal handler has no other place to look
    _state = state


def _interrupt(number: int, _frame: FrameType | None) -> NoReturn:
    # A second signal ends the process at once.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # An exception that comes up in a callback, of the import system or of LLVM, is reported and lost. Whatever becomes
    # of this one, the process ends. (threading.Thread takes locks that the interrupted code may hold.)
    sys.unraisablehook = lambda _: None
    logging.disable()  # Dask has much to say of workers that end
    _thread.start_new_thread(_end, (number, LONGEST_GOODBYE))
    try:
        for worker in multiprocessing.active_children():  # which would not hear of a second signal
            if worker.pid:
                os.kill(worker.pid, signal.SIGKILL)
    finally:
        raise Interrupted(number)


_ending = _thread.allocate_lock()


def _end(number: int, after: float = 0) -> NoReturn:
    """Say so, once, and end the process, whatever its threads are doing."""
    time.sleep(after)
    _ending.acquire()
    try:
        state = _state()
        os.write(2, f"{_program}: interrupted{'; ' * bool(state)}{state}\n".encode())
    finally:
        os._exit(128 + number)


def run_as_program(program: str, state: str = "") -> NoReturn:
    """Run ``experiments.cli.NAME`` as the program ``experiments.NAME``: signals, closed streams, the exit status.

    ``state`` is what an interrupt says of the files until ``on_interrupt`` is called.
    """
    global _program  # noqa: PLW0603 - see above
    _program = program
    on_interrupt(lambda: state)
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started the program
            stream = open(os.devnull, "r+")  # noqa: SIM115 - for as long as the process lives
            os.set_inheritable(stream.fileno(), True)
            setattr(sys, name, stream)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names of files in whatever encoding
    # What interrupted workers leave behind is removed by a process of its own, which need not talk about it.
    warnings = os.environ.get("PYTHONWARNINGS", "")
    os.environ["PYTHONWARNINGS"] = f"{warnings},ignore:resource_tracker".lstrip(",")
    try:
        name = program.rpartition(".")[2]
        # --help and a refused argument end here, before the command imports what it works with.
        importlib.import_module("experiments.cli.options").PARSERS[name]().parse(None)
        command = importlib.import_module(f"experiments.cli.{name}")
        sys.exit(command.main())
    except Interrupted as interrupted:
        _end(interrupted.number)
