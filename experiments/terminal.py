"""What a sweep says when it is done, as lines of text for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from experiments.statistics import best_configurations

if TYPE_CHECKING:
    from experiments.tables import Results

_WIDTH = 80


def closing_lines(results: Results, most: int) -> Iterator[str]:
    """The best configurations of each problem, with their intervals and ties, and what went wrong."""
    problem = results.problem_columns
    ranked = best_configurations(results.summary, problem)
    for _, table in ranked.groupby(problem, sort=False):
        yield ""
        yield from _problem_lines(table, results, most)
    yield ""
    yield _counts(results)


def _problem_lines(table: pd.DataFrame, results: Results, most: int) -> Iterator[str]:
    problem = results.problem_columns
    axes = [column for column in results.columns if column not in (*problem, "seed")]
    first = table.iloc[0]
    seeds = int(first["n_seeds"])
    name = ", ".join(str(first[column]) for column in problem)
    yield _cut(
        f"{name}: test accuracy, mean over {seeds} seeds and 95 % interval"
        if seeds > 1
        else f"{name}: test accuracy of one seed; no interval without a second one"
    )
    rows = [["rank", *axes, "mean", "95 % interval", "best?"]]
    for _, row in table.head(most).iterrows():
        rows.append(
            [
                "-" if pd.isna(row["rank_test_accuracy"]) else str(row["rank_test_accuracy"]),
                *(f"{row[a]:g}" if isinstance(row[a], float) else str(row[a]) for a in axes),
                _fraction(row["mean_test_accuracy"]),
                _interval(row),
                _verdict(row),
            ]
        )
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    for row in rows:
        yield _cut("  " + "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    hidden = len(table) - min(most, len(table))
    ties = int(table["tied_with_best"].fillna(False).sum()) - 1
    if seeds > 1:
        more = f"  {ties} other{'' if ties == 1 else 's'} cannot be told from the best (paired t-tests, 5 % in all)"
        yield more if ties else "  no other is tied with the best (paired t-tests, 5 % in all)"
    if hidden:
        yield f"  {hidden} more configurations in summary.csv"


def _fraction(value: float) -> str:
    return "-" if pd.isna(value) else f"{value:.4f}"


def _interval(row: pd.Series) -> str:
    if pd.isna(row["ci_low_test_accuracy"]):
        return "-"
    return f"[{row['ci_low_test_accuracy']:.4f}, {row['ci_high_test_accuracy']:.4f}]"


def _verdict(row: pd.Series) -> str:
    verdict = "best" if row["rank_test_accuracy"] == 1 else ""
    if not verdict and not pd.isna(row["tied_with_best"]) and row["tied_with_best"]:
        verdict = "tied"
    for count, what in ((row["n_diverged"], "diverged"), (row["n_failed"], "failed")):
        if count:
            verdict = f"{verdict} {count} {what}".strip()
    return verdict


def _counts(results: Results) -> str:
    counts = results.manifest["counts"]
    line = f"{counts['runs']:,} runs: {counts['ok']:,} ok, {counts['diverged']:,} diverged, {counts['failed']:,} failed"
    if counts["failed"]:
        errors = results.runs.loc[results.runs["status"] == "failed", "error"]
        line += f"; the first failure: {errors.iloc[0]}"
    return line


def _cut(line: str) -> str:
    return line if len(line) <= _WIDTH else line[: _WIDTH - 3] + "..."
