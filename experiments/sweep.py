"""Sweep: axes -> an ordered, validated list of runs."""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, SupportsIndex

from experiments.knobs import (
    BACKEND,
    DTYPE,
    ITERATIONS,
    JOBS,
    KNOBS,
    RECORD_EVERY,
    TARGET,
    SweepError,
    closest,
    value_of,
    values_of,
)

if TYPE_CHECKING:
    from experiments.datasets import Data
    from experiments.tables import Results

AXES = tuple(knob for knob in KNOBS if knob.is_axis)


@dataclass(frozen=True)
class Run:
    """One network to be trained: a value for every axis."""

    dataset: str
    hidden: str
    learning_rate: float
    seed: int


class Sweep:
    """A full grid over the axes, in order: the last axis, the seed, changes fastest.

    ``Sweep(hidden=[1, 2, "8x8"], learning_rate="log:0.01:1:5", seed=range(10), iterations=1000)``.
    Every keyword is a knob of ``experiments.knobs``. Axes take a value, several, or ranges as text.

    ``len(sweep)``, ``sweep[i]`` and iteration give the runs, and take no memory, however large the grid is.
    ``notes`` holds what should be said of the request, such as repeated values that were dropped.

    Raises SweepError, a ValueError, for anything that cannot be meant.
    """

    def __init__(self, **knobs: Any) -> None:
        self.values: dict[str, Sequence[Any]] = {}
        self.notes: list[str] = []
        self._settings: dict[str, Any] = {}  # the knobs that are no axis
        names = [knob.name for knob in KNOBS]
        for name in knobs:
            if name not in names:
                raise SweepError(f"{name}: expected one of {', '.join(names)}{closest(name, names)}")
        for knob in KNOBS:
            given = knobs.get(knob.name)
            if not knob.is_axis:
                self._settings[knob.name] = value_of(knob, given)
                continue
            self.values[knob.name], note = values_of(knob, given)
            if note:
                self.notes.append(note)
        datasets = self.values["dataset"]
        if self.target is not None and not _has_file(datasets):
            raise SweepError(f"{TARGET.flags[0]}: expected a CSV file as data set, got {', '.join(datasets)}")

    @property
    def target(self) -> str | None:
        """The column of a CSV file that holds the class; None for the last one."""
        target: str | None = self._settings[TARGET.name]
        return target

    @property
    def iterations(self) -> int:
        """Updates of each network."""
        return int(self._settings[ITERATIONS.name])

    @property
    def record_every(self) -> int:
        """Iterations between two points of a curve."""
        from planar_core.training import default_record_every

        return int(self._settings[RECORD_EVERY.name] or default_record_every(self.iterations))

    @property
    def dtype(self) -> str:
        """Precision of the arithmetic."""
        return str(self._settings[DTYPE.name])

    @property
    def size(self) -> int:
        """The number of runs: ``len(sweep)``, which Python refuses beyond 2^63."""
        return math.prod(len(self.values[axis.name]) for axis in AXES)

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: SupportsIndex) -> Run:
        position = operator.index(index)
        if not -self.size <= position < self.size:
            raise IndexError(f"run {position} of {self.size}")
        chosen = {}
        for axis in reversed(AXES):
            values = self.values[axis.name]
            position, at = divmod(position, len(values))
            chosen[axis.name] = values[at]
        return Run(**chosen)

    def __iter__(self) -> Iterator[Run]:
        return map(self.__getitem__, range(self.size))

    def __repr__(self) -> str:
        axes = ", ".join(f"{len(self.values[axis.name])} {axis.name}" for axis in AXES)
        return f"<Sweep of {self.size:,} runs: {axes}>"

    @property
    def settings(self) -> dict[str, Any]:
        """Knobs that are no axis and yet identify the runs: those set away from their default."""
        return {
            knob.name: self._settings[knob.name]
            for knob in KNOBS
            if knob.column == "if set" and self._settings[knob.name] != value_of(knob, None)
        }

    @property
    def columns(self) -> list[str]:
        """The identifying columns."""
        return [axis.name for axis in AXES] + list(self.settings)

    @property
    def problem_columns(self) -> list[str]:
        """Those of the identifying columns that name the problem: ranks and ties are within one."""
        return [knob.name for knob in KNOBS if knob.is_problem and knob.name in self.columns]

    @property
    def request(self) -> dict[str, Any]:
        """What was asked for, by knob, as plain values; a range stays a range (``0:10``)."""
        request: dict[str, Any] = {}
        for knob in KNOBS:
            if knob.is_axis:
                values = self.values[knob.name]
                request[knob.name] = list(values)
                if isinstance(values, range) and values.step == 1:
                    request[knob.name] = f"{values.start}:{values.stop}"
            else:
                request[knob.name] = self._settings[knob.name]
        return {**request, RECORD_EVERY.name: self.record_every}

    def load(self) -> dict[str, Data]:
        """Every data set of the sweep, by name. Raises DataError, a ValueError."""
        from experiments.datasets import load

        return {name: load(name, self.target) for name in self.values["dataset"]}

    def run(
        self, jobs: int = -1, out: str | os.PathLike[str] | None = "results", backend: str = "threading"
    ) -> Results:
        """Train every network; write tables and manifest into the folder ``out``, or nowhere if it is None.

        ``jobs`` networks train at the same time (-1: as many as there are cores), in threads, or in processes
        with ``backend="loky"``. The results depend on neither.

        Raises SweepError, DataError or ResultsError, all of them ValueErrors, before any training.
        """
        jobs, backend = value_of(JOBS, jobs), value_of(BACKEND, backend)
        data = self.load()

        from experiments import runner, tables

        if out is not None:
            tables.check_folder(out)
        results = runner.run(self, data, jobs=jobs, backend=backend)
        if out is not None:
            tables.write(results, out)
        return results


def _has_file(datasets: Sequence[str]) -> bool:
    from experiments.csv_data import is_csv

    return any(map(is_csv, datasets))
