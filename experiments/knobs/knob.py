"""What a setting is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


class SweepError(ValueError):
    """An invalid request. The message is one line: what was expected, what came, what to do."""


class DataError(ValueError):
    """Data that cannot be used. The message is one line: what was expected, what came, what to do."""


@dataclass(frozen=True)
class Knob:
    """One setting of a run, or of how to run.

    name: in Python, in the manifest and as a column
    flags: on the command line
    check: takes a value, given as itself or as text; returns it in standard form, or raises ValueError with
        what was expected
    default: the values where none is given; of a knob that is no axis one, or none
    is_axis: whether a sweep can vary it
    takes_ranges: whether text may be a range
    column: whether it identifies a run: "always", "if set" (when it varies or is away from its default), or "never"
    is_problem: whether it changes the problem (the data) rather than how a network is trained on it
    group: the heading under which --help lists it
    word: taken in place of a number; the data or the core know it as None
    needs: another axis, what that has to be for this one to have an effect, and a test of a value of it
    gathered: takes the values given together, returns those that are meant
    is_list: whether a knob that is no axis takes several values, which are one setting together
    elsewhere: what other programs call it, as on a command line; a slip is answered with our name
    is_replicate: whether it tells the replicates of a configuration apart
    """

    name: str
    flags: tuple[str, ...]
    metavar: str
    help: str
    check: Callable[[Any], Any]
    default: Sequence[Any]
    is_axis: bool = False
    takes_ranges: bool = False
    column: str = "never"
    is_problem: bool = False
    group: str = "run"
    word: str | None = None
    needs: tuple[str, str, Callable[[Any], bool]] | None = None
    gathered: Callable[[list[Any]], list[Any]] = list
    is_list: bool = False
    elsewhere: tuple[str, ...] = ()
    is_replicate: bool = False

    @property
    def is_further(self) -> bool:
        """Whether it is an axis that is spoken of only where it was set: runs that do not set it do not know it."""
        return self.is_axis and self.column != "always"
