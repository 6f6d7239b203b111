"""experiments.sweep: one orchestration, told of step by step, which can be ended at any of them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from experiments import Sweep, read
from experiments.files import FILES, PLOTS, REPORT, STORE, ResultsError
from experiments.knobs.knob import SweepError
from experiments.plots.gallery import draw_all
from experiments.processes import Kept
from experiments.results import Results
from experiments.runner import work
from experiments.store.store import stored_in
from experiments.sweep import Observer, Prepared, Progress, Stage
from experiments.text import size
from planar_core import training
from planar_core.choices import NUMERICS

REQUEST: dict[str, Any] = {"hidden": [0, 2, 2], "learning_rate": 1.2, "seed": range(4), "iterations": 10}
RUNS = 8


@pytest.fixture(autouse=True)
def _batches_of_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_SHORTEST_BATCH", "_LONGEST_BATCH"):
        monkeypatch.setattr(work, name, 1)


@pytest.fixture(autouse=True)
def _one_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of a sweep take seconds to draw."""

    def draw(_: Results, out: Path, observer: Observer, _drawing: Kept | None) -> list[Path]:
        (out / PLOTS).mkdir()
        (out / PLOTS / "accuracy.png").touch()
        (out / REPORT).touch()
        observer.note("curves: left out")
        return [out / PLOTS / "accuracy.png", out / REPORT]

    monkeypatch.setattr("experiments.orchestration._draw", draw)


class End(BaseException):
    """As a signal ends it."""


class Diary(Observer):
    """Keeps what it is told, with the files that are there then; may end the sweep at a step."""

    def __init__(self, folder: Path, end: str = "", at: int = 1) -> None:
        self.folder, self.end, self.at = folder, end, at
        self.steps: list[str] = []
        self.files: dict[str, set[str]] = {}
        self.progress: list[Progress] = []
        self.notes: list[str] = []
        self.prepared: list[Prepared] = []
        self.stages: list[str] = []
        self.written: list[Path] = []

    def _keep(self, step: str) -> None:
        self.steps.append(step)
        self.files[step] = names_in(self.folder)
        if step == self.end and self.steps.count(step) == self.at:
            raise End

    def note(self, message: str) -> None:
        self.notes.append(message)
        self._keep("note")

    def planned(self, prepared: Prepared) -> None:
        self.prepared.append(prepared)
        self._keep("planned")

    def accepted(self, prepared: Prepared) -> None:
        self._keep("accepted")

    def began(self, progress: Progress) -> None:
        self.progress.append(progress)
        self._keep("began")

    def trained(self, progress: Progress) -> None:
        self.progress.append(progress)
        self._keep("trained")

    def building(self) -> None:
        self._keep("building")

    def advanced(self, stage: Stage) -> None:
        self.stages.append(str(stage))

    def replacing_tables(self) -> None:
        self._keep("replacing_tables")

    def drawing(self) -> None:
        self._keep("drawing")

    def finished(self, files: Sequence[Path]) -> None:
        self.written += files
        self._keep("finished")


def names_in(folder: Path) -> set[str]:
    """The files that whoever looks into a folder sees."""
    return {path.name for path in folder.iterdir() if path.name[0] != "."} if folder.exists() else set()


def stored(folder: Path) -> int:
    with stored_in(folder) as opened:
        return 0 if opened is None else sum(len(list(opened.runs(number))) for number, _ in opened.all_configurations())


def test_every_step_is_told_of_in_its_order(tmp_path: Path) -> None:
    diary = Diary(tmp_path / "out")
    results = Sweep(**REQUEST).run(jobs=1, out=diary.folder, plots=True, observer=diary)

    assert diary.steps == [
        *("note", "planned", "accepted", "began"), *["trained"] * RUNS,
        *("building", "replacing_tables", "drawing", "note", "finished"),
    ]  # fmt: skip
    assert diary.notes == ["--hidden: repeated value dropped: 2", "curves: left out"]
    (prepared,) = diary.prepared
    assert prepared.notes == tuple(diary.notes[:1])
    assert (prepared.plan.runs, prepared.plan.reused, prepared.left.n_runs) == (RUNS, 0, RUNS)
    assert [(each.runs, each.done, each.stored) for each in diary.progress] == [(RUNS, k, k) for k in range(RUNS + 1)]
    done = [each.work for each in diary.progress]
    assert done == sorted(set(done))
    assert done[0] == 0
    assert {done[-1], prepared.plan.work} == {each.total_work for each in diary.progress}

    # What stands in the folder at each step: nothing before the plan is accepted, tables when all are complete.
    assert diary.files["planned"] == diary.files["accepted"] == set()
    assert diary.files["building"] == diary.files["replacing_tables"] == {STORE, "sweep.lock"}
    assert diary.files["drawing"] == {*FILES, STORE, "sweep.lock"}
    assert diary.files["finished"] == {*FILES, STORE, PLOTS, REPORT, "sweep.lock"}
    assert diary.written == [diary.folder / name for name in (*FILES, STORE, f"{PLOTS}/accuracy.png", REPORT)]
    assert results.manifest == read(diary.folder).manifest


def test_tables_statistics_and_pictures_have_their_progress(tmp_path: Path) -> None:
    diary = Diary(tmp_path)
    Sweep(**{**REQUEST, "hidden": [1, 2]}).run(jobs=1, out=tmp_path, observer=diary)
    tables, comparing = ["tables: 0/8 runs", "tables: 8/8 runs"], "comparing: 0/2 configurations"
    assert diary.stages == [*tables, comparing]
    draw_all(tmp_path, read(tmp_path), only=["accuracy", "distribution", "data"], advanced=diary.advanced)
    assert diary.stages[3:] == [f"drawing: {k}/3 plots" for k in range(4)]
    diary.stages.clear()
    Sweep(**{**REQUEST, "hidden": [1, 2]}).run(jobs=1, out=tmp_path, observer=diary)
    assert diary.stages == []  # the tables are left as they are


