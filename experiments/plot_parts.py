"""What the pictures share: words, colours, panels, and which rows of a table a picture shows."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence, Sized
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.legend import Legend
from matplotlib.lines import Line2D

from experiments.knobs import AXES, in_words

# Okabe and Ito's colours can be told apart with any of the common colour vision deficiencies.
CLASS_COLOURS = ("#0072B2", "#E69F00")
CLASS_MARKERS = ("o", "^")
BEST, TIED, WORSE = "#D55E00", "#0072B2", "#7A7A7A"
INK = "#444444"

FRACTION = "(fraction correct)"
NOTHING = "no run has finished"
SMALL = (5.6, 1.8)  # inches, of a picture that says why there is none

TITLE_SIZE, LEGEND_SIZE = 10, 9
_CHARACTERS_PER_INCH = 12.5  # of a title, a little fewer than fit
_LINE = 0.19  # inches, of a title

_CELL = ["hidden", "learning_rate"]
_PROBLEM = [axis.name for axis in AXES if axis.is_problem]
_IDENTITY = [*_PROBLEM, *_CELL, "seed"]
_MEASURED = ["iteration", "cost", "train_accuracy", "test_accuracy"]


# ------------------------------------------------------------------------------------------------ words


@lru_cache(maxsize=4)
def _characters_of(font_file: str) -> frozenset[int]:
    return frozenset(get_font(font_file).get_charmap())


def words(text: object, width: int = 40) -> str:
    """Text from a user's file as it can be drawn: one line, no mathematics, at most `width` characters.

    A character that the font lacks is written as its escape, backslash u65e5, so that two names stay two. Of
    a long text the middle is left out: the end of a path says more than its middle.
    """
    drawable, text = _characters_of(findfont(FontProperties())), str(text)
    if len(text) > 2 * width:
        text = text[:width] + text[-width:]
    pieces = [c if c.isprintable() and ord(c) in drawable else c.encode("unicode_escape").decode() for c in text]
    if sum(map(len, pieces)) > width:
        pieces.insert(len(pieces) // 3, "…")
        while sum(map(len, pieces)) > width:
            middle = pieces.index("…")
            # Two characters are kept at the end for each at the start.
            pieces.pop(middle + 1 if len(pieces) - middle > 2 * middle + 1 else middle - 1)
    # Matplotlib takes what stands between two dollars for mathematics.
    return "".join(pieces).replace("$", r"\$")


def number(value: float) -> str:
    """A learning rate: exactly if that is short, else with three digits."""
    short = f"{value:g}"
    return short if float(short) == value and len(short) <= 6 else f"{value:.3g}"


def units(hidden: str) -> str:
    """`4 hidden units`, for the text of the hidden column."""
    named = {"0": "no hidden units", "1": "1 hidden unit"}
    return named.get(hidden, f"{words(hidden, 20)} hidden units")


def knob_name(column: str) -> str:
    """The column `record_every` as a title says it."""
    return words(column).replace("_", " ")


def knob_value(value: object) -> str:
    """The value of a knob, in a title or beside an axis."""
    return number(value) if isinstance(value, float) else words(value)


def count(n: int, noun: str) -> str:
    """`1 seed`, `2,000 seeds`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def counts(numbers: Iterable[int], noun: str) -> str:
    """`10 seeds`, or `8 to 10 seeds` where the numbers differ."""
    low, high = min(numbers := list(numbers)), max(numbers)
    return count(high, noun) if low == high else f"{low:,} to {count(high, noun)}"


def left_out(what: str, shown: Sized, every: Sized) -> list[str]:
    """What a title has to say where only some are drawn: `12 of 100 hidden sizes shown`."""
    return [f"{len(shown)} of {len(every):,} {what} shown"] if len(shown) < len(every) else []


def headline(width: float, title: str, notes: Iterable[str] = ()) -> str:
    """A title with its notes below, broken into lines that fit into `width` inches."""
    characters = int(width * _CHARACTERS_PER_INCH)
    return "\n".join(textwrap.wrap(title, characters) + textwrap.wrap("; ".join(notes), characters))


# ---------------------------------------------------------------------------------------------- drawing


def new_axes(width: float, height: float) -> Axes:
    """One panel in a figure of that size in inches, without pyplot: no window, no global state, any thread.

    The figure's layout is "compressed", which also makes room for what stands beside a panel of equal scales.
    """
    return Figure(figsize=(width, height), layout="compressed").subplots()


def figure_of(ax: Axes) -> Figure:
    """The figure of a panel, the outermost one where it stands in a part of another."""
    figure = ax.figure
    return figure if isinstance(figure, Figure) else figure.figure


