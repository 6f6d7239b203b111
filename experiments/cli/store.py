"""``python -m experiments.store copy DIR DEST``: copy a results folder, also while a sweep writes to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from experiments.cli.options import store_parser
from experiments.console import say_paths
from experiments.copying import copy


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each file copied; returns 0, or 2 after printing a one-line error."""
    parser = store_parser()
    options = parser.parse(arguments)

    def write() -> Iterator[Path]:
        yield from copy(Path(options.folder), options.destination, options.overwrite)

    return say_paths(parser.program, write)
