"""Stored runs, trained again and compared bit for bit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

import joblib
import numpy as np

from experiments.knobs.declared import ACTIVATION, AXES
from experiments.knobs.words import in_words
from experiments.runner.train import Networks, Problem, hyperparameters, train
from experiments.runner.work import work_of_run
from experiments.store.store import Store, StoredRun
from planar_core.training import NUMERICS, n_records

_BATCH = 2**30  # of work, see work_of_run: a quarter of a second


class Stored(NamedTuple):
    """Runs of one configuration, to be verified."""

    number: int  # of the configuration
    identity: dict[str, Any]  # what determines its numbers, as in Design.identity
    seeds: list[int]


def finished_runs(opened: Store) -> tuple[list[Stored], int]:
    """The runs that can be verified, and the number of the others.

    Those are failed ones, which have no numbers, and those of another version of the numerics.
    """
    finished, others = [], 0
    for number, identity in opened.all_configurations():
        seeds = []
        for seed, run in opened.runs(number):
            if run.status == "failed" or identity["numerics"] != NUMERICS:
                others += 1
            else:
                seeds.append(seed)
        finished.append(Stored(number, identity, seeds))
    return finished, others


def sample(finished: Sequence[Stored], n: int) -> list[Stored]:
    """``n`` runs, evenly spread over all of them; all if they are no more than that."""
    total = sum(len(each.seeds) for each in finished)
    n = min(n, total)
    wanted = {k * total // n for k in range(n)}
    chosen, first = [], 0
    for each in finished:
        seeds = [seed for position, seed in enumerate(each.seeds, start=first) if position in wanted]
        chosen.append(each._replace(seeds=seeds))
        first += len(each.seeds)
    return chosen


def differences(opened: Store, runs: Sequence[Stored], jobs: int = -1) -> Iterator[list[str]]:
    """Train runs again, batch by batch: a line for each that gives other bits than are stored."""

    @cache
    def problem(fingerprint: str, dtype: str) -> Problem:
        return Problem.of(opened.data(fingerprint, name="", feature_names=(), class_names=("", "")), dtype)

    def tasks() -> Iterator[Any]:
        for number, identity, seeds in runs:
            data, iterations = problem(identity["data"], identity["dtype"]), identity["iterations"]
            records = n_records(iterations, identity["record_every"])
            batch_size = hyperparameters(identity).batch_size
            work = work_of_run(data, identity["hidden"], iterations, records, batch_size)
            size = max(1, _BATCH // max(1, work))
            for start in range(0, len(seeds), size):
                some = seeds[start : start + size]
                yield joblib.delayed(_compare)(identity, data, some, [opened.run(number, seed) for seed in some])

    pool = joblib.Parallel(n_jobs=jobs, backend="threading", return_as="generator", batch_size=1)
    yield from pool(tasks())


def _compare(identity: dict[str, Any], data: Problem, seeds: list[int], stored: list[StoredRun]) -> list[str]:
    networks = Networks(
        identity["hidden"],
        identity.get(ACTIVATION.name, ACTIVATION.default[0]),
        [hyperparameters(identity)] * len(seeds),
        seeds,
        *(identity[name] for name in ("iterations", "record_every", "dtype", "numerics")),
    )
    lines = []
    for seed, old, new in zip(seeds, stored, train(networks, data), strict=True):
        others = [name for name in StoredRun._fields if _bits(getattr(old, name)) != _bits(getattr(new, name))]
        if others:
            run = in_words({axis.name: identity[axis.name] for axis in AXES if axis.name in identity})
            lines.append(f"data {identity['data'][:8]}, {run}, seed {seed}: other {' and '.join(others)}")
    return lines


def _bits(value: Any) -> Any:
    return value.tobytes() if isinstance(value, np.ndarray) else value
