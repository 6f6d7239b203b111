"""Configurations below each other, in the order of what they reached, with every seed a mark."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter
from matplotlib.transforms import ScaledTranslation

from experiments.plot_accuracies import COLOURS, MAX_DOTS
from experiments.plot_choice import (
    axis_name,
    evenly,
    setting_notes,
    settings,
    standings,
    tidy,
    titled,
    value_name,
    varied,
)
from experiments.plot_parts import (
    FRACTION,
    INK,
    LEGEND_SIZE,
    NOTHING,
    SMALL,
    TIED,
    WORSE,
    count,
    counts,
    figure_of,
    new_axes,
    text_panel,
    title_axes,
)

MAX_CONFIGURATIONS = 30
PANEL = 5.0  # inches, between labels at both sides
SHARE = 0.95  # of the way from the untrained networks to the best configuration: the target where none is given


def plot_distribution(runs: pd.DataFrame, summary: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Every seed of every configuration: test accuracy on x, configurations on y, the best at the top.

    A dot is a seed (a cross if it diverged), a line the mean, a band its 95 % interval. Colours tell the best
    configuration, those that cannot be told from it, and those that are worse. At most 30 configurations are drawn, the
    first in rank. Raises ValueError for rows of several data sets.
    """
    title = titled(summary, "test accuracy of every seed")
    runs, summary = tidy(runs), tidy(summary)
    finished = summary[summary["mean_test_accuracy"].notna()]
    if finished.empty:
        return text_panel(ax or new_axes(*SMALL), title, f"no accuracies: {NOTHING}")
    ranked = finished.iloc[np.argsort(finished["rank_test_accuracy"].to_numpy(np.int64), kind="stable")]
    shown = ranked.head(MAX_CONFIGURATIONS).reset_index(drop=True)
    shown["standing"] = standings(shown)
    colours = [COLOURS.get(standing, WORSE) for standing in shown["standing"]]
    axes = varied(summary) or ["hidden"]
    ax = ax or _new_rows(shown, axes)
    low, mean, high = (shown[f"{of}_test_accuracy"].to_numpy(np.float64) for of in ("ci_low", "mean", "ci_high"))
    _draw_intervals(ax, low, high, colours)
    dots, sizes = _marks(runs.dropna(subset=["test_accuracy"]), shown)
    if sizes.max() > 1:
        _draw_middles(ax, mean, colours, "mean")
    diverged = (dots["status"] == "diverged").to_numpy()
    for marker, which, gid in (("o", ~diverged, "seeds"), ("x", diverged, "diverged seeds")):
        _draw_marks(ax, dots["test_accuracy"][which], dots[which], marker, colours, gid)
    left, right = ax.get_xlim()
    ax.set_xlim(max(left, -0.01), min(right, 1.01))
    ax.set_xlabel(f"test accuracy {FRACTION}")
    _label_rows(ax, shown, axes)
    labels = {"best": "best", "tied": "tied with the best", "worse": "worse than the best"}
    handles = [
        Line2D([], [], color=COLOURS[standing], linewidth=3, label=label)
        for standing, label in labels.items()
        if (shown["standing"] == standing).any()
    ]
    handles += [_mark("o", "a seed")] + ([_mark("x", "a seed that diverged")] if diverged.any() else [])
    _legend_below(ax, handles)
    notes = ["one seed: no spread to show"]
    if sizes.max() > 1:
        interval = ", band: its 95 % interval" if np.isfinite(low).any() else ""
        notes = [f"line: mean over {counts(sizes, 'seed')}{interval}"]
    notes += [f"at most {MAX_DOTS} dots for each"] if sizes.max() > MAX_DOTS else []
    failed = len(summary) - len(finished)
    notes += [*setting_notes(summary, []), *_first_notes(shown, finished)]
    title_axes(ax, title, notes + ([f"{count(failed, 'configuration')} failed"] if failed else []), PANEL)
    return ax


