"""One browser, and a report in it, for all tests of a process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from experiments.results import Results
from experiments.sweep import Sweep
from tests.helpers.browser import Browser
from tests.helpers.page import page_file


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.driver.quit()


@pytest.fixture(scope="session")
def swept() -> Results:
    """What the page shows."""
    axes: dict[str, Any] = {"hidden": [1, 3, "4x2"], "learning_rate": [0.1, 1.2], "seed": range(5)}
    return Sweep(dataset=["moons", "iris"], **axes, iterations=200).run(jobs=2, out=None)


@pytest.fixture(scope="session")
def page(swept: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return page_file(swept, tmp_path_factory.mktemp("page with spaces"))


@pytest.fixture
def opened(browser: Browser, page: Path) -> Iterator[Browser]:
    """The page, as it opens; nothing that was done with it may have made the browser complain."""
    browser.open(page)
    yield browser
    assert browser.complaints() == []
