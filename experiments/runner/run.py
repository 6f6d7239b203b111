"""Run a sweep into the store: stored runs are reused, the others are trained and stored batch by batch."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from experiments.datasets.source import Source
from experiments.design import Design, ProblemKey
from experiments.knobs.words import in_words
from experiments.processes import Kept
from experiments.runner.backends import How, train_all
from experiments.runner.observer import RunFailed
from experiments.runner.work import BatchResult, Todo, identities, todo
from experiments.store.store import Store


@dataclass(frozen=True)
class Done:
    """How a sweep was run."""

    computed: int
    reused: int
    seconds: float
    how: How


def run(
    design: Design,
    sources: Mapping[ProblemKey, Source],
    store: Store,
    how: How,
    jobs: int,
    progress: Callable[[BatchResult], None] | None = None,
    begin: Callable[[Todo], None] | None = None,
    is_checked: bool = False,
    kept: Kept | None = None,
) -> Done:
    """Train every run of the sweep, or of its shard, that is not stored, and store it.

    ``begin`` is called with the remaining runs, and ``progress`` after each stored batch. ``jobs`` comes from
    ``workers``, ``is_checked`` is an argument of ``todo`` and ``kept`` of ``train_all``. Raises RunFailed at the first
    failed run with fail_fast.
    """
    start = time.perf_counter()
    left = todo(design, sources, store, how.fresh, is_checked, how.shard)
    if begin is not None:
        begin(left)
    keep(sources.values(), store)
    numbers = store.add_configurations(identities(design, sources) if left.n_runs else ())
    with contextlib.closing(train_all(left, how, jobs, kept)) as results:
        for result in results:
            batch = result.batch
            store.add([numbers[position] for position in batch.series], batch.seeds, result.runs)
            if progress is not None:
                progress(result)
            if how.fail_fast:
                _raise_first_failure(design, result)
    return Done(left.n_runs, left.size - left.n_runs, time.perf_counter() - start, how)


def keep(sources: Iterable[Source], store: Store) -> None:
    """Store the data that the networks are trained on."""
    sources = list(sources)
    for source in sources:
        if (content := source.content) is not None:
            store.add_source(source.fingerprint, *content)
    fixed = (source.first for source in sources if source.content is None)
    store.add_data(each for data in fixed for each in (data, data.base) if each is not None)


def _raise_first_failure(design: Design, result: BatchResult) -> None:
    batch = result.batch
    for position, seed, run in zip(batch.series, batch.seeds, result.runs, strict=True):
        if run.status == "failed":
            knobs = {**design.series(position)._asdict(), **design.settings, "seed": seed}
            raise RunFailed(f"{in_words({name: knobs[name] for name in design.columns})}: {run.error}")
