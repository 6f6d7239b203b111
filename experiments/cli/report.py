"""``python -m experiments.report DIR``: make the report and the plots of a sweep again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from experiments.cli.options import report_parser
from experiments.console import say_paths, warn
from experiments.plots.gallery import draw_all
from experiments.report.page import write as write_report
from experiments.results import read


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each file; returns 0, or 2 after printing a one-line error."""
    parser = report_parser()
    folder = parser.parse(arguments).folder

    def write() -> Iterator[Path]:
        results = read(folder)
        report: list[Path] = []
        yield from draw_all(
            folder, results, warn, read, lambda: report.append(write_report(folder, results, results.manifest))
        )
        yield from report

    return say_paths(parser.program, write)
