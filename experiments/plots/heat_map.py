"""The heat map: the mean of the ranking metric for every pair of values of two settings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from experiments.plots.axes import figure_of, new_axes, text_panel, title_axes
from experiments.plots.choice import (
    Replicates,
    axis_name,
    best_rows,
    codes_of,
    every_other,
    finished_of,
    judged,
    setting_notes,
    titled,
    two_axes,
    value_name,
    values_of,
)
from experiments.plots.limits import Baselines, Cut, baselines_note, colour_ends, in_unit
from experiments.plots.style import BEST, NOTHING, SMALL, count
from experiments.tables.statistics import late_ties
from experiments.tables.words import label, larger_is_better, metric_of, number, unit

MAX_CELLS, MAX_COLUMNS, MAX_ROWS = 160, 12, 20  # largest numbers of cells and columns with text; labels of rows


def plot_heat_map(
    summary: pd.DataFrame,
    ax: Axes | None = None,
    x: str | None = None,
    y: str | None = None,
    baselines: Baselines = (),
    *,
    title: str | None = None,
) -> Axes:
    """The mean test accuracy for every hidden size (rows, as requested) and learning rate (columns, ascending).

    If the summary is ranked by another metric, that is shown instead of the accuracy. Lighter cells are better.

    The best cell and those tied with it are framed and labelled, and so are cells with diverged or failed seeds. With
    too many cells for text, the best are stars and the ties are dots. If other settings vary, each cell is at their
    best values. The title gives the values of the `baselines`.

    If other settings have more values than hidden size and learning rate, they are used instead, or those named by `x`
    and `y`. Raises ValueError for an unknown setting, and for rows of several data sets.
    """
    metric = metric_of(summary)
    usual = titled(summary, f"mean test {label(metric)}")
    summary = judged(summary)
    x, y = two_axes(summary, x, y)
    notes = setting_notes(summary, [x, y], "cell")
    if not summary["mean"].notna().any():
        return text_panel(ax or new_axes(*SMALL), usual, f"nothing to show: {NOTHING}", title)
    cells = best_rows(summary, [y, x])
    x_values, y_values = values_of(summary, x), values_of(summary, y)
    width, height = max(5.2, 2.4 + 0.95 * len(x_values)), max(3.0, 1.6 + 0.52 * len(y_values))
    ax = ax or new_axes(min(width, 11.0), min(height, 9.0))
    rows, columns = codes_of(cells[y], y_values), codes_of(cells[x], x_values)
    cut = Cut.of(metric, cells["mean"])
    grid = np.full((len(y_values), len(x_values)), np.nan)
    grid[rows, columns] = cut.within(cells["mean"])
    ax.set_facecolor("#E4E4E4")
    light_is_good = "cividis" if larger_is_better(metric) else "cividis_r"
    image = ax.imshow(np.ma.masked_invalid(grid), cmap=light_is_good, aspect="auto", origin="lower")
    image.set_clim(*colour_ends(metric, grid))
    if len(x_values) <= MAX_COLUMNS and grid.size <= MAX_CELLS:
        for i in range(len(cells)):
            _write_cell(ax, image, rows[i], columns[i], cells.iloc[i], metric)
    else:
        notes += _mark_cells(ax, rows, columns, cells)
    some_x, some_y = every_other(len(x_values), MAX_COLUMNS), every_other(len(y_values), MAX_ROWS)
    ax.set_xticks(some_x, [value_name(x_values[i], 16) for i in some_x])
    ax.set_yticks(some_y, [value_name(y_values[i], 16) for i in some_y])
    _heat_map_frame(ax, image, axis_name(x), axis_name(y), metric)
    notes += cut.note(cells["mean"], "cell", "in the colour of that limit")
    if late_ties(cells["rank"], cells["standing"].isin(["best", "tied"])):
        noun = Replicates.of(cells).noun
        notes.append(f"tied cells with a worse mean than cells that are not tied: their {noun}s differ more")
    title_axes(ax, usual, [_cell_note(cells), *notes, *baselines_note(baselines, metric)], title)
    return ax


def _write_cell(ax: Axes, image: Any, row: int, column: int, cell: pd.Series, metric: str) -> None:
    mean, standing = cell["mean"], cell["standing"]
    lines = ["failed" if pd.isna(mean) else number(metric, mean)]
    lines += [standing] if standing in ("best", "tied") else []
    every = cell.get("n_replicates", cell["n_seeds"])
    for what in ("diverged",) if pd.isna(mean) else ("diverged", "failed"):
        lines += [f"{cell[f'n_{what}']} of {every} {what}"] if cell[f"n_{what}"] else []
    ax.text(
        column, row, "\n".join(lines), ha="center", va="center", fontsize=8, linespacing=1.0,
        color=_ink_on(image, mean), fontweight="bold" if standing == "best" else "normal",
        in_layout=False,  # it is inside the panel, so the layout does not have to measure it
    )  # fmt: skip
    if standing in ("best", "tied"):
        ax.add_patch(
            Rectangle(
                (column - 0.46, row - 0.45), 0.92, 0.9, fill=False, gid=standing,
                edgecolor=BEST if standing == "best" else "black",
                linewidth=2.5 if standing == "best" else 1.2,
            )
        )  # fmt: skip


def _ink_on(image: Any, mean: float) -> str:
    """White on dark cells, black on light ones and on the grey of a cell without a number."""
    red, green, blue, _ = (1.0, 1.0, 1.0, 1.0) if pd.isna(mean) else image.cmap(image.norm(mean))
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.5 else "black"


def _mark_cells(ax: Axes, rows: Any, columns: Any, cells: pd.DataFrame) -> list[str]:
    marks = (("tied", "o", 3, "white", "black"), ("best", "*", 16, BEST, "white"))
    for standing, mark, size, colour, edge in marks:
        here = (cells["standing"] == standing).to_numpy()
        ax.plot(
            columns[here], rows[here], mark, color=colour, markersize=size, markeredgecolor=edge,
            markeredgewidth=0.5, gid=standing,
        )  # fmt: skip
    notes = ["star: best, dot: tied with the best" if (cells["standing"] == "tied").any() else "star: best"]
    runs = count(int((finished_of(cells) + cells["n_failed"]).sum()), "run")
    bad = {what: int(cells[f"n_{what}"].sum()) for what in ("diverged", "failed")}
    return notes + [f"{n:,} of {runs} {what}" for what, n in bad.items() if n]


def _cell_note(cells: pd.DataFrame) -> str:
    sizes, replicates = finished_of(cells), Replicates.of(cells)
    sizes = sizes[sizes > 0]
    if sizes.max() == 1:
        return f"one {replicates.noun}: ties are unknown"
    return f"over {replicates.said(sizes)}"


def _heat_map_frame(ax: Axes, image: Any, x_label: str, y_label: str, metric: str) -> None:
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_xlabel(x_label)
    ax.set_ylabel(y_label)
    bar = figure_of(ax).colorbar(image, ax=ax, aspect=30, format=in_unit(metric))
    bar.set_label(f"mean test {label(metric)}{unit(metric)}".replace(" (units", "\n(units"))
    bar.outline.set_visible(False)
