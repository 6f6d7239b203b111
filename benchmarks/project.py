"""This project, as one of those that train a workload."""

from __future__ import annotations

import math
from contextlib import ExitStack

import joblib
import numpy as np

from benchmarks.workload import Layers, Workload
from planar_core import network, training
from planar_core.choices import Hyperparameters
from planar_core.kernels import Batch

_PIECES_PER_JOB = 16  # as many batches as the runner makes: enough to keep all cores busy to the end


class Project:
    """Batches of networks through ``planar_core.training``, in joblib's threads if ``jobs`` is more than 1."""

    def __init__(self, workload: Workload, jobs: int = 1) -> None:
        dtype = np.dtype(workload.dtype)
        self.features = workload.X.shape[0]
        self.jobs = jobs
        self.groups = workload.groups
        self.examples = network.examples(workload.X, workload.Y, dtype)
        self.no_examples = network.examples(np.zeros((self.features, 0)), None, dtype)
        self.trained: list[tuple[int, Batch]] = []
        networks = sum(len(group.seeds) for group in workload.groups)
        size = max(1, math.ceil(networks / (jobs * _PIECES_PER_JOB))) if jobs > 1 else networks
        self.initial = [
            (position, self._batch(workload, position, start, size))
            for position, group in enumerate(workload.groups)
            for start in range(0, len(group.seeds), size)
        ]
        self.initial.sort(key=lambda piece: -self.groups[piece[0]].units)  # longest first
        self._at_the_end = ExitStack()
        if jobs > 1:  # entered, so that the threads live as long as this object, as in a long sweep
            self.pool = self._at_the_end.enter_context(joblib.Parallel(n_jobs=jobs, backend="threading"))

    def _batch(self, workload: Workload, position: int, start: int, size: int) -> Batch:
        group = workload.groups[position]
        chosen = slice(start, start + size)
        how = [Hyperparameters(rate) for rate in group.learning_rates[chosen]]
        return training.new_batch(self.features, group.hidden, group.seeds[chosen], how, 2, workload.dtype)

    def close(self) -> None:
        """End the threads."""
        self._at_the_end.close()

    def train(self, iterations: int) -> None:
        """Train every network from its initial parameters."""
        pieces = [(position, Batch(*(array.copy() for array in batch))) for position, batch in self.initial]
        if self.jobs == 1:
            for position, batch in pieces:
                self._train(position, batch, iterations)
        else:
            self.pool(joblib.delayed(self._train)(position, batch, iterations) for position, batch in pieces)
        self.trained = pieces

    def _train(self, position: int, batch: Batch, iterations: int) -> None:
        # A record at the start and one at the end: the fewest there can be.
        for _ in training.train_batch(
            self.groups[position].hidden,
            self.features,
            batch,
            self.examples,
            self.no_examples,
            iterations,
            record_every=max(1, iterations),
        ):
            pass

    def parameters(self) -> list[Layers]:
        """Of each group, as they are after ``train``."""
        result = []
        for position, group in enumerate(self.groups):
            unpacked = [
                network.unpack(packed, self.features, group.hidden)
                for at, batch in self.trained
                if at == position
                for packed in batch.parameters
            ]
            result.append(
                [
                    (np.stack([W for W, _ in layer]), np.stack([b for _, b in layer]))
                    for layer in zip(*unpacked, strict=True)
                ]
            )
        return result
