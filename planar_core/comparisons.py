"""Paired comparisons of many groups, each with all others: what chance alone would make of the differences.

``bounds`` says how far each group may fall short of the best one of its family, so that for each group either end
is right in 95 of 100 cases, however many groups there are. A group that does not fall short may be the best.

Two things are known of the group that is truly best: none of the others exceeds it, whatever the data look like. So a
group is compared with every other, and what chance does to the largest of these comparisons is all that counts:

- Flips of signs. If noise is as likely to favour the one as the other, then flipping the signs of all differences of
  a row gives a table that was as likely. Among all tables that flips make, the true one has one of the largest 5 % of
  maxima in no more than 5 % of cases. Nothing is assumed of the size of the noise, its distribution, or of what the
  groups have in common; and it is not Bonferroni's product of all comparisons, for those with one group are alike: a
  group of much noise pays for its noise, and not for the number of the others.
- Bonferroni's inequality for Student's t where there are too few rows to flip, or too many groups.

Rows that share what they were trained on are alike, and n of them say less than n: standard errors carry Nadeau and
Bengio's correction, the factor sqrt(1 + n overlap), where overlap is n_test / n_train (Machine Learning 52, 2003).

Sums run in the order of the rows, and all arithmetic is IEEE 754: the bits are the same on every CPU.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planar_core.compiling import inlined, kernel

PATTERNS = 256
"""Flips that are tried. They form a group, as the proof wants: for up to 8 rows those that there are."""

PER_UNIT = 1e12
"""Differences are rounded to that many parts of one: 0.9 - 0.8 and 0.8 - 0.7 are not two numbers."""


def codes(rows: int) -> NDArray[np.int64]:
    """For each row the number v so that pattern p flips it if p and v have an odd number of bits in common.

    Powers of x among the polynomials over GF(2) modulo the primitive x^8 + x^4 + x^3 + x^2 + 1: any 8 in a row are
    independent, and only after 255 do they come again.
    """
    result, code = np.empty(rows, np.int64), 1
    for row in range(rows):
        result[row] = code
        code <<= 1
        if code >= PATTERNS:
            code ^= 0x11D
    return result


@inlined
def _add_transform(z, largest):
    """The sums under all patterns, by the fast Walsh-Hadamard transform, and the largest so far under each."""
    half = 1
    while half < PATTERNS:
        for start in range(0, PATTERNS, 2 * half):
            for i in range(start, start + half):
                low, high = z[i], z[i + half]
                z[i], z[i + half] = low + high, low - high
        half *= 2
    for i in range(PATTERNS):
        largest[i] = max(largest[i], z[i])


@inlined
def _exceeded_by(values, count):
    """The largest of the values that ``count`` others reach or exceed; the values are sorted."""
    for i in range(1, len(values)):
        value, k = values[i], i
        while k > 0 and values[k - 1] > value:
            values[k] = values[k - 1]
            k -= 1
        values[k] = value
    return values[len(values) - 1 - count]


@inlined
def _paired(scores, j, c, d):
    """Mean of the differences between groups j and c, its standard error, their number, and the sum of squares."""
    total, count = 0.0, 0
    for row in range(scores.shape[1]):
        d[row] = np.rint((scores[j, row] - scores[c, row]) * PER_UNIT) / PER_UNIT
        if np.isfinite(d[row]):
            total += d[row]
            count += 1
    mean = total / count
    squares, length, spread = 0.0, 0.0, 0.0
    for row in range(scores.shape[1]):
        if np.isfinite(d[row]):
            off = d[row] - mean
            spread = max(spread, abs(off))
            squares += off * off
            length += d[row] * d[row]
    # Differences that are all the same have no spread, but for the rounding of their mean.
    return mean, np.sqrt(squares / (count - 1.0) / count) if spread > 0.5 / PER_UNIT else 0.0, count, length


@kernel
def count_comparisons(scores, first, last, comparisons):
    """comparisons[c]: how many others of the family have at least two rows in common with group c."""
    for c in range(scores.shape[0]):
        comparisons[c] = 0
        for j in range(first[c], last[c]):
            n = 0
            for row in range(scores.shape[1]):
                n += np.isfinite(scores[j, row] - scores[c, row])
            comparisons[c] += j != c and n >= 2


@kernel
def bounds(scores, first, last, best, flips, row_codes, allowed, quantiles, overlap, work, n, d, z, largest, result):
    """result[:, c]: how much better the best-looking group is than group c, and the lower and upper bound for the
    truly best one.

    scores: (groups, rows), nan where there is none
    first, last, best: (groups,), of each group's family: its range in ``scores``, and the best-looking one, or -1
    flips: (groups,), bool: whether to flip signs
    row_codes: ``codes`` of the rows; allowed: the number of patterns that may do better than the true one
    quantiles: (groups, 2, rows): what Student's t exceeds by chance, of n common rows at [n - 1]: in one of all
        comparisons of the group, and in a single one
    overlap: (groups,): n_test / n_train where training parts of the rows overlap, 0 where they do not
    work: (2, largest family), n: (largest family,), int64, d: (rows,), z, largest: (PATTERNS,): scratch space
    """
    for c in range(scores.shape[0]):
        result[:, c] = np.nan
        if best[c] < 0:
            continue
        largest[:] = -np.inf
        for j in range(first[c], last[c]):
            k = j - first[c]
            mean, error, count, length = _paired(scores, j, c, d)
            n[k], work[0, k], work[1, k] = count, mean, error * np.sqrt(1.0 + count * overlap[c])
            if flips[c] and j != c and count >= 2 and length > 0:
                z[:] = 0.0
                length = np.sqrt(length)
                for row in range(scores.shape[1]):
                    if np.isfinite(d[row]):
                        z[row_codes[row]] += d[row] / length
                _add_transform(z, largest)
        if flips[c]:
            # Without a difference there is nothing to exceed. Equal sums are equal up to rounding.
            z_critical = max(_exceeded_by(largest, allowed), 0.0) + 1e-9
        low, high, can_tell = -np.inf, -np.inf, best[c] == c
        for j in range(first[c], last[c]):
            k = j - first[c]
            if j == c or n[k] < 2:
                continue
            can_tell |= j == best[c]
            t = quantiles[c, 0, n[k] - 1]
            if flips[c]:
                # z = sum(d) / sqrt(sum(d^2)) is what flips leave comparable; as a t it is the same statement.
                room = n[k] - z_critical * z_critical
                t = z_critical * np.sqrt((n[k] - 1) / room) if room > 0 else np.inf
            if t < np.inf:
                low = max(low, work[0, k] - t * work[1, k])
            high = max(high, work[0, k] + quantiles[c, 1, n[k] - 1] * work[1, k])
        result[0, c] = work[0, best[c] - first[c]]
        if can_tell and high > -np.inf:
            result[1, c] = 0.0 if best[c] == c else max(low, 0.0)
            result[2, c] = max(high, 0.0)


SLACK = 1e-9  # more than what rounding does to a bound


@kernel
def bounds_of_many(
    scores, first, last, best, quantiles, widened, means, errors, by_mean, highest, by_highest, d, result
):
    """What ``bounds`` gives without flips, where no score is missing; only comparisons that can matter are made.

    The difference of two means lies within their bound, and its standard error is at most the sum of theirs. So those
    with the largest means come first, or with the largest upper ends, and what is left cannot exceed what was found.

    widened: (groups,): the factor of standard errors for what the rows have in common
    means, errors: (groups,), of each group, and standard errors of these, widened
    highest: (groups,): mean + t error, with the t of a single comparison
    by_mean, by_highest: (groups,), int64: within each family the largest of these first
    """
    at = scores.shape[1] - 1
    for c in range(scores.shape[0]):
        if best[c] < 0:
            continue
        low, high, t, t_all = -np.inf, -np.inf, quantiles[c, 1, at], quantiles[c, 0, at]
        for k in range(first[c], last[c]):
            j = by_mean[k]
            if means[j] - means[c] + SLACK <= max(low, 0.0):
                break
            mean, error, _, _ = _paired(scores, j, c, d)
            low = max(low, mean - t_all * (error * widened[c])) if j != c else low
        for k in range(first[c], last[c]):
            j = by_highest[k]
            if highest[j] - means[c] + t * errors[c] + SLACK <= max(high, 0.0):
                break
            mean, error, _, _ = _paired(scores, j, c, d)
            high = max(high, mean + t * (error * widened[c])) if j != c else high
        result[0, c] = _paired(scores, best[c], c, d)[0]
        result[1, c] = 0.0 if best[c] == c else max(low, 0.0)
        result[2, c] = max(high, 0.0)
