"""The terminal output of a running sweep: notes, a progress bar, and the state of the files."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from experiments.bar import Bar
from experiments.console import Say, warn
from experiments.knobs.knob import SweepError
from experiments.sweep import Observer, Prepared, Progress, Stage, Standing

# A plan beyond these limits requires --yes, so that a typing error in a range does not cost a night.
MOST_HOURS = 24
MOST_GIBIBYTES = 8  # of memory
MOST_GIGABYTES = 100  # on disk


class Cost(Protocol):
    """What a plan says: seconds, and bytes of memory and on disk."""

    @property
    def seconds(self) -> float: ...  # noqa: D102

    @property
    def memory(self) -> int: ...  # noqa: D102

    @property
    def disk(self) -> int: ...  # noqa: D102


def is_large(plan: Cost) -> bool:
    """Whether the plan has to be confirmed."""
    is_long = plan.seconds > MOST_HOURS * 3600
    return is_long or plan.memory > MOST_GIBIBYTES * 2**30 or plan.disk > MOST_GIGABYTES * 10**9


def check_confirmed(plan: Cost, is_confirmed: bool, what: str = "sweep") -> None:
    """Raises SweepError for a large plan that is not confirmed."""
    if is_large(plan) and not is_confirmed:
        most = f"{MOST_HOURS} h, {MOST_GIBIBYTES} GiB of memory or {MOST_GIGABYTES} GB on disk"
        raise SweepError(f"{plan}: exceeds the limit of {most}; reduce the {what} or confirm with --yes")


class Terminal(Observer):
    """The observer of the command line. ``state`` describes the files if the sweep ends early."""

    def __init__(self, say: Say, shows_bar: bool, is_confirmed: bool, fresh: bool) -> None:
        self._say, self._is_confirmed = say, is_confirmed
        self._bar = Bar(shows_bar and sys.stderr.isatty())
        self._afresh, self._again = (" again", " without --fresh") if fresh else ("", "")
        self.files: Sequence[Path] = ()
        self._progress: Progress | None = None
        self.state = "nothing was written"

    def note(self, message: str) -> None:
        """Print it."""
        self.close()
        self._say(message)

    def planned(self, prepared: Prepared) -> None:
        """Refuse a large plan that is not confirmed."""
        check_confirmed(prepared.plan, self._is_confirmed)

    def accepted(self, prepared: Prepared) -> None:
        """Print the plan."""
        most = "at most " if prepared.left.design.margin is not None else ""
        self._say(f"{most}{prepared.plan}")

    def began(self, progress: Progress) -> None:
        """Show the bar."""
        self._set_state(progress, "the tables are unchanged")
        self._bar.start(progress.total_work, self._runs(progress))

    def trained(self, progress: Progress) -> None:
        """Move the bar."""
        self._set_state(progress, "the tables are unchanged")
        self._bar.move(progress.work, self._runs(progress))

    @staticmethod
    def _runs(progress: Progress) -> str:
        return f"{progress.done:,}/{progress.runs:,} runs"

    def close(self) -> None:
        """Remove the bar."""
        self._bar.close()

    def raced(self, standing: Standing) -> None:
        """Print it."""
        self.close()
        self._say(str(standing))

    def building(self) -> None:
        """Remove the bar."""
        self.close()

    def advanced(self, stage: Stage) -> None:
        """Show the bar of the stage."""
        self._bar.show(stage.done, stage.total, str(stage))

    def replacing_tables(self) -> None:
        """From here on, the tables may be old or new."""
        self.close()
        self._set_state(self._progress, "the tables were being replaced")

    def drawing(self) -> None:
        """From here on, only plots can be missing."""
        self._set_state(self._progress, "the tables were written, but not all plots")

    def undrawn(self, message: str) -> None:
        """Print it, even if everything else is quiet."""
        self.close()
        warn(f"experiments.grid: {message}")

    def finished(self, files: Sequence[Path]) -> None:
        """Remember the files."""
        self.close()
        self.files = files
        self.state = "all files were written"

    def _set_state(self, progress: Progress | None, files: str) -> None:
        self._progress = progress
        if progress is not None:
            runs = f"{progress.stored:,} of {progress.runs:,} runs are stored{self._afresh}"
            self.state = f"{runs}, {files}; run the same command{self._again} to continue"
