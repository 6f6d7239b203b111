"""The report is one file that is safe to open, and small; the command that makes it."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import vl_convert

from experiments.cli import report
from experiments.findings.headline import headline
from experiments.plots import gallery
from experiments.report import charts, contents
from experiments.report import page as page_module
from experiments.report.embedding import WEB
from experiments.report.page import MODULES, _script
from experiments.report.vega import vega
from experiments.results import Results, read
from experiments.sweep import Sweep
from planar_core import training
from tests.helpers.page import NASTY, Page, decoded, many, page_text, run_of_every_status


@pytest.fixture(scope="module", autouse=True)
def _no_bundling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The bundle takes two seconds, and is looked at by the tests that use a browser."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(vl_convert, "javascript_bundle", lambda *_: "'</script><!--';\n")
        yield


@pytest.fixture(scope="module")
def every_status(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return run_of_every_status(tmp_path_factory.mktemp("out"))


# The page


@pytest.mark.parametrize("shape", [(10_000, 10, 51), (100_000, 1, 51), (1, 100_000, 51)])
def test_a_hundred_thousand_runs_make_no_enormous_page(
    shape: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_module, "headline", lambda *_: ["Much."])  # takes minutes, as in a sweep
    text = page_text(many(*shape))
    assert len(text.encode()) < 7_000_000  # and 900,000 for Vega
    assert "</p>" in text.split('<div class="note">')[1].split("</div>")[0]


def test_the_page_is_whole_and_asks_for_nothing(every_status: Results) -> None:
    text = page_text(every_status)
    page = Page(text)
    assert len(text.encode()) < 400_000
    assert [attributes.get("type") for attributes, _ in page.scripts] == [*["application/json"] * 2, *["module"] * 2]
    for tag, attributes in page.elements:
        assert tag not in ("img", "iframe", "object", "embed", "base", "form"), tag
        for name in ("src", "href", "action", "srcset"):
            assert attributes.get(name, "data:,") == "data:,", (tag, attributes)
    assert "url(" not in text
    (policy,) = (a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    assert "$" not in re.sub(r"<(script|style).*?</\1>", "", text, flags=re.DOTALL)  # no place was left empty
    assert {**page.json("results"), "glossary": None} == {**contents.contents(every_status), "glossary": None}
    assert page.json("charts") == charts.specifications()


def test_headline_and_origin_are_in_the_page(every_status: Results) -> None:
    page = Page(page_text(every_status))
    said = " ".join(page.text.split())
    for sentence in headline(every_status, every_status.manifest["findings"]):
        assert sentence in said
    execution = every_status.manifest["execution"]
    for expected in (
        every_status.manifest["data"][0]["fingerprint"],
        execution["finished"],
        execution["machine"]["processor"],
        f"numpy {np.__version__}",
        "8x2 2 10 0",
        f"{every_status.manifest['counts']['failed']} failed",
    ):
        assert expected in said


@pytest.mark.parametrize(("seeds", "title"), [(1, "flower: 1 network"), (2, "flower: 2 networks")])
def test_the_title_counts_the_networks(seeds: int, title: str, tmp_path: Path) -> None:
    results = Sweep(hidden=[1], learning_rate=[1], seed=range(seeds), iterations=2).run(
        jobs=1, out=tmp_path / "results"
    )
    assert f"<title>{title}</title>" in page_text(results)


def test_the_script_is_the_modules_without_their_imports() -> None:
    script = _script()
    assert not re.search(r"^\s*(import|export)\b", script, re.MULTILINE)
    assert sorted(MODULES) == sorted(path.stem for path in WEB.glob("*.js"))
    for module in MODULES:
        imported = re.findall(r'^import .* from "\./(\w+)\.js";$', (WEB / f"{module}.js").read_text(), re.MULTILINE)
        assert all(MODULES.index(name) < MODULES.index(module) for name in imported), module
    names = re.findall(r"^(?:async )?(?:function|class|const|let) (\w+)", script, re.MULTILINE)
    assert len(names) == len(set(names))


def test_what_the_page_is_made_of_comes_with_the_package() -> None:
    pyproject = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = pyproject["tool"]["setuptools"]["package-data"]["experiments"]
    assert all(any(path.match(pattern) for pattern in patterns) for path in WEB.iterdir())
    assert {path.name for path in WEB.iterdir()} >= {"report.html", "report.css", "network.js"}


def test_names_from_files_stay_text(tmp_path: Path) -> None:
    data = tmp_path / "<script>alert(1)<!--\"'&$x\n.csv"
    quoted = NASTY.replace('"', '""')
    labels = (quoted, "<b>\n")
    rows = "".join(f'{i % 7},{i * i % 11},"{labels[i // 2 % 2]}"\n' for i in range(40))
    data.write_text(f'"{quoted}","a\nb","{quoted}2"\n{rows}', encoding="utf-8")
    results = Sweep(dataset=[str(data)], hidden=[1], learning_rate=[1], seed=range(2), iterations=2).run(
        jobs=1, out=tmp_path / "results"
    )
    text = page_text(results)
    page = Page(text)
    assert len(page.scripts) == 4
    assert not any(tag == "b" for tag, _ in page.elements)
    held = page.json("results")
    assert {**held, "glossary": None} == {**contents.contents(results), "glossary": None}
    assert held["axes"][0]["values"] == [str(data)]
    assert held["problems"][0]["feature_names"] == list(results.data(str(data)).feature_names)
    assert NASTY in held["problems"][0]["class_names"]
    assert str(data) in page.text
    for _, script in page.scripts[:2]:
        assert "<" not in script


def test_the_bytes_depend_on_the_results_alone(every_status: Results) -> None:
    again = Results.of(every_status, json.loads(json.dumps(every_status.manifest)))
    again.manifest["execution"] |= {"finished": "another day", "commit": "another", "training_seconds": 1.0}
    one, other = page_text(every_status), page_text(again)
    execution = re.compile(r"<!-- begin execution -->.*<!-- end execution -->", re.DOTALL)
    assert one != other
    assert execution.sub("", one) == execution.sub("", other)
    assert page_text(every_status) == one


@pytest.mark.parametrize("seeds", [1, 2])
def test_a_sweep_in_which_everything_failed_has_a_page(
    seeds: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_batch = training.new_batch

    def failing(features: int, hidden: Any, *others: Any) -> Any:
        if hidden == "1":  # and not the network by which the speed is measured
            raise RuntimeError("no")
        return new_batch(features, hidden, *others)

    monkeypatch.setattr(training, "new_batch", failing)
    results = Sweep(hidden=[1], learning_rate=[1], seed=range(seeds), iterations=2).run(
        jobs=1, out=tmp_path / "results"
    )
    assert results.runs["status"].eq("failed").all()
    held = Page(page_text(results)).json("results")
    assert decoded(held["curves"]["run"]).tolist() == []
    assert decoded(held["networks"]["values"]).tolist() == []


# The JavaScript of the charts


def test_the_bundle_cannot_end_its_element_and_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made: list[int] = []

    def bundle(*_: Any) -> str:
        made.append(1)
        return "'</script><!--';\n"

    monkeypatch.setattr(vl_convert, "javascript_bundle", bundle)
    expected = "'<\\/script><\\!--';\n"
    assert [vega(), vega(), len(made)] == [expected, expected, 1]
    (kept,) = (tmp_path / "cache" / "planar-sweep" / "vega").iterdir()
    kept.write_text(kept.read_text().replace("script", "sprict"))  # damaged
    assert [vega(), vega(), len(made)] == [expected, expected, 2]
    kept.write_bytes(b"\xff")
    assert [vega(), vega(), len(made)] == [expected, expected, 3]


def test_no_folder_to_keep_the_bundle_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert vega() == "'<\\/script><\\!--';\n"


# Files and the command line


def test_the_folder_gives_the_same_page_as_the_sweep(every_status: Results) -> None:
    assert isinstance(every_status.store, Path)
    folder = every_status.store.parent
    again = read(folder)
    path = page_module.write(folder, again, again.manifest)
    assert path == folder / "report.html"
    assert path.read_text(encoding="utf-8") == page_text(every_status)


def test_the_old_page_stays_until_the_new_one_is_complete(
    every_status: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.html").write_text("old")
    monkeypatch.setattr(page_module, "as_json", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        page_module.write(tmp_path, every_status, every_status.manifest)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


@pytest.fixture
def one_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others take seconds, and are looked at by the tests of plots."""
    monkeypatch.setattr(gallery, "PICTURES", {"accuracy": gallery.PICTURES["accuracy"]})


def test_the_command_line_makes_pictures_and_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], one_picture: None
) -> None:
    Sweep(hidden=[1], learning_rate=[1], seed=[0], iterations=2).run(jobs=1, out=tmp_path)
    assert report.main([str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [str(tmp_path / "plots" / "accuracy.png"), str(tmp_path / "report.html")]
    assert all(Path(line).is_file() for line in lines)


def test_a_folder_without_results_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report.main([str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    message = f"{tmp_path}: expected the results of a sweep, found no sweep.json"
    assert (out, err) == ("", f"experiments.report: {message}\n")
    assert list(tmp_path.iterdir()) == []


def test_a_page_that_cannot_be_written_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], one_picture: None
) -> None:
    Sweep(hidden=[1], learning_rate=[1], seed=[0], iterations=2).run(jobs=1, out=tmp_path)
    (tmp_path / "report.html").mkdir()
    assert report.main([str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"experiments\.report: .*Is a directory.*\n", err)
