"""Synthetic data against scikit-learn's generators, and the others against their definitions in plain Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import chi2, kstest, pearsonr
from sklearn import datasets as scikit_learn

from experiments.datasets.synthetic import PROBLEMS, REGRESSIONS, TEST_SEED, Points, flower, gaussian_quantiles, spiral
from experiments.knobs.declared import LARGEST_NOISE
from tests.oracles import datasets as datasets_reference

CLASSIFICATIONS = [name for name in PROBLEMS if name not in REGRESSIONS]
ROUNDING = 1e-12  # scikit-learn's sin, cos and log may differ from ours in the last bits
SIZES = [10, 11, 400, 401]


def assert_same_points(computed: Points, X: npt.NDArray[Any], y: npt.NDArray[Any]) -> None:
    """Compare with (examples, features) and (examples,), as scikit-learn has them."""
    np.testing.assert_allclose(computed[0], X.T, rtol=0, atol=ROUNDING)
    np.testing.assert_array_equal(computed[1], y.reshape(1, -1))


def same(one: Points, other: Points) -> bool:
    return all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("samples", SIZES)
@pytest.mark.parametrize("name", PROBLEMS)
def test_shapes_types_and_layout(name: str, samples: int) -> None:
    for noise in ({}, {"noise": 0.0}, {"noise": 0.5}, {"noise": LARGEST_NOISE}):
        for (X, Y), points in zip(PROBLEMS[name](samples=samples, **noise), (samples, 2000), strict=True):
            assert X.shape == (16 if name == "gaussian_random" else 2, points)
            assert Y.shape == (1, points)
            for array in (X, Y):
                assert array.dtype == np.float64
                assert array.flags.c_contiguous
            assert np.isfinite(X).all()
            if name in REGRESSIONS:
                assert np.isfinite(Y).all()
                continue
            classes = set(Y.ravel().tolist())
            assert classes == {0.0, 1.0} or (classes == {0.0} and noise == {"noise": LARGEST_NOISE})


@pytest.mark.parametrize("name", PROBLEMS)
def test_drawing_again_gives_the_same_and_test_points_are_others(name: str) -> None:
    (X, Y), (X_test, Y_test) = PROBLEMS[name]()
    again, test_again = PROBLEMS[name]()
    assert same((X, Y), again)
    assert same((X_test, Y_test), test_again)
    assert not set(map(tuple, X.T.tolist())) & set(map(tuple, X_test.T.tolist()))


@pytest.mark.parametrize("samples", SIZES)
@pytest.mark.parametrize("name", CLASSIFICATIONS)
def test_classes_are_as_even_as_can_be(name: str, samples: int) -> None:
    (_, Y), (_, Y_test) = PROBLEMS[name](samples=samples)
    if name == "xor":  # a class for every point, by chance
        assert abs(Y_test.sum() - 1000) < 3 * np.sqrt(2000) / 2
        return
    unevenness = {"blobs": max(1, -(samples % -6) % 2)}.get(name, 1)
    assert abs(2 * Y.sum() - samples) <= unevenness
    if name != "gaussian_quantiles":  # whose test points are labelled by a circle
        assert Y_test.sum() == 1000


@pytest.mark.parametrize("name", PROBLEMS)
def test_test_points_do_not_depend_on_the_number_of_training_points(name: str) -> None:
    _, (X_test, Y_test) = PROBLEMS[name]()
    for samples in (10, 11, 401):
        _, (X, Y) = PROBLEMS[name](samples=samples)
        assert X.tobytes() == X_test.tobytes()
        if name != "gaussian_quantiles":  # whose labels are those of the training points' circle
            assert Y.tobytes() == Y_test.tobytes()


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_seed_is_another_draw_of_both_parts(name: str) -> None:
    published = {"blobs": 5}.get(name, 1)
    drawn = [PROBLEMS[name](noise=0.2, data_seed=seed) for seed in (published, 2, 2**32 - 1)]
    default = PROBLEMS[name](noise=0.2)
    for part in (0, 1):
        assert same(drawn[0][part], default[part])
        assert len({points[part][0].tobytes() for points in drawn}) == 3
    for train, test in drawn:
        assert not set(map(tuple, train[0].T.tolist())) & set(map(tuple, test[0].T.tolist()))


def test_flower_starts_with_the_published_points() -> None:
    (X, Y), _ = flower()
    np.testing.assert_allclose(X[:, 0], [1.20444229, 3.57611415], rtol=0, atol=5e-9)
    np.testing.assert_allclose(X[:, 1], [0.1587099, -1.4821709], rtol=0, atol=5e-8)
    assert Y.ravel().tolist() == [0.0] * 200 + [1.0] * 200


@pytest.mark.parametrize("samples", SIZES)
@pytest.mark.parametrize(
    ("name", "default_noise"), [("flower", 0.2), ("circle", 0.0), ("xor", 0.0), ("gauss", 0.0), ("spiral", 0.0)]
)
def test_problems_are_their_definitions(name: str, default_noise: float, samples: int) -> None:
    define = getattr(datasets_reference, name)
    between = {"first": 0.5} if name == "spiral" else {}
    train, test = PROBLEMS[name](samples=samples)
    assert_same_points(train, *define(samples, default_noise, 1))
    assert_same_points(test, *define(2000, default_noise, TEST_SEED + 1, **between))
    for noise in (0.0, 0.25, 0.5, 1.5):
        train, test = PROBLEMS[name](noise, samples, 294_967_298)
        assert_same_points(train, *define(samples, noise, 294_967_298))
        assert_same_points(test, *define(2000, noise, 2, **between))  # a sum modulo 2^32


@pytest.mark.parametrize("samples", SIZES)
@pytest.mark.parametrize("noise", [0.0, 0.25, 1.5])
@pytest.mark.parametrize("name", REGRESSIONS)
def test_regressions_are_their_definitions(name: str, noise: float, samples: int) -> None:
    define = getattr(datasets_reference, name)
    train, test = PROBLEMS[name](noise, samples, 294_967_298)
    seeds = 294_967_298, (TEST_SEED + 294_967_298) % 2**32
    for (X, Y), seed in zip((train, test), seeds, strict=True):
        points, values = define(X.shape[1], noise, seed)
        np.testing.assert_allclose(X, points.T, rtol=0, atol=ROUNDING)
        np.testing.assert_allclose(Y, values.reshape(1, -1), rtol=0, atol=ROUNDING)
    most = {"plane": 1.2 + 1.2 * noise, "gaussian_random": 5.0 * noise}.get(name, 1.0)
    assert np.abs(train[1]).max() <= most


@pytest.mark.parametrize("name", ["circle", "xor"])
def test_noise_of_circle_and_xor_moves_no_point_but_labels(name: str) -> None:
    quiet, noisy = PROBLEMS[name](), PROBLEMS[name](noise=0.3)
    for part in (0, 1):
        assert quiet[part][0].tobytes() == noisy[part][0].tobytes()
        changed = np.mean(quiet[part][1] != noisy[part][1])
        assert 0.05 < changed < 0.3


def test_both_arms_of_the_spiral_begin_at_the_origin() -> None:
    (X, Y), _ = spiral()
    assert np.abs(X[:, [0, 200]]).max() == 0.0
    assert Y[0, [0, 200]].tolist() == [0.0, 1.0]
    radius = np.hypot(*X)
    np.testing.assert_allclose(radius, np.tile(np.arange(200) / 40, 2), atol=ROUNDING)


@pytest.mark.parametrize("samples", SIZES)
@pytest.mark.parametrize(
    ("name", "make", "settings", "noise"),
    [
        ("moons", scikit_learn.make_moons, {}, 0.2),
        ("circles", scikit_learn.make_circles, {"factor": 0.5}, 0.3),
    ],
)
def test_moons_and_circles_are_those_of_scikit_learn(
    name: str, make: Callable[..., Any], settings: dict[str, float], noise: float, samples: int
) -> None:
    train, test = PROBLEMS[name](samples=samples)
    assert_same_points(train, *make(samples, random_state=1, noise=noise, **settings))
    assert_same_points(test, *make(2000, random_state=TEST_SEED + 1, noise=noise, **settings))
    train, _ = PROBLEMS[name](0.7, samples, 8)
    assert_same_points(train, *make(samples, random_state=8, noise=0.7, **settings))


@pytest.mark.parametrize("samples", SIZES)
@pytest.mark.parametrize("given", [{}, {"noise": 2.5, "data_seed": 8}])
def test_blobs_are_those_of_scikit_learn(given: dict[str, float], samples: int) -> None:
    seed, noise = given.get("data_seed", 5), given.get("noise", 1.0)
    train, test = PROBLEMS["blobs"](samples=samples, **given)
    X, blob, centres = scikit_learn.make_blobs(
        samples, centers=6, cluster_std=noise, random_state=seed, return_centers=True
    )
    assert_same_points(train, X, blob % 2)
    X, blob = scikit_learn.make_blobs(2000, centers=centres, cluster_std=noise, random_state=TEST_SEED + seed)
    assert_same_points(test, X, blob % 2)


@pytest.mark.parametrize("samples", SIZES)
@pytest.mark.parametrize("seed", [1, 8])
def test_gaussian_quantiles_are_those_of_scikit_learn(seed: int, samples: int) -> None:
    train, _ = gaussian_quantiles(samples=samples, data_seed=seed)
    settings = {"cov": 0.5, "n_features": 2, "n_classes": 2}
    assert_same_points(train, *scikit_learn.make_gaussian_quantiles(n_samples=samples, random_state=seed, **settings))


@pytest.mark.parametrize("samples", SIZES)
def test_gaussian_quantiles_tests_with_the_circle_it_trains_on(samples: int) -> None:
    (X, Y), (X_test, Y_test) = gaussian_quantiles(samples=samples)
    squared_radius, is_one = (X**2).sum(axis=0), Y.ravel() == 1
    last_inside, first_outside = squared_radius[~is_one].max(), squared_radius[is_one].min()
    assert last_inside < first_outside
    if samples == 400:
        # The figure of the docstring; and the circle of the population, 3 standard errors (0.05) away at most.
        assert last_inside == pytest.approx(0.659, abs=5e-4)
        assert last_inside == pytest.approx(0.5 * chi2.median(2), abs=0.15)

    squared_radius, is_one = (X_test**2).sum(axis=0), Y_test.ravel() == 1
    boundary = (last_inside + first_outside) / 2
    np.testing.assert_array_equal(is_one, squared_radius > boundary)
    assert kstest(squared_radius, chi2(2, scale=0.5).cdf).pvalue > 0.01


def test_noise_of_gaussian_quantiles_is_normal_and_comes_after_the_labels() -> None:
    for quiet, noisy in zip(gaussian_quantiles(), gaussian_quantiles(noise=0.3), strict=True):
        assert quiet[1].tobytes() == noisy[1].tobytes()
        moved = noisy[0] - quiet[0]
        for coordinate in moved:
            assert kstest(coordinate / 0.3, "norm").pvalue > 0.01
        assert abs(pearsonr(*moved).statistic) < 3 / np.sqrt(moved.shape[1])
