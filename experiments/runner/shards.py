"""A shard: a part of a sweep for one of several machines, fixed by the request alone."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self

from experiments.design import Design
from experiments.knobs.declared import SEED

_GOLDEN = 0x9E3779B97F4A7C15  # 2^64 divided by the golden ratio


class Shard(NamedTuple):
    """The ``number``-th, from 1, ``of`` so many.

    Runs are dealt like cards, one to each shard in a round. First, each series is dealt by itself: every shard gets the
    same networks, with seeds of its own, so its batches are like those of the whole sweep, and data that depend on the
    seed are made by one shard only. What remains of each series, fewer runs than there are shards, is laid in one row,
    and dealt in the same way. There each round begins with another shard: by multiples of the golden ratio, which
    spread evenly. Otherwise, with 4 shards and 4 batch sizes, one shard would get all runs of the smallest batches.

    The numbers of runs of two shards therefore differ by at most one. The division must never change: the shards of a
    sweep may be trained by different versions of this program.
    """

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """``3/16``, as the knob has it."""
        number, of = text.split("/")
        return cls(int(number), int(of))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def size(self, design: Design) -> int:
        """The number of its runs."""
        seeds = len(design.values[SEED.name])
        rounds, rest = divmod(design.n_series * (seeds % self.of), self.of)
        return design.n_series * (seeds // self.of) + rounds + (self._turn(rounds) < rest)

    def seeds(self, design: Design) -> Iterator[Sequence[int]]:
        """Its seeds of each series, in the order of the sweep."""
        seeds = design.values[SEED.name]
        n_rest = len(seeds) % self.of
        n_dealt = len(seeds) - n_rest
        dealt, rest = seeds[:n_dealt][self.number - 1 :: self.of], seeds[n_dealt:]
        made: dict[tuple[int, ...], Sequence[int]] = {(): dealt}  # few of them are different
        for first in range(0, design.n_series * n_rest, n_rest) if n_rest else itertools.repeat(0, design.n_series):
            mine = tuple(rest[place - first] for place in self._places(first, first + n_rest))
            if mine not in made:
                made[mine] = array("Q", [*dealt, *mine])
            yield made[mine]

    def _places(self, start: int, stop: int) -> Iterator[int]:
        """Its places in a part of the row."""
        for first in range(start - start % self.of, stop, self.of):
            place = first + self._turn(first // self.of)
            if start <= place < stop:
                yield place

    def _turn(self, number: int) -> int:
        """Its place, from 0, in a round of the row: the round begins with the shard at the fraction of number * phi."""
        begins = (number * _GOLDEN % 2**64) * self.of >> 64
        return (self.number - 1 - begins) % self.of
