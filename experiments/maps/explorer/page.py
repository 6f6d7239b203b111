"""The page of a map, one HTML file: to walk around in, served or static.

The served page asks the explorer's server for tiles and curves. The static one holds the tiles that were computed and
works offline; there, the network of a pixel is trained by the page.
"""

from __future__ import annotations

import base64
import hashlib
import html
import string
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from experiments.maps.colours import BEST, GAP, LASTED, WIDE, WORST, palettes
from experiments.maps.explorer.tiles import compressed, packed
from experiments.maps.measures import Measure
from experiments.maps.pixels import Pixels
from experiments.maps.plane import Plane, Tile, Window, deepest
from experiments.report.contents import constants
from experiments.report.embedding import WEB as OF_REPORT
from experiments.report.embedding import as_json, definitions, joined

WEB = Path(__file__).parent / "web"
# Each module after those that it imports.
_SHARED = ("elements", "held", "fma", "elementary", "words", "random", "outputs", "network")
_OWN = ("place", "tiles", "colours", "axes", "drawing", "moves", "trained", "explorer")


class Subject(NamedTuple):
    """What a page says of its map.

    ``labels`` and ``flags``: of x and y, flags such as ``--learning-rate``. ``map_command`` and ``grid_command``: what
    the page appends a place or a network to. ``settings``: names and values of all the rest. ``measures``: the paper's
    first. ``start``: the window that is shown first. ``times``: what the numbers along x and y are multiplied by.
    """

    title: str
    plane: Plane
    labels: tuple[str, str]
    flags: tuple[str, str]
    map_command: str
    grid_command: str
    settings: Mapping[str, str]
    measures: Sequence[Measure]
    start: Window | None = None
    times: tuple[float, float] = (1.0, 1.0)


def served(subject: Subject) -> str:
    """The page of a server."""
    about = {**_about(subject), "is_served": True, "training": None}
    return _page(subject, about, "connect-src 'self'", "trains the network in the middle", _CLICK)


def static(subject: Subject, tiles: Mapping[Tile, Pixels], training: Mapping[str, Any] | None = None) -> str:
    """A page with tiles in it.

    ``training``: what ``trained.js`` needs to train networks of the map, or None if they cannot be trained there.
    """
    held = needed(tiles)
    about = {
        **_about(subject),
        "is_served": False,
        "training": training,
        "deepest": max(tile.level for tile in held),
        "tiles": held,
    }
    content = compressed(packed(subject.plane, tile, tiles[tile], subject.measures) for tile in held)
    does, hint = ("shows the network in the middle", _LOOK) if training is None else (_TRAINS, _CLICK)
    return _page(subject, about, "connect-src 'none'", does, hint, base64.b64encode(content).decode())


_TRAINS = "trains the network in the middle"
_CLICK = "Drag to move, scroll to zoom; click a pixel to train its network."
_LOOK = "Drag to move, scroll to zoom; click a pixel to see its network."


def needed(tiles: Collection[Tile]) -> list[Tile]:
    """All tiles but those whose pixels are all pixels of finer ones, from which the page has them."""

    def is_covered(tile: Tile) -> bool:
        finer = [Tile(tile.level + 1, 2 * tile.x + i, 2 * tile.y + j) for i in (0, 1) for j in (0, 1)]
        return all(each in tiles or is_covered(each) for each in finer) if tile.level < most else False

    most = max(tile.level for tile in tiles)
    return sorted(tile for tile in tiles if not is_covered(tile))


def _about(subject: Subject) -> dict[str, Any]:
    axes = [
        {**axis._asdict(), "label": label, "flag": flag, "times": times}
        for axis, label, flag, times in zip(subject.plane, subject.labels, subject.flags, subject.times, strict=True)
    ]
    return {
        "x": axes[0],
        "y": axes[1],
        "deepest": deepest(subject.plane),
        "measures": [measure._asdict() for measure in subject.measures],
        "commands": {"map": subject.map_command, "grid": subject.grid_command},
        "start": subject.start and subject.start._asdict(),
        "lasted": LASTED,
        "colours": {
            "palettes": {name: colours.tolist() for name, colours in palettes().items()},
            "gap": GAP,
            "wide": WIDE,
            "beyond": {"best": BEST, "worst": WORST},
        },
    }


def _page(subject: Subject, about: Mapping[str, Any], policy: str, enter: str, hint: str, tiles: str = "") -> str:
    css = f"\n{(WEB / 'map.css').read_text(encoding='utf-8')}"
    modules = [*(OF_REPORT / f"{name}.js" for name in _SHARED), *(WEB / f"{name}.js" for name in _OWN)]
    script = f"\n{joined(modules)}"
    allowed = f"script-src {_digest(script)}; style-src {_digest(css)}; img-src data:; {policy}"
    template = string.Template((WEB / "map.html").read_text(encoding="utf-8"))
    return template.substitute(
        policy=f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'",
        title=html.escape(subject.title),
        axes=html.escape(" and ".join(subject.labels)),
        enter=enter,
        hint=hint,
        css=css,
        settings=definitions(subject.settings.items()),
        results=as_json({"constants": constants()}),
        subject=as_json(about),
        tiles=tiles,
        script=script,
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
