"""The job with Optuna: a GridSampler, MLPClassifier as the objective, and a process for each core on one study."""

import multiprocessing
import sys
import tempfile

import numpy as np
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

job = np.load(sys.argv[1])
n_train, iterations = int(job["n_train"]), int(job["iterations"])
data = {int(s): (X, y) for X, y, seeds in zip(job["X"], job["y"], job["seeds"], strict=True) for s in seeds}
grid = {"hidden": job["hidden"].tolist(), "learning_rate": job["learning_rates"].tolist(), "seed": list(data)}


def objective(trial):
    """Test accuracy of one network."""
    X, y = data[trial.suggest_categorical("seed", grid["seed"])]
    model = MLPClassifier(
        hidden_layer_sizes=trial.suggest_categorical("hidden", grid["hidden"]),
        learning_rate_init=trial.suggest_categorical("learning_rate", grid["learning_rate"]),
        random_state=trial.params["seed"],
        activation="tanh",
        solver="sgd",
        momentum=0,
        alpha=0,
        batch_size=n_train,
        shuffle=False,
        max_iter=iterations,
        n_iter_no_change=iterations,
        tol=0,
    )
    return model.fit(X[:n_train], y[:n_train]).score(X[n_train:], y[n_train:])


def open_study(path):
    """The study that all processes share."""
    return optuna.create_study(
        study_name="sweep",
        storage=JournalStorage(JournalFileBackend(path)),
        sampler=optuna.samplers.GridSampler(grid),
        direction="maximize",
        load_if_exists=True,
    )


def work(path, n_trials):
    """Train so many networks of the study."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with threadpool_limits(1):
        open_study(path).optimize(objective, n_trials=n_trials)


if __name__ == "__main__":
    cores = int(sys.argv[2])
    networks = np.prod([len(values) for values in grid.values()])
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/journal"
        open_study(path)
        print("training", flush=True)
        shares = [(path, len(range(k, networks, cores))) for k in range(cores)]
        with multiprocessing.Pool(cores) as pool:
            pool.starmap(work, shares, chunksize=1)
        table = open_study(path).trials_dataframe()
    means = table.groupby(["params_hidden", "params_learning_rate"])["value"].mean()
    print(f"best: {means.idxmax()} {means.max():.6f} of {len(table)} networks")
