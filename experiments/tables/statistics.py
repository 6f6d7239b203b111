"""Statistics over replicates: means, intervals, ranks and ties. Pure functions on tables.

Seeds are replicates: a configuration is judged by its mean over seeds, with the uncertainty of that mean, and
the best configuration of a problem is reported together with those that are tied with it.

The same runs give the same bytes on every machine: sums are IEEE additions in the order of the seeds; the results
of special functions are rounded before they are used; and every statistic is rounded to 9 significant digits before
ranks and the best are determined. docs/statistics.md describes the methods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.store.store import STATUSES
from planar_core.comparisons import PATTERNS, PER_UNIT, bounds, bounds_of_many, codes, count_comparisons
from planar_core.elementary import evaluate

DIGITS = 9
TAIL = 0.025  # beyond each end of a 95 % interval
FAMILY_LEVEL = 0.05  # of all comparisons of one configuration with others together
SEEDS = ("seed",)
CONSTANT_COST = "constant_cost"  # of each run: the cost of the best constant prediction
ACCURACIES = ("test_accuracy", "train_accuracy", "cost")  # what is summarized by default; the first ranks
RANK = "rank_"  # and the measure that ranks: the name of a column
STUCK_MARGIN = 1e-6  # in nats: the rounding of float32
TARGET_SHARE = 0.95  # of the way from a constant prediction to the best configuration: the target of learning
_FARTHEST = 2.0**30  # as a score in units of the best configuration
_ROWS = 2**16  # runs that are summed up at once: there may be millions
FEWEST_FLIPPED = 6  # seeds in common with the best: 5 seeds have only 32 sign patterns, too few for a level of 5 %
MOST_FLIPPED = 1000  # configurations of a problem: the time grows with their square, to some seconds
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

# From 10^0 to 10^22 they are exact in float64, so one multiplication or division by them rounds once.
_POWERS = np.array([float(f"1e{k}") for k in range(-22, 23)])
_ONE = 22  # where 10^0 is


def summarize(
    runs: pd.DataFrame,
    configuration: Sequence[str],
    problem: Sequence[str],
    constant_cost: npt.ArrayLike = np.inf,
    *,
    measures: Sequence[str] = ACCURACIES,
    larger_is_better: bool = True,
    replicates: Sequence[str] = SEEDS,
    test_share: npt.ArrayLike | None = None,
) -> pd.DataFrame:
    """Statistics of each configuration over its seeds, or other replicates.

    `runs` has one row per run: the `configuration` columns, the `replicates` (seed; seed and fold), status (ok,
    diverged, failed), cost, and the `measures`. `configuration` names the identifying columns without the replicate,
    `problem` those of them that name the problem. Other columns and the order of the rows do not matter.
    `constant_cost`, per run or one for all, is the cost of the best constant prediction: see the function of that name.
    The first of the `measures` ranks, such as test_auc or, with `larger_is_better=False`, test_rmse. It is called
    test_accuracy below; in the names of columns its own name is used.

    `test_share`, per run or one for all, is n_test / n_train if the training parts of replicates overlap: several
    splits of one table, or folds. Standard errors then carry the correction of Nadeau and Bengio (2003) for the
    resampled t: std sqrt(1 / n) becomes std sqrt(1 / n + test_share), and critical differences are multiplied by
    sqrt(1 + n test_share). Within a problem the largest share is used. None: no correction.

    Returns one row per configuration, in order of first appearance: its columns; n_seeds (as requested) and, if
    replicates are not just seeds, n_replicates; n_diverged, n_failed, n_stuck (finished, but no better than the best
    constant prediction, with a margin of 1e-6 for the rounding of float32); mean_M, std_M (ddof 1), ci_low_M,
    ci_high_M, median_M and iqm_M for each M of the measures, by default test_accuracy, train_accuracy, cost; and
    rank_test_accuracy, tied_with_best, difference_to_best, difference_ci_low and difference_ci_high.
    Diverged runs are included with their last finite numbers; failed runs and numbers that are not finite are excluded.
    The 95 % interval of the mean is Student's t, mean -+ t(0.975, n - 1) std / sqrt(n), not truncated at 0 or 1. iqm is
    the interquartile mean, without the floor(n / 4) smallest and largest values (`scipy.stats.trim_mean(x, 0.25)`).
    Without a number, mean, median and iqm are nan; with fewer than two, the others are.

    Ranks (Int64, 1 = highest mean test accuracy) and ties (boolean) are within one problem. Equal means share the
    smaller rank; without a mean the rank is NA. Statistics are rounded to 9 significant digits (see `significant`)
    before they are ranked, so that ranks do not depend on the CPU's order of summation.

    `difference_to_best`: the mean difference in test accuracy between the best configuration (the first, if several
    share rank 1) and this one, over the replicates that both have. `difference_ci_low` and `difference_ci_high` bound
    the amount, 0 or more, by which the truly best configuration exceeds this one; each bound holds in 95 % of sweeps.
    The lower one is Hsu's multiple comparison with the best (MCB), by Westfall and Young's max-T with sign flips
    (`planar_core.comparisons`); with fewer than 6 replicates, or more than 1,000 configurations, Student's t with
    Bonferroni's correction. The upper one is the largest upper end of all one-sided paired t-intervals.
    `tied_with_best`: whether difference_ci_low is 0. With fewer than two replicates in common with the best these are
    nan and NA, but the best is tied with itself. Without an upper bound, where a value is 2^30 times those of the best
    or more, as in runs that diverge, difference_ci_high is nan. See docs/statistics.md.

    Raises ValueError for a missing column, an unknown status, a run that appears twice, or a share below 0.
    """
    configuration, problem, replicates = list(configuration), list(problem), list(replicates)
    measures = list(dict.fromkeys(measures))
    _check(runs, configuration, problem, replicates, measures)
    seeds = _codes(runs, replicates, sort=True)
    # In the order of the seeds, whatever the order of the rows: sums depend on the order in the last bit.
    order = np.argsort(seeds, kind="stable")
    all_groups = _codes(runs, configuration)
    group, seed = all_groups[order], seeds[order]
    n_groups = _count(group)
    twice = order[pd.Index(group * _count(seed) + seed).duplicated()]
    if len(twice):
        example = runs[[*configuration, *replicates]].iloc[twice[0]].to_dict()
        raise ValueError(f"expected one row per configuration and {' and '.join(replicates)}, got {example} twice")

    first_rows = np.unique(all_groups, return_index=True)[1]
    summary = runs[configuration].iloc[first_rows].reset_index(drop=True)
    if replicates == list(SEEDS):
        summary["n_seeds"] = np.bincount(group, minlength=n_groups)
    else:
        different = ~runs.duplicated([*configuration, "seed"]).to_numpy(dtype=bool)
        summary["n_seeds"] = np.bincount(all_groups[different], minlength=n_groups)
        summary["n_replicates"] = np.bincount(group, minlength=n_groups)
    constant = np.broadcast_to(np.asarray(constant_cost, np.float64), len(runs))
    statuses = pd.Categorical(runs["status"], STATUSES).codes[order]

    def column_of(name: str) -> Floats:
        found = constant if name == CONSTANT_COST else runs[name].to_numpy(dtype=np.float64, na_value=np.nan)
        return found[order]

    of_groups = statistics_of(statuses, column_of, measures, group, n_groups)
    scores = np.full((n_groups, _count(seed)), np.nan)
    scores[group, seed] = without_failed(column_of(measures[0]), statuses)
    share = _largest_share(test_share, all_groups, n_groups)
    return compared(summary, of_groups, scores, measures, problem, share, larger_is_better)


def statistics_of(
    statuses: npt.NDArray[np.int8],
    column_of: Callable[[str], Floats],
    measures: Sequence[str],
    group: Codes,
    n_groups: int,
) -> dict[str, npt.NDArray[Any]]:
    """What `compared` needs to know of each configuration, (configurations,) each, from its runs.

    `statuses` are positions in STATUSES; `column_of` gives a new array with a measure of each run, cost, or
    CONSTANT_COST, when it is needed: of a million runs, all at once would take much memory. The rows of a
    configuration, `group`, are in the order of the replicates; configurations can be added in parts.
    """
    found: dict[str, npt.NDArray[Any]] = {
        f"n_{name}": np.bincount(group[statuses == STATUSES.index(name)], minlength=n_groups)
        for name in ("diverged", "failed")
    }
    margin = column_of(CONSTANT_COST)
    margin -= STUCK_MARGIN
    stuck = (column_of("cost") >= margin) & (statuses == STATUSES.index("ok"))
    del margin
    found["n_stuck"] = np.bincount(group[stuck], minlength=n_groups)
    for name in measures:
        values = without_failed(column_of(name), statuses)
        moments, robust = _moments(values, group, n_groups), _robust(values, group, n_groups)
        for statistic, value in zip(("n", "mean", "std", "median", "iqm"), (*moments, *robust), strict=True):
            found[f"{statistic}_{name}"] = value
    return found


def scores_of(runs: pd.DataFrame, measure: str) -> Floats:
    """A measure of each run of a table; nan for failed ones."""
    values = runs[measure].to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(runs["status"].eq("failed").to_numpy(dtype=bool), np.nan, values)


def without_failed(values: Floats, statuses: npt.NDArray[np.int8]) -> Floats:
    """A measure of each run, in which that of failed ones becomes nan."""
    values[statuses == STATUSES.index("failed")] = np.nan
    return values


def compared(
    summary: pd.DataFrame,
    of_groups: dict[str, npt.NDArray[Any]],
    scores: Floats,
    measures: Sequence[str],
    problem: Sequence[str],
    test_share: Floats,
    larger_is_better: bool,
    is_out: npt.NDArray[np.bool_] | None = None,
) -> pd.DataFrame:
    """The table of `summarize`: `summary` has its first columns and gets the others.

    `of_groups` comes from `statistics_of`, and loses what is used, since there may be a million configurations;
    `scores`, (configurations, replicates), has the ranking measure of each run and is overwritten; `test_share` is that
    of each configuration. What a race has ruled out, `is_out`, ranks behind all others and is not tied with the best.
    """
    n_groups = len(summary)
    problem_of = _codes(summary, problem)
    for name in ("n_diverged", "n_failed", "n_stuck"):
        summary[name] = of_groups.pop(name)
    largest = np.zeros(_count(problem_of))
    np.maximum.at(largest, problem_of, test_share)
    overlap = largest[problem_of]
    for name in measures:
        n, mean, std = (of_groups.pop(f"{statistic}_{name}") for statistic in ("n", "mean", "std"))
        with np.errstate(over="ignore"):  # t(0.975, 1) is 12.7: the interval of costs near 1e308 is infinite
            half = _t_quantile(n - 1.0) * std / np.sqrt(np.maximum(n, 1.0)) * np.sqrt(1.0 + n * overlap)
            statistics = {"mean": mean, "std": std, "ci_low": mean - half, "ci_high": mean + half}
        statistics |= {statistic: of_groups.pop(f"{statistic}_{name}") for statistic in ("median", "iqm")}
        for statistic in list(statistics):
            summary[f"{statistic}_{name}"] = _settled(statistics.pop(statistic))
    means = summary[f"mean_{measures[0]}"]
    out = np.zeros(n_groups, bool) if is_out is None else is_out
    of_left = means.mask(out).groupby(problem_of)
    rank = of_left.rank(method="min", ascending=not larger_is_better)
    if out.any():
        behind = means.where(out).groupby(problem_of).rank(method="min", ascending=not larger_is_better)
        rank = rank.fillna(behind + of_left.transform("count"))
    rank = rank.astype("Int64")
    summary[f"{RANK}{measures[0]}"] = rank
    best = np.full(_count(problem_of), n_groups)  # n_groups: nobody
    leaders = np.flatnonzero(rank.eq(1).to_numpy(dtype=bool, na_value=False))
    np.minimum.at(best, problem_of[leaders], leaders)
    scores[~np.isfinite(scores)] = np.nan
    unit = _to_units(scores, problem_of, best)
    if not larger_is_better:
        np.negative(scores, out=scores)
    best = best[problem_of]
    far, away = _clip(scores, best)
    difference, low, high = _shortfalls(scores, problem_of, best, overlap)
    difference[far], high[far] = away, np.nan
    with np.errstate(over="ignore"):
        difference, low, high = (np.ldexp(of_group, unit[problem_of]) for of_group in (difference, low, high))
    is_best = best == np.arange(n_groups)
    summary["tied_with_best"] = pd.arrays.BooleanArray(is_best | (low <= 0) & ~out, ~is_best & ~out & np.isnan(low))
    summary["difference_to_best"] = difference
    summary["difference_ci_low"], summary["difference_ci_high"] = low, high
    return summary


def interval_of_mean(values: Floats, test_share: float = 0.0) -> tuple[float, float, float]:
    """Mean of the finite values and the ends of its 95 % interval, as in `summarize`; nan if undefined."""
    group = np.broadcast_to(np.int64(0), len(values))
    n, mean, std = _moments(np.asarray(values, np.float64), group, 1)
    half = _t_quantile(n - 1.0) * std / np.sqrt(np.maximum(n, 1.0)) * np.sqrt(1.0 + n * test_share)
    return float(mean[0]), float((mean - half)[0]), float((mean + half)[0])


def constant_cost(counts: Sequence[int]) -> float:
    """The cost of the best constant prediction, given the class counts: the entropy of the class shares.

    -sum(p log p) nats, with 0 log 0 = 0.
    """
    shares = np.array([n / sum(counts) for n in counts if n])
    return float(-sum(p * log for p, log in zip(shares.tolist(), evaluate("log", shares).tolist(), strict=True)))


def targets(summary: pd.DataFrame, problem: Sequence[str], majority: npt.ArrayLike, score: str = "accuracy") -> Floats:
    """The target test accuracy, for each row of a summary.

    95 % of the way from the share of the larger class (`majority`, of the test points of each row) to the highest mean
    test accuracy of the problem; nan where no configuration exceeds that share.
    """
    best = summary[f"mean_test_{score}"].groupby(_codes(summary, problem)).transform("max").to_numpy(np.float64)
    share = np.broadcast_to(np.asarray(majority, dtype=np.float64), best.shape)
    return _settled(np.where(best > share, target_of(best, share), np.nan))


def target_of(best: Any, majority: Any) -> Any:
    """95 % of the way from the share of the larger class to the highest mean test accuracy."""
    return majority + TARGET_SHARE * (best - majority)


def best_configurations(summary: pd.DataFrame, problem: Sequence[str]) -> pd.DataFrame:
    """The rows of a summary, problem by problem in order of appearance, each from rank 1 down; unranked last.

    `summary` is what `summarize` returned (or the file it was written to); `problem` as there. All columns
    are kept, tied_with_best among them. Equal ranks keep their order, so each problem starts with its best.
    Take the top N of each with `.groupby(problem).head(N)`.
    """
    return summary.iloc[best_first(summary, problem)].reset_index(drop=True)


def best_first(summary: pd.DataFrame, problem: Sequence[str]) -> Codes:
    """The positions of the rows of a summary in the order of ``best_configurations``."""
    rank = summary[rank_column(summary)].to_numpy(dtype=np.float64, na_value=np.inf)
    return np.lexsort((rank, _codes(summary, problem)))


def rank_column(summary: pd.DataFrame) -> str:
    """The column of a summary that ranks, such as rank_test_accuracy."""
    return next(str(name) for name in summary.columns if str(name).startswith(f"{RANK}test_"))


def late_ties(ranks: pd.Series, tied: pd.Series) -> int:
    """How many configurations of a problem are tied with the best although some with a better rank are not.

    Their replicates differ more, so that their mean is less certain.
    """
    is_tied = tied.fillna(False).astype(bool)
    ruled_out = ranks[~is_tied & ranks.notna()]
    return int((is_tied & (ranks > ruled_out.min())).sum()) if len(ruled_out) else 0


def median_replicate(
    runs: pd.DataFrame,
    replicates: Sequence[str] = SEEDS,
    measure: str = "test_accuracy",
    larger_is_better: bool = True,
) -> dict[str, int]:
    """The replicate of a typical run of one configuration, for drawing its network.

    It has the median test accuracy, or other `measure` (the worse of the two middle ones); of equal ones, the smallest
    cost, then the smallest seed. Failed runs, and runs without the measure, are ignored.

    Raises ValueError if none is left, or if a replicate appears twice (runs of several configurations).
    """
    columns = list(replicates)
    if runs.duplicated(columns).any():
        raise ValueError("expected the runs of one configuration, got several with the same seed")
    finished = runs[runs["status"].ne("failed") & np.isfinite(runs[measure])]
    if finished.empty:
        raise ValueError("expected a finished run, got none: there is no median seed")
    in_order = finished.sort_values([measure, "cost", *columns], na_position="last")
    median = in_order[measure].iloc[(len(in_order) - larger_is_better) // 2]
    chosen = in_order.loc[in_order[measure] == median, columns].iloc[0]
    return {name: int(chosen[name]) for name in columns}


def significant(values: npt.ArrayLike, digits: int = DIGITS) -> Floats:
    """`values` (any shape) rounded to 1 to 17 significant decimal digits: `float(f"{value:.{digits}g}")` of each.

    The result is the float nearest to the decimal, which prints with at most `digits` digits. nan, infinities
    and the sign of zero are kept.
    """
    # Scaled to an integer of that many digits, almost every value can be rounded by arithmetic, 15 times
    # as fast as through text. The integer is certain unless the scaled value, which has one rounding
    # error, is close to a half; the way back has one rounding too. What is not certain goes through text.
    x = np.asarray(values, dtype=np.float64)
    result = x.copy()
    if x.size > _ROWS:  # the arrays below take many times the memory of the values
        flat = result.ravel()
        for first in range(0, x.size, _ROWS):
            flat[first : first + _ROWS] = significant(flat[first : first + _ROWS], digits)
        return flat.reshape(x.shape)
    ordinary = np.isfinite(x) & (x != 0)
    size = np.where(ordinary, np.abs(x), 1.0)
    power = digits + _ONE - np.searchsorted(_POWERS, size, side="right")
    up, down = _POWERS[_ONE + np.clip(power, 0, 22)], _POWERS[_ONE + np.clip(-power, 0, 22)]
    scaled = size * up / down  # one of the two is 1
    whole = np.rint(scaled)
    certain = (
        (scaled >= _POWERS[_ONE + digits - 1])  # not so beyond the table
        & (scaled < _POWERS[_ONE + digits])
        & (np.abs(np.abs(scaled - whole) - 0.5) > _POWERS[_ONE + digits] * 2.0**-51)
    )
    np.copyto(result, np.copysign(whole / up * down, x), where=ordinary & certain)
    uncertain = ordinary & ~certain
    result[uncertain] = [float(f"{value:.{digits}g}") for value in x[uncertain].tolist()]
    return result


def _settled(values: Floats) -> Floats:
    """Rounded to 12 digits, then to `DIGITS`, so that means that are equal in theory are equal in the table.

    With 64 seeds and 2,000 test points, every other mean is a ten-digit decimal that ends in 5. Its rounding would
    depend on the last bit of the sum, and equal means would get different ranks.
    """
    return significant(significant(values, 12), DIGITS)


def _moments(values: Floats, group: Codes, n_groups: int) -> tuple[Floats, Floats, Floats]:
    """Number, mean and standard deviation (ddof 1) of the finite values of each group.

    `add.at` adds the values in order, which gives the same bits everywhere; `sum` does not guarantee that. Values
    are shifted and scaled to the range, so that equal values have a deviation of exactly 0 (not 1e-17), and squares
    of costs such as 1e-200 or 1e200 do not leave float64.
    """
    n, total, squares = np.zeros((3, n_groups))
    low, high = np.full(n_groups, np.inf), np.full(n_groups, -np.inf)
    for x, of in _finite(values, group):
        n += np.bincount(of, minlength=n_groups)
        np.minimum.at(low, of, x)
        np.maximum.at(high, of, x)
    width = np.where(high > low, high - low, 1.0)
    for x, of in _finite(values, group):
        np.add.at(total, of, (x - low[of]) / width[of])
    mean_part = total / np.where(n > 0, n, np.nan)
    for x, of in _finite(values, group):
        np.add.at(squares, of, np.square((x - low[of]) / width[of] - mean_part[of]))
    return n, low + width * mean_part, width * np.sqrt(squares / np.where(n > 1, n - 1, np.nan))


def _finite(values: Floats, group: Codes) -> Iterator[tuple[Floats, Codes]]:
    """The finite values and their groups, some rows at a time."""
    for first in range(0, len(values), _ROWS):
        x, of = values[first : first + _ROWS], group[first : first + _ROWS]
        usable = np.isfinite(x)
        yield x[usable], of[usable]


def _robust(values: Floats, group: Codes, n_groups: int) -> tuple[Floats, Floats]:
    """Median and interquartile mean of the finite values of each group."""
    usable = np.isfinite(values)
    x = values[usable]
    if n_groups == 1:  # of which there may be a million
        x.sort(kind="stable")
        n, group = np.array([len(x)]), group[: len(x)]
    else:
        order = np.lexsort((x, group[usable]))
        x, group = x[order], group[usable][order]
        n = np.bincount(group, minlength=n_groups)
    start = np.cumsum(n) - n
    median = np.full(n_groups, np.nan)
    some = n > 0
    lower, upper = x[(start + (n - 1) // 2)[some]], x[(start + n // 2)[some]]
    median[some] = lower + 0.5 * (upper - lower)
    if n_groups == 1:
        kept: Any = slice(n[0] // 4, n[0] - n[0] // 4)
    else:
        position = np.arange(len(x)) - start[group]
        kept = (position >= n[group] // 4) & (position < n[group] - n[group] // 4)
    return median, _moments(x[kept], group[kept], n_groups)[1]


def _t_quantile(degrees: Floats, tail: npt.ArrayLike = TAIL) -> Floats:
    """The quantile that Student's t exceeds with probability `tail`, to 12 digits; nan below 1 degree of freedom."""
    # Not scipy.stats, which takes 0.75 s to import instead of 0.13; and only when there are runs to sum up.
    from scipy.special import stdtr, stdtrit

    if np.ndim(tail) == 0:
        of_degrees, place = np.unique(degrees, return_inverse=True)
        different = np.stack([of_degrees, np.full(of_degrees.shape, tail)])
    else:
        different, place = np.unique([degrees, np.asarray(tail)], axis=1, return_inverse=True)
    v, p = np.where(different[0] >= 1, different[0], np.nan), different[1]
    t = -stdtrit(v, p)
    # In SciPy 1.11 that is off by 4e-9, which shows in the ninth digit; stdtr is not. So one Newton step.
    h = 1e-4 * t
    t += (stdtr(v, -t) - p) * 2 * h / (stdtr(v, h - t) - stdtr(v, -h - t))
    quantile: Floats = significant(t, 12)[place.ravel()]
    return quantile


