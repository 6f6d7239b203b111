"""The statistics of a sweep, slow and obvious: the oracle of test_statistics.py.

Plain Python, exact fractions where that is possible, SciPy's own tests and intervals otherwise. Imports
nothing from the code under test.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
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


def moments(values: Iterable[float | Fraction]) -> tuple[float, float]:
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


def critical_t(degrees: float, tail: float) -> float:
    """The t that Student's t exceeds with probability `tail`."""
    return float(scipy.optimize.brentq(lambda t: scipy.stats.t.sf(t, degrees) - tail, 0.0, 1e6, xtol=1e-13, rtol=1e-14))


def median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else math.nan


def interquartile_mean(values: Sequence[float]) -> float:
    return float(scipy.stats.trim_mean(values, 0.25)) if values else math.nan


def entropy(counts: Sequence[int]) -> float:
    """Of the shares of classes, in nats."""
    return float(scipy.stats.entropy(counts))


def flips(seeds: Sequence[int]) -> list[dict[int, int]]:
    """Signs by seed: the 256 sequences of bits s with s[t + 8] = s[t + 4] + s[t + 3] + s[t + 2] + s[t] modulo 2."""
    patterns = []
    for start in itertools.product((0, 1), repeat=8):
        bits = list(start)
        while len(bits) < len(seeds):
            bits.append((bits[-4] + bits[-5] + bits[-6] + bits[-8]) % 2)
        patterns.append({seed: 1 - 2 * bit for seed, bit in zip(seeds, bits, strict=False)})
    return patterns


def shortfall(
    i: int, best: int, scores: Sequence[Mapping[int, Fraction]], peers: Sequence[int], seeds: Sequence[int]
) -> tuple[float, float, float]:
    """How much better the best-looking configuration is than i, and bounds for the truly best; nan: cannot be told."""
    differences = {}
    for j in peers:
        shared = sorted(scores[i].keys() & scores[j].keys())
        differences[j] = {s: scores[j][s] - scores[i][s] for s in shared}
    difference = moments(differences[best].values())[0]
    tests = [j for j in peers if j != i and len(differences[j]) >= 2]
    if not tests or (best != i and best not in tests):
        return difference, math.nan, math.nan
    z_critical = None
    if len(scores[i].keys() & scores[best].keys()) >= 6:
        maxima = []
        for pattern in flips(seeds):
            z = [0.0]
            for j in tests:
                length = math.sqrt(sum(d * d for d in differences[j].values()))
                if length > 0:
                    z.append(math.fsum(pattern[s] * float(d) for s, d in differences[j].items()) / length)
            maxima.append(max(z))
        z_critical = sorted(maxima)[-13] + 1e-9  # 12 of 256 are less than 5 %
    low, high = -math.inf, -math.inf
    for j in tests:
        n = len(differences[j])
        mean, std = moments(differences[j].values())
        if z_critical is None:
            t = critical_t(n - 1, 0.05 / len(tests))
        else:
            t = z_critical * math.sqrt((n - 1) / (n - z_critical**2)) if n > z_critical**2 else math.inf
        if t < math.inf:
            low = max(low, mean - t * std / math.sqrt(n))
        high = max(high, mean + critical_t(n - 1, 0.05) * std / math.sqrt(n))
    return difference, 0.0 if i == best else max(low, 0.0), max(high, 0.0)


def summarize(
    rows: Sequence[Row], configuration: Sequence[str], problem: Sequence[str], constant_cost: float
) -> list[Row]:
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
        line["n_stuck"] = sum(m["status"] == "ok" and m["cost"] >= constant_cost - 1e-6 for m in members)
        for name in ("test_accuracy", "train_accuracy", "cost"):
            values = [m[name] for m in members if m["status"] != "failed" and math.isfinite(m[name])]
            line[f"mean_{name}"], line[f"std_{name}"] = moments(values)
            line[f"ci_low_{name}"], line[f"ci_high_{name}"] = interval(values)
            line[f"median_{name}"], line[f"iqm_{name}"] = median(values), interquartile_mean(values)
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
        line["tied_with_best"] = None
        line["difference_to_best"], line["difference_ci_low"], line["difference_ci_high"] = 3 * (math.nan,)
        if not ranked:
            continue
        best = max(ranked, key=lambda j: (means[j], -j))
        found = shortfall(i, best, scores, peers, sorted({row["seed"] for row in rows}))
        line["difference_to_best"], line["difference_ci_low"], line["difference_ci_high"] = found
        if i == best:
            line["tied_with_best"] = True
        elif not math.isnan(found[1]):
            line["tied_with_best"] = found[1] == 0
    return summary
