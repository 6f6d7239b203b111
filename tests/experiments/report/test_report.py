"""experiments.report: what the page holds is what the sweep found, in one file that is safe to open, and small."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import vl_convert

from experiments.cli import report
from experiments.datasets.loading import load
from experiments.findings import headline
from experiments.report import charts, contents, vega
from experiments.report import page as page_module
from experiments.report.page import MODULES, WEB, _script, write
from experiments.results import Results
from experiments.store.store import StoredRun
from experiments.sweep import Sweep
from experiments.tables import build
from planar_core import training

NASTY = "</script><script>alert(1)</script><!--\"'&`$title\\u2028"


def decoded(encoded: dict[str, str]) -> np.ndarray[Any, Any]:
    ((name, text),) = encoded.items()
    return np.frombuffer(base64.b64decode(text), np.dtype(name).newbyteorder("<"))


def single(values: Any) -> np.ndarray[Any, np.dtype[np.float32]]:
    with np.errstate(over="ignore"):
        return np.asarray(values, dtype=np.float64).astype(np.float32)


class Page(HTMLParser):
    """The elements of a page, and the text of each script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.text = ""
        self.inside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append((dict(attrs), ""))
        self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self.inside and self.inside[-1] == "script":
            attributes, text = self.scripts[-1]
            self.scripts[-1] = (attributes, text + data)
        elif not (self.inside and self.inside[-1] == "style"):
            self.text += data

    def json(self, name: str) -> Any:
        (text,) = (text for attributes, text in self.scripts if attributes.get("id") == name)
        return json.loads(text)