def _largest_share(test_share: npt.ArrayLike | None, group: Codes, n_groups: int) -> Floats:
    """The largest share of each configuration; 0 without any."""
    share = np.broadcast_to(np.asarray(0.0 if test_share is None else test_share, np.float64), group.shape)
    if not ((share >= 0) & np.isfinite(share)).all():
        raise ValueError("test_share: expected n_test / n_train, a number of 0 or more")
    largest = np.zeros(n_groups)
    np.maximum.at(largest, group, share)
    return largest


def _to_units(scores: Floats, problem_of: Codes, best: Codes) -> Codes:
    """Divide the scores of each problem by 2^e, in place, and return e: differences are rounded to 1e-12.

    e is 0 unless the values of the best configuration are tiny or huge: an RMSE has the unit of its target. `best` is
    the best configuration of each problem, len(scores) for none.
    """
    largest = np.zeros(len(best))
    for k in np.flatnonzero(best < len(scores)):
        of_best = scores[best[k]]
        largest[k] = np.abs(of_best[np.isfinite(of_best)]).max(initial=0.0)
    is_usual = (largest == 0) | ((largest >= 2.0**-10) & (largest <= 2.0**30))
    exponent = np.where(is_usual, 0, np.frexp(largest)[1]).astype(np.int64)
    with np.errstate(over="ignore"):
        np.ldexp(scores, -exponent[problem_of, np.newaxis], out=scores)
    return exponent


