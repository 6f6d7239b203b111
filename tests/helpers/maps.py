"""Small maps, and what their folders have."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from experiments.maps.plane import Tile
from experiments.maps.store import STORE, MapStore

X, Y = "lr=log:0.01:1e6", "init-scale=log:0.01:100"
KNOBS: dict[str, Any] = {"dataset": "plane", "samples": 10, "hidden": 1, "iterations": 20}
"""A network that trains in microseconds, and diverges in a part of the plane."""
MAP = ["--x", X, "--y", Y, "--dataset", "plane", "--samples", "10", "--hidden", "1", "--iterations", "20", "--no-plots"]
"""The same as a command, without a size and a folder."""
TILES = {64: 1, 128: 5, 256: 21}
"""How many tiles a map of the whole plane has, by its size."""


def contents(folder: Path) -> dict[str, bytes]:
    """The bytes of every tile, by name, and of the manifest."""
    with MapStore(folder) as store:
        found = {}
        for tile in store.tiles():
            pixels = store.read(tile)
            assert pixels is not None
            found[str(tile)] = pixels.to_bytes()
    return {"map.json": (folder / "map.json").read_bytes(), **found}


def stored_tiles(folder: Path) -> list[Tile]:
    """Those that are stored; none without a store."""
    if not (folder / STORE).exists():
        return []
    with MapStore(folder, writes=True) as store:
        return list(store.tiles())


def damage(folder: Path, tile: Tile) -> None:
    """Change a byte of a stored tile."""
    connection = sqlite3.connect(folder / STORE)
    with connection:
        where = f"level = {tile.level} AND x = {tile.x} AND y = {tile.y}"
        (pixels,) = connection.execute(f"SELECT pixels FROM tiles WHERE {where}").fetchone()
        changed = bytearray(pixels)
        changed[20_000] ^= 1
        connection.execute(f"UPDATE tiles SET pixels = ? WHERE {where}", (bytes(changed),))
    connection.close()
