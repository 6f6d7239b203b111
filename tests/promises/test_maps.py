"""A map that is killed, interrupted, or runs out of disk goes on by the same command to the same bytes."""

from __future__ import annotations

import random
import re
import shutil
import signal
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from experiments.maps.store import STORE
from tests.helpers.maps import MAP, TILES, contents, stored_tiles
from tests.helpers.processes import LONGEST_WAIT, Nursery, assert_ends, program

SMALL = [*MAP, "--size", "128", "--jobs", "1"]
LARGE = [*MAP, "--size", "256", "--iterations", "500"]
GOES_ON = "run the same command to continue"


def finished(nursery: Nursery, arguments: Sequence[str], folder: Path) -> dict[str, bytes]:
    """What is in a folder after a map was made there, or finished."""
    outcome = nursery.run(*arguments, "--out", folder, command="map")
    assert (outcome.status, outcome.err) == (0, "")
    return contents(folder)


@pytest.fixture(scope="module")
def small(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return finished(nursery, SMALL, tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def large(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return finished(nursery, LARGE, tmp_path_factory.mktemp("large"))


def whole_tiles(folder: Path, expected: dict[str, bytes]) -> int:
    """How many tiles a killed map has stored, each of which is that of an uninterrupted one."""
    if not folder.exists():
        return 0
    with_copy = folder.parent / "copy"
    shutil.copytree(folder, with_copy)  # the original is left as the kill left it
    tiles = stored_tiles(with_copy)
    if tiles:
        (with_copy / "map.json").touch()
        found = contents(with_copy)
        assert {name: found[name] for name in map(str, tiles)} == {name: expected[name] for name in map(str, tiles)}
    shutil.rmtree(with_copy)
    return len(tiles)


@pytest.mark.parametrize("stride", [17, pytest.param(1, marks=pytest.mark.slow)])
def test_killed_before_and_after_every_statement(
    stride: int, nursery: Nursery, small: dict[str, bytes], tmp_path: Path
) -> None:
    survived = Counter[int]()
    for at in range(1, 10**6, stride):
        folder = tmp_path / str(at)
        outcome = nursery.run(*SMALL, "--out", folder, command="map", what="kill", at=at, where="store")
        if outcome.status == 0:
            break
        assert outcome.status == -signal.SIGKILL, outcome.err
        survived[whole_tiles(folder, small)] += 1
        assert finished(nursery, SMALL, folder) == small
    print("kills survived, by the number of tiles stored:", dict(survived))
    assert len(survived) > 2
    assert stride > 1 or set(survived) == set(range(TILES[128] + 1))


@pytest.mark.parametrize(
    ("backend", "kills", "seed"),
    [
        ("threading", 3, 1),
        pytest.param("threading", 20, 2, marks=pytest.mark.slow),
        pytest.param("loky", 6, 3, marks=pytest.mark.slow),
    ],
)
def test_killed_at_random_moments(
    backend: str, kills: int, seed: int, nursery: Nursery, large: dict[str, bytes], tmp_path: Path
) -> None:
    moments, survived, longest = random.Random(seed), Counter[int](), 4.0
    for kill in range(kills):
        folder = tmp_path / str(kill)
        with program(*LARGE, "--jobs", "2", "--backend", backend, "--out", folder, name="map") as process:
            assert process.stdout is not None
            process.stdout.readline()
            give_up = time.monotonic() + LONGEST_WAIT
            while not (folder / STORE).exists() and time.monotonic() < give_up:
                time.sleep(0.01)
            time.sleep(moments.uniform(0, longest))
            process.kill()
        if process.returncode == 0:  # a quick machine
            longest /= 2
        survived[whole_tiles(folder, large)] += 1
        assert finished(nursery, LARGE, folder) == large
        assert_ends(process.pid)
        shutil.rmtree(folder)
    print("kills survived, by the number of tiles stored:", dict(survived))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interrupted_map_says_how_to_go_on(
    number: signal.Signals, jobs: str, nursery: Nursery, small: dict[str, bytes], tmp_path: Path
) -> None:
    arguments = [*MAP, "--size", "128", "--jobs", jobs]
    outcome = nursery.run(*arguments, "--out", tmp_path, command="map", what=number.name, at=80, where="store")
    assert outcome.status == 128 + number
    said = re.fullmatch(rf"experiments.map: interrupted; (\d) of 5 tiles are stored; {GOES_ON}\n", outcome.err)
    assert said, outcome.err
    assert int(said[1]) <= len(stored_tiles(tmp_path)) <= int(said[1]) + 1
    assert not (tmp_path / "map.json").exists()
    assert finished(nursery, arguments, tmp_path) == small


def test_a_disk_that_fills_up(nursery: Nursery, small: dict[str, bytes], disk: Path) -> None:
    folder, ballast = disk / "out", disk / "ballast"
    survived = Counter[int]()
    for at in range(3, 10**6, 23):
        outcome = nursery.run(
            *SMALL, "--out", folder, command="map", what="fill", at=at, where="store", ballast=str(ballast)
        )
        if outcome.status == 0:
            break
        assert ballast.exists()
        ballast.unlink()
        stored = len(stored_tiles(folder))
        if outcome.status == 2:  # full before anything was trained
            assert "not enough disk space" in outcome.err
            shutil.rmtree(folder, ignore_errors=True)
            continue
        assert outcome.status == 1
        assert outcome.err.count("\n") == 1
        assert outcome.err.startswith("experiments.map: the map could not be finished: ")
        assert re.search("disk is full|No space left|disk I/O error", outcome.err), outcome.err
        if "nothing was written" not in outcome.err:
            assert outcome.err.endswith(f"; {stored} of 5 tiles are stored; {GOES_ON}\n")
        survived[stored] += 1
        assert finished(nursery, SMALL, folder) == small
        shutil.rmtree(folder)
    print("full disks survived, by the number of tiles stored:", dict(survived))
    assert len(survived) > 2


def test_two_at_once(nursery: Nursery, tmp_path: Path) -> None:
    with program(*LARGE, "--out", tmp_path, name="map") as process:
        assert process.stdout is not None
        process.stdout.readline()
        give_up = time.monotonic() + LONGEST_WAIT
        while not list(tmp_path.glob("*.lock")) and time.monotonic() < give_up:
            time.sleep(0.01)
        other = nursery.run(*LARGE, "--out", tmp_path, command="map")
        process.kill()
    assert other.status == 2
    assert re.search(rf"--out: the folder .* is in use by another .*process {process.pid}", other.err), other.err
