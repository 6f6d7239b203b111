"""Design: from axes to an ordered, validated list of runs."""

from __future__ import annotations

import itertools
import math
import operator
from collections import namedtuple
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple, SupportsIndex, cast

from experiments.knobs.declared import (
    ALIASES,
    AXES,
    CLASS_WEIGHT,
    DATASET,
    DTYPE,
    FOLD,
    FRAME,
    ITERATIONS,
    KNOBS,
    METRIC,
    READING,
    RECORD_EVERY,
    REQUESTED,
    SAMPLES,
    SEED,
    SPLIT,
    TARGET,
    ZIP,
    elsewhere,
    is_table,
)
from experiments.knobs.knob import Knob, SweepError
from experiments.knobs.values import every_value_of, plain, value_of, values_of, without_repetition
from experiments.knobs.words import shown
from experiments.text import closest, listed
from planar_core.choices import NUMERICS, checked_metrics, default_record_every

if TYPE_CHECKING:
    from experiments.datasets.source import Source

COLUMNS = tuple(sorted(AXES, key=lambda axis: axis.is_further))  # columns that are always present come first
PROBLEM_AXES = tuple(axis for axis in AXES if axis.is_problem)
MOST_PROBLEMS, MOST_SAMPLES = 10_000, 10**8  # whose data are all in memory
_TRAINING = tuple(knob for knob in KNOBS if not knob.is_problem and knob not in (*READING, SPLIT, METRIC, SEED))
IDENTIFYING = frozenset(knob.name for knob in _TRAINING)  # the names of those that are a part of an identity
_PROBLEM_NAMES = tuple(axis.name for axis in PROBLEM_AXES)
_PLACES = {axis.name: place for place, axis in enumerate(AXES)}
_problem_of = operator.itemgetter(*(_PLACES[axis.name] for axis in PROBLEM_AXES))

ProblemKey = tuple[Any, ...]
"""The key of a problem: a value for every axis that changes the data."""

_Values: Any = cast(Any, namedtuple("_Values", _PLACES))


class Run(_Values):  # type: ignore[misc]
    """One network to train: a value for every axis, in the nesting order of the sweep."""

    __slots__ = ()

    @property
    def problem(self) -> ProblemKey:
        """The key of its problem."""
        return tuple(_problem_of(self))

    def __repr__(self) -> str:
        said = {axis.name: getattr(self, axis.name) for axis in COLUMNS}
        for axis in COLUMNS:
            if axis.is_further and said[axis.name] == axis.default[0]:
                del said[axis.name]
        return f"Run({', '.join(f'{name}={value!r}' for name, value in said.items())})"


class Dimension(NamedTuple):
    """An axis of the grid, or several that vary together: their names and values, of the same length."""

    names: tuple[str, ...]
    values: tuple[Sequence[Any], ...]

    @property
    def size(self) -> int:
        """The number of steps."""
        return len(self.values[0])


