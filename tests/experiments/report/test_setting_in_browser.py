"""A setting in play, in a browser: its checks are those of the command line, and its command trains that setting."""

from __future__ import annotations

import random
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from experiments.cli.options import grid_parser
from experiments.datasets.synthetic import REGRESSIONS
from experiments.design import Design
from experiments.knobs.declared import KNOBS, REQUESTED
from experiments.knobs.knob import Knob, SweepError
from experiments.knobs.values import known_value, value_of, values_of
from experiments.report.play import LIMITS, PLAYED, description
from experiments.results import Results
from experiments.sweep import Sweep
from tests.helpers.browser import Browser
from tests.helpers.page import page_file

BY_NAME = {knob.name: knob for knob in KNOBS}


@pytest.fixture
def functions(browser: Browser, page: Path) -> Browser:
    """The page, as whoever was here before left it: what its functions return does not depend on that."""
    if browser.driver.current_url != page.as_uri():
        browser.open(page)
    return browser


def test_limits_are_those_of_the_checks() -> None:
    for name, limits in LIMITS.items():
        check, step = BY_NAME[name].check, 1 if limits.is_integer else 1e-9
        for end, is_open, sign in ((limits.low, limits.low_open, 1), (limits.high, limits.high_open, -1)):
            if end is None:
                check(1e12)
                continue
            outside, inside = end - sign * step, end + sign * step
            assert check(inside if is_open else end) is not None, name
            with pytest.raises(ValueError, match=r"^an? "):
                check(end if is_open else outside)


def test_defaults_are_valid_and_those_of_the_command_line() -> None:
    usual = {each["name"]: each["default"] for each in description()["knobs"]}
    for knob in PLAYED:
        values = values_of(knob, None)[0] if knob.is_axis else knob.default
        assert usual[knob.name] in values, knob.name


TRIED = [
    "", "auto", "same", "all", "seed", "0", "1", "-1", "-0", "4", "10", "9", "0.5", ".5", "5.", "1e-3", "1E3", "1e400",
    "nan", "inf", "1.0", "x", "8x8", "8x0", "0x8", "x8", "8x", "08x08", "1000001", "4294967295", "4294967296",
    "10000000", "10000001", "1000000000000", "1000000000001", "1e6", "1000000.1", "0.9999", "tanh", "Tanh", "relu",
    "adam", "he", "it's", 'say "x"', "a\tb", "x1", " X1 + x2x1 ", "x1+x1", "x0", "x1^2+sin(x2)", "sin(x1x2)", "x1x1",
    "x" * 100, "1x" * 1001 + "1", "moons", "iris", "data.csv", "a b.CSV", "none", "balanced",
]  # fmt: skip


@pytest.mark.parametrize("name", [knob.name for knob in PLAYED if knob.name != "dataset"])
def test_a_value_is_accepted_or_refused_as_by_the_command_line(functions: Browser, name: str) -> None:
    computed = functions(
        "const [name, texts] = arguments;"
        "return texts.map((text) => { try { return [planar.checked(name, text), null]; }"
        "catch (error) { return [null, error.message]; } });",
        name,
        TRIED,
    )
    assert computed == [answer(BY_NAME[name], text) for text in TRIED]


def answer(knob: Knob, text: str) -> list[Any]:
    """The value, and the message without a suggestion, of the command line."""
    try:
        return [values_of(knob, [text])[0][0] if knob.is_axis else value_of(knob, text), None]
    except SweepError as error:
        return [None, re.sub(r" \(did you mean '\w+'\?\)", "", str(error))]


def test_a_data_set_is_refused_in_one_line(functions: Browser) -> None:
    script = "try { planar.checked('dataset', arguments[0]); } catch (error) { return error.message; }"
    names = ", ".join(description()["known"])
    expected = f"--dataset: expected one of {names}, or the path of a file such as data.csv, got 'mons'"
    assert functions(script, "mons") == expected
    assert [functions(script, name) for name in ("moons", "iris", "a/b c.csv", "a.csv.gz")] == [None] * 4


