"""Iterations to a target."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from experiments.plots.accuracy import MAX_DOTS
from experiments.plots.axes import new_axes, text_panel, title_axes
from experiments.plots.choice import (
    Replicates,
    longest,
    replicates_of,
    score_of,
    setting_notes,
    settings,
    tidy,
    titled,
    varied,
)
from experiments.plots.ranked import (
    MAX_CONFIGURATIONS,
    SHARE,
    _draw_marks,
    _draw_middles,
    _label_rows,
    _legend_below,
    _mark,
    _marks,
    _new_rows,
)
from experiments.plots.style import NOTHING, SMALL, TIED, WORSE, count
from experiments.tables.words import label, target_said


def plot_convergence(
    curves: pd.DataFrame,
    ax: Axes | None = None,
    target: float | None = None,
    sampled: str = "",
    *,
    title: str | None = None,
) -> Axes:
    """Training time: iterations until the test accuracy reaches a target (x) for each configuration (y).

    For regression, R^2 is used instead of the accuracy.

    A dot is a seed, or a fold and a seed, at the first recorded iteration that reaches the target, a line the median
    over all of them. A seed that never reaches the target is an open triangle at the end of its training, and counts as
    slower than all others; there is no median if that holds for half of them. Configurations are ordered by that
    median, then by the number of seeds that reach the target; at most the first 30 are drawn. The default `target` is
    95 % of the way from the mean accuracy of the untrained networks to the final mean accuracy of the best
    configuration. Of several numbers of iterations, the largest is drawn. `sampled` is a note on missing curves.

    Raises ValueError for rows of several data sets.
    """
    score, replicates = score_of(curves), Replicates.of(curves)
    about = f"iterations to a target test {label(score)}"
    if curves.empty:
        return text_panel(ax or new_axes(*SMALL), titled(curves, about), f"no curves: {NOTHING}", title)
    curves = tidy(longest(curves))
    target = _usual_target(curves) if target is None else target
    usual = titled(curves, f"iterations until the test {label(score)} reaches {target_said(score, target)}")
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
    noun = replicates.noun
    handles = [_mark("o", f"a {noun}", TIED)]
    if sizes.max() > 1:
        _draw_middles(ax, shown["median"].to_numpy(), [TIED] * len(shown), "median")
        handles.append(Line2D([], [], color=TIED, linewidth=1.6, label=f"median over {noun}s"))
    _scale_iterations(ax, curves["iteration"].unique(), bool((marks["first"] == 0).any()))
    missed = first.merge(shown[keys].assign(row=np.arange(len(shown))), on=keys).groupby("row")["first"]
    at_the_right = [f"{int(np.isinf(of).sum())} of {len(of)} never" if np.isinf(of).any() else "" for _, of in missed]
    _label_rows(ax, shown, axes, at_the_right)
    handles += [_mark(">", "never (drawn at the end of training)", WORSE)] if never.any() else []
    _legend_below(ax, handles)
    notes = [f"{int(never.sum()):,} of {count(len(first), 'run')} never reach it"] if never.any() else []
    notes += [f"at most {MAX_DOTS} marks for each"] if sizes.max() > MAX_DOTS else []
    notes += [*setting_notes(curves, []), *_first_notes(shown, ranked), *([sampled] if sampled else [])]
    title_axes(ax, usual, notes, title)
    return ax


def _usual_target(curves: pd.DataFrame) -> float:
    score = f"test_{score_of(curves)}"
    at_end = curves.groupby([*settings(curves), *replicates_of(curves)], sort=False, dropna=False)[score].last()
    best = at_end.groupby(level=settings(curves), sort=False, dropna=False).mean().max()
    start = curves.loc[curves["iteration"] == 0, score].mean()
    return float(round(start + SHARE * max(best - start, 0.0), 3))


def _first_iterations(curves: pd.DataFrame, target: float) -> pd.DataFrame:
    """For each run its settings, the first recorded iteration that reaches the target (inf: none), and the last one."""
    keys = [*settings(curves), *replicates_of(curves)]
    last = curves.groupby(keys, sort=False, dropna=False)["iteration"].last()
    there = curves[curves[f"test_{score_of(curves)}"] >= target]
    first = there.groupby(keys, sort=False, dropna=False)["iteration"].first().astype(float)
    table = pd.DataFrame({"first": first.reindex(last.index).fillna(np.inf), "last": last})
    return table.reset_index()


def _scale_iterations(ax: Axes, iterations: npt.NDArray[np.int64], from_0: bool) -> None:
    """A logarithmic axis; if untrained networks reach the target, 0 is left of the first recorded iteration."""
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
    ax.set_xlabel(f"iterations (first record at {first:,})" if first > 1 else "iterations")


def _first_notes(shown: pd.DataFrame, every: pd.DataFrame) -> list[str]:
    return [f"the first {len(shown)} of {len(every):,} configurations"] if len(shown) < len(every) else []
