"""The search with Optuna, for some seconds, and a process for each core on one study.

tpe: its default sampler with its MedianPruner, which sees the mean over the splits ten times during the training.
random: its RandomSampler, without a pruner.
"""

import multiprocessing
import sys
import tempfile
import time

import numpy as np
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from threadpoolctl import threadpool_limits

from benchmarks.search.jobs import CHOICES, LOGARITHMIC, WHOLE_NUMBERS
from benchmarks.search.mlp import Network, say

REPORTS = 10


def objective_of(path, prunes):
    """The function that Optuna maximizes: mean accuracy on the validation parts."""
    job = np.load(path)
    n_train, updates = int(job["n_train"]), int(job["updates"])
    splits = [(X[:n_train], y[:n_train], X[n_train:], y[n_train:]) for X, y in zip(job["X"], job["y"], strict=True)]

    def objective(trial):
        chosen = {name: trial.suggest_int(name, low, high) for name, (low, high) in WHOLE_NUMBERS.items()}
        chosen |= {name: trial.suggest_float(name, low, high, log=True) for name, (low, high) in LOGARITHMIC.items()}
        chosen |= {name: trial.suggest_categorical(name, values) for name, values in CHOICES.items()}
        networks = [Network(**chosen, updates=updates, random_state=seed) for seed in range(len(splits))]
        pairs = list(zip(networks, splits, strict=True))
        if prunes:
            epochs = networks[0].epochs(n_train)
            reports = sorted({-(-epochs * k // REPORTS) for k in range(1, REPORTS + 1)})
            for epoch in range(1, epochs + 1):
                for network, (X, y, _, _) in pairs:
                    network.partial_fit(X, y)
                if epoch in reports:
                    score = np.mean([network.score(X, y) for network, (_, _, X, y) in pairs])
                    trial.report(score, reports.index(epoch))
                    if trial.should_prune():
                        raise optuna.TrialPruned
        else:
            score = np.mean([network.fit(X, y).score(*validation) for network, (X, y, *validation) in pairs])
        return score

    return objective, len(splits)


def open_study(path, kind):
    """The study that all processes share."""
    random = kind == "random"
    return optuna.create_study(
        study_name="search",
        storage=JournalStorage(JournalFileBackend(path)),
        sampler=optuna.samplers.RandomSampler() if random else optuna.samplers.TPESampler(),
        pruner=optuna.pruners.NopPruner() if random else optuna.pruners.MedianPruner(),
        direction="maximize",
        load_if_exists=True,
    )


def work(path, kind, job, end):
    """Try configurations until the clock says ``end``."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    objective, networks = objective_of(job, prunes=kind == "tpe")

    def tell(_, trial):
        is_complete = trial.state == optuna.trial.TrialState.COMPLETE
        say(trial.value if is_complete else None, 1, networks, trial.params)

    with threadpool_limits(1):
        open_study(path, kind).optimize(objective, timeout=max(0.1, end - time.time()), callbacks=[tell])


def main(kind, job, cores, seconds):
    """Share the study among processes."""
    end = time.time() + seconds
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/journal"
        open_study(path, kind)
        with multiprocessing.Pool(cores) as pool:
            pool.starmap(work, [(path, kind, job, end)] * cores, chunksize=1)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
