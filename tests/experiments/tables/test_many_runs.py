"""Statistics of very many runs: the memory that they take, by the allocations of NumPy and of Python."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from experiments.tables import statistics
from experiments.tables.statistics import statistics_of, summarize
from experiments.tables.targets import Climbs

N = 400_000
FEW = 8 * statistics._ROWS * 8  # bytes of several columns of the rows that are summed up at once


@contextmanager
def at_most(of_each: float) -> Iterator[None]:
    """No more than so many bytes of each run at any time, beside those of a part of the runs."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < of_each * N + FEW


def columns(seed: int = 0) -> Callable[[str], npt.NDArray[np.float64]]:
    def column_of(name: str) -> npt.NDArray[np.float64]:
        return np.random.default_rng([seed, len(name)]).standard_normal(N)

    return column_of


def test_a_measure_of_one_configuration_at_a_time() -> None:
    """Two or three columns of 8 bytes at once, not all of them, and no group for each run."""
    group = np.broadcast_to(np.int64(0), N)
    names = ["test_accuracy", "train_accuracy", "cost", "test_cost"]
    with at_most(30):
        found = statistics_of(np.zeros(N, np.int8), columns(), names, group, 1)
    for name in names:
        values = columns()(name)
        np.testing.assert_allclose(found[f"mean_{name}"], np.mean(values))
        np.testing.assert_allclose(found[f"std_{name}"], np.std(values, ddof=1))
        np.testing.assert_array_equal(found[f"median_{name}"], np.median(values))
        inner = np.sort(values)[N // 4 : N - N // 4]
        np.testing.assert_allclose(found[f"iqm_{name}"], np.mean(inner))


@pytest.mark.parametrize("rows", [1, 2, 7, 1000])
def test_the_bits_do_not_depend_on_how_many_rows_are_summed_up_at_once(
    rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(1)
    runs = pd.DataFrame(
        {
            "dataset": "a",
            "hidden": np.repeat(np.arange(9), 33),
            "seed": np.tile(np.arange(33), 9),
            "status": random.choice(["ok", "ok", "ok", "diverged", "failed"], 9 * 33),
            "test_accuracy": random.random(9 * 33),
            "train_accuracy": random.choice([0.1, np.nan, np.inf, 1e200], 9 * 33),
            "cost": random.standard_normal(9 * 33) * 1e-200,
        }
    )
    expected = [summarize(part, ["dataset", "hidden"], ["dataset"]) for part in (runs, runs[:33])]
    monkeypatch.setattr(statistics, "_ROWS", rows)
    for part, table in zip((runs, runs[:33]), expected, strict=True):
        computed = summarize(part, ["dataset", "hidden"], ["dataset"])
        pd.testing.assert_frame_equal(computed, table, check_exact=True)
    # The same of one configuration alone as among others.
    beginnings = ("mean_", "std_", "median_", "iqm_", "ci_")
    same = [str(name) for name in expected[0] if str(name).startswith(beginnings)]
    pd.testing.assert_frame_equal(expected[1][same], expected[0][same][:1], check_exact=True)


def test_a_configuration_without_others_is_compared_with_nothing() -> None:
    scores = np.random.default_rng(2).random((1, N))
    with at_most(4):
        found = statistics._shortfalls(scores, np.zeros(1, np.int64), np.zeros(1, np.int64), np.zeros(1))
    assert found[0].tolist() == [0.0]
    assert np.isnan(found[1:]).all()
    none = statistics._shortfalls(np.full((1, 9), np.nan), np.zeros(1, np.int64), np.ones(1, np.int64), np.zeros(1))
    assert np.isnan(none).all()


@pytest.mark.parametrize(("missing", "fewest"), [(0, 39), (3, 33)])
def test_quantiles_are_computed_for_the_degrees_that_occur(
    missing: int, fewest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(3)
    cells = random.random((5, 40))
    for row in cells:
        row[random.choice(40, missing, replace=False)] = np.nan
    arguments: tuple[Any, ...] = np.zeros(5, np.int64), np.zeros(5, np.int64), np.zeros(5)
    asked: list[float] = []
    t_quantile = statistics._t_quantile

    def asking(degrees: Any, tail: Any) -> Any:
        asked.extend(np.ravel(degrees).tolist())
        return t_quantile(degrees, tail)

    monkeypatch.setattr(statistics, "_t_quantile", asking)
    found = statistics._shortfalls(cells.copy(), *arguments)
    assert min(asked) == fewest
    assert np.isfinite(found).all()


def test_climbs_take_a_few_bytes() -> None:
    climbs = Climbs()
    curves = np.random.default_rng(4).integers(0, 101, (4000, 3)) / 100
    with at_most(9):
        for _ in range(N // 4000):
            climbs.add(curves, np.full(4000, -np.inf))
    first = climbs.first(np.array([0.5]), [np.array([0, 10, 20])], np.zeros(1, np.int64), np.array([N]))
    obvious = [next((10.0 * k for k in range(3) if curve[k] >= 0.5), np.inf) for curve in curves.tolist()]
    assert first.reshape(-1, 4000).tolist() == N // 4000 * [obvious]
