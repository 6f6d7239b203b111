"""The options of the command line."""

from __future__ import annotations

from experiments.console import Parser
from experiments.datasets.loading import DATASETS
from experiments.knobs.declared import HOW, REQUESTED, ZIP, elsewhere
from experiments.knobs.words import shown


def parser() -> Parser:
    """The options: one for every knob, and those that control execution."""
    result = Parser(
        prog="python -m experiments.grid",
        description="Train a network for every combination of the given values, and write tables and plots.",
        epilog="Numbers can be given as ranges: 0:10 (0 to 9), 1:10:2 (in steps of 2), lin:A:B:N and log:A:B:N (N "
        "points,"
        " both ends included). Exit status: 0 success, 1 a run failed, 2 invalid arguments or data, 130/143 "
        "interrupted.",
        usage="%(prog)s [options]",
        elsewhere=elsewhere,
    )
    groups = {name: result.add_argument_group(name) for name in ("data", "network", "training", "run")}
    for knob in (*REQUESTED, *HOW):
        about = knob.help.format(datasets=", ".join(DATASETS))
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
    run.add_argument("--yes", action="store_true", help="confirm a plan that exceeds the limit of 24 h or 8 GiB")
    run.add_argument("--fresh", action="store_true", help="retrain runs that are already stored")
    run.add_argument("--fail-fast", action="store_true", help="stop at the first failed run")
    run.add_argument("--no-plots", action="store_true", help="write no plots and no report")
    run.add_argument("--quiet", action="store_true", help="print only errors")
    return result
