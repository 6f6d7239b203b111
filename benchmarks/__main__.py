"""``python -m benchmarks``: measure on this machine, and print tables."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import environment

if TYPE_CHECKING:
    from benchmarks.measure import Clock
    from benchmarks.report import Table

SECTIONS = {
    "peers": "this project beside NumPy, scikit-learn, PyTorch and JAX",
    "large": "the same on networks of 256x256 units, where a library for matrices should win",
    "ours": "time per activation by hidden units, and threads",
    "overhead": "what a run costs beyond its training",
    "start": "imports, compiling, first call",
    "sweep": "the default sweep from command to last file",
    "series": "examples, hidden units, depth and features, each doubled; runs and configurations, each times ten",
    "whole": "two sweeps from command to answer, beside GridSearchCV, Optuna, Ray Tune and JAX",
    "map": "a sample of a map of what can be trained, beside JAX as in the paper that maps come from",
    "search": "the best of six knobs in a fixed time, beside Optuna and scikit-learn's random and halving search",
}
IN_A_SHORT_LOOK = ("peers", "ours", "overhead", "series")
WHEN_NAMED = ("whole", "map", "search")  # each takes longer than all others together
DTYPES = ("float64", "float32")


def parser() -> argparse.ArgumentParser:
    """The options."""
    result = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure this project and its peers on this machine.",
        epilog="Sections: " + "; ".join(f"{name}: {about}" for name, about in SECTIONS.items()) + ".",
    )
    result.add_argument(
        "--only",
        metavar="A,B",
        help=f"sections, with commas between (default: all but {','.join(WHEN_NAMED)}, with --quick"
        f" {','.join(IN_A_SHORT_LOOK)})",
    )
    result.add_argument("--quick", action="store_true", help="a short look: fewer networks, variants and repetitions")
    result.add_argument(
        "--seconds", type=float, metavar="S", help="time for each measurement (default: 2, with --quick 0.1)"
    )
    result.add_argument("--json", metavar="FILE", type=Path, help="write all numbers to FILE, after every table")
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    options = parser().parse_args(arguments)
    usual = IN_A_SHORT_LOOK if options.quick else [name for name in SECTIONS if name not in WHEN_NAMED]
    chosen = options.only.split(",") if options.only is not None else usual
    for name in chosen:
        if name not in SECTIONS:
            print(f"benchmarks: --only: expected some of {', '.join(SECTIONS)}; got {name!r}", file=sys.stderr)
            return 2
    removed = environment.cleaned()

    # From here on, and not before: these import NumPy.
    from benchmarks.fma_rate import Rate
    from benchmarks.measure import Clock
    from benchmarks.report import machine_text

    start = time.perf_counter()
    machine = environment.machine()
    print(machine_text(machine, removed), flush=True)
    say("the rate of multiply-and-adds")
    seconds = options.seconds if options.seconds is not None else 0.1 if options.quick else 2.0
    clock = Clock(seconds, environment.cores(), {dtype: Rate(dtype) for dtype in DTYPES})
    found: dict[str, Any] = {"machine": machine, "removed": removed, "quick": options.quick, "tables": {}}
    folder = Path() if options.json is None else options.json.parent
    for table in measured(chosen, clock, options.quick, folder):
        say("")
        print(table.text(), flush=True)
        found["tables"][table.name] = table.plain()
        found["fma_per_second"] = {dtype: rate.value for dtype, rate in clock.rates.items()}
        found["share_of_core"] = clock.share
        found["seconds"] = time.perf_counter() - start
        if options.json is not None:
            options.json.write_text(json.dumps(found, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    print(_closing_line(clock, time.perf_counter() - start))
    return 0


def measured(chosen: Collection[str], clock: Clock, quick: bool, folder: Path) -> Iterator[Table]:
    """The tables of the chosen sections, each as soon as it is there; pictures in ``folder``."""
    from benchmarks import compare, growth, ours, overhead, series, start
    from benchmarks.whole import section, tools
    from benchmarks.whole.jobs import BREAST_CANCER, FLOWER
    from benchmarks.workload import workload
    from experiments.datasets import load

    flower = load("flower")
    seven, four = [(n,) for n in (1, 2, 3, 4, 5, 20, 50)], [(4,)]
    peers = compare.peers(quick)
    dtypes = DTYPES[:1] if quick else DTYPES
    if "peers" in chosen:
        networks = 10 if quick else 40
        workloads = {f"hidden 1 2 3 4 5 20 50 x {networks}": seven, f"4 hidden units x {networks}": four}
        loads = [
            workload(name, flower.X, flower.Y, shapes, networks, dtype)
            for name, shapes in workloads.items()
            for dtype in DTYPES
        ]
        rows = compare.Comparison(loads, clock, say, peers).run()
        yield compare.table("peers", "Beside its peers: flower, 400 examples, full-batch", rows, _notes(clock))
    if "large" in chosen:
        data = load("breast_cancer")
        networks = max(2, clock.cores)
        name = f"256x256 units x {networks}, {data.X.shape[0]} features, {data.X.shape[1]} examples"
        counts = {"least_iterations": 5, "checked_iterations": 20}
        loads = [workload(name, data.X, data.Y, [(256, 256)], networks, dtype, **counts) for dtype in dtypes]
        rows = compare.Comparison(loads, clock, say, peers).run()
        yield compare.table("large", "Large layers, where a library for matrices should win", rows, ())
    if "ours" in chosen:
        yield ours.shapes(flower.X, flower.Y, clock, say)
        for dtype in DTYPES:
            yield ours.threads(workload("hidden 1 2 3 4 5 20 50", flower.X, flower.Y, seven, 40, dtype), clock, say)
    if "overhead" in chosen:
        one = workload("", flower.X, flower.Y, [(overhead.HIDDEN,)], 1, "float64")
        yield overhead.overhead(one, 5_000 if quick else 100_000, clock, say)
    if "start" in chosen:
        yield start.first_calls(say, 1 if quick else 3)
    if "sweep" in chosen:
        yield start.default_sweep(clock, say, 1 if quick else 3)
    if "series" in chosen:
        yield from series.of_networks(clock, say)
        yield from growth.tables(say, 10_000 if quick else 10**6, 1000 if quick else 10**5)
    if "whole" in chosen:
        jobs = (FLOWER, BREAST_CANCER)
        rounds = 1 if quick else 3
        yield from section.tables(jobs, tools.projects(), tools.scripts(quick), clock.cores, rounds, quick, say)
    if "map" in chosen:
        from benchmarks import map as maps

        sample = maps.sample_of(32, 16) if quick else maps.sample_of(128, 64)
        yield maps.table(sample, maps.variants(quick), 1 if quick else 3, clock.cores, say)
    if "search" in chosen:
        from benchmarks.search import section as search
        from benchmarks.search.jobs import JOBS
        from benchmarks.search.tools import tools as searchers

        yield from search.tables(JOBS, searchers(), 10.0 if quick else 60.0, clock.cores, folder, say)


def _notes(clock: Clock) -> tuple[str, ...]:
    from benchmarks.compare import TOLERANCE

    rates = " and ".join(f"{clock.rates[dtype].value / 1e9:.1f} ({dtype})" for dtype in DTYPES)
    checked = (
        "Before anything is timed, the final costs of all networks are compared: those of a peer are within"
        f" {TOLERANCE['float64']:g} (float64) and {TOLERANCE['float32']:g} (float32) of ours, relative to them."
    )
    read = (
        "Peer and project take turns, call by call. best, median, middle half: of these calls. x ours: the best of the"
        " peer over ours, and the median over the pairs. FMA slots: best time x the rate of independent"
        f" multiply-and-adds, {rates} thousand million a second and core. One core: time on the processor. Several:"
        " on the wall. Compiling is shown apart."
    )
    return checked, read


def _closing_line(clock: Clock, seconds: float) -> str:
    line = f"{seconds:.0f} s."
    if clock.share is not None:
        line += f" What was timed on one core got {clock.share:.0%} of it"
        line += "." if clock.share > 0.9 else ": the machine is busy, so that times on the wall say little."
    return line


def say(what: str) -> None:
    """Show what is being done, on a line that is overwritten, where there is a terminal."""
    if sys.stderr.isatty():
        print(f"\r\033[K{what[:78]}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
