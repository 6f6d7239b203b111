"""Whether the texts of a figure that has been drawn are legible: none covers another, none leaves the figure."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

SLACK = 0.012  # inches: boxes of texts include some space above and below their letters


def texts_of(figure: Figure) -> list[Text]:
    """The texts that are visible, with all their parents; in the order of drawing."""
    found: list[Text] = []
    hidden: set[int] = set()

    def visit(artist: Artist) -> None:
        if not artist.get_visible() or id(artist) in hidden:
            return
        if isinstance(artist, Text) and artist.get_text().strip():
            found.append(artist)
        for child in artist.get_children():
            visit(child)

    for ax in figure.axes:
        hidden |= _unshown_labels(ax)
    visit(figure)
    return found


def _unshown_labels(ax: Any) -> set[int]:
    """Tick labels that matplotlib has made but does not draw: beyond the limits of an axis, or of earlier limits."""
    every = {id(label) for axis in (ax.xaxis, ax.yaxis) for tick in axis.majorTicks for label in _labels(tick)}
    if not ax.axison:
        return every | {id(ax.xaxis.label), id(ax.yaxis.label)}
    shown = set()
    for axis in (ax.xaxis, ax.yaxis):
        places = axis.get_majorticklocs()
        scale = axis.get_transform().transform
        low, high = sorted(scale(np.asarray(axis.get_view_interval(), np.float64)))
        margin = 1e-9 * (high - low)
        shown |= {
            id(label)
            for place, tick in zip(
                scale(np.asarray(places, np.float64)), axis.get_major_ticks(len(places)), strict=True
            )
            if low - margin <= place <= high + margin
            for label in _labels(tick)
        }
    return every - shown


def _labels(tick: Any) -> tuple[Text, Text]:
    return tick.label1, tick.label2


def overlaps(figure: Figure) -> list[tuple[str, str]]:
    """Pairs of texts that overlap; and texts that leave the figure, paired with an empty one."""
    slack = SLACK * figure.dpi
    boxes = [(text.get_text(), _shrunk(text.get_window_extent(), slack)) for text in texts_of(figure)]
    whole = Bbox.from_bounds(-slack, -slack, figure.bbox.width + 2 * slack, figure.bbox.height + 2 * slack)
    found = [(a, b) for i, (a, box) in enumerate(boxes) for b, other in boxes[i + 1 :] if box.overlaps(other)]
    outside = [
        (a, "") for a, box in boxes if box.x0 < whole.x0 or box.y0 < whole.y0 or box.x1 > whole.x1 or box.y1 > whole.y1
    ]
    return found + outside


def _shrunk(box: Bbox, by: float) -> Bbox:
    return Bbox.from_extents(
        box.x0 + min(by, box.width / 3), box.y0 + min(by, box.height / 3),
        box.x1 - min(by, box.width / 3), box.y1 - min(by, box.height / 3),
    )  # fmt: skip


def complaint(figure: Figure) -> str:
    """What to do about texts that are not legible; empty if all are."""
    remedy = "choose a larger --size or a smaller --font-size"
    if found := overlaps(figure):
        first = " ".join(found[0][0].split())
        return f"some text does not fit, such as {first[:30]!r}: {remedy}"
    return f"labels are left out where they would overlap: {remedy}" if getattr(figure, "is_thinned", False) else ""
