"""Figures of one panel or two, their titles and legends."""

from __future__ import annotations

import io
import itertools
import textwrap
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine, LayoutEngine
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.text import Text

from experiments.plots.names import DPI
from experiments.plots.style import INK, LEGEND_SIZE, TITLE_SIZE, wrap

MARGIN = 0.12  # inches, around a figure
ROW = "row"  # the group of texts that name rows, of which some are left out if there is no room for all


class Plot(Figure):
    """A figure that a notebook displays, whose title is wrapped to its width whenever it is laid out.

    It is made without pyplot: no window, no global state, any thread. `natural` is its size in inches if none is
    wanted; `is_thinned`, whether labels were left out in another one.
    """

    def __init__(self, width: float, height: float, layout: LayoutEngine | None = None) -> None:
        super().__init__(figsize=(width, height), dpi=DPI)
        self.set_layout_engine(layout or OnePanel(compress=True))
        self.heading: list[str] = []
        self.top: Text | None = None
        self.natural = (width, height)
        self.is_thinned = False

    def head(self, title: str, notes: Iterable[str] = (), asked: str | None = None) -> None:
        """A title with notes below it. The title `asked` for replaces it; an empty one replaces both."""
        self.heading = paragraphs(title, notes, asked)
        if self.heading:
            self.top = self.suptitle("", x=0.0, ha="left", fontsize=TITLE_SIZE)
            self.wrap_heading()

    def wrap_heading(self) -> int:
        """Wrap the title to the width of the figure; the number of its lines."""
        if self.top is None:
            return 0
        width = self.get_figwidth()
        lines = [line for text in self.heading for line in wrap(text, width - 2 * MARGIN, TITLE_SIZE)]
        self.top.set(text="\n".join(lines), x=MARGIN / width)
        return len(lines)

    @property
    def is_natural(self) -> bool:
        """Whether it has the size in which everything has its place."""
        return bool(abs(self.get_size_inches() - self.natural).max() < 1e-6)

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        FigureCanvasAgg(self).print_png(file)  # type: ignore[no-untyped-call]
        return file.getvalue()


class Panel(Axes):
    """A panel that a notebook displays, with its figure."""

    def _repr_png_(self) -> bytes:
        figure = figure_of(self)
        return figure._repr_png_() if isinstance(figure, Plot) else b""


class OnePanel(ConstrainedLayoutEngine):
    """The layout of one panel or a few, with a title over the whole width.

    Matplotlib's "compressed" layout, which also leaves room beside a panel with equal scales.
    """

    def execute(self, fig: Any) -> Any:
        """Wrap the title, leave out labels of ticks for which there is no room, and place everything."""
        fig.wrap_heading()
        with warnings.catch_warnings():  # of no room for a panel: the command says what to do
            warnings.filterwarnings("ignore", "constrained_layout not applied")
            return self._place(fig)

    def _place(self, fig: Any) -> Any:
        done = super().execute(fig)
        if not fig.is_natural and _thin_all(fig.axes):
            fig.is_thinned = True
            done = super().execute(fig)
        return done


def _thin_all(panels: Iterable[Axes]) -> bool:
    """Leave out labels of axes and names of rows that overlap; whether any was left out."""
    is_changed = False
    for ax in panels:
        is_changed |= any([_thin(axis) for axis in (ax.xaxis, ax.yaxis)])  # noqa: C419 - each of them
        for side in ("left", "right"):
            rows = [text for text in ax.texts if text.get_gid() == ROW and text.get_horizontalalignment() == side]
            while _overlap(shown := [text for text in rows if text.get_visible()]):
                is_changed = True
                for text in shown[1::2]:
                    text.set_visible(False)
    return is_changed


def _overlap(texts: Sequence[Text]) -> bool:
    """Whether any of three or more texts overlaps the next."""
    boxes = [text.get_window_extent() for text in texts]
    return len(boxes) > 2 and any(a.overlaps(b) for a, b in itertools.pairwise(boxes))


def _thin(axis: Any) -> bool:
    """Leave out every other label of an axis until none overlaps the next; whether any was left out."""
    is_changed = False
    while True:
        labels = [label for label in axis.get_ticklabels() if label.get_visible() and label.get_text()]
        if not _overlap(labels):
            return is_changed
        texts = [label.get_text() for label in axis.get_ticklabels()]
        kept = iter(range(len(texts)))
        axis.set_ticks(axis.get_ticklocs(), ["" if text and next(kept) % 2 else text for text in texts])
        is_changed = True


def new_axes(width: float, height: float) -> Axes:
    """One panel in a figure of that size in inches."""
    return Plot(width, height).add_subplot(axes_class=Panel)


def figure_of(ax: Axes) -> Figure:
    """The outermost figure that contains a panel."""
    figure = ax.figure
    return figure if isinstance(figure, Figure) else figure.figure


def paragraphs(title: str, notes: Iterable[str] = (), asked: str | None = None) -> list[str]:
    """The title and the notes below it; the title `asked` for replaces it, and an empty one both."""
    if asked == "":
        return []
    return [text for text in (title if asked is None else asked, "; ".join(notes)) if text]


def title_axes(ax: Axes, title: str, notes: Iterable[str] = (), asked: str | None = None) -> None:
    """Draw title and notes above a panel: over the width of a figure of its own, or wrapped to that of the panel."""
    figure = figure_of(ax)
    if isinstance(figure, Plot):
        figure.head(title, notes, asked)
        return
    width = max(1.0, figure.get_figwidth() * ax.get_position().width)
    lines = [line for text in paragraphs(title, notes, asked) for line in wrap(text, width, TITLE_SIZE)]
    ax.set_title("\n".join(lines), loc="left", fontsize=TITLE_SIZE)


def text_panel(ax: Axes, title: str, message: str, asked: str | None = None) -> Axes:
    """An empty panel with a message that says why nothing is drawn."""
    title_axes(ax, title, asked=asked)
    ax.set_axis_off()
    ax.text(0.5, 0.5, textwrap.fill(message, 44), ha="center", va="center", transform=ax.transAxes, color=INK)
    return ax


def light_frame(ax: Axes) -> None:
    """Draw horizontal grid lines and no box."""
    ax.grid(axis="y", color="#DDDDDD", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)


def legend_beside(ax: Axes, handles: Sequence[Any]) -> Legend:
    """Draw a legend to the right of a panel, where it covers no data."""
    lines: list[Line2D] = list(handles)
    return ax.legend(
        handles=lines, loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0,
        frameon=False, fontsize=LEGEND_SIZE,
    )  # fmt: skip
