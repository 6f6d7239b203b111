"""``python -m experiments.merge OUT DIR...``: join the shards of a sweep and write its results."""

from __future__ import annotations

import time
from collections.abc import Sequence

from experiments.cli.closing import end
from experiments.cli.options import merge_parser
from experiments.cli.process import on_interrupt
from experiments.cli.terminal import Terminal
from experiments.console import SOME_FAILED, fail, say
from experiments.files import ResultsError
from experiments.formats import Formats
from experiments.knobs.declared import WRITTEN
from experiments.knobs.knob import SweepError
from experiments.merging import merge


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0, or 1 if a run failed. Raises SystemExit for folders that cannot be joined."""
    parser = merge_parser()
    options = parser.parse(arguments)
    start = time.perf_counter()
    observer = Terminal((lambda _: None) if options.quiet else say, not options.quiet, False, False)
    on_interrupt(lambda: observer.state)
    try:
        formats = Formats.of(**{knob.name: getattr(options, knob.name) for knob in WRITTEN})
        results = merge(options.out, options.folders, not options.no_plots, observer, formats)
    except (ResultsError, SweepError) as error:
        fail(parser.program, str(error))
    except (OSError, MemoryError) as error:
        what = str(error) or type(error).__name__
        fail(parser.program, f"the merge could not be finished: {what}; {observer.state}", SOME_FAILED)
    finally:
        observer.close()
    return end(results, observer.files, options.out, start, parser.program, options.quiet)
