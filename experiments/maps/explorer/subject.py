"""What the page says of a map that was asked for: its axes, measures and settings, the commands for a place; its data.

``write_page`` writes the static page of a finished map.
"""

from __future__ import annotations

import base64
import shlex
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from experiments.console import to_run
from experiments.files import ResultsError, write_text
from experiments.knobs.declared import KNOBS
from experiments.knobs.words import in_words
from experiments.maps.compute import Setting
from experiments.maps.declared import DEFAULTS, MEASURES, REACH
from experiments.maps.explorer.page import Subject, needed, static
from experiments.maps.measures import PAPER, Measure, measure_of
from experiments.maps.plane import Window, tiles_of
from experiments.maps.request import MapRequest
from experiments.maps.store import MapStore
from experiments.plots.choice import axis_name

_KNOBS = {knob.name: knob for knob in KNOBS}
_MOST_NUMBERS = 2**17  # of the data in a page, a megabyte


def write_page(
    store: MapStore,
    request: MapRequest,
    setting: Setting,
    window: Window,
    path: Path,
    measure: str = PAPER,
    times: tuple[float, float] = (1.0, 1.0),
) -> Path:
    """Write the static page of a window of a map, with all of its levels, atomically; returns its path.

    It shows the verdict with the measure of the paper, and ``measure`` if that is another one; ``times`` is as of a
    picture. Raises ResultsError if
    a tile is not stored, OSError if the folder is not writable.
    """
    tiles = {}
    for tile in needed(tiles_of(window)):
        pixels = store.read(tile)
        if pixels is None:
            expected = f"expected tile {tile} of the map, found none"
            raise ResultsError(f"{path.parent}: {expected}: run the same command again")
        tiles[tile] = pixels
    subject = subject_of(request, path.parent, window, times)
    subject = subject._replace(measures=[each for each in subject.measures if each.name in (PAPER, measure)])
    write_text(path, static(subject, tiles, training_of(setting)))
    return path


def training_of(setting: Setting) -> dict[str, Any] | None:
    """What the page needs to train networks of a map; None if it cannot.

    It computes in float64, without weights of examples; and too much data would make a heavy page.
    """
    problem = setting.problem
    train = problem.train
    size = (problem.features + 1) * train.m
    if setting.dtype != "float64" or problem.class_weight != "none" or size > _MOST_NUMBERS:
        return None
    how = {name: value for name, value in setting.how._asdict().items() if name not in setting.knobs}
    of_network = {"hidden": setting.hidden, "activation": setting.activation, "seed": setting.seed}
    return {
        "X": [_base64(row) for row in train.X[: problem.features, : train.m]],
        "Y": _base64(train.Y[: train.m]),
        "iterations": setting.iterations,
        "how": {**how, **of_network, "task": problem.task, "outputs": problem.outputs},
    }


def _base64(values: Any) -> str:
    return base64.b64encode(np.asarray(values, "<f8").tobytes()).decode()


def subject_of(
    request: MapRequest,
    folder: Path | None = None,
    start: Window | None = None,
    times: tuple[float, float] = (1.0, 1.0),
) -> Subject:
    """The subject of the page of a map. Loads its data.

    ``folder``: that of the map, for its command. ``start``: what is shown first; None: the whole plane. ``times``: as
    of a picture.
    """
    names = [axis.knob for axis in request.plane]
    flags = [_KNOBS[name].flags[0] for name in names]
    axes = [f"--{axis} {str(each).replace('_', '-')}" for axis, each in zip("xy", request.plane, strict=True)]
    more = [f"--reach {request.reach!r}"] * (request.reach != REACH)
    more += [f"--measure {request.metric}"] * (request.metric is not None)
    more += [f"--{axis}-times {each:g}" for axis, each in zip("xy", times, strict=True) if each != 1]
    more += [f"--out {shlex.quote(str(folder))}"] * (folder is not None)
    settings = request.settings
    return Subject(
        title=in_words({name: getattr(request.run, name) for name in ("dataset", "hidden")}),
        plane=request.plane,
        labels=(axis_name(names[0]), axis_name(names[1])),
        times=times,
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
    """Those of which there are numbers, the paper's first."""
    has_test = request.source.first.X_test.shape[1] > 0
    for name in (*MEASURES, *([] if request.metric is None else [request.metric])):
        if has_test or not name.startswith("test_"):
            yield measure_of(name, request.as_dict())
