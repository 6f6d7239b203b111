"""When each run first reached a target that is known only after all runs have been read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from experiments.tables.packed import Packed

Floats = npt.NDArray[np.float64]


class Climbs:
    """For each run, the records at which its test accuracy exceeded all earlier ones.

    They determine when any target was first reached, with a few numbers per run instead of a whole curve.
    """

    def __init__(self) -> None:
        # How many each run has; their accuracies and records.
        self._of_runs, self._accuracies, self._records = Packed(), Packed(), Packed()

    def add(self, accuracies: Floats, floors: Floats) -> None:
        """Add the curves of runs, (runs, records). No target below its floor, (runs,), will be requested of a run."""
        highest = np.maximum.accumulate(np.fmax(accuracies, -np.inf), axis=1)
        before = np.full_like(highest, -np.inf)
        before[:, 1:] = highest[:, :-1]
        climbs = (highest > before) & (highest >= floors[:, np.newaxis])
        self._of_runs.add(climbs.sum(axis=1))
        self._accuracies.add(highest[climbs])
        self._records.add(np.nonzero(climbs)[1])

    def first(
        self,
        targets: Floats,
        iterations: Sequence[npt.NDArray[np.int64]],
        which: npt.NDArray[np.int64],
        ends: npt.NDArray[np.int64],
    ) -> Floats:
        """The first of its recorded iterations at which each run had reached its target, (runs,); inf for never.

        ``targets`` are (groups,), each of consecutive runs, before the run at its end in ``ends``; one that is nan is
        never reached. The recorded iterations of a group are those of ``iterations`` at the position ``which``.
        """
        first = np.full(int(ends[-1]) if len(ends) else 0, np.inf)
        starts = np.concatenate([[0], np.cumsum([len(each) for each in iterations])])
        every = np.concatenate(iterations).astype(np.float64)
        start = 0
        for of_runs, accuracies, records in zip(self._of_runs, self._accuracies, self._records, strict=True):
            run = start + np.repeat(np.arange(len(of_runs)), of_runs)
            group = np.searchsorted(ends, run, side="right")
            reached = accuracies >= targets[group]
            at = every[starts[which[group[reached]]] + records[reached]]
            np.minimum.at(first, run[reached], at)
            start += len(of_runs)
        return first
