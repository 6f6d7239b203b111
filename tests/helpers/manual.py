"""The pages of the manual, as a reader follows them: their commands, what these print, and their blocks of Python.

A command is an indented line that begins with the name of a program. The block below it, if there is one, is its
output; ``...`` in it stands for omitted lines, such as those with a time.
"""

from __future__ import annotations

import glob
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

import pytest

from tests.helpers.machines import ROOT

COMMAND = re.compile(r"^    (\S[^\n]*)$(?:\n\n```\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
PROGRAMS = ("python", "python3", "make", "planar-sweep", "pip", "dask", "head")
INLINE = re.compile(r"`((?:python -m experiments\.|planar-sweep |make )[^`\n]*)`")
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INDENTED_PYTHON = re.compile(r"^(?: {4}(?:from|import) [^\n]*\n)(?: {4}[^\n]*\n|\n(?= {4}))*", re.MULTILINE)
LONG = re.compile(r"\d\.\d{7,}(?:e-\d+)?")  # the last digits of a probability change with the arithmetic


def page(name: str) -> str:
    """The text of a page, by its path from the project's folder."""
    return (ROOT / name).read_text(encoding="utf-8")


def commands(text: str) -> list[tuple[str, str]]:
    """Commands with the output that is shown of them, or an empty text."""
    outside = re.sub(r" \\\n +", " ", PYTHON.sub("", text))
    return [(command, shown) for command, shown in COMMAND.findall(outside) if command.split()[0] in PROGRAMS]


def named(text: str) -> list[str]:
    """Commands within sentences, which may be only the beginning of one."""
    return INLINE.findall(PYTHON.sub("", text))


def scripts(text: str) -> list[str]:
    """Blocks of Python."""
    indented = ["\n".join(line[4:] for line in block.splitlines()) for block in INDENTED_PYTHON.findall(text)]
    return PYTHON.findall(text) + indented


def main_of(command: str) -> Callable[[Sequence[str]], int | None]:
    """What ``python -m experiments.NAME`` runs."""
    home = "experiments.walkthrough" if command == "walkthrough" else f"experiments.cli.{command}"
    main: Callable[[Sequence[str]], int | None] = import_module(home).main
    return main


def run(command: str, capsys: pytest.CaptureFixture[str], *further: str) -> str:
    """The output of a command; commands of this project run in this process, with ``further`` options.

    As in a shell, ``*`` stands for files, ``#`` begins a comment and ``>`` leads into a file.
    """
    words = [w for word in shlex.split(command, comments=True) for w in (sorted(glob.glob(word)) or [word])]
    words, into = (words[:-2], words[-1]) if ">" in words else (words, None)
    if words[:2] == ["python", "-m"] and words[2].startswith("experiments."):
        words = ["planar-sweep", words[2].removeprefix("experiments."), *words[3:]]
    if words[0] != "planar-sweep":
        words[0] = {"python": sys.executable}.get(words[0], words[0])
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout
    capsys.readouterr()
    assert main_of(words[1])([*words[2:], *further]) in (0, None), command
    out, err = capsys.readouterr()
    if into is not None:
        Path(into).write_text(out, encoding="utf-8")
    return err + out


def missing(shown: str, said: str) -> list[str]:
    """The lines of a block from the first one that the output does not have in its place.

    A line that ends in ``...`` stands for any line that begins like it.
    """
    lines, rest = (LONG.sub(lambda found: f"{float(found[0]):.6g}", text).splitlines() for text in (shown, said))

    def equal(line: str, other: str) -> bool:
        return other.startswith(line[:-3]) if line.endswith("...") else line == other

    while lines:
        if lines[0] == "...":
            lines = lines[1:]
            while lines and rest and not equal(lines[0], rest[0]):
                rest = rest[1:]
            if not lines:
                return []
        elif rest and equal(lines[0], rest[0]):
            lines, rest = lines[1:], rest[1:]
        else:
            return lines
    return [f"unexpected: {line}" for line in rest]
