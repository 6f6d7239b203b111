"""The text of an identity, made from pieces, is that of the whole identity."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments import identity
from experiments.design import Design
from experiments.identity import Identities, canonical

DESIGNS: dict[str, dict[str, Any]] = {
    "one run": {"hidden": 2, "seed": 3},
    "further knobs, also at their default": {"l2": [0, 0.1], "batch_size": ["all", 8], "init": ["he", "glorot"]},
    "a knob without effect for some values": {"optimizer": ["gd", "momentum"], "momentum": [0.5, 0.9]},
    "together": {"learning_rate": [0.1, 1], "l1": [0, 0.5], "zip": ["learning_rate", "l1"], "dtype": "float32"},
    "problems": {"dataset": ["moons", "é.csv"], "noise": [0.1, 0.3], "hidden": [1, "2x2"], "class_weight": "balanced"},
    "folds": {"dataset": "iris", "split": "cv:3", "hidden": [1, 2], "learning_rate": "log:0.01:1:3"},
}


def obvious(about: dict[str, Any]) -> str:
    return json.dumps(about, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@pytest.mark.parametrize("name", DESIGNS)
def test_the_text_of_every_series(name: str) -> None:
    design = Design(**DESIGNS[name])
    data = {problem: {"data": f"f{k}", "zebra": [k, "ä"]} for k, problem in enumerate(design.problems())}
    expected = [obvious(design.identity(run, data[run.problem])) for run in design.all_series()]
    texts = Identities(design, data)
    assert list(texts) == expected
    assert len(set(expected)) == design.n_series
    assert [texts.text(run) for run in reversed(list(design.all_series()))] == expected[::-1]


@settings(max_examples=50, deadline=None)
@given(rates=st.lists(st.floats(0, 1e300), min_size=1, max_size=5, unique=True))
def test_any_number(rates: list[float]) -> None:
    design = Design(learning_rate=rates, hidden=[1, 2])
    data = {problem: {"data": "0"} for problem in design.problems()}
    expected = [obvious(design.identity(run, {"data": "0"})) for run in design.all_series()]
    assert list(Identities(design, data)) == expected


def test_of_many_values_few_texts_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_KEPT", 3)
    design = Design(learning_rate=[0.1 * k for k in range(1, 8)], iterations=[1, 2, 3, 4, 5], hidden=[1, 2])
    texts = Identities(design, {problem: {"data": "0"} for problem in design.problems()})
    expected = [obvious(design.identity(run, {"data": "0"})) for run in design.all_series()]
    for _ in range(2):
        assert list(texts) == expected
        assert all(len(entries) <= 3 for entries in texts._entries.values())


def test_an_identity_has_one_text() -> None:
    assert canonical({"b": 1, "a": [0.1, "é"]}) == canonical({"a": [0.1, "é"], "b": 1}) == '{"a":[0.1,"é"],"b":1}'
