"""The static page of a map: one file that works offline and zooms as deep as was computed."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.files import ResultsError
from experiments.maps.compute import Setting, compute_tile
from experiments.maps.explorer.page import WEB, static
from experiments.maps.explorer.source import MapSource
from experiments.maps.explorer.subject import subject_of, training_of, write_page
from experiments.maps.plane import TILE, Tile, Window
from experiments.maps.request import MapRequest
from experiments.maps.store import MapStore, claimed
from experiments.report.embedding import WEB as OF_REPORT
from tests.experiments.maps.explorer.fake import PLANE, SUBJECT, pixels_of
from tests.experiments.maps.explorer.test_explorer_in_browser import click, js
from tests.helpers.browser import Browser

AT = """const [level, x, y] = arguments, tile = explorer.tiles.get({level, x, y});
    return tile && [Array.from(tile.xs), Array.from(tile.ys), Array.from(tile.planes.paper, Number)]"""


@pytest.mark.parametrize("tile", [Tile(0, 0, 0), Tile(1, 1, 0), Tile(2, 1, 2), Tile(3, 4, 5)], ids=str)
def test_every_level_has_its_values(browser: Browser, static_page: Path, tile: Tile) -> None:
    browser.open(static_page, reduced_motion="reduce")
    xs, ys, values = browser(AT, *tile)
    assert [xs, ys] == [tile.window.xs(PLANE), tile.window.ys(PLANE)]
    pixels = pixels_of(tile)
    expected = np.where(pixels.converged, 1, -1) * pixels.measure
    np.testing.assert_allclose(np.reshape(values, (TILE, TILE)), expected, rtol=2**-13)
    assert browser("return explorer.tiles.get({level: 3, x: 0, y: 0}) === undefined")


def test_a_page_holds_each_pixel_once() -> None:
    """The coarse levels are made of the fine ones where these are there."""
    tiles = {tile: pixels_of(tile) for tile in (Tile(0, 0, 0), *(Tile(1, x, y) for x in (0, 1) for y in (0, 1)))}
    finest = {tile: pixels for tile, pixels in tiles.items() if tile.level == 1}
    assert static(SUBJECT, tiles) == static(SUBJECT, finest)
    assert len(static(SUBJECT, dict(list(tiles.items())[:4]))) != len(static(SUBJECT, finest))


def test_it_works_offline_and_zooms_as_deep_as_was_computed(browser: Browser, static_page: Path) -> None:
    browser.open(static_page, reduced_motion="reduce")
    browser("explorer.place.zoomAt([300, 300], 60); explorer.moved()")
    assert browser("return [explorer.level, explorer.place.zoom]") == [3, 7]
    click(browser, 300, 300)
    assert browser.text("ended") == "The map has no curve of it, and this page cannot train it."
    assert browser.complaints() == []
    assert [url for url in browser.requests() if not url.startswith("data:")] == [static_page.as_uri()]
    assert browser.findings() == []


def test_the_pointer_shows_what_is_under_it_at_once(browser: Browser, static_page: Path) -> None:
    browser.open(static_page, reduced_motion="reduce")
    browser("explorer.over([300, 300])")
    assert "converge" in browser.text("here")
    browser("explorer.over(null)")
    assert browser.text("here") == ""


def test_a_curve_of_any_length_is_drawn_and_one_without_a_cost_is_said(browser: Browser, static_page: Path) -> None:
    browser.open(static_page, reduced_motion="reduce")
    browser("explorer.trained.draw(Float64Array.from({ length: 200001 }, (_, k) => 1 / (k + 1)))")
    assert browser.text("ended").startswith("Cost 1 at first, 0.000005 after 200,000 updates.")
    assert browser("return document.querySelector('#curve .line') !== null")
    browser("explorer.trained.draw(Float64Array.of(NaN, NaN, NaN))")
    assert browser.text("ended") == "Its cost is not finite from the start."


def test_its_colours_are_those_of_the_report() -> None:
    found = []
    for path in (WEB / "map.css", OF_REPORT / "report.css"):
        light, dark, *_ = re.findall(r"\{\s*(--paper[^}]*)\}", path.read_text(encoding="utf-8"))
        found.append([dict(re.findall(r"(--[a-z-]+): (#\w+);", each)) for each in (light, dark)])
    for ours, reports in zip(*found, strict=True):
        assert {name: ours[name] for name in ours if name in reports} == {k: v for k, v in reports.items() if k in ours}
        assert len(set(ours) & set(reports)) == 7


@pytest.fixture(scope="module", params=["regression", "classes"])
def made(request: pytest.FixtureRequest) -> tuple[MapRequest, Setting]:
    knobs: dict[str, Any] = {"dataset": "plane", "samples": 30, "hidden": "3x2", "iterations": 40, "batch_size": 7}
    if request.param == "classes":
        knobs = {"dataset": "moons", "samples": 40, "hidden": 3, "iterations": 40, "activation": "relu", "init": "he"}
    asked = MapRequest("learning-rate=log:0.001:1", "output-learning-rate=log:0.001:10", **knobs)
    return asked, Setting.of(asked)


@pytest.fixture
def stored(made: tuple[MapRequest, Setting], tmp_path: Path) -> Any:
    request, setting = made
    with claimed(tmp_path) as store:
        store.begin(request.as_dict(), request.identity)
        store.write(Tile(0, 0, 0), compute_tile(setting, request.plane, Tile(0, 0, 0)))
        yield store


def test_numbers_along_an_axis_in_another_unit(
    browser: Browser, made: tuple[MapRequest, Setting], stored: MapStore, tmp_path: Path
) -> None:
    page = write_page(stored, *made, Window(0, 0, 0, TILE, TILE), tmp_path / "map.html", times=(4.0, 1.0))
    browser.open(page, reduced_motion="reduce")
    x, y = (browser(f"return ticksOf(window.explorer.subject.{axis}, 0, 1, 4)") for axis in "xy")
    assert (x["title"], y["title"]) == ("learning rate × 4", "output learning rate")
    assert [tick["text"] for tick in x["ticks"]] == ["0.01", "0.1", "1"]
    low = made[0].plane.x.first * 4
    assert [tick["at"] for tick in x["ticks"]] == pytest.approx([math.log10(v / low) / 3 for v in (0.01, 0.1, 1)])
    assert [tick["text"] for tick in y["ticks"]] == ["0.001", "0.01", "0.1", "1", "10"]
    assert browser.complaints() == []


def test_a_click_trains_the_network_in_the_page(
    browser: Browser, made: tuple[MapRequest, Setting], stored: MapStore, tmp_path: Path
) -> None:
    request, setting = made
    page = write_page(stored, request, setting, Window(0, 0, 0, TILE, TILE), tmp_path / "map.html")
    browser.open(page, reduced_motion="reduce")
    source = MapSource(request.plane, setting, stored, 1)
    for n, (left, top) in enumerate([(300, 300), (150, 500), (400, 120)], 1):
        click(browser, left, top)
        browser.until(f"return explorer.trained.count === {n} && explorer.trained.costs?.length === 41")
        column, row = browser("return [explorer.pixel.column, explorer.pixel.row]")
        np.testing.assert_allclose(
            browser("return Array.from(explorer.trained.costs)"), source.curve(0, column, row), rtol=1e-9
        )
        browser("explorer.trained.costs = null")
    shown = browser("return [...document.querySelectorAll('#values dd')].map((e) => e.textContent)")
    assert shown[0] == js(request.plane.x.at(column, TILE))
    assert "Trained by this page" in browser.text("ended")
    assert browser.complaints() == []
    assert browser.findings() == []
    source.close()


def test_a_tile_that_is_missing_is_said(made: tuple[MapRequest, Setting], stored: MapStore, tmp_path: Path) -> None:
    with pytest.raises(ResultsError) as refused:
        write_page(stored, *made, Window(1, 0, 0, 64, 64), tmp_path / "map.html")
    assert str(refused.value) == (f"{tmp_path}: expected tile 1/0/0 of the map, found none: run the same command again")
    assert not (tmp_path / "map.html").exists()


def test_networks_that_the_page_cannot_train_are_not_offered(made: tuple[MapRequest, Setting]) -> None:
    request, _ = made
    assert training_of(Setting.of(request)) is not None
    knobs: dict[str, Any] = {"dataset": "iris", "hidden": 2}
    for more in ({"dtype": "float32"}, {"class_weight": "balanced"}, {"dataset": "moons", "samples": 60_000}):
        asked = MapRequest("learning-rate=log:0.001:1", "l2=lin:0:1", **{**knobs, **more})
        assert training_of(Setting.of(asked)) is None
    assert subject_of(asked).measures[0].name == "paper"
