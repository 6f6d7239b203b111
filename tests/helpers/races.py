"""Simulated races: this project's rule beside those of others, programmed as their papers say.

``python -m tests.helpers.races`` runs the large form and prints the tables of docs/races.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr

from experiments.race import BOUNDED, LEVEL, SYMMETRIC, passed_after, rounds, ruled_out
from experiments.tables.statistics import summarize
from tests.helpers.tables import simulated

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
CONFIGURATIONS = 35  # number 0 is the truly best, or one of them
SD = 0.02  # of the noise, as in an accuracy
MARGIN = 0.5  # standard deviations
MOST = 100  # replicates; four times as many in the comparison of rules
STUCK = 0.03  # of the runs, which then lose that much:
LOSS = 10.0  # standard deviations


def _stuck(random: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Rare stuck runs in all but number 0, which make up for them otherwise: all means are 0."""
    noise = random.standard_normal(shape)
    noise[..., 1:] += LOSS * (STUCK - (random.random(shape)[..., 1:] < STUCK))
    return noise


def _opposite(random: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Skewed to the one side or the other."""
    return (random.standard_exponential(shape) - 1.0) * np.where(np.arange(shape[-1]) % 2, -1.0, 1.0)


def _unequal(random: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Standard deviations from 0.25 to 2, in no order."""
    return random.standard_normal(shape) * np.geomspace(0.25, 2.0, shape[-1])[np.arange(shape[-1]) * 11 % shape[-1]]


NOISES: dict[str, Callable[[np.random.Generator, tuple[int, ...]], Floats]] = {
    "normal": lambda random, shape: random.standard_normal(shape),
    "skewed": lambda random, shape: random.standard_exponential(shape) - 1.0,
    "skewed either way": _opposite,
    "discrete": lambda random, shape: np.rint(random.standard_normal(shape)),
    "heavy-tailed": lambda random, shape: random.standard_t(3.0, shape) / 3.0**0.5,
    "unequal": _unequal,
    "with a common part": lambda random, shape: (
        random.standard_normal(shape) + 2.0 * random.standard_normal((*shape[:-1], 1))
    ),
    "rare stuck runs": _stuck,
}


def _one_better(by: float) -> Floats:
    return np.where(np.arange(CONFIGURATIONS) == 0, by, 0.0)


TRUTHS: dict[str, Floats] = {
    "all equal": _one_better(0.0),
    "0.2": _one_better(0.2),
    "0.5": _one_better(0.5),
    "1": _one_better(1.0),
    "2": _one_better(2.0),
    "graded": np.linspace(2.0, 0.0, CONFIGURATIONS),
}


def scores(noise: str, means: Floats, replicates: int, races: int, seed: int) -> Floats:
    """(replicates, races, configurations), of which the larger ones are better."""
    random = np.random.default_rng(seed)
    return 0.7 + SD * (means + NOISES[noise](random, (replicates, races, len(means))))


class Outcome(NamedTuple):
    """Of each race."""

    wrong: Bools  # number 0, the truly best, was ruled out
    left: Floats  # how many were not
    replicates: Floats  # trained, of each configuration on average
    unlike: Bools  # at the end all are out or said to be within the margin, and one that is left is worse by that


def race(x: Floats, means: Floats, mode: str = SYMMETRIC) -> Outcome:
    """This project's: rounds until each is out or within the margin."""
    n, _, k = x.shape
    never = n + 1
    out = ruled_out(x, mode)[0]
    passed = passed_after(x, MARGIN * SD, (k - 1) / LEVEL, mode)
    out, passed = np.where(out > 0, out, never), np.where(passed > 0, passed, never)
    settled = np.minimum(passed, out[:, np.newaxis, :])
    settled[:, np.arange(k), np.arange(k)] = 1
    decided = np.minimum(out, settled.max(axis=2)).max(axis=1)
    ends = np.array(rounds(n))
    end = ends[np.minimum(np.searchsorted(ends, decided), len(ends) - 1)]
    is_out = out <= end[:, np.newaxis]
    trained = ends[np.minimum(np.searchsorted(ends, out), len(ends) - 1)]
    trained = np.minimum(trained, end[:, np.newaxis]).mean(axis=1)
    far = means.max() - means >= MARGIN - 1e-9
    unlike = (decided <= n) & (far & ~is_out).any(axis=1)
    return Outcome(is_out[:, 0], (~is_out).sum(axis=1), trained, unlike)


def ever_ruled_out(x: Floats, mode: str = SYMMETRIC) -> Bools:
    """(races,): whether this project's rule ever rules out number 0, if races never stop."""
    ever: Bools = ruled_out(x, mode)[0][:, 0] > 0
    return ever


def fixed(x: Floats, n: int) -> Outcome:
    """So many seeds, and the ties of `summarize`."""
    tied = []
    for start in range(0, x.shape[1], 100):
        runs = simulated(x[:n, start : start + 100].transpose(1, 2, 0))
        summary = summarize(runs, ["dataset", "hidden"], ["dataset"])
        tied.append(summary["tied_with_best"].to_numpy(dtype=bool).reshape(-1, x.shape[2]))
    left = np.concatenate(tied)
    return Outcome(~left[:, 0], left.sum(axis=1), np.full(len(left), n), np.zeros(len(left), bool))


def irace(x: Floats, first: int = 5) -> Outcome:
    """irace's: after 5 replicates and after each further one, paired t-tests of the best mean with each, and Holm.

    Two-sided tests at 5 %, as in the package; a race ends when one is left. Lopez-Ibanez, Dubois-Lacoste, Perez
    Caceres, Birattari and Stutzle: The irace package. Operations Research Perspectives 3, 2016.
    """
    n, races, k = x.shape
    left, trained, each = np.ones((races, k), bool), np.zeros((races, k)), np.arange(races)
    sums, squares = np.zeros((races, k, k)), np.zeros((races, k, k))
    for t in range(1, n + 1):
        going_on = left & (left.sum(axis=1, keepdims=True) > 1)
        trained += going_on
        d = x[t - 1, :, :, np.newaxis] - x[t - 1, :, np.newaxis, :]
        sums, squares = sums + d, squares + d * d
        if t < first:
            continue
        # The one that leads: its sum of differences to any other is the largest.
        best = np.where(left, sums[:, :, 0], -np.inf).argmax(axis=1)
        mean = sums[each, best] / t
        error = np.sqrt(np.maximum(squares[each, best] / t - mean * mean, 1e-18) / (t - 1))
        p = np.where(going_on, 2.0 * stdtr(t - 1, -np.abs(mean) / error), 2.0)
        p[each, best] = 2.0
        order = np.argsort(p, axis=1)
        m = going_on.sum(axis=1, keepdims=True) - 1
        adjusted = np.take_along_axis(p, order, axis=1) * np.maximum(m - np.arange(k), 1)
        rejected = np.logical_and.accumulate(adjusted <= LEVEL, axis=1)
        dropped = np.zeros((races, k), bool)
        np.put_along_axis(dropped, order, rejected, axis=1)
        left &= ~(dropped & going_on)
    return Outcome(~left[:, 0], left.sum(axis=1), trained.mean(axis=1), np.zeros(races, bool))


def adastop(x: Floats, group: int = 5, looks: int = 6, permutations: int = 1000, seed: int = 0) -> Outcome:
    """AdaStop's: groups of 5 evaluations, at most 6, and after each a permutation test of all pairs, step by step.

    Of each pair the evaluations of a group are permuted, not paired. The largest sum of differences of those that are
    open is compared with its permutations; of these, a share of k 5 % / 6 may have been rejected by look k. A
    configuration is out when another one is found better, and not trained any more when its comparisons are decided.
    Mathieu, Della Vecchia, Shilova, Centa de Medeiros, Kohler, Maillard and Preux: AdaStop: adaptive statistical
    testing for sound comparisons of Deep RL agents. Transactions on Machine Learning Research, 2024.
    """
    random = np.random.default_rng(seed)
    races, k = x.shape[1:]
    out, trained = np.zeros((races, k), bool), np.zeros((races, k))
    one, other = np.triu_indices(k, 1)
    signs = np.concatenate([np.ones(group), -np.ones(group)])
    for r in range(races):
        is_open = np.ones(len(one), bool)
        permuted, observed = np.zeros((permutations, len(one))), np.zeros(len(one))
        crossed = np.zeros(permutations, bool)
        for look in range(1, looks + 1):
            goes_on = np.unique(np.concatenate([one[is_open], other[is_open]]))
            trained[r, goes_on] += group
            pairs = np.flatnonzero(is_open)
            of_look = x[(look - 1) * group : look * group, r]
            pooled = np.concatenate([of_look[:, one[pairs]], of_look[:, other[pairs]]])
            flips = random.permuted(np.tile(signs, (permutations, 1)), axis=1)
            permuted[:, pairs] += flips @ pooled
            observed[pairs] += signs @ pooled
            may_cross = int(permutations * LEVEL * look / looks) - int(crossed.sum())
            while is_open.any():
                largest = np.where(crossed, -np.inf, np.abs(permuted[:, is_open]).max(axis=1))
                bound = np.sort(largest)[::-1][may_cross]  # exceeded by that many at most
                strongest = int(np.where(is_open, np.abs(observed), -np.inf).argmax())
                if abs(observed[strongest]) <= bound + 1e-12:
                    break
                is_open[strongest] = False
                out[r, other[strongest] if observed[strongest] > 0 else one[strongest]] = True
            if not is_open.any():
                break
            crossed |= largest > bound
    return Outcome(out[:, 0], (~out).sum(axis=1), trained.mean(axis=1), np.zeros(races, bool))


RULES: dict[str, tuple[Callable[[Floats, Floats], Outcome], int]] = {  # and how many races of the large form
    "until decided": (race, 50),
    "10 seeds": (lambda x, _: fixed(x, 10), 100),
    "30 seeds": (lambda x, _: fixed(x, 30), 100),
    "irace": (lambda x, _: irace(x), 100),
    "AdaStop": (lambda x, _: adastop(x), 10),
}
COMPARED = [("normal", truth) for truth in TRUTHS] + [
    (noise, truth) for truth in ("all equal", "graded") for noise in ("heavy-tailed", "unequal", "rare stuck runs")
]


def _ever(mode: str) -> None:
    """How often the truly best is ever ruled out: of 10,000 races where all are equal, of 1,000 elsewhere."""
    print(f"| noise | {' | '.join(TRUTHS)} |\n|---|{'---|' * len(TRUTHS)}", flush=True)
    for noise in NOISES:
        row = []
        for truth, means in TRUTHS.items():
            seeds = range(20 if truth == "all equal" else 2)
            races = (np.clip(scores(noise, means, MOST, 500, seed), 0.0, 1.0) for seed in seeds)
            wrong = [ever_ruled_out(x, mode) for x in races]
            row.append(f"{100 * np.mean(wrong):.1f}")
        print(f"| {noise} | {' | '.join(row)} |", flush=True)


def _rules() -> None:
    """Every rule: how often the truly best is ruled out, replicates, and how many are left."""
    print(f"| noise | means | {' | '.join(RULES)} |\n|---|---|{'---|' * len(RULES)}", flush=True)
    for noise, truth in COMPARED:
        row = []
        for rule, races in RULES.values():
            found = rule(scores(noise, TRUTHS[truth], 4 * MOST, races, 1000), TRUTHS[truth])
            row.append(
                f"{100 * found.wrong.mean():.0f} %, {found.replicates.mean():.0f}, {found.left.mean():.1f}"
                + (f", {100 * found.unlike.mean():.0f} % too far" if found.unlike.any() else "")
            )
        print(f"| {noise} | {truth} | {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    parts: dict[str, Callable[[], None]] = {
        "symmetric": lambda: _ever(SYMMETRIC),
        "bounded": lambda: _ever(BOUNDED),
        "rules": _rules,
    }
    for name in sys.argv[1:] or parts:
        parts[name]()
