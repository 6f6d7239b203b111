"""The cached script of the charts: read only from a folder to which nobody else can write."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from experiments.report import vega


@pytest.fixture
def bundled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The calls of the bundler, which takes seconds; and a cache folder."""
    calls: list[str] = []
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))

    def bundle(source: str, _: str) -> str:
        calls.append(source)
        return "a </script> <!-- b"

    monkeypatch.setattr("vl_convert.javascript_bundle", bundle)
    return calls


def test_a_script_is_bundled_once(bundled: list[str], tmp_path: Path) -> None:
    assert vega.vega() == vega.vega() == r"a <\/script> <\!-- b"
    assert len(bundled) == 1
    (kept,) = (tmp_path / "caches" / "planar-sweep" / "vega").iterdir()
    kept.write_text(kept.read_text(encoding="utf-8") + "x")
    assert vega.vega() == r"a <\/script> <\!-- b"
    assert len(bundled) == 2


def test_a_script_that_others_could_have_placed_is_not_read(bundled: list[str], tmp_path: Path) -> None:
    right = vega.vega()
    folder = tmp_path / "caches" / "planar-sweep" / "vega"
    (kept,) = folder.iterdir()
    evil = "evil"
    kept.write_text(f"// {hashlib.sha256(evil.encode()).hexdigest()}\n{evil}", encoding="utf-8")
    assert vega.vega() == evil  # it would be run
    folder.chmod(0o770)
    assert vega.vega() == right
    assert kept.read_text(encoding="utf-8").endswith(evil)  # nor is anything written there


@pytest.mark.usefixtures("bundled")
def test_nothing_is_kept_without_a_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for given in ("relative", "~"):
        monkeypatch.setenv("XDG_CACHE_HOME", given)
        assert vega.vega() == r"a <\/script> <\!-- b"
    assert list(tmp_path.iterdir()) == []
