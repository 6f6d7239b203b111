"""Make a map: plan it, train the tiles that are missing, write what is known of it."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from experiments.files import ResultsError, check_folder, write_text
from experiments.identity import canonical
from experiments.knobs.knob import SweepError
from experiments.maps.compute import Setting
from experiments.maps.crew import Crew, hired
from experiments.maps.declared import MEASURES
from experiments.maps.field import field_of
from experiments.maps.findings import Findings, findings
from experiments.maps.journey import journey, most_networks
from experiments.maps.pixels import N_BYTES, PIXELS
from experiments.maps.plane import TILE, Tile, Window, tiles_of, too_close, whole
from experiments.maps.request import MapRequest
from experiments.maps.store import MANIFEST, STORE, MapStore, claimed
from experiments.maps.work import Left, part_size, train
from experiments.runner.backends import How
from experiments.store.database import NothingStored
from experiments.store.lock import check_locks
from experiments.text import count, duration, size
from experiments.version import __version__
from planar_core.choices import NUMERICS, count_parameters

FORMAT = 1  # of the manifest
_DIGITS = 10  # of what is rounded there
# Bytes: of the program; of a pixel of a part, beside its parameters; of a tile of the table in the store.
_PROGRAM, _OF_PIXEL, _OF_TILE = 250 * 10**6, 2000, N_BYTES + 2**12


@dataclass(frozen=True)
class Plan:
    """The cost of a map. ``seconds`` is at most that: networks that stop early take less."""

    networks: int  # that are trained; with a film at most
    tiles: int  # of the map
    stored: int  # of these
    seconds: float
    memory: int  # bytes
    disk: int  # bytes that are added
    is_most: bool = False

    def __str__(self) -> str:
        if not self.networks:
            return f"all {count(self.tiles, 'tile')} are stored" if self.tiles > 1 else "the tile is stored"
        stored = f" ({self.stored:,} of {self.tiles:,} tiles stored)" if self.stored else ""
        costs = f"at most {duration(self.seconds)}, {size(self.memory)} of memory, {size(self.disk)} on disk"
        most = "at most " if self.is_most else ""
        return f"{most}{count(self.networks, 'network')} to train{stored}, {costs}"


class Film(NamedTuple):
    """A film towards a place of the plane; without one, along the boundary."""

    n: int  # windows, each twice as fine as the one before
    size: int  # pixels a side
    place: tuple[float, float] | None


@dataclass(frozen=True)
class Prepared:
    """What is known of a map before it is made."""

    request: MapRequest
    window: Window  # of the picture
    film: Film | None
    setting: Setting
    seconds: float  # that a network takes on one core, if it does not stop early
    plan: Plan
    notes: tuple[str, ...]  # on the request and the data
    of_folder: tuple[str, ...]  # on what the folder has

    @property
    def tiles(self) -> list[Tile]:
        """All tiles, coarse to fine."""
        return tiles_of(self.window)


def prepare(
    request: MapRequest, window: Window, folder: Path, jobs: int, files: Sequence[str] = (), film: Film | None = None
) -> Prepared:
    """Load the data, look at what the folder has, estimate the cost; nothing is written.

    ``files`` are written there beside store and manifest. Raises SweepError, DataError or ResultsError.
    """
    check_locks(check_folder(folder, (STORE, MANIFEST, *files)))
    setting = Setting.of(request)
    notes = [*request.design.notes, *(f"{request.source.name}: {note}" for note in request.source.notes)]
    notes += [warning] if (warning := too_close(request.plane, window)) else []
    tiles, of_folder = tiles_of(window), []
    with contextlib.ExitStack() as stack:
        try:
            store = stack.enter_context(MapStore(folder))
        except NothingStored:
            store = stack.enter_context(MapStore(None))
        else:
            check_same(request, store, folder)
        left = Left(tiles, store)
        if n := store.earlier():
            are = "is" if n == 1 else "are"
            of_folder.append(f"{count(n, 'tile')} {are} of another version of the arithmetic and {are} trained again")
        networks = left.networks
    of_film = 0 if film is None else most_networks(film.size, film.n) + (window != whole(film.size)) * film.size**2
    networks += of_film
    seconds = setting.seconds(request.plane) * setting.iterations if networks else 0.0
    problem = setting.problem
    of_network = 32 * count_parameters(problem.features, setting.hidden, problem.outputs) + _OF_PIXEL
    at_once = 3 * jobs * part_size(seconds, jobs)
    numbers = 8 * (problem.features + 1) * (problem.train.m + problem.test.m) * (2 + jobs)
    plan = Plan(
        networks,
        len(tiles),
        left.stored,
        networks * seconds / jobs,
        _PROGRAM + of_network * at_once + numbers + 4 * jobs * N_BYTES,
        _OF_TILE * (len(left.tiles) + of_film * 4 // (3 * PIXELS)),
        of_film > 0,
    )
    return Prepared(request, window, film, setting, seconds, plan, tuple(notes), tuple(of_folder))


def check_same(request: MapRequest, store: MapStore, folder: Path) -> None:
    """Raise SweepError if the store is of another map: a folder is one plane to look at, and its pictures are of it."""
    found, ours = store.identity, request.identity
    if found is None or canonical(found) == canonical(ours):
        return
    name = next(name for name in sorted({**found, **ours}) if found.get(name) != ours.get(name))
    here, asked = (_shown(each.get(name)) for each in (found, ours))
    raise SweepError(
        f"--out: expected a folder for this map, but {str(folder)!r} has one of another request ({name}: {here}"
        f" there, {asked} here): choose another folder"
    )


def _shown(value: Any) -> str:
    text = "not set" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:12]}..."


class Progress:
    """Told of what is done; a program overrides what it shows."""

    def began(self, plan: Plan) -> None:
        """Training begins: this is left."""

    def trained(self, networks: int, tile: Tile | None) -> None:
        """So many more networks are trained; with a tile, it is stored now."""

    def finding(self) -> None:
        """All tiles are stored; what they say is found out and written."""

    def note(self, message: str) -> None:
        """Something to say."""


class Made(NamedTuple):
    """A map that is made: what it says, and the windows of its film."""

    findings: Findings
    film: tuple[Window, ...]


def make(prepared: Prepared, folder: Path, how: How, progress: Progress, measure: str = MEASURES[0]) -> Made:
    """Train what is missing, and write the manifest.

    ``measure`` says which pixels are the best ones. What is stored stays, whatever happens: the same call goes on.
    Raises SweepError, ResultsError, or OSError.
    """
    request, plan = prepared.request, prepared.plan
    with claimed(folder, progress.note) as store:
        check_same(request, store, folder)
        store.begin(request.as_dict(), request.identity)
        with contextlib.ExitStack() as stack:
            crew: Crew | None = None

            def trained(tiles: Sequence[Tile]) -> None:
                nonlocal crew
                left = Left(tiles, store)
                disk = _OF_TILE * len(left.tiles)
                progress.began(Plan(left.networks, len(tiles), left.stored, plan.seconds, plan.memory, disk))
                if left.tiles:
                    crew = crew or stack.enter_context(hired(prepared.setting, how))
                    train(left, store, request.plane, crew, prepared.seconds, progress.trained)

            trained(prepared.tiles)
            film = tuple(_film(prepared, store, trained))
        progress.finding()
        converged = (field_of(store, window).verdicts.converged for window in film)
        found = findings(field_of(store, prepared.window, measure), measure, converged)
        write_text(folder / MANIFEST, manifest(prepared, store, found, film))
    return Made(found, film)


def _film(prepared: Prepared, store: MapStore, trained: Callable[[Sequence[Tile]], object]) -> Iterator[Window]:
    """Train the windows of the film one after the other."""
    film, plane = prepared.film, prepared.request.plane
    if film is None:
        return
    from experiments.maps.film import next_target  # matplotlib: a second, for a film alone

    def target(window: Window) -> tuple[float, float]:
        return film.place or next_target(field_of(store, window))

    for window in journey(plane, film.size, film.n, target):
        trained(tiles_of(window) if window == whole(film.size) else window.tiles())
        yield window


def check_room(plan: Plan, folder: Path) -> None:
    """Raise ResultsError if the tiles do not fit on the disk."""
    free = shutil.disk_usage(check_folder(folder)).free
    if plan.disk > free:
        needed = f"{size(plan.disk)} needed, {size(free)} free"
        raise ResultsError(f"not enough disk space: {needed}; free some space, or choose another folder")


def manifest(prepared: Prepared, store: MapStore, found: Findings, film: Sequence[Window] = ()) -> str:
    """map.json: what the map is of, what it says, and a digest of each of its tiles.

    Its bytes do not depend on how the map was made.
    """
    tiles = {*prepared.tiles, *(tile for window in film for tile in window.tiles())}
    content = {
        "format": FORMAT,
        "version": __version__,
        "numerics": NUMERICS,
        "request": prepared.request.as_dict(),
        "identity": prepared.request.identity,
        "tile_size": TILE,
        "window": prepared.window._asdict(),
        "film": [window._asdict() for window in film],
        "notes": list(prepared.notes),
        "findings": {name: _rounded(name, value) for name, value in found.as_dict().items()},
        "tiles": {str(tile): store.digest(tile) for tile in sorted(tiles)},
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _rounded(name: str, value: Any) -> Any:
    """What comes from logarithms and SciPy, whose last digits depend on the machine."""
    if not name.startswith("dimension"):
        return value
    if isinstance(value, dict):
        return {each: _rounded(name, of_each) for each, of_each in value.items()}
    if isinstance(value, list):
        return [_rounded(name, each) for each in value]
    return float(f"{value:.{_DIGITS}g}") if isinstance(value, float) else value
