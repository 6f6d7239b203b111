"""What the page says of a map that was asked for: its axes, measures and settings, and the commands for a place."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from experiments.console import to_run
from experiments.knobs.declared import KNOBS
from experiments.knobs.words import in_words
from experiments.maps.explorer.page import Subject
from experiments.maps.explorer.tiles import MEASURES, Measure
from experiments.maps.plane import Window
from experiments.maps.request import DEFAULTS, REACH, MapRequest
from experiments.tables.words import axis_label, label

_KNOBS = {knob.name: knob for knob in KNOBS}


def subject_of(request: MapRequest, folder: Path | None = None, start: Window | None = None) -> Subject:
    """The subject of the page of a map. Loads its data.

    ``folder``: that of the map, for its command. ``start``: what is shown first; None: the whole plane.
    """
    names = [axis.knob for axis in request.plane]
    flags = [_KNOBS[name].flags[0] for name in names]
    axes = [f"--{axis} {str(each).replace('_', '-')}" for axis, each in zip("xy", request.plane, strict=True)]
    more = [f"--reach {request.reach!r}"] * (request.reach != REACH)
    more += [f"--measure {request.metric}"] * (request.metric is not None)
    more += [f"--out {shlex.quote(str(folder))}"] * (folder is not None)
    settings = request.settings
    return Subject(
        title=in_words({name: getattr(request.run, name) for name in ("dataset", "hidden")}),
        plane=request.plane,
        labels=(names[0].replace("_", " "), names[1].replace("_", " ")),
        flags=(flags[0], flags[1]),
        map_command=" ".join([to_run("map"), *axes, *_arguments(settings, DEFAULTS), *more]),
        grid_command=" ".join([to_run("grid"), *_arguments(settings, {})]),
        settings={name.replace("_", " "): " ".join(map(_text, values)) for name, values in _given(settings, names)},
        measures=tuple(_measures(request)),
        start=start,
    )


def _given(settings: Mapping[str, Any], left_out: Collection[str] = ()) -> Iterator[tuple[str, list[Any]]]:
    for name, value in settings.items():
        if value is not None and name not in left_out:
            yield name, value if isinstance(value, list) else [value]


def _arguments(settings: Mapping[str, Any], defaults: Mapping[str, Any]) -> Iterator[str]:
    """The options of settings that are no defaults of the command."""
    for name, values in _given(settings):
        knob = _KNOBS[name]
        usual = [defaults[name]] if name in defaults else list(knob.default)
        if values != usual:
            yield " ".join([knob.flags[0], *(shlex.quote(_text(value)) for value in values)])


def _text(value: Any) -> str:
    return repr(value) if isinstance(value, float) else str(value)  # with all digits, as the same network needs


def _measures(request: MapRequest) -> Iterator[Measure]:
    """Those of which there are numbers."""
    data = request.source.first
    score = label("r2" if data.task == "regression" else "accuracy")
    for measure in MEASURES:
        of_test = measure.name.startswith("test_")
        if of_test and not data.X_test.shape[1]:
            continue
        if measure.name == "metric":
            if request.metric is not None:
                yield measure._replace(label=axis_label(request.metric))
        elif measure.name.endswith("score"):
            name = f"{'test' if of_test else 'training'} {score}"
            yield measure._replace(label=name, legend=f"{name[0].upper()}{name[1:]} after the last update")
        elif measure.name == "reached":
            yield measure._replace(legend=f"Updates until the cost is {request.reach:g} of the first one")
        else:
            yield measure
