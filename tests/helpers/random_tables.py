"""Random tables as files: every separator, number format and oddity that people's files have, also wrong ones."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

_WORDS = (
    "red", "Green", "blue", "rot", "äpfel", "a b", "x", "Yes", "no", "NA", "unknown", "0012", "12 mm", "1,234", "1.234",
    "true", "FALSE", "ß", "Zoë", "\U0001f600", "z", "-999", "n.a.", "2020-01-02", "id",
)  # fmt: skip
_NAMES = ("a", "b", "id", "width", "width", "x y", "", "2019", "2020", "name")
_GAPS = (("", ""), ("NA", "?"), ("-", "null"), ("unknown", "n.a."), (".", "."))
_KINDS = (
    "integer", "plain", "plain", "comma", "grouped", "grouped by points", "percent", "unit", "euro", "parentheses",
    "three", "zero", "word", "word", "boolean", "date", "text", "gap", "count",
)  # fmt: skip


def random_table(seed: int) -> bytes:
    """The content of a file."""
    draw = random.Random(seed)
    separator = draw.choice((",", ",", ";", "\t", "|", " "))
    rows = draw.choice((3, 4, 6, 10, 25, 60, 60, 120))
    kinds = [draw.choice(_KINDS) for _ in range(draw.randrange(1, 6))]
    target = draw.choice(tuple(_targets(draw)))
    gap, slip, gaps = draw.choice((0, 0, 0.05, 0.2)), draw.choice((0, 0, 0, 0.02)), draw.choice(_GAPS)
    table = []
    for row in range(rows):
        cells = [_cell(draw, kind, row) for kind in kinds]
        cells = [draw.choice(gaps) if draw.random() < gap else cell for cell in cells]
        cells = [draw.choice(_WORDS) if draw.random() < slip else cell for cell in cells]
        table.append([*cells, "NA" if draw.random() < gap / 3 else _targets(draw)[target]()])
    if draw.random() < 0.2:
        table += [list(draw.choice(table)) for _ in range(5)]
    if draw.random() < 0.8:
        table.insert(0, [draw.choice(_NAMES) + draw.choice(("", str(j))) for j in range(len(kinds) + 1)])
    if draw.random() < 0.05:
        table.insert(1, ["cm"] * (len(kinds) + 1))
    for share, more in ((0.05, ""), (0.03, "z")):
        if draw.random() < share:
            draw.choice(table).append(more)
    return _as_text(draw, table, separator).encode(
        draw.choice((*["utf-8"] * 6, "utf-16", "cp1252", "utf-8-sig")), "replace"
    )


def _cell(draw: random.Random, kind: str, row: int) -> str:
    value: float = draw.choice(
        (draw.randrange(-5, 20), round(draw.uniform(-100, 100), draw.randrange(6)), draw.uniform(-1, 1) * 1e-5)
    )
    grouped = f"{round(abs(value) * 1000, 2):,}"
    cells: Mapping[str, Callable[[], str]] = {
        "integer": lambda: str(draw.randrange(draw.choice((3, 8, 30, 1000)))),
        "plain": lambda: repr(value),
        "comma": lambda: repr(value).replace(".", ","),
        "grouped": lambda: grouped,
        "grouped by points": lambda: grouped.translate(str.maketrans(",.", ".,")),
        "percent": lambda: f"{round(value, 1)}%",
        "unit": lambda: f"{round(value, 2)} kg",
        "euro": lambda: f"€ {abs(round(value, 2))}",
        "parentheses": lambda: draw.choice(("{}", "({})")).format(abs(round(value, 2))),
        "three": lambda: f"{draw.randrange(1, 999)}{draw.choice('..,')}{draw.randrange(100, 999)}",
        "zero": lambda: f"0{draw.randrange(100)}",
        "word": lambda: draw.choice(_WORDS[:6]),
        "boolean": lambda: draw.choice(("Yes", "no")),
        "date": lambda: f"{draw.randrange(1990, 2030)}-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}",
        "text": lambda: f"{draw.choice(_WORDS)}{draw.randrange(10**6)}",
        "gap": lambda: "",
        "count": lambda: str(row + 1),
    }
    return cells[kind]()


def _targets(draw: random.Random) -> Mapping[str, Callable[[], str]]:
    return {
        "two": lambda: draw.choice("ab"),
        "more": lambda: draw.choice(("b", "Ä", "a", "\U0001f600", "\ufb00")),
        "integers": lambda: str(draw.randrange(draw.choice((2, 5, 30)))),
        "numbers": lambda: repr(draw.uniform(-100, 100)),
        "words": lambda: draw.choice(_WORDS),
        "many": lambda: f"t{draw.randrange(200)}",
        "spellings": lambda: draw.choice(("Yes", "yes ", "NO", "No", "no")),
        "binary": lambda: draw.choice("01"),
        "decimals": lambda: draw.choice(("1", "1.0", "2", "10", "1e1", "-3", "0")),
    }


def _as_text(draw: random.Random, table: list[list[str]], separator: str) -> str:
    def written(cell: str) -> str:
        if separator == " ":
            return f'"{cell}"' if " " in cell or not cell else cell
        quotes = separator in cell or '"' in cell or draw.random() < 0.03
        return f'"{cell.replace(chr(34), chr(34) * 2)}"' if quotes else cell

    end = draw.choice(("\n", "\n", "\r\n"))
    between = separator if separator == " " else draw.choice((separator, separator, f"{separator} "))
    text = end.join(between.join(map(written, cells)) for cells in table) + draw.choice((end, end, ""))
    for share, beginning in ((0.05, "# a comment"), (0.05, "A title")):
        if draw.random() < share:
            text = f"{beginning}{end}{text}"
    return text.replace("a", '"', 1) if draw.random() < 0.02 else text
