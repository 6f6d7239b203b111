"""Notes on columns, and errors for invalid cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from experiments.datasets.data import DataError
from experiments.datasets.equal_rows import determines
from experiments.datasets.kinds import Profile, Verdict, unreadable
from experiments.datasets.number_format import Candidate
from experiments.datasets.reading import RawTable
from experiments.datasets.table import BOOLEAN, CATEGORY, NUMBER, Codes, Table
from experiments.text import count, listed, quoted

_LISTED = 10  # names listed in a message
_STANDING_FOR_GAPS = (-9.0, -99.0, -999.0, -9999.0, -99999.0)


def without_labels(found: Profile) -> str:
    """Return the note on rows without a label."""
    texts = listed((quoted(text) for text in found.gaps), most=5)
    return f"{count(sum(found.gaps.values()), 'row')} without a label in {quoted(found.name)} left out ({texts})"


def refuse_slips(raw: RawTable, verdicts: Sequence[Verdict], target: Profile | None, way: Candidate | None) -> None:
    """Raise DataError for texts in columns of numbers, with the positions of all of them.

    target, way: the target of a regression, and how its numbers are read
    """
    every = [(verdict.profile, verdict.slips) for verdict in verdicts if verdict.slips]
    if target is not None:
        if way is None:
            raise DataError(
                f"{raw.where}, column {quoted(target.name)}: expected numbers for --task regression, found text "
                f"such as {quoted(target.texts[0])}: choose --task classification, or choose another column with "
                "--target"
            )
        wrong = unreadable(way)
        if wrong:
            every.append((target, wrong))
    if not every:
        return
    cells, texts = 0, []
    for found, wrong in every:
        cells += sum(found.counts[i] for i in wrong)
        shown = sorted(wrong)[:3]
        each = [f"{quoted(found.texts[i])} ({raw.places(found.rows_of({i}))})" for i in shown]
        if len(wrong) > len(shown):
            each.append(f"{len(wrong) - len(shown)} other texts")
        texts.append(f"column {quoted(found.name)}: {listed(each, 'and')}")
    first, wrong = every[0]
    example = quoted(first.texts[min(wrong)])
    shown_as = f'"{example[1:-1]}"' if example[0] == "'" else example
    more = f"; and {len(texts) - 5} more columns" if len(texts) > 5 else ""
    raise DataError(
        f"{raw.where}: expected numbers, found other text in {count(cells, 'cell')}: {'; '.join(texts[:5])}{more}: "
        f"correct the cells, or treat them as missing with --missing-values {shown_as}, or leave the column out with "
        "--drop"
    )


def refuse_gaps(raw: RawTable, gaps: dict[str, Codes]) -> None:
    """Raise DataError for missing values, with the positions of all of them."""
    cells = sum(rows.size for rows in gaps.values())
    each = [f"{quoted(name)} {rows.size:,} ({raw.places(rows.tolist())})" for name, rows in gaps.items()]
    raise DataError(
        f"{raw.where}: expected no missing values with --missing refuse, found {count(cells, 'cell')}: "
        f"{listed(each, most=_LISTED)}: fill them in, or use --missing fill or --missing drop"
    )


def filled(used: Sequence[Verdict], gaps: dict[str, Codes]) -> str:
    """Return the note on missing values that are filled."""
    numbers = [v.profile.name for v in used if v.kind == NUMBER and v.profile.name in gaps]
    texts = [v.profile.name for v in used if v.kind != NUMBER and v.profile.name in gaps]
    parts = []
    for names, how in ((numbers, "the median of the training part"), (texts, "a category of their own")):
        if names:
            cells = listed((f"{quoted(name)} {gaps[name].size:,}" for name in names), most=_LISTED)
            parts.append(f"{cells}: {how}")
    return f"missing values: {'; '.join(parts)} (override with --missing)"


def kinds(verdicts: Sequence[Verdict], drop: Sequence[str]) -> list[str]:
    """Return notes on the kinds of the columns."""
    notes = []
    reasons = dict.fromkeys(verdict.reason for verdict in verdicts if not verdict.kind)
    for reason in reasons:
        names = [v.profile.name for v in verdicts if not v.kind and v.reason == reason]
        how = "" if reason == "no values" else " (override with --keep)"
        notes.append(f"left out: {_names(names)}: {reason}{how}")
    if drop:
        notes.append(f"left out: {_names(drop)}: named with --drop")
    categories = [v for v in verdicts if v.kind == CATEGORY]
    if categories:
        sizes = (f"{quoted(v.profile.name)} ({len(v.categories)})" for v in categories)
        notes.append(f"categories, encoded one-hot: {listed(sizes, most=_LISTED)}")
    booleans = [v for v in verdicts if v.kind == BOOLEAN]
    for false, true in dict.fromkeys(v.categories for v in booleans):
        alike = _names(v.profile.name for v in booleans if v.categories == (false, true))
        notes.append(f"true or false: {alike}: {quoted(false)} is 0, {quoted(true)} is 1")
    notes += [note for v in verdicts if v.way is not None for note in _standing_for_gaps(v.profile, v.way)][:_LISTED]
    return notes


def _standing_for_gaps(found: Profile, way: Candidate) -> list[str]:
    """Return a warning if a number such as -999 is repeated in a column without other negative numbers."""
    negative = np.flatnonzero(way.values < 0)
    if negative.size != 1 or way.values[negative[0]] not in _STANDING_FOR_GAPS or found.counts[negative[0]] < 2:
        return []
    text, rows = found.texts[negative[0]], count(found.counts[negative[0]], "row")
    said = f"warning: {quoted(found.name)} is {text} in {rows} and otherwise never negative"
    return [f"{said}: if this means a missing value, use --missing-values {text}"]


def _names(names: Iterable[str]) -> str:
    return listed(map(quoted, names), most=_LISTED)


def determining(verdicts: Sequence[Verdict], rows: Codes, table: Table) -> list[str]:
    """Return warnings of columns whose values may identify rows that belong together.

    rows: the rows of the verdicts that are in the table
    """
    notes = []
    for verdict in verdicts:
        found = verdict.profile
        if verdict.kind == BOOLEAN or "dates" in verdict.reason or len(found.texts) < 2:
            continue
        if verdict.way is not None and (len(found.texts) * 2 > found.cells or not verdict.way.integers):
            continue
        codes = found.codes[rows]
        known = codes >= 0
        if known.any() and determines(codes[known], table.target[known]):
            notes.append(
                f"warning: values of {quoted(found.name)} repeat and nearly determine {quoted(table.target_name)}: if "
                "rows with the same value belong together, such as those of one patient, keep them on the same side "
                f"of every split with --group {quoted(found.name)}"
            )
    return notes[:_LISTED]
