"""How a race was decided: what was left, and the evidence against each configuration, after every replicate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from experiments.plots.axes import Plot
from experiments.plots.choice import setting_names, tidy, varied
from experiments.plots.style import BEST, INK, LEGEND_SIZE, TIED, WORSE, count, words
from experiments.race import LEVEL, Decisions

LOWEST = 1e-3  # e-values below are drawn there: they only say that a configuration was ahead of what it was bet against
MAX_NAMES = 8  # of configurations that are left
STYLES: tuple[Literal["-", "--", ":", "-."], ...] = ("-", "--", ":", "-.")  # of their lines, in turn


def plot_race(
    decisions: Decisions,
    names: Sequence[str],
    problem: str = "",
    level: float = LEVEL,
    *,
    title: str | None = None,
) -> Figure:
    """Above, how many configurations are not ruled out after each replicate; below, the e-value of each.

    A configuration is out where its e-value reaches 1 / level: there its line ends. Blue: within the margin of the
    best; red: still open; grey: ruled out. `names` has a name for each configuration; `problem` begins the title.

    Raises ValueError if the number of names is another one.
    """
    n, k = decisions.e_values.shape
    if len(names) != k:
        raise ValueError(f"names: expected {count(k, 'name')}, got {len(names)}")
    figure = Plot(6.5, 5.5)
    above, below = figure.subplots(2, sharex=True, height_ratios=[1, 2])
    replicates = np.arange(n + 1)
    above.step(replicates, [k, *decisions.survivors], where="post", color=INK, gid="survivors")
    above.set_ylim(0, 1.05 * k)
    above.yaxis.set_major_locator(MaxNLocator(integer=True))
    above.set_ylabel("configurations left")
    left = np.flatnonzero(decisions.out_after == 0)
    styles = {i: STYLES[place % len(STYLES)] for place, i in enumerate(left.tolist())}
    for i in range(k):
        end = int(decisions.out_after[i]) or n
        colour = WORSE if decisions.out_after[i] else BEST if decisions.is_open[i] else TIED
        values = np.maximum(np.concatenate([[1.0], decisions.e_values[:end, i]]), LOWEST)
        width, layer = (0.8, 2.0) if decisions.out_after[i] else (1.6, 3.0)
        below.plot(
            replicates[: end + 1],
            values,
            color=colour,
            linewidth=width,
            zorder=layer,
            gid=f"configuration {i}",
            linestyle=styles.get(i, "-"),
        )
    below.axhline(1.0 / level, color=INK, linestyle="dashed", linewidth=1.0, gid="threshold")
    below.set_yscale("log")
    below.set_ylim(0.8 * LOWEST, max(4.0 / level, 2.0 * float(decisions.e_values.max())))
    below.set_xlim(0, n)
    below.set_ylabel("evidence that it is not the best (e-value)")
    below.set_xlabel("seeds")
    marks = [
        Line2D(
            [],
            [],
            color=BEST if decisions.is_open[i] else TIED,
            linewidth=1.6,
            linestyle=styles[i],
            label=words(names[i]),
        )
        for i in left[:MAX_NAMES].tolist()
    ]
    if len(left) > MAX_NAMES:
        marks.append(Line2D([], [], linestyle="none", label=f"and {count(len(left) - MAX_NAMES, 'other')}"))
    below.legend(handles=marks, title="left", fontsize=LEGEND_SIZE, loc="best")
    figure.head(f"{problem}: " * bool(problem) + _headline(decisions, n, k, len(left)), asked=title)
    return figure


def names_of(summary: pd.DataFrame) -> list[str]:
    """A name for each configuration of a problem: its settings that vary."""
    table = tidy(summary)
    columns = varied(table)
    return [", ".join(setting_names(row, columns)) for _, row in table.iterrows()]


def _headline(decisions: Decisions, n: int, k: int, left: int) -> str:
    still_open = int(decisions.is_open.sum())
    state = f"{still_open} still open" if still_open else f"decided after {decisions.decided_after}"
    return f"{count(k, 'configuration')}, {left} left after {count(n, 'seed')}: {state}"
