"""Decision boundaries as small multiples: one cell per configuration, averaged over seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import colormaps
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
from experiments.plots.plane import (
    LINE,
    MAX_CLASSES,
    SHADES,
    PredictProba,
    both_classes,
    class_shades,
    draw_class_lines,
    in_units,
    limits,
    steps_of,
    why_no_plane,
)
from experiments.plots.style import NOTHING, SMALL, VALUE_COLOURS, number, words
from experiments.tables.words import label, metric_of, unit
from experiments.tables.words import number as number_of

MAX_ROWS, MAX_COLUMNS, MAX_SEEDS = 8, 8, 10
PIXELS, GAP = 56, 2  # the longer side of a cell, and between cells
UNSURE = to_rgb("#858585")  # where the votes of the seeds are equal
Floats = npt.NDArray[np.float64]
Ensemble = Callable[[pd.Series, int], Sequence[PredictProba]]


def plot_boundary_grid(
    summary: pd.DataFrame,
    ensemble: Ensemble,
    data: Any,
    ax: Axes | None = None,
    x: str | None = None,
    y: str | None = None,
    *,
    title: str | None = None,
) -> Axes:
    """Predictions for every hidden size (rows) and learning rate (columns), and the agreement of the seeds.

    A cell is the plane of the two features. Its colour is the mean predicted probability over the seeds, fading to grey
    where their predictions differ. The line is the boundary of the majority vote; for more than two classes, of the
    class that is most likely on average. The number is the mean of the ranking metric. For regression the colour is the
    mean predicted value, fading to grey where the predictions vary as much as the target. `ensemble` takes a row of the
    summary and a number, and returns prediction functions of at most that many of its seeds, in the form of
    `plot_boundaries`. At most 8 rows, 8 columns and 10 seeds are drawn.
    Other settings are at their best value; `x` and `y` name other axes, as in `plot_heat_map`.

    Raises ValueError for an unknown axis, and for rows of several data sets.
    """
    usual = titled(summary, "what the networks have learned, and where seeds disagree")
    metric, summary = metric_of(summary), judged(summary)
    varying = varied(summary)
    across, down = two_axes(summary, x, y)
    if x is None and y is None and varying == [down]:
        across, down = down, across
    x, y = across, down
    cells = best_rows(summary, [y, x])
    if reason := why_no_plane(data) or ("" if cells["mean"].notna().any() else NOTHING):
        return text_panel(ax or new_axes(*SMALL), usual, f"no decision boundaries: {reason}", title)
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
    classes = {"binary": 2, "multiclass": len(data.class_names), "regression": 1}[data.task]
    picture, vote = np.full((*size, 3), 0.8), np.full((classes, *size), np.nan)
    sizes, texts = [], []
    for i in range(len(cells)):
        cell = cells.iloc[i]
        corner = int(row_of[i]) * steps[0], int(column_of[i]) * steps[1]
        if pd.isna(cell["mean"]):
            texts.append((corner[1] + 2, corner[0] + 2, "failed"))
            continue
        place = slice(corner[0], corner[0] + shape[0]), slice(corner[1], corner[1] + shape[1])
        answers = [np.asarray(answer(plane), dtype=np.float64) for answer in ensemble(cell, MAX_SEEDS)]
        if data.task == "regression":
            colours, said = _value_colours(data, np.stack([np.ravel(each) for each in answers]))
        else:
            colours, said = _class_colours(np.stack([both_classes(each) for each in answers]))
        picture[place] = colours.reshape(*shape, 3)
        vote[:, *place] = said.reshape(classes, *shape)
        sizes.append(len(answers))
        texts.append((corner[1] + 2, corner[0] + 2, number_of(metric, cell["mean"])))

    ax = ax or new_axes(min(max(2.6 + size[1] / 50, 5.8), 11.0), min(1.1 + size[0] / 50, 11.0))
    ax.imshow(picture, origin="lower", interpolation="nearest")
    at = np.arange(size[1]), np.arange(size[0])
    if data.task == "regression":
        ax.contour(*at, vote[0], levels=steps_of(data), colors=LINE, linewidths=0.3)
    else:
        draw_class_lines(ax, *at, vote, 0.8)
    behind = {"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 0.6}  # for dark shades
    for left, bottom, text in texts:
        ax.text(left, bottom, text, fontsize=7, in_layout=False, bbox=None if data.task == "binary" else behind)
    for axis, set_ticks, step, side in ((x, ax.set_xticks, steps[1], shape[1]), (y, ax.set_yticks, steps[0], shape[0])):
        places = [k * step + side / 2 - 0.5 for k in range(len(some[axis]))]
        set_ticks(places, [value_name(value, 12) for value in some[axis]])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set(xlabel=axis_name(x), ylabel=axis_name(y))
    legend_beside(ax, _handles(data, max(sizes) > 1))
    notes = (
        [f"colour: mean over {Replicates.of(summary).said(sizes)}"]
        if max(sizes) > 1
        else ["one seed: disagreement between seeds is unknown"]
    )
    notes += [f"number: mean test {label(metric)}{unit(metric)}", *setting_notes(summary, [x, y], "cell")]
    notes += left_out(plural(y), some[y], every[y]) + left_out(plural(x), some[x], every[x])
    title_axes(ax, usual, notes, title)
    return ax


def _pixels(X: npt.ArrayLike) -> tuple[Floats, tuple[int, int]]:
    """The points of a cell (2, pixels), and its number of rows and columns; equal scales unless too flat."""
    (left, right), (bottom, top), equal = limits(X)
    part = (top - bottom) / (right - left) if equal else 1.0
    rows, columns = round(PIXELS * min(part, 1.0)), round(PIXELS * min(1 / part, 1.0))
    x, y = np.linspace(left, right, columns), np.linspace(bottom, top, rows)
    return np.stack([np.tile(x, rows), np.repeat(y, columns)]), (rows, columns)


def _class_colours(probabilities: Floats) -> tuple[Floats, Floats]:
    """Colours (pixels, 3) for (seeds, classes, pixels), and the vote, (classes, pixels): the median for two classes,
    which is above 0.5 if the majority is, or the mean for more.
    """
    classes = probabilities.shape[1]
    votes = np.argmax(probabilities, axis=1)
    largest = np.max([np.mean(votes == k, axis=0) for k in range(classes)], axis=0)
    disagreement = np.minimum(1, (1 - largest) * classes / (classes - 1))[:, np.newaxis]
    colours = class_shades(probabilities.mean(axis=0))
    vote = np.median(probabilities, axis=0) if classes == 2 else probabilities.mean(axis=0)
    return np.asarray((1 - disagreement) * colours + disagreement * UNSURE), vote


def _value_colours(data: Any, values: Floats) -> tuple[Floats, Floats]:
    """Colours (pixels, 3) for standardized values (seeds, pixels), and the mean value in units of the target."""
    disagreement = np.minimum(1, np.nan_to_num(values.std(axis=0), nan=1.0))[:, np.newaxis]
    mean, levels = in_units(data, values.mean(axis=0)), steps_of(data)
    # A colour from step to step, as in `boundaries`.
    step = np.clip(np.searchsorted(levels, mean) - 1, 0, len(levels) - 2)
    colours = colormaps[VALUE_COLOURS](_place(data, (levels[step] + levels[step + 1]) / 2))[:, :3]
    return np.asarray((1 - disagreement) * colours + disagreement * UNSURE), mean


def _place(data: Any, values: Any) -> Floats:
    """Values, scaled from 0 for the lowest training value to 1 for the highest."""
    every = in_units(data, data.Y)
    return np.asarray((values - every.min()) / (np.ptp(every) or 1.0))


def _handles(data: Any, several: bool) -> list[Patch | Line2D]:
    if data.task == "regression":
        return _value_handles(data, several)
    names = data.class_names[:MAX_CLASSES]
    certain = class_shades(np.eye(len(data.class_names)))
    handles: list[Patch | Line2D] = [
        Patch(color=certain[k], label=f"class {words(name, 24)}") for k, name in enumerate(names)
    ]
    if data.task == "binary":
        handles += [Patch(facecolor=SHADES(0.5), edgecolor="#AAAAAA", label="probability 0.5")]
    handles += [Patch(color=UNSURE, label="seeds disagree")] if several else []
    line = "boundary of the\nmajority of seeds" if several and data.task == "binary" else "class boundary"
    return [*handles, Line2D([], [], color=LINE, linewidth=0.8, label=line)]


def _value_handles(data: Any, several: bool) -> list[Patch | Line2D]:
    every = in_units(data, data.Y)
    shown = [level for level in steps_of(data, 5) if every.min() <= level <= every.max()][::-1]
    colour = colormaps[VALUE_COLOURS]
    handles: list[Patch | Line2D] = [Line2D([], [], linestyle="none", label=words(data.target_name, 24))]
    handles += [Patch(color=colour(float(_place(data, level))), label=number(float(level))) for level in shown]
    return handles + ([Patch(color=UNSURE, label="seeds disagree")] if several else [])
