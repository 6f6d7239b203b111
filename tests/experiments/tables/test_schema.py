"""A manifest that no sweep has written: one line, never another exception, and nothing in it gets anywhere."""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from experiments import Sweep
from experiments.cli import plots, verify
from experiments.files import MANIFEST, ResultsError
from experiments.report import page as pages
from experiments.report.cell import cell
from experiments.results import Results, read
from experiments.tables import read as read_tables
from tests.helpers.machines import ROOT

VALUES: list[Any] = [
    *(None, True, 0, -1, 3, 1.5, -0.0, 1e308, 10**18, 10**30, "", "x", "0:2", "\ud800", "\x1b[2J", "<script>"),
    *([], {}, [0], ["x"], [[1]], [None], {"x": 1}),
]
FEW: list[Any] = [None, True, -1, 10**30, "x", [], {}, ["x"]]

Place = tuple[str | int, ...]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Sweeps whose manifests together have everything that a manifest can have."""
    folder = tmp_path_factory.mktemp("sweeps")
    table = folder / "t.csv"
    rows = [f"{i % 7},{i * i % 11},{'abc'[(i * 3 + i // 5) % 3]}" for i in range(40)]
    table.write_text("\n".join(["u,v,label", *rows]), encoding="utf-8")
    of_table = Sweep(
        dataset=str(table), hidden="2", learning_rate=[0.1, 1], l2=[0, 0.1], optimizer=["gd", "momentum"], seed=[0, 2],
        zip=[["learning_rate", "l2"]], metric=["auc", "accuracy"], features=["all", "x1+x1x2"], iterations=3,
        momentum=0.5, split="cv:2", target="label",
    )  # fmt: skip
    of_table.run(out=folder / "table", jobs=1)
    Sweep(dataset=["plane", "multi_gaussian"], hidden=1, learning_rate=0.1, seed=range(2), iterations=3).run(
        out=folder / "regression", jobs=1
    )
    Sweep(dataset="moons", data_seed=[1, 2], hidden=1, learning_rate=0.1, seed=range(2), iterations=3).run(
        out=folder / "draws", jobs=1
    )
    return {name: folder / name for name in ("table", "regression", "draws")}


def places(node: Any, place: Place = ()) -> Iterator[Place]:
    yield place
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from places(value, (*place, key))


def at(root: Any, place: Place) -> Any:
    for key in place:
        root = root[key]
    return root


def mutations(manifest: dict[str, Any], values: list[Any]) -> Iterator[tuple[Place, object, Any]]:
    """Each value replaced, each key deleted, renamed and added, each list longer and shorter."""
    for place in places(manifest):

        def changed(place: Place = place) -> tuple[Any, Any]:
            other = copy.deepcopy(manifest)
            return other, at(other, place)

        for value in values if place else [[], 3, None, "x", {}]:
            other, parent = changed(place[:-1])
            if place:
                parent[place[-1]] = value
            yield place, value, other if place else value
        if place:
            other, parent = changed(place[:-1])
            del parent[place[-1]]
            yield place, "deleted", other
            if isinstance(place[-1], str):
                other, parent = changed(place[:-1])
                parent[f"{place[-1]}s"] = parent.pop(place[-1])
                yield place, "renamed", other
        other, node = changed()
        if isinstance(node, dict):
            node["extra"] = 1
            yield place, "a key more", other
        elif isinstance(node, list):
            node.append(copy.deepcopy(node[0]) if node else "x")
            yield place, "an item more", other


def read_or_refused(folder: Path, what: object) -> Results | None:
    try:
        return read(folder)
    except ResultsError as error:
        message = str(error)
    assert str(folder) in message, what
    assert "\n" not in message, what
    assert len(message) < 1000 + len(str(folder)), what
    return None


def fuzzed(folder: Path, values: list[Any], every: int, first: int) -> tuple[int, int]:
    """The number of manifests that were read, and shown, and of those that were refused."""
    path = folder / MANIFEST
    content = path.read_text(encoding="utf-8")
    manifest, numbers = json.loads(content), [0, 0]
    try:
        for n, (place, value, other) in enumerate(mutations(manifest, values)):
            if n % every != first or other == manifest:
                continue
            path.write_text(json.dumps(other), encoding="utf-8")
            results = read_or_refused(folder, (place, value))
            numbers[results is None] += 1
            if results is not None:
                pages.page(results, results.manifest)
                cell(results, results.manifest)
    finally:
        path.write_text(content, encoding="utf-8")
    return numbers[0], numbers[1]


@pytest.fixture
def quick_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "vega", str)
    monkeypatch.setattr(pages, "specifications", lambda *_: {})


@pytest.mark.usefixtures("quick_pages")
@pytest.mark.parametrize("name", ["table", "regression", "draws"])
def test_any_change_of_a_manifest_works_or_is_refused_in_one_line(name: str, folders: dict[str, Path]) -> None:
    works, refused = fuzzed(folders[name], VALUES, every=23, first=3)
    print(f"{name}: {works} read, {refused} refused")
    assert works > 3
    assert refused > 100


@pytest.mark.slow
@pytest.mark.usefixtures("quick_pages")
@pytest.mark.parametrize("name", ["table", "regression", "draws"])
def test_every_change_of_a_manifest_works_or_is_refused_in_one_line(name: str, folders: dict[str, Path]) -> None:
    works, refused = fuzzed(folders[name], FEW, every=1, first=0)
    print(f"{name}: {works} read, {refused} refused")
    assert works > 30
    assert refused > 1000


ODD_FILES = {
    "a list": b"[]",
    "a number": b"7",
    "nothing": b"",
    "many brackets": b"[" * 100_000,
    "many digits": b'{"format": ' + b"9" * 5000 + b"}",
    "an infinite number": b'{"format": 1e999}',
    "Infinity": b'{"format": Infinity}',
    "a repeated key": b'{"format": 3, "format": 3}',
    "UTF-16": '{"format": 3}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"format": 3}',
    "Latin-1": '{"format": "ä"}'.encode("latin-1"),
    "zeros": bytes(1000),
}


@pytest.mark.parametrize("odd", ODD_FILES)
def test_odd_files_are_refused_in_one_line(odd: str, tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_bytes(ODD_FILES[odd])
    assert read_or_refused(tmp_path, odd) is None
    with pytest.raises(ResultsError):
        read_tables(tmp_path)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / MANIFEST)
    with pytest.raises(ResultsError, match="expected a file"):
        read(tmp_path)


def test_messages_name_the_place(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(folders["draws"], tmp_path / "copy")
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    for place, value, expected in (
        (("data", 0, "features"), "2", "data[0].features: expected a count, found '2'"),
        (("data", 0, "features"), 3, "data[0].features: expected 2, found 3"),
        (("request", "iterations"), [3], "request.iterations: expected 3, found [3]"),
        (("request", "hidden"), ["01"], "request.hidden: expected ['1'], found ['01']"),
        (("request", "seed"), "0:4000000000", "counts.runs: expected 8000000000, found 4"),
        (("counts", "ok"), 5, "the sum of ok, diverged and failed in counts: expected 4, found 5"),
        (("data", 1, "baselines", "linear"), [], "the length of data[1].baselines.linear: expected 1 to 2, found 0"),
        (("execution", "machine"), None, "execution.machine: expected an object, found None"),
    ):
        other = copy.deepcopy(manifest)
        at(other, place[:-1])[place[-1]] = value
        (folder / MANIFEST).write_text(json.dumps(other), encoding="utf-8")
        with pytest.raises(ResultsError) as error:
            read(folder)
        message = f"{folder / MANIFEST}: cannot be read ({expected}): run the sweep again"
        assert str(error.value) == message


def test_more_runs_than_are_stored_take_no_memory(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(folders["draws"], tmp_path / "copy")
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    manifest["request"]["seed"] = "0:4000000000"
    manifest["counts"] |= {"runs": 8_000_000_000, "ok": 8_000_000_000}
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(ResultsError) as error:
        read(folder)
    assert str(error.value) == f"{folder / 'sweep.sqlite'}: some runs of the sweep are missing: run it again"


def test_a_manifest_from_before_there_were_splits_is_read(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(folders["draws"], tmp_path / "copy")
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    for name in ("split", "metric", "class_weight", "target", "zip"):
        del manifest["request"][name]
    for about in manifest["data"]:
        for name in ("identity", "task", "target_name", "baselines"):
            del about[name]
    for finding in manifest["findings"]:
        for name in ("metric", "turned_at", "baselines"):
            del finding[name]
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    assert len(read(folder).runs) == 4


COMMANDS = (("report",), ("plots",), ("verify",), ("export", "--format", "json"), ("predict", "t.csv"))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_every_command_refuses_it_in_one_line(
    command: tuple[str, ...], folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(folders["table"], tmp_path / "copy")
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    manifest["data"][0]["notes"] = 7
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    done = subprocess.run(
        [sys.executable, "-m", f"experiments.{command[0]}", str(folder), *command[1:]],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    reason = "cannot be read (data[0].notes: expected a list, found 7): run the sweep again"
    assert done.stderr == f"experiments.{command[0]}: {folder / MANIFEST}: {reason}\n"
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


INJECTION = "</script><img src=x onerror=alert(1)>--><!--\"'&$x ${x} =1+1;=2 ../../../evil \x1b[2J"


def test_no_injection_gets_through(
    folders: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(folders["regression"], tmp_path / "a" / "b" / "copy")
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    about = manifest["data"][0]
    about["feature_names"] = [INJECTION, f"{INJECTION}2"]
    about["notes"], about["target_name"] = [INJECTION], INJECTION
    manifest["execution"] |= {"finished": INJECTION, "commit": INJECTION, "python": INJECTION, "backend": INJECTION}
    manifest["execution"]["versions"] = {INJECTION: INJECTION}
    manifest["findings"][0]["baselines"]["answer"] = INJECTION
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    results = read(folder)
    page = pages.page(results, results.manifest)
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert plots.main([str(folder)]) == 0
    verify.main([str(folder), "--sample", "1"])
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err
    outside = {path.name for path in tmp_path.rglob("*") if folder not in (path, *path.parents)}
    assert outside == {"a", "b"}
