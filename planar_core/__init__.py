"""The numerical core: small neural networks, trained fast and with the same bits on every machine."""

from planar_core.network import initialize, layer_shapes
from planar_core.outputs import TASKS
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
