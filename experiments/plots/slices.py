"""Slices: the ranking metric of every configuration against each setting."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, LogLocator, MaxNLocator

from experiments.plots.accuracy import COLOURS
from experiments.plots.axes import figure_of, light_frame, new_axes, text_panel
from experiments.plots.choice import axis_name, judged, merit, setting_notes, titled, value_name, varied
from experiments.plots.limits import Baselines, Cut, draw_baselines, ends, scale_in_unit
from experiments.plots.panels import Panels
from experiments.plots.style import BEST, INK, NOTHING, SMALL, TIED, WORSE, count, number
from experiments.tables.words import axis_label, label, metric_of

MAX_POINTS = 3000  # configurations; of more, every other, third, ... in rank is left out
MAX_PANELS = 20
SPAN = 0.5  # of the configurations on which a point of the line depends
FEWEST = 8  # configurations of a line
NEAR = 0.035  # of the width of a panel: how far the dots of one word are spread
ROOM = 0.12  # of the width of a panel, for each word
Floats = npt.NDArray[np.float64]


def plot_slices(summary: pd.DataFrame, baselines: Baselines = (), *, title: str | None = None) -> Figure:
    """The mean of the ranking metric (y) against each varying setting (x): a panel for each, a dot for a configuration.

    An axis of numbers is logarithmic if they span a factor of ten or more and are spread more evenly there. Zeros of
    such an axis, words such as `all`, and a dash where the setting has no effect have places of their own beside the
    numbers. The line through the numbers is a local linear regression: at each point, of the nearest half of the
    configurations, with tricube weights (Cleveland 1979, without robustness iterations). A short line is the median at
    a word. `baselines` are thin lines.

    All configurations are in every panel, each with its own values of the other settings. Raises ValueError for rows of
    several data sets.
    """
    metric = metric_of(summary)
    usual = titled(summary, f"mean test {label(metric)} of every configuration, against each setting")
    summary = judged(summary)
    finished = summary[summary["mean"].notna()]
    if finished.empty:
        return figure_of(text_panel(new_axes(*SMALL), usual, f"nothing to show: {NOTHING}", title))
    axes = varied(summary)[:MAX_PANELS] or ["hidden"]
    cut = Cut.of(metric, finished["mean"])
    rising = finished.iloc[np.argsort(merit(metric, finished["mean"]), kind="stable")]
    shown = rising.iloc[(len(rising) - 1) % -(-len(rising) // MAX_POINTS) :: -(-len(rising) // MAX_POINTS)]
    panels = Panels(len(axes), (2.5, 2.1), (0.3, 0.55), (0.95, 0.45, 0.2), "y")
    for ax, axis in zip(panels.axes, axes, strict=True):
        scale = _Scale.of(finished[axis])
        _draw(ax, scale, shown, axis, cut)
        _draw_lines(ax, scale, finished, axis, cut)
        scale.draw(ax)
        ax.set_title(axis_name(axis), fontsize=9)
        light_frame(ax)
    panels.axes[0].set_ylim(ends(metric, *panels.axes[0].get_ylim()))
    scale_in_unit(panels.axes[0].yaxis, metric)
    has_lines = any(line.get_gid() in ("line", "median") for ax in panels.axes for line in ax.lines)
    handles = _handles(shown, has_lines) + draw_baselines(panels.axes, baselines, metric)
    notes = [f"the best {len(shown):,} and every other of {len(rising):,}"] if len(shown) < len(rising) else []
    failed = len(summary) - len(finished)
    notes += [f"{count(failed, 'configuration')} failed"] if failed else []
    notes += [*cut.note(finished["mean"], "configuration"), *setting_notes(summary, axes)]
    return panels.finish(usual, notes, ("", axis_label(metric).replace(", ", "\n")), handles, asked=title)


class _Scale(NamedTuple):
    """The places of the values of a setting on an axis from 0 to 1."""

    low: float  # the numbers, or their logarithms
    high: float
    is_log: bool
    is_integer: bool
    left: float  # where they begin and end
    right: float
    words: dict[Any, float]  # the places of zero, words, and a setting without effect (None)

    @classmethod
    def of(cls, column: pd.Series) -> _Scale:
        """The scale for the values of a column."""
        numbers, words = _split(column)
        known = numbers[np.isfinite(numbers)]
        positive = known[known > 0]
        is_log = len(positive) > 0 and known.min() >= 0 and _is_even_in_logarithms(positive)
        left_words: list[Any] = [0.0] if is_log and known.min() == 0 else []
        is_integer = bool((known == np.round(known)).all())
        if is_log:
            known = np.log(positive)
        if not known.size:
            places = np.linspace(0, 1, len(words) + 2)[1:-1].tolist()
            return cls(0.0, 0.0, False, False, 0.0, 0.0, dict(zip(words, places, strict=True)))
        left, right = ROOM * len(left_words), 1 - ROOM * len(words)
        if right - left < 0.3:  # many words
            right = left + 0.3
        step = (1 - right) / max(1, len(words))
        places_of = dict.fromkeys(left_words, 0.25 * left) | {
            word: right + (place + 0.75) * step for place, word in enumerate(words)
        }
        return cls(float(known.min()), float(known.max()), is_log, is_integer, left, right, places_of)

    def place(self, numbers: Floats) -> Floats:
        """The places of numbers other than zeros of a logarithmic axis."""
        values = np.log(np.where(numbers > 0, numbers, np.nan)) if self.is_log else numbers
        if self.high == self.low:
            return np.where(np.isfinite(values), 0.5 * (self.left + self.right), np.nan)
        return self.left + (values - self.low) / (self.high - self.low) * (self.right - self.left)

    def draw(self, ax: Axes) -> None:
        """Ticks at round numbers, and at the words."""
        low, high = (math.exp(self.low), math.exp(self.high)) if self.is_log else (self.low, self.high)
        ticks: dict[float, str] = {}
        if self.left < self.right:
            ticks = {float(self.place(np.array([tick]))[0]): number(tick) for tick in self._round(low, high)}
        ticks |= {place: value_name(0.0 if word == 0 else word, 10) for word, place in self.words.items()}
        ax.xaxis.set_major_locator(FixedLocator(list(ticks)))
        ax.set_xticks(list(ticks), list(ticks.values()), fontsize=8)
        ax.set_xlim(-0.04, 1.04)

    def _round(self, low: float, high: float) -> Sequence[float]:
        if self.is_log:
            subs = (1.0, 2.0, 5.0) if high < 300 * low else (1.0,)
            every = [float(tick) for tick in LogLocator(subs=subs, numticks=9).tick_values(low, high)]
        else:
            every = [float(tick) for tick in MaxNLocator(4, integer=self.is_integer).tick_values(low, high)]
        inside = [tick for tick in every if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9)]
        most = max(2, int(6 * (self.right - self.left)))
        return inside[:: -(-len(inside) // most)] if inside else [low]


def _is_even_in_logarithms(positive: Floats) -> bool:
    """Whether the median is nearer to the middle of a logarithmic axis than to that of a linear one."""
    low, median, high = positive.min(), float(np.median(positive)), positive.max()
    if high < 10 * low:
        return False
    linear, logarithmic = (median - low) / (high - low), math.log(median / low) / math.log(high / low)
    return bool(abs(logarithmic - 0.5) < abs(linear - 0.5))


def _split(column: pd.Series) -> tuple[Floats, list[Any]]:
    """The values as numbers, nan for others; and the others: words in the order of the table, None last."""
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64)
    others = column[np.isnan(numbers)]
    words = [*dict.fromkeys(others.dropna())]
    return numbers, [*words, *([None] if others.isna().any() else [])]


def _draw(ax: Axes, scale: _Scale, shown: pd.DataFrame, axis: str, cut: Cut) -> None:
    x = _places(scale, shown[axis])
    y = cut.within(shown["mean"])
    small = 9 if len(shown) > 50 else 20
    for standing, size, layer in (("worse", small, 2.0), ("tied", small + 2, 2.5), ("best", 70, 4.0)):
        rows = (shown["standing"].replace("", "worse") == standing).to_numpy()
        marker = "*" if standing == "best" else "o"
        ax.scatter(
            x[rows], y[rows], s=size, marker=marker, color=COLOURS[standing], alpha=1.0 if standing == "best" else 0.6,
            linewidths=0, zorder=layer, gid=standing,
        )  # fmt: skip


def _places(scale: _Scale, column: pd.Series) -> Floats:
    """The place of each configuration; those of a word are spread beside it, in their order."""
    numbers, _ = _split(column)
    places = scale.place(numbers)
    for word, place in scale.words.items():
        rows = np.flatnonzero(_having(column, numbers, word))
        # In an order without a pattern: multiples of the golden section.
        places[rows] = place + NEAR * (2 * (np.arange(len(rows)) * 0.6180339887498949 % 1) - 1)
    return places


def _having(column: pd.Series, numbers: Floats, word: Any) -> npt.NDArray[np.bool_]:
    if word is None:
        return column.isna().to_numpy(bool)
    return np.equal(numbers, 0) if word == 0 else (column == word).to_numpy(bool)


def _draw_lines(ax: Axes, scale: _Scale, finished: pd.DataFrame, axis: str, cut: Cut) -> None:
    numbers, _ = _split(finished[axis])
    x, y = scale.place(numbers), cut.within(finished["mean"])
    style: dict[str, Any] = {"color": INK, "linewidth": 1.6, "zorder": 3}
    for word, place in scale.words.items():
        rows = _having(finished[axis], numbers, word)
        ax.plot([place - NEAR, place + NEAR], [np.median(y[rows])] * 2, gid="median", **style)
    known = np.isfinite(x)
    if known.sum() >= FEWEST and len(np.unique(x[known])) > 2:
        at = np.linspace(x[known].min(), x[known].max(), 60)
        ax.plot(at, cut.within(smooth(x[known], y[known], at)), gid="line", **style)


def smooth(x: Floats, y: Floats, at: Floats, span: float = SPAN) -> Floats:
    """Local linear regression: at each point, of the share `span` of the points that are nearest in x.

    The weight of a point at distance d is (1 - (d / h)^3)^3, where h is slightly more than the largest distance among
    them. The arrays x and y have the same length; the result has that of `at`.
    """
    nearest = max(3, math.ceil(span * len(x)))
    fitted = np.empty(len(at))
    for i, center in enumerate(at):
        distance = np.abs(x - center)
        width = max(1.001 * np.partition(distance, nearest - 1)[nearest - 1], 1e-9)
        weights = np.clip(1 - (distance / width) ** 3, 0, None) ** 3
        total = weights.sum()
        mean_x, mean_y = (weights * x).sum() / total, (weights * y).sum() / total
        spread = (weights * (x - mean_x) ** 2).sum()
        slope = (weights * (x - mean_x) * (y - mean_y)).sum() / spread if spread > 1e-12 * total else 0.0
        fitted[i] = mean_y + slope * (center - mean_x)
    return fitted


def _handles(shown: pd.DataFrame, has_lines: bool) -> list[Line2D]:
    standings = set(shown["standing"])
    dot: dict[str, Any] = {"linestyle": "none", "markeredgewidth": 0}
    handles = (
        [Line2D([], [], marker="*", markersize=10, color=BEST, label="best", **dot)] if "best" in standings else []
    )
    if "tied" in standings:
        handles.append(Line2D([], [], marker="o", markersize=4, color=TIED, label="tied with the best", **dot))
    if not standings <= {"best", "tied"}:
        label = "worse than the best" if "worse" in standings else "a configuration"
        handles.append(Line2D([], [], marker="o", markersize=4, color=WORSE, label=label, **dot))
    line = Line2D([], [], color=INK, linewidth=1.6, label="smoothed,\nor median of a word")
    return [*handles, *([line] if has_lines else [])]
