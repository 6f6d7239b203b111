"""What a report holds, read from its text; sweeps to make reports of."""

from __future__ import annotations

import base64
import json
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.report import contents
from experiments.report.page import page
from experiments.results import Results
from experiments.store.store import StoredRun
from experiments.sweep import Sweep
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


def page_file(results: Results, folder: Path) -> Path:
    """A report in a folder."""
    path = folder / "report.html"
    path.write_text(page_text(results), encoding="utf-8")
    return path


def page_text(results: Results) -> str:
    return page(results, results.manifest)


def run_of_every_status(out: Path) -> Results:
    """Runs of every status: seed 1 of two units fails, the largest learning rate diverges."""
    new_batch = training.new_batch

    def failing(features: int, hidden: Any, seeds: Any, *others: Any) -> Any:
        if hidden == "2" and 1 in seeds:
            raise RuntimeError(NASTY)
        return new_batch(features, hidden, seeds, *others)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "new_batch", failing)
        axes: dict[str, Any] = {"hidden": ["8x2", 2, 10, 0], "learning_rate": [0.5, 0.1, 1e307], "seed": range(1, 4)}
        sweep = Sweep(dataset=["moons", "iris"], **axes, iterations=30, record_every=7, split="fixed")
        return sweep.run(jobs=1, out=out)


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
    runs["test_cost"] = runs["cost"] + 0.02
    first = runs.iloc[::seeds].reset_index(drop=True)
    summary = first[["dataset", "hidden", "learning_rate"]].copy()  # `summarize` takes minutes for all the comparisons
    for name in contents.STATISTICS:
        values = np.linspace(0, 1, configurations)
        is_count = name.startswith(("n_", "tied", "rank", "median"))
        summary[contents.column_of(name, "accuracy", "accuracy")] = np.round(values) if is_count else values
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
    curves = np.random.default_rng(0).random((4, records))
    units = runs["hidden"].astype(int).to_numpy()
    return SimpleNamespace(
        runs=runs.assign(iterations=records - 1),
        summary=summary,
        columns=["dataset", "hidden", "learning_rate", "seed"],
        problem_columns=["dataset"],
        design=SimpleNamespace(
            iterations=records - 1,
            lengths={records - 1: 1},
            record_every=1,
            dtype="float64",
            patience=None,
            trained=None,
            size=len(runs),
            n_runs=len(runs),
            request=request,
            n_replicates=seeds,
            replicate_columns=["seed"],
            sampled=(),
            configuration_columns=["dataset", "hidden", "learning_rate"],
        ),
        score="accuracy",
        metric="accuracy",
        races=[],
        larger_is_better=True,
        source=lambda _: SimpleNamespace(varies=False),
        about_of=lambda _: about,
        varies_in=lambda _: False,
        manifest={"request": request, "data": [about], "findings": [], "counts": {}, "execution": execution},
        stored_runs=lambda: (StoredRun("ok", curves, bytes(8 * (4 * n + 1)), "") for n in units),
        data=lambda _: SimpleNamespace(
            X=np.zeros((2, 400)), Y=np.zeros((1, 400)), X_test=np.zeros((2, 0)), Y_test=np.zeros((1, 0)),
            feature_names=("x1", "x2"), class_names=("0", "1"), features="all", base=None, task="binary",
        ),
    )  # fmt: skip
