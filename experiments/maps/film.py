"""A film that zooms into a map: from each window into the next one, which has half of its sides."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from matplotlib.font_manager import FontProperties, findfont
from PIL import Image, ImageDraw, ImageFont

from experiments.files import ResultsError, replacing
from experiments.maps.colours import Floats, signed, spectral, stretched
from experiments.maps.dimension import boundary
from experiments.maps.field import Field
from experiments.maps.plane import TILE
from experiments.maps.ticks import value_text

FORMATS = (".gif", ".mp4")
PER_DOUBLING = 8  # frames
PER_SECOND = 16.0
_STILL = 12  # repetitions of the first and the last frame
_CAPTION, _TEXT = 44, 11  # height in pixels of the lines below the map, and of their letters
_NARROWEST = 300  # pixels: room for a name and a number of 17 digits; a smaller map has several pixels to a network
_NEAR = 0.125  # of a side: where a target is looked for, boundary counts within this distance


def write(fields: Iterable[Field], path: Path) -> None:
    """Write a film through windows of equal size, each at twice the level of the one before and inside of it.

    The format is that of the suffix: ``.gif``, or ``.mp4``, which requires the program ffmpeg. Fields are taken one
    after the other. Raises ResultsError without ffmpeg or if it fails, and OSError.
    """
    if path.suffix not in FORMATS:
        raise ValueError(f"{path}: expected a file {' or '.join(FORMATS)}")
    if path.suffix == ".mp4":
        check_ffmpeg(path)
    pictures = frames(fields)
    first = next(pictures)
    with replacing(path) as file:
        if path.suffix == ".gif":
            # Pillow takes frames from the iterator one by one.
            _small(first).save(
                file, "GIF", save_all=True, append_images=map(_small, pictures), duration=round(1000 / PER_SECOND),
                loop=0,
            )  # fmt: skip
        else:
            file.write(_mp4(itertools.chain([first], pictures), first.size, path))


def check_ffmpeg(path: Path) -> None:
    """Raise ResultsError if a film of that name cannot be written for want of ffmpeg."""
    if path.suffix == ".mp4" and shutil.which("ffmpeg") is None:
        raise ResultsError(f"{path}: expected the program ffmpeg, found none: install it, or write a .gif file")


def next_target(field: Field) -> tuple[float, float]:
    """Where to zoom next: the values of x and y at a place of the boundary, where it is dense, near the middle.

    Around it, a window with half of the sides lies within this one. Without any boundary there, the middle.
    """
    from scipy.ndimage import uniform_filter  # a third of a second, which only a film has to wait for

    cells = boundary(field.verdicts.converged)
    height, width = cells.shape
    density = uniform_filter(cells.astype(np.float64), max(1, round(2 * _NEAR * min(height, width))), mode="constant")
    y, x = (np.abs(np.arange(n) - (n - 1) / 2) / n for n in (height, width))
    inside = (y[:, np.newaxis] <= 0.25) & (x <= 0.25)
    near = 1 - 2 * np.maximum(y[:, np.newaxis], x)  # 1 in the middle, 0 at the rim
    worth = np.where(cells & inside, density * near, 0.0)
    row, column = np.unravel_index(np.argmax(worth), worth.shape) if worth.any() else (height // 2, width // 2)
    return field.x[int(column)], field.y[int(row)]


def frames(fields: Iterable[Field]) -> Iterator[Image.Image]:
    """The frames of a film; row 0 is the top."""
    before: Field | None = None
    frame: Image.Image | None = None
    for field in fields:
        if before is None:
            values = signed(field.verdicts)
            frame = _framed(Image.fromarray(spectral(stretched(values, values))[::-1]), field, 0.0)
            yield from itertools.repeat(frame, _STILL)
        else:
            for frame in _between(before, field):
                yield frame
        before = field
    if frame is None:
        raise ValueError("expected one field or more, got none")
    yield from itertools.repeat(frame, _STILL)


def _between(before: Field, after: Field) -> Iterator[Image.Image]:
    """The frames from one window, which is left out, to the next one.

    The larger window is enlarged twice and has the next one in its place, pixel on pixel. Each frame is a part of
    that, between all of it and the next window. The colours go over from the ranks of one to those of the other.
    """
    large, small = signed(before.verdicts), signed(after.verdicts)
    height, width = large.shape
    left, low = after.window.x - 2 * before.window.x, after.window.y - 2 * before.window.y
    if small.shape != large.shape or after.window.level != before.window.level + 1:
        raise ValueError("expected windows of equal size at successive levels")
    if not (0 <= left <= width and 0 <= low <= height):
        raise ValueError("expected each window inside of the one before")
    ends = [_nested(stretched(large, of), stretched(small, of), left, low) for of in (large, small)]
    for k in range(1, PER_DOUBLING + 1):
        part = k / PER_DOUBLING
        share = 2.0 * part - part * part if part < 1 else 1.0
        picture = Image.fromarray(spectral((1 - share) * ends[0] + share * ends[1])[::-1])
        side = 2 ** (1 - part)  # of the frame, in windows of the next level: from 2 to 1
        # The corner goes from that of the large window to that of the small one as the side shrinks.
        x, y = left * (2 - side), low * (2 - side)
        top = 2 * height - y - side * height
        box = (x, top, x + side * width, top + side * height)
        yield _framed(picture.resize((width, height), Image.Resampling.BOX, box), after, part - 1)


def _nested(large: Floats, small: Floats, left: int, low: int) -> Floats:
    """A window enlarged twice with the next one in its place."""
    result = np.repeat(np.repeat(large, 2, axis=0), 2, axis=1)
    result[low : low + small.shape[0], left : left + small.shape[1]] = small
    return result


def _framed(picture: Image.Image, field: Field, level: float) -> Image.Image:
    """With lines below that say where it is; ``level``: of the frame, relative to that of the field."""
    side = -(-_NARROWEST // picture.width)
    picture = picture.resize((side * picture.width, side * picture.height), Image.Resampling.NEAREST)
    width, height = (side + side % 2 for side in (picture.width, picture.height + _CAPTION))  # MP4 wants even ones
    frame = Image.new("RGB", (width, height), "white")
    frame.paste(picture)
    draw, font = ImageDraw.Draw(frame), ImageFont.truetype(findfont(FontProperties()), _TEXT)
    texts = [f"zoom 2^{field.window.level + level - _level_of(field):.1f}"]
    middle = field.x[field.window.width // 2], field.y[field.window.height // 2]
    for axis, value in zip(field.plane, middle, strict=True):
        texts.append(f"{axis.knob.replace('_', ' ')} {value_text(axis, value, field.window.level)}")
    for k, text in enumerate(texts):
        draw.text((4, picture.height + 1 + k * (_TEXT + 3)), text, "black", font)
    return frame


def _level_of(field: Field) -> int:
    """The level at which the whole plane has the size of the window."""
    return max(0, (max(field.window.width, field.window.height) // TILE).bit_length() - 1)


def _small(frame: Image.Image) -> Image.Image:
    """With 256 colours, as GIF has them, and without dots in their place."""
    return frame.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)


def _mp4(pictures: Iterator[Image.Image], size: tuple[int, int], path: Path) -> bytes:
    """The bytes of a film, through ffmpeg."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "film.mp4"
        command = [
            "ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}",
            "-r", f"{PER_SECOND:g}", "-i", "-", "-pix_fmt", "yuv420p", "-y", str(made),
        ]  # fmt: skip
        with tempfile.TemporaryFile() as said:
            # A pipe breaks if ffmpeg has ended: its status and its last line tell why.
            with (
                contextlib.suppress(OSError),
                subprocess.Popen(command, stdin=subprocess.PIPE, stderr=said) as process,
            ):
                assert process.stdin is not None
                for picture in pictures:
                    process.stdin.write(picture.tobytes())
            if process.returncode or not made.exists():
                said.seek(0)
                lines = said.read().decode(errors="replace").split("\n")
                why = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
                raise ResultsError(f"{path}: ffmpeg failed with status {process.returncode}: {why}")
        return made.read_bytes()
