"""The cached script of the charts: read only from a folder to which nobody else can write."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from experiments.report import vega


@pytest.fixture(autouse=True)
def _bundled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Another bundler, since that takes seconds; and a cache folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setattr("vl_convert.javascript_bundle", lambda *_: "a </script> <!-- b")


def test_a_script_that_others_could_have_placed_is_not_read(tmp_path: Path) -> None:
    right = vega.vega()
    folder = tmp_path / "caches" / "planar-sweep" / "vega"
    (kept,) = folder.iterdir()
    evil = "evil"
    kept.write_text(f"// {hashlib.sha256(evil.encode()).hexdigest()}\n{evil}", encoding="utf-8")
    assert vega.vega() == evil  # it would be run
    folder.chmod(0o770)
    assert vega.vega() == right
    assert kept.read_text(encoding="utf-8").endswith(evil)  # nor is anything written there


def test_nothing_is_kept_without_a_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for given in ("relative", "~"):
        monkeypatch.setenv("XDG_CACHE_HOME", given)
        assert vega.vega() == r"a <\/script> <\!-- b"
    assert list(tmp_path.iterdir()) == []
