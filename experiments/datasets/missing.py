"""Texts that mean a missing value."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable

_ANYWHERE = frozenset(
    ("", "?", "-", "NA", "N/A", "n/a", "#N/A", "#N/A N/A", "#NA", "<NA>", "NaN", "nan", "-NaN", "-nan", "NAN",
     "null", "NULL", "Null", "None", "NaT", "#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "1.#QNAN",
     "-1.#IND", "1.#IND", "\u2013", "\u2014")
)  # fmt: skip
"""Texts that mean a missing value in any column."""

_AMONG_NUMBERS = frozenset(
    ("na", "n.a.", "n.a", "n/a.", "none", "missing", "unknown", "undefined", "not available", "k.a.", "k. a.",
     ".", "..", "...", "--", "---", "*", "\\n")
)  # fmt: skip
"""Texts, in lower case, that mean a missing value in a column of numbers, and otherwise may be a category."""


class MissingValues:
    """The texts that mean a missing value: the built-in ones, and those of ``--missing-values``.

    further: the latter; a number among them also matches other spellings of the same number
    """

    def __init__(self, further: Iterable[str] = ()) -> None:
        self.texts = _ANYWHERE | {text.strip() for text in further}
        self.numbers = frozenset(number for text in further if (number := _number(text)) is not None)

    def among(self, texts: Collection[str]) -> set[str]:
        """Return the texts that mean a missing value."""
        if self.numbers:
            return {text for text in texts if text in self}
        return {text for text in self.texts if text in texts}

    def __contains__(self, text: str) -> bool:
        return text in self.texts or (bool(self.numbers) and _number(text) in self.numbers)

    def among_numbers(self, text: str) -> bool:
        """Whether a text means a missing value in a column of numbers."""
        return text.lower() in _AMONG_NUMBERS or text in self


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
