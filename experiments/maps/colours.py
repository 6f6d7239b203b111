"""The colours of a map: those of the paper, and others with a scale.

The paper's (Sohl-Dickstein, 2024, arXiv 2402.06184; ``cdf_img`` of its notebook): pixels of each verdict are ranked by
their measure, and the ranks are spread over half of a colour map each, red for training that does not converge and blue
for training that does. Every shade is as frequent as any other, so that all structure shows, but means nothing more
than a rank.

With a scale: pixels that converge are coloured by a measure, lighter where it is better, all others grey by how long
they lasted. The colours are dark and the greys are light, so that the verdicts differ in black and white, too, and for
every kind of colour vision.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.colors import Colormap, ListedColormap, LogNorm, Normalize

from experiments.maps.measures import Measure, values_of
from experiments.maps.pixels import Pixels

Floats = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]
"""Red, green and blue, (height, width, 3)."""

GAP = 0.25  # of half of the colour map, around its middle, that no pixel has
MISSING = (255, 255, 255)  # a pixel that converges, without a number of the measure
LASTED = "does not converge: sum of first cost / cost"
BEST, WORST = 0.005, 0.05  # shares of the pixels that may be beyond the ends of a scale
WIDE = 30.0  # ratio of the largest to the smallest value from which a scale is logarithmic
_SHADES = 256
_SPECTRAL = np.asarray(colormaps["Spectral"](np.linspace(0, 1, _SHADES))[:, :3] * 255 + 0.5, np.uint8)


class Scale(NamedTuple):
    """What the colours of some pixels mean.

    is_below, is_above: whether there are values beyond the ends, which have the colour of the end
    """

    label: str
    colours: Colormap
    norm: Normalize
    is_below: bool
    is_above: bool


class Shaded(NamedTuple):
    """A picture with its scales, that of pixels that converge first; and how many of these have no number."""

    picture: Picture
    scales: tuple[Scale, ...]
    n_missing: int


def signed(pixels: Pixels) -> Floats:
    """The paper's measure, negative where training converges, as in its notebook."""
    return np.where(pixels.converged, -pixels.measure, pixels.measure)


def stretched(values: Floats, reference: Floats) -> Floats:
    """The place of signed measures among those of a reference, by rank.

    -1 to -0.25 for what does not converge, from the slowest to the fastest; 0.25 to 1 for what does, from the fastest
    to the slowest. Of equal values of the reference, the last rank counts.
    """
    order = np.sort(reference, axis=None)
    n_converged = int(np.searchsorted(order, 0.0))
    ranks = np.concatenate([np.linspace(-1, -GAP, n_converged), np.linspace(GAP, 1, len(order) - n_converged)])
    return np.asarray(-np.interp(values, order, ranks))


def spectral(places: Floats) -> Picture:
    """The paper's colours of places from -1, red, to 1, blue."""
    return np.asarray(_SPECTRAL[np.clip((places + 1) / 2 * _SHADES, 0, _SHADES - 1).astype(np.intp)])


def of_paper(pixels: Pixels) -> Picture:
    """The paper's colours, stretched over these pixels."""
    values = signed(pixels)
    return spectral(stretched(values, values))


def with_scale(pixels: Pixels, measure: Measure) -> Shaded:
    """Colours whose scale is drawn beside."""
    values, converged = values_of(pixels, measure), pixels.converged
    is_known = converged & np.isfinite(values)
    picture = np.full((*converged.shape, 3), MISSING, np.uint8)
    scales = []
    ends = (WORST, BEST) if measure.larger_is_better else (BEST, WORST)
    for where, of, label, colours, is_log, beyond in (
        (is_known, values, measure.label, _dark(measure.larger_is_better), measure.is_log, ends),
        (~converged, pixels.measure, LASTED, _light(), True, (BEST, BEST)),
    ):
        if where.any():
            scale = _scale(of[where], label, colours, is_log, beyond)
            picture[where] = (colours(scale.norm(of[where]))[:, :3] * 255 + 0.5).astype(np.uint8)
            scales.append(scale)
    return Shaded(picture, tuple(scales), int(np.sum(converged & ~is_known)))


def _scale(values: Floats, label: str, colours: Colormap, may_be_log: bool, beyond: tuple[float, float]) -> Scale:
    """From the smallest to the largest value, but for the shares that may be beyond them."""
    low, high = (float(end) for end in np.quantile(values, (beyond[0], 1 - beyond[1]), method="nearest"))
    is_log = may_be_log and low > 0 and high > WIDE * low
    if low == high:
        low, high = (low - 0.5, high + 0.5)
    norm = (LogNorm if is_log else Normalize)(low, high, clip=True)
    return Scale(label, colours, norm, bool(values.min() < low), bool(values.max() > high))


def _dark(light_is_large: bool) -> Colormap:
    shades = colormaps["viridis"](np.linspace(0, 0.66, _SHADES))
    return ListedColormap(shades if light_is_large else shades[::-1], "dark")


def _light() -> Colormap:
    """Greys; lighter is sooner."""
    greys = np.linspace(0.93, 0.74, _SHADES)
    return ListedColormap(np.stack([greys] * 3, axis=1), "light")


def palettes() -> dict[str, Picture]:
    """The colours that the pages take, (n, 3) each.

    "paper": of places from -1 to 1; "dark": of what converges, from the smallest value to the largest, where large is
    better; "light": of what does not, from what ended soonest; "missing": of what converges, without a number.
    """
    shades = np.arange(_SHADES)
    bars = {
        name: np.asarray(colours(shades)[:, :3] * 255 + 0.5, np.uint8)
        for name, colours in (("dark", _dark(light_is_large=True)), ("light", _light()))
    }
    return {"paper": _SPECTRAL, **bars, "missing": np.array([MISSING], np.uint8)}
