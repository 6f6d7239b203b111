"""The command line: ``python -m experiments.grid --hidden 1 2 3 --learning-rate 0.3 1.2 --seeds 0:10``."""

from __future__ import annotations

import _thread
import argparse
import io
import itertools
import logging
import multiprocessing
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from experiments.knobs import HOW, KNOBS, ZIP, SweepError, closest, in_words, shown, value_of

if TYPE_CHECKING:
    from experiments.batches import BatchResult, Plan, Todo
    from experiments.datasets import Data
    from experiments.pool import How
    from experiments.sweep import ProblemKey, Sweep
    from experiments.tables import Results

DONE, SOME_FAILED, BAD_INPUT = 0, 1, 2

# A plan beyond any of these is refused without --yes: a slip in a range is found out before it costs a night.
MOST_SECONDS = 24 * 3600
MOST_MEMORY = 8 * 2**30
MOST_LOOKED_UP = 10**6  # configurations; a plan of more does not look which of them are stored
LONGEST_GOODBYE = 1.0  # seconds for cleaning up after an interrupt
_SHOWN = 10  # configurations in the closing table, problems in a plan
_WIDTH = 80

Say = Callable[[str], object]


class Interrupted(BaseException):
    """SIGINT or SIGTERM; no Exception, so that nothing on the way takes it for a failed run."""

    state = "nothing was written"  # of the files: what the last line says

    def __init__(self, number: int) -> None:
        self.number = number


def _interrupt(number: int, _frame: FrameType | None) -> NoReturn:
    # A second signal ends the process at once.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # An exception that comes up in a callback, of the import system or of LLVM, is reported and lost. Whatever becomes
    # of this one, the process ends. (threading.Thread takes locks that the interrupted code may hold.)
    sys.unraisablehook = lambda _: None
    logging.disable()  # Dask has much to say of workers that end
    _thread.start_new_thread(_end, (number, LONGEST_GOODBYE))
    try:
        for worker in multiprocessing.active_children():  # which would not hear of a second signal
            if worker.pid:
                os.kill(worker.pid, signal.SIGKILL)
    finally:
        raise Interrupted(number)


_ending = _thread.allocate_lock()


def _end(number: int, after: float = 0) -> NoReturn:
    """Say so, once, and end the process, whatever its threads are doing."""
    time.sleep(after)
    _ending.acquire()
    try:
        os.write(2, f"experiments.grid: interrupted; {Interrupted.state}\n".encode())
    finally:
        os._exit(128 + number)


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line, and to which -1e-3 is a bad value, no unknown option."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._negative_number_matcher = re.compile(r"-(\.?\d|inf|nan)")

    def error(self, message: str) -> NoReturn:
        fail(f"{message}; --help lists the options")

    def parse(self, arguments: Sequence[str] | None) -> argparse.Namespace:
        """The options; one that is unknown is an error, which names the nearest spelling."""
        parsed, unknown = self.parse_known_args(arguments)
        if unknown:
            flags = [flag for action in self._actions for flag in action.option_strings]
            self.error(f"unknown argument {unknown[0]!r}{closest(unknown[0].split('=')[0], flags)}")
        return parsed


def fail(message: str, status: int = BAD_INPUT) -> NoReturn:
    """One line on stderr, and the end."""
    print(f"experiments.grid: {' '.join(message.split())}", file=sys.stderr)
    raise SystemExit(status)


