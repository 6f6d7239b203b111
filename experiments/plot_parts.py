"""What the pictures share: words, colours, panels."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.legend import Legend
from matplotlib.lines import Line2D

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


def count(n: int, noun: str) -> str:
    """`1 seed`, `2,000 seeds`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def counts(numbers: Iterable[int], noun: str) -> str:
    """`10 seeds`, or `8 to 10 seeds` where the numbers differ."""
    low, high = min(numbers := list(numbers)), max(numbers)
    return count(high, noun) if low == high else f"{low:,} to {count(high, noun)}"


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


def title_axes(ax: Axes, title: str, notes: Iterable[str] = (), width: float | None = None) -> None:
    """Title and notes above one panel, in lines that fit into its figure, or into a width in inches."""
    # The layout is made when the figure is drawn: the place right of the panel may yet become larger.
    if width is None:
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
