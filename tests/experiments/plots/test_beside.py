"""experiments.plots.beside: a second process takes jobs from the end, and costs none if something happens to it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

import joblib
import psutil
import pytest

from experiments.plots import gallery
from experiments.plots.beside import second_process, taking_turns
from experiments.results import read
from experiments.sweep import Observer, Prepared, Sweep

TWO_CORES = pytest.mark.skipif(joblib.cpu_count() < 2, reason="one core")


def process_of(job: int) -> int:
    return os.getpid()


def fails_at_2(job: int) -> int:
    if job == 2:
        raise OSError("2")
    return os.getpid()


def is_killed_at_2(job: int) -> int:
    if job == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def wait_until(is_so: object) -> None:
    end = time.monotonic() + 60
    while not is_so() and time.monotonic() < end:  # type: ignore[operator]
        time.sleep(0.01)
    assert is_so()  # type: ignore[operator]


@TWO_CORES
def test_a_second_process_takes_jobs_from_the_end() -> None:
    waiting, done = deque(range(5)), dict[int, int]()
    with second_process() as kept, taking_turns(kept, waiting, process_of, done):
        assert waiting.popleft() == 0
        wait_until(lambda: not waiting)
    assert list(done) == [4, 3, 2, 1]
    assert len({*done.values(), os.getpid()}) == 2
    wait_until(lambda: not any(psutil.pid_exists(pid) and is_alive(pid) for pid in done.values()))


def is_alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@TWO_CORES
@pytest.mark.parametrize("do", [fails_at_2, is_killed_at_2])
def test_a_job_that_it_cannot_do_is_left_in_the_queue(do: object) -> None:
    waiting, done = deque(range(5)), dict[int, int]()
    with second_process() as kept, taking_turns(kept, waiting, do, done):  # type: ignore[arg-type]
        pass
    assert list(done) == [4, 3]
    assert list(waiting) == [0, 1, 2]


@TWO_CORES
def test_it_can_be_started_before_and_then_has_what_drawing_needs() -> None:
    waiting, done = deque(range(3)), dict[int, Any]()
    with second_process(at_once=True) as kept:
        begun = kept.at_least(1, 1)
        with taking_turns(kept, waiting, imported_and_process_of, done):
            wait_until(lambda: not waiting)
        assert kept.at_least(1, 1) is begun
    assert [has for has, _ in done.values()] == [True] * 3
    wait_until(lambda: not is_alive(done[0][1]))


def imported_and_process_of(job: int) -> tuple[bool, int]:
    return {"experiments.plots.gallery", "scipy.special"} <= set(sys.modules), os.getpid()


@TWO_CORES
def test_an_error_meanwhile_ends_it() -> None:
    waiting, done = deque(range(3)), dict[int, int]()
    with pytest.raises(ZeroDivisionError), second_process() as kept, taking_turns(kept, waiting, process_of, done):  # noqa: PT012
        wait_until(lambda: len(done) == 3)
        raise ZeroDivisionError
    wait_until(lambda: not is_alive(done[0]))


def test_on_one_core_nothing_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joblib, "cpu_count", lambda: 1)
    waiting, done = deque(range(3)), dict[int, int]()
    with second_process() as kept, taking_turns(kept, waiting, process_of, done):
        pass
    assert (list(waiting), done) == ([0, 1, 2], {})


@pytest.mark.parametrize("at_once", [False, True])
def test_where_no_process_can_start_nothing_is_taken(at_once: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def cannot(jobs: int) -> None:
        raise BlockingIOError

    monkeypatch.setattr("experiments.processes.processes", cannot)
    waiting, done = deque(range(3)), dict[int, int]()
    with second_process(at_once) as kept, taking_turns(kept, waiting, process_of, done):
        pass
    assert (list(waiting), done) == ([0, 1, 2], {})


def test_two_processes_draw_the_bytes_of_one(tmp_path: Path) -> None:
    results = Sweep(hidden=[1, 2], learning_rate=1, seed=range(2), iterations=2).run(out=tmp_path)
    of_two = {path.name: path.read_bytes() for path in gallery.draw_all(tmp_path, results, read=read)}
    of_one = {path.name: path.read_bytes() for path in gallery.draw_all(tmp_path, results)}
    assert of_two == of_one
    assert len(of_one) >= 4


@TWO_CORES
@pytest.mark.parametrize(("most", "waits"), [(60, True), (0, False)])
def test_the_process_waits_for_a_short_sweep_only(
    most: int, waits: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.orchestration.MOST_SECONDS_KEPT", most)
    before, during = drawing_processes(), list[int]()

    class Watching(Observer):
        def accepted(self, prepared: Prepared) -> None:
            if not waits:  # it takes a moment to end
                wait_until(lambda: not drawing_processes() - before)
            during.extend(drawing_processes() - before)

    sweep = Sweep(hidden=[1, 2], learning_rate=1, seed=range(2), iterations=2)
    results = sweep.run(out=tmp_path, plots=True, observer=Watching())
    assert len(during) == waits
    drawn = {path.name: path.read_bytes() for path in (tmp_path / "plots").iterdir()}
    assert drawn == {path.name: path.read_bytes() for path in gallery.draw_all(tmp_path, results)}
    wait_until(lambda: not drawing_processes() - before)


def drawing_processes() -> set[int]:
    """The processes of loky below this one, apart from the one that cleans up after them."""
    found = set()
    for each in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended
            if each.status() != psutil.STATUS_ZOMBIE and "popen_loky_posix" in " ".join(each.cmdline()):
                found.add(each.pid)
    return found
