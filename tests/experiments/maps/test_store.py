"""The store of a map: what is written comes back bit for bit, and what is damaged does not."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.files import ResultsError
from experiments.maps.pixels import N_BYTES, Pixels
from experiments.maps.plane import Tile
from experiments.maps.store import STORE, MapStore, claimed
from experiments.store.database import NothingStored
from planar_core.choices import NUMERICS
from planar_core.verdicts import Verdicts

REQUEST, IDENTITY = {"x": "a", "settings": {"é": [1]}}, {"x": "a", "seed": 0}
TILE = Tile(3, 5, 6)


def random_tile(seed: int) -> Pixels:
    random = np.random.RandomState(seed)
    made = Pixels.empty(64, 64)
    for array in made:
        array[:] = np.frombuffer(random.bytes(array.size), np.uint8).reshape(64, 64) % 2
        if array.dtype == np.float64:
            array[:] = np.frombuffer(random.bytes(8 * array.size), np.float64).reshape(64, 64)  # nan with any bits, too
        elif array.dtype == np.int64:
            array[:] = np.frombuffer(random.bytes(8 * array.size), np.int64).reshape(64, 64)
    return made


def stored(folder: Path, *seeds: int) -> None:
    with claimed(folder) as store:
        store.begin(REQUEST, IDENTITY)
        for seed in seeds:
            store.write(Tile(3, 5, seed), random_tile(seed))


def change(folder: Path, statement: str, *values: Any) -> None:
    connection = sqlite3.connect(folder / STORE)
    with connection:
        connection.execute(statement, values)
    connection.close()


def test_pixels_are_the_verdicts_and_a_metric() -> None:
    assert Pixels._fields == (*Verdicts._fields, "metric")


def test_a_tile_comes_back_bit_for_bit(tmp_path: Path) -> None:
    stored(tmp_path, 1, 2)
    with MapStore(tmp_path) as store:
        for seed in (1, 2):
            found = store.read(Tile(3, 5, seed))
            assert found is not None
            assert [array.tobytes() for array in found] == [array.tobytes() for array in random_tile(seed)]
            assert [array.dtype for array in found] == [array.dtype for array in random_tile(seed)]
        assert len(random_tile(1).to_bytes()) == N_BYTES
        assert list(store.tiles()) == [Tile(3, 5, 1), Tile(3, 5, 2)]
        assert store.read(Tile(3, 5, 3)) is None
        assert (store.has(Tile(3, 5, 2)), store.has(Tile(3, 2, 5))) == (True, False)
        assert (store.request, store.identity) == (REQUEST, IDENTITY)


def test_a_tile_can_be_replaced(tmp_path: Path) -> None:
    stored(tmp_path, 1)
    with claimed(tmp_path) as store:
        store.write(Tile(3, 5, 1), random_tile(7))
        found = store.read(Tile(3, 5, 1))
        assert found is not None
        assert found.to_bytes() == random_tile(7).to_bytes()
        assert len(list(store.tiles())) == 1


@pytest.mark.parametrize(
    "damage",
    [
        ("UPDATE tiles SET pixels = zeroblob(?) WHERE y = 1", N_BYTES),
        ("UPDATE tiles SET pixels = 'text' WHERE y = 1",),
        ("UPDATE tiles SET digest = zeroblob(16) WHERE y = 1",),
        ("UPDATE tiles SET x = 7 WHERE y = 1",),  # one tile in the place of another
    ],
)
def test_a_damaged_tile_is_said_and_missing(damage: tuple[Any, ...], tmp_path: Path) -> None:
    stored(tmp_path, 1, 2)
    change(tmp_path, *damage)
    said: list[str] = []
    tile = Tile(3, 7, 1) if "x = 7" in damage[0] else Tile(3, 5, 1)
    with MapStore(tmp_path, warn=said.append) as store:
        assert store.read(tile) is None
        assert store.digest(tile) is None
        assert said == [f"{tmp_path / STORE}: tile {tile} is damaged: it is trained again"] * 2
        assert store.read(Tile(3, 5, 2)) is not None


def test_a_damaged_request_is_one_line(tmp_path: Path) -> None:
    stored(tmp_path, 1)
    change(tmp_path, "UPDATE map SET request = '{}'")
    with MapStore(tmp_path) as store, pytest.raises(ResultsError) as error:
        store.request  # noqa: B018 - read
    assert str(error.value) == (
        f"{tmp_path / STORE}: damaged (checksum mismatch in the request): delete it and map.sqlite-journal, if there is"
        " one; then restore a copy, or run the map again"
    )


def test_tiles_of_another_arithmetic_are_kept_and_not_read(tmp_path: Path) -> None:
    stored(tmp_path, 1, 2)
    change(tmp_path, "UPDATE tiles SET numerics = ? WHERE y = 1", NUMERICS - 1)
    with claimed(tmp_path) as store:
        assert store.earlier() == 1
        assert list(store.tiles()) == [Tile(3, 5, 2)]
        assert store.read(Tile(3, 5, 1)) is None
        store.write(Tile(3, 5, 1), random_tile(1))
        assert (store.earlier(), len(list(store.tiles()))) == (1, 2)


def test_no_store(tmp_path: Path) -> None:
    with pytest.raises(NothingStored) as error:
        MapStore(tmp_path)
    assert str(error.value) == f"{tmp_path}: expected the results of a map, found no {STORE}"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not a database" * 100, "damaged (file is not a database)"),
        (b"", "expected the results of a map, found an empty database"),
    ],
)
def test_other_files(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / STORE).write_bytes(content)
    with pytest.raises(ResultsError) as error:
        MapStore(tmp_path)
    assert message in str(error.value)


def test_a_later_version_and_another_program(tmp_path: Path) -> None:
    stored(tmp_path)
    change(tmp_path, "PRAGMA user_version = 9")
    with pytest.raises(ResultsError, match="expected version 1, found 9: update this program"):
        MapStore(tmp_path)
    (tmp_path / STORE).unlink()
    change(tmp_path, "CREATE TABLE other (a)")
    with pytest.raises(ResultsError, match="unexpected tables"):
        MapStore(tmp_path)


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    with claimed(tmp_path), pytest.raises(ResultsError, match="is in use by another map"), claimed(tmp_path):
        pass


def test_a_store_in_memory() -> None:
    with MapStore(None) as store:
        store.begin(REQUEST, IDENTITY)
        store.write(TILE, random_tile(0))
        assert list(store.tiles()) == [TILE]
