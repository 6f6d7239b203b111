"""The explorer's server: a page and its tiles, for this machine and whoever knows the token in the address.

It listens on the loopback interface. Another page in the same browser knows no token and, as nothing here allows it,
reads no answer; a foreign host name that leads to this machine is refused. Every answer to a wrong request is one line,
and none of them computes anything.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import socket
import threading
import time
from types import TracebackType
from typing import Protocol, Self

import numpy as np
import uvicorn
from numpy.typing import NDArray
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from experiments.knobs.knob import SweepError
from experiments.maps.explorer.desk import Desk, TooMany
from experiments.maps.explorer.page import Subject, served
from experiments.maps.explorer.tiles import packed, sample_of
from experiments.maps.pixels import Pixels
from experiments.maps.plane import TILE, Tile, deepest

HOST = "127.0.0.1"
_NUMBER = re.compile(r"[0-9]{1,20}", re.ASCII)
_MOST_CONNECTIONS = 64
_MOST_CURVES = 4  # that wait or are computed at once
_GOODBYE = 1.0  # seconds for open connections at the end
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",  # the rest stands in the page
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Source(Protocol):
    """Where tiles come from. All methods are called in threads."""

    def stored(self, tile: Tile) -> Pixels | None:
        """A tile that need not be computed, or None."""

    def get(self, tile: Tile, stop: threading.Event) -> Pixels:
        """A tile, computed if it is not stored. ``stop``: nobody waits any more; raise anything."""

    def sample(self, tile: Tile, stop: threading.Event) -> Pixels:
        """A tile, of which only every ``SAMPLED``-th column and row is computed: a first look. ``stop``: as above."""

    def curve(self, level: int, column: int, row: int) -> NDArray[np.float64]:
        """The cost of the network of a pixel after 0, 1, ... updates."""


class Explorer:
    """A server in a thread of its own: ``with Explorer(source, subject) as explorer: print(explorer.address)``.

    ``port``: 0 for any that is free. Raises SweepError if the port is taken.
    """

    def __init__(self, source: Source, subject: Subject, port: int = 0) -> None:
        self.token = secrets.token_urlsafe(16)
        self._socket = _listening(port)
        self.port: int = self._socket.getsockname()[1]
        self.desk = Desk[tuple[Tile, bool]](lambda key, stop: _computed(source, subject, *key, stop))
        app = _Guard(
            _app(source, subject, self.desk), self.token, {f"{name}:{self.port}" for name in (HOST, "localhost")}
        )
        config = uvicorn.Config(
            app, loop="asyncio", http="h11", ws="none", lifespan="off", log_config=None, log_level="critical",
            access_log=False, server_header=False, date_header=False, proxy_headers=False,
            limit_concurrency=_MOST_CONNECTIONS, timeout_graceful_shutdown=int(_GOODBYE),
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        # Signals stay with the main thread.
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    @property
    def address(self) -> str:
        """What to open in a browser."""
        return f"http://{HOST}:{self.port}/{self.token}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.desk.close()
        self._server.should_exit = True
        self._thread.join(2 * _GOODBYE)
        self._socket.close()

    def wait(self) -> None:
        """Until the server ends, or an exception such as that of Ctrl-C."""
        while self._thread.is_alive():
            time.sleep(0.2)  # on Windows, nothing interrupts a join


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise SweepError(
            f"--port {port}: expected a free port of {HOST}, found one that is in use or not allowed"
            f" ({os.strerror(error.errno or 0)}): choose another one, or leave the option out"
        ) from None


class _Guard:
    """Lets requests through that name this host and the token."""

    def __init__(self, app: ASGIApp, token: str, hosts: set[str]) -> None:
        self._app, self._token, self._hosts = app, token, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [pair for pair in message["headers"] if pair[0] != b"cache-control"]
                message["headers"] = kept + [(name.lower().encode(), text.encode()) for name, text in _HEADERS.items()]
            await send(message)

        hosts = [text for name, text in scope["headers"] if name == b"host"]
        token, slash, rest = scope["path"].removeprefix("/").partition("/")
        app: ASGIApp = self._app
        if len(hosts) != 1 or hosts[0].decode("latin-1").lower() not in self._hosts:
            app = _line(403, "expected the address that was printed, got another host name")
        elif not slash or not secrets.compare_digest(token.encode(), self._token.encode()):
            app = _line(403, "expected the address that was printed, with its token, got another one")
        elif scope["method"] != "GET":
            app = _line(405, "expected GET")
        await app({**scope, "path": f"/{rest}", "raw_path": f"/{rest}".encode()}, receive, with_headers)


def _line(status: int, text: str) -> PlainTextResponse:
    return PlainTextResponse(f"{text}\n", status)


class _Wrong(Exception):
    """A request that gets a line instead of what it asked for."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def _failed(error: BaseException) -> _Wrong:
    return _Wrong(500, f"computing failed ({type(error).__name__}: {' '.join(str(error).split())})")


