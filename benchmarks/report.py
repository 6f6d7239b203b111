"""Tables as text of up to 100 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH = 100


@dataclass(frozen=True)
class Column:
    """A column: the key in a row, the heading, and how a value is written."""

    key: str
    heading: str
    write: Callable[[Any], str] = str


@dataclass(frozen=True)
class Table:
    """A title, rows and notes. A row with the key "heading" is a line of its own; other rows hold plain values."""

    name: str  # in the JSON file
    title: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    notes: Sequence[str] = ()

    def text(self) -> str:
        """The table, readable."""
        cells = [[_cell(row, column) for column in self.columns] for row in self.rows]
        shown = [row for row, about in zip(cells, self.rows, strict=True) if "heading" not in about]
        headings = [column.heading for column in self.columns]
        widths = [max(map(len, column)) for column in zip(headings, *shown, strict=True)]
        lines = [self.title, "", _line(headings, widths)]
        for row, about in zip(cells, self.rows, strict=True):
            if "heading" in about:
                lines += ["", about["heading"]]
            elif about.get("status"):
                lines.append(f"{row[0]:<{widths[0]}}  {about['status']}"[:WIDTH])
            else:
                lines.append(_line(row, widths))
        for note in self.notes:
            lines += ["", *textwrap.wrap(note, min(WIDTH, 80))]
        return "\n".join(line.rstrip() for line in lines) + "\n"

    def plain(self) -> dict[str, Any]:
        """The same for a JSON file."""
        rows = [dict(row) for row in self.rows if "heading" not in row]
        return {"title": self.title, "rows": rows, "notes": list(self.notes)}


def _cell(row: Mapping[str, Any], column: Column) -> str:
    value = row.get(column.key)
    return "" if value is None else column.write(value)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = (
        f"{cell:<{width}}" if at == 0 else f"{cell:>{width}}"
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join([first, *rest])


def ns(seconds: float) -> str:
    """Seconds as nanoseconds, with three digits."""
    return three(seconds * 1e9)


def three(value: float) -> str:
    """A number with about three digits, and no exponent."""
    return f"{value:.0f}" if value >= 99.95 else f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def machine_text(machine: Mapping[str, str], removed: Sequence[str]) -> str:
    """What was measured on."""
    facts = [f"{machine['processor']}, {machine['cores']} cores, vector registers of {machine['registers']}"]
    skipped = ("processor", "cores", "registers")
    facts.append(", ".join(f"{name} {value}" for name, value in machine.items() if name not in skipped))
    if removed:
        facts.append("Settings that slow peers, removed from the environment: " + ", ".join(removed))
    return "\n".join(line for fact in facts for line in textwrap.wrap(fact, 80)) + "\n"
