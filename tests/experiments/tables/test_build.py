"""experiments.tables.build: all tables from one reading of the store."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from experiments import Sweep
from experiments.design import Run
from experiments.runner.backends import How
from experiments.runner.run import run
from experiments.store.store import Store, StoredRun
from experiments.tables.build import build
from experiments.tables.problems import about_data


@pytest.mark.parametrize("seeds", [range(3), [7, 0, 2]], ids=["consecutive", "in any order"])
def test_each_run_is_read_once(seeds: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = Sweep(dataset=["flower", "moons"], hidden=[0, 2], learning_rate=[0.1, 1e307], seed=seeds, iterations=6)
    data = sweep.load()
    with Store(None) as opened:
        run(sweep, data, opened, How(), jobs=1)
        read: Counter[tuple[int, int]] = Counter()
        checked = Store._checked

        def counting(self: Store, configuration: int, row: Any) -> StoredRun:
            read[configuration, row[0]] += 1
            return checked(self, configuration, row)

        monkeypatch.setattr(Store, "_checked", counting)
        seen: list[tuple[Run, int]] = []
        tables = build(sweep, about_data(sweep, data), data, opened, lambda *each: seen.append(each[:2]))
        assert len(read) == len(sweep)
        assert set(read.values()) == {1}
        assert [configuration._replace(seed=seed) for configuration, seed in seen] == list(sweep)
        assert len(tables.runs) == len(sweep)
        assert len(tables.summary) == sweep.n_configurations
        # Curves stay in the store until somebody asks for them.
        assert len(tables.curves) > len(sweep)
        assert set(read.values()) == {2}
