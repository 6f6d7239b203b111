"""``python -m experiments.grid --hidden 1 2 3 --learning-rate 0.3 1.2 --seeds 0:10``: run a sweep."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor
from pathlib import Path

from experiments.cli import config
from experiments.cli.options import grid_parser
from experiments.cli.process import on_interrupt
from experiments.cli.terminal import Terminal, is_large
from experiments.console import DONE, SOME_FAILED, fail, say
from experiments.files import FILES, PLOTS, REPORT, STORE, ResultsError
from experiments.knobs.declared import HOW, REQUESTED
from experiments.knobs.knob import DataError, SweepError
from experiments.knobs.values import value_of
from experiments.knobs.words import in_words, shown
from experiments.runner.observer import RunFailed
from experiments.sweep import Prepared, Sweep
from experiments.text import WIDTH, columns, fit_end, printable

_SHOWN = 10  # configurations in the closing table, problems in a plan
_PROGRAM = "experiments.grid"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status. Raises SystemExit for invalid input."""
    options = grid_parser().parse(arguments)
    start = time.perf_counter()
    speak = _silent if options.quiet else say
    observer = Terminal(speak, not options.quiet, options.yes, options.fresh)
    on_interrupt(lambda: observer.state)
    try:
        for name, value in (config.read(options.config) if options.config else {}).items():
            if getattr(options, name) is None:  # the command line takes precedence
                setattr(options, name, value)
        out = "results" if options.out is None else options.out
        how = {knob.name: value_of(knob, getattr(options, knob.name)) for knob in HOW}
        sweep = Sweep(**{knob.name: getattr(options, knob.name) for knob in REQUESTED}, zip=options.zip)
        if options.print_config:
            for line in config.lines(sweep.request, how):
                say(line)
            return DONE
        if options.dry_run:
            prepared = sweep.prepare(how["jobs"], out, options.fresh, not options.no_plots)
            for note in prepared.notes:
                speak(note)
            for line in _plan_lines(sweep, prepared, Path(out), not options.no_plots):
                say(line)
            return DONE
        results = sweep.run(
            out=out,
            **how,
            fresh=options.fresh,
            fail_fast=options.fail_fast,
            plots=not options.no_plots,
            observer=observer,
        )
    except (SweepError, DataError) as error:
        fail(_PROGRAM, str(error))
    except ResultsError as error:
        fail(_PROGRAM, f"--out: {error}")
    except RunFailed as error:
        fail(_PROGRAM, f"stopped at the first failed run: {error}; {observer.state}", SOME_FAILED)
    except (OSError, MemoryError, BrokenExecutor) as error:
        what = str(error) or type(error).__name__
        fail(_PROGRAM, f"the sweep could not be finished: {what}; {observer.state}", SOME_FAILED)
    finally:
        observer.close()
    from experiments.cli.closing import closing_lines, counts  # pandas, which a plan does not need

    for line in closing_lines(results, _SHOWN):
        speak(line)
    speak(f"{len(observer.files)} files written to {out}{os.sep} in {time.perf_counter() - start:.1f} s")
    speak(counts(results))
    if not results.manifest["counts"]["failed"]:
        return DONE
    if options.quiet:
        fail(_PROGRAM, counts(results), SOME_FAILED)
    return SOME_FAILED


def _silent(line: str) -> None:
    pass


def _plan_lines(sweep: Sweep, prepared: Prepared, out: Path, plots: bool) -> Iterator[str]:
    axes = {name: values for name, values in sweep.asked.items() if name in sweep.columns}
    width = max(14, *map(len, axes))
    for name, values in axes.items():
        many = f"  ({len(values):,})" if len(values) > 1 else ""
        yield f"{name:{width}} {shown(values, WIDTH - width - 1 - len(many))}{many}"
    for dimension in sweep.dimensions:
        if len(dimension.names) > 1:
            yield f"{'zipped':{width}} {', '.join(dimension.names)}"
    yield f"{'iterations':{width}} {sweep.iterations:,}, recorded every {sweep.record_every:,}, {sweep.dtype}"
    problems = list(prepared.sources)
    for key in problems[:_SHOWN]:
        problem = prepared.left.parts.example(key)
        sizes = f"{problem.features} features, {problem.train.m} training and {problem.test.m} test examples"
        name = f"{in_words(sweep.problem_knobs(key))}:"
        if columns(name) + 1 + len(sizes) <= WIDTH - width - 1:
            yield f"{'data':{width}} {printable(name)} {sizes}"
        else:
            yield f"{'data':{width}} {fit_end(name, WIDTH - width - 1)}"
            yield f"{'':{width}} {sizes}"
    if len(problems) > _SHOWN:
        yield f"{'data':{width}} and {len(problems) - _SHOWN:,} more"
    yield f"{'plan':{width}} {prepared.plan}" + ("; requires --yes" if is_large(prepared.plan) else "")
    for file in (*FILES, STORE, *((f"{PLOTS}/*.png", REPORT) if plots else ())):
        yield f"{'file':{width}} {out / file}"
