"""experiments.cli.terminal: what is said of the files, wherever a sweep is interrupted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from experiments import Sweep
from experiments.cli.terminal import Terminal
from experiments.files import FILES
from experiments.runner import work
from experiments.store.store import stored_in

STEPS = ["note", "planned", "accepted", "began", "trained", "building", "replacing_tables", "drawing", "finished"]


class Stop(BaseException):
    """As a signal stops it."""


def stopping(terminal: Terminal, step: str, at: int = 1) -> Terminal:
    """The same, and it ends the sweep as soon as it was told of a step so many times."""
    told, seen = getattr(terminal, step), [0]

    def then_stop(*arguments: Any) -> None:
        told(*arguments)
        seen[0] += 1
        if seen[0] == at:
            raise Stop

    setattr(terminal, step, then_stop)
    return terminal


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_the_state_at_every_step_is_what_is_there(
    step: str, fresh: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_SHORTEST_BATCH", "_LONGEST_BATCH"):
        monkeypatch.setattr(work, name, 1)
    monkeypatch.setattr("experiments.orchestration._draw", lambda *_: [])  # takes seconds
    request: dict[str, Any] = {"hidden": [1, 1], "learning_rate": [1, 2], "seed": range(4), "iterations": 2}
    terminal = stopping(Terminal(lambda _: None, False, False, fresh), step, at=3 if step == "trained" else 1)
    with pytest.raises(Stop):
        Sweep(**request).run(jobs=1, out=tmp_path / "out", fresh=fresh, plots=True, observer=terminal)

    stored = 0
    with stored_in(tmp_path / "out") as opened:
        if opened is not None:
            stored = sum(len(list(opened.runs(number))) for number, _ in opened.all_configurations())
    if step in ("note", "planned", "accepted"):
        assert terminal.state == "nothing was written"
        assert not (tmp_path / "out").exists()
        return
    if step == "finished":
        assert terminal.state == "all files were written"
        assert all(path.exists() for path in terminal.files)
        return
    said = re.fullmatch(
        rf"(\d+) of 8 runs are stored{' again' * fresh}, (.+); run the same command"
        rf"{' without --fresh' * fresh} to continue",
        terminal.state,
    )
    assert said is not None, terminal.state
    assert int(said[1]) == stored == {"began": 0, "trained": 3}.get(step, 8)
    assert said[2] == {
        "replacing_tables": "the tables were being replaced",
        "drawing": "the tables were written, but not all plots",
    }.get(step, "the tables are unchanged")
    assert (tmp_path / "out" / FILES[0]).exists() == (step == "drawing")
