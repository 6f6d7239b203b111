"""console: nothing that comes from a file reaches a terminal raw."""

from __future__ import annotations

import json
import os
import pty
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from experiments import Sweep, console
from experiments.files import MANIFEST, STORE
from tests.helpers.machines import ROOT

NASTY = "\x1b]0;title\x07\x1b[2J\r\x9b31m\u202egnp.\x7f"
RAW = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")
HARMLESS = r"\x1b]0;title\x07\x1b[2J\r\x9b31m\u202egnp.\x7f"


def test_lines_are_printable(capsys: pytest.CaptureFixture[str]) -> None:
    console.say(f"  {NASTY}")
    console.warn(f"a {NASTY}\n b")
    with pytest.raises(SystemExit):
        console.fail("program", NASTY)
    out, err = capsys.readouterr()
    assert out == f"  {HARMLESS}\n"
    assert err == f"a {HARMLESS} b\nprogram: {HARMLESS}\n".replace(r"\r", " ")


def command(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", f"experiments.{name}", *map(str, arguments)]
    return subprocess.run(
        program, capture_output=True, text=True, encoding="utf-8", cwd=ROOT, check=False, stdin=subprocess.DEVNULL
    )


def test_escape_sequences_in_a_store_or_a_manifest_reach_no_terminal(tmp_path: Path) -> None:
    Sweep(dataset="moons", hidden=1, learning_rate=1, seed=[0, 1], iterations=2).run(out=tmp_path)
    connection = sqlite3.connect(tmp_path / STORE)
    connection.execute("PRAGMA writable_schema = 1")
    connection.execute(f'CREATE TABLE "{NASTY}" (x)')
    connection.commit()
    connection.close()
    manifest = json.loads((tmp_path / MANIFEST).read_text(encoding="utf-8"))
    for change in ({}, {"request": {NASTY: NASTY}}, {NASTY: 1}):
        (tmp_path / MANIFEST).write_text(json.dumps({**manifest, **change}), encoding="utf-8")
        for name in ("verify", "report"):
            done = command(name, tmp_path)
            assert done.returncode == 2
            assert not RAW.search(done.stdout + done.stderr), (name, change)


def test_predictions_in_a_terminal_are_printable(tmp_path: Path) -> None:
    rows = [f"{i % 7},{i * i % 11},{('yes', NASTY)[i // 2 % 2]!r}" for i in range(40)]
    table = tmp_path / "data.csv"
    table.write_text("\n".join(["a,b,label", *(row.replace(repr(NASTY), f'"{NASTY}"') for row in rows)]))
    Sweep(dataset=str(table), hidden=1, learning_rate=1, seed=[0], iterations=2).run(out=tmp_path / "out")
    piped = command("predict", tmp_path / "out", table)
    assert piped.returncode == 0, piped.stderr
    assert "\x1b" in piped.stdout  # a file has what the table has
    ours, theirs = pty.openpty()
    program = [sys.executable, "-m", "experiments.predict", str(tmp_path / "out"), str(table)]
    process = subprocess.Popen(program, stdout=theirs, stderr=theirs, cwd=ROOT)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:  # Linux's end of file
        pass
    assert process.wait() == 0
    assert rb"\x1b]0;title\x07" in shown
    assert not RAW.search(shown.decode().replace("\r\n", "\n"))
