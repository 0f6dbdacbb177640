"""An HTTP proxy in front of an API server that makes faults: at random from a seed, and when told to.

Each client gets a door of its own, so that what one replica of the operator asks can be told from what another does.
"""

import asyncio
import json
import random
import socket
import ssl
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
import yaml
from aiohttp import web
from yarl import URL

#: Headers of one hop only (RFC 9110, section 7.6.1), made anew by either side, or the proxy's own.
_OURS: Final = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "upgrade", "host", "content-length", "te", "authorization"}
)
#: Answers to requests that are not passed on; code 0 stands for any of the server's errors.
_REFUSALS: Final = {
    "unauthorized": (401, "Unauthorized"),
    "too_many": (429, "TooManyRequests"),
    "conflict": (409, "Conflict"),
    "error": (0, "InternalError"),
}
_SEVERED: Final = (aiohttp.ClientError, ConnectionError, TimeoutError)


@dataclass(frozen=True)
class Rates:
    """How often a request meets with a fault, from 0 to 1."""

    #: 429 with Retry-After; the request is not passed on.
    too_many: float = 0.0
    #: 409 to a write; it is not passed on.
    conflict: float = 0.0
    #: 500, 502, 503 or 504; the request is not passed on.
    error: float = 0.0
    #: The request is passed on, and its answer is lost.
    lost_answer: float = 0.0

    def fault(self, dice: random.Random, *, writes: bool) -> str:
        """Which one befalls a request; empty for none."""
        shares = {
            "too_many": self.too_many,
            "conflict": self.conflict if writes else 0.0,
            "error": self.error,
            "lost_answer": self.lost_answer,
        }
        thrown = dice.random()
        for name, share in shares.items():
            if thrown < share:
                return name
            thrown -= share
        return ""


@dataclass
class Door:
    """Where one client comes in, and what it did."""

    name: str
    port: int
    #: Times (monotonic) of the writes that were passed on, those of Leases left out.
    writes: list[float] = field(default_factory=list)


@dataclass(eq=False)
class _Watch:
    """One open watch: its path, and how it ends."""

    path: str
    end: asyncio.Future[int]
    silent: bool = False


class FaultProxy:
    """Passes everything on to ``upstream`` while the context is open, but for the faults."""

    def __init__(self, upstream: str, trust: ssl.SSLContext, doors: Sequence[str], seed: int = 0) -> None:
        self._upstream = upstream.rstrip("/")
        self._trust = trust
        self._dice = random.Random(seed)  # noqa: S311  (a run that can be repeated)
        self._watches: set[_Watch] = set()
        self.doors: dict[str, Door] = {name: Door(name, 0) for name in doors}
        self.rates = Rates()
        #: Whether every credential is refused.
        self.refuses = False
        #: Faults made, by name.
        self.made: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=self._trust),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
            skip_auto_headers=("Accept-Encoding", "User-Agent"),
            auto_decompress=False,
        )
        app = web.Application(client_max_size=2**26)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        for door in self.doors.values():
            opened = socket.create_server(("127.0.0.1", 0))
            door.port = opened.getsockname()[1]
            await web.SockSite(self._runner, opened).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()
        await self._runner.cleanup()

    def kubeconfig(self, door: str, folder: Path) -> Path:
        """For a client that comes in there; the proxy has the credentials."""
        server = f"http://127.0.0.1:{self.doors[door].port}"
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "proxy", "cluster": {"server": server}}],
            "users": [{"name": door, "user": {"token": door}}],
            "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": door}}],
            "current-context": "proxy",
        }
        path = folder / f"{door}.kubeconfig"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return path

    def cut_watches(self, code: int = 0, path: str = "") -> int:
        """End all watches, or those of one collection; with an error event of this code before, if it is not 0."""
        ended = [watch for watch in self._watches if watch.path.endswith(path) and not watch.end.done()]
        for watch in ended:
            watch.end.set_result(code)
        return len(ended)

    def silence(self, path: str) -> int:
        """The watches of a collection that are open now stay open and bring nothing, as through a half dead line."""
        found = [watch for watch in self._watches if watch.path.endswith(path)]
        for watch in found:
            watch.silent = True
        return len(found)

    def watches(self, path: str = "") -> int:
        """How many are open."""
        return sum(watch.path.endswith(path) for watch in self._watches)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        writes = request.method != "GET"
        fault = "unauthorized" if self.refuses else self.rates.fault(self._dice, writes=writes)
        if fault:
            self.made[fault] += 1
        if fault in _REFUSALS:
            code, reason = _REFUSALS[fault]
            return _refusal(code or self._dice.choice((500, 502, 503, 504)), reason)
        body = await request.read()
        if writes and "/leases" not in request.path:
            self._door(request).writes.append(time.monotonic())
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _OURS}
        url = URL(self._upstream + request.raw_path, encoded=True)
        try:
            async with self._session.request(request.method, url, data=body or None, headers=headers) as answer:
                if request.query.get("watch") == "true" and answer.status == 200:
                    return await self._stream(request, answer)
                content = await answer.read()
        except _SEVERED:
            return _cut(request)
        if fault == "lost_answer":
            return _cut(request)
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in _OURS}
        return web.Response(body=content, status=answer.status, headers=kept)

    def _door(self, request: web.Request) -> Door:
        return next(door for door in self.doors.values() if door.port == request.url.port)

    async def _stream(self, request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
        """Pass events on until either side, or a fault, ends it."""
        watch = _Watch(request.path, asyncio.get_running_loop().create_future())
        response = web.StreamResponse(headers={"Content-Type": answer.headers.get("Content-Type", "application/json")})
        await response.prepare(request)
        self._watches.add(watch)
        rest = b""
        reading = asyncio.ensure_future(answer.content.readany())
        try:
            while True:
                both: set[asyncio.Future[Any]] = {reading, watch.end}
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                if watch.end.done():
                    if code := watch.end.result():
                        await response.write(_error_event(code))
                    return _cut(request) if not code else response
                chunk = reading.result()
                if not chunk:
                    return response
                *lines, rest = (rest + chunk).split(b"\n")
                if lines and not watch.silent:
                    await response.write(b"\n".join(lines) + b"\n")
                reading = asyncio.ensure_future(answer.content.readany())
        except _SEVERED:
            return _cut(request)
        finally:
            reading.cancel()
            self._watches.discard(watch)


def _cut(request: web.Request) -> web.Response:
    """No answer: the connection breaks off."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def _status(code: int, reason: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Status",
        "status": "Failure",
        "message": f"{reason}: made by the fault proxy",
        "reason": reason,
        "code": code,
    }


def _refusal(code: int, reason: str) -> web.Response:
    headers = {"Retry-After": "1"} if code == 429 else None
    return web.json_response(_status(code, reason), status=code, headers=headers)


def _error_event(code: int) -> bytes:
    reason = "Expired" if code == 410 else "InternalError"
    return json.dumps({"type": "ERROR", "object": _status(code, reason)}).encode() + b"\n"
