"""What a sweep keeps of its problems beside their data: names, sizes, classes, fingerprints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from experiments.datasets.data import Data
from experiments.design import Design, ProblemKey
from experiments.knobs.words import in_words
from planar_core.network import Array


def about_data(design: Design, data: Mapping[ProblemKey, Data]) -> list[dict[str, Any]]:
    """What the manifest has of each problem, as plain values."""
    return [
        {
            "problem": design.problem_knobs(problem),
            "fingerprint": d.fingerprint,
            "features": len(d.feature_names),
            "training_examples": d.X.shape[1],
            "test_examples": d.X_test.shape[1],
            "feature_names": list(d.feature_names),
            "class_names": list(d.class_names),
            "class_counts": {"training": _class_counts(d.Y), "test": _class_counts(d.Y_test)},
            "notes": list(d.notes),
            # The inputs that the features were computed from; None where they are the inputs.
            "base": d.base and {"fingerprint": d.base.fingerprint, "feature_names": list(d.base.feature_names)},
        }
        for problem, d in data.items()
    ]


def _class_counts(labels: Array) -> list[int]:
    ones = int(np.count_nonzero(labels))
    return [labels.size - ones, ones]


def fingerprints(design: Design, about: Iterable[Mapping[str, Any]]) -> dict[ProblemKey, str]:
    """The fingerprint of every problem. Raises ValueError if they are those of other problems."""
    found = {}
    for problem, each in zip(design.problems(), about, strict=True):
        if each["problem"] != (expected := design.problem_knobs(problem)):
            raise ValueError(f"expected the data of {in_words(expected)}")
        found[problem] = each["fingerprint"]
    return found
