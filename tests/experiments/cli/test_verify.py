"""experiments.cli.verify: the folder is compared with the store, and stored runs are trained again."""

from __future__ import annotations

import re
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
IN_ORDER = [
    f"{RUNS} of {RUNS} runs of the request are stored, and {RUNS} others",
    f"runs.csv: {RUNS + 1} lines as in the store",
    "curves.csv: 431 lines as in the store",
    "summary.csv: 7 lines as in the store",
]


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
    assert run(capsys, folder) == (0, [*IN_ORDER, expected], "")


def test_what_is_stored_under_further_knobs_is_verified_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Sweep(
        hidden=["3x2"], learning_rate=0.1, seed=[2, 0], iterations=20, activation=["relu", "sigmoid"],
        optimizer=["gd", "momentum", "adam"], momentum=[0.5, 0.9], beta1=0.8, l1=0.001, l2=[0, 0.01],
        batch_size=["all", 7], init="he", init_scale=["auto", 0.5], output_learning_rate=["same", 0.01],
        zip=[["l2", "batch_size"], ["init_scale", "output_learning_rate"]],
    ).run(out=tmp_path)  # fmt: skip
    n = 2 * 4 * 2 * 2 * 2  # gd, momentum with two values, and adam
    status, lines, err = run(capsys, tmp_path)
    assert (status, lines[0], err) == (0, f"{n} of {n} runs of the request are stored", "")
    assert lines[-1] == f"{n} of {n} stored runs retrained: all are bit-identical"


