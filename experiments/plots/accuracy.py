"""The picture of what a sweep found: the accuracy at each value of one setting, say each hidden size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from experiments.plots.axes import legend_beside, light_frame, new_axes, text_panel, title_axes
from experiments.plots.choice import (
    axis_name,
    best_rows,
    evenly,
    left_out,
    listed,
    main_axis,
    plural,
    rows_of,
    setting_notes,
    singular,
    standings,
    tidy,
    titled,
    value_name,
    values_of,
    varied,
)
from experiments.plots.style import BEST, FRACTION, INK, NOTHING, SMALL, TIED, WORSE, counts

MAX_SIZES, MAX_DOTS = 16, 200  # hidden sizes, seeds of each
COLOURS = {"best": BEST, "tied": TIED, "worse": WORSE}


def plot_accuracy(runs: pd.DataFrame, summary: pd.DataFrame, ax: Axes | None = None, x: str | None = None) -> Axes:
    """Which hidden size, at which learning rate, and how sure: hidden sizes on x, test accuracy on y.

    Each hidden size is shown at the learning rate (and the values of any further setting) with its highest mean
    test accuracy: a dot for each seed, a line at their mean, a band for its 95 % interval, and the numbers
    below. Colours tell the best configuration of the data set, those that cannot be told from it, and those
    that are worse. At most 16 hidden sizes are drawn, evenly chosen, the best among them.

    Where hidden sizes do not vary, the setting with most values takes their place, or that which `x` names.
    Raises ValueError for an unknown one, and for rows of several data sets.
    """
    runs, summary = tidy(runs), tidy(summary)
    axis = main_axis(summary, x)
    others = [setting for setting in varied(summary) if setting != axis]
    at_its = f" at its best {listed(others)}" if others else ""
    title = titled(summary, f"test accuracy of each {singular(axis)}{at_its}")
    best = best_rows(summary, [axis])
    if not best["mean_test_accuracy"].notna().any():
        return text_panel(ax or new_axes(*SMALL), title, f"no accuracies: {NOTHING}")
    order = {value: place for place, value in enumerate(values_of(best, axis))}
    best = best.iloc[np.argsort(best[axis].map(order), kind="stable")]
    chosen = evenly(len(best), MAX_SIZES, keep=int(best["mean_test_accuracy"].argmax()))
    shown = best.iloc[chosen].reset_index(drop=True)
    shown["standing"] = standings(shown)
    longest = max(len(value_name(value, 14)) for column in [axis, *others] for value in shown[column])
    ax = ax or new_axes(max(6.0, 3.2 + max(0.58, 0.085 * longest) * len(shown)), 4.6)
    dots = rows_of(runs, shown).dropna(subset=["test_accuracy"])
    for place in range(len(shown)):
        row = shown.iloc[place]
        seeds = dots[dots[axis] == row[axis]]
        _draw_seeds(ax, place, seeds.iloc[evenly(len(seeds), MAX_DOTS)], _colour(row))
        _draw_mean(ax, place, row)
    _accuracy_axes(ax, shown, [axis, *others])
    legend_beside(ax, _accuracy_handles(shown, dots))
    notes = [*_interval_notes(shown, dots.groupby(axis).size()), *setting_notes(summary, [axis])]
    title_axes(ax, title, notes + left_out(plural(axis), shown.index, best.index))
    return ax


def _colour(row: pd.Series) -> str:
    return COLOURS.get(row["standing"], WORSE)


def _draw_seeds(ax: Axes, x: int, seeds: pd.DataFrame, colour: str) -> None:
    """Side by side in the order of seeds, so that equal accuracies do not hide each other."""
    places = x + (np.linspace(-0.3, 0.3, len(seeds)) if len(seeds) > 1 else np.zeros(len(seeds)))
    values, diverged = seeds["test_accuracy"].to_numpy(), (seeds["status"] == "diverged").to_numpy()
    style: dict[str, Any] = {"linestyle": "none", "color": colour, "alpha": 0.6, "markersize": 4}
    ax.plot(places[~diverged], values[~diverged], marker="o", markeredgewidth=0, gid="seeds", **style)
    ax.plot(places[diverged], values[diverged], marker="x", gid="diverged seeds", **style)


def _draw_mean(ax: Axes, x: int, row: pd.Series) -> None:
    low, high, sides = row["ci_low_test_accuracy"], row["ci_high_test_accuracy"], [x - 0.38, x + 0.38]
    colour = _colour(row)
    if pd.notna(low) and pd.notna(high):
        ax.fill_between(sides, low, high, color=colour, alpha=0.25, linewidth=0, gid="interval")
    ax.plot(sides, [row["mean_test_accuracy"]] * 2, color=colour, linewidth=1.4, gid="mean")


def _accuracy_axes(ax: Axes, shown: pd.DataFrame, axes: list[str]) -> None:
    """Axes, and below them the numbers of the picture, as a table with a column for each place."""
    table = [_accuracy_numbers(shown.iloc[x], axes) for x in range(len(shown))]
    style: dict[str, Any] = {"fontsize": 8.5, "linespacing": 1.35}
    ax.set_xticks(range(len(shown)), table, **style)
    ax.annotate(
        "\n".join([*map(axis_name, axes), "mean", "95 % interval"]),
        (0, 0), (-8, -3.5), xycoords="axes fraction", textcoords="offset points", ha="right", va="top",
        color=INK, **style,
    )  # fmt: skip
    ax.tick_params(axis="x", length=0)
    ax.set_xlim(-0.6, len(shown) - 0.4)
    low, high = ax.get_ylim()
    ax.set_ylim(max(low, -0.01), min(high, 1.01))  # an interval may reach beyond what an accuracy can be
    ax.set_ylabel(f"test accuracy {FRACTION}")
    light_frame(ax)


def _accuracy_numbers(row: pd.Series, axes: list[str]) -> str:
    mean, half = row["mean_test_accuracy"], row["ci_high_test_accuracy"] - row["mean_test_accuracy"]
    lines = [value_name(row[axis], 14) for axis in axes]
    lines += ["failed" if pd.isna(mean) else f"{mean:.3f}", "–" if pd.isna(half) else f"±{half:.3f}"]
    return "\n".join(lines)


def _accuracy_handles(shown: pd.DataFrame, dots: pd.DataFrame) -> list[Line2D]:
    labels = {"best": "best", "tied": "tied with the best", "worse": "worse than the best"}
    handles = [
        Line2D([], [], color=COLOURS[standing], linewidth=3, label=label)
        for standing, label in labels.items()
        if (shown["standing"] == standing).any()
    ]
    diverged = dots["status"] == "diverged"
    marks = {"o": "a seed"} if not diverged.all() else {}
    marks |= {"x": "a seed that diverged"} if diverged.any() else {}
    style: dict[str, Any] = {"color": INK, "linestyle": "none", "markersize": 4, "alpha": 0.8}
    return handles + [Line2D([], [], marker=mark, label=text, **style) for mark, text in marks.items()]


def _interval_notes(shown: pd.DataFrame, seeds: pd.Series) -> list[str]:
    some = [f"at most {MAX_DOTS} dots for each"] if seeds.max() > MAX_DOTS else []
    if not shown["ci_low_test_accuracy"].notna().any():
        return ["one seed: no interval, and no telling what is tied with the best", *some]
    return [f"line and band: mean over {counts(seeds, 'seed')} and its 95 % interval", *some]
