"""Descriptions of the problems of a sweep: names, sizes, classes, identity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from experiments.datasets.data import Data
from experiments.datasets.source import Source
from experiments.design import Design, ProblemKey
from experiments.knobs.words import in_words


def about_data(design: Design, sources: Mapping[ProblemKey, Source]) -> list[dict[str, Any]]:
    """The description of each problem for the manifest; sizes and classes are those of the first replicate."""
    return [_about(design, problem, source) for problem, source in sources.items()]


def _about(design: Design, problem: ProblemKey, source: Source) -> dict[str, Any]:
    data = source.first
    about = {
        "problem": design.problem_knobs(problem),
        "fingerprint": source.fingerprint,
        "identity": source.identity,
        "features": len(data.feature_names),
        "training_examples": data.X.shape[1],
        "test_examples": data.X_test.shape[1],
        "feature_names": list(data.feature_names),
        "task": data.task,
        "target_name": data.target_name,
        "class_names": list(data.class_names),
        "notes": list(source.notes),
        # The inputs that the features were computed from; None where they are the inputs.
        "base": data.base and {"fingerprint": data.base.fingerprint, "feature_names": list(data.base.feature_names)},
    }
    if data.task == "regression":
        about["target_scale"] = list(data.target_scale)
    else:
        about["class_counts"] = {"training": class_counts(data, data.Y), "test": class_counts(data, data.Y_test)}
    return about


def class_counts(data: Data, labels: Any) -> list[int]:
    """The number of examples of each class."""
    return [int(np.count_nonzero(labels == k)) for k in range(len(data.class_names))]


def outputs_of(about: Mapping[str, Any]) -> int:
    """Units of the output layer."""
    return len(about["class_names"]) if task_of(about) == "multiclass" else 1


def task_of(about: Mapping[str, Any]) -> str:
    """The task; binary for a manifest from before there were tasks."""
    return str(about.get("task", "binary"))


def score_of(about: Iterable[Mapping[str, Any]]) -> str:
    """The score recorded during training, accuracy or r2; it is the same for all problems of a sweep."""
    return "r2" if any(task_of(each) == "regression" for each in about) else "accuracy"


def identities(design: Design, about: Iterable[Mapping[str, Any]]) -> dict[ProblemKey, dict[str, Any]]:
    """The identity of every problem's data. Raises ValueError if they belong to other problems."""
    found = {}
    for problem, each in zip(design.problems(), about, strict=True):
        if each["problem"] != (expected := design.problem_knobs(problem)):
            raise ValueError(f"expected the data of {in_words(expected)}")
        found[problem] = each.get("identity", {"data": each["fingerprint"]})
    return found
