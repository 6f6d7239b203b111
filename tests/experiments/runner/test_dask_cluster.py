"""--backend dask: a cluster of its own or somebody else's, the same bytes, and workers that die."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import signal
import socket
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cloudpickle
import psutil
import pytest
from distributed import Client, default_client

from experiments import Sweep, console
from experiments.cli import grid
from experiments.files import CURVES, RUNS, SUMMARY
from experiments.knobs.knob import SweepError
from experiments.runner import backends, dask_cluster, work
from experiments.store import store
from planar_core.choices import NUMERICS
from tests.helpers.machines import ROOT

SWEEP = ["--hidden", "2", "4x2", "--lr", "0.1", "1.2", "--seeds", "0:4", "--iterations", "300", "--no-plots", "--quiet"]
PATIENCE = 60  # seconds, on a busy machine, for what takes three on an idle one


def files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in (RUNS, CURVES, SUMMARY)}


def kill_worker_of_seed_2(batch: work.Batch, *others: Any) -> work.BatchResult:
    if batch.pieces[0].networks.hidden == "3" and 2 in batch.seeds:
        os.kill(os.getpid(), signal.SIGKILL)
    return dask_cluster._train(batch, *others)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("threads")
    assert grid.main([*SWEEP, "--out", str(folder)]) == 0
    return files(folder)


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as exit_:
        grid.main(arguments)
    assert exit_.value.code == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    return err


def test_a_scheduler_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.runner.dask_cluster._CONNECT_SECONDS", 1)
    out = tmp_path / "out"
    for address in ("nonsense", "tcp://127.0.0.1:9"):
        err = refused([*SWEEP, "--out", str(out), "--backend", "dask", "--scheduler", address], capsys)
        assert f"--scheduler: expected the address of a Dask scheduler, got '{address}'" in err
    assert not out.exists()


def test_something_that_is_not_a_scheduler(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.runner.dask_cluster._CONNECT_SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        err = refused([*SWEEP, "--out", str(tmp_path), "--backend", "dask", "--scheduler", address], capsys)
    assert "it accepts connections, but is not a Dask scheduler" in err


def test_tls_without_certificates_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    err = refused([*SWEEP, "--out", str(tmp_path), "--backend", "dask", "--scheduler", "tls://127.0.0.1:9"], capsys)
    assert "tls:// requires certificates in Dask's configuration" in err


def test_nobody_else_can_use_a_local_cluster() -> None:
    """Whoever reaches a scheduler without TLS runs code as its user; all of it listens to this machine alone."""
    with dask_cluster.connected(None, 2) as at_once:
        assert at_once == 2
        me = psutil.Process()
        listening = [
            connection.laddr
            for process in (me, *me.children(recursive=True))
            for connection in process.net_connections()
            if connection.status == psutil.CONN_LISTEN
        ]
        assert listening
        assert all(ipaddress.ip_address(address.ip).is_loopback for address in listening), listening
        scheduler = default_client().scheduler.address
        assert scheduler.startswith("tls://")
        for protocol in ("tls", "tcp"):
            code = (
                "from distributed import Client\n"
                f"Client('{protocol}://{scheduler.partition('//')[2]}', timeout=5).submit(print, 1).result()"
            )
            stranger = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
            assert stranger.returncode == 1, protocol


def test_a_scheduler_that_dies_is_one_line(tmp_path: Path) -> None:
    with a_cluster(tmp_path, 1) as started:
        sweep = subprocess.Popen(
            [sys.executable, "-m", "experiments.grid", *SWEEP[:-2], "--no-plots", "--iterations", "1000000", "--out",
             str(tmp_path / "out"), "--backend", "dask", "--scheduler", started.address],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        until(lambda: has_batches(started.address))
        started.scheduler.kill()
        _, err = sweep.communicate(timeout=PATIENCE)
    assert sweep.returncode == 1
    assert err.count("\n") == 1
    assert "the connection to the cluster was lost" in err
    assert "run the same command to continue" in err


def has_batches(address: str) -> bool:
    """Whether a worker of the cluster trains."""
    with Client(address, set_as_default=False) as client:
        return any(client.processing().values())


@pytest.mark.parametrize("without", ["worker", "scheduler"])
def test_a_cluster_without_the_package_is_refused(
    without: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A worker without it ends at its first task, and the task waits for another worker for ever."""
    with a_cluster(tmp_path, 1, without) as started:
        out = tmp_path / "out"
        err = refused([*SWEEP, "--out", str(out), "--backend", "dask", "--scheduler", started.address], capsys)
    expected = "--scheduler: expected this package at the scheduler and at every worker, found none at tcp://127.0.0.1:"
    assert expected in err
    assert (started.address in err) == (without == "scheduler")
    assert not out.exists()


