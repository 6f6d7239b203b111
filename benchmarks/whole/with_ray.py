"""The job with Ray Tune: a grid search, MLPClassifier as the function that is tuned, a trial for each core at once."""

import sys
import tempfile

import numpy as np
import ray
from ray import tune
from sklearn.neural_network import MLPClassifier

job = np.load(sys.argv[1])
data = {int(s): (X, y) for X, y, seeds in zip(job["X"], job["y"], job["seeds"], strict=True) for s in seeds}


def train(config, data, n_train, iterations):
    """Report the test accuracy of one network."""
    X, y = data[config["seed"]]
    model = MLPClassifier(
        hidden_layer_sizes=config["hidden"],
        learning_rate_init=config["learning_rate"],
        random_state=config["seed"],
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
    model.fit(X[:n_train], y[:n_train])
    tune.report({"accuracy": model.score(X[n_train:], y[n_train:])})


ray.init(num_cpus=int(sys.argv[2]), include_dashboard=False, log_to_driver=False)
print("training", flush=True)
with tempfile.TemporaryDirectory() as folder:
    tuner = tune.Tuner(
        tune.with_parameters(train, data=data, n_train=int(job["n_train"]), iterations=int(job["iterations"])),
        param_space={
            "hidden": tune.grid_search(job["hidden"].tolist()),
            "learning_rate": tune.grid_search(job["learning_rates"].tolist()),
            "seed": tune.grid_search(list(data)),
        },
        tune_config=tune.TuneConfig(reuse_actors=True),
        run_config=tune.RunConfig(storage_path=folder, verbose=0),
    )
    table = tuner.fit().get_dataframe()
means = table.groupby(["config/hidden", "config/learning_rate"])["accuracy"].mean()
print(f"best: {means.idxmax()} {means.max():.6f} of {len(table)} networks", flush=True)
