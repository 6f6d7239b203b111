"""What a sweep reports while it is prepared and run."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from experiments.text import count

if TYPE_CHECKING:
    from experiments.datasets.source import Source
    from experiments.design import ProblemKey
    from experiments.runner.plan import Plan
    from experiments.runner.work import Todo


class RunFailed(Exception):
    """The first failed run, with fail_fast. The message is one line."""


class Progress(NamedTuple):
    """Progress of the training. A failed run is done but not finished: it is tried again next time."""

    runs: int  # of the sweep
    done: int
    stored: int
    work: int  # done since the start, in units of ``experiments.runner.work.work_of_run``
    total_work: int


class Standing(NamedTuple):
    """The standing of a race: how many of its configurations are decided, after so many seeds."""

    seeds: int
    configurations: int
    out: int
    within: int  # the margin of the best

    @property
    def left(self) -> int:
        """How many are not ruled out."""
        return self.configurations - self.out

    def __str__(self) -> str:
        within = f", {self.within:,} of them within the margin of the best" if self.within else ""
        return f"{count(self.seeds, 'seed')}: {self.left:,} of {self.configurations:,} configurations left{within}"


class Stage(NamedTuple):
    """Progress of what follows the training: tables, statistics, plots. First with nothing done."""

    what: str
    done: int
    total: int
    unit: str

    def __str__(self) -> str:
        return f"{self.what}: {self.done:,}/{count(self.total, self.unit)}"


class Observer:
    """Receives the progress of a sweep. Terminals, notebooks and tests override the methods they need."""

    def note(self, message: str) -> None:
        """A note on the request, the data or the plots."""

    def planned(self, prepared: Prepared) -> None:
        """The plan, before anything is written. May refuse it with a SweepError."""

    def accepted(self, prepared: Prepared) -> None:
        """The plan was accepted and fits on the disk."""

    def began(self, progress: Progress) -> None:
        """Training begins."""

    def trained(self, progress: Progress) -> None:
        """A batch of runs was stored."""

    def raced(self, standing: Standing) -> None:
        """A round of a race is trained."""

    def building(self) -> None:
        """All runs are stored; the tables are built from them."""

    def advanced(self, stage: Stage) -> None:
        """Tables, statistics or plots have come so far."""

    def replacing_tables(self) -> None:
        """The new tables are complete and replace the old ones."""

    def drawing(self) -> None:
        """The tables are written; plots and report come next."""

    def undrawn(self, message: str) -> None:
        """Plots or report could not be made; the tables are complete."""
        warnings.warn(message, stacklevel=2)

    def finished(self, files: Sequence[Path]) -> None:
        """All files are written."""


@dataclass(frozen=True)
class Prepared:
    """What is known about a sweep before it runs."""

    sources: dict[ProblemKey, Source]
    left: Todo
    plan: Plan
    notes: tuple[str, ...]  # on the request and on the data
    budget: int | None = None  # the most runs that a budget allows
