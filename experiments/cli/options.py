"""The options of every command. They are parsed before what a command works with is imported."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from experiments.console import Parser
from experiments.knobs.declared import HOW, REQUESTED, WRITTEN, ZIP, elsewhere
from experiments.knobs.knob import Knob
from experiments.knobs.words import shown

FORMATS = ("onnx", "joblib", "json")
"""What ``experiments.export`` writes."""


def grid_parser() -> Parser:
    """The options: one for every knob, and those that control execution."""
    result = Parser(
        prog="python -m experiments.grid",
        description="Train a network for every combination of the given values, and write tables and plots.",
        epilog="Numbers can be given as ranges: 0:10 (0 to 9), 1:10:2 (in steps of 2), lin:A:B:N and log:A:B:N (N"
        " points, both ends included; without N if --sample draws the points). Exit status: 0 success, 1 a run failed,"
        " 2 invalid arguments or data, 130/143 interrupted.",
        usage="%(prog)s [options]",
        elsewhere=elsewhere,
    )
    groups = {name: result.add_argument_group(name) for name in ("data", "network", "training", "run")}
    for knob in (*REQUESTED, *HOW):
        _add_knob(groups[knob.group], knob)
    run = groups["run"]
    run.add_argument(
        ZIP, metavar="OPTION", nargs="+", action="append", help="vary these axes together instead of crossing them"
    )
    run.add_argument("--out", metavar="DIR", help="output folder (default: results)")
    run.add_argument(
        "--config", metavar="FILE.toml", help="read options from this file; the command line takes precedence"
    )
    run.add_argument(
        "--print-config", action="store_true", help="print these options in the format of --config and exit"
    )
    run.add_argument("--dry-run", action="store_true", help="show the plan and exit")
    about = "confirm a plan that exceeds the limit of 24 h, 8 GiB of memory or 100 GB on disk"
    run.add_argument("--yes", action="store_true", help=about)
    run.add_argument("--fresh", action="store_true", help="retrain runs that are already stored")
    run.add_argument("--fail-fast", action="store_true", help="stop at the first failed run")
    _add_output_options(run)
    return result


def export_parser() -> Parser:
    """The options of ``experiments.export``."""
    parser = Parser(
        prog="python -m experiments.export",
        description="Export the networks of the best configuration of a sweep over a table, together with the"
        " preprocessing of new rows, to one file. docs/predictions.md describes the formats.",
        epilog="onnx requires an extra (pip install '.[onnx]'). Loading a joblib file runs the code in it: load only"
        " files that you trust. Exit status: 0 success, 2 invalid arguments or data.",
    )
    _configuration_options(parser)
    parser.add_argument(
        "--format", required=True, choices=list(FORMATS), help="onnx, joblib (a scikit-learn pipeline) or json"
    )
    parser.add_argument("--out", metavar="FILE", type=Path, help="output file (default: model.FORMAT in DIR)")
    return parser


def predict_parser() -> Parser:
    """The options of ``experiments.predict``."""
    parser = Parser(
        prog="python -m experiments.predict",
        description="Predict the rows of FILE with the networks of the best configuration of a sweep over a table.",
        epilog="Columns are matched by name, in any order. Without --out, predictions go to stdout. Exit status: 0"
        " success, 2 invalid arguments or data.",
    )
    _configuration_options(parser)
    parser.add_argument("file", metavar="FILE", help="a table with the columns that the networks were trained on")
    parser.add_argument("--out", metavar="FILE.csv", type=Path, help="write the predictions into this file")
    return parser


def verify_parser() -> Parser:
    """The options of ``experiments.verify``."""
    parser = Parser(
        prog="python -m experiments.verify",
        description="Compare request and tables with the store, retrain stored runs, and compare their numbers bit for"
        " bit.",
        epilog="Exit status: 0 all identical, 1 something differs or is missing, 2 invalid arguments or unreadable"
        " results.",
    )
    _add_folder(parser)
    parser.add_argument(
        "--sample", metavar="N", type=_count, help="number of runs to retrain, evenly spread (default: all)"
    )
    return parser


def merge_parser() -> Parser:
    """The options of ``experiments.merge``."""
    parser = Parser(
        prog="python -m experiments.merge",
        description="Join the shards of a sweep, trained with --shard, in the folder OUT, and write tables and plots as"
        " of one sweep. Nothing is trained, and the folders to join are not changed.",
        epilog="Folders with whole sweeps of the same request can be joined, too. Exit status: 0 success, 1 a run"
        " failed, 2 folders that do not fit together, 130/143 interrupted; the same command continues.",
    )
    parser.add_argument("out", metavar="OUT", help="output folder")
    parser.add_argument("folders", metavar="DIR", nargs="+", help="folders with the shards")
    for knob in WRITTEN:
        _add_knob(parser, knob)
    _add_output_options(parser)
    return parser


def plots_parser() -> Parser:
    """The options of ``experiments.plots``."""
    parser = Parser(prog="python -m experiments.plots", description="Draw the plots of a sweep into DIR/plots.")
    _add_folder(parser)
    parser.add_argument("--page", metavar="FILE.png", type=Path, help="also put all plots on one page")
    return parser


def report_parser() -> Parser:
    """The options of ``experiments.report``."""
    parser = Parser(
        prog="python -m experiments.report", description="Recreate report.html and the plots of a sweep in DIR."
    )
    _add_folder(parser)
    return parser


def store_parser() -> Parser:
    """The options of ``experiments.store``."""
    parser = Parser(
        prog="python -m experiments.store",
        description="Copy a results folder, also while a sweep writes to it: the store as of one moment, the tables,"
        " the plots and the report.",
        epilog="Exit status: 0 success, 2 invalid arguments, no results, or DEST has results.",
    )
    parser.add_argument("action", choices=["copy"], help="copy DIR to DEST")
    _add_folder(parser)
    parser.add_argument("destination", metavar="DEST", type=Path, help="a folder, which is created if necessary")
    parser.add_argument("--overwrite", action="store_true", help="replace the results in DEST")
    return parser


def _add_knob(to: argparse._ActionsContainer, knob: Knob) -> None:
    about = knob.help
    if knob.default:
        about += f" (default: {shown(knob.default)})"
    to.add_argument(
        *knob.flags,
        dest=knob.name,
        metavar=knob.metavar,
        nargs="+" if knob.is_axis or knob.is_list else "?" if knob.alone is not None else None,
        const=knob.alone,
        help=about.replace("%", "%%"),
    )


def _add_folder(parser: Parser) -> None:
    parser.add_argument("folder", metavar="DIR", help="a results folder written by experiments.grid")


def _add_output_options(to: argparse._ActionsContainer) -> None:
    to.add_argument("--no-plots", action="store_true", help="write no plots and no report")
    to.add_argument("--quiet", action="store_true", help="print only errors")


def _configuration_options(parser: Parser) -> None:
    """Add the folder and the options that choose among its networks."""
    _add_folder(parser)
    parser.add_argument("--dataset", metavar="NAME", help="data set to use, if the sweep has several")
    parser.add_argument(
        "--seed", metavar="S", type=int, help="use only the networks of this seed (default: all seeds together)"
    )


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"expected an integer of at least 1, got {text!r}")
    return int(text)


PARSERS: Mapping[str, Callable[[], Parser]] = MappingProxyType(
    {
        "export": export_parser,
        "grid": grid_parser,
        "merge": merge_parser,
        "plots": plots_parser,
        "predict": predict_parser,
        "report": report_parser,
        "store": store_parser,
        "verify": verify_parser,
    }
)
"""The options of each command, by its name."""
