"""Decision boundaries in small multiples: one picture of many cells, each the plane as the seeds see it together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from experiments.plots.axes import legend_beside, new_axes, text_panel, title_axes
from experiments.plots.choice import (
    Replicates,
    axis_name,
    best_rows,
    codes_of,
    evenly,
    judged,
    left_out,
    merit,
    plural,
    setting_notes,
    titled,
    two_axes,
    value_name,
    values_of,
    varied,
)
from experiments.plots.plane import SHADES, PredictProba, limits, why_no_plane
from experiments.plots.style import NOTHING, SMALL, words
from experiments.tables.words import metric_of, number

MAX_ROWS, MAX_COLUMNS, MAX_SEEDS = 8, 8, 10
PIXELS, GAP = 56, 2  # the longer side of a cell, and between cells
UNSURE = to_rgb("#858585")  # where the seeds' predictions are divided equally
Floats = npt.NDArray[np.float64]
Ensemble = Callable[[pd.Series, int], Sequence[PredictProba]]


def plot_boundary_grid(
    summary: pd.DataFrame,
    ensemble: Ensemble,
    data: Any,
    ax: Axes | None = None,
    x: str | None = None,
    y: str | None = None,
) -> Axes:
    """What networks have learned, at every hidden size (rows) and learning rate (columns), and how far seeds agree.

    A cell is the plane of the two features. Its colour is the predicted probability, mean over the seeds, and turns
    grey where their predictions differ: the more, the closer the vote. The line is where the majority changes; the
    number is the mean test accuracy, or other metric that ranks. `ensemble` takes a row of the summary and a number,
    and gives functions of at most so many of its seeds, which take X (2, n) and return the probability of class 1. At
    most 8 rows, 8 columns and 10 seeds are drawn.
    Further settings are at their best; `x` and `y` name other axes, as in `plot_heat_map`.

    Raises ValueError for an unknown axis, and for rows of several data sets.
    """
    title = titled(summary, "what the networks have learned, and where seeds disagree")
    metric, summary = metric_of(summary), judged(summary)
    varying = varied(summary)
    across, down = two_axes(summary, x, y)
    if x is None and y is None and varying == [down]:
        across, down = down, across
    x, y = across, down
    cells = best_rows(summary, [y, x])
    if reason := why_no_plane(data) or ("" if cells["mean"].notna().any() else NOTHING):
        return text_panel(ax or new_axes(*SMALL), title, f"no decision boundaries: {reason}")
    leader = cells.iloc[[int(merit(metric, cells["mean"]).argmax())]]
    every = {axis: values_of(summary, axis) for axis in (x, y)}
    some = {
        axis: [every[axis][i] for i in evenly(len(every[axis]), limit, int(codes_of(leader[axis], every[axis])[0]))]
        for axis, limit in ((x, MAX_COLUMNS), (y, MAX_ROWS))
    }
    cells = cells[cells[x].isin(some[x]) & cells[y].isin(some[y])]
    row_of, column_of = codes_of(cells[y], some[y]), codes_of(cells[x], some[x])

    plane, shape = _pixels(data.X)
    steps = shape[0] + GAP, shape[1] + GAP
    size = len(some[y]) * steps[0] - GAP, len(some[x]) * steps[1] - GAP
    picture, vote = np.full((*size, 3), 0.8), np.full(size, np.nan)
    sizes, texts = [], []
    for i in range(len(cells)):
        cell = cells.iloc[i]
        corner = int(row_of[i]) * steps[0], int(column_of[i]) * steps[1]
        if pd.isna(cell["mean"]):
            texts.append((corner[1] + 2, corner[0] + 2, "failed"))
            continue
        place = slice(corner[0], corner[0] + shape[0]), slice(corner[1], corner[1] + shape[1])
        probabilities = np.stack([np.ravel(predict(plane)) for predict in ensemble(cell, MAX_SEEDS)])
        picture[place] = _colours(probabilities).reshape(*shape, 3)
        vote[place] = np.median(probabilities, axis=0).reshape(shape)  # above 0.5 as the majority is
        sizes.append(len(probabilities))
        texts.append((corner[1] + 2, corner[0] + 2, number(metric, cell["mean"])))

    ax = ax or new_axes(min(max(2.6 + size[1] / 50, 5.8), 11.0), min(1.1 + size[0] / 50, 11.0))
    ax.imshow(picture, origin="lower", interpolation="nearest")
    if np.nanmin(vote) < 0.5 < np.nanmax(vote):
        ax.contour(vote, levels=[0.5], colors="#222222", linewidths=0.8)
    for left, bottom, text in texts:
        ax.text(left, bottom, text, fontsize=7, in_layout=False)
    for axis, set_ticks, step, side in ((x, ax.set_xticks, steps[1], shape[1]), (y, ax.set_yticks, steps[0], shape[0])):
        places = [k * step + side / 2 - 0.5 for k in range(len(some[axis]))]
        set_ticks(places, [value_name(value, 12) for value in some[axis]])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set(xlabel=axis_name(x), ylabel=axis_name(y))
    legend_beside(ax, _handles(data, max(sizes) > 1))  # type: ignore[arg-type]
    notes = (
        [f"colour: mean over {Replicates.of(summary).said(sizes)}"]
        if max(sizes) > 1
        else ["one seed: no telling where others disagree"]
    )
    notes += setting_notes(summary, [x, y], "cell")
    notes += left_out(plural(y), some[y], every[y]) + left_out(plural(x), some[x], every[x])
    title_axes(ax, title, notes)
    return ax


def _pixels(X: npt.ArrayLike) -> tuple[Floats, tuple[int, int]]:
    """The points of a cell (2, pixels), and its number of rows and columns; equal scales unless too flat."""
    (left, right), (bottom, top), equal = limits(X)
    part = (top - bottom) / (right - left) if equal else 1.0
    rows, columns = round(PIXELS * min(part, 1.0)), round(PIXELS * min(1 / part, 1.0))
    x, y = np.linspace(left, right, columns), np.linspace(bottom, top, rows)
    return np.stack([np.tile(x, rows), np.repeat(y, columns)]), (rows, columns)


def _colours(probabilities: Floats) -> Floats:
    """(pixels, 3) of (seeds, pixels)."""
    share = (probabilities > 0.5).mean(axis=0)
    disagreement = 2 * np.minimum(share, 1 - share)[:, np.newaxis]
    colours = SHADES(np.nan_to_num(probabilities.mean(axis=0), nan=0.5))[:, :3]
    return np.asarray((1 - disagreement) * colours + disagreement * UNSURE)


def _handles(data: Any, several: bool) -> list[Patch | Line2D]:
    handles: list[Patch | Line2D] = [
        Patch(color=SHADES(float(k)), label=f"class {words(data.class_names[k], 24)}") for k in (0, 1)
    ]
    handles += [Patch(facecolor=SHADES(0.5), edgecolor="#AAAAAA", label="probability 0.5")]
    handles += [Patch(color=UNSURE, label="seeds disagree")] if several else []
    line = "majority of seeds\nchanges" if several else "prediction changes"
    return [*handles, Line2D([], [], color="#222222", linewidth=0.8, label=line)]
