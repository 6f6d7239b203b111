"""The command line: ``python -m experiments.grid --hidden 1 2 3 --learning-rate 0.3 1.2 --seeds 0:10``."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from experiments.knobs import KNOBS, closest

if TYPE_CHECKING:
    from experiments.runner import Plan, Problem
    from experiments.sweep import Sweep
    from experiments.tables import Results

DONE, SOME_FAILED, BAD_INPUT = 0, 1, 2
BACKENDS = ("threading", "loky")

# A plan beyond any of these is refused without --yes: a slip in a range is found out before it costs a night.
MOST_SECONDS = 24 * 3600
MOST_MEMORY = 8 * 2**30
_SHOWN = 10  # configurations in the closing table


class Interrupted(BaseException):
    """SIGINT or SIGTERM; no Exception, so that nothing on the way takes it for a failed run."""

    def __init__(self, number: int) -> None:
        self.number = number


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    # A second signal ends the process at once.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    raise Interrupted(number)


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        fail(message)

    def parse(self, arguments: Sequence[str] | None) -> argparse.Namespace:
        parsed, unknown = self.parse_known_args(arguments)
        if unknown:
            flags = [flag for action in self._actions for flag in action.option_strings]
            self.error(f"unknown argument {unknown[0]!r}{closest(unknown[0], flags)}; --help lists the options")
        return parsed


def fail(message: str) -> NoReturn:
    """One line on stderr, and exit status 2."""
    print(f"experiments.grid: {' '.join(message.split())}", file=sys.stderr)
    raise SystemExit(BAD_INPUT)


def parser() -> argparse.ArgumentParser:
    """The options: one for every knob, and those that say how to run."""
    from experiments.datasets import DATASETS

    result = _Parser(
        prog="python -m experiments.grid",
        description="Train every combination of the values given, and write tables and pictures.",
        epilog="Numbers also come as ranges: 0:10 (0 to 9), lin:A:B:N and log:A:B:N (N points, both ends included)."
        " Exit status: 0 done, 1 some run failed, 2 bad arguments or data, 130/143 interrupted.",
        allow_abbrev=False,
        formatter_class=lambda prog: argparse.HelpFormatter(prog, max_help_position=32, width=80),
    )
    for knob in KNOBS:
        about = knob.help.format(datasets=", ".join(DATASETS))
        if knob.default:
            about += f" (default: {_shown(knob.default)})"
        result.add_argument(
            *knob.flags,
            dest=knob.name,
            metavar=knob.metavar,
            nargs="+" if knob.is_axis else None,
            help=about.replace("%", "%%"),
        )
    result.add_argument("--jobs", "-j", metavar="N", default="-1", help="networks trained at once (default: all cores)")
    result.add_argument(
        "--backend", metavar="BACKEND", default="threading", help="threading (default) or loky, which uses processes"
    )
    result.add_argument("--out", metavar="DIR", default="results", help="folder to write into (default: results)")
    result.add_argument("--dry-run", action="store_true", help="show the plan and stop")
    result.add_argument("--yes", action="store_true", help="agree to a plan that is refused for its size")
    result.add_argument("--no-plots", action="store_true", help="write no pictures")
    result.add_argument("--quiet", action="store_true", help="print errors only")
    return result


def _shown(values: Sequence[Any]) -> str:
    numbers = list(values)
    if len(numbers) > 2 and numbers == list(range(len(numbers))):
        return f"0:{len(numbers)}"
    return " ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in numbers)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status. Raises SystemExit for bad input."""
    from experiments.csv_data import DataError
    from experiments.knobs import SweepError
    from experiments.sweep import Sweep

    options = parser().parse(arguments)  # type: ignore[attr-defined]
    jobs = _jobs(options.jobs)
    if options.backend not in BACKENDS:
        fail(
            f"--backend: expected one of {', '.join(BACKENDS)}, got {options.backend!r}"
            f"{closest(options.backend, BACKENDS)}"
        )
    say = _silent if options.quiet else _say
    try:
        sweep = Sweep(**{knob.name: getattr(options, knob.name) for knob in KNOBS})
        data = sweep.load()
    except (SweepError, DataError) as error:
        fail(str(error))
    _check_folder(Path(options.out))
    for note in (*sweep.notes, *(f"{name}: {note}" for name, d in data.items() for note in d.notes)):
        say(note)

    from experiments import runner

    start = time.perf_counter()
    problems = {name: runner.Problem.of(d, sweep.dtype) for name, d in data.items()}
    plan = runner.plan(sweep, problems, jobs, runner.measure_speed())
    if options.dry_run:
        _show_plan(sweep, problems, plan, options)
        return DONE
    if not options.yes and (plan.seconds > MOST_SECONDS or plan.memory > MOST_MEMORY):
        fail(f"{_in_words(plan)}: more than is done without being asked twice; make it smaller, or add --yes")
    say(_in_words(plan))

    results = _train(sweep, data, jobs, options)
    files = _write(results, options, say)
    if not options.quiet:
        from experiments.terminal import closing_lines

        for line in closing_lines(results, _SHOWN):
            say(line)
        say(f"{len(files)} files in {options.out}{os.sep} after {time.perf_counter() - start:.1f} s")
    return SOME_FAILED if results.manifest["counts"]["failed"] else DONE


