"""What a map can show of each pixel, in the words of pictures and terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from experiments.knobs.knob import SweepError
from experiments.maps.declared import MEASURES
from experiments.maps.pixels import Pixels
from experiments.tables import words
from experiments.text import closest
from planar_core.choices import METRICS

PAPER, REACHED = "paper", "reached"


class Measure(NamedTuple):
    """A number of each pixel.

    label: with its unit, for a colour bar
    said: for a sentence
    larger_is_better: the best pixels have the largest values, else the smallest ones
    is_log: whether values may differ by orders of magnitude
    is_percentage: whether the label's unit is percent; values are shares all the same
    """

    name: str
    label: str
    said: str
    larger_is_better: bool = False
    is_log: bool = False
    is_percentage: bool = False


_FIXED = (
    Measure(PAPER, "sum of cost / first cost", "sum of cost / first cost", is_log=True),
    Measure("cost", "cost after training", "cost", is_log=True),
    Measure("score", "accuracy or R², training points", "score on the training points", larger_is_better=True),
    Measure("test_cost", "test cost after training", "test cost", is_log=True),
    Measure("test_score", "test accuracy or R²", "score on the test points", larger_is_better=True),
)


def measure_of(name: str, request: Mapping[str, Any]) -> Measure:
    """A measure of the map of a request, ``MapRequest.as_dict``. Raises SweepError for one that it does not have."""
    if name == REACHED:
        said = f"iterations to {request['reach']:g} of the first cost"
        return Measure(REACHED, said, said, is_log=True)
    for measure in _FIXED:
        if measure.name == name:
            return measure
    metric = request["metric"]
    if name == metric and name in METRICS:
        return Measure(
            name, words.axis_label(name), f"test {words.label(name)}", words.larger_is_better(name),
            is_percentage=words.is_percentage(name),
        )  # fmt: skip
    names = [*MEASURES, *([] if metric is None else [metric])]
    raise SweepError(f"--measure: expected one of {', '.join(names)}, got {name!r}{closest(name, names)}")


def values_of(pixels: Pixels, measure: Measure) -> npt.NDArray[np.float64]:
    """The numbers of a measure; nan where there is none."""
    if measure.name == PAPER:
        return pixels.measure
    if measure.name not in MEASURES:
        return pixels.metric
    values = np.asarray(getattr(pixels, measure.name), np.float64)
    return np.where(values < 0, np.nan, values) if measure.name == REACHED else values


def written(measure: Measure, value: float) -> str:
    """A value for a sentence: ``0.0123``, ``93.3 %``."""
    if measure.name not in MEASURES:
        return words.said(measure.name, value, is_labelled=False)
    return f"{value:.4g}"
