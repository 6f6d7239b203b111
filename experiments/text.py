"""Words and numbers as text, for terminals, tables and pictures."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator

WIDTH = 80
"""Columns of a terminal."""

_LONGEST = 60  # characters of a quoted value
_SIMILAR = 0.63  # least similarity of a suggestion, from 0 to 1: "mnist" and "moons" have 0.6


def duration(seconds: float) -> str:
    """``0.4 s``, ``12 s``, ``3 min``, ``2.5 h``, ``4 days``."""
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:,.0f} days"


def size(n: float) -> str:
    """``12 kB``, ``1.2 MB``, ``30 MB``, ``1.2 GB``, ``20 TB``."""
    if n < 1e6:
        return f"{n / 1e3:.0f} kB"
    if n < 1e9:
        return f"{n / 1e6:.1f} MB" if n < 9.95e6 else f"{n / 1e6:.0f} MB"
    return f"{n / 1e9:.1f} GB" if n < 1e12 else f"{n / 1e12:,.0f} TB"


def printable(text: str) -> str:
    """Replace line breaks and other non-printable characters by escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def wrapped(text: str, width: int = WIDTH) -> Iterator[str]:
    """Wrap at spaces; a word longer than a line is cut at its beginning."""
    line = ""
    for word in re.split(" (?!%)", printable(text)):
        longer = f"{line} {word}" if line else word
        if line and columns(longer) > width:
            yield line
            longer = word
        line = fit_end(longer, width)
    yield line


def columns(text: str) -> int:
    """The width in terminal columns: two for a Chinese character, none for a combining accent."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in printable(text)
    )


def fit(text: str, width: int) -> str:
    """The text, cut at the end if it is too long."""
    text = printable(text)
    if columns(text) <= width:
        return text
    while columns(text) > width - 3:
        text = text[:-1]
    return text + "..."


def fit_end(text: str, width: int) -> str:
    """The text, cut at the beginning if it is too long, so that the file name of a path is kept."""
    return fit(printable(text)[::-1], width)[::-1]


def quoted(value: object) -> str:
    """Text in quotes, other values as their repr: on one line, shortened for messages."""
    text = value if isinstance(value, str) else " ".join(repr(value).split())
    text = text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
    return repr(text) if isinstance(value, str) else text


def count(n: int, noun: str) -> str:
    """``1 seed``, ``2,000 seeds``."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def listed(texts: Iterable[str], word: str = "", most: int | None = None) -> str:
    """``a, b, c``; with a word before the last, ``a, b and c``; after the first ``most``, dots."""
    every = list(texts)
    if most is not None and len(every) > most:
        return f"{', '.join(every[:most])}, ..."
    if word and len(every) > 1:
        return f"{', '.join(every[:-1])} {word} {every[-1]}"
    return ", ".join(every)


def closest(given: str, choices: Iterable[str]) -> str:
    """`` (did you mean 'x'?)`` for the choice most similar to ``given``; an empty string if none is similar.

    Case and leading dashes are ignored.
    """
    folded: dict[str, str] = {}
    for choice in choices:
        folded.setdefault(_folded(choice), choice)
    near = difflib.get_close_matches(_folded(given), folded, n=1, cutoff=_SIMILAR)
    return f" (did you mean {quoted(folded[near[0]])}?)" if near else ""


def _folded(text: str) -> str:
    return text.casefold().lstrip("-")
