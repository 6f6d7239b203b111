"""The report in a browser: it works without a network, follows every click and key, in any colours and size."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from experiments.report import contents
from experiments.results import Results
from experiments.sweep import Sweep
from tests.helpers.browser import Browser
from tests.helpers.page import page_file


def test_nothing_is_asked_of_anybody_and_nothing_is_wrong(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.click_cell(0, 0)
    assert browser.requests() == [page.as_uri()]
    assert browser.complaints() == []


# The table and the axes


def column(browser: Browser, title: str) -> list[str]:
    return list(
        browser(
            "const t = document.getElementById('configurations');"
            "const k = [...t.tHead.rows[0].cells].findIndex((c) => c.textContent === arguments[0]);"
            "return [...t.tBodies[0].rows].map((row) => row.cells[k].textContent);",
            title,
        )
    )


def test_the_table_sorts(opened: Browser) -> None:
    assert column(opened, "rank") == sorted(column(opened, "rank"), key=int)

    def key(text: str) -> float:
        return float(text.removesuffix(" %"))

    for title in ("mean cost", "mean test accuracy"):
        button = opened(
            "return [...document.querySelectorAll('#configurations th button')]"
            ".find((b) => b.textContent === arguments[0]);",
            title,
        )
        for direction in ("ascending", "descending"):
            button.click()
            expected = sorted(column(opened, title), key=key, reverse=direction == "descending")
            assert column(opened, title) == expected
            sorted_by = opened(
                "return [...document.querySelectorAll('#configurations th')].filter((c) => c.ariaSort !== 'none' && "
                "c.ariaSort).map((c) => [c.textContent, c.ariaSort]);"
            )
            assert sorted_by == [[title, direction]]


def test_the_table_is_filtered(opened: Browser) -> None:
    assert opened.text("count") == "12 of 12 configurations shown"
    for text, hidden in (("hidden=3", ["3"] * 4), ("MOONS learning_rate=1.2", ["1", "3", "4x2"]), ("rank>99", [])):
        box = opened.find("#filter")
        box.clear()
        box.send_keys(text)
        assert sorted(column(opened, "hidden units")) == hidden
        assert opened.text("count") == f"{len(hidden)} of {len(hidden)} configurations shown"


def test_axes_are_chosen_and_further_ones_fixed_or_the_best(opened: Browser, swept: Results) -> None:
    names = opened("return planar.sweep.axes.map((axis) => axis.name)")
    opened.choose("axis-x", names.index("dataset"))
    opened.choose("axis-y", names.index("hidden"))
    select = opened.find("#axis-further select")
    means = swept.summary.set_index(["dataset", "hidden", "learning_rate"])["mean_test_accuracy"].sort_index()
    for value in ("best", "0"):
        opened("arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('change'))", select, value)
        opened.settle()
        for cell in opened("return planar.charts.heat.view.data('cells')"):
            here = means[cell["x"], cell["y"]]
            assert cell["mean"] == pytest.approx(here.max() if value == "best" else here[0.1], rel=1e-6)
        assert ("best over learning rate" in opened.text("further-said")) == (value == "best")
    titles = opened("return [...document.querySelectorAll('#chart-heat .role-axis-title')].map((t) => t.textContent)")
    assert sorted(titles) == ["dataset", "hidden units"]


# Keys, colours, sizes


def test_the_tab_key_reaches_everything_and_one_sees_where_it_is(opened: Browser) -> None:
    wanted = opened(
        "for (const fold of document.querySelectorAll('details')) fold.open = true;"
        "window.wanted = [...document.querySelectorAll('button, select, input, summary, [tabindex]')].filter((e) =>"
        " !e.disabled && e.tabIndex >= 0 && e.checkVisibility()); return wanted.length;"
    )
    opened("document.activeElement.blur(); window.getSelection().removeAllRanges();")
    reached = set()
    for _ in range(wanted + 2):
        opened.press(Keys.TAB)
        place, outline = opened(
            "const e = document.activeElement; return [wanted.indexOf(e), getComputedStyle(e).outlineStyle];"
        )
        if place >= 0:
            assert outline == "solid", opened("return document.activeElement.outerHTML.slice(0, 200)")
            reached.add(place)
    assert reached == set(range(wanted))


def test_arrow_keys_walk_over_the_heat_map_and_enter_trains(opened: Browser) -> None:
    opened("document.getElementById('chart-heat').focus()")
    place = (
        "const { chosen, sweep } = planar;"
        "return [chosen.x, chosen.y].map((axis) => sweep.codes[axis][chosen.configuration]);"
    )
    opened.press(*[Keys.ARROW_LEFT] * 3, *[Keys.ARROW_DOWN] * 4)
    assert opened(place) == [0, 0]
    opened.press(Keys.ARROW_UP, Keys.ARROW_RIGHT)
    assert opened(place) == [1, 1]
    assert opened("return planar.trainer.started") is False
    opened.press(Keys.ENTER)
    opened.until("return planar.trainer.iteration > 0")


def luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_have_enough_contrast(browser: Browser, page: Path, theme: str) -> None:
    browser.open(page, color_scheme=theme)
    assert browser("return document.documentElement.dataset.theme") == theme
    pairs = browser(
        """const found = new Map();
        const ground = (e) => {
          for (; e; e = e.parentElement) {
            const colour = getComputedStyle(e).backgroundColor;
            if (colour !== 'rgba(0, 0, 0, 0)') return colour;
          }
        };
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
          const e = walker.currentNode.parentElement;
          const style = getComputedStyle(e);
          if (!walker.currentNode.textContent.trim() || !e.getClientRects().length) continue;
          const isChart = e.closest('svg');
          if (isChart && e.closest('.mark-text.role-mark')) continue;  // on the heat map: see below
          found.set(`${isChart ? style.fill : style.color} ${ground(e)}`, e.outerHTML.slice(0, 120));
        }
        return [...found].map(([pair, example]) => [...pair.match(/rgb\\([^)]*\\)/g), example]);"""
    )
    assert len(pairs) >= 3
    browser(
        """const shades = Array.from({ length: 41 }, (_, k) => k / 40);
        const cell = { x: "a", number: "50.0", tied: "no" };
        const cells = shades.map((mean, k) => ({ ...cell, y: `${k}`, id: k, mean, shade: mean }));
        Object.assign(planar.charts.heat, { data: { cells }, size: { height: 1400 } });
        planar.charts.heat.draw();"""
    )
    browser.settle()
    cells = browser(
        """const texts = [...document.querySelectorAll('#chart-heat .layer_2_marks text')];
        const rects = [...document.querySelectorAll('#chart-heat .layer_1_marks path')];
        const fill = (element) => getComputedStyle(element).fill;
        return texts.map((text, i) => [fill(text), fill(rects[i]), text.textContent]);"""
    )
    assert len(cells) == 41
    for ink, ground, example in [*pairs, *cells]:
        light, dark = sorted((luminance(ink), luminance(ground)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground, example)
    assert browser.complaints() == []


def test_the_theme_is_switched(browser: Browser, page: Path) -> None:
    browser.open(page, color_scheme="dark")
    ground = "return getComputedStyle(document.body).backgroundColor"
    dark = browser(ground)
    browser.find("#theme").click()
    browser.settle()
    assert luminance(browser(ground)) > 0.9 > 0.1 > luminance(dark)
    browser.find("#theme").click()
    browser.settle()
    assert browser(ground) == dark
    assert browser.complaints() == []


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_the_page_is_as_wide_as_the_screen(browser: Browser, page: Path, width: int) -> None:
    browser.open(page, width=width)
    assert browser("return document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    browser.click_cell(0, 1)
    browser.choose("axis-y", 0)
    assert browser("return document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    assert browser.complaints() == []


@pytest.fixture(scope="module")
def page_with_a_long_name(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tmp_path = tmp_path_factory.mktemp("long")
    data = tmp_path / f"{'a-name-without-a-gap' * 4}.csv"
    data.write_text("a,b,c\n" + "".join(f"{i % 7},{i * i % 11},{i // 2 % 2}\n" for i in range(40)), encoding="utf-8")
    results = Sweep(dataset=[str(data)], hidden=[1], learning_rate=[1], seed=[0], iterations=2).run(
        jobs=1, out=tmp_path / "results"
    )
    return page_file(results, tmp_path)


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_a_long_name_leaves_room_for_what_is_said_of_it(
    browser: Browser, page_with_a_long_name: Path, width: int
) -> None:
    browser.open(page_with_a_long_name, width=width)
    shares = browser(
        "return [...document.querySelectorAll('#provenance dd')].map("
        " (dd) => dd.getBoundingClientRect().width / dd.parentElement.getBoundingClientRect().width)"
    )
    assert min(shares) > 0.4
    assert browser("return document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    assert browser.complaints() == []


# Sweeps of any shape


def test_what_is_not_held_is_said(
    browser: Browser, swept: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = {"MOST_POINTS": 5, "FEWEST_RECORDS": 2, "MOST_DATA": 5000, "MOST_PARAMETERS": 10}
    for name, value in limits.items():
        monkeypatch.setattr(contents, name, value)
    path = page_file(swept, tmp_path)
    browser.open(path)
    browser.find("#filter").send_keys("moons")
    for button in browser.driver.find_elements(By.CSS_SELECTOR, "#configurations tbody button"):
        button.click()
        browser.settle()
    said = browser.text("curves-said"), browser.text("plane-said")
    assert said[0].startswith(
        ("This page does not include the curves", "This page includes the curves of 1 of 5 seeds")
    )
    assert said[1].startswith("This page does not include this network: retrain it to see it.")
    browser.find("#step").click()
    assert browser.text("plane-said").startswith("Trained here for 1 iteration.")
    browser.find("#filter").clear()
    browser.find("#filter").send_keys("iris")
    browser.find("#configurations tbody button").click()
    assert browser.text("iteration") == "–"
    assert browser.complaints() == []


NAME = "<script>alert(1)<!--\"'&$x.csv"


@pytest.mark.parametrize(
    "request_",
    [
        {"hidden": [2], "learning_rate": [1], "seed": [0]},
        {"hidden": [2], "learning_rate": [0.5, 1], "seed": range(2), "dtype": "float32"},
        {"hidden": [0, 1], "learning_rate": [1], "seed": [3], "iterations": 0},
        {"hidden": [1], "learning_rate": [1e307], "seed": range(2)},
    ],
    ids=str,
)
def test_sweeps_of_any_shape(browser: Browser, request_: dict[str, Any], tmp_path: Path) -> None:
    data = tmp_path / NAME
    rows = "".join(f'{i % 7},{i * i % 11},"</script>{i // 2 % 2}"\n' for i in range(40))
    data.write_text(f'"</script><script>x",b,"la""bel"\n{rows}', encoding="utf-8")
    results = Sweep(**{"dataset": [str(data)], "iterations": 20, **request_}).run(jobs=1, out=tmp_path / "results")
    path = page_file(results, tmp_path)
    browser.open(path)
    browser.click_cell(0, 0)
    assert browser.text("class-one") == "class </script>1"
    if not browser("return planar.trainer.isDone"):
        browser.choose("speed", 1000000)
        if not browser("return planar.trainer.playing"):
            browser.find("#play").click()
        browser.until("return planar.trainer.isDone")
    assert browser.complaints() == []


# A sample


@pytest.fixture(scope="session")
def sample() -> Results:
    """Of which a heat map would be nearly empty."""
    axes: dict[str, Any] = {
        "hidden": "1:33", "learning_rate": "log:0.001:10", "batch_size": ["all", "log:8:64"],
        "optimizer": ["gd", "momentum"], "momentum": "lin:0:0.9", "seed": range(2), "sample": 40,
    }  # fmt: skip
    return Sweep(dataset=["moons", "xor"], **axes, iterations=20).run(jobs=2, out=None)


@pytest.fixture
def opened_sample(browser: Browser, sample: Results, tmp_path: Path) -> Iterator[Browser]:
    path = page_file(sample, tmp_path)
    browser.open(path)
    yield browser
    assert browser.complaints() == []


def points(browser: Browser) -> list[dict[str, Any]]:
    browser.settle()
    return list(browser("return planar.charts.heat.view.data('cells')"))


def test_a_sample_has_a_point_for_each_configuration(opened_sample: Browser, sample: Results) -> None:
    found = points(opened_sample)
    assert len({point["id"] for point in found}) == 40  # of the first data set
    of_first = sample.summary[sample.summary["dataset"] == sample.best().iloc[0]["dataset"]]
    assert sorted(point["mean"] for point in found) == pytest.approx(sorted(of_first["mean_test_accuracy"]), abs=1e-6)
    # Farther right and higher is more.
    for code, name in (("x_code", "x"), ("y_code", "y")):
        values = [float(point[name]) for point in sorted(found, key=lambda point: point[code])]
        assert values == sorted(values)
    assert opened_sample("return document.querySelectorAll('#chart-heat .mark-symbol path').length") >= 40
    assert "Click a point, or" in opened_sample.find(".said").text
    controls = opened_sample(
        "return [...document.querySelectorAll('#axis-further label')].map((e) => e.firstChild.data)"
    )
    assert controls == ["dataset", "optimizer"]  # no list of forty values


def test_points_of_a_sample_are_chosen(opened_sample: Browser) -> None:
    chosen = "return planar.chosen.configuration"
    first, found = opened_sample(chosen), points(opened_sample)
    opened_sample("document.getElementById('chart-heat').focus()")
    for key, code, step in ((Keys.ARROW_RIGHT, "x_code", 1), (Keys.ARROW_DOWN, "y_code", -1)):
        order = [point["id"] for point in sorted(found, key=lambda point: (point[code], point["id"]))]
        place = order.index(opened_sample(chosen)) + step
        opened_sample.find("#chart-heat").send_keys(key)
        if 0 <= place < len(order):
            assert opened_sample(chosen) == order[place]
    # A configuration of the table that is not among the points: of the other data set.
    other = 79 if first < 40 else 0
    opened_sample("document.querySelector('#more').click()")
    opened_sample(f"document.querySelector(`tr[data-configuration='{other}'] button`).click()")
    assert opened_sample(chosen) == other
    assert other in {point["id"] for point in points(opened_sample)}
    assert len(points(opened_sample)) == 40
