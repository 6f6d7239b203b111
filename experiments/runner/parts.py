"""The data of every replicate, in the form of the kernels."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from experiments.datasets.source import Sizes, Source
from experiments.design import ProblemKey, Run
from experiments.runner.train import Problem
from planar_core.kernels import Examples

_KEPT_BYTES, _KEPT = 2**25, 16  # that are kept: parts of at most so many bytes, and so many parts of any size


class Part(NamedTuple):
    """The key of the data of some runs; seed and fold are None if the data do not depend on them."""

    problem: ProblemKey
    class_weight: str
    seed: int | None
    fold: int | None


class Parts:
    """The data of every replicate, created on demand; the most recent ones are cached."""

    def __init__(self, sources: Mapping[ProblemKey, Source], dtype: str) -> None:
        self.sources, self._dtype = sources, dtype
        self._kept: OrderedDict[Part, Problem] = OrderedDict()
        self._examples: dict[Sizes, Problem] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    def part_of(self, run: Run, seed: int) -> Part:
        """The part that a run is trained on, given its series and seed."""
        varies = self.sources[run.problem].varies
        return Part(run.problem, run.class_weight, seed if varies else None, run.fold if varies else None)

    def __getitem__(self, part: Part) -> Problem:
        with self._lock:
            if part in self._kept:
                self._kept.move_to_end(part)
                return self._kept[part]
            source = self.sources[part.problem]
            data = source.first if part.seed is None else source.part(part.seed, part.fold)
            made = self._kept[part] = Problem.of(data, self._dtype, part.class_weight)
            self._bytes += _size(made)
            while self._bytes > _KEPT_BYTES and len(self._kept) > min(_KEPT, len(self.sources)):
                self._bytes -= _size(self._kept.popitem(last=False)[1])
            return made

    def example(self, problem: ProblemKey) -> Problem:
        """A part of this problem, or of one with the same sizes, with zeros in place of its numbers.

        It is for the sizes, which differ between parts by an example or two at most.
        """
        source = self.sources[problem]
        if (sizes := source.sizes) not in self._examples:
            fold = None if source.n_folds is None else 0
            data = source.part(0, fold) if source.varies else source.first
            made = Problem.of(data, self._dtype)
            self._examples[sizes] = replace(made, train=_emptied(made.train), test=_emptied(made.test))
        return self._examples[sizes]


def _emptied(examples: Examples) -> Examples:
    """The same with zeros, which take no memory."""

    def zeros(like: Any) -> Any:
        return np.broadcast_to(like.dtype.type(0), like.shape)

    X, Y, weight, mask = map(zeros, (examples.X, examples.Y, examples.weight, examples.mask))
    return examples._replace(X=X, Y=Y, weight=weight, mask=mask)


def _size(problem: Problem) -> int:
    arrays = (of[:4] for of in (problem.train, problem.test))  # the weights are often the mask
    return sum(
        X.nbytes + Y.nbytes + mask.nbytes + (weight.nbytes if weight is not mask else 0)
        for X, Y, weight, mask in arrays
    )
