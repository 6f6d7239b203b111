"""The section: every tool does every job, in turns, and a table for each job."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from benchmarks.report import Column, Table, three
from benchmarks.whole.jobs import BREAST_CANCER, FLOWER, Job
from benchmarks.whole.process import Outcome
from benchmarks.whole.tools import Answer, Project, Script, is_installed
from benchmarks.worker import WorkerError

TOLERANCE = 0.05
"""How far the best mean test accuracy may be from this project's: others draw other initial weights."""

PARTS: dict[tuple[str, bool], tuple[int | None, int | None]] = {
    (FLOWER.dataset, False): (None, 1),
    (FLOWER.dataset, True): (1, 1),
    (BREAST_CANCER.dataset, False): (None, None),
    (BREAST_CANCER.dataset, True): (None, 1),
}
"""Learning rates and seeds, None for all, for those who train one network after the other; by data set and quick."""

_ABOUT_TIME = (
    "From the command to the answer: the process, its imports, compiling where it compiles, training, and the best"
    " configuration printed. Medians of the rounds, in which the tools take turns. ~: estimated from a part of the"
    " networks, with one seed, or one seed and one learning rate, of all sizes: the time from the begin of training to"
    " the answer as often as all are a multiple of the part, and the rest once. CPU: of all cores; on a busy machine it"
    " says more than the clock on the wall."
)
_ABOUT_THE_REST = (
    "Memory: the most that all processes of a tool had at once; what several share counts once. Lines: of the user's"
    " code, with imports, without blank lines, comments and docstrings; this project's is a command. Best: mean test"
    " accuracy over seeds of the best configuration, of the networks trained. Others draw initial weights of their own."
    f" A tool whose best is more than {TOLERANCE * 100:.0f} points from this project's best of the same networks is not"
    " timed."
)


def tables(
    jobs: Sequence[Job],
    projects: Sequence[Project],
    scripts: Sequence[Script],
    cores: int,
    rounds: int,
    quick: bool,
    say: Callable[[str], None],
) -> Iterator[Table]:
    """A table for each job, as soon as it is there. The first project is what others are compared with."""
    for job in jobs:
        comparison = _Comparison(job, scripts, cores, quick, say)
        with tempfile.TemporaryDirectory() as cache:
            say(f"whole: {job.dataset}: compiling")
            for project in projects:
                if not project.has_empty_cache:
                    project.run(replace(job, iterations=1), cache)
            for _ in range(rounds):
                comparison.run_round(projects, cache)
        title = f"{job.title}; {cores} cores, {rounds} {'round' if rounds == 1 else 'rounds'}"
        yield Table(f"whole_{job.dataset}", title, _COLUMNS, comparison.rows(), (_ABOUT_TIME, _ABOUT_THE_REST))


_COLUMNS = (
    Column("name", "command to answer"),
    Column("shown_networks", "networks"),
    Column("shown_wall", "s on wall"),
    Column("ratio", "x ours", three),
    Column("cpu", "s of CPU", three),
    Column("cpu_ratio", "x ours", three),
    Column("memory", "MB", lambda size: f"{size / 1e6:.0f}"),
    Column("lines", "lines"),
    Column("accuracy", "best", lambda value: f"{value:.1%}"),
)


class _Comparison:
    """All tools on a job. found: by name, what was measured in each round, or why there is nothing."""

    def __init__(
        self, job: Job, scripts: Sequence[Script], cores: int, quick: bool, say: Callable[[str], None]
    ) -> None:
        self.job, self.scripts, self.cores, self.quick, self.say = job, scripts, cores, quick, say
        self.found: dict[str, list[dict[str, Any]]] = {}
        self.failed: dict[str, str] = {}

    def run_round(self, projects: Sequence[Project], cache: str) -> None:
        """Every tool once."""
        networks = pd.DataFrame()
        for project in projects:
            self.say(f"whole: {self.job.dataset}: {project.name}")
            outcome, networks = project.run(self.job, cache)
            self._add(project.name, outcome, len(networks), best(networks, self.job), 1.0, 1.0)
        for script in self.scripts:
            self.say(f"whole: {self.job.dataset}: {script.name}")
            if script.name in self.failed:
                continue
            if not is_installed(script):
                self.failed[script.name] = "not installed"
                continue
            try:
                self._run_script(script, networks)
            except WorkerError as error:
                self.failed[script.name] = f"failed: {error}"

    def _run_script(self, script: Script, ours: pd.DataFrame) -> None:
        whole = (None, None)
        learning_rates, seeds = PARTS.get((self.job.dataset, self.quick), whole) if script.takes_part else whole
        part = self.job.part(learning_rates, seeds)
        answer = script.run(part, self.cores)
        problem = difference(answer, part, best(ours, part))
        if problem is not None:
            raise WorkerError(problem)
        times = self.job.networks / part.networks
        wall = answer.outcome.wall + (times - 1) * answer.training
        # Training and the rest have had the processor to the same extent, as far as can be known.
        growth = wall / answer.outcome.wall
        self._add(script.name, answer.outcome, part.networks, answer.accuracy, growth, times)

    def _add(self, name: str, outcome: Outcome, networks: int, accuracy: float, growth: float, times: float) -> None:
        self.found.setdefault(name, []).append(
            {
                "wall": outcome.wall * growth,
                "cpu": outcome.cpu * growth,
                "memory": outcome.memory,
                "networks": networks,
                "accuracy": accuracy,
                "estimated_from": 1 / times,
            }
        )

    def rows(self) -> list[dict[str, Any]]:
        """Medians over the rounds; the first row is what others are compared with."""
        lines = {script.name: script.lines for script in self.scripts}
        rows = [self._row(name, rounds) | {"lines": lines.get(name, 1)} for name, rounds in self.found.items()]
        rows = [row for row in rows if row["name"] not in self.failed]
        for row in rows:
            row["ratio"], row["cpu_ratio"] = (row[key] / rows[0][key] for key in ("wall", "cpu"))
        return rows + [{"name": name, "status": status} for name, status in self.failed.items()]

    def _row(self, name: str, rounds: list[dict[str, Any]]) -> dict[str, Any]:
        wall, cpu = (statistics.median(each[key] for each in rounds) for key in ("wall", "cpu"))
        memory = max((each["memory"] for each in rounds if each["memory"] is not None), default=None)
        last = rounds[-1]
        is_part = last["networks"] < self.job.networks
        return last | {
            "name": name,
            "wall": wall,
            "cpu": cpu,
            "memory": memory,
            "shown_wall": ("~" if is_part else "") + three(wall),
            "shown_networks": f"{last['networks']} of {self.job.networks}" if is_part else str(last["networks"]),
            "rounds": rounds,
        }


def best(networks: pd.DataFrame, job: Job) -> float:
    """The highest mean test accuracy of a configuration, over seeds, of those networks that belong to the job."""
    chosen = networks[networks["learning_rate"].isin(job.learning_rates) & networks["seed"].isin(job.seeds)]
    return float(chosen.groupby(["hidden", "learning_rate"])["test_accuracy"].mean().max())


def difference(answer: Answer, job: Job, expected: float) -> str | None:
    """In which way the answer is none to this job, or None."""
    if answer.networks != job.networks:
        return f"{answer.networks} networks instead of {job.networks}"
    if not abs(answer.accuracy - expected) <= TOLERANCE:
        return f"its best has an accuracy of {answer.accuracy:.1%}, ours {expected:.1%}"
    return None
