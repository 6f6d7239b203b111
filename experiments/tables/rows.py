"""The rows of the table of runs, made from the store, many at a time."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.datasets.source import Source
from experiments.design import Design, ProblemKey, Run
from experiments.knobs.declared import ITERATIONS
from experiments.store.store import CURVES, STATUSES, Store
from experiments.tables.parts import Parts
from experiments.tables.problems import identities, outputs_of, score_of
from experiments.tables.stored import Block, Identity, blocks, measures
from planar_core import steps
from planar_core.network import Parameters
from planar_core.training import recorded_iterations

Floats = npt.NDArray[np.float64]
_FAILED = STATUSES.index("failed")
_TEST_SCORE = CURVES.index("test_score")


@dataclass(frozen=True)
class Rows:
    """The runs of a block, with what is known of each beyond the block.

    table: their rows of the table of runs
    constant_cost, majority, test_share: facts about the part of the data of each run, see ``parts.About``
    one_class: whether the network predicts the same class for all test points
    """

    block: Block
    table: pd.DataFrame
    constant_cost: Floats
    majority: Floats
    test_share: Floats
    one_class: npt.NDArray[np.bool_]


class RowsOfRuns:
    """Makes the rows of a sweep; ``about`` are the descriptions of its problems."""

    def __init__(
        self,
        design: Design,
        about: Sequence[Mapping[str, Any]],
        sources: Mapping[ProblemKey, Source],
        opened: Store,
    ) -> None:
        self._design, self._sources, self._opened = design, sources, opened
        self._score = score_of(about)
        self._identities = identities(design, about)
        metrics = [name for name in design.metrics if name != self._score]
        self._identity = Identity(design)
        self._parts = Parts(sources, metrics, design.validation_fraction)
        self._shapes = {
            problem: (each["features"], outputs_of(each))
            for problem, each in zip(design.problems(), about, strict=True)
        }

    def blocks(self, series: range | None = None) -> Iterator[Block]:
        """The runs, or those of some consecutive series. Raises ResultsError for a missing or damaged run."""
        inputs, outputs = (max(sizes) for sizes in zip(*self._shapes.values(), strict=True))
        return blocks(self._design, self._identities, self._opened, inputs, outputs, series)

    def __call__(self, series: range | None = None) -> Iterator[Rows]:
        """The rows of the same runs."""
        return map(self._of, self.blocks(series))

    def _of(self, block: Block) -> Rows:
        runs, n = block.runs, len(block.runs)
        some = runs.records > 0
        final = np.full((n, len(CURVES)), np.nan)
        final[some] = runs.curves[np.flatnonzero(some), :, runs.kept[some]]
        finished = runs.statuses != _FAILED
        facts = np.empty((3, n))
        judged = np.full((len(self._parts.metrics), n), np.nan)
        one_class = np.zeros(n, bool)
        for these, series, seed in self._parts_of(block):
            part = self._parts.of(series, seed)
            *about, shares = part.about
            facts[:, these] = np.array(about)[:, np.newaxis]
            if part.judge is not None:
                for at in np.flatnonzero(finished[these]) + these.start:
                    judged[:, at] = part.judge(*self._network(block, int(at)))
            if shares:  # the score of a network whose answers are of one class
                suspects = finished[these] & np.isin(final[these, _TEST_SCORE], shares)
                for at in np.flatnonzero(suspects) + these.start:
                    one_class[at] = self._answers_one_class(block, int(at))
        table = self._table(block, final, judged)
        constant_cost, majority, test_share = facts
        return Rows(block, table, constant_cost, majority, test_share, one_class)

    def _table(self, block: Block, final: Floats, judged: Floats) -> pd.DataFrame:
        table = pd.DataFrame(self._identity(block.positions(self._design)))
        if ITERATIONS.name not in table:
            table[ITERATIONS.name] = self._design.iterations
        if self._design.patience is not None:
            table["stopped_at"] = self._stopped_at(block.runs.kept)
        table["status"] = pd.Series(np.array(STATUSES, dtype=object)[block.runs.statuses], dtype=str)
        for measure, values in zip(measures(self._score), final.T, strict=True):
            table[measure] = values
        for name, values in zip(self._parts.metrics, judged, strict=True):
            table[f"test_{name}"] = values
        table["error"] = pd.Series(block.runs.errors, dtype=str)
        return table

    def _stopped_at(self, kept: npt.NDArray[np.int64]) -> pd.Series:
        """The iterations of the networks that are kept; nothing for runs without numbers."""
        at = recorded_iterations(self._design.iterations, self._design.record_every)
        return pd.Series(at[kept], dtype="Int64").mask(kept < 0)

    def _parts_of(self, block: Block) -> Iterator[tuple[slice, Run, int]]:
        """Consecutive runs on the same part of the data, with the series and the seed of the first of them."""
        start, n = 0, len(block.seeds)
        of_part = itertools.groupby(block.series, lambda each: (each.problem, each.class_weight, each.fold))
        for (problem, *_), group in of_part:
            some = list(group)
            width = 1 if self._parts.vary(problem) else n * len(some)
            for at in range(0, n * len(some), width):
                yield slice(start + at, start + at + width), some[at // n], block.seeds[at % n]
            start += n * len(some)

    def _network(self, block: Block, at: int) -> tuple[Parameters, str]:
        """A network and its activation."""
        series = block.series[at // len(block.seeds)]
        features, outputs = self._shapes[series.problem]
        parameters = block.runs.run(at).network(features, series.hidden, self._design.dtype, outputs)
        return parameters, series.activation

    def _answers_one_class(self, block: Block, at: int) -> bool:
        """Whether a network predicts the same class for all test points."""
        series, seed = block.series[at // len(block.seeds)], block.seeds[at % len(block.seeds)]
        data = self._sources[series.problem].part(seed, series.fold)
        parameters, activation = self._network(block, at)
        return len(np.unique(steps.predict(parameters, data.X_test, activation, data.task))) == 1
