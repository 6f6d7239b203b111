"""The job with scikit-learn: GridSearchCV over MLPClassifier, on all cores."""

import sys

import numpy as np
import pandas as pd
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier

job = np.load(sys.argv[1])
n_train, iterations = int(job["n_train"]), int(job["iterations"])

print("training", flush=True)
found = []
for X, y, seeds in zip(job["X"], job["y"], job["seeds"], strict=True):
    model = MLPClassifier(
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
    grid = {
        "hidden_layer_sizes": job["hidden"].tolist(),
        "learning_rate_init": job["learning_rates"].tolist(),
        "random_state": seeds.tolist(),
    }
    split = [(np.arange(n_train), np.arange(n_train, len(y)))]
    search = GridSearchCV(model, grid, cv=split, n_jobs=int(sys.argv[2]), refit=False).fit(X, y)
    found.append(pd.DataFrame(search.cv_results_))

table = pd.concat(found)
means = table.groupby(["param_hidden_layer_sizes", "param_learning_rate_init"])["mean_test_score"].mean()
print(f"best: {means.idxmax()} {means.max():.6f} of {len(table)} networks")
