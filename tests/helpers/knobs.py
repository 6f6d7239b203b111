"""Every knob, with values that differ from its default."""

from __future__ import annotations

from typing import Any

# The axes that can be asked for, from the outermost to the innermost, with their defaults; every other knob.
DEFAULTS: dict[str, Any] = {
    "dataset": ["flower"],
    "noise": ["auto"],
    "samples": [400],
    "data_seed": ["auto"],
    "test_fraction": [0.25],
    "features": ["all"],
    "hidden": ["1", "2", "3", "4", "5", "20", "50"],
    "activation": ["tanh"],
    "optimizer": ["gd"],
    "momentum": [0.9],
    "beta1": [0.9],
    "beta2": [0.999],
    "learning_rate": [0.03, 0.1, 0.3, 1.2, 5.0],
    "output_learning_rate": ["same"],
    "l1": [0.0],
    "l2": [0.0],
    "batch_size": ["all"],
    "init": ["normal"],
    "init_scale": ["auto"],
    "class_weight": ["none"],
    "seed": "0:10",
}
OTHERS: dict[str, Any] = {
    "target": None,
    "positive": None,
    "task": "auto",
    "drop": None,
    "keep": None,
    "missing": "fill",
    "missing_values": None,
    "header": "auto",
    "separator": None,
    "decimal": None,
    "encoding": None,
    "group": None,
    "test_file": None,
    "split": "auto",
    "metric": None,
    "iterations": 5000,
    "record_every": 100,
    "dtype": "float64",
    "sample": None,
    "sample_seed": None,
}
# Another value of each axis that has one default, and what has to go with it.
FURTHER: dict[str, tuple[Any, dict[str, Any]]] = {
    "noise": (0.1, {}),
    "samples": (100, {}),
    "data_seed": (7, {}),
    "test_fraction": (0.5, {}),
    "features": ("x1+x2^2", {}),
    "activation": ("relu", {}),
    "optimizer": ("adam", {}),
    "momentum": (0.5, {"optimizer": "momentum"}),
    "beta1": (0.5, {"optimizer": "adam"}),
    "beta2": (0.5, {"optimizer": "adam"}),
    "output_learning_rate": (0.01, {}),
    "l1": (0.01, {}),
    "l2": (0.01, {}),
    "batch_size": (7, {}),
    "init": ("he", {}),
    "init_scale": (0.5, {}),
    "class_weight": ("balanced", {}),
}
