"""Generated problems by their definitions, in plain Python, point by point: the oracle of test_synthetic.

Each takes the number of points, the noise and the seed of a `RandomState`; it returns X (examples, features) and
y (examples,).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Points = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]


def flower(n: int, noise: float, seed: int) -> Points:
    """The planar exercise: its own lines, but for the noise and an odd number of points."""
    random = np.random.RandomState(seed)
    classes = []
    sizes = [n // 2, n - n // 2]
    for j in (0, 1):
        t = np.linspace(3.12 * j, 3.12 * (j + 1), sizes[j]) + noise * random.randn(sizes[j])
        r = 4 * np.sin(4 * t) + noise * random.randn(sizes[j])
        classes.append(np.column_stack((r * np.sin(t), r * np.cos(t))))
    return np.concatenate(classes), np.repeat([0.0, 1.0], sizes)


def circle(n: int, noise: float, seed: int) -> Points:
    """TensorFlow Playground: inside, up to half of the radius 5; outside, from 0.7 of it."""
    random = np.random.RandomState(seed)
    X, y = [], []
    for i in range(n):
        low, high = (3.5, 5.0) if i < n // 2 else (0.0, 2.5)
        r = random.uniform(low, high)
        angle = random.uniform(0, 2 * math.pi)
        point = (r * math.sin(angle), r * math.cos(angle))
        moved = [coordinate + random.uniform(-5, 5) * noise for coordinate in point]
        X.append(point)
        y.append(1.0 if math.hypot(*moved) < 2.5 else 0.0)
    return np.array(X), np.array(y)


def plane(n: int, noise: float, seed: int) -> Points:
    """The plane of the TensorFlow Playground: (x + y) / 10 at a point that noise has moved."""
    X, values = [], []
    rng = np.random.RandomState(seed)
    for _ in range(n):
        x, y, e, f = (12 * rng.random_sample() - 6 for _ in range(4))
        X.append((x, y))
        values.append((x + noise * e + y + noise * f) / 10)
    return np.array(X), np.array(values)


def multi_gaussian(n: int, noise: float, seed: int) -> Points:
    """The six bumps of the TensorFlow Playground: of the heights at a point the one that is farthest from 0."""
    bumps = {(-4, 2.5): 1, (0, 2.5): -1, (4, 2.5): 1, (-4, -2.5): -1, (0, -2.5): 1, (4, -2.5): -1}
    X, values = [], []
    rng = np.random.RandomState(seed)
    for _ in range(n):
        x, y, e, f = (12 * rng.random_sample() - 6 for _ in range(4))
        X.append((x, y))
        at = (x + noise * e, y + noise * f)
        heights = [sign * max(0.0, 1 - math.dist(at, center) / 2) for center, sign in bumps.items()]
        values.append(max(heights, key=abs))
    return np.array(X), np.array(values)


def gaussian_random(n: int, noise: float, seed: int) -> Points:
    """Normal features, and then targets of that deviation, which have nothing to do with them."""
    rng = np.random.RandomState(seed)
    X = [[rng.standard_normal() for _ in range(16)] for _ in range(n)]
    return np.array(X), np.array([noise * rng.standard_normal() for _ in range(n)])


def xor(n: int, noise: float, seed: int) -> Points:
    """TensorFlow Playground: a square of side 10, with 0.3 of padding on either side of the axes."""
    random = np.random.RandomState(seed)
    X, y = [], []
    for _ in range(n):
        point = [coordinate + math.copysign(0.3, coordinate) for coordinate in random.uniform(-5, 5, 2)]
        moved = [coordinate + random.uniform(-5, 5) * noise for coordinate in point]
        X.append(point)
        y.append(1.0 if moved[0] * moved[1] >= 0 else 0.0)
    return np.array(X), np.array(y)


def gauss(n: int, noise: float, seed: int) -> Points:
    """TensorFlow Playground: noise 0 to 0.5 is a variance of 0.5 to 4."""
    random = np.random.RandomState(seed)
    X, y = [], []
    for i in range(n):
        sign = -1 if i < n // 2 else 1
        variance = 0.5 + (4 - 0.5) * noise / 0.5
        X.append([2 * sign + math.sqrt(variance) * random.randn() for _ in range(2)])
        y.append((1 + sign) / 2)
    return np.array(X), np.array(y)


def spiral(n: int, noise: float, seed: int, first: float = 0.0) -> Points:
    """TensorFlow Playground; the first point of an arm is point number `first`, the next one `first` + 1."""
    random = np.random.RandomState(seed)
    X, y = [], []
    for label, size, turned in ((0.0, n // 2, math.pi), (1.0, n - n // 2, 0.0)):
        for i in range(size):
            r = (i + first) / size * 5
            t = 1.75 * (i + first) / size * 2 * math.pi + turned
            X.append((r * math.sin(t) + random.uniform(-1, 1) * noise, r * math.cos(t) + random.uniform(-1, 1) * noise))
            y.append(label)
    return np.array(X), np.array(y)