def title_axes(ax: Axes, title: str, notes: Iterable[str] = ()) -> None:
    """Title and notes above one panel, in lines that fit into its figure."""
    # The layout is made when the figure is drawn: the place right of the panel may yet become larger.
    width = figure_of(ax).get_figwidth() * (0.95 * ax.get_position().width + 0.1)
    ax.set_title(headline(width, title, notes), loc="left", fontsize=TITLE_SIZE)


def text_panel(ax: Axes, title: str, message: str) -> Axes:
    """An otherwise empty panel that says why nothing is drawn in it."""
    title_axes(ax, title)
    ax.set_axis_off()
    ax.text(0.5, 0.5, textwrap.fill(message, 44), ha="center", va="center", transform=ax.transAxes, color=INK)
    return ax


def light_frame(ax: Axes) -> None:
    """Horizontal lines to read values by, and no box."""
    ax.grid(axis="y", color="#DDDDDD", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)


def legend_beside(ax: Axes, handles: list[Line2D]) -> Legend:
    """A legend right of a panel, where it covers no data."""
    return ax.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0,
        frameon=False, fontsize=LEGEND_SIZE,
    )  # fmt: skip


def ordered_colours(n: int) -> list[Any]:
    """n colours from dark to light that also differ in grey, without those too pale on white."""
    return [colormaps["viridis"](x) for x in (np.linspace(0.0, 0.86, n) if n > 1 else [0.25])]


