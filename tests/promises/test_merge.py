"""Shards trained apart and joined: the bytes of one sweep, or one line that says what does not fit."""

from __future__ import annotations

import io
import json
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from experiments.files import CURVES, FILES, REPORT, RUNS, SHARD, STORE
from experiments.results import Results, read
from experiments.sweep import Sweep
from experiments.tables.csv_files import write_csv
from tests.helpers.locks import IS_POSSIBLE
from tests.helpers.machines import ROOT
from tests.helpers.processes import RUNS as N_RUNS
from tests.helpers.processes import SWEEP, Nursery, Outcome, assert_complete, csv_files, stored_in

N = 3


@pytest.fixture(scope="module")
def parts(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The sweep in three shards."""
    folder = tmp_path_factory.mktemp("parts")
    return [shard(nursery, folder / str(k), f"{k}/{N}") for k in range(1, N + 1)]


def shard(nursery: Nursery, folder: Path, which: str, *arguments: str) -> Path:
    outcome = nursery.run(*SWEEP, *arguments, "--shard", which, "--out", folder)
    assert (outcome.status, outcome.err) == (0, "")
    return folder


def merge(nursery: Nursery, *folders: Path, **event: Any) -> Outcome:
    return nursery.run(*folders, "--no-plots", command="merge", **event)


def refused(outcome: Outcome) -> str:
    """What was said of folders that do not fit."""
    assert (outcome.status, outcome.out) == (2, "")
    said = re.fullmatch(r"experiments.merge: (.+)\n", outcome.err)
    assert said, outcome.err
    return said[1]


def contents(*folders: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}


# What fits


def test_a_shard_writes_its_store_and_says_what_it_is(nursery: Nursery, parts: list[Path]) -> None:
    for k, folder in enumerate(parts, start=1):
        assert sorted(path.name for path in folder.iterdir()) == [SHARD, STORE]
        content = json.loads((folder / SHARD).read_text(encoding="utf-8"))
        assert (content["shard"], content["complete"]) == (f"{k}/{N}", True)
        assert content["execution"]["runs"] == stored_in(folder) == N_RUNS // N
        said = nursery.run(*SWEEP, "--shard", f"{k}/{N}", "--out", folder).out.splitlines()
        assert said[1:] == [
            f"shard {k}/{N}, 4 runs: 0 computed, 4 reused, 0 failed",
            "to write the tables when all shards are trained: python -m experiments.merge OUT DIR...",
        ]
    with pytest.raises(ValueError, match=r"found only a shard \(shard.json\): join all with python -m experiments"):
        read(parts[0])


def test_shards_give_the_bytes_of_one_sweep_and_stay_as_they_are(
    nursery: Nursery, parts: list[Path], expected: dict[str, bytes], tmp_path: Path
) -> None:
    before = contents(*parts)
    for _ in range(2):  # and once more, into what is there
        done = merge(nursery, tmp_path / "out", *reversed(parts))
        assert (done.status, done.err) == (0, "")
        assert done.out.splitlines()[-1] == "12 runs: 0 computed, 12 reused, 0 diverged, 0 failed"
        assert_complete(tmp_path / "out", expected, N_RUNS, stored=N_RUNS)
    assert contents(*parts) == before
    assert nursery.run(*SWEEP, "--out", tmp_path / "out").out.count("12 reused") == 1  # a whole sweep from now on
    larger = merge(nursery, tmp_path / "out 2", tmp_path / "out", parts[0])  # of whole sweeps, too
    assert (larger.status, csv_files(tmp_path / "out 2")) == (0, expected)


TABLE = "a,b,c,y\n" + "".join(f"{k % 7},{k * 3 % 5}.5,{'uvw'[k % 3]},{'pqr'[k * k % 3]}\n" for k in range(40))
REQUESTS: dict[str, list[str]] = {
    "folds of a table": ["--dataset", "TABLE", "--split", "cv:3", "--metric", "f1", "accuracy", "--drop", "a"],
    "new data for each seed": ["--dataset", "flower", "moons", "--data-seed", "seed"],
    "a fixed split": ["--dataset", "TABLE", "iris", "--split", "fixed", "--class-weight", "balanced", "none"],
    "values": ["--dataset", "plane", "diabetes", "--metric", "rmse"],
    "features": [
        "--features",
        "x1",
        "x1+x2",
        "--dtype",
        "float32",
        "--optimizer",
        "adam",
        "gd",
        "--beta1",
        "0.5",
        "0.9",
    ],
    "seeds without order": ["--seeds", "7", "3", "11", "--batch-size", "all", "10"],
}


@pytest.mark.parametrize("name", REQUESTS)
def test_any_request_gives_the_bytes_of_one_sweep(name: str, nursery: Nursery, tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text(TABLE)
    arguments = [str(tmp_path / "table.csv") if each == "TABLE" else each for each in REQUESTS[name]]
    whole = nursery.run(*SWEEP, *arguments, "--out", tmp_path / "whole")
    assert (whole.status, whole.err) == (0, "")
    folders = [shard(nursery, tmp_path / f"{k}", f"{k}/4", *arguments) for k in range(1, 5)]
    (tmp_path / "table.csv").unlink()  # all that is needed is in the stores
    assert merge(nursery, tmp_path / "out", *folders).status == 0
    assert csv_files(tmp_path / "out") == csv_files(tmp_path / "whole")
    manifests = [json.loads((tmp_path / folder / "sweep.json").read_text()) for folder in ("out", "whole")]
    assert manifests[0]["data"] == manifests[1]["data"]
    assert manifests[0]["findings"] == manifests[1]["findings"]
    assert csv_of(read(tmp_path / "whole")) == csv_files(tmp_path / "whole")[RUNS]  # and so is what is read
    for data in manifests[1]["data"]:  # as written before this was recorded
        data.pop("target_scale", None)
    (tmp_path / "whole" / "sweep.json").write_text(json.dumps(manifests[1]))
    assert csv_of(read(tmp_path / "whole")) == csv_files(tmp_path / "whole")[RUNS]


def csv_of(results: Results) -> bytes:
    file = io.BytesIO()
    write_csv(results.runs, file)
    return file.getvalue()


def test_from_python_with_plots(tmp_path: Path) -> None:
    from experiments.merging import merge as merge_

    sweep = Sweep(hidden=[1, 2], learning_rate=1.2, seed=range(3), iterations=10)
    for k in (1, 2):
        assert sweep.run_shard(f"{k}/2", out=tmp_path / str(k), jobs=1)["computed"] == 3
    results = merge_(tmp_path / "out", [tmp_path / "1", tmp_path / "2"], plots=True)
    assert results.runs.equals(sweep.run(out=None).runs)
    assert (tmp_path / "out" / REPORT).exists()
    assert list((tmp_path / "out" / "plots").glob("*.png"))


# What does not fit: refused before anything is written


def test_missing_shards_are_named(nursery: Nursery, parts: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert (
        refused(merge(nursery, out, parts[1])) == "expected all 3 shards, 2 missing: 1/3, 3/3; name their folders, too"
    )
    expected = "expected all 3 shards, 1 missing: 2/3; name their folders, too"
    assert refused(merge(nursery, out, parts[0], parts[0], parts[2])) == expected
    other = shard(nursery, tmp_path / "other", "1/2")
    expected = "expected shards of one division, got 1/3 and 1/2: merge those of the same N"
    assert refused(merge(nursery, out, *parts, other)) == expected
    assert not out.exists()


def test_other_requests_and_other_data_are_refused(nursery: Nursery, parts: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    other = shard(nursery, tmp_path / "other", "2/3", "--iterations", "11", "--record-every", "2")
    expected = f"{other} (shard 2/3): expected the request of {parts[0]} (shard 1/3),"
    said = refused(merge(nursery, out, parts[0], other, parts[2]))
    assert said == f"{expected} found other values of iterations, record_every: merge the parts of one request"
    table, folders = tmp_path / "table.csv", []
    for k in (1, 2):
        table.write_text(TABLE + f"{k},1.5,u,p\n")
        folders.append(shard(nursery, tmp_path / str(k), f"{k}/2", "--dataset", str(table)))
    said = refused(merge(nursery, out, *folders))
    expected = f"expected the request of {folders[0]} (shard 1/2), found other data of {table}"
    assert said.endswith(f"{expected}: merge the parts of one request")
    assert not out.exists()


def test_folders_without_a_shard_are_refused(nursery: Nursery, parts: list[Path], tmp_path: Path) -> None:
    out, empty, copied = tmp_path / "out", tmp_path / "empty", tmp_path / "copied"
    empty.mkdir()
    said = f"{empty}: expected a shard or a sweep, found neither shard.json nor sweep.json: check the path"
    assert refused(merge(nursery, out, *parts, empty)) == said
    assert refused(merge(nursery, out, *parts, tmp_path / "nowhere")).startswith(f"{tmp_path / 'nowhere'}: expected a")
    shutil.copytree(parts[1], copied)
    for content in ("", "[]", "{}", "null", '{"shard": 3}', '{"shard": "1/3", "format": 1, "numerics": []}', "\xff"):
        (copied / SHARD).write_bytes(content.encode("latin-1"))
        assert refused(merge(nursery, out, parts[0], copied, parts[2])).startswith(f"{copied / SHARD}: ")
    whole = json.loads((parts[1] / SHARD).read_text())
    changes: list[dict[str, Any]] = [{"format": 2}, {"numerics": 0}, {"request": {"hidden": -1}}, {"request": []}]
    for change in [*changes, {"data": []}, {"data": [{}]}, {"shard": "4/3"}]:
        (copied / SHARD).write_text(json.dumps(whole | change))
        assert refused(merge(nursery, out, parts[0], copied, parts[2])).startswith(f"{copied / SHARD}: ")
    assert not out.exists()
    about = whole["data"][0]
    for name in about:  # a description of the data that lacks something, or has something of another type
        if name in ("problem", "identity", "fingerprint", "class_names", "notes", "base", "feature_names"):
            for value in (None, 3, [3], "x"):
                (copied / SHARD).write_text(json.dumps(whole | {"data": [about | {name: value}]}))
                outcome = merge(nursery, tmp_path / "any", copied, parts[0], parts[2])
                assert outcome.status in (0, 2), (name, value)
                assert len(outcome.err.splitlines()) == (outcome.status == 2), (name, value, outcome.err)
    shutil.copy(parts[1] / SHARD, copied)
    (copied / STORE).unlink()
    said = f"{copied} (shard 2/3): expected the file sweep.sqlite, found none: copy the whole folder"
    assert refused(merge(nursery, out, parts[0], copied, parts[2])) == said
    assert not out.exists()


def test_a_folder_is_of_one_shard_and_never_input_and_output(
    nursery: Nursery, parts: list[Path], tmp_path: Path
) -> None:
    before = contents(*parts)
    outcome = nursery.run(*SWEEP, "--shard", "2/3", "--out", parts[0])
    said = f"expected a folder for shard 2/3, found shard 1/3 in {parts[0]}: use a folder for each"
    assert (outcome.status, outcome.err) == (2, f"experiments.grid: --out: {said}\n")
    assert refused(merge(nursery, parts[0], *parts)) == f"expected a folder other than those to join, got {parts[0]}"
    assert contents(*parts) == before


@pytest.mark.parametrize("end", ["killed", "interrupted"])
def test_an_unfinished_shard_is_refused_until_its_command_has_ended(
    end: str, nursery: Nursery, parts: list[Path], expected: dict[str, bytes], tmp_path: Path
) -> None:
    what, status = {"killed": ("kill", -signal.SIGKILL), "interrupted": ("SIGINT", 130)}[end]
    folder, out = tmp_path / "part", tmp_path / "out"
    command = [*SWEEP, "--shard", "2/3", "--out", str(folder)]
    stopped = nursery.run(*command, batch=1, what=what, where="store", functions=["executemany"], at=2)
    assert stopped.status == status
    before = contents(folder)
    said = f"{folder} (shard 2/3) is not finished: run its command again, or wait until it ends"
    assert refused(merge(nursery, out, parts[0], folder, parts[2])) == said
    assert contents(folder) == before
    assert not out.exists()
    assert nursery.run(*command).status == 0
    assert merge(nursery, out, parts[0], folder, parts[2]).status == 0
    assert csv_files(out) == expected


def changed(folder: Path, to: Path, statement: str) -> Path:
    shutil.copytree(folder, to)
    with sqlite3.connect(to / STORE) as connection:
        connection.execute(statement)
    connection.close()
    return to


def test_runs_that_are_missing_or_damaged_are_found(nursery: Nursery, parts: list[Path], tmp_path: Path) -> None:
    lacking = changed(parts[1], tmp_path / "lacking", "DELETE FROM runs WHERE id = (SELECT max(id) FROM runs)")
    said = refused(merge(nursery, tmp_path / "out", parts[0], lacking, parts[2]))
    assert said == f"{lacking} (shard 2/3): 1 of 4 runs missing: run its command again"
    damaged = changed(parts[1], tmp_path / "damaged", "UPDATE runs SET parameters = zeroblob(length(parameters))")
    said = refused(merge(nursery, tmp_path / "out", parts[0], damaged, parts[2]))
    assert said.startswith(f"{damaged / STORE}: damaged (checksum mismatch in the run of seed ")
    assert csv_files(tmp_path / "out") == {}


def altered(part: Path, copy: Path, how: str) -> Path:
    """A copy of a folder, changed by ``forge`` or ``fail`` in a process of its own."""
    shutil.copytree(part, copy)
    code = f"import sys; from tests.promises.test_merge import {how}; {how}(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, str(copy)], cwd=ROOT, check=True)
    return copy


def test_a_run_with_other_numbers_in_two_folders_is_named(
    nursery: Nursery, parts: list[Path], expected: dict[str, bytes], tmp_path: Path
) -> None:
    """As of a processor that computes wrong, with a valid digest."""
    forged = altered(parts[1], tmp_path / "forged", "forge")
    said = refused(merge(nursery, tmp_path / "out", *parts, forged))
    assert said.startswith(f"{forged} (shard 2/3): other numbers than in {tmp_path / 'out' / STORE} for flower, hidden")
    assert said.endswith(": check the folders with experiments.verify, and merge the good ones into a new folder")
    assert csv_files(tmp_path / "out") == {}
    assert merge(nursery, tmp_path / "out", *parts).status == 0
    assert csv_files(tmp_path / "out") == expected


def forge(folder: str) -> None:
    """Change a run in the store of a folder, and its digest."""
    from experiments.store.store import Store

    with Store(Path(folder, STORE)) as opened:
        number = next(number for number, _ in opened.all_configurations() if list(opened.statuses(number)))
        seed, run = next(opened.runs(number))
        opened.add([number], [seed], [run._replace(curves=run.curves + 1)])


def test_a_run_that_failed_elsewhere_is_taken_from_where_it_did_not(
    nursery: Nursery, parts: list[Path], expected: dict[str, bytes], tmp_path: Path
) -> None:
    failed = altered(parts[1], tmp_path / "failed", "fail")
    alone = merge(nursery, tmp_path / "alone", parts[0], failed, parts[2])
    assert (alone.status, alone.err) == (1, "")
    assert csv_files(tmp_path / "alone")[RUNS].count(b"failed") == 1
    for name, order in (("a", [failed, *parts]), ("b", [*parts, failed])):
        assert merge(nursery, tmp_path / name, *order).status == 0
        assert csv_files(tmp_path / name) == expected
    assert merge(nursery, tmp_path / "alone", *parts).status == 0  # and into what is there
    assert csv_files(tmp_path / "alone") == expected


def fail(folder: str) -> None:
    """Let a run of the store of a folder have failed."""
    from experiments.runner.train import failed
    from experiments.store.store import Store

    with Store(Path(folder, STORE)) as opened:
        number = next(number for number, _ in opened.all_configurations() if list(opened.statuses(number)))
        seed, _ = next(opened.runs(number))
        opened.add([number], [seed], [failed("the machine was on fire")])


# Kills, disks, memory, locks


@pytest.mark.parametrize(
    ("where", "stride"), [("store", 5), ("tables", 17), pytest.param("store", 1, marks=pytest.mark.slow),
                          pytest.param("tables", 1, marks=pytest.mark.slow)],
)  # fmt: skip
def test_a_killed_merge_goes_on_to_the_same_bytes(
    where: str, stride: int, nursery: Nursery, parts: list[Path], expected: dict[str, bytes], tmp_path: Path
) -> None:
    before, out, stored = contents(*parts), tmp_path / "out", Counter[int]()
    for at in range(stride, 10**6, stride):
        shutil.rmtree(out, ignore_errors=True)
        killed = merge(nursery, out, *parts, what="kill", where=where, at=at)
        if killed.status == 0:
            break
        assert killed.status == -signal.SIGKILL
        stored[stored_in(out)] += 1
        assert set(csv_files(out).items()) <= set(expected.items())
        resumed = merge(nursery, out, *parts)
        assert (resumed.status, resumed.err) == (0, ""), f"after kill {at}"
        assert_complete(out, expected, N_RUNS, stored=N_RUNS)
        assert contents(*parts) == before
    print("kills by runs stored:", dict(stored))
    assert len(stored) >= (3 if where == "store" else 1)


def test_a_merge_on_a_full_disk_ends_with_one_line_and_goes_on(
    nursery: Nursery, parts: list[Path], expected: dict[str, bytes], tmp_path: Path
) -> None:
    outcome = merge(nursery, tmp_path / "out", *parts, what="limit", where="store", at=25, size=28_000)
    assert outcome.status == 1
    line = r"experiments.merge: the merge could not be finished: .*; (\d+) of 12 runs are stored, the tables are "
    assert re.fullmatch(line + r"unchanged; run the same command to continue\n", outcome.err), outcome.err
    assert merge(nursery, tmp_path / "out", *parts).status == 0
    assert csv_files(tmp_path / "out") == expected


@pytest.mark.slow
def test_memory_stays_flat(nursery: Nursery, tmp_path: Path) -> None:
    memory = {}
    for n in (1000, 40_000):
        arguments = [
            "--hidden",
            "1",
            "--lr",
            "1.2",
            "--iterations",
            "10",
            "--record-every",
            "10",
            "-j",
            "1",
            "--no-plots",
        ]
        folders = [tmp_path / f"{n} {k}" for k in (1, 2)]
        for k, folder in enumerate(folders, start=1):
            command = [*arguments, "--seeds", f"0:{n}", "--shard", f"{k}/2", "--out", str(folder)]
            assert nursery.run(*command, batch=2**28).status == 0
        merged = merge(nursery, tmp_path / f"{n}", *folders)
        assert merged.status == 0
        memory[n] = merged.memory
    print({n: f"{used / 2**20:.0f} MB" for n, used in memory.items()})
    assert memory[40_000] - memory[1000] < 50 * 2**20


needs_a_filter = pytest.mark.skipif(not IS_POSSIBLE, reason="a filter of system calls of Linux")
WITHOUT_LOCKS = "from tests.helpers.locks import refuse_locks; refuse_locks(); "


@needs_a_filter
def test_a_file_system_without_locks_is_told_of(nursery: Nursery, parts: list[Path], tmp_path: Path) -> None:
    """At once, also where a store lies already, and before anything is written."""
    assert nursery.run(*SWEEP, "--out", tmp_path / "full").status == 0
    (tmp_path / "empty").mkdir()
    before = contents(tmp_path)
    where = {"new": tmp_path, "empty": tmp_path / "empty", "full": tmp_path / "full"}
    for name, at in where.items():
        out = tmp_path / name
        said = f"the file system of {str(at)!r} has no locks (No locks available):"
        said += " use a folder on a local disk, and copy it when it is finished"
        assert without_locks("grid", *SWEEP, "--quiet", "--out", out) == (2, f"experiments.grid: --out: {said}\n")
        assert without_locks("merge", out, *parts) == (2, f"experiments.merge: {said}\n")
    assert contents(tmp_path) == before
    assert not (tmp_path / "new").exists()


def without_locks(command: str, *arguments: str | Path) -> tuple[int, str]:
    """How a command ends, and what it says on stderr."""
    code = WITHOUT_LOCKS + "import sys; from experiments.cli.process import run_as_program;"
    code += f"run_as_program('experiments.{command}')"
    program = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@needs_a_filter
def test_the_folders_to_join_need_no_locks(parts: list[Path]) -> None:
    code = "import sys; from pathlib import Path; from experiments.store.store import Store;"
    code += "opened = Store(Path(sys.argv[1]), writes=False, is_finished=True);"
    code += "print(sum(len(list(opened.runs(number))) for number, _ in opened.all_configurations()))"
    command = [sys.executable, "-c", WITHOUT_LOCKS + code, str(parts[0] / STORE)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (f"{N_RUNS // N}\n", "")


def test_a_shard_of_nothing_is_a_shard(nursery: Nursery, tmp_path: Path) -> None:
    """More shards than runs."""
    arguments = ["--hidden", "1", "--lr", "1", "--seeds", "4"]
    folders = [shard(nursery, tmp_path / str(k), f"{k}/3", *arguments) for k in (1, 2, 3)]
    assert sorted(map(stored_in, folders)) == [0, 0, 1]
    assert merge(nursery, tmp_path / "out", *folders).status == 0
    assert csv_files(tmp_path / "out")[CURVES].count(b"\n") == 1 + 11
    assert set(FILES) < {path.name for path in (tmp_path / "out").iterdir()}
