"""``planar-sweep COMMAND ...``, which is ``python -m experiments.COMMAND ...``."""

from __future__ import annotations

import io
import runpy
import sys
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NoReturn

from experiments.console import BAD_INPUT, DONE, fail, say, started_by
from experiments.text import closest

NAME = "planar-sweep"
COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "grid": "train a network for every combination of settings: a sweep",
        "map": "train a network at every pixel of a plane of two settings",
        "predict": "predict new rows of a table with the best networks",
        "export": "write the best networks to an ONNX, joblib or JSON file",
        "plots": "draw the plots of a sweep again",
        "report": "make the report and the plots of a sweep again",
        "columns": "say what the columns of the tables mean",
        "verify": "compare results with the store, and retrain them",
        "merge": "join shards that were trained apart",
        "store": "copy results, also while a sweep writes to them",
        "walkthrough": "a small network in seven steps",
    }
)
"""What each command does, in the order of the help."""

EXAMPLES = (
    "grid --hidden 1 2 4 8x8 --learning-rate 0.1 0.3 1.2 --seeds 0:20",
    "grid --dataset measurements.csv --target healthy --out healthy",
    "predict healthy new_measurements.csv --out predictions.csv",
)


def run() -> NoReturn:
    """Run the command that ``sys.argv`` names. The process ends with its exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # file names in any encoding, and consoles in any other
    started_by(NAME)
    name, *arguments = sys.argv[1:] or ["--help"]
    if name in COMMANDS:
        sys.argv = [NAME, *arguments]
        runpy.run_module(f"experiments.{name}", run_name="__main__", alter_sys=True)
        raise SystemExit(DONE)
    if name in ("-h", "--help"):
        for line in _help():
            say(line)
        raise SystemExit(DONE if sys.argv[1:] else BAD_INPUT)
    if name == "--version":
        from experiments.version import __version__  # reads files

        say(f"{NAME} {__version__}")
        raise SystemExit(DONE)
    if name.startswith("-"):
        fail(NAME, f"expected a command before {name!r}, such as grid; {NAME} --help lists them")
    fail(NAME, f"expected a command, got {name!r}{closest(name, COMMANDS)}; {NAME} --help lists them")


def lines_of(commands: Mapping[str, str]) -> Iterator[str]:
    """A line for each command."""
    for name, meaning in commands.items():
        yield f"  {name:12} {meaning}"


def _help() -> Iterator[str]:
    yield f"usage: {NAME} COMMAND ..."
    yield ""
    yield "Train many small neural networks, compare them with statistics, use the best."
    yield ""
    yield "commands:"
    yield from lines_of(COMMANDS)
    yield ""
    yield "options:"
    yield "  --help       show this page; COMMAND --help shows the options of a command"
    yield "  --version    show the version"
    yield ""
    yield "examples:"
    for example in EXAMPLES:
        yield f"  {NAME} {example}"
