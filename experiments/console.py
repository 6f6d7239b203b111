"""Saying and failing: lines on stdout, one-line errors on stderr, the exit status."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from experiments.text import WIDTH, closest

DONE, SOME_FAILED, BAD_INPUT = 0, 1, 2
"""Exit status: all done; done, but something failed or differs; bad arguments or data."""

Say = Callable[[str], object]


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line, and for which -1e-3 is a bad value and not an unknown option."""

    def __init__(self, elsewhere: Callable[[str], str] = lambda _: "", **arguments: Any) -> None:
        """``elsewhere`` says what an option of another program is called here, or nothing."""
        self._elsewhere = elsewhere
        super().__init__(
            allow_abbrev=False,
            formatter_class=lambda prog: argparse.HelpFormatter(prog, max_help_position=32, width=WIDTH),
            **arguments,
        )
        self._negative_number_matcher = re.compile(r"-(\.?\d|inf|nan)")

    @property
    def program(self) -> str:
        """What its messages begin with: ``experiments.grid``."""
        return self.prog.removeprefix("python -m ")

    def error(self, message: str) -> NoReturn:
        """End the program for an argument that cannot be used."""
        fail(self.program, f"{message}; --help lists the options")

    def parse(self, arguments: Sequence[str] | None) -> argparse.Namespace:
        """The options. An unknown one is an error that names the nearest spelling."""
        parsed, unknown = self.parse_known_args(arguments)
        if unknown:
            # An option without a value agrees to something: nobody is led there by a slip.
            flags = [flag for action in self._actions if action.nargs != 0 for flag in action.option_strings]
            name = unknown[0].split("=")[0]
            self.error(f"unknown argument {unknown[0]!r}{self._elsewhere(name) or closest(name, flags)}")
        return parsed


def fail(program: str, message: str, status: int = BAD_INPUT) -> NoReturn:
    """Print one line on stderr and end the program."""
    print(f"{program}: {' '.join(message.split())}", file=sys.stderr)
    raise SystemExit(status)


def warn(message: str) -> None:
    """Print one line on stderr."""
    print(" ".join(message.split()), file=sys.stderr)


def say(line: str) -> None:
    """Print a line on stdout. Where nobody reads it (``| head``, a full disk), the program goes on in silence."""
    try:
        print(line, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say_paths(program: str, write: Callable[[], Iterable[Path]]) -> int:
    """Write files and print their paths. Returns the exit status; bad input is one line on stderr."""
    try:
        written = list(write())
    except (OSError, ValueError) as error:
        warn(f"{program}: {error}")
        return BAD_INPUT
    for path in written:
        say(str(path))
    return DONE
