"""Data sources of problems: the same data for every run, or different data for each replicate.

A replicate is a seed, or a fold and a seed. For a table with a split for each seed, a cross-validation, and data drawn
for each seed, every replicate has its own data, the same for all configurations.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

from experiments.datasets.data import Array, Data

Replicate = tuple[int, int | None]
"""A seed and a fold."""


class Sizes(NamedTuple):
    """What the work for a problem depends on."""

    features: int
    examples: int
    test_examples: int
    task: str
    outputs: int


class Source(ABC):
    """The data of a problem.

    name: the data set as requested
    notes: notes on decisions, to print and to record
    varies: whether the data depend on the replicate
    n_folds: number of folds of a cross-validation, otherwise None
    """

    name: str
    notes: tuple[str, ...]
    varies: bool
    n_folds: int | None = None

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """SHA-256, in hex, of the content of the source."""

    @property
    @abstractmethod
    def identity(self) -> dict[str, Any]:
        """Everything that determines the numbers of its parts, as plain values; part of the key of a stored run."""

    @property
    def content(self) -> tuple[str, bytes] | None:
        """Kind and bytes for ``restored``; None if it has a single part, which is stored itself."""
        return None

    @abstractmethod
    def part(self, seed: int, fold: int | None = None) -> Data:
        """The data of a replicate."""

    def moved(self, X: Array, shown: Replicate, to: Replicate) -> Array:  # noqa: ARG002 - it is the same for all
        """Points (inputs, points), converted from the units of one replicate to those of another."""
        return X

    @cached_property
    def first(self) -> Data:
        """The data of one replicate, for sizes and names, which differ between replicates by a row or two at most."""
        return self.part(0, None if self.n_folds is None else 0)

    @property
    def sizes(self) -> Sizes:
        """Those of ``first``."""
        data = self.first
        return Sizes(len(data.X), data.X.shape[1], data.X_test.shape[1], data.task, data.outputs)


class Fixed(Source):
    """Data that are the same for every run."""

    varies = False

    def __init__(self, data: Data) -> None:
        self.data, self.name, self.notes = data, data.name, data.notes

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the data."""
        return self.data.fingerprint

    @property
    def identity(self) -> dict[str, Any]:
        """The fingerprint of the data, and what it does not cover."""
        about = {} if self.data.task == "binary" else {"task": self.data.task, "outputs": self.data.outputs}
        return {"data": self.fingerprint, **about}

    def part(self, seed: int, fold: int | None = None) -> Data:  # noqa: ARG002 - it is the same for all
        """The data."""
        return self.data


class Drawn(Source):
    """Generated data, drawn for each seed. ``arguments`` are those of ``load`` except ``data_seed``."""

    varies = True

    def __init__(self, load: Any, arguments: Mapping[str, Any]) -> None:
        self._load, self.arguments = load, dict(arguments)
        self.name, self.notes = self.arguments["name"], ()

    @cached_property
    def fingerprint(self) -> str:
        """Of the arguments and one draw, so that it changes if the generator changes."""
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
