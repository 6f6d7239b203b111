"""A store as version 1 left it, without test costs and sources; by SQL alone."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

VERSION_1 = """
CREATE TABLE data (fingerprint TEXT PRIMARY KEY, arrays BLOB NOT NULL);
CREATE TABLE configurations (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, about TEXT NOT NULL);
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,    -- configuration * 4294967296 + seed
    status TEXT NOT NULL,      -- ok, diverged, failed
    curves BLOB NOT NULL,      -- float64: the cost at each record, then the training, then the test accuracies
    parameters BLOB NOT NULL,  -- in the dtype of the training: W row by row and b of each layer in turn
    error TEXT NOT NULL,       -- of a failed run
    digest BLOB NOT NULL       -- of all this and the key of the configuration
);
PRAGMA user_version = 1;
"""


def digest_of(*parts: bytes) -> bytes:
    """As version 1 defines it."""
    start = ",".join(str(len(part)) for part in parts) + ":"
    return hashlib.blake2b(start.encode() + b"".join(parts), digest_size=16).digest()


def put_back(path: Path) -> None:
    """Make a store one of version 1, with the same runs."""
    connection = sqlite3.connect(path)
    data = connection.execute("SELECT * FROM data").fetchall()
    configurations = connection.execute("SELECT id, key, about FROM configurations ORDER BY id").fetchall()
    runs = connection.execute("SELECT id, status, curves, parameters, error FROM runs ORDER BY id").fetchall()
    connection.close()
    path.unlink()
    keys = {number: key for number, key, _ in configurations}
    connection = sqlite3.connect(path)
    connection.executescript(VERSION_1)
    connection.executemany("INSERT INTO data VALUES (?, ?)", data)
    connection.executemany("INSERT INTO configurations VALUES (?, ?, ?)", configurations)
    for number, status, curves, parameters, error in runs:
        configuration, seed = divmod(number, 2**32)
        parts = keys[configuration], b"%d" % seed, status.encode(), curves, parameters, error.encode()
        row = number, status, curves, parameters, error, digest_of(*parts)
        connection.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?)", row)
    connection.commit()
    connection.close()
