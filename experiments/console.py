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


class Parser(argparse.ArgumentParser):
    """An ArgumentParser with one-line errors that takes -1e-3 for a value, not for an option."""

    def __init__(self, elsewhere: Callable[[str], str] = lambda _: "", **arguments: Any) -> None:
        """``elsewhere`` returns a hint for option names of other programs, or an empty string."""
        self._elsewhere = elsewhere
        super().__init__(
            allow_abbrev=False,
            formatter_class=lambda prog: argparse.HelpFormatter(prog, max_help_position=32, width=WIDTH),
            **arguments,
        )
        self._negative_number_matcher = re.compile(r"-(\.?\d|inf|nan)")

    @property
    def program(self) -> str:
        """The program name at the beginning of its messages: ``experiments.grid``."""
        return self.prog.removeprefix("python -m ")

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
