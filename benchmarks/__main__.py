"""``python -m benchmarks``: measure on this machine, and print tables."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import environment

if TYPE_CHECKING:
    from benchmarks.measure import Clock
    from benchmarks.report import Table

SECTIONS = {
    "peers": "this project beside NumPy, scikit-learn, PyTorch and JAX",
    "large": "the same on networks of 256x256 units, where a library for matrices should win",
    "ours": "time per activation by hidden units, and threads",
    "overhead": "what a run costs beyond its training",
    "start": "imports, first call, compiling",
    "sweep": "the default sweep from command to last file",
    "series": "examples, hidden units, depth, features and runs, each doubled several times",
}
DTYPES = ("float64", "float32")


def parser() -> argparse.ArgumentParser:
    """The options."""
    result = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure this project and its peers on this machine.",
        epilog="Sections: " + "; ".join(f"{name}: {about}" for name, about in SECTIONS.items()) + ".",
    )
    result.add_argument(
        "--only", metavar="A,B", default=",".join(SECTIONS), help="sections to run, with commas between (default: all)"
    )
    result.add_argument("--quick", action="store_true", help="a short look, of a minute or so")
    result.add_argument(
        "--seconds", type=float, metavar="S", help="time for each measurement (default: 3, with --quick 0.1)"
    )
    result.add_argument("--json", metavar="FILE", type=Path, help="write all numbers to FILE")
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    options = parser().parse_args(arguments)
    chosen = options.only.split(",")
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
    _say("the rate of multiply-and-adds")
    seconds = options.seconds if options.seconds is not None else 0.1 if options.quick else 3.0
    clock = Clock(seconds, environment.cores(), {dtype: Rate(dtype) for dtype in DTYPES})
    tables = {}
    for table in _tables(chosen, clock, options.quick):
        _say("")
        print(table.text(), flush=True)
        tables[table.name] = table.plain()
    _say("")
    closing = {
        "fma_per_second": {dtype: rate.best for dtype, rate in clock.rates.items()},
        "share_of_core": clock.granted[0] / clock.granted[1] if clock.granted[1] else None,
        "seconds": time.perf_counter() - start,
    }
    print(_closing_line(clock, closing["seconds"]))
    if options.json is not None:
        everything = {"machine": machine, "removed": removed, "quick": options.quick, **closing, "tables": tables}
        options.json.write_text(json.dumps(everything, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return 0


def _tables(chosen: Sequence[str], clock: Clock, quick: bool) -> Iterator[Table]:
    from benchmarks import compare, ours, series, sweeps
    from benchmarks.workload import workload
    from experiments.datasets import load

    flower = load("flower")
    seven = [(n,) for n in (1, 2, 3, 4, 5, 20, 50)]
    if "peers" in chosen:
        loads = [
            workload(name, flower.X, flower.Y, shapes, 40, dtype)
            for name, shapes in (("hidden 1 2 3 4 5 20 50 x 40", seven), ("4 hidden units x 40", [(4,)]))
            for dtype in DTYPES
        ]
        rows = compare.Comparison(loads, clock, _say).run()
        yield compare.table("peers", "Beside its peers: flower, 400 examples, full-batch", rows, _notes(clock))
    if "large" in chosen:
        data = load("breast_cancer")
        loads = [
            workload(
                "256x256 units x 4, breast_cancer, 30 features",
                data.X, data.Y, [(256, 256)], 4, dtype, least_iterations=5, checked_iterations=20,
            )
            for dtype in DTYPES
        ]  # fmt: skip
        rows = compare.Comparison(loads, clock, _say).run()
        title = "Where a library for matrices should win: large layers"
        yield compare.table("large", title, rows, ())
    if "ours" in chosen:
        yield ours.shapes(flower.X, flower.Y, clock, _say)
        for dtype in DTYPES:
            load_of_all = workload("hidden 1 2 3 4 5 20 50 x 40", flower.X, flower.Y, seven, 40, dtype)
            yield ours.threads(load_of_all, clock, _say, )
    if "overhead" in chosen:
        four = workload("", flower.X, flower.Y, [(sweeps.HIDDEN,)], 1, "float64")
        yield sweeps.overhead(four, 5_000 if quick else 100_000, clock, _say)
    if "start" in chosen:
        yield sweeps.start(clock, _say, 1 if quick else 3)
    if "sweep" in chosen:
        yield sweeps.default_sweep(clock, _say, 1 if quick else 3)
    if "series" in chosen:
        yield from series.all_series(clock, _say, 3_200 if quick else 32_000)


def _notes(clock: Clock) -> tuple[str, ...]:
    from benchmarks.compare import TOLERANCE

    return (
        "Before anything is timed, the final costs of all networks are compared: a peer's are within"
        f" {TOLERANCE['float64']:g} (float64) and {TOLERANCE['float32']:g} (float32) of ours, relative to them.",
        "Peer and project take turns, call by call. best, median, middle half: over these calls. of bests: the peer's"
        " best over ours. times ours: the median of peer over project, pair by pair. FMA slots: best time x the rate of"
        f" independent multiply-and-adds, {clock.rates['float64'].best / 1e9:.1f} (float64) and"
        f" {clock.rates['float32'].best / 1e9:.1f} (float32) thousand million a second and core.",
        "One core: time on the processor. Several cores: time on the wall. Compiling is not counted but shown apart.",
    )


def _closing_line(clock: Clock, seconds: float) -> str:
    line = f"{seconds:.0f} s."
    if clock.granted[1]:
        share = clock.granted[0] / clock.granted[1]
        line += f" The machine gave what was timed on one core {share:.0%} of that core"
        line += "." if share > 0.9 else ": it was busy with other things, and times on the wall say little."
    return line


def _say(what: str) -> None:
    """Show what is being done, on a line that is overwritten, where there is a terminal."""
    if sys.stderr.isatty():
        print(f"\r\033[K{what[:78]}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
