"""The colours of a map."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.knobs.knob import SweepError
from experiments.maps import colours
from experiments.maps.declared import MEASURES
from experiments.maps.measures import measure_of, values_of
from tests.helpers.fields import field
from tests.oracles import maps as oracle


@pytest.mark.parametrize("share", [0.0, 0.01, 0.6, 1.0])
def test_ranks_of_each_sign_are_those_of_the_papers_notebook(share: float) -> None:
    random = np.random.RandomState(1)
    values = np.where(random.random_sample((40, 30)) < share, -1, 1) * np.round(random.lognormal(size=(40, 30)), 1)
    values[values == 0] = 0.1
    reference = oracle.stretched(values, values)
    computed = colours.stretched(values, values)
    np.testing.assert_allclose(computed, reference, rtol=1e-12)
    assert np.all((computed > 0) == (values < 0))
    assert np.all(np.abs(computed) >= 0.25)
    other = random.standard_normal((20, 20)) * 3
    np.testing.assert_allclose(colours.stretched(other, values), oracle.stretched(other, values), rtol=1e-12)


def test_the_papers_colours_are_red_and_blue_and_equally_frequent() -> None:
    of = field()
    picture = colours.of_paper(of.verdicts).astype(int)
    converged = of.verdicts.converged
    red, _, blue = np.moveaxis(picture, -1, 0)
    assert np.all(blue[converged] > 80)
    assert np.mean((red > blue) == ~converged) > 0.7  # the fastest of those that converge are yellow
    _, counts = np.unique(picture[converged].reshape(-1, 3), axis=0, return_counts=True)
    assert counts.max() < 2 * np.median(counts) + 20


def luminance(
    picture: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Relative luminance, as WCAG defines it."""
    linear = np.where(picture <= 0.04045, picture / 12.92, ((picture + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("measure", ["paper", "cost", "score"])
def test_with_a_scale_the_verdicts_differ_in_black_and_white(measure: str) -> None:
    of = field()
    shaded = colours.with_scale(of.verdicts, measure_of(measure, of.request))
    light, converged = luminance(shaded.picture / 255), of.verdicts.converged
    assert light[converged].max() < 0.36
    assert light[~converged].min() > 0.45
    assert np.ptp(shaded.picture[~converged].astype(int), axis=1).max() == 0  # grey
    assert [scale.label for scale in shaded.scales] == [measure_of(measure, of.request).label, colours.LASTED]


@pytest.mark.parametrize("measure", ["paper", "cost", "score"])
def test_better_pixels_are_lighter_and_the_scale_gives_their_colour(measure: str) -> None:
    of = field()
    wanted = measure_of(measure, of.request)
    shaded, values = colours.with_scale(of.verdicts, wanted), values_of(of.verdicts, wanted)
    converged = of.verdicts.converged
    better = values[converged] if wanted.larger_is_better else -values[converged]
    light = luminance(shaded.picture[converged] / 255)
    assert np.corrcoef(np.argsort(np.argsort(better)), np.argsort(np.argsort(light)))[0, 1] > 0.98
    scale = shaded.scales[0]
    expected = np.asarray(scale.colours(scale.norm(values[30, 30])))[:3]
    np.testing.assert_allclose(shaded.picture[30, 30] / 255, expected, atol=1 / 255)


def test_a_pixel_that_converges_without_a_number_is_white() -> None:
    of = field()
    shaded = colours.with_scale(of.verdicts, measure_of("reached", of.request))
    missing = of.verdicts.converged & (of.verdicts.reached < 0)
    assert np.all(shaded.picture[missing] == 255)
    assert shaded.n_missing == missing.sum() > 0


def test_a_few_extreme_values_do_not_take_the_scale() -> None:
    of = field()
    of.verdicts.measure[0, :3] = 1e5
    scale = colours.with_scale(of.verdicts, measure_of("paper", of.request)).scales[0]
    assert scale.norm.vmax is not None
    assert scale.norm.vmax < 1e4
    assert (scale.is_below, scale.is_above) == (True, True)


@pytest.mark.parametrize("value", [True, False])
def test_a_map_of_one_verdict_and_one_value_is_drawn(value: bool) -> None:
    of = field()
    of.verdicts.converged[:] = value
    of.verdicts.measure[:] = 7.0
    shaded = colours.with_scale(of.verdicts, measure_of("paper", of.request))
    assert len(shaded.scales) == 1
    assert len(np.unique(shaded.picture.reshape(-1, 3), axis=0)) == 1
    assert len(np.unique(colours.of_paper(of.verdicts).reshape(-1, 3), axis=0)) == 1


def test_an_unknown_measure_is_refused() -> None:
    with pytest.raises(SweepError) as error:
        measure_of("costs", field(metric="auc").request)
    assert str(error.value) == (
        f"--measure: expected one of {', '.join(MEASURES)}, auc, got 'costs' (did you mean 'cost'?)"
    )
    assert measure_of("auc", field(metric="auc").request).larger_is_better