class Design:
    """A full grid over the axes, in order: the last axis, the seed, changes fastest. A design runs nothing.

    ``Design(hidden=[1, 2, "8x8"], learning_rate="log:0.01:1:5", seed=range(10), iterations=1000)``.
    Every keyword is a knob of ``experiments.knobs``. Axes take a value, several values, or ranges as text. ``zip``
    names axes that vary together instead of being crossed: ``Design(learning_rate=[0.1, 1], l2=[0, 0.01],
    zip=[["learning_rate", "l2"]])``. They have the same number of values, and take the place of the outermost of them.

    ``len(sweep)``, ``sweep[i]`` and iteration give the runs without storing them, however large the grid is; beyond
    2^63, where ``len`` does not work, use ``size``.
    ``dimensions`` are the dimensions of the grid, from the outermost to the seed; ``values`` has the values of each
    axis, and ``asked`` the requested ones.
    ``notes`` has notes on the request, such as repeated values that were dropped.

    Raises SweepError, a ValueError, for an invalid request.
    """

    def __init__(self, **knobs: Any) -> None:
        self.notes: list[str] = []
        groups = _groups(knobs.pop("zip", None))
        names = [knob.name for knob in REQUESTED]
        knobs = _by_name(knobs)
        self._frames = _frames(knobs)
        for name in knobs:
            if name not in names:
                hint = elsewhere(name) or closest(name, names)
                raise SweepError(f"{name}: expected one of {', '.join(names)}, zip{hint}")
        # The knobs that are not axes.
        self._settings = {knob.name: value_of(knob, knobs.get(knob.name)) for knob in KNOBS if not knob.is_axis}
        asked = list(self._dimensions(groups, knobs))
        self.asked = _values_of(asked)
        self._zip = [list(dimension.names) for dimension in asked if len(dimension.names) > 1]
        self.dimensions = tuple(self._merged(asked))
        self.values = _values_of(self.dimensions)
        self.size = math.prod(dimension.size for dimension in self.dimensions)
        self._first = [self.values[axis.name][0] for axis in AXES]
        self._varying = [
            (dimension.size, [(_PLACES[name], values) for name, values in zip(*dimension, strict=True)])
            for dimension in reversed(self.dimensions)
            if dimension.size > 1
        ]
        for knob in KNOBS:
            if knob.needs is not None and self._is_set(knob.name):
                axis, expected, fits = knob.needs
                if not any(map(fits, self.values[axis])):
                    raise SweepError(f"{knob.flags[0]} requires {expected}, got {', '.join(self.values[axis])}")

    def _dimensions(self, groups: Sequence[Sequence[str]], knobs: dict[str, Any]) -> Iterator[Dimension]:
        group_of = {name: group for group in groups for name in group}
        by_name = {axis.name: axis for axis in AXES}
        for axis in AXES:
            group = group_of.get(axis.name)
            if axis is FOLD:
                yield Dimension((axis.name,), (self._folds(),))
            elif group is None:
                values, note = values_of(axis, knobs.get(axis.name))
                self.notes += [note] if note else []
                yield Dimension((axis.name,), (values,))
            elif axis.name == group[0]:
                columns = [every_value_of(by_name[name], knobs.get(name)) for name in group]
                if len(set(map(len, columns))) > 1:
                    lengths = (f"{name} ({len(values):,})" for name, values in zip(group, columns, strict=True))
                    raise SweepError(f"{ZIP}: expected axes of the same length, got {', '.join(lengths)}")
                steps, note = without_repetition(list(zip(*columns, strict=True)))
                self.notes += [f"{ZIP} {' '.join(group)}: {note}"] if note else []
                yield Dimension(tuple(group), tuple(zip(*steps, strict=True)))

    def _merged(self, dimensions: list[Dimension]) -> list[Dimension]:
        """The same grid without steps that differ only in a knob that has no effect for the value of another one.

        Such a knob has the value None there, and varies together with the axis that it depends on.
        """
        dependent: dict[str, list[Knob]] = {}
        for knob in AXES:
            if knob.needs is not None and tuple(self.asked[knob.name]) != tuple(knob.default):
                dependent.setdefault(knob.needs[0], []).append(knob)
        for axis, knobs in dependent.items():
            of = next(each for each in dimensions if axis in each.names)
            others = [each for each in dimensions if each.names in [(knob.name,) for knob in knobs]]
            if len(of.names) > 1 or not others:  # varied together by request
                continue
            means = {knob.name: knob.needs[2] for knob in knobs if knob.needs is not None}
            names = (axis, *(each.names[0] for each in others))
            steps = [
                (value, *(v if means[name](value) else None for name, v in zip(names[1:], rest, strict=True)))
                for value, *rest in itertools.product(of.values[0], *(each.values[0] for each in others))
            ]
            if not any(None in step for step in steps):
                continue
            kept = list(dict.fromkeys(steps))
            if len(kept) < len(steps):
                these = listed([name.replace("_", " ") for name in names[1:]], "and")
                verb = "has" if len(others) == 1 else "have"
                said = f"{these} {verb} no effect for some values of {axis}: equal configurations are merged"
                self.notes.append(f"{said} ({len(kept):,} of {len(steps):,} remain)")
            merged = Dimension(names, tuple(zip(*kept, strict=True)))
            dimensions = [merged if each is of else each for each in dimensions if each not in others]
        return dimensions

    def _folds(self) -> Sequence[int | None]:
        kind, _, folds = self.split.partition(":")
        return range(int(folds)) if kind == "cv" else FOLD.default

    def _is_set(self, name: str) -> bool:
        """Whether a knob varies or differs from its default."""
        knob = next(knob for knob in KNOBS if knob.name == name)
        values = self.values[name] if knob.is_axis else [self._settings[name]]
        default = knob.default[0] if knob.default else None
        return any(value != default for value in values)

    @property
    def target(self) -> str | None:
        """The target column of a table; None for the last one."""
        target: str | None = self._settings[TARGET.name]
        return target

    @property
    def split(self) -> str:
        """How tables are divided into a training and a test part: ``auto``, ``seed``, ``fixed`` or ``cv:K``."""
        return str(self._settings[SPLIT.name])

    @property
    def metrics(self) -> list[str]:
        """The requested metrics, if not accuracy or R^2."""
        return list(self._settings[METRIC.name] or [])

    @property
    def iterations(self) -> int:
        """Updates of each network."""
        return int(self._settings[ITERATIONS.name])

    @property
    def record_every(self) -> int:
        """Iterations between two points of a curve."""
        return int(self._settings[RECORD_EVERY.name] or default_record_every(self.iterations))

    @property
    def dtype(self) -> str:
        """Precision of the arithmetic."""
        return str(self._settings[DTYPE.name])

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: SupportsIndex) -> Run:
        position = operator.index(index)
        if not -self.size <= position < self.size:
            raise IndexError(f"run {position} of {self.size}")
        chosen = self._first.copy()
        for size, axes in self._varying:
            position, at = divmod(position, size)
            for place, values in axes:
                chosen[place] = values[at]
        return Run(*chosen)

    def __iter__(self) -> Iterator[Run]:
        return map(self.__getitem__, range(self.size))

    def __repr__(self) -> str:
        columns = set(self.columns)
        sizes = (
            f"{dimension.size} {' with '.join(dimension.names)}"
            for dimension in self.dimensions
            if not columns.isdisjoint(dimension.names)
        )
        return f"<{type(self).__name__} of {self.size:,} runs: {', '.join(sizes)}>"

    def _repr_html_(self) -> str:
        rows = [(name, self.values.get(name, [self.settings.get(name)])) for name in self.columns]
        cells = (f"<tr><th>{name}</th><td>{escape(shown(values))}</td></tr>" for name, values in rows)
        return f"<p>A sweep of {self.size:,} runs</p><table>{''.join(cells)}</table>"

    @cached_property
    def settings(self) -> dict[str, Any]:
        """Knobs other than axes that identify the runs: those that differ from their default."""
        return {
            knob.name: ", ".join(self._settings[knob.name]) if knob.is_list else self._settings[knob.name]
            for knob in KNOBS
            if not knob.is_axis and knob.column == "if set" and self._is_set(knob.name)
        }

    @cached_property
    def columns(self) -> list[str]:
        """The identifying columns."""
        axes = [axis.name for axis in COLUMNS if not axis.is_further or self._is_set(axis.name)]
        return axes + list(self.settings)

    @cached_property
    def problem_columns(self) -> list[str]:
        """The identifying columns that name the problem; ranks and ties are within a problem."""
        return [knob.name for knob in KNOBS if knob.is_problem and knob.name in self.columns]

    @property
    def request(self) -> dict[str, Any]:
        """The request as plain values by knob; ``Design(**request)`` is the same design."""
        request = {
            knob.name: plain(knob, self.asked[knob.name]) if knob.is_axis else self._settings[knob.name]
            for knob in REQUESTED
        }
        request["zip"] = self._zip
        return {**request, RECORD_EVERY.name: self.record_every}

    @property
    def replicate_columns(self) -> list[str]:
        """The identifying columns that distinguish the replicates of a configuration."""
        return [knob.name for knob in KNOBS if knob.is_replicate and knob.name in self.columns]

    @property
    def configuration_columns(self) -> list[str]:
        """The other identifying columns."""
        return [name for name in self.columns if name not in self.replicate_columns]

    @property
    def n_replicates(self) -> int:
        """The number of runs of a configuration, one for each fold and seed; they are consecutive."""
        return len(self.values[FOLD.name]) * len(self.values[SEED.name])

    @property
    def n_configurations(self) -> int:
        """The number of configurations."""
        return self.size // self.n_replicates

    def configuration(self, position: int) -> Run:
        """The first run of a configuration."""
        return self[position * self.n_replicates]

    def configurations(self) -> Iterator[Run]:
        """The first run of each configuration."""
        return map(self.configuration, range(self.n_configurations))

    @property
    def n_series(self) -> int:
        """The number of series: a series is the runs of a configuration that differ only in the seed."""
        return self.size // len(self.values[SEED.name])

    def series(self, position: int) -> Run:
        """The first run of a series."""
        return self[position * len(self.values[SEED.name])]

    def all_series(self) -> Iterator[Run]:
        """The first run of each series."""
        return map(self.series, range(self.n_series))

    def of_seeds(self, seeds: Sequence[int]) -> Design:
        """The same sweep over some of its seeds."""
        return Design(**{**self.request, SEED.name: seeds})

    def identity(self, run: Run, data: Mapping[str, Any]) -> dict[str, Any]:
        """Everything except the seed that determines the numbers of a run; ``data`` is the identity of its source.

        Optional knobs at their default are left out, so that runs stored before a knob existed are still found.
        """
        knobs = {**self._settings, RECORD_EVERY.name: self.record_every, **run._asdict()}
        trains = {knob.name: knobs[knob.name] for knob in _TRAINING if identifies(knob, knobs[knob.name])}
        return {**data, **trains, "numerics": NUMERICS}

    def problems(self) -> Iterator[ProblemKey]:
        """Every problem of the sweep once, outermost axis first. Raises SweepError for too many."""
        dimensions, parts = [], []
        for dimension in self.dimensions:
            columns = [(name, values) for name, values in zip(*dimension, strict=True) if name in _PROBLEM_NAMES]
            if columns:
                names, values = zip(*columns, strict=True)
                dimensions.append(names)
                parts.append(list(dict.fromkeys(zip(*values, strict=True))))
        if (n := math.prod(map(len, parts))) > MOST_PROBLEMS:
            varying = [name.replace("_", " ") for name in _PROBLEM_NAMES if len(self.values[name]) > 1]
            raise SweepError(f"{', '.join(varying)}: expected at most {MOST_PROBLEMS:,} problems in total, got {n:,}")
        for chosen in itertools.product(*parts):
            value = {
                name: v
                for names, values in zip(dimensions, chosen, strict=True)
                for name, v in zip(names, values, strict=True)
            }
            yield tuple(value[name] for name in _PROBLEM_NAMES)

    def problem_knobs(self, problem: ProblemKey) -> dict[str, Any]:
        """The columns that name a problem, with their values."""
        values = {**dict(zip(_PROBLEM_NAMES, problem, strict=True)), **self.settings}
        return {name: values[name] for name in self.problem_columns}

    def load(self) -> dict[ProblemKey, Source]:
        """The data source of every problem. Raises SweepError for too many, or DataError; both are ValueErrors."""
        from experiments.datasets.loading import load_source, may_be_remade  # Numba: half a second
        from experiments.datasets.remade import MOST_KEPT, Recent

        problems = list(self.problems())
        n_samples = sum(problem[PROBLEM_AXES.index(SAMPLES)] for problem in problems)
        if n_samples > MOST_SAMPLES:
            expected = f"at most {MOST_SAMPLES:,} in total for all problems"
            raise SweepError(f"{SAMPLES.flags[0]}: expected {expected}, got {n_samples:,}")
        arguments = {problem: self.data_arguments(problem) for problem in problems}
        if len(problems) > MOST_KEPT:
            recent = Recent()
            sources = {problem: may_be_remade(recent, **arguments[problem]) for problem in problems}
        else:
            sources = {problem: load_source(**arguments[problem]) for problem in problems}
        self._check_tasks({source.sizes.task for source in sources.values()})
        return sources

    def _check_tasks(self, tasks: set[str]) -> None:
        """Raises SweepError for tasks that cannot be combined with each other or with the request."""
        if "regression" in tasks and len(tasks) > 1:
            raise SweepError(f"{DATASET.flags[0]}: expected only classification or only regression data sets, got both")
        for task in tasks:
            try:
                checked_metrics(self.metrics, task)
            except ValueError as error:
                raise SweepError(f"{METRIC.flags[0]}: {error}") from None
        if "regression" in tasks and self._is_set(CLASS_WEIGHT.name):
            raise SweepError(f"{CLASS_WEIGHT.flags[0]}: expected classification data, got regression")

    def data_arguments(self, problem: ProblemKey) -> dict[str, Any]:
        """The arguments of ``load_source`` for a problem; None for those at their default or without effect."""
        arguments: dict[str, Any] = {
            axis.name: None if axis.is_further and value == axis.default[0] else value
            for axis, value in zip(PROBLEM_AXES, problem, strict=True)
        }
        if is_table(arguments[DATASET.name]):
            arguments |= {knob.name: self._settings[knob.name] for knob in READING if self._is_set(knob.name)}
        name = arguments.pop(DATASET.name)
        return {"name": name, "frame": self._frames.get(name), "split": self.split, **arguments}