@pytest.fixture(scope="module", autouse=True)
def _no_bundling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The bundle takes two seconds, and is looked at by the tests that use a browser."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(vl_convert, "javascript_bundle", lambda *_: "'</script><!--';\n")
        yield


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Runs of every status: seed 1 of two units fails, the largest learning rate diverges."""
    new_batch = training.new_batch

    def failing(features: int, hidden: Any, seeds: Any, *others: Any) -> Any:
        if hidden == "2" and 1 in seeds:
            raise RuntimeError(NASTY)
        return new_batch(features, hidden, seeds, *others)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "new_batch", failing)
        axes: dict[str, Any] = {"hidden": ["8x2", 2, 10, 0], "learning_rate": [0.5, 0.1, 1e307], "seed": range(1, 4)}
        sweep = Sweep(dataset=["moons", "iris"], **axes, iterations=30, record_every=7)
        return sweep.run(jobs=1, out=tmp_path_factory.mktemp("out"))


# What the page holds


def test_axes_are_in_order_and_every_configuration_has_its_values(swept: Results) -> None:
    held = contents.contents(swept)
    assert [axis["name"] for axis in held["axes"]] == ["dataset", "hidden", "learning_rate"]
    assert [axis["values"] for axis in held["axes"]] == [
        ["iris", "moons"],
        ["0", "2", "8x2", "10"],
        ["0.1", "0.5", "1e+307"],
    ]
    assert [axis["problem"] for axis in held["axes"]] == [True, False, False]
    for axis in held["axes"]:
        values = [axis["values"][code] for code in decoded(axis["codes"])]
        expected = [f"{value:g}" if isinstance(value, float) else value for value in swept.summary[axis["name"]]]
        assert values == expected


def test_statistics_and_final_numbers_are_those_of_the_tables(swept: Results) -> None:
    held = contents.contents(swept)
    assert held["notes"] == []
    for column in held["columns"]:
        expected = swept.summary[column["name"]].astype("Float64").to_numpy(np.float64, na_value=np.nan)
        np.testing.assert_array_equal(decoded(column["values"]), single(expected))
    assert {"mean_test_accuracy", "ci_low_test_accuracy", "tied_with_best", "n_failed"} <= {
        column["name"] for column in held["columns"]
    }
    assert held["seeds"] == [1, 2, 3]
    assert [held["statuses"][code] for code in decoded(held["runs"]["status"])] == swept.runs["status"].tolist()
    for name in build.MEASURES:
        np.testing.assert_array_equal(decoded(held["runs"][name]), single(swept.runs[name]))


def test_curves_are_the_recorded_ones_bit_for_bit(swept: Results) -> None:
    held, at = contents.contents(swept), 6
    assert held["curves_at"] == [0, 7, 14, 21, 28, 30]
    shown = decoded(held["curves"]["run"])
    assert shown.tolist() == np.flatnonzero(swept.runs["status"] != "failed").tolist()
    computed = {name: decoded(held["curves"][name]).reshape(-1, at) for name in build.MEASURES}
    curves = swept.curves
    for row, run in enumerate(shown):
        here = curves
        for name in swept.columns:
            here = here[here[name] == swept.runs[name].iloc[run]]
        for name in build.MEASURES:
            expected = np.full(at, np.nan)
            expected[: len(here)] = here[name]
            np.testing.assert_array_equal(computed[name][row], expected if name == "cost" else single(expected))


def test_networks_are_the_trained_ones(swept: Results) -> None:
    networks = contents.contents(swept)["networks"]
    values, starts = decoded(networks["values"]), [*decoded(networks["starts"]).tolist(), None]
    for row, run in enumerate(decoded(networks["run"])):
        parameters = swept.network(swept.runs.iloc[int(run)]).parameters
        expected = np.concatenate([array.ravel() for pair in parameters for array in pair])
        np.testing.assert_array_equal(values[starts[row] : starts[row + 1]], single(expected))


def test_data_are_those_that_were_trained_on(swept: Results) -> None:
    held = contents.contents(swept)
    assert decoded(held["problem_of"]).tolist() == [0] * 12 + [1] * 12
    for name, problem in zip(["moons", "iris"], held["problems"], strict=True):
        data = swept.data(name)
        assert (problem["name"], problem["class_names"]) == (name, list(data.class_names))
        for part in ("X", "Y", "X_test", "Y_test"):
            np.testing.assert_array_equal(decoded(problem[part]), getattr(data, part).ravel())
    assert held["problems"][0]["plane"] == {
        "names": ["x1", "x2"],
        "points": None,
        "terms": [{"factors": [0], "sine": False}, {"factors": [1], "sine": False}],
    }
    assert held["problems"][1]["plane"] is None


def test_settings_are_those_that_all_runs_share(swept: Results) -> None:
    settings = contents.contents(swept)["settings"]
    assert {name: settings[name] for name in ("iterations", "record_every", "dtype")} == {
        "iterations": 30, "record_every": 7, "dtype": "float64",
    }  # fmt: skip
    assert "learning_rate" not in settings
    request = {"iterations": 1, "record_every": 1, "dtype": "float32", "batch_size": ["all"], "l2": [0.5], "init": "he"}
    assert contents._settings(request)["batch_size"] is None
    assert contents._settings(request)["l2"] == 0.5
    assert contents._settings(request)["init"] == "he"


@pytest.mark.parametrize(
    ("dataset", "features", "names", "terms"),
    [
        ("moons", "all", ["x1", "x2"], [([0], False), ([1], False)]),
        ("moons", "x1+x2^2+x1x2+sin(x2)", ["x1", "x2"], [([0], False), ([1, 1], False), ([0, 1], False), ([1], True)]),
        ("moons", "x2", ["x1", "x2"], [([1], False)]),
        ("iris", "x2+sin(x4)", ["sepal width (cm)", "petal width (cm)"], [([0], False), ([1], True)]),
        ("iris", "x2+x3+x4", None, None),
        ("iris", "x2+x2^2", None, None),
        ("iris", "all", None, None),
    ],
)
def test_the_plane_of_two_inputs(dataset: str, features: str, names: list[str] | None, terms: Any) -> None:
    data = load(dataset, features=features)
    plane = contents._plane(data)
    assert (plane is None) == (names is None)
    if plane is None:
        return
    assert plane["names"] == names
    assert [(term["factors"], term["sine"]) for term in plane["terms"]] == terms
    points = data.X if plane["points"] is None else decoded(plane["points"]).reshape(2, -1)
    computed = []
    for factors, sine in terms:
        product = np.prod([points[factor] for factor in factors], axis=0)
        computed.append(np.sin(product) if sine else product)
    np.testing.assert_allclose(computed, data.X, rtol=1e-12)


def test_values_of_an_axis_are_sorted_as_numbers_and_words_come_last() -> None:
    axis = contents._axis(pd.Series(["auto", "10", "9", "8x8", "0.5", "-1"]), "init_scale", is_problem=False)
    assert axis["values"] == ["-1", "0.5", "8x8", "9", "10", "auto"]
    assert decoded(axis["codes"]).tolist() == [5, 4, 3, 2, 1, 0]
    assert axis["label"] == "init scale"


# What does not fit


def many(configurations: int, seeds: int, records: int) -> Any:
    """The results of a sweep of two axes, as far as the report reads them."""
    width = 100
    position = np.arange(configurations * seeds)
    runs = pd.DataFrame({"dataset": "flower", "hidden": (position // seeds // width + 1).astype(str)})
    runs["learning_rate"] = position // seeds % width / 50
    runs["seed"] = position % seeds
    runs["status"], runs["error"] = "ok", ""
    runs["test_accuracy"] = 0.5 + (position * 7919 % 1000) / 2500
    runs["train_accuracy"], runs["cost"] = runs["test_accuracy"] + 0.01, 1 - runs["test_accuracy"]
    first = runs.iloc[::seeds].reset_index(drop=True)
    summary = first[["dataset", "hidden", "learning_rate"]].copy()  # `summarize` takes minutes for all the comparisons
    for name in contents._STATISTICS:
        summary[name] = np.linspace(0, 1, configurations)
    means = runs["test_accuracy"].to_numpy().reshape(configurations, seeds).mean(axis=1)
    summary["rank_test_accuracy"] = pd.Series(means).rank(method="min", ascending=False).astype("Int64")
    request = {
        "iterations": records - 1,
        "record_every": 1,
        "dtype": "float64",
        "hidden": list(runs["hidden"].unique()),
    }
    about = {
        "problem": {"dataset": "flower"},
        "training_examples": 400,
        "test_examples": 0,
        "features": 2,
        "fingerprint": "0",
        "notes": [],
    }
    execution = {
        "finished": "", "training_seconds": 0, "jobs": 1, "backend": "", "commit": None, "python": "", "versions": {},
        "machine": {"processor": "", "cores": 1, "system": ""},
    }  # fmt: skip
    curves = np.random.default_rng(0).random((3, records))
    units = runs["hidden"].astype(int).to_numpy()
    return SimpleNamespace(
        runs=runs,
        summary=summary,
        columns=["dataset", "hidden", "learning_rate", "seed"],
        problem_columns=["dataset"],
        manifest={"request": request, "data": [about], "counts": {}, "execution": execution},
        stored_runs=lambda: (StoredRun("ok", curves, bytes(8 * (4 * n + 1)), "") for n in units),
        data=lambda _: SimpleNamespace(
            X=np.zeros((2, 400)), Y=np.zeros((1, 400)), X_test=np.zeros((2, 0)), Y_test=np.zeros((1, 0)),
            feature_names=("x1", "x2"), class_names=("0", "1"), features="all", base=None,
        ),
    )  # fmt: skip


def test_of_many_configurations_a_coarser_grid_is_held_with_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.report.contents.MOST_CONFIGURATIONS", 60)
    results = many(600, 2, 3)
    held = contents.contents(results)
    hidden, rates = (axis["values"] for axis in held["axes"][1:])
    n = len(decoded(held["problem_of"]))
    assert n == len(hidden) * len(rates) <= 60
    assert min(len(hidden), len(rates)) >= 2
    best = results.summary[results.summary["rank_test_accuracy"] == 1].iloc[0]
    assert (best["hidden"] in hidden, f"{best['learning_rate']:g}" in rates) == (True, True)
    (note,) = held["notes"]
    assert note.startswith(f"This page holds {n} of 600 configurations (")
    assert note.endswith("of 100 values of learning rate), the best among them; summary.csv has them all.")


def test_of_many_seeds_the_first_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.report.contents.MOST_RUNS", 20)
    held = contents.contents(many(4, 7, 3))
    assert held["seeds"] == [0, 1, 2, 3, 4]
    assert held["notes"] == ["This page holds 5 of 7 seeds; runs.csv has them all."]


EVENLY = "seeds, evenly chosen by their test accuracy"


@pytest.mark.parametrize(
    ("points", "curves", "records", "said"),
    [
        (6 * 5 * 40, 30, 40, None),
        (6 * 3 * 40, 18, 40, f"3 of 5 {EVENLY}"),
        (6 * 20, 6, 20, f"1 of 5 {EVENLY}, 20 of 40 records"),
        (3 * 11, 3, 11, f"1 of 5 {EVENLY}, 11 of 40 records, the 3 configurations with the highest ranks"),
    ],
)
def test_of_many_curves_some_are_held(
    monkeypatch: pytest.MonkeyPatch, points: int, curves: int, records: int, said: str | None
) -> None:
    monkeypatch.setattr("experiments.report.contents.MOST_POINTS", points)
    results = many(6, 5, 40)
    held = contents.contents(results)
    shown = decoded(held["curves"]["run"])
    assert (len(shown), len(held["curves_at"])) == (curves, records)
    assert (held["curves_at"][0], held["curves_at"][-1]) == (0, 39)
    assert held["notes"] == ([] if said is None else [f"Curves are those of {said}; curves.csv has them all."])
    if curves in (3, 6):  # the medians
        for run in shown:
            accuracies = results.runs["test_accuracy"].iloc[run // 5 * 5 : run // 5 * 5 + 5]
            assert accuracies.median() == results.runs["test_accuracy"].iloc[run]


def test_of_many_networks_those_of_the_highest_ranks_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.report.contents.MOST_PARAMETERS", 5 * 7)
    results = many(6, 2, 3)
    held = contents.contents(results)
    configurations = decoded(held["networks"]["run"]) // 2
    ranks = results.summary["rank_test_accuracy"].to_numpy()[configurations]
    assert sorted(ranks.tolist()) == [1, 1, 2, 2, 3, 3, 4][: len(ranks)]
    assert len(ranks) == 7
    assert held["notes"] == [
        "The trained networks of 7 of 12 curves are in this page; others can be trained again in it."
    ]


def test_data_that_are_too_large_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.report.contents.MOST_DATA", 799)
    held = contents.contents(many(2, 2, 3))
    assert held["problems"][0]["X"] is None
    assert held["notes"][0].startswith("The data of 1 of 1 problems are not in this page")


@pytest.mark.parametrize("shape", [(10_000, 10, 51), (100_000, 1, 51), (1, 100_000, 51)])
def test_a_hundred_thousand_runs_make_no_enormous_page(
    shape: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.findings.headline.headline", lambda _: ["Much."])
    text = page_module.page(many(*shape))
    assert len(text.encode()) < 5_400_000  # and 900,000 for Vega
    assert "</p>" in text.split('<div class="note">')[1].split("</div>")[0]


# The page


def test_the_page_is_whole_and_asks_for_nothing(swept: Results) -> None:
    text = page_module.page(swept)
    page = Page(text)
    assert len(text.encode()) < 300_000
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
    assert page.json("results") == contents.contents(swept)
    assert page.json("charts") == charts.specifications()


def test_headline_and_origin_are_in_the_page(swept: Results) -> None:
    page = Page(page_module.page(swept))
    said = " ".join(page.text.split())
    for sentence in headline.headline(swept):
        assert sentence in said
    execution = swept.manifest["execution"]
    for expected in (
        swept.manifest["data"][0]["fingerprint"],
        execution["finished"],
        execution["machine"]["processor"],
        f"numpy {np.__version__}",
        "8x2 2 10 0",
        f"{swept.manifest['counts']['failed']} failed",
    ):
        assert expected in said


@pytest.mark.parametrize(("seeds", "title"), [(1, "flower: 1 network"), (2, "flower: 2 networks")])
def test_the_title_counts_the_networks(seeds: int, title: str, tmp_path: Path) -> None:
    results = Sweep(hidden=[1], learning_rate=[1], seed=range(seeds), iterations=2).run(
        jobs=1, out=tmp_path / "results"
    )
    assert f"<title>{title}</title>" in page_module.page(results)


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
    import tomllib

    pyproject = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))
    assert pyproject["tool"]["setuptools"]["package-data"] == {"experiments": ["web/*"]}
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
    text = page_module.page(results)
    page = Page(text)
    assert len(page.scripts) == 4
    assert not any(tag == "b" for tag, _ in page.elements)
    held = page.json("results")
    assert held == contents.contents(results)
    assert held["axes"][0]["values"] == [str(data)]
    assert held["problems"][0]["feature_names"] == list(results.data(str(data)).feature_names)
    assert NASTY in held["problems"][0]["class_names"]
    assert str(data) in page.text
    for _, script in page.scripts[:2]:
        assert "<" not in script


def test_the_bytes_depend_on_the_results_alone(swept: Results) -> None:
    again = Results(swept.runs, swept.summary, json.loads(json.dumps(swept.manifest)), swept._sweep, swept._store)
    again.manifest["execution"] |= {"finished": "another day", "commit": "another", "training_seconds": 1.0}
    one, other = page_module.page(swept), page_module.page(again)
    execution = re.compile(r"<!-- begin execution -->.*<!-- end execution -->", re.DOTALL)
    assert one != other
    assert execution.sub("", one) == execution.sub("", other)
    assert page_module.page(swept) == one


# The JavaScript of the charts


def test_the_bundle_cannot_end_its_element_and_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made: list[int] = []

    def bundle(*_: Any) -> str:
        made.append(1)
        return "'</script><!--';\n"

    monkeypatch.setattr(vl_convert, "javascript_bundle", bundle)
    expected = "'<\\/script><\\!--';\n"
    assert [vega.vega(), vega.vega(), len(made)] == [expected, expected, 1]
    (kept,) = (tmp_path / "cache" / "planar-sweep").iterdir()
    kept.write_text(kept.read_text().replace("script", "sprict"))  # damaged
    assert [vega.vega(), vega.vega(), len(made)] == [expected, expected, 2]
    kept.write_bytes(b"\xff")
    assert [vega.vega(), vega.vega(), len(made)] == [expected, expected, 3]


def test_no_folder_to_keep_the_bundle_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert vega.vega() == "'<\\/script><\\!--';\n"


# Files and the command line


def test_the_folder_gives_the_same_page_as_the_sweep(swept: Results) -> None:
    folder = swept._store.parent if isinstance(swept._store, Path) else Path(swept._store.name).parent
    path = write(folder)
    assert path == folder / "report.html"
    assert path.read_text(encoding="utf-8") == page_module.page(swept)


def test_the_old_page_stays_until_the_new_one_is_complete(
    swept: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.html").write_text("old")
    monkeypatch.setattr("experiments.report.page._json", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write(tmp_path, swept)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_the_command_line_makes_pictures_and_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Sweep(hidden=[1], learning_rate=[1], seed=[0], iterations=2).run(jobs=1, out=tmp_path)
    assert report.main([str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == str(tmp_path / "report.html")
    assert str(tmp_path / "plots" / "accuracy.png") in lines
    assert all(Path(line).is_file() for line in lines)


def test_a_folder_without_results_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report.main([str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    message = f"{tmp_path}: expected the results of a sweep, found no sweep.json"
    assert (out, err) == ("", f"python -m experiments.report: {message}\n")
    assert list(tmp_path.iterdir()) == []


def test_a_page_that_cannot_be_written_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Sweep(hidden=[1], learning_rate=[1], seed=[0], iterations=2).run(jobs=1, out=tmp_path)
    (tmp_path / "report.html").mkdir()
    assert report.main([str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"python -m experiments\.report: .*Is a directory.*\n", err)


@pytest.mark.parametrize("seeds", [1, 2])
def test_a_sweep_in_which_everything_failed_has_a_page(
    seeds: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: Any) -> Any:
        raise RuntimeError("no")

    monkeypatch.setattr(training, "new_batch", failing)
    results = Sweep(hidden=[1], learning_rate=[1], seed=range(seeds), iterations=2).run(
        jobs=1, out=tmp_path / "results"
    )
    held = Page(page_module.page(results)).json("results")
    assert decoded(held["curves"]["run"]).tolist() == []
    assert decoded(held["networks"]["values"]).tolist() == []
