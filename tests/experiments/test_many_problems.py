"""A sweep of many problems: its data are made again when they are wanted, and nothing looks through all problems."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from experiments import Sweep
from experiments.cli.closing import closing_lines
from experiments.datasets import remade
from experiments.datasets.loading import load_source
from experiments.datasets.remade import Recent, Remade
from experiments.files import CURVES, MANIFEST, RUNS, SUMMARY
from experiments.report import contents
from experiments.results import Results, read
from experiments.runner import parts
from experiments.runner.parts import Part, Parts
from experiments.tables import sources, tables


def sweep(n: int) -> Sweep:
    """A sweep with that many levels of noise."""
    values = [0.1 + 0.01 * k for k in range(n)]
    return Sweep(dataset="moons", noise=values, samples=20, hidden=[1], seed=range(2), iterations=2)


def keep_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat any sweep as one of thousands of problems."""
    monkeypatch.setattr(remade, "MOST_KEPT", 1)
    monkeypatch.setattr(sources, "MOST_KEPT", 1)
    monkeypatch.setattr(remade, "KEPT_BYTES", 1)
    monkeypatch.setattr(parts, "_KEPT_BYTES", 1)
    monkeypatch.setattr(parts, "_KEPT", 1)
    monkeypatch.setattr(tables, "_SOURCES_KEPT", 1)


def content(folder: Path) -> dict[str, Any]:
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    del manifest["execution"]
    return {MANIFEST: manifest, **{name: (folder / name).read_bytes() for name in (RUNS, CURVES, SUMMARY)}}


@pytest.mark.parametrize(
    "knobs",
    [
        {"dataset": ["moons", "circles", "xor"], "noise": [0.1, 0.2]},
        {"dataset": ["plane", "multi_gaussian"], "features": ["all", "x1+x2+x1x2"]},
        {"dataset": "iris", "test_fraction": [0.2, 0.3]},
        {"dataset": "moons", "noise": [0.1, 0.2], "data_seed": "seed"},
    ],
)
def test_data_that_are_made_again_are_the_same(
    knobs: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Sweep(hidden=[1], seed=range(2), iterations=2, **knobs)
    before = asked.run(jobs=1, out=tmp_path / "before")
    page = contents.contents(before)
    keep_few(monkeypatch)
    after = asked.run(jobs=2, out=tmp_path / "after")
    assert content(tmp_path / "after") == content(tmp_path / "before")
    assert contents.contents(after) == page
    again = read(tmp_path / "after")
    assert again.runs.equals(before.runs)
    assert again.curves.equals(before.curves)
    assert contents.contents(again) == page


def test_the_data_used_last_are_kept_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def make(k: int) -> Remade:
        def data() -> Any:
            made.append(k)
            return load_source("moons", noise=0.1 * k).first

        return Remade(data, recent)

    recent = Recent()
    one = load_source("moons", noise=0.0).first
    monkeypatch.setattr(remade, "KEPT_BYTES", 2 * sum(each.nbytes for each in (one.X, one.Y, one.X_test, one.Y_test)))
    several = [make(k) for k in range(4)]
    for k in (3, 2, 3, 0, 3, 2):
        assert several[k].first.fingerprint == several[k].fingerprint
        assert several[k].first.fingerprint == load_source("moons", noise=0.1 * k).fingerprint
    assert made == [0, 1, 2, 3, 0, 2]


def test_the_sizes_of_a_part_take_no_memory() -> None:
    design = sweep(3)
    loaded = design.load()
    of = Parts(loaded, "float64")
    for problem in loaded:
        example, part = of.example(problem), of[Part(problem, "none", None, None)]
        assert example.features == part.features
        for its, others in ((example.train, part.train), (example.test, part.test)):
            assert (its.m, its.total) == (others.m, others.total)
            for name in ("X", "Y", "weight", "mask"):
                assert getattr(its, name).shape == getattr(others, name).shape
                assert getattr(its, name).dtype == getattr(others, name).dtype
                assert not any(getattr(its, name).strides)


@pytest.mark.parametrize("n", [10, 30])
def test_nothing_looks_through_all_problems_for_each(n: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is done for each problem a few times must not be done for each pair of them."""
    calls: Counter[str] = Counter()

    def counted(of: Any, name: str) -> None:
        function = getattr(of, name)

        def counting(*arguments: Any) -> Any:
            calls[name] += 1
            return function(*arguments)

        monkeypatch.setattr(of, name, counting)

    counted(tables, "_same")
    counted(tables, "stored_source")
    counted(tables, "RowsOfRuns")
    results = sweep(n).run(jobs=1, out=tmp_path)
    list(closing_lines(results, 10))
    contents.contents(results)
    assert calls["_same"] <= 40 * n
    assert calls["stored_source"] <= 2 * n
    assert calls["RowsOfRuns"] <= 3


def test_the_closing_lines_are_few() -> None:
    results = sweep(5).run(jobs=1, out=None)
    lines = list(closing_lines(results, 2))
    assert sum(line.startswith("  rank") for line in lines) == 2
    assert "3 more problems in summary.csv" in lines
    assert not any("more problems in summary.csv" in line for line in closing_lines(results, 5))


def test_data_without_room_on_the_page_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    results = sweep(6).run(jobs=1, out=None)
    full = contents.contents(results)["problems"]
    monkeypatch.setattr(contents, "MOST_DATA", 10_000)  # two problems have 8,080
    read_of: list[Any] = []
    data = Results.data

    def reading(self: Results, problem: Any) -> Any:
        read_of.append(problem)
        return data(self, problem)

    monkeypatch.setattr(Results, "data", reading)
    held = contents.contents(results)
    assert len(read_of) == 3
    assert [each["X"] is None for each in held["problems"]] == 2 * [False] + 4 * [True]
    for each, before in zip(held["problems"], full, strict=True):
        names = ("name", "task", "feature_names", "class_names", "target")
        assert {name: each[name] for name in names} == {name: before[name] for name in names}
    assert any("data of 4 of 6 problems are too large" in note for note in held["notes"])