def test_a_worker_with_another_version_is_refused(
    cluster: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.runner.dask_cluster.NUMERICS", NUMERICS + 1)  # here, and not there
    err = refused([*SWEEP, "--out", str(tmp_path), "--backend", "dask", "--scheduler", cluster.address], capsys)
    assert f"found another version at {cluster.address}, tcp://127.0.0.1:" in err


@pytest.mark.parametrize("with_a_result", [False, True], ids=["after a batch", "with a result that nobody has fetched"])
def test_a_cluster_that_loses_its_only_worker_is_said_and_goes_on_when_another_comes(
    with_a_result: bool,
    tmp_path: Path,
    expected: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(dask_cluster, "SAID_EVERY", dask_cluster.LOOK_SECONDS)
    monkeypatch.setattr(dask_cluster, "_ANSWER_SECONDS", dask_cluster.LOOK_SECONDS)
    monkeypatch.setattr(dask_cluster, "_SHORTEST_BATCH", 1)  # more batches than are sent at once
    was_said, train, result = threading.Event(), dask_cluster.train, dask_cluster._result
    others: list[subprocess.Popen[bytes]] = []

    def warn_and_tell(line: str) -> None:
        console.warn(line)
        was_said.set()

    def bring_another(address: str) -> None:
        if was_said.wait(PATIENCE):
            null = subprocess.DEVNULL
            command = dask_command("worker", address, "--nthreads", "1")
            others.append(subprocess.Popen(command, cwd=ROOT, start_new_session=True, stdout=null, stderr=null))

    with a_cluster(tmp_path, 1) as started:

        def train_and_kill(*arguments: Any) -> Iterator[work.BatchResult]:
            for number, trained in enumerate(train(*arguments)):
                if number == 0:
                    os.killpg(started.workers[0], signal.SIGKILL)
                yield trained

        def kill_and_fetch(client: Client, future: Any) -> work.BatchResult:
            if not was_said.is_set():
                dask_cluster.finished(client, [future])
                os.killpg(started.workers[0], signal.SIGKILL)
            trained: work.BatchResult = result(client, future)
            return trained

        bringer = threading.Thread(target=bring_another, args=(started.address,))
        bringer.start()
        monkeypatch.setattr(dask_cluster, "warn", warn_and_tell)
        if with_a_result:
            monkeypatch.setattr(dask_cluster, "_result", kill_and_fetch)
        else:
            monkeypatch.setattr(dask_cluster, "train", train_and_kill)
        try:
            arguments = [*SWEEP, "--out", str(tmp_path / "out"), "--backend", "dask", "--scheduler", started.address]
            assert grid.main(arguments) == 0
        finally:
            was_said.set()
            bringer.join()
            for each in others:
                kill_all(each)
    assert files(tmp_path / "out") == expected
    first, *_ = capsys.readouterr().err.splitlines()
    assert first == "no worker has taken a batch for 2 s: the cluster has 0 workers; waiting"


@pytest.mark.parametrize(
    ("missing", "said"), [("worker", "the cluster has 0 workers"), ("scheduler", "the scheduler does not answer")]
)
def test_waiting_for_a_cluster_is_said_and_ends_when_asked_to(missing: str, said: str, tmp_path: Path) -> None:
    code = (
        "from experiments.cli import process\n"
        "from experiments.runner import dask_cluster\n"
        "dask_cluster.SAID_EVERY, dask_cluster._ANSWER_SECONDS = dask_cluster.LOOK_SECONDS, 1\n"
        "process.run_as_program('experiments.grid')"
    )
    with a_cluster(tmp_path, 1) as started:
        arguments = [*SWEEP, "--iterations", "1000000", "--out", str(tmp_path / "out"), "--backend", "dask"]
        with (tmp_path / "err").open("w+") as err:
            sweep = subprocess.Popen(
                [sys.executable, "-c", code, *arguments, "--scheduler", started.address], stderr=err, cwd=ROOT
            )
            try:
                until(lambda: has_batches(started.address))
                if missing == "worker":
                    os.killpg(started.workers[0], signal.SIGKILL)
                else:
                    started.scheduler.send_signal(signal.SIGSTOP)  # a machine that hangs
                line = f"no worker has taken a batch for 2 s: {said}; waiting\n"
                until(lambda: line in (tmp_path / "err").read_text(), (tmp_path / "err").read_text)
                sweep.send_signal(signal.SIGINT)
                assert sweep.wait(PATIENCE) == 128 + signal.SIGINT
            finally:
                sweep.kill()
    *waiting, last = (tmp_path / "err").read_text().splitlines()
    assert all("waiting" in each for each in waiting)
    assert last.startswith("experiments.grid: interrupted; 0 of 16 runs are stored")


def test_waiting_for_an_answer_ends_when_asked_to(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        code = (
            "from experiments.cli import process\n"
            "from experiments.runner import dask_cluster\n"
            "dask_cluster._CONNECT_SECONDS = 3600\n"
            "process.run_as_program('experiments.grid')"
        )
        arguments = [*SWEEP, "--out", str(tmp_path / "out"), "--backend", "dask", "--scheduler", address]
        sweep = subprocess.Popen([sys.executable, "-c", code, *arguments], stderr=subprocess.PIPE, text=True, cwd=ROOT)
        try:
            silent.settimeout(PATIENCE)
            with silent.accept()[0]:
                sweep.send_signal(signal.SIGINT)
                _, err = sweep.communicate(timeout=PATIENCE)
        finally:
            sweep.kill()
    assert err == "experiments.grid: interrupted; nothing was written\n"
    assert sweep.returncode == 128 + signal.SIGINT


def test_a_scheduler_is_for_dask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    err = refused([*SWEEP, "--out", str(tmp_path / "out"), "--scheduler", "tcp://127.0.0.1:9"], capsys)
    assert "--scheduler requires --backend dask, got threading" in err
    with pytest.raises(SweepError, match="--scheduler"):
        Sweep(hidden=1).run(out=None, backend="loky", scheduler="tcp://127.0.0.1:9")


def test_without_the_package_the_message_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("experiments.runner.dask_cluster", raising=False)
    monkeypatch.delitem(sys.modules, "experiments.runner.dask_cluster", raising=False)
    monkeypatch.setitem(sys.modules, "distributed", None)  # as where it is not installed
    with (
        pytest.raises(SweepError, match=re.escape("pip install '.[dask]'")),
        backends.workers(backends.How(backend="dask")),
    ):
        pass


class Cluster(NamedTuple):
    """A scheduler and its workers, each a process of its own, as on machines of their own."""

    address: str
    workers: list[int]  # process numbers; each has a child that trains, and starts another one if that dies
    scheduler: subprocess.Popen[bytes]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with a_cluster(tmp_path_factory.mktemp("cluster"), 2) as started:
        yield started


@contextlib.contextmanager
def a_cluster(folder: Path, n_workers: int, without_package: str = "") -> Iterator[Cluster]:
    """``without_package``: what, the scheduler or the worker, cannot import this package."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> Path:
        log = folder / f"{len(processes)}.log"
        with log.open("wb") as file:
            command, where, env = dask_command(*arguments), ROOT, dict(os.environ)
            if arguments[0] == without_package:  # without the .pth files of the environment, and in another folder
                command[1:1], where, env["PYTHONPATH"] = ["-S"], folder, sysconfig.get_paths()["purelib"]
            processes.append(
                subprocess.Popen(command, stdout=file, stderr=file, cwd=where, env=env, start_new_session=True)
            )
        return log

    def wait_for(log: Path, pattern: str) -> str:
        found = until(lambda: re.search(pattern, log.read_text()), log.read_text)
        return str(found[1])

    try:
        address = wait_for(start("scheduler", "--host", "127.0.0.1", "--port", "0"), r"Scheduler at:\s*(tcp://\S+)")
        for log in [start("worker", address, "--nthreads", "1") for _ in range(n_workers)]:
            wait_for(log, "(Registered to)")
        yield Cluster(address, [process.pid for process in processes[1:]], processes[0])
    finally:
        for process in processes:
            kill_all(process)


def dask_command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "dask", *arguments, "--dashboard-address", ":0"]


def until(found: Callable[[], Any], otherwise: Callable[[], object] = lambda: "") -> Any:
    """Wait for something; the value of ``found``."""
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        if value := found():
            return value
        time.sleep(0.05)
    raise AssertionError(otherwise())


def kill_all(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_a_cluster_gives_the_same_bytes(cluster: Cluster, expected: dict[str, bytes], tmp_path: Path) -> None:
    assert grid.main([*SWEEP, "--out", str(tmp_path), "--backend", "dask", "--scheduler", cluster.address]) == 0
    assert files(tmp_path) == expected


def test_a_cluster_of_its_own_gives_the_same_bytes_and_leaves_nothing(
    expected: dict[str, bytes], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "experiments.grid", *SWEEP, "--out", str(tmp_path), "--backend", "dask"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, start_new_session=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert files(tmp_path) == expected


def test_a_worker_that_is_killed_costs_its_batches_and_nothing_else(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.runner.dask_cluster._SHORTEST_BATCH", 2**27)  # many batches
    sweep = Sweep(hidden=[4], learning_rate=[0.1, 1.2], seed=range(40), iterations=3000)
    before = sweep.run(out=None)
    killed: list[int] = []
    add = store.Store.add

    def add_and_kill(self: store.Store, *arguments: Any) -> None:
        if not killed:
            children = psutil.Process(cluster.workers[0]).children()
            (training,) = (child for child in children if "resource_tracker" not in " ".join(child.cmdline()))
            training.kill()
            killed.append(training.pid)
        add(self, *arguments)

    monkeypatch.setattr(store.Store, "add", add_and_kill)
    after = sweep.run(out=None, backend="dask", scheduler=cluster.address)
    assert len(killed) == 1
    assert after.manifest["counts"]["computed"] == 80
    assert after.runs.equals(before.runs)
    assert after.curves.equals(before.curves)


def test_a_run_that_always_kills_its_worker_is_found_and_costs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = Sweep(hidden=[2, 3], learning_rate=1.2, seed=[1, 2], iterations=20)
    before = sweep.run(out=None).runs
    cloudpickle.register_pickle_by_value(sys.modules[__name__])  # the workers cannot import this file
    monkeypatch.setattr("experiments.runner.dask_cluster._train", kill_worker_of_seed_2)
    try:
        after = sweep.run(out=None, backend="dask", jobs=2).runs
    finally:
        cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    dead = (after["hidden"] == "3") & (after["seed"] == 2)
    assert after[~dead].equals(before[~dead])
    assert after[dead]["status"].tolist() == ["failed"]
    assert after[dead]["error"].item().startswith("its worker process died on every attempt")
