"""All plots of a folder on one page, in rows of the width of the page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure
from PIL import Image

from experiments.files import replacing, write_text
from experiments.plots.names import DPI
from experiments.plots.output import Placed, svg_of, write_pdf

GAP = 16  # pixels, between pictures
WIDTH, PER_ROW = 1800, 4.0  # of a page in pixels; of the aspect ratios of a row
COLOURS = 160  # colours; hardly distinguishable from all of them, with half the bytes


class _Place(NamedTuple):
    """Of a picture on the page, in pixels from the upper left."""

    left: int
    top: int
    width: int
    height: int


def write_page(pictures: Sequence[Path], path: Path, width: int = WIDTH, per_row: float = PER_ROW) -> None:
    """Combine image files, in order, into one PNG file of the given width in pixels.

    Images of a row have the same height; a row is full when their aspect ratios add up to `per_row`. Raises OSError for
    an unreadable image.
    """
    images = [Image.open(picture).convert("RGB") for picture in pictures]
    places, height = _places([image.width / image.height for image in images], width, per_row)
    sheet = Image.new("RGB", (width, height), "white")
    for image, place in zip(images, places, strict=True):
        small = image.resize((place.width, place.height), Image.Resampling.LANCZOS)
        sheet.paste(small, (place.left, place.top))
    with replacing(path) as file:
        sheet.quantize(COLOURS, kmeans=2, dither=Image.Dither.NONE).save(file, format="PNG", optimize=True)


def write_drawn_page(figures: Sequence[Figure], path: Path, dpi: float = DPI) -> None:
    """The same of figures, in a PDF or SVG file without pixels, 15 inches wide."""
    places, height = _places([float(f.get_figwidth() / f.get_figheight()) for f in figures], WIDTH, PER_ROW)
    if path.suffix.lower() == ".pdf":
        placed = [
            Placed(figure, at.left / DPI, (height - at.top - at.height) / DPI, at.width / DPI / figure.get_figwidth())
            for figure, at in zip(figures, places, strict=True)
        ]
        with replacing(path) as file:
            write_pdf(placed, (WIDTH / DPI, height / DPI), file, dpi)
        return
    drawings = []
    for figure, at in zip(figures, places, strict=True):
        inches = {name: pixels / DPI for name, pixels in zip(("x", "y", "width", "height"), at, strict=True)}
        svg = svg_of(figure, dpi, inches)
        drawings.append(svg[svg.index("<svg ") :])
    size = f'width="{72 * WIDTH / DPI:g}pt" height="{72 * height / DPI:g}pt"'
    head = f'<?xml version="1.0" encoding="utf-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" {size}>\n'
    white = '<rect width="100%" height="100%" fill="white"/>\n'
    write_text(path, head + white + "".join(drawings) + "</svg>\n")


def _places(shapes: Sequence[float], width: int, per_row: float) -> tuple[list[_Place], int]:
    """The place of each picture, given its aspect ratio, and the height of the page."""
    rows: list[list[float]] = [[]]
    for shape in shapes:
        if sum(rows[-1]) >= per_row:
            rows.append([])
        rows[-1].append(shape)
    places, top = [], GAP
    for row in rows:
        room = width - GAP * (len(row) + 1)
        height = round(room / max(sum(row), 0.6 * per_row))  # a short last row is not enlarged
        left = GAP
        for shape in row:
            places.append(_Place(left, top, round(height * shape), height))
            left += places[-1].width + GAP
        top += height + GAP
    return places, top
