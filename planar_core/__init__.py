"""The numerical core: small neural networks, trained fast and with the same bits on every machine."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from planar_core.choices import TASKS, layer_shapes

if TYPE_CHECKING:
    from planar_core.network import initialize
    from planar_core.steps import backward, cost, forward, predict, predict_proba, update
    from planar_core.training import TrainedNetwork, train

__all__ = [
    "TASKS",
    "TrainedNetwork",
    "backward",
    "cost",
    "forward",
    "initialize",
    "layer_shapes",
    "predict",
    "predict_proba",
    "train",
    "update",
]

_HOMES = {
    "initialize": "network",
    **dict.fromkeys(("backward", "cost", "forward", "predict", "predict_proba", "update"), "steps"),
    **dict.fromkeys(("TrainedNetwork", "train"), "training"),
}


def __getattr__(name: str) -> Any:
    # On access: the kernels need Numba, which takes half a second to import.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
