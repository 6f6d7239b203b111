"""A map of what can be trained, beside JAX as in the paper that maps come from: a sample of its pixels."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np

from benchmarks import environment
from benchmarks.compare import Variant
from benchmarks.report import Column, Table, three
from benchmarks.worker import Worker, WorkerError
from benchmarks.workload import Array

if TYPE_CHECKING:
    from experiments.maps.compute import Setting
    from experiments.maps.request import MapRequest

X_AXIS, Y_AXIS = "learning-rate=log:0.1:1e5", "output-learning-rate=log:0.3:3"
UNITS, INPUTS = 16, 16
SCALES = np.array([np.sqrt(2 / INPUTS), 1 / UNITS])  # our weights are so many times those of the paper
RATES = 2 * SCALES**2  # our learning rates, likewise
FAR = 2  # pixels: verdicts are compared that far from the boundary
_PIECES_PER_JOB = 16
_PEER = "benchmarks.peers_map:converged"


@dataclass(frozen=True)
class Sample:
    """Pixels in rows and columns over the whole plane, with what all networks share.

    weights: the paper's, (inputs, units) and (units, 1); X (points, inputs), Y (points, 1)
    """

    setting: Setting
    xs: list[float]
    ys: list[float]
    weights: list[Array]
    X: Array
    Y: Array

    @property
    def pixels(self) -> tuple[list[float], list[float]]:
        """The learning rates of each pixel, row by row."""
        return [x for _ in self.ys for x in self.xs], [y for y in self.ys for _ in self.xs]

    @property
    def papers_rates(self) -> Array:
        """The same in the units of the paper, (pixels, 2)."""
        return np.asarray(np.stack(self.pixels, axis=1) / RATES)

    def __len__(self) -> int:
        return len(self.xs) * len(self.ys)


def request_of(iterations: int = 500) -> MapRequest:
    """The network of the paper, on 272 random points."""
    from experiments.maps.request import MapRequest

    return MapRequest(
        X_AXIS, Y_AXIS, dataset="gaussian_random", samples=UNITS * (INPUTS + 1), hidden=UNITS, activation="tanh",
        bias="no", init="normal", init_scale=float(SCALES[0]), output_init_scale=float(SCALES[1]), seed=0,
        iterations=iterations,
    )  # fmt: skip


def sample_of(columns: int, rows: int, iterations: int = 500) -> Sample:
    """So many pixels of the map."""
    from experiments.maps.compute import Setting
    from planar_core.network import initialize

    request = request_of(iterations)
    data = request.source.first
    drawn = initialize(INPUTS, (UNITS,), request.seed, init_scale=float(SCALES[0]), output_init_scale=float(SCALES[1]))
    return Sample(
        Setting.of(request),
        [request.plane.x.at(k, columns) for k in range(columns)],
        [request.plane.y.at(k, rows) for k in range(rows)],
        [W.T / scale for (W, _), scale in zip(drawn, SCALES, strict=True)],
        np.ascontiguousarray(data.X.T),
        np.ascontiguousarray(data.Y.T),
    )


def ours(sample: Sample, jobs: int) -> dict[str, Any]:
    """The verdicts of this project, in threads; the kernels are compiled before."""
    xs, ys = sample.pixels
    size = -(-len(xs) // (jobs * _PIECES_PER_JOB))
    pieces = [slice(start, start + size) for start in range(0, len(xs), size)]
    sample.setting.train(xs[:1], ys[:1])
    with joblib.Parallel(n_jobs=jobs, backend="threading") as pool:
        wall, cpu = time.perf_counter(), time.process_time()
        parts = pool(joblib.delayed(sample.setting.train)(xs[piece], ys[piece]) for piece in pieces)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    steps = np.concatenate([part.steps for part in parts])
    return {
        "converged": np.concatenate([part.converged for part in parts]),
        "wall": wall,
        "cpu": cpu,
        "saved": 1 - float(steps.mean()) / sample.setting.iterations,
    }


def far_from_the_boundary(converged: Array, far: int = FAR) -> Array:
    """Pixels, (rows, columns), whose neighbours in all directions, nearer than ``far``, have the same verdict."""
    reach = far - 1
    padded = np.pad(converged, reach, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * reach + 1, 2 * reach + 1))
    return np.asarray(windows.all(axis=(2, 3)) | ~windows.any(axis=(2, 3)))


def variants(quick: bool) -> tuple[Variant, ...]:
    """Ways to use JAX; the fastest counts."""
    widths = (environment.register_bits(),) if quick else (256, 512)
    forms = (("one call", 256),) if quick else (("one call", 256), ("one call", 8192), ("a call a step", 8192))
    return tuple(
        Variant(
            f"{form}, {width}-bit vectors, batches of {batch:,}",
            (("form", form), ("batch", batch)),
            (
                ("XLA_FLAGS", f"--xla_cpu_prefer_vector_width={width}"),
                ("JAX_ENABLE_X64", "1"),
                ("JAX_PLATFORMS", "cpu"),
            ),
        )
        for width in widths
        for form, batch in forms
    )


def table(sample: Sample, ways: tuple[Variant, ...], rounds: int, cores: int, say: Callable[[str], None]) -> Table:
    """This project and JAX on all cores, taking turns; each JAX row has our best time of its own rounds to compare."""
    say("map: this project")
    mine = ours(sample, cores)
    rows: list[dict[str, Any]] = []
    shape = len(sample.ys), len(sample.xs)
    far = far_from_the_boundary(mine["converged"].reshape(shape)).ravel()
    for way in ways:
        name = f"JAX, {way.label}"
        if environment.version("jax") is None:
            rows.append({"name": "JAX", "status": "not installed"})
            break
        try:
            with Worker(dict(way.environment)) as worker:
                beside, theirs = [], []
                for number in range(1, rounds + 1):
                    say(f"map: {name}, {number} of {rounds} times")
                    theirs.append(_ask(worker, sample, way))
                    beside.append(ours(sample, cores))
        except WorkerError as error:
            rows.append({"name": name, "status": f"failed: {error}"})
            continue
        mine = min([mine, *beside], key=lambda found: found["wall"])
        agree = theirs[0]["converged"] == mine["converged"]
        best = min(each["wall"] for each in theirs)
        rows.append(
            {
                "name": name,
                "wall": best,
                "cpu": min(each["cpu"] for each in theirs),
                "ratio": best / min(each["wall"] for each in beside),
                "ratio_cpu": min(each["cpu"] for each in theirs) / min(each["cpu"] for each in beside),
                "first": theirs[0]["first"] - best * theirs[0]["share_of_first"],
                "agree": float(agree[far].mean()),
                "agree_everywhere": float(agree.mean()),
            }
        )
    measured = sorted((row for row in rows if "wall" in row), key=lambda row: row["wall"])
    failed = [row for row in rows if "wall" not in row]
    first = {"name": "this project", "wall": mine["wall"], "cpu": mine["cpu"], "ratio": 1.0, "ratio_cpu": 1.0}
    title = f"A map: {len(sample):,} networks of {UNITS} units, {sample.setting.iterations} iterations, {cores} cores"
    return Table("map", title, _COLUMNS, [first, *measured, *failed], (_about(sample, mine, far),))


_COLUMNS = (
    Column("name", ""),
    Column("wall", "s on the wall", three),
    Column("cpu", "s of the processor", three),
    Column("ratio", "x ours: wall", three),
    Column("ratio_cpu", "processor", three),
    Column("first", "compile s", three),
    Column("agree", "same verdict", "{:.2%}".format),
)


def _ask(worker: Worker, sample: Sample, way: Variant) -> dict[str, Any]:
    how = dict(way.options)
    how["batch"] = min(how["batch"], len(sample))
    return dict(
        worker.call(
            _PEER, weights=sample.weights, rates=sample.papers_rates, X=sample.X, Y=sample.Y,
            iterations=sample.setting.iterations, **how,
        )
    )  # fmt: skip


def _about(sample: Sample, mine: dict[str, Any], far: Array) -> str:
    return (
        f"The setting of Sohl-Dickstein (2024): {UNITS} tanh units without biases, {len(sample.X)} random points, full"
        f" batch, float64. {len(sample.xs)} x {len(sample.ys)} pixels over the whole map,"
        f" {mine['converged'].mean():.1%} of which converge. JAX trains the network in the form of the paper, from the"
        " same weights and data, and all cores are its own while it runs. Best times; compiling is shown apart. x ours:"
        " over our best time in the same rounds; on a busy machine, rely on that of the processor. Same verdict: of the"
        f" {far.mean():.1%} of pixels at least {FAR} pixels away from the boundary. This project ends a training that"
        f" is nan, which saved {mine['saved']:.1%} of the iterations; JAX cannot."
    )
