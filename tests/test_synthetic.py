"""Synthetic data against scikit-learn's generators, and the flower against its definition in plain NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import chi2, kstest
from sklearn import datasets as reference

from experiments.synthetic import PROBLEMS, TEST_SEED, Points, blobs, flower, gaussian_quantiles

ROUNDING = 1e-12  # scikit-learn's sin, cos and log may differ from ours in the last bits


def assert_same_points(computed: Points, X: npt.NDArray[Any], y: npt.NDArray[Any]) -> None:
    """Compare with (examples, features) and (examples,), as scikit-learn has them."""
    np.testing.assert_allclose(computed[0], X.T, rtol=0, atol=ROUNDING)
    np.testing.assert_array_equal(computed[1], y.reshape(1, -1))


def flower_by_definition(n: int, seed: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    random = np.random.RandomState(seed)
    halves = []
    for j in (0, 1):
        t = np.linspace(3.12 * j, 3.12 * (j + 1), n // 2) + 0.2 * random.randn(n // 2)
        r = 4 * np.sin(4 * t) + 0.2 * random.randn(n // 2)
        halves.append(np.column_stack((r * np.sin(t), r * np.cos(t))))
    return np.concatenate(halves), np.repeat([0.0, 1.0], n // 2)


@pytest.mark.parametrize("name", PROBLEMS)
def test_shapes_types_and_layout(name: str) -> None:
    for (X, Y), points in zip(PROBLEMS[name](), (400, 2000), strict=True):
        assert X.shape == (2, points)
        assert Y.shape == (1, points)
        for array in (X, Y):
            assert array.dtype == np.float64
            assert array.flags.c_contiguous
        assert set(Y.ravel().tolist()) == {0.0, 1.0}


@pytest.mark.parametrize("name", PROBLEMS)
def test_drawing_again_gives_the_same_and_test_points_are_others(name: str) -> None:
    (X, Y), (X_test, Y_test) = PROBLEMS[name]()
    (X_again, Y_again), (X_test_again, Y_test_again) = PROBLEMS[name]()
    assert X.tobytes() == X_again.tobytes()
    assert Y.tobytes() == Y_again.tobytes()
    assert X_test.tobytes() == X_test_again.tobytes()
    assert Y_test.tobytes() == Y_test_again.tobytes()
    assert not set(map(tuple, X.T.tolist())) & set(map(tuple, X_test.T.tolist()))


def test_flower_starts_with_the_published_points() -> None:
    (X, Y), _ = flower()
    np.testing.assert_allclose(X[:, 0], [1.20444229, 3.57611415], rtol=0, atol=5e-9)
    np.testing.assert_allclose(X[:, 1], [0.1587099, -1.4821709], rtol=0, atol=5e-8)
    assert Y.ravel().tolist() == [0.0] * 200 + [1.0] * 200


def test_flower_is_its_definition() -> None:
    train, test = flower()
    assert_same_points(train, *flower_by_definition(400, 1))
    assert_same_points(test, *flower_by_definition(2000, TEST_SEED + 1))


@pytest.mark.parametrize(
    ("name", "make", "settings"),
    [
        ("moons", reference.make_moons, {"noise": 0.2}),
        ("circles", reference.make_circles, {"noise": 0.3, "factor": 0.5}),
    ],
)
def test_moons_and_circles_are_those_of_scikit_learn(
    name: str, make: Callable[..., Any], settings: dict[str, float]
) -> None:
    train, test = PROBLEMS[name]()
    assert_same_points(train, *make(400, random_state=1, **settings))
    assert_same_points(test, *make(2000, random_state=TEST_SEED + 1, **settings))


def test_blobs_are_those_of_scikit_learn() -> None:
    train, test = blobs()
    X, blob, centres = reference.make_blobs(400, centers=6, random_state=5, return_centers=True)
    assert_same_points(train, X, blob % 2)
    X, blob = reference.make_blobs(2000, centers=centres, random_state=TEST_SEED + 5)
    assert_same_points(test, X, blob % 2)


def test_gaussian_quantiles_are_those_of_scikit_learn() -> None:
    train, _ = gaussian_quantiles()
    settings = {"cov": 0.5, "n_features": 2, "n_classes": 2}
    assert_same_points(train, *reference.make_gaussian_quantiles(n_samples=400, random_state=1, **settings))


def test_gaussian_quantiles_tests_with_the_circle_it_trains_on() -> None:
    (X, Y), (X_test, Y_test) = gaussian_quantiles()
    squared_radius, is_one = (X**2).sum(axis=0), Y.ravel() == 1
    last_inside, first_outside = squared_radius[~is_one].max(), squared_radius[is_one].min()
    assert last_inside < first_outside
    # The figure of the docstring; and the circle of the population, 3 standard errors (0.05) away at most.
    assert last_inside == pytest.approx(0.659, abs=5e-4)
    assert last_inside == pytest.approx(0.5 * chi2.median(2), abs=0.15)

    squared_radius, is_one = (X_test**2).sum(axis=0), Y_test.ravel() == 1
    boundary = (last_inside + first_outside) / 2
    np.testing.assert_array_equal(is_one, squared_radius > boundary)
    assert kstest(squared_radius, chi2(2, scale=0.5).cdf).pvalue > 0.01
