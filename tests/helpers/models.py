"""Small sweeps over a table with every kind of column, and rows that are hard to predict."""

from __future__ import annotations

import atexit
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pandas as pd

from experiments.models.model import Model
from experiments.results import Results
from experiments.sweep import Sweep

CLASSES = {"binary": ["no", "yes"], "multiclass": ["kama", "rosa", "zoe"], "regression": []}
TARGET = {"binary": "ripe", "multiclass": "variety", "regression": "price"}
TASKS = tuple(TARGET)


def frame(task: str, rows: int = 60) -> pd.DataFrame:
    """Numbers, one of them named as an output of ONNX, a boolean, two categories, and gaps."""
    random = np.random.RandomState(5)
    numbers = random.randn(3, rows)
    made = pd.DataFrame(
        {
            "size": 20 + 3 * numbers[0],
            "colour": np.array(["red", "green", "blue", None])[random.randint(4, size=rows)],
            "value": numbers[1] * 1e-3,
            "is_wild": random.rand(rows) < 0.4,
            "label": 1e9 + numbers[2],
            "shape": random.choice(["round", "long"], rows),
        }
    )
    made.loc[3:8, "size"] = np.nan
    made["colour"] = made["colour"].replace("green", "blue")
    made.loc[12, "colour"] = "green"  # on which some of the networks are trained
    score = numbers[0] + numbers[1] + (made["colour"] == "red") - 0.5
    if task == "regression":
        made[TARGET[task]] = 1000 + 50 * score
    else:
        names = CLASSES[task]
        made[TARGET[task]] = [names[i] for i in np.digitize(score, [0, 1][: len(names) - 1])]
    return made


def rows(task: str) -> pd.DataFrame:
    """Rows that no training part had: gaps, categories, numbers far away."""
    new = frame(task, 60).drop(columns=TARGET[task]).iloc[20:32].reset_index(drop=True)
    new.loc[0, "colour"] = "purple"
    new.loc[1, "colour"] = None
    new.loc[2, ["size", "value", "label"]] = np.nan
    new.loc[3, "value"] = 1e300
    new.loc[4, "size"] = -1e300
    new.loc[5, "shape"] = None
    new.loc[6, "shape"] = "Round"
    new.loc[7, "colour"] = "green"
    return new


@cache
def _kept(task: str, knobs: tuple[tuple[str, Any], ...]) -> tuple[Path, Results]:
    folder = Path(mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    how: dict[str, Any] = {"hidden": 3, "learning_rate": 0.5, "seed": range(3), "iterations": 150, "init": "he"} | dict(
        knobs
    )
    results = Sweep(dataset=frame(task), target=TARGET[task], **how).run(out=folder, jobs=1)
    return folder, results


def swept(task: str, **knobs: Any) -> Results:
    """A sweep of three seeds, trained once in a process; its folder lives as long."""
    return _kept(task, tuple(sorted(knobs.items())))[1]


def folder_of(task: str, **knobs: Any) -> Path:
    """Where `swept` has its files."""
    swept(task, **knobs)
    return _kept(task, tuple(sorted(knobs.items())))[0]


def model(task: str, **knobs: Any) -> Model:
    """The ensemble of `swept`."""
    return swept(task, **knobs).model()


def numbers(table: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The probabilities, or the values, of predictions: (rows, classes) or (rows, 1)."""
    return table.select_dtypes("number").to_numpy(np.float64)
