"""A small sweep, and whether two have the same results."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from experiments.results import Results
from experiments.runner import backends
from experiments.runner import run as run_module
from experiments.runner.backends import How
from experiments.runner.work import BatchResult
from experiments.store.store import Store
from experiments.sweep import Sweep
from experiments.tables import build


def run(
    sweep: Sweep,
    jobs: int = 1,
    backend: str = "threading",
    progress: Callable[[BatchResult], None] | None = None,
    store: Store | None = None,
) -> Results:
    """What ``Sweep.run(out=None)`` does, with progress, and with a store if one is given."""
    data, opened, how = sweep.load(), store or Store(None), How(jobs, backend)
    with backends.workers(how) as at_once:
        return build.gather(sweep, data, opened, run_module.run(sweep, data, opened, how, at_once, progress))


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


@pytest.fixture(scope="module")
def sweep() -> Sweep:
    return a_sweep()


@pytest.fixture(scope="module")
def expected(sweep: Sweep) -> Results:
    return run(sweep, jobs=1)
