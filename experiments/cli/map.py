"""``python -m experiments.map --x learning-rate=log:0.1:1000 --y output-learning-rate=log:0.1:1000``: make a map."""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import joblib

from experiments.bar import Bar
from experiments.cli import config
from experiments.cli.options import map_parser
from experiments.cli.process import on_interrupt
from experiments.cli.terminal import check_confirmed, is_large
from experiments.console import DONE, SOME_FAILED, Say, fail, named, say, warn
from experiments.files import ResultsError
from experiments.knobs.declared import ALIASES, BACKEND, HOW, JOBS, KNOBS, RECORD_EVERY, SCHEDULER, WRITTEN
from experiments.knobs.knob import DataError, SweepError
from experiments.knobs.values import value_of
from experiments.maps.declared import MEASURES, OF_MAPS, not_of_maps
from experiments.maps.field import field_of
from experiments.maps.journey import check_frames
from experiments.maps.make import (
    Film,
    Made,
    Plan,
    Prepared,
    Progress,
    check_room,
    make,
    prepare,
)
from experiments.maps.plane import Tile, Window, whole, zoomed
from experiments.maps.request import MapRequest
from experiments.maps.store import MANIFEST, PAGE, PICTURES, STORE, MapStore
from experiments.runner.backends import How
from experiments.store.database import NothingStored
from experiments.text import WIDTH, count, duration, fit, wrapped

