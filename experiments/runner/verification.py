"""Stored runs, trained again and compared bit for bit."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

import joblib
import numpy as np

from experiments.datasets.loading import restored
from experiments.datasets.source import Fixed, Source
from experiments.knobs.declared import ACTIVATION, AXES, CLASS_WEIGHT, FOLD, PATIENCE, VALIDATION_FRACTION
from experiments.knobs.words import in_words
from experiments.runner.train import Networks, Problem, hyperparameters, train
from experiments.runner.work import work_of_run
from experiments.store.store import Store, StoredRun
from planar_core.choices import NUMERICS
from planar_core.training import n_records

_PARTS_KEPT = 64
_BATCH = 2**30  # of work, see work_of_run: a quarter of a second


class Stored(NamedTuple):
    """Runs of one series to verify."""

    number: int  # of the configuration
    identity: dict[str, Any]  # what determines its numbers, as in Design.identity
    seeds: list[int]


def finished_runs(opened: Store) -> tuple[list[Stored], dict[str, int]]:
    """The runs that can be verified, and the number of the others for each reason."""
    finished, others = [], Counter[str]()
    for number, identity in opened.all_configurations():
        seeds = []
        for seed, run in opened.runs(number):
            if run.status == "failed":
                others["they failed"] += 1
            elif identity["numerics"] != NUMERICS:
                others[f"of a version of the arithmetic other than {NUMERICS}"] += 1
            else:
                seeds.append(seed)
        finished.append(Stored(number, identity, seeds))
    return finished, dict(others)


def sample(finished: Sequence[Stored], n: int) -> list[Stored]:
    """``n`` runs, evenly spread; all if there are not more."""
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
    """Retrain runs batch by batch; yields a line for each run whose bits differ from the stored ones."""
    source_of = cache(lambda identity: _source(json.loads(identity), opened))

    @lru_cache(_PARTS_KEPT)
    def problem(source: Source, seed: int | None, fold: int | None, dtype: str, class_weight: str) -> Problem:
        return Problem.of(source.first if seed is None else source.part(seed, fold), dtype, class_weight)

    def tasks() -> Iterator[Any]:
        for number, identity, seeds in runs:
            source = source_of(json.dumps({name: identity.get(name) for name in ("data", "task", "outputs")}))
            how = hyperparameters(identity)
            iterations, fold = identity["iterations"], identity.get(FOLD.name)
            weight = identity.get(CLASS_WEIGHT.name, CLASS_WEIGHT.default[0])
            records, size, start = n_records(iterations, identity["record_every"]), 1, 0
            while start < len(seeds):
                data = problem(source, seeds[start] if source.varies else None, fold, identity["dtype"], weight)
                if not source.varies:
                    work = work_of_run(data, identity["hidden"], iterations, records, how.batch_size)
                    size = max(1, _BATCH // max(1, work))
                some = seeds[start : start + size]
                yield joblib.delayed(_compare)(identity, data, some, [opened.run(number, seed) for seed in some])
                start += size

    pool = joblib.Parallel(n_jobs=jobs, backend="threading", return_as="generator", batch_size=1)
    yield from pool(tasks())


def _source(identity: dict[str, Any], opened: Store) -> Source:
    """The data that runs were trained on, without names."""
    content = opened.source(identity["data"])
    if content is not None:
        return restored(*content)
    classes = ("",) * (identity["outputs"] or 2)
    task = identity["task"] or "binary"
    return Fixed(opened.data(identity["data"], name="", feature_names=(), class_names=classes, task=task))


def _compare(identity: dict[str, Any], data: Problem, seeds: list[int], stored: list[StoredRun]) -> list[str]:
    networks = Networks(
        identity["hidden"],
        identity.get(ACTIVATION.name, ACTIVATION.default[0]),
        [hyperparameters(identity)] * len(seeds),
        seeds,
        [(identity["iterations"], identity["record_every"])] * len(seeds),
        *(identity[name] for name in ("dtype", "numerics")),
        *(identity.get(knob.name) for knob in (PATIENCE, VALIDATION_FRACTION)),
    )
    lines = []
    for seed, old, new in zip(seeds, stored, train(networks, data), strict=True):
        if np.isnan(old.curves[-1]).all():  # stored before test costs were recorded
            new.curves[-1] = np.nan
        others = [name for name in StoredRun._fields if _bits(getattr(old, name)) != _bits(getattr(new, name))]
        if others:
            run = in_words({axis.name: identity[axis.name] for axis in AXES if axis.name in identity})
            lines.append(f"data {identity['data'][:8]}, {run}, seed {seed}: different {' and '.join(others)}")
    return lines


def _bits(value: Any) -> Any:
    return value.tobytes() if isinstance(value, np.ndarray) else value
