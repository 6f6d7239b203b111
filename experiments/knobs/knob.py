"""The declaration of a setting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


class SweepError(ValueError):
    """An invalid request. The message is one line: what was expected, what was found, what to do."""


class DataError(ValueError):
    """Data that cannot be used. The message is one line: what was expected, what was found, what to do."""


@dataclass(frozen=True)
class Knob:
    """One setting of a run, or of how to run.

    name: its name in Python, in the manifest and as a column
    flags: its options on the command line
    check: takes a value or its text and returns it in standard form, or raises ValueError with a description of
        what was expected
    default: the default values; for a knob that is not an axis, one or none
    is_axis: whether a sweep can vary it
    takes_ranges: whether text may be a range
    is_integer: whether a number between two of its values is rounded to an integer
    column: whether it identifies a run: "always", "if set" (if it varies or differs from its default), "if several" (if
        it varies), or "never"
    is_problem: whether it changes the problem (the data) rather than the training
    group: its heading in --help
    word: a word accepted instead of a number; the data and the core use None for it
    needs: the axis it depends on, a description of the value required there, and a test for that value
    gathered: converts the values given together into the values meant
    is_list: whether a knob that is not an axis takes several values, which form one setting
    elsewhere: names of it in other programs, which are answered with its name here
    is_replicate: whether it distinguishes the replicates of a configuration
    alone: the value meant by its option without a value, or by True; None: it needs a value
    in_core: converts a value, other than the word, for the data or the core
    """

    name: str
    flags: tuple[str, ...]
    metavar: str
    help: str
    check: Callable[[Any], Any]
    default: Sequence[Any]
    is_axis: bool = False
    takes_ranges: bool = False
    is_integer: bool = False
    column: str = "never"
    is_problem: bool = False
    group: str = "run"
    word: str | None = None
    needs: tuple[str, str, Callable[[Any], bool]] | None = None
    gathered: Callable[[list[Any]], list[Any]] = list
    is_list: bool = False
    elsewhere: tuple[str, ...] = ()
    is_replicate: bool = False
    alone: Any = None
    in_core: Callable[[Any], Any] = lambda value: value

    @property
    def is_further(self) -> bool:
        """Whether it is an optional axis, which is mentioned only if it is set."""
        return self.is_axis and self.column == "if set"

    @property
    def is_sampled(self) -> bool:
        """Whether it is an axis of the configuration, from which ``--sample`` draws."""
        return self.is_axis and not (self.is_problem or self.is_replicate)
