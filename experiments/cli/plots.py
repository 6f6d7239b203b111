"""``python -m experiments.plots DIR``: draw the plots of a sweep again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from experiments.console import Parser, say_paths, warn
from experiments.plots.gallery import draw_all
from experiments.plots.page import write_page
from experiments.results import read


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each plot; returns 0, or 2 after printing a one-line error."""
    parser = Parser(prog="python -m experiments.plots", description="Draw the plots of a sweep into DIR/plots.")
    parser.add_argument("folder", metavar="DIR", help="a results folder written by experiments.grid")
    parser.add_argument("--page", metavar="FILE.png", type=Path, help="also put all plots on one page")
    options = parser.parse(arguments)

    def write() -> Iterator[Path]:
        written = draw_all(options.folder, read(options.folder), warn)
        yield from written
        if options.page:
            write_page(written, options.page)
            yield options.page

    return say_paths(parser.program, write)
