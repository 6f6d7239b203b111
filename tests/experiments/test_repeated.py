"""A sweep that is repeated, of which all runs are stored: its tables are written again only if something differs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments import Sweep
from experiments.files import CURVES, MANIFEST, RUNS, STORE, SUMMARY, ResultsError
from experiments.results import Results, read
from experiments.store.store import Store
from experiments.tables import unchanged

SMALL = {"dataset": "moons", "samples": 20, "hidden": [0, 2], "learning_rate": 0.5, "seed": range(3), "iterations": 4}
TABLES = (RUNS, CURVES, SUMMARY)


def places(folder: Path, names: tuple[str, ...] = TABLES) -> dict[str, tuple[int, int]]:
    """What differs if a file was replaced."""
    return {name: (status.st_ino, status.st_mtime_ns) for name in names for status in [(folder / name).stat()]}


def manifest(folder: Path) -> dict[str, Any]:
    held = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    del held["execution"]["finished"], held["execution"]["training_seconds"]
    return dict(held)


def content(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in TABLES}


def run(folder: Path, **knobs: Any) -> Results:
    asked = {name: value for name, value in {**SMALL, **knobs}.items() if value is not None}
    return Sweep(**asked).run(jobs=1, out=folder)


def same_tables(one: Results, other: Results) -> None:
    pd.testing.assert_frame_equal(one.summary, other.summary, check_exact=True)
    pd.testing.assert_frame_equal(one.runs, other.runs, check_exact=True)
    pd.testing.assert_frame_equal(one.curves, other.curves, check_exact=True)
    for position in range(len(one.summary)):
        np.testing.assert_array_equal(one.scores_of(position), other.scores_of(position))
        np.testing.assert_array_equal(
            one.scores_of(one.summary.iloc[position]), other.scores_of(other.summary.iloc[position])
        )


KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "one seed": {"seed": [7]},
    "seeds in another order": {"seed": [5, 2, 9]},
    "diverged": {"dataset": "plane", "learning_rate": [0.1, 1e200]},
    "words and numbers": {"batch_size": ["all", 8], "activation": ["tanh", "relu"]},
    "without effect": {"optimizer": ["gd", "momentum"], "momentum": [0.5, 0.9]},
    "problems": {"dataset": ["moons", "xor"], "noise": [0.1, 0.2]},
    "splits": {"dataset": "iris", "samples": None, "split": "seed"},
    "folds": {"dataset": "iris", "samples": None, "split": "cv:3"},
    "many seeds": {"seed": range(150), "iterations": 1},
    "early stopping": {"patience": 1, "samples": 60},
    "metrics": {"metric": ["log_loss", "auc"]},
}


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_written_again_but_the_manifest(kind: str, tmp_path: Path) -> None:
    first = run(tmp_path, **KINDS[kind])
    before, held, store = places(tmp_path), manifest(tmp_path), (tmp_path / STORE).read_bytes()
    again = run(tmp_path, **KINDS[kind])
    assert places(tmp_path) == before
    assert (tmp_path / STORE).read_bytes() == store
    counts = held["counts"]
    counts["computed"], counts["reused"] = 0, counts["computed"]
    assert manifest(tmp_path) == held
    same_tables(again, first)
    same_tables(read(tmp_path), first)
    run(tmp_path, **KINDS[kind])
    assert places(tmp_path) == before


@pytest.mark.parametrize("dialect", ["excel", "excel-de"])
@pytest.mark.parametrize("curves", [None, "none"])
def test_other_formats(dialect: str, curves: str | None, tmp_path: Path) -> None:
    how: dict[str, Any] = {"jobs": 1, "out": tmp_path, "csv_dialect": dialect, "curves": curves}
    first = Sweep(**SMALL).run(**how)
    before = places(tmp_path, (RUNS, SUMMARY))
    pd.testing.assert_frame_equal(Sweep(**SMALL).run(**how).summary, first.summary)
    assert places(tmp_path, (RUNS, SUMMARY)) == before
    Sweep(**SMALL).run(jobs=1, out=tmp_path, csv_dialect="excel" if dialect == "excel-de" else "excel-de")
    assert places(tmp_path, (RUNS, SUMMARY)) != before


def flipped(path: Path) -> None:
    held = bytearray(path.read_bytes())
    held[len(held) // 2] ^= 1
    path.write_bytes(held)


CHANGES: dict[str, Callable[[Path], object]] = {
    "deleted": Path.unlink,
    "emptied": lambda path: path.write_bytes(b""),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"\n"),
    "one bit": flipped,
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_was_changed_is_written_again(name: str, change: str, tmp_path: Path) -> None:
    run(tmp_path)
    right = content(tmp_path)
    CHANGES[change](tmp_path / name)
    run(tmp_path)
    assert content(tmp_path) == right


def edited(path: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    held = json.loads(path.read_text(encoding="utf-8"))
    edit(held)
    path.write_text(json.dumps(held), encoding="utf-8")


@pytest.mark.parametrize(
    "edit",
    [
        lambda held: held["findings"][0].update(n_points=1),
        lambda held: held["data"][0]["baselines"].update(answer="x"),
        lambda held: held["data"][0].update(class_names=["a", "b"]),
        lambda held: held["counts"].update(ok=5, diverged=1),
        lambda held: held["execution"].pop("written"),
        lambda held: held["execution"]["written"]["files"].pop(CURVES),
        lambda held: held["execution"]["written"].update(files={}),
        lambda held: held["execution"]["written"]["files"].update({RUNS: "0" * 64}),
        lambda held: held.pop("format"),
        lambda held: held.clear(),
    ],
)
def test_a_manifest_that_was_changed_is_written_again(edit: Callable[[dict[str, Any]], object], tmp_path: Path) -> None:
    run(tmp_path)
    before, held = places(tmp_path), manifest(tmp_path)
    edited(tmp_path / MANIFEST, edit)
    run(tmp_path)
    assert places(tmp_path) != before
    held["counts"]["computed"], held["counts"]["reused"] = 0, 6
    assert manifest(tmp_path) == held


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\xff"])
def test_a_manifest_that_cannot_be_read_is_written_again(text: str, tmp_path: Path) -> None:
    run(tmp_path)
    before = places(tmp_path)
    (tmp_path / MANIFEST).write_text(text, encoding="latin-1")
    run(tmp_path)
    assert places(tmp_path) != before
    assert read(tmp_path).manifest["counts"]["reused"] == 6


def test_tables_of_another_request_or_of_before_are_written_again(tmp_path: Path) -> None:
    run(tmp_path)
    right = content(tmp_path)
    earlier = {name: (tmp_path / name).read_bytes() for name in (*TABLES, MANIFEST)}
    run(tmp_path, seed=range(2))
    of_two = content(tmp_path)
    assert of_two != right
    run(tmp_path)
    assert content(tmp_path) == right
    run(tmp_path, seed=range(4))  # the store has more than before
    for name, held in earlier.items():
        (tmp_path / name).write_bytes(held)
    before = places(tmp_path)
    run(tmp_path)
    assert places(tmp_path) != before
    assert content(tmp_path) == right
    (tmp_path / SUMMARY).write_bytes(of_two[SUMMARY])  # an older one
    run(tmp_path)
    assert content(tmp_path) == right


def test_a_store_with_another_bit_is_noticed(tmp_path: Path) -> None:
    run(tmp_path)
    run(tmp_path)
    held = bytearray((tmp_path / STORE).read_bytes())
    (cost,) = [run.curves[0, -1] for run in read(tmp_path).stored_runs()][:1]
    held[held.index(np.float64(cost).tobytes())] ^= 1
    (tmp_path / STORE).write_bytes(held)
    with pytest.raises(ResultsError, match="damaged \\(checksum mismatch in the run of seed 0\\)"):
        run(tmp_path)


def test_a_store_from_elsewhere_is_read_again(tmp_path: Path) -> None:
    """The same request in another folder has the same tables, but its store need not be the same bytes."""
    run(tmp_path / "one")
    run(tmp_path / "other", hidden=[2, 0])
    run(tmp_path / "other")
    shutil.copy(tmp_path / "other" / STORE, tmp_path / "one" / STORE)
    before, right = places(tmp_path / "one"), content(tmp_path / "one")
    run(tmp_path / "one")
    assert places(tmp_path / "one") != before
    assert content(tmp_path / "one") == right


def test_another_program_writes_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path)
    before = places(tmp_path)
    monkeypatch.setattr(unchanged, "_program", lambda: "0" * 64)
    run(tmp_path)
    assert places(tmp_path) != before


def test_with_a_reader_in_the_same_process_all_is_written_again(tmp_path: Path) -> None:
    """To read the store's bytes would drop the locks of the reader."""
    first = run(tmp_path)
    before = places(tmp_path)
    with Store(tmp_path / STORE, writes=False):
        again = run(tmp_path)
    assert places(tmp_path) != before
    same_tables(again, first)


