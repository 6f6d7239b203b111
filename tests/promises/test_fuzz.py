"""Random requests for the command line, valid and invalid: see ``tests.helpers.fuzz``, which can check any number."""

from __future__ import annotations

import pytest

from tests.helpers.fuzz import check


@pytest.mark.parametrize(("n", "seed"), [(15, 3), pytest.param(150, 2, marks=pytest.mark.slow)])
def test_random_requests(n: int, seed: int) -> None:
    found, seen = check(n, seed)
    print(dict(sorted(seen.items())))
    assert found == []
    assert seen["exit status 0"] >= n // 5
    assert seen["exit status 2"] >= n // 5
    assert seen["merged"]
