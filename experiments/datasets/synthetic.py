"""Synthetic problems: points to train on, and 2,000 others of the same distribution to test on.

All but `gaussian_random` are in the plane.

Every problem is a function of its noise, defined below for each; of its samples, the number of training points, split
evenly between the classes; and of its seed, which selects a draw from the same distribution. The test points and the
distribution do not depend on the number of training points, except for the labels of `gaussian_quantiles`.

Every bit of every point is the same on any machine: random numbers come from `planar_core.streams`, functions from
`planar_core.elementary`, and the rest is + - * / and square root, which IEEE 754 defines exactly. NumPy's own sin,
cos, log and dot differ in the last bit between CPUs and are not used.

If scikit-learn defines the distribution, the points are those of scikit-learn, up to these last bits. `circle`,
`xor`, `gauss`, `spiral`, and the regressions `plane` and `multi_gaussian`, are the problems of the TensorFlow
Playground, by its definitions. As there, noise is meant to be from 0 to 0.5, and in `circle` and `xor` it changes
labels but does not move points. `gaussian_random` is that of Sohl-Dickstein (2024, arXiv 2402.06184).
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
"""X (features, examples) and Y (1, examples), of 0.0 and 1.0 or of values, C-contiguous."""

TRAIN_POINTS = 400
TEST_POINTS = 2000
TEST_SEED = 4_000_000_000


class Part(NamedTuple):
    """A set of test points."""

    points: int
    seed: int  # added to the seed of the training points, modulo 2^32: far from any seed that a person would choose


TEST = Part(TEST_POINTS, TEST_SEED)
FRESH = Part(10_000, 3_000_000_000)
"""Fresh points, to confirm what was chosen on the test points."""


def flower(
    noise: float = 0.2, samples: int = TRAIN_POINTS, data_seed: int = 1, test: Part = TEST
) -> tuple[Points, Points]:
    """Return the training and test points of the flower of the well-known planar exercise.

    Class j of n points: t = linspace(3.12 j, 3.12 (j + 1), n) + noise randn(n),
    r = 4 sin(4 t) + noise randn(n), points (r sin t, r cos t); class 0 first.
    """

    def points(n: int, stream: Stream) -> Points:
        classes = []
        for j, size in enumerate(_halves(n)):
            t = _linspace(3.12 * j, 3.12 * (j + 1), size) + noise * stream.normal(size)
            r = 4.0 * evaluate("sin", 4.0 * t) + noise * stream.normal(size)
            classes.append(r * _unit_vector(t))
        return np.concatenate(classes, axis=1), _labels(_is_one(n))

    return _twice(points, samples, data_seed, test)


def moons(
    noise: float = 0.2, samples: int = TRAIN_POINTS, data_seed: int = 1, test: Part = TEST
) -> tuple[Points, Points]:
    """Return the training and test points of make_moons with this noise, random_state=data_seed."""

    def points(n: int, stream: Stream) -> Points:
        t, u = (_linspace(0.0, math.pi, size) for size in _halves(n))
        outer = np.stack((evaluate("cos", t), evaluate("sin", t)))
        inner = np.stack((1.0 - evaluate("cos", u), 1.0 - evaluate("sin", u) - 0.5))
        return _shuffled_with_noise(outer, inner, noise, stream)

    return _twice(points, samples, data_seed, test)


def circles(
    noise: float = 0.3, samples: int = TRAIN_POINTS, data_seed: int = 1, test: Part = TEST
) -> tuple[Points, Points]:
    """Return the training and test points of make_circles with factor=0.5, this noise, random_state=data_seed.

    Class 0 is the outer circle. With the default noise no network classifies all points correctly.
    """

    def circle(radius: float, n: int) -> Array:
        t = _linspace(0.0, 2.0 * math.pi, n + 1)[:-1]  # the last point would repeat the first one
        return radius * np.stack((evaluate("cos", t), evaluate("sin", t)))

    def points(n: int, stream: Stream) -> Points:
        outer, inner = map(circle, (1.0, 0.5), _halves(n))
        return _shuffled_with_noise(outer, inner, noise, stream)

    return _twice(points, samples, data_seed, test)


def blobs(
    noise: float = 1.0, samples: int = TRAIN_POINTS, data_seed: int = 5, test: Part = TEST
) -> tuple[Points, Points]:
    """Return the training and test points of make_blobs with centers=6, random_state=data_seed, in two classes.

    noise: the standard deviation of a blob in each coordinate, cluster_std

    Blobs 0, 2, 4 are class 0, and 1, 3, 5 class 1, as in the planar exercise. The centres are drawn first from
    the stream of the training points: the test points have the same centres, regardless of the number of training
    points. Another seed draws other centres, uniform in [-10, 10) squared.
    """
    count = 6
    train_stream = Stream(data_seed)
    centres = -10.0 + 20.0 * train_stream.uniform(2 * count).reshape(count, 2)

    def points(n: int, stream: Stream) -> Points:
        blob = np.repeat(np.arange(count), [n // count + (i < n % count) for i in range(count)])
        X = centres[blob] + noise * stream.normal(2 * n).reshape(n, 2)
        order = stream.permutation(n)
        return np.ascontiguousarray(X[order].T), _labels(blob[order] % 2 == 1)

    return points(samples, train_stream), points(test.points, _stream_of(test, data_seed))


def gaussian_quantiles(
    noise: float = 0.0, samples: int = TRAIN_POINTS, data_seed: int = 1, test: Part = TEST
) -> tuple[Points, Points]:
    """Return the training and test points of make_gaussian_quantiles with n_classes=2, cov=0.5, random_state=data_seed.

    noise: standard deviation of the normal noise that is added to each coordinate after the points have
        their labels; scikit-learn has none

    scikit-learn labels a sample by the quantile of that sample: of n points the n / 2 nearest to the origin
    are class 0. So the circle between the classes depends on the sample; its squared radius is 0.659 by
    default, and tends to ln 2 = 0.693 (half the median of a chi-square with 2 degrees of freedom) for large ones.
    The test points are labelled by the circle of the training points, half way between the last point
    inside and the first one outside: a network has to learn that circle; with another one, correct answers would
    count as errors.
    """

    def draw(n: int, stream: Stream) -> tuple[Array, Array]:
        X = math.sqrt(0.5) * stream.normal(2 * n).reshape(n, 2)
        return X, X[:, 0] * X[:, 0] + X[:, 1] * X[:, 1]

    def moved(X: Array, stream: Stream) -> Array:
        return np.ascontiguousarray((X + noise * stream.normal(X.size).reshape(X.shape)).T)

    half = samples // 2
    stream = Stream(data_seed)
    X, squared_radius = draw(samples, stream)
    by_radius = np.argsort(squared_radius, kind="stable")
    order = stream.permutation(samples)
    train = moved(X[by_radius[order]], stream), _labels(order >= half)

    boundary = 0.5 * (squared_radius[by_radius[half - 1]] + squared_radius[by_radius[half]])
    stream = _stream_of(test, data_seed)
    X, squared_radius = draw(test.points, stream)
    return train, (moved(X, stream), _labels(squared_radius > boundary))


def circle(
    noise: float = 0.0, samples: int = TRAIN_POINTS, data_seed: int = 1, test: Part = TEST
) -> tuple[Points, Points]:
    """Return the training and test points of a disc within a ring.

    Points (r sin a, r cos a), a uniform in [0, 2 pi): the first half with r uniform in [3.5, 5), the others in
    [0, 2.5). With e uniform in [-5, 5) squared, drawn for every point x, those with |x + noise e| < 2.5 are class 1.
    """

    def points(n: int, stream: Stream) -> Points:
        r, a, *e = stream.uniform(4 * n).reshape(n, 4).T
        X = np.where(_is_one(n), 2.5 * r, 3.5 + 1.5 * r) * _unit_vector(2.0 * math.pi * a)
        x, y = X + noise * (10.0 * np.stack(e) - 5.0)
        return X, _labels(x * x + y * y < 2.5 * 2.5)

    return _twice(points, samples, data_seed, test)


def xor(
    noise: float = 0.0, samples: int = TRAIN_POINTS, data_seed: int = 1, test: Part = TEST
) -> tuple[Points, Points]:
    """Return the training and test points of four squares, of which those on a diagonal are of one class.

    Coordinates are uniform in [-5, 5), then 0.3 farther from 0. With e uniform in [-5, 5) squared, drawn for every
    point, a point is class 1 where the product of the two coordinates of (x, y) + noise e is 0 or more.
    """

    def points(n: int, stream: Stream) -> Points:
        draws = 10.0 * stream.uniform(4 * n).reshape(n, 4).T - 5.0
        X, e = np.ascontiguousarray(draws[:2]), draws[2:]
        X += np.where(X > 0.0, 0.3, -0.3)
        x, y = X + noise * e
        return X, _labels(x * y >= 0.0)

    return _twice(points, samples, data_seed, test)


def gauss(
    noise: float = 0.0, samples: int = TRAIN_POINTS, data_seed: int = 1, test: Part = TEST
) -> tuple[Points, Points]:
    """Return the training and test points of two Gaussian blobs, round (-2, -2) and, class 1, round (2, 2).

    The variance of each coordinate is 0.5 + 7 noise: 0.5 without noise, 4 with 0.5.
    """

    def points(n: int, stream: Stream) -> Points:
        is_one = _is_one(n)
        X = math.sqrt(0.5 + 7.0 * noise) * stream.normal(2 * n).reshape(n, 2).T
        return np.ascontiguousarray(np.where(is_one, 2.0, -2.0) + X), _labels(is_one)

    return _twice(points, samples, data_seed, test)


def spiral(
    noise: float = 0.0, samples: int = TRAIN_POINTS, data_seed: int = 1, test: Part = TEST
) -> tuple[Points, Points]:
    """Return the training and test points of two arms that wind 1.75 times around the origin.

    Point i of the n of an arm, counted from 0: with s = i / n, r = 5 s and a = 3.5 pi s, plus pi for class 0, it is
    (r sin a, r cos a) + noise e, e uniform in [-1, 1) squared. Test points have s = (i + 1/2) / n, fresh ones
    (i + 1/4) / n: in between, because without noise, test points would otherwise equal training points for every seed.
    Both arms begin at the origin, with one point of each class.
    """

    def points(n: int, stream: Stream, first: float) -> Points:
        arms = []
        for size, turned in zip(_halves(n), (math.pi, 0.0), strict=True):
            s = (np.arange(size) + first) / size
            arms.append(5.0 * s * _unit_vector(3.5 * math.pi * s + turned))
        e = 2.0 * stream.uniform(2 * n).reshape(n, 2).T - 1.0
        return np.ascontiguousarray(np.concatenate(arms, axis=1) + noise * e), _labels(_is_one(n))

    between = 0.5 if test is TEST else 0.25
    return points(samples, Stream(data_seed), 0.0), points(test.points, _stream_of(test, data_seed), between)


def plane(
    noise: float = 0.0, samples: int = TRAIN_POINTS, data_seed: int = 1, test: Part = TEST
) -> tuple[Points, Points]:
    """Return the training and test points of a plane, with the value (x + y) / 10.

    Coordinates are uniform in [-6, 6). With e uniform in [-6, 6) squared, drawn for every point, the value is that of
    the plane at (x, y) + noise e.
    """

    def points(n: int, stream: Stream) -> Points:
        X, (x, y) = _uniform_with_noise(n, noise, stream)
        return X, ((x + y) / 10.0).reshape(1, -1)

    return _twice(points, samples, data_seed, test)


_BUMPS = ((-4.0, 2.5, 1.0), (0.0, 2.5, -1.0), (4.0, 2.5, 1.0), (-4.0, -2.5, -1.0), (0.0, -2.5, 1.0), (4.0, -2.5, -1.0))


def multi_gaussian(
    noise: float = 0.0, samples: int = TRAIN_POINTS, data_seed: int = 1, test: Part = TEST
) -> tuple[Points, Points]:
    """Return the training and test points of six bumps, alternately up and down, with the height as value.

    A bump at distance d has the height 1 - d / 2, or 0 from 2 on, times its sign; of several the largest counts. Points
    and noise are those of `plane`. The TensorFlow Playground calls it multi gaussian.
    """

    def points(n: int, stream: Stream) -> Points:
        X, (x, y) = _uniform_with_noise(n, noise, stream)
        value = np.zeros(n)
        for center_x, center_y, sign in _BUMPS:
            dx, dy = x - center_x, y - center_y
            height = sign * np.maximum(1.0 - 0.5 * np.sqrt(dx * dx + dy * dy), 0.0)
            value = np.where(np.abs(height) > np.abs(value), height, value)
        return X, value.reshape(1, -1)

    return _twice(points, samples, data_seed, test)


RANDOM_FEATURES = 16


def gaussian_random(
    noise: float = 1.0, samples: int = TRAIN_POINTS, data_seed: int = 1, test: Part = TEST
) -> tuple[Points, Points]:
    """Return training and test points of 16 features with targets that have nothing to do with them.

    noise: the standard deviation of the targets, which are nothing but noise

    Features are standard normal numbers, targets normal numbers of that size, all of them independent and used as they
    are. A network can only learn the training points by heart: of the test points it can predict nothing. The features
    are drawn first, point by point, then the targets. One point is enough.
    """

    def points(n: int, stream: Stream) -> Points:
        X = np.ascontiguousarray(stream.normal(RANDOM_FEATURES * n).reshape(n, RANDOM_FEATURES).T)
        return X, (noise * stream.normal(n)).reshape(1, -1)

    return _twice(points, samples, data_seed, test)


def _uniform_with_noise(n: int, noise: float, stream: Stream) -> tuple[Array, Array]:
    """Return points (2, n), uniform in [-6, 6) squared, and those at which their values are taken."""
    draws = 12.0 * stream.uniform(4 * n).reshape(n, 4).T - 6.0
    X = np.ascontiguousarray(draws[:2])
    return X, X + noise * draws[2:]


PROBLEMS: Mapping[str, Callable[..., tuple[Points, Points]]] = MappingProxyType(
    {
        "flower": flower,
        "moons": moons,
        "circles": circles,
        "blobs": blobs,
        "gaussian_quantiles": gaussian_quantiles,
        "circle": circle,
        "xor": xor,
        "gauss": gauss,
        "spiral": spiral,
        "plane": plane,
        "multi_gaussian": multi_gaussian,
        "gaussian_random": gaussian_random,
    }
)
"""The functions of this module that draw a problem, by the name of the data set.

