"""Panels of equal size in rows, with a common title, common labels, and a legend on the right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import LayoutEngine
from matplotlib.lines import Line2D
from matplotlib.text import Text

from experiments.plots.axes import MARGIN, Plot
from experiments.plots.style import LEGEND_SIZE, LINE, wrap

_BELOW_TITLE = 0.12  # inches, between the title and the panels
_PANEL_LINE = 0.15  # inches, of the title of a panel
BAR = 1.1  # inches, of a colour bar
_LEAST = 0.2  # inches, of a panel in a figure that is too small


class _Places(NamedTuple):
    """The places of panels in inches."""

    across: float  # of each panel
    high: float
    top: float  # above the first row
    gap: float  # between rows


class Panels(LayoutEngine):
    """The panels and their layout.

    Everything is placed in inches whenever the figure is laid out: matplotlib's own layout measures every tick label
    twice, which took two thirds of the drawing time. The natural size of the figure follows from that of the panels;
    in a figure of another size, the panels have the size that is left for them.
    """

    _adjust_compatible = False
    _colorbar_gridspec = False

    def __init__(
        self,
        n: int,
        size: tuple[float, float],
        gaps: tuple[float, float],
        edges: tuple[float, float, float],
        share: str = "",
        columns: int | None = None,
    ) -> None:
        """n panels of `size` (width, height); `gaps` between (columns, rows), without titles; all in inches.

        `edges` is the space (left, below) for numbers and labels, and the minimum space on the right. `share` has the
        letters of what is common: `x` and `y`, the axes of all panels; `r`, the y axis of a row. `columns` is their
        number; by default it is chosen to fit.
        """
        super().__init__()
        self.size, self.gaps, self.edges, self.share = size, gaps, edges, share
        self.is_fixed = columns is not None
        self.columns = self.natural_columns = columns or _columns(n)
        self.figure = Plot(6.4, 4.8, self)
        self.axes: list[Axes] = []
        for k in range(n):
            first: dict[str, Any] = {f"share{axis}": self.axes[0] for axis in "xy" if axis in share and k}
            if "r" in share and k % self.columns:
                first["sharey"] = self.axes[k - k % self.columns]
            self.axes.append(self.figure.add_axes((0.1, 0.1, 0.8, 0.8), **first))
        self.titles: list[str] = []
        self.bar: Axes | None = None
        self.legend: Any
        self.labels: tuple[Text, Text]

    @property
    def rows(self) -> int:
        """The number of rows."""
        return -(-len(self.axes) // self.columns)

    def finish(
        self,
        title: str,
        notes: Iterable[str],
        labels: tuple[str, str],
        handles: Sequence[Any],
        legend_title: str | None = None,
        asked: str | None = None,
    ) -> Figure:
        """Add title, axis labels and legend, and choose the natural size."""
        lines: list[Line2D] = list(handles)
        self.legend = self.figure.legend(
            handles=lines, title=legend_title, loc="upper left", alignment="left", frameon=False,
            fontsize=LEGEND_SIZE, title_fontsize=LEGEND_SIZE, borderaxespad=0, borderpad=0,
        )  # fmt: skip
        self.labels = (
            self.figure.supxlabel(labels[0], va="bottom", fontsize=10),
            self.figure.supylabel(labels[1], ha="left", fontsize=10),
        )
        self.titles = [ax.get_title() for ax in self.axes]
        left, below, right = self._edges()
        width = left + self.columns * self.size[0] + (self.columns - 1) * self.gaps[0] + right
        self.figure.set_figwidth(width)
        self.figure.head(title, notes, asked)
        first, gap = self._rises(self.size[0], self.columns)
        inner = self.rows * self.size[1] + (self.rows - 1) * gap
        # A legend with a colour bar may be higher than one row of small panels.
        beside = self._legend_height() + (0 if self.bar is None else self._bar_height() + BAR + MARGIN)
        height = max(below + inner, beside) + self._top(first)
        self.figure.set_size_inches(width, height)
        self.figure.natural = (width, height)
        self.execute(self.figure)
        return self.figure

    def execute(self, fig: Any) -> None:
        """Place everything in the figure."""
        width, height = fig.get_size_inches()
        left, below, right = self._edges()
        if not self.is_fixed:
            self.columns = self.natural_columns if fig.is_natural else self._best_columns(width, height)
        columns, rows = self.columns, self.rows
        across, high, top, gap = self._places(columns, width, height)
        if fig.is_natural:
            high = self.size[1]
        across, high = max(across, _LEAST), max(high, _LEAST)
        for k, ax in enumerate(self.axes):
            row, column = divmod(k, columns)
            x, y = left + column * (across + self.gaps[0]), height - top - (row + 1) * high - row * gap
            ax.set_position((x / width, y / height, across / width, high / height))
            if not {"y", "r"}.isdisjoint(self.share):
                ax.tick_params(labelleft=column == 0)
            if "x" in self.share:  # panels above an empty place would otherwise have no tick labels
                ax.tick_params(labelbottom=k + columns >= len(self.axes))
        bottom = height - top - rows * high - (rows - 1) * gap
        beside = width - right + 1.5 * MARGIN
        self.legend.set_bbox_to_anchor((beside / width, 1 - top / height))
        if fig.top is not None:
            fig.top.set(y=1 - MARGIN / height, va="top")
        middle = (left + width - right) / 2, (height - top + bottom) / 2
        self.labels[0].set(x=middle[0] / width, y=(bottom - below + MARGIN) / height)
        self.labels[1].set(x=MARGIN / width, y=middle[1] / height)
        if self.bar is not None:  # below the legend, with its title
            bar_top = height - top - self._legend_height() - self._bar_height()
            length = min(BAR, max(bar_top - MARGIN, 0.3))
            place = (beside + 0.05) / width, (bar_top - length) / height, 0.13 / width, length / height
            self.bar.set_position(place)

    def _places(self, columns: int, width: float, height: float) -> _Places:
        left, below, right = self._edges()
        rows = -(-len(self.axes) // columns)
        across = (width - left - right - (columns - 1) * self.gaps[0]) / columns
        first, gap = self._rises(across, columns)
        top = self._top(first)
        return _Places(across, (height - below - top - (rows - 1) * gap) / rows, top, gap)

    def _best_columns(self, width: float, height: float) -> int:
        """The number of columns for which the panels are the largest, compared with their natural size."""

        def part(columns: int) -> tuple[float, int]:
            places = self._places(columns, width, height)
            return min(places.across / self.size[0], places.high / self.size[1]), -abs(columns - self.natural_columns)

        return max(range(1, len(self.axes) + 1), key=part)

    def _edges(self) -> tuple[float, float, float]:
        left, below, right = self.edges
        box = self.legend.get_window_extent()
        return max(left, self._left()), below, max(right, 3 * MARGIN + box.width / self.figure.dpi)

    def _left(self) -> float:
        """The space for the numbers of the common axes, and for the label beside them."""
        firsts = {"y": self.axes[:1], "r": self.axes[:: self.natural_columns]}.get(self.share[-1:], [])
        numbers = [label.get_window_extent().width for ax in firsts for label in ax.get_yticklabels()]
        texts = [self.labels[1], *(ax.yaxis.label for ax in firsts)]
        lines = max(text.get_text().count("\n") + bool(text.get_text()) for text in texts)
        return MARGIN + 0.19 * lines + 0.16 + max(numbers, default=0.0) / self.figure.dpi if numbers else 0.0

    def _legend_height(self) -> float:
        return float(self.legend.get_window_extent().height / self.figure.dpi) + MARGIN

    def _bar_height(self) -> float:
        """The space above the colour bar, with its title."""
        assert self.bar is not None
        return 0.2 + _PANEL_LINE * (self.bar.get_title(loc="left").count("\n") + 1)

    def _top(self, rise: float) -> float:
        return MARGIN + self.figure.wrap_heading() * LINE + _BELOW_TITLE + rise

    def _rises(self, across: float, columns: int) -> tuple[float, float]:
        """Wrap the titles of panels to their width: the space above the first row, and between rows."""
        lines = []
        for ax, title in zip(self.axes, self.titles, strict=True):
            size = float(ax.title.get_fontsize())
            width = max(across, _LEAST) + 0.6 * self.gaps[0]
            wrapped = [line for text in title.split("\n") for line in wrap(text, width, size)]
            ax.set_title("\n".join(wrapped), fontsize=size)
            lines.append(len(wrapped) if title else 0)
        return _PANEL_LINE * max(lines[:columns]), self.gaps[1] + _PANEL_LINE * max(lines[columns:], default=0)


def _columns(n: int) -> int:
    """The number of columns with the fewest empty places, the larger one if equal."""
    return n if n <= 3 else min((4, 3) if n < 10 else (5, 4), key=lambda columns: -n % columns)
