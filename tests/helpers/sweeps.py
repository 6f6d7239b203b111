"""A small sweep, and whether two have the same results."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from experiments.design import Run
from experiments.results import Results
from experiments.runner import run as runner
from experiments.runner.backends import How, workers
from experiments.runner.work import BatchResult
from experiments.store.store import Store
from experiments.sweep import Sweep
from experiments.tables.build import build
from experiments.tables.manifest import manifest_of
from experiments.tables.problems import about_data
from planar_core.choices import Hyperparameters


def run(
    sweep: Sweep,
    jobs: int = 1,
    backend: str = "threading",
    progress: Callable[[BatchResult], None] | None = None,
    store: Store | None = None,
) -> Results:
    """The runner and the tables alone: with progress, and with a store if one is given."""
    data, opened, how = sweep.load(), store or Store(None), How(jobs, backend)
    with workers(how) as at_once:
        done = runner.run(sweep, data, opened, how, at_once, progress)
    tables = build(sweep, about_data(sweep, data), data, opened)
    return Results.of(tables, manifest_of(tables, [], {**vars(done), "jobs": at_once, "backend": backend}))


def same(computed: Results, expected: Results) -> None:
    """The same tables and networks, bit for bit."""
    pd.testing.assert_frame_equal(computed.runs, expected.runs, check_exact=True)
    pd.testing.assert_frame_equal(computed.curves, expected.curves, check_exact=True)
    pd.testing.assert_frame_equal(computed.summary, expected.summary, check_exact=True)
    for _, row in expected.runs[expected.runs["status"] != "failed"].iterrows():
        ours, theirs = computed.network(row).parameters, expected.network(row).parameters
        for (W, b), (W_expected, b_expected) in zip(ours, theirs, strict=True):
            assert (W.dtype, W.shape, W.tobytes()) == (W_expected.dtype, W_expected.shape, W_expected.tobytes())
            assert (b.dtype, b.shape, b.tobytes()) == (b_expected.dtype, b_expected.shape, b_expected.tobytes())


def counts(results: Results) -> dict[str, int]:
    """Those of the manifest that are not zero."""
    return {name: count for name, count in results.manifest["counts"].items() if count}


def a_sweep() -> Sweep:
    return Sweep(
        dataset=["flower", "moons"],
        hidden=[0, 3, "2x2"],
        learning_rate=[0.1, 1.2],
        seed=[4, 0, 2],
        iterations=20,
        record_every=8,
    )


def how_of(run: Run) -> Hyperparameters:
    """What the core is told, knob by knob."""
    return Hyperparameters(
        learning_rate=run.learning_rate,
        output_learning_rate=None if run.output_learning_rate == "same" else run.output_learning_rate,
        optimizer=run.optimizer,
        momentum=run.momentum,
        beta1=run.beta1,
        beta2=run.beta2,
        l1=run.l1,
        l2=run.l2,
        batch_size=None if run.batch_size == "all" else run.batch_size,
        init=run.init,
        init_scale=None if run.init_scale == "auto" else run.init_scale,
        output_init_scale=None if run.output_init_scale == "same" else run.output_init_scale,
        init_offset=run.init_offset,
        bias=run.bias == "yes",
    )
