"""Headless Chromium, as a reader of the report or the explorer."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

PATIENCE = 60  # seconds, of a machine with much to do
HOW = "expected chromium and chromedriver, found none; on Debian and Ubuntu: apt install chromium chromium-driver"


@functools.cache
def axe_core() -> str:
    """The script of axe-core, as the package has it: nothing is loaded from anywhere."""
    found = importlib.util.find_spec("selenium_axe_python")
    if found is None or not found.submodule_search_locations:
        raise (pytest.fail.Exception if os.environ.get("REQUIRE_BROWSER") else pytest.skip.Exception)(
            "expected the package selenium-axe-python, found none: pip install selenium-axe-python"
        )
    return (Path(found.submodule_search_locations[0]) / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


class Browser:
    """Headless Chromium, and what the tests ask it."""

    def __init__(self, profile: Path) -> None:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        chromedriver = shutil.which("chromedriver")
        if chromium is None or chromedriver is None:
            raise (pytest.fail.Exception if os.environ.get("REQUIRE_BROWSER") else pytest.skip.Exception)(HOW)
        options = Options()
        options.binary_location = chromium
        # No sandbox, as for root in a container; no shared memory, of which containers have little.
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", f"--user-data-dir={profile}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(chromedriver))
        self.driver.set_script_timeout(PATIENCE)

    def open(self, page: Path | str, width: int = 1280, height: int = 900, **media: str) -> None:
        """Open a file or an address, of which nothing was asked before; ``media`` are what the reader prefers."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        features = [{"name": f"prefers-{name.replace('_', '-')}", "value": value} for name, value in media.items()]
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        self.driver.get("about:blank")
        for log in ("browser", "performance"):
            self.driver.get_log(log)  # what came before
        self.driver.get(page if isinstance(page, str) else page.as_uri())
        # A script that cannot run is said at once, and not after a minute in each of hundreds of tests.
        self.until("return document.documentElement.dataset.ready === 'true'", is_quiet=True)

    def __call__(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def until(self, script: str, is_quiet: bool = False) -> None:
        """Wait until a script returns true; ``is_quiet``: the browser is not to complain meanwhile."""
        end = time.monotonic() + PATIENCE
        while not self(script):
            if is_quiet or time.monotonic() >= end:
                said = self.complaints()
                assert not said, (script, said)
            assert time.monotonic() < end, script
            time.sleep(0.05)

    def find(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, name: str) -> str:
        return str(self("return document.getElementById(arguments[0]).textContent", name))

    def choose(self, name: str, value: Any) -> None:
        """Choose from a select, as a reader would."""
        self(
            "const e = document.getElementById(arguments[0]); e.value = arguments[1];"
            "e.dispatchEvent(new Event('change'));",
            name,
            str(value),
        )
        self.settle()

    def settle(self) -> None:
        """Wait for the charts."""
        self.driver.execute_async_script(
            "Promise.all(Object.values(window.planar?.charts ?? {}).map((chart) => chart.done)).then(arguments[0])"
        )

    def click_cell(self, x: int, y: int) -> None:
        """Click into the heat map's cell in column x and row y."""
        place = self(
            """const cells = document.querySelectorAll('#chart-heat .layer_0_marks path');
            const width = planar.sweep.axes[planar.chosen.x].values.length;
            const cell = cells[arguments[1] * width + arguments[0]];
            cell.scrollIntoView({block: 'center'});
            const box = cell.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];""",
            x, y,
        )  # fmt: skip
        for kind in ("mousePressed", "mouseReleased"):
            event = {"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1}
            self.driver.execute_cdp_cmd("Input.dispatchMouseEvent", event)
        self.settle()

    def curves(self) -> Any:
        self.settle()
        return self("return planar.charts.cost.view.data('curves')")

    def press(self, *keys: str) -> None:
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()
        self.settle()

    def findings(self) -> list[str]:
        """What axe-core complains of: the rule, and the first elements."""
        self(axe_core())
        found = self.driver.execute_async_script(
            "const done = arguments[0];"
            "axe.run(document).then((result) => done(result.violations), (error) => done([error]))"
        )
        return [f"{rule['id']}: {rule['help']}: {[node['html'][:200] for node in rule['nodes'][:4]]}" for rule in found]

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]
