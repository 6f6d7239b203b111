"""The manual as a reader has it: built without a warning, opened from the disk, searched, without any request."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import experiments
import planar_core
from tests.helpers.browser import Browser
from tests.helpers.machines import ROOT

ELSEWHERE = re.compile(r'<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)="?(?:https?:)?//[^>]*>')
IN_TABLES = ("TASKS",)  # constants are in no section of their own


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    # Not --quiet, with which --strict does not see warnings.
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if not line.startswith("INFO")] == []
    return folder


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    opened = Browser(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.driver.quit()


def show(browser: Browser, page: Path, width: int) -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.driver.get("about:blank")
    for log in ("browser", "performance"):
        browser.driver.get_log(log)  # what came before
    browser.driver.get(page.as_uri())
    browser.until("return document.readyState === 'complete'")


def test_no_page_names_a_script_or_a_font_elsewhere(site: Path) -> None:
    pages = sorted(site.glob("*.html"))
    assert len(pages) > 20
    for page in pages:
        assert ELSEWHERE.findall(page.read_text(encoding="utf-8")) == [], page.name
    for style in site.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import )[\"']?(?:https?:)?//", style.read_text(encoding="utf-8")), style.name
    assert not list(site.rglob("*.py*"))


def test_every_public_name_is_in_the_reference(site: Path) -> None:
    text = (site / "reference.html").read_text(encoding="utf-8")
    for package in (experiments, planar_core):
        for name in set(package.__all__) - set(IN_TABLES):
            assert f'id="{package.__name__}.{name}"' in text, name


def test_pages_open_from_the_disk_without_a_request(site: Path, browser: Browser) -> None:
    for page in sorted(set(site.glob("*.html")) - {site / "404.html"}):  # which is for servers
        for width in (1280, 390):
            show(browser, page, width)
            assert [url for url in browser.requests() if not url.startswith(("file:", "data:"))] == []
            assert browser.complaints() == []
            assert browser("return document.documentElement.scrollWidth <= innerWidth"), (page.name, width)


def test_it_can_be_searched_from_the_disk(site: Path, browser: Browser) -> None:
    show(browser, site / "index.html", 1280)
    browser.find("input.md-search__input").send_keys("halton")
    browser.until("return document.querySelectorAll('.md-search-result__item').length > 0")
    first = browser.find(".md-search-result__item a")
    assert "search.html" in str(first.get_attribute("href"))
    assert [url for url in browser.requests() if not url.startswith(("file:", "data:"))] == []
    assert browser.complaints() == []
