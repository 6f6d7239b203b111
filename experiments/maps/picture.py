"""The picture of a map, with a pixel for each network, or a square of pixels."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import LogNorm
from matplotlib.layout_engine import LayoutEngine
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from experiments.maps.colours import LASTED, Scale, of_paper, with_scale
from experiments.maps.field import Field
from experiments.maps.measures import PAPER, measure_of
from experiments.maps.plane import Axis
from experiments.maps.ticks import Ticks, power_text, ticks_of_x, ticks_of_y
from experiments.plots.axes import MARGIN, Plot
from experiments.plots.choice import axis_name, units
from experiments.plots.limits import in_unit
from experiments.plots.names import FONT_SIZE, Look
from experiments.plots.output import own_style, write_picture
from experiments.plots.style import LEGEND_SIZE, LINE, words
from planar_core.choices import METRICS

COLOURS = ("paper", "scale")
_SIDE = 5.4  # inches, that a small map is enlarged to
_LEFT, _BOTTOM, _RIGHT, _RIGHT_OF_BARS, _TOP = 0.85, 0.6, 0.25, 1.3, 0.1  # inches around a map
_FEW_DECADES = 300.0  # ratio of the ends of a scale, below which 2 and 5 have ticks as well
_BAR_GAP, _BAR_WIDTH = 0.2, 0.18  # inches
_LOOK = Look()
_OF_PAPER = (
    "green to blue: training converges, the bluer the later; orange to red: it does not, the redder the later",
    "colours are ranks: every shade of a side is equally frequent",
)


def draw(
    field: Field,
    path: Path,
    colours: str = COLOURS[0],
    measure: str = PAPER,
    *,
    title: str | None = None,
    look: Look = _LOOK,
    times: tuple[float, float] = (1.0, 1.0),
) -> None:
    """Write a picture of a map in the format of the suffix: PNG, PDF or SVG. The file is replaced atomically.

    colours: "paper": those of Sohl-Dickstein (2024), always of his measure; "scale": of the measure, with a scale
    title: replaces the usual one; an empty one leaves out the notes below it as well
    times: what the numbers along x and y are multiplied by, to show them in another unit

    In a PNG file, each network has one pixel or a square of pixels, unless ``look.size`` has no room for that. Raises
    SweepError for a measure that the map does not have, ValueError for other colours, and OSError.
    """
    if colours not in COLOURS:
        raise ValueError(f"colours={colours!r}: expected one of {', '.join(COLOURS)}")
    with own_style():
        write_picture(figure_of_map(field, colours, measure, title=title, look=look, times=times), path, look)


def figure_of_map(
    field: Field,
    colours: str,
    measure: str = PAPER,
    *,
    title: str | None = None,
    look: Look = _LOOK,
    times: tuple[float, float] = (1.0, 1.0),
) -> Plot:
    """The figure that ``draw`` writes, laid out for a ``look``."""
    window = field.window
    if colours == COLOURS[0]:
        usual, notes = "where training converges", list(_OF_PAPER)
        picture, scales = of_paper(field.verdicts), tuple[Scale, ...]()
    else:
        wanted = measure_of(measure, field.request)
        picture, scales, n_missing = with_scale(field.verdicts, wanted)
        usual = f"{wanted.said}, where training converges"
        notes = ["grey: does not converge, the lighter the sooner"] if not field.verdicts.converged.all() else []
        notes += [f"white: converges, but has no such number ({n_missing:,} of {field.n:,})"] if n_missing else []
    notes = [*_about(field), *notes]
    engine = _PixelByPixel(len(scales))
    dpi = look.dpi * look.font_size / FONT_SIZE
    side = max(1, math.floor(_SIDE * dpi / max(window.width, window.height)))
    engine.room = (side * window.width / dpi, side * window.height / dpi)
    figure = Plot(1.0, 1.0, engine)
    figure.head(f"{words(field.setting('dataset'))}: {usual}", notes, title)
    _set_size(figure, engine)
    ax = figure.add_subplot()
    # Not "nearest", with which a PDF or SVG file would have more pixels than the map, and blurred ones. Above the
    # ticks, which begin within the outermost pixels.
    ax.imshow(picture, origin="lower", interpolation="none", aspect="auto", zorder=5)
    ax.spines[:].set_visible(False)
    x, y = field.plane
    _set_ticks(ax.xaxis, label_of(x, times[0]), ticks_of_x(x, window, times[0]))
    _set_ticks(ax.yaxis, label_of(y, times[1]), ticks_of_y(y, window, times[1]))
    for scale in scales:
        _draw_bar(figure, scale, measure)
    return figure


def _about(field: Field) -> list[str]:
    """The networks, in a note."""
    window, hidden = field.window, units(field.setting("hidden"))
    network = f"{hidden} ({field.setting('activation')})"
    iterations = f"{field.setting('iterations'):,} iterations"
    return [f"{window.width:,} × {window.height:,} networks with {network}, {iterations}"]


def label_of(axis: Axis, times: float = 1.0) -> str:
    """The name of an axis whose numbers are multiplied: ``learning rate × 4``."""
    return axis_name(axis.knob) + (f" × {times:g}" if times != 1 else "")


def _set_ticks(of_axis: Any, label: str, ticks: Ticks) -> None:
    of_axis.set_ticks(ticks.places, ticks.labels)
    of_axis.set_ticks(ticks.minor, minor=True)
    of_axis.set_label_text(label + (f" = {ticks.common}" if ticks.common else ""))


def _draw_bar(figure: Plot, scale: Scale, measure: str) -> None:
    extend = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}
    bar: Colorbar = figure.colorbar(
        ScalarMappable(scale.norm, scale.colours),
        cax=figure.add_axes((0, 0, 1, 1)),
        extend=extend[scale.is_below, scale.is_above],
        format=in_unit(measure) if measure in METRICS and scale.label != LASTED else None,
    )
    if isinstance(scale.norm, LogNorm):
        low, high = scale.norm.vmin or 1.0, scale.norm.vmax or 1.0
        bar.ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < _FEW_DECADES * low else (1,)))
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: power_text(value)))
        bar.ax.yaxis.set_minor_formatter(NullFormatter())
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=LEGEND_SIZE)
    bar.set_label(scale.label, fontsize=LEGEND_SIZE)


def _set_size(figure: Plot, engine: _PixelByPixel) -> None:
    """As large as the map, its surroundings and the title need, in whole pixels."""
    left, right, bottom, top = engine.margins(0)
    width = engine.room[0] + left + right
    figure.set_size_inches(width, 1.0)
    top = engine.margins(figure.wrap_heading())[3]
    figure.set_size_inches(width, engine.room[1] + bottom + top)
    figure.natural = tuple(figure.get_size_inches())


class _PixelByPixel(LayoutEngine):
    """Gives the map a place of whole pixels, the same number for each network, and the colour bars the rest."""

    _adjust_compatible = False
    _colorbar_gridspec = False

    def __init__(self, n_bars: int) -> None:
        super().__init__()
        self.n_bars = n_bars
        self.room = (0.0, 0.0)  # inches, of the map in a figure of natural size

    def margins(self, lines: int) -> tuple[float, float, float, float]:
        """Inches to the left, to the right, below and above a map whose title has so many lines."""
        title = 1.5 * MARGIN + LINE * lines if lines else 0.0
        return _LEFT, _RIGHT_OF_BARS if self.n_bars else _RIGHT, _BOTTOM, max(_TOP, title)

    def execute(self, fig: Any) -> Any:
        """Wrap the title and place everything."""
        left, right, bottom, top = self.margins(fig.wrap_heading())
        ax: Axes = fig.axes[0]
        rows, columns = ax.images[0].get_size()
        dpi, (wide, high) = fig.dpi, fig.bbox.size
        x, y = round(left * dpi), round(bottom * dpi)
        # A hundredth of a pixel: sizes of figures are rounded.
        in_width, in_height = wide - x - right * dpi + 0.01, high - y - top * dpi + 0.01
        side = min(in_width / columns, in_height / rows)
        side = max(float(math.floor(side)), min(side, 1.0))
        width, height = (max(1, round(side * n)) for n in (columns, rows))
        ax.set_position((x / wide, y / high, width / wide, height / high))
        gap = _BAR_GAP * dpi
        for k, bar in enumerate(fig.axes[1:]):
            part = (height - gap * (self.n_bars - 1)) / self.n_bars
            bottom_of_bar = y + height - (k + 1) * part - k * gap
            bar.set_position(((x + width + gap) / wide, bottom_of_bar / high, _BAR_WIDTH * dpi / wide, part / high))
