"""The load of ``make bench-api``: a process of its own that sends GET requests over connections that stay open.

    python -m podwright_bench.api_load < plan.json

The plan names host, ports (connections are spread over them, as a Service does), requests (path, bearer token, weight),
connections, seconds, and ``rate``: requests a second at fixed times, whatever the answers take (a late answer counts
from when its request was due), or 0 for as many as go.
"""

import asyncio
import json
import random
import sys
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any, cast

import httptools
import uvloop

#: Requests that are due and find no free connection wait; more than this is no load any more but a pile.
_MOST_WAITING = 20_000


@dataclass(frozen=True)
class Plan:
    host: str
    ports: list[int]
    #: Whole requests, each as often as it should come relative to the others.
    requests: list[bytes]
    connections: int
    seconds: float
    rate: float

    @classmethod
    def read(cls, text: str) -> "Plan":
        plan = json.loads(text)
        host = plan["host"]
        requests = [_request(host, one["path"], one["token"]) for one in plan["requests"] for _ in range(one["weight"])]
        # The same order every time, and not all of a kind after the other.
        random.Random(1).shuffle(requests)  # noqa: S311
        return cls(host, plan["ports"], requests, plan["connections"], plan["seconds"], plan["rate"])


@dataclass
class Outcome:
    """What came of the requests, and how long each took in seconds."""

    times: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    bytes: int = 0
    begun: float = 0.0
    ended: float = 0.0
    lost: int = 0

    def figures(self) -> dict[str, Any]:
        times = sorted(self.times)
        seconds = self.ended - self.begun
        return {
            "requests_per_s": round(len(times) / seconds, 1),
            "p50_ms": round(_quantile(times, 0.5) * 1000, 2),
            "p95_ms": round(_quantile(times, 0.95) * 1000, 2),
            "p99_ms": round(_quantile(times, 0.99) * 1000, 2),
            "max_ms": round(times[-1] * 1000, 2) if times else 0.0,
            "errors": sum(count for status, count in self.statuses.items() if status != 200) + self.lost,
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "megabytes_per_s": round(self.bytes / seconds / 1e6, 1),
        }


class Connection(asyncio.Protocol):
    """One request at a time over one connection."""

    def __init__(self, load: "Load") -> None:
        self._load = load
        self._due = 0.0
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._load.free(self)

    def send(self, due: float, request: bytes) -> None:
        self._due = due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._load.outcome.bytes += len(data)
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._load.answered(self._due, self._parser.get_status_code())
        self._due = 0.0
        self._load.free(self)

    def connection_lost(self, _error: Exception | None) -> None:
        if self._due:
            self._load.outcome.lost += 1


class Load:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._sent = 0
        self._waiting: deque[float] = deque()
        self._free: deque[Connection] = deque()
        self.outcome = Outcome()

    async def run(self) -> Outcome:
        loop = asyncio.get_running_loop()
        connecting = (
            loop.create_connection(lambda: Connection(self), self._plan.host, port)
            for port in islice(cycle(self._plan.ports), self._plan.connections)
        )
        opened = [transport for transport, _ in await asyncio.gather(*connecting)]
        self.outcome.begun = time.perf_counter()
        end = self.outcome.begun + self._plan.seconds
        if self._plan.rate:
            await self._at_rate(end)
        else:
            self._end = end
            while self._free:
                self._next(time.perf_counter())
            await asyncio.sleep(self._plan.seconds)
        await self._answers(len(opened))
        self.outcome.ended = time.perf_counter() if self._plan.rate else end
        for transport in opened:
            transport.close()
        return self.outcome

    async def _at_rate(self, end: float) -> None:
        number, begun = 0, self.outcome.begun
        while (now := time.perf_counter()) < end:
            while (due := begun + number / self._plan.rate) <= now:
                number += 1
                self._waiting.append(due)
            if len(self._waiting) > _MOST_WAITING:
                raise SystemExit(f"{_MOST_WAITING} requests wait: the rate cannot be kept")
            self._serve()
            await asyncio.sleep(0.001)

    def _serve(self) -> None:
        while self._waiting and self._free:
            self._next(self._waiting.popleft())

    def _next(self, due: float) -> None:
        request = self._plan.requests[self._sent % len(self._plan.requests)]
        self._sent += 1
        self._free.popleft().send(due, request)

    def free(self, connection: Connection) -> None:
        """A connection may be used; in a run without a rate it is, at once."""
        self._free.append(connection)
        if self._plan.rate:
            self._serve()
        elif self._sent and time.perf_counter() < self._end:
            self._next(time.perf_counter())

    def answered(self, due: float, status: int) -> None:
        now = time.perf_counter()
        if self._plan.rate or now < self._end:
            self.outcome.times.append(now - due)
            self.outcome.statuses[status] += 1

    async def _answers(self, connections: int) -> None:
        """Wait for the answers that are still to come."""
        async with asyncio.timeout(30):
            while self._waiting or len(self._free) < connections:  # noqa: ASYNC110  (once a run)
                await asyncio.sleep(0.01)


def _request(host: str, path: str, token: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Accept: application/json"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _quantile(values: list[float], share: float) -> float:
    return values[min(int(len(values) * share), len(values) - 1)] if values else 0.0


def main() -> None:
    outcome = uvloop.run(Load(Plan.read(sys.stdin.read())).run())
    print(json.dumps(outcome.figures()))


if __name__ == "__main__":
    main()
