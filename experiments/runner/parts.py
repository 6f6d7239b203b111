"""The data of every replicate, in the form of the kernels."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import NamedTuple

from experiments.datasets.source import Source
from experiments.design import ProblemKey, Run
from experiments.runner.train import Problem

_KEPT_BYTES = 2**28  # of data that differ between replicates


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
            while self._bytes > _KEPT_BYTES and len(self._kept) > len(self.sources):
                self._bytes -= _size(self._kept.popitem(last=False)[1])
            return made

    def example(self, problem: ProblemKey) -> Problem:
        """A part of this problem, for its sizes, which differ between parts by an example or two at most."""
        source = self.sources[problem]
        fold = None if source.n_folds is None else 0
        return self[Part(problem, "none", 0 if source.varies else None, fold if source.varies else None)]


def _size(problem: Problem) -> int:
    return int(problem.train.X.nbytes + problem.test.X.nbytes)
