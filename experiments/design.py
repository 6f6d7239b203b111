"""Design: from axes to an ordered, validated list of runs."""

from __future__ import annotations

import copy
import itertools
import math
import operator
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple, Self, SupportsIndex, cast

from experiments.knobs.declared import (
    ALIASES,
    AXES,
    BUDGET,
    CLASS_WEIGHT,
    DATASET,
    DECISION,
    DEFAULT_VALIDATION,
    DTYPE,
    FOLD,
    FRAME,
    ITERATIONS,
    KNOBS,
    METRIC,
    PATIENCE,
    READING,
    RECORD_EVERY,
    REQUESTED,
    SAMPLE,
    SAMPLE_SEED,
    SAMPLES,
    SEED,
    SPLIT,
    TARGET,
    UNTIL_DECIDED,
    VALIDATION_FRACTION,
    ZIP,
    elsewhere,
    is_table,
)
from experiments.knobs.knob import Knob, SweepError
from experiments.knobs.values import (
    Span,
    every_value_of,
    plain,
    sampled_value,
    value_of,
    values_of,
    without_repetition,
)
from experiments.knobs.words import shown
from experiments.sampling import Fraction, different_steps
from experiments.text import closest, count, listed
from planar_core.choices import METRICS, NUMERICS, checked_metrics, default_record_every

if TYPE_CHECKING:
    from experiments.datasets.source import Source

COLUMNS = tuple(sorted(AXES, key=lambda axis: axis.column != "always"))  # columns that are always present come first
PROBLEM_AXES = tuple(axis for axis in AXES if axis.is_problem)
MOST_PROBLEMS, MOST_SAMPLES = 10_000, 10**8  # whose data are all in memory
MANY_SEEDS = range(1000)  # from which --until-decided and --budget take as many as they need
_OTHERS = (*READING, SPLIT, METRIC, UNTIL_DECIDED, DECISION, BUDGET, SEED, SAMPLE, SAMPLE_SEED)
_TRAINING = tuple(knob for knob in KNOBS if not knob.is_problem and knob not in _OTHERS)
IDENTIFYING = frozenset(knob.name for knob in _TRAINING)  # the names of those that are a part of an identity
_PROBLEM_NAMES = tuple(axis.name for axis in PROBLEM_AXES)
_BY_NAME = {axis.name: axis for axis in AXES}
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
            if axis.column != "always" and said[axis.name] == axis.default[0]:
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

    @property
    def is_sampled(self) -> bool:
        """Whether a sample draws from it; data sets, folds and seeds are crossed with the sample."""
        varies = self.size > 1 or any(isinstance(value, Span) for value in self.values[0])
        return varies and all(_BY_NAME[name].is_sampled for name in self.names)


