"""This project and its peers on the same workload, side by side."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from benchmarks import environment
from benchmarks.measure import CALL_SECONDS, PARALLEL_SECONDS, Clock, Spread, Trainer, take_turns
from benchmarks.report import Column, Table, ns, three
from benchmarks.worker import Worker, WorkerError
from benchmarks.workload import Array, Workload, costs

TOLERANCE = {"float64": 1e-9, "float32": 1e-4}
"""How far a peer's final costs may be from this project's, relative to them; a peer farther off is not timed."""

PROJECT = "benchmarks.project:Project"


@dataclass(frozen=True)
class Variant:
    """One way to use a peer; the fastest counts.

    options: of the class
    environment: of its process
    dtype: the one it is for, if not for both
    """

    label: str
    options: tuple[tuple[str, Any], ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    dtype: str | None = None


@dataclass(frozen=True)
class Peer:
    """Who this project is compared with.

    name: in the table
    target: "module:Class"; the class takes a workload and has ``train`` and ``parameters``
    package: what has to be installed
    all_cores: whether it has all cores of the machine, and is compared with this project on all of them
    networks: of each shape it gets, if not all
    least: iterations in a call, so that what it does once in a call does not count
    """

    name: str
    target: str
    package: str
    variants: tuple[Variant, ...] = (Variant(""),)
    all_cores: bool = False
    networks: int | None = None
    least: int = 20


def networks_for(cores: int) -> int:
    """Of each shape, for this project, which trains one after the other on each core: more would change nothing."""
    return 5 * cores


def _jax_variants(widths: Sequence[int]) -> tuple[Variant, ...]:
    return tuple(
        Variant(
            f"{width}-bit vectors",
            (),
            (
                ("XLA_FLAGS", f"--xla_cpu_prefer_vector_width={width}"),
                ("JAX_ENABLE_X64", "1" if dtype == "float64" else "0"),
                ("JAX_PLATFORMS", "cpu"),
            ),
            dtype,
        )
        for dtype in ("float64", "float32")
        for width in widths
    )


def _torch_variants(gradients: Sequence[str]) -> tuple[Variant, ...]:
    # Without caches, the time to compile is that of the first time.
    settings = (
        ("TORCHINDUCTOR_FORCE_DISABLE_CACHES", "1"),
        ("TORCHINDUCTOR_COMPILE_THREADS", "1"),
        ("PYTHONWARNINGS", "ignore"),  # it warns that there are no caches
    )
    return tuple(Variant(each, (("gradients", each),), settings) for each in gradients)


def peers(quick: bool) -> tuple[Peer, ...]:
    """All peers; with the variants that are good almost everywhere if ``quick``, else with all of them."""
    # XLA reads its flags when it is loaded, so each width has a process of its own.
    jax = _jax_variants((environment.register_bits(),) if quick else (256, 512))
    torch = _torch_variants(("manual",) if quick else ("manual", "autograd", "compiled"))
    return (
        Peer("NumPy, a network at a time", "benchmarks.peers_numpy:Loop", "numpy", networks=1),
        Peer("NumPy, batched", "benchmarks.peers_numpy:Batched", "numpy", least=4),
        # Its fit() checks and prepares for a millisecond or two; so many iterations make that small.
        Peer("scikit-learn MLPClassifier", "benchmarks.peers_sklearn:Loop", "scikit-learn", networks=1, least=300),
        Peer("PyTorch, a network at a time", "benchmarks.peers_torch:Loop", "torch", networks=1),
        Peer("PyTorch, batched", "benchmarks.peers_torch:Batched", "torch", torch, least=4),
        Peer("JAX vmap", "benchmarks.peers_jax:Vmap", "jax", jax),
        Peer("JAX vmap", "benchmarks.peers_jax:Vmap", "jax", jax, all_cores=True),
    )


@dataclass(frozen=True)
class Measured:
    """One variant of a peer on one workload. Times are seconds per activation, ours in the same rounds."""

    variant: str
    times: list[float]
    ours: list[float]
    compile_seconds: float
    difference: float
    iterations: int

    @property
    def ratio(self) -> float:
        """How many times as long as this project it takes: the median over the rounds."""
        return statistics.median(peer / ours for peer, ours in zip(self.times, self.ours, strict=True))


class Comparison:
    """Peers on some workloads, as rows of a table."""

    def __init__(
        self,
        workloads: Sequence[Workload],
        clock: Clock,
        say: Callable[[str], None],
        peers: Sequence[Peer],
    ) -> None:
        self.workloads, self.clock, self.say, self.peers = workloads, clock, say, peers
        self.rows: list[dict[str, Any]] = []

    def run(self) -> list[dict[str, Any]]:
        """A row for each peer and workload, and rows of this project; grouped by workload, then by cores."""
        with Worker(environment.one_thread()) as worker:
            self.ours: dict[tuple[int, bool], Trainer] = {}
            self.our_times: dict[tuple[int, bool], list[float]] = {}
            self.our_costs: list[list[Array]] = []
            for at, workload in enumerate(self.workloads):
                self.say("this project")
                for all_cores in sorted({peer.all_cores for peer in self.peers}):
                    self._start_ours(worker, at, workload, all_cores)
                self.our_costs.append(self._check_ours(worker, workload))
            for peer in self.peers:
                self._run_peer(peer)
            for (at, all_cores), times in self.our_times.items():
                if not times:  # no peer was there
                    alone = [self.ours[at, all_cores]]
                    times.extend(take_turns(alone, self.clock, self.clock.seconds, on_wall=all_cores)[0])
            return self._ordered()

    def _start_ours(self, worker: Worker, at: int, workload: Workload, all_cores: bool) -> None:
        jobs = self.clock.cores if all_cores else 1
        mine = workload.thinned(networks_for(jobs))
        trainer = Trainer(worker, PROJECT, mine, {"jobs": jobs}, workload.least_iterations)
        trainer.calibrate(PARALLEL_SECONDS * jobs if jobs > 1 else CALL_SECONDS)
        self.ours[at, all_cores], self.our_times[at, all_cores] = trainer, []

    def _check_ours(self, worker: Worker, workload: Workload) -> list[Array]:
        """Our costs after the checked iterations, a list of arrays: group by group."""
        number = worker.open(PROJECT, workload, {"jobs": 1})
        worker.train(number, workload.checked_iterations)
        parameters = worker.parameters(number)
        worker.drop(number)
        return [costs(workload, [layers]) for layers in parameters]

    def _run_peer(self, peer: Peer) -> None:
        outcome: dict[int, list[Measured | str]] = {at: [] for at in range(len(self.workloads))}
        if environment.version(peer.package) is None:
            for found in outcome.values():
                found.append("not installed")
        else:
            for variant in peer.variants:
                fitting = [at for at in outcome if variant.dtype in (None, self.workloads[at].dtype)]
                self._run_variant(peer, variant, fitting, outcome)
        for at, found in outcome.items():
            self.rows.append(self._row(peer, at, found))

    def _run_variant(
        self, peer: Peer, variant: Variant, fitting: Iterable[int], outcome: dict[int, list[Measured | str]]
    ) -> None:
        settings = {} if peer.all_cores else environment.one_thread()
        with Worker({**settings, **dict(variant.environment)}, pinned=not peer.all_cores) as worker:
            for at in fitting:
                cores = "all cores" if peer.all_cores else "one core"
                self.say(f"{peer.name} {variant.label} ({cores}): {self.workloads[at].name}")
                try:
                    outcome[at].append(self._measure(worker, peer, variant, at))
                except WorkerError as error:
                    outcome[at].append(f"failed: {error}")

    def _measure(self, worker: Worker, peer: Peer, variant: Variant, at: int) -> Measured | str:
        whole = self.workloads[at]
        workload = whole if peer.networks is None else whole.thinned(peer.networks)
        trainer = Trainer(worker, peer.target, workload, dict(variant.options), peer.least)
        ours = np.concatenate([part[: peer.networks] for part in self.our_costs[at]])
        theirs = trainer.costs(whole.checked_iterations)
        difference = float(np.max(np.abs(theirs - ours) / ours))
        if not difference <= TOLERANCE[whole.dtype]:
            return f"costs differ by {difference:.1e}: not timed"
        trainer.calibrate()
        pair = [trainer, self.ours[at, peer.all_cores]]
        times, our_times = take_turns(pair, self.clock, self.clock.seconds, on_wall=peer.all_cores)
        self.our_times[at, peer.all_cores] += our_times
        trainer.close()
        return Measured(variant.label, times, our_times, trainer.first_seconds, difference, trainer.iterations)

    def _row(self, peer: Peer, at: int, found: list[Measured | str]) -> dict[str, Any]:
        workload = self.workloads[at]
        row = self._identity(workload, peer.all_cores) | {"name": peer.name}
        measured = [each for each in found if isinstance(each, Measured)]
        if not measured:
            return row | {"status": next(iter(found), "has no variant for this")}
        best = min(measured, key=lambda each: each.ratio)
        return row | {
            "variant": best.variant,
            **self._figures(best.times, workload.dtype, peer.all_cores),
            "ratio": best.ratio,
            "ratio_of_best": min(best.times) / min(best.ours),
            "compile_seconds": best.compile_seconds,
            "difference": best.difference,
            "variants": [asdict(each) | {"ratio": each.ratio} for each in measured],
            "variants_without_figures": [each for each in found if isinstance(each, str)],
        }

    def _figures(self, times: list[float], dtype: str, all_cores: bool) -> dict[str, float]:
        spread = Spread.of(times)
        cores = self.clock.cores if all_cores else 1
        return {**asdict(spread), "slots": spread.best * self.clock.rates[dtype].value * cores}

    def _identity(self, workload: Workload, all_cores: bool) -> dict[str, Any]:
        cores = self.clock.cores if all_cores else 1
        return {"workload": workload.name, "dtype": workload.dtype, "cores": cores, "all_cores": all_cores}

    def _ordered(self) -> list[dict[str, Any]]:
        result = []
        for at, workload in enumerate(self.workloads):
            for all_cores in (False, True):
                if (at, all_cores) not in self.our_times:
                    continue
                identity, times = self._identity(workload, all_cores), self.our_times[at, all_cores]
                result.append(
                    identity
                    | {"name": "this project", "ratio": 1.0, "ratio_of_best": 1.0, "times": times}
                    | self._figures(times, workload.dtype, all_cores)
                )
                result += [row for row in self.rows if identity.items() <= row.items()]
        return result


def table(name: str, title: str, rows: Sequence[dict[str, Any]], notes: Sequence[str]) -> Table:
    """The rows of a comparison, with a heading for each workload, precision and number of cores."""
    columns = (
        Column("shown", "ns per activation"),
        Column("best", "best", ns),
        Column("median", "median", ns),
        Column("middle", "middle half"),
        Column("slots", "FMA slots", three),
        Column("ratio_of_best", "x ours: best", three),
        Column("ratio", "median", three),
        Column("compile", "compile s"),
    )
    shown_rows: list[dict[str, Any]] = []
    last = None
    for row in rows:
        heading = f"{row['workload']}, {row['dtype']}, " + ("1 core" if row["cores"] == 1 else f"{row['cores']} cores")
        if heading != last:
            shown_rows.append({"heading": heading})
            last = heading
        shown = " " + row["name"] + (f", {row['variant']}" if row.get("variant") else "")
        extra = {"shown": shown}
        if "low" in row:
            extra["middle"] = f"{ns(row['low'])} - {ns(row['high'])}"
        if row.get("compile_seconds", 0) > 0.5:
            extra["compile"] = f"{row['compile_seconds']:.1f}"
        shown_rows.append(row | extra)
    return Table(name, title, columns, shown_rows, notes)
