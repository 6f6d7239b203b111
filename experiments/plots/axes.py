"""Panels, titles and legends."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D

from experiments.plots.style import _LINE, INK, LEGEND_SIZE, TITLE_SIZE, headline


def new_axes(width: float, height: float) -> Axes:
    """One panel in a figure of that size in inches, without pyplot: no window, no global state, any thread.

    The figure's layout is "compressed", which also leaves room beside a panel with equal scales.
    """
    return Figure(figsize=(width, height), layout="compressed").subplots()


def figure_of(ax: Axes) -> Figure:
    """The outermost figure that contains a panel."""
    figure = ax.figure
    return figure if isinstance(figure, Figure) else figure.figure


def title_axes(ax: Axes, title: str, notes: Iterable[str] = (), width: float | None = None) -> None:
    """Draw title and notes above a panel, wrapped to its figure or to a width in inches."""
    # The layout is computed when the figure is drawn: the space right of the panel may still grow.
    if width is None:
        width = figure_of(ax).get_figwidth() * (0.95 * ax.get_position().width + 0.1)
    ax.set_title(headline(width, title, notes), loc="left", fontsize=TITLE_SIZE)


def text_panel(ax: Axes, title: str, message: str) -> Axes:
    """An empty panel with a message that says why nothing is drawn."""
    title_axes(ax, title)
    ax.set_axis_off()
    ax.text(0.5, 0.5, textwrap.fill(message, 44), ha="center", va="center", transform=ax.transAxes, color=INK)
    return ax


def light_frame(ax: Axes) -> None:
    """Draw horizontal grid lines and no box."""
    ax.grid(axis="y", color="#DDDDDD", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)


def legend_beside(ax: Axes, handles: list[Line2D]) -> Legend:
    """Draw a legend to the right of a panel, where it covers no data."""
    return ax.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0,
        frameon=False, fontsize=LEGEND_SIZE,
    )  # fmt: skip


class Panels:
    """Panels of equal size in rows, with a common title, common labels, and a legend on the right.

    Everything is positioned in inches and the figure size follows: matplotlib's own layout measures every tick label
    twice, which took two thirds of the drawing time.
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

        `edges` is the space (left, below) for numbers and labels, and the minimum space on the right.
        """
        # The number of columns with the fewest empty places, the larger one if equal.
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
        """Add title, axis labels and legend, and position everything."""
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
