"""The options of every command. They are parsed before what a command works with is imported."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from experiments.cli.command import COMMANDS, lines_of
from experiments.cli.config import SHIPPED
from experiments.console import Parser, to_run
from experiments.knobs.declared import BACKEND, HOW, JOBS, REQUESTED, SCHEDULER, WRITTEN, ZIP, elsewhere
from experiments.knobs.knob import Knob
from experiments.knobs.words import shown
from experiments.maps.declared import CONTINUOUS, MEASURES, OF_MAPS, OF_SWEEPS, REACH, not_of_maps
from experiments.maps.declared import DEFAULTS as MAP_DEFAULTS
from experiments.plots.names import ALL, DPI, FONT_SIZE, FURTHER, NAMES, USUAL
from experiments.plots.names import FORMATS as PLOT_FORMATS
from experiments.text import closest
from experiments.version import installing
from planar_core.choices import METRICS

FORMATS = ("onnx", "joblib", "json")
"""What ``experiments.export`` writes."""


def grid_parser() -> Parser:
    """The options: one for every knob, and those that control execution."""
    result = Parser(
        "grid",
        description="Train a network for every combination of the given values, and write tables and plots.",
        epilog="Numbers can be given as ranges: 0:10 (0 to 9), 1:10:2 (in steps of 2), lin:A:B:N and log:A:B:N (N"
        " points, both ends included; without N if --sample draws the points). Exit status: 0 success, 1 a run failed,"
        " 2 invalid arguments or data, 130/143 interrupted.",
        usage="%(prog)s [options]",
        elsewhere=elsewhere,
        last=_last_lines_of_grid,
    )
    groups = {name: result.add_argument_group(name) for name in ("data", "network", "training", "run")}
    for knob in (*REQUESTED, *HOW):
        _add_knob(groups[knob.group], knob)
    run = groups["run"]
    run.add_argument(
        ZIP, metavar="OPTION", nargs="+", action="append", help="vary these axes together instead of crossing them"
    )
    run.add_argument("--out", metavar="DIR", help="output folder (default: results)")
    _add_config(run)
    run.add_argument(
        "--print-config", action="store_true", help="print these options in the format of --config and exit"
    )
    _add_plan_options(run)
    run.add_argument("--fresh", action="store_true", help="retrain runs that are already stored")
    run.add_argument("--fail-fast", action="store_true", help="stop at the first failed run")
    _add_output_options(run)
    return result


def _lines_of_examples(command: str, examples: Mapping[str, str]) -> Iterator[str]:
    yield ""
    yield "examples:"
    for arguments, meaning in examples.items():
        yield f"  {to_run(command)} {arguments}"
        yield f"      {meaning}"


def _last_lines_of_grid() -> Iterator[str]:
    yield from _lines_of_examples("grid", _EXAMPLES)
    yield ""
    yield f"other commands ({to_run('COMMAND')} --help):"
    yield from lines_of({name: meaning for name, meaning in COMMANDS.items() if name != "grid"})


_EXAMPLES = {
    "--hidden 0 1 4 8x8 --lr log:0.03:3:5 --seeds 0:20": "the flower data; 0 hidden units are a linear model",
    "--dataset table.csv --target healthy --split cv:5": "your own table, the column to predict, five folds",
    "--until-decided 0.005": "as many seeds as it takes to find the best configuration",
}


def export_parser() -> Parser:
    """The options of ``experiments.export``."""
    parser = Parser(
        "export",
        description="Export the networks of the best configuration of a sweep over a table, together with the"
        " preprocessing of new rows, to one file. docs/predictions.md describes the formats.",
        epilog=f"onnx requires an extra ({installing('onnx')}). Loading a joblib file runs the code in it: load only"
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
        "predict",
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
        "verify",
        description="Compare request and tables with the store, retrain stored runs, and compare their numbers bit for"
        " bit. DIR can also be the folder of a map, whose pixels are the runs.",
        epilog="Exit status: 0 all identical, 1 something differs or is missing, 2 invalid arguments or unreadable"
        " results.",
    )
    _add_folder(parser)
    parser.add_argument(
        "--sample", metavar="N", type=_count, help="number of runs to retrain, evenly spread (default: all)"
    )
    return parser


def map_parser() -> Parser:
    """The options of ``experiments.map``."""
    result = Parser(
        "map",
        description="Train a network at every pixel of a plane of two settings, coarse to fine, and draw a map of where"
        " training converges. Every finished tile is stored: the same command goes on after an interruption, and a"
        " larger or deeper map of the same settings trains only what is new.",
        epilog="RANGE is log:A:B or lin:A:B; the last value itself has no pixel. Every other setting has one value."
        " Exit status: 0 success, 1 the map could not be finished, 2 invalid arguments or data, 130/143 interrupted.",
        usage="%(prog)s --x KNOB=RANGE --y KNOB=RANGE [options]",
        elsewhere=_elsewhere_of_map,
        last=_last_lines_of_map,
    )
    of_map = result.add_argument_group("map")
    axes = ", ".join(knob.flags[0].lstrip("-") for knob in CONTINUOUS)
    of_map.add_argument("--x", metavar="KNOB=RANGE", help=f"setting from left to right: {axes}")
    of_map.add_argument("--y", metavar="KNOB=RANGE", help="setting from bottom to top")
    of_map.add_argument(
        "--size", metavar="N", type=_count, default=256, help="pixels a side: 64, 128, 256 ... (default: 256)"
    )
    of_map.add_argument(
        "--zoom",
        metavar=("X", "Y", "FACTOR"),
        nargs=3,
        help="a part of the plane around these values of the two settings, FACTOR (a power of two) times as fine",
    )
    of_map.add_argument(
        "--film",
        metavar="N",
        type=_count,
        help="also write film.gif: N windows from the whole plane on, each twice as fine as the one before, towards the"
        " place of --zoom, otherwise along the boundary",
    )
    of_map.add_argument(
        "--film-format", choices=("gif", "mp4"), default="gif", help="mp4 requires the program ffmpeg (default: gif)"
    )
    of_map.add_argument(
        "--measure",
        metavar="NAME",
        type=_measure,
        default=MEASURES[0],
        help=f"what the pictures show: {', '.join(MEASURES)}, or a metric on the test part, computed for each pixel:"
        f" {', '.join(METRICS)} (default: {MEASURES[0]}, the measure of Sohl-Dickstein)",
    )
    for axis in "xy":
        of_map.add_argument(
            f"--{axis}-times",
            metavar="NUMBER",
            help=f"show the numbers along {axis} in another unit: multiplied by NUMBER",
        )
    of_map.add_argument(
        "--reach",
        metavar="R",
        type=_between(0, 1),
        default=REACH,
        help=f"reached: iterations until the cost is at most R times the first one (default: {REACH})",
    )
    of_map.add_argument(
        "--explore",
        action="store_true",
        help="walk around in the map in a browser on this machine; what comes into sight is trained, and kept",
    )
    of_map.add_argument(
        "--port", metavar="N", type=_port, help="port of --explore on this machine (default: any that is free)"
    )
    of_map.add_argument("--open", action="store_true", help="open the page of --explore in the default browser")
    groups = {name: result.add_argument_group(name) for name in ("data", "network", "training", "run")}
    for knob in (*OF_MAPS, JOBS, BACKEND, SCHEDULER):
        has_other = knob.name in MAP_DEFAULTS
        _add_knob(groups[knob.group], replace(knob, default=(MAP_DEFAULTS[knob.name],)) if has_other else knob)
    run = groups["run"]
    run.add_argument("--out", metavar="DIR", help="output folder (default: results/map)")
    _add_config(run)
    _add_plan_options(run)
    _add_output_options(run, "draw no pictures")
    return result


def _elsewhere_of_map(name: str) -> str:
    knob = next((knob for knob in OF_SWEEPS if name in knob.flags), None)
    if knob is not None or name == ZIP:
        return f" ({not_of_maps('' if knob is None else knob.name)})"
    return elsewhere(name)


def _last_lines_of_map() -> Iterator[str]:
    return _lines_of_examples("map", _EXAMPLES_OF_MAPS)


_EXAMPLES_OF_MAPS = {
    "--x lr=log:0.01:100 --y l2=log:1e-6:1": "learning rate against L2 penalty",
    "--zoom 9 0.01 8": "a part of the same map, from its folder, 8 times as fine",
}


def merge_parser() -> Parser:
    """The options of ``experiments.merge``."""
    parser = Parser(
        "merge",
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
    parser = Parser(
        "plots",
        description="Draw the plots of a sweep into DIR/plots: the usual ones, or those named by --only.",
        epilog=f"Usual plots, as far as they apply: {', '.join(USUAL)}. Further plots: {', '.join(FURTHER)}."
        " A picture grows with its text, unless --size is given. Example of a slide:"
        f" {to_run('plots')} results --only heat_map --format pdf --font-size 18 --size 16x9",
    )
    _add_folder(parser)
    parser.add_argument(
        "--only",
        metavar="NAME",
        nargs="+",
        type=_picture,
        default=[],
        help=f"draw only these plots; {ALL}: all there are",
    )
    parser.add_argument(
        "--format", metavar="FORMAT", nargs="+", choices=PLOT_FORMATS, default=["png"],
        help="png, pdf or svg, or several of them (default: png)",
    )  # fmt: skip
    parser.add_argument(
        "--title", metavar="TEXT", help="title of a single plot; an empty one leaves out titles and notes"
    )
    parser.add_argument(
        "--font-size", metavar="POINTS", type=_between(1, 200), default=FONT_SIZE, help="size of the text (default: 10)"
    )
    parser.add_argument(
        "--dpi", metavar="N", type=_between(10, 2400), default=DPI, help="pixels per inch of PNG files (default: 120)"
    )
    parser.add_argument(
        "--size",
        metavar="WxH",
        type=_size,
        help="width and height in inches, such as 16x9 (default: what the text needs)",
    )
    parser.add_argument(
        "--page", metavar="FILE", type=_page, help="also put these plots on one page: a .png, .pdf or .svg file"
    )
    return parser


def report_parser() -> Parser:
    """The options of ``experiments.report``."""
    parser = Parser("report", description="Recreate report.html and the plots of a sweep in DIR.")
    _add_folder(parser)
    return parser


def store_parser() -> Parser:
    """The options of ``experiments.store``."""
    parser = Parser(
        "store",
        description="Copy a results folder, of a sweep or of a map, also while it is written to: the store as of one"
        " moment, and the tables, plots and pages.",
        epilog="Exit status: 0 success, 2 invalid arguments, no results, or DEST has results.",
    )
    parser.add_argument("action", metavar="copy", choices=["copy"], help="copy DIR to DEST")
    _add_folder(parser)
    parser.add_argument("destination", metavar="DEST", type=Path, help="a folder, which is created if necessary")
    parser.add_argument("--overwrite", action="store_true", help="replace the results in DEST")
    return parser


def columns_parser() -> Parser:
    """The options of ``experiments.columns``."""
    parser = Parser(
        "columns",
        description="Print what the columns of runs.csv, curves.csv and summary.csv mean.",
        epilog="Exit status: 0 success, 2 no such column.",
    )
    parser.add_argument("names", metavar="NAME", nargs="*", help="only these columns (default: all)")
    return parser


def _add_knob(to: argparse._ActionsContainer, knob: Knob) -> None:
    about = knob.help.replace("python -m experiments.", to_run(""))
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


def _add_config(to: argparse._ActionsContainer) -> None:
    to.add_argument(
        "--config",
        metavar="FILE.toml",
        help="read options from this file; the command line takes precedence. Or the name of one that comes with this"
        f" program: {', '.join(SHIPPED)}",
    )


def _add_plan_options(to: argparse._ActionsContainer) -> None:
    to.add_argument("--dry-run", action="store_true", help="show the plan and exit")
    about = "confirm a plan that exceeds the limit of 24 h, 8 GiB of memory or 100 GB on disk"
    to.add_argument("--yes", action="store_true", help=about)


def _add_output_options(to: argparse._ActionsContainer, no_plots: str = "write no plots and no report") -> None:
    to.add_argument("--no-plots", action="store_true", help=no_plots)
    to.add_argument("--quiet", action="store_true", help="print only errors")


def _configuration_options(parser: Parser) -> None:
    """Add the folder and the options that choose among its networks."""
    _add_folder(parser)
    parser.add_argument("--dataset", metavar="NAME", help="data set to use, if the sweep has several")
    parser.add_argument(
        "--seed", metavar="S", type=int, help="use only the networks of this seed (default: all seeds together)"
    )


def _picture(text: str) -> str:
    name = text.strip().lower().replace("-", "_").removesuffix(".png")
    if name not in (ALL, *NAMES):
        raise argparse.ArgumentTypeError(
            f"expected {ALL} or plots among {', '.join(NAMES)}, got {text!r}{closest(name, NAMES)}"
        )
    return name


def _between(low: float, high: float) -> Callable[[str], float]:
    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"expected a number from {low:g} to {high:g}, got {text!r}")
        return value

    return number


def _size(text: str) -> tuple[float, float]:
    try:
        width, height = map(float, text.lower().split("x"))
    except ValueError:
        width = height = math.nan
    if not (1 <= width <= 100 and 1 <= height <= 100):
        raise argparse.ArgumentTypeError(f"expected a width and a height of 1 to 100 inches such as 16x9, got {text!r}")
    return width, height


def _page(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower().removeprefix(".") not in PLOT_FORMATS:
        raise argparse.ArgumentTypeError(f"expected a file name that ends in .png, .pdf or .svg, got {text!r}")
    return path


def _measure(text: str) -> str:
    name = text.strip().lower().replace("-", "_")
    if name not in (*MEASURES, *METRICS):
        choices = (*MEASURES, *METRICS)
        raise argparse.ArgumentTypeError(f"expected one of {', '.join(choices)}, got {text!r}{closest(name, choices)}")
    return name


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"expected an integer of at least 1, got {text!r}")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 2**16:
        raise argparse.ArgumentTypeError(f"expected an integer from 1 to 65535, got {text!r}")
    return int(text)


PARSERS: Mapping[str, Callable[[], Parser]] = MappingProxyType(
    {
        "columns": columns_parser,
        "export": export_parser,
        "grid": grid_parser,
        "map": map_parser,
        "merge": merge_parser,
        "plots": plots_parser,
        "predict": predict_parser,
        "report": report_parser,
        "store": store_parser,
        "verify": verify_parser,
    }
)
"""The options of each command, by its name."""
