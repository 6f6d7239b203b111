"""Words of the report are explained to everybody: mouse, keyboard, touch, screen reader."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from experiments.glossary import GLOSSARY
from tests.helpers.browser import Browser
from tests.helpers.page import Page

TIPS = "return [...document.querySelectorAll('[role=tooltip]:not([hidden])')].map((tip) => tip.textContent)"
WORD = "[...document.querySelectorAll('.headline .term')].find((e) => e.textContent.startsWith('tied'))"
MEANINGS = {term.name: term.meaning for term in GLOSSARY}


@pytest.fixture
def phone(browser: Browser, page: Path) -> Iterator[Browser]:
    browser.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    browser.open(page, width=390, height=844)
    yield browser
    browser.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})
    assert browser.complaints() == []


def place(browser: Browser) -> tuple[float, float]:
    x, y = browser(
        f"const e = {WORD}; e.scrollIntoView({{ block: 'center' }}); const box = e.getBoundingClientRect();"
        "return [box.x + box.width / 2, box.y + box.height / 2];"
    )
    return float(x), float(y)


def move(browser: Browser, x: float, y: float) -> None:
    browser.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": x, "y": y})


def test_all_terms_that_the_page_holds_are_explained_in_it_and_no_others(opened: Browser, page: Path) -> None:
    held = [term["name"] for term in Page(page.read_text(encoding="utf-8")).json("results")["glossary"]]
    explained = opened("return [...new Set([...document.querySelectorAll('[data-term]')].map((e) => e.dataset.term))]")
    assert sorted(explained) == sorted(held)
    assert {"tied", "seed", "interval", "iteration", "cost", "rank", "fresh test points"} <= set(held)
    assert not {"fold", "R²", "failed", "RMSE"} & set(held)
    described = opened(
        "return [...document.querySelectorAll('[data-term]')].map((e) => [e.dataset.term, e.tagName,"
        " document.getElementById(e.getAttribute('aria-describedby')).textContent])"
    )
    assert all(tag == "BUTTON" and meaning == MEANINGS[term] for term, tag, meaning in described)


def test_the_mouse_shows_and_may_enter_the_tooltip(opened: Browser) -> None:
    x, y = place(opened)
    assert opened(TIPS) == []
    move(opened, x, y)
    assert opened(TIPS) == [MEANINGS["tied"]]
    top, bottom = opened(
        "const box = document.querySelector('[role=tooltip]:not([hidden])').getBoundingClientRect();"
        "return [box.top, box.bottom]"
    )
    move(opened, x, top + 2 if top > y else bottom - 2)
    assert opened(TIPS) == [MEANINGS["tied"]]
    move(opened, 5, 5)
    assert opened(TIPS) == []


def test_the_keyboard_shows_and_escape_closes(opened: Browser) -> None:
    opened(f"const all = [...document.querySelectorAll('button')]; all[all.indexOf({WORD}) - 1].focus()")
    opened.press(Keys.TAB)
    assert opened(TIPS) == [MEANINGS["tied"]]
    opened.press(Keys.ESCAPE)
    assert opened(TIPS) == []
    assert opened(f"return document.activeElement === {WORD}")


def test_a_tap_shows_and_a_tap_elsewhere_closes(phone: Browser) -> None:
    x, y = place(phone)

    def tap(x: float, y: float) -> None:
        for kind, points in (("touchStart", [{"x": x, "y": y}]), ("touchEnd", [])):
            phone.driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    tap(x, y)
    phone.until(f"{TIPS}.length === 1")
    box = phone(
        "const { left, right, top, bottom } = document.querySelector('[role=tooltip]:not([hidden])')"
        ".getBoundingClientRect(); return [left, right, top, bottom]"
    )
    assert box[0] >= 0
    assert box[1] <= 390
    assert box[2] >= 0
    assert box[3] <= 844
    tap(195, 10)
    phone.until(f"{TIPS}.length === 0")


def test_a_column_is_explained_and_still_sorts(opened: Browser) -> None:
    opened(
        "window.column = [...document.querySelectorAll('#configurations th button')]"
        ".find((e) => e.textContent === 'tied with best'); column.focus()"
    )
    opened.press(Keys.ENTER)
    assert opened("return column.parentElement.ariaSort") == "ascending"
    said = opened("return document.getElementById(column.getAttribute('aria-describedby')).textContent")
    assert said == MEANINGS["tied"]
