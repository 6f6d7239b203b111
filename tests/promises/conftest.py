"""A process whose forks run the command line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.helpers.processes import Nursery


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.close()
