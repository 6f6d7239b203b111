"""Waiting for another program that uses a store, for as long as it takes, and saying so."""

from __future__ import annotations

import sqlite3
import time

from experiments.console import warn

PATIENCE = 1  # seconds that SQLite itself waits; in between, Python can answer Ctrl-C
_SILENT = 5  # seconds


class Wait:
    """One wait; ``does`` is what the other program does: "reads" or "writes"."""

    def __init__(self, name: str, does: str) -> None:
        self._message = f"waiting for another program that {does} {name}"
        self._start = time.monotonic()
        self._next = float(_SILENT)

    def goes_on(self, error: sqlite3.Error) -> bool:
        """Whether to try again after an error; False if it is of another kind. Says so after 5, 10, 20, ... seconds."""
        if not getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY"):
            return False
        waited = time.monotonic() - self._start
        if waited >= self._next:
            warn(f"{self._message}: {waited:.0f} s")
            self._next = 2 * waited
        return True
