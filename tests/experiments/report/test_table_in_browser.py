"""The table of the report: filtered by what people type, copied, and charts saved as files."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from experiments.results import Results
from experiments.sweep import Sweep
from tests.helpers.browser import PATIENCE, Browser
from tests.helpers.page import page_file


@pytest.fixture(scope="session")
def several() -> Results:
    axes: dict[str, Any] = {
        "hidden": [4, 1, "4x2", 10], "learning_rate": [0.1, 1.2, 5], "activation": ["tanh", "relu"], "seed": range(3)
    }  # fmt: skip
    return Sweep(dataset="flower", **axes, samples=100, iterations=300).run(jobs=2, out=None)


@pytest.fixture(scope="session")
def several_page(several: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return page_file(several, tmp_path_factory.mktemp("several"))


@pytest.fixture
def table(browser: Browser, several_page: Path) -> Iterator[Browser]:
    browser.open(several_page)
    yield browser
    assert browser.complaints() == []


def typed(browser: Browser, text: str) -> None:
    browser(
        "const e = document.getElementById('filter'); e.value = arguments[0]; e.dispatchEvent(new Event('input'))", text
    )


def shown(browser: Browser) -> set[int]:
    rows = "[...document.querySelectorAll('#configurations tbody tr')]"
    return {int(row) for row in browser(f"return {rows}.map((row) => row.dataset.configuration)")}


def expected(summary: pd.DataFrame, query: str) -> set[int]:
    return set(summary.assign(first=summary["hidden"].str.split("x").str[0].astype(int)).query(query).index)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", "first > 0"),
        ("hidden>3", "first > 3"),
        ("hidden >= 4", "first >= 4"),
        ("hidden<4x2", "hidden in ('1', '4')"),
        ("hidden != 10", "hidden != '10'"),
        ("hidden=4", "hidden == '4'"),
        ("hidden 4x2", "hidden == '4x2'"),
        ("hidden units > 3", "first > 3"),
        ("10 hidden units, learning rate 5", "hidden == '10' and learning_rate == 5"),
        ("learning rate 1.2", "learning_rate == 1.2"),
        ("LEARNING_RATE=1.20", "learning_rate == 1.2"),
        ("'learning rate'=1.2", "learning_rate == 1.2"),
        ("lr=1.2", "learning_rate == 1.2"),
        ("lr ≤ 1.2", "learning_rate <= 1.2"),
        ("learn>1", "learning_rate > 1"),
        ('"learning rate" 5', "learning_rate == 5"),
        ("activation relu", "activation == 'relu'"),
        ("activation is relu", "activation == 'relu'"),
        ("relu", "activation == 'relu'"),
        ("not relu", "activation != 'relu'"),
        ("tied", "tied_with_best"),
        ("not tied", "not tied_with_best"),
        ("!tied", "not tied_with_best"),
        ("tied=no", "not tied_with_best"),
        ("tied with best", "tied_with_best"),
        ("best", "rank_test_accuracy == 1"),
        ("rank<=3", "rank_test_accuracy <= 3"),
        ("accuracy>0.7", "mean_test_accuracy > 0.7"),
        ("accuracy>70 %", "mean_test_accuracy > 0.7"),
        ("accuracy > 70", "mean_test_accuracy > 0.7"),
        (">70 %", "mean_test_accuracy > 0.7"),
        ("test accuracy<.7", "mean_test_accuracy < 0.7"),
        ("training accuracy>0.7", "mean_train_accuracy > 0.7"),
        ("cost<0.5", "mean_cost < 0.5"),
        ("test cost > 5e-1", "mean_test_cost > 0.5"),
        ("difference>10", "difference_to_best > 0.1"),
        ("hidden>3 tied relu lr<5", "first > 3 and tied_with_best and activation == 'relu' and learning_rate < 5"),
        ("tanh and lr 5", "activation == 'tanh' and learning_rate == 5"),
    ],
)
def test_a_filter_that_is_understood(table: Browser, several: Results, text: str, query: str) -> None:
    typed(table, text)
    assert table("return document.getElementById('not-understood').hidden"), table.text("not-understood")
    found = expected(several.summary, query)
    assert shown(table) == found
    assert table.text("count").startswith(f"{len(found)} of {len(found)} configurations")


def test_what_is_shown_as_equal_is_equal(table: Browser, several: Results) -> None:
    text = table("return document.querySelector('#configurations tbody tr').cells[5].textContent")
    typed(table, f"accuracy = {text}")
    (best,) = [row for row in shown(table) if several.summary["rank_test_accuracy"][row] == 1][:1]
    assert f"{100 * several.summary['mean_test_accuracy'][best]:.1f} %" == text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("foo", "foo: neither a column nor a value of this table"),
        ("hiden>99", "hiden: no such column"),
        ("relu > 99", "relu: no such column"),
        ("hidden>", "hidden units >: expected a value after it"),
        ("hidden", "hidden units: expected a value after it, such as hidden units 4"),
        ("hidden 7", "hidden units 7: no such value; there are 4, 1, 4x2, 10"),
        ("hidden=7", "hidden units = 7: no such value; there are 4, 1, 4x2, 10"),
        ("learning rate > fast", "learning rate > fast: expected a number"),
        ("accuracy", "mean test accuracy: expected a comparison after it, such as mean test accuracy>90 %"),
        ("cost>50 %", "mean cost > 50%: expected a number, such as 0.9"),
        ("tied>2", "tied with best > 2: expected yes or no"),
        ("not", 'not: expected a term after it, as in "not tied"'),
    ],
)
def test_a_term_that_is_not_understood_is_said_and_the_others_hold(
    table: Browser, several: Results, text: str, problem: str
) -> None:
    typed(table, f"tied {text}")
    assert table.find("#not-understood").text == (
        f"Not understood: {problem}. It filters nothing. Examples: hidden>1, learning rate 1.2, not tied, accuracy>90 %"
    )
    assert shown(table) == expected(several.summary, "tied_with_best")
    typed(table, "tied")
    assert table("return document.getElementById('not-understood').hidden")


def test_the_examples_are_understood(table: Browser) -> None:
    typed(table, table("return document.getElementById('filter').placeholder"))
    assert table("return document.getElementById('not-understood').hidden")


# Copy


def copied(browser: Browser) -> str:
    browser("window.copiedText = null; document.addEventListener('copy', () => {"
            " window.copiedText = document.activeElement.value ?? '' }, { once: true });"
            "navigator.clipboard.writeText = async (text) => { window.copiedText = text }")  # fmt: skip
    browser.find("#copy-table").click()
    browser.until("return window.copiedText !== null")
    return str(browser("return window.copiedText"))


def test_the_table_is_copied_as_filtered_and_sorted_with_all_digits(table: Browser, several: Results) -> None:
    typed(table, "relu lr>1")
    table("[...document.querySelectorAll('#configurations th button')]"
          ".find((b) => b.textContent === 'mean cost').click()")  # fmt: skip
    text = copied(table)
    rows = list(csv.DictReader(io.StringIO(text), delimiter="\t"))
    summary = several.summary.query("activation == 'relu' and learning_rate > 1").sort_values("mean_cost")
    assert [row["hidden units"] for row in rows] == summary["hidden"].tolist()
    columns = {
        "learning rate": "learning_rate", "rank": "rank_test_accuracy", "mean test accuracy": "mean_test_accuracy",
        "95 % interval, low": "ci_low_test_accuracy", "95 % interval, high": "ci_high_test_accuracy",
        "mean cost": "mean_cost",
    }  # fmt: skip
    for title, column in columns.items():
        assert [float(row[title]) for row in rows] == summary[column].tolist()
    assert table.text("copy-table") == "Copied 8 rows"


def test_the_clipboard_of_the_browser_has_it(table: Browser) -> None:
    """Nothing is replaced here: the browser itself is asked."""
    table.driver.execute_cdp_cmd(
        "Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    )
    table.find("#copy-table").click()
    table.until("return document.getElementById('copy-table').textContent === 'Copied 24 rows'")
    text = table.driver.execute_async_script(
        "navigator.clipboard.readText().then(arguments[0], () => arguments[0](''))"
    )
    assert len(text.splitlines()) == 25


# Charts as files


@pytest.mark.parametrize(("format_", "magic"), [("PNG", b"\x89PNG\r\n\x1a\n"), ("SVG", b"<svg ")])
def test_charts_are_saved_under_names_that_say_what_they_are(
    table: Browser, tmp_path: Path, format_: str, magic: bytes
) -> None:
    table.driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    table.choose("measure", "train")
    chosen = table.text("chosen-name").replace(", ", "-").replace(" ", "-")
    title = "flower-72-networks"
    names = {
        "heat": f"{title}-heat-map-test-accuracy-learning-rate-hidden-units",
        "cost": f"{title}-training-cost-{chosen}",
        "accuracy": f"{title}-training-accuracy-{chosen}",
        "seeds": f"{title}-seeds-test-accuracy-{chosen}",
    }
    for chart, name in names.items():
        table(
            "const row = document.querySelector(`#chart-${arguments[0]} + .saving`);"
            "[...row.children].find((button) => button.textContent === arguments[1]).click()",
            chart, format_,
        )  # fmt: skip
        path = tmp_path / f"{name}.{format_.lower()}"
        end = time.monotonic() + PATIENCE
        while not path.exists():
            assert time.monotonic() < end, sorted(each.name for each in tmp_path.iterdir())
            time.sleep(0.05)
        assert path.read_bytes().startswith(magic)
    assert len(list(tmp_path.iterdir())) == len(names)
