"""A process whose forks run the command line, and folders to begin with."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.processes import LONGEST_WAIT, RUNS, SMALLER, SWEEP, Nursery, assert_complete, csv_files, program


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.close()


@pytest.fixture(scope="session")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of the sweep, uninterrupted, in batches of the usual size."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    with program(*SWEEP, "--out", folder) as process:
        _, err = process.communicate(timeout=LONGEST_WAIT)
    assert (process.returncode, err) == (0, "")
    written = csv_files(folder)
    assert len(written) == 3
    assert_complete(folder, written, RUNS, stored=0)
    return written


@pytest.fixture(scope="session")
def smaller(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds a part of the sweep."""
    folder = tmp_path_factory.mktemp("smaller")
    assert nursery.run(*SMALLER, "--out", folder).status == 0
    return folder


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own, which a test may fill."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(folder)]
    if sys.platform != "linux" or os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a disk, and not everywhere")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