def random_settings(n: int) -> list[dict[str, Any]]:
    """Settings of all kinds, each value as its knob has it in standard form."""
    draw = random.Random(4)
    floats = [0.0, 0.1, 1 / 3, 1e-7, 1e21, 5e-324, 0.30000000000000004, 123456.789]
    texts = {
        "features": ["all", "x1", "x1+x2", "x1^2+x1x2+sin(x2)"],
        "hidden": ["0", "1", "4", "8x8", "3x5x2"],
    }
    made = []
    for _ in range(n):
        setting = {}
        for each in description()["knobs"]:
            name, limits = each["name"], LIMITS.get(each["name"])
            if limits is None:
                setting[name] = draw.choice(each["choices"] or texts[name])
            elif each["words"] and draw.random() < 0.4:
                setting[name] = draw.choice(each["words"])
            elif limits.is_integer:
                low, high = int(limits.low or 0), int(limits.high or 0)
                setting[name] = draw.choice((low, high, draw.randint(low, high), draw.randint(low, low + 100)))
            else:
                most = 1.0 if limits.high_open else limits.high or 1e30
                setting[name] = draw.choice([x for x in floats if x < most and (x > 0 or not limits.low_open)])
            if draw.random() < 0.4:
                setting[name] = each["default"]
        made.append(setting)
    tables = ["data.csv", "my data.csv", 'it\'s 100% $HOME `x` \\ "y" !1.csv', "-x.csv", "äö/x.tsv", "a&b;c|d>(e).csv"]
    return [*made, *({**made[k], "dataset": name} for k, name in enumerate(tables))]


def test_the_command_trains_the_setting(functions: Browser) -> None:
    settings = random_settings(300)
    commands = functions("return arguments[0].map(planar.commandOf)", settings)
    for setting, command in zip(settings, commands, strict=True):
        python, m, module, *arguments = shlex.split(command)
        assert (python, m, module) == ("python", "-m", "experiments.grid")
        options = grid_parser().parse(arguments)
        design = Design(**{knob.name: getattr(options, knob.name) for knob in REQUESTED}, zip=options.zip)
        first = design[0]
        assert design.n_configurations == 1
        assert len(design) == min(10, 2**32 - setting["seed"])
        is_generated = not str(setting["dataset"]).lower().endswith(("csv", "tsv"))
        for knob in PLAYED:
            if knob.needs is not None and not knob.needs[2](setting[knob.needs[0]]):
                continue
            if knob.name in ("noise", "samples", "data_seed") and not is_generated:
                continue
            if knob.name == "class_weight" and setting["dataset"] in REGRESSIONS:
                continue
            run = getattr(first, knob.name) if knob.is_axis else design.iterations
            wanted = setting[knob.name]
            if knob.name == "dataset" and str(wanted).startswith("-"):
                wanted = f"./{wanted}"
            assert run == wanted, (knob.name, command)


def test_the_command_names_only_what_differs(functions: Browser) -> None:
    command = "return planar.commandOf({ ...planar.defaultSetting(), ...arguments[0] })"
    assert functions(command, {}) == "python -m experiments.grid --hidden 4 --learning-rate 1.2"
    changed = {"dataset": "spiral", "features": "x1+sin(x1)", "momentum": 0.5, "seed": 3, "target": "no table"}
    assert functions(command, changed) == (
        'python -m experiments.grid --dataset spiral --features "x1+sin(x1)" --hidden 4 --learning-rate 1.2'
        " --seeds 3:13"
    )
    table = {"dataset": "-x.csv", "noise": 0.5, "target": "a b", "reading": ["--missing-values", "-999", "it's"]}
    assert functions(command, table) == (
        "python -m experiments.grid --dataset ./-x.csv --hidden 4 --learning-rate 1.2"
        ' --target "a b" --missing-values -999 "it\'s"'
    )


