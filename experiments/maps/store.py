"""The store of a map: one SQLite database per folder, in which every finished tile is kept.

A kill at any moment leaves the tiles whole that were written. Each has a digest of its content and of what it belongs
to, which is checked whenever it is read: a damaged tile counts as one that is missing, and is trained again. Tiles of
another version of the arithmetic are kept beside, and never read.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from experiments.files import ResultsError
from experiments.identity import canonical
from experiments.maps.pixels import Pixels
from experiments.maps.plane import Tile
from experiments.store.database import Database, NothingStored, digest
from experiments.store.lock import locked, opened
from planar_core.choices import NUMERICS

STORE = "map.sqlite"
MANIFEST, PAGE = "map.json", "map.html"
PICTURES = ("map.png", "map_scale.png")  # in the colours of the paper, and with a scale
FILES = (MANIFEST, *PICTURES, PAGE, "film.gif", "film.mp4")
"""What a map can write beside its store."""
FORMAT = 1  # the latest user_version of the database
_TABLES = (
    """CREATE TABLE map (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    request TEXT NOT NULL,  -- JSON: MapRequest.as_dict
    identity TEXT NOT NULL, -- JSON: what determines the numbers of a pixel, but for its place and the arithmetic
    digest BLOB NOT NULL    -- of both
)""",
    """CREATE TABLE tiles (
    numerics INTEGER NOT NULL, -- the version of the arithmetic
    level INTEGER NOT NULL,
    x INTEGER NOT NULL,
    y INTEGER NOT NULL,
    pixels BLOB NOT NULL,      -- Pixels.to_bytes
    digest BLOB NOT NULL,      -- of all this and the digest of the map
    UNIQUE (numerics, level, x, y)
)""",
)
_AT = "numerics = ? AND level = ? AND x = ? AND y = ?"


class MapStore(Database):
    """The tiles of a folder; in a temporary file if ``folder`` is None.

    ``writes``: whether to create a missing store. Only one process may write, which ``claimed`` ensures; any number may
    read. An instance belongs to one thread at a time. ``warn`` is told of every damaged tile. Raises ResultsError for a
    damaged file or a newer version, OSError if the file system fails.
    """

    file, content = STORE, "map"

    def __init__(self, folder: Path | None, writes: bool = False, warn: Callable[[str], object] | None = None) -> None:
        self._warn = warn or (lambda _: None)
        self._map: bytes | None = None  # the digest of the map
        super().__init__(None if folder is None else folder / STORE, writes or folder is None)

    def _open(self, writes: bool) -> None:
        (version,) = self._patiently("PRAGMA user_version").fetchone()
        tables = self._patiently(
            "SELECT sql FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*' ORDER BY rowid"
        ).fetchall()
        if version > FORMAT:
            raise ResultsError(f"{self.name}: expected version {FORMAT}, found {version}: update this program")
        if version == 0 and not tables:
            if not writes:
                raise NothingStored(f"{self.path}: expected the results of a map, found an empty database")
            with self._transaction():
                for table in _TABLES:
                    self._connection.execute(table)
                self._connection.execute(f"PRAGMA user_version = {FORMAT}")
                # Tells a journal of this file from one of another.
                self._connection.execute(f"PRAGMA application_id = {secrets.randbits(31)}")
            return
        if [sql for (sql,) in tables] != list(_TABLES):
            raise self._damaged("unexpected tables")
        if writes:  # nothing is added to a damaged file
            (verdict,) = self._patiently("PRAGMA integrity_check(1)").fetchone()
            if verdict != "ok":
                raise self._damaged(verdict)

    # The map

    @property
    def request(self) -> dict[str, Any] | None:
        """The request of the map, as plain values; None if there is none yet. Raises ResultsError if it is damaged."""
        return None if (found := self._of_map()) is None else found[0]

    @property
    def identity(self) -> dict[str, Any] | None:
        """What determines the numbers of its pixels, likewise."""
        return None if (found := self._of_map()) is None else found[1]

    def _of_map(self) -> tuple[dict[str, Any], dict[str, Any]] | None:
        with self._errors():
            row = self._patiently("SELECT request, identity, digest FROM map").fetchone()
        if row is None:
            return None
        request, identity, stored = row
        if not (isinstance(request, str) and isinstance(identity, str)) or _of(request, identity) != stored:
            raise self._damaged("checksum mismatch in the request")
        self._map = stored
        return json.loads(request), json.loads(identity)

    def begin(self, request: Mapping[str, Any], identity: Mapping[str, Any]) -> None:
        """Store what the map is of, unless that is stored already: then it must have the same identity."""
        if (found := self._of_map()) is not None:
            assert canonical(found[1]) == canonical(identity), "the caller compares them"
            return
        texts = canonical(request), canonical(identity)
        with self._transaction():
            self._connection.execute("INSERT INTO map VALUES (1, ?, ?, ?)", (*texts, _of(*texts)))
        self._map = _of(*texts)

    # Tiles

    def tiles(self) -> Iterator[Tile]:
        """Those that are stored, coarse to fine, without a check of their content."""
        with self._errors():
            query = "SELECT level, x, y FROM tiles WHERE numerics = ? ORDER BY level, y, x"
            rows = self._patiently(query, (NUMERICS,)).fetchall()
        return (Tile(*row) for row in rows)

    def earlier(self) -> int:
        """How many tiles are of another version of the arithmetic."""
        with self._errors():
            (n,) = self._patiently("SELECT count(*) FROM tiles WHERE numerics != ?", (NUMERICS,)).fetchone()
        return int(n)

    def read(self, tile: Tile) -> Pixels | None:
        """A tile, (64, 64) each; None if it is not stored, or damaged."""
        found = self._found(tile)
        return None if found is None else Pixels.from_bytes(found[0])

    def digest(self, tile: Tile) -> str | None:
        """The digest of the content of a tile alone, in hex; None as in ``read``."""
        found = self._found(tile)
        return None if found is None else digest(found[0]).hex()

    def has(self, tile: Tile) -> bool:
        """Whether a tile is stored, without a check of its content."""
        with self._errors():
            return self._patiently(f"SELECT 1 FROM tiles WHERE {_AT}", (NUMERICS, *tile)).fetchone() is not None

    def _found(self, tile: Tile) -> tuple[bytes] | None:
        with self._errors():
            row = self._patiently(f"SELECT pixels, digest FROM tiles WHERE {_AT}", (NUMERICS, *tile)).fetchone()
        if row is None:
            return None
        pixels, stored = row
        if not isinstance(pixels, bytes) or self._digest_of(tile, pixels) != stored:
            self._warn(f"{self.name}: tile {tile} is damaged: it is trained again")
            return None
        return (pixels,)

    def write(self, tile: Tile, pixels: Pixels) -> None:
        """Store a tile, in place of one that is damaged."""
        content = pixels.to_bytes()
        row = (NUMERICS, *tile, content, self._digest_of(tile, content))
        with self._transaction():
            self._connection.execute("INSERT OR REPLACE INTO tiles VALUES (?, ?, ?, ?, ?, ?)", row)

    def _digest_of(self, tile: Tile, content: bytes) -> bytes:
        if self._map is None and self._of_map() is None:
            raise self._damaged("tiles without a request")
        assert self._map is not None
        return digest(self._map, f"{NUMERICS}/{tile}".encode(), content)


def _of(request: str, identity: str) -> bytes:
    return digest(request.encode(), identity.encode())


@contextlib.contextmanager
def claimed(folder: Path, warn: Callable[[str], object] | None = None) -> Iterator[MapStore]:
    """The store of a folder, created if necessary, locked until the end of the block or the process.

    Raises ResultsError with the name of the owner if another process has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with opened(folder) as place, locked(folder, place, "map"), MapStore(folder, writes=True, warn=warn) as store:
        yield store
