"""The report of a sweep with early stopping: it shows the recorded networks, and nothing that it cannot do."""

from __future__ import annotations

from pathlib import Path

from experiments.sweep import Sweep
from experiments.tables.words import number
from tests.helpers.browser import Browser
from tests.helpers.page import page_file


def test_networks_of_early_stopping_are_shown_and_not_retrained(browser: Browser, tmp_path: Path) -> None:
    how = {"iterations": 200, "record_every": 5, "patience": 2}
    results = Sweep(hidden=[3, 4], learning_rate=[1.2, 5], samples=60, seed=range(3), **how).run(jobs=1, out=None)
    path = page_file(results, tmp_path)
    browser.open(path)
    for row in (0, 1):
        browser.click_cell(0, row)
        browser.settle()
        said = browser("const { configuration, run } = planar.chosen; return [configuration, run.seed, run.stopped]")
        position = 3 * said[0] + results.runs["seed"].tolist()[:3].index(said[1])
        run = results.runs.iloc[position]
        assert said[2] == run["stopped_at"]
        assert browser.text("recorded-iteration") == f"{run['stopped_at']:,}"
        assert browser.text("recorded-test") == f"{number('accuracy', run['test_accuracy'])} %"
        assert browser.text("plane-said").startswith("The recorded network.")
        assert [browser.find(f"#{name}").is_enabled() for name in ("play", "step", "restart", "seed")] == [
            False, False, False, True,
        ]  # fmt: skip
        assert browser.text("tolerance").startswith("Training with early stopping is not repeated on this page")
        assert browser.text("iteration") == browser.text("here-cost") == "–"
    assert not browser.find("#compare").is_enabled()
    browser.find("#chart-heat").send_keys("\ue007")  # Enter does not train
    assert not browser("return planar.trainer.playing")
    assert browser.complaints() == []
