"""experiments.tables.build: all tables from one reading of the store."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from experiments import Sweep
from experiments.design import Run
from experiments.runner.backends import How
from experiments.runner.run import run
from experiments.store.store import Store
from experiments.tables import stored
from experiments.tables.build import build
from experiments.tables.problems import about_data
from tests.helpers.sweeps import same


@pytest.mark.parametrize("seeds", [range(3), [7, 0, 2]], ids=["consecutive", "in any order"])
def test_each_run_is_read_once(seeds: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = Sweep(dataset=["flower", "moons"], hidden=[0, 2], learning_rate=[0.1, 1e307], seed=seeds, iterations=6)
    data = sweep.load()
    with Store(None) as opened:
        run(sweep, data, opened, How(), jobs=1)
        read: Counter[tuple[int, int]] = Counter()
        check = Store._check

        def counting(self: Store, configuration: int, row: Any) -> None:
            read[configuration, row[0]] += 1
            check(self, configuration, row)

        monkeypatch.setattr(Store, "_check", counting)
        seen: list[tuple[Run, int]] = []
        tables = build(
            sweep, about_data(sweep, data), data, opened, lambda rows: seen.extend(each[:2] for each in rows.block)
        )
        assert len(read) == len(sweep)
        assert set(read.values()) == {1}
        assert [configuration._replace(seed=seed) for configuration, seed in seen] == list(sweep)
        assert len(tables.runs) == len(sweep)
        assert len(tables.summary) == sweep.n_configurations
        # Curves stay in the store until somebody asks for them.
        assert len(tables.curves) > len(sweep)
        assert set(read.values()) == {2}


@pytest.mark.parametrize(
    "request_",
    [
        {"hidden": [0, 2], "learning_rate": [0.1, 1e307], "seed": [7, 0, 2, 5, 1], "iterations": 6},
        {"dataset": "iris", "split": "cv:3", "hidden": [0, 1], "seed": [3, 1], "iterations": 5, "metric": ["auc"]},
        {"dataset": ["moons", "circles"], "samples": 20, "hidden": [1, 2], "seed": range(4), "iterations": 4},
    ],
    ids=["one problem", "folds and a metric", "two problems"],
)
def test_the_tables_do_not_depend_on_how_many_runs_are_read_at_once(
    request_: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep, files = Sweep(**request_), ("runs.csv", "summary.csv", "curves.csv")
    expected = sweep.run(1, tmp_path)
    tables = [(tmp_path / name).read_bytes() for name in files]
    for most, kept in ((1, 0), (3, 10**6), (7, 0)):
        monkeypatch.setattr(stored, "_MOST_RUNS", most)
        monkeypatch.setattr("experiments.tables.build.MOST_KEPT", kept)
        (tmp_path / "sweep.json").unlink()  # or else nothing would be made again
        computed = sweep.run(1, tmp_path)
        assert [(tmp_path / name).read_bytes() for name in files] == tables
        assert (computed.kept_runs is None) == (kept == 0)
        same(computed, expected)
