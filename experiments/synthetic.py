"""Synthetic problems in the plane: 400 points to train on, and 2,000 of the same distribution to test on.

Every bit of every point is the same on any machine: draws come from `planar_core.streams`, functions from
`planar_core.elementary`, and the rest is + - * / and square root, which IEEE 754 fixes. NumPy's own sin, cos,
log and dot differ in the last bit from CPU to CPU and have no place here.

Where scikit-learn defines the distribution, these are the very points that it draws, up to those last bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from planar_core.elementary import evaluate
from planar_core.streams import Stream

Array = npt.NDArray[np.float64]
Points = tuple[Array, Array]
"""X (2, examples) and Y (1, examples) of 0.0 and 1.0, C-contiguous."""

TRAIN_POINTS = 400
TEST_POINTS = 2000
TEST_SEED = 4_000_000_000
"""Added to the seed of the training points for the test points: far from any seed that a person picks."""


class Part(NamedTuple):
    """Points that are not trained on."""

    points: int
    seed: int  # added to that of the training points


TEST = Part(TEST_POINTS, TEST_SEED)
FRESH = Part(10_000, 3_000_000_000)
"""What was chosen by the test points is confirmed on these."""


def flower(test: Part = TEST) -> tuple[Points, Points]:
    """Return the training and test points of the flower of the well-known planar exercise, seed 1.

    Class j of n / 2 points: t = linspace(3.12 j, 3.12 (j + 1), n / 2) + 0.2 randn(n / 2),
    r = 4 sin(4 t) + 0.2 randn(n / 2), points (r sin t, r cos t); class 0 first.
    """

    def points(n: int, stream: Stream) -> Points:
        halves = []
        for j in (0, 1):
            t = _linspace(3.12 * j, 3.12 * (j + 1), n // 2) + 0.2 * stream.normal(n // 2)
            r = 4.0 * evaluate("sin", 4.0 * t) + 0.2 * stream.normal(n // 2)
            halves.append(np.stack((r * evaluate("sin", t), r * evaluate("cos", t))))
        return np.concatenate(halves, axis=1), _labels(np.arange(n) >= n // 2)

    return _twice(points, 1, test)


def moons(test: Part = TEST) -> tuple[Points, Points]:
    """Return the training and test points of make_moons with noise=0.2, random_state=1."""

    def points(n: int, stream: Stream) -> Points:
        t = _linspace(0.0, math.pi, n // 2)
        sine, cosine = evaluate("sin", t), evaluate("cos", t)
        outer, inner = np.stack((cosine, sine)), np.stack((1.0 - cosine, 1.0 - sine - 0.5))
        return _shuffled_with_noise(outer, inner, 0.2, stream)

    return _twice(points, 1, test)


def circles(test: Part = TEST) -> tuple[Points, Points]:
    """Return the training and test points of make_circles with factor=0.5, noise=0.3, random_state=1.

    Class 0 is the outer circle. With this much noise no network gets all points right.
    """

    def points(n: int, stream: Stream) -> Points:
        t = _linspace(0.0, 2.0 * math.pi, n // 2 + 1)[:-1]  # the last point would be the first one once more
        outer = np.stack((evaluate("cos", t), evaluate("sin", t)))
        return _shuffled_with_noise(outer, 0.5 * outer, 0.3, stream)

    return _twice(points, 1, test)


def blobs(test: Part = TEST) -> tuple[Points, Points]:
    """Return the training and test points of make_blobs with centers=6, random_state=5, in two classes.

    Blobs 0, 2, 4 are class 0, and 1, 3, 5 class 1, as in the planar exercise. The centres are drawn once,
    by the stream of the training points: the test points scatter around the same ones.
    """
    count = 6
    train_stream = Stream(5)
    centres = -10.0 + 20.0 * train_stream.uniform(2 * count).reshape(count, 2)

    def points(n: int, stream: Stream) -> Points:
        blob = np.repeat(np.arange(count), [n // count + (i < n % count) for i in range(count)])
        X = centres[blob] + stream.normal(2 * n).reshape(n, 2)
        order = stream.permutation(n)
        return np.ascontiguousarray(X[order].T), _labels(blob[order] % 2 == 1)

    return points(TRAIN_POINTS, train_stream), points(test.points, Stream(test.seed + 5))


def gaussian_quantiles(test: Part = TEST) -> tuple[Points, Points]:
    """Return the training and test points of make_gaussian_quantiles with n_classes=2, cov=0.5, seed 1.

    scikit-learn labels a sample by the quantile of that sample: of n points the n / 2 nearest to the origin
    are class 0. So the circle between the classes depends on the sample; its squared radius is 0.659 here,
    and tends to ln 2 = 0.693 (half the median of a chi-square with 2 degrees of freedom) for large ones.
    The test points are labelled by the circle of the training points, half way between the last point
    inside and the first one outside: that circle is what a network is asked to learn, and another would
    count its success as error.
    """

    def draw(n: int, stream: Stream) -> tuple[Array, Array]:
        X = math.sqrt(0.5) * stream.normal(2 * n).reshape(n, 2)
        return X, X[:, 0] * X[:, 0] + X[:, 1] * X[:, 1]

    half = TRAIN_POINTS // 2
    stream = Stream(1)
    X, squared_radius = draw(TRAIN_POINTS, stream)
    by_radius = np.argsort(squared_radius, kind="stable")
    order = stream.permutation(TRAIN_POINTS)
    train = np.ascontiguousarray(X[by_radius[order]].T), _labels(order >= half)

    boundary = 0.5 * (squared_radius[by_radius[half - 1]] + squared_radius[by_radius[half]])
    X, squared_radius = draw(test.points, Stream(test.seed + 1))
    return train, (np.ascontiguousarray(X.T), _labels(squared_radius > boundary))


PROBLEMS: Mapping[str, Callable[..., tuple[Points, Points]]] = MappingProxyType(
    {
        "flower": flower,
        "moons": moons,
        "circles": circles,
        "blobs": blobs,
        "gaussian_quantiles": gaussian_quantiles,
    }
)
"""The functions of this module that draw a problem, by the name of the data set."""


def _twice(points: Callable[[int, Stream], Points], seed: int, test: Part) -> tuple[Points, Points]:
    """Return training and test points, the latter from a stream of their own."""
    return points(TRAIN_POINTS, Stream(seed)), points(test.points, Stream(test.seed + seed))


def _shuffled_with_noise(class_0: Array, class_1: Array, noise: float, stream: Stream) -> Points:
    """Return the points of two classes, (2, n / 2) each, in random order and with normal noise of that size.

    The permutation is drawn before the noise, and the noise point by point, as scikit-learn does.
    """
    points = np.concatenate((class_0, class_1), axis=1)
    n = points.shape[1]
    order = stream.permutation(n)
    X = points[:, order] + noise * stream.normal(2 * n).reshape(n, 2).T
    return np.ascontiguousarray(X), _labels(order >= n // 2)


def _linspace(start: float, stop: float, n: int) -> Array:
    """Return what NumPy's linspace does today; no later release shall decide on other roundings."""
    points = start + np.arange(n, dtype=np.float64) * ((stop - start) / (n - 1))
    points[-1] = stop
    return points


def _labels(is_one: npt.NDArray[np.bool_]) -> Array:
    """Return (1, examples) of 0.0 and 1.0."""
    return is_one.astype(np.float64).reshape(1, -1)
