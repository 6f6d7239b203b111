"""The store -> tables, in one reading."""

from __future__ import annotations

from experiments.store.store import CURVES

TEST_SCORE = CURVES.index("test_score")
