"""Rows of configurations, ordered by rank."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

from experiments.plots.accuracy import MAX_DOTS
from experiments.plots.axes import ROW, figure_of, new_axes
from experiments.plots.choice import axis_name, evenly, settings, value_name
from experiments.plots.style import INK, LEGEND_SIZE

MAX_CONFIGURATIONS = 30
PANEL = 5.0  # inches, between labels at both sides
SHARE = 0.95  # default target: this share of the way from the untrained networks to the best configuration


def _marks(runs: pd.DataFrame, shown: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """The runs to draw, each with the `row` of its configuration and its `place` there; and the number per row.

    Replicates are drawn below each other, so that equal values do not hide each other.
    """
    keys = settings(shown)
    marks = runs.merge(shown[keys].assign(row=np.arange(len(shown))), on=keys)
    sizes = marks.groupby("row").size()
    some = [rows.iloc[evenly(len(rows), MAX_DOTS)] for _, rows in marks.groupby("row")]
    marks = pd.concat(some, ignore_index=True)
    groups = marks.groupby("row")["row"]
    steps = np.maximum(groups.transform("size") - 1, 1)
    marks["place"] = marks["row"] + np.where(groups.transform("size") > 1, 0.6 * groups.cumcount() / steps - 0.3, 0.0)
    return marks, sizes


def _draw_marks(ax: Axes, x: npt.ArrayLike, marks: pd.DataFrame, marker: str, colours: list[str], gid: str) -> None:
    if marks.empty:
        return
    of_row = [colours[row] for row in marks["row"]]
    style: dict[str, Any] = {"edgecolors": of_row, "facecolors": "none", "linewidths": 0.8}
    style = {"o": {"c": of_row, "linewidths": 0}, "x": {"c": of_row, "linewidths": 0.9}}.get(marker, style)
    ax.scatter(x, marks["place"], s=14, marker=marker, alpha=0.65, gid=gid, zorder=3, **style)


def _draw_middles(ax: Axes, at: npt.NDArray[np.float64], colours: list[str], gid: str) -> None:
    rows = np.arange(len(at))
    there = np.isfinite(at)
    chosen = [colour for colour, here in zip(colours, there, strict=True) if here]
    ax.vlines(at[there], rows[there] - 0.4, rows[there] + 0.4, colors=chosen, linewidth=1.5, gid=gid)


def _draw_intervals(ax: Axes, low: npt.NDArray[np.float64], high: npt.NDArray[np.float64], colours: list[str]) -> None:
    there = np.flatnonzero(np.isfinite(low) & np.isfinite(high))
    boxes = [[(low[i], i - 0.4), (high[i], i - 0.4), (high[i], i + 0.4), (low[i], i + 0.4)] for i in there]
    ax.add_collection(
        PolyCollection(boxes, facecolors=[colours[i] for i in there], alpha=0.22, linewidth=0, gid="interval")
    )


def _legend_below(ax: Axes, handles: list[Line2D]) -> None:
    columns = 4 if len(handles) <= 4 else 3
    below = ax.transAxes + ScaledTranslation(0, -0.5, figure_of(ax).dpi_scale_trans)
    ax.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0, 0), bbox_transform=below, borderaxespad=0, ncols=columns,
        frameon=False, fontsize=LEGEND_SIZE, handlelength=1.4, columnspacing=1.2,
    )  # fmt: skip


def _mark(marker: str, label: str, colour: str = INK) -> Line2D:
    face = "none" if marker == ">" else colour
    return Line2D(
        [], [], linestyle="none", marker=marker, markersize=4, color=colour, markerfacecolor=face, label=label
    )


def _new_rows(shown: pd.DataFrame, axes: list[str]) -> Axes:
    labels = max(len(" · ".join(map(axis_name, axes))), *map(len, _row_names(shown, axes)))
    return new_axes(PANEL + 0.9 + 0.07 * labels, 1.5 + 0.2 * max(len(shown), 5))


def _row_names(shown: pd.DataFrame, axes: list[str]) -> list[str]:
    return [" · ".join(value_name(shown[axis].iloc[row], 16) for axis in axes) for row in range(len(shown))]


def _label_rows(ax: Axes, shown: pd.DataFrame, axes: list[str], at_the_right: list[str] | None = None) -> None:
    """Label each row with the values of the varying settings, and name these above."""
    style: dict[str, Any] = {"textcoords": "offset points", "fontsize": 8.5, "gid": ROW}
    ax.set_yticks([])
    for row, name in enumerate(_row_names(shown, axes)):  # tick labels would take four times as long
        ax.annotate(name, (0, row), (-6, 0), xycoords=("axes fraction", "data"), ha="right", va="center", **style)
    ax.set_ylim(len(shown) - 0.4, -0.6)
    ax.annotate(
        " · ".join(map(axis_name, axes)), (0, 1), (-6, 4), xycoords="axes fraction", ha="right", va="bottom",
        color=INK, textcoords="offset points", fontsize=8.5,
    )  # fmt: skip
    ax.grid(axis="x", color="#DDDDDD", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.spines[["top", "right", "left"]].set_visible(False)
    for row, text in enumerate(at_the_right or []):
        ax.annotate(
            text, (1, row), (4, 0), xycoords=("axes fraction", "data"), va="center", color=INK, **style,
        )  # fmt: skip
