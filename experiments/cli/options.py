"""The options of every command. They are parsed before what a command works with is imported."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from experiments.console import Parser
from experiments.knobs.declared import HOW, REQUESTED, ZIP, elsewhere
from experiments.knobs.words import shown

FORMATS = ("onnx", "joblib", "json")
"""What ``experiments.export`` writes."""


def grid_parser() -> Parser:
    """The options: one for every knob, and those that say how to run."""
    result = Parser(
        prog="python -m experiments.grid",
        description="Train every combination of the values given, and write tables and pictures.",
        epilog="Numbers also come as ranges: 0:10 (0 to 9), 1:10:2 (in steps of 2), lin:A:B:N and log:A:B:N (N points,"
        " both ends included). Exit status: 0 done, 1 some run failed, 2 bad arguments or data, 130/143 interrupted.",
        usage="%(prog)s [options]",
        elsewhere=elsewhere,
    )
    groups = {name: result.add_argument_group(name) for name in ("data", "network", "training", "run")}
    for knob in (*REQUESTED, *HOW):
        about = knob.help
        if knob.default:
            about += f" (default: {shown(knob.default)})"
        groups[knob.group].add_argument(
            *knob.flags,
            dest=knob.name,
            metavar=knob.metavar,
            nargs="+" if knob.is_axis or knob.is_list else None,
            help=about.replace("%", "%%"),
        )
    run = groups["run"]
    run.add_argument(
        ZIP, metavar="OPTION", nargs="+", action="append", help="walk these axes in step, instead of crossing them"
    )
    run.add_argument("--out", metavar="DIR", help="folder for the files (default: results)")
    run.add_argument("--config", metavar="FILE.toml", help="take the options that are not given here from this file")
    run.add_argument("--print-config", action="store_true", help="print such a file for these options, and stop")
    run.add_argument("--dry-run", action="store_true", help="show the plan and stop")
    run.add_argument("--yes", action="store_true", help="confirm a plan that exceeds the limits of 24 h and 8 GiB")
    run.add_argument("--fresh", action="store_true", help="train again what is stored already")
    run.add_argument("--fail-fast", action="store_true", help="stop at the first run that fails")
    run.add_argument("--no-plots", action="store_true", help="write no pictures and no report")
    run.add_argument("--quiet", action="store_true", help="print errors only")
    return result


def export_parser() -> Parser:
    """The options of ``experiments.export``."""
    parser = Parser(
        prog="python -m experiments.export",
        description="Write the networks of the best configuration of a sweep over a table into one file, with all that"
        " rows need before networks see them. docs/predictions.md has the formats.",
        epilog="onnx needs the extra (pip install '.[onnx]'). Loading a joblib file runs code that is in it: load only"
        " your own. Exit status: 0 done, 2 bad arguments or data.",
    )
    _configuration_options(parser)
    parser.add_argument(
        "--format", required=True, choices=list(FORMATS), help="onnx, joblib (a scikit-learn pipeline) or json"
    )
    parser.add_argument("--out", metavar="FILE", type=Path, help="the file (default: model.FORMAT in DIR)")
    return parser


def predict_parser() -> Parser:
    """The options of ``experiments.predict``."""
    parser = Parser(
        prog="python -m experiments.predict",
        description="Predict the rows of FILE by the networks of the best configuration of a sweep over a table.",
        epilog="Columns are matched by name, in any order. Without --out the predictions go to stdout. Exit status: 0"
        " done, 2 bad arguments or data.",
    )
    _configuration_options(parser)
    parser.add_argument("file", metavar="FILE", help="a table with the columns that the networks were trained on")
    parser.add_argument("--out", metavar="FILE.csv", type=Path, help="write the predictions into this file")
    return parser


def verify_parser() -> Parser:
    """The options of ``experiments.verify``."""
    parser = Parser(
        prog="python -m experiments.verify",
        description="Train stored runs again, and compare their numbers bit for bit.",
        epilog="Exit status: 0 all the same, 1 some differ, 2 bad arguments or results that cannot be read.",
    )
    parser.add_argument("folder", metavar="DIR", help="a results folder, as experiments.grid writes it")
    parser.add_argument("--sample", metavar="N", type=_count, help="so many runs, evenly spread (default: all)")
    return parser


def plots_parser() -> Parser:
    """The options of ``experiments.plots``."""
    parser = Parser(prog="python -m experiments.plots", description="Draw the pictures of a sweep into DIR/plots.")
    parser.add_argument("folder", metavar="DIR", help="a results folder, as experiments.grid writes it")
    parser.add_argument("--page", metavar="FILE.png", type=Path, help="also draw all of them on one page")
    return parser


def report_parser() -> Parser:
    """The options of ``experiments.report``."""
    parser = Parser(
        prog="python -m experiments.report", description="Make report.html and the pictures of a sweep again, in DIR."
    )
    parser.add_argument("folder", metavar="DIR", help="a results folder, as experiments.grid writes it")
    return parser


def _configuration_options(parser: Parser) -> None:
    """Add the folder, and what chooses among its networks."""
    parser.add_argument("folder", metavar="DIR", help="a results folder, as experiments.grid writes it")
    parser.add_argument("--dataset", metavar="NAME", help="which data set, where the sweep has several")
    parser.add_argument("--seed", metavar="S", type=int, help="the networks of this seed alone (default: all together)")


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"expected an integer, 1 or more, got {text!r}")
    return int(text)


PARSERS: Mapping[str, Callable[[], Parser]] = MappingProxyType(
    {
        "export": export_parser,
        "grid": grid_parser,
        "plots": plots_parser,
        "predict": predict_parser,
        "report": report_parser,
        "verify": verify_parser,
    }
)
"""The options of each command, by its name."""
