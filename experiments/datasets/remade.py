"""Sources whose data are made again when they are wanted: a sweep may have ten thousand of them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from experiments.datasets.data import Data
from experiments.datasets.source import Fixed, Sizes, Source

MOST_KEPT = 1000  # problems of a sweep whose data are all kept in memory
KEPT_BYTES = 2**25  # of a larger one


class Recent:
    """The data that were used last, as far as they fit; at least one."""

    def __init__(self) -> None:
        self._kept: OrderedDict[object, Data] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: object, make: Callable[[], Data]) -> Data:
        """The data with this key, made if they are not kept."""
        with self._lock:
            if key not in self._kept:
                self._kept[key] = make()
                self._bytes += _size(self._kept[key])
                while self._bytes > KEPT_BYTES and len(self._kept) > 1:
                    self._bytes -= _size(self._kept.popitem(last=False)[1])
            self._kept.move_to_end(key)
            return self._kept[key]


class Remade(Source):
    """A source like ``Fixed``, without its data; ``make`` makes the same data every time."""

    varies = False

    def __init__(self, make: Callable[[], Data], recent: Recent) -> None:
        self._make, self._recent = make, recent
        fixed = Fixed(self.first)
        self.name, self.notes = fixed.name, fixed.notes
        self._fingerprint, self._identity, self._sizes = fixed.fingerprint, fixed.identity, fixed.sizes

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the data."""
        return self._fingerprint

    @property
    def identity(self) -> dict[str, Any]:
        """That of ``Fixed``."""
        return dict(self._identity)

    @property
    def sizes(self) -> Sizes:
        """Those of the data."""
        return self._sizes

    @property
    def first(self) -> Data:
        """The data."""
        return self._recent.get(self, self._make)

    def part(self, seed: int, fold: int | None = None) -> Data:  # noqa: ARG002 - it is the same for all
        """The data."""
        return self.first


def _size(data: Data) -> int:
    return sum(array.nbytes for array in (data.X, data.Y, data.X_test, data.Y_test)) + (
        _size(data.base) if data.base else 0
    )
