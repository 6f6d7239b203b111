"""Results that are damaged, or of somebody who means harm: one line, never another number."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.files import STORE, ResultsError
from experiments.results import read
from experiments.store import store
from tests.helpers.mixed import mixed


def pickle_bomb(fuse: Path) -> bytes:
    """An archive of arrays whose unpickling would create the file ``fuse``."""

    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (fuse,))

    buffer = io.BytesIO()
    np.savez(buffer, X=np.array([Bomb()], dtype=object), allow_pickle=True)
    return buffer.getvalue()


def cut(name: str, part: float) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: int(len(content) * part)])

    return damage


def replaced(name: str, old: bytes, new: bytes) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        content = (folder / name).read_bytes()
        assert old in content
        (folder / name).write_bytes(content.replace(old, new, 1))

    return damage


def deleted(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def edited(statement: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        connection = sqlite3.connect(folder / STORE)
        with connection:
            assert connection.execute(statement).rowcount > 0
        connection.close()

    return damage


def of_a_later_version(folder: Path) -> None:
    connection = sqlite3.connect(folder / STORE)
    connection.execute(f"PRAGMA user_version = {store.FORMAT + 1}")
    connection.close()


DAMAGES: dict[str, Callable[[Path], object]] = {
    **{f"{name} deleted": deleted(name) for name in ("sweep.json", "sweep.sqlite")},
    **{f"{name} empty": cut(name, 0) for name in ("sweep.json", "sweep.sqlite")},
    **{f"{name} cut": cut(name, 0.7) for name in ("sweep.json", "sweep.sqlite")},
    "sweep.json a list": lambda folder: (folder / "sweep.json").write_text("[]"),
    "sweep.json nested": lambda folder: (folder / "sweep.json").write_text("[" * 100_000),
    "sweep.json not UTF-8": lambda folder: (folder / "sweep.json").write_bytes(b"\xff"),
    "sweep.json of a later format": replaced("sweep.json", b'"format": 3', b'"format": 4'),
    "sweep.json of an earlier format": replaced("sweep.json", b'"format": 3', b'"format": 2'),
    "sweep.json without a request": replaced("sweep.json", b'"request"', b'"wish"'),
    "sweep.json with another knob": replaced("sweep.json", b'"hidden"', b'"height"'),
    "sweep.json with another value": replaced("sweep.json", b'"float64"', b'"float46"'),
    "sweep.json with more seeds": replaced("sweep.json", b'"0:2"', b'"0:3"'),
    "sweep.json with another rate": replaced("sweep.json", b"0.1,", b"0.2,"),
    "sweep.json with more data": replaced("sweep.json", b'"data": [', b'"data": [{},'),
    "sweep.json without data": replaced("sweep.json", b'"data": [', b'"data": [], "other": ['),
    "sweep.json of another problem": replaced("sweep.json", b'"dataset": "flower"', b'"dataset": "tulip"'),
    "sweep.json with another zip": replaced("sweep.json", b'"zip": []', b'"zip": [["l1"]]'),
    "sweep.json of other data": replaced("sweep.json", b'"fingerprint": "', b'"fingerprint": "0'),
    "sweep.sqlite text": lambda folder: (folder / "sweep.sqlite").write_text("text " * 10_000),
    "sweep.sqlite of a later version": of_a_later_version,
    "a run with another cost": edited("UPDATE runs SET curves = zeroblob(length(curves)) WHERE status = 'ok'"),
    "a run with another status": edited("UPDATE runs SET status = 'ok' WHERE status = 'diverged'"),
    "a run of an unknown status": edited("UPDATE runs SET status = 'fine' WHERE status = 'ok'"),
    "a run with another error": edited("UPDATE runs SET error = 'fine' WHERE status = 'failed'"),
    "a run with numbers for text": edited("UPDATE runs SET error = 7"),
    "a run with half its curves": edited("UPDATE runs SET curves = substr(curves, 1, 72) WHERE status = 'ok'"),
    "a run with another network": edited("UPDATE runs SET parameters = zeroblob(length(parameters))"),
    "a run of another seed": edited("UPDATE runs SET id = id + 1 WHERE id % 4294967296 = 1"),
    "a run of another configuration": edited("UPDATE runs SET id = id + 100 * 4294967296"),
    "runs that are gone": edited("DELETE FROM runs WHERE status = 'ok'"),
    "runs that changed places": edited(
        "UPDATE runs SET curves = (SELECT curves FROM runs WHERE status = 'ok' ORDER BY id DESC) WHERE status = 'ok'"
    ),
    "configurations that are gone": edited("DELETE FROM configurations"),
    "data that are gone": edited("DELETE FROM data"),
    "data of another archive": edited("UPDATE data SET arrays = zeroblob(1000)"),
    "data cut": edited("UPDATE data SET arrays = substr(arrays, 1, 1000)"),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("written")
    with pytest.MonkeyPatch.context() as patch:
        mixed(folder, patch)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_said_in_one_line(damage: str, tmp_path: Path, written: dict[str, bytes]) -> None:
    for name, content in written.items():
        (tmp_path / name).write_bytes(content)
    DAMAGES[damage](tmp_path)
    with pytest.raises(ResultsError) as error:
        read(tmp_path).data("flower")
    assert str(tmp_path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("damage", ["sweep.sqlite cut", "a run with another cost", "data that are gone"])
def test_damage_after_reading_is_said_too(damage: str, tmp_path: Path, written: dict[str, bytes]) -> None:
    for name, content in written.items():
        (tmp_path / name).write_bytes(content)
    results = read(tmp_path)
    DAMAGES[damage](tmp_path)
    with pytest.raises(ResultsError, match=r"sweep\.sqlite: "):  # noqa: PT012 - each of them reads on access
        assert len(results.curves) > 0
        results.data("flower")


def test_nothing_is_unpickled(tmp_path: Path, written: dict[str, bytes]) -> None:
    for name, content in written.items():
        (tmp_path / name).write_bytes(content)
    fuse = tmp_path / "exploded"
    bomb = pickle_bomb(fuse)
    with np.load(io.BytesIO(bomb), allow_pickle=True) as stored:
        assert stored["X"].shape == (1,)
    assert fuse.exists()  # the bomb works
    fuse.unlink()

    connection = sqlite3.connect(tmp_path / STORE)
    with connection:
        connection.execute("UPDATE data SET arrays = ?", (bomb,))
    connection.close()
    with pytest.raises(ResultsError, match="allow_pickle=False"):
        read(tmp_path).data("flower")
    assert not fuse.exists()


def test_a_folder_without_results(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ResultsError) as error:
            read(folder)
        assert str(error.value) == f"{folder}: expected the results of a sweep, found no sweep.json"


def test_reading_leaves_the_folder_alone(tmp_path: Path, written: dict[str, bytes]) -> None:
    for name, content in written.items():
        (tmp_path / name).write_bytes(content)
    results = read(tmp_path)
    assert len(results.curves) > 0
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == written
