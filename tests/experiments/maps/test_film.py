"""A film that zooms into a map."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from experiments.files import ResultsError
from experiments.maps import film
from experiments.maps.colours import of_paper
from experiments.maps.dimension import boundary
from experiments.maps.field import Field
from experiments.maps.plane import whole, zoomed
from tests.helpers.fields import PLANE, field

SIZE, DOUBLINGS = 64, 3
SIDE = 5  # pixels of a network: a film is at least 300 wide


def sequence(doublings: int = DOUBLINGS) -> Iterator[Field]:
    of = field(whole(SIZE))
    yield of
    for k in range(1, doublings + 1):
        of = field(zoomed(PLANE, SIZE, *film.next_target(of), 2**k))
        yield of


def map_of(frame: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The part of a frame that is the map, from the smallest y."""
    return np.array(frame)[: SIDE * SIZE : SIDE, : SIDE * SIZE : SIDE][::-1]


def test_each_window_is_a_frame_and_those_between_go_over_smoothly() -> None:
    frames, fields = list(film.frames(sequence())), list(sequence())
    still = film._STILL - 1
    assert len(frames) == 2 * film._STILL + DOUBLINGS * film.PER_DOUBLING
    for k, of in enumerate(fields):
        np.testing.assert_array_equal(map_of(frames[still + k * film.PER_DOUBLING]), of_paper(of.verdicts))
    changes = [float(np.mean(np.abs(map_of(a).astype(float) - map_of(b)))) for a, b in itertools.pairwise(frames)]
    assert max(changes) < 25  # of 255
    assert min(changes[still : -film._STILL]) > 0


@pytest.mark.parametrize(("size", "side"), [(64, 5), (128, 3), (256, 2), (512, 1)])
def test_what_is_written_below_the_map_has_room(size: int, side: int) -> None:
    deep = field(zoomed(PLANE, size, 1.2345678, 20.0, 2**30))
    *_, frame = film.frames([deep])
    assert frame.width == side * size
    below = np.array(frame)[side * size :].min(axis=2)
    assert below.min() == 0
    assert (below[:, -4:] == 255).all()


def test_a_gif_has_all_frames_and_ends(tmp_path: Path) -> None:
    film.write(sequence(1), tmp_path / "film.gif")
    durations = []
    with Image.open(tmp_path / "film.gif") as made:
        first = map_of(made.convert("RGB")).astype(float)
        for k in range(getattr(made, "n_frames", 1)):
            made.seek(k)
            durations.append(made.info["duration"])
    # Equal frames are stored once, for a longer time.
    assert len(durations) == film.PER_DOUBLING + 1
    assert sum(durations) == pytest.approx((2 * film._STILL + film.PER_DOUBLING) * 1000 / film.PER_SECOND, rel=0.05)
    assert np.mean(np.abs(first - of_paper(field(whole(SIZE)).verdicts))) < 8


def test_each_target_is_on_the_boundary_and_its_window_inside_of_the_last() -> None:
    fields = list(sequence(8))
    for before, after in itertools.pairwise(fields):
        assert 0 <= after.window.x - 2 * before.window.x <= SIZE
        assert 0 <= after.window.y - 2 * before.window.y <= SIZE
        assert boundary(after.verdicts.converged).any()
        x, y = film.next_target(before)
        row, column = before.y.index(y), before.x.index(x)
        assert boundary(before.verdicts.converged)[row, column]


def test_without_a_boundary_the_middle_is_the_target() -> None:
    of = field(whole(SIZE))
    of.verdicts.converged[:] = True
    assert film.next_target(of) == (of.x[31], of.y[31])


def test_mp4_without_ffmpeg_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    path = tmp_path / "film.mp4"
    with pytest.raises(ResultsError) as error:
        film.write(sequence(1), path)
    assert str(error.value) == f"{path}: expected the program ffmpeg, found none: install it, or write a .gif file"
    assert not path.exists()


def test_ffmpeg_that_fails_is_reported_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\necho 'first line' >&2\necho 'Unknown encoder' >&2\nexit 3\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(ResultsError) as error:
        film.write(sequence(1), tmp_path / "film.mp4")
    assert str(error.value) == f"{tmp_path / 'film.mp4'}: ffmpeg failed with status 3: Unknown encoder"
    assert [path.name for path in tmp_path.iterdir()] == ["ffmpeg"]


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg")
def test_mp4_through_ffmpeg(tmp_path: Path) -> None:
    film.write(sequence(1), tmp_path / "film.mp4")
    assert (tmp_path / "film.mp4").read_bytes()[4:8] == b"ftyp"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ([], "expected one field or more, got none"),
        ([field(whole(64)), field(whole(64))], "expected windows of equal size at successive levels"),
        (
            [field(zoomed(PLANE, 64, 1.0, 1.0, 2)), field(zoomed(PLANE, 64, 90.0, 900.0, 4))],
            "expected each window inside of the one before",
        ),
    ],
)
def test_windows_that_make_no_film_are_refused(fields: list[Field], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        list(film.frames(fields))
