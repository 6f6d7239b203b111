"""``python -m experiments.plots DIR``: draw the plots of a sweep again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from experiments.cli.options import plots_parser
from experiments.console import say_paths, warn
from experiments.plots.gallery import draw_all
from experiments.plots.page import write_page
from experiments.results import read


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each plot; returns 0, or 2 after printing a one-line error."""
    parser = plots_parser()
    options = parser.parse(arguments)

    def write() -> Iterator[Path]:
        written = draw_all(options.folder, read(options.folder), warn, read)
        yield from written
        if options.page:
            write_page(written, options.page)
            yield options.page

    return say_paths(parser.program, write)