def identifies(knob: Knob, value: Any) -> bool:
    """Whether a value of a training knob is a part of the identity of a run."""
    return not knob.is_further or value not in (None, knob.default[0])


def _values_of(dimensions: Iterable[Dimension]) -> dict[str, Sequence[Any]]:
    return {name: values for dimension in dimensions for name, values in zip(*dimension, strict=True)}


def _by_name(knobs: Mapping[str, Any]) -> dict[str, Any]:
    """The knobs by name; other names from the command line are translated."""
    named: dict[str, Any] = {}
    for given, value in knobs.items():
        name = ALIASES.get(given, given)
        if name in named:
            other = next(other for other in knobs if ALIASES.get(other, other) == name and other != name)
            raise SweepError(f"{name}: expected each setting once, got {other} as well")
        named[name] = value
    return named


def _frames(knobs: dict[str, Any]) -> dict[str, Any]:
    """Tables given as objects, a DataFrame or (X, y), by the name that replaces them among the knobs."""
    given = knobs.get(DATASET.name)
    if hasattr(given, "columns") or (isinstance(given, tuple) and len(given) == 2 and hasattr(given[0], "__array__")):
        knobs[DATASET.name] = FRAME
        return {FRAME: given}
    return {}


def _groups(given: Any) -> list[list[str]]:
    """The names of the axes that vary together, those of each group in nesting order."""
    names = {flag.lstrip("-"): axis.name for axis in AXES for flag in axis.flags}
    names |= {axis.name: axis.name for axis in AXES if axis is not FOLD}  # it follows from the split
    lists = [] if given is None else given
    if isinstance(given, list | tuple) and given and all(isinstance(name, str) for name in given):
        lists = [given]  # one group needs no brackets of its own
    if not isinstance(lists, list | tuple) or not all(isinstance(group, list | tuple) for group in lists):
        raise SweepError(f"{ZIP}: expected lists of axes to vary together, got {given!r}")
    groups, taken = [], set[str]()
    for group in lists:
        members = []
        for name in group:
            axis = names.get(str(name).lstrip("-"))
            if axis is None:
                choices = [name for name in _PLACES if name not in (FOLD.name, SEED.name)]
                expected = f"axes among {', '.join(choices)}"
                raise SweepError(f"{ZIP}: expected {expected}, got {name!r}{closest(str(name), choices)}")
            if axis == SEED.name:
                raise SweepError(f"{ZIP}: expected axes other than seed, got {axis}")
            if axis in taken:
                raise SweepError(f"{ZIP}: expected each axis once, got {axis} again")
            taken.add(axis)
            members.append(axis)
        if len(members) < 2:
            raise SweepError(f"{ZIP}: expected at least two axes, got {', '.join(members) or 'none'}")
        groups.append(sorted(members, key=_PLACES.__getitem__))
    return groups
