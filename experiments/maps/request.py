"""What a map is of: its two knobs, and one value of every other one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from experiments.design import Design, Run
from experiments.knobs.declared import (
    ALIASES,
    AXES,
    FOLD,
    ITERATIONS,
    METRIC,
    RECORD_EVERY,
    SEED,
    SPLIT,
    elsewhere,
)
from experiments.knobs.knob import SweepError
from experiments.knobs.values import Span, every_value_of
from experiments.knobs.words import shown
from experiments.maps.declared import CONTINUOUS, DEFAULTS, OF_MAPS, OF_SWEEPS, REACH, not_of_maps
from experiments.maps.plane import Axis, Plane
from experiments.text import closest
from planar_core.choices import LAST_COSTS

if TYPE_CHECKING:
    from experiments.datasets.source import Source


class MapRequest:
    """What a map is of. ``MapRequest("learning-rate=log:0.1:1000", "l2=log:1e-6:1", dataset="moons", hidden=8)``.

    x, y: the two knobs, with their ranges
    reach: a fraction of the first cost: of each pixel, the first iteration with a cost of at most that is stored
    metric: one of ``planar_core.choices.METRICS``, by which each network is judged on the test part; None: by none
    knobs: one value of any other knob of a sweep that determines a network; ``DEFAULTS`` has those that differ

    ``plane`` has the two axes. ``design`` is a sweep of a single run: that of the pixel (0, 0). Raises SweepError, a
    ValueError, for an invalid request.
    """

    def __init__(
        self, x: str | Axis, y: str | Axis, reach: float = REACH, metric: str | None = None, **knobs: Any
    ) -> None:
        self.plane = Plane(_axis("--x", x), _axis("--y", y))
        if self.plane.x.knob == self.plane.y.knob:
            raise SweepError(f"--y: expected a knob other than that of --x, got {self.plane.y.knob} for both")
        if not 0 < reach < 1:
            raise SweepError(f"--reach: expected a fraction of the first cost, above 0 and below 1, got {reach!r}")
        self.reach, self.metric = float(reach), metric
        self.design = self._design({name: value for name, value in knobs.items() if value is not None})
        for axis in self.plane:
            knob = _BY_NAME[axis.knob]
            if knob.needs is not None and not all(map(knob.needs[2], self.design.values[knob.needs[0]])):
                raise SweepError(
                    f"{knob.flags[0]} requires {knob.needs[1]}, got {', '.join(self.design.values[knob.needs[0]])}"
                )
        if self.run.iterations < LAST_COSTS:
            expected = f"at least {LAST_COSTS}, by whose costs a map decides what converges"
            raise SweepError(f"{ITERATIONS.flags[0]}: expected {expected}, got {self.run.iterations}")

    def _design(self, given: Mapping[str, Any]) -> Design:
        names = {knob.name for knob in OF_MAPS}
        values = dict[str, Any]()
        for flag, value in given.items():
            name = ALIASES.get(flag, flag)
            if name in (knob.name for knob in OF_SWEEPS):
                raise SweepError(f"{flag}: {not_of_maps(name)}")
            if name not in names:
                hint = elsewhere(name) or closest(name, names)
                raise SweepError(f"{flag}: expected one of {', '.join(sorted(names))}{hint}")
            values[name] = value
        for axis, flag in zip(self.plane, ("--x", "--y"), strict=True):
            if axis.knob in values:
                raise SweepError(
                    f"{_BY_NAME[axis.knob].flags[0]}: expected a value here, or a range with {flag}, got both"
                )
            values[axis.knob] = axis.first
        metric = {} if self.metric is None else {METRIC.name: [self.metric]}
        design = Design(**{**DEFAULTS, **values, **metric})
        for knob in AXES:
            if knob is FOLD:
                if len(design.values[FOLD.name]) > 1:
                    expected = "seed or fixed for a map, which trains one network for each pixel"
                    raise SweepError(f"{SPLIT.flags[0]}: expected {expected}, got {design.split}")
            elif len(several := design.asked[knob.name]) > 1:
                expected = "one value for a map, which trains one network for each pixel"
                raise SweepError(f"{knob.flags[0]}: expected {expected}, got {shown(several)}")
        return design

    def __repr__(self) -> str:
        return f"<MapRequest {self.plane.x}, {self.plane.y}>"

    @property
    def run(self) -> Run:
        """The values of every knob; those of the two of the map are those of the pixel (0, 0)."""
        return self.design[0]

    @property
    def seed(self) -> int:
        """The seed of every network, and of a split."""
        return int(self.run.seed)

    @cached_property
    def source(self) -> Source:
        """The data. Raises SweepError or DataError."""
        try:
            (source,) = self.design.load().values()
        except SweepError as error:  # of a metric of another task
            raise SweepError(str(error).replace(METRIC.flags[0], "--measure", 1)) from None
        return source

    @property
    def settings(self) -> dict[str, Any]:
        """The value of every knob but the two of the map, as plain values."""
        axes = [axis.knob for axis in self.plane]
        of_maps = [knob.name for knob in OF_MAPS if knob.name not in axes]
        return {name: value for name, value in self.design.request.items() if name in of_maps}

    def as_dict(self) -> dict[str, Any]:
        """The request as plain values; ``from_dict`` makes it again."""
        about = {"x": str(self.plane.x), "y": str(self.plane.y), "reach": self.reach, "metric": self.metric}
        return {**about, "settings": self.settings}

    @classmethod
    def from_dict(cls, request: Mapping[str, Any]) -> Self:
        """The reverse of ``as_dict``. Raises SweepError for what no map has written."""
        try:
            x, y, reach, metric = (request[name] for name in ("x", "y", "reach", "metric"))
            return cls(x, y, reach, metric, **request["settings"])
        except (KeyError, TypeError) as error:
            raise SweepError(f"expected the request of a map, got one without {error}") from None

    @property
    def identity(self) -> dict[str, Any]:
        """Everything that determines the numbers of a pixel, but for its place and the version of the arithmetic.

        Loads the data.
        """
        left_out = {RECORD_EVERY.name, "numerics", *(axis.knob for axis in self.plane)}
        of_run = self.design.identity(self.run, self.source.identity)
        about = {"x": str(self.plane.x), "y": str(self.plane.y), "reach": self.reach, "metric": self.metric}
        return {**about, "seed": self.seed, **{name: value for name, value in of_run.items() if name not in left_out}}


_BY_NAME = {knob.name: knob for knob in AXES}


def _axis(flag: str, given: str | Axis) -> Axis:
    """An axis, from text such as ``learning-rate=log:0.1:1000``. Raises SweepError."""
    name, is_given, text = str(given).partition("=")
    knob = _BY_NAME.get(ALIASES.get(name.strip().lstrip("-").replace("-", "_"), ""))
    choices = [each.flags[0].lstrip("-") for each in CONTINUOUS]
    if not is_given:
        raise SweepError(f"{flag}: expected KNOB=RANGE such as learning-rate=log:0.001:10, got {given!r}")
    if knob is None:
        raise SweepError(f"{flag}: expected one of {', '.join(choices)}, got {name!r}{closest(name, choices)}")
    if knob not in CONTINUOUS:
        why = "which is not a real number"
        if knob.is_problem:
            why = "which changes the data, and a map has the same data at every pixel"
        elif knob is SEED:
            why = "and a map has the same seed at every pixel"
        raise SweepError(f"{flag}: expected one of {', '.join(choices)}, got {name}, {why}")
    kind, *ends = text.strip().split(":")
    if kind not in ("log", "lin") or len(ends) != 2 or not _are_ends(kind, *ends):
        expected = f"a range {name}=log:A:B, with A above 0, or {name}=lin:A:B, with A below B"
        raise SweepError(f"{flag}: expected {expected}, got {given!r}")
    (span,) = every_value_of(knob, [text.strip()], with_spans=True)
    assert isinstance(span, Span)
    return Axis(knob.name, span.kind, float(span.first), float(span.last))


def _are_ends(kind: str, *ends: str) -> bool:
    try:
        first, last = map(float, ends)
    except ValueError:
        return False
    return -math.inf < first < last < math.inf and (kind == "lin" or first > 0)
