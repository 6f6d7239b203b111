"""``python -m experiments.plots DIR``: draw the plots of a sweep again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from experiments.cli.options import plots_parser
from experiments.console import BAD_INPUT, say_paths, warn
from experiments.plots.gallery import draw_all, write_again
from experiments.plots.names import ALL, Look
from experiments.plots.page import write_page
from experiments.results import read


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each plot; returns 0, or 2 after printing a one-line error."""
    parser = plots_parser()
    options = parser.parse(arguments)
    if options.title and (len(set(options.only)) != 1 or ALL in options.only):
        parser.error("--title: expected one plot, as in --only heat_map --title TEXT")
    look = Look(tuple(dict.fromkeys(options.format)), options.title, options.font_size, options.dpi, options.size)

    drawn: list[Path] = []

    def write() -> Iterator[Path]:
        results = read(options.folder)
        written = draw_all(options.folder, results, warn, read, only=options.only, look=look)
        drawn.extend(written)
        yield from written
        if options.page and written:
            if options.page.suffix.lower() == ".png" and "png" in look.formats:
                write_page([path for path in written if path.suffix == ".png"], options.page)
            else:
                write_again(results, {path.stem for path in written}, options.page, look)
            yield options.page

    status = say_paths(parser.program, write)
    return status if drawn or not options.only else BAD_INPUT  # what was not drawn was said
