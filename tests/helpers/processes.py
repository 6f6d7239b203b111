"""Sweeps in processes of their own, which can be killed."""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple, NoReturn

from experiments import files, locks, orchestration
from experiments.files import STORE, ResultsError
from experiments.maps import store as map_store
from experiments.results import read
from experiments.store import database, lock, store
from experiments.tables import csv_files as tables_as_csv
from tests.helpers.machines import ROOT
from tests.helpers.maps import MAP

CSV_FILES = files.FILES[:3]
LONGEST_WAIT = 60  # seconds, on a busy machine
LONGEST_COMMAND = 600  # seconds; a command of the nursery that takes longer hangs
BATCH = 2**19  # of work: some five runs of the sweep below
# Batches of several runs, of which some span two configurations.
SWEEP = ["--hidden", "0", "1", "--learning-rate", "0.1", "1.2", "--seeds", "0:3", "--iterations", "10"]
SWEEP += ["--no-plots", "--jobs", "1"]
RUNS = 12
SMALLER = [*SWEEP[:1], *SWEEP[2:]]  # a part of it


class Outcome(NamedTuple):
    """How a command ended."""

    status: int  # as subprocess has it: negative for a signal
    out: str
    err: str
    memory: int  # bytes, at most


class Nursery:
    """Runs the command line in forks of a process that has imported and compiled everything; see ``nurse``."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from tests.helpers.processes import nurse; nurse()"],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=ROOT,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, *arguments: str | Path, batch: int = BATCH, command: str = "grid", **event: Any) -> Outcome:
        """Run a command. ``event`` is what happens to it: see ``happen``."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([command, list(map(str, arguments)), batch, event]) + "\n")
        self._process.stdin.flush()
        return Outcome(*json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate()


def nurse() -> None:
    """Fork the command line for every line of stdin, and say on stdout how it ended."""
    from experiments import merging
    from experiments.cli import grid
    from experiments.runner import work

    merging._MOST_RUNS = 5

    with tempfile.TemporaryDirectory() as folder:
        assert grid.main([*SWEEP, "--quiet", "--out", folder]) == 0
    has_map = False
    for line in sys.stdin:
        command, arguments, size, event = json.loads(line)
        if command == "map" and not has_map:  # what maps need beside that
            from experiments.cli import map as of_maps

            with tempfile.TemporaryDirectory() as folder:
                assert of_maps.main([*MAP, "--size", "64", "--jobs", "1", "--quiet", "--out", folder]) == 0
            has_map = True
        work._SHORTEST_BATCH = work._LONGEST_BATCH = size
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = os.fork()
            if child == 0:
                _be_born(command, arguments, event, out.fileno(), err.fileno())
            _, status, used = os.wait4(child, 0)
            said = []
            for file in (out, err):
                file.seek(0)
                said.append(file.read().decode(errors="replace"))
        memory = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        print(json.dumps([os.waitstatus_to_exitcode(status), *said, memory]), flush=True)


def _be_born(command: str, arguments: list[str], event: dict[str, Any], out: int, err: int) -> NoReturn:
    status: Any = 99
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        from experiments.cli.process import run_as_program

        sys.argv = [command, *arguments]
        signal.alarm(LONGEST_COMMAND)
        if event:
            happen(**event)
        try:
            run_as_program(f"experiments.{command}", "nothing was written")
        except SystemExit as exit_:
            status = exit_.code
    except BaseException:  # noqa: BLE001 - nothing may get out of here into the loop of the nursery
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status or 0)


# The steps that change a file or a lock: the functions that are called, in which files; in the store's, also by whom.
STEPS = {
    "store": {"connect", "execute", "executemany"},
    "lock": {"mkdir", "open", "flock", "ftruncate", "write", "unlink", "close"},
    "tables": {
        *("flock", "unlink", "mkstemp", "open", "writerows", "write", "flush", "detach", "fsync", "chmod", "replace")
    },
}
WRITERS = {"_transaction", "_patiently", "add", "begin", "write"}
FILES = {
    "store": {store.__file__, database.__file__, map_store.__file__},
    "lock": {lock.__file__, locks.__file__},
    "tables": {files.__file__, locks.__file__, tables_as_csv.__file__, orchestration.__file__},
}


