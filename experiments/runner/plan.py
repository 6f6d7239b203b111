"""The plan of a sweep: time, memory, disk."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np

from experiments.datasets.remade import KEPT_BYTES, Remade
from experiments.formats import CSV, PARQUET, XLSX, Formats
from experiments.knobs.declared import AXES, BATCH_SIZE, DATASET, RECORD_EVERY
from experiments.knobs.knob import SweepError
from experiments.knobs.values import known_value
from experiments.runner.train import Problem
from experiments.runner.work import Todo, most_records
from experiments.store.store import CURVES
from experiments.text import duration, size
from planar_core import network, training
from planar_core.choices import count_parameters

# Beside training, as measured. Work, as in work_of_run, since that scales with the machine: to start and load the data;
# for each run, to store it, read it again and write its row; for each configuration and problem; to draw.
_START, _OF_RUN, _OF_CONFIGURATION, _OF_PROBLEM = 65 * 10**8, 3 * 10**5, 6 * 10**5, 2 * 10**7
_OF_ROW = {CSV: 15 * 10**3, PARQUET: 15 * 10**3, XLSX: 10**6}  # of a table of curves
_OF_NUMBER = 4 * 10**3  # a number of a split, for its baselines
# Usual pictures and the page, in processor time of the busier of two processes, as measured: 15 to 20 times 10^9 for
# the default sweep of 35 configurations; 9 to 11 for 2 of 8x8, and for 4 on 64 features, which have no boundaries.
_DRAWING, _OF_DRAWN_PROBLEM = 10 * 10**9, 8 * 10**7
_OF_DRAWN_CONFIGURATION, _MOST_DRAWN = 25 * 10**7, 35
# Bytes: of the program; of a run, a configuration and a problem.
_PROGRAM, _BYTES_OF_RUN, _BYTES_OF_CONFIGURATION, _BYTES_OF_PROBLEM = 250 * 10**6, 300, 2000, 10**4
_SHARE = {CSV: 1.0, XLSX: 0.5, PARQUET: 0.4}  # of the bytes of a CSV file
LARGEST = 9 * 10**8  # bytes of a run or of a data set in the store; SQLite's limit is 10^9


@dataclass(frozen=True)
class Plan:
    """The plan of a sweep."""

    runs: int  # all
    reused: int  # of these
    work: int  # as in work_of_run
    seconds: float
    memory: int  # bytes, at the end
    disk: int  # bytes, for the tables and what is added to the store

    def __str__(self) -> str:
        reused = f" ({self.reused:,} stored)" if self.reused else ""
        costs = f"about {duration(self.seconds)}, {size(self.memory)} of memory, {size(self.disk)} on disk"
        return f"{self.runs:,} runs{reused}, {costs}"


def plan(
    todo: Todo,
    jobs: int,
    seconds_of_work: float,
    plots: bool = False,
    formats: Formats = Formats(),  # noqa: B008 - a tuple
) -> Plan:
    """Estimate the cost of the sweep without expanding it. Raises SweepError for a run too large to be stored."""
    design = todo.design
    records = most_records(design)
    work = parameters = largest = 0
    for group in todo.groups():
        work += group.work * group.n_runs
        problem = todo.parts.example(group.problem)
        of_one = count_parameters(problem.features, group.hidden, problem.outputs)
        parameters, largest = parameters + group.n_runs * of_one, max(largest, of_one)
    of_run = 8 * (len(CURVES) * records + largest)
    if of_run > LARGEST:
        what = f"a run of {records:,} records and up to {largest:,} parameters takes {size(of_run)}"
        raise SweepError(
            f"{what}, and the store holds at most {size(LARGEST)}: use {RECORD_EVERY.flags[0]} N, or smaller networks"
        )
    runs, at_once = todo.size, min(joblib.effective_n_jobs(jobs), max(1, todo.n_runs))
    text = sum(
        max(len(str(value)) + (axis is not DATASET) for value in design.values[axis.name])
        for axis in AXES
        if axis is DATASET or (axis.is_further and axis.name in design.columns)
    )
    sources = todo.parts.sources
    problems = [todo.parts.example(key) for key in sources]  # without their numbers
    dealt = max(_mini_batch_numbers(problem, design.values[BATCH_SIZE.name]) for problem in problems)
    of_problems = [(p.features + 1) * (p.train.m + p.test.m) for p in problems]
    numbers = sum(of_problems)
    remade = sum(n for n, source in zip(of_problems, sources.values(), strict=True) if isinstance(source, Remade))
    in_memory = 16 * (numbers - remade) + min(16 * remade, 2 * KEPT_BYTES)  # as given, and for the kernels
    of_curves = (60 + text) * runs * records * sum(_SHARE[name] for name in formats.curves)
    of_tables = (100 + text) * runs * sum(_SHARE[name] for name in formats.tables)
    tables = 0 if todo.shard is not None else int(of_curves + of_tables)
    n_problems, n_configurations = len(problems), design.n_configurations
    around = _START + _OF_RUN * runs + _OF_CONFIGURATION * n_configurations + _OF_PROBLEM * n_problems
    around += sum(_OF_ROW[name] for name in formats.curves) * runs * records
    split = sum(n for n, source in zip(of_problems, sources.values(), strict=True) if source.varies)
    around += _OF_NUMBER * split * design.n_replicates
    if plots:
        around += _DRAWING + _OF_DRAWN_PROBLEM * n_problems
        around += _OF_DRAWN_CONFIGURATION * min(n_configurations, _MOST_DRAWN)
    tables_in_memory = _PROGRAM + _BYTES_OF_RUN * runs
    tables_in_memory += _BYTES_OF_CONFIGURATION * n_configurations + _BYTES_OF_PROBLEM * n_problems
    # Bytes as measured: of a row, a run and a parameter; a parameter in training has a sum for each lane.
    return Plan(
        runs=runs,
        reused=runs - todo.n_runs,
        work=work,
        seconds=(work / at_once + around) * seconds_of_work,
        # The data, also in every thread as mini-batches; runs that wait to be stored.
        memory=tables_in_memory + (160 * largest + 4 * of_run + 8 * dealt) * at_once + in_memory,
        disk=tables + todo.n_runs * (24 * records + 120) + 8 * (parameters + numbers),
    )


def _mini_batch_numbers(problem: Problem, batch_sizes: Sequence[Any]) -> int:
    """The largest number of floats needed to copy the examples to mini-batches of whole vectors."""
    examples = problem.train
    smallest = min((size for size in batch_sizes if known_value(BATCH_SIZE, size) is not None), default=examples.m)
    if smallest >= examples.m:
        return 0
    padded = network.whole_vectors(smallest, examples.X.dtype)
    return int((examples.X.shape[0] + 3) * -(-examples.m // smallest) * padded)  # labels, weights and order, too


def measure_speed(dtype: str) -> float:
    """Seconds per unit of work on one core, from a short training; compiles the kernels if necessary."""
    rng = np.random.RandomState(0)
    X = rng.random_sample((2, 400))
    times = []
    training.train(X, X[0] > X[1], hidden=4, iterations=1, dtype=dtype)
    for _ in range(3):
        start = time.perf_counter()
        training.train(X, X[0] > X[1], hidden=4, iterations=1000, record_every=1000, dtype=dtype)
        times.append(time.perf_counter() - start)
    return min(times) / (1000 * 400 * (4 * (2 + 4) + (4 + 4)))  # see work_of_run
