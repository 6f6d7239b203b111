"""What is computed in the background: once for all who ask, the latest request first, nothing that nobody waits for."""

from __future__ import annotations

import threading

import pytest

from experiments.maps.explorer import desk
from experiments.maps.explorer.desk import Desk, TooMany
from tests.experiments.maps.explorer.fake import PATIENCE, until


class Work:
    """Computes when it is allowed to."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.stopped: list[str] = []
        self.allowed = threading.Event()
        self.desk = Desk(self.compute)

    def compute(self, key: str, stop: threading.Event) -> bytes:
        self.begun.append(key)
        while not self.allowed.wait(0.005):
            if stop.is_set():
                self.stopped.append(key)
                raise RuntimeError("nobody waits")
        if key == "wrong":
            raise ValueError("this key is wrong")
        return key.encode()


@pytest.fixture
def work() -> Work:
    return Work()


def test_the_latest_request_comes_first(work: Work) -> None:
    results = {"a": work.desk.ask("a")}
    until(lambda: work.begun == ["a"])
    results |= {key: work.desk.ask(key) for key in "bcd"}
    work.desk.ask("b")  # again: now it is the latest
    work.allowed.set()
    assert {key: result.result(PATIENCE) for key, result in results.items()} == {key: key.encode() for key in "abcd"}
    assert work.begun == ["a", "b", "d", "c"]


def test_a_key_is_computed_once_for_all_who_ask(work: Work) -> None:
    asked = [work.desk.ask("a") for _ in range(3)]
    until(lambda: work.begun == ["a"])
    asked += [work.desk.ask("a") for _ in range(3)]
    for _ in range(5):
        work.desk.leave("a", asked[0])
    work.allowed.set()
    assert asked[5].result(PATIENCE) == b"a"
    assert work.begun == ["a"]
    assert work.stopped == []


def test_what_nobody_waits_for_is_not_begun_or_told_to_stop(work: Work) -> None:
    a, b, c = map(work.desk.ask, "abc")
    until(lambda: len(work.begun) == 1)
    assert work.begun == ["a"] or work.begun == ["c"]  # the thread may have been quick
    running, waiting = (("a", a), ("c", c)) if work.begun == ["a"] else (("c", c), ("a", a))
    work.desk.leave(*waiting)
    work.desk.leave(*running)
    until(lambda: work.stopped == [running[0]])
    work.allowed.set()
    assert b.result(PATIENCE) == b"b"
    assert work.begun == [running[0], "b"]


def test_a_key_that_is_stopping_is_begun_again_for_who_asks_then(work: Work) -> None:
    first = work.desk.ask("a")
    until(lambda: work.begun == ["a"])
    work.desk.leave("a", first)
    second = work.desk.ask("a")
    work.desk.leave("a", first)  # too often, and of another result: nothing happens
    work.allowed.set()
    assert second.result(PATIENCE) == b"a"


def test_an_error_is_the_askers_and_the_next_key_is_computed(work: Work) -> None:
    work.allowed.set()
    with pytest.raises(ValueError, match=r"^this key is wrong$"):
        work.desk.ask("wrong").result(PATIENCE)
    assert work.desk.ask("right").result(PATIENCE) == b"right"


def test_waiting_is_bounded(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "MOST_WAITING", 2)
    work.desk.ask("a")
    until(lambda: work.begun == ["a"])
    work.desk.ask("b")
    work.desk.ask("c")
    work.desk.ask("c")  # waits already
    with pytest.raises(TooMany):
        work.desk.ask("d")


def test_closing_ends_everything(work: Work) -> None:
    running = work.desk.ask("a")
    until(lambda: work.begun == ["a"])
    waiting = work.desk.ask("b")
    work.desk.close()
    with pytest.raises(RuntimeError):
        running.result(PATIENCE)
    assert waiting.cancelled()
    assert work.begun == ["a"]
