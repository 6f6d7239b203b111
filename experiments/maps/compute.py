"""The training of the networks of pixels: what a worker does."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from experiments.maps.pixels import Pixels
from experiments.maps.plane import TILE, Plane, Tile
from experiments.maps.request import MapRequest
from experiments.runner.parts import Parts
from experiments.runner.train import Problem, Stopped, hyperparameters
from planar_core import kernels, network, training
from planar_core.choices import LAST_COSTS, NUMERICS, Hyperparameters
from planar_core.kernels import Batch, Examples
from planar_core.metrics import Evaluator
from planar_core.verdicts import Judging

_TO_MEASURE, _MOST_TO_MEASURE = 0.05, 64  # seconds of training to find out how long it takes, and networks
_OUTPUTS_AT_ONCE = 2**21  # numbers, 16 MB, of networks that are judged together


@dataclass(frozen=True)
class Setting:
    """What the networks of all pixels of a map have in common, with their data: what a worker needs."""

    knobs: tuple[str, str]  # of the two axes
    hidden: str
    activation: str
    how: Hyperparameters  # but for those two
    seed: int
    iterations: int
    dtype: str
    reach: float
    metric: str | None
    problem: Problem
    judged: Examples | None  # with a metric: the test part, in float64
    targets: npt.NDArray[np.float64] | None  # of these, in units of the target
    scale: tuple[float, float]  # of the target: mean and deviation
    numerics: int = NUMERICS

    @classmethod
    def of(cls, request: MapRequest) -> Self:
        """The setting of a map. Loads its data. Raises SweepError or DataError."""
        run, source = request.run, request.source
        parts = Parts({run.problem: source}, request.design.dtype)
        data = source.part(run.seed) if source.varies else source.first
        judged = targets = None
        if request.metric is not None:
            judged = network.examples(data.X_test, None, np.dtype(np.float64))
            targets = data.target_scale[0] + data.target_scale[1] * data.Y_test[0]
            targets = targets if data.task == "regression" else data.Y_test[0]
        return cls(
            (request.plane.x.knob, request.plane.y.knob),
            str(run.hidden),
            run.activation,
            hyperparameters(run._asdict()),
            request.seed,
            int(run.iterations),
            request.design.dtype,
            request.reach,
            request.metric,
            parts[parts.part_of(run, request.seed)],
            judged,
            targets,
            data.target_scale,
        )

    def train(self, xs: Sequence[float], ys: Sequence[float], stop: threading.Event | None = None) -> Pixels:
        """Train the network of each point of the plane; arrays of one dimension.

        Raises Stopped soon after ``stop`` is set, and RuntimeError if this program has another version of the
        arithmetic than the one that made the setting.
        """
        if self.numerics != NUMERICS:
            raise RuntimeError(f"a worker has version {NUMERICS} of the arithmetic instead of {self.numerics}")
        problem, n = self.problem, len(xs)
        of_pixels = [self._at(x, y) for x, y in zip(xs, ys, strict=True)]
        batch = training.new_batch(
            problem.features, self.hidden, [self.seed] * n, of_pixels, 1, self.dtype, problem.outputs
        )
        judging = Judging(
            self.hidden,
            problem.features,
            batch,
            (problem.train, problem.test),
            self.iterations,
            self.activation,
            task=problem.task,
            outputs=problem.outputs,
            target=self.reach,
        )
        for _ in judging:
            if stop is not None and stop.is_set():
                raise Stopped
        return Pixels(*judging.verdicts, self._metric(batch))

    def curve(self, x: float, y: float) -> npt.NDArray[np.float64]:
        """The cost of the network of a point after 0, 1, ... updates; nan from the first one that is not finite."""
        problem = self.problem
        batch = training.new_batch(
            problem.features, self.hidden, [self.seed], [self._at(x, y)], self.iterations + 1, self.dtype,
            problem.outputs,
        )  # fmt: skip
        for _ in training.train_batch(
            self.hidden, problem.features, batch, problem.train, problem.test, self.iterations, 1,
            activation=self.activation, task=problem.task, outputs=problem.outputs,
        ):  # fmt: skip
            pass
        return np.asarray(batch.costs[0])

    def _at(self, x: float, y: float) -> Hyperparameters:
        values: dict[str, Any] = {self.knobs[0]: x, self.knobs[1]: y}
        return self.how._replace(**values)

    def _metric(self, batch: Batch) -> npt.NDArray[np.float64]:
        """The metric of each network of a trained batch; nan without one, and for what is not finite."""
        n = len(batch.parameters)
        found = np.full(n, np.nan)
        if self.metric is None or self.judged is None or self.targets is None or not self.judged.m:
            return found
        problem, test = self.problem, self.judged
        layout = network.layout(problem.features, self.hidden, self.activation, problem.outputs)
        space = network.workspace(layout, test, whole=True)
        Z, first = np.zeros_like(space.A), int(layout.rows[-1])
        is_regression = problem.task == "regression"
        judge = Evaluator([self.metric], self.targets, problem.task, None if is_regression else problem.outputs)
        parameters = batch.parameters.astype(np.float64, copy=False)
        (finite,) = np.nonzero(np.isfinite(parameters).all(axis=1))
        at_once = max(1, _OUTPUTS_AT_ONCE // (problem.outputs * test.m))
        for start in range(0, len(finite), at_once):
            some = finite[start : start + at_once]
            outputs = np.empty((len(some), problem.outputs, test.m))
            for of_network, place in zip(outputs, some, strict=True):
                kernels.forward_pass(layout, parameters[place], test, space, Z)
                of_network[:] = Z[first : first + problem.outputs, : test.m]
            if is_regression:
                outputs = self.scale[0] + self.scale[1] * outputs
            found[some] = judge(outputs)[:, 0]
        return found

    def seconds(self, plane: Plane) -> float:
        """Seconds that an iteration of one network takes on one core, from a short training.

        Compiles the kernels if necessary.
        """
        x, y = plane.x.first, plane.y.first
        short = replace(self, iterations=LAST_COSTS)
        short.train([x], [y])

        def timed(n: int) -> float:
            start = time.perf_counter()
            short.train([x] * n, [y] * n)
            return (time.perf_counter() - start) / n

        # The least of several, since another program may take the core for a while.
        one = min(timed(1) for _ in range(3))
        n = min(max(1, int(_TO_MEASURE / one)), _MOST_TO_MEASURE)
        return min(one, *(timed(n) for _ in range(3))) / LAST_COSTS


class Part(NamedTuple):
    """Some pixels of a tile that are trained together."""

    tile: Tile
    places: npt.NDArray[np.intp]  # in the tile, row by row
    xs: list[float]  # the value of each pixel
    ys: list[float]


def taken_over(tile: Tile, coarser: Pixels | None) -> tuple[Pixels, npt.NDArray[np.intp]]:
    """A tile with the pixels that the coarser one has, if it is given; and the places of the others, row by row."""
    pixels, is_left = Pixels.empty(TILE, TILE), np.ones((TILE, TILE), np.bool_)
    if coarser is not None:
        every_second = slice(None, None, 2)
        pixels.put(every_second, every_second, coarser.at(*tile.quarter))
        is_left[every_second, every_second] = False
    return pixels, np.flatnonzero(is_left)


def parts(plane: Plane, tile: Tile, left: npt.NDArray[np.intp], size: int) -> Iterator[Part]:
    """The pixels of a tile at these places, so many at a time."""
    xs, ys = tile.window.xs(plane), tile.window.ys(plane)
    for start in range(0, len(left), size):
        places = left[start : start + size]
        rows, columns = (each.tolist() for each in np.divmod(places, TILE))
        yield Part(tile, places, [xs[column] for column in columns], [ys[row] for row in rows])


def put(pixels: Pixels, part: Part, trained: Pixels) -> None:
    """Set the pixels of a part in a tile."""
    pixels.put(*np.divmod(part.places, TILE), trained)


def compute_tile(
    setting: Setting, plane: Plane, tile: Tile, coarser: Pixels | None = None, stop: threading.Event | None = None
) -> Pixels:
    """Train a tile in this thread; pixels that ``coarser``, its coarser tile, has are not trained again.

    Raises Stopped soon after ``stop`` is set.
    """
    pixels, left = taken_over(tile, coarser)
    for part in parts(plane, tile, left, len(left)):
        put(pixels, part, setting.train(part.xs, part.ys, stop))
    return pixels