def _clip(scores: Floats, best: Codes) -> tuple[Codes, Floats]:
    """Clip scores to 2^30 units, in place: those of diverged runs would hide the differences between the others.

    Returns the configurations that had such scores, and their mean differences to the best one without clipping. For
    these, a lower bound from clipped scores holds, and an upper bound does not. `best` is that of each configuration.
    """
    far = np.flatnonzero(((scores < -_FARTHEST) | (scores > _FARTHEST)).any(axis=1))
    if not len(far):
        return far, np.empty(0)
    with np.errstate(over="ignore"):
        away = scores[best[far]] - scores[far]
        counts = np.count_nonzero(~np.isnan(away), axis=1)
        sums = np.cumsum(np.where(np.isnan(away), 0.0, away), axis=1)[:, -1]  # in the order of the replicates
    np.clip(scores, -_FARTHEST, _FARTHEST, out=scores)
    return far, _settled(np.where(counts > 0, sums / np.maximum(counts, 1), np.nan))


def _shortfalls(scores: Floats, problem_of: Codes, best: Codes, overlap: Floats) -> Floats:
    """difference_to_best, difference_ci_low and difference_ci_high, as `summarize` says: (3, configurations).

    scores are (configurations, replicates), nan for no result; problem_of, best (len(problem_of) for none) and overlap
    are per configuration.
    """
    n_groups, n_seeds = scores.shape
    order = np.argsort(problem_of, kind="stable")  # so that those of a problem stand together
    place = np.empty(n_groups + 1, np.int64)
    place[order], place[n_groups] = np.arange(n_groups), -1
    if (problem_of[1:] < problem_of[:-1]).any():
        scores = scores[order]
    sizes = np.bincount(problem_of)
    last = np.repeat(np.cumsum(sizes), sizes)
    first = last - np.repeat(sizes, sizes)

    leader, finite = place[best[order]], np.isfinite(scores)
    result = np.full((3, n_groups), np.nan)
    if n_seeds < 2:  # a difference without an estimate of its error
        difference = np.rint((scores[leader] - scores) * PER_UNIT) / PER_UNIT
        result[0] = np.where(leader >= 0, difference.sum(axis=1), np.nan)
        return _settled(result[:, place[:-1]])
    comparisons = last - first - 1
    if not comparisons.any():  # each is the only one of its problem
        result[0] = np.where(leader >= 0, 0.0, np.nan)
        return result[:, place[:-1]]
    if not finite.all():
        count_comparisons(scores, first, last, comparisons)
    flips = ((finite & finite[leader]).sum(axis=1) >= FEWEST_FLIPPED) & (last - first <= MOST_FLIPPED)
    tails, of_group = np.unique(FAMILY_LEVEL / np.maximum(comparisons, 1), return_inverse=True)
    # Only for the degrees of freedom that occur: two configurations have at least so many replicates in common.
    fewest = max(2, 2 * int(finite.sum(axis=1).min()) - n_seeds)
    degrees = np.arange(fewest - 1, n_seeds, dtype=np.float64)
    in_all = _t_quantile(np.tile(degrees, len(tails)), np.repeat(tails, len(degrees))).reshape(len(tails), -1)
    quantiles = np.full((n_groups, 2, n_seeds), np.nan)
    quantiles[:, 0, fewest - 1 :], quantiles[:, 1, fewest - 1 :] = in_all[of_group], _t_quantile(degrees, FAMILY_LEVEL)

    # In large families without missing values, comparisons that cannot matter are skipped.
    of_family = np.repeat(np.arange(len(sizes)), sizes)
    has_gap = np.bincount(of_family, ~finite.all(axis=1), minlength=len(sizes)) > 0
    is_large = (last - first > MOST_FLIPPED) & ~has_gap[of_family]
    family = int(np.where(is_large, 0, last - first).max(initial=0))
    bounds(
        scores, first, last, np.where(is_large, -1, leader), flips, codes(n_seeds), int(FAMILY_LEVEL * PATTERNS),
        quantiles, overlap[order],
        np.empty((2, family)), np.empty(family, np.int64), np.empty(n_seeds), np.empty(PATTERNS), np.empty(PATTERNS),
        result,
    )  # fmt: skip
    if is_large.any():
        large = np.flatnonzero(is_large)
        # With few test points and replicates, many of the same scores: one of them is compared, and the best one.
        alike = np.column_stack([of_family[large], leader[large] == large, scores[large]])
        _, chosen, of_each = np.unique(alike, axis=0, return_index=True, return_inverse=True)
        of_each = of_each.ravel()
        best = leader[large[chosen]]
        best = np.where(best >= 0, of_each[np.searchsorted(large, best)], -1)
        chosen = large[chosen]
        of_chosen = scores[chosen], of_family[chosen], best, quantiles[chosen], overlap[order][chosen]
        result[:, large] = _shortfalls_of_many(*of_chosen)[:, of_each]
    return _settled(result[:, place[:-1]])


