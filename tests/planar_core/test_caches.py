"""Folders of kept code: made for their owner alone, and refused where somebody else could have placed some."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from planar_core.caches import NotPrivate, make_private

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
SOMEBODY = 54321


def test_a_new_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    mask = os.umask(0o002)
    try:
        make_private(tmp_path / "a" / "b")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700


def test_a_relative_folder_is_refused_and_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("~/.cache", "x", "", "."):
        with pytest.raises(NotPrivate, match="no absolute path: set HOME or NUMBA_CACHE_DIR to one"):
            make_private(Path(folder))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o720, 0o702, 0o1777])
def test_a_folder_that_others_can_write_to_is_refused(mode: int, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(NotPrivate, match=re.escape(f"other users can write to {folder}")):
        make_private(folder)
    folder.chmod(0o755)
    make_private(folder)
    tmp_path.chmod(0o777)
    with pytest.raises(NotPrivate, match=re.escape(f"every user can write to {tmp_path}")):
        make_private(folder)
    tmp_path.chmod(0o1777)  # where nobody can rename what belongs to others
    make_private(folder)


@needs_root
def test_folders_of_others_are_refused(tmp_path: Path) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    make_private(ours)
    os.chown(theirs, SOMEBODY, SOMEBODY)
    link, inner = tmp_path / "link", theirs / "inner"
    inner.mkdir()
    link.symlink_to(ours)
    make_private(link)
    os.lchown(link, SOMEBODY, SOMEBODY)
    for folder, whose in ((theirs, theirs), (inner, theirs), (link, link)):
        with pytest.raises(NotPrivate, match=re.escape(f"{whose} belongs to another user")):
            make_private(folder)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="Not a directory") as error:
        make_private(tmp_path / "file" / "folder")
    assert not isinstance(error.value, NotPrivate)