@pytest.mark.parametrize("n", [1, 2, 7, 59, 60, 1000])
def test_a_sample_is_spread_over_the_store(n: int, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, lines, _ = run(capsys, folder, "--sample", str(n))
    assert (status, lines[-1].split(" stored")[0]) == (0, f"{min(n, 2 * RUNS)} of {2 * RUNS}")
    with Store(folder / files.STORE, writes=False) as opened:
        finished, others = verification.finished_runs(opened)
    chosen = [len(each.seeds) for each in verification.sample(finished, n)]
    assert others == {}
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
    status, (*_, line, verdict), err = run(capsys, folder)
    assert (status, err) == (1, "")
    assert line.endswith(f"hidden 0, learning rate 0.1, 20 iterations, seed 3: different {part}")
    assert verdict == f"{2 * RUNS} of {2 * RUNS} stored runs retrained: 1 differ"


def of_the_request(folder: Path, change: Callable[[StoredRun], StoredRun]) -> None:
    """As ``changed``, a run of the sweep that the tables are of."""
    with Store(folder / files.STORE) as opened:
        number, _ = list(opened.all_configurations())[-1]
        stored = opened.run(number, 3)
        assert stored is not None
        opened.add([number], [3], [change(stored)])


FAILED = StoredRun("failed", np.zeros((4, 0)), b"", "no memory")


def test_a_run_turned_into_a_failed_one_is_found(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    of_the_request(folder, lambda _: FAILED)
    status, lines, err = run(capsys, folder)
    assert (status, err, lines[0]) == (1, "", IN_ORDER[0])
    assert lines[1] == "runs.csv: 1 of 31 lines differ from the store"
    assert any(re.fullmatch(r"summary\.csv: [1-6] of 7 lines differ from the store", line) for line in lines)
    assert "sweep.json: 0 failed, but 1 in the store" in lines
    assert lines[-2:] == [
        f"{2 * RUNS - 1} of {2 * RUNS - 1} stored runs retrained: all are bit-identical",
        "1 not retrained: they failed",
    ]


def test_runs_that_are_gone_are_counted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite3.connect(folder / files.STORE) as connection:
        connection.execute("DELETE FROM runs WHERE id % 4294967296 IN (1, 4)")
    connection.close()
    assert run(capsys, folder) == (
        1,
        [
            "18 of 30 runs of the request are stored, and 18 others",
            "12 missing: the tables were not compared with the store",
            "36 of 36 stored runs retrained: all are bit-identical",
        ],
        "",
    )


def replaced(path: Path, old: str, new: str) -> None:
    content = path.read_text(encoding="utf-8")
    assert content.count(old) >= 1
    path.write_text(content.replace(old, new, 1), encoding="utf-8")


FORGERIES: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "a cell of runs.csv": (
        lambda folder: replaced(folder / "runs.csv", ',2,"float32",20,"ok",0.', ',2,"float32",20,"ok",1.'),
        ["runs.csv: 1 of 31 lines differ from the store"],
    ),
    "a cell of summary.csv": (
        lambda folder: replaced(folder / "summary.csv", ",False,", ",True,"),
        ["summary.csv: 1 of 7 lines differ from the store"],
    ),
    "a cell of curves.csv": (
        lambda folder: replaced(folder / "curves.csv", ',4,"float32",20,0.', ',4,"float32",20,0.1'),
        ["curves.csv: 1 of 431 lines differ from the store"],
    ),
    "rows at the end": (
        lambda folder: replaced(folder / "runs.csv", (text := (folder / "runs.csv").read_text()), text + "x\ny\n"),
        ["runs.csv: 2 of 33 lines differ from the store"],
    ),
    "no table": (lambda folder: (folder / "curves.csv").unlink(), ["curves.csv is missing"]),
    "an empty table": (
        lambda folder: (folder / "summary.csv").write_bytes(b""),
        ["summary.csv: 7 of 7 lines differ from the store"],
    ),
    "counts": (
        lambda folder: replaced(folder / "sweep.json", '"ok": 20,\n    "diverged": 10', '"ok": 21,\n    "diverged": 9'),
        ["sweep.json: 21 ok, but 20 in the store", "sweep.json: 9 diverged, but 10 in the store"],
    ),
    "findings": (
        lambda folder: replaced(folder / "sweep.json", '"n_points": 10000', '"n_points": 10001'),
        ["sweep.json: the findings differ from those of the store"],
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged_tables_and_manifests_are_found(forgery: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    forge, expected = FORGERIES[forgery]
    forge(folder)
    status, lines, err = run(capsys, folder, "--sample", "1")
    assert (status, err) == (1, "")
    assert [line for line in lines if line not in IN_ORDER][:-1] == expected
    assert lines[-1] == f"1 of {2 * RUNS} stored runs retrained: all are bit-identical"


def test_without_a_manifest_the_runs_are_retrained(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / files.MANIFEST).unlink()
    assert run(capsys, folder, "--sample", "1") == (
        1,
        [
            "sweep.json is missing: request and tables were not compared with the store",
            f"1 of {2 * RUNS} stored runs retrained: all are bit-identical",
        ],
        "",
    )


def test_a_damaged_manifest(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / files.MANIFEST).write_text('{"format": 3}')
    status, lines, err = run(capsys, folder)
    assert (status, lines) == (2, [])
    assert err.startswith(
        f"experiments.verify: {folder / files.MANIFEST}: cannot be read (sweep.json: expected request"
    )
    assert err.count("\n") == 1


def test_runs_without_numbers_or_of_other_numerics_are_left_out(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    changed(folder, lambda _: FAILED)  # not of the request
    status, lines, _ = run(capsys, folder)
    assert (status, lines[-2].split(" stored")[0]) == (0, f"{2 * RUNS - 1} of {2 * RUNS - 1}")
    assert lines[-1] == "1 not retrained: they failed"
    monkeypatch.setattr(verification, "NUMERICS", NUMERICS + 1)
    status, lines, _ = run(capsys, folder)
    assert status == 1
    assert lines[-3:] == [
        "no run could be retrained",
        f"{2 * RUNS - 1} not retrained: of a version of the arithmetic other than {NUMERICS + 1}",
        "1 not retrained: they failed",
    ]


def test_a_store_without_a_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite3.connect(folder / files.STORE) as connection:
        connection.execute("DELETE FROM runs")
    connection.close()
    status, lines, _ = run(capsys, folder)
    assert (status, lines[0], lines[-1]) == (1, "0 of 30 runs of the request are stored", "no run could be retrained")


def test_escape_sequences_in_a_store_are_printed_as_escapes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Store(folder / files.STORE) as opened:
        number, identity = next(opened.all_configurations())
        stored = opened.run(number, 3)
        assert stored is not None
        (evil,) = opened.configurations([{**identity, "l2": "\x1b]0;x\x07"}])
        opened.add([evil], [3], [stored])
    _, lines, err = run(capsys, folder)
    assert r"l2 \x1b]0;x\x07" in lines[-2]
    assert "\x1b" not in "".join([*lines, err])


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
    assert (status, lines) == (2, IN_ORDER[:1])
    assert "sweep.sqlite: damaged (checksum mismatch in the run of seed 1)" in err


@pytest.mark.parametrize("n", ["0", "-1", "many", "1.5"])
def test_a_bad_sample(n: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        verify.main([str(folder), "--sample", n])
    assert exit_.value.code == 2
    assert f"expected an integer of at least 1, got '{n}'" in capsys.readouterr().err
