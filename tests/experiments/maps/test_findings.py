"""What a map says."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from experiments.maps.dimension import box_counting
from experiments.maps.findings import findings
from experiments.maps.plane import Axis, Plane, whole, zoomed
from experiments.text import columns
from tests.helpers.fields import PLANE, field
from tests.oracles import fractals
from tests.oracles import maps as oracle


def test_figures_are_those_of_the_definitions() -> None:
    of = field()
    computed, verdicts = findings(of), of.verdicts
    assert computed.n == 4096
    assert computed.trains == pytest.approx(np.mean(verdicts.converged))
    places = [(r, c) for r in range(64) for c in range(64) if verdicts.converged[r, c]]
    ranked = sorted(places, key=lambda place: verdicts.measure[place])
    row, column = ranked[0]
    assert computed.at == (of.x[column], of.y[row])
    assert computed.best == verdicts.measure[row, column]
    best = ranked[: len(places) // 100]
    xs, ys = [of.x[c] for _, c in best], [of.y[r] for r, _ in best]
    assert computed.box == ((min(xs), max(xs)), (min(ys), max(ys)))
    assert computed.pixels == pytest.approx(oracle.distance_to_edge(verdicts.converged, row, column))
    away = [oracle.distance_to_edge(verdicts.converged, *place) for place in best]
    assert computed.of_best == pytest.approx(np.median(away))
    assert computed.edge is not None
    edge = of.y.index(computed.edge[1]), of.x.index(computed.edge[0])
    assert not verdicts.converged[edge]
    assert math.dist(edge, (row, column)) == pytest.approx(computed.pixels)
    up = next(r for r in range(row, 64) if not verdicts.converged[r, column])
    assert computed.sides[1] == (None, of.y[up])
    assert computed.dimension == box_counting(verdicts.converged)
    assert computed.saved == pytest.approx(0.8 * (1 - computed.trains))
    assert computed.warning is None


def test_sentences_fit_in_a_terminal() -> None:
    text = str(findings(field()))
    assert (
        text
        == """\
80.9 % of 4,096 networks train. Early ends saved 15.3 % of the iterations.
The best is at learning rate 1 and output learning rate 10: sum of cost / first
cost 50.05. The best 1 % of those that train have learning rate 0.649 to 1.54
and output learning rate 7.5 to 15.4.
The nearest network that does not train is 16 pixels away: learning rate x 0.75
and output learning rate x 10. Raising one knob alone, training fails at output
learning rate x 17.8. Half of the best 1 % are at most 15 pixels from the edge.
The box-counting dimension of the edge is 1.18 (95 % interval 1.04 to 1.33)."""
    )
    assert all(columns(line) <= 80 for line in text.splitlines())


@pytest.mark.parametrize(("measure", "best"), [("cost", "cost 0.05"), ("score", "score on the training points 0.8999")])
def test_the_best_by_another_measure(measure: str, best: str) -> None:
    assert f": {best}" in " ".join(findings(field(), measure).sentences)


def test_a_metric_of_the_map_is_written_in_its_unit() -> None:
    assert ": test accuracy 90.0 %." in " ".join(findings(field(metric="accuracy"), "accuracy").sentences)


@pytest.mark.parametrize("value", [True, False])
def test_a_map_of_one_verdict_says_so(value: bool) -> None:
    of = field()
    of.verdicts.converged[:] = value
    computed = findings(of)
    text = " ".join(computed.sentences)
    assert text.startswith(f"{100 if value else 0} % of 4,096 networks train.")
    assert ("The best is at" in text) == value
    assert "nearest" not in text
    assert "dimension" not in text
    json.dumps(computed.as_dict(), allow_nan=False)
    assert computed.as_dict()["dimension"] is None


def test_as_data_it_is_plain() -> None:
    found = findings(field()).as_dict()
    json.dumps(found, allow_nan=False)
    assert set(found["best_at"]) == {"learning_rate", "output_learning_rate"}
    assert found["box_sizes"] == [1, 2, 4, 8, 16, 32]


def test_differences_on_a_linear_axis_and_a_percentage_in_a_deep_zoom() -> None:
    plane = Plane(Axis("init_offset", "lin", 0.5, 3.0), PLANE.y)
    assert "away: init offset -0.312 and output learning rate x 10." in " ".join(findings(field(plane=plane)).sentences)
    text = " ".join(findings(field(zoomed(PLANE, 64, 1.0, 158.0, 2**10))).sentences)
    assert "away: learning rate -0.66 % and output learning rate +0.34 %." in text


def test_a_warning_where_float64_does_not_tell_pixels_apart() -> None:
    computed = findings(field(zoomed(PLANE, 64, 1.0, 150.0, 2**50)))
    assert computed.warning is not None
    assert " ".join(computed.lines).endswith("; zoom less.")
    assert all(columns(line) <= 80 for line in computed.lines)


def test_a_map_of_one_pixel_row_of_failures_has_its_edge() -> None:
    of = field(whole(64))
    of.verdicts.converged[:] = True
    of.verdicts.converged[60] = False
    computed = findings(of)
    assert computed.edge is not None
    assert computed.edge[1] == of.y[60]


def test_the_windows_of_a_film_have_a_median() -> None:
    random = np.random.RandomState(4)
    film = [fractals.mountains(128, roughness, random) for roughness in (0.3, 0.5, 0.6)]
    computed = findings(field(), film=iter(film))
    values = [box_counting(converged).value for converged in film]
    assert computed.film is not None
    assert computed.film.values == tuple(values)
    assert computed.film.median.value == sorted(values)[1]
    assert computed.film.papers == pytest.approx(oracle.papers_median(film))
    low, middle, high = (f"{value:.2f}" for value in sorted(values))
    said = (
        f"Over 3 windows of the film its median is {middle} (75 % interval {low} to {high}); as the paper computes it,"
    )
    assert said in " ".join(computed.sentences)
    assert computed.as_dict()["dimension_in_film"]["windows"] == values
    json.dumps(computed.as_dict(), allow_nan=False)
