"""``python -m experiments.map --explore``: it serves until Ctrl-C, keeps what was trained, and refuses in one line."""

from __future__ import annotations

import http.client
import ipaddress
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from experiments.cli import map as command
from experiments.maps.plane import Tile
from experiments.maps.store import MapStore
from tests.helpers.machines import ROOT

AXES = ["--x", "learning-rate=log:0.01:100", "--y", "output-learning-rate=log:0.01:100"]
MAP = [*AXES, "--dataset", "moons", "--samples", "12", "--hidden", "1", "--iterations", "20", "--jobs", "2"]


@contextmanager
def exploring(out: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command in a process of its own, and the address that it printed."""
    with subprocess.Popen(
        [sys.executable, "-m", "experiments.map", *MAP, "--explore", "--out", str(out)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            assert said == "Open this address in a browser on this machine; Ctrl-C ends the explorer:\n"
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def get(address: str, path: str) -> bytes:
    to = urlsplit(address)
    with closing(http.client.HTTPConnection(to.netloc, timeout=60)) as connection:
        connection.request("GET", to.path + path)
        answer = connection.getresponse()
        assert answer.status == 200
        return answer.read()


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be sent Ctrl-C there")
def test_it_serves_this_machine_until_ctrl_c_and_keeps_what_was_trained(tmp_path: Path) -> None:
    with exploring(tmp_path) as (process, address):
        listening = [
            each.laddr for each in psutil.Process(process.pid).net_connections() if each.status == psutil.CONN_LISTEN
        ]
        assert [ipaddress.ip_address(each.ip).is_loopback for each in listening] == [True]
        assert listening[0].port == urlsplit(address).port
        assert b"moons, hidden 1" in get(address, "")
        tile = get(address, "tile/0/0/0")
        assert get(address, "tile/0/0/0") == tile
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (130, "")
        assert err == f"experiments.map: interrupted; what was trained is stored in {tmp_path}\n"
    with MapStore(tmp_path) as store:
        assert list(store.tiles()) == [Tile(0, 0, 0)]
    with exploring(tmp_path) as (process, address):  # the same folder: nothing is trained again
        assert get(address, "tile/0/0/0") == tile
        assert get(address, "tile/1/0/0") != tile
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 143


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_what_does_not_fit_is_refused_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = "experiments.map"
    assert refused([*MAP, "--port", "8000"], capsys) == f"{name}: --port: expected --explore as well\n"
    assert refused([*MAP, "--open"], capsys) == f"{name}: --open: expected --explore as well\n"
    assert refused([*MAP, "--explore", "--backend", "loky"], capsys) == (
        f"{name}: --explore trains in this process: expected no --backend, got loky\n"
    )
    for port in ("0", "65536", "-1", "http"):
        assert refused([*MAP, "--explore", "--port", port], capsys) == (
            f"{name}: argument --port: expected an integer from 1 to 65535, got {port!r}; --help lists the options\n"
        )
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        err = refused([*MAP, "--explore", "--port", port, "--out", str(tmp_path)], capsys)
    assert err == (
        f"{name}: --port {port}: expected a free port of 127.0.0.1, found one that is in use or not allowed (Address"
        " already in use): choose another one, or leave the option out\n"
    )


@pytest.mark.parametrize("package", ["starlette", "uvicorn"])
def test_without_the_extra_it_says_what_to_install(package: str, tmp_path: Path) -> None:
    code = (
        f"import sys; sys.modules[{package!r}] = None; sys.argv = ['map', *sys.argv[1:]]\n"
        "from experiments.cli.map import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *MAP, "--explore", "--out", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stderr == (
        f"experiments.map: --explore requires the package {package}, which is not installed: pip install '.[explore]'\n"
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert list(tmp_path.iterdir()) == []
