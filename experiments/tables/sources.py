"""The data sources of problems, read from the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from experiments.datasets.loading import load, restored
from experiments.datasets.remade import MOST_KEPT, Recent, Remade
from experiments.datasets.source import Fixed, Source
from experiments.design import Design, ProblemKey
from experiments.knobs.declared import AXES, DATASET
from experiments.knobs.values import known_value
from experiments.store.store import Store
from experiments.tables.problems import task_of


def stored_sources(design: Design, about: Iterable[Mapping[str, Any]], opened: Store) -> dict[ProblemKey, Source]:
    """The source of every problem; ``about`` are their descriptions. Raises ResultsError for a damaged one."""
    described = dict(zip(design.problems(), about, strict=True))
    if len(described) <= MOST_KEPT:
        return {problem: stored_source(each, opened) for problem, each in described.items()}
    recent = Recent()
    return {problem: _of_many(each, opened, recent) for problem, each in described.items()}


def _of_many(about: Mapping[str, Any], opened: Store, recent: Recent) -> Source:
    if opened.source(about["fingerprint"]) is not None:
        return stored_source(about, opened)
    return Remade(lambda: _fixed(about, opened).data, recent)


def stored_source(about: Mapping[str, Any], opened: Store) -> Source:
    """The source of one problem. Raises ResultsError if it is damaged."""
    content = opened.source(about["fingerprint"])
    return _fixed(about, opened) if content is None else restored(*content)


def _fixed(about: Mapping[str, Any], opened: Store) -> Fixed:
    named = {
        "name": about["problem"]["dataset"],
        "class_names": tuple(about["class_names"]),
        "notes": tuple(about["notes"]),
        "task": task_of(about),
        "target_name": about.get("target_name", ""),
        "target_scale": _scale(about),
    }
    if about["base"] is not None:
        names = tuple(about["base"]["feature_names"])
        named["base"] = opened.data(about["base"]["fingerprint"], feature_names=names, **named)
        named["features"] = about["problem"]["features"]
    return Fixed(opened.data(about["fingerprint"], feature_names=tuple(about["feature_names"]), **named))


def _scale(about: Mapping[str, Any]) -> tuple[float, float]:
    """Mean and deviation of the target, which the stored arrays do not have."""
    if task_of(about) != "regression":
        return 0.0, 1.0
    if "target_scale" in about:
        mean, deviation = about["target_scale"]
        return float(mean), float(deviation)
    # Manifests of before it was recorded: the data are drawn again.
    axes = {axis.name: axis for axis in AXES}
    problem = {name: known_value(axes[name], value) for name, value in about["problem"].items() if name in axes}
    return load(problem.pop(DATASET.name), **problem).target_scale