def happen(what: str, at: int, where: str, functions: Sequence[str] = (), **about: Any) -> None:
    """Let something happen ``at`` a step: before step 1, after it, before step 2, ... of those ``where``.

    where: "store", "lock" or "tables", if need be only certain ``functions``; or "sqlite", its system calls.
    what: "kill", "SIGINT", "SIGTERM"; "tear", a system call that is killed after half of what it writes; or "fill"
        and "limit", to the disk or the size of files, with ``ballast`` or ``size``.
    """
    if where == "sqlite":
        _at_system_call(at, half=what == "tear")
        return
    within, names = FILES[where], set(functions) or STEPS[where]
    seen = 0

    def look(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal seen
        caller, name = frame.f_back, frame.f_code.co_name
        if event.startswith("c_"):
            caller, name = frame, argument.__name__
        if caller is None or caller.f_code.co_filename not in within or name not in names:
            return
        if caller.f_code.co_filename == orchestration.__file__ and not event.startswith("c_"):
            return  # what Python does there changes no file
        if where == "store" and caller.f_code.co_name not in WRITERS:
            return
        seen += 1
        if seen == at:
            sys.setprofile(None)
            _do(what, **about)

    sys.setprofile(look)


def _do(what: str, ballast: str = "", size: int = 0) -> None:
    if what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "limit":
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    elif what == "fill":
        with open(ballast, "wb", buffering=0) as file:
            for n in (2**16, 2**10, 1):
                try:
                    while file.write(bytes(n)) == n:
                        pass
                except OSError:
                    continue
    else:
        os.kill(os.getpid(), getattr(signal, what))


class _FileSystem(ctypes.Structure):
    """SQLite's sqlite3_vfs, as its C header has it. Its last entries are there for tests such as these."""


_GetCall = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.POINTER(_FileSystem), ctypes.c_char_p)
_SetCall = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_FileSystem), ctypes.c_char_p, ctypes.c_void_p)
_FileSystem._fields_ = [
    ("version", ctypes.c_int),
    ("sizes", ctypes.c_int * 2),
    ("pointers", ctypes.c_void_p * 3),
    ("methods", ctypes.c_void_p * 13),
    ("set_call", _SetCall),
    ("get_call", _GetCall),
]
_SYSTEM_CALLS = {  # that change a file: what they return and take
    "write": (ctypes.c_ssize_t, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t),
    "pwrite": (ctypes.c_ssize_t, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int64),
    "pwrite64": (ctypes.c_ssize_t, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int64),
    "ftruncate": (ctypes.c_int, ctypes.c_int, ctypes.c_int64),
    "unlink": (ctypes.c_int, ctypes.c_char_p),
}
_kept: list[Any] = []  # callbacks, for as long as SQLite may call them


def sqlite_library() -> Any:
    """The very library that Python's sqlite3 uses, or None if that is linked in."""
    try:
        library: Any = ctypes.CDLL(ctypes.util.find_library("sqlite3"))
        library.sqlite3_libversion.restype = ctypes.c_char_p
        library.sqlite3_vfs_find.restype = ctypes.POINTER(_FileSystem)
        import _sqlite3

        shared = b"sqlite3_libversion" not in Path(_sqlite3.__file__).read_bytes() or sys.platform == "linux"
        return library if shared and library.sqlite3_libversion().decode() == sqlite3.sqlite_version else None
    except (OSError, AttributeError):
        return None


def _at_system_call(at: int, half: bool) -> None:
    """Kill before a system call of SQLite, or in the middle of what it writes."""
    system = sqlite_library().sqlite3_vfs_find(None)
    seen = 0

    def replaced(name: str) -> None:
        address = system.contents.get_call(system, name.encode())
        if not address:
            return
        signature = ctypes.CFUNCTYPE(*_SYSTEM_CALLS[name])
        original = signature(address)

        def call(*arguments: Any) -> Any:
            nonlocal seen
            seen += 1
            if seen == at:
                if half and "write" in name:
                    original(*arguments[:2], arguments[2] // 2, *arguments[3:])
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*arguments)

        callback = signature(call)
        _kept.extend((original, callback))
        assert system.contents.set_call(system, name.encode(), ctypes.cast(callback, ctypes.c_void_p)) == 0

    for name in _SYSTEM_CALLS:
        replaced(name)


def csv_files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in CSV_FILES if (folder / name).exists()}


def stored_in(folder: Path) -> int:
    """The number of runs in a store. It is left alone, with what a killed writer left half done in it."""
    with tempfile.TemporaryDirectory() as copied:
        for path in folder.glob(f"{STORE}*"):
            shutil.copy(path, copied)
        with store.stored_in(Path(copied)) as stored:
            if stored is None:
                return 0
            return sum(len(list(stored.runs(number))) for number, _ in stored.all_configurations())


