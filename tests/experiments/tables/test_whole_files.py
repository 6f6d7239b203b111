"""Whoever looks into a results folder sees whole files, of one sweep."""

from __future__ import annotations

import concurrent.futures
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from experiments import orchestration
from experiments.files import FILES, STORE
from experiments.results import read
from experiments.sweep import Sweep
from tests.helpers.mixed import assert_same, mixed


def test_files_are_as_readable_as_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.umask(0o027)
    try:
        mixed(tmp_path / "a" / "b c\nd", monkeypatch)
    finally:
        os.umask(before)
    files = sorted((tmp_path / "a" / "b c\nd").iterdir())
    assert [file.name for file in files] == sorted([*FILES, STORE])
    assert {file.stat().st_mode & 0o777 for file in files} == {0o640}


def test_a_reader_sees_whole_files_only(tmp_path: Path) -> None:
    sweeps = [Sweep(hidden=[0, 2], learning_rate=1, seed=range(3), iterations=n, record_every=7) for n in (30, 40)]
    out = tmp_path / "out"
    for name, each in zip(("first", "second"), sweeps, strict=True):
        each.run(jobs=1, out=tmp_path / name)
    whole = {
        name: [(tmp_path / which / name).read_bytes() for which in ("first", "second")]
        for name in ("runs.csv", "curves.csv", "summary.csv")
    }
    for each in reversed(sweeps):
        each.run(jobs=1, out=out)
    seen, done = set(), threading.Event()

    def write() -> None:
        try:
            for _ in range(5):
                for which in (1, 0):
                    assert sweeps[which].run(jobs=1, out=out).manifest["counts"]["reused"] == 6
        finally:
            done.set()

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        writer = pool.submit(write)
        while not done.is_set():
            for name, versions in whole.items():
                seen.add((name, versions.index((out / name).read_bytes())))
            manifest = json.loads((out / "sweep.json").read_text(encoding="utf-8"))
            seen.add(("sweep.json", [30, 40].index(manifest["request"]["iterations"])))
            assert len(read(out).runs) == 6
        writer.result()
    assert len(seen) >= 6  # both versions, of most files
    assert sorted(path.name for path in out.iterdir()) == sorted([*FILES, STORE])


@pytest.mark.parametrize("where", ["build_into", "confirmations", "manifest_of"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interrupted_write_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, error: type[BaseException]
) -> None:
    results = mixed(tmp_path, monkeypatch, iterations=30)
    before = {name: (tmp_path / name).read_bytes() for name in FILES}

    original: Callable[..., Any] = getattr(orchestration, where)

    def interrupted(*arguments: Any) -> None:
        original(*arguments)
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(orchestration, where, interrupted)
        with pytest.raises(error):
            mixed(tmp_path, monkeypatch, iterations=40)
    assert {path.name for path in tmp_path.iterdir()} == {*FILES, STORE}
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == before
    assert_same(read(tmp_path), results)
    # What was trained is not lost with the tables: the failed runs alone are trained again.
    counts = mixed(tmp_path, monkeypatch, iterations=40).manifest["counts"]
    assert (counts["computed"], counts["reused"]) == (2, 6)


def test_the_manifest_takes_its_place_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replaced: list[str] = []
    replace = os.replace

    def recording(source: Any, target: Any) -> None:
        # Those that are to come are complete, before the first one takes its place.
        unfinished = list(tmp_path.glob(".*.csv.*")) + list(tmp_path.glob(".*.json.*"))
        assert len(unfinished) == 4 - len(replaced)
        assert all(path.read_bytes().endswith(b"\n") for path in unfinished)
        replaced.append(Path(target).name)
        replace(source, target)

    monkeypatch.setattr(os, "replace", recording)
    mixed(tmp_path, monkeypatch)
    assert sorted(replaced) == sorted(FILES)
    assert replaced[-1] == "sweep.json"
