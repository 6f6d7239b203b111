"""What may be chosen for a map. Light, for the help of every command shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.knobs.declared import AXES, HIDDEN, ITERATIONS, KNOBS, LEARNING_RATE, METRIC, REQUESTED, SEED
from experiments.knobs.knob import Knob
from planar_core.choices import Hyperparameters

MEASURES = ("paper", "cost", "score", "test_cost", "test_score", "reached")
"""What is known of every pixel; the first one is that of Sohl-Dickstein, positive where training converges."""
REACH = 0.1  # of the first cost, by default
DEFAULTS: Mapping[str, Any] = {HIDDEN.name: "4", LEARNING_RATE.name: 1.2, ITERATIONS.name: 500, SEED.name: 0}
"""The values of these knobs, which have several in a sweep, or more iterations than a map of many networks wants."""

_ONE = (*AXES, *(knob for knob in KNOBS if knob.is_problem or knob.group == "data"))
OF_MAPS = tuple(knob for knob in REQUESTED if knob in _ONE or knob.name == "dtype")
"""The knobs of a map: all that determine a network, of which each has one value."""
OF_SWEEPS = tuple(knob for knob in REQUESTED if knob not in OF_MAPS)
"""The others, which choose among many networks or stop early."""


def _is_continuous(knob: Knob) -> bool:
    is_number = knob.takes_ranges and not knob.is_integer and not knob.is_problem
    return is_number and knob.name in Hyperparameters._fields


CONTINUOUS = tuple(knob for knob in AXES if _is_continuous(knob))
"""The knobs that can be an axis of a map."""


def not_of_maps(name: str) -> str:
    """Why a knob of a sweep is none of a map."""
    if name == METRIC.name:
        return "not an option of maps: use --measure"
    return "not an option of maps, which train one network for each pixel"
