"""The box-counting dimension, on sets for which it is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from experiments.maps import dimension
from experiments.maps.dimension import box_counting, dimension_of, median_of, papers_median
from tests.oracles import fractals
from tests.oracles import maps as oracle


def of(known: fractals.Known) -> dimension.Dimension:
    return box_counting(known.cells) if known.is_map else dimension_of(known.cells)


@pytest.mark.parametrize("shape", [(64, 64), (64, 80), (33, 12)])
def test_boundary_and_counts_are_those_of_the_definition(shape: tuple[int, int]) -> None:
    converged = np.random.RandomState(0).random_sample(shape) < 0.03
    reference = oracle.boundary(converged)
    computed = dimension.boundary(converged)
    np.testing.assert_array_equal(computed, reference)
    for size in (1, 2, 3, 5, 8, 11, 64):
        assert dimension.count_boxes(computed, size) == oracle.count_boxes(reference, size)


def test_the_slope_is_that_of_least_squares_from_4_cells_to_a_quarter_of_the_map() -> None:
    computed = box_counting(fractals.mountains(256, 0.5, np.random.RandomState(1)))
    assert computed.sizes == (1, 2, 4, 8, 16, 32, 64, 128)
    sizes, counts = list(computed.sizes)[2:7], list(computed.counts)[2:7]
    reference = oracle.fitted_slope(sizes, counts)
    assert computed.value == pytest.approx(reference, rel=1e-12)
    steps = -np.diff(np.log2(counts))
    assert computed.high - computed.value == pytest.approx(3.182446305 * np.std(steps, ddof=1) / 2, rel=1e-9)
    assert computed.value - computed.low == pytest.approx(computed.high - computed.value)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (np.ones((511, 511), np.bool_), 2.0),
        (np.eye(512, dtype=np.bool_)[:511, :511], 1.0),
        (np.arange(512)[:, None] * np.ones(512) == 300, 1.0),
        (fractals.sierpinski_triangle(512), math.log2(3)),
    ],
    ids=["plane", "diagonal", "line", "triangle"],
)
def test_a_set_of_boxes_that_are_halved_has_its_dimension_exactly(cells: fractals.Cells, expected: float) -> None:
    computed = dimension_of(cells)
    assert computed.value == pytest.approx(expected, abs=0.003)  # 511 cells are no power of two
    assert computed.low <= expected + 1e-12 or computed.value == pytest.approx(expected, abs=0.003)


ERRORS = {  # of one map of 512 pixels; on average over many they are a third of that, or less
    "line": 0.05,
    "plane": 0.01,
    "triangle": 0.25,
    "carpet": 0.05,
    "Koch curve": 0.1,
    "Cantor dust": 0.25,
    "mountains": 0.25,
}


def test_dimensions_of_known_sets_are_found() -> None:
    for known in fractals.all_known(512, np.random.RandomState(3)):
        computed, kind = of(known), known.name.partition(" 0")[0]
        assert computed.value == pytest.approx(known.dimension, abs=ERRORS[kind]), known.name


@pytest.mark.slow
@pytest.mark.parametrize("n", [256, 512])
def test_the_interval_contains_the_dimension_in_nine_of_ten_cases(n: int) -> None:
    random = np.random.RandomState(n)
    inside, errors = [], dict[str, list[float]]()
    for _ in range(10):
        for known in fractals.all_known(n, random):
            computed = of(known)
            errors.setdefault(known.name, []).append(computed.value - known.dimension)
            inside.append(computed.low - 0.01 <= known.dimension <= computed.high + 0.01)
    assert np.mean(inside) > 0.9
    for name, of_kind in errors.items():
        assert abs(np.mean(of_kind)) < 0.12, name


@pytest.mark.parametrize("value", [True, False])
def test_a_map_without_a_boundary_has_no_dimension(value: bool) -> None:
    computed = box_counting(np.full((128, 128), value))
    assert all(map(math.isnan, computed[:3]))
    assert not any(computed.counts)
    assert math.isnan(papers_median([np.full((128, 128), value)]))


def test_a_map_of_one_tile_has_a_wide_interval_and_a_smaller_one_has_none() -> None:
    converged = fractals.mountains(64, 0.4, np.random.RandomState(2))
    assert box_counting(converged).high - box_counting(converged).low > 0.3
    assert math.isnan(box_counting(converged[:32, :32]).low)
    assert box_counting(converged[:32, :32]).value > 0
    assert math.isnan(box_counting(converged[:8, :8]).value)


def test_the_papers_figure_is_that_of_its_notebook() -> None:
    random = np.random.RandomState(5)
    maps = [fractals.mountains(n, roughness, random) for n in (64, 128, 200) for roughness in (0.3, 0.6)]
    assert papers_median(maps) == pytest.approx(oracle.papers_median(maps), rel=1e-9)


def test_the_median_of_a_sequence_has_an_interval_from_two_of_them() -> None:
    values = [1.1, 1.9, 1.3, 1.4, 1.2, 1.8, 1.5, 1.6, 1.7]
    computed = median_of([*values, math.nan])
    # Of nine, the second and the last but one: 1 - 2 (1 + 9) / 2^9.
    np.testing.assert_allclose(computed, (1.5, 1.2, 1.8, 1 - 20 / 512, 9))
    few = median_of(values[:4])
    np.testing.assert_allclose(few, (1.35, 1.1, 1.9, 1 - 2 / 16, 4))
    assert median_of([math.nan]).n == 0
