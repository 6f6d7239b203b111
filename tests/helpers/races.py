"""Simulated races: this project's rule beside those of others, programmed as their papers say.

``python -m tests.helpers.races FILE`` runs the large form and prints the tables of docs/races.md. It takes about
half an hour of one core. What is done is kept in the file, a line for each batch of races: the same command goes on.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr

from experiments.race import BOUNDED, LEVEL, SYMMETRIC, passed_after, rounds, ruled_out
from experiments.tables.statistics import summarize
from tests.helpers import quick_races
from tests.helpers.tables import simulated

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
CONFIGURATIONS = 35  # number 0 is the truly best, or one of them
SD = 0.02  # of the noise, as in an accuracy
MARGIN = 0.5  # standard deviations
MOST = 100  # replicates; four times as many in the comparison of rules
LOOKS = (28, 109)  # replicates after which some races are over: ends of rounds
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
    looks = [end for end in rounds(len(x)) if end in LOOKS] + [len(x)]
    found, is_decided = _race(x[: looks[0]], means, mode)
    for n in looks[1:]:  # races that were decided earlier need not go on: a longer race continues a shorter one
        later, then_decided = _race(x[:n, ~is_decided], means, mode)
        for values, others in zip(found, later, strict=True):
            values[~is_decided] = others
        is_decided[~is_decided] = then_decided
    return found


def _race(x: Floats, means: Floats, mode: str) -> tuple[Outcome, Bools]:
    """And which are decided."""
    n, _, k = x.shape
    never, pairs = n + 1, (k - 1) / LEVEL
    out = _ruled_out(x, mode)
    if mode == SYMMETRIC:
        passed = quick_races.passed_after(x, out, MARGIN * SD, pairs)
    else:
        passed = passed_after(x, MARGIN * SD, pairs, mode)
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
    return Outcome(is_out[:, 0], (~is_out).sum(axis=1), trained, unlike), decided <= n


def ever_ruled_out(x: Floats, mode: str = SYMMETRIC) -> Bools:
    """(races,): whether this project's rule ever rules out number 0, if races never stop."""
    ever: Bools = _ruled_out(x, mode)[:, 0] > 0
    return ever


def _ruled_out(x: Floats, mode: str) -> npt.NDArray[np.int64]:
    return quick_races.ruled_out(x) if mode == SYMMETRIC else ruled_out(x, mode)[0]


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
        permuted, observed = np.zeros((len(one), permutations)), np.zeros(len(one))
        crossed = np.zeros(permutations, bool)
        for look in range(1, looks + 1):
            goes_on = np.unique(np.concatenate([one[is_open], other[is_open]]))
            trained[r, goes_on] += group
            pairs = np.flatnonzero(is_open)
            of_look = x[(look - 1) * group : look * group, r]
            pooled = np.concatenate([of_look[:, one[pairs]], of_look[:, other[pairs]]])
            flips = random.permuted(np.tile(signs, (permutations, 1)), axis=1)
            permuted[pairs] += pooled.T @ flips.T
            observed[pairs] += signs @ pooled
            may_cross = int(permutations * LEVEL * look / looks) - int(crossed.sum())
            # The weakest first: the largest of the permuted sums of it and all before it.
            pairs = pairs[np.argsort(-np.abs(observed[pairs]), kind="stable")][::-1]
            largest = np.where(crossed, -np.inf, np.maximum.accumulate(np.abs(permuted[pairs]), axis=0))
            for strongest, of_left in zip(pairs[::-1], largest[::-1], strict=True):
                at = permutations - 1 - may_cross
                bound = np.partition(of_left, at)[at]  # exceeded by that many at most
                if abs(observed[strongest]) <= bound + 1e-12:
                    break
                is_open[strongest] = False
                out[r, other[strongest] if observed[strongest] > 0 else one[strongest]] = True
            if not is_open.any():
                break
            crossed |= of_left > bound
    return Outcome(out[:, 0], (~out).sum(axis=1), trained.mean(axis=1), np.zeros(races, bool))


RULES: dict[str, tuple[Callable[[Floats, Floats], Outcome], int]] = {  # and how many races of the large form
    "until decided": (race, 500),
    "10 seeds": (lambda x, _: fixed(x, 10), 500),
    "30 seeds": (lambda x, _: fixed(x, 30), 500),
    "irace": (lambda x, _: irace(x), 500),
    "AdaStop": (lambda x, _: adastop(x), 100),
}
COMPARED = [("normal", truth) for truth in TRUTHS] + [
    (noise, truth) for truth in ("all equal", "graded") for noise in ("heavy-tailed", "unequal", "rare stuck runs")
]
BATCHES = 20  # in which the races of a cell are drawn, from the seeds 0, 1 ...
EVER = 10_000  # races of a cell


