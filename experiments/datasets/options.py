"""Reading: the options for reading a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from experiments.datasets.data import DataError
from experiments.text import closest, listed, quoted

AUTO = "auto"

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "blanks": " "}
"""The separators by name; "blanks" is any run of spaces and tabs."""

CHOICES = {
    "task": (AUTO, "classification", "regression"),
    "missing": ("fill", "drop", "refuse"),
    "header": (AUTO, "yes", "no"),
}
"""The choices of options that are one of several words; the first is the default."""

_TEXTS = ("target", "separator", "decimal", "encoding", "group")
_SPELLINGS = {"\\t": "tab", "space": "blanks", "spaces": "blanks", "blank": "blanks", "whitespace": "blanks"}
_MARKS = {"point": ".", "dot": ".", "comma": ","}


@dataclass(frozen=True)
class Reading:
    """How to read a table; by default everything is detected and reported.

    target: the column to predict; the last one if None
    positive: the labels of class 1, against all others; if empty, every label is a class
    task: "auto", "classification" or "regression"
    drop: columns that are left out
    keep: columns that are used although they would otherwise be left out
    missing: how to treat missing values: "fill" them, "drop" their rows, or "refuse" the table
    missing_values: additional texts that mean a missing value
    header: whether the first line names the columns: "auto", "yes" or "no"
    separator: "auto", a name of SEPARATORS, or a single character
    decimal: the decimal mark: "auto", "." or ","
    encoding: "auto", or the name of an encoding that Python knows
    group: a column; rows with the same value stay on the same side of every split
    test_file: a file with the rows to test on; all other rows are for training

    A single text is taken for a tuple of one. Raises DataError for an invalid value.
    """

    target: str | None = None
    positive: tuple[str, ...] = ()
    task: str = AUTO
    drop: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    missing: str = "fill"
    missing_values: tuple[str, ...] = ()
    header: str = AUTO
    separator: str = AUTO
    decimal: str = AUTO
    encoding: str = AUTO
    group: str | None = None
    test_file: str | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.default == ():
                several = isinstance(value, Iterable) and not isinstance(value, str)
                object.__setattr__(self, field.name, tuple(map(str, value)) if several else (str(value),))
            elif field.name in _TEXTS and value is not None and not isinstance(value, str):
                raise DataError(f"--{field.name}: expected text, got {quoted(value)}")
        for name, choices in CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                raise DataError(
                    f"--{name}: expected {listed(choices, 'or')}, got {quoted(value)}: choose one of these"
                    + closest(str(value), choices)
                )
        object.__setattr__(self, "separator", _separator(self.separator))
        object.__setattr__(self, "decimal", _MARKS.get(self.decimal, self.decimal))
        if self.decimal not in (AUTO, ".", ","):
            raise DataError(f"--decimal: expected a point or a comma, got {quoted(self.decimal)}: use . or ,")
        both = [name for name in self.keep if name in self.drop]
        if both:
            raise DataError(
                f"--keep, --drop: expected each column in only one of them, got {listed(map(quoted, both))} in both: "
                "remove it from one"
            )


def _separator(given: str) -> str:
    """Return "auto" or the character."""
    if given == AUTO or (len(given) == 1 and given not in '"\r\n'):
        return given
    name = _SPELLINGS.get(given.lower(), given.lower())
    if name not in SEPARATORS:
        raise DataError(
            f"--separator: expected {listed(SEPARATORS)} or one character, got {quoted(given)}: choose one of these"
            + closest(given, SEPARATORS)
        )
    return SEPARATORS[name]


def separator_name(character: str) -> str:
    """Return the name of a separator, or the character in quotes if it has none."""
    for name, known in SEPARATORS.items():
        if known == character:
            return name
    return quoted(character)