def test_the_command_of_a_table_reads_it_as_the_sweep_did(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "a table.csv"
    path.write_text("a,b,c\n" + "".join(f"{'xyz'[i % 3]},{i * 7 % 11 / 4},{i}\n" for i in range(60)))
    read = {"target": "a", "positive": ["x", "y"], "drop": "c", "split": "fixed", "test_fraction": 0.5}
    asked = {"dataset": str(path), "hidden": 2, "learning_rate": 0.5, "seed": 3, "iterations": 4, **read}
    results = Sweep(**asked).run(jobs=1, out=None)
    report = page_file(results, tmp_path)
    browser.open(report)
    setting, command, same = browser(
        "const { sweep, settingOfRun, commandOf, sameAs } = planar, setting = settingOfRun(sweep, 0, 3);"
        "return [setting, commandOf(setting), sameAs(sweep, setting, sweep.data(0, 0))];"
    )
    assert setting["seed"] == 3
    assert same == {"configuration": 0, "run": 0}
    options = grid_parser().parse(shlex.split(command)[3:])
    design = Design(**{knob.name: getattr(options, knob.name) for knob in REQUESTED}, zip=options.zip)
    assert design.request == {**results.design.request, "seed": "3:13"}


def test_an_address_gives_its_setting_back(functions: Browser) -> None:
    settings = random_settings(100)
    back = functions(
        "return arguments[0].map((setting) => [false, true].map((changed) =>"
        " planar.settingOf(planar.addressOf(setting, changed))))",
        settings,
    )
    assert back == [[setting, setting] for setting in settings]
    short = functions("return planar.addressOf({ ...planar.defaultSetting(), dataset: 'spiral', hidden: '4x4' }, true)")
    assert short == "#dataset=spiral&hidden=4x4"


def test_an_address_that_makes_no_sense(functions: Browser) -> None:
    read = """const said = [];
        const setting = () => planar.settingOf(arguments[0], planar.defaultSetting(), (line) => said.push(line));
        try { return [setting().hidden, said]; }
        catch (error) { return error.message; }"""
    unknown = "The address has names that this page does not know: hiden, x. They are ignored."
    assert functions(read, "#hiden=3&hidden=2&x") == ["2", [unknown]]
    assert functions(read, "") == ["4", []]
    expected = "a number of hidden units such as 4, layers such as 8x8, or 0 for none"
    assert functions(read, "#hidden") == f"--hidden: expected {expected}, got ''"
    assert functions(read, "#hidden=<b>") == f"--hidden: expected {expected}, got '<b>'"
    assert functions(read, "#hidden=%E4") == "address: expected text such as hidden=4x4, got '%E4': copy the link again"
    assert functions("return ['#target', '#target='].map((hash) => planar.settingOf(hash).target)") == ["", ""]


def test_a_run_of_the_sweep_is_found_by_its_setting(functions: Browser, swept: Results) -> None:
    n = len(swept.runs)
    found = functions(
        """const { sweep, settingOfRun, sameAs } = planar;
        return Array.from({ length: sweep.count * sweep.seeds.length }, (_, run) => {
          const configuration = Math.floor(run / sweep.seeds.length);
          const setting = settingOfRun(sweep, configuration, sweep.seeds[run % sweep.seeds.length]);
          return [setting, sameAs(sweep, setting, sweep.data(configuration, run))];
        });"""
    )
    assert len(found) == n
    for position, (setting, same) in enumerate(found):
        row = swept.runs.iloc[position]
        assert same == {"configuration": position // 5, "run": position}
        assert all(setting[name] == row[name] for name in ("dataset", "hidden", "learning_rate", "seed"))
        assert setting["iterations"] == 200


def test_a_run_is_the_same_only_if_all_that_matters_is(functions: Browser, swept: Results) -> None:
    same = """const { sweep, settingOfRun, sameAs } = planar;
        const setting = { ...settingOfRun(sweep, 2, 1), ...arguments[0] };
        return sameAs(sweep, setting)?.run ?? null;"""
    run = 2 * 5 + 1
    for alike in ({}, {"momentum": 0.1}, {"noise": 0.2}, {"data_seed": 1}, {"data_seed": "seed"}, {"batch_size": 400}):
        assert functions(same, alike) == run, alike
    for alike in ({"init_scale": 0.01}, {"output_init_scale": 0.01}, {"bias": "yes"}, {"output_learning_rate": 0.1}):
        assert functions(same, alike) == run, alike
    for other in ({"noise": 0.3}, {"data_seed": 2}, {"samples": 401}, {"hidden": "2"}, {"seed": 5}, {"l2": 0.1},
                  {"iterations": 100}, {"features": "x1"}, {"batch_size": 399}, {"optimizer": "adam"}, {"init": "he"},
                  {"dataset": "circles"}, {"output_learning_rate": 0.2}, {"activation": "relu"},
                  {"bias": "no"}, {"output_init_scale": 0.02}, {"init_offset": -0.1}):  # fmt: skip
        assert functions(same, other) is None, other
    # Tables are compared by their numbers.
    others = functions(
        """const { sweep, settingOfRun, sameAs } = planar, c = sweep.count - 1, data = sweep.data(c, 0);
        const setting = settingOfRun(sweep, c, 0);
        const other = { ...data, Y: data.Y.map((y) => y + 1) }, moved = { ...setting, dataset: "a/iris.csv" };
        return [sameAs(sweep, setting), sameAs(sweep, setting, other), sameAs(sweep, moved, data).run];"""
    )
    assert others == [None, None, len(swept.runs) - 5]


def test_data_drawn_for_a_run_are_those_that_the_page_holds(functions: Browser) -> None:
    drawn, held = functions(
        """const { sweep, settingOfRun, generated } = planar;
        const rows = (X) => X.map((row) => [...row]);
        const plain = ({ X, Y, X_test, Y_test, task, class_names, feature_names, target, plane }) => [
          rows(X), [...Y], rows(X_test), [...Y_test], task, class_names, feature_names, target,
          plane.names, plane.terms, rows(plane.points)];
        return [generated(settingOfRun(sweep, 1, 2)), sweep.data(1, 2)].map(plain);"""
    )
    assert drawn == held


def test_training_is_that_of_the_sweep(functions: Browser) -> None:
    pairs = functions(
        """const { sweep, settingOfRun, trainingOf } = planar;
        return Array.from({ length: sweep.count }, (_, c) => {
          const data = sweep.data(c, 0);
          return [trainingOf(settingOfRun(sweep, c, 3), data), sweep.training(c, 3)];
        });"""
    )
    assert all(ours == theirs for ours, theirs in pairs)
    how = functions(
        "const { generated, defaultSetting, trainingOf } = planar;"
        "const setting = { ...defaultSetting(), dataset: 'plane', batch_size: 10, init_scale: 'auto' };"
        "return trainingOf(setting, generated(setting));"
    )
    assert how["batch_size"] == 10
    assert how["init_scale"] == known_value(BY_NAME["init_scale"], "auto")
    assert (how["task"], how["outputs"]) == ("regression", 1)


def test_weights_of_classes_need_classes(functions: Browser) -> None:
    script = """const [changed, task] = arguments, { defaultSetting, trainingOf } = planar;
        const setting = { ...defaultSetting(), class_weight: "balanced", ...changed };
        try { return trainingOf(setting, { task, class_names: ["a", "b"] }).class_weight ?? null; }
        catch (error) { return error.message; }"""
    refusal = "--class-weight: expected classification data, got regression"
    assert functions(script, {"dataset": "a.csv"}, "binary") == "balanced"
    assert functions(script, {"dataset": "a.csv"}, "regression") == refusal
    assert functions(script, {"dataset": "plane"}, "regression") is None  # without effect, as its control is hidden


def test_data_that_cannot_be_drawn_are_refused(functions: Browser) -> None:
    script = """try { return planar.generated({ ...planar.defaultSetting(), ...arguments[0] }).name; }
        catch (error) { return error.message; }"""
    names = ", ".join(each["name"] for each in description()["datasets"])
    assert functions(script, {"dataset": "iris"}) == (
        f"--dataset: this page can draw {names}, got 'iris': choose one of these, or drop a CSV file"
    )
    assert functions(script, {"samples": 20_001}) == (
        "--samples: this page draws at most 20,000 points, got 20001: use the command line for more"
    )
    assert functions(script, {"samples": 9}) == "--samples: expected at least 10 points of flower, got 9"
    assert functions(script, {"samples": 1, "dataset": "gaussian_random"}) == "gaussian_random"
    assert functions(script, {"features": "x1+x3"}) == (
        "features: expected x1 to x2, the inputs of 'flower', got x3 in 'x1+x3'"
    )