class Design:
    """A full grid over the axes, in order: the last axis, the seed, changes fastest. A design runs nothing.

    ``Design(hidden=[1, 2, "8x8"], learning_rate="log:0.01:1:5", seed=range(10), iterations=1000)``.
    Every keyword is a knob of ``experiments.knobs``. Axes take a value, several values, or ranges as text. ``zip``
    names axes that vary together instead of being crossed: ``Design(learning_rate=[0.1, 1], l2=[0, 0.01],
    zip=[["learning_rate", "l2"]])``. They have the same number of values, and take the place of the outermost of them.
    ``sample`` is a number of configurations to draw from the grid, or from ranges without a number of points:
    ``Design(hidden=range(1, 65), learning_rate="log:0.001:10", sample=100, sample_seed=0)``. They are the first
    different ones at the points of a Halton sequence, so a larger sample contains a smaller one. Data sets and seeds
    are crossed with them.

    ``len(sweep)``, ``sweep[i]`` and iteration give the runs without storing them, however large the grid is; beyond
    2^63, where ``len`` does not work, use ``size``.
    ``dimensions`` are the dimensions of the grid, from the outermost to the seed; ``values`` has the values of each
    axis, and ``asked`` the requested ones. ``sampled`` names the axes of a sample, which are one dimension. ``trained``
    is None, or in a race, where configurations need different numbers of seeds, how many each has: the first of
    ``values["seed"]``.
    ``notes`` has notes on the request, such as repeated values that were dropped.

    Raises SweepError, a ValueError, for an invalid request.
    """

    def __init__(self, **knobs: Any) -> None:
        self.notes: list[str] = []
        self.trained: Sequence[int] | None = None
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
        if (self.margin, self.budget) != (None, None) and knobs.get(SEED.name) is None:
            knobs[SEED.name] = MANY_SEEDS
        if self.margin is None and self._settings[DECISION.name] != DECISION.default[0]:
            raise SweepError(f"{DECISION.flags[0]} requires {UNTIL_DECIDED.flags[0]}")
        self._check_sample_seed()
        asked = list(self._dimensions(groups, knobs))
        self.asked = _values_of(asked)
        self._zip = [list(dimension.names) for dimension in asked if len(dimension.names) > 1]
        self.sampled: tuple[str, ...] = ()
        self._set_dimensions(self._merged(asked) if self.sample is None else self._drawn(asked, self.sample))
        for knob in KNOBS:
            if knob.needs is not None and self._is_set(knob.name):
                axis, expected, fits = knob.needs
                if not any(map(fits, self.asked[axis])):
                    raise SweepError(f"{knob.flags[0]} requires {expected}, got {', '.join(self.asked[axis])}")
        if self._is_set(VALIDATION_FRACTION.name) and self.patience is None:
            raise SweepError(f"{VALIDATION_FRACTION.flags[0]} requires {PATIENCE.flags[0]} N")
        if self.patience is not None and self._is_several(ITERATIONS):
            got = f"got {shown(self.asked[ITERATIONS.name])}; use only the largest one"
            raise SweepError(f"{PATIENCE.flags[0]}: expected one value of {ITERATIONS.flags[0]}, {got}")

    def _set_dimensions(self, dimensions: Iterable[Dimension]) -> None:
        self.dimensions = tuple(dimensions)
        self.values = _values_of(self.dimensions)
        self.size = math.prod(dimension.size for dimension in self.dimensions)
        self._first = [self.values[axis.name][0] for axis in AXES]
        self._varying = [
            (dimension.size, [(_PLACES[name], values) for name, values in zip(*dimension, strict=True)])
            for dimension in reversed(self.dimensions)
            if dimension.size > 1
        ]

    def _check_sample_seed(self) -> None:
        """The seed of a sample is 0 by default, and None without a sample."""
        seed = self._settings[SAMPLE_SEED.name]
        if self.sample is None and seed is not None:
            raise SweepError(f"{SAMPLE_SEED.flags[0]}: expected {SAMPLE.flags[0]} N as well, got {seed} without it")
        if self.sample is not None:
            self._settings[SAMPLE_SEED.name] = seed or 0

    def _dimensions(self, groups: Sequence[Sequence[str]], knobs: dict[str, Any]) -> Iterator[Dimension]:
        group_of = {name: group for group in groups for name in group}
        for axis in AXES:
            group = group_of.get(axis.name)
            if axis is FOLD:
                yield Dimension((axis.name,), (self._folds(),))
            elif group is None:
                values, note = values_of(axis, knobs.get(axis.name), axis.is_sampled and self.sample is not None)
                self.notes += [note] if note else []
                yield Dimension((axis.name,), (values,))
            elif axis.name == group[0]:
                columns = [every_value_of(_BY_NAME[name], knobs.get(name), self.sample is not None) for name in group]
                for name, values in zip(group, columns, strict=True):
                    if (span := next((value for value in values if isinstance(value, Span)), None)) is not None:
                        expected = f"a number of points for {name}, such as {span}:5"
                        raise SweepError(f"{ZIP}: expected {expected}, got {span}")
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

    def _drawn(self, asked: list[Dimension], n: int) -> list[Dimension]:
        """Dimensions with a sample of ``n`` configurations in place of the outermost axis that it draws from.

        All of them if there are no more. Raises SweepError if there is nothing to draw from.
        """
        axes = [each for each in asked if each.is_sampled]
        if not axes:
            expected = "an axis with several values, or a range such as --learning-rate log:0.001:10"
            raise SweepError(f"{SAMPLE.flags[0]}: expected {expected}, got one configuration")
        dependent = self._without_effect(axes)
        alone = [each for each in asked if each not in axes and each.names[0] in dependent]
        names = tuple(name for each in (*axes, *alone) for name in each.names)

        def step_of(values: Iterable[Any]) -> tuple[Any, ...]:
            step = dict(zip(names, values, strict=True))
            return tuple(
                None if name in dependent and not dependent[name][1](step[dependent[name][0]]) else value
                for name, value in step.items()
            )

        def step_at(point: Sequence[Fraction]) -> tuple[Any, ...]:
            drawn = [_drawn_from(axis, *fraction) for axis, fraction in zip(axes, point, strict=True)]
            return step_of(itertools.chain(*drawn, (each.values[0][0] for each in alone)))

        rest: Iterable[tuple[Any, ...]] = ()
        has_spans = any(isinstance(value, Span) for axis in axes for values in axis.values for value in values)
        if not has_spans:
            before = list(self.notes)
            merged = self._merged(asked)
            size = math.prod(each.size for each in merged if not set(names).isdisjoint(each.names))
            if size <= n:
                self.notes += [f"{SAMPLE.flags[0]} {n:,}: the whole grid, which has {count(size, 'configuration')}"]
                return merged
            self.notes = before
            parts = [list(zip(*each.values, strict=True)) for each in (*axes, *alone)]
            rest = (step_of(itertools.chain(*chosen)) for chosen in itertools.product(*parts))
        steps = different_steps(n, len(axes), self._settings[SAMPLE_SEED.name], step_at, rest)
        if len(steps) < n:
            self.notes += [f"{SAMPLE.flags[0]} {n:,}: only {len(steps):,} different configurations were found"]
        self.sampled = names
        sample = Dimension(names, tuple(zip(*steps, strict=True)))
        return [sample if each is axes[0] else each for each in asked if each is axes[0] or each not in (*axes, *alone)]

    def _without_effect(self, axes: Iterable[Dimension]) -> dict[str, tuple[str, Callable[[Any], bool]]]:
        """The settings that have no effect for some values of these axes: each with its axis and a test of the value.

        As in ``_merged``, an axis that is varied together with others by request is left as it is.
        """
        single = {each.names[0] for each in axes if len(each.names) == 1}
        return {
            knob.name: (knob.needs[0], knob.needs[2])
            for knob in AXES
            if knob.needs is not None
            and knob.needs[0] in single
            and knob.name not in (name for each in self._zip for name in each)
            and tuple(self.asked[knob.name]) != tuple(knob.default)
        }

    def _folds(self) -> Sequence[int | None]:
        kind, _, folds = self.split.partition(":")
        return range(int(folds)) if kind == "cv" else FOLD.default

    def _is_set(self, name: str) -> bool:
        """Whether a knob varies or differs from its default."""
        knob = next(knob for knob in KNOBS if knob.name == name)
        values = self.asked[name] if knob.is_axis else [self._settings[name]]
        default = knob.default[0] if knob.default else None
        return any(value != default for value in values)

    def _is_several(self, axis: Knob) -> bool:
        """Whether several values of an axis, or a range of them, were asked for."""
        first, *others = self.asked[axis.name]
        return bool(others) or isinstance(first, Span)

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
    def margin(self) -> float | None:
        """The margin of a race; None: every seed is trained."""
        margin: float | None = self._settings[UNTIL_DECIDED.name]
        return margin

    @property
    def is_exact(self) -> bool:
        """Whether a race assumes nothing about the distribution of the metric."""
        return bool(self._settings[DECISION.name] == "exact")

    @property
    def budget(self) -> str | None:
        """The time, or the number of runs, that limits the seeds; None: there is no limit."""
        budget: str | None = self._settings[BUDGET.name]
        return budget

    @property
    def sample(self) -> int | None:
        """The requested number of configurations; None for the whole grid."""
        n: int | None = self._settings[SAMPLE.name]
        return n

    @property
    def iterations(self) -> int:
        """Updates of each network; the largest of several numbers."""
        return int(max(self.values[ITERATIONS.name]))

    @property
    def record_every(self) -> int:
        """Iterations between two points of a curve; that of the longest curve if there are several numbers."""
        return self.record_every_of(self.iterations)

    def record_every_of(self, iterations: int) -> int:
        """Iterations between two points of the curve of so many iterations."""
        return int(self._settings[RECORD_EVERY.name] or default_record_every(iterations))

    @property
    def lengths(self) -> dict[int, int]:
        """The different numbers of iterations, in ascending order, each with those between two points of a curve."""
        return {each: self.record_every_of(each) for each in sorted(set(self.values[ITERATIONS.name]))}

    @property
    def patience(self) -> int | None:
        """Records in a row without a lower validation cost after which training stops; None for no early stopping."""
        patience: int | None = self._settings[PATIENCE.name]
        return patience

    @property
    def validation_fraction(self) -> float | None:
        """The fraction of the training part to validate on; None without early stopping."""
        if self.patience is None:
            return None
        return float(self._settings[VALIDATION_FRACTION.name] or DEFAULT_VALIDATION)

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
        rows = [(name, self.asked.get(name, [self.settings.get(name)])) for name in self.columns]
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
        return [axis.name for axis in COLUMNS if self._is_column(axis)] + list(self.settings)

    def _is_column(self, axis: Knob) -> bool:
        if axis.column == "if several":
            return self._is_several(axis)
        return axis.column == "always" or self._is_set(axis.name)

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
        return {**request, **self._resolved}

    @property
    def _resolved(self) -> dict[str, Any]:
        """The settings whose default depends on others; without one if there are several."""
        record_every = self._settings[RECORD_EVERY.name] if self._is_several(ITERATIONS) else self.record_every
        return {RECORD_EVERY.name: record_every, VALIDATION_FRACTION.name: self.validation_fraction}

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

    @property
    def n_runs(self) -> int:
        """The number of runs: ``size``, or fewer in a race."""
        return self.size if self.trained is None else sum(self.trained) * len(self.values[FOLD.name])

    def seeds_of(self, series: int) -> Sequence[int]:
        """The seeds of a series, by position."""
        seeds = self.values[SEED.name]
        return seeds if self.trained is None else seeds[: self.trained[series // len(self.values[FOLD.name])]]

    def of_first_seeds(self, most: int) -> Self:
        """The same sweep over its first seeds; a configuration of a race may have fewer."""
        made = copy.copy(self)
        made._set_dimensions([*self.dimensions[:-1], Dimension((SEED.name,), (self.values[SEED.name][:most],))])
        made.trained = None if self.trained is None else [min(n, most) for n in self.trained]
        return made

    def of_race(self, trained: Sequence[int], after: int = 0) -> Self:
        """The same sweep with so many seeds of each configuration, the first ones; of them those ``after`` some."""
        made = copy.copy(self)
        seeds = self.values[SEED.name][after : max(trained)]
        made._set_dimensions([*self.dimensions[:-1], Dimension((SEED.name,), (seeds,))])
        made.trained = [max(0, n - after) for n in trained]
        return made

    def trained_of_problems(self) -> dict[ProblemKey, int]:
        """The largest number of seeds that a configuration of each problem has, in a race; otherwise empty."""
        most: dict[ProblemKey, int] = {}
        for n, run in zip(self.trained or (), self.configurations(), strict=False):
            most[run.problem] = max(n, most.get(run.problem, 0))
        return most

    def identity(self, run: Run, data: Mapping[str, Any]) -> dict[str, Any]:
        """Everything except the seed that determines the numbers of a run; ``data`` is the identity of its source.

        Optional knobs at their default are left out, so that runs stored before a knob existed are still found.
        """
        knobs = {**self._settings, **self._resolved, **run._asdict()}
        knobs[RECORD_EVERY.name] = self.record_every_of(run.iterations)
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
        from experiments.datasets.partition import validation  # the same
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
        if self.validation_fraction is not None:
            for source in sources.values():
                for fold in range(source.n_folds or 1):
                    data = source.part(0, None if source.n_folds is None else fold)
                    validation(data.Y[0], data.class_names, data.groups, 0, self.validation_fraction)
        return sources

    def _check_tasks(self, tasks: set[str]) -> None:
        """Raises SweepError for tasks that cannot be combined with each other or with the request."""
        if "regression" in tasks and len(tasks) > 1:
            raise SweepError(f"{DATASET.flags[0]}: expected only classification or only regression data sets, got both")
        for task in tasks:
            try:
                metric = METRICS[checked_metrics(self.metrics, task)[0]]
            except ValueError as error:
                raise SweepError(f"{METRIC.flags[0]}: {error}") from None
            if self.is_exact and metric.limits != (0.0, 1.0):
                within = [name for name, each in METRICS.items() if each.limits == (0.0, 1.0)]
                exact = f"{DECISION.flags[0]} exact"
                raise SweepError(f"{exact}: expected a metric from 0 to 1 ({listed(within)}), got {metric.name}")
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
    return value is not None and not (knob.is_further and value == knob.default[0])


def _values_of(dimensions: Iterable[Dimension]) -> dict[str, Sequence[Any]]:
    return {name: values for dimension in dimensions for name, values in zip(*dimension, strict=True)}


def _drawn_from(axis: Dimension, numerator: int, denominator: int) -> Iterator[Any]:
    """The values at a fraction of the way along an axis; each value, or range, has the same share of the way."""
    place, rest = divmod(numerator * axis.size, denominator)
    for name, values in zip(*axis, strict=True):
        yield sampled_value(_BY_NAME[name], values[place], rest, denominator)


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
