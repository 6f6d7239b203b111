"""The same number is the same text in the report, in the plots and in the terminal."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.cli.closing import closing_lines
from experiments.plots.boundary_grid import plot_boundary_grid
from experiments.plots.heat_map import plot_heat_map
from experiments.results import Results
from experiments.sweep import Sweep
from experiments.tables.words import number, said, said_interval
from tests.helpers.browser import Browser
from tests.helpers.page import page_file

HIDDEN, RATES = [1, 2, 3, 4, 5, 20], [0.03, 0.1, 0.3, 1.2, 5]
CELLS = """
    const texts = [...document.querySelectorAll('#chart-heat .layer_2_marks text')];
    return texts.map((text) => {
      const { x, y, top } = text.getBoundingClientRect();
      return [text.__data__.datum.x, text.__data__.datum.y, text.textContent, x, y];
    });"""
VALUES = [0.6895, 0.68949996, 0.6885, 0.99996, 1.0, 0.0, 1 / 3, -0.0005, -0.25, 12.3456, 9.9996, 45230.7, 1.5e-9, 1e12]


@pytest.fixture(scope="module", params=["accuracy", "auc", "log_loss"])
def results(request: pytest.FixtureRequest) -> Results:
    """Some means of the accuracy are halfway between two texts: 10 seeds on 400 test points, so k / 4000."""
    axes: dict[str, Any] = {"hidden": HIDDEN, "learning_rate": RATES, "seed": range(10)}
    results = Sweep(dataset="flower", **axes, iterations=60, metric=request.param).run(jobs=2, out=None)
    if request.param == "accuracy":
        assert (np.round(4000 * results.summary["mean_test_accuracy"]) % 4 == 2).sum() >= 3
    return results


@pytest.fixture
def opened(browser: Browser, results: Results, tmp_path: Path) -> Browser:
    path = page_file(results, tmp_path)
    browser.open(path)
    browser.settle()
    return browser


def test_every_cell_has_the_text_of_the_plots_in_the_place_of_the_plots(opened: Browser, results: Results) -> None:
    cells = opened(CELLS)
    assert len(cells) == len(HIDDEN) * len(RATES)
    on_page = {(x, y): text.rstrip("*") for x, y, text, _, _ in cells}
    for plot in ("heat map", "boundary grid"):
        if plot == "heat map":
            ax = plot_heat_map(results.summary)
        else:
            data = results.data(results.summary.iloc[0])
            ax = plot_boundary_grid(results.summary, lambda row, most: [lambda X: np.full(X.shape[1], 0.5)], data)
        marks = {text.get_position(): text.get_text().split("\n")[0] for text in ax.texts}
        columns, rows = (sorted({place[axis] for place in marks}) for axis in (0, 1))
        labels = [[label.get_text() for label in of] for of in (ax.get_xticklabels(), ax.get_yticklabels())]
        in_plot = {(labels[0][columns.index(x)], labels[1][rows.index(y)]): text for (x, y), text in marks.items()}
        assert in_plot == on_page, plot
        assert ax.get_ylim()[0] < ax.get_ylim()[1]  # the first row is at the bottom
    # In the page as well: farther up is more.
    for one, other in itertools.pairwise(sorted(cells, key=lambda cell: (cell[0], int(cell[1])))):
        assert one[0] != other[0] or one[4] > other[4]


def test_the_table_of_the_page_has_the_texts_of_the_terminal(opened: Browser, results: Results) -> None:
    titles = opened("return [...document.querySelectorAll('#configurations th')].map((cell) => cell.textContent)")
    rows = opened(
        "return [...document.querySelectorAll('#configurations tbody tr')].slice(0, 10)"
        ".map((row) => [...row.cells].map((cell) => cell.textContent));"
    )
    mean = next(k for k, title in enumerate(titles) if title.startswith("mean test"))
    in_terminal = [line for line in closing_lines(results, 10) if re.match(r" +\d+ .*\[", line)]
    assert len(in_terminal) == len(rows) == 10
    best = results.best().iloc[0]
    for k, (row, line) in enumerate(zip(rows, in_terminal, strict=True)):
        low, _, high = row[mean + 1].removesuffix(" %").partition(" to ")
        assert f"  {row[mean]}  " in line
        assert f"  [{low}, {high}]" in line
        if k == 0:
            numbers = [best[f"{of}_test_{results.metric}"] for of in ("mean", "ci_low", "ci_high")]
            assert row[mean] == said(results.metric, numbers[0], is_labelled=False)
            assert f"[{low}, {high}]" == said_interval(results.metric, *numbers[1:])


def test_both_sides_write_any_number_alike(opened: Browser, results: Results) -> None:
    random = np.random.default_rng(0)
    some = [*VALUES, *(random.integers(0, 4001, 400) / 4000), *(10.0 ** random.uniform(-12, 12, 100))]
    texts = opened("return arguments[0].map(planar.sweep.judging.number)", [float(value) for value in some])
    assert texts == [number(results.metric, float(value)) for value in some]
