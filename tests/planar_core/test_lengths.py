"""Runs of several lengths that come out of one training: each has the bits that it has alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from planar_core import network
from planar_core.choices import Hyperparameters
from planar_core.kernels import Batch
from planar_core.training import n_records, new_batch, train_batch

LENGTHS, INTERVALS = (0, 7, 20, 61), (1, 3, 4, 5)  # of several, the records of few are those of others
SEEDS = (0, 7)
HOW: dict[str, Hyperparameters] = {
    "gradient descent": Hyperparameters(1.2),
    "adam": Hyperparameters(0.03, optimizer="adam", l2=0.01),
    "mini-batches": Hyperparameters(0.1, batch_size=32, optimizer="momentum"),
    "diverges": Hyperparameters(3.0, l2=1.0),
    "diverges at once": Hyperparameters(1e300),
}


def trained(
    how: Hyperparameters,
    seeds: Sequence[int],
    lengths: Sequence[int],
    intervals: Sequence[int],
    hidden: str = "3",
    dtype: str = "float64",
    task: str = "binary",
    budget: int = 2**25,
) -> tuple[Batch, int]:
    """A batch in which each seed has a run of each length; and the number of slices."""
    generator = np.random.RandomState(3)
    X, outputs = generator.standard_normal((2, 90)), 3 if task == "multiclass" else 1
    Y = {"binary": X[0] * X[1] > 0, "multiclass": np.digitize(X[0], [-0.5, 0.5]), "regression": X[0] - X[1]}[task]
    examples: dict[str, Any] = {"task": task, "classes": outputs if task == "multiclass" else None}
    train, test = (network.examples(X[:, k:], Y[np.newaxis, k:], np.dtype(dtype), **examples) for k in (15, 70))
    runs = [(how, seed) for seed in seeds for _ in lengths]
    records = max(map(n_records, lengths, intervals))
    batch = new_batch(2, hidden, [seed for _, seed in runs], [each for each, _ in runs], records, dtype, outputs)
    about = (hidden, 2, batch, train, test, lengths, intervals, budget, "tanh", task, outputs)
    return batch, 1 + sum(1 for _ in train_batch(*about))


def bits(batch: Batch, run: int) -> list[Any]:
    filled = int(batch.records[run])
    curves = (batch.costs, batch.test_costs, batch.train_scores, batch.test_scores)
    return [
        *(curve[run, :filled].tobytes() for curve in curves),
        batch.parameters[run].tobytes(),
        bool(batch.diverged[run]),
    ]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("kind", "task"),
    [*((kind, "binary") for kind in HOW), ("adam", "multiclass"), ("mini-batches", "multiclass"),
     ("gradient descent", "regression"), ("diverges", "regression")],
)  # fmt: skip
def test_each_length_has_the_bits_that_it_has_alone(kind: str, task: str, dtype: str) -> None:
    about: dict[str, Any] = {"dtype": dtype, "task": task}
    expected = [
        bits(trained(HOW[kind], [seed], [length], [interval], **about)[0], 0)
        for seed in SEEDS
        for length, interval in zip(LENGTHS, INTERVALS, strict=True)
    ]
    for budget in (2**25, 1):  # in one slice, and in as many as there can be
        batch, _ = trained(HOW[kind], SEEDS, LENGTHS, INTERVALS, **about, budget=budget)
        assert [bits(batch, run) for run in range(len(expected))] == expected
    if kind == "gradient descent":
        assert len({each[-2] for each in expected}) == len(expected)


def test_a_run_that_diverges_later_is_whole_at_an_earlier_length() -> None:
    batch, _ = trained(HOW["diverges"], [0], [20, 2000], [1, 1], task="regression")
    assert batch.diverged.tolist() == [False, True]
    assert batch.records[0] == 21 < batch.records[1] < 2001


def test_a_length_ends_at_the_numbers_that_it_records_itself() -> None:
    """The cost is beyond float32 at one iteration and not at the next: only who records there has diverged."""
    found = set()
    for rate in (1e36, 2e37, 2.1e37, 2.2e37):
        how = Hyperparameters(rate)
        batch, _ = trained(how, [1], [40, 61], [4, 1], hidden="0", dtype="float32")
        for run, length in enumerate((([40], [4]), ([61], [1]))):
            assert bits(batch, run) == bits(trained(how, [1], *length, hidden="0", dtype="float32")[0], 0)
        found.add((bool(batch.diverged[0]), bool(batch.diverged[1])))
    assert (False, True) in found


def test_only_the_longest_is_trained() -> None:
    budget = 90 * 3  # activations: about those of an iteration
    slices = {
        lengths: trained(HOW["adam"], [0], lengths, [1000] * len(lengths), budget=budget)[1]
        for lengths in ((100,), (400,), (1000,), (100, 400, 1000))
    }
    assert slices[(1000,)] <= slices[(100, 400, 1000)] <= slices[(1000,)] + 4  # two more records
    assert slices[(1000,)] > 2 * slices[(400,)]
