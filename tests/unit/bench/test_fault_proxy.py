"""The proxy of the chaos run: what it passes on, and the faults that it makes."""

import asyncio
import json
import random
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

import aiohttp
import pytest
from aiohttp import web

from podwright_bench.fault_proxy import FaultProxy, Rates

DOORS = ("first", "second")


@asynccontextmanager
async def upstream(asked: list[str]) -> AsyncIterator[str]:
    """Answers every request, and a watch with an event every few milliseconds, for ever."""

    async def handle(request: web.Request) -> web.StreamResponse:
        asked.append(f"{request.method} {request.raw_path}")
        if request.query.get("watch") != "true":
            return web.json_response({"asked": request.raw_path, "body": await request.text()})
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        for number in range(10_000):
            await response.write(json.dumps({"type": "ADDED", "object": number}).encode() + b"\n")
            await asyncio.sleep(0.002)
        return response

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def proxied(asked: list[str]) -> AsyncIterator[tuple[FaultProxy, aiohttp.ClientSession]]:
    async with (
        upstream(asked) as url,
        FaultProxy(url, ssl.create_default_context(), DOORS, seed=1) as proxy,
        aiohttp.ClientSession(f"http://127.0.0.1:{proxy.doors['first'].port}") as session,
    ):
        yield proxy, session


async def test_requests_are_passed_on_and_writes_are_told_by_their_door() -> None:
    asked: list[str] = []
    async with proxied(asked) as (proxy, session):
        async with session.post("/apis/batch/v1/jobs?a=b%3Dc&d=e%20f", data=b"{}") as answer:
            assert await answer.json() == {"asked": "/apis/batch/v1/jobs?a=b%3Dc&d=e%20f", "body": "{}"}
        async with session.get("/api/v1/pods") as answer:
            assert answer.status == 200
        async with session.put("/apis/coordination.k8s.io/v1/leases/one", data=b"{}") as answer:
            assert answer.status == 200
        assert [len(door.writes) for door in proxy.doors.values()] == [1, 0]


@pytest.mark.parametrize(
    ("rates", "statuses", "reaches"),
    [
        (Rates(too_many=1), {429}, False),
        (Rates(error=1), {500, 502, 503, 504}, False),
        (Rates(conflict=1), {409}, False),
        (Rates(lost_answer=1), set(), True),
    ],
)
async def test_faults_of_requests(rates: Rates, statuses: set[int], reaches: bool) -> None:
    asked: list[str] = []
    async with proxied(asked) as (proxy, session):
        proxy.rates = rates
        found = set()
        for _ in range(5):
            try:
                async with session.patch("/apis/x", data=b"{}") as answer:
                    found.add(answer.status)
            except aiohttp.ClientError:
                pass
        assert found <= statuses
        assert bool(found) is bool(statuses)
        assert bool(asked) is reaches
        assert proxy.made.total() == 5


@pytest.mark.parametrize(("code", "last"), [(0, "ADDED"), (410, "ERROR")])
async def test_watches_are_cut(code: int, last: str) -> None:
    async with proxied([]) as (proxy, session), session.get("/api/v1/pods?watch=true") as answer:
        lines = [await answer.content.readline()]
        assert proxy.watches("/pods") == 1
        assert proxy.cut_watches(code, "/jobs") == 0
        assert proxy.cut_watches(code, "/pods") == 1
        with pytest.raises(aiohttp.ClientError) if not code else nullcontext():
            lines += [line async for line in answer.content]
        event = json.loads(lines[-1])
        assert event["type"] == last
        assert not code or event["object"]["code"] == code


async def test_a_silent_watch_stays_open_and_brings_nothing() -> None:
    async with proxied([]) as (proxy, session), session.get("/api/v1/pods?watch=true") as answer:
        await answer.content.readline()
        assert proxy.silence("/jobs") == 0
        assert proxy.silence("/pods") == 1

        async def read_on() -> None:
            while True:
                async with asyncio.timeout(0.2):
                    await answer.content.readany()

        with pytest.raises(TimeoutError):  # after what was on its way
            await read_on()
        async with session.get("/api/v1/pods?watch=true") as another:
            assert await another.content.readany()


def test_a_seed_decides_which_faults_come() -> None:
    rates = Rates(too_many=0.1, conflict=0.1, error=0.2, lost_answer=0.1)

    def thrown(seed: int, *, writes: bool) -> list[str]:
        dice = random.Random(seed)  # noqa: S311
        return [rates.fault(dice, writes=writes) for _ in range(2000)]

    assert thrown(7, writes=True) == thrown(7, writes=True) != thrown(8, writes=True)
    counts = Counter(thrown(7, writes=True))
    assert counts["error"] == pytest.approx(400, rel=0.25)
    assert counts[""] == pytest.approx(1000, rel=0.15)
    assert "conflict" not in thrown(7, writes=False)
