"""experiments.cli.verify: stored runs are trained again, and every bit that differs is said."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from experiments import Sweep, files
from experiments.cli import verify
from experiments.runner import verification
from experiments.store.store import Store, StoredRun
from planar_core.choices import NUMERICS

RUNS = 2 * 3 * 5


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for dtype in ("float64", "float32"):
        Sweep(hidden=[0, "2x2"], learning_rate=[0.1, 1, 1e307], seed=range(5), iterations=20, dtype=dtype).run(
            out=tmp_path, jobs=1
        )
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], folder: Path, *arguments: str) -> tuple[int, list[str], str]:
    status = verify.main([str(folder), *arguments])
    out, err = capsys.readouterr()
    return status, out.splitlines(), err


def test_what_is_stored_is_what_training_gives(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = f"{2 * RUNS} of {2 * RUNS} stored runs retrained: all are bit-identical"
    assert run(capsys, folder) == (0, [expected], "")


def test_what_is_stored_under_further_knobs_is_verified_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Sweep(
        hidden=["3x2"], learning_rate=0.1, seed=[2, 0], iterations=20, activation=["relu", "sigmoid"],
        optimizer=["gd", "momentum", "adam"], momentum=[0.5, 0.9], beta1=0.8, l1=0.001, l2=[0, 0.01],
        batch_size=["all", 7], init="he", init_scale=["auto", 0.5], output_learning_rate=["same", 0.01],
        zip=[["l2", "batch_size"], ["init_scale", "output_learning_rate"]],
    ).run(out=tmp_path)  # fmt: skip
    n = 2 * 4 * 2 * 2 * 2  # gd, momentum with two values, and adam
    assert run(capsys, tmp_path) == (0, [f"{n} of {n} stored runs retrained: all are bit-identical"], "")


@pytest.mark.parametrize("n", [1, 2, 7, 59, 60, 1000])
def test_a_sample_is_spread_over_the_store(n: int, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, lines, _ = run(capsys, folder, "--sample", str(n))
    assert (status, lines[0].split(" stored")[0]) == (0, f"{min(n, 2 * RUNS)} of {2 * RUNS}")
    with Store(folder / files.STORE, writes=False) as opened:
        finished, others = verification.finished_runs(opened)
    chosen = [len(each.seeds) for each in verification.sample(finished, n)]
    assert others == 0
    assert sum(chosen) == min(n, 2 * RUNS)
    assert max(chosen) - min(chosen) <= 1  # configurations of five runs each


def changed(folder: Path, change: Callable[[StoredRun], StoredRun]) -> None:
    """Another number in the store, with a digest that fits: what a broken CPU would have left."""
    with Store(folder / files.STORE) as opened:
        number, _ = next(opened.all_configurations())
        stored = opened.run(number, 3)
        assert stored is not None
        opened.add([number], [3], [change(stored)])


def a_bit_of_a_curve(run: StoredRun) -> StoredRun:
    curves = run.curves.copy()
    curves[0, -1] = np.nextafter(curves[0, -1], 1)
    return run._replace(curves=curves)


def a_bit_of_a_parameter(run: StoredRun) -> StoredRun:
    return run._replace(parameters=bytes([run.parameters[0] ^ 1]) + run.parameters[1:])


def the_status(run: StoredRun) -> StoredRun:
    return run._replace(status="diverged")


@pytest.mark.parametrize(
    ("change", "part"), [(a_bit_of_a_curve, "curves"), (a_bit_of_a_parameter, "parameters"), (the_status, "status")]
)
def test_one_bit_that_differs_is_said(
    change: Callable[[StoredRun], StoredRun], part: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed(folder, change)
    status, (line, verdict), err = run(capsys, folder)
    assert (status, err) == (1, "")
    assert line.endswith(f"hidden 0, learning rate 0.1, seed 3: different {part}")
    assert verdict == f"{2 * RUNS} of {2 * RUNS} stored runs retrained: 1 differ"


def test_runs_without_numbers_or_of_other_numerics_are_left_out(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    changed(folder, lambda run: StoredRun("failed", np.zeros((3, 0)), b"", "no memory"))
    status, lines, _ = run(capsys, folder)
    assert (status, lines[0].split(" stored")[0]) == (0, f"{2 * RUNS - 1} of {2 * RUNS - 1}")
    assert lines[1].startswith("1 more left out: failed, or computed by a version")
    monkeypatch.setattr(verification, "NUMERICS", NUMERICS + 1)
    status, lines, _ = run(capsys, folder)
    assert (status, lines[0].split(" stored")[0]) == (0, "0 of 0")
    assert lines[1].startswith(f"{2 * RUNS} more left out: failed, or computed by a version")


def test_nothing_to_verify(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, lines, err = run(capsys, tmp_path)
    assert (status, lines) == (2, [])
    assert "expected the results of a sweep, found no sweep.sqlite" in err
    assert err.count("\n") == 1


def test_a_damaged_store(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite3.connect(folder / files.STORE) as connection:
        connection.execute("UPDATE runs SET curves = zeroblob(length(curves)) WHERE rowid % 2")
    connection.close()
    status, lines, err = run(capsys, folder)
    assert (status, lines) == (2, [])
    assert "sweep.sqlite: damaged (checksum mismatch in the run of seed 1)" in err


@pytest.mark.parametrize("n", ["0", "-1", "many", "1.5"])
def test_a_bad_sample(n: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        verify.main([str(folder), "--sample", n])
    assert exit_.value.code == 2
    assert f"expected an integer of at least 1, got '{n}'" in capsys.readouterr().err
