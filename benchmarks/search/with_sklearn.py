"""The search with scikit-learn, on all cores.

random: RandomizedSearchCV; halving: HalvingRandomSearchCV with the number of updates as its resource. Neither takes a
time, so each is called again and again until the time is over, with ten configurations, its default, or one tournament.
"""

import sys
import time

import numpy as np
from scipy.stats import loguniform, randint
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - its import is its effect
from sklearn.model_selection import HalvingRandomSearchCV, RandomizedSearchCV

from benchmarks.search.jobs import CHOICES, LOGARITHMIC, WHOLE_NUMBERS
from benchmarks.search.mlp import Network, say

SPACE = {name: randint(low, high + 1) for name, (low, high) in WHOLE_NUMBERS.items()}
SPACE |= {name: loguniform(*ends) for name, ends in LOGARITHMIC.items()}
SPACE |= {name: list(values) for name, values in CHOICES.items()}
FIRST_RUNG = 27  # configurations of a tournament: 27, 9, 3 and 1 of them go on, to three times as many updates


def search_of(kind, updates, **common):
    """One call's search."""
    if kind == "random":
        return RandomizedSearchCV(Network(updates=updates), SPACE, n_iter=10, **common)
    return HalvingRandomSearchCV(
        Network(),
        SPACE,
        n_candidates=FIRST_RUNG,
        factor=3,
        resource="updates",
        min_resources=updates // FIRST_RUNG,
        max_resources=updates,
        **common,
    )


def main(kind, path, cores, seconds):
    """Search, tell, and search again."""
    end = time.time() + seconds
    job = np.load(path)
    splits, examples = job["y"].shape
    X, y = np.concatenate(job["X"]), np.concatenate(job["y"])
    blocks = np.arange(splits * examples).reshape(splits, examples)
    cv = [np.split(block, [int(job["n_train"])]) for block in blocks]
    call = 0
    while time.time() < end:
        common = {"cv": cv, "n_jobs": cores, "refit": False, "random_state": call}
        search = search_of(kind, int(job["updates"]), **common).fit(X, y)
        tried = len(search.cv_results_["params"])
        configurations = search.n_candidates_[0] if kind == "halving" else tried
        chosen = {name: search.best_params_[name] for name in SPACE}
        say(search.best_score_, int(configurations), tried * splits, chosen)
        call += 1


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
