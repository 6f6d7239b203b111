"""Words, numbers and panels of the pictures."""

from __future__ import annotations

import pytest
from matplotlib import cbook

from experiments.plots.panels import Panels
from experiments.plots.style import count, counts, number, words, wrap


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.03, "0.03"), (5.0, "5"), (0.0, "0"), (1024.0, "1024"), (0.0316227766017, "0.0316"), (1e-05, "1e-05")],
)
def test_a_learning_rate_is_exact_if_short(value: float, text: str) -> None:
    assert number(value) == text


def test_counts_are_plural_only_where_they_are() -> None:
    assert count(1, "seed") == "1 seed"
    assert count(2000, "seed") == "2,000 seeds"
    assert counts([3, 3], "seed") == "3 seeds"
    assert counts([3, 1, 10], "seed") == "1 to 10 seeds"


def test_words_keep_the_ends_of_a_long_text_and_never_part_of_an_escape() -> None:
    assert words("short_name.csv") == "short_name.csv"
    path = words("/home/some/where/far/away/down/in/a/folder/measurements.csv", 40)
    assert len(path) == 40
    assert path.startswith("/home")
    assert path.endswith("folder/measurements.csv")
    assert words("日本", 40) == "\\u65e5\\u672c"
    assert words("日本国憲法の前文", 20) == "\\u65e5…\\u524d\\u6587"
    assert len(words("x" * 100_000, 30)) == 30


def test_words_are_one_line_without_mathematics() -> None:
    text = words("price in $ or $\nper day")
    assert "\n" not in text
    assert not cbook.is_math_text(text)


@pytest.mark.parametrize(("n", "columns", "rows"), [(1, 1, 1), (3, 3, 1), (5, 3, 2), (7, 4, 2), (12, 4, 3), (20, 5, 4)])
def test_panels_leave_few_places_empty(n: int, columns: int, rows: int) -> None:
    parts = Panels(n, (1, 1), (0, 0), (0, 0, 0))
    assert (parts.columns, parts.rows, len(parts.axes)) == (columns, rows, n)
    assert len(parts.figure.axes) == n


def test_a_title_keeps_a_number_and_its_percent_sign_together() -> None:
    for width in range(10, 40):
        lines = wrap("test accuracy 93.3 % over 10 seeds", width / 12.5, 10)
        assert not any(line.startswith("%") for line in lines)
        assert " ".join(lines) == "test accuracy 93.3 % over 10 seeds"
