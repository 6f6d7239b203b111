"""Walking around in a browser: by mouse, wheel, fingers and keys; tiles come coarse at once and sharpen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from selenium.webdriver.common.keys import Keys

from experiments.maps.colours import palettes, spectral, with_scale
from experiments.maps.explorer.server import Explorer
from experiments.maps.measures import measure_of
from experiments.maps.pixels import Pixels
from experiments.maps.plane import TILE, Tile, deepest, too_close, zoomed
from tests.experiments.maps.explorer.fake import PLANE, SUBJECT, Fake, pixels_of
from tests.helpers.browser import Browser

DONE = "return document.documentElement.dataset.left === '0' && explorer.requests.running.size === 0"


def opened(browser: Browser, explorer: Explorer, **how: Any) -> Browser:
    browser.open(explorer.address, reduced_motion="reduce", **how)
    browser.until(DONE)
    return browser


def mouse(browser: Browser, kind: str, x: float, y: float, **more: Any) -> None:
    """An event at CSS pixels from the left and the top of the map."""
    left, top = corner(browser)
    event = {"type": kind, "x": left + x, "y": top + y, **more}
    browser.driver.execute_cdp_cmd("Input.dispatchMouseEvent", event)


def corner(browser: Browser) -> Any:
    return browser("const [x, y] = explorer.drawing.pointOf({clientX: 0, clientY: 0}); return [-x, -y];")


def click(browser: Browser, x: float, y: float, count: int = 1) -> None:
    for n in range(1, count + 1):
        for kind in ("mousePressed", "mouseReleased"):
            mouse(browser, kind, x, y, button="left", clickCount=n)


def drag(browser: Browser, start: tuple[float, float], end: tuple[float, float]) -> None:
    mouse(browser, "mousePressed", *start, button="left", buttons=1, clickCount=1)
    for share in (0.3, 0.6, 1):
        x, y = (a + share * (b - a) for a, b in zip(start, end, strict=True))
        mouse(browser, "mouseMoved", x, y, button="left", buttons=1)
    mouse(browser, "mouseReleased", *end, button="left", clickCount=1)


def middle(browser: Browser) -> Any:
    return browser("return [explorer.place.width / 2, explorer.place.height / 2]")


def fractions(browser: Browser, x: float, y: float) -> Any:
    return browser("return explorer.place.fractionsAt(arguments[0], arguments[1])", x, y)


def test_the_whole_map_comes_first_coarse_then_fine(browser: Browser, explorer: Explorer, source: Fake) -> None:
    opened(browser, explorer)
    levels = [tile.level for tile in source.begun]
    assert levels == sorted(levels)
    assert source.looks == [Tile(0, 0, 0)]  # before anything else, where nothing was known
    assert set(levels) == {0, 1}  # 4 pixels for a network
    browser.choose("size", 1)
    browser.until(DONE)
    assert {tile.level for tile in source.begun} == {0, 1, 2, 3}
    assert len(set(source.begun)) == len(source.begun) == 1 + 4 + 16 + 64
    assert browser.text("left") == browser.text("problem") == ""


def test_the_colours_are_those_of_the_verdicts(browser: Browser, explorer: Explorer) -> None:
    opened(browser, explorer)
    tile = Tile(1, 0, 1)
    pixels = pixels_of(tile)
    for mode, colours in (("paper", spectral_halves()), ("scale", scales())):
        browser.choose("colouring", mode)
        image = browser(
            "const tile = explorer.tiles.get({level: 1, x: 0, y: 1});"
            "return Array.from(explorer.colours.draw(tile).getContext('2d').getImageData(0, 0, 64, 64).data)"
        )
        drawn = np.reshape(image, (TILE, TILE, 4))[::-1]
        assert (drawn[:, :, 3] == 255).all()
        for converges, some in enumerate(colours):
            of_verdict = drawn[pixels.converged == bool(converges)][:, :3].tolist()
            assert {tuple(colour) for colour in of_verdict} <= some
            assert len({tuple(colour) for colour in of_verdict}) > 20
        assert browser.text("converging-said").startswith("converges: sum of cost / first cost")
        assert browser.text("others-said").startswith("does not converge: sum of first cost / cost")


def test_a_scale_ends_where_that_of_the_picture_ends(browser: Browser, explorer: Explorer) -> None:
    opened(browser, explorer)
    for name in ("cost", "score"):
        browser.choose("measure", name)
        browser.choose("colouring", "scale")
        measure = next(each for each in SUBJECT.measures if each.name == name)
        pixels = [pixels_of(Tile(1, x, y)) for x in (0, 1) for y in (0, 1)]
        every = Pixels(*(np.concatenate(arrays) for arrays in zip(*pixels, strict=True)))
        converging, others = with_scale(every, measure).scales
        for part, scale in (("converging", converging), ("others", others)):
            ends = browser("return explorer.colours[arguments[0]].ends", part)
            assert ends == pytest.approx([scale.norm.vmin, scale.norm.vmax], rel=1e-6)


def test_a_percentage_is_given_in_percent(browser: Browser, source: Fake) -> None:
    measure = measure_of("balanced_accuracy", {"metric": "balanced_accuracy", "reach": 0.1})
    with Explorer(source, SUBJECT._replace(measures=[SUBJECT.measures[0], measure])) as explorer:
        opened(browser, explorer)
        browser.choose("measure", "balanced_accuracy")
        pixel = {"tile": Tile(1, 0, 0), "column": 40, "row": 20}
        shown = browser(
            "const {tile: [level, x, y], ...place} = arguments[0], tile = explorer.tiles.get({level, x, y});"
            "tile.planes.balanced_accuracy[64 * place.row + place.column] = 0.875;"
            "return Object.fromEntries(explorer.trained.valuesOf({tile, ...place}))",
            pixel,
        )
        assert shown["test balanced accuracy (%)"] == "87.5"


def spectral_halves() -> list[set[tuple[int, ...]]]:
    """The paper's colours of what does not converge, and of what does."""
    paper = [tuple(map(int, colour)) for colour in spectral(np.linspace(-1, 1, 512))]
    return [set(paper[:256]), set(paper[256:])]