def assert_complete(folder: Path, expected: Mapping[str, bytes], runs: int, stored: int) -> None:
    """The files of an uninterrupted sweep, every run once, of which ``stored`` were not computed again."""
    assert csv_files(folder) == expected
    assert list(folder.glob(".*")) == []  # nothing half written
    results = read(folder)
    assert len(results.runs) == runs
    assert not results.runs.duplicated(results.columns).any()
    counts = results.manifest["counts"]
    assert (counts["runs"], counts["computed"], counts["reused"]) == (runs, runs - stored, stored)
    connection = sqlite3.connect(folder / STORE)
    assert connection.execute("SELECT count(*) FROM runs").fetchone() == (runs,)
    connection.close()


def program(*arguments: str | Path, batch: int = 0, name: str = "grid", **how: Any) -> subprocess.Popen[str]:
    """A command in a new interpreter and a group of its own."""
    code = f"import sys; sys.argv[0] = {name!r}\n"
    if batch:
        code += "from experiments.runner import work\n"
        code += f"work._SHORTEST_BATCH = work._LONGEST_BATCH = {batch}\n"
    code += "from experiments.cli.process import run_as_program\n"
    code += f"run_as_program('experiments.{name}', 'nothing was written')"
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, text=True, start_new_session=True, **streams)


PLAN = r"[\d,]+ runs( \([\d,]+ stored\))?, about "
GOES_ON = "run the same command to continue"
LONG = ["--hidden", "50", "--lr", "1.2", "--seeds", "0:300", "--iterations", "20000", "--no-plots", "--yes", "-j", "1"]
AS_THEY_WERE, BEING_REPLACED = "the tables are unchanged", "the tables were being replaced"
STATE = r"experiments.grid: interrupted; (\d+) of (\d+) runs are stored, "
STATE += rf"({AS_THEY_WERE}|{BEING_REPLACED}); {GOES_ON}\n"


def assert_interrupted(status: int, err: str, number: signal.Signals, folder: Path, before: int, batch: int) -> int:
    """The status and the one line of an interrupted sweep; returns how many runs are stored, ``before`` it or by it.

    The line may leave out a batch that was stored at that very moment.
    """
    assert status == 128 + number
    stored = stored_in(folder) if folder.exists() else 0
    said = re.fullmatch(STATE, err)
    if said is None:
        assert err == "experiments.grid: interrupted; nothing was written\n"
        assert stored == before
    else:
        assert int(said[1]) <= stored <= int(said[1]) + batch
    return stored


def has_stored(folder: Path) -> bool:
    """Whether a sweep that runs has stored something; no, too, where the copy is of a moment within a transaction."""
    try:
        return stored_in(folder) > 0
    except (FileNotFoundError, ResultsError):
        return False


def alive(group: int) -> list[int]:
    """The processes of a group that are not just waiting to be forgotten."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,pgid=,stat="], capture_output=True, text=True, check=True)
    rows = [line.split() for line in listed.stdout.splitlines()]
    return [int(pid) for pid, of_group, state in rows if int(of_group) == group and state[0] != "Z"]


def assert_ends(group: int) -> None:
    """No process is left of a group, after a moment."""
    give_up = time.monotonic() + LONGEST_WAIT
    while (left := alive(group)) and time.monotonic() < give_up:
        time.sleep(0.05)
    if left:
        os.killpg(group, signal.SIGKILL)
    assert left == []


def run_killed(nursery: Nursery, arguments: Sequence[str], out: Path) -> None:
    """Run a sweep that is killed at every fourth write to its store, again and again until it ends by itself."""
    stored = [0]
    while True:
        how = [*arguments, "--jobs", "1", "--out", str(out)]
        attempt = nursery.run(*how, what="kill", where="store", functions=["executemany"], at=4)
        stored.append(stored_in(out))
        if attempt.status == 0:
            break
        assert attempt.status == -signal.SIGKILL
    assert len(set(stored)) >= 3


def run_on(backend: str, arguments: Sequence[str], out: Path) -> None:
    """Run a sweep with two jobs of a backend."""
    with program(*arguments, "--jobs", "2", "--backend", backend, "--out", out) as process:
        _, err = process.communicate(timeout=2 * LONGEST_WAIT)
    assert (process.returncode, err) == (0, "")
