"""What can be changed on the page: the knobs and the generated data sets, from their declarations."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from experiments.datasets.partition import TEST_FRACTION
from experiments.datasets.synthetic import AS_DRAWN, PROBLEMS, REGRESSIONS, TEST, fewest_samples
from experiments.knobs import declared
from experiments.knobs.checks import LARGEST_LAYER, MOST_LAYERS
from experiments.knobs.declared import DATASETS, FEWEST_SAMPLES, KNOBS, LARGEST_COUNT, LARGEST_NOISE, MOST_SAMPLES
from experiments.knobs.knob import Knob
from planar_core.choices import ACTIVATIONS, BINARY, INITS, LARGEST_SEED, OPTIMIZERS, REGRESSION, Hyperparameters

MOST_DRAWN = 20_000
"""Training points of a generated data set that the page draws; for more, the command line is the better place."""


class Limits(NamedTuple):
    """The limits of a number, None for none; ``low_open`` and ``high_open``: it lies inside of that limit."""

    low: float | None
    high: float | None
    is_integer: bool = False
    low_open: bool = False
    high_open: bool = False


_NOT_NEGATIVE, _DECAY, _SEED = Limits(0, None), Limits(0, 1, high_open=True), Limits(0, LARGEST_SEED, is_integer=True)
LIMITS: Mapping[str, Limits] = MappingProxyType(
    {
        "noise": Limits(0, LARGEST_NOISE),
        "samples": Limits(FEWEST_SAMPLES, MOST_SAMPLES, is_integer=True),
        "data_seed": _SEED,
        "init_scale": Limits(0, None, low_open=True),
        "output_init_scale": _NOT_NEGATIVE,
        "init_offset": Limits(None, None),
        "seed": _SEED,
        "learning_rate": _NOT_NEGATIVE,
        "output_learning_rate": _NOT_NEGATIVE,
        "momentum": _DECAY,
        "beta1": _DECAY,
        "beta2": _DECAY,
        "l1": _NOT_NEGATIVE,
        "l2": _NOT_NEGATIVE,
        "batch_size": Limits(1, LARGEST_COUNT, is_integer=True),
        "iterations": Limits(0, LARGEST_COUNT, is_integer=True),
    }
)
"""Those of the checks of the knobs with numbers, for the controls of the page."""

_CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "dataset": tuple(PROBLEMS),
        "activation": tuple(ACTIVATIONS),
        "init": tuple(INITS),
        "bias": ("yes", "no"),
        "optimizer": tuple(OPTIMIZERS),
        "class_weight": ("none", "balanced"),
    }
)
_TEXTS = ("features", "hidden")
PLAYED: tuple[Knob, ...] = tuple(knob for knob in KNOBS if knob.name in {*LIMITS, *_CHOICES, *_TEXTS})
"""The knobs that can be changed on the page, in the order of the command line."""

NOISE: Mapping[str, str] = MappingProxyType(
    {
        "flower": "standard deviation of the normal noise of angle and radius",
        "moons": "standard deviation of the normal noise of each coordinate",
        "circles": "standard deviation of the normal noise of each coordinate",
        "blobs": "standard deviation of each blob",
        "gaussian_quantiles": "standard deviation of the normal noise that moves points after they have their labels",
        "circle": "changes the labels of points near the circle",
        "xor": "changes the labels of points near the axes",
        "gauss": "the variance of each blob is 0.5 + 7 noise",
        "spiral": "largest distance by which a point is moved in each coordinate",
        "plane": "changes the values, as if points were moved by up to 6 noise",
        "multi_gaussian": "changes the values, as if points were moved by up to 6 noise",
        "gaussian_random": "standard deviation of the random targets",
    }
)
"""What the noise of each generated data set does."""


def description() -> dict[str, Any]:
    """Knobs, data sets and limits as plain values for the page."""
    return {
        "knobs": [_knob(knob) for knob in PLAYED],
        "datasets": [_dataset(name) for name in PROBLEMS],
        "known": list(DATASETS),
        "test": {"points": TEST.points, "seed": TEST.seed},
        "most_samples": MOST_DRAWN,
        "test_fraction": TEST_FRACTION,
        "most_units": LARGEST_LAYER,
        "most_layers": MOST_LAYERS,
    }


def _knob(knob: Knob) -> dict[str, Any]:
    name = knob.name
    words = [word for word in (knob.word, "seed" if knob is declared.DATA_SEED else None) if word is not None]
    return {
        "name": name,
        "label": name.replace("_", " "),
        "group": knob.group,
        "option": knob.flags[0],
        "default": _default(knob),
        "choices": list(_CHOICES[name]) if name in _CHOICES else None,
        "words": words,
        "expected": _expected(knob),
        "help": knob.help,
        **LIMITS.get(name, Limits(None, None))._asdict(),
        "needs": None if knob.needs is None else [knob.needs[0], _value_needed(knob)],
    }


def _default(knob: Knob) -> Any:
    """The value with which a new network begins: of several default values, one that learns the flower."""
    if knob is declared.HIDDEN:
        return "4"
    if knob is declared.LEARNING_RATE:
        return Hyperparameters().learning_rate
    return knob.default[0]


def _value_needed(knob: Knob) -> str:
    """The only value of the axis that the knob depends on for which it has an effect."""
    assert knob.needs is not None
    axis, _, fits = knob.needs
    (value,) = filter(fits, _CHOICES[axis])
    return value


def _expected(knob: Knob) -> str:
    """What the command line says that it expected."""
    try:
        knob.check("")
    except ValueError as error:
        return f"{error}, or {knob.word}" if knob.word else str(error)
    raise AssertionError(f"{knob.name}: the empty text is accepted")


def _dataset(name: str) -> dict[str, Any]:
    defaults = {name: each.default for name, each in inspect.signature(PROBLEMS[name]).parameters.items()}
    return {
        "name": name,
        "label": DATASETS[name],
        "task": REGRESSION if name in REGRESSIONS else BINARY,
        "noise": defaults["noise"],
        "samples": defaults["samples"],
        "fewest_samples": fewest_samples(name),
        "is_scaled": name in REGRESSIONS and name not in AS_DRAWN,
        "data_seed": defaults["data_seed"],
        "noise_means": NOISE[name],
    }
