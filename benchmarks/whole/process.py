"""A command and all the processes it starts: how long they take, and how much memory at once."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.worker import WorkerError

_INTERVAL = 0.2  # seconds between two looks at the memory
_PROC = Path("/proc")


@dataclass(frozen=True)
class Outcome:
    """What a command did.

    wall: seconds until it ended
    cpu: seconds of the processor, of all its processes
    memory: the largest sum over its processes, in bytes; what several share counts once. None where there is no /proc
    lines: what it printed, with the second in which each line came
    """

    wall: float
    cpu: float
    memory: int | None
    lines: list[tuple[float, str]]


def run(command: Sequence[str], environment: Mapping[str, str], cwd: Path, limit: float) -> Outcome:
    """Run the command. Raises WorkerError if its status is not 0, or it takes longer than ``limit`` seconds."""
    with tempfile.TemporaryFile("w+", errors="replace") as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
        before = os.times()
        tree = _Tree(process.pid)
        late = threading.Timer(limit, tree.kill)
        late.start()
        watching = threading.Thread(target=tree.watch)
        watching.start()
        try:
            assert process.stdout is not None
            with process.stdout:
                lines = [(time.perf_counter() - start, line.rstrip()) for line in process.stdout]
            status = process.wait()
            wall = time.perf_counter() - start
        except BaseException:
            tree.kill()
            process.wait()
            raise
        finally:
            late.cancel()
            tree.stop()
            watching.join()
        if status:
            errors.seek(0)
            last = (errors.read().strip().splitlines() or [""])[-1]
            raise WorkerError(f"more than {limit:.0f} s" if wall >= limit else f"status {status}: {last}")
    after = os.times()
    waited_for = after.children_user + after.children_system - before.children_user - before.children_system
    return Outcome(wall, max(waited_for, tree.cpu), tree.memory, lines)


class _Tree:
    """A process and its descendants, looked at again and again."""

    def __init__(self, root: int) -> None:
        self.root = root
        self.memory: int | None = None
        self._cpu: dict[int, float] = {}
        self._stopped = threading.Event()

    @property
    def cpu(self) -> float:
        """Seconds of all processes seen: daemons, which nobody waits for, are in no other sum."""
        return sum(self._cpu.values())

    def watch(self) -> None:
        """Look until stopped."""
        while True:
            self._look()
            if self._stopped.wait(_INTERVAL):
                return

    def stop(self) -> None:
        """End ``watch``."""
        self._stopped.set()

    def kill(self) -> None:
        """End all processes."""
        for pid in (self.root, *self._pids()):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)

    def _look(self) -> None:
        total = 0
        for pid in self._pids():
            with contextlib.suppress(OSError):
                total += _memory(pid)
        if total:
            self.memory = max(self.memory or 0, total)

    def _pids(self) -> list[int]:
        children = defaultdict(list)
        ticks: dict[int, float] = {}
        for folder in _PROC.glob("[0-9]*"):
            with contextlib.suppress(OSError):
                # After the name, which may hold anything: state, parent, and farther on the times of user and system.
                fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
                children[int(fields[1])].append(int(folder.name))
                ticks[int(folder.name)] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        found = [self.root] if self.root in ticks else []
        for pid in found:
            found += children[pid]  # and so on to their children
            self._cpu[pid] = ticks[pid]
        return found


def _memory(pid: int) -> int:
    for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
