"""The conclusions of a sweep in sentences (a stand-in)."""

from __future__ import annotations

from typing import Any


def headline(results: Any) -> list[str]:
    """The sentences of the headline."""
    best = results.summary.sort_values("rank_test_accuracy").iloc[0]
    return [f"hidden {best['hidden']} at {best['learning_rate']}: {best['mean_test_accuracy']:.1%} on average."]
