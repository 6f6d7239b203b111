"""What is known about a sweep before it runs: its data, its stored runs, and the plan for the others."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from experiments.datasets.divided import Divided
from experiments.design import Design
from experiments.files import PLOTS, REPORT, STORE, check_folder, pictures_in
from experiments.formats import Formats
from experiments.knobs.declared import BUDGET, JOBS, SHARD, UNTIL_DECIDED
from experiments.knobs.knob import DataError, SweepError
from experiments.knobs.values import value_of
from experiments.runner.budget import limited, runs_of
from experiments.runner.observer import Prepared
from experiments.runner.parts import Parts
from experiments.runner.plan import LARGEST, measure_speed, plan
from experiments.runner.shards import Shard
from experiments.runner.work import Todo, earlier_runs, most_records, todo
from experiments.store.lock import check_locks
from experiments.store.store import Store, stored_in
from experiments.text import count, size

MOST_LOOKED_UP = 10**6  # configurations; for more, the plan does not look up stored runs


def prepare(
    design: Design,
    jobs: int,
    out: str | os.PathLike[str] | None,
    fresh: bool,
    plots: bool,
    shard: Shard | None = None,
    formats: Formats = Formats(),  # noqa: B008 - a tuple
) -> Prepared:
    """``Sweep.prepare``."""
    jobs, budget = value_of(JOBS, jobs), None
    for knob, given in ((UNTIL_DECIDED, design.margin), (BUDGET, design.budget)):
        if shard is not None and given is not None:
            raise SweepError(
                f"{SHARD.flags[0]}: {knob.flags[0]} decides on the way what to train: use one of the two options"
            )
    records = most_records(design)
    if design.budget is None:  # of which the number of runs is not known before
        formats.check(design.n_runs, design.n_configurations, records, design.margin is not None)
    sources = design.load()
    for source in sources.values():
        sizes = source.sizes
        if (n := 8 * sizes.features * (sizes.examples + sizes.test_examples)) > LARGEST:
            raise DataError(
                f"{source.name}: the data take {size(n)}, and the store holds at most {size(LARGEST)}: use fewer rows"
            )
    with contextlib.ExitStack() as stack:
        stored = None
        if out is not None:
            files = (*formats.files, STORE)
            check_locks(check_folder(out, (*files, REPORT) if plots else files))
            if plots:
                check_folder(Path(out) / PLOTS, [path.name for path in pictures_in(Path(out))])
            stored = stack.enter_context(stored_in(Path(out)))
        speed, of_budget = measure_speed(design.dtype), []
        if design.budget is not None:
            everything = Todo(design, Parts(sources, design.dtype), None)
            budget = runs_of(everything, jobs, speed, plots, None if fresh else stored)
            design, said = limited(design, budget)
            of_budget = [said]
        left = todo(design, sources, stored if design.n_configurations <= MOST_LOOKED_UP else None, fresh, shard=shard)
        of_folder = _notes_on_folder(left, stored)
    of_data = dict.fromkeys(f"{each.name}: {note}" for each in sources.values() for note in each.notes)
    notes = (*design.notes, *of_data, *of_folder, *of_budget)
    return Prepared(sources, left, plan(left, jobs, speed, plots, formats), notes, budget)


def _notes_on_folder(left: Todo, stored: Store | None) -> list[str]:
    """Notes on stored runs that are not reused: of another split of a table, or of an earlier arithmetic."""
    if stored is None:
        return []
    notes = [
        f"{source.name}: the stored runs use one split for all seeds; use --split fixed to reuse them"
        for source in left.parts.sources.values()
        if isinstance(source, Divided) and source.rule == "seed" and stored.has_data(source.fixed().fingerprint)
    ]
    if n := earlier_runs(left, stored):
        are = "is" if n == 1 else "are"
        notes.append(f"{count(n, 'stored run')} {are} of an earlier version of the arithmetic and {are} retrained")
    return notes