def _shortfalls_of_many(scores: Floats, of_family: Codes, best: Codes, quantiles: Floats, overlap: Floats) -> Floats:
    """The same for large families, which stand together, without missing scores. ``best`` is a row of ``scores``."""
    n_groups, n_seeds = scores.shape
    sizes = np.bincount(of_family)
    last = np.cumsum(sizes)[of_family]
    means = scores.sum(axis=1) / n_seeds
    widened = np.sqrt(1.0 + n_seeds * overlap)
    errors = np.sqrt(((scores - means[:, np.newaxis]) ** 2).sum(axis=1) / (n_seeds - 1) / n_seeds) * widened
    highest = means + quantiles[:, 1, n_seeds - 1] * errors
    by_mean, by_highest = (np.lexsort((-values, of_family)) for values in (means, highest))
    result = np.full((3, n_groups), np.nan)
    bounds_of_many(
        scores, last - sizes[of_family], last, best, quantiles, widened, means, errors, by_mean, highest, by_highest,
        np.empty(n_seeds), result,
    )  # fmt: skip
    return result


def _codes(table: pd.DataFrame, columns: Sequence[str], sort: bool = False) -> Codes:
    """A code for each row, equal for equal columns, counted from 0 in order of first appearance (or of value)."""
    codes = np.zeros(len(table), dtype=np.int64)
    for name in columns:
        of_column, different = pd.factorize(table[name], sort=sort, use_na_sentinel=False)
        # Renumbered after each column, since the product over many axes would overflow.
        codes = pd.factorize(codes * len(different) + of_column, sort=sort)[0].astype(np.int64)
    return codes


def _count(codes: Codes) -> int:
    return int(codes.max(initial=-1)) + 1


def _check(
    runs: pd.DataFrame, configuration: list[str], problem: list[str], replicates: list[str], measures: Sequence[str]
) -> None:
    if "seed" not in replicates or not measures:
        raise ValueError(f"expected seed among the replicates, and a measure; got {replicates}, {list(measures)}")
    needed = dict.fromkeys([*configuration, *replicates, "status", *reversed(measures), "cost"])
    missing = [c for c in needed if c not in runs.columns]
    if missing:
        raise ValueError(f"expected a table of runs, got one without {', '.join(missing)}")
    if set(replicates) & set(configuration) or not set(problem) <= set(configuration):
        raise ValueError(
            f"expected problem columns among the configuration columns, without seed; got {problem}, {configuration}"
        )
    unknown = runs.loc[~runs["status"].isin(STATUSES), "status"]
    if len(unknown):
        raise ValueError(f"expected status {', '.join(STATUSES)}, got {unknown.iloc[0]}")
