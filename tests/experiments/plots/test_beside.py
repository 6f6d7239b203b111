"""experiments.plots.beside: a second process takes jobs from the end, and costs none if something happens to it."""

from __future__ import annotations

import os
import signal
import time
from collections import deque
from pathlib import Path

import joblib
import psutil
import pytest

from experiments.plots import gallery
from experiments.plots.beside import taking_turns
from experiments.results import read
from experiments.sweep import Sweep

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
    with taking_turns(waiting, process_of, done):
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
    with taking_turns(waiting, do, done):  # type: ignore[arg-type]
        pass
    assert list(done) == [4, 3]
    assert list(waiting) == [0, 1, 2]


@TWO_CORES
def test_an_error_meanwhile_ends_it() -> None:
    waiting, done = deque(range(3)), dict[int, int]()
    with pytest.raises(ZeroDivisionError), taking_turns(waiting, process_of, done):  # noqa: PT012
        wait_until(lambda: len(done) == 3)
        raise ZeroDivisionError
    wait_until(lambda: not is_alive(done[0]))


def test_on_one_core_nothing_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joblib, "cpu_count", lambda: 1)
    waiting, done = deque(range(3)), dict[int, int]()
    with taking_turns(waiting, process_of, done):
        pass
    assert (list(waiting), done) == ([0, 1, 2], {})


def test_where_no_process_can_start_nothing_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    def cannot(jobs: int) -> None:
        raise BlockingIOError

    monkeypatch.setattr("experiments.plots.beside.processes", cannot)
    waiting, done = deque(range(3)), dict[int, int]()
    with taking_turns(waiting, process_of, done):
        pass
    assert (list(waiting), done) == ([0, 1, 2], {})


def test_two_processes_draw_the_bytes_of_one(tmp_path: Path) -> None:
    results = Sweep(hidden=[1, 2], learning_rate=1, seed=range(2), iterations=2).run(out=tmp_path)
    of_two = {path.name: path.read_bytes() for path in gallery.draw_all(tmp_path, results, read=read)}
    of_one = {path.name: path.read_bytes() for path in gallery.draw_all(tmp_path, results)}
    assert of_two == of_one
    assert len(of_one) >= 4