class Panels:
    """Panels of one size in rows, a title over them, labels beside them, a legend at their right.

    Everything is placed in inches and the figure made to fit: matplotlib's own layout measures every tick
    label twice, which took two thirds of the time of a picture.
    """

    MARGIN = 0.12

    def __init__(
        self,
        n: int,
        size: tuple[float, float],
        gaps: tuple[float, float],
        edges: tuple[float, float, float],
        **shared: Any,
    ) -> None:
        """n panels of `size` (width, height); `gaps` between (columns, rows); all in inches.

        `edges` is the room (left, below) for numbers and labels, and the least room at the right.
        """
        # The number of columns that leaves the fewest places empty, the larger of two as good.
        self.columns = n if n <= 3 else min((4, 3) if n < 10 else (5, 4), key=lambda columns: -n % columns)
        self.rows = -(-n // self.columns)
        self.size, self.gaps, self.edges = size, gaps, edges
        self.figure = Figure()
        every = list(self.figure.subplots(self.rows, self.columns, squeeze=False, **shared).flat)
        for spare in every[n:]:
            spare.remove()
        self.axes: list[Axes] = every[:n]
        self.lowest = self.axes[-self.columns :]

    def finish(
        self,
        title: str,
        notes: Iterable[str],
        labels: tuple[str, str],
        handles: list[Line2D],
        legend_title: str | None = None,
    ) -> Figure:
        """Add title, x and y label, and legend; give everything its place."""
        legend = self.figure.legend(
            handles=handles, title=legend_title, loc="upper left", alignment="left", frameon=False,
            fontsize=LEGEND_SIZE, title_fontsize=LEGEND_SIZE, borderaxespad=0, borderpad=0,
        )  # fmt: skip
        box = legend.get_window_extent()
        left, below, right = self.edges
        right = max(right, 3 * self.MARGIN + box.width / self.figure.dpi)
        inner = self._extent(0), self._extent(1)
        width = left + inner[0] + right
        heading = headline(width - 2 * self.MARGIN, title, notes)
        top = self.MARGIN + (heading.count("\n") + 1) * _LINE + 0.12
        top += 0.15 * (self.axes[0].get_title().count("\n") + 1)
        # A legend may be higher than one row of small panels.
        height = max(below + inner[1], box.height / self.figure.dpi + self.MARGIN) + top
        bottom = height - top - inner[1]

        self.figure.set_size_inches(width, height)
        self.figure.subplots_adjust(
            left=left / width, right=1 - right / width, bottom=bottom / height, top=1 - top / height,
            wspace=self.gaps[0] / self.size[0], hspace=self.gaps[1] / self.size[1],
        )  # fmt: skip
        legend.set_bbox_to_anchor((1 - (right - 1.5 * self.MARGIN) / width, 1 - top / height))
        self.figure.suptitle(
            heading, x=self.MARGIN / width, y=1 - self.MARGIN / height, ha="left", va="top",
            fontsize=TITLE_SIZE,
        )  # fmt: skip
        middle = (left + inner[0] / 2) / width, (bottom + inner[1] / 2) / height
        self.figure.supxlabel(
            labels[0], x=middle[0], y=(bottom - below + self.MARGIN) / height, va="bottom", fontsize=10
        )
        self.figure.supylabel(labels[1], x=self.MARGIN / width, y=middle[1], ha="left", fontsize=10)
        return self.figure

    def _extent(self, axis: int) -> float:
        n = (self.columns, self.rows)[axis]
        return n * self.size[axis] + (n - 1) * self.gaps[axis]


# ---------------------------------------------------------------------------------------- what is shown


def evenly(n: int, limit: int, keep: int | None = None) -> list[int]:
    """At most `limit` of the positions 0..n-1: first, last, evenly between them, and `keep` in any case."""
    if n <= limit:
        return list(range(n))
    chosen = {round(i * (n - 1) / (limit - 1)) for i in range(limit)}
    if keep is not None and keep not in chosen:
        chosen.remove(min(chosen - {0, n - 1}, key=lambda i: abs(i - keep)))
        chosen.add(keep)
    return sorted(chosen)


def problem_name(problem: Mapping[str, Any] | pd.Series) -> str:
    """What a row of a table calls its problem: ``moons, noise 0.1``."""
    knobs = {column: problem[column] for column in _PROBLEM[1:] if column in problem}
    return ", ".join([words(problem["dataset"]), *(words(in_words({name: knobs[name]})) for name in knobs)])


def titled(table: pd.DataFrame, title: str) -> str:
    """The title after the name of the table's one problem.

    ValueError for a table of several problems: accuracies on different ones do not mix.
    """
    columns = [column for column in _PROBLEM if column in table]
    if any(table[column].nunique(dropna=False) > 1 for column in columns):
        problems = table[columns].drop_duplicates()
        names = [in_words(row.to_dict()) for _, row in problems.head(3).iterrows()]
        raise ValueError(
            f"expected the rows of one data set, got {len(problems)}: {', '.join(names)}; "
            f"select one, as in table[table.{columns[-1]} == value]"
        )
    return f"{problem_name(table.iloc[0])}: {title}" if len(table) else title


def tidy(table: pd.DataFrame) -> pd.DataFrame:
    """A table with `hidden` as text, whatever a reader of its file made of it, and rows counted from 0."""
    return table.assign(hidden=table["hidden"].astype(str)).reset_index(drop=True)


def further_knobs(table: pd.DataFrame) -> list[str]:
    """The settings among the columns of a summary or of curves, beside hidden units, learning rate, seed."""
    columns = list(table.columns)
    if "n_seeds" in columns:
        columns = columns[: columns.index("n_seeds")]
    return [c for c in columns if c not in _IDENTITY and c not in _MEASURED]


def varying_knobs(table: pd.DataFrame) -> list[str]:
    """Those of the further knobs that have more than one value."""
    return [knob for knob in further_knobs(table) if table[knob].nunique(dropna=False) > 1]


def knob_notes(table: pd.DataFrame, chosen_for: str = "") -> list[str]:
    """What a title says of further knobs: the value of a constant one, that a varying one is at its best."""
    varying = varying_knobs(table)
    constant = [knob for knob in further_knobs(table) if knob not in varying and len(table)]
    notes = [f"{knob_name(knob)} {knob_value(table[knob].iloc[0])}" for knob in constant]
    if varying and chosen_for:
        notes.append(f"each {chosen_for} at its best {' and '.join(map(knob_name, varying))}")
    return notes


def standings(summary: pd.DataFrame) -> pd.Series:
    """best, tied (with the best) or worse; nothing where one seed leaves it open or no run has finished."""
    rank, tied = summary["rank_test_accuracy"], summary["tied_with_best"].astype("boolean")
    is_best = rank.eq(1).fillna(False).to_numpy(dtype=bool)
    names = np.select([is_best, tied.fillna(False), tied.notna()], ["best", "tied", "worse"], "")
    return pd.Series(names, summary.index)


def best_rows(summary: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Of each group of configurations the row with the highest mean test accuracy, the first of equals."""
    score = summary["mean_test_accuracy"].astype(float).fillna(-np.inf)
    best = score.groupby([summary[column] for column in by], sort=False, dropna=False).idxmax()
    return summary.loc[best.to_numpy()].reset_index(drop=True)


def rows_of(table: pd.DataFrame, configurations: pd.DataFrame) -> pd.DataFrame:
    """The rows of runs or curves that belong to the given rows of a summary, in the order of the table."""
    keys = [*_CELL, *further_knobs(configurations)]
    return table.merge(configurations[keys], on=keys, how="inner")


def best_curves(curves: pd.DataFrame) -> pd.DataFrame:
    """Of each hidden size and learning rate the curves at the best values of all further knobs.

    The best is what it is in the summary: the highest mean, over seeds, of the test accuracy at the end.
    """
    if not (knobs := varying_knobs(curves)):
        return curves
    ends = curves.groupby([*_CELL, *knobs, "seed"], sort=False, dropna=False)["test_accuracy"].last()
    means = ends.groupby(level=[*_CELL, *knobs], sort=False, dropna=False).mean().round(9)
    table = means.rename("mean_test_accuracy").reset_index()
    return rows_of(curves, best_rows(table, _CELL)[[*_CELL, *knobs]])
