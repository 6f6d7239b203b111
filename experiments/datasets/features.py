"""Features computed from the inputs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from experiments.knobs.features import FARTHEST, LARGEST_ANGLE, Term
from planar_core.elementary import evaluate


def compute(terms: Sequence[Term], X: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the values of the terms, (terms, examples), for the inputs X, (inputs, examples); X itself without terms.

    Inputs and products are clipped to +-1e30, the arguments of sines to +-1e9. Every bit is the same on any machine.
    """
    if not terms:
        return X
    features = np.empty((len(terms), X.shape[1]))
    for k, (inputs, is_sine) in enumerate(terms):
        first, *others = X[[i - 1 for i in inputs]]
        with np.errstate(over="ignore"):
            value = math.prod(others, start=first)
        if is_sine:
            value = evaluate("sin", np.clip(value, -LARGEST_ANGLE, LARGEST_ANGLE))
        features[k] = np.clip(value, -FARTHEST, FARTHEST)
    return features
