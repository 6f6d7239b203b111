"""The statistics of a sweep, slow and obvious: the oracle of test_statistics.py.

Plain Python, exact fractions where that is possible, SciPy's own tests and intervals otherwise. Imports
nothing from the code under test.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Context
from fractions import Fraction
from typing import Any

import scipy.optimize
import scipy.stats

Row = dict[str, Any]


def significant(value: float, digits: int) -> float:
    """The float nearest to the decimal of `digits` digits nearest to `value`."""
    if value == 0 or not math.isfinite(value):
        return value
    exact = Context(prec=digits, rounding=ROUND_HALF_EVEN, Emin=-400, Emax=400).create_decimal(value)
    return float(exact)


def moments(values: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation (ddof 1), from exact fractions; nan where they do not exist."""
    exact = [Fraction(v) for v in values]
    if not exact:
        return math.nan, math.nan
    mean = sum(exact, Fraction(0)) / len(exact)
    if len(exact) == 1:
        return float(mean), math.nan
    variance = sum(((v - mean) ** 2 for v in exact), Fraction(0)) / (len(exact) - 1)
    # A square root with 60 digits: the variance itself may be outside the range of a float.
    context = Context(prec=60, Emin=-9999, Emax=9999)
    root = context.sqrt(context.divide(context.create_decimal(variance.numerator), variance.denominator))
    return float(mean), float(root)


def t_quantile(degrees: float) -> float:
    """The t that Student's t exceeds with probability 2.5 %.

    Solved for, because `scipy.stats.t.ppf` has only eight right digits in some versions of SciPy.
    """
    return float(scipy.optimize.brentq(lambda t: scipy.stats.t.sf(t, degrees) - 0.025, 1.0, 20.0, xtol=1e-15))


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Student's 95 % interval for the mean."""
    mean, std = moments(values)
    if len(values) < 2:
        return math.nan, math.nan
    half = t_quantile(len(values) - 1) * std / math.sqrt(len(values))
    return mean - half, mean + half


def is_tied(best: Mapping[int, Fraction], other: Mapping[int, Fraction], level: float) -> bool | None:
    """Whether a paired one-sided t-test at `level` fails to find `best` better; None: cannot be told."""
    shared = sorted(best.keys() & other.keys())
    if len(shared) < 2:
        return None
    differences = [best[s] - other[s] for s in shared]
    if len(set(differences)) == 1:
        return differences[0] <= 0
    test = scipy.stats.ttest_rel(
        [float(best[s]) for s in shared], [float(other[s]) for s in shared], alternative="greater"
    )
    return bool(test.pvalue >= level)


def summarize(rows: Sequence[Row], configuration: Sequence[str], problem: Sequence[str]) -> list[Row]:
    """One dictionary per configuration, numbers not rounded. Accuracies are k / n with n up to a million."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[c] for c in configuration), []).append(row)
    summary: list[Row] = []
    scores: list[dict[int, Fraction]] = []
    for key, members in groups.items():
        line: Row = dict(zip(configuration, key, strict=True))
        line["n_seeds"] = len(members)
        line["n_diverged"] = sum(m["status"] == "diverged" for m in members)
        line["n_failed"] = sum(m["status"] == "failed" for m in members)
        for name in ("test_accuracy", "train_accuracy", "cost"):
            values = [m[name] for m in members if m["status"] != "failed" and math.isfinite(m[name])]
            line[f"mean_{name}"], line[f"std_{name}"] = moments(values)
            line[f"ci_low_{name}"], line[f"ci_high_{name}"] = interval(values)
        summary.append(line)
        scores.append(
            {
                m["seed"]: Fraction(m["test_accuracy"]).limit_denominator(10**6)
                for m in members
                if m["status"] != "failed" and math.isfinite(m["test_accuracy"])
            }
        )
    means = [sum(s.values(), Fraction(0)) / len(s) if s else None for s in scores]
    for i, line in enumerate(summary):
        peers = [j for j, other in enumerate(summary) if all(other[c] == line[c] for c in problem)]
        ranked = [j for j in peers if means[j] is not None]
        line["rank_test_accuracy"] = (
            1 + sum(means[j] > means[i] for j in ranked) if means[i] is not None else None  # type: ignore[operator]
        )
        if not ranked:
            line["tied_with_best"] = None
            continue
        best = max(ranked, key=lambda j: (means[j], -j))
        tests = sum(len(scores[j].keys() & scores[best].keys()) >= 2 for j in peers if j != best)
        line["tied_with_best"] = True if i == best else is_tied(scores[best], scores[i], 0.05 / max(tests, 1))
    return summary
