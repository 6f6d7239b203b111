"""A sweep with runs of every status, and whether two have the same results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from experiments.results import Results
from experiments.sweep import Sweep
from planar_core import training

AXES = ["dataset", "hidden", "learning_rate", "seed"]
MEASURES = ["cost", "train_accuracy", "test_accuracy", "test_cost"]


def csv_data(path: Path, label: str = "label") -> str:
    rows = [f"{i % 7},{i * i % 11},{(i // 2) % 2}" for i in range(40)]
    path.write_text("\n".join([f'a,b,"{label}"', *rows]), encoding="utf-8")
    return str(path)


def mixed(out: Path | None, monkeypatch: pytest.MonkeyPatch, **knobs: Any) -> Results:
    """A sweep with runs of every status: seed 1 of two units fails, the largest learning rate diverges."""
    new_batch = training.new_batch

    def failing(features: int, hidden: Any, seeds: Any, *others: Any) -> Any:
        if hidden == "2" and 1 in seeds:
            raise RuntimeError('=no, "really"\nnot')
        return new_batch(features, hidden, seeds, *others)

    monkeypatch.setattr(training, "new_batch", failing)
    request = {"hidden": [0, 2], "learning_rate": [0.1, 1e307], "seed": range(2), "iterations": 30, "record_every": 7}
    return Sweep(**{**request, **knobs}).run(jobs=1, out=out)


def assert_same(computed: Results, expected: Results) -> None:
    for name in ("runs", "curves", "summary"):
        pd.testing.assert_frame_equal(getattr(computed, name), getattr(expected, name), check_exact=True)
    assert computed.manifest == expected.manifest
    assert (computed.columns, computed.problem_columns) == (expected.columns, expected.problem_columns)
    for _, row in expected.runs[expected.runs["status"] != "failed"].iterrows():
        ours, theirs = computed.network(row).parameters, expected.network(row).parameters
        for pair, expected_pair in zip(ours, theirs, strict=True):
            for array, expected_array in zip(pair, expected_pair, strict=True):
                assert (array.dtype, array.shape) == (expected_array.dtype, expected_array.shape)
                assert array.tobytes() == expected_array.tobytes()
    for about in expected.manifest["data"]:
        for part in ("fingerprint", "name", "feature_names", "class_names", "notes"):
            assert getattr(computed.data(about["problem"]), part) == getattr(expected.data(about["problem"]), part)
