"""In which order tiles are trained, and what a map's folder has afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from experiments.knobs.knob import SweepError
from experiments.maps.field import field_of
from experiments.maps.make import Plan, Prepared, Progress, make, prepare
from experiments.maps.pixels import PIXELS
from experiments.maps.plane import Tile, Window, tiles_of, whole, zoomed
from experiments.maps.request import MapRequest
from experiments.maps.store import MANIFEST, MapStore, claimed
from experiments.runner.backends import How
from planar_core.choices import NUMERICS
from tests.helpers.maps import KNOBS, TILES, X, Y, contents, damage

REQUEST = MapRequest(X, Y, **KNOBS)
ONE = How(jobs=1)


class Recorded(Progress):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.tiles: list[Tile] = []
        self.networks = 0
        self.notes: list[str] = []
        self.plan: Plan | None = None

    def began(self, plan: Plan) -> None:
        self.plan = plan

    def trained(self, networks: int, tile: Tile | None) -> None:
        self.networks += networks
        self.tiles += [] if tile is None else [tile]

    def note(self, message: str) -> None:
        self.notes.append(message)


def prepared(folder: Path, window: Window, request: MapRequest = REQUEST) -> Prepared:
    return prepare(request, window, folder, 1)


def made(folder: Path, window: Window, how: How = ONE, request: MapRequest = REQUEST) -> Recorded:
    recorded = Recorded()
    make(prepared(folder, window, request), folder, how, recorded)
    return recorded


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    made(folder, whole(256))
    return folder


def test_coarse_to_fine_and_the_boundary_first(tmp_path: Path) -> None:
    recorded = made(tmp_path, whole(256))
    assert sorted(recorded.tiles) == sorted(tiles_of(whole(256)))
    assert [tile.level for tile in recorded.tiles] == [0] * 1 + [1] * 4 + [2] * 16
    kinds = []
    with MapStore(tmp_path) as store:
        for tile in recorded.tiles[1:]:
            assert tile.coarser is not None
            coarser = store.read(tile.coarser)
            assert coarser is not None
            kinds.append((tile.level, not coarser.at(*tile.quarter).has_both, tile.y, tile.x))
    assert kinds == sorted(kinds)
    assert {has_none for level, has_none, *_ in kinds if level == 2} == {False, True}


def test_every_network_is_trained_once(tmp_path: Path) -> None:
    recorded = made(tmp_path, whole(128))
    assert recorded.networks == PIXELS + 4 * PIXELS * 3 // 4 == 128 * 128
    assert recorded.plan is not None
    assert (recorded.plan.networks, recorded.plan.tiles, recorded.plan.stored) == (128 * 128, 5, 0)


def test_a_larger_map_trains_only_what_is_new(tmp_path: Path, finished: Path) -> None:
    made(tmp_path, whole(64))
    assert made(tmp_path, whole(64)).networks == 0
    recorded = made(tmp_path, whole(256))
    assert recorded.networks == 256 * 256 - 64 * 64
    assert contents(tmp_path) == contents(finished)


def test_two_jobs_give_the_same_bytes(tmp_path: Path, finished: Path) -> None:
    made(tmp_path, whole(256), How(jobs=2))
    assert contents(tmp_path) == contents(finished)


@pytest.mark.parametrize("backend", ["loky", "dask"])
def test_backends_give_the_same_bytes(backend: str, tmp_path: Path) -> None:
    made(tmp_path / "one", whole(128))
    made(tmp_path / "other", whole(128), How(jobs=2, backend=backend))
    assert contents(tmp_path / "other") == contents(tmp_path / "one")


def test_a_zoom_takes_over_what_is_known(finished: Path, tmp_path: Path) -> None:
    window = zoomed(REQUEST.plane, 64, 3e4, 1.0, 8)
    alone = made(tmp_path, window)
    with claimed(tmp_path) as ours, MapStore(finished) as others:
        zoomed_tiles = {tile: ours.read(tile) for tile in ours.tiles()}
        for tile in others.tiles():
            pixels = others.read(tile)
            assert pixels is not None
            ours.begin(others.request or {}, others.identity or {})
            if tile.level == 2:
                ours.write(tile, pixels)
    assert alone.networks == sum(PIXELS for _ in window.tiles())
    (tmp_path / MANIFEST).unlink()
    with claimed(tmp_path) as ours:
        for tile in zoomed_tiles:
            ours._connection.execute("DELETE FROM tiles WHERE level = ?", (tile.level,))
    again = made(tmp_path, window)
    assert again.networks == alone.networks * 3 // 4
    with MapStore(tmp_path) as ours:
        for tile, pixels in zoomed_tiles.items():
            found = ours.read(tile)
            assert found is not None
            assert pixels is not None
            assert found.to_bytes() == pixels.to_bytes()


def test_a_damaged_tile_is_said_and_trained_again(tmp_path: Path) -> None:
    made(tmp_path, whole(128))
    before = contents(tmp_path)
    damage(tmp_path, Tile(0, 0, 0))
    damage(tmp_path, Tile(1, 1, 0))
    recorded = made(tmp_path, whole(128))
    assert [note.rpartition("map.sqlite: ")[2] for note in recorded.notes] == [
        "tile 0/0/0 is damaged: it is trained again",
        "tile 1/1/0 is damaged: it is trained again",
    ]
    assert recorded.tiles == [Tile(0, 0, 0), Tile(1, 1, 0)]
    assert contents(tmp_path) == before


def test_another_arithmetic_is_said_and_trained_again(tmp_path: Path) -> None:
    made(tmp_path, whole(64))
    before = contents(tmp_path)
    with claimed(tmp_path) as store:
        store._connection.execute("UPDATE tiles SET numerics = ?", (NUMERICS - 1,))
    ready = prepared(tmp_path, whole(64))
    assert ready.of_folder == ("1 tile is of another version of the arithmetic and is trained again",)
    assert ready.plan.networks == PIXELS
    make(ready, tmp_path, ONE, Recorded())
    assert contents(tmp_path) == before


def test_another_request_is_refused(tmp_path: Path) -> None:
    made(tmp_path, whole(64))
    before = contents(tmp_path)
    for changed, said in (
        ({"iterations": 21}, "iterations: 20 there, 21 here"),
        ({"l2": 0.5}, "l2: not set there, 0.5 here"),
        ({"seed": 4}, "seed: 0 there, 4 here"),
        ({"samples": 11}, "data: "),
    ):
        with pytest.raises(SweepError) as error:
            prepared(tmp_path, whole(64), MapRequest(X, Y, **{**KNOBS, **changed}))
        message = str(error.value)
        assert message.startswith(f"--out: expected a folder for this map, but {str(tmp_path)!r} has one of another")
        assert f"({said}" in message
        assert message.endswith("): choose another folder")
    assert contents(tmp_path) == before


def test_a_plan_writes_nothing(tmp_path: Path) -> None:
    plan = prepared(tmp_path / "out", whole(256)).plan
    assert (plan.networks, plan.tiles, plan.stored) == (256 * 256, TILES[256], 0)
    assert plan.seconds > 0
    assert 10**8 < plan.memory < 10**9
    assert list(tmp_path.iterdir()) == []


def test_the_manifest_has_a_digest_of_every_tile(finished: Path) -> None:
    manifest = json.loads((finished / MANIFEST).read_text())
    assert list(manifest["tiles"]) == [str(tile) for tile in sorted(tiles_of(whole(256)))]
    assert all(len(digest) == 32 for digest in manifest["tiles"].values())
    assert MapRequest.from_dict(manifest["request"]).as_dict() == REQUEST.as_dict()
    assert manifest["numerics"] == NUMERICS


def test_of_a_field_only_what_is_wanted_is_read(finished: Path) -> None:
    with MapStore(finished) as store:
        everything, some = (field_of(store, whole(256), measure).verdicts for measure in (None, "cost"))
    for name, all_of_it, found in zip(some._fields, everything, some, strict=True):
        if name in ("converged", "measure", "steps", "cost"):
            assert found.tobytes() == all_of_it.tobytes()
        else:
            assert np.isnan(found).all()