def test_of_a_store_of_many_sweeps_the_tables_are_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To read all of it would take longer."""
    run(tmp_path, seed=range(40))
    run(tmp_path)
    right, before = content(tmp_path), places(tmp_path)
    assert "written" not in manifest(tmp_path)["execution"]
    run(tmp_path)
    assert places(tmp_path) != before
    assert content(tmp_path) == right
    monkeypatch.setattr(unchanged, "_LARGEST_STORE", 20)
    run(tmp_path)
    before = places(tmp_path)
    run(tmp_path)
    assert places(tmp_path) == before


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    run(tmp_path)
    before = places(tmp_path)
    left = [tmp_path / f".{name}.a1b2c3d4" for name in (*TABLES, MANIFEST)]
    for path in left:
        path.write_bytes(b"")
    run(tmp_path)
    assert places(tmp_path) == before
    assert not any(path.exists() for path in left)


def test_races_are_written_again(tmp_path: Path) -> None:
    raced = {"until_decided": 0.02, "seed": range(12), "hidden": [0, 1], "iterations": 20}
    run(tmp_path, **raced)
    before, right = places(tmp_path), content(tmp_path)
    again = run(tmp_path, **raced)
    assert places(tmp_path) != before
    assert content(tmp_path) == right
    assert again.races
