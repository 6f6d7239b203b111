"""Retries after workers died."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from experiments.runner.train import failed
from experiments.runner.work import Batch, BatchResult


class WorkerDied(Exception):
    """A worker died while it had only one batch. The message says how."""


def alone(batch: Batch, attempt: Callable[[Batch], BatchResult], attempts: int) -> Iterator[BatchResult]:
    """Retry a batch that may have killed a worker, in parts if necessary; a run that always kills it has failed."""
    for left in reversed(range(attempts if len(batch) == 1 else 1)):
        try:
            yield attempt(batch)
            return
        except WorkerDied as died:
            if len(batch) == 1 and not left:
                yield BatchResult(batch, [failed(f"its worker process died on every attempt ({died})")])
                return
    middle = len(batch) // 2
    yield from alone(batch.part(0, middle), attempt, attempts)
    yield from alone(batch.part(middle, len(batch)), attempt, attempts)
