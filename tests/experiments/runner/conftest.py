"""A small sweep and its results, computed by one thread."""

from __future__ import annotations

import pytest

from experiments.results import Results
from experiments.sweep import Sweep
from tests.helpers.sweeps import a_sweep, run


@pytest.fixture(scope="package")
def sweep() -> Sweep:
    return a_sweep()


@pytest.fixture(scope="package")
def expected(sweep: Sweep) -> Results:
    return run(sweep, jobs=1)
