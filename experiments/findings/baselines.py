"""What a network is better than: the best answer that ignores the features, and a linear model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def compared(baselines: Mapping[str, Any], metric: str) -> Iterator[str]:
    """What is said of the best configuration beside the baselines."""
    yield from ()