def test_what_is_stored_is_told_of_as_done(tmp_path: Path) -> None:
    Sweep(**{**REQUEST, "seed": range(3)}).run(out=tmp_path)
    diary = Diary(tmp_path)
    Sweep(**REQUEST).run(jobs=1, out=tmp_path, observer=diary)
    assert [(each.runs, each.done, each.stored) for each in diary.progress] == [(8, 6, 6), (8, 7, 7), (8, 8, 8)]
    assert diary.progress[-1].work == diary.progress[-1].total_work


def test_a_sweep_without_a_folder_writes_and_replaces_nothing(tmp_path: Path) -> None:
    diary = Diary(tmp_path)
    Sweep(**REQUEST).run(jobs=1, out=None, plots=True, observer=diary)
    assert diary.steps == ["note", "planned", "accepted", "began", *["trained"] * RUNS]
    assert list(tmp_path.iterdir()) == []


def test_a_plan_may_be_refused(tmp_path: Path) -> None:
    class Thrifty(Observer):
        """Takes no sweep of more than seven runs."""

        def planned(self, prepared: Prepared) -> None:
            if prepared.plan.runs > 7:
                raise SweepError("too many")

    with pytest.raises(SweepError, match=r"^too many$"):
        Sweep(**REQUEST).run(out=tmp_path / "out", observer=Thrifty())
    assert list(tmp_path.iterdir()) == []


def test_a_plan_for_which_there_is_no_room_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2_600))
    diary = Diary(tmp_path / "out")
    sweep = Sweep(**REQUEST)
    needed = size(sweep.plan(out=None).disk)
    with pytest.raises(ResultsError) as error:
        sweep.run(out=diary.folder, observer=diary)
    message = f"not enough disk space: {needed} needed, 3 kB free; free some space, or choose another folder"
    assert str(error.value) == message
    assert diary.steps == ["note", "planned"]
    assert list(tmp_path.iterdir()) == []
    sweep.run(out=None, observer=diary)  # which needs none


@pytest.mark.parametrize(
    ("step", "at", "runs"),
    [("note", 1, 0), ("planned", 1, 0), ("accepted", 1, 0), ("began", 1, 0), ("trained", 3, 3), ("building", 1, 8),
     ("replacing_tables", 1, 8), ("drawing", 1, 8), ("finished", 1, 8)],
)  # fmt: skip
def test_whichever_step_it_ends_at_what_is_stored_stays_and_tables_are_whole(
    step: str, at: int, runs: int, tmp_path: Path
) -> None:
    Sweep(hidden=1, learning_rate=1, seed=0, iterations=3).run(out=tmp_path / "out")
    before = {name: (tmp_path / "out" / name).read_bytes() for name in FILES}
    diary = Diary(tmp_path / "out", end=step, at=at)
    with pytest.raises(End):
        Sweep(**REQUEST).run(jobs=1, out=diary.folder, plots=True, observer=diary)

    assert stored(diary.folder) == 1 + runs
    assert list(diary.folder.glob(".*")) == []
    assert "sweep.lock" not in names_in(diary.folder)
    after = {name: (diary.folder / name).read_bytes() for name in FILES}
    if step in ("drawing", "finished"):
        assert len(read(diary.folder).runs) == RUNS
    else:
        assert after == before
    again = Sweep(**REQUEST).run(out=diary.folder)
    assert (again.manifest["counts"]["computed"], again.manifest["counts"]["reused"]) == (RUNS - runs, runs)


def test_runs_of_an_earlier_arithmetic_are_said_and_trained_again(tmp_path: Path) -> None:
    def notes(**change: Any) -> list[str]:
        return [note for note in Sweep(**{**REQUEST, **change}).prepare(out=tmp_path).notes if "arithmetic" in note]

    with pytest.MonkeyPatch.context() as earlier:
        earlier.setattr("experiments.design.NUMERICS", NUMERICS - 1)
        Sweep(**REQUEST).run(out=tmp_path)
        assert notes() == []
    assert notes() == [f"{RUNS} stored runs are of an earlier version of the arithmetic and are retrained"]
    assert notes(hidden=2, seed=3) == ["1 stored run is of an earlier version of the arithmetic and is retrained"]
    assert notes(hidden=3) == []
    results = Sweep(**REQUEST).run(out=tmp_path)
    assert results.manifest["counts"]["reused"] == 0
    assert notes() == []


def test_nothing_is_drawn_if_every_run_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = Sweep(hidden=[0, 1], learning_rate=1, seed=[0], iterations=2)
    sweep.run(1, tmp_path, plots=True)
    (tmp_path / "plots" / "my own.png").touch()
    said: list[str] = []

    class Listener(Observer):
        def note(self, text: str) -> None:
            said.append(text)

    new_batch = training.new_batch

    def failing(*arguments: Any) -> Any:
        if sys._getframe(1).f_code.co_name == "_of_equal_length":  # and not when the plan measures the speed
            raise MemoryError
        return new_batch(*arguments)

    monkeypatch.setattr(training, "new_batch", failing)
    results = sweep.run(1, tmp_path, fresh=True, plots=True, observer=Listener())
    assert set(results.runs["status"]) == {"failed"}
    assert said == ["no plots and no report: every run failed"]
    # Those of the earlier sweep would show what is no longer in the tables.
    assert [path.name for path in (tmp_path / "plots").iterdir()] == ["my own.png"]
    assert not (tmp_path / "report.html").exists()
