"""Everything at once, for a minute; ``python -m tests.helpers.night 3600`` does it for an hour."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.night import Night, request, small_disk


@pytest.mark.slow
def test_a_long_night_in_short(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "16m") as disk:
        if disk is None:
            pytest.skip("only root can mount a disk, and not everywhere")
        night = Night(
            request(120, 50_000), seconds=60, kill=8, stop=15, fill=20, pause=3, folder=tmp_path, disk=disk
        )  # fmt: skip
        night.run()
    print(dict(sorted(night.counts.items())))
    assert night.faults == []
    for what in ("sweeps", "workers killed", "stopped", "disk filled", "reads"):
        assert night.counts[what], what
