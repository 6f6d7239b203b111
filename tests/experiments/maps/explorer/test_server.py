"""The explorer's server: for this machine and its token alone; wrong requests get one line and cause no work."""

from __future__ import annotations

import http.client
import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import psutil
import pytest

from experiments.knobs.knob import SweepError
from experiments.maps.explorer.page import served
from experiments.maps.explorer.server import Explorer
from experiments.maps.explorer.tiles import packed
from experiments.maps.plane import TILE, Tile, deepest
from tests.experiments.maps.explorer.fake import PATIENCE, PLANE, SUBJECT, Fake, pixels_of, until

DEEPEST = deepest(PLANE)


class Answer(NamedTuple):
    status: int
    content: bytes
    headers: dict[str, str]

    @property
    def line(self) -> str:
        text = self.content.decode()
        assert text.count("\n") <= 1
        return text.strip()


def ask(
    explorer: Explorer, path: str, host: str | None = None, method: str = "GET", token: str | None = None
) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", explorer.port, timeout=PATIENCE)
    named = f"127.0.0.1:{explorer.port}" if host is None else host
    connection.request(method, f"/{explorer.token if token is None else token}{path}", headers={"Host": named})
    answer = connection.getresponse()
    found = Answer(answer.status, answer.read(), {name.lower(): text for name, text in answer.getheaders()})
    connection.close()
    return found


@contextmanager
def waiting(explorer: Explorer, path: str) -> Iterator[socket.socket]:
    """A client that has asked, and leaves at the end of the block."""
    with socket.create_connection(("127.0.0.1", explorer.port), timeout=PATIENCE) as client:
        lines = f"GET /{explorer.token}{path} HTTP/1.1\r\nHost: 127.0.0.1:{explorer.port}\r\n\r\n"
        client.sendall(lines.encode())
        yield client


def test_the_page_its_tiles_and_curves_are_served(explorer: Explorer, source: Fake) -> None:
    page = ask(explorer, "/")
    assert (page.status, page.content.decode()) == (200, served(SUBJECT))
    tile = Tile(3, 5, 2)
    assert ask(explorer, "/tile/3/5/2").content == packed(PLANE, tile, pixels_of(tile), SUBJECT.measures)
    assert source.begun == [tile]
    costs = np.frombuffer(ask(explorer, "/curve/3/511/17").content, "<f8")
    assert costs.tolist() == source.curve(3, 511, 17).tolist()
    assert source.curves == [(3, 511, 17)] * 2
    for host in (f"localhost:{explorer.port}", f"LOCALHOST:{explorer.port}"):
        assert ask(explorer, "/tile/0/0/0", host=host).status == 200


def test_a_first_look_has_a_sixteenth_of_the_networks(explorer: Explorer, source: Fake) -> None:
    tile = Tile(3, 5, 2)
    content = ask(explorer, "/look/3/5/2").content
    axes = np.frombuffer(content, "<f8", 2 * TILE).reshape(2, TILE)
    cost = np.frombuffer(content, "<f4", offset=axes.nbytes).reshape(-1, TILE, TILE)[1]
    whole = pixels_of(tile).cost.astype(np.float32)
    xs, ys = tile.window.xs(PLANE), tile.window.ys(PLANE)
    for row in range(TILE):
        for column in range(TILE):
            at = row - row % 4, column - column % 4  # the pixel says which network it is
            assert (cost[row, column], axes[0, column], axes[1, row]) == (whole[at], xs[at[1]], ys[at[0]])
    assert (source.looks, source.begun) == ([tile], [])
    whole_tile = ask(explorer, "/tile/3/5/2").content
    assert ask(explorer, "/look/3/5/2").content == whole_tile  # which is there now
    assert source.looks == [tile]


def test_nothing_is_listened_to_beyond_this_machine(explorer: Explorer) -> None:
    listening = [each.laddr for each in psutil.Process().net_connections() if each.status == psutil.CONN_LISTEN]
    assert explorer.port in {address.port for address in listening}
    assert all(ipaddress.ip_address(address.ip).is_loopback for address in listening), listening
    assert explorer.address == f"http://127.0.0.1:{explorer.port}/{explorer.token}/"
    assert len(explorer.token) >= 22  # 128 bits


TOKEN = "expected the address that was printed, with its token, got another one"
NUMBERS = "expected whole numbers: LEVEL/X/Y"
LEVEL = f"expected a level of at most {DEEPEST}, beyond which float64 cannot tell pixels apart"


