"""What ``Sweep.run`` shows: in a notebook everything, in a script nothing unless it is asked for."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest

from experiments.progress import Shown, is_notebook
from experiments.runner.observer import Observer, Standing
from experiments.sweep import Sweep

FIRST, SECOND = Standing(6, 8, 0, 0), Standing(8, 8, 6, 1)


def a_sweep() -> Sweep:
    return Sweep(hidden=[0, 1], learning_rate=1, seed=range(3), iterations=20)


def test_a_script_says_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    a_sweep().run(out=tmp_path)
    assert capfd.readouterr() == ("", "")


def test_a_script_shows_what_it_is_asked_for(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    a_sweep().run(out=tmp_path, progress=True)
    out, err = capfd.readouterr()
    lines = err.replace("\r", "\n").splitlines()
    assert out == ""
    assert lines[0].startswith("6 runs, about ")
    assert any("0/6 runs" in line for line in lines)
    files = "runs.csv, curves.csv, summary.csv, sweep.json, sweep.sqlite"
    assert lines[-1].lstrip() == f"written to {tmp_path}/: {files}"


def test_an_observer_is_told_instead(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    a_sweep().run(out=tmp_path, observer=Observer(), progress=True)
    assert capfd.readouterr() == ("", "")


def test_the_bar_is_gone_after_an_error(tmp_path: Path) -> None:
    closed = mock.Mock()
    with (
        mock.patch.object(Shown, "building", side_effect=KeyboardInterrupt),
        mock.patch.object(Shown, "close", closed),
        pytest.raises(KeyboardInterrupt),
    ):
        a_sweep().run(out=tmp_path, progress=True)
    assert closed.called


def test_a_race_is_a_line_for_each_round_in_a_script(capfd: pytest.CaptureFixture[str]) -> None:
    shown = Shown("out", in_notebook=False)
    for standing in (FIRST, SECOND):
        shown.raced(standing)
    assert capfd.readouterr().err.splitlines() == [
        "6 seeds: 8 of 8 configurations left",
        "8 seeds: 2 of 8 configurations left, 1 of them within the margin of the best",
    ]


def test_a_race_is_one_table_that_grows_in_a_notebook() -> None:
    shown, handle, displayed = Shown("out", in_notebook=True), mock.Mock(), list[Any]()

    def display(what: Any, display_id: bool) -> Any:
        assert display_id
        displayed.append(what)
        return handle

    with mock.patch.dict(sys.modules, {"IPython.display": SimpleNamespace(display=display)}):
        for standing in (FIRST, SECOND):
            shown.raced(standing)
    (table,) = displayed
    handle.update.assert_called_once_with(table)
    rows = table._repr_html_().split("<tr>")[2:]
    assert [row.split("</td>")[:5] for row in rows] == [
        ["<td>6", "<td>0", "<td>0", "<td>8", "<td>8"],
        ["<td>8", "<td>6", "<td>1", "<td>1", "<td>2"],
    ]
    assert len(repr(table).splitlines()) == 2


def test_what_is_no_kernel_is_no_notebook() -> None:
    assert not is_notebook()
    for name, expected in (("IPKernelApp", True), ("TerminalIPythonApp", False)):
        shell = SimpleNamespace(config={name: {}})
        ipython = SimpleNamespace(get_ipython=lambda shell=shell: shell)
        with mock.patch.dict(sys.modules, {"IPython": ipython}):
            assert is_notebook() == expected
