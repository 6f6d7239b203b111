"""Pixels of a stored map, trained again and compared bit for bit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt

from experiments.files import ResultsError
from experiments.identity import canonical
from experiments.maps.compute import Setting, parts
from experiments.maps.pixels import PIXELS, Pixels
from experiments.maps.plane import TILE, Plane, Tile
from experiments.maps.request import MapRequest
from experiments.maps.store import MANIFEST, MapStore
from experiments.maps.work import part_size
from experiments.text import count, duration

MOST_SECONDS = 600  # for which all pixels are trained again without being asked for so many
_SHOWN = 20  # pixels that differ

Said = Iterator[tuple[str, bool]]
"""Lines, each with whether it says that all is as expected."""


def verified(folder: Path, n: int | None = None) -> Said:
    """Compare the manifest of a folder with its store, and train ``n`` stored pixels again, evenly spread, or all.

    Raises ResultsError or SweepError for a folder without a readable map, and if it would take too long.
    """
    damaged: list[str] = []
    with MapStore(folder, warn=damaged.append) as store:
        if (asked := store.request) is None:
            raise ResultsError(f"{folder}: expected a map, found a store without a request")
        request = MapRequest.from_dict(asked)
        if canonical(store.identity or {}) != canonical(request.identity):
            yield "the data are not those that the map was made with: nothing can be trained again", False
            return
        yield from _manifest(folder, request, store)
        tiles = list(store.tiles())
        setting, jobs = Setting.of(request), int(joblib.effective_n_jobs(-1))
        seconds = setting.seconds(request.plane) * setting.iterations
        stored = PIXELS * len(tiles)
        chosen = stored if n is None else min(n, stored)
        if n is None and (all_of_them := stored * seconds / jobs) > MOST_SECONDS:
            raise ResultsError(
                f"{folder}: to train all {stored:,} stored pixels again takes up to {duration(all_of_them)}: use"
                " --sample N"
            )
        different = 0
        for tile, of_tile in _compared(store, setting, request.plane, _sample(tiles, chosen), part_size(seconds, jobs)):
            for place, names in of_tile:
                different += 1
                if different <= _SHOWN:
                    row, column = divmod(place, TILE)
                    where = f"tile {tile}, column {column}, row {row}"
                    yield f"{where}: different {' and '.join(names)}", False
        for line in dict.fromkeys(damaged):
            yield line.removesuffix(": it is trained again"), False
    if not chosen:
        yield "no pixel could be trained again", False
    else:
        verdict = f"{different:,} differ" if different else "all are bit-identical"
        yield f"{chosen:,} of {count(stored, 'stored pixel')} trained again: {verdict}", not different


def _manifest(folder: Path, request: MapRequest, store: MapStore) -> Said:
    """The manifest, compared with the store."""
    try:
        held: Any = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        digests, of_request = held["tiles"], held["request"]
        named = {Tile(*map(int, name.split("/"))): digest for name, digest in digests.items()}
    except FileNotFoundError:
        yield f"{MANIFEST} is missing: the map is not finished; run the same command to continue", False
        return
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        yield f"{MANIFEST}: expected what a map has written", False
        return
    if of_request != request.as_dict():
        yield f"{MANIFEST}: its request differs from that of the store", False
    wrong = sum(store.digest(tile) != digest for tile, digest in named.items())
    yield f"{MANIFEST}: {wrong or 'none'} of {count(len(named), 'tile')} differ from the store", not wrong


def _sample(tiles: list[Tile], n: int) -> Iterator[tuple[Tile, npt.NDArray[np.intp]]]:
    """The places of ``n`` pixels, evenly spread over all of these tiles."""
    total = PIXELS * len(tiles)
    for k, tile in enumerate(tiles):
        # Pixel p is chosen if p = i total // n of some i.
        first, end = (-(-at * n // total) for at in (PIXELS * k, PIXELS * (k + 1)))
        if first < end:
            yield tile, np.array([i * total // n - PIXELS * k for i in range(first, end)], np.intp)


def _compared(
    store: MapStore, setting: Setting, plane: Plane, sample: Iterator[tuple[Tile, npt.NDArray[np.intp]]], size: int
) -> Iterator[tuple[Tile, list[tuple[int, list[str]]]]]:
    """For each part of the sample, the pixels that differ: their places, and in what."""

    def tasks() -> Iterator[Any]:
        for tile, places in sample:
            if (stored := store.read(tile)) is not None:
                for part in parts(plane, tile, places, size):
                    before = stored.at(*np.divmod(part.places, TILE))
                    yield joblib.delayed(_differences)(tile, part.places, before, setting, part.xs, part.ys)

    pool = joblib.Parallel(n_jobs=-1, backend="threading", return_as="generator", batch_size=1)
    yield from pool(tasks())


def _differences(
    tile: Tile, places: npt.NDArray[np.intp], stored: Pixels, setting: Setting, xs: list[float], ys: list[float]
) -> tuple[Tile, list[tuple[int, list[str]]]]:
    trained = setting.train(xs, ys)
    found = []
    for k, place in enumerate(places.tolist()):
        names = [name for name in Pixels._fields if _bits(stored, name, k) != _bits(trained, name, k)]
        if names:
            found.append((place, names))
    return tile, found


def _bits(pixels: Pixels, name: str, k: int) -> bytes:
    bits: bytes = getattr(pixels, name)[k].tobytes()
    return bits
