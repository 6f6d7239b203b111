"""Sweep: axes -> an ordered, validated list of runs."""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, SupportsIndex

from experiments.knobs import (
    BACKEND,
    DTYPE,
    ITERATIONS,
    JOBS,
    KNOBS,
    RECORD_EVERY,
    SCHEDULER,
    SEED,
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


class Run(NamedTuple):
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

    @property
    def n_configurations(self) -> int:
        """The number of configurations; each has one run a seed, and the runs of one stand together."""
        return self.size // len(self.values[SEED.name])

    def configurations(self) -> Iterator[Run]:
        """The first run of each configuration."""
        return (self[position] for position in range(0, self.size, len(self.values[SEED.name])))

    def of_seeds(self, seeds: Sequence[int]) -> Sweep:
        """The same sweep over some of its seeds."""
        return Sweep(**{**self.values, **self._settings, SEED.name: seeds})

    def identity(self, run: Run, fingerprint: str) -> dict[str, Any]:
        """Everything that determines the numbers of a run, but its seed; ``fingerprint`` stands for the data."""
        from planar_core.training import NUMERICS

        knobs = {knob.name: getattr(run, knob.name, self._settings.get(knob.name)) for knob in KNOBS}
        knobs[RECORD_EVERY.name] = self.record_every
        trains = {knob.name: knobs[knob.name] for knob in KNOBS if not knob.is_problem and knob is not SEED}
        return {"data": fingerprint, **trains, "numerics": NUMERICS}

    def load(self) -> dict[str, Data]:
        """Every data set of the sweep, by name. Raises DataError, a ValueError."""
        from experiments.datasets import load

        return {name: load(name, self.target) for name in self.values["dataset"]}

    def run(
        self,
        jobs: int = -1,
        out: str | os.PathLike[str] | None = "results",
        backend: str = "threading",
        scheduler: str | None = None,
        fresh: bool = False,
        fail_fast: bool = False,
    ) -> Results:
        """Train every network that is not stored yet; write tables and manifest into the folder ``out``.

        ``out=None`` writes nothing. ``jobs`` networks train at the same time (-1: as many as there are cores), in
        threads, in processes with ``backend="loky"``, or on a Dask cluster with ``backend="dask"``, whose address
        is ``scheduler`` (None: a local one). The results depend on none of these. ``fresh`` trains stored networks
        again; ``fail_fast`` raises RunFailed at the first run that fails.

        Raises SweepError, DataError or ResultsError, all of them ValueErrors, before any training.
        """
        jobs, backend, scheduler = value_of(JOBS, jobs), value_of(BACKEND, backend), value_of(SCHEDULER, scheduler)
        data = self.load()

        from experiments import lock, pool, runner, store, tables

        how = pool.How(jobs, backend, scheduler, fresh, fail_fast)
        if out is not None:
            tables.check_folder(out)
        with pool.workers(how) as at_once:
            if out is None:
                kept = store.Store(None)  # a file without a name, from which the results are read
                return tables.gather(self, data, kept, runner.run(self, data, kept, how, at_once))
            with lock.claimed(Path(out)) as kept:
                return tables.write(self, data, kept, runner.run(self, data, kept, how, at_once), Path(out))


def _has_file(datasets: Sequence[str]) -> bool:
    from experiments.csv_data import is_csv

    return any(map(is_csv, datasets))
