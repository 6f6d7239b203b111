"""``python -m experiments.verify DIR [--sample N]``: retrain stored runs and compare them bit for bit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from experiments.cli.options import verify_parser
from experiments.console import BAD_INPUT, DONE, SOME_FAILED, say, warn
from experiments.files import STORE, ResultsError
from experiments.runner.verification import differences, finished_runs, sample
from experiments.store.store import Store
from planar_core.choices import NUMERICS

_SHOWN = 20  # runs that differ


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 if all bits are the same, 1 if some differ, 2 for invalid arguments or no results."""
    parser = verify_parser()
    options = parser.parse(arguments)
    different = 0
    try:
        with Store(Path(options.folder, STORE), writes=False) as opened:
            finished, others = finished_runs(opened)
            stored = sum(len(each.seeds) for each in finished)
            chosen = sample(finished, stored if options.sample is None else options.sample)
            for lines in differences(opened, chosen):
                for line in lines[: max(0, _SHOWN - different)]:
                    say(line)
                different += len(lines)
    except (ResultsError, OSError) as error:
        warn(f"{parser.program}: {error}")
        return BAD_INPUT
    trained = sum(len(each.seeds) for each in chosen)
    verdict = f"{different:,} differ" if different else "all are bit-identical"
    say(f"{trained:,} of {stored:,} stored runs retrained: {verdict}")
    if others:
        say(f"{others:,} more left out: failed, or computed by a version of the arithmetic other than {NUMERICS}")
    return SOME_FAILED if different else DONE
