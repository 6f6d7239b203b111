"""Where a film goes: windows of one size, each twice as fine as the one before and within it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from experiments.knobs.knob import SweepError
from experiments.maps.plane import DEEPEST, TILE, Plane, Window, whole


def check_frames(size: int, n: int) -> None:
    """Raise SweepError for more windows than there are levels."""
    if (most := DEEPEST - whole(size).level + 1) < n:
        raise SweepError(f"--film: expected at most {most} with --size {size}, got {n}")


def journey(plane: Plane, size: int, n: int, target: Callable[[Window], tuple[float, float]]) -> Iterator[Window]:
    """The whole plane, and windows around the values of x and y that ``target`` gives for each window before."""
    window = whole(size)
    yield window
    for level in range(window.level + 1, window.level + n):
        # Within the window before, of which it has half of the sides; and so within the plane.
        starts = [
            min(max(axis.nearest(value, TILE << level) - size // 2, 2 * before), 2 * before + size)
            for axis, value, before in zip(plane, target(window), (window.x, window.y), strict=True)
        ]
        window = Window(level, starts[0], starts[1], size, size)
        yield window


def most_networks(size: int, n: int) -> int:
    """How many networks are trained at most for all windows but the first one."""
    of_window = (size // TILE + 1) ** 2 if n > 1 else 0
    return (n - 1) * of_window * TILE * TILE * 3 // 4
