"""The section: every tool searches for the same time, and what it chose is judged on examples that nobody has seen."""

from __future__ import annotations

import math
import os
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.report import Column, Table, three
from benchmarks.search import picture
from benchmarks.search.jobs import JUDGES, Job
from benchmarks.search.tools import Tool, compile_kernels
from benchmarks.worker import WorkerError

PICTURE = "benchmarks-search.png"

_ABOUT_SCORES = (
    "Validated: the highest mean validation accuracy of a configuration that the tool knew when the time was over;"
    " what came later does not count. Late: it knew nothing by then, and its first answer is shown. The splits are"
    " the same for all; only a race trains more of them, so its mean is over other splits. The highest of many is"
    " too high by chance, and more so the more were tried. So the choice is trained again, without a clock, on all"
    " but the held-out examples, {judges} times from other initial weights, by the library that chose it. Held out:"
    " the mean accuracy of these {judges} networks on {held_out} examples, with a standard error of about"
    " {error:.1f} points from the examples alone: smaller differences say nothing. This is one search of each tool."
)
_ABOUT_PEERS = (
    "This project: its kernels are compiled before. Enlarged: --sample is typed again with twice the sample while"
    " time is left. Raced: one command with --until-decided and --budget. Peers train MLPClassifier with the same"
    " six knobs, and the penalty divided as here. What differs: its initial weights are uniform, of the same"
    " variance but for sigmoid; updates are rounded up to whole epochs, and fit ends sooner by MLPClassifier's own"
    " rule; neither that nor the pruner's epochs draw mini-batches as here. Networks: fits; the halving search"
    " starts with short ones, and the pruned are counted as well. Seconds: of the whole command; to best: until the"
    " choice was known."
)


def tables(
    jobs: Sequence[Job],
    tools: Sequence[Tool],
    seconds: float,
    cores: int,
    folder: Path,
    say: Callable[[str], None],
) -> Iterator[Table]:
    """A table for each job, as soon as it is there; the picture in ``folder`` grows with them."""
    shown: dict[str, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as cache:
        for job in jobs:
            with tempfile.TemporaryDirectory() as files:
                job.save(Path(files))
                compile_kernels(job, Path(files), cache, say)
                rows = [_row(tool, job, Path(files), seconds, cores, cache, say) for tool in tools]
                held_out = _length(Path(files, "held_out.csv"))
            shown[job.dataset] = [row for row in rows if "status" not in row]
            picture.draw(shown, seconds).savefig(folder / PICTURE, dpi=120)
            title = f"{job.dataset}: the best of six knobs in {seconds:g} s, {cores} cores, {job.seeds} splits"
            yield Table(f"search_{job.dataset}", title, _COLUMNS, rows, _notes(shown[job.dataset], held_out))


_COLUMNS = (
    Column("name", "searched by"),
    Column("configurations", "tried", "{:,}".format),
    Column("networks", "networks", "{:,}".format),
    Column("validated", "validated", "{:.2%}".format),
    Column("held_out", "held out", "{:.2%}".format),
    Column("to_best", "s to best", three),
    Column("seconds", "s", three),
)


def _row(
    tool: Tool, job: Job, files: Path, seconds: float, cores: int, cache: str, say: Callable[[str], None]
) -> dict[str, Any]:
    say(f"search: {job.dataset}: {tool.name}")
    if tool.missing is not None:
        return {"name": tool.name, "status": "not installed"}
    try:
        trace = tool.search(job, files, seconds, cores, cache)
        known = trace.until(seconds)
        last = known[-1]
        scores = tool.judged(last.choice, job, files, cache)
    except WorkerError as error:
        return {"name": tool.name, "status": f"failed: {error}"}
    return {
        "tool": tool.name,
        "name": tool.name + (" (late)" if last.seconds > seconds else ""),
        "configurations": last.configurations,
        "networks": last.networks,
        "validated": last.score,
        "held_out": statistics.fmean(scores),
        "held_out_scores": scores,
        "to_best": next(step.seconds for step in known if step.score == last.score and step.choice == last.choice),
        "seconds": trace.seconds,
        "choice": dict(last.choice),
        "load": _load(),
        "steps": [asdict(step) for step in known],
    }


def _notes(rows: Sequence[dict[str, Any]], held_out: int) -> tuple[str, ...]:
    if not rows:
        return ()
    share = statistics.fmean(row["held_out"] for row in rows)
    error = 100 * math.sqrt(share * (1 - share) / held_out)
    return _ABOUT_SCORES.format(judges=JUDGES, held_out=held_out, error=error), _ABOUT_PEERS


def _length(path: Path) -> int:
    """Rows of a table."""
    with path.open(encoding="utf-8") as lines:
        return sum(1 for _ in lines) - 1


def _load() -> float | None:
    """Processes that wanted a core during the last minute, where the system tells."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None
