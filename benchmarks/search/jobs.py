"""What is searched: the space, and a data set in three parts, for this project as tables, for others as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

WHOLE_NUMBERS = {"hidden": (1, 64)}
LOGARITHMIC = {"learning_rate": (0.001, 1.0), "l2": (1e-6, 0.1)}
CHOICES: dict[str, tuple[object, ...]] = {
    "batch_size": (16, 32, 64, 128),
    "activation": ("tanh", "relu", "sigmoid"),
    "optimizer": ("momentum", "adam"),
}
KNOBS = (*WHOLE_NUMBERS, *LOGARITHMIC, *CHOICES)
"""The names are those of the options and columns of this project."""

JUDGES = 5
"""Networks that judge a choice: trained on all but the held-out examples, from other initial weights each."""


def space_options() -> list[str]:
    """The space as options of ``python -m experiments.grid``."""
    axes = [(name, [f"{low}:{high + 1}"]) for name, (low, high) in WHOLE_NUMBERS.items()]
    axes += [(name, [f"log:{low}:{high}"]) for name, (low, high) in LOGARITHMIC.items()]
    axes += [(name, [str(value) for value in values]) for name, values in CHOICES.items()]
    return [part for name, values in axes for part in (option(name), *values)]


def option(name: str) -> str:
    """The option of a knob."""
    return "--" + name.replace("_", "-")


@dataclass(frozen=True)
class Job:
    """A search on one data set.

    A quarter of the examples, stratified, is held out: it only judges what a tool has chosen. The rest is split by this
    project into three quarters to train on and one to validate on, differently for each seed.

    seeds: every configuration is trained on the splits of these, 0 to seeds - 1
    updates: of the parameters, for each network
    raced: configurations a second of the time, for a race: a user has to say how many
    """

    dataset: str
    seeds: int = 3
    updates: int = 1_000
    raced: float = 1.0

    def save(self, folder: Path) -> None:
        """Write the tables for this project, and job.npz for the others.

        job.npz: X (seeds, examples, features) and y (seeds, examples), of which the first n_train are to train on and
        the rest to validate on; X_all, y_all: both parts together; X_held_out, y_held_out; seeds; updates. All are
        standardized as this project does it, by what is trained on.
        """
        from sklearn.model_selection import train_test_split

        from experiments.datasets import load

        table = _table(self.dataset)
        rest, held_out = train_test_split(table, test_size=0.25, random_state=0, stratify=table["target"])
        rest.to_csv(folder / "rest.csv", index=False)
        held_out.to_csv(folder / "held_out.csv", index=False)
        parts = [load(folder / "rest.csv", split="seed", seed=seed) for seed in range(self.seeds)]
        final = load(folder / "rest.csv", test_file=str(folder / "held_out.csv"))
        np.savez(
            folder / "job.npz",
            X=np.stack([np.concatenate((part.X, part.X_test), axis=1).T for part in parts]),
            y=np.stack([np.concatenate((part.Y, part.Y_test), axis=1)[0].astype(int) for part in parts]),
            n_train=parts[0].X.shape[1],
            X_all=final.X.T,
            y_all=final.Y[0].astype(int),
            X_held_out=final.X_test.T,
            y_held_out=final.Y_test[0].astype(int),
            seeds=self.seeds,
            updates=self.updates,
        )


def _table(dataset: str) -> pd.DataFrame:
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{dataset}")()
    table = pd.DataFrame(bunch.data, columns=[f"x{k + 1}" for k in range(bunch.data.shape[1])])
    return table.assign(target=[f"class {label}" for label in bunch.target])


JOBS = (Job("breast_cancer"), Job("digits", raced=0.5))
