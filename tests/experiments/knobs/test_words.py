"""Settings and their values as text."""

from __future__ import annotations

from typing import Any

import pytest

from experiments.knobs.words import in_words


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"dataset": "moons", "hidden": "3", "learning_rate": 0.1}, "moons, hidden 3, learning rate 0.1"),
        ({"dataset": "moons", "data_seed": "seed"}, "moons, new data for each seed"),
        ({"dataset": "moons", "data_seed": "7"}, "moons, data seed 7"),
        ({"optimizer": "gd", "momentum": None, "beta1": float("nan")}, "gd"),
    ],
)
def test_settings_in_words(values: dict[str, Any], expected: str) -> None:
    assert in_words(values) == expected
