"""Which configurations are out, and which are within a margin of the best: decisions that hold at every look.

Replicates are added until it is decided, so the data are looked at again and again. Tests for a fixed number of
replicates would be wrong too often; e-processes are not. An e-process is the capital of a gambler who bets against a
hypothesis, at odds that are fair or worse if it is true. Then the capital, 1 at the start, ever reaches 20 with a
probability of at most 1 / 20, whenever one stops (Ville's inequality).

- Against "b is the best": at every replicate before which b is behind, a bet on the difference of the leader to b. b
  is out when this capital reaches 1 / level. Only what is truly best can be ruled out wrongly, so nothing is paid for
  the number of configurations.
- Against "c is better than b by the margin or more": bets on margin - (c - b). b is within the margin when, for every
  c that is not out, this has reached (k - 1) / level at some time. For the truly best c that is wrong for any b at all
  with a probability of at most the level.

A bet on a difference d multiplies a capital by

    symmetric   1 + S tanh(l d)    at most 1 on average if d is symmetric about a mean <= 0: tanh is odd and rises
    bounded     1 + S l d          0 <= l <= 1: at most 1 on average for every d within [-1, 1] of a mean <= 0

with S = 0.95 and l from earlier replicates. docs/races.md has the proofs and simulations.

All decisions follow from the scores, replicate by replicate, by IEEE arithmetic and sums in the order of the
replicates: they are the same on every machine, and a longer race continues a shorter one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planar_core.choices import METRICS, Metric
from planar_core.elementary import evaluate

SYMMETRIC, BOUNDED = "symmetric", "bounded"
MODES = (SYMMETRIC, BOUNDED)
LEVEL = 0.05
FIRST_ROUND = 6  # replicates
IN_UNITS_OF_TARGET = ("rmse", "mae")  # metrics
STAKED = 0.95  # the largest part of a capital that one bet can lose
SIZES = (0.125, 0.25, 0.5, 1.0, 2.0)  # l times the mean absolute difference: an equal part of the capital bets on each
# l times the mean square over the margin, in the same way: 1 is best for equal configurations. Larger ones decide
# earlier where rare bad runs make up the mean square, and are wrong there more often: this is not symmetric.
SHARES = (0.5, 1.0)
FEWEST_FOR_MARGIN = 3  # earlier replicates that show the mean square
MOST_PAIRED = 1000  # configurations that are left: comparing all pairs takes the time and memory of their square
PER_UNIT = 1e12  # scores are rounded to that many parts of one: 0.9 - 0.8 and 0.8 - 0.7 are not two numbers
LARGEST = 2.0**30  # larger scores, as of diverged runs, are clipped

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Decisions:
    """The state of a race of k configurations after T replicates.

    out_after: (k,), int64: the replicate, counted from 1, at which each was ruled out; 0: it is not
    within_after: (k,), int64: the replicate from which on each was within the margin of the best; 0: it is not known
        to be, or it was out before
    e_values: (T, k), float64: against "it is the best" after each replicate; constant from out_after on
    decided_after: the first replicate at which each was out or within the margin; 0: some are open
    """

    out_after: Integers
    within_after: Integers
    e_values: Floats
    decided_after: int

    @property
    def is_open(self) -> npt.NDArray[np.bool_]:
        """(k,): neither out nor within the margin."""
        undecided: npt.NDArray[np.bool_] = (self.out_after == 0) & (self.within_after == 0)
        return undecided

    @property
    def survivors(self) -> Integers:
        """(T,): how many are not out after each replicate."""
        at = np.arange(1, len(self.e_values) + 1)[:, np.newaxis]
        left: Integers = ((self.out_after == 0) | (self.out_after > at)).sum(axis=1, dtype=np.int64)
        return left

    @property
    def trained(self) -> Integers:
        """(k,): how many replicates each was trained for: those of the rounds up to the one in which it was out."""
        n = len(self.e_values)
        ends = np.array(rounds(n), np.int64)
        until: Integers = ends[np.searchsorted(ends, np.where(self.out_after > 0, self.out_after, n))]
        return until


def mode_of(metric: Metric, exact: bool) -> str:
    """The mode of a race for a metric. Raises ValueError for the exact one of a metric that is not within 0 and 1."""
    if exact and metric.limits != (0.0, 1.0):
        within = ", ".join(name for name, each in METRICS.items() if each.limits == (0.0, 1.0))
        raise ValueError(f"exact: expected a metric from 0 to 1 ({within}), got {metric.name}")
    return BOUNDED if exact else SYMMETRIC


def scores_of(values: npt.ArrayLike, metric: Metric, deviation: float = 1.0) -> Floats:
    """The scores of a race, (seeds, configurations), from the values of a metric, (seeds, folds, configurations).

    Larger scores are better, and in the units of the margin: the metric itself, or for an error in units of the target
    that divided by the target's standard deviation. The folds of a seed are not independent: their mean is one
    replicate. It is nan, and so failed, if the value of any fold is.
    """
    values = np.asarray(values, np.float64)
    if values.ndim != 3 or values.shape[1] < 1:
        raise ValueError(f"values: expected seeds x folds x configurations, got the shape {values.shape}")
    unit = deviation if metric.name in IN_UNITS_OF_TARGET else 1.0
    if not 0 < unit < np.inf:
        raise ValueError(f"deviation: expected a number above 0, got {deviation}")
    means: Floats = _in_order(values, axis=1) / values.shape[1] / unit
    return means if metric.larger_is_better else -means


def rounds(most: int) -> list[int]:
    """The number of replicates after each round: 6, then a quarter more each time, rounded up, and at last `most`."""
    if most < 1:
        raise ValueError(f"most: expected 1 replicate or more, got {most}")
    ends = [min(FIRST_ROUND, most)]
    while ends[-1] < most:
        ends.append(min(ends[-1] + -(-ends[-1] // 4), most))
    return ends


def decide(
    scores: npt.ArrayLike, margin: float, mode: str = SYMMETRIC, level: float = LEVEL, most_paired: int = MOST_PAIRED
) -> Decisions:
    """The decisions after the replicates in `scores`, (replicates, configurations), of which larger ones are better.

    Rows are replicates in order. Where a configuration is out, its further scores do not matter: any number, or nan.
    Otherwise a score that is not finite is a failed run. It counts as worse than every finished one; in the bounded
    mode as 0, the worst there is. So failing never helps, and what always fails is soon out.

    margin: from 0 to 1, in the units of the scores, in which differences should mostly be below 1. With 0, nothing is
        within it, and the race ends with one configuration or never.
    mode: "symmetric", or "bounded", which takes scores from 0 to 1
    level: the probability with which the truly best configuration may ever be ruled out, and the further one with
        which any other that is left may be wrongly within the margin
    most_paired: nothing is compared with the margin while more configurations than that are left

    Raises ValueError for another shape, mode, margin or level, and in the bounded mode for scores beyond 0 and 1.
    """
    scores = np.asarray(scores, np.float64)
    if scores.ndim != 2 or min(scores.shape) < 1:
        raise ValueError(f"scores: expected replicates x configurations, got the shape {scores.shape}")
    if not 0 <= margin <= 1:
        raise ValueError(f"margin: expected a number from 0 to 1, got {margin}")
    n, k = scores.shape
    out_after, e_values = ruled_out(scores, mode, level)
    never = n + 1
    out = np.where(out_after > 0, out_after, never)
    # The first replicate after which few enough are left, and one before which no e-process of a pair can have passed.
    first = next((t for t in range(1, never) if k <= most_paired or (out > t).sum() <= most_paired), never)
    threshold = max(k - 1, 1) / level
    (paired,) = np.nonzero(out > max(first, _earliest(threshold, margin)))
    settled = np.tile(out, (k, 1))  # nothing is open between b and c from where c was out, or their e-process passed
    if len(paired):
        passed = passed_after(scores[:, paired], margin, threshold, mode, level)
        of_pairs = np.where(passed > 0, np.minimum(passed, out[paired]), out[paired])
        settled[np.ix_(paired, paired)] = of_pairs
    np.fill_diagonal(settled, first)
    within = np.maximum(settled.max(axis=1), first)
    within = np.where(within < out, within, never)
    decided = int(np.minimum(out, within).max())
    return Decisions(out_after, np.where(within < never, within, 0), e_values, decided if decided < never else 0)


def ruled_out(scores: npt.ArrayLike, mode: str = SYMMETRIC, level: float = LEVEL) -> tuple[Integers, Floats]:
    """After which replicate each configuration is ruled out (0: it is not), and the e-values after each replicate.

    scores: (replicates, ..., configurations), as in `decide`; each place on the axes between is a race of its own.
    Returns arrays of the shapes (..., configurations) and (replicates, ..., configurations).
    """
    x = _races(scores, mode, level)
    n, races, k = x.shape
    each, leader = np.arange(races), np.full(races, -1)
    total, failures = np.zeros((races, k)), np.zeros((races, k), np.int64)
    seen = np.zeros((1 if mode == SYMMETRIC else 2, races, k))  # of the differences of the present leader to each
    capital = np.ones((len(SIZES) if mode == SYMMETRIC else 1, races, k))
    e, history, out_after = np.ones((races, k)), np.empty(x.shape), np.zeros((races, k), np.int64)
    for t in range(n):
        if t > 0:
            before, leader = leader, _leaders(total, failures, out_after > 0)
            new = np.flatnonzero(leader != before)
            seen[:, new] = _in_order(_seen(_difference(x[:t, new, leader[new], np.newaxis], x[:t, new]), mode), axis=1)
            most, fewest = total[each, leader, np.newaxis], failures[each, leader, np.newaxis]
            bets = ((failures > fewest) | ((failures == fewest) & (total < most))) & (out_after == 0)
            d = _difference(x[t, each, leader, np.newaxis], x[t])
            np.multiply(capital, _factors(d, seen, t, mode), out=capital, where=bets)
            e = np.where(bets, _in_order(capital) / len(capital), e)
            out_after[bets & (e >= 1.0 / level)] = t + 1
            seen += _seen(d, mode)
        history[t] = e
        failed = np.isneginf(x[t])
        total += np.where(failed, 0.0, x[t])
        failures += failed
    shape = np.shape(scores)
    return out_after.reshape(shape[1:]), history.reshape(shape)


def passed_after(
    scores: npt.ArrayLike, margin: float, threshold: float, mode: str = SYMMETRIC, level: float = LEVEL
) -> Integers:
    """After which replicate the e-process against "c is better than b by the margin or more" passes (0: it does not).

    scores: as in `ruled_out`; threshold: what it has to reach. Returns an array of the shape (..., b, c).
    """
    x = _races(scores, mode, level)
    n, races, k = x.shape
    passed = np.zeros((races, k, k), np.int64)
    capital = np.ones((len(SHARES) if mode == SYMMETRIC else 1, races, k, k))
    seen = np.zeros((1 if mode == SYMMETRIC else 2, races, k, k))
    for t in range(n if margin > 0 else 0):
        d = margin + _difference(x[t, :, :, np.newaxis], x[t, :, np.newaxis, :])
        if t >= FEWEST_FOR_MARGIN:
            np.multiply(capital, _factors_for_margin(d, seen, t, margin, mode), out=capital, where=passed == 0)
            passed[(_in_order(capital) / len(capital) >= threshold) & (passed == 0)] = t + 1
        seen += _seen(d, mode) if mode == BOUNDED else np.square(np.minimum(np.abs(d), 1.0))
    shape = np.shape(scores)[1:]
    return passed.reshape(*shape, shape[-1])


def _races(scores: npt.ArrayLike, mode: str, level: float) -> Floats:
    """The scores as (replicates, races, configurations), in units of 1e-12; failed runs as -inf, or 0 if bounded.

    Sums and differences of these integers are exact: what is equal as decimals is equal. Huge ones are clipped.
    """
    x = np.asarray(scores, np.float64)
    if mode not in MODES:
        raise ValueError(f"mode: expected {' or '.join(MODES)}, got {mode!r}")
    if not 0 < level < 1:
        raise ValueError(f"level: expected a probability between 0 and 1, got {level}")
    finite = np.isfinite(x)
    if mode == BOUNDED and ((x < 0) | (x > 1))[finite].any():
        raise ValueError("scores: expected numbers from 0 to 1 in the bounded mode")
    whole = np.rint(np.clip(np.where(finite, x, 0.0), -LARGEST, LARGEST) * PER_UNIT)
    races: Floats = np.where(finite, whole, 0.0 if mode == BOUNDED else -np.inf).reshape(len(x), -1, x.shape[-1])
    return races


def _earliest(threshold: float, margin: float) -> int:
    """A number of replicates after which no e-process of a pair can have reached the threshold."""
    n, capital = FEWEST_FOR_MARGIN, 1.0
    while capital * (1.0 + STAKED * (1.0 + margin)) < threshold:
        n, capital = n + 1, capital * (1.0 + STAKED * (1.0 + margin))
    return n


def _leaders(total: Floats, failures: Integers, out: npt.NDArray[np.bool_]) -> Integers:
    """Of each race, among those that are not out: the largest total of the fewest failures; the first of equals."""
    fewest = np.where(out, np.iinfo(np.int64).max, failures)
    may = ~out & (fewest == fewest.min(axis=1, keepdims=True))
    leaders: Integers = np.where(may, total, -np.inf).argmax(axis=1)
    return leaders


def _difference(x: Floats, y: Floats) -> Floats:
    """x - y in units of the scores; of two failed runs 0."""
    with np.errstate(invalid="ignore"):
        d = x - y
    d /= PER_UNIT
    d[np.isnan(d)] = 0.0
    return d


def _seen(d: Floats, mode: str) -> Floats:
    """What the size of later bets follows from: (1 or 2, ...) terms, whose sums are taken over the replicates."""
    # Without bounds a difference above 1 counts as 1: one run that failed or diverged says nothing of the others.
    return np.stack([d, d * d]) if mode == BOUNDED else np.minimum(np.abs(d), 1.0)[np.newaxis]


def _factors(d: Floats, seen: Floats, n: int, mode: str) -> Floats:
    """By what the bets on `d` multiply each part of a capital, given the sums over n earlier replicates."""
    if mode == BOUNDED:
        return _bounded(d, seen, n)
    scale = np.where(seen[0] > 0, seen[0] / n, np.inf)  # no bet where all earlier differences are 0
    return _symmetric(d, np.stack([size / scale for size in SIZES]))


def _factors_for_margin(d: Floats, seen: Floats, n: int, margin: float, mode: str) -> Floats:
    if mode == BOUNDED:
        return _bounded(d, seen, n)
    # A little more than the mean square, which of few differences may be small by chance.
    square = np.where(seen[0] > 0, seen[0] / (n - FEWEST_FOR_MARGIN + 1.0), np.inf)
    return _symmetric(d, np.stack([share * margin / square for share in SHARES]))


def _symmetric(d: Floats, size: Floats) -> Floats:
    # 0 inf would be nan
    factors = evaluate("tanh", size * (d if np.isfinite(d).all() else np.where(size > 0, d, 0.0)))
    factors *= STAKED
    factors += 1.0
    return factors.astype(np.float64, copy=False)


def _bounded(d: Floats, seen: Floats, n: int) -> Floats:
    """(1, ...) factors. Mean over mean square is best for small differences; a little less, as few have lucky means."""
    best = seen[0] / np.where(seen[1] > 0, seen[1], np.inf) * (n / (n + 1.0))
    factors: Floats = (1.0 + STAKED * np.minimum(np.maximum(best, 0.0), 1.0) * d)[np.newaxis]
    return factors


def _in_order(values: Floats, axis: int = 0) -> Floats:
    """The sum over an axis, term after term: `sum` leaves the order to NumPy. The axis has at least one term."""
    first, *others = np.moveaxis(values, axis, 0)
    total: Floats = first.copy()
    for term in others:
        total += term
    return total
