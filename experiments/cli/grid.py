"""``python -m experiments.grid --hidden 1 2 3 --learning-rate 0.3 1.2 --seeds 0:10``: run a sweep."""

from __future__ import annotations

import codecs
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor
from pathlib import Path
from typing import Any

from experiments.cli import config
from experiments.cli.options import grid_parser
from experiments.cli.process import on_interrupt
from experiments.cli.terminal import Terminal, is_large
from experiments.console import DONE, SOME_FAILED, Say, fail, named, say, to_run
from experiments.files import PLOTS, REPORT, STORE, ResultsError
from experiments.files import SHARD as SHARD_FILE
from experiments.formats import Formats
from experiments.knobs.declared import HOW, ITERATIONS, REQUESTED, SAMPLE_SEED, SHARD, WRITTEN
from experiments.knobs.knob import DataError, SweepError
from experiments.knobs.values import value_of
from experiments.knobs.words import in_words, shown
from experiments.runner.observer import RunFailed
from experiments.sweep import Prepared, Sweep
from experiments.text import WIDTH, columns, count, fit_end, printable, wrapped

_SHOWN = 10  # problems in a plan


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
            is_ascii = codecs.lookup(sys.stdout.encoding or "ascii").name != "utf-8"  # of a file on Windows
            for line in config.lines(sweep.request, how, is_ascii):
                say(line)
            return DONE
        if how[SHARD.name] is not None and (given := [knob for knob in WRITTEN if getattr(options, knob.name)]):
            raise SweepError(
                f"{SHARD.flags[0]}: a shard writes no tables: give {given[0].flags[0]} to experiments.merge"
            )
        if options.dry_run:
            plots = not options.no_plots and how[SHARD.name] is None
            written = {knob.name: how[knob.name] for knob in WRITTEN}
            prepared = sweep.prepare(how["jobs"], out, options.fresh, plots, how[SHARD.name], **written)
            for note in prepared.notes:
                speak(note)
            tables = Formats.of(**written).files if how[SHARD.name] is None else (SHARD_FILE,)
            for line in _plan_lines(sweep, prepared, Path(out), plots, tables):
                say(line)
            return DONE
        shard = how.pop(SHARD.name)
        written = {knob.name: how.pop(knob.name) for knob in WRITTEN}
        how |= {"out": out, "fresh": options.fresh, "fail_fast": options.fail_fast, "observer": observer}
        if shard is None:
            results = sweep.run(**how, **written, plots=not options.no_plots)
        else:
            counts = sweep.run_shard(shard, **how)
    except (SweepError, DataError) as error:
        fail(named("grid"), str(error))
    except ResultsError as error:
        fail(named("grid"), f"--out: {error}")
    except RunFailed as error:
        fail(named("grid"), f"stopped at the first failed run: {error}; {observer.state}", SOME_FAILED)
    except (OSError, MemoryError, BrokenExecutor) as error:
        what = str(error) or type(error).__name__
        fail(named("grid"), f"the sweep could not be finished: {what}; {observer.state}", SOME_FAILED)
    finally:
        observer.close()
    if shard is not None:
        return _end_of_shard(shard, counts, speak)
    from experiments.cli.closing import end  # pandas, which a plan does not need

    return end(results, observer.files, out, start, named("grid"), options.quiet)


def _end_of_shard(shard: str, n: Mapping[str, Any], speak: Say) -> int:
    kinds = ", ".join(f"{n[kind]:,} {kind}" for kind in ("computed", "reused", "failed"))
    line = f"shard {shard}, {count(n['runs'], 'run')}: {kinds}"
    speak(line)
    speak(f"to write the tables when all shards are trained: {to_run('merge OUT DIR...')}")
    if not n["failed"]:
        return DONE
    if speak is _silent:
        fail(named("grid"), line, SOME_FAILED)
    return SOME_FAILED


def _silent(line: str) -> None:
    pass


def _length_lines(sweep: Sweep, width: int) -> Iterator[str]:
    if ITERATIONS.name not in sweep.columns:
        yield f"{'iterations':{width}} {sweep.iterations:,}, recorded every {sweep.record_every:,}, {sweep.dtype}"
        return
    every = list(dict.fromkeys(f"{each:,}" for each in sweep.lengths.values()))
    yield f"{'recorded':{width}} every {', '.join(every[:5])}{', ...' * (len(every) > 5)} iterations, {sweep.dtype}"


def _plan_lines(sweep: Sweep, prepared: Prepared, out: Path, plots: bool, tables: Iterable[str]) -> Iterator[str]:
    axes = {name: values for name, values in sweep.asked.items() if name in sweep.columns}
    width = max(14, *map(len, axes))
    for name, values in axes.items():
        many = f"  ({len(values):,})" if len(values) > 1 else ""
        yield f"{name:{width}} {shown(values, WIDTH - width - 1 - len(many))}{many}"
    for dimension in sweep.dimensions:
        if sweep.sampled and dimension.names == sweep.sampled:
            n, seed = count(dimension.size, "configuration"), sweep.request[SAMPLE_SEED.name]
            yield f"{'sample':{width}} {n} over these axes, sample seed {seed}:"
            yield from (f"{'':{width}} {line}" for line in wrapped(", ".join(dimension.names), WIDTH - width - 1))
        elif len(dimension.names) > 1:
            yield f"{'zipped':{width}} {', '.join(dimension.names)}"
    yield from _length_lines(sweep, width)
    if sweep.patience is not None:
        part = f"{100 * (sweep.validation_fraction or 0):.4g} % of the training part"
        yield f"{'patience':{width}} {count(sweep.patience, 'record')}, on {part}; training may end earlier"
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
    if prepared.left.shard is not None:
        yield f"{'shard':{width}} {prepared.left.shard}, of {count(sweep.size, 'run')}"
    yield f"{'plan':{width}} {prepared.plan}" + ("; requires --yes" if is_large(prepared.plan) else "")
    for file in (*tables, STORE, *((f"{PLOTS}/*.png", REPORT) if plots else ())):
        yield f"{'file':{width}} {out / file}"
