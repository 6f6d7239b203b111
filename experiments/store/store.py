"""Storage of computed runs that survives kills at any moment: one SQLite database per results folder.

A run is stored under a key of everything that determines its numbers: its configuration, that is the fingerprint of the
data, every training knob and the version of the arithmetic; and its seed. The same run is then found again.

The database uses a rollback journal instead of a write-ahead log, which requires shared memory, does not work on
network disks and needs a writable folder even for reading. Reads are short transactions; a writer waits for readers,
and a reader for the writer, for as long as it takes. Between transactions, the database file alone is complete. A copy
made while a sweep writes, with ``cp`` for example, may not be: ``experiments.copying`` makes one that is.

SQLite has no checksums for its pages. Each row has a digest of its content and key, which is checked whenever it is
read; a mismatch is an error and never a wrong number. Nothing is pickled.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import secrets
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from experiments.datasets.data import Data
from experiments.files import STORE, ResultsError
from experiments.identity import canonical
from experiments.store.database import Database, NothingStored, digest
from experiments.store.opening import digest_of_open
from planar_core.network import Parameters, shaped

FORMAT = 3  # the latest user_version of the database
_USUAL = 2  # that of a store without runs that were stopped early, which older programs can read
STATUSES = ("ok", "diverged", "failed")
CURVES = ("cost", "train_score", "test_score", "test_cost")
"""The rows of curves. Scores are accuracies, or R^2 for regression; version 1 did not store test costs."""
_AT_ONCE = 1000  # rows found by one query
_SEEDS = 2**32  # a run's row is number configuration * 2^32 + seed, so the runs of a configuration lie together
_CHUNK = 2**20  # bytes that are read in one transaction
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
    # float64, one at each record; NULL of a run of version 1. Since version 3, the costs on the validation part follow,
    # for a run with early stopping.
    "ALTER TABLE runs ADD COLUMN test_costs BLOB",
    """CREATE TABLE sources (
    fingerprint TEXT PRIMARY KEY,
    kind TEXT NOT NULL,     -- drawn, divided
    content BLOB NOT NULL,  -- from which the data of each replicate are made
    digest BLOB NOT NULL    -- of all this
)""",
)
_NAMES = {table.split()[2] for table in (*_TABLES, _SINCE_VERSION_2[-1])}
_ADDED = ", test_costs BLOB)"  # the end of the definition of the table afterwards


class StoredRun(NamedTuple):
    """A computed run; without numbers if it failed."""

    status: str  # one of STATUSES
    curves: npt.NDArray[np.float64]  # (4, records): CURVES
    parameters: bytes
    error: str
    validation_costs: bytes = b""  # with early stopping: float64, one at each record

    def network(self, features: int, hidden: str, dtype: str, outputs: int = 1) -> Parameters:
        """The trained network. Raises ValueError if the parameters do not fit its shape."""
        flat = np.frombuffer(self.parameters, np.dtype(dtype).newbyteorder("<")).astype(dtype)
        return shaped(flat, features, hidden, outputs)


@dataclass(frozen=True)
class StoredRuns:
    """Several computed runs as arrays, with an entry for each."""

    statuses: npt.NDArray[np.int8]  # positions in STATUSES
    records: npt.NDArray[np.int64]  # lengths of the curves
    curves: npt.NDArray[np.float64]  # (runs, 4, records): CURVES; nan after the last record
    parameters: Sequence[bytes]
    errors: Sequence[str]
    validation_costs: Sequence[bytes] = ()  # as in StoredRun; () if no run has any

    def __len__(self) -> int:
        return len(self.records)

    def run(self, at: int) -> StoredRun:
        """One of them."""
        curves, parameters = self.curves[at, :, : self.records[at]], self.parameters[at]
        validation_costs = self.validation_costs[at] if self.validation_costs else b""
        return StoredRun(STATUSES[self.statuses[at]], curves, parameters, self.errors[at], validation_costs)

    @property
    def kept(self) -> npt.NDArray[np.int64]:
        """The record whose network is kept: the last one, or the best one of early stopping; -1 without records."""
        kept = self.records - 1
        for at, costs in enumerate(self.validation_costs):
            if costs:
                kept[at] = best_record(np.frombuffer(costs, "<f8"))
        return kept

    @property
    def validation(self) -> npt.NDArray[np.float64]:
        """The costs on the validation part, (runs, records); nan where there are none."""
        costs = np.full((len(self), self.curves.shape[2]), np.nan)
        for of_run, stored in zip(costs, self.validation_costs, strict=False):
            of_run[: len(stored) // 8] = np.frombuffer(stored, "<f8")
        return costs


def best_record(validation_costs: npt.NDArray[np.float64]) -> int:
    """The position of the lowest cost, the first one of equals; nan is above all others."""
    return int(np.argmin(np.where(np.isnan(validation_costs), np.inf, validation_costs)))


_Row = tuple[int, str, bytes, bytes, str, bytes, bytes | None]


def _row(key: bytes, number: int, run: StoredRun, has_test_costs: bool = True) -> _Row:
    numbers = run.curves.astype("<f8", copy=False).tobytes()
    end = len(numbers) // len(CURVES) * (len(CURVES) - 1)
    curves, test_costs = numbers[:end], numbers[end:] + run.validation_costs if has_test_costs else None
    digest = _digest_of_run(key, number, run.status, curves, run.parameters, run.error, test_costs)
    return number, run.status, curves, run.parameters, run.error, digest, test_costs


def _digest_of_run(
    key: bytes, number: int, status: str, curves: bytes, parameters: bytes, error: str, test_costs: bytes | None
) -> bytes:
    parts = (key, b"%d" % (number % _SEEDS), status.encode(), curves, parameters, error.encode())
    return digest(*parts) if test_costs is None else digest(*parts, test_costs)


def _as_arrays(rows: Sequence[_Row]) -> StoredRuns:
    """Rows whose digests were checked, as arrays."""
    n, of_record = len(rows), 8 * (len(CURVES) - 1)
    records = np.array([len(row[2]) // of_record for row in rows], np.int64)
    of_test = [None if row[-1] is None else row[-1][: 8 * k] for row, k in zip(rows, records.tolist(), strict=True)]
    of_validation = [(row[-1] or b"")[8 * k :] for row, k in zip(rows, records.tolist(), strict=True)]
    longest = int(records.max(initial=0))
    if (records == longest).all() and None not in of_test:  # at once
        curves = np.empty((n, len(CURVES), longest))
        curves[:, :-1] = np.frombuffer(b"".join([row[2] for row in rows]), "<f8").reshape(n, len(CURVES) - 1, longest)
        curves[:, -1] = np.frombuffer(b"".join([each or b"" for each in of_test]), "<f8").reshape(n, longest)
    else:
        curves = np.full((n, len(CURVES), longest), np.nan)
        for of_run, row, test_costs, length in zip(curves, rows, of_test, records.tolist(), strict=True):
            of_run[:-1, :length] = np.frombuffer(row[2], "<f8").reshape(len(CURVES) - 1, length)
            if test_costs is not None:
                of_run[-1, :length] = np.frombuffer(test_costs, "<f8")
    statuses = np.array([STATUSES.index(row[1]) for row in rows], np.int8)
    parameters, errors = [row[3] for row in rows], [row[4] for row in rows]
    return StoredRuns(statuses, records, curves, parameters, errors, of_validation if any(of_validation) else ())


def _batched(values: Iterable[Any], n: int) -> Iterator[tuple[Any, ...]]:
    """Tuples of ``n`` values, the last one with what is left (itertools.batched, since Python 3.12)."""
    left = iter(values)
    return iter(lambda: tuple(itertools.islice(left, n)), ())


class _Keys:
    """The key of each configuration, by number: 16 bytes each."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def __setitem__(self, number: int, key: bytes) -> None:
        missing = 16 * (number + 1) - len(self._bytes)
        if missing > 0:
            self._bytes.extend(bytes(max(missing, len(self._bytes) // 4)))
        self._bytes[16 * number : 16 * number + 16] = key

    def __getitem__(self, number: int) -> bytes:
        return bytes(self._bytes[16 * number : 16 * number + 16])


class Store(Database):
    """The runs of a results folder; in a temporary file if ``path`` is None.

    ``writes``: whether to create a missing store. Only one process may write, which ``lock.claimed`` ensures; any
    number may read. ``is_finished``: nobody writes the file any more, so it is read without locks, which not every file
    system has, and without any change. Raises ResultsError for a damaged file or a newer version, OSError if the file
    system fails.
    """

    file, content = STORE, "sweep"

    def __init__(self, path: Path | None, writes: bool = True, is_finished: bool = False) -> None:
        self._keys = _Keys()
        super().__init__(path, writes, is_finished)

    def _open(self, writes: bool) -> None:
        (version,) = self._patiently("PRAGMA user_version").fetchone()
        # Tables of SQLite's own, such as those of ANALYZE, say nothing.
        tables = self._patiently(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*' ORDER BY rowid"
        ).fetchall()
        if tables and not {name for name, _ in tables} & _NAMES:
            raise ResultsError(
                f"{self.name}: expected a store of a sweep, found a database of another program: choose another folder"
            )
        if version > FORMAT:
            raise ResultsError(f"{self.name}: expected version {FORMAT} or older, found {version}: update this program")
        if version == 0 and not tables:
            if not writes:
                raise NothingStored(f"{self.path}: expected the results of a sweep, found an empty database")
            with self._transaction():
                for table in (*_TABLES, *_SINCE_VERSION_2):
                    self._connection.execute(table)
                self._connection.execute(f"PRAGMA user_version = {_USUAL}")
                # Tells a journal of this file from one of another.
                self._connection.execute(f"PRAGMA application_id = {secrets.randbits(31)}")
            self._is_of_version_2, self._version = True, _USUAL
            return
        expected = list(_TABLES)
        if version >= 2:
            expected[-1] = expected[-1].removesuffix(")") + _ADDED
            expected += _SINCE_VERSION_2[1:]
        self._is_of_version_2, self._version = version >= 2, version
        if [sql for _, sql in tables] != expected:
            raise self._damaged("unexpected tables")
        if writes:  # nothing is added to a damaged file
            (verdict,) = self._patiently("PRAGMA integrity_check(1)").fetchone()
            if verdict != "ok":
                raise self._damaged(verdict)
            # A header can require a later version of SQLite for writing: found out now, not after the training.
            self._patiently("BEGIN IMMEDIATE")
            try:
                self._connection.execute(f"PRAGMA user_version = {version}")
            finally:
                if self._connection.in_transaction:  # SQLite itself ends it on a full disk
                    self._connection.execute("ROLLBACK")
            if version < _USUAL:
                with self._transaction():
                    for change in _SINCE_VERSION_2:
                        self._connection.execute(change)
                    self._connection.execute(f"PRAGMA user_version = {_USUAL}")
                self._is_of_version_2, self._version = True, _USUAL

    def _in_chunks(self, select: str, first: int, last: int) -> Iterator[tuple[Any, ...]]:
        """The rows of a table whose id, their first column, is in a range. No read transaction outlives a chunk."""
        while True:
            rows, size = [], 0
            cursor = self._patiently(f"{select} WHERE id BETWEEN ? AND ? ORDER BY id", (first, last))
            for row in cursor:
                rows.append(row)
                size += sum(len(cell) for cell in row if isinstance(cell, bytes | str))
                if size > _CHUNK:
                    break
            cursor.close()  # which ends the transaction
            yield from rows
            if size <= _CHUNK:
                return
            first = rows[-1][0] + 1

    def digest(self) -> str | None:
        """A digest of every byte of the file; None for a temporary one, or if this process has it open elsewhere."""
        return None if self.path is None else digest_of_open(self.path)

    # Data sets

    def add_data(self, data: Iterable[Data]) -> None:
        """Store the arrays of data sets by their fingerprints."""
        with self._transaction():
            for each in data:
                buffer = io.BytesIO()
                np.savez(buffer, **{part: getattr(each, part) for part in _DATA_PARTS})
                self._replace("data", (each.fingerprint, buffer.getvalue()))

    def has_data(self, fingerprint: str) -> bool:
        """Whether a data set is stored."""
        with self._errors():
            row = self._patiently("SELECT 1 FROM data WHERE fingerprint = ?", (fingerprint,)).fetchone()
        return row is not None or self.source(fingerprint) is not None

    def data(self, fingerprint: str, **about: Any) -> Data:
        """A stored data set; ``about`` has the other fields of ``Data``. Raises ResultsError if it is missing."""
        with self._errors():
            row = self._patiently("SELECT arrays FROM data WHERE fingerprint = ?", (fingerprint,)).fetchone()
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

    # Sources, from which the data of replicates are made

    def add_source(self, fingerprint: str, kind: str, content: bytes) -> None:
        """Store a source, from which the data of every replicate can be made again."""
        row = fingerprint, kind, content, digest(fingerprint.encode(), kind.encode(), content)
        with self._transaction():
            self._replace("sources", row)

    def _replace(self, table: str, row: tuple[str | bytes, ...]) -> None:
        """Store a row by its fingerprint, unless the same one is stored already: data may be large."""
        stored = self._connection.execute(f"SELECT * FROM {table} WHERE fingerprint = ?", row[:1]).fetchone()
        if stored != row:
            places = ", ".join("?" * len(row))
            self._connection.execute(f"INSERT OR REPLACE INTO {table} VALUES ({places})", row)

    def source(self, fingerprint: str) -> tuple[str, bytes] | None:
        """Kind and content of a source; None if it is not stored. Raises ResultsError if it is damaged."""
        if not self._is_of_version_2:  # a store of version 1 has no sources
            return None
        with self._errors():
            row = self._patiently("SELECT * FROM sources WHERE fingerprint = ?", (fingerprint,)).fetchone()
        if row is None:
            return None
        try:
            is_whole = row[3] == digest(row[0].encode(), row[1].encode(), row[2])
        except (TypeError, AttributeError):  # text instead of bytes, or vice versa
            is_whole = False
        if not is_whole:
            raise self._damaged("checksum mismatch in a data source")
        return str(row[1]), bytes(row[2])

    # Configurations

    @property
    def is_empty(self) -> bool:
        """Whether it has no configurations, and so no runs."""
        with self._errors():
            return self._patiently("SELECT 1 FROM configurations LIMIT 1").fetchone() is None

    def configurations(self, abouts: Iterable[Mapping[str, Any]]) -> list[int]:
        """The number of each configuration, for ``add`` and ``run``; new ones are added."""
        return list(self.add_configurations(map(canonical, abouts)))

    def add_configurations(self, texts: Iterable[str]) -> array[int]:
        """The same, given the ``canonical`` text of each."""
        numbers = array("q")
        with self._transaction():
            for some in _batched(texts, _AT_ONCE):
                found = self._find(some)
                (last,) = self._connection.execute("SELECT ifnull(max(id), 0) FROM configurations").fetchone()
                following = itertools.count(last + 1)
                new: dict[bytes, tuple[int, bytes, str]] = {}
                for text, (key, number) in zip(some, found, strict=True):
                    if number == 0 and key not in new:
                        new[key] = next(following), key, text
                        self._keys[new[key][0]] = key
                    numbers.append(number or new[key][0])
                self._connection.executemany("INSERT INTO configurations VALUES (?, ?, ?)", new.values())
        return numbers

    def find(self, about: Mapping[str, Any]) -> int | None:
        """The number of a configuration, or None if it is not stored."""
        return self.find_all([canonical(about)])[0] or None

    def find_all(self, texts: Iterable[str]) -> array[int]:
        """The number of each configuration, given its ``canonical`` text; 0 for those that are not stored."""
        with self._errors():
            return array("q", (number for some in _batched(texts, _AT_ONCE) for _, number in self._find(some)))

    def _find(self, texts: Sequence[str]) -> list[tuple[bytes, int]]:
        """Key and number of each configuration; the number is 0 if it is not stored."""
        keys = [digest(text.encode()) for text in texts]
        places = ",".join("?" * len(keys))
        rows = self._patiently(f"SELECT key, id FROM configurations WHERE key IN ({places})", keys).fetchall()
        numbers = dict(rows)
        for key, number in rows:
            self._keys[number] = key
        return [(key, numbers.get(key, 0)) for key in keys]

    def has_numerics(self, version: int) -> bool:
        """Whether any configuration has this version of the arithmetic."""
        with self._errors():
            pattern = f'%"numerics":{version},%'
            return (
                self._patiently("SELECT 1 FROM configurations WHERE about LIKE ? LIMIT 1", (pattern,)).fetchone()
                is not None
            )

    def all_configurations(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """The number and the content of every configuration. Raises ResultsError for a damaged one."""
        with self._errors():
            rows = self._patiently("SELECT id, key, about FROM configurations ORDER BY id").fetchall()
        for number, key, about in rows:
            if not isinstance(about, str) or digest(about.encode()) != key:
                raise self._damaged(f"checksum mismatch in configuration {number}")
            self._keys[number] = key
            yield number, json.loads(about)

    # Runs

    def add(self, configurations: Sequence[int], seeds: Sequence[int], runs: Iterable[StoredRun]) -> None:
        """Store runs, all or none, replacing existing ones. Their configurations must be stored."""
        runs = list(runs)
        rows = (
            _row(self._keys[configuration], configuration * _SEEDS + seed, run)
            for configuration, seed, run in zip(configurations, seeds, runs, strict=True)
        )
        version = FORMAT if any(run.validation_costs for run in runs) else self._version
        with self._transaction():
            if version != self._version:
                self._connection.execute(f"PRAGMA user_version = {version}")
            self._connection.executemany("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        self._version = version

    def present(self, configurations: Sequence[int], seeds: Sequence[int]) -> set[tuple[int, int]]:
        """Those of these runs that are stored, as configuration and seed."""
        numbers = [configuration * _SEEDS + seed for configuration, seed in zip(configurations, seeds, strict=True)]
        with self._errors():
            rows = self._connection.execute(
                "SELECT id FROM runs WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(numbers),)
            ).fetchall()
        return {divmod(number, _SEEDS) for (number,) in rows}

    def run(self, configuration: int, seed: int) -> StoredRun | None:
        """A run, or None if it is not stored. Raises ResultsError for a damaged one."""
        return next(self.runs(configuration, range(seed, seed + 1)), (seed, None))[1]

    def runs(self, configuration: int, seeds: range = range(_SEEDS)) -> Iterator[tuple[int, StoredRun]]:
        """The stored runs of a configuration, ordered by seed. Raises as ``run``."""
        first = configuration * _SEEDS
        with self._errors():
            for row in self._in_chunks("SELECT * FROM runs", first + seeds[0], first + seeds[-1]):
                yield row[0] - first, self._checked(configuration, row if self._is_of_version_2 else (*row, None))

    def count(self, most: int) -> int:
        """The number of stored runs, or ``most`` if there are more."""
        with self._errors():
            limited = "SELECT count(*) FROM (SELECT 1 FROM runs LIMIT ?)"
            (n,) = self._patiently(limited, (min(most, 2**63 - 1),)).fetchone()
        return int(n)

    def many(self, configurations: Sequence[int], seeds: Sequence[int]) -> StoredRuns:
        """Some runs, in this order. Raises as ``run``, and LookupError if one is not stored."""
        wanted = [configuration * _SEEDS + seed for configuration, seed in zip(configurations, seeds, strict=True)]
        found = {number: row for ids in _batched(wanted, _AT_ONCE) for number, row in self._found(ids)}
        if not found.keys() >= set(wanted):
            raise LookupError(f"{self.name}: some runs of the sweep are missing: run it again")
        for number, row in found.items():
            self._check(number // _SEEDS, row)
        return _as_arrays([found[number] for number in wanted])

    def _found(self, ids: Sequence[int]) -> list[tuple[int, _Row]]:
        """The rows that are stored of these runs, at most _AT_ONCE."""
        with self._errors():
            query = f"SELECT * FROM runs WHERE id IN ({','.join('?' * len(ids))})"
            rows = self._patiently(query, ids).fetchall()
        return [(row[0], row if self._is_of_version_2 else (*row, None)) for row in rows]

    def check(self, configuration: int, seeds: Collection[int]) -> None:
        """Read these runs of a configuration. Raises as ``run``."""
        first = configuration * _SEEDS
        with self._errors():
            for row in self._in_chunks("SELECT * FROM runs", first + min(seeds), first + max(seeds)):
                if row[0] - first in seeds:
                    self._check(configuration, row if self._is_of_version_2 else (*row, None))

    def has_finished(self, configuration: int, seeds: Sequence[int]) -> bool:
        """Whether all these runs of a configuration are stored and did not fail, if their seeds are consecutive.

        Without checking their numbers, as ``finished``, but many times as fast; False for seeds with gaps.
        """
        first, last = configuration * _SEEDS + min(seeds), configuration * _SEEDS + max(seeds)
        if last - first >= len(seeds):
            return False
        with self._errors():
            counted = "SELECT count(*) FROM runs WHERE id BETWEEN ? AND ? AND status != 'failed'"
            (n,) = self._patiently(counted, (first, last)).fetchone()
        return bool(n == len(seeds))

    def finished(self, runs: Iterable[tuple[int, int]]) -> Iterator[bool]:
        """Whether each run, by configuration and seed, is stored and did not fail, without checking its numbers."""
        for some in _batched((configuration * _SEEDS + seed for configuration, seed in runs), _AT_ONCE):
            with self._errors():
                query = f"SELECT id FROM runs WHERE status != 'failed' AND id IN ({','.join('?' * len(some))})"
                found = {number for (number,) in self._patiently(query, some).fetchall()}
            yield from (number in found for number in some)

    def statuses(self, configuration: int, seeds: range = range(_SEEDS)) -> Iterator[tuple[int, str]]:
        """Seed and status of each stored run of a configuration, without checking its numbers."""
        first = configuration * _SEEDS
        with self._errors():
            for number, status in self._in_chunks("SELECT id, status FROM runs", first + seeds[0], first + seeds[-1]):
                yield number - first, status

    def _checked(self, configuration: int, row: _Row) -> StoredRun:
        self._check(configuration, row)
        return _as_arrays([row]).run(0)

    def _check(self, configuration: int, row: _Row) -> None:
        number, status, curves, parameters, error, found, test_costs = row
        try:
            of_record = 8 * (len(CURVES) - 1)
            fits = len(curves) % of_record == 0 and (
                test_costs is None or of_record * len(test_costs) in (8 * len(curves), 16 * len(curves))
            )
            expected = _digest_of_run(self._keys[configuration], number, status, curves, parameters, error, test_costs)
            is_whole = fits and found == expected and status in STATUSES
        except (TypeError, AttributeError):  # text instead of bytes, or vice versa
            is_whole = False
        if not is_whole:
            raise self._damaged(f"checksum mismatch in the run of seed {number % _SEEDS}")


@contextlib.contextmanager
def stored_in(folder: Path) -> Iterator[Store | None]:
    """The store of a folder for reading; None if there is none."""
    try:
        opened = Store(folder / STORE, writes=False)
    except NothingStored:
        yield None
        return
    with opened:
        yield opened
