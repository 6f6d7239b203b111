"""What is tried again where workers die."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from experiments.runner.train import failed
from experiments.runner.work import Batch, BatchResult


class WorkerDied(Exception):
    """A worker died with nothing but one batch to do. The message says how."""


def alone(batch: Batch, attempt: Callable[[Batch], BatchResult], attempts: int) -> Iterator[BatchResult]:
    """A batch that may have killed a worker, in parts if need be: the run that always does becomes a failed one."""
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
