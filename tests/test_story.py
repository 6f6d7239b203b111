"""docs/story.md: its commands and its script print what the page shows.

Plots are not drawn here: they take longer than everything else.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.machines import ROOT
from tests.helpers.manual import COMMAND, missing, page, run

PAGE = page("docs/story.md")
MOST_COMMANDS = 10
NEAR = 0.02  # tolerance for scores, which may depend on the version of scikit-learn
SCRIPT = re.compile(r"^```python\n(.*?)^```$.*?^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"\d+\.\d+")


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
        plots = ["--no-plots"] * ("experiments.grid" in command)
        assert missing(shown, run(command, capsys, *plots)) == [], command
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
    assert missing("a, about ...\nc\n", "a, about 3 s\nc") == []
    assert missing("a, about ...\n", "b, about 3 s") == ["a, about ..."]