def _app(source: Source, subject: Subject, desk: Desk[tuple[Tile, bool]]) -> Starlette:
    curves, page, last = asyncio.Semaphore(_MOST_CURVES), served(subject), deepest(subject.plane)

    async def whole_page(_: Request) -> Response:
        return HTMLResponse(page)

    async def tile(request: Request) -> Response:
        return await computed_tile(request, False)

    async def look(request: Request) -> Response:
        return await computed_tile(request, True)

    async def computed_tile(request: Request, is_sample: bool) -> Response:
        level, x, y = _numbers(request, last)
        _check_inside(level, (x, y), 1 << level, "tiles")
        key = Tile(level, x, y), is_sample
        if stored := await run_in_threadpool(read, key[0]):
            return _binary(stored)
        try:
            result = desk.ask(key)
        except TooMany:
            raise _Wrong(503, "expected fewer requests, too many tiles are waiting") from None
        computed = asyncio.wrap_future(result)
        computed.add_done_callback(lambda done: done.cancelled() or done.exception())  # asyncio logs what nobody reads
        left = asyncio.ensure_future(_left(request))
        try:
            await asyncio.wait((computed, left), return_when=asyncio.FIRST_COMPLETED)
            if not computed.done():
                return _line(499, "nobody waits")  # and nobody reads this
            if computed.cancelled():
                raise _Wrong(503, "the explorer has ended")
            if error := computed.exception():
                raise _failed(error)
            return _binary(computed.result())
        finally:
            left.cancel()
            desk.leave(key, result)

    def read(tile: Tile) -> bytes:
        """What need not be computed, or nothing."""
        try:
            pixels = source.stored(tile)
        except Exception as error:  # noqa: BLE001 - whatever it is, the page says it
            raise _failed(error) from None
        return b"" if pixels is None else _bytes(subject, tile, pixels)

    async def curve(request: Request) -> Response:
        level, column, row = _numbers(request, last)
        _check_inside(level, (column, row), TILE << level, "pixels")
        async with curves:
            if await request.is_disconnected():
                return _line(499, "nobody waits")
            try:
                costs = await run_in_threadpool(source.curve, level, column, row)
            except Exception as error:  # noqa: BLE001 - whatever it is, the page says it
                raise _failed(error) from None
        return _binary(np.asarray(costs, "<f8").tobytes())

    async def wrong(_: Request, error: Exception) -> Response:
        assert isinstance(error, _Wrong)
        return _line(error.status, str(error))

    return Starlette(
        routes=[
            Route("/", whole_page),
            Route("/tile/{level}/{x}/{y}", tile),
            Route("/look/{level}/{x}/{y}", look),
            Route("/curve/{level}/{x}/{y}", curve),
        ],
        exception_handlers={_Wrong: wrong},
    )


def _bytes(subject: Subject, tile: Tile, pixels: Pixels) -> bytes:
    return packed(subject.plane, tile, pixels, subject.measures)


def _computed(source: Source, subject: Subject, tile: Tile, is_sample: bool, stop: threading.Event) -> bytes:
    if is_sample:
        return sample_of(_bytes(subject, tile, source.sample(tile, stop)))
    return _bytes(subject, tile, source.get(tile, stop))


def _binary(content: bytes) -> Response:
    return Response(content, media_type="application/octet-stream")


async def _left(request: Request) -> None:
    """Until the client has left."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _numbers(request: Request, deepest: int) -> tuple[int, int, int]:
    texts = [request.path_params[name] for name in ("level", "x", "y")]
    if not all(_NUMBER.fullmatch(text) for text in texts):
        raise _Wrong(400, "expected whole numbers: LEVEL/X/Y")
    level, x, y = map(int, texts)
    if level > deepest:
        raise _Wrong(400, f"expected a level of at most {deepest}, beyond which float64 cannot tell pixels apart")
    return level, x, y


def _check_inside(level: int, place: tuple[int, int], side: int, things: str) -> None:
    if max(place) >= side:
        raise _Wrong(404, f"expected {things} 0 to {side - 1} of level {level} each way")