def plot_convergence(
    curves: pd.DataFrame, ax: Axes | None = None, target: float | None = None, sampled: str = ""
) -> Axes:
    """How long training takes: iterations until the test accuracy is at the target, on x; configurations on y.

    A dot is a seed, at the first recorded iteration with that accuracy, a line the median over all seeds. A seed that
    never reaches the target stands at the end of its training as an open triangle, and counts as slower than all that
    do; so there is no median where half the seeds are such. Configurations are in the order of that median, then of the
    number of seeds that reach the target; at most the first 30 are drawn. Without a `target` it is 95 % of the way from
    the mean accuracy of the untrained networks to the mean accuracy of the best configuration at the end. `sampled` is
    what there is to say of curves that are not here.

    Raises ValueError for rows of several data sets.
    """
    about = "iterations to a target test accuracy"
    if curves.empty:
        return text_panel(ax or new_axes(*SMALL), titled(curves, about), f"no curves: {NOTHING}")
    curves = tidy(curves)
    target = _usual_target(curves) if target is None else target
    title = titled(curves, f"iterations until the test accuracy is {100 * target:.4g} %")
    first = _first_iterations(curves, target)
    keys = settings(curves)
    never = np.isinf(first["first"])
    grouped = first.groupby(keys, sort=False, dropna=False)["first"]
    ranked = pd.DataFrame({"median": grouped.median(), "missed": grouped.agg(lambda of: np.isinf(of).mean())})
    ranked = ranked.reset_index().sort_values(["median", "missed"], kind="stable", ignore_index=True)
    shown = ranked.head(MAX_CONFIGURATIONS)
    axes = varied(curves) or ["hidden"]
    ax = ax or _new_rows(shown, axes)
    marks, sizes = _marks(first, shown[keys])
    reached = np.isfinite(marks["first"])
    _draw_marks(ax, marks["first"][reached], marks[reached], "o", [TIED] * len(shown), "seeds")
    _draw_marks(ax, marks["last"][~reached], marks[~reached], ">", [WORSE] * len(shown), "never")
    handles = [_mark("o", "a seed", TIED)]
    if sizes.max() > 1:
        _draw_middles(ax, shown["median"].to_numpy(), [TIED] * len(shown), "median")
        handles.append(Line2D([], [], color=TIED, linewidth=1.6, label="median over seeds"))
    _scale_iterations(ax, curves["iteration"].unique(), bool((marks["first"] == 0).any()))
    missed = first.merge(shown[keys].assign(row=np.arange(len(shown))), on=keys).groupby("row")["first"]
    at_the_right = [f"{int(np.isinf(of).sum())} of {len(of)} never" if np.isinf(of).any() else "" for _, of in missed]
    _label_rows(ax, shown, axes, at_the_right)
    handles += [_mark(">", "never: at the end of its training", WORSE)] if never.any() else []
    _legend_below(ax, handles)
    notes = [f"{int(never.sum()):,} of {count(len(first), 'run')} never get there"] if never.any() else []
    notes += [f"at most {MAX_DOTS} marks for each"] if sizes.max() > MAX_DOTS else []
    title_axes(
        ax,
        title,
        [*notes, *setting_notes(curves, []), *_first_notes(shown, ranked), *([sampled] if sampled else [])],
        PANEL,
    )
    return ax


def _usual_target(curves: pd.DataFrame) -> float:
    at_end = curves.groupby([*settings(curves), "seed"], sort=False, dropna=False)["test_accuracy"].last()
    best = at_end.groupby(level=settings(curves), sort=False, dropna=False).mean().max()
    start = curves.loc[curves["iteration"] == 0, "test_accuracy"].mean()
    return float(round(start + SHARE * max(best - start, 0.0), 3))


def _first_iterations(curves: pd.DataFrame, target: float) -> pd.DataFrame:
    """For each run its settings, the first recorded iteration at the target (inf: none) and its last one."""
    keys = [*settings(curves), "seed"]
    last = curves.groupby(keys, sort=False, dropna=False)["iteration"].last()
    there = curves[curves["test_accuracy"] >= target]
    first = there.groupby(keys, sort=False, dropna=False)["iteration"].first().astype(float)
    table = pd.DataFrame({"first": first.reindex(last.index).fillna(np.inf), "last": last})
    return table.reset_index()


def _marks(runs: pd.DataFrame, shown: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """The runs to be drawn, each with its configuration's `row` and its `place` there; and how many each row has.

    Seeds are below each other in their order, so that equal numbers do not hide each other.
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


def _draw_marks(ax: Axes, x: pd.Series, marks: pd.DataFrame, marker: str, colours: list[str], gid: str) -> None:
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
    below = ax.transAxes + ScaledTranslation(0, -0.5, figure_of(ax).dpi_scale_trans)
    ax.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0, 0), bbox_transform=below, borderaxespad=0, ncols=4,
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
    """The values of what varies, left of each configuration, and their names above them."""
    style: dict[str, Any] = {"textcoords": "offset points", "fontsize": 8.5}
    ax.set_yticks([])
    for row, name in enumerate(_row_names(shown, axes)):  # ticks would take four times as long
        ax.annotate(name, (0, row), (-6, 0), xycoords=("axes fraction", "data"), ha="right", va="center", **style)
    ax.set_ylim(len(shown) - 0.4, -0.6)
    ax.annotate(
        " · ".join(map(axis_name, axes)), (0, 1), (-6, 4), xycoords="axes fraction", ha="right", va="bottom",
        color=INK, **style,
    )  # fmt: skip
    ax.grid(axis="x", color="#DDDDDD", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.spines[["top", "right", "left"]].set_visible(False)
    for row, text in enumerate(at_the_right or []):
        ax.annotate(
            text, (1, row), (4, 0), xycoords=("axes fraction", "data"), va="center", color=INK, **style,
        )  # fmt: skip


def _scale_iterations(ax: Axes, iterations: npt.NDArray[np.int64], from_0: bool) -> None:
    """By factors; where untrained networks are at the target, 0 stands left of the first recorded iteration."""
    recorded = np.unique(iterations)
    first, last = max(int(recorded[min(1, len(recorded) - 1)]), 1), max(int(recorded[-1]), 1)
    if from_0:
        ax.set_xscale("symlog", linthresh=first, linscale=0.3)
    else:
        ax.set_xscale("log")
    ax.set_xlim(-0.1 * first if from_0 else first / 1.2, 1.2 * last)
    ticks = [m * 10**k for k in range(13) for m in (1, 2, 5) if first <= m * 10**k <= last]
    if len(ticks) > 8:
        ticks = [tick for tick in ticks if str(tick)[0] == "1"]
    ax.set_xticks([0, *ticks] if from_0 else ticks)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    ax.minorticks_off()
    ax.set_xlabel(f"iterations (the first record is at {first:,})" if first > 1 else "iterations")


def _first_notes(shown: pd.DataFrame, every: pd.DataFrame) -> list[str]:
    return [f"the first {len(shown)} of {len(every):,} configurations"] if len(shown) < len(every) else []
