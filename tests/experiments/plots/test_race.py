"""The picture of a race: what was drawn."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments.plots.race import LOWEST, MAX_NAMES, plot_race
from experiments.plots.style import BEST, TIED, WORSE
from experiments.race import Decisions, decide
from tests.helpers.tables import title


def a_race(n: int = 120, k: int = 12, margin: float = 0.06) -> Decisions:
    random = np.random.default_rng(1)
    return decide(random.normal(np.linspace(0.6, 0.7, k), 0.05, (n, k)), margin)


def names(k: int = 12) -> list[str]:
    return [f"hidden {i}" for i in range(k)]


def line(figure: Figure, gid: str) -> Line2D:
    (found,) = [each for ax in figure.axes for each in ax.lines if each.get_gid() == gid]
    return found


def test_the_lines_are_survivors_and_e_values() -> None:
    decisions = a_race(n=60, margin=0.04)
    figure = plot_race(decisions, names())
    assert np.asarray(line(figure, "survivors").get_ydata()).tolist() == [12, *decisions.survivors.tolist()]
    kinds = set()
    for i in range(12):
        drawn, out = line(figure, f"configuration {i}"), int(decisions.out_after[i])
        colour = WORSE if out else BEST if decisions.within_after[i] == 0 else TIED
        kinds.add(colour)
        assert to_hex(drawn.get_color()) == colour.lower()
        expected = [1.0, *np.maximum(decisions.e_values[: out or 60, i], LOWEST).tolist()]
        assert np.asarray(drawn.get_ydata()).tolist() == expected
    assert kinds == {WORSE, BEST, TIED}
    assert np.asarray(line(figure, "threshold").get_ydata()).tolist() == [20.0, 20.0]


@pytest.mark.parametrize(
    ("n", "margin", "state"),
    [
        (60, 0.04, "3 left after 60 seeds: 2 still open"),
        (120, 0.06, "3 left after 120 seeds: decided after 35"),
    ],
)
def test_title_and_names_say_what_is_left(n: int, margin: float, state: str) -> None:
    figure = plot_race(a_race(n=n, margin=margin), names())
    assert title(figure) == f"12 configurations, {state}"
    legend = figure.axes[1].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["hidden 9", "hidden 10", "hidden 11"]


def test_of_many_that_are_left_some_are_named() -> None:
    decisions = a_race(n=6, k=30)
    legend = plot_race(decisions, names(30)).axes[1].get_legend()
    assert legend is not None
    texts = [text.get_text() for text in legend.get_texts()]
    assert len(texts) == MAX_NAMES + 1
    assert texts[-1] == f"and {(decisions.out_after == 0).sum() - MAX_NAMES} others"


def test_another_number_of_names_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^names: expected 12 names, got 3$"):
        plot_race(a_race(), names(3))
