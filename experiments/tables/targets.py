"""When each run first reached a target that is known only after all runs have been read."""

from __future__ import annotations

from array import array

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Climbs:
    """For each run, the records at which its test accuracy exceeded all earlier ones.

    They determine when any target was first reached, with a few numbers per run instead of a whole curve.
    """

    def __init__(self) -> None:
        self._ends = array("q")  # of each run, among the following
        self._accuracies, self._records = array("d"), array("q")

    def add(self, accuracies: Floats, floor: float = -np.inf) -> None:
        """Add the curve of a run, (records,). No target below ``floor`` will be requested."""
        highest = np.fmax.accumulate(np.append(-np.inf, accuracies))
        climbs = np.flatnonzero((highest[1:] > highest[:-1]) & (highest[1:] >= floor))
        self._accuracies.extend(highest[climbs + 1].tolist())
        self._records.extend(climbs.tolist())
        self._ends.append(len(self._records))

    def first(self, targets: Floats, iterations: npt.NDArray[np.int64]) -> Floats:
        """The first of the recorded ``iterations`` at which each run had reached its target, (runs,); inf for never.

        ``targets`` are (runs,); one that is nan is never reached.
        """
        ends = np.array(self._ends, np.int64)
        run = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
        reached = np.array(self._accuracies) >= targets[run]
        first = np.full(len(ends), np.inf)
        np.minimum.at(first, run[reached], iterations[np.array(self._records, np.int64)[reached]].astype(np.float64))
        return first
