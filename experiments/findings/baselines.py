"""Comparison of the best configuration with the baselines: the difference and its confidence interval."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from experiments.tables.baselines import KINDS, constant_name
from experiments.tables.statistics import interval_of_mean, significant
from experiments.tables.tables import Tables
from experiments.tables.words import difference, is_percentage, said


def comparisons(tables: Tables, best: pd.Series, position: int) -> dict[str, Any] | None:
    """The best configuration of a problem compared with its baselines, as plain values; None without baselines.

    ``position`` is that of the row ``best`` in the summary.
    For each baseline: its mean ``test`` metric, and the paired ``difference`` over the replicates with the ends of its
    95 % interval, positive if the network is better.
    """
    about = tables.about_of(best)
    found = about.get("baselines")
    if not found:
        return None
    scores = tables.scores_of(position)
    compared: dict[str, Any] = {"answer": found["answer"]}
    for kind in KINDS:
        values = np.array([np.nan if value is None else value for value in found[kind]])
        paired = scores - values[0] if len(values) == 1 else scores[: len(values)] - values
        sign = 1.0 if tables.larger_is_better else -1.0
        mean, low, high = interval_of_mean(sign * paired, tables.test_share(about))
        compared[kind] = {
            "test": _plain(np.mean(values)),
            "difference": _plain(mean),
            "ci_low": _plain(low),
            "ci_high": _plain(high),
        }
    return compared


def _plain(value: Any) -> float | None:
    return float(significant(value)) if np.isfinite(value) else None


def compared_in_words(found: Mapping[str, Any], metric: str) -> Iterator[str]:
    """``Better than always predicting 'no' (73.7 %) by 19.6 percentage points [18.2, 21.0], ...``."""
    names = {"constant": constant_name(found["answer"], metric), "linear": "a linear model"}
    better, other = [], []
    for kind in KINDS:
        about = found[kind]
        if about["test"] is None or about["difference"] is None:
            continue
        named = f"{names[kind]} ({said(metric, about['test'], is_labelled=False)})"
        if about["ci_low"] is None:
            by = "better" if about["difference"] > 0 else "no better"
            other.append(f"With one replicate, {by} than {named}.")
        elif about["ci_low"] > 0:
            interval = f"[{difference(metric, about['ci_low'])}, {difference(metric, about['ci_high'])}]"
            better.append(f"{named} by {difference(metric, about['difference'])}{_points(metric)} {interval}")
        elif about["ci_high"] < 0:
            other.append(f"Worse than {named}.")
        elif kind == "constant":
            other.append(f"No better than {named}: nothing was learned.")
        else:
            other.append(f"No better than {named}.")
    if better:
        yield f"Better than {', and than '.join(better)}."
    yield from other


def _points(metric: str) -> str:
    return " percentage points" if is_percentage(metric) else ""
