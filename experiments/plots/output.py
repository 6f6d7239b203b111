"""Pictures as files. The same figure gives the same bytes: no dates, no versions, no random names."""

from __future__ import annotations

import contextlib
import io
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import same_color
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments.files import replacing
from experiments.plots.names import ANIMATION, FONT_SIZE, Look

_POINTS = 72  # per inch
FRAMES_PER_SECOND = 8
_LOOK = Look()
# Text of a PDF as fonts that journals accept, and text of an SVG as shapes, which look the same everywhere.
_RC: Any = {"pdf.fonttype": 42, "svg.fonttype": "path", "svg.hashsalt": "planar-sweep"}


class Placed(NamedTuple):
    """A figure on a page: where its lower left corner is, in inches, and how much it is enlarged."""

    figure: Figure
    left: float
    bottom: float
    scale: float


class Film(NamedTuple):
    """An animation: a figure, and what changes it to one of its n frames."""

    figure: Figure
    show: Callable[[int], object]
    n: int


@contextlib.contextmanager
def own_style() -> Iterator[None]:
    """A matplotlibrc, even one in the working folder, changes no picture that is drawn and written within."""
    with mpl.rc_context():
        mpl.rcdefaults()
        yield


def write_picture(figure: Figure, path: Path, look: Look = _LOOK) -> None:
    """Write a file atomically, in the format of its suffix.

    A picture is laid out for text of 10 points, and enlarged as a whole to another font size.
    """
    fit(figure, look)
    with replacing(path) as file:
        write(figure, file, path.suffix.removeprefix("."), look)


def fit(figure: Figure, look: Look) -> None:
    """Give the figure the size in which it is to be laid out."""
    scale = look.font_size / FONT_SIZE
    if look.size is not None:
        figure.set_size_inches(look.size[0] / scale, look.size[1] / scale)


def write(figure: Figure, file: BinaryIO, kind: str, look: Look = _LOOK) -> None:
    """Write a figure in one of the formats."""
    scale, (width, height) = look.font_size / FONT_SIZE, figure.get_size_inches()
    with mpl.rc_context(_RC):
        if kind == "pdf":
            write_pdf([Placed(figure, 0.0, 0.0, scale)], (width * scale, height * scale), file, look.dpi)
        elif kind == "svg":
            file.write(svg_of(figure, look.dpi, {"width": width * scale, "height": height * scale}).encode())
        else:
            _write_png(figure, file, look.dpi, scale)


def _write_png(figure: Figure, file: BinaryIO, dpi: float, scale: float) -> None:
    figure.set_dpi(dpi * scale)
    if scale != 1:  # 16 inches / 1.8 x 1.8 are not quite 16 inches, and pixels are rounded down
        pixels = [round(side * dpi * scale) + 1e-3 for side in figure.get_size_inches()]
        figure.set_size_inches(pixels[0] / (dpi * scale), pixels[1] / (dpi * scale))
    # Not savefig, which draws twice if there is a layout. The software name is omitted, since its version would
    # change the bytes with every update.
    FigureCanvasAgg(figure).print_png(  # type: ignore[no-untyped-call]
        file, metadata={"Software": None}, pil_kwargs={"dpi": (dpi, dpi)}
    )


def write_pdf(figures: Sequence[Placed], size: tuple[float, float], file: BinaryIO, dpi: float) -> None:
    """Figures on one page of that size in inches."""
    from matplotlib.backends import backend_mixed, backend_pdf  # a third of a second, which PNG files do not need

    inside: Any = backend_pdf  # matplotlib does not type what is inside of its backends
    mixed: Any = backend_mixed
    nameless: dict[str, Any] = dict.fromkeys(("CreationDate", "Creator", "Producer"))
    with mpl.rc_context(_RC):
        pdf: Any = inside.PdfFile(file, metadata=nameless)
        try:
            pdf.newPage(*size)
            for figure, left, bottom, scale in figures:
                figure.set_dpi(_POINTS)
                width, height = figure.get_size_inches()
                pdf.output(inside.Op.gsave)
                pdf.output(scale, 0, 0, scale, _POINTS * left, _POINTS * bottom, inside.Op.concat_matrix)
                vectors = inside.RendererPdf(pdf, dpi * scale, height, width)
                renderer = mixed.MixedModeRenderer(figure, width, height, dpi * scale, vectors)
                with _without_white_edges(figure):
                    figure.draw(renderer)
                renderer.finalize()
                pdf.output(inside.Op.grestore)
            pdf.finalize()
        finally:
            pdf.close()


@contextlib.contextmanager
def _without_white_edges(figure: Figure) -> Iterator[None]:
    """Leave out the thin white edges of marks.

    Many viewers draw a line of any width at least one pixel wide, so that it would cover a small mark. The marks of
    values keep theirs, which set them off from a ground of the same colour.
    """
    edged = [line for line in figure.findobj(Line2D) if same_color(line.get_markeredgecolor(), "white")]
    widths = [line.get_markeredgewidth() for line in edged]
    for line in edged:
        line.set_markeredgewidth(0)
    yield
    for line, width in zip(edged, widths, strict=True):
        line.set_markeredgewidth(width)


def svg_of(figure: Figure, dpi: float, place: dict[str, float]) -> str:
    """A figure as SVG, with its place or size in inches as attributes."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG  # likewise

    text = io.StringIO()
    figure.set_dpi(dpi)  # of images in it
    with mpl.rc_context(_RC):
        FigureCanvasSVG(figure).print_svg(  # type: ignore[no-untyped-call]
            text, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type"))
        )
    attributes = " ".join(f'{name}="{_POINTS * inches:.6g}pt"' for name, inches in place.items())
    of_page = re.compile(r'(<svg [^>]*?)width="[^"]*" height="[^"]*"')
    svg, changed = of_page.subn(lambda found: found[1] + attributes, text.getvalue(), count=1)
    assert changed, "the first tag of an SVG file has another form"
    return svg


def write_film(film: Film, path: Path, look: Look = _LOOK) -> None:
    """Write a GIF file atomically."""
    from matplotlib.animation import PillowWriter  # likewise

    fit(film.figure, look)
    FigureCanvasAgg(film.figure)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / f"film.{ANIMATION}"
        writer = PillowWriter(fps=FRAMES_PER_SECOND)  # it writes to a path only
        writer.setup(film.figure, made, dpi=look.dpi * look.font_size / FONT_SIZE)
        for frame in range(film.n):
            film.show(frame)
            writer.grab_frame()
        writer.finish()
        with replacing(path) as file:
            file.write(made.read_bytes())
