"""Terminal output: lines on stdout, one-line errors on stderr, the exit status.

Whatever is printed goes through ``say``, ``warn`` or ``fail``. Names and messages from files can hold control
characters, which a terminal would execute: they are printed as escapes such as backslash x1b.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from experiments.text import WIDTH, closest, printable

DONE, SOME_FAILED, BAD_INPUT = 0, 1, 2
"""Exit status: all done; done, but something failed or differs; bad arguments or data."""

Say = Callable[[str], object]

_AS_MODULE = "python -m experiments."
_started_by = _AS_MODULE


def started_by(program: str) -> None:
    """Say ``program COMMAND`` from now on, instead of ``python -m experiments.COMMAND``."""
    global _started_by  # noqa: PLW0603 - how this process was started
    _started_by = f"{program} "


def to_run(command: str) -> str:
    """What to type for a command and its arguments: ``python -m experiments.merge OUT DIR...``."""
    return _started_by + command


def named(command: str) -> str:
    """The name of a command at the beginning of its messages: ``experiments.grid``."""
    return to_run(command).removeprefix("python -m ")


class Parser(argparse.ArgumentParser):
    """An ArgumentParser with one-line errors that takes -1e-3 for a value, not for an option."""

    def __init__(
        self,
        command: str,
        elsewhere: Callable[[str], str] = lambda _: "",
        last: Callable[[], Iterable[str]] = tuple,
        **arguments: Any,
    ) -> None:
        """``elsewhere`` returns a hint for option names of other programs, or an empty string.

        ``last`` gives the lines at the end of the help.
        """
        self.program = named(command)
        self._elsewhere, self._last = elsewhere, last
        super().__init__(
            prog=to_run(command),
            allow_abbrev=False,
            formatter_class=lambda prog: argparse.HelpFormatter(prog, max_help_position=32, width=WIDTH),
            **arguments,
        )
        self._negative_number_matcher = re.compile(r"-(\.?\d|inf|nan)")

    def format_help(self) -> str:
        """The help, with the last lines as they are."""
        return "".join((super().format_help(), *(f"{line}\n" for line in self._last())))

    def error(self, message: str) -> NoReturn:
        """Exit because of an invalid argument."""
        fail(self.program, f"{message}; --help lists the options")

    def parse(self, arguments: Sequence[str] | None) -> argparse.Namespace:
        """The options. An unknown one is an error with a suggestion, if one is similar."""
        parsed, unknown = self.parse_known_args(arguments)
        if unknown:
            # Options without a value, such as --yes, are never suggested: they may confirm something.
            flags = [flag for action in self._actions if action.nargs != 0 for flag in action.option_strings]
            name = unknown[0].split("=")[0]
            self.error(f"unknown argument {unknown[0]!r}{self._elsewhere(name) or closest(name, flags)}")
        return parsed


def fail(program: str, message: str, status: int = BAD_INPUT) -> NoReturn:
    """Print one line on stderr and exit."""
    warn(f"{program}: {message}")
    raise SystemExit(status)


def warn(message: str) -> None:
    """Print one line on stderr."""
    print(printable(" ".join(message.split())), file=sys.stderr)


def say(line: str) -> None:
    """Print a line on stdout. If stdout is closed (``| head``) or the disk is full, continue silently."""
    try:
        print(printable(line), flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say_paths(program: str, write: Callable[[], Iterable[Path]]) -> int:
    """Write files and print their paths. Returns the exit status; bad input is one line on stderr."""
    try:
        written = list(write())
    except (OSError, ValueError) as error:
        warn(f"{program}: {error}")
        return BAD_INPUT
    except Exception as error:  # noqa: BLE001 - matplotlib and Altair raise anything
        warn(f"{program}: drawing failed ({type(error).__name__}: {error})")
        return BAD_INPUT
    for path in written:
        say(str(path))
    return DONE
