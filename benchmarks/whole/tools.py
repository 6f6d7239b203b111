"""Who does the job: this project's command, and scripts as users of other libraries write them."""

from __future__ import annotations

import io
import re
import sys
import tempfile
import tokenize
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks import environment
from benchmarks.whole.jobs import Job
from benchmarks.whole.process import Outcome, run
from benchmarks.worker import WorkerError

ROOT = Path(__file__).resolve().parents[2]
_SCRIPTS = Path(__file__).parent
_LIMIT = 1800.0  # seconds


@dataclass(frozen=True)
class Answer:
    """What came out.

    training: seconds on the wall between the begin of the training and the answer, where the tool says so
    """

    outcome: Outcome
    networks: int
    accuracy: float
    training: float


@dataclass(frozen=True)
class Project:
    """``python -m experiments.grid``; with an empty cache, it compiles before it trains."""

    name: str
    options: tuple[str, ...] = ()
    has_empty_cache: bool = False

    def run(self, job: Job, cache: str) -> tuple[Outcome, pd.DataFrame]:
        """Do the job; returns also the table of its networks."""
        with tempfile.TemporaryDirectory() as folder:
            compiled = str(Path(folder, "cache")) if self.has_empty_cache else cache
            out = Path(folder, "out")
            command = [sys.executable, "-m", "experiments.grid", *job.options(), *self.options, "--out", str(out)]
            outcome = run(command, {"NUMBA_CACHE_DIR": compiled}, ROOT, _LIMIT)
            return outcome, pd.read_csv(out / "runs.csv")


@dataclass(frozen=True)
class Script:
    """Another tool.

    files: in this folder; the first is started with the file of the job and the number of cores
    package: what has to be installed
    environment: of its process, as (name, value)
    takes_part: whether it trains one network after the other, and gets a part where all would take too long
    """

    name: str
    files: tuple[str, ...]
    package: str
    environment: tuple[tuple[str, str], ...] = ()
    takes_part: bool = True

    def run(self, job: Job, cores: int, interpreter: str = sys.executable) -> Answer:
        """Do the job. Raises WorkerError if it fails, or did not say what it found."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "job.npz")
            job.save(path)
            command = [interpreter, str(_SCRIPTS / self.files[0]), str(path), str(cores)]
            outcome = run(command, dict(self.environment), ROOT, _LIMIT)
        begin = next((at for at, line in outcome.lines if line == "training"), None)
        for end, line in outcome.lines:
            found = re.fullmatch(r"best: .* (\d\.\d+) of (\d+) networks", line)
            if found and begin is not None:
                return Answer(outcome, int(found[2]), float(found[1]), end - begin)
        raise WorkerError("expected a line with the best configuration, got none")

    @property
    def lines(self) -> int:
        """Lines of code its user writes."""
        return sum(code_lines((_SCRIPTS / name).read_text(encoding="utf-8")) for name in self.files)


def code_lines(source: str) -> int:
    """Lines of Python with code on them: imports count; blank lines, comments and docstrings do not."""
    lines: set[int] = set()
    before = tokenize.NEWLINE
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER):
            continue
        starts_statement = before == tokenize.NEWLINE
        before = token.type
        if token.type == tokenize.NEWLINE or (token.type == tokenize.STRING and starts_statement):
            continue
        lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines)


def projects() -> tuple[Project, ...]:
    """This project: the first is what others are compared with."""
    return (
        Project("this project", ("--no-plots",)),
        Project("this project, with pictures"),
        Project("this project, nothing compiled", ("--no-plots",), has_empty_cache=True),
    )


def scripts(quick: bool) -> tuple[Script, ...]:
    """The others; of JAX the precision of this project's default alone if ``quick``."""
    ray = (("RAY_USAGE_STATS_ENABLED", "0"), ("RAY_DISABLE_IMPORT_WARNING", "1"))
    found = [
        Script("scikit-learn GridSearchCV", ("with_sklearn.py",), "scikit-learn"),
        Script("Optuna GridSampler", ("with_optuna.py",), "optuna"),
        Script("Ray Tune grid_search", ("with_ray.py",), "ray", ray),
    ]
    for dtype, x64 in (("float64", "1"), ("float32", "0"))[: 1 if quick else 2]:
        settings = (("JAX_ENABLE_X64", x64), ("JAX_PLATFORMS", "cpu"))
        together = ("with_jax_processes.py", "with_jax.py")
        found += [
            Script(f"JAX {dtype}", ("with_jax.py",), "jax", settings, takes_part=False),
            Script(f"JAX {dtype}, a process a core", together, "jax", settings, takes_part=False),
        ]
    return tuple(found)


def is_installed(script: Script, version: Callable[[str], str | None] = environment.version) -> bool:
    """Whether its package is there."""
    return version(script.package) is not None
