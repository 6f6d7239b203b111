"""Who searches: this project's command, and the scripts of the others; and who judges what they chose."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from benchmarks import environment
from benchmarks.search.jobs import JUDGES, KNOBS, Job, option, space_options
from benchmarks.whole.process import Outcome, run
from benchmarks.worker import WorkerError

ROOT = Path(__file__).resolve().parents[2]
_LATE = 600.0  # seconds that a tool may take beyond its time before it is stopped
_FIRST_SAMPLE = 16  # configurations
_WARM_UP = 12  # configurations with every combination of activation and optimizer
_WORTH_IT = 0.25  # the last sample is not enlarged by less than this part of it
_PLANNED = 1.15  # a plan is within 15 % of the time on a quiet machine
_RESERVE = 0.8  # of the time left is planned for: a command that ends too late does not count

Choice = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """What a tool knew after some seconds: the best so far, with the configurations and networks it took."""

    seconds: float
    score: float
    configurations: int
    networks: int
    choice: Choice


@dataclass
class Trace:
    """The steps of a search in their order, and how long its command, or commands, took."""

    steps: list[Step] = field(default_factory=list)
    seconds: float = 0.0

    def until(self, seconds: float) -> list[Step]:
        """What was known in time; the first step if that came late. Raises WorkerError if there is none."""
        if not self.steps:
            raise WorkerError("it said nothing about any configuration")
        return [step for step in self.steps if step.seconds <= seconds] or self.steps[:1]


class Tool(Protocol):
    """Searches, and trains what it has chosen once more, without a clock, to be judged."""

    @property
    def name(self) -> str:
        """In the table."""

    @property
    def missing(self) -> str | None:
        """The package that is not installed, or None."""

    def search(self, job: Job, folder: Path, seconds: float, cores: int, cache: str) -> Trace:
        """Search for some seconds, with the files of the job in the folder."""

    def judged(self, choice: Choice, job: Job, folder: Path, cache: str) -> list[float]:
        """The accuracy of networks of the choice on the held-out examples."""


@dataclass(frozen=True)
class _Project:
    """``python -m experiments.grid``, with its kernels compiled before."""

    name: str
    missing: None = None

    def judged(self, choice: Choice, job: Job, folder: Path, cache: str) -> list[float]:
        """With the option --test-file."""
        options = [part for name in KNOBS for part in (option(name), str(choice[name]))]
        options += ["--test-file", str(folder / "held_out.csv"), "--seeds", f"0:{JUDGES}"]
        with tempfile.TemporaryDirectory() as out:
            _command(job, folder, options, cores=1, out=Path(out), cache=cache, limit=_LATE)
            return [float(value) for value in pd.read_csv(Path(out, "runs.csv"))["test_accuracy"]]


class Enlarged(_Project):
    """The same command again and again in one folder, each time with twice the sample, as long as there is time."""

    def search(self, job: Job, folder: Path, seconds: float, cores: int, cache: str) -> Trace:
        """The last sample is as large as the time that is left allows."""
        trace, before = Trace(), 0
        sample: int | None = _FIRST_SAMPLE
        with tempfile.TemporaryDirectory() as out:
            while sample is not None:
                options = [*space_options(), "--sample", str(sample), "--seeds", f"0:{job.seeds}"]
                outcome = _command(job, folder, options, cores, Path(out), cache, seconds + _LATE)
                trace.seconds += outcome.wall
                trace.steps.append(_step(Path(out), trace.seconds))
                added, before = sample - before, sample
                sample = next_sample(sample, outcome.wall / added, seconds - trace.seconds)
        return trace


class Raced(_Project):
    """A race of one sample, with a budget: seeds go where it is open which configuration is best."""

    def search(self, job: Job, folder: Path, seconds: float, cores: int, cache: str) -> Trace:
        """One command."""
        sample = max(2, round(job.raced * seconds))
        options = [
            *space_options(),
            "--sample",
            str(sample),
            "--until-decided",
            "--budget",
            f"{seconds / _PLANNED:.0f}s",
        ]
        with tempfile.TemporaryDirectory() as out:
            outcome = _command(job, folder, options, cores, Path(out), cache, seconds + _LATE)
            return Trace([_step(Path(out), outcome.wall)], outcome.wall)


def next_sample(sample: int, of_one: float, left: float) -> int | None:
    """The next larger sample, with so many seconds for a configuration and so many left; None if there is no time."""
    added = min(sample, int(_RESERVE * left / of_one))
    return sample + added if added >= _WORTH_IT * sample else None


def _command(
    job: Job, folder: Path, options: Sequence[str], cores: int, out: Path, cache: str, limit: float
) -> Outcome:
    command = [sys.executable, "-m", "experiments.grid", "--dataset", str(folder / "rest.csv"), *options]
    command += ["--iterations", str(job.updates), "--init", "glorot", "--no-plots", "--out", str(out)]
    return run([*command, "--jobs", str(cores)], {"NUMBA_CACHE_DIR": cache}, ROOT, limit)


def _step(out: Path, seconds: float) -> Step:
    """The answer in a folder of results: the first row of rank 1, which is the one in the headline."""
    # As text: the numbers are options of another command later.
    summary = pd.read_csv(out / "summary.csv", dtype=str)
    ranked = summary[summary["rank_test_accuracy"] == "1"]
    if ranked.empty:
        raise WorkerError("expected a configuration of rank 1, got none")
    best = ranked.iloc[0]
    networks = summary["n_seeds"].astype(int).sum()
    choice = {name: best[name] for name in KNOBS}
    return Step(seconds, float(best["mean_test_accuracy"]), len(summary), int(networks), choice)


@dataclass(frozen=True)
class Peer:
    """A script of this folder, started with a word, the file of the job, the cores and the seconds.

    package: what has to be installed
    """

    name: str
    script: str
    word: str
    package: str

    @property
    def missing(self) -> str | None:
        """The package that is not installed, or None."""
        return self.package if environment.version(self.package) is None else None

    def search(self, job: Job, folder: Path, seconds: float, cores: int, cache: str) -> Trace:
        """One process, which prints what it finds."""
        del job, cache
        command = [sys.executable, "-m", f"benchmarks.search.{self.script}", self.word, str(folder / "job.npz")]
        outcome = run([*command, str(cores), str(seconds)], {}, ROOT, seconds + _LATE)
        return Trace(steps(outcome.lines), outcome.wall)

    def judged(self, choice: Choice, job: Job, folder: Path, cache: str) -> list[float]:
        """With MLPClassifier."""
        from benchmarks.search.mlp import Network

        del cache
        with np.load(folder / "job.npz") as found:
            all_of_it, held_out = ((found[f"X_{part}"], found[f"y_{part}"]) for part in ("all", "held_out"))
        networks = [Network(**choice, updates=job.updates, random_state=seed) for seed in range(JUDGES)]
        return [float(network.fit(*all_of_it).score(*held_out)) for network in networks]


def steps(lines: Sequence[tuple[float, str]]) -> list[Step]:
    """The steps in what a script printed, a line for one or more configurations, with the second of each line."""
    found: list[Step] = []
    configurations = networks = 0
    best: tuple[float, Choice] | None = None
    for seconds, line in lines:
        if not line.startswith("scored "):
            continue
        told = json.loads(line.removeprefix("scored "))
        configurations += told["configurations"]
        networks += told["networks"]
        if told["score"] is not None and (best is None or told["score"] > best[0]):
            best = told["score"], told["chosen"]
        if best is not None:
            found.append(Step(seconds, best[0], configurations, networks, best[1]))
    return found


def tools() -> tuple[Tool, ...]:
    """All of them; this project first."""
    return (
        Enlarged("this project, sample enlarged"),
        Raced("this project, sample raced"),
        Peer("Optuna TPE, median pruner", "with_optuna", "tpe", "optuna"),
        Peer("Optuna RandomSampler", "with_optuna", "random", "optuna"),
        Peer("RandomizedSearchCV", "with_sklearn", "random", "scikit-learn"),
        Peer("HalvingRandomSearchCV", "with_sklearn", "halving", "scikit-learn"),
    )


def compile_kernels(job: Job, folder: Path, cache: str, say: Callable[[str], None]) -> None:
    """Fill the cache, since this project keeps what it compiles: that of a plain sweep and of a race."""
    say(f"search: {job.dataset}: compiling")
    with tempfile.TemporaryDirectory() as out:
        for seeds in (["--seeds", "0:2"], ["--until-decided", "--budget", f"{6 * _WARM_UP}runs"]):
            options = [*space_options(), "--sample", str(_WARM_UP), *seeds]
            _command(replace(job, updates=1), folder, options, 1, Path(out), cache, _LATE)
