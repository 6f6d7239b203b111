"""The manual and the README: every command can be typed, prints what is shown, and every block of Python runs."""

from __future__ import annotations

import csv
import os
import re
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import experiments
from experiments import read
from experiments.cli import grid
from experiments.cli.manual import options
from experiments.cli.options import PARSERS
from experiments.datasets import DATASETS
from experiments.knobs.declared import HOW, REQUESTED
from tests.helpers.machines import ROOT
from tests.helpers.manual import commands, missing, named, page, run, scripts

OF_STORY = "docs/story.md"  # which has tests of its own
PAGES = [
    "README.md", "CONTRIBUTING.md", "results/README.md",
    *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md") if f"docs/{path.name}" != OF_STORY),
]  # fmt: skip
COMMANDS = sorted({command for name in PAGES for command, _ in commands(page(name))})
NAMED = sorted({command for name in PAGES for command in named(page(name))})
WITH_SCRIPTS = [name for name in PAGES if scripts(page(name))]
PLACEHOLDER = re.compile(r"\b(?:[A-Z]{2,}|X)\b|\.\.\.")  # in the form of a command: export DIR --format NAME
LONG = ("until_decided",)  # in a script that trains for minutes
MOST_LINES = 130  # of the README
CONFIG = Path(experiments.__file__).parent / "configs" / "lesson.toml"
TINY = ["--hidden", "4", "8", "--activation", "tanh", "relu", "--lr", "0.3", "--seeds", "0:4", "--iterations", "50"]
QUIET = ["--no-plots", "--quiet"]
TABLE = ["--dataset", "measurements.csv", "--target", "healthy"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the pages speak of: a table, new rows, results of a sweep, shards, the project's configs."""
    folder = tmp_path_factory.mktemp("reader")
    rows = [(20 + k % 50, 50 + (k * 37) % 40, "yes" if (k * 7) % 10 < 5 else "no") for k in range(200)]
    for name, columns in (("measurements", 3), ("new_measurements", 2), ("new_rows", 2)):
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([["age", "weight", "healthy"][:columns], *(row[:columns] for row in rows)])
    (folder / "docs").mkdir()
    for table in ("penguins.csv", "penguins_2009.csv"):
        shutil.copy(ROOT / "docs" / table, folder / "docs")
    shutil.copytree(CONFIG.parent, folder / "experiments" / "configs")
    here = Path.cwd()
    os.chdir(folder)
    try:
        for out in (["--out", "results"], *(["--shard", f"{k}/2", "--out", f"shards/{k}"] for k in (1, 2))):
            assert grid.main([*TABLE, *TINY, *QUIET, *out]) == 0
        (folder / "sweep.toml").write_text('hidden = ["4"]\nlearning_rate = [0.3]\n', encoding="utf-8")
    finally:
        os.chdir(here)
    return folder


@pytest.fixture
def reader(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, in which the reader is."""
    folder = tmp_path / "reader"
    shutil.copytree(made, folder)
    monkeypatch.chdir(folder)
    return folder


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*## ", page("Makefile"), re.MULTILINE))


def spoken(command: str) -> tuple[str, list[str]]:
    """Which command of the project it is (an empty text: of another program), and the words after that."""
    program, *rest = shlex.split(command, comments=True)
    if program == "planar-sweep":
        return rest[0], rest[1:]
    if program.startswith("python") and rest[0] == "-m" and rest[1].startswith("experiments."):
        return rest[1].removeprefix("experiments."), rest[2:]
    return "", [program, *rest]


def check_of_another_program(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Targets of make and extras exist; the options of make sweep can be typed."""
    if words[0] == "make":
        assert words[1] in targets()
        if words[1] == "sweep" and words[2:]:
            run(f"planar-sweep grid {words[2].removeprefix('ARGS=')}", capsys, "--dry-run")
    elif "pip" in words[:3]:
        extras = tomllib.loads(page("pyproject.toml"))["project"]["optional-dependencies"]
        for wanted in re.findall(r"\[([\w,]+)\]", " ".join(words)):
            assert set(wanted.split(",")) <= set(extras)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[:70])
def test_every_command_can_be_typed(command: str, reader: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = command.replace("$SLURM_ARRAY_TASK_ID", "1")
    name, words = spoken(command)
    if not name:
        check_of_another_program(words, capsys)
    elif PLACEHOLDER.search(command) or name.startswith("--") or not words:
        check_options(name, words)
    else:  # what would train shows its plan
        is_run = name not in ("grid", "map") or {"--print-config", "--dry-run"} & set(words)
        run(command, capsys, *[] if is_run else ["--dry-run"])


def check_options(name: str, words: list[str]) -> None:
    if not name.startswith("--") and not PLACEHOLDER.search(name):
        assert name in (*PARSERS, "walkthrough"), name
    flags = {flag for parser in PARSERS.values() for action in parser()._actions for flag in action.option_strings}
    for word in words:
        assert not word.startswith("--") or word.split("=")[0] in flags, word


@pytest.mark.parametrize("command", NAMED, ids=lambda command: command[:70])
def test_every_command_in_a_sentence_exists(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    name, words = spoken(command)
    if name:
        check_options(name, words)
    else:
        check_of_another_program([word for word in words if not word.startswith("ARGS=")], capsys)


@pytest.mark.parametrize("name", [name for name in WITH_SCRIPTS if not any(long in page(name) for long in LONG)])
def test_every_script_runs(name: str, reader: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for form in ("onnx", "json", "joblib"):
        if f"model.{form}" in page(name):
            run(f"python -m experiments.export results --format {form} --out model.{form}", capsys)
    names: dict[str, Any] = {}
    for script in scripts(page(name)):
        exec(script, names)  # noqa: S102 - the page's own words


@pytest.mark.parametrize("name", [name for name in WITH_SCRIPTS if any(long in page(name) for long in LONG)])
def test_every_long_script_is_compiled(name: str) -> None:
    for script in scripts(page(name)):
        compile(script, name, "exec")


@pytest.mark.parametrize("name", ["docs/tutorial.md", pytest.param("docs/grid.md", marks=pytest.mark.slow)])
def test_every_command_says_what_the_page_says(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shown_of = [(command, shown) for command, shown in commands(page(name)) if shown]
    said: dict[str, str] = {}
    for command, shown in shown_of:
        if command not in said:
            said[command] = run(command, capsys, *["--no-plots"] * ("experiments.grid" in command))
        assert missing(shown, said[command]) == [], command
    assert len(shown_of) == {"docs/tutorial.md": 6, "docs/grid.md": 1}[name]


def test_the_readme_shows_the_result_that_the_manual_shows() -> None:
    (shown,) = re.findall(r"^```\n(.*?)^```$", page("README.md"), re.MULTILINE | re.DOTALL)
    assert shown in page("docs/grid.md")


def test_the_readme_is_short() -> None:
    assert len(page("README.md").splitlines()) <= MOST_LINES


def anchors(text: str) -> Iterator[str]:
    for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("name", [*PAGES, OF_STORY, "CHANGELOG.md", "tests/README.md", "benchmarks/README.md"])
def test_links_lead_to_files_and_headings(name: str) -> None:
    for target, anchor in re.findall(r"\]\(([^)\s:#]*)(?:#([^)\s]*))?\)", page(name)):
        path = (ROOT / name).parent / target if target else ROOT / name
        assert path.resolve().exists(), target
        assert not anchor or anchor in anchors(path.read_text(encoding="utf-8")), (target, anchor)


def test_every_option_of_every_command_is_in_the_manual() -> None:
    sections = dict(zip(re.findall(r"^## experiments\.(\w+)", options(), re.MULTILINE),
                        re.split(r"^## .*$", options(), flags=re.MULTILINE)[1:], strict=True))  # fmt: skip
    assert set(sections) == set(PARSERS)
    for name, parser in PARSERS.items():
        for action in parser()._actions:
            for flag in action.option_strings or [str(action.metavar or action.dest)]:
                assert action.dest == "help" or f"<code>{flag}</code>" in sections[name], (name, flag)
    for knob in (*REQUESTED, *HOW):
        for other in knob.elsewhere:
            assert f"<code>--{other}</code>" in sections["grid"]
    assert "<!-- options -->" in page("docs/options.md")


def test_every_data_set_is_in_the_manual() -> None:
    for name in DATASETS:
        assert f"`{name}`" in page("docs/datasets.md")


# --- the lesson ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("lesson")
    assert grid.main(["--config", str(CONFIG), "--out", str(folder), "--no-plots", "--quiet"]) == 0
    return read(folder)


def test_the_file_to_hand_out_is_the_one_that_is_shown() -> None:
    (shown,) = re.findall(r"^```toml\n(.*?)^```$", page("docs/lesson.md"), re.MULTILINE | re.DOTALL)
    assert CONFIG.read_text(encoding="utf-8").endswith(f"\n\n{shown}")


def test_the_table_of_the_lesson(lesson: Any) -> None:
    summary = lesson.summary[lesson.summary["learning_rate"] == 0.03]
    for dataset in ("gauss", "circle", "xor", "spiral"):
        means = summary[summary["dataset"] == dataset]["mean_test_accuracy"]
        row = f"| {dataset}, learning rate 0.03 | {' | '.join(f'{mean:.3f}' for mean in means)} |"
        assert row in page("docs/lesson.md")


def test_the_answers_of_the_lesson(lesson: Any) -> None:
    def of(table: pd.DataFrame, dataset: str, hidden: str, rate: float) -> pd.DataFrame:
        is_it = (table["dataset"] == dataset) & (table["hidden"] == hidden) & (table["learning_rate"] == rate)
        return table[is_it]

    runs, summary = lesson.runs, lesson.summary
    strips = of(runs, "xor", "2", 0.03)["test_accuracy"]
    assert max(strips.round(3)) == 0.873
    assert all(abs(strips - 0.7) < 0.02 + 0.2 * (strips > 0.8))
    spiral = {rate: of(summary, "spiral", "8x8", rate)["mean_test_accuracy"].item() for rate in (0.003, 0.03, 0.3)}
    assert {rate: round(mean, 3) for rate, mean in spiral.items()} == {0.003: 0.973, 0.03: 0.999, 0.3: 0.884}
    small = of(summary, "circle", "3", 0.3)
    assert small["tied_with_best"].item()
    assert round(small["mean_test_accuracy"].item(), 3) == 0.997
    best = of(summary, "circle", "8x8", 0.003)
    assert best["rank_test_accuracy"].item() == 1
    assert round(best["mean_test_accuracy"].item(), 4) == 0.9999
    assert round(best["ci_low_test_accuracy"].item(), 4) == 0.9996
    assert of(runs, "circle", "8x8", 0.003)["test_accuracy"].min() >= 0.999
    gauss = summary[summary["dataset"] == "gauss"]
    assert gauss["tied_with_best"].sum() == 18
    sizes = {hidden: sum(W.size + b.size for W, b in lesson.network(of(runs, "circle", hidden, 0.3).iloc[0]).parameters)
             for hidden in ("3", "8x8")}  # fmt: skip
    assert sizes == {"3": 13, "8x8": 105}
