"""The decimal mark of each column, if it is ambiguous."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.datasets.data import DataError
from experiments.datasets.kinds import Profile, slips
from experiments.datasets.number_format import Candidate
from experiments.text import listed, quoted

_LISTED = 10


def resolve(where: str, separator: str | None, profiles: Sequence[Profile]) -> tuple[dict[str, Candidate], list[str]]:
    """Return how to read each column of numbers, by its name, and notes.

    where: the file, for messages
    separator: between its cells, or None

    1,234 alone is ambiguous. The other columns decide: 1.5 has a decimal point, 1,5 a decimal comma. If they do not
    help, 1.234 is taken to have a decimal point, except in a file with semicolons, which are usual with decimal
    commas. Raises DataError with all columns that remain ambiguous.
    """
    ways: dict[str, Candidate] = {}
    unclear: list[Profile] = []
    evidence: set[str] = set()
    for found in profiles:
        if not found.ways or slips(found, found.ways[0]) is None:
            continue
        if len(found.ways) == 2:
            unclear.append(found)
            continue
        way = ways[found.name] = found.ways[0]
        if any("." in text or "," in text for text in found.texts):
            evidence.add(way.format.decimal)
    notes, refused = [], []
    assumed: list[str] = []
    for found in unclear:
        example = next(text for text in found.texts if "." in text or "," in text)
        if len(evidence) == 1:
            (mark,) = evidence
        elif "." in example and not evidence and separator != ";":
            mark = "."
            assumed.append(f"{quoted(found.name)} ({quoted(example)})")
        else:
            refused.append(f"column {quoted(found.name)} has {quoted(example)}")
            continue
        ways[found.name] = next(way for way in found.ways if way.format.decimal == mark)
    if refused:
        raise DataError(
            f"{where}: expected unambiguous numbers, found a comma or point that may separate decimals or "
            f"thousands: {listed(refused, most=_LISTED)}: choose one with --decimal . or --decimal ,"
        )
    if assumed:
        notes.append(
            f"decimal mark: assumed to be a point in {listed(assumed, most=_LISTED)} (override with --decimal)"
        )
    return ways, [*notes, *_said(profiles, ways)]


def _said(profiles: Sequence[Profile], ways: dict[str, Candidate]) -> list[str]:
    commas, grouped, units, negative = [], [], [], []
    for found in profiles:
        way = ways.get(found.name)
        if way is None:
            continue
        name = quoted(found.name)
        if way.format.decimal == "," and any("," in text for text in found.texts):
            commas.append(name)
        if way.format.grouped:
            text, value = _grouped_example(found.texts, way)
            grouped.append(f"{name} ({quoted(text)} is {value:.15g})")
        if way.format.unit:
            units.append(f"{name} in {way.format.unit}")
        if any(text.endswith(")") for text in found.texts):
            negative.append(name)
    notes = []
    if negative:
        notes.append(f"negative numbers are in parentheses in {listed(negative, most=_LISTED)}")
    if commas:
        notes.append(f"decimal mark: comma in {listed(commas, most=_LISTED)} (override with --decimal)")
    if grouped:
        notes.append(f"thousands are grouped in {listed(grouped, most=_LISTED)} (override with --decimal)")
    if units:
        notes.append(f"numbers with a unit: {listed(units, most=_LISTED)}")
    return notes


def _grouped_example(texts: Sequence[str], way: Candidate) -> tuple[str, float]:
    for text, value in zip(texts, way.values, strict=True):
        if abs(value) >= 1000 and any(mark in text for mark in ".,'\u2019 \u00a0\u202f"):
            return text, float(value)
    return texts[0], float(way.values[0])
