"""Runs -> the store: what is stored is reused, the rest is trained, and stored batch by batch."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from experiments.batches import BatchResult, Todo, todo
from experiments.knobs import in_words
from experiments.pool import How, train_all

if TYPE_CHECKING:
    from experiments.datasets import Data
    from experiments.store import Store
    from experiments.sweep import ProblemKey, Sweep


class RunFailed(Exception):
    """The first run that failed, where that was asked for. The message is one line."""


@dataclass(frozen=True)
class Done:
    """How a sweep was run."""

    computed: int
    reused: int
    seconds: float
    how: How


def run(
    sweep: Sweep,
    data: dict[ProblemKey, Data],
    store: Store,
    how: How,
    jobs: int,
    progress: Callable[[BatchResult], None] | None = None,
    begin: Callable[[Todo], None] | None = None,
) -> Done:
    """Train every run of the sweep that is not stored, and store it.

    ``begin`` is called with what that is, and ``progress`` when a batch is stored. ``jobs`` is what ``workers`` gave.
    Raises RunFailed if the first failed run is to be the last one.
    """
    start = time.perf_counter()
    left = todo(sweep, data, store, how.fresh)
    if begin is not None:
        begin(left)
    store.add_data([each for d in data.values() for each in (d, d.base) if each is not None])
    numbers = store.configurations(sweep.identity(run, data[run.problem].fingerprint) for run in sweep.configurations())
    with contextlib.closing(train_all(left, how, jobs)) as results:
        for result in results:
            batch = result.batch
            store.add([numbers[position] for position in batch.configurations], batch.seeds, result.runs)
            if progress is not None:
                progress(result)
            if how.fail_fast:
                _raise_first_failure(sweep, result)
    return Done(left.n_runs, sweep.size - left.n_runs, time.perf_counter() - start, how)


def _raise_first_failure(sweep: Sweep, result: BatchResult) -> None:
    batch = result.batch
    for position, seed, run in zip(batch.configurations, batch.seeds, result.runs, strict=True):
        if run.status == "failed":
            knobs = {**sweep.configuration(position)._asdict(), **sweep.settings, "seed": seed}
            raise RunFailed(f"{in_words({name: knobs[name] for name in sweep.columns})}: {run.error}")
