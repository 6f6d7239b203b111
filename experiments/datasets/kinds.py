"""The kind of a column: numbers, booleans, categories, or not usable."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from experiments.datasets.missing import MissingValues
from experiments.datasets.number_format import Candidate, candidates, has_leading_zero
from experiments.datasets.options import AUTO
from experiments.datasets.table import BOOLEAN, CATEGORY, NUMBER, Codes

MOST_CATEGORIES = 30
"""Text columns with more different values are left out."""

NEARLY_UNIQUE = 0.8
"""Text columns with at least this share of different values are names, not categories."""

MOSTLY_NUMBERS = 0.8
"""Texts in a column with at least this share of numbers are errors."""

FEW_NUMBERS = 10
"""With at most this many different numbers, repeated texts make the column a category."""

_FEWEST_COUNTED = 5  # rows required to take 0, 1, 2, ... for row numbers
_BOOLEANS = (
    ("false", "true"), ("no", "yes"), ("f", "t"), ("n", "y"), ("off", "on"), ("falsch", "wahr"), ("nein", "ja"),
    ("faux", "vrai"), ("non", "oui"), ("no", "si"), ("no", "s\u00ed"), ("falso", "vero"), ("falso", "verdadero"),
)  # fmt: skip
_TIME = r"(?:[T ,]+\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[AaPp][Mm])?(?: ?Z| ?[+\-]\d{2}:?\d{2})?)?"
_MONTH = (
    r"(?:jan|ene|feb|f[eé]v|mar|m[äa]r|mrt|apr|avr|abr|ma[iyj]|mei|mag|jun|jui|giu|jul|lug|aug|ao[uû]|ago|sep|set|o[ck]t"
    r"|out|nov|de[cz]|déc|dic)[^\W\d]{0,7}\.?"
)
_DATE = re.compile(
    rf"\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}{_TIME}|\d{{1,2}}[-/.]\d{{1,2}}[-/.](?:\d{{4}}|\d{{2}}){_TIME}"
    rf"|\d{{1,2}}[-. ]{{0,2}}{_MONTH}[-, ]*(?:\d{{4}}|\d{{2}}){_TIME}|{_MONTH} \d{{1,2}},? \d{{4}}{_TIME}"
    rf"|{_MONTH} \d{{4}}"
    r"|\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[ap]m)?|(?:1[5-9]|2[01])\d{2}-(?:(?:0[1-9]|1[0-2])|q[1-4])",
    re.IGNORECASE,
)
_ID_NAME = re.compile(
    r"(?:.*[_ .-])?(?:id|index|idx|uuid|guid)|.*[a-z](?:Id|ID)|unnamed: 0|row(?:_?n(?:o|umber|ame)s?)?"
)


@dataclass
class Profile:
    """The different texts of a column.

    texts: the texts other than missing values, in order of appearance
    counts: the number of cells with each text
    codes: (rows,) the index of the text of each cell, -1 for a missing value
    gaps: the texts that mean a missing value, with their numbers of cells
    """

    name: str
    texts: list[str]
    counts: list[int]
    codes: Codes
    gaps: dict[str, int]
    ways: tuple[Candidate, ...] = field(default=())

    @property
    def cells(self) -> int:
        """The number of cells without missing values."""
        return sum(self.counts)

    def rows_of(self, texts: set[int]) -> list[int]:
        """Return the rows that have the texts with these indices."""
        return [int(row) for row in np.flatnonzero(np.isin(self.codes, list(texts)))]

    def without(self, gaps: set[int]) -> Profile:
        """Return the profile with the texts of these indices as missing values."""
        kept = [i for i in range(len(self.texts)) if i not in gaps]
        new = np.full(len(self.texts) + 1, -1, dtype=np.int64)
        new[kept] = np.arange(len(kept))
        more = {self.texts[i]: self.counts[i] for i in gaps}
        return Profile(
            self.name, [self.texts[i] for i in kept], [self.counts[i] for i in kept], new[self.codes], self.gaps | more
        )


@dataclass
class Verdict:
    """The decision on a column.

    kind: NUMBER, BOOLEAN, CATEGORY, or "" if it is left out
    reason: the reason for leaving it out, in words
    slips: indices of wrong texts in a column of numbers
    """

    kind: str
    profile: Profile
    way: Candidate | None = None
    reason: str = ""
    slips: set[int] = field(default_factory=set)
    categories: tuple[str, ...] = ()


def profile(name: str, cells: Sequence[str], missing: MissingValues, decimal: str = AUTO) -> Profile:
    """Return the different texts of a column, and the possible number formats.

    decimal: the decimal mark if it is known, else "auto"

    Texts that mean a missing value only among numbers, such as "unknown", are missing values if all others are numbers.
    """
    texts = list(dict.fromkeys(cells))
    index = dict(zip(texts, range(len(texts)), strict=True))
    codes = np.fromiter(map(index.__getitem__, cells), dtype=np.int64, count=len(cells))
    counts = np.bincount(codes, minlength=len(texts)).tolist()
    whole = Profile(name, texts, counts, codes, {})
    absent = {index[text] for text in missing.among(index)}
    found = whole.without(absent) if absent else whole
    found.ways = candidates(found.texts, found.counts, decimal)
    if found.ways:
        unread = unreadable(found.ways[0])
        if unread and all(missing.among_numbers(found.texts[i]) for i in unread):
            found = found.without(unread)
            found.ways = candidates(found.texts, found.counts, decimal)
    return found


def unreadable(way: Candidate) -> set[int]:
    """Return the indices of the texts that are not numbers."""
    return set(np.flatnonzero(np.isnan(way.values)).tolist())


def slips(found: Profile, way: Candidate) -> set[int] | None:
    """Return the indices of wrong texts among numbers; None if it is not a column of numbers."""
    texts = unreadable(way)
    if not texts:
        return texts
    numbers = found.cells - sum(found.counts[i] for i in texts)
    if numbers < MOSTLY_NUMBERS * found.cells:
        return None
    different = np.unique(way.values[~np.isnan(way.values)]).size
    if different <= FEW_NUMBERS and all(found.counts[i] >= 3 for i in texts) and different < numbers / 3:
        return None
    return texts


def counts_rows(cells: Sequence[str]) -> bool:
    """Whether the cells are 0, 1, 2, ... or 1, 2, 3, ..."""
    if len(cells) < _FEWEST_COUNTED or cells[0] not in ("0", "1"):
        return False
    first = int(cells[0])
    return all(cell == str(i) for i, cell in enumerate(cells, start=first))


def decide(found: Profile, way: Candidate | None, kept: bool) -> Verdict:
    """Return the decision on a column.

    way: the number format, if it has numbers
    kept: whether to use it in any case
    """
    if not found.texts:
        return Verdict("", found, reason="no values")
    if len(found.texts) == 1 and not found.gaps and not kept:
        return Verdict("", found, reason="constant")
    id_name = _ID_NAME.fullmatch(found.name) or _ID_NAME.fullmatch(found.name.lower())
    unique = len(found.texts) == found.cells >= _FEWEST_COUNTED
    wrong = slips(found, way) if way is not None else None
    if way is not None and wrong is not None and not has_leading_zero(found.texts):
        if unique and id_name and not kept and way.integers:
            return Verdict("", found, reason="identifiers, different in every row")
        if not wrong and (way.values == way.values[0]).all() and not found.gaps and not kept:
            return Verdict("", found, reason="constant")
        return Verdict(NUMBER, found, way, slips=wrong)
    if unique and id_name and not kept:
        return Verdict("", found, reason="identifiers, different in every row")
    if sum(n for text, n in zip(found.texts, found.counts, strict=True) if _DATE.fullmatch(text)) >= 0.9 * found.cells:
        if not kept:
            return Verdict("", found, reason="dates or times")
    elif not kept and len(found.texts) > 2 and len(found.texts) >= NEARLY_UNIQUE * found.cells:
        return Verdict("", found, reason="text with nearly as many values as rows")
    elif not kept and len(found.texts) > MOST_CATEGORIES:
        return Verdict("", found, reason=f"text with more than {MOST_CATEGORIES} different values")
    folded = {text.lower() for text in found.texts}
    if not found.gaps and len(folded) == 2:
        for false, true in _BOOLEANS:
            if folded == {false, true}:
                return Verdict(BOOLEAN, found, categories=(false, true))
    return Verdict(CATEGORY, found, categories=tuple(sorted(found.texts)))