def scales() -> list[set[tuple[int, ...]]]:
    return [{tuple(map(int, colour)) for colour in palettes()[name]} for name in ("light", "dark")]


def test_dragging_moves_the_map_with_the_pointer(browser: Browser, explorer: Explorer) -> None:
    opened(browser, explorer)
    browser("explorer.place.zoomAt([200, 200], 3); explorer.moved()")
    under = fractions(browser, 300, 250)
    drag(browser, (300, 250), (420, 330))
    assert fractions(browser, 420, 330) == pytest.approx(under, abs=1e-12)
    assert browser("return document.getElementById('network').hidden")  # it was no click
    browser.until(DONE)


def test_the_wheel_and_a_double_click_zoom_around_the_pointer(browser: Browser, explorer: Explorer) -> None:
    opened(browser, explorer)
    at = (250.0, 300.0)
    browser("explorer.place.zoomAt([250, 300], 3); explorer.moved()")  # close to the edge, the map stays in sight
    zoom = browser("return explorer.place.zoom")
    pixel = 1 / (64 * 2**zoom)  # the browser rounds the place of the pointer
    under = fractions(browser, *at)
    mouse(browser, "mouseWheel", *at, deltaX=0, deltaY=-300)
    browser.until(f"return explorer.place.zoom >= {zoom + 0.9}")
    assert fractions(browser, *at) == pytest.approx(under, abs=pixel)
    zoom = browser("return explorer.place.zoom")
    click(browser, *at, count=2)
    browser.until(f"return explorer.place.zoom === {zoom} + 1")
    assert fractions(browser, *at) == pytest.approx(under, abs=pixel)
    browser.until(DONE)


def test_two_fingers_zoom_and_move(browser: Browser, explorer: Explorer) -> None:
    opened(browser, explorer, width=390, height=844)
    left, top = corner(browser)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        fingers = [{"x": left + x, "y": top + y, "id": k} for k, (x, y) in enumerate(points)]
        browser.driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

    browser("explorer.place.zoomAt([150, 150], 3); explorer.moved()")
    zoom = browser("return explorer.place.zoom")
    under = fractions(browser, 150, 150)
    touch("touchStart", (130, 150))
    touch("touchStart", (130, 150), (170, 150))
    touch("touchMove", (110, 150), (190, 150))
    touch("touchMove", (70, 150), (230, 150))
    touch("touchEnd")
    assert browser("return explorer.place.zoom") == pytest.approx(zoom + 2)
    assert fractions(browser, 150, 150) == pytest.approx(under, abs=1e-9)
    assert browser("return document.getElementById('network').hidden")
    browser.until(DONE)


