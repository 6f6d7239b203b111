"""Number formats: decimal marks, thousands separators, percent, currencies, units."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

GROUPING = "'\u2019 \u00a0\u202f"
"""Thousands separators other than point and comma."""

_CURRENCY = r"(?:[A-Z]{0,3}[$€£¥₹₽₩₺¢]|USD|EUR|GBP|CHF|JPY|CNY|INR|SEK|NOK|DKK|PLN|Fr\.|kr)"
_TEXT = re.compile(
    rf"(?P<open>\()?(?P<sign>[+\-\u2212]?)\s*(?P<before>{_CURRENCY})?\s*(?P<sign2>[+\-\u2212]?)"
    rf"(?P<body>(?:\d|[.,]\d)(?:[\d.,{GROUPING}]*[\d.,])?)(?P<exponent>[eE][+\-]?\d+)?"
    r"\s*(?P<after>[^\s\d()<>=~+\-*#?!,;:][^\d()<>=~+\-*#?!,;:]{0,11}?)?(?(open)\))"
)
_GROUPED = {
    mark: re.compile(rf"[1-9]\d{{0,2}}(?P<by>[{other}{GROUPING}])\d{{3}}(?:(?P=by)\d{{3}})*(?:{re.escape(mark)}\d*)?")
    for mark, other in ((".", ","), (",", "."))
}
_PLAIN = {mark: re.compile(rf"\d+(?:{re.escape(mark)}\d*)?|{re.escape(mark)}\d+") for mark in ".,"}
_EITHER_WAY = re.compile(r"\D*[1-9]\d{0,2}([.,])\d{3}(?![\deE])(?!.*[.,]\d).*", re.DOTALL)
_LEADING_ZERO = re.compile(r"^[+\-]?0\d+$", re.MULTILINE)


@dataclass(frozen=True)
class NumberFormat:
    """How the numbers of a column are written.

    decimal: "." or ","
    before, after: text before or after every number: a currency, a unit, "%"
    grouped: whether thousands are grouped: 1,234,567 or 1.234.567 or 1'234'567
    """

    decimal: str = "."
    before: str = ""
    after: str = ""
    grouped: bool = False

    @property
    def unit(self) -> str:
        """The text before or after every number, or an empty string."""
        return self.before or self.after

    def read(self, texts: Sequence[str]) -> Floats:
        """Return the number for each text, correctly rounded; nan if it is not a number in this format."""
        if not self.before and not self.after and not self.grouped:
            plain = _plain(texts, self.decimal)
            if plain is not None:
                return plain
        elif self.after and not self.before and not self.grouped:
            cut = len(self.after)
            if all(text.endswith(self.after) for text in texts):
                plain = _plain([text[:-cut] for text in texts], self.decimal)
                if plain is not None:
                    return plain
        return np.array([self._one(text) for text in texts], dtype=np.float64)

    def _one(self, text: str) -> float:
        match = _TEXT.fullmatch(text)
        if match is None or (match["before"] or "", match["after"] or "") != (self.before, self.after):
            return math.nan
        return _value(match, self.decimal, self.grouped)

    def to_dict(self) -> dict[str, Any]:
        """Return the format as plain data."""
        return {"decimal": self.decimal, "before": self.before, "after": self.after, "grouped": self.grouped}


PLAIN = NumberFormat()
"""Numbers with a decimal point, and nothing else."""


@dataclass(frozen=True)
class Candidate:
    """One way to read the texts of a column.

    values: the number for each text, nan if it is not a number
    """

    format: NumberFormat
    values: Floats

    @property
    def integers(self) -> bool:
        """Whether all numbers are integers."""
        known = self.values[~np.isnan(self.values)]
        return bool((known == np.floor(known)).all())


def candidates(texts: Sequence[str], counts: Sequence[int], decimal: str) -> tuple[Candidate, ...]:
    """Return the possible ways to read the texts, with their counts, as numbers.

    decimal: the decimal mark, if it is known, otherwise "auto"

    There is one way if it is unambiguous, none if hardly any text is a number, and two, with the decimal point first,
    if both marks give numbers and some of these differ.
    """
    if decimal != ",":
        plain = _plain(texts, ".")
        if plain is not None:
            point = Candidate(NumberFormat("."), plain)
            dotted = (text for text in texts if "." in text)
            if decimal == "." or not (first := next(dotted, "")) or not _either_way(first):
                return (point,)
            if not all(map(_either_way, dotted)):
                return (point,)
            return point, _candidate(texts, ",", "", "")
    if decimal != ".":
        plain = _plain(texts, ",")
        if plain is not None and (decimal == "," or not all(_either_way(text) for text in texts if "," in text)):
            return (Candidate(NumberFormat(","), plain),)
    affixes = Counter[tuple[str, str]]()
    in_parentheses = True
    for text, count in zip(texts, counts, strict=True):
        match = _TEXT.fullmatch(text)
        if match is not None:
            affixes[match["before"] or "", match["after"] or ""] += count
            in_parentheses = in_parentheses and match["open"] is not None
    if not affixes or in_parentheses:
        return ()
    (before, after), _ = max(affixes.items(), key=lambda item: (item[1], item[0]))
    if decimal != "auto":
        return (_candidate(texts, decimal, before, after),)
    ways = [_candidate(texts, mark, before, after) for mark in ".,"]
    read = [_cells(way.values, counts) for way in ways]
    if read[0] != read[1]:
        return (ways[read[1] > read[0]],)
    same = np.array_equal(ways[0].values, ways[1].values, equal_nan=True)
    return (ways[0],) if same else tuple(ways)


def has_leading_zero(texts: Iterable[str]) -> bool:
    """Whether there is a code such as 01234, which would lose its leading zero as a number."""
    return _LEADING_ZERO.search("\n".join(texts)) is not None


def _cells(values: Floats, counts: Sequence[int]) -> int:
    return int(np.array(counts)[~np.isnan(values)].sum())


def _either_way(text: str) -> bool:
    """Whether the mark in a text is ambiguous, decimal or thousands: 1,234 but not 0,123 or 12,34."""
    return _EITHER_WAY.fullmatch(text) is not None


def _plain(texts: Sequence[str], decimal: str) -> Floats | None:
    """Return the numbers if all texts are plain (digits, sign, decimal mark, exponent), otherwise None; a fast path."""
    joined = "\n".join(texts)
    if "_" in joined:  # Python reads 1_000
        return None
    if decimal == ",":
        if "." in joined or joined.count("\n") != len(texts) - 1:
            return None
        texts = joined.replace(",", ".").split("\n")
    try:
        numbers = np.array(list(map(float, texts)), dtype=np.float64)
    except ValueError:
        return None
    return numbers if np.isfinite(numbers).all() else None


def _candidate(texts: Sequence[str], decimal: str, before: str, after: str) -> Candidate:
    ungrouped = NumberFormat(decimal, before, after)
    grouped = NumberFormat(decimal, before, after, grouped=True)
    values, more = ungrouped.read(texts), grouped.read(texts)
    if (np.isnan(values) & ~np.isnan(more)).any():
        return Candidate(grouped, more)
    return Candidate(ungrouped, values)


def _value(match: re.Match[str], decimal: str, grouped: bool) -> float:
    body, sign = match["body"], match["sign"] + match["sign2"]
    if len(sign) > 1 or (sign and match["open"]):
        return math.nan
    if _PLAIN[decimal].fullmatch(body):
        digits = body.replace(decimal, ".")
    elif grouped and (form := _GROUPED[decimal].fullmatch(body)):
        digits = body.replace(form["by"], "").replace(decimal, ".")
    else:
        return math.nan
    value = float(digits + (match["exponent"] or ""))
    if not math.isfinite(value):
        return math.nan
    return -value if match["open"] or sign in ("-", "\u2212") else value
