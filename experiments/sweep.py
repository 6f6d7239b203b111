"""Sweep: axes -> an ordered, validated list of runs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from experiments.knobs import DTYPE, ITERATIONS, KNOBS, RECORD_EVERY, TARGET, SweepError, closest, values_of

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

    ``Sweep(hidden=[1, 2, "8x8"], learning_rate="log:0.01:1:5", seed=range(10), dataset="flower", iterations=5000)``.
    Every keyword is a knob of ``experiments.knobs``; each takes a value, a list of values, or a range as text.

    ``len(sweep)``, ``sweep[i]`` and iteration give the runs; none of them takes memory, however large the grid is.
    ``notes`` holds what should be said of the request, such as repeated values that were dropped.

    Raises SweepError, a ValueError, for anything that cannot be meant.
    """

    def __init__(self, **knobs: Any) -> None:
        self.values: dict[str, Sequence[Any]] = {}
        self.notes: list[str] = []
        names = [knob.name for knob in KNOBS]
        for name in knobs:
            if name not in names:
                raise SweepError(f"{name}: expected one of {', '.join(names)}{closest(name, names)}")
        for knob in KNOBS:
            given = knobs.get(knob.name)
            if given is None:
                self.values[knob.name] = knob.default
                continue
            self.values[knob.name], note = values_of(knob, given)
            if note:
                self.notes.append(note)
        target, datasets = self.target, self.values["dataset"]
        if target is not None and not any(name.lower().endswith(".csv") for name in datasets):
            raise SweepError(f"{TARGET.flags[0]}: expected a CSV file as data set, got {', '.join(datasets)}")

    @property
    def target(self) -> str | None:
        """The column of a CSV file that holds the class; None for the last one."""
        return self._only(TARGET.name)

    @property
    def iterations(self) -> int:
        """Updates of each network."""
        return int(self._only(ITERATIONS.name))

    @property
    def record_every(self) -> int:
        """Iterations between two points of a curve."""
        from planar_core.training import default_record_every

        return int(self._only(RECORD_EVERY.name) or default_record_every(self.iterations))

    @property
    def dtype(self) -> str:
        """Precision of the arithmetic."""
        return str(self._only(DTYPE.name))

    def _only(self, name: str) -> Any:
        values = self.values[name]
        return values[0] if len(values) else None

    def __len__(self) -> int:
        return math.prod(len(self.values[axis.name]) for axis in AXES)

    def __getitem__(self, index: int) -> Run:
        if not -len(self) <= index < len(self):
            raise IndexError(f"run {index} of {len(self)}")
        index %= len(self)
        chosen = {}
        for axis in reversed(AXES):
            values = self.values[axis.name]
            index, at = divmod(index, len(values))
            chosen[axis.name] = values[at]
        return Run(**chosen)

    def __iter__(self) -> Iterator[Run]:
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        axes = ", ".join(f"{len(self.values[axis.name])} {axis.name}" for axis in AXES)
        return f"<Sweep of {len(self):,} runs: {axes}>"

    @property
    def settings(self) -> dict[str, Any]:
        """Knobs that are no axis and yet identify the runs: those set away from their default."""
        return {
            knob.name: self._only(knob.name)
            for knob in KNOBS
            if knob.column == "if set" and self.values[knob.name] != knob.default
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
            values = self.values[knob.name]
            if knob is RECORD_EVERY:
                request[knob.name] = self.record_every
            elif not knob.is_axis:
                request[knob.name] = self._only(knob.name)
            elif isinstance(values, range) and values.step == 1:
                request[knob.name] = f"{values.start}:{values.stop}"
            else:
                request[knob.name] = list(values)
        return request

    def load(self) -> dict[str, Data]:
        """Every data set of the sweep, by name. Raises DataError, a ValueError."""
        from experiments.datasets import load

        return {
            name: load(name, self.target if name.lower().endswith(".csv") else None) for name in self.values["dataset"]
        }

    def run(self, jobs: int = -1, out: str | None = "results", backend: str = "threading") -> Results:
        """Train every network; write tables and manifest into the folder ``out``, or nowhere if it is None.

        ``jobs`` networks train at the same time (-1: as many as there are cores). The results do not depend on
        ``jobs`` nor ``backend``.
        """
        from experiments import runner, tables

        data = self.load()
        results = runner.run(self, data, jobs=jobs, backend=backend)
        if out is not None:
            tables.write(results, out)
        return results