def parser() -> _Parser:
    """The options: one for every knob, and those that say how to run."""
    from experiments.datasets import DATASETS

    result = _Parser(
        prog="python -m experiments.grid",
        description="Train every combination of the values given, and write tables and pictures.",
        epilog="Numbers also come as ranges: 0:10 (0 to 9), lin:A:B:N and log:A:B:N (N points, both ends"
        " included). Exit status: 0 done, 1 some run failed, 2 bad arguments or data, 130/143 interrupted.",
        allow_abbrev=False,
        formatter_class=lambda prog: argparse.HelpFormatter(prog, max_help_position=32, width=_WIDTH),
        usage="%(prog)s [options]",
    )
    groups = {name: result.add_argument_group(name) for name in ("data", "network", "training", "run")}
    for knob in (*KNOBS, *HOW):
        about = knob.help.format(datasets=", ".join(DATASETS))
        if knob.default:
            about += f" (default: {shown(knob.default)})"
        groups[knob.group].add_argument(
            *knob.flags,
            dest=knob.name,
            metavar=knob.metavar,
            nargs="+" if knob.is_axis else None,
            help=about.replace("%", "%%"),
        )
    run = groups["run"]
    run.add_argument(
        ZIP, metavar="OPTION", nargs="+", action="append", help="walk these axes in step, instead of crossing them"
    )
    run.add_argument("--out", metavar="DIR", help="folder for the files (default: results)")
    run.add_argument("--config", metavar="FILE.toml", help="take the options that are not given here from this file")
    run.add_argument("--print-config", action="store_true", help="print such a file for these options, and stop")
    run.add_argument("--dry-run", action="store_true", help="show the plan and stop")
    run.add_argument("--yes", action="store_true", help="agree to a plan that is refused for its size")
    run.add_argument("--fresh", action="store_true", help="train again what is stored already")
    run.add_argument("--fail-fast", action="store_true", help="stop at the first run that fails")
    run.add_argument("--no-plots", action="store_true", help="write no pictures and no report")
    run.add_argument("--quiet", action="store_true", help="print errors only")
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status. Raises SystemExit for bad input."""
    options = parser().parse(arguments)
    say = _silent if options.quiet else _say

    from experiments import batches, config, pool, store, tables, terminal
    from experiments.csv_data import DataError
    from experiments.runner import RunFailed
    from experiments.sweep import Sweep

    start = time.perf_counter()
    try:
        for name, value in (config.read(options.config) if options.config else {}).items():
            if getattr(options, name) is None:  # what stands on the command line wins
                setattr(options, name, value)
        folder = "results" if options.out is None else options.out
        out = options.out = Path(folder)
        chosen = {knob.name: value_of(knob, getattr(options, knob.name)) for knob in HOW}
        how = pool.How(**chosen, fresh=options.fresh, fail_fast=options.fail_fast)
        sweep = Sweep(**{knob.name: getattr(options, knob.name) for knob in KNOBS}, zip=options.zip)
        if options.print_config:
            for line in config.lines(sweep.request, chosen):
                _say(line)
            return DONE
        data = sweep.load()
        # As it was given: Path("") is the current one.
        existing = tables.check_folder(folder, tables.FILES if options.no_plots else (*tables.FILES, tables.REPORT))
        if not options.no_plots:
            tables.check_folder(out / "plots")
        with store.stored_in(out) as stored:
            left = batches.todo(sweep, data, stored if sweep.n_configurations <= MOST_LOOKED_UP else None, how.fresh)
    except (SweepError, DataError) as error:
        fail(str(error))
    except (store.ResultsError, OSError) as error:
        fail(f"--out: {error}")
    of_data = dict.fromkeys(f"{d.name}: {note}" for d in data.values() for note in d.notes)
    for note in (*sweep.notes, *of_data):
        say(terminal.printable(note))

    plan = batches.plan(left, how.jobs, batches.measure_speed(sweep.dtype))
    if options.dry_run:
        for line in _plan_lines(left, plan, options):
            _say(line)
        return DONE
    if _is_large(plan) and not options.yes:
        fail(f"{plan}: more than is done without being asked twice; make it smaller, or add --yes")
    if plan.disk > (free := shutil.disk_usage(existing).free):
        needed, there_is = terminal.size(plan.disk), terminal.size(free)
        fail(f"--out: expected {needed} of free space, got {there_is}; make room or go elsewhere")
    say(str(plan))

    try:
        results, files = _run(sweep, data, plan, how, options, say)
    except SweepError as error:
        fail(str(error))
    except store.ResultsError as error:
        fail(f"--out: {error}")
    except RunFailed as error:
        fail(f"stopped at the first run that failed: {error}; {Interrupted.state}", SOME_FAILED)
    except (OSError, MemoryError, BrokenExecutor) as error:
        what = str(error) or type(error).__name__
        fail(f"the sweep could not be finished: {what}; {Interrupted.state}", SOME_FAILED)
    for line in terminal.closing_lines(results, _SHOWN):
        say(line)
    say(f"{len(files)} files in {out}{os.sep} after {time.perf_counter() - start:.1f} s")
    say(terminal.counts(results))
    if not results.manifest["counts"]["failed"]:
        return DONE
    if options.quiet:
        fail(terminal.counts(results), SOME_FAILED)
    return SOME_FAILED


def _say(line: str) -> None:
    """A line on stdout. Where nobody reads it (``| head``, a full disk), the sweep goes on in silence."""
    try:
        print(line, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _silent(line: str) -> None:
    pass


def _is_large(plan: Plan) -> bool:
    return plan.seconds > MOST_SECONDS or plan.memory > MOST_MEMORY


def _plan_lines(left: Todo, plan: Plan, options: argparse.Namespace) -> Iterator[str]:
    from experiments import store, tables, terminal

    sweep = left.sweep
    axes = {name: values for name, values in sweep.values.items() if name in sweep.columns}
    width = max(14, *map(len, axes))
    for name, values in axes.items():
        many = f"  ({len(values):,})" if len(values) > 1 else ""
        yield f"{name:{width}} {shown(values, _WIDTH - width - 1 - len(many))}{many}"
    for dimension in sweep.dimensions:
        if len(dimension.names) > 1:
            yield f"{'in step':{width}} {', '.join(dimension.names)}"
    yield f"{'iterations':{width}} {sweep.iterations:,}, recorded every {sweep.record_every:,}, {sweep.dtype}"
    for key, problem in itertools.islice(left.problems.items(), _SHOWN):
        sizes = f"{problem.features} features, {problem.train.m} training and {problem.test.m} test examples"
        name = terminal.fit_end(in_words(sweep.problem_knobs(key)), _WIDTH - width - 3 - len(sizes))
        yield f"{'data':{width}} {name}: {sizes}"
    if len(left.problems) > _SHOWN:
        yield f"{'data':{width}} and {len(left.problems) - _SHOWN:,} more"
    yield f"{'plan':{width}} {plan}" + ("; needs --yes" if _is_large(plan) else "")
    for file in (*tables.FILES, store.FILE, *(() if options.no_plots else ("plots/*.png", tables.REPORT))):
        yield f"{'file':{width}} {options.out / file}"


def _run(
    sweep: Sweep, data: dict[ProblemKey, Data], plan: Plan, how: How, options: argparse.Namespace, say: Say
) -> tuple[Results, list[Path]]:
    """Train what is not stored, with a progress bar where stderr is a terminal; write tables and pictures."""
    from tqdm import tqdm

    from experiments import lock, pool, runner, store, tables

    stored = done = 0  # runs; a failed one is done, and yet is tried again
    fresh, again = (" afresh", " without --fresh") if how.fresh else ("", "")

    def state(files: str) -> None:
        runs = f"{stored:,} of {plan.runs:,} runs are stored{fresh}"
        Interrupted.state = f"{runs}, {files}; the same command{again} goes on from there"

    out = options.out
    with pool.workers(how) as at_once, lock.claimed(out) as opened:
        with tqdm(
            total=plan.work,
            disable=options.quiet or not sys.stderr.isatty(),
            desc=f"{plan.reused:,}/{plan.runs:,} runs",
            bar_format="{percentage:3.0f}% |{bar}| {desc} [{elapsed}<{remaining}]",
            dynamic_ncols=True,
            leave=False,
        ) as bar:

            def begin(left: Todo) -> None:  # of which the plan need not know: it may have looked nothing up
                nonlocal stored, done
                stored = done = plan.runs - left.n_runs
                bar.total = left.work
                show(0)
                bar.refresh()

            def progress(result: BatchResult) -> None:
                nonlocal stored, done
                stored += sum(run.status != "failed" for run in result.runs)
                done += len(result.runs)
                show(result.batch.work)

            def show(work: int) -> None:
                state("the tables are as they were")
                bar.set_description_str(f"{done:,}/{plan.runs:,} runs", refresh=False)
                bar.update(work)

            ran = runner.run(sweep, data, opened, how, at_once, progress, begin)
        results = tables.write(sweep, data, opened, ran, out, lambda: state("the tables were being replaced"))
        files = [out / name for name in (*tables.FILES, store.FILE)]
        if not options.no_plots:
            state("the tables were written, not all of the pictures")
            from experiments import plots, report

            files += [*plots.draw_all(out, results, say=say), report.write(out, results)]
        Interrupted.state = "all files were written"
    return results, files


def run_as_program() -> NoReturn:
    """``main`` as a process: signals, closed streams, the exit status."""
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started the program
            stream = open(os.devnull, "r+")  # noqa: SIM115 - for as long as the process lives
            os.set_inheritable(stream.fileno(), True)
            setattr(sys, name, stream)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names of files in whatever encoding
    # What interrupted workers leave behind is removed by a process of its own, which need not talk about it.
    warnings = os.environ.get("PYTHONWARNINGS", "")
    os.environ["PYTHONWARNINGS"] = f"{warnings},ignore:resource_tracker".lstrip(",")
    try:
        sys.exit(main())
    except Interrupted as interrupted:
        _end(interrupted.number)


if __name__ == "__main__":
    run_as_program()
