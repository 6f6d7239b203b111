"""The closing output of a sweep, as lines for a terminal of 80 columns."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.console import DONE, SOME_FAILED, fail, say
from experiments.findings.headline import headline
from experiments.findings.raced import margin_in_words
from experiments.knobs.words import in_words, text_of
from experiments.results import Results
from experiments.tables.baselines import baseline_rows
from experiments.tables.statistics import best_configurations, late_ties
from experiments.tables.words import label, said, said_interval
from experiments.text import WIDTH, columns, count, fit, fit_end, printable, wrapped

_SHOWN = 10  # problems, and configurations of each
_INDENT = " " * 8


def end(results: Results, files: Sequence[Path], out: str, start: float, program: str, is_quiet: bool) -> int:
    """Print the closing output of a command that began at ``start`` by the performance counter; the exit status."""
    if not is_quiet:
        for line in closing_lines(results, _SHOWN):
            say(line)
        say(f"{len(files)} files written to {out}{os.sep} in {time.perf_counter() - start:.1f} s")
        say(counts(results))
    if not results.manifest["counts"]["failed"]:
        return DONE
    if is_quiet:
        fail(program, counts(results), SOME_FAILED)
    return SOME_FAILED


def closing_lines(results: Results, most: int) -> Iterator[str]:
    """The headline; the best configurations of the first problems, with intervals and ties; and the first failure.

    ``most`` is the number of problems, and of configurations of each.
    """
    for paragraph in headline(results, results.manifest["findings"]):
        yield ""
        yield from wrapped(paragraph)
    problem = results.problem_columns
    ranked = best_configurations(results.summary, problem).groupby(problem, sort=False)
    for _, table in itertools.islice(ranked, most):
        yield ""
        yield from _problem_lines(table, results, most)
    if ranked.ngroups > most:
        yield ""
        yield f"{count(ranked.ngroups - most, 'more problem')} in summary.csv"
    yield ""
    if results.manifest["counts"]["failed"]:
        failed = results.runs["status"] == "failed"
        yield fit(f"first failure: {results.runs.loc[failed, 'error'].iloc[0]}", WIDTH)


def counts(results: Results) -> str:
    """The number of runs, and how many were computed, reused, diverged and failed."""
    n = results.manifest["counts"]
    return f"{count(n['runs'], 'run')}: " + ", ".join(
        f"{n[of]:,} {of}" for of in ("computed", "reused", "diverged", "failed")
    )


def _problem_lines(table: pd.DataFrame, results: Results, most: int) -> Iterator[str]:
    metric, replicates = results.metric, results.design.n_replicates
    of = "seed" if len(results.design.replicate_columns) == 1 else "replicate"
    over, raced = (count(replicates, of), []) if "race" not in table else (f"the {of}s of each", ["seeds"])
    # Settings that are the same in every row are named above the table.
    always = ("hidden", "learning_rate", "seed")
    names = results.design.configuration_columns
    common = [name for name in names if name not in always and table[name].nunique(dropna=False) == 1]
    name = in_words({column: table[column].iloc[0] for column in common})
    about = (
        f"test {label(metric)}, mean over {over} and 95 % interval"
        if replicates > 1
        else f"test {label(metric)} of one seed; an interval requires at least two"
    )
    if columns(name) + 2 + len(about) <= WIDTH:
        yield f"{printable(name)}: {about}"
    else:
        yield f"{fit_end(name, WIDTH - 1)}:"
        yield about

    axes = [name for name in names if name not in common]
    shown = [row for _, row in table.head(most).iterrows()]
    rows = [["rank", *axes, *raced, "mean", "95 % interval", "best?"]]
    rows += [_cells(row, axes, metric, place == 0) for place, row in enumerate(shown)]
    baselines = [
        (name, said(metric, value, is_labelled=False)) for name, value in baseline_rows(results, table.iloc[0])
    ]
    widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    if 2 * len(widths) + sum(widths) <= WIDTH:
        yield from (_line(cells, widths) for cells in rows)
        place = 1 + len(axes) + len(raced)  # of the means
        left = sum(widths[:place]) + 2 * (place - 1)  # width left of them
        for name, value in baselines:
            yield f"  {fit(name, left):<{left}}  {value:>{widths[place]}}"
    else:  # too many settings for a column each
        rows = [[rank, *cells[len(axes) :]] for rank, *cells in rows]
        rows += [["", *([""] * len(raced)), value, "", name] for name, value in baselines]
        widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
        yield _line(rows[0], widths)
        for cells, row in itertools.zip_longest(rows[1:], shown):
            yield _line(cells, widths)
            if row is not None:
                yield from (
                    _INDENT + line
                    for line in wrapped(in_words({axis: row[axis] for axis in axes}), WIDTH - len(_INDENT))
                )
    if raced:
        about = f"within: at most {margin_in_words(results)} worse than the best in test {label(metric)}"
        yield from (f"  {line}" for line in wrapped(about, WIDTH - 2))
    elif table["tied_with_best"].count() > 1:
        tied = int(table["tied_with_best"].sum()) - 1
        others = f"{tied:,} others are" if tied > 1 else "1 other is" if tied else "no other is"
        yield f"  {others} tied with the best{': the runs cannot tell which is truly best' * (tied > 0)}"
        if late := late_ties(table[f"rank_test_{results.metric}"], table["tied_with_best"]):
            who = "It has a worse mean" if tied == 1 else "1 of them has a worse mean"
            who = who if late == 1 else f"{late:,} of them have worse means"
            its = "its" if late == 1 else "their"
            means = "its mean is" if late == 1 else "their means are"
            text = f"{who} than some that are not tied: {its} {of}s differ more, so {means} less certain"
            yield from (f"  {line}" for line in wrapped(text, WIDTH - 2))
    if len(table) > most:
        yield f"  {count(len(table) - most, 'more configuration')} in summary.csv"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """A line of a table, aligned at the right but for the last cell."""
    *aligned, last = (fit(cell, width) for cell, width in zip(cells, widths, strict=True))
    padded = (" " * (width - columns(cell)) + cell for cell, width in zip(aligned, widths, strict=False))
    return fit("  " + "  ".join([*padded, last]), WIDTH).rstrip()


def _cells(row: pd.Series, axes: list[str], metric: str, is_first: bool) -> list[str]:
    mean, low, high = (row[f"{of}_test_{metric}"] for of in ("mean", "ci_low", "ci_high"))
    rank = row[f"rank_test_{metric}"]
    return [
        "-" if pd.isna(rank) else str(rank),
        *("" if pd.isna(row[axis]) else text_of(row[axis]) for axis in axes),
        *([f"{row['n_seeds']:,}"] if "race" in row.index else []),
        "-" if pd.isna(mean) else said(metric, mean, is_labelled=False),
        "-" if pd.isna(low) else said_interval(metric, low, high),
        _verdict(row, rank, is_first),
    ]


def _verdict(row: pd.Series, rank: Any, is_first: bool) -> str:
    """``best``, ``tied`` or nothing, followed by the number of unsuccessful runs: ``tied, 3 diverged``.

    Of configurations with equal means the first is the best and the others are tied with it, as the headline has it.
    """
    tied = row["tied_with_best"]
    is_best = not pd.isna(rank) and rank == 1 and (is_first or pd.isna(tied))
    words = ["best"] if is_best else [row["race"]] if "race" in row.index else ["tied"] * (not pd.isna(tied) and tied)
    words += [f"{row[f'n_{status}']} {status}" for status in ("stuck", "diverged", "failed") if row[f"n_{status}"]]
    return ", ".join(words)
