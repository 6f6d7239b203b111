"""One browser, an explorer of a map that costs nothing, and a static page of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from experiments.maps.explorer.page import static
from experiments.maps.explorer.server import Explorer
from experiments.maps.plane import Tile
from tests.experiments.maps.explorer.fake import SUBJECT, Fake, pixels_of
from tests.helpers.browser import Browser


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.driver.quit()


@pytest.fixture
def source() -> Fake:
    return Fake()


@pytest.fixture
def explorer(source: Fake) -> Iterator[Explorer]:
    with Explorer(source, SUBJECT) as explorer:
        yield explorer
        source.gate.set()


@pytest.fixture(scope="session")
def static_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Levels 0 to 2, and a quarter of level 3."""
    tiles = [Tile(level, x, y) for level in range(3) for x in range(2**level) for y in range(2**level)]
    tiles += [Tile(3, x, y) for x in range(2, 6) for y in range(2, 6)]
    path = tmp_path_factory.mktemp("page with spaces") / "map.html"
    path.write_text(static(SUBJECT, {tile: pixels_of(tile) for tile in tiles}), encoding="utf-8")
    return path
