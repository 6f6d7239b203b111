"""All plots of a folder on one page, in rows of the width of the page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from experiments.files import replacing

GAP = 16  # pixels, between pictures
COLOURS = 160  # colours; hardly distinguishable from all of them, with half the bytes


def write_page(pictures: Sequence[Path], path: Path, width: int = 1800, per_row: float = 4.0) -> None:
    """Combine image files, in order, into one PNG file of the given width in pixels.

    Images of a row have the same height; a row is full when their aspect ratios add up to `per_row`. Raises OSError for
    an unreadable image.
    """
    images = [Image.open(picture).convert("RGB") for picture in pictures]
    rows: list[list[Image.Image]] = [[]]
    for image in images:
        if sum(_shape(other) for other in rows[-1]) >= per_row:
            rows.append([])
        rows[-1].append(image)
    page: list[tuple[Image.Image, tuple[int, int]]] = []
    top = GAP
    for row in rows:
        room = width - GAP * (len(row) + 1)
        height = round(room / max(sum(map(_shape, row)), 0.6 * per_row))  # a short last row is not enlarged
        left = GAP
        for image in row:
            small = image.resize((round(height * _shape(image)), height), Image.Resampling.LANCZOS)
            page.append((small, (left, top)))
            left += small.width + GAP
        top += height + GAP
    sheet = Image.new("RGB", (width, top), "white")
    for image, place in page:
        sheet.paste(image, place)
    with replacing(path) as file:
        sheet.quantize(COLOURS, kmeans=2, dither=Image.Dither.NONE).save(file, format="PNG", optimize=True)


def _shape(image: Image.Image) -> float:
    return image.width / image.height
