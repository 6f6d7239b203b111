"""The job with JAX and a process for each core, which has a part of the seeds."""

import multiprocessing
import os
import sys

import numpy as np


def work(path, k, cores):
    """Train the networks of every so many-th seed on one core."""
    if hasattr(os, "sched_setaffinity"):  # or each would have threads for all cores
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[k]})
    from with_jax import sweep

    job = np.load(path)
    X, y = job["X"], job["y"]
    mine = slice(k, None, cores)
    return sweep(job, job["seeds"].ravel()[mine], *((X[mine], y[mine]) if len(X) > 1 else (X, y)))


if __name__ == "__main__":
    path, cores = sys.argv[1], int(sys.argv[2])
    print("training", flush=True)
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        parts = pool.starmap(work, [(path, k, cores) for k in range(cores)], chunksize=1)
    from with_jax import show

    show(np.load(path), np.concatenate(parts, axis=1))
