"""The report excludes nobody: axe-core finds nothing in it, in any theme, size and state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from experiments.results import Results
from experiments.sweep import Sweep
from tests.helpers.browser import Browser
from tests.helpers.page import page_text

SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
TIP = "document.querySelector('.headline .term').click()"
FILTER = "const e = document.getElementById('filter'); e.value = 'hidden>1 foo'; e.dispatchEvent(new Event('input'))"


@pytest.fixture(scope="module")
def pages(page: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page of classes, one of values, one of a sample, and one with a single configuration."""
    folder = tmp_path_factory.mktemp("pages")
    axes: dict[str, Any] = {"hidden": "1:33", "learning_rate": "log:0.001:10", "seed": range(2), "sample": 20}
    values: dict[str, Any] = {"hidden": [0, 2], "learning_rate": [0.1], "seed": range(2)}
    others: dict[str, Results] = {
        "values": Sweep(dataset="plane", **values, iterations=20).run(out=None),
        "sample": Sweep(dataset="moons", **axes, iterations=20).run(out=None),
        "single": Sweep(dataset="iris", hidden=[2], learning_rate=[1], seed=[0], iterations=5).run(out=None),
    }
    for name, results in others.items():
        (folder / f"{name}.html").write_text(page_text(results), encoding="utf-8")
    return {"classes": page} | {name: folder / f"{name}.html" for name in others}


def findings(browser: Browser) -> list[str]:
    browser.settle()
    return browser.findings()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", list(SIZES))
def test_nothing_is_found_in_any_state_of_the_page(
    browser: Browser, pages: dict[str, Path], size: str, scheme: str
) -> None:
    width, height = SIZES[size]
    browser.open(pages["classes"], width=width, height=height, color_scheme=scheme)
    assert findings(browser) == []
    browser(FILTER)
    browser.find("#step").click()
    browser(TIP)
    assert browser("return document.querySelectorAll('[role=tooltip]:not([hidden])').length") == 1
    assert findings(browser) == []
    assert browser.complaints() == []


@pytest.mark.parametrize("kind", ["values", "sample", "single"])
def test_nothing_is_found_in_pages_of_other_sweeps(browser: Browser, pages: dict[str, Path], kind: str) -> None:
    browser.open(pages[kind])
    assert findings(browser) == []


def test_what_is_wrong_would_be_found(opened: Browser) -> None:
    opened("document.querySelector('#seed').parentElement.replaceWith(document.querySelector('#seed'));"
           "document.querySelector('.said').style.color = '#aaa'")  # fmt: skip
    found = {finding.split(":")[0] for finding in findings(opened)}
    assert found == {"select-name", "label-title-only", "color-contrast"}