@pytest.mark.parametrize(
    ("path", "status", "line"),
    [
        ("/tile/0/1/0", 404, "expected tiles 0 to 0 of level 0 each way"),
        ("/tile/3/0/8", 404, "expected tiles 0 to 7 of level 3 each way"),
        ("/tile/-1/0/0", 400, NUMBERS),
        ("/tile/0/0/-1", 400, NUMBERS),
        ("/tile/1.5/0/0", 400, NUMBERS),
        ("/tile/1e3/0/0", 400, NUMBERS),
        ("/tile/%D9%A3/0/0", 400, NUMBERS),  # a digit, in Arabic
        ("/tile/nan/0/0", 400, NUMBERS),
        ("/tile/+1/0/0", 400, NUMBERS),
        (f"/tile/{'9' * 5000}/0/0", 400, NUMBERS),
        (f"/tile/{DEEPEST + 1}/0/0", 400, LEVEL),
        ("/tile/99999999/0/0", 400, LEVEL),
        (f"/tile/4/{10**19}/0", 404, "expected tiles 0 to 15 of level 4 each way"),
        ("/look/0/1/0", 404, "expected tiles 0 to 0 of level 0 each way"),
        ("/look/77/0/0", 400, LEVEL),
        ("/curve/0/64/0", 404, "expected pixels 0 to 63 of level 0 each way"),
        ("/curve/0/0/x", 400, NUMBERS),
        ("/curve/77/0/0", 400, LEVEL),
        ("/tile/0/0", 404, "Not Found"),
        ("/tile/0/0/0/0", 404, "Not Found"),
        ("/tile/0/0/..%2f..", 404, "Not Found"),
        ("/../etc/passwd", 404, "Not Found"),
        ("/etc/passwd", 404, "Not Found"),
        ("/map.sqlite", 404, "Not Found"),
    ],
)
def test_a_wrong_request_gets_a_line_and_no_work(
    explorer: Explorer, source: Fake, path: str, status: int, line: str
) -> None:
    answer = ask(explorer, path)
    assert (answer.status, answer.line) == (status, line)
    assert source.begun == source.looks == []
    assert source.curves == []


@pytest.mark.parametrize("path", ["/", "/tile/0/0/0", "/curve/0/0/0"])
def test_without_the_token_the_address_and_get_nothing_is_served(explorer: Explorer, source: Fake, path: str) -> None:
    for token in ("", "x", explorer.token[:-1], explorer.token + "x", "%C3%A4", explorer.token.swapcase()):
        answer = ask(explorer, path, token=token)
        assert (answer.status, answer.line) == (403, TOKEN)
    for host in (
        "evil.example",
        f"evil.example:{explorer.port}",
        "127.0.0.1",
        f"127.0.0.1:{explorer.port}.evil.example",
    ):
        answer = ask(explorer, path, host=host)
        assert answer == (403, answer.content, answer.headers)
        assert answer.line == "expected the address that was printed, got another host name"
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "HEAD"):
        assert ask(explorer, path, method=method).status == 405
    assert source.begun == source.looks == []
    assert source.curves == []


def test_no_other_page_may_read_or_frame_an_answer(explorer: Explorer) -> None:
    for path in ("/", "/tile/0/0/0", "/curve/0/0/0", "/tile/0/0/9", "/nothing"):
        headers = ask(explorer, path).headers
        assert not [name for name in headers if name.startswith("access-control-")]
        assert headers["content-security-policy"] == "frame-ancestors 'none'"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers


def test_two_clients_share_a_tile_and_one_that_leaves_takes_nothing_away(explorer: Explorer, source: Fake) -> None:
    source.gate.clear()
    with waiting(explorer, "/tile/2/1/1") as stays:
        until(lambda: source.begun == [Tile(2, 1, 1)])
        with waiting(explorer, "/tile/2/1/1"), waiting(explorer, "/tile/2/3/3"):
            until(lambda: len(explorer.desk._waiting) == 1 and explorer.desk._running[Tile(2, 1, 1), False].wanted == 2)
        until(lambda: not explorer.desk._waiting and explorer.desk._running[Tile(2, 1, 1), False].wanted == 1)
        source.gate.set()
        assert stays.recv(12) == b"HTTP/1.1 200"
    assert source.begun == source.done == [Tile(2, 1, 1)]


def test_what_only_a_client_that_left_wanted_is_stopped(explorer: Explorer, source: Fake) -> None:
    source.gate.clear()
    with waiting(explorer, "/tile/2/1/1"):
        until(lambda: source.begun == [Tile(2, 1, 1)])
    until(lambda: not explorer.desk._running)
    assert source.done == []
    source.gate.set()
    assert ask(explorer, "/tile/2/1/1").status == 200


def test_a_failure_is_one_line(explorer: Explorer, source: Fake, capfd: pytest.CaptureFixture[str]) -> None:
    def fail(*_: object) -> None:
        raise OSError("the disk\nis full")

    source.get = source.curve = fail  # type: ignore[method-assign, assignment]
    for path in ("/tile/0/0/0", "/curve/0/0/0"):
        answer = ask(explorer, path)
        assert (answer.status, answer.line) == (500, "computing failed (OSError: the disk is full)")
    assert capfd.readouterr() == ("", "")


def test_the_end_does_not_wait_for_tiles(source: Fake, capfd: pytest.CaptureFixture[str]) -> None:
    source.gate.clear()
    explorer = Explorer(source, SUBJECT).__enter__()
    with waiting(explorer, "/tile/2/1/1"), waiting(explorer, "/tile/2/1/0") as client:
        until(lambda: len(source.begun) == 1 and len(explorer.desk._waiting) == 1)
        explorer.__exit__(None, None, None)
        assert client.recv(9) in (b"HTTP/1.1 ", b"")
    assert source.done == []
    with pytest.raises(OSError, match=r"."):
        socket.create_connection(("127.0.0.1", explorer.port))
    assert capfd.readouterr() == ("", "")


def test_a_port_that_is_taken_is_refused(explorer: Explorer) -> None:
    with pytest.raises(SweepError) as refused:
        Explorer(Fake(), SUBJECT, explorer.port)
    assert str(refused.value) == (
        f"--port {explorer.port}: expected a free port of 127.0.0.1, found one that is in use or not allowed (Address"
        " already in use): choose another one, or leave the option out"
    )
