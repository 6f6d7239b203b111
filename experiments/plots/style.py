"""Colours and text of the plots."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.font_manager import FontProperties, findfont, get_font

# Okabe and Ito's colours are distinguishable with all common colour vision deficiencies.
CLASS_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#F0E442", "#000000")
CLASS_MARKERS = ("o", "^", "s", "D", "v", "P", "p", "X")  # for more classes, colours repeat with other marks
VALUE_COLOURS = "viridis"
BEST, TIED, WORSE = "#D55E00", "#0072B2", "#7A7A7A"
INK = "#444444"
NOTHING = "no run has finished"
SMALL = (5.6, 1.8)  # inches, of a figure that says why there is no plot
TITLE_SIZE, LEGEND_SIZE = 10, 9
LINE = 0.19  # inches, of a title


@lru_cache(maxsize=4)
def _characters_of(font_file: str) -> frozenset[int]:
    return frozenset(get_font(font_file).get_charmap())


def words(text: object, width: int = 40) -> str:
    """Text from a user's file in a form that can be drawn: one line, no math mode, at most `width` characters.

    Characters missing in the font are written as escapes such as backslash u65e5, so that different names stay
    different. The middle of a long text is left out, since the end of a path is more informative.
    """
    drawable, text = _characters_of(findfont(FontProperties())), str(text)
    if len(text) > 2 * width:
        text = text[:width] + text[-width:]
    pieces = [c if c.isprintable() and ord(c) in drawable else c.encode("unicode_escape").decode() for c in text]
    if sum(map(len, pieces)) > width:
        pieces.insert(len(pieces) // 3, "…")
        while sum(map(len, pieces)) > width:
            middle = pieces.index("…")
            # Two characters are kept at the end for each one at the start.
            pieces.pop(middle + 1 if len(pieces) - middle > 2 * middle + 1 else middle - 1)
    # Matplotlib interprets text between two dollar signs as math.
    return "".join(pieces).replace("$", r"\$")


def number(value: float) -> str:
    """A number such as a learning rate: exact if that is short, otherwise with three digits."""
    short = f"{value:g}"
    return short if float(short) == value and len(short) <= 6 else f"{value:.3g}"


def count(n: int, noun: str) -> str:
    """`1 seed`, `2,000 seeds`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def counts(numbers: Iterable[int], noun: str) -> str:
    """`10 seeds`, or `8 to 10 seeds` where the numbers differ."""
    low, high = min(numbers := list(numbers)), max(numbers)
    return count(high, noun) if low == high else f"{low:,} to {count(high, noun)}"


def wrap(text: str, width: float, size: float) -> list[str]:
    """The lines of a text of that font size in points, at most `width` inches wide; a longer word is cut."""
    lines, line = [], ""
    for word in re.split(" (?!%)", text):
        longer = f"{line} {word}" if line else word
        if line and _width(longer, size) > width:
            lines.append(line)
            longer = word
        line = longer
        while len(line) > 1 and _width(line, size) > width:
            n = next(n for n in range(len(line) - 1, 0, -1) if n == 1 or _width(line[:n], size) <= width)
            lines.append(line[:n])
            line = line[n:]
    return [*lines, line]


@lru_cache(maxsize=4096)
def _width(text: str, size: float) -> float:
    """The width of a line in inches, slightly more than it is drawn with: with few pixels, letters are wider."""
    font = get_font(findfont(FontProperties()))
    font.set_size(size, 720)
    font.set_text(text.replace(r"\$", "$"))
    return float(1.04 * font.get_width_height()[0] / 64 / 720)


def ordered_colours(n: int) -> list[Any]:
    """n colours from dark to light that also differ in grey scale, without colours too pale on white."""
    return [colormaps["viridis"](x) for x in (np.linspace(0.0, 0.86, n) if n > 1 else [0.25])]
