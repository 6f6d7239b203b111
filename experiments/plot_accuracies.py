"""The pictures of what a sweep found: the accuracy of each hidden size, and the heat map of all settings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from experiments.plot_parts import (
    BEST,
    FRACTION,
    INK,
    NOTHING,
    SMALL,
    TIED,
    WORSE,
    best_rows,
    count,
    counts,
    evenly,
    figure_of,
    knob_name,
    knob_notes,
    knob_value,
    left_out,
    legend_beside,
    light_frame,
    new_axes,
    number,
    rows_of,
    standings,
    text_panel,
    tidy,
    title_axes,
    titled,
    varying_knobs,
    words,
)

MAX_SIZES, MAX_DOTS = 16, 200  # of accuracies: hidden sizes, seeds of each
MAX_CELLS, MAX_COLUMNS = 160, 12  # of a heat map that still has room for text

COLOURS = {"best": BEST, "tied": TIED, "worse": WORSE}


def plot_accuracy(runs: pd.DataFrame, summary: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Which hidden size, at which learning rate, and how sure: hidden sizes on x, test accuracy on y.

    Each hidden size is shown at the learning rate (and the values of any further knob) with its highest mean
    test accuracy: a dot for each seed, a line at their mean, a band for its 95 % interval, and the numbers
    below. Colours tell the best configuration of the data set, those that cannot be told from it, and those
    that are worse. At most 16 hidden sizes are drawn, evenly chosen, the best among them.

    Raises ValueError for rows of several data sets.
    """
    runs, summary = tidy(runs), tidy(summary)
    knobs = varying_knobs(summary)
    chosen_for = " and ".join(map(knob_name, ["learning_rate", *knobs]))
    title = titled(summary, f"each hidden size at its best {chosen_for}")
    best = best_rows(summary, ["hidden"])
    if not best["mean_test_accuracy"].notna().any():
        return text_panel(ax or new_axes(*SMALL), title, f"no accuracies: {NOTHING}")
    chosen = evenly(len(best), MAX_SIZES, keep=int(best["mean_test_accuracy"].argmax()))
    shown = best.iloc[chosen].reset_index(drop=True)
    shown["standing"] = standings(shown)
    longest = max(len(str(text)) for column in ["hidden", *knobs] for text in shown[column])
    ax = ax or new_axes(max(5.2, 3.2 + max(0.58, 0.085 * min(longest, 14)) * len(shown)), 4.6)
    dots = rows_of(runs, shown).dropna(subset=["test_accuracy"])
    for x in range(len(shown)):
        row = shown.iloc[x]
        seeds = dots[dots["hidden"] == row["hidden"]]
        _draw_seeds(ax, x, seeds.iloc[evenly(len(seeds), MAX_DOTS)], _colour(row))
        _draw_mean(ax, x, row)
    _accuracy_axes(ax, shown, knobs)
    legend_beside(ax, _accuracy_handles(shown, dots))
    notes = [*_interval_notes(shown, dots), *knob_notes(summary)]
    notes += left_out("hidden sizes", shown.index, best.index)
    title_axes(ax, title, notes)
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


def _accuracy_axes(ax: Axes, shown: pd.DataFrame, knobs: list[str]) -> None:
    """Axes, and below them the numbers of the picture, as a table whose columns are the hidden sizes."""
    table = [_accuracy_numbers(shown.iloc[x], knobs) for x in range(len(shown))]
    style: dict[str, Any] = {"fontsize": 8.5, "linespacing": 1.35}
    ax.set_xticks(range(len(shown)), table, **style)
    ax.annotate(
        "\n".join(["hidden units", "learning rate", *map(knob_name, knobs), "mean", "95 % interval"]),
        (0, 0), (-8, -3.5), xycoords="axes fraction", textcoords="offset points", ha="right", va="top",
        color=INK, **style,
    )  # fmt: skip
    ax.tick_params(axis="x", length=0)
    ax.set_xlim(-0.6, len(shown) - 0.4)
    low, high = ax.get_ylim()
    ax.set_ylim(max(low, -0.01), min(high, 1.01))  # an interval may reach beyond what an accuracy can be
    ax.set_ylabel(f"test accuracy {FRACTION}")
    light_frame(ax)


def _accuracy_numbers(row: pd.Series, knobs: list[str]) -> str:
    mean, half = row["mean_test_accuracy"], row["ci_high_test_accuracy"] - row["mean_test_accuracy"]
    lines = [words(row["hidden"], 14), number(row["learning_rate"])]
    lines += [words(knob_value(row[knob]), 14) for knob in knobs]
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


