"""The data sources of problems, read from the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from experiments.datasets.loading import restored
from experiments.datasets.source import Fixed, Source
from experiments.design import Design, ProblemKey
from experiments.store.store import Store
from experiments.tables.problems import task_of


def stored_sources(design: Design, about: Iterable[Mapping[str, Any]], opened: Store) -> dict[ProblemKey, Source]:
    """The source of every problem; ``about`` are their descriptions. Raises ResultsError for a damaged one."""
    return {problem: stored_source(each, opened) for problem, each in zip(design.problems(), about, strict=True)}


def stored_source(about: Mapping[str, Any], opened: Store) -> Source:
    """The source of one problem. Raises ResultsError if it is damaged."""
    content = opened.source(about["fingerprint"])
    return _fixed(about, opened) if content is None else restored(*content)


def _fixed(about: Mapping[str, Any], opened: Store) -> Source:
    named = {
        "name": about["problem"]["dataset"],
        "class_names": tuple(about["class_names"]),
        "notes": tuple(about["notes"]),
        "task": task_of(about),
        "target_name": about.get("target_name", ""),
    }
    if about["base"] is not None:
        names = tuple(about["base"]["feature_names"])
        named["base"] = opened.data(about["base"]["fingerprint"], feature_names=names, **named)
        named["features"] = about["problem"]["features"]
    return Fixed(opened.data(about["fingerprint"], feature_names=tuple(about["feature_names"]), **named))
