"""A long night: a sweep whose workers are killed, that is stopped, read beside, and runs out of disk, again and again.

``python -m tests.helpers.night 3600`` takes an hour, as root on Linux, and prints what happened. The sweep has to end
by itself or, where it ended with one line of explanation, by the same command, with the bytes of an undisturbed sweep.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from experiments.files import ResultsError
from experiments.store.store import stored_in as store_in
from tests.helpers.processes import csv_files, program

LONGEST_END = 1800  # seconds that a sweep may take when nothing disturbs it any more
DISK = "256m"
_RESERVE = 64 * 2**10  # what is left every other time the disk is filled, less than the sweep needs in the end


class Night:
    """Sweeps of the same request, one after another, for ``seconds``, each disturbed in every way.

    A worker is killed every ``kill``, the whole sweep stopped every ``stop`` for ``pause``, the disk filled every
    ``fill`` for ``pause`` (seconds). The disk is ``disk``, which nobody else uses; None: it is not filled.
    """

    def __init__(
        self, request: Sequence[str], seconds: float, kill: float, stop: float, fill: float, pause: float,
        folder: Path, disk: Path | None, seed: int = 1,
    ) -> None:  # fmt: skip
        self._request, self._seconds, self._pause = request, seconds, pause
        self._disk, self._folder = disk, folder
        self._random = random.Random(seed)
        self._every = {self._kill_a_worker: kill, self._stop: stop, self._fill: fill}
        self.counts = Counter[str]()
        self.faults: list[str] = []
        self._out, self._over = folder, threading.Event()
        self._process: subprocess.Popen[str] | None = None

    def run(self) -> None:
        """Spend the night; ``counts`` and ``faults`` say how it was."""
        undisturbed = program(*self._request, "--jobs", "1", "--out", self._folder / "undisturbed")
        reader = threading.Thread(target=self._read)
        reader.start()
        self._ends = time.monotonic() + self._seconds
        folders = list[Path]()
        try:
            while not folders or time.monotonic() < self._ends:
                folders.append((self._disk or self._folder) / f"disturbed {len(folders)}")
                self._out = folders[-1]
                self._sweep()
                self.counts["sweeps"] += 1
        finally:
            self._over.set()
            reader.join()
            _, err = undisturbed.communicate()
        if (undisturbed.returncode, err) != (0, ""):
            self.faults.append(f"the undisturbed sweep: status {undisturbed.returncode}, {err!r}")
        expected = csv_files(self._folder / "undisturbed")
        self.faults += [f"{folder.name}: other bytes" for folder in folders if csv_files(folder) != expected]

    def _sweep(self) -> None:
        """The same command, until it ends with status 0."""
        while True:
            with program(*self._request, "--jobs", "1", "--backend", "loky", "--out", self._out) as process:
                self._process = process
                self.counts["commands"] += 1
                self._disturb(process)
                try:
                    _, err = process.communicate(timeout=LONGEST_END)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    self.faults.append("it did not end")
                    return
            self.counts[f"status {process.returncode}"] += 1
            if process.returncode == 0:
                if err:
                    self.faults.append(f"success, but on stderr: {err!r}")
                return
            if process.returncode != 1 or len(err.splitlines()) != 1:
                self.faults.append(f"status {process.returncode}, {err!r}")
            if self.counts["commands"] > 10 + self._seconds:
                self.faults.append("it never gets done")
                return

    def _disturb(self, process: subprocess.Popen[str]) -> None:
        """Disturb a command until it ends, or the night does."""
        due = {what: time.monotonic() + self._random.uniform(0.3, 1) * every for what, every in self._every.items()}
        while process.poll() is None and time.monotonic() < self._ends:
            for what, at in due.items():
                if time.monotonic() > at:
                    what(process)
                    due[what] = time.monotonic() + self._random.uniform(0.7, 1.3) * self._every[what]
            time.sleep(0.1)

    def _kill_a_worker(self, process: subprocess.Popen[str]) -> None:
        with contextlib.suppress(psutil.Error):
            workers = [
                child for child in psutil.Process(process.pid).children(recursive=True)
                if any("process_executor" in part or "loky" in part for part in child.cmdline())
                and not any("resource_tracker" in part for part in child.cmdline())
            ]  # fmt: skip
            if workers:
                self._random.choice(workers).kill()
                self.counts["workers killed"] += 1

    def _stop(self, process: subprocess.Popen[str]) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGSTOP)
            self.counts["stopped"] += 1
            try:
                self._over.wait(self._pause)
            finally:
                os.killpg(process.pid, signal.SIGCONT)

    def _fill(self, process: subprocess.Popen[str]) -> None:
        if self._disk is None:
            return
        ballast, until = self._disk / "ballast", time.monotonic() + self._pause
        with ballast.open("wb", buffering=0) as file:
            with contextlib.suppress(OSError):
                while file.write(bytes(2**20)) == 2**20:
                    pass
            file.truncate(max(0, file.tell() - _RESERVE * (self.counts["disk filled"] % 2)))
        self.counts["disk filled"] += 1
        while process.poll() is None and time.monotonic() < until:
            time.sleep(0.1)
        ballast.unlink()

    def _read(self) -> None:
        """A reader, every second."""
        while not self._over.wait(1):
            try:
                with store_in(self._out) as opened:
                    if opened is not None:
                        for number, _ in opened.all_configurations():
                            seeds = [seed for seed, _ in opened.statuses(number)]
                            for seed in seeds[-3:]:
                                opened.run(number, seed)  # checks it
                csv_files(self._out)
                self.counts["reads"] += 1
            except ResultsError as error:
                self.faults.append(f"a reader: {error}")
            except OSError:
                self.counts["reads refused"] += 1  # while the sweep is stopped in a transaction, or the disk is full


@contextlib.contextmanager
def small_disk(folder: Path, size: str = DISK) -> Iterator[Path | None]:
    """A disk of its own in ``folder``; None if it cannot be mounted."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)]
    is_mounted = (
        sys.platform == "linux"
        and os.geteuid() == 0
        and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    )
    try:
        yield folder if is_mounted else None
    finally:
        if is_mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def request(runs: int, iterations: int) -> list[str]:
    """A sweep of networks that take some time and little space."""
    options = ["--hidden", "4", "--learning-rate", "0.3", "1.2", "--seeds", f"0:{runs // 2}", "--no-plots", "--yes"]
    return [*options, "--iterations", str(iterations), "--record-every", str(max(1, iterations // 5)), "--quiet"]


def main(seconds: float, runs_per_second: float) -> int:
    """Spend a night, print how it was, and return the exit status."""
    folder = Path(tempfile.mkdtemp(prefix="night"))
    with small_disk(folder / "disk") as disk:
        night = Night(request(int(seconds * runs_per_second), 50_000), seconds, 60, 400, 300, 60, folder, disk)
        night.run()
    shutil.rmtree(folder)
    print(dict(sorted(night.counts.items())))
    for fault in night.faults:
        print(fault, flush=True)
    return bool(night.faults)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 3))