def _interval_notes(shown: pd.DataFrame, dots: pd.DataFrame) -> list[str]:
    seeds = dots.groupby("hidden").size()
    some = [f"at most {MAX_DOTS} dots for each"] if seeds.max() > MAX_DOTS else []
    if not shown["ci_low_test_accuracy"].notna().any():
        return ["one seed: no interval, and no telling what is tied with the best", *some]
    return [f"line and band: mean over {counts(seeds, 'seed')} and its 95 % interval", *some]


def plot_heat_map(summary: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """The mean test accuracy of every hidden size (rows, as asked for) and learning rate (columns, rising).

    The best cell and those tied with it are framed and say so, as does a cell where seeds diverged or all
    failed. With too many cells for text the best are stars and the ties are dots. Where further knobs vary,
    each cell is at their best values.

    Raises ValueError for rows of several data sets.
    """
    title, notes = titled(summary, "mean test accuracy"), knob_notes(summary, "cell")
    summary = tidy(summary)
    if not summary["mean_test_accuracy"].notna().any():
        return text_panel(ax or new_axes(*SMALL), title, f"no accuracies: {NOTHING}")
    cells = best_rows(summary, ["hidden", "learning_rate"])
    cells["standing"] = standings(cells)
    sizes, rates = list(cells["hidden"].unique()), sorted(cells["learning_rate"].unique())
    width, height = max(5.2, 2.4 + 0.95 * len(rates)), max(3.0, 1.6 + 0.52 * len(sizes))
    ax = ax or new_axes(min(width, 11.0), min(height, 9.0))
    rows = cells["hidden"].map({hidden: row for row, hidden in enumerate(sizes)}).to_numpy()
    columns = cells["learning_rate"].map({rate: column for column, rate in enumerate(rates)}).to_numpy()
    grid = np.full((len(sizes), len(rates)), np.nan)
    grid[rows, columns] = cells["mean_test_accuracy"].astype(float)
    ax.set_facecolor("#E4E4E4")
    image = ax.imshow(np.ma.masked_invalid(grid), cmap="cividis", aspect="auto", origin="lower")
    if len(rates) <= MAX_COLUMNS and grid.size <= MAX_CELLS:
        for i in range(len(cells)):
            _write_cell(ax, image, rows[i], columns[i], cells.iloc[i])
    else:
        notes += _mark_cells(ax, rows, columns, cells)
    _heat_map_axes(ax, image, sizes, rates)
    title_axes(ax, title, [_cell_note(cells), *notes])
    return ax


def _write_cell(ax: Axes, image: Any, row: int, column: int, cell: pd.Series) -> None:
    mean, standing = cell["mean_test_accuracy"], cell["standing"]
    lines = ["failed" if pd.isna(mean) else f"{mean:.3f}"]
    lines += [standing] if standing in ("best", "tied") else []
    for what in ("diverged",) if pd.isna(mean) else ("diverged", "failed"):
        lines += [f"{cell[f'n_{what}']} of {cell['n_seeds']} {what}"] if cell[f"n_{what}"] else []
    ax.text(
        column, row, "\n".join(lines), ha="center", va="center", fontsize=8, linespacing=1.0,
        color=_ink_on(image, mean), fontweight="bold" if standing == "best" else "normal",
        in_layout=False,  # it is inside the panel: no need to measure it for the layout
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
    notes = ["star: best, dot: tied with it" if (cells["standing"] == "tied").any() else "star: best"]
    runs = count(int(cells["n_seeds"].sum()), "run")
    bad = {what: int(cells[f"n_{what}"].sum()) for what in ("diverged", "failed")}
    return notes + [f"{n:,} of {runs} {what}" for what, n in bad.items() if n]


def _cell_note(cells: pd.DataFrame) -> str:
    seeds = (cells["n_seeds"] - cells["n_failed"]).astype(int)
    seeds = seeds[seeds > 0]
    if seeds.max() == 1:
        return "one seed: no telling what is tied with the best"
    return f"over {counts(seeds, 'seed')}"


def _heat_map_axes(ax: Axes, image: Any, sizes: list[str], rates: list[float]) -> None:
    some_sizes, some_rates = evenly(len(sizes), 20), evenly(len(rates), MAX_COLUMNS)
    ax.set_yticks(some_sizes, [words(sizes[i], 16) for i in some_sizes])
    ax.set_xticks(some_rates, [number(rates[i]) for i in some_rates])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_xlabel("learning rate")
    ax.set_ylabel("hidden units")
    bar = figure_of(ax).colorbar(image, ax=ax, aspect=30)
    bar.set_label(f"mean test accuracy\n{FRACTION}")
    bar.outline.set_visible(False)