def test_keys_move_zoom_and_train(browser: Browser, explorer: Explorer, source: Fake) -> None:
    opened(browser, explorer)
    browser.find("#map").click()
    whole = browser("return explorer.place.zoom")
    for key, change in (("+", 1), ("+", 1), ("-", -1)):
        zoom = browser("return explorer.place.zoom")
        browser.press(key)
        assert browser("return explorer.place.zoom") == zoom + change
    x, y = middle(browser)
    for key, (right, up) in {Keys.ARROW_LEFT: (-1, 0), Keys.ARROW_UP: (0, 1)}.items():
        before = fractions(browser, x, y)
        browser.press(key)
        after = fractions(browser, x, y)
        assert [after[0] - before[0], after[1] - before[1]] == pytest.approx(
            [80 * right / (64 * 2 ** (whole + 1)), 80 * up / (64 * 2 ** (whole + 1))], abs=1e-9
        )
    browser.until(DONE)
    source.curves.clear()
    browser.press(Keys.ENTER)
    browser.until("return document.querySelector('#curve .line') !== null")
    assert len(source.curves) == 1
    browser.press(Keys.HOME)
    assert browser("return explorer.place.zoom") == whole


def test_a_click_trains_that_network_and_its_commands_can_be_copied(
    browser: Browser, explorer: Explorer, source: Fake
) -> None:
    opened(browser, explorer)
    click(browser, 250.5, 300.5)
    browser.until("return document.querySelector('#curve .line') !== null")
    ((level, column, row),) = source.curves
    (x_axis, y_axis) = (axis.at(at, TILE << level) for axis, at in zip(PLANE, (column, row), strict=True))
    fraction = fractions(browser, 250.5, 300.5)
    assert [int(f * (TILE << level)) for f in fraction] == [column, row]
    shown = browser("return [...document.querySelectorAll('#values dd')].map((e) => e.textContent)")
    assert shown[:2] == [js(x_axis), js(y_axis)]
    assert browser.text("ended") == "Cost 1 at first, 0.006738 after 500 updates."
    browser.find("#copy-grid").click()
    expected = f"{SUBJECT.grid_command} --learning-rate {js(x_axis)} --output-learning-rate {js(y_axis)}"
    browser.until("return document.getElementById('command').textContent !== ''")
    assert browser.text("command") == expected
    browser.find("#copy-map").click()
    browser.until(f"return document.getElementById('command').textContent === '{SUBJECT.map_command}'")
    browser("explorer.place.zoomAt([250, 300], 5); explorer.moved()")
    browser.until(DONE)
    browser.find("#copy-map").click()
    browser.until("return document.getElementById('command').textContent.includes('--zoom')")
    x, y, factor = browser.text("command").removeprefix(f"{SUBJECT.map_command} --zoom ").split()
    window = zoomed(PLANE, 512, float(x), float(y), int(factor))
    side = TILE << window.level
    left, bottom = fractions(browser, 0, browser("return explorer.place.height"))
    right, top = fractions(browser, browser("return explorer.place.width"), 0)
    half = window.width / side / 2
    assert (window.x / side + half, window.y / side + half) == pytest.approx(
        ((left + right) / 2, (bottom + top) / 2), abs=half / 50
    )
    assert half * 2 >= max(right - left, top - bottom) > half


def js(value: float) -> str:
    """As JavaScript writes it, which both read as the same number."""
    text = repr(value)
    return text.removesuffix(".0")


def test_the_deepest_level_is_exact(browser: Browser, explorer: Explorer, source: Fake) -> None:
    opened(browser, explorer)
    browser("explorer.place.zoomAt([250.25, 300.25], 60); explorer.moved()")
    browser.until(DONE)
    last = deepest(PLANE)
    assert browser("return [explorer.level, explorer.place.zoom]") == [last, last + 4]
    browser("explorer.place.zoomAt([250.25, 300.25], -2); explorer.moved()")
    browser.until(DONE)
    shown = [tile for tile in source.begun if tile.level == last]
    assert shown
    assert too_close(PLANE, shown[-1].window) is None
    # Every pixel under the pointer is that of the tile, and the next one is the next one.
    seen = []
    for step in range(6):
        click(browser, 250 + 4 * step, 300)
        browser.until(
            f"return document.querySelectorAll('#values dd').length > 2 && explorer.trained.count === {step + 1}"
        )
        seen.append(browser("return [explorer.pixel.i, explorer.pixel.tile.xs[explorer.pixel.column]]"))
    numbers = [int(i) for i, _ in seen]
    assert numbers == list(range(numbers[0], numbers[0] + 6))
    assert [value for _, value in seen] == [PLANE.x.at(number, TILE << last) for number in numbers]
    # The axes say where that is, as distances from a value.
    assert browser("const {x} = explorer.drawing.axes; return x.label") == "learning rate"


