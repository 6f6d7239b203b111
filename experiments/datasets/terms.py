"""Data with features computed from their inputs."""

from __future__ import annotations

from dataclasses import replace

from experiments.datasets.data import Data, DataError
from experiments.datasets.features import compute
from experiments.knobs.features import parse, standard_form
from experiments.text import quoted


def computed(data: Data, features: str, named: bool) -> Data:
    """Return the data with features computed from their inputs, named after the inputs if `named`."""
    try:
        terms = parse(features)
    except ValueError as error:
        raise DataError(f"features: expected {error}, got {quoted(features)}") from None
    if not terms:
        return data
    inputs = len(data.feature_names)
    last = max(i for term in terms for i in term.inputs)
    if last > inputs:
        range_ = f"x1 to x{inputs}, the inputs" if inputs > 1 else "x1, the only input"
        raise DataError(f"features: expected {range_} of {data.name!r}, got x{last} in {quoted(features)}")
    return replace(
        data,
        X=compute(terms, data.X),
        X_test=compute(terms, data.X_test),
        feature_names=tuple(term.named(data.feature_names) if named else str(term) for term in terms),
        features=standard_form(features),
        base=data,
    )
