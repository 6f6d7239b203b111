"""--budget: how many runs fit into a time, decided once for a request and a store."""

from __future__ import annotations

import hashlib
import json

from experiments.design import Design
from experiments.files import ResultsError
from experiments.knobs.checks import seconds_of
from experiments.knobs.declared import BUDGET, FOLD, SEED
from experiments.knobs.knob import SweepError
from experiments.race import FIRST_ROUND
from experiments.runner.plan import plan
from experiments.runner.work import Todo
from experiments.store.store import Store
from experiments.text import count, duration

_KIND = "budget"


def runs_of(everything: Todo, jobs: int, speed: float, plots: bool, stored: Store | None) -> int:
    """The number of runs that the budget of a sweep allows; of a time, that of average runs: see ``weights``.

    That of a time depends on the machine, so it is decided once: the same request finds it in its store. Raises
    SweepError if not even the first seeds fit.
    """
    design = everything.design
    assert design.budget is not None
    seconds = seconds_of(design.budget)
    found = None if stored is None or seconds is None else stored.source(_name(design))
    if seconds is None:
        runs = int(design.budget.removesuffix("runs"))
    elif found is not None:
        runs = _kept(found)
    else:
        runs = _fitting(everything, jobs, speed, plots, seconds)
    return runs


def keep(design: Design, runs: int, opened: Store) -> None:
    """Store how many runs a time allows, for the same command later."""
    if design.budget is not None and seconds_of(design.budget) is not None:
        opened.add_source(_name(design), _KIND, str(runs).encode())


def limited(design: Design, runs: int) -> tuple[Design, str]:
    """The sweep with as many seeds as that many runs allow, and what that is in words; a race decides on the way.

    Raises SweepError if it is not even one seed of each configuration, or the first round of a race.
    """
    of_seed = design.n_configurations * len(design.values[FOLD.name])
    seeds, most = runs // of_seed, len(design.values[SEED.name])
    fewest, first = (1, "one seed") if design.margin is None else (min(FIRST_ROUND, most), "the first round")
    allowed = f"{BUDGET.flags[0]} {design.budget}"
    if seeds < fewest:
        raise SweepError(
            f"{allowed}: expected at least {count(fewest * of_seed, 'run')}, for {first} of every configuration, got"
            f" {runs:,}; use a larger budget or fewer configurations"
        )
    if design.margin is not None:
        return design, f"{allowed}: no round that would exceed {count(runs, 'run')} is trained"
    if seeds >= most:
        return design.of_first_seeds(most), f"{allowed}: all {count(most, 'seed')} fit"
    return design.of_first_seeds(seeds), f"{allowed}: {count(seeds, 'seed')} of each configuration"


def weights(everything: Todo) -> list[float]:
    """What a run of each configuration counts in a race: 1, or with a time its work, compared with the average run."""
    design, n_folds = everything.design, len(everything.design.values[FOLD.name])
    if design.budget is None or seconds_of(design.budget) is None:
        return [1.0] * design.n_configurations
    work = [0] * design.n_configurations
    for group in everything.groups():
        for series in group.series():
            work[series // n_folds] = group.work
    mean = sum(work) / len(work)
    return [each / mean if mean else 1.0 for each in work]


def _fitting(everything: Todo, jobs: int, speed: float, plots: bool, seconds: float) -> int:
    """How many runs of whole seeds fit into some seconds, by the plan."""
    design = everything.design
    few, many = (
        plan(Todo(made, everything.parts, None), jobs, speed, plots)
        for made in (design.of_first_seeds(1), design.of_first_seeds(len(design.values[SEED.name])))
    )
    if many.seconds <= seconds or many.runs == few.runs:
        return many.runs
    of_run = (many.seconds - few.seconds) / (many.runs - few.runs)
    fixed = many.seconds - of_run * many.runs
    if seconds <= fixed:
        raise SweepError(
            f"{BUDGET.flags[0]} {design.budget}: expected more than the {duration(fixed)} that are needed without any"
            " run; use a larger budget or --no-plots"
        )
    return int((seconds - fixed) / of_run)


def _name(design: Design) -> str:
    return hashlib.sha256(json.dumps([_KIND, design.request], sort_keys=True).encode()).hexdigest()


def _kept(found: tuple[str, bytes]) -> int:
    kind, content = found
    if kind != _KIND or not content.isdigit():
        raise ResultsError(f"expected a budget in the store, found {kind}: use --fresh")
    return int(content)
