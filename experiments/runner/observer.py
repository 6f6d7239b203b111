"""What a sweep tells of itself while it is prepared and run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from experiments.datasets.source import Source
    from experiments.design import ProblemKey
    from experiments.runner.plan import Plan
    from experiments.runner.work import Todo


class RunFailed(Exception):
    """The first run that failed, where that was asked for. The message is one line."""


class Progress(NamedTuple):
    """How far the training is. A failed run is done, and yet is not stored: it is tried again next time."""

    runs: int  # of the sweep
    done: int
    stored: int
    work: int  # as in ``experiments.runner.work.work_of_run``: what was done since the start
    total_work: int


class Observer:
    """Is told how a sweep goes on. A terminal, a notebook or a test overrides what it wants to know."""

    def note(self, message: str) -> None:
        """Something to be said of the request, of the data or of the pictures."""

    def planned(self, prepared: Prepared) -> None:
        """What the sweep will take, before anything is written. May refuse it with a SweepError."""

    def accepted(self, prepared: Prepared) -> None:
        """There is room for what was planned, and nothing refused it."""

    def began(self, progress: Progress) -> None:
        """The training begins."""

    def trained(self, progress: Progress) -> None:
        """A batch of runs was stored."""

    def building(self) -> None:
        """All runs are stored; the tables are built from them."""

    def replacing_tables(self) -> None:
        """The new tables are complete, and take the places of the old ones."""

    def drawing(self) -> None:
        """The tables are written; pictures and report come next."""

    def finished(self, files: Sequence[Path]) -> None:
        """All these files are written."""


@dataclass(frozen=True)
class Prepared:
    """What is known of a sweep before it is run."""

    sources: dict[ProblemKey, Source]
    left: Todo
    plan: Plan
    notes: tuple[str, ...]  # on the request and on the data
