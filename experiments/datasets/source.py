"""Where the data of a problem come from: the same for every run, or different for each replicate.

A replicate is a seed, or a fold and a seed. Of a table that is split by the seed, of a cross-validation and of data
that are drawn anew for each seed, every replicate has data of its own, the same for all configurations.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from experiments.datasets.data import Array, Data

Replicate = tuple[int, int | None]
"""A seed and a fold."""


class Source(ABC):
    """The data of a problem.

    name: the data set as it was asked for
    notes: sentences about what was decided or done, to be said and recorded
    varies: whether the data depend on the replicate
    n_folds: of a cross-validation; None where there is none
    """

    name: str
    notes: tuple[str, ...]
    varies: bool
    n_folds: int | None = None

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """SHA-256, in hex, of what all its parts are made of."""

    @property
    @abstractmethod
    def identity(self) -> dict[str, Any]:
        """What determines the numbers of every part, as plain values: a part of the key of a stored run."""

    @property
    def content(self) -> tuple[str, bytes] | None:
        """Kind and bytes from which ``restored`` makes it again; None if its one part is all there is to keep."""
        return None

    @abstractmethod
    def part(self, seed: int, fold: int | None = None) -> Data:
        """The data of a replicate."""

    def moved(self, X: Array, shown: Replicate, to: Replicate) -> Array:  # noqa: ARG002 - it is the same for all
        """Points (inputs, points) in the units of the data of one replicate, in those of another one's."""
        return X

    @cached_property
    def first(self) -> Data:
        """Those of one replicate, to tell sizes and names: they are the same for all, but for a row or two."""
        return self.part(0, None if self.n_folds is None else 0)


class Fixed(Source):
    """Data that are the same for every run."""

    varies = False

    def __init__(self, data: Data) -> None:
        self.data, self.name, self.notes = data, data.name, data.notes

    @property
    def fingerprint(self) -> str:
        """That of the data."""
        return self.data.fingerprint

    @property
    def identity(self) -> dict[str, Any]:
        """That of the data, and what their numbers do not tell."""
        about = {} if self.data.task == "binary" else {"task": self.data.task, "outputs": self.data.outputs}
        return {"data": self.fingerprint, **about}

    def part(self, seed: int, fold: int | None = None) -> Data:  # noqa: ARG002 - it is the same for all
        """The data."""
        return self.data


class Drawn(Source):
    """Generated data, drawn anew for each seed. ``arguments`` are those of ``load``, but for ``data_seed``."""

    varies = True

    def __init__(self, load: Any, arguments: Mapping[str, Any]) -> None:
        self._load, self.arguments = load, dict(arguments)
        self.name, self.notes = self.arguments["name"], ()

    @cached_property
    def fingerprint(self) -> str:
        """Of the arguments, and of one draw: should the generator ever change, so does this."""
        about = json.dumps(self.arguments, sort_keys=True).encode()
        return hashlib.sha256(about + self.first.fingerprint.encode()).hexdigest()

    @property
    def identity(self) -> dict[str, Any]:
        """Of the arguments and the draw."""
        return {"data": self.fingerprint, "data_seed": "seed"}

    @property
    def content(self) -> tuple[str, bytes]:
        """The arguments."""
        return "drawn", json.dumps(self.arguments, sort_keys=True).encode()

    def part(self, seed: int, fold: int | None = None) -> Data:  # noqa: ARG002 - there are no folds
        """The draw of this seed."""
        data: Data = self._load(**self.arguments, data_seed=seed)
        return data
