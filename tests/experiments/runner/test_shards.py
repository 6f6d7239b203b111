"""experiments.runner.shards: which runs belong to which part of a sweep."""

from __future__ import annotations

import hashlib
import tracemalloc
from collections import Counter
from typing import Any

import pytest

from experiments.knobs.declared import SHARD
from experiments.knobs.knob import SweepError
from experiments.knobs.values import value_of
from experiments.runner.shards import Shard
from experiments.runner.work import batches, todo
from experiments.sweep import Sweep

SWEEPS: list[tuple[dict[str, Any], int]] = [
    ({"seed": range(10)}, 4),
    ({"seed": range(12), "hidden": [1, 2, 3]}, 4),
    ({"seed": [9, 2, 7], "batch_size": [1, 10, 100, "all"]}, 4),
    ({"seed": 5, "hidden": [4], "learning_rate": "log:0.01:1:5", "batch_size": [1, 10, 100, "all"]}, 4),
    ({"seed": 0, "hidden": 1, "learning_rate": 1}, 3),  # fewer runs than shards
    ({"seed": range(7), "hidden": range(1, 30)}, 100),
    ({"seed": range(1000), "hidden": 1}, 16),
    ({"seed": range(3), "dataset": ["iris", "wine"], "split": "cv:5"}, 7),
    ({}, 1),
]


def runs_of(sweep: Sweep, shard: Shard) -> list[tuple[int, int]]:
    """Series and seed of each run of a shard."""
    return [(series, seed) for series, seeds in enumerate(shard.seeds(sweep)) for seed in seeds]


@pytest.mark.parametrize(("request_", "n"), SWEEPS, ids=str)
def test_every_run_is_in_one_shard_and_all_have_as_many(request_: dict[str, Any], n: int) -> None:
    sweep = Sweep(**request_)
    parts = [runs_of(sweep, Shard(number, n)) for number in range(1, n + 1)]
    every = Counter(run for part in parts for run in part)
    assert every == Counter((series, seed) for series in range(sweep.n_series) for seed in sweep.values["seed"])
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1
    assert sizes == [Shard(number, n).size(sweep) for number in range(1, n + 1)]
    order = {seed: place for place, seed in enumerate(sweep.values["seed"])}
    for part in parts:  # each series in the order of the sweep
        assert part == sorted(part, key=lambda run: (run[0], order[run[1]]))


@pytest.mark.parametrize("n", [2, 4, 8, 16, 17])
def test_all_shards_have_as_much_work(n: int) -> None:
    """Also where the number of batch sizes or hidden sizes is a multiple of that of the shards, or the reverse."""
    datasets = ["flower", "moons", "circles", "blobs"]
    sweep = Sweep(dataset=datasets, hidden=range(1, 9), batch_size=range(1, 17), learning_rate="log:0.01:1:20", seed=0)
    data = sweep.load()
    work = [todo(sweep, data, None, shard=Shard(number, n)).work for number in range(1, n + 1)]
    assert sum(work) == todo(sweep, data, None).work
    assert max(work) < 1.15 * sum(work) / n


def test_the_division_never_changes() -> None:
    """Shards may be trained by different versions of this program."""
    sweep = Sweep(hidden=[1, 2, 3], learning_rate="log:0.01:1:7", batch_size=[1, "all"], seed=range(11))
    told = repr([runs_of(sweep, Shard(number, 4)) for number in range(1, 5)])
    assert hashlib.sha256(told.encode()).hexdigest()[:16] == "1dc34e11b7c450d0"


def test_seeds_that_are_a_range_take_no_memory() -> None:
    sweep = Sweep(hidden=1, seed="0:4000000000", learning_rate="log:0.01:1:1000")
    tracemalloc.start()
    seeds = list(Shard(3, 16).seeds(sweep))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(map(len, seeds)) == Shard(3, 16).size(sweep) == sweep.size // 16
    assert peak < 2**20


def test_an_enormous_shard_is_planned_without_being_expanded() -> None:
    sweep = Sweep(hidden=1, learning_rate="log:0.01:1:100000", l2="lin:0:1:100000", seed=range(10))
    left = todo(sweep, sweep.load(), None, shard=Shard(2, 1000))
    assert left.n_runs == left.size == sweep.size // 1000
    assert left.work == pytest.approx(todo(sweep, sweep.load(), None).work / 1000)


def test_the_batches_of_a_shard_are_as_long_as_those_of_the_sweep() -> None:
    sweep = Sweep(hidden=[1, 2], learning_rate="log:0.01:1:100", seed=range(8), iterations=10)
    whole = list(batches(todo(sweep, sweep.load(), None), 1))
    part = list(batches(todo(sweep, sweep.load(), None, shard=Shard(3, 4)), 1))
    assert sum(map(len, part)) == sum(map(len, whole)) / 4
    assert len(part) == 2  # a batch for each hidden size
    # Data that depend on the seed are made by one shard only.
    drawn = Sweep(hidden=[1, 2], learning_rate="log:0.01:1:10", seed=range(8), data_seed="seed", iterations=10)
    seeds = [
        {piece.part.seed for batch in batches(todo(drawn, drawn.load(), None, shard=Shard(k, 4)), 1)
         for piece in batch.pieces}
        for k in (1, 2, 3, 4)
    ]  # fmt: skip
    assert seeds == [{0, 4}, {1, 5}, {2, 6}, {3, 7}]


@pytest.mark.parametrize(
    "text", ["3", "0/4", "5/4", "1/0", "1/10001", "a/b", "1/2/3", "-1/4", "1.0/4", "", "/", "\u0661/\u0664"]
)
def test_bad_shards_are_refused(text: str) -> None:
    said = f"--shard: expected I/N such as 3/16, with I from 1 to N and N at most 10,000, got {text!r}"
    with pytest.raises(SweepError) as refused:
        value_of(SHARD, text)
    assert str(refused.value) == said


def test_good_shards_are_read() -> None:
    assert Shard.parse(value_of(SHARD, "03/16")) == Shard(3, 16)
    assert str(Shard(10_000, 10_000)) == value_of(SHARD, "10000/10000")
