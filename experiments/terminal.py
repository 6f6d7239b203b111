"""What a sweep says when it is done, as lines of text for a terminal of 80 columns."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from experiments.findings import headline
from experiments.knobs import in_words, text_of
from experiments.statistics import best_configurations

if TYPE_CHECKING:
    from experiments.tables import Results

_WIDTH = 80
_NARROWEST = (8, 5)  # columns of an axis in the table, where there is no room for more; where many axes vary


def closing_lines(results: Results, most: int) -> Iterator[str]:
    """The headline; the best configurations of each problem, with their intervals and ties; and what went wrong."""
    for paragraph in headline(results):
        yield ""
        yield from _wrapped(paragraph)
    problem = results.problem_columns
    ranked = best_configurations(results.summary, problem)
    for _, table in ranked.groupby(problem, sort=False):
        yield ""
        yield from _problem_lines(table, results, most)
    yield ""
    if results.manifest["counts"]["failed"]:
        failed = results.runs["status"] == "failed"
        yield _fit(f"the first failure: {results.runs.loc[failed, 'error'].iloc[0]}", _WIDTH)


def counts(results: Results) -> str:
    """How many runs were trained, and what became of all of them."""
    n = results.manifest["counts"]
    return f"{n['runs']:,} runs: " + ", ".join(f"{n[of]:,} {of}" for of in ("computed", "reused", "diverged", "failed"))


def duration(seconds: float) -> str:
    """``0.4 s``, ``12 s``, ``3 min``, ``2.5 h``, ``4 days``."""
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:,.0f} days"


def size(n: float) -> str:
    """``3 MB``, ``1.2 GB``, ``20 TB``."""
    if n < 1e9:
        return f"{max(1, n / 1e6):.0f} MB"
    return f"{n / 1e9:.1f} GB" if n < 1e12 else f"{n / 1e12:,.0f} TB"


def _problem_lines(table: pd.DataFrame, results: Results, most: int) -> Iterator[str]:
    seeds = int(table["n_seeds"].iloc[0])
    # What is the same in every row stands above the table.
    always = ("hidden", "learning_rate", "seed")
    common = [column for column in results.columns if column not in always and table[column].nunique() == 1]
    name = in_words({column: table[column].iloc[0] for column in common})
    about = (
        f"test accuracy, mean over {seeds:,} seeds and 95 % interval"
        if seeds > 1
        else "test accuracy of one seed; no interval without a second one"
    )
    if _columns(name) + 2 + len(about) <= _WIDTH:
        yield f"{printable(name)}: {about}"
    else:
        yield f"{fit_end(name, _WIDTH - 1)}:"
        yield about

    axes = [column for column in results.columns if column not in (*common, "seed")]
    rows = [["rank", *axes, "mean", "95 % interval", "best?"]]
    rows += [_cells(row, axes) for _, row in table.head(most).iterrows()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for narrowest in _NARROWEST:
        for position in range(1, 1 + len(axes)):
            too_wide = 2 * len(widths) + sum(widths) - _WIDTH
            widths[position] -= max(0, min(too_wide, widths[position] - narrowest))
    for *cells, verdict in rows:
        fitting = [_fit(cell, width).rjust(width) for cell, width in zip(cells, widths, strict=False)]
        yield _fit("  " + "  ".join([*fitting, verdict]), _WIDTH).rstrip()

    if table["tied_with_best"].count() > 1:
        tied = int(table["tied_with_best"].sum()) - 1
        others = f"{tied:,} others are" if tied > 1 else "1 other is" if tied else "no other is"
        yield f"  {others} tied with the best{': seeds cannot tell which is truly best' * (tied > 0)}"
    if len(table) > most:
        more = len(table) - most
        yield f"  {more:,} more configuration{'s' * (more > 1)} in summary.csv"


def _cells(row: pd.Series, axes: list[str]) -> list[str]:
    return [
        "-" if pd.isna(row["rank_test_accuracy"]) else str(row["rank_test_accuracy"]),
        *(text_of(row[axis]) for axis in axes),
        _fraction(row["mean_test_accuracy"]),
        _interval(row),
        _verdict(row),
    ]


def _fraction(value: float) -> str:
    return "-" if pd.isna(value) else f"{value:.4f}"


def _interval(row: pd.Series) -> str:
    if pd.isna(row["ci_low_test_accuracy"]):
        return "-"
    return f"[{row['ci_low_test_accuracy']:.4f}, {row['ci_high_test_accuracy']:.4f}]"


def _verdict(row: pd.Series) -> str:
    """``best``, ``tied`` or nothing, and the seeds that say less than they should: ``tied, 3 diverged``."""
    rank, tied = row["rank_test_accuracy"], row["tied_with_best"]
    words = ["best"] if not pd.isna(rank) and rank == 1 else ["tied"] if not pd.isna(tied) and tied else []
    words += [f"{row[f'n_{status}']} {status}" for status in ("stuck", "diverged", "failed") if row[f"n_{status}"]]
    return ", ".join(words)


def printable(text: str) -> str:
    """Line breaks and other things that would leave their place, as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _wrapped(text: str) -> Iterator[str]:
    """Lines of whole words; a word that is too long for a line loses its beginning."""
    line = ""
    for word in re.split(" (?!%)", printable(text)):
        longer = f"{line} {word}" if line else word
        if line and _columns(longer) > _WIDTH:
            yield line
            longer = word
        line = fit_end(longer, _WIDTH)
    yield line


def _columns(text: str) -> int:
    """How many columns a terminal needs: two for a Chinese character, none for a combining accent."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in printable(text)
    )


def _fit(text: str, width: int) -> str:
    """The beginning of a text that is too long."""
    text = printable(text)
    if _columns(text) <= width:
        return text
    while _columns(text) > width - 3:
        text = text[:-1]
    return text + "..."


def fit_end(text: str, width: int) -> str:
    """The end of a text that is too long: of a path, the name of the file."""
    return _fit(printable(text)[::-1], width)[::-1]