class Kept:
    """What batches of races have shown, in a file. A line that was cut is made again."""

    def __init__(self, path: Path) -> None:
        self._path, self._found = path, dict[str, list[float]]()
        for line in path.read_text("utf-8").splitlines() if path.exists() else ():
            try:
                name, found = json.loads(line)
            except json.JSONDecodeError:
                continue
            self._found[name] = found

    def __call__(self, name: str, make: Callable[[], list[float]]) -> list[float]:
        if name not in self._found:
            self._found[name] = make()
            with self._path.open("a", encoding="utf-8") as file:
                file.write("\n" + json.dumps([name, self._found[name]]))
        return self._found[name]


def _summed(kept: Kept, name: str, of_seed: Callable[[int], list[float]]) -> Floats:
    """Over all batches of races."""
    found = [kept(f"{name}, {seed}", functools.partial(of_seed, seed)) for seed in range(BATCHES)]
    total: Floats = np.sum(found, axis=0)
    return total


def _ever(kept: Kept, mode: str) -> Iterator[str]:
    """How often the truly best is ever ruled out."""

    def wrong(noise: str, means: Floats, seed: int) -> list[float]:
        x = scores(noise, means, MOST, EVER // BATCHES, seed)
        return [int(ever_ruled_out(np.clip(x, 0.0, 1.0), mode).sum())]

    yield f"| noise | {' | '.join(TRUTHS)} |\n|---|{'---|' * len(TRUTHS)}"
    for noise in NOISES:
        row = [
            _summed(kept, f"{mode}, {noise}, {truth}", functools.partial(wrong, noise, means))[0] / EVER
            for truth, means in TRUTHS.items()
        ]
        yield f"| {noise} | {' | '.join(f'{100 * share:.2f}' for share in row)} |"


def _of_shares(random: np.random.Generator, races: int) -> Floats:
    """Scores of 0 and 1, all equally good."""
    return np.where(random.random((3 * MOST, races, CONFIGURATIONS)) < 0.7, 1.0, 0.0)


def _of_a_steady_one(random: np.random.Generator, races: int) -> Floats:
    """Number 0 is always at 0.7. The others are above it in 97 %, and far below in 3 %: the mean is the same."""
    others = np.where(random.random((3 * MOST, races, CONFIGURATIONS)) < 0.97, 0.715, 0.215)
    others[:, :, 0] = 0.7
    noisy: Floats = others + 0.005 * random.standard_normal(others.shape)
    return noisy


def _beyond(kept: Kept) -> Iterator[str]:
    """How often number 0 is ever ruled out, in either mode, where differences are not symmetric at all."""

    def wrong(make: Callable[[np.random.Generator, int], Floats], mode: str, seed: int) -> list[float]:
        return [int(ever_ruled_out(make(np.random.default_rng(seed), EVER // BATCHES), mode).sum())]

    for make in (_of_shares, _of_a_steady_one):
        for mode in (BOUNDED, SYMMETRIC):
            found = _summed(kept, f"{make.__name__}, {mode}", functools.partial(wrong, make, mode))[0] / EVER
            yield f"{make.__name__}, {mode}: {100 * found:.2f}"


def _rules(kept: Kept) -> Iterator[str]:
    """Every rule: how often the truly best is ruled out, replicates, how many are left, how often one too far is."""

    def outcome(rule: Callable[[Floats, Floats], Outcome], races: int, of: tuple[str, str], seed: int) -> list[float]:
        noise, truth = of
        found = rule(scores(noise, TRUTHS[truth], 4 * MOST, races, 1000 + seed), TRUTHS[truth])
        return [float(np.sum(values)) for values in found]

    yield f"| noise | means | {' | '.join(RULES)} |\n|---|---|{'---|' * len(RULES)}"
    for of in COMPARED:
        row = []
        for name, (rule, races) in RULES.items():
            of_seed = functools.partial(outcome, rule, races // BATCHES, of)
            wrong, left, replicates, unlike = _summed(kept, f"{name}, {', '.join(of)}", of_seed) / races
            too_far = f", {100 * unlike:.1f} % too far" if unlike else ""
            row.append(f"{100 * wrong:.1f} %, {replicates:.0f}, {left:.1f}{too_far}")
        yield f"| {' | '.join(of)} | {' | '.join(row)} |"


if __name__ == "__main__":
    of_file = Kept(Path(sys.argv[1]))
    for table in (_ever(of_file, SYMMETRIC), _rules(of_file), _beyond(of_file), _ever(of_file, BOUNDED)):
        for row_of_table in table:
            print(row_of_table, flush=True)
