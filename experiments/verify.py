"""Train stored runs again and compare bit for bit: ``python -m experiments.verify DIR [--sample N]``."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import joblib
import numpy as np

from experiments import store
from experiments.batches import Batch, Problem, hyperparameters, train_batch, work_of_run
from experiments.knobs import ACTIVATION, AXES, in_words
from experiments.store import ResultsError, Store, StoredRun
from planar_core.training import NUMERICS, n_records

SAME, DIFFERENT, BAD_INPUT = 0, 1, 2
_BATCH = 2**30  # of work, see batches.work_of_run: a quarter of a second
_SHOWN = 20  # runs that differ


class Stored(NamedTuple):
    """Runs of one configuration, to be verified."""

    number: int  # of the configuration
    identity: dict[str, Any]  # what determines its numbers, as in Sweep.identity
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
    how = [hyperparameters(identity)] * len(seeds)
    activation = identity.get(ACTIVATION.name, ACTIVATION.default[0])
    batch = Batch((), identity["hidden"], activation, [], how, seeds, work=0)
    result = train_batch(
        batch, data, identity["iterations"], identity["record_every"], identity["dtype"], identity["numerics"]
    )
    lines = []
    for seed, old, new in zip(seeds, stored, result.runs, strict=True):
        others = [name for name in StoredRun._fields if _bits(getattr(old, name)) != _bits(getattr(new, name))]
        if others:
            run = in_words({axis.name: identity[axis.name] for axis in AXES if axis.name in identity})
            lines.append(f"data {identity['data'][:8]}, {run}, seed {seed}: other {' and '.join(others)}")
    return lines


def _bits(value: Any) -> Any:
    return value.tobytes() if isinstance(value, np.ndarray) else value


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: 0 where all bits are the same, 1 where some differ, 2 for bad arguments or no results."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.verify",
        description="Train stored runs again, and compare their numbers bit for bit.",
        epilog="Exit status: 0 all the same, 1 some differ, 2 bad arguments or results that cannot be read.",
    )
    parser.add_argument("folder", metavar="DIR", help="a results folder, as experiments.grid writes it")
    parser.add_argument("--sample", metavar="N", type=_count, help="so many runs, evenly spread (default: all)")
    options = parser.parse_args(arguments)
    different = 0
    try:
        with Store(Path(options.folder, store.FILE), writes=False) as opened:
            finished, others = finished_runs(opened)
            stored = sum(len(each.seeds) for each in finished)
            chosen = sample(finished, stored if options.sample is None else options.sample)
            for lines in differences(opened, chosen):
                for line in lines[: max(0, _SHOWN - different)]:
                    print(line, flush=True)
                different += len(lines)
    except (ResultsError, OSError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return BAD_INPUT
    trained = sum(len(each.seeds) for each in chosen)
    verdict = f"{different:,} differ" if different else "all bits are the same"
    print(f"{trained:,} of {stored:,} stored runs trained again: {verdict}")
    if others:
        print(f"{others:,} more have failed, or are of another version of the numerics than {NUMERICS}: left out")
    return DIFFERENT if different else SAME


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"expected an integer, 1 or more, got {text!r}")
    return int(text)


def _end(number: int, _frame: object) -> NoReturn:
    os.write(2, b"experiments.verify: interrupted\n")
    os._exit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, _end)
    signal.signal(signal.SIGTERM, _end)
    sys.exit(main())
