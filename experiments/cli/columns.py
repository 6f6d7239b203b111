"""``python -m experiments.columns [NAME ...]``: what the columns of the tables mean."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from experiments.cli.options import columns_parser
from experiments.console import DONE, fail, say
from experiments.text import WIDTH, closest, wrapped

_ROW = re.compile(r"\| (?P<names>[^|]+) \|(?: (?P<meaning>[^|]+))? \|")
_PLACEHOLDER = re.compile(r"NAME|M$")  # in `test_NAME` and `mean_M`


class Column(NamedTuple):
    """A row of the page: the names of one column or several, and what they mean."""

    part: str
    names: tuple[str, ...]
    meaning: str

    def has(self, name: str) -> bool:
        """Whether ``name`` is one of its names, or one of the names that a placeholder stands for."""
        return any(re.fullmatch(_PLACEHOLDER.sub(r"\\w+", each), name) for each in self.names)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the columns; returns 0. Raises SystemExit for a name that is none."""
    parser = columns_parser()
    wanted = parser.parse(arguments).names
    columns = list(described())
    for name in wanted:
        if not any(column.has(name) for column in columns):
            every = [each for column in columns for each in column.names]
            fail(parser.program, f"expected the name of a column, got {name!r}{closest(name, every)}")
    part = ""
    for column in columns:
        if wanted and not any(map(column.has, wanted)):
            continue
        if column.part != part:
            for line in ("", column.part) if part else (column.part,):
                say(line)
            part = column.part
        for indent, text in (("  ", ", ".join(column.names)), ("      ", column.meaning)):
            for line in wrapped(text, WIDTH - len(indent)):
                say(indent + line)
    return DONE


def described() -> Iterator[Column]:
    """The columns, as results/README.md explains them, of which an installed package has a copy."""
    copy = Path(__file__).parents[1] / "columns.md"
    page = copy if copy.exists() else Path(__file__).parents[2] / "results" / "README.md"
    part, is_of_columns = "", False
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            part = line.removeprefix("## ")
        elif not line.startswith("|"):
            is_of_columns = False
        elif line.startswith("| column |"):
            is_of_columns = True
        elif is_of_columns and (row := _ROW.fullmatch(line)) and (names := re.findall("`(.+?)`", row["names"])):
            yield Column(part, tuple(names), (row["meaning"] or "").replace("`", ""))