def test_what_has_moved_out_of_sight_is_not_computed(browser: Browser, explorer: Explorer, source: Fake) -> None:
    opened(browser, explorer)
    source.gate.clear()
    browser("explorer.place.zoomAt([10, 10], 6); explorer.moved()")
    browser.until("return explorer.requests.running.size > 0")
    browser("explorer.place.showAll(); explorer.moved()")
    browser.until(DONE)
    browser.until("return explorer.requests.running.size === 0")
    source.gate.set()
    done = set(source.done)
    assert all(tile.level <= 1 for tile in done)


def test_a_first_look_shows_and_trains_the_networks_that_it_has(
    browser: Browser, explorer: Explorer, source: Fake
) -> None:
    source.gate.clear()
    browser.open(explorer.address, reduced_motion="reduce")
    browser.until("return explorer.tiles.held.size === 1")
    click(browser, 251, 301)
    browser.until("return document.querySelector('#curve .line') !== null")
    column, row, x = browser("const {pixel} = explorer; return [pixel.column, pixel.row, pixel.tile.xs[pixel.column]]")
    assert column % 4 == row % 4 == 0
    assert source.curves == [(0, column, row)]
    assert x == PLANE.x.at(column, TILE)
    source.gate.set()
    browser.until(DONE)
    assert browser("return [...explorer.tiles.held.values()].every((tile) => !tile.isLook)")


def test_a_tile_that_is_wanted_again_is_asked_for_again(browser: Browser, explorer: Explorer, source: Fake) -> None:
    opened(browser, explorer)
    source.gate.clear()
    browser(
        "explorer.place.zoomAt([250, 300], 3); explorer.moved(); explorer.place.showAll(); explorer.moved();"
        "explorer.place.zoomAt([250, 300], 3); explorer.moved();"
    )
    source.gate.set()
    browser.until(DONE)
    assert browser("return explorer.place.tilesOf(explorer.level).every((tile) => explorer.tiles.has(tile))")


def test_two_clients_see_the_same_and_share_tiles(browser: Browser, explorer: Explorer, source: Fake) -> None:
    source.gate.clear()
    browser.open(explorer.address, reduced_motion="reduce")
    browser.until("return explorer.requests.running.size > 0")
    first = browser.driver.current_window_handle
    browser.driver.switch_to.new_window("window")
    try:
        browser.driver.get(explorer.address)
        browser.until("return window.explorer !== undefined && explorer.requests.running.size > 0")
        source.gate.set()
        for window in (browser.driver.current_window_handle, first):
            browser.driver.switch_to.window(window)
            browser.until(DONE)
            assert browser("return explorer.place.tilesOf(explorer.level).every((tile) => explorer.tiles.get(tile))")
        assert len(source.done) == len(set(source.done))
    finally:
        for window in browser.driver.window_handles:
            if window != first:
                browser.driver.switch_to.window(window)
                browser.driver.close()
        browser.driver.switch_to.window(first)


def test_nothing_else_is_asked_of_anybody_and_nothing_is_wrong(browser: Browser, explorer: Explorer) -> None:
    opened(browser, explorer)
    click(browser, 250, 300)
    browser.until("return document.querySelector('#curve .line') !== null")
    assert browser.complaints() == []
    assert {url.removeprefix(explorer.address).split("/")[0] for url in browser.requests() if url != "data:,"} == {
        "", "look", "tile", "curve",
    }  # fmt: skip


def test_a_server_that_has_ended_is_said(browser: Browser, explorer: Explorer) -> None:
    opened(browser, explorer)
    explorer.__exit__(None, None, None)
    browser("explorer.place.zoomAt([250, 300], 3); explorer.moved()")
    browser.until("return document.getElementById('problem').textContent !== ''")
    assert (
        browser.text("problem") == "The explorer does not answer. Start the command again; what was computed is kept."
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 900), (390, 844)], ids=["desktop", "phone"])
def test_nobody_is_excluded(browser: Browser, explorer: Explorer, size: tuple[int, int], scheme: str) -> None:
    opened(browser, explorer, width=size[0], height=size[1], color_scheme=scheme)
    assert browser.findings() == []
    click(browser, 150, 150)
    browser.until("return document.querySelector('#curve .line') !== null")
    browser.find("#copy-grid").click()
    browser("document.getElementById('about').open = true")
    assert browser.findings() == []
    assert browser("return document.documentElement.scrollWidth <= innerWidth")


def test_the_map_is_painted(browser: Browser, explorer: Explorer) -> None:
    opened(browser, explorer)
    colours = browser(
        """const c = document.getElementById('canvas');
        const {data} = c.getContext('2d').getImageData(0, 0, c.width, c.height);
        const seen = new Set();
        for (let k = 0; k < data.length; k += 4) seen.add(data[k] << 16 | data[k + 1] << 8 | data[k + 2]);
        return seen.size;"""
    )
    assert colours > 100
