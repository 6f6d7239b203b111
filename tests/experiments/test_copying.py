"""python -m experiments.store copy: a whole results folder, whatever is done to the first one meanwhile."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from experiments.cli import map as maps
from experiments.cli import store as command
from experiments.cli import verify
from experiments.copying import copy
from experiments.files import FILES, REPORT, STORE
from experiments.maps.store import FILES as FILES_OF_MAP
from experiments.maps.store import STORE as STORE_OF_MAP
from experiments.store.lock import claimed
from experiments.store.store import Store, StoredRun
from tests.helpers.machines import ROOT
from tests.helpers.maps import MAP, contents

ABOUT = {"data": "0f"}


def run_of(value: float) -> StoredRun:
    return StoredRun("ok", np.full((4, 300), value), b"", "")


def add(store: Store, seeds: range) -> None:
    (number,) = store.configurations([ABOUT])
    store.add([number] * len(seeds), seeds, [run_of(float(seed)) for seed in seeds])


def seeds_in(folder: Path) -> list[int]:
    with Store(folder / STORE, writes=False) as opened:
        number = opened.find(ABOUT)
        assert number is not None
        return [seed for seed, _ in opened.runs(number)]


def test_a_folder_is_copied_with_its_tables_and_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = tmp_path / "one", tmp_path / "new" / "two"
    with claimed(one) as opened:
        add(opened, range(3))
    for name in (*FILES, REPORT):
        (one / name).write_text(name)
    (one / "plots").mkdir()
    (one / "plots" / "data.png").write_text("a picture")
    assert command.main(["copy", str(one), str(two)]) == 0
    names = [*FILES, REPORT, "plots/data.png", STORE]
    assert capsys.readouterr().out.splitlines() == [str(two / name) for name in names]
    assert sorted(str(path.relative_to(two)) for path in two.rglob("*") if path.is_file()) == sorted(names)
    for name in names[:-1]:
        assert (two / name).read_bytes() == (one / name).read_bytes()
    assert seeds_in(two) == [0, 1, 2]
    assert (two / STORE).stat().st_mode == (two / FILES[0]).stat().st_mode


def test_results_are_replaced_only_if_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder, seeds in ((one, range(3)), (two, range(7, 9))):
        with claimed(folder) as opened:
            add(opened, seeds)
    (two / FILES[0]).write_text("of the other sweep")
    (two / "plots").mkdir()
    (two / "plots" / "data.png").write_text("of the other sweep")
    assert command.main(["copy", str(one), str(two)]) == 2
    assert capsys.readouterr().err == (
        f"experiments.store: {two / FILES[0]} exists: choose another folder, or replace the results in it with"
        " --overwrite\n"
    )
    assert seeds_in(two) == [7, 8]
    with claimed(two):  # which a sweep is using
        assert command.main(["copy", str(one), str(two), "--overwrite"]) == 2
        assert "is in use by another sweep" in capsys.readouterr().err
    assert command.main(["copy", str(one), str(two), "--overwrite"]) == 0
    assert seeds_in(two) == [0, 1, 2]
    assert [path.name for path in two.rglob("*") if path.is_file()] == [STORE]
    assert command.main(["copy", str(one), str(one), "--overwrite"]) == 2
    assert "expected another folder to copy to" in capsys.readouterr().err
    assert command.main(["copy", str(tmp_path / "none"), str(tmp_path / "three")]) == 2
    assert not (tmp_path / "three").exists()


def test_a_map_is_copied_with_its_pictures_and_its_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    assert maps.main([*MAP, "--size", "128", "--quiet", "--out", str(one)]) == 0
    for name in FILES_OF_MAP[1:]:
        (one / name).write_text(name)
    assert command.main(["copy", str(one), str(two)]) == 0
    names = [*FILES_OF_MAP, STORE_OF_MAP]
    assert capsys.readouterr().out.splitlines() == [str(two / name) for name in names]
    assert contents(two) == contents(one)
    assert verify.main([str(two)]) == 0
    capsys.readouterr()
    assert maps.main([*MAP, "--size", "128", "--out", str(two)]) == 0
    assert "all 5 tiles are stored" in capsys.readouterr().out

    with claimed(one) as opened:  # a sweep in the same folder is copied with it; one elsewhere replaces both
        add(opened, range(3))
    assert command.main(["copy", str(one), str(two)]) == 2
    assert f"{two / FILES_OF_MAP[0]} exists: choose another folder" in capsys.readouterr().err
    assert command.main(["copy", str(one), str(two), "--overwrite"]) == 0
    assert seeds_in(two) == [0, 1, 2]
    with claimed(tmp_path / "three") as opened:
        add(opened, range(1))
    assert command.main(["copy", str(tmp_path / "three"), str(two), "--overwrite"]) == 0
    assert [path.name for path in two.rglob("*")] == [STORE]


def test_a_folder_without_results_is_not_copied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["copy", str(tmp_path), str(tmp_path / "two")]) == 2
    expected = f"expected the results of a sweep or of a map, found no {STORE} or {STORE_OF_MAP}"
    assert capsys.readouterr().err == f"experiments.store: {tmp_path}: {expected}\n"
    assert not (tmp_path / "two").exists()


def write(folder: str) -> None:
    """Store pairs of runs, each pair in one transaction, until stopped; readers have a moment between two of them."""
    with claimed(Path(folder)) as opened:
        for first in range(0, 10**6, 2):
            add(opened, range(first, first + 2))
            time.sleep(0.005)


def test_a_copy_is_whole_while_somebody_writes(tmp_path: Path) -> None:
    one = tmp_path / "one"
    writer = multiprocessing.get_context("spawn").Process(target=write, args=(str(one),))
    writer.start()
    try:
        found: list[int] = []
        while len(found) < 20:
            two = tmp_path / f"copy {len(found)}"
            if (one / STORE).exists() and (one / STORE).stat().st_size > 2**15:
                list(copy(one, two))
                found.append(len(seeds_in(two)))
        assert writer.is_alive()
    finally:
        writer.kill()
        writer.join()
    assert all(n % 2 == 0 for n in found)
    assert found == sorted(found)
    assert len(set(found)) > 1  # it was written while it was copied


def test_the_command_in_a_process_of_its_own(tmp_path: Path) -> None:
    with claimed(tmp_path / "one") as opened:
        add(opened, range(2))
        done = subprocess.run(
            [sys.executable, "-m", "experiments.store", "copy", str(tmp_path / "one"), str(tmp_path / "two")],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{tmp_path / 'two' / STORE}\n", "")
    assert seeds_in(tmp_path / "two") == [0, 1]