def _say(line: str) -> None:
    print(line, flush=True)


def _silent(line: str) -> None:
    pass


def _jobs(text: str) -> int:
    try:
        jobs = int(text)
    except ValueError:
        jobs = 0
    if jobs == 0:
        fail(f"--jobs: expected a number of jobs, 1 or more, or -1 for all cores; got {text!r}")
    return jobs


def _check_folder(folder: Path) -> None:
    """Refuse a folder that cannot be written to, before anything is computed, and without creating it."""
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        fail(f"--out: expected a folder, {str(existing)!r} is a file")
    if not os.access(existing, os.W_OK | os.X_OK):
        fail(f"--out: expected a folder that can be written to, {str(existing)!r} cannot")


def _in_words(plan: Plan) -> str:
    return (
        f"{plan.runs:,} runs, about {duration(plan.seconds)}, {size(plan.memory)} of memory,"
        f" {size(plan.disk)} on disk"
    )


def duration(seconds: float) -> str:
    """``0.4 s``, ``12 s``, ``3 min``, ``2.5 h``, ``4 days``."""
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:,.0f} days"


def size(n: float) -> str:
    """``3 MB``, ``1.2 GB``."""
    return f"{max(1, n / 1e6):.0f} MB" if n < 1e9 else f"{n / 1e9:,.1f} GB"


def _show_plan(sweep: Sweep, problems: dict[str, Problem], plan: Plan, options: argparse.Namespace) -> None:
    for knob in KNOBS:
        values = sweep.values[knob.name]
        if knob.is_axis:
            many = values[:: max(1, len(values) - 1)] if len(values) > 12 else values
            shown = " ... ".join(map(str, many)) if len(values) > 12 else _shown(values)
            print(f"{knob.name:14} {shown}" + (f"  ({len(values):,})" if len(values) > 1 else ""))
    print(f"{'iterations':14} {sweep.iterations}, recorded every {sweep.record_every}, {sweep.dtype}")
    for name, problem in problems.items():
        print(
            f"{'data':14} {name}: {problem.features} features,"
            f" {problem.train.count} training and {problem.test.count} test examples"
        )
    print(f"{'plan':14} {_in_words(plan)}")
    for name in _files(options):
        print(f"{'file':14} {Path(options.out) / name}")


def _files(options: argparse.Namespace) -> list[str]:
    from experiments import tables

    names = [tables.RUNS, tables.CURVES, tables.SUMMARY, tables.MANIFEST, tables.NETWORKS]
    return names if options.no_plots else [*names, "plots/*.png"]


def _train(sweep: Sweep, data: dict[str, Any], jobs: int, options: argparse.Namespace) -> Results:
    """Train with a progress bar that counts finished work by its cost, where stderr is a terminal."""
    from tqdm import tqdm

    from experiments import runner

    problems = {name: runner.Problem.of(d, sweep.dtype) for name, d in data.items()}
    todo = sum(batch.work for batch in runner.batches(sweep, problems, jobs))
    done = 0
    with tqdm(
        total=todo,
        disable=options.quiet or not sys.stderr.isatty(),
        bar_format="{percentage:3.0f}% |{bar}|{postfix} [{elapsed}<{remaining}]",
        dynamic_ncols=True,
        leave=False,
    ) as bar:
        bar.set_postfix_str(f"0/{len(sweep):,} runs")

        def progress(result: runner.BatchResult) -> None:
            nonlocal done
            done += len(result.batch.seeds)
            bar.set_postfix_str(f"{done:,}/{len(sweep):,} runs", refresh=False)
            bar.update(result.batch.work)

        return runner.run(sweep, data, jobs, options.backend, progress)


def _write(results: Results, options: argparse.Namespace, say: Any) -> list[Path]:
    from experiments import tables

    files = tables.write(results, options.out)
    if not options.no_plots:
        from experiments.plots import draw_all

        files += draw_all(options.out, results, say=say)
    return files


def run_as_program() -> NoReturn:
    """``main`` as a process: signals, a closed pipe, the exit status."""
    try:
        status = main()
        sys.stdout.flush()
    except Interrupted as interrupted:
        print("experiments.grid: interrupted; nothing was written", file=sys.stderr)
        sys.stderr.flush()
        os._exit(128 + interrupted.number)
    except BrokenPipeError:  # | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = DONE
    sys.exit(status)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    run_as_program()