_OUT = "results/map"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status. Raises SystemExit for invalid input."""
    options = map_parser().parse(arguments)
    start = time.perf_counter()
    speak = _silent if options.quiet else say
    shown = _Shown(speak, not options.quiet)
    on_interrupt(lambda: shown.state)
    try:
        _check_explore(options)
        _read_config(options)
        folder = Path(_OUT if options.out is None else options.out)
        how = How(*(value_of(knob, getattr(options, knob.name)) for knob in (JOBS, BACKEND, SCHEDULER)))
        request = _request(options, folder)
        window = _window(options, request)
        jobs = int(joblib.effective_n_jobs(how.jobs))
        film = _film(options)
        times = _times(options)
        prepared = prepare(request, window, folder, jobs, _files(options), film)
        for note in (*prepared.notes, *prepared.of_folder):
            speak(note)
        if options.dry_run:
            for line in _plan_lines(prepared, window, folder, options):
                say(line)
            return DONE
        if options.explore:
            _explore(prepared, folder, how, options, shown, times)
        check_confirmed(prepared.plan, options.yes, "map")
        check_room(prepared.plan, folder)
        for line in wrapped(str(prepared.plan)):
            speak(line)
        made = make(prepared, folder, how, shown, options.measure)
    except (SweepError, DataError) as error:
        fail(named("map"), str(error))
    except ResultsError as error:
        fail(named("map"), f"--out: {error}")
    except (OSError, MemoryError, RuntimeError) as error:
        what = str(error) or type(error).__name__
        fail(named("map"), f"the map could not be finished: {what}; {shown.state}", SOME_FAILED)
    finally:
        shown.close()
    if shown.networks:
        speak(f"{count(shown.networks, 'network')} trained in {duration(time.perf_counter() - start)}")
    for line in made.findings.lines:
        speak(line)
    for name in (MANIFEST, STORE, *_drawn(options, folder, made, prepared, times)):
        speak(str(folder / name))
    return DONE


def _files(options: argparse.Namespace) -> tuple[str, ...]:
    """The files beside the manifest and the store."""
    if options.no_plots or options.explore:
        return ()
    return (*PICTURES, PAGE, *([f"film.{options.film_format}"] if options.film else []))


def _film(options: argparse.Namespace) -> Film | None:
    if options.film is None:
        return None
    if options.no_plots or options.explore:
        raise SweepError(f"--film: expected no {'--explore' if options.explore else '--no-plots'} with it")
    check_frames(options.size, options.film)
    if options.film_format == "mp4":
        from experiments.maps.film import check_ffmpeg  # matplotlib: a second, for a film alone

        check_ffmpeg(Path("film.mp4"))
    return Film(options.film, options.size, None if options.zoom is None else _place(options.zoom))


def _drawn(
    options: argparse.Namespace, folder: Path, made: Made, prepared: Prepared, times: tuple[float, float]
) -> Iterator[str]:
    """Draw the pictures and make the page; yields their names. What cannot be made is said, and costs nothing else."""
    if options.no_plots:
        return
    from experiments.maps.explorer.subject import write_page  # pandas and matplotlib: two seconds
    from experiments.maps.picture import draw

    paper, scale = PICTURES

    # Each reads what it needs, which for a million pixels is not little.
    def picture(name: str, *how: str) -> None:
        with MapStore(folder) as store:
            draw(field_of(store, prepared.window, options.measure), folder / name, *how, times=times)

    def page() -> None:
        with MapStore(folder) as store:
            of_map = prepared.request, prepared.setting, prepared.window
            write_page(store, *of_map, folder / PAGE, options.measure, times)

    def film() -> None:
        from experiments.maps.film import write  # as above

        with MapStore(folder) as store:
            write((field_of(store, window) for window in made.film), folder / f"film.{options.film_format}")

    made_of: dict[str, Callable[[], object]] = {
        paper: lambda: picture(paper),
        scale: lambda: picture(scale, "scale", options.measure),
        PAGE: page,
    }
    if made.film:
        made_of[f"film.{options.film_format}"] = film
    for name, write in made_of.items():
        try:
            write()
        except Exception as error:  # noqa: BLE001 - matplotlib and the file system raise anything
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            warn(f"{named('map')}: the map is complete, but not {name} ({reason}): the same command makes it again")
        else:
            yield name


def _silent(line: str) -> None:
    pass


def _check_explore(options: argparse.Namespace) -> None:
    for flag, is_given in (("--port", options.port is not None), ("--open", options.open)):
        if is_given and not options.explore:
            raise SweepError(f"{flag}: expected --explore as well")
    if options.explore and (options.backend or BACKEND.default[0]) != BACKEND.default[0]:
        raise SweepError(f"--explore trains in this process: expected no {BACKEND.flags[0]}, got {options.backend}")


def _explore(
    prepared: Prepared,
    folder: Path,
    how: How,
    options: argparse.Namespace,
    shown: _Shown,
    times: tuple[float, float],
) -> NoReturn:
    from experiments.maps.explorer.explore import explore  # 1 s, with what the report needs

    shown.state = f"what was trained is stored in {folder}"
    jobs = int(joblib.effective_n_jobs(how.jobs))
    explore(prepared, folder, jobs, options.port or 0, options.open, say, times)


def _read_config(options: argparse.Namespace) -> None:
    """Take the options of a file that the command line does not give.

    What a sweep writes and how often it records is of no interest here; what else is not of a map is refused.
    """
    if not options.config:
        return
    ignored = {knob.name for knob in (RECORD_EVERY, *WRITTEN)}
    given = config.read(options.config, is_of_map=True)
    taken = {knob.name for knob in (*OF_MAPS, JOBS, BACKEND, SCHEDULER)} | {*config.OF_MAPS, "out"}
    axes = [str(getattr(options, axis) or given.get(axis)).partition("=")[0] for axis in ("x", "y")]
    for name, value in given.items():
        if name in ignored or _named_as_axis(name, axes):
            continue
        if name in taken:
            if getattr(options, name) is None:
                setattr(options, name, value)
        elif not _is_default(name, value):
            raise SweepError(f"--config: {options.config}: {name}: {not_of_maps(name)}")


def _named_as_axis(name: str, axes: Sequence[str]) -> bool:
    return name in (ALIASES.get(axis.strip().lstrip("-").replace("-", "_")) for axis in axes)


def _is_default(name: str, value: Any) -> bool:
    knob = next((knob for knob in (*KNOBS, *HOW) if knob.name == name), None)
    return knob is not None and value in (list(knob.default), *knob.default)


def _request(options: argparse.Namespace, folder: Path) -> MapRequest:
    """What is asked for: by the options or, if they name no setting, by the map that the folder has."""
    knobs = {knob.name: getattr(options, knob.name) for knob in OF_MAPS if getattr(options, knob.name) is not None}
    metric, stored = None if options.measure in MEASURES else options.measure, _stored_request(folder)
    if options.x is None and options.y is None and not knobs and stored is not None:
        return MapRequest.from_dict({**stored, "metric": metric or stored.get("metric")})
    for flag, axis in (("--x", options.x), ("--y", options.y)):
        if axis is None:
            raise SweepError(f"{flag}: expected KNOB=RANGE such as learning-rate=log:0.001:10, got none")
    request = MapRequest(options.x, options.y, options.reach, metric, **knobs)
    if metric is None and stored is not None and {**request.as_dict(), "metric": stored.get("metric")} == stored:
        return MapRequest.from_dict(stored)  # the same map, of which more is known
    return request


def _stored_request(folder: Path) -> dict[str, Any] | None:
    try:
        with MapStore(folder) as store:
            return store.request
    except NothingStored:
        return None


def _window(options: argparse.Namespace, request: MapRequest) -> Window:
    if options.zoom is None:
        return whole(options.size)
    factor = options.zoom[2]
    if not factor.isdecimal():
        raise SweepError(f"--zoom: expected a power of two such as 8 as the factor, got {factor!r}")
    return zoomed(request.plane, options.size, *_place(options.zoom), int(factor))


def _times(options: argparse.Namespace) -> tuple[float, float]:
    """What the numbers along x and y are multiplied by."""
    return _factor("--x-times", options.x_times), _factor("--y-times", options.y_times)


def _factor(flag: str, given: str | float | None) -> float:
    try:
        value = 1.0 if given is None else float(given)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise SweepError(f"{flag}: expected a number above 0, got {given!r}")
    return value


def _place(zoom: Sequence[str]) -> tuple[float, float]:
    values = []
    for name, text in zip("XY", zoom, strict=False):
        try:
            values.append(float(text))
        except ValueError:
            values.append(math.nan)
        if not math.isfinite(values[-1]):
            raise SweepError(f"--zoom: expected a number for {name}, got {text!r}")
    return values[0], values[1]


def _plan_lines(prepared: Prepared, window: Window, folder: Path, options: argparse.Namespace) -> Iterator[str]:
    request, plane = prepared.request, prepared.request.plane
    side = f"{window.width} x {window.height} pixels"
    yield f"{'map':14} {side}, {count(prepared.plan.tiles, 'tile')} of levels up to {window.level}"
    for name, axis, values in zip("xy", plane, (window.xs(plane), window.ys(plane)), strict=True):
        yield f"{name:14} {axis.knob} from {values[0]:.6g} to {values[-1]:.6g}, {axis.kind}"
    settings = _settings(request)
    yield f"{'settings':14} {fit(', '.join(settings), WIDTH - 15)}"
    problem = prepared.setting.problem
    sizes = f"{problem.features} features, {problem.train.m} training and {problem.test.m} test examples"
    yield f"{'data':14} {fit(f'{request.source.name}: {sizes}', WIDTH - 15)}"
    plan = f"{prepared.plan}" + ("; requires --yes" if is_large(prepared.plan) else "")
    for name, line in zip(("plan", *[""] * WIDTH), wrapped(plan, WIDTH - 15), strict=False):
        yield f"{name:14} {line}"
    for name in (MANIFEST, STORE, *_files(options)):
        yield f"{'file':14} {folder / name}"


def _settings(request: MapRequest) -> Iterator[str]:
    axes = {axis.knob for axis in request.plane}
    run: Mapping[str, Any] = request.run._asdict()
    for name in ("dataset", "hidden", "activation", "optimizer", "learning_rate", "l1", "l2", "batch_size", "seed"):
        if name in run and name not in axes:
            yield f"{name} {run[name]}"
    yield f"{request.run.iterations:,} iterations"


class _Shown(Progress):
    """Notes, a progress bar, and the state of the files if the map ends early."""

    def __init__(self, say: Say, shows_bar: bool) -> None:
        self._say, self._bar = say, Bar(shows_bar and sys.stderr.isatty())
        self._tiles = self._stored = self._of_window = 0
        self.networks = 0
        self.state = "nothing was written"

    def note(self, message: str) -> None:
        self._say(message)

    def began(self, plan: Plan) -> None:
        self._tiles, self._stored = self._tiles + plan.tiles, self._stored + plan.stored
        self._set_state()
        self._bar.start(plan.networks, self._described())
        self._of_window = 0

    def trained(self, networks: int, tile: Tile | None) -> None:
        self.networks += networks
        self._stored += tile is not None
        self._set_state()
        self._of_window += networks
        self._bar.move(self._of_window, self._described())

    def finding(self) -> None:
        self.close()

    def close(self) -> None:
        """Remove the bar."""
        self._bar.close()

    def _described(self) -> str:
        return f"{self._stored:,}/{self._tiles:,} tiles"

    def _set_state(self) -> None:
        stored = f"{self._stored:,} of {count(self._tiles, 'tile')} are stored"
        self.state = f"{stored}; run the same command to continue"