Each takes noise, 0 to LARGEST_NOISE; samples, an integer from `fewest_samples`; data_seed, 0 to 2^32 - 1; and what the
second points are, TEST or FRESH.
"""

REGRESSIONS = ("plane", "multi_gaussian", "gaussian_random")
"""The regression problems, with values Y (1, examples) instead of classes."""

AS_DRAWN = ("gaussian_random",)
"""The regression problems of which the targets are not standardized."""


def fewest_samples(name: str) -> int:
    """Return the smallest number of training points of a problem: in the plane, a few of each class or bump."""
    return 1 if name == "gaussian_random" else 10


def _twice(points: Callable[[int, Stream], Points], samples: int, seed: int, test: Part) -> tuple[Points, Points]:
    """Return training and test points, the latter from a stream of their own."""
    return points(samples, Stream(seed)), points(test.points, _stream_of(test, seed))


def _stream_of(part: Part, seed: int) -> Stream:
    return Stream((part.seed + seed) % 2**32)


def _halves(n: int) -> tuple[int, int]:
    """Return the number of points of class 0 and of class 1."""
    return n // 2, n - n // 2


def _is_one(n: int) -> npt.NDArray[np.bool_]:
    """Return the classes of n points, class 0 first."""
    return np.arange(n) >= n // 2


def _unit_vector(angle: Array) -> Array:
    """Return (sin, cos), (2, examples): the angle goes clockwise from the second axis."""
    return np.stack((evaluate("sin", angle), evaluate("cos", angle)))


def _shuffled_with_noise(class_0: Array, class_1: Array, noise: float, stream: Stream) -> Points:
    """Return the points of two classes, (2, points) each, in random order and with normal noise of that size.

    The permutation is drawn before the noise, and the noise point by point, as scikit-learn does.
    """
    points = np.concatenate((class_0, class_1), axis=1)
    n = points.shape[1]
    order = stream.permutation(n)
    X = points[:, order] + noise * stream.normal(2 * n).reshape(n, 2).T
    return np.ascontiguousarray(X), _labels(order >= class_0.shape[1])


def _linspace(start: float, stop: float, n: int) -> Array:
    """Return what NumPy's linspace returns today, independent of changes in later releases."""
    points = start + np.arange(n, dtype=np.float64) * ((stop - start) / (n - 1))
    points[-1] = stop
    return points


def _labels(is_one: npt.NDArray[np.bool_]) -> Array:
    """Return (1, examples) of 0.0 and 1.0."""
    return is_one.astype(np.float64).reshape(1, -1)
