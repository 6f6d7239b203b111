"""The box-counting dimension of the boundary between pixels that converge and pixels that do not.

A cell of the boundary is a block of 2 x 2 pixels with both verdicts, as in the notebook of Sohl-Dickstein (2024, arXiv
2402.06184). N(s) is the number of boxes of s x s cells, in a grid from the first cell on, that contain one of them. If
N(s) grows as s^-D, the dimension is D.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from planar_core.elementary import evaluate

Booleans = npt.NDArray[np.bool_]

SMALLEST = 4  # side of a box that the slope takes into account: below, pixels show
LARGEST = 4  # boxes along the shorter side of the map; with fewer, hardly any box is empty
_PAPERS_SIZES, _PAPERS_SMALLEST = 10, 10  # the number of box sizes of the paper; the first, in cells
CONFIDENCE = 0.95
_LOG_2 = 0.6931471805599453


class Dimension(NamedTuple):
    """A box-counting dimension with a 95 % interval, from the counts of all sizes; nan if there is no boundary.

    The slope of log N(s) over log 1/s is fitted by least squares to boxes of 4 cells up to a quarter of the map. The
    interval is that of Student's t for the mean of the slopes between successive sizes. These slopes differ because a
    boundary of pixels is no exact fractal, so this says how far the figure depends on the scale, in addition to chance.
    The interval of the regression itself does not: for sets whose dimension is known, it contains that in only 70 % of
    cases, this one in 94 to 98 %. It ends at 0 and 2.
    """

    value: float
    low: float
    high: float
    sizes: tuple[int, ...]
    counts: tuple[int, ...]


class Median(NamedTuple):
    """The median of the dimensions of ``n`` maps, and an interval from two of them by rank.

    confidence: of the interval, if the maps were independent: at least 0.95, or less with fewer than six maps
    """

    value: float
    low: float
    high: float
    confidence: float
    n: int


def boundary(converged: Booleans) -> Booleans:
    """The cells of the boundary, (height - 1, width - 1), of a map (height, width)."""
    here, right = converged[:-1, :-1], converged[:-1, 1:]
    above, across = converged[1:, :-1], converged[1:, 1:]
    return np.asarray((here != right) | (here != above) | (here != across))


def count_boxes(cells: Booleans, size: int) -> int:
    """N(size): how many boxes contain a cell that is true. Boxes at the end may be cut."""
    rows, columns = (np.arange(0, length, size) for length in cells.shape)
    return int(np.count_nonzero(np.logical_or.reduceat(np.logical_or.reduceat(cells, rows, 0), columns, 1)))


def box_counting(converged: Booleans) -> Dimension:
    """The dimension of the boundary of a map, (height, width), whose interval needs a side of 64 or more."""
    return dimension_of(boundary(converged))


def dimension_of(cells: Booleans) -> Dimension:
    """The dimension of a set of cells; nan for an empty set, and for one that is too small."""
    side = min(cells.shape)
    sizes = [2**k for k in range(side.bit_length()) if 2**k <= side]
    counts = [count_boxes(cells, size) for size in sizes]
    about = tuple(sizes), tuple(counts)
    # A map of 2^k pixels a side has one cell less.
    fitted = [k for k, size in enumerate(sizes) if SMALLEST <= size <= (side + 1) // LARGEST]
    if not cells.any() or len(fitted) < 2:
        return Dimension(math.nan, math.nan, math.nan, *about)
    heights = _logs([counts[k] for k in fitted]) / _LOG_2
    steps = heights[:-1] - heights[1:]  # sizes double, so these are the slopes between successive ones
    # Least squares on equally spaced points: the middle of the sizes is at 0.
    at = np.arange(len(fitted)) - (len(fitted) - 1) / 2
    value = -math.fsum(at * heights) / math.fsum(at * at)
    half = math.nan
    if len(steps) > 1:
        from scipy.special import stdtrit  # a tenth of a second, which not every command of maps has to wait for

        quantile = -float(stdtrit(len(steps) - 1, (1 - CONFIDENCE) / 2))
        half = quantile * float(np.std(steps, ddof=1)) / math.sqrt(len(steps))
    low, high = (min(max(end, 0.0), 2.0) for end in (value - half, value + half))  # nan stays nan
    return Dimension(value, low, high, *about)


def median_of(dimensions: Iterable[float]) -> Median:
    """The median over a sequence of maps, such as a zoom; nan values are left out.

    Maps of a zoom share pixels of their centres, so they are not quite independent.
    """
    found = sorted(value for value in dimensions if not math.isnan(value))
    if not found:
        return Median(math.nan, math.nan, math.nan, 0.0, 0)
    n = len(found)
    # P(the median of the population is below the k-th of n, or above the k-th from the end) = 2 P(Binomial(n, 1/2) < k)
    k = 1
    while 2 * _below(k + 1, n) <= 1 - CONFIDENCE:
        k += 1
    middle = (found[(n - 1) // 2] + found[n // 2]) / 2
    return Median(middle, found[k - 1], found[n - k], 1 - 2 * _below(k, n), n)


def _below(k: int, n: int) -> float:
    """The probability of fewer than k heads in n tosses."""
    return float(sum(math.comb(n, j) for j in range(k)) / 2**n)


def papers_median(sequence: Iterable[Booleans]) -> float:
    """The paper's own figure for a sequence of maps: the median of all slopes between its box sizes, over all maps.

    Its sizes are ten from 10 cells up to the whole side, in equal ratios, rounded down. Boxes that are full count as
    empty. The slope at a size is numpy.gradient of log N over log s. nan if no map has a boundary.
    """
    slopes: list[float] = []
    for converged in sequence:
        cells = boundary(converged)
        sizes = _papers_sizes(min(cells.shape))
        counts = [count_boxes(cells, size) - _count_full(cells, size) for size in sizes]
        if len(sizes) > 1 and min(counts) > 0:
            slopes += (-np.gradient(_logs(counts), _logs(sizes))).tolist()
    return float(np.median(slopes)) if slopes else math.nan


def _papers_sizes(side: int) -> list[int]:
    # Its last one is the side or one less, as the logarithm is rounded.
    exact = np.logspace(1, np.log10(side), _PAPERS_SIZES)  # noqa: TID251
    return np.unique(exact.astype(int)).tolist() if side >= _PAPERS_SMALLEST else []


def _count_full(cells: Booleans, size: int) -> int:
    rows, columns = (np.arange(0, length, size) for length in cells.shape)
    return int(np.count_nonzero(np.logical_and.reduceat(np.logical_and.reduceat(cells, rows, 0), columns, 1)))


def _logs(values: Sequence[int]) -> npt.NDArray[np.float64]:
    return np.asarray(evaluate("log", np.array(values, np.float64)), np.float64)
