"""The jobs: a grid, for this project as options of its command, for others as a file of arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Job:
    """Every combination of hidden units, learning rates and seeds on one data set.

    has_a_split_a_seed: whether every seed has its own division into training and test examples
    """

    dataset: str
    hidden: tuple[int, ...]
    learning_rates: tuple[float, ...]
    seeds: tuple[int, ...]
    iterations: int
    has_a_split_a_seed: bool

    @property
    def networks(self) -> int:
        """How many are trained."""
        return len(self.hidden) * len(self.learning_rates) * len(self.seeds)

    @property
    def title(self) -> str:
        """What is trained, in a line."""
        return (
            f"{self.dataset}: {len(self.hidden)} sizes x {len(self.learning_rates)} learning rates x"
            f" {len(self.seeds)} seeds = {self.networks} networks, {self.iterations:,} iterations"
        )

    def part(self, learning_rates: int | None, seeds: int | None) -> Job:
        """The same with so many learning rates, from the middle of them, and the first few seeds; None for all.

        All sizes stay, since they decide how long a network takes; learning rate and seed do not.
        """
        rates = self.learning_rates
        if learning_rates is not None:
            first = (len(rates) - learning_rates) // 2
            rates = rates[first : first + learning_rates]
        return replace(self, learning_rates=rates, seeds=self.seeds[:seeds])

    def options(self) -> list[str]:
        """Of ``python -m experiments.grid``."""
        axes = {"--hidden": self.hidden, "--lr": self.learning_rates, "--seeds": self.seeds}
        result = ["--dataset", self.dataset, "--iterations", str(self.iterations)]
        for option, values in axes.items():
            result += [option, *map(str, values)]
        return result

    def save(self, path: Path) -> None:
        """Write the job for the scripts of the others.

        X (splits, examples, features) and y (splits, examples), training examples first; n_train; seeds (splits, seeds
        of that split); hidden, the largest first, since those who train one network after the other on each core are
        done sooner when the long ones do not come last; learning_rates; iterations.
        """
        from experiments.datasets import load

        parts = [load(self.dataset, split="seed", seed=s) for s in self.seeds] if self.has_a_split_a_seed else []
        parts = parts or [load(self.dataset)]
        np.savez(
            path,
            X=np.stack([np.concatenate((part.X, part.X_test), axis=1).T for part in parts]),
            y=np.stack([np.concatenate((part.Y, part.Y_test), axis=1)[0].astype(int) for part in parts]),
            n_train=parts[0].X.shape[1],
            seeds=np.array(self.seeds).reshape(len(parts), -1),
            hidden=sorted(self.hidden, reverse=True),
            learning_rates=self.learning_rates,
            iterations=self.iterations,
        )


FLOWER = Job("flower", (1, 2, 3, 4, 5, 20, 50), (0.03, 0.1, 0.3, 1.2, 5.0), tuple(range(10)), 5_000, False)
"""What ``python -m experiments.grid`` does by default."""

BREAST_CANCER = Job("breast_cancer", (1, 2, 4, 8, 16, 32), (0.1, 0.3, 1.0), tuple(range(10)), 1_000, True)
