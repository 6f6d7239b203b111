"""The options of the command line."""

from __future__ import annotations

from experiments.console import Parser
from experiments.datasets.loading import DATASETS
from experiments.knobs.declared import HOW, REQUESTED, ZIP, elsewhere
from experiments.knobs.words import shown


def parser() -> Parser:
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
