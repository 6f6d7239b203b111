"""A race, slow and obvious: the oracle of test_race.py. Plain Python, and nothing of the code under test."""

from __future__ import annotations

import math
from collections.abc import Sequence

Scores = Sequence[Sequence[float]]  # of each replicate, of each configuration; below in units of 1e-12


def difference(x: float, y: float) -> float:
    """x - y; one that failed is infinitely worse, and as bad as another that did."""
    return 0.0 if x == y else (x - y) / 1e12


def as_scores(scores: Scores, mode: str) -> list[list[float]]:
    """The scores in units of 1e-12, mostly integers, with what a failed run counts as."""
    worst = {"symmetric": -math.inf, "bounded": 0}[mode]
    return [[round(x * 1e12) if math.isfinite(x) else worst for x in row] for row in scores]


def bounded_factor(past: Sequence[float], d: float) -> float:
    """The growth of a capital that bets on d, given the earlier differences."""
    if not any(past):
        return 1.0
    size = sum(past) / sum(p * p for p in past) * len(past) / (len(past) + 1)
    return 1.0 + 0.95 * min(max(size, 0.0), 1.0) * d


def against_being_best(scores: Scores, mode: str, level: float = 0.05) -> tuple[list[int], list[list[float]]]:
    """After which replicate each is out (0: never), and the e-values after each replicate."""
    scores = as_scores(scores, mode)
    k = len(scores[0])
    sizes = [1 / 8, 1 / 4, 1 / 2, 1, 2] if mode == "symmetric" else [math.nan]
    capital = [[1.0 for _ in sizes] for _ in range(k)]
    out, history = [0] * k, []
    for t, row in enumerate(scores):
        earlier = scores[:t]

        def standing(c: int, earlier: Scores = earlier) -> tuple[int, float]:
            of_c = [x[c] for x in earlier]
            return -of_c.count(-math.inf), sum(x for x in of_c if x > -math.inf)

        left = [c for c in range(k) if not out[c]]
        leader = max(left, key=standing)  # the first of equals
        for b in left:
            if t == 0 or standing(b) == standing(leader):
                continue
            past = [difference(x[leader], x[b]) for x in earlier]
            d = difference(row[leader], row[b])
            for i, size in enumerate(sizes):
                if mode == "bounded":
                    capital[b][i] *= bounded_factor(past, d)
                elif any(past):
                    scale = sum(min(abs(p), 1.0) for p in past) / t
                    capital[b][i] *= 1.0 + 0.95 * math.tanh(size / scale * d)
            if sum(capital[b]) / len(sizes) >= 1 / level:
                out[b] = t + 1
        history.append([sum(parts) / len(sizes) for parts in capital])
    return out, history


def against_a_margin(scores: Scores, b: int, c: int, margin: float, mode: str) -> list[float]:
    """The e-values against "c is better than b by the margin or more" after each replicate."""
    scores = as_scores(scores, mode)
    d = [margin + difference(row[b], row[c]) for row in scores]
    shares = [1 / 2, 1] if mode == "symmetric" else [math.nan]
    capital, history = [1.0 for _ in shares], []
    for t in range(len(d)):
        past = d[:t]
        if t >= 3 and margin > 0:
            for i, share in enumerate(shares):
                if mode == "bounded":
                    capital[i] *= bounded_factor(past, d[t])
                elif any(past):
                    square = sum(min(p * p, 1.0) for p in past) / (t - 2)
                    capital[i] *= 1.0 + 0.95 * math.tanh(share * margin / square * d[t])
        history.append(sum(capital) / len(shares))
    return history


def race(scores: Scores, margin: float, mode: str, level: float = 0.05) -> tuple[list[int], list[int], int]:
    """Of each, after which replicate it is out and from which on within the margin; and from when all are either."""
    out, _ = against_being_best(scores, mode, level)
    n, k = len(scores), len(scores[0])
    within = [0] * k
    for b in range(k):
        evidence = {c: against_a_margin(scores, b, c, margin, mode) for c in range(k) if c != b}
        for t in range(1, n + 1):
            if 0 < out[b] <= t:
                break
            rivals = [c for c in evidence if not 0 < out[c] <= t]
            if all(max(evidence[c][:t]) >= (k - 1) / level for c in rivals):
                within[b] = t
                break
    decided = [t for t in range(1, n + 1) if all(0 < out[b] <= t or 0 < within[b] <= t for b in range(k))]
    return out, within, min(decided, default=0)
