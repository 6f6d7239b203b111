"""tests/README.md names tests that exist, for every promise and every fault."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

HERE = Path(__file__).parent
TEST = re.compile(r"`tests/([\w/]+\.py)::(test_\w+)`")


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading."""
    text = (HERE / "README.md").read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


@functools.cache
def names_in(file: str) -> set[str]:
    """The names of the test functions in a file."""
    tree = ast.parse((HERE / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_promise_is_there() -> None:
    assert [int(row[0]) for row in rows("Promises")] == list(range(1, 46))
    assert len(rows("Faults")) == 31


def test_every_row_names_tests_and_all_of_them_exist() -> None:
    for row in (*rows("Promises"), *rows("Faults")):
        assert len(row) == 3, row
        named = TEST.findall(row[2])
        assert named, row
        rest = TEST.sub("", row[2]).replace("all of promise 1", "").strip(" ,")
        assert rest == "", rest
        missing = [f"{file}::{name}" for file, name in named if name not in names_in(file)]
        assert missing == []
