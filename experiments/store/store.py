"""What has been computed, safe against any kill: one SQLite database a results folder.

A run is stored under everything that determines its numbers: its configuration, which is the fingerprint of the data,
every knob that trains, and the version of the numerics; and its seed. Whoever asks for the same run again gets it.

Rollback journal, not a write-ahead log: that needs shared memory, which network disks do not have, and a copy of the
database file alone would lack what is still in the log. Here a copied file is whole, and readers need nothing else.

SQLite keeps no checksums of its pages. Each row carries a digest of its content and of its key, which is checked
whenever the row is read; what does not match is an error, never a number. Nothing is pickled.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from experiments.datasets.data import Data
from experiments.files import STORE, ResultsError
from planar_core.network import Parameters, shaped

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

FORMAT = 2  # of the database: its user_version
STATUSES = ("ok", "diverged", "failed")
CURVES = ("cost", "train_score", "test_score", "test_cost")
"""The rows of curves. Scores are accuracies, or R^2 of a regression; costs of tests were not kept by version 1."""
_SEEDS = 2**32  # a run's row is number configuration * 2^32 + seed, so the runs of a configuration lie together
_PATIENCE = 60  # seconds to wait for somebody who reads
_NOT_DAMAGE = tuple(f"SQLITE_{name}" for name in ("FULL", "IOERR", "CANTOPEN", "READONLY", "BUSY", "LOCKED", "NOMEM"))
_DATA_PARTS = ("X", "Y", "X_test", "Y_test")
_TABLES = (
    "CREATE TABLE data (fingerprint TEXT PRIMARY KEY, arrays BLOB NOT NULL)",
    "CREATE TABLE configurations (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, about TEXT NOT NULL)",
    """CREATE TABLE runs (
    id INTEGER PRIMARY KEY,    -- configuration * 4294967296 + seed
    status TEXT NOT NULL,      -- ok, diverged, failed
    curves BLOB NOT NULL,      -- float64: the cost at each record, then the training, then the test accuracies
    parameters BLOB NOT NULL,  -- in the dtype of the training: W row by row and b of each layer in turn
    error TEXT NOT NULL,       -- of a failed run
    digest BLOB NOT NULL       -- of all this and the key of the configuration
)""",
)
_SINCE_VERSION_2 = (
    "ALTER TABLE runs ADD COLUMN test_costs BLOB",  # float64, one at each record; NULL of a run of version 1
    """CREATE TABLE sources (
    fingerprint TEXT PRIMARY KEY,
    kind TEXT NOT NULL,     -- drawn, divided
    content BLOB NOT NULL,  -- from which the data of each replicate are made
    digest BLOB NOT NULL    -- of all this
)""",
)
_ADDED = ", test_costs BLOB)"  # as it stands in the definition of the table afterwards


class NothingStored(ResultsError):
    """No store, or one without a table, as a sweep leaves it that is killed at its start."""


class StoredRun(NamedTuple):
    """A run as it was computed; without numbers if it failed."""

    status: str  # one of STATUSES
    curves: npt.NDArray[np.float64]  # (4, records): CURVES
    parameters: bytes
    error: str

    def network(self, features: int, hidden: str, dtype: str, outputs: int = 1) -> Parameters:
        """The trained network. Raises ValueError if the parameters are those of another one."""
        flat = np.frombuffer(self.parameters, np.dtype(dtype).newbyteorder("<")).astype(dtype)
        return shaped(flat, features, hidden, outputs)


def _digest(*parts: bytes) -> bytes:
    """16 bytes that depend on every bit of the parts, and on where one ends and the next begins."""
    lengths = b",".join(b"%d" % len(part) for part in parts)
    return hashlib.blake2b(b"".join((lengths, b":", *parts)), digest_size=16).digest()


_Row = tuple[int, str, bytes, bytes, str, bytes, bytes | None]


def _row(key: bytes, number: int, run: StoredRun, has_test_costs: bool = True) -> _Row:
    rows = run.curves.astype("<f8", copy=False)
    curves, test_costs = rows[:-1].tobytes(), rows[-1].tobytes() if has_test_costs else None
    parts = (key, b"%d" % (number % _SEEDS), run.status.encode(), curves, run.parameters, run.error.encode())
    digest = _digest(*parts) if test_costs is None else _digest(*parts, test_costs)
    return number, run.status, curves, run.parameters, run.error, digest, test_costs


class Store:
    """The runs of a results folder; of no folder, in a temporary file, if ``path`` is None.

    ``writes``: whether it is made where there is none. One process writes at a time, which ``lock.claimed`` sees to;
    any number may read. Raises ResultsError for a file that is damaged or of a newer version, OSError where the
    file system fails.
    """

    def __init__(self, path: Path | None, writes: bool = True) -> None:
        self.path = path
        self.name = "the temporary store" if path is None else str(path)  # in messages
        self._keys: dict[int, bytes] = {}
        with self._errors():
            if path is None:
                self._connection = sqlite3.connect("", check_same_thread=False)
            else:
                if not writes and not path.exists():
                    raise NothingStored(f"{path.parent}: expected the results of a sweep, found no {path.name}")
                # A reader too takes back what a killed writer left half done, where it may.
                self._connection = sqlite3.connect(path, timeout=_PATIENCE, check_same_thread=False)
            self._connection.isolation_level = None  # transactions begin where this file says so
            try:
                self._open(writes)
            except BaseException:
                self.close()
                raise

    def _open(self, writes: bool) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version > FORMAT:
            raise ResultsError(f"{self.name}: expected version {FORMAT} or older, found {version}: update this program")
        if version == 0:
            if not writes:
                raise NothingStored(f"{self.path}: expected the results of a sweep, found an empty database")
            with self._transaction():
                for table in (*_TABLES, *_SINCE_VERSION_2):
                    self._connection.execute(table)
                self._connection.execute(f"PRAGMA user_version = {FORMAT}")
            version = FORMAT
        expected = list(_TABLES)
        if version >= 2:
            expected[-1] = expected[-1].removesuffix(")") + _ADDED
            expected += _SINCE_VERSION_2[1:]
        self._is_of_version_2 = version >= 2
        tables = self._connection.execute(
            "SELECT sql FROM sqlite_master WHERE type = 'table' ORDER BY rowid"
        ).fetchall()
        if tables != [(table,) for table in expected]:
            raise self._damaged("unexpected tables")
        if writes:  # nothing is added to a file that is damaged
            (verdict,) = self._connection.execute("PRAGMA integrity_check(1)").fetchone()
            if verdict != "ok":
                raise self._damaged(verdict)
            if version < FORMAT:
                with self._transaction():
                    for change in _SINCE_VERSION_2:
                        self._connection.execute(change)
                    self._connection.execute(f"PRAGMA user_version = {FORMAT}")
                self._is_of_version_2 = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file. What is stored is on disk already."""
        self._connection.close()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """SQLite's errors as ResultsError, where the file is not what was written, or OSError."""
        try:
            yield
        except sqlite3.ProgrammingError:
            raise  # a mistake of the caller
        except (sqlite3.Error, UnicodeDecodeError) as error:
            name = getattr(error, "sqlite_errorname", "")
            # SQLite only reads a file whose header asks for a version of SQLite that is still to come.
            from_header = name == "SQLITE_READONLY" and self.path is not None and os.access(self.path, os.W_OK)
            if name.startswith(_NOT_DAMAGE) and not from_header:
                raise OSError(f"{self.name}: {error}") from None
            raise self._damaged(str(error)) from None

    def _damaged(self, what: str) -> ResultsError:
        reason = " ".join(what.split())
        return ResultsError(f"{self.name}: damaged ({reason}): restore a copy, or delete it and run the sweep again")

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing, and on disk at the end, whatever happens to the process."""
        with self._errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # SQLite ends some by itself, on a full disk
                    self._connection.execute("ROLLBACK")
                raise

    # Data sets

    def add_data(self, data: Iterable[Data]) -> None:
        """Keep the arrays of data sets, under their fingerprints: the networks were trained on them."""
        with self._transaction():
            for each in data:
                buffer = io.BytesIO()
                np.savez(buffer, **{part: getattr(each, part) for part in _DATA_PARTS})
                self._connection.execute(
                    "INSERT OR REPLACE INTO data VALUES (?, ?)", (each.fingerprint, buffer.getvalue())
                )

    def has_data(self, fingerprint: str) -> bool:
        """Whether a data set is stored."""
        with self._errors():
            row = self._connection.execute("SELECT 1 FROM data WHERE fingerprint = ?", (fingerprint,)).fetchone()
        return row is not None or self.source(fingerprint) is not None

    def data(self, fingerprint: str, **about: Any) -> Data:
        """A data set; ``about`` are the other fields of ``Data``, its names. Raises ResultsError without it."""
        with self._errors():
            row = self._connection.execute("SELECT arrays FROM data WHERE fingerprint = ?", (fingerprint,)).fetchone()
        if row is None:
            raise ResultsError(
                f"{self.name}: the data of {about.get('name', fingerprint)} are missing: run the sweep again"
            )
        try:
            with np.load(io.BytesIO(row[0]), allow_pickle=False) as arrays:
                data = Data(**{part: arrays[part] for part in _DATA_PARTS}, **about)
        except Exception as error:  # noqa: BLE001 - a damaged archive can raise anything
            raise self._damaged(f"data: {error}") from None
        if data.fingerprint != fingerprint:
            raise self._damaged("checksum mismatch in a data set")
        return data

    # Sources: what the data of replicates are made of

    def add_source(self, fingerprint: str, kind: str, content: bytes) -> None:
        """Keep what the data of every replicate can be made of again."""
        row = fingerprint, kind, content, _digest(fingerprint.encode(), kind.encode(), content)
        with self._transaction():
            self._connection.execute("INSERT OR REPLACE INTO sources VALUES (?, ?, ?, ?)", row)

    def source(self, fingerprint: str) -> tuple[str, bytes] | None:
        """Kind and content of a source; None if it is not stored. Raises ResultsError if it is damaged."""
        if not self._is_of_version_2:  # a store of version 1 has no sources
            return None
        with self._errors():
            row = self._connection.execute("SELECT * FROM sources WHERE fingerprint = ?", (fingerprint,)).fetchone()
        if row is None:
            return None
        try:
            is_whole = row[3] == _digest(row[0].encode(), row[1].encode(), row[2])
        except (TypeError, AttributeError):  # text for bytes, or the other way round
            is_whole = False
        if not is_whole:
            raise self._damaged("checksum mismatch in a data source")
        return str(row[1]), bytes(row[2])

    # Configurations

    def configurations(self, abouts: Iterable[Mapping[str, Any]]) -> list[int]:
        """The number of each configuration, which ``add`` and ``run`` want; new ones are given one."""
        with self._transaction():
            return [self._configuration(about) for about in abouts]

    def _configuration(self, about: Mapping[str, Any]) -> int:
        number = self.find(about)
        if number is None:
            text = _canonical(about)
            key = _digest(text.encode())
            number = self._connection.execute(
                "INSERT INTO configurations (key, about) VALUES (?, ?)", (key, text)
            ).lastrowid
            assert number is not None
            self._keys[number] = key
        return number

    def find(self, about: Mapping[str, Any]) -> int | None:
        """The number of a configuration, or None if nothing of it is stored."""
        key = _digest(_canonical(about).encode())
        with self._errors():
            row = self._connection.execute("SELECT id FROM configurations WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        self._keys[row[0]] = key
        return int(row[0])

    def all_configurations(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """The number and the content of every configuration. Raises ResultsError for a damaged one."""
        with self._errors():
            rows = self._connection.execute("SELECT id, key, about FROM configurations ORDER BY id").fetchall()
        for number, key, about in rows:
            if not isinstance(about, str) or _digest(about.encode()) != key:
                raise self._damaged(f"checksum mismatch in configuration {number}")
            self._keys[number] = key
            yield number, json.loads(about)

    # Runs

    def add(self, configurations: Sequence[int], seeds: Sequence[int], runs: Iterable[StoredRun]) -> None:
        """Store runs, all or none; each replaces one that is there already. Their configurations are known."""
        rows = (
            _row(self._keys[configuration], configuration * _SEEDS + seed, run)
            for configuration, seed, run in zip(configurations, seeds, runs, strict=True)
        )
        with self._transaction():
            self._connection.executemany("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def run(self, configuration: int, seed: int) -> StoredRun | None:
        """A run, or None if it is not stored. Raises ResultsError for a damaged one."""
        return next(self.runs(configuration, range(seed, seed + 1)), (seed, None))[1]

    def runs(self, configuration: int, seeds: range = range(_SEEDS)) -> Iterator[tuple[int, StoredRun]]:
        """The runs of a configuration that are stored, by seed, in the order of the seeds. Raises as ``run``."""
        first = configuration * _SEEDS
        with self._errors():
            for row in self._connection.execute(
                "SELECT * FROM runs WHERE id BETWEEN ? AND ? ORDER BY id", (first + seeds[0], first + seeds[-1])
            ):
                yield row[0] - first, self._checked(configuration, row if self._is_of_version_2 else (*row, None))

    def statuses(self, configuration: int) -> Iterator[tuple[int, str]]:
        """Seed and status of each run of a configuration that is stored, without a look at its numbers."""
        first = configuration * _SEEDS
        with self._errors():
            for number, status in self._connection.execute(
                "SELECT id, status FROM runs WHERE id BETWEEN ? AND ? ORDER BY id", (first, first + _SEEDS - 1)
            ):
                yield number - first, status

    def _checked(self, configuration: int, row: _Row) -> StoredRun:
        number, status, curves, parameters, error, _, test_costs = row
        try:
            rows = np.frombuffer(curves, "<f8").reshape(len(CURVES) - 1, -1)
            last = np.full(rows.shape[1], np.nan) if test_costs is None else np.frombuffer(test_costs, "<f8")
            run = StoredRun(status, np.vstack([rows, last]), parameters, error)
            if _row(self._keys[configuration], number, run, test_costs is not None) != row:
                raise ValueError("other bits")
        except (ValueError, TypeError, AttributeError):
            raise self._damaged(f"checksum mismatch in the run of seed {number % _SEEDS}") from None
        return run


@contextlib.contextmanager
def stored_in(folder: Path) -> Iterator[Store | None]:
    """What a folder holds already, to be read; None where there is nothing."""
    try:
        opened = Store(folder / STORE, writes=False)
    except NothingStored:
        yield None
        return
    with opened:
        yield opened


def _canonical(about: Mapping[str, Any]) -> str:
    return json.dumps(about, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
