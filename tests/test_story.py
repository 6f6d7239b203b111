"""docs/story.md: its commands and its script print what the page shows.

A command is an indented line. The block below it, if there is one, is its output; `...` stands for omitted lines, such
as those with a time. Plots are not drawn here: they take longer than everything else.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

import pytest

from tests.helpers.machines import ROOT

PAGE = (ROOT / "docs" / "story.md").read_text(encoding="utf-8")
MOST_COMMANDS = 10
NEAR = 0.02  # tolerance for scores, which may depend on the version of scikit-learn
COMMAND = re.compile(r"^    (\S[^\n]*)$(?:\n\n```\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
SCRIPT = re.compile(r"^```python\n(.*?)^```$.*?^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"\d+\.\d+")
LONG = re.compile(r"\d\.\d{7,}(?:e-\d+)?")  # the last digits of a probability change with the arithmetic


def missing(shown: str, said: str) -> list[str]:
    """The lines of a block from the first one that the output does not have in its place."""
    lines, rest = (LONG.sub(lambda found: f"{float(found[0]):.6g}", text).splitlines() for text in (shown, said))
    while lines:
        if lines[0] == "...":
            lines = lines[1:]
            while lines and rest and rest[0] != lines[0]:
                rest = rest[1:]
            if not lines:
                return []
        elif rest and rest[0] == lines[0]:
            lines, rest = lines[1:], rest[1:]
        else:
            return lines
    return [f"unexpected: {line}" for line in rest]


def run(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The output of a command of the page; commands of this project run in this process."""
    words = shlex.split(command)
    if words[:2] != ["python", "-m"]:
        words[0] = {"python": sys.executable}.get(words[0], words[0])
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout
    name = words[2].removeprefix("experiments.")
    main: Callable[[Sequence[str]], int] = import_module(f"experiments.cli.{name}").main
    plots = ["--no-plots"] * (name == "grid")
    assert main([*words[3:], *plots]) == 0
    out, err = capsys.readouterr()
    return err + out


@pytest.fixture
def beside_docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the tables of the page at the same paths as in the project."""
    (tmp_path / "docs").mkdir()
    for table in ("penguins.csv", "penguins_2009.csv"):
        shutil.copy(ROOT / "docs" / table, tmp_path / "docs")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_command_says_what_the_page_says(beside_docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = COMMAND.findall(SCRIPT.sub("", PAGE))
    assert 5 <= len(found) <= MOST_COMMANDS
    assert len(found) == PAGE.count("\n    python ") + PAGE.count("\n    head ")
    for command, shown in found:
        assert missing(shown, run(command, capsys)) == [], command
    assert (beside_docs / "penguins" / "model.json").stat().st_size > 1000


def test_the_script_runs_and_comes_near_what_the_page_says(beside_docs: Path) -> None:
    ((script, shown),) = SCRIPT.findall(PAGE)
    env = {**os.environ, "OMP_NUM_THREADS": "1"}  # more threads are slower for such small matrices
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True)
    for line, expected in zip(done.stdout.splitlines(), shown.splitlines(), strict=True):
        assert line.split()[0] == expected.split()[0]
        numbers, near = ([float(number) for number in NUMBER.findall(text)][:3] for text in (line, expected))
        assert numbers == pytest.approx(near, abs=NEAR)
    assert len((beside_docs / "predictions.csv").read_text(encoding="utf-8").splitlines()) == 121


def test_lines_that_differ_are_found() -> None:
    assert missing("a\n...\nd\n", "a\nb\nc\nd") == []
    assert missing("a\n...\n", "a\nb") == []
    assert missing("a\nc\n", "a\nb") == ["c"]
    assert missing("...\nc\n", "a\nb") == ["c"]
    assert missing("a\n", "a\nb") == ["unexpected: b"]
    assert missing("0.123456789\n", "0.123456788") == []
    assert missing("0.123456789\n", "0.123466789") == ["0.123457"]
