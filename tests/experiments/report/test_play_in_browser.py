"""Playing on the page: every control, links, own tables, two networks, keys; from a network to the command for it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from selenium.webdriver.common.keys import Keys

from experiments.cli import grid
from experiments.report.play import PLAYED
from experiments.results import Results, read
from experiments.sweep import Sweep
from tests.helpers.browser import Browser
from tests.helpers.page import page_file


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Results:
    axes: dict[str, Any] = {"hidden": [2, "3x2"], "learning_rate": [0.1, 0.5], "seed": range(2)}
    return Sweep(dataset=["moons"], **axes, iterations=60).run(jobs=1, out=None)


@pytest.fixture(scope="module")
def path(played: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return page_file(played, tmp_path_factory.mktemp("play"))


@pytest.fixture
def play(browser: Browser, path: Path) -> Iterator[Browser]:
    """The page with all controls in sight; nothing is asked of anybody, and nothing goes wrong."""
    browser.open(path)
    browser("document.getElementById('change').open = true")
    yield browser
    assert {request.split("#")[0] for request in browser.requests()} <= {path.as_uri()}
    assert browser.complaints() == []


def setting(browser: Browser) -> dict[str, Any]:
    return dict(browser("return planar.play.setting"))


def enter(browser: Browser, name: str, text: str) -> None:
    """Type into the control of a knob."""
    box = browser.find(f"#knob-{name}")
    box.clear()
    box.send_keys(text, Keys.ENTER)
    browser.settle()


def press(browser: Browser, label: str) -> None:
    browser.find(f"[aria-label='{label}']").click()
    browser.settle()


# Controls


def test_there_is_a_control_for_each_knob(play: Browser) -> None:
    named = play("return [...document.querySelectorAll('#knobs .knob')].map((row) => row.firstChild.textContent)")
    assert sorted(name for name in named if name not in ("own table", "target")) == sorted(
        knob.name.replace("_", " ") for knob in PLAYED
    )
    groups = play("return [...document.querySelectorAll('#knobs legend')].map((e) => e.textContent)")
    assert groups == ["Data", "Network", "Training"]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("noise", "0.3", 0.3), ("samples", "50", 50), ("data_seed", "7", 7), ("init_scale", "0.7", 0.7),
        ("output_init_scale", "0", 0), ("init_offset", "-0.25", -0.25),
        ("seed", "9", 9),
        ("learning_rate", "0.25", 0.25), ("output_learning_rate", "0.05", 0.05), ("l1", "0.01", 0.01),
        ("l2", "1e-2", 0.01), ("batch_size", "20", 20), ("iterations", "30", 30),
    ],
)  # fmt: skip
def test_a_number_that_is_typed_changes_the_network(play: Browser, name: str, text: str, value: float) -> None:
    play("planar.trainer.speed = 1000000")
    enter(play, name, text)
    assert setting(play)[name] == value
    assert f"{name}={text}" in play("return location.hash").replace("0.01", text)
    play.until("return planar.trainer.isDone")
    how = play("const { how, seed, Y } = planar.trainer.training; return {...how, seed, samples: Y.length}")
    expected = {**how, name: value}
    if name in how:
        assert how == expected
    assert play("return planar.trainer.iteration") == (30 if name == "iterations" else 60)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dataset", "spiral"), ("dataset", "plane"), ("activation", "relu"), ("init", "he"), ("bias", "no"),
        ("optimizer", "adam"),
    ],
)  # fmt: skip
def test_a_choice_changes_the_network(play: Browser, name: str, value: str) -> None:
    play.choose(f"knob-{name}", value)
    assert setting(play)[name] == value
    play.until("return planar.trainer.iteration > 0")
    assert play.text("standing").startswith("Not in this sweep.")


def test_knobs_without_effect_are_hidden(play: Browser) -> None:
    shown = "return [...arguments].map((name) => document.getElementById(`knob-${name}`).checkVisibility())"
    names = ("momentum", "beta1", "beta2", "noise")
    assert play(shown, *names) == [False, False, False, True]
    play.choose("knob-optimizer", "momentum")
    assert play(shown, *names) == [True, False, False, True]
    enter(play, "momentum", "0.5")
    assert setting(play)["momentum"] == 0.5
    play.choose("knob-optimizer", "adam")
    assert play(shown, *names) == [False, True, True, True]


def test_layers_and_units_are_added_and_removed(play: Browser) -> None:
    play("planar.play.go({...planar.play.setting, hidden: '3'})")
    for label, hidden in (
        ("add a layer", "3x3"), ("more units in layer 1", "4x3"), ("fewer units in layer 2", "4x2"),
        ("remove a layer", "4"), ("remove a layer", "0"), ("add a layer", "4"),
    ):  # fmt: skip
        press(play, label)
        assert setting(play)["hidden"] == hidden
        assert (
            play("return planar.trainer.training.parameters.length")
            == (0 if hidden == "0" else hidden.count("x") + 1) + 1
        )
        assert play("return document.activeElement.ariaLabel") in (label, None)
    box = play.find("[aria-label='units of layer 1']")
    box.clear()
    box.send_keys("6", Keys.ENTER)
    assert setting(play)["hidden"] == "6"


def test_features_are_ticked(play: Browser) -> None:
    play.find("#knobs input[value='x1x2']").click()
    assert setting(play)["features"] == "x1+x2+x1x2"
    assert play("return planar.trainer.training.X.length") == 3
    play.find("#knobs input[value='x1x2']").click()
    assert setting(play)["features"] == "all"
    play.find("#knobs input[value='x1']").click()
    play.find("#knobs input[value='x2']").click()
    assert setting(play)["features"] == "x2"  # the last one stays
    assert play("return document.querySelector('#knobs input[value=x2]').checked")
    assert play.text("wrong-features").startswith("--features: expected ")


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("learning_rate", [(1, 0.3), (1, 1), (-1, 0.3), (-1, 0.1), (-1, 0.03)]),
        ("l1", [(1, 0.001), (1, 0.003), (-1, 0.001), (-1, 0)]),
        ("batch_size", [(-1, 200), (-1, 100), (-1, 50), (1, 100)]),
        ("seed", [(1, 1), (1, 2), (-1, 1), (-1, 0), (-1, 0)]),
        ("noise", [(1, 0.3), (-1, 0.1)]),
        ("init_scale", [(-1, 0.003), (-1, 0.001), (1, 0.003)]),
        ("output_init_scale", [(1, 0.03), (1, 0.1), (-1, 0.03)]),  # 0.01 is a network of the sweep
        ("init_offset", [(-1, -0.001), (-1, -0.003), (1, -0.001), (1, 0), (1, 0.001), (-1, 0), (1, 0.001)]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_plus_and_minus_step_to_values_that_people_try(
    play: Browser, name: str, steps: list[tuple[int, float]]
) -> None:
    play("planar.play.go({...planar.play.setting, learning_rate: 0.1, seed: 0})")
    for direction, value in steps:
        press(play, f"{'larger' if direction > 0 else 'smaller'} {name.replace('_', ' ')}")
        assert setting(play)[name] == pytest.approx(value)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("learning_rate", "fast", "--learning-rate: expected a finite number, 0 or more, got 'fast'"),
        ("learning_rate", "-1", "--learning-rate: expected a finite number, 0 or more, got '-1'"),
        ("samples", "2.5", None), ("seed", "-1", None), ("noise", "", None), ("batch_size", "0", None),
    ],
)  # fmt: skip
def test_a_bad_value_is_said_beside_its_control_and_changes_nothing(
    play: Browser, name: str, text: str, said: str | None
) -> None:
    before, network = setting(play), play.text("chosen-name")
    enter(play, name, text)
    assert setting(play) == before
    assert play.text("chosen-name") == network
    wrong = play.text(f"wrong-{name}")
    option = "--seeds" if name == "seed" else f"--{name.replace('_', '-')}"
    assert wrong.startswith(f"{option}: expected ") if said is None else wrong == said
    assert wrong.endswith(f"got '{text}'")
    assert play(f"return document.getElementById('knob-{name}').ariaInvalid") == "true"
    good = str(before[name])
    enter(play, name, good)
    assert play.text(f"wrong-{name}") == ""
    assert play(f"return document.getElementById('knob-{name}').ariaInvalid") == "false"


# What becomes of it


def test_a_setting_of_the_sweep_is_its_run_and_agrees(play: Browser, played: Results) -> None:
    play("planar.trainer.speed = 1000000; planar.play.go({...planar.play.setting, hidden: '3x2', learning_rate: 0.3})")
    assert play.text("standing").startswith("Not in this sweep.")
    assert play("return document.getElementById('recorded-cost').textContent") == "–"
    enter(play, "learning_rate", "0.5")
    seed = setting(play)["seed"]
    runs = played.runs
    row = runs[(runs["hidden"] == "3x2") & (runs["learning_rate"] == 0.5) & (runs["seed"] == seed)].index[0]
    assert play.text("standing") == f"This is run {row + 1} of the sweep."
    assert play("return document.getElementById('command-part').hidden")
    play.until("return planar.trainer.isDone")
    assert play.text("comparison") == "\u2713 Agrees with the recorded result."
    assert "1e-" not in play.text("comparison")
    other = 1 - seed
    enter(play, "seed", str(other))
    assert play("return planar.chosen.run.seed") == other


def test_the_command_gives_the_network_of_the_page(
    play: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    play("planar.trainer.speed = 1000000; planar.play.go({...planar.play.setting, hidden: '3', learning_rate: 0.3})")
    for name, text in (("iterations", "40"), ("noise", "0.3"), ("samples", "60"), ("l2", "0.01")):
        enter(play, name, text)
    play.until("return planar.trainer.isDone")
    cost = play("return planar.trainer.last.cost")
    command = play.text("command")
    assert command.startswith("python -m experiments.grid --dataset moons ")
    options = [*shlex.split(command)[3:], "--out", str(tmp_path / "results"), "--jobs", "1"]
    monkeypatch.chdir(tmp_path)
    assert grid.main(options) == 0
    capsys.readouterr()
    runs = read(tmp_path / "results").runs
    assert len(runs) == 10
    assert runs["cost"].iloc[0] == pytest.approx(cost, rel=1e-9)


def test_the_command_and_the_link_are_copied(play: Browser) -> None:
    play("planar.play.go({...planar.play.setting, activation: 'relu'})")
    # What was written last: a headless browser has no clipboard for a page from a file.
    play(
        "window.copies = []; document.execCommand = () => copies.push(document.activeElement.value) > 0;"
        "navigator.clipboard && (navigator.clipboard.writeText = async (text) => { copies.push(text); });"
    )
    for button in ("copy-command", "copy-link"):
        play(f"document.getElementById('{button}').click()")
        play.until(f"return document.getElementById('{button}').textContent === 'Copied'")
    assert play("return copies") == [play.text("command"), play("return location.href")]


def test_a_link_opens_the_same_network(play: Browser, path: Path) -> None:
    play(
        "const changed = { dataset: 'spiral', hidden: '4x3', features: 'x1+x2+sin(x1)', l1: 0.001 };"
        "planar.play.go({...planar.play.setting, ...changed})"
    )
    measured = "planar.trainer.restart(); planar.trainer.step(); return planar.trainer.training.measure()"
    before = setting(play), play(measured), play.text("command")
    link = play("return location.href")
    play.driver.get("about:blank")
    play.driver.get(link)
    play.until("return document.documentElement.dataset.ready === 'true'")
    assert (setting(play), play(measured), play.text("command")) == before
    # Another address in the same page.
    play("location.hash = '#dataset=moons&hidden=2&learning_rate=0.1&iterations=60&seed=1'")
    play.until("return document.getElementById('standing').textContent.startsWith('This is run')")
    assert play("return planar.chosen.run.seed") == 1


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("#hidden=none", "--hidden: expected "),
        (
            "#dataset=nowhere.csv",
            "--dataset: expected data that this page includes, got nowhere.csv: drop the file on the page",
        ),
        ("#hidden=3&colour=red", "The address has names that this page does not know: colour. They are ignored."),
    ],
)  # fmt: skip
def test_an_address_that_is_not_understood_is_said(play: Browser, address: str, said: str) -> None:
    before = setting(play)
    play("location.hash = arguments[0]", address)
    play.until("return document.getElementById('play-said').textContent !== ''")
    assert play.text("play-said").startswith(said)
    if "ignored" not in said:
        assert setting(play) == before


def test_the_page_opens_with_what_is_best_and_a_clean_address(play: Browser) -> None:
    assert play("return location.hash") == ""
    assert play.text("standing").startswith("This is run")


def test_test_points_are_shown_and_hidden(play: Browser) -> None:
    picture = "return document.getElementById('plane').toDataURL()"
    without = play(picture)
    play.find("#show-test").click()
    assert play(picture) != without
    play.find("#show-test").click()
    assert play(picture) == without


# Own tables


CSV = "height,weight,kind\n" + "".join(f"{i % 7},{i * i % 11},{'ab'[i // 2 % 2]}\n" for i in range(60))


def test_a_table_that_is_chosen_trains(play: Browser, tmp_path: Path) -> None:
    file = tmp_path / "own table.csv"
    file.write_text(CSV, encoding="utf-8")
    play.find("#file").send_keys(str(file))
    play.until("return planar.play.setting.dataset === 'own table.csv'")
    play.until("return planar.trainer.iteration > 0")
    assert play.text("command").startswith('python -m experiments.grid --dataset "own table.csv" ')
    assert play.text("plane-x").startswith("height")
    assert play("return [...document.getElementById('target').options].map((o) => o.value)") == [
        "height",
        "weight",
        "kind",
    ]
    assert play("return document.getElementById('target').value") == "kind"
    assert play("return document.querySelectorAll('#table-said li').length") > 0
    before = play("return planar.trainer.training.X.map((row) => [...row])")
    enter(play, "seed", str(setting(play)["seed"] + 1))  # another split
    assert play("return planar.trainer.training.X.map((row) => [...row])") != before
    play.choose("target", "weight")
    play.until("return planar.play.setting.target === 'weight'")
    assert play("return planar.again.subject.how.task") in ("regression", "multiclass")


def drop(browser: Browser, name: str, text: str) -> None:
    browser(
        "const transfer = new DataTransfer(); transfer.items.add(new File([arguments[1]], arguments[0]));"
        "const event = { dataTransfer: transfer, bubbles: true, cancelable: true };"
        "document.body.dispatchEvent(new DragEvent('drop', event));",
        name,
        text,
    )


def test_a_table_that_is_dropped_trains(play: Browser) -> None:
    drop(play, "dropped.csv", CSV)
    play.until("return planar.play.setting.dataset === 'dropped.csv'")
    rows = play("return planar.readTable(arguments[0], 'dropped.csv', planar.play.setting).data.Y.length", CSV)
    assert play("return planar.trainer.training.Y.length") == rows
    play.choose("knob-dataset", "circle")
    assert "target" not in setting(play)
    assert "--target" not in play.text("command")
    play.choose("knob-dataset", "dropped.csv")
    assert play("return planar.trainer.training.Y.length") == rows


def test_a_link_says_that_the_table_is_not_in_it_and_waits_for_it(play: Browser) -> None:
    play("navigator.clipboard && (navigator.clipboard.writeText = async () => {}); document.execCommand = () => true;")
    play.find("#copy-link").click()
    assert play.text("link-said") == ""
    drop(play, "dropped.csv", CSV)
    play.until("return planar.play.setting.dataset === 'dropped.csv'")
    play("planar.play.go({ ...planar.play.setting, hidden: '5', l2: 0.01 })")
    play.choose("target", "weight")
    play.until("return planar.play.setting.target === 'weight'")
    play.find("#copy-link").click()
    said = "The link does not contain the table: whoever opens it must drop the same file on the page."
    assert play.text("link-said") == said
    link, before = play("return location.href"), setting(play)
    play.driver.get("about:blank")
    play.driver.get(link)
    play.until("return document.documentElement.dataset.ready === 'true'")
    assert play.text("play-said") == (
        "--dataset: expected data that this page includes, got dropped.csv: drop the file on the page"
    )
    drop(play, "dropped.csv", CSV)
    play.until("return planar.play.setting.dataset === 'dropped.csv'")
    assert setting(play) == before
    # Another table begins with what is shown, as ever.
    drop(play, "other.csv", CSV)
    play.until("return planar.play.setting.dataset === 'other.csv'")
    assert (setting(play)["hidden"], setting(play)["target"]) == ("5", "kind")
    assert play.text("link-said") == ""


def test_the_network_that_is_shown_is_saved(play: Browser, played: Results, tmp_path: Path) -> None:
    play("window.saved = []; URL.createObjectURL = (blob) => { saved.push(blob); return 'data:,'; }")

    def save() -> dict[str, Any]:
        play.find("#save-network").click()
        return dict(json.loads(play.driver.execute_async_script("saved.at(-1).text().then(arguments[0])")))

    recorded = save()
    seed, hidden, rate = (recorded["setting"][name] for name in ("seed", "hidden", "learning_rate"))
    assert (recorded["state"], recorded["iteration"]) == ("recorded, rounded to float32", 60)
    runs = played.runs
    run = runs[(runs["hidden"] == hidden) & (runs["learning_rate"] == rate) & (runs["seed"] == seed)].index[0]
    kept = np.frombuffer(list(played.stored_runs())[run].parameters)
    flat = [w for layer in recorded["layers"] for w in [*np.ravel(layer["W"]), *layer["b"]]]
    np.testing.assert_array_equal(flat, kept.astype(np.float32))
    play.find("#step").click()
    assert (save()["state"], save()["iteration"]) == ("trained on the page", 1)
    play("planar.play.go({ ...planar.play.setting, dataset: 'plane', hidden: '2' }); planar.trainer.restart()")
    initial = save()
    assert (initial["state"], initial["iteration"], initial["task"]) == ("initial", 0, "regression")
    assert initial["target"].keys() == {"name", "mean", "deviation"}
    assert np.shape(initial["data"]["X"]) == (2, len(initial["data"]["Y"]))


def test_a_file_that_is_no_table_is_said_and_changes_nothing(play: Browser) -> None:
    before = setting(play)
    drop(play, "empty.csv", "")
    play.until("return document.getElementById('wrong-file').textContent !== ''")
    assert "empty.csv" in play.text("wrong-file")
    assert setting(play) == before


# Two networks


def test_two_networks_train_in_step(play: Browser) -> None:
    choose = "planar.play.go({...planar.play.setting, hidden: arguments[0], learning_rate: 0.3, iterations: 1e6})"
    play(choose, "2")
    play("planar.trainer.pause()")
    play.find("#compare").click()
    play(choose, "4x3")
    play("planar.trainer.restart()")
    names = play("return [...document.querySelectorAll('.view-name')].map((e) => e.textContent)")
    assert [name[0] for name in names] == ["A", "B"]
    assert ["hidden 2," in names[0], "hidden 4x3," in names[1]] == [True, True]
    for k in (1, 2, 3):
        play.find("#step").click()
        assert [play.text(f"{prefix}iteration") for prefix in ("pinned-", "")] == [str(k)] * 2
    play.find("#play").click()
    play.until("return planar.trainer.iteration > 5")
    play.find("#play").click()
    assert play("return planar.trainer.iteration === planar.trainer.others[0].iteration")
    costs = play("return [planar.trainer, ...planar.trainer.others].map(({ training }) => training.measure().cost)")
    alone = play(
        """const { trainer, again, Training } = planar, k = trainer.iteration;
        return [again.view, again.beside.view].map(({ subject: { data, how } }) => {
          const training = new Training(data.X, data.Y, how);
          while (training.iteration < k) training.step();
          return training.measure().cost;
        });"""
    )
    assert costs == alone
    assert costs[0] != costs[1]
    pictures = play("return ['plane', 'pinned-plane'].map((id) => document.getElementById(id).toDataURL())")
    assert pictures[0] != pictures[1]
    play.find("#restart").click()
    assert play("return [planar.trainer, ...planar.trainer.others].map(({ iteration }) => iteration)") == [0, 0]
    play.find("#compare").click()
    assert play("return [planar.trainer.others.length, document.getElementById('pinned-view')]") == [0, None]


def test_the_longer_of_two_trainings_goes_on(play: Browser) -> None:
    play("planar.trainer.speed = 1000000; planar.play.go({...planar.play.setting, iterations: 20})")
    play("planar.trainer.pause()")
    play.find("#compare").click()
    play("planar.play.go({...planar.play.setting, iterations: 50})")
    play.until("return planar.trainer.areDone")
    assert play("return [planar.trainer.iteration, planar.trainer.others[0].iteration]") == [50, 20]


# The drawing


def tiles(browser: Browser) -> list[str]:
    return list(browser("return [...document.querySelectorAll('#drawing .unit')].map((e) => e.ariaLabel)"))


def test_the_drawing_has_a_tile_for_each_unit_that_moves(play: Browser) -> None:
    play("planar.play.go({...planar.play.setting, hidden: '3x2', init: 'glorot', learning_rate: 0.5, iterations: 500})")
    play("planar.trainer.restart(); planar.again.show()")
    units = [f"layer {layer}, unit {unit}" for layer, unit in ((1, 1), (1, 2), (1, 3), (2, 1), (2, 2))]
    assert tiles(play) == ["x1", "x2", *units, "output"]
    looks = "return [...document.querySelectorAll('#drawing canvas')].map((canvas) => canvas.toDataURL())"
    play.find("#step").click()
    before = play(looks)
    assert len(before) == 1 + 8
    for _ in range(30):
        play("planar.trainer.step()")
    after = play(looks)
    changed = [a != b for a, b in zip(before, after, strict=True)]
    assert changed[1:3] == [False, False]  # the inputs
    assert all([changed[0], *changed[3:]])


def test_a_tile_is_what_the_unit_computes(play: Browser) -> None:
    play("planar.play.go({...planar.play.setting, hidden: '2', init: 'glorot'}); planar.trainer.pause()")
    seen, computed = play(
        """const { again, computed, themed } = planar, { drawing, subject } = again.view;
        const tile = drawing.tiles.find(({ layer, unit }) => layer === 1 && unit === 1);
        const { W, b } = again.trainer.training.parameters[0];
        again.show();
        const shades = [...themed().unitColours.signed];
        const [xs, ys] = subject.data.plane.points, ends = (v) => [Math.min(...v), Math.max(...v)];
        const [[x0, x1], [y0, y1]] = [ends(xs), ends(ys)], [mx, my] = [0.08 * (x1 - x0), 0.08 * (y1 - y0)];
        const at = (column, row) => Math.tanh(b[1] + W[1][0] * (x0 - mx + (x1 - x0 + 2 * mx) * column / 23)
          + W[1][1] * (y1 + my - (y1 - y0 + 2 * my) * row / 23));
        const places = [[0, 0], [23, 0], [0, 23], [23, 23], [11, 5]];
        return [places.map(([c, r]) => shades.indexOf(tile.pixels[r * 24 + c])), places.map(([c, r]) => at(c, r))];"""
    )
    assert np.array(seen) == pytest.approx((np.array(computed) + 1) / 2 * 254, abs=0.6)


def test_many_units_are_counted(play: Browser) -> None:
    play("planar.play.go({...planar.play.setting, hidden: '20x3'})")
    assert len(tiles(play)) == 2 + 8 + 3 + 1
    assert play("return [...document.querySelectorAll('.more-units')].map((e) => e.textContent)") == ["+12"]


def test_a_unit_is_shown_large_by_pointer_and_by_keys(play: Browser) -> None:
    play("planar.play.go({...planar.play.setting, hidden: '3', init: 'glorot'}); planar.trainer.pause()")
    picture = "return document.getElementById('plane').toDataURL()"
    whole = play(picture)
    assert play.text("plane-shows") == "Decision boundary"
    play("document.getElementById('compare').focus()")
    play("document.querySelector('#drawing .unit').focus({ focusVisible: true })")
    play.press(Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
    assert play.text("plane-shows").startswith("layer 1, unit 2, bias ")
    assert play(picture) != whole
    play("document.activeElement.blur()")
    assert (play.text("plane-shows"), play(picture)) == ("Decision boundary", whole)
    unit = play.find("#drawing [aria-label='layer 1, unit 3']")
    unit.click()  # stays
    play("document.getElementById('compare').focus()")
    assert play.text("plane-shows").startswith("layer 1, unit 3, bias ")
    unit.click()
    play("document.activeElement.blur()")
    play.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": 5, "y": 5})
    assert play.text("plane-shows") == "Decision boundary"


# Keys, and a small screen


def test_space_starts_and_pauses_where_no_control_needs_it(play: Browser) -> None:
    play("planar.trainer.speed = 1; document.activeElement.blur()")
    playing = "return planar.trainer.playing"
    for expected in (True, False):
        play.press(" ")
        assert play(playing) is expected
    play("document.getElementById('chart-heat').focus()")
    play.press(" ")
    assert play(playing) is True
    play("planar.trainer.pause(); document.getElementById('knob-learning_rate').focus()")
    play.press(" ")
    assert play(playing) is False
    play.find("#show-test").send_keys(" ")
    assert play("return document.getElementById('show-test').checked") is True
    assert play(playing) is False


def test_who_prefers_less_motion_starts_it(browser: Browser, path: Path) -> None:
    browser.open(path, reduced_motion="reduce")
    browser.choose("knob-activation", "relu")
    assert browser("return planar.trainer.started") is False
    assert browser.text("standing").startswith("Not in this sweep.")


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1440, 900), (390, 844)])
def test_training_is_in_sight_wherever_the_map_is(browser: Browser, path: Path, width: int, height: int) -> None:
    browser.open(path, width=width, height=height)
    for block in ("start", "center", "end"):
        browser(f"document.getElementById('chart-heat').scrollIntoView({{block: '{block}'}})")
        for part in ("plane", "play"):
            top, bottom = browser(
                f"const box = document.getElementById('{part}').getBoundingClientRect(); return [box.top, box.bottom]"
            )
            assert 0 <= top < bottom <= height, (block, part)
    # Of a page that is too short to keep it beside the map, a click brings it back.
    browser("document.getElementById('change').open = false")
    browser("document.getElementById('chart-heat').scrollIntoView({block: 'start'})")
    browser("planar.charts.heat.click({ id: 1 })")
    browser.settle()
    browser.until(f"return document.getElementById('plane').getBoundingClientRect().bottom <= {height}")
    browser.until("return document.getElementById('play').getBoundingClientRect().top >= 0")
    browser("document.getElementById('compare').click()")
    assert browser("return document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def test_data_without_a_plane_are_drawn_as_units_and_lines(browser: Browser, tmp_path: Path) -> None:
    results = Sweep(dataset=["breast_cancer"], hidden=[3], learning_rate=[0.1], seed=[0], iterations=20).run(
        jobs=1, out=None
    )
    path = page_file(results, tmp_path)
    browser.open(path)
    assert len(tiles(browser)) == 8 + 3 + 1
    assert browser("return document.querySelectorAll('#drawing .unit canvas').length") == 0
    assert browser("return [...document.querySelectorAll('.more-units')].map((e) => e.textContent)") == ["+22"]
    picture = "return document.querySelector('#drawing .lines').toDataURL()"
    browser.find("#step").click()
    first = browser(picture)
    browser("planar.trainer.speed = 1000000; planar.trainer.play()")
    browser.until("return planar.trainer.isDone")
    assert browser(picture) != first
    browser.choose("knob-activation", "relu")  # the table of the sweep can be played with
    assert browser.text("command") == (
        "python -m experiments.grid --dataset breast_cancer --hidden 3 --activation relu --learning-rate 0.1"
        " --iterations 20"
    )
    assert browser.complaints() == []
