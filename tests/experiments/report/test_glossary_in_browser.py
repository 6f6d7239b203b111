"""Words of the report are explained to everybody: mouse, keyboard, touch, screen reader."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
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
        " document.getElementById(e.getAttribute('aria-describedby').split(' ').at(-1)).textContent])"
    )
    assert {tag for _, tag, _ in described} == {"BUTTON", "SELECT", "INPUT"}
    assert all(meaning == MEANINGS[term] for term, _, meaning in described)


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


# Controls


def centre(browser: Browser, selector: str) -> tuple[float, float]:
    x, y = browser.driver.execute_async_script(
        "const [selector, done] = arguments, e = document.querySelector(selector);"
        "e.scrollIntoView({ block: 'center' });"
        "const box = e.getBoundingClientRect(), at = [box.x + box.width / 2, box.y + box.height / 2];"
        "requestAnimationFrame(() => requestAnimationFrame(() => done(at)));",  # scrolling would close the tooltip
        selector,
    )
    return float(x), float(y)


@pytest.mark.parametrize(
    ("control", "term"),
    [
        ("seed", "seed"), ("measure", "accuracy"), ("measure-cost", "cost"), ("show-test", "test points"),
        ("axis-x", "learning rate"), ("axis-y", "hidden unit"), ("knob-activation", "activation"),
        ("knob-batch_size", "batch size"), ("knob-learning_rate", "learning rate"),
    ],
)  # fmt: skip
def test_a_control_is_explained_to_the_mouse_and_the_keyboard(opened: Browser, control: str, term: str) -> None:
    opened("document.getElementById('change').open = true")
    move(opened, *centre(opened, f"#{control}"))
    assert opened(TIPS) == [MEANINGS[term]]
    move(opened, 5, 5)
    assert opened(TIPS) == []
    opened("document.getElementById(arguments[0]).focus({ preventScroll: true })", control)
    assert opened(TIPS) == []  # the focus came from the script
    opened.press(Keys.TAB)
    webdriver.ActionChains(opened.driver).key_down(Keys.SHIFT).send_keys(Keys.TAB).key_up(Keys.SHIFT).perform()
    assert opened(f"return document.activeElement.id === '{control}'")
    assert opened(TIPS) == [MEANINGS[term]]
    opened.press(Keys.ESCAPE)
    assert opened(TIPS) == []


def test_the_tooltip_of_an_axis_is_that_of_the_axis_chosen(opened: Browser) -> None:
    assert opened("return document.getElementById('axis-x').dataset.term") == "learning rate"
    axes = opened("return planar.sweep.axes.map(({ name }) => name)")
    opened.choose("axis-x", axes.index("hidden"))
    assert opened("return document.getElementById('axis-x').dataset.term") == "hidden unit"
    opened.choose("axis-x", axes.index("dataset"))  # a word that needs no explanation
    assert opened("return document.getElementById('axis-x').getAttribute('aria-describedby')") is None
    move(opened, *centre(opened, "#axis-x"))
    assert opened(TIPS) == []


def test_a_control_has_one_tooltip_and_keeps_the_line_for_what_is_wrong(opened: Browser) -> None:
    described, title = opened(
        "const e = document.getElementById('knob-activation');"
        "return [e.getAttribute('aria-describedby'), e.closest('.knob').getAttribute('title')]"
    )
    assert described == "wrong-activation term-activation"
    assert title is None
    named = opened("return document.getElementById('knob-dataset').closest('.knob').title")
    assert named  # what the glossary does not have is said in the words of the command line


def test_a_list_that_is_opened_is_not_covered(opened: Browser) -> None:
    x, y = centre(opened, "#seed")
    move(opened, x, y)
    assert opened(TIPS) == [MEANINGS["seed"]]
    opened("document.getElementById('seed').dispatchEvent(new PointerEvent('pointerdown', { bubbles: true }))")
    assert opened(TIPS) == []
