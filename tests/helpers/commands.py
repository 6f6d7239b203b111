"""A sweep that takes no time, as a command, and what is said of its plan."""

from __future__ import annotations

import sys

import pytest

TINY = ["--hidden", "1", "2", "--lr", "1.2", "--seeds", "0:2", "--iterations", "10", "--no-plots"]
PLAN = r"[\d,]+ runs( \([\d,]+ stored\))?, about [\d,.]+ (s|min|h|days), [\d,.]+ [kMGT]B of memory, "
PLAN += r"[\d,.]+ [kMGT]B on disk"

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="a limit or a folder of Linux")
