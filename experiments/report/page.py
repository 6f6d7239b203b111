"""The report, a single HTML file `report.html` that works offline.

Its charts are made with Vega-Lite by Altair; their JavaScript comes with vl-convert. The page's own JavaScript is in
`web/`; it also retrains networks.
"""

from __future__ import annotations

import html
import os
import re
import string
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.files import REPORT, write_text
from experiments.findings.headline import headline
from experiments.glossary import used
from experiments.knobs.words import in_words, text_of
from experiments.report.charts import specifications
from experiments.report.contents import contents, label
from experiments.report.embedding import WEB, as_json, definitions, joined
from experiments.report.play import PLAYED
from experiments.report.vega import vega
from experiments.tables.tables import Tables
from experiments.tables.words import label as label_of
from experiments.text import count, listed

# Each module after those that it imports.
MODULES = (
    "elements", "held", "fma", "elementary", "glossary", "words", "random", "outputs", "network", "plane", "legend",
    "units", "model", "scaling", "terms", "generated", "tablewords", "tablebytes", "tablenumbers", "tableheader",
    "tabletext", "tablecolumns", "tabletarget", "tablesplit", "dropped", "setting", "charts", "saving", "choice",
    "heatmap", "standing", "recorded", "columns", "filter", "table", "trainer", "drawing", "view", "subject", "again",
    "beside", "stepping", "panel", "play", "networkfile", "page",
)  # fmt: skip
_PROBLEMS_NAMED = 20


def page(tables: Tables, manifest: Mapping[str, Any]) -> str:
    """The page as text."""
    held = contents(tables)
    parts: dict[str, str] = {
        "title": html.escape(_title(tables)),
        "score": (score := label_of(tables.score)),
        "Score": score[0].upper() + score[1:],
        "metric": label_of(tables.metric),
        "map": "Points" if held["is_sample"] else "Heat map",
        "replicate": "seed" if held["folds"] is None else "replicate",
        **_retraining(tables.design.patience is None, "point" if held["is_sample"] else "cell"),
        "headline": "\n".join(f"<p>{html.escape(sentence)}</p>" for sentence in headline(tables, manifest["findings"])),
        "notes": "\n".join(f"<p>{html.escape(note)}</p>" for note in held["notes"]),
        "request": definitions(_request(manifest["request"])),
        "data": definitions(_data(manifest["data"])),
        "execution": definitions(_execution(manifest)),
        "css": (WEB / "report.css").read_text(encoding="utf-8"),
        "charts": as_json(specifications(tables.larger_is_better, held["is_sample"])),
        "vega": vega(),
        "script": _script(),
    }
    template = string.Template((WEB / "report.html").read_text(encoding="utf-8"))
    words = template.safe_substitute(parts | {"css": "", "script": "", "vega": "", "charts": "", "results": ""})
    held["glossary"] = [term._asdict() for term in used(f"{_explained(words)} {_of_scripts(held, tables.summary)}")]
    return template.substitute(parts, results=as_json(held))


def _explained(words: str) -> str:
    """The text in which `glossary.js` looks for terms."""
    outside = "select|legend|summary|a|dd|td|script|style|noscript|button"
    return re.sub(rf"<({outside})\b.*?</\1>|<[^>]*>", " ", words.partition("<main>")[2], flags=re.DOTALL)


def _of_scripts(held: Mapping[str, Any], summary: pd.DataFrame) -> str:
    """The terms that only the scripts write, in the table, above the chosen network and in the labels of controls."""
    counts = [name for name in summary.columns if name.startswith("n_") and summary[name].gt(0).any()]
    columns = [label(name.removeprefix("n_")) for name in counts]
    titles = ["rank", "tied", "interval", "cost", "iterations to target", *(axis["label"] for axis in held["axes"])]
    controls = [label(knob.name) for knob in PLAYED]
    return ", ".join([*titles, *columns, *controls, held["metric"]["label"], label_of(held["score"])])


def _retraining(is_possible: bool, cell: str) -> dict[str, str]:
    """What the page says about retraining; networks of early stopping are only shown."""
    if is_possible:
        keys = f"Arrow keys choose a {cell}; Enter retrains its network."
        hint = f"Click a {cell}, or use the arrow keys and Enter, to retrain its network."
        return {"keys": keys, "hint": hint, "training": "Retrain this network"}
    hint = f"Click a {cell}, or use the arrow keys, to see its networks."
    return {"keys": f"Arrow keys choose a {cell}.", "hint": hint, "training": "This network"}


def _title(tables: Tables) -> str:
    names = pd.unique(tables.runs["dataset"])
    return f"{listed(map(str, names), most=3)}: {count(tables.design.n_runs, 'network')}"


def _script() -> str:
    return joined(WEB / f"{name}.js" for name in MODULES)


def _request(request: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in request.items():
        if value is not None and value != []:
            yield label(name), _setting(value)


def _setting(value: Any, most: int = 12) -> str:
    """A value, or values, of a setting."""
    if not isinstance(value, list):
        return text_of(value)
    texts = [_setting(each) for each in value]
    if len(texts) > most:
        texts = [*texts[: most - 2], "...", texts[-1]]
    return " ".join(texts) + (f" ({len(value):,})" if len(value) > most else "")


def _data(problems: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for each in problems[:_PROBLEMS_NAMED]:
        sizes = f"{each['training_examples']:,} training and {each['test_examples']:,} test examples"
        yield in_words(each["problem"]), f"{sizes} of {each['features']:,} features; SHA-256 {each['fingerprint']}"
        for note in each["notes"]:
            yield "", note
    if len(problems) > _PROBLEMS_NAMED:
        yield "", f"and {len(problems) - _PROBLEMS_NAMED:,} more in sweep.json"


def _execution(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    counts, execution = manifest["counts"], manifest["execution"]
    yield "runs", ", ".join(f"{n:,} {label(name)}" for name, n in counts.items() if name != "runs")
    yield "finished", execution["finished"]
    jobs = "one job per core" if execution["jobs"] == -1 else f"{execution['jobs']} jobs"
    yield "training took", f"{execution['training_seconds']:,} s, {jobs} ({execution['backend']})"
    yield "commit", execution["commit"] or "unknown"
    versions = {"Python": execution["python"], **execution["versions"]}
    yield "versions", ", ".join(f"{name} {version}" for name, version in versions.items())
    machine = execution["machine"]
    yield "machine", f"{machine['processor']}, {machine['cores']} cores, {machine['system']}"


def write(folder: str | os.PathLike[str], tables: Tables, manifest: Mapping[str, Any]) -> Path:
    """Write `report.html` into a results folder atomically, and return its path.

    `manifest` is that of the sweep. Raises OSError if the folder is not writable.
    """
    path = Path(folder) / REPORT
    write_text(path, page(tables, manifest))
    return path
